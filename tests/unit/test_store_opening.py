"""Opening a store, whatever has become of it: old, newer, held, damaged, killed, elsewhere."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

import wholeflow as wf
from wholeflow.core.errors import StoreError
from wholeflow.governance.pseudonyms import Key
from wholeflow.store import open_store
from wholeflow.store.engine import DuckDBEngine
from wholeflow.store.faults import process_name
from wholeflow.store.schema import VERSION

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


KEY = Key(b"k" * 32)
LAYOUT_1 = Path(__file__).with_name("layout_1.sql").read_text("utf-8")
EVENT = {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}


def log(*people):
    rows = [{**EVENT, "id": person, "person": person} for person in people]
    return wf.EventLog.from_rows("feed", events=rows)


def columns(store):
    """Every table with its columns and their types, in order."""
    found = store.query(
        "SELECT schema_name, table_name, list(column_name || ' ' || data_type ORDER BY "
        "column_index) AS columns FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"
    )
    return {(row["schema_name"], row["table_name"]): row["columns"] for row in found.to_pylist()}


def contents(store):
    """Every row of every table."""
    return {
        (schema, name): store.query(f"SELECT * FROM {schema}.{name} ORDER BY ALL").to_pylist()
        for schema, name in columns(store)
    }


def contents_at(path):
    with open_store(path, must_exist=True) as store:
        return contents(store)


def people(path):
    with open_store(path, must_exist=True) as store:
        return store.query("SELECT DISTINCT id FROM records").num_rows


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a store of one batch."""
    folder = tmp_path_factory.mktemp("made")
    with open_store(folder / "s.duckdb") as store:
        wf.load(store, log("a"), key=KEY)
    return folder


@pytest.fixture
def path(made, tmp_path):
    """A store with one batch."""
    return Path(shutil.copy(made / "s.duckdb", tmp_path))


@pytest.fixture
def old(tmp_path):
    """A store of layout 1: every table has rows, every column has a value in one of them."""
    with closing(duckdb.connect(str(tmp_path / "old.duckdb"))) as connection:
        connection.execute(LAYOUT_1)
    return tmp_path / "old.duckdb"


def some(count, length, seed):
    """Places in a file, the same in every run."""
    return random.Random(seed).sample(range(length), count)  # noqa: S311


def say_layout(path, words):
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("UPDATE about SET value = ? WHERE name = 'layout'", [words])


