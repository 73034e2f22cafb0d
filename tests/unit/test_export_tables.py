"""Every present and derived table as CSV and Parquet, one file each."""

import csv
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

import wholeflow as wf
from wholeflow.events import table_names
from wholeflow.exchange import export_log
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys.operators import DERIVED

EVENTS = [
    {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward, 1"},
    {"person": "a", "at": "2024-07-03 11:30", "kind": "left", "place": "Ward, 1", "reason": ""},
]


def seen(**said):
    store = wf.open()
    log = wf.EventLog.from_rows("ward-book", events=EVENTS, **said)
    wf.load(store, log, key=Key(b"k" * 32), keep_ids=True)
    return wf.journeys(store)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_each_table_is_one_file(form, tmp_path):
    written = export_log(seen(), tmp_path / "out", form)
    assert [path.name for path in written] == [
        f"{name}.{form}" for name in (*table_names(), *DERIVED)
    ]
    assert sorted(written) == sorted((tmp_path / "out").iterdir())


def test_csv_shows_names_and_local_times(tmp_path):
    export_log(seen(), tmp_path, "csv")
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["at"])
    assert [(r["person"], r["at"], r["place"]) for r in rows] == [
        ("a", "2024-07-01T09:00:00+01:00", "Ward, 1"),
        ("a", "2024-07-03T11:30:00+01:00", "Ward, 1"),
    ]
    text = (tmp_path / "events.csv").read_text("utf-8")
    assert text.count('""') == 1  # the empty reason; what is absent is not quoted


def test_parquet_keeps_types(tmp_path):
    export_log(seen(), tmp_path, "parquet")
    (stay,) = pq.read_table(tmp_path / "stays.parquet").to_pylist()
    assert stay["arrived_at"] == datetime(2024, 7, 1, 8, tzinfo=UTC)
    assert (stay["place"], stay["stay_hours"]) == ("Ward, 1", 50.5)


def test_where_clocks_are_shifted_there_is_no_census(tmp_path):
    names = {path.stem for path in export_log(seen(clock="shifted_per_person"), tmp_path, "csv")}
    assert "census" not in names
    assert "stays" in names
