# ruff: noqa: S311 (made-up histories need no secret dice)
"""One person's story is the same from a store worked out and from this person's events alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from tests.laws.test_handoffs_fast import KEY, histories, recorded, views_of

import wholeflow as wf
from wholeflow.core.time import DAY, HOUR
from wholeflow.journeys import Journeys, last_events
from wholeflow.journeys.one_person import READS, journeys_of

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


def told(view: Journeys, person: str) -> list[dict[str, Any]]:
    """All that is told of a person, stays numbered from the person's first."""
    found = []
    for journey in journeys_of(view, person):
        one = journey.as_dict()
        turns = {stay["number"]: turn for turn, stay in enumerate(one["stays"])}
        for stay in one["stays"]:
            stay["number"] = turns[stay["number"]]
        for handoff in one["handoffs"]:
            handoff["from_stay"] = turns.get(handoff["from_stay"])
            handoff["to_stay"] = turns.get(handoff["to_stay"])
        found.append(one)
    return found


def compare(store: wf.open, people: int = 10**9, seed: int = 0, **options: Any) -> int:
    """Tell people both ways; how many there were."""
    whole = wf.journeys(store, **options)
    names = sorted(set(whole.table("journeys")["person"].to_pylist()))
    chosen = random.Random(seed).sample(names, min(people, len(names)))
    for name in READS:
        whole.table(name)
    for person in chosen:
        alone = wf.journeys(store, **options)
        assert not alone.has_made(READS)
        assert told(alone, person) == told(whole, person)
        assert not alone.has_made(["present_events"])
    return len(chosen)


@pytest.mark.parametrize("options", [{}, {"as_of": "2024-10-01"}], ids=["now", "as of a day"])
def test_everybody_of_a_made_up_place_is_told_the_same_both_ways(riverford, options):
    assert compare(riverford, people=15, **options) == 15


def test_people_of_made_up_histories_are_told_the_same_both_ways():
    dice = random.Random(11)
    rows = []
    for number in range(30):
        days = dice.choice([1, 8, 120])
        rows += [recorded(dice, f"p{number}", days) for _ in range(dice.randint(2, 30))]
    for view in views_of(rows):
        assert compare(view.store, people=8, seed=11) > 5


@settings(max_examples=4)
@given(rows=histories())
def test_people_of_any_history_are_told_the_same_both_ways(rows):
    for view in views_of(rows):
        compare(view.store, people=3)


def test_the_end_of_observation_is_found_where_the_last_events_of_many_cannot_have_happened(
    monkeypatch,
):
    """The last events belong to people who left before they came: they say nothing (§9).

    So the end of observation is Ann's contact, though a thousand events are later.
    """
    begin = 1_719_820_800_000_000
    rows = [
        {"person": "Ann", "at": begin, "kind": "arrived", "place": "Ward"},
        {"person": "Ben", "at": begin + 30 * DAY, "kind": "contact", "place": "Ward"},
    ]
    for number in range(60):
        person, late = f"p{number}", begin + 31 * DAY + number * HOUR
        rows += [
            {"person": person, "at": late + HOUR, "kind": "arrived", "place": "ED", "ref": person},
            {"person": person, "at": late, "kind": "left", "place": "ED", "ref": person},
        ]
    monkeypatch.setattr(last_events, "LAST", 2)
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("book", events=rows), key=KEY, keep_ids=True)
    (journey,) = journeys_of(wf.journeys(store), "Ann")
    assert journey.elapsed_hours == 30 * 24
    assert compare(store, people=5) == 5
