"""Large stores: worked through in buckets of people, everything is as worked through at once."""

from itertools import pairwise

import pytest

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import buckets
from wholeflow.journeys.operators import DERIVED
from wholeflow.sources.demo import write_records

KEY = Key(b"k" * 32)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("riverford")
    write_records(folder, people=150, seed=3, truth=False)
    store = wf.open()
    wf.load(store, wf.read(folder, source="demo"), key=KEY)
    return store


@pytest.mark.parametrize("name", [name for name in DERIVED if name != "links"])
def test_a_derived_table_is_the_same_in_buckets_and_at_once(store, name, monkeypatch):
    whole = wf.journeys(store).table(name)
    monkeypatch.setattr(buckets, "EVENTS", 150)
    seen = wf.journeys(store)
    events = seen.query("SELECT count(*) AS n FROM present_events")["n"][0].as_py()
    assert len(buckets.ranges(events)) >= 8
    assert _to_the_second(seen.table(name)) == _to_the_second(whole)


def _to_the_second(rows):
    """Rows with hours to a second: the last bits of a sum depend on its order."""
    return [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        for row in rows.to_pylist()
    ]


def test_the_buckets_hold_every_pseudonym_once():
    ranges = buckets.ranges(50 * buckets.EVENTS)
    assert len(ranges) == 64
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 16**15 - 1
    assert all(after[0] == before[1] + 1 for before, after in pairwise(ranges))