def start(script, *arguments):
    """Another process, once it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *(["-c", script] if isinstance(script, str) else [script]),
         *map(str, arguments)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


def stop(process):
    process.kill()
    process.wait()
    process.stdout.close()


READER = """
import sys, time
from wholeflow.store import open_store
store = open_store(sys.argv[-1], must_exist="--write" not in sys.argv)
print("ready", flush=True)
time.sleep(60)
"""

# --- older and newer layouts ---


def test_a_migrated_store_has_the_tables_and_columns_of_a_new_one(old, tmp_path):
    with open_store(old) as store, open_store(tmp_path / "new.duckdb") as new:
        assert columns(store) == columns(new)
        assert store.about("layout") == new.about("layout") == str(VERSION)


def every_row(tables):
    """A query for each table: columns as they were, but digests, and rows that these name."""
    for name, columns in tables:
        said = ", ".join(f'"{column}"' for column in columns if column != "content")
        nameless = "SELECT id FROM records WHERE id = content"
        where = f"WHERE id NOT IN ({nameless})" if "id" in columns else ""
        yield name, f"SELECT {said} FROM {name} {where} ORDER BY ALL"


@pytest.mark.parametrize("must_exist", [False, True])
def test_a_migrated_store_says_what_it_said_before(old, must_exist):
    with closing(duckdb.connect(str(old), read_only=True)) as connection:
        tables = connection.execute(
            "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index)"
            " FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"
        ).fetchall()
        before = {name: connection.execute(sql).fetchall() for name, sql in every_row(tables)}
    assert len(before) == 24  # eight books, sixteen declared tables
    assert all(before.values())
    before["main.about"] = [
        (name, str(VERSION) if name == "layout" else value) for name, value in before["main.about"]
    ]
    with open_store(old, must_exist=must_exist) as store:
        for name, sql in every_row(tables):
            after = [tuple(row.values()) for row in store.query(sql).to_pylist()]
            assert after == before[name], name


def test_a_migrated_store_answers_as_the_rows_say(old):
    # by hand: a was in ED 09:00 to 12:00 on 1 July and on the ward until 09:00 on 4 July;
    # b came to ED (the later version) and is there; c's arrival was taken back
    with open_store(old, must_exist=True) as store:
        arrivals = wf.measure(store, "arrivals", ["place"]).rows.to_pylist()
        assert {row["place"]: row["n"] for row in arrivals} == {"ED": 2, "Ward": 1, "Clinic": 2}
        stays = {row["place"]: row for row in wf.measure(store, "stay", ["place"]).rows.to_pylist()}
        assert (stays["ED"]["ended"], stays["ED"]["open"], stays["ED"]["p50_hours"]) == (1, 1, 3)
        assert stays["Ward"]["p50_hours"] == 68.5
        assert store.rejects().to_pylist()[0]["line"] == 99


AGAIN = {
    "events": [
        {"id": 2, "person": "a", "at": "2024-07-01 12:30", "kind": "arrived", "place": "Ward",
         "ref": "s2", "from_place": "ED", "wanted_place": "Unit", "need": "n1"},
        {"id": 2, "person": "a", "at": "2024-07-03 09:00", "kind": "ready", "place": "Ward",
         "ref": "s2", "need": "n1"},
        {"id": 2, "person": "a", "at": "2024-07-04 09:00", "kind": "left", "place": "Ward",
         "ref": "s2", "need": "n1", "attributes": '{"bed": "7"}'},
        {"id": 4, "person": "c", "at": "2024-07-02 11:00", "kind": "arrived", "place": "ED",
         "recorded_at": "2024-07-05 13:00", "withdrawn": True},
        {"person": "f", "at": "2024-07-02 11:00", "kind": "arrived", "place": "Clinic"},
    ],
    "counts": [{"id": "n", "name": "attendances", "place": "ED", "organisation": "Trust",
                "from_at": "2024-07-01 00:00", "to_at": "2024-08-01 00:00", "value": 2.0,
                "by": "type 1"}],
    "same_person": [{"id": "sp", "person": "b", "same_as": "b2", "method": "merge message",
                     "probability": 0.99, "from_at": "2024-07-02 10:00"}],
    "boundary": [{"id": "b", "economy": "Riverford", "what": "organisation", "member": "Trust"}],
}  # fmt: skip
"""Some of what the store of layout 1 was told: with several rows, a version taken back, no id."""


def test_a_migrated_store_knows_which_feed_and_load_a_file_was_of(old):
    with open_store(old) as store:
        found = store.query(
            "SELECT f.name, d.name AS feed, f.batch FROM files AS f "
            "JOIN dictionary AS d ON d.code = f.source"
        )
        assert found.to_pylist() == [{"name": "book.csv", "feed": "ward-book", "batch": 1}]


def test_what_a_migrated_store_holds_is_known_again(old):
    with open_store(old) as store:
        books = wf.load(store, wf.EventLog.from_rows("ward-book", **AGAIN), key=KEY, keep_ids=True)
        assert (books.read, books.already) == (6, 6)
        other = {**AGAIN["events"][-1], "person": "g"}
        more = wf.EventLog.from_rows("ward-book", events=[other])
        assert wf.load(store, more, key=KEY, keep_ids=True).loaded == 1


def test_a_migrated_store_has_the_records_of_one_that_is_loaded_today(old, tmp_path):
    told = "SELECT r.id, r.run, r.recorded_at, r.withdrawn, r.content FROM records AS r"
    with open_store(old) as store, open_store(tmp_path / "new.duckdb") as new:
        wf.load(new, wf.EventLog.from_rows("ward-book", **AGAIN), key=KEY, keep_ids=True)
        today = new.query(told).to_pylist()
        assert len(today) == 6
        assert [row for row in today if row not in store.query(told).to_pylist()] == []
        said = f"SELECT DISTINCT e.id FROM ledger.events AS e SEMI JOIN ({told}) AS r USING (id)"
        assert store.query(said).num_rows == 6  # 1, 2, 3, 4 and two without an id


def test_a_migration_takes_effect_whole_or_not_at_all(old):
    def state():
        with closing(duckdb.connect(str(old))) as connection:
            names = connection.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            ).fetchall()
            events = connection.execute("SELECT * FROM ledger.events ORDER BY ALL").fetchall()
            return sorted(names), events, connection.execute("SELECT * FROM about").fetchall()

    with closing(duckdb.connect(str(old))) as connection:
        connection.execute("CREATE TABLE ledger.traits (in_the_way INTEGER)")
    before = state()
    with pytest.raises(duckdb.Error):
        open_store(old)
    assert state() == before


def test_an_old_store_that_others_read_says_what_is_in_the_way(old):
    script = "import sys, time, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); "
    reader = start(script + "print('ready', flush=True); time.sleep(60)", old)
    try:
        with pytest.raises(StoreError) as caught:
            open_store(old, must_exist=True)
    finally:
        stop(reader)
    assert caught.value.what.startswith(
        f"this store has layout 1 and can't be brought to layout {VERSION}: process {reader.pid} "
    )
    assert caught.value.repair
    assert columns(open_store(old, must_exist=True))  # the reader has gone


@pytest.mark.parametrize("must_exist", [False, True])
def test_a_newer_layout_is_refused(path, must_exist):
    say_layout(path, str(VERSION + 1))
    with pytest.raises(StoreError) as caught:
        open_store(path, must_exist=must_exist)
    assert caught.value.what == (
        f"this store was made by a newer wholeflow (layout {VERSION + 1}); "
        f"this one reads layout {VERSION}"
    )
    assert "newer wholeflow" in caught.value.repair


def test_a_store_that_does_not_say_its_layout_is_refused(path):
    say_layout(path, "two")
    with pytest.raises(StoreError, match="does not say which layout"):
        open_store(path)


# --- held by another ---


def test_the_process_that_holds_a_store_is_named(path, tmp_path):
    script = tmp_path / "wholeflow"
    script.write_text(READER)
    holder = start(script, "serve", "--person", "9434765919", "--write", path)
    try:
        for must_exist in (False, True):
            with pytest.raises(StoreError) as caught:
                open_store(path, must_exist=must_exist)
            where = f"{holder.pid} (wholeflow serve)" if Path("/proc").is_dir() else holder.pid
            assert caught.value.what == f"process {where} holds this store open"
            assert caught.value.where == str(path)
    finally:
        stop(holder)
    assert people(path) == 1  # and when it is gone, the store opens


def test_a_reader_in_the_way_of_a_load_is_named(path):
    holder = start(READER, path)
    try:
        assert people(path) == 1  # another reader is welcome
        with pytest.raises(StoreError, match=rf"process {holder.pid} (\(python.*\) )?holds"):
            open_store(path)
    finally:
        stop(holder)


def test_a_process_that_has_ended_has_no_name():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert process_name(ended.pid) == ""


def test_reading_and_writing_at_once_in_one_process_is_refused(path):
    with open_store(path, must_exist=True), pytest.raises(StoreError, match="in another way"):
        open_store(path)


# --- not a store, or no longer a whole one ---


def opened(path, must_exist):
    """What a store holds, every row read; or the refusal."""
    try:
        with open_store(path, must_exist=must_exist) as store:
            return contents(store)
    except StoreError as error:
        assert error.what
        assert error.where == str(path)
        assert error.repair
        return error.what


def folder_instead(path):
    path.mkdir()


def empty(path):
    path.touch()


def words(path):
    path.write_text("id,person\n1,a\n" * 1000)


def another_database(path):
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("CREATE TABLE about (name VARCHAR)")


@pytest.mark.parametrize("must_exist", [False, True])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (folder_instead, "this is a folder, not a store"),
        (empty, "this file is empty, not a store"),
        (words, "this (file|database) is not a wholeflow store"),
        (another_database, "this database is not a wholeflow store"),
    ],
)
def test_what_is_no_store_is_refused(make, what, must_exist, tmp_path):
    make(tmp_path / "x.duckdb")
    assert re.match(what, opened(tmp_path / "x.duckdb", must_exist))


@pytest.mark.parametrize("name", ["nowhere/x.duckdb", "file/x.duckdb"])
def test_a_store_is_not_made_where_there_is_no_folder(name, tmp_path):
    (tmp_path / "file").touch()
    assert opened(tmp_path / name, False) == "the store can't be opened or made here"
    assert opened(tmp_path / name, True) == "there is no such store"


def test_a_truncated_store_is_refused(path):
    whole = path.read_bytes()
    before = contents_at(path)
    lengths = [1, 4096, 8192, 12288, *some(12, len(whole), 3)]
    told = set()
    for length in [*lengths, len(whole) - 1]:
        path.write_bytes(whole[:length])
        found = opened(path, True)
        assert found == before or "damaged" in found
        told.add(isinstance(found, str))
    assert True in told


@pytest.mark.parametrize("must_exist", [False, True])
def test_flipped_bytes_are_found_and_never_read_as_records(path, must_exist):
    whole = path.read_bytes()
    before = contents_at(path)
    refused = 0
    for place in [*some(24, len(whole), 4), 9, 13, 4100]:
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        found = opened(path, must_exist)
        assert found == before or "damaged" in found
        refused += isinstance(found, str)
    assert refused >= 3  # the three in the headers at least


# --- the log of changes that a killed process leaves ---

DIE = """
import os, sys, wholeflow as wf
from wholeflow.governance.pseudonyms import Key
store = wf.open(sys.argv[1])
row = {"id": "b", "person": "b", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}
wf.load(store, wf.EventLog.from_rows("feed", events=[row]), key=Key(b"k" * 32))
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def killed_once(made, tmp_path_factory):
    """A folder with a store whose second batch is in its log of changes only."""
    path = Path(shutil.copy(made / "s.duckdb", tmp_path_factory.mktemp("killed")))
    done = subprocess.run([sys.executable, "-c", DIE, str(path)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return path.parent


@pytest.fixture
def killed(killed_once, tmp_path):
    """A store whose second batch is in its log of changes only."""
    for file in killed_once.glob("s.duckdb*"):
        if file.is_file():
            shutil.copy(file, tmp_path)
    assert wal(tmp_path / "s.duckdb").exists()
    return tmp_path / "s.duckdb"


def wal(path):
    return path.with_name(path.name + ".wal")


@pytest.mark.parametrize("must_exist", [False, True])
def test_the_log_of_changes_is_replayed(killed, must_exist):
    with open_store(killed, must_exist=must_exist) as store:
        assert store.query("SELECT * FROM records").num_rows == 2
    assert wal(killed).exists() == must_exist  # who may write puts it in the store


def test_a_store_reached_by_another_name_has_its_log(killed, tmp_path):
    link = tmp_path / "elsewhere.duckdb"
    link.symlink_to(killed)
    assert people(link) == 2
    with open_store(link):
        pass
    assert not wal(killed).exists()
    assert people(killed) == 2


def test_a_log_cut_short_anywhere_leaves_the_store_as_it_was(killed):
    changes = wal(killed).read_bytes()
    store = killed.read_bytes()
    lengths = [0, 1, 30, *some(9, len(changes), 5), len(changes) - 1]
    for length in lengths:
        killed.write_bytes(store)
        wal(killed).write_bytes(changes[:length])
        assert people(killed) == 1, length


def test_a_damaged_log_is_told_and_the_store_opens_without_it(killed):
    changes = bytearray(wal(killed).read_bytes())
    changes[len(changes) // 2] ^= 0xFF
    wal(killed).write_bytes(changes)
    for must_exist in (False, True):
        assert opened(killed, must_exist).endswith("(its name with .wal) is damaged")
    wal(killed).unlink()
    assert people(killed) == 1


def test_a_store_copied_without_its_log_is_as_it_was_when_last_closed(killed, tmp_path):
    shutil.copy(killed, tmp_path / "copy.duckdb")
    assert people(tmp_path / "copy.duckdb") == 1
    assert people(killed) == 2


def test_the_log_of_another_store_is_told(killed, tmp_path):
    open_store(tmp_path / "other.duckdb").close()
    shutil.copy(wal(killed), wal(tmp_path / "other.duckdb"))
    assert opened(tmp_path / "other.duckdb", True).endswith("belongs to another store")


def test_no_new_store_is_made_beside_the_log_of_one_that_is_gone(killed):
    killed.rename(killed.with_name("moved.duckdb"))
    with pytest.raises(StoreError, match="log of changes of a store that is gone"):
        open_store(killed)
    assert wal(killed).exists()
    wal(killed).rename(wal(killed.with_name("moved.duckdb")))
    assert people(killed.with_name("moved.duckdb")) == 2


def test_only_the_owner_can_read_a_store_and_its_log(killed_once):
    assert (killed_once / "s.duckdb").stat().st_mode & 0o777 == 0o600
    assert (killed_once / "s.duckdb.wal").stat().st_mode & 0o777 == 0o600


# --- what does not fit in memory ---

SPILL = "CREATE TEMP TABLE wide AS SELECT i, md5(i::VARCHAR) AS word FROM range(1500000) AS t(i)"


def spill_folders(folder, name):
    return [found for found in folder.iterdir() if found.name.startswith(f"{name}.tmp-")]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.mark.parametrize("is_file", [True, False])
def test_what_does_not_fit_goes_to_a_private_folder_that_goes_away(is_file, path, temporary):
    home, name = (path.parent, path.name) if is_file else (temporary, "wholeflow")
    engine = DuckDBEngine(str(path) if is_file else ":memory:")
    engine.execute("SET memory_limit = '30MB'")
    engine.session().execute(SPILL)
    (folder,) = spill_folders(home, name)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sum(file.stat().st_size for file in folder.iterdir()) > 1_000_000
    engine.close()
    assert spill_folders(home, name) == []
    assert sorted(file.name for file in path.parent.iterdir()) == ["s.duckdb", "temporary"]


@pytest.mark.parametrize("is_file", [True, False])
def test_no_room_for_what_does_not_fit_is_told(is_file, path, temporary):
    with closing(DuckDBEngine(str(path) if is_file else ":memory:")) as engine:
        engine.execute("SET memory_limit = '30MB'")
        engine.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(StoreError, match="the disk is full") as caught:
            engine.execute(SPILL)
        assert caught.value.where == str(path if is_file else temporary)
        assert engine.query("SELECT 1 AS one")["one"].to_pylist() == [1]
    assert people(path) == 1


DIE_SPILLING = f"""
import os, sys
from wholeflow.store import open_store
store = open_store(sys.argv[1])
store.engine.execute("SET memory_limit = '30MB'")
store.engine.execute({SPILL!r})
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("must_exist", [False, True])
def test_what_a_killed_process_left_is_cleared(path, must_exist):
    done = subprocess.run([sys.executable, "-c", DIE_SPILLING, str(path)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (left,) = spill_folders(path.parent, path.name)
    assert any(left.iterdir())
    with open_store(path, must_exist=must_exist):
        assert not left.exists()
    assert spill_folders(path.parent, path.name) == []


def test_the_folder_of_a_living_reader_is_left_alone(path):
    reader = start(READER, path)
    try:
        (theirs,) = spill_folders(path.parent, path.name)
        assert people(path) == 1
        assert theirs.exists()
    finally:
        stop(reader)
    assert people(path) == 1
    assert not theirs.exists()


def test_a_store_opened_twice_in_a_process_shares_its_folder(path):
    one, other = open_store(path), open_store(path)
    (folder,) = spill_folders(path.parent, path.name)
    one.close()
    assert folder.exists()
    other.engine.execute("SET memory_limit = '30MB'")
    other.engine.execute(SPILL)
    other.close()
    assert not folder.exists()


@pytest.mark.parametrize("how", ["", "store.engine.execute('SELECT 1 / 0 FROM nowhere')"])
def test_a_store_that_nobody_closed_leaves_nothing(path, how):
    script = f"import sys, wholeflow as wf\nstore = wf.open(sys.argv[1])\nmore = wf.open()\n{how}"
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        env={**os.environ, "TMPDIR": str(path.parent)}, capture_output=True,
    )  # fmt: skip
    assert (done.returncode == 0) == (not how)
    assert [file.name for file in path.parent.iterdir()] == ["s.duckdb"]


@pytest.fixture
def read_only(tmp_path):
    """Makes a folder one that can only be read."""
    mounted = []

    def make(folder):
        if os.geteuid():
            folder.chmod(0o500)
            return
        for command in (["--bind", folder, folder], ["-o", "remount,bind,ro", folder]):
            if subprocess.run(["mount", *command], capture_output=True).returncode:  # noqa: S607
                pytest.skip("a folder can't be made read-only here")
        mounted.append(folder)

    yield make
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)  # noqa: S607
    tmp_path.chmod(0o700)


def test_a_store_in_a_folder_that_can_only_be_read_is_read(killed, temporary, read_only):
    folder = temporary.parent / "archive"
    folder.mkdir()
    for file in (killed, wal(killed)):
        shutil.copy(file, folder)
    read_only(folder)
    with open_store(folder / killed.name, must_exist=True) as store:
        assert store.query("SELECT * FROM records").num_rows == 2
        assert len(spill_folders(temporary, "wholeflow")) == 1
    assert spill_folders(temporary, "wholeflow") == []
    assert opened(folder / killed.name, False) == "this store may not be read, or not be written"
    assert opened(folder / "new.duckdb", False) == "the store can't be opened or made here"
