"""The log of looks: a line for each, written before anything is shown, private, by many at once."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from wholeflow import api
from wholeflow.core.errors import StoreError
from wholeflow.events import EventLog
from wholeflow.governance.looks import look, looks_file, note, read_looks
from wholeflow.governance.pseudonyms import Key

WHEN = datetime(2024, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
AS_ROOT = os.geteuid() == 0 if hasattr(os, "geteuid") else False


def lines(store: Path) -> list[list[str]]:
    with looks_file(store).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_look_is_one_line_below_the_names_of_the_columns(tmp_path):
    store = tmp_path / "s.duckdb"
    note(store, look(WHEN, "ann", "journeys", "0000000000000ff", 'a complaint, "late"\nletter'))
    note(store, look(WHEN, "ben", "today", "list of 3"))
    assert looks_file(store) == tmp_path / "s.duckdb.looks.csv"
    assert looks_file(store).read_text("utf-8") == (
        "at,who,command,whom,why\n"
        '2024-07-01T08:30:00+00:00,ann,journeys,0000000000000ff,"a complaint, ""late"" letter"\n'
        "2024-07-01T08:30:00+00:00,ben,today,list of 3,\n"
    )


def test_what_was_logged_reads_back_in_order(tmp_path):
    store = tmp_path / "s.duckdb"
    assert read_looks(store).num_rows == 0
    assert read_looks(store).column_names == ["at", "who", "command", "whom", "why"]
    for number in range(3):
        note(store, look(WHEN, "ann", "today", f"list of {number}", "ward round"))
    assert read_looks(store)["whom"].to_pylist() == ["list of 0", "list of 1", "list of 2"]
    assert api.looks(store).equals(read_looks(store))


def test_the_file_is_private_whatever_the_mask_of_the_process(tmp_path):
    before = os.umask(0)
    try:
        note(tmp_path / "s.duckdb", look(WHEN, "ann", "today", "list of 1"))
    finally:
        os.umask(before)
    assert looks_file(tmp_path / "s.duckdb").stat().st_mode & 0o777 == 0o600


def test_many_processes_lose_no_line_and_tear_none(tmp_path):
    store = tmp_path / "s.duckdb"
    script = """
import sys
from datetime import UTC, datetime
from wholeflow.governance.looks import look, note
for n in range(100):
    note(sys.argv[1], look(datetime.now(UTC), sys.argv[2], "today", f"list of {n}", "x" * 5000))
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(store), f"writer {n}"])
        for n in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    head, *rest = lines(store)
    assert head == ["at", "who", "command", "whom", "why"]
    assert {len(row) for row in rest} == {5}
    for n in range(4):
        assert [row[3] for row in rest if row[1] == f"writer {n}"] == [
            f"list of {i}" for i in range(100)
        ]
    assert {row[4] for row in rest} == {"x" * 5000}


def test_a_line_that_was_cut_short_is_not_lengthened_by_the_next(tmp_path):
    store = tmp_path / "s.duckdb"
    note(store, look(WHEN, "ann", "today", "list of 1"))
    with looks_file(store).open("a", encoding="utf-8") as file:
        file.write("2024-07-01T08:3")
    note(store, look(WHEN, "ben", "today", "list of 2"))
    assert lines(store)[-1][1] == "ben"
    with pytest.raises(StoreError, match="a line of the log of looks is damaged") as refused:
        read_looks(store)
    assert refused.value.where.endswith("line 3")


@pytest.mark.parametrize("what", ["a folder", "a pipe to nowhere", "no folder"])
def test_a_look_that_can_not_be_logged_is_refused(tmp_path, what):
    store = tmp_path / "s.duckdb"
    if what == "a folder":
        looks_file(store).mkdir()
    elif what == "a pipe to nowhere":
        looks_file(store).symlink_to(os.devnull)
    else:
        store = tmp_path / "gone" / "s.duckdb"
    with pytest.raises(StoreError, match="can't be logged, so it is refused") as refused:
        note(store, look(WHEN, "ann", "today", "list of 1"))
    assert refused.value.where == str(looks_file(store))
    assert refused.value.repair


@pytest.mark.skipif(AS_ROOT, reason="root may write where nobody else may")
def test_a_file_that_may_not_be_written_refuses_the_look(tmp_path):
    store = tmp_path / "s.duckdb"
    note(store, look(WHEN, "ann", "today", "list of 1"))
    looks_file(store).chmod(0o400)
    with pytest.raises(StoreError, match="refused"):
        note(store, look(WHEN, "ann", "today", "list of 2"))


def test_a_full_disk_refuses_the_look_and_leaves_the_log_whole(tmp_path, monkeypatch):
    """A write that is cut short, as on a full disk, is taken back."""
    store = tmp_path / "s.duckdb"
    note(store, look(WHEN, "ann", "today", "list of 1"))
    before = looks_file(store).read_bytes()
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:10]))
    with pytest.raises(StoreError, match="No space left"):
        note(store, look(WHEN, "ann", "today", "list of 2"))
    assert looks_file(store).read_bytes() == before


def test_the_log_stands_beside_the_store_itself_not_beside_a_link_to_it(tmp_path):
    (tmp_path / "real").mkdir()
    store = tmp_path / "real" / "s.duckdb"
    store.touch()
    (tmp_path / "link.duckdb").symlink_to(store)
    note(tmp_path / "link.duckdb", look(WHEN, "ann", "today", "list of 1"))
    assert read_looks(store).num_rows == 1


def opened(path: str | Path, keep_ids: bool) -> api.Store:
    store = api.open(path)
    log = EventLog.from_rows(
        "book",
        events=[{"person": "943 476 5919", "at": "2024-07-01", "kind": "arrived", "place": "Ward"}],
    )
    api.load(store, log, key=Key(b"k" * 32), keep_ids=keep_ids)
    return store


def test_a_store_in_memory_keeps_no_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api.log_look(opened(":memory:", False), "today", "list of 1", who="ann")
    assert list(tmp_path.iterdir()) == []


def test_an_identifier_that_a_store_keeps_is_logged_as_its_pseudonym(tmp_path):
    with opened(tmp_path / "s.duckdb", True) as store:
        shown = api.journeys(store).table("journeys")["person"][0].as_py()
        assert "943" in shown
        api.log_look(store, "journeys", shown, who="ann")
        pseudonym = store.query("SELECT pseudonym FROM kept_ids")["pseudonym"][0].as_py()
    assert api.looks(tmp_path / "s.duckdb")["whom"].to_pylist() == [f"{pseudonym:015x}"]
    assert "943" not in looks_file(tmp_path / "s.duckdb").read_text("utf-8")


def test_the_time_is_universal_time():
    seen = look(datetime(2024, 7, 1, 12, tzinfo=UTC), "ann", "today", "list of 1")
    assert seen.at == "2024-07-01T12:00:00+00:00"
