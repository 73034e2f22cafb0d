"""What a load refuses, doubts and keeps, so that a store never depends on what came first."""

import dataclasses
import hashlib
import json
import logging
import struct
import threading
import weakref

import numpy as np
import pyarrow as pa
import pytest

import wholeflow as wf
from wholeflow.core.errors import InputError, RequestError, StoreError
from wholeflow.governance.pseudonyms import Key, read_key
from wholeflow.store import (
    Chunk,
    FileFacts,
    Reject,
    contents,
    judging,
    load,
    loading,
    open_store,
)
from wholeflow.store.books import CONFLICT, REPLACED_FILES
from wholeflow.store.shown import Shown

KEY = Key(b"k" * 32)
EVENT = {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}
MAPPING = """
source = "s"
times = ["%Y-%m-%d %H:%M"]
place = [{ place = "Ward", setting = "ward" }]
[[file]]
feed = "wards"
match = ["wards*.csv"]
key = ["id"]
[[file.says]]
kind = "arrived"
person = { column = "who" }
at = { column = "came" }
place = "Ward"
"""


def put(store, log, name="x"):
    lines = set(log.tables["events"]["line"].to_pylist())
    return load(store, [Chunk(log, FileFacts(name, name), len(lines))], key=KEY)


def written(tmp_path, mapping=MAPPING, rows="1,a,2024-07-01 09:00\n"):
    (tmp_path / "m.toml").write_text(mapping)
    (tmp_path / "wards.csv").write_text("id,who,came\n" + rows)
    return wf.read(tmp_path / "wards.csv", mapping=tmp_path / "m.toml")


@pytest.mark.parametrize("other", [{"clock": "shifted_per_person"}, {"zone": "Europe/Paris"}])
def test_a_feed_keeps_its_clock_and_zone(other):
    store = open_store()
    put(store, wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 1}]))
    with pytest.raises(StoreError, match="another clock or time zone"):
        put(store, wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 2}], **other), "y")
    assert store.query("SELECT * FROM records").num_rows == 1


def test_a_log_shows_its_own_local_time():
    paris = wf.EventLog.from_rows(
        "feed", zone="Europe/Paris", events=[{**EVENT, "at": "2024-07-02 00:30"}]
    )
    store = wf.open()
    wf.load(store, paris, key=KEY)
    days = wf.measure(store, "arrivals", ["day"]).rows["day"].to_pylist()
    assert days == ["2024-07-02"]


def test_a_place_declared_otherwise_is_refused_and_nothing_is_loaded(tmp_path):
    store = wf.open()
    wf.load(store, written(tmp_path), key=KEY)
    other = MAPPING.replace('setting = "ward"', 'setting = "ed"')
    with pytest.raises(StoreError, match="declares a place"):
        wf.load(store, written(tmp_path, other, "2,b,2024-07-01 09:00\n"), key=KEY)
    assert store.query("SELECT * FROM ledger.events").num_rows == 1


def test_the_books_do_not_depend_on_the_order_within_a_load():
    one, other = (
        wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 1, "place": place}])
        for place in ("Ward", "ED")
    )
    for order in ((one, other), (other, one)):
        store = open_store()
        chunks = [Chunk(log, FileFacts(str(n), str(n)), 1) for n, log in enumerate(order)]
        books = load(store, chunks, key=KEY)
        assert (books.read, books.loaded, books.rejected) == (2, 1, 1)
        assert store.query("SELECT * FROM rejects").num_rows == 1


def test_an_identifier_is_not_kept_as_an_attribute_or_a_name(tmp_path):
    for line in ('attributes = ["who"]', 'reason = { column = "who" }'):
        mapping = MAPPING.rstrip() + f"\n{line}\n"
        with pytest.raises(InputError, match="identifiers"):
            written(tmp_path, mapping)


def test_a_constant_is_no_person_and_no_time(tmp_path):
    for good, bad in (('{ column = "who" }', '"who"'), ('{ column = "came" }', '"came"')):
        with pytest.raises(InputError, match="same for every row"):
            written(tmp_path, MAPPING.replace(good, bad))


def test_the_key_is_nowhere_in_the_store(tmp_path):
    store = wf.open(tmp_path / "s.duckdb")
    wf.load(store, written(tmp_path), key=KEY)
    macros = store.query("SELECT macro_definition FROM duckdb_functions() WHERE NOT internal")
    assert not [m for m in macros["macro_definition"].to_pylist() if m and "sha256" in m]
    store.close()
    data = (tmp_path / "s.duckdb").read_bytes()
    assert KEY.secret not in data
    assert KEY.secret.hex().encode() not in data


def test_a_lost_key_file_is_not_replaced_for_a_store_that_has_one(tmp_path, monkeypatch):
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "lost"))
    store = wf.open()
    wf.load(store, written(tmp_path), key=KEY)
    with pytest.raises(StoreError, match="is not there"):
        wf.load(store, written(tmp_path))
    assert not (tmp_path / "lost").exists()


