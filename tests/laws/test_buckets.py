"""Large stores: worked through in buckets of people, everything is as worked through at once."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from tests.laws.test_conservation import KEY
from tests.laws.test_indifference import histories, tables, view_of

import wholeflow as wf
from wholeflow.journeys import buckets
from wholeflow.journeys.operators import DERIVED, KNOWN_AS, OPERATORS

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


@pytest.mark.parametrize("name", [name for name in DERIVED if name != "links"])
def test_a_derived_table_is_the_same_in_buckets_and_at_once(riverford, name, monkeypatch):
    whole = wf.journeys(riverford).table(name)
    monkeypatch.setattr(buckets, "EVENTS", 150)
    seen = wf.journeys(riverford)
    assert seen._is_large()
    assert len(seen._ranges()) >= 8
    assert _to_the_second(seen.table(name)) == _to_the_second(whole)


def test_no_part_of_an_operator_bears_the_name_of_an_operator(riverford):
    """Else ``of_bucket`` would take the part for the table, and cut it to a bucket's people."""
    seen = wf.journeys(riverford)
    for name in set(OPERATORS) - {KNOWN_AS}:
        parts = set(re.findall(r"^(?:WITH )?(\w+) AS \($", seen.body(name), re.MULTILINE))
        assert not parts & set(OPERATORS), name


@settings(max_examples=3)
@given(history=histories())
def test_links_leaves_bounces_and_messages_are_the_same_in_buckets_and_at_once(history):
    whole = tables(view_of(history))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "EVENTS", 4)
        seen = view_of(history)
        assert tables(seen) == whole
        assert seen._is_large() == (len(history["events"]) > 4)


def test_events_and_stays_asked_for_together_are_the_same_in_buckets_and_at_once(
    riverford, monkeypatch
):
    """The list of today asks so; what is let go in passing is made again for it."""
    together = "SELECT count(*) AS n FROM placed_events AS v JOIN stays AS s ON s.person = v.person"
    alone = "SELECT count(*) AS n FROM placed_events AS v"
    whole = wf.journeys(riverford)
    wanted = [whole.query(sql)["n"][0].as_py() for sql in (together, alone)]
    monkeypatch.setattr(buckets, "EVENTS", 150)
    for order in ((together, alone), (alone, together)):
        seen = wf.journeys(riverford)
        found = {sql: seen.query(sql)["n"][0].as_py() for sql in order}
        assert [found[together], found[alone]] == wanted


def _to_the_second(rows):
    """Rows with hours to a second: the last bits of a sum depend on its order."""
    return [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        for row in rows.to_pylist()
    ]


@pytest.mark.parametrize("count", [1, 2, 50])
def test_the_buckets_hold_every_pseudonym_once(riverford, count):
    seen = wf.journeys(riverford)
    seen.has_events()
    ranges = buckets.ranges(seen.engine, count)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 16**15 - 1
    assert all(after[0] == before[1] + 1 for before, after in pairwise(ranges))


def test_people_with_several_numbers_fill_the_buckets_evenly():
    """Somebody is known by the smallest of their numbers, so small ones are many."""
    store = wf.open()
    events = [
        {"person": f"{n}", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}
        for n in range(3000)
    ]
    same = [
        {"person": f"{n}", "same_as": f"{n} by another number {k}", "method": "merge"}
        for n in range(3000)
        for k in range(4)
    ]
    wf.load(store, wf.EventLog.from_rows("book", events=events, same_person=same), key=KEY)
    seen = wf.journeys(store)
    seen.has_events()
    sizes = [
        seen.query(f"SELECT count(*) AS n FROM present_events WHERE person BETWEEN {a} AND {b}")
        for a, b in buckets.ranges(seen.engine, 4)
    ]
    held = [size["n"][0].as_py() for size in sizes]
    assert len(held) == 4
    assert max(held) < 1.2 * min(held)