def test_a_new_key_is_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        key = read_key(tmp_path / "key")
    assert "keep a copy" in caplog.text
    assert key.secret.hex() not in caplog.text
    assert read_key(tmp_path / "key") == key


def test_words_for_an_empty_cell_and_rows_taken_back(tmp_path):
    mapping = MAPPING.replace("times =", 'blank = ["NULL"]\ntimes =').replace(
        'key = ["id"]', 'key = ["id"]\nwithdrawn = { who = "gone" }'
    )
    reading = written(
        tmp_path, mapping, "1,a,2024-07-01 09:00\n2,b,NULL\n3,gone,2024-07-01 09:00\n"
    )
    store = wf.open()
    books = wf.load(store, reading, key=KEY)
    assert (books.read, books.loaded, books.rejected) == (3, 3, 0)
    assert books.written["unsaid"] == 1  # row 2 says nothing
    assert wf.measure(store, "arrivals").rows["n"].to_pylist() == [1]
    assert json.dumps(books.as_dict())


# --- what stands beside the records: doubts, periods, organisations, files ---


def log_of(*rows, **about):
    return dataclasses.replace(wf.EventLog.from_rows("feed", events=rows), about=about)


def told(store, sql):
    return [tuple(row.values()) for row in store.query(sql).to_pylist()]


def test_doubts_are_written_once_however_often_a_file_is_loaded():
    doubts = pa.table(
        {"line": [2, 3, 3], "field": ["who", "", "who"], "doubt": ["wrong check digit", "x", "x"]}
    )
    store = open_store()
    log = log_of({**EVENT, "id": 1})
    for _ in range(2):
        load(store, [Chunk(log, FileFacts("a.csv", "h"), 1, (), "feed", doubts)], key=KEY)
    assert told(store, "SELECT line, field, doubt FROM doubts ORDER BY ALL") == [
        (2, "who", "wrong check digit"),
        (3, "", "x"),
        (3, "who", "x"),
    ]


def repeated(store):
    return told(store, "SELECT file, line FROM doubts WHERE doubt = 'repeated row' ORDER BY ALL")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_row_is_repeated_only_within_its_file(order):
    # the first file says it once, the second twice: in whatever order, one line is doubtful
    once = log_of({**EVENT, "id": 1})
    rows = once.tables["events"]
    lines = pa.array([5, 9], pa.int64())
    twice = wf.EventLog({"events": pa.concat_tables([rows, rows]).set_column(
        rows.column_names.index("line"), "line", lines)})  # fmt: skip
    chunks = [Chunk(once, FileFacts("a", "a"), 1), Chunk(twice, FileFacts("b", "b"), 2)]
    store = open_store()
    for number in order:
        load(store, [chunks[number]], key=KEY)
    file = told(store, "SELECT file FROM files WHERE name = 'b'")[0][0]
    assert repeated(store) == [(file, 9)]
    assert told(store, "SELECT count(*) FROM ledger.events") == [(1,)]


def test_a_period_stands_beside_the_record_and_all_that_it_says():
    store = open_store()
    put(store, log_of({**EVENT, "id": 1, "period": 7}, {**EVENT, "id": 2}))
    for name in ("records", "ledger.events"):
        assert told(store, f"SELECT period FROM {name} ORDER BY period") == [(7,), (None,)]


def test_a_record_of_another_period_says_something_else():
    kept = []
    for order in ((7, 8), (8, 7)):
        store = open_store()
        for period in order:
            put(store, log_of({**EVENT, "id": 1, "period": period}))
        assert told(store, "SELECT reason FROM rejects") == [(CONFLICT,)]
        kept += told(store, "SELECT period FROM records")
    assert kept[0] == kept[1]


def test_a_source_says_who_keeps_it():
    store = open_store()
    put(store, log_of({**EVENT, "id": 1}, organisation="Ambulance trust", title="Calls"))
    put(store, wf.EventLog.from_rows("other", events=[{**EVENT, "id": 1}]), "y")
    assert told(store, "SELECT organisation, title FROM sources ORDER BY ALL") == [
        ("", ""),
        ("Ambulance trust", "Calls"),
    ]


def test_rejects_given_as_a_table_are_counted_as_those_in_a_list():
    faults = [Reject(3, "a", "a: blank", "Fill."), Reject(3, "b", "b: blank", "Fill."),
              Reject(9, "b", "b: blank", "Fill.")]  # fmt: skip
    books = []
    for given in (faults, pa.Table.from_pylist([vars(one) for one in faults])):
        store = open_store()
        chunk = Chunk(log_of({**EVENT, "id": 1}), FileFacts("a.csv", "h"), 3, given, "feed")
        books.append(load(store, [chunk], key=KEY))
        assert told(store, "SELECT count(*) FROM rejects") == [(3,)]
    assert books[0] == books[1]
    assert books[0].reasons == {"a: blank": 1, "b: blank": 1}
    assert books[0].repairs["b: blank"] == "first at a.csv line 3. Fill."


def test_a_mended_file_takes_the_place_of_the_one_of_its_name_and_feed():
    store = open_store()
    for name, sha256, feed in [
        ("wards.csv", "v1", "wards"),
        ("wards.csv", "v1 of clinics", "clinics"),
        ("wards.csv", "v2", "wards"),
        ("other.csv", "v3", "wards"),
    ]:
        chunk = Chunk(log_of({**EVENT, "id": 1}), FileFacts(name, sha256), 1, (), feed)
        load(store, [chunk], key=KEY)
    replaced = f"SELECT sha256 FROM files WHERE file IN ({REPLACED_FILES})"
    assert told(store, replaced) == [("v1",)]
    again = Chunk(log_of({**EVENT, "id": 1}), FileFacts("wards.csv", "v1"), 1, (), "wards")
    load(store, [again], key=KEY)
    assert told(store, replaced) == [("v2",)]


def test_chunks_are_read_and_closed_by_one_thread():
    threads = []

    def chunks():
        try:
            for number in range(3):
                threads.append(threading.get_ident())
                yield Chunk(log_of({**EVENT, "id": number}), FileFacts("a", "a"), 1)
        finally:
            threads.append(threading.get_ident())

    store = open_store()
    load(store, chunks(), key=KEY)
    with pytest.raises(RequestError):
        load(store, chunks(), key=Key(b"other" * 8))
    damaged = wf.EventLog.from_rows("feed", zone="Europe/Paris", events=[{**EVENT, "id": 9}])
    with pytest.raises(StoreError, match="another clock or time zone"):
        load(store, [Chunk(damaged, FileFacts("b", "b"), 1)], key=KEY)
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_many_small_chunks_are_judged_together(monkeypatch):
    judged = []
    judge = judging.judge
    monkeypatch.setattr(loading, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(judging, "judge", lambda *given: judged.append(1) or judge(*given))
    chunks = [
        Chunk(log_of({**EVENT, "id": number}), FileFacts(str(number), str(number)), 1)
        for number in range(10)
    ]
    assert load(open_store(), chunks, key=KEY).loaded == 10
    assert len(judged) == 3


def test_rows_that_were_shown_are_let_go_of_within_the_transaction():
    store = open_store()
    shown = Shown(store.engine)
    with store.engine.transaction():
        for number in range(3):
            rows = pa.table({"n": [number], **({"more": ["x"]} if number else {})})
            seen = weakref.ref(rows)
            shown.show("given", rows)
            assert told(store, "SELECT n FROM given") == [(number,)]
            del rows
            shown.hide("given")
            assert seen() is None
        shown.close()


# --- the digest of what a record says ---


def test_splitmix64_gives_the_published_numbers():
    # prng.di.unimi.it/splitmix64.c started at 1234567, as listed by Rosetta Code
    states = np.uint64(1234567) + np.arange(5, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert contents.mixed(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def by_hand(store):
    """The digest of the one record in a store, from what the store holds, in whole numbers."""
    row = store.query("SELECT * FROM ledger.events").to_pylist()[0]
    names = dict(told(store, "SELECT code, name FROM dictionary"))
    plain = lambda text: int(hashlib.md5(text.encode()).hexdigest()[:15], 16)  # noqa: E731, S324
    seed = lambda text: int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)  # noqa: E731

    def mixed(x):
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
        return x ^ (x >> 31)

    values = {
        "withdrawn": 0, "person": row["person"], "at": row["at"], "kind": plain("arrived"),
        "place": plain(names[row["place"]]), "precision": plain("instant"),
        "units": int.from_bytes(struct.pack(">d", row["units"])),
    }  # fmt: skip
    sum_of = seed("events") + sum(mixed(v ^ seed(f"events.{n}")) for n, v in values.items())
    return mixed(sum_of % 2**64) >> 4


def test_the_digest_of_a_record_is_worked_out_as_it_is_described():
    store = open_store()
    put(store, log_of({**EVENT, "id": 1, "units": 4.5}))
    assert told(store, "SELECT content FROM records") == [(by_hand(store),)]


def test_the_digest_depends_on_no_code_and_no_other_column():
    one = log_of({**EVENT, "id": 1})
    first, second = open_store(), open_store()
    put(first, one)
    put(second, log_of({**EVENT, "id": 2, "place": "A", "team": "B", "sequence": 1}))
    put(second, one, "y")
    sql = (
        "SELECT content FROM records WHERE id IN (SELECT id FROM ledger.events WHERE team IS NULL)"
    )
    assert told(first, sql) == told(second, sql)
