# ruff: noqa: S311 (made-up histories need no secret dice)
"""§36: stretches fill each journey, and each is what the rules say, asked instant by instant.

What must come out is said here in Python, for one instant at a time, from stays and handoffs.
"""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from tests.laws.test_handoffs_fast import histories, recorded, views_of

from wholeflow.core.time import HOUR
from wholeflow.journeys import Journeys
from wholeflow.journeys.view import DIRECT_HOURS

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

Row = dict[str, Any]


def phase_of(stay: Row, at: int, begin: int, end: int) -> str | None:
    """What a stay between two instants says of one: waiting, care, delay, unsplit or nothing."""
    if not begin <= at < end:
        return None
    started, ready = stay["started_at"], stay["ready_at"]
    if ready is not None and at >= ready:
        return "delay"
    if started is not None and at < started:
        return "waiting"
    return "care" if started is not None and ready is not None else "unsplit"


def here(stay: Row, at: int) -> str | None:
    """What a body stay says of an instant."""
    if stay["holds"] != "body" or stay["present_from"] is None:
        return None
    end = stay["present_to"] if stay["present_to"] is not None else stay["seen_to"]
    return phase_of(stay, at, stay["present_from"], end)


def on_list(stay: Row, at: int) -> str | None:
    """What a stay on a list says of an instant, waiting apart."""
    if stay["holds"] == "body" or stay["frames"]:
        return None
    begin = stay["started_at"] if stay["started_at"] is not None else stay["begin_at"]
    return phase_of(stay, at, begin, over(stay))


def over(stay: Row) -> int:
    return int(stay["end_at"] if stay["end_at"] is not None else stay["seen_to"])


def asked_or_begun(stay: Row) -> int:
    known = (stay[name] for name in ("referred_at", "accepted_at", "begin_at"))
    return min(at for at in known if at is not None)


def waited_for(stay: Row, at: int) -> bool:
    """True while a stay has been asked for and has not begun, or on a list has not started."""
    asked = [stay[name] for name in ("referred_at", "accepted_at") if stay[name] is not None]
    if stay["holds"] == "body":
        return bool(asked) and asked[0] <= at < stay["begin_at"]
    if stay["frames"] or not asked or (stay["started_at"] is None and stay["ready_at"] is not None):
        return False
    return bool(stay["begin_at"] <= at < (stay["started_at"] or stay["arrived_at"] or over(stay)))


def part_at(stays: list[Row], handoffs: list[Row], at: int) -> str:
    """What a person's time was at an instant of a journey, by the order that §36 gives."""
    known = {stay["stay"]: stay for stay in stays}
    for name in ("waiting", "care", "delay", "unsplit"):
        if any(here(stay, at) == name for stay in stays):
            return name
    for handoff in handoffs:
        one, other = known.get(handoff["from_stay"]), known.get(handoff["to_stay"])
        if one and other and one["holds"] == other["holds"] == "body":
            left, came = over(one), other["begin_at"]
            if left <= at < came and came - left <= DIRECT_HOURS * HOUR:
                return "travelling"
    if any(waited_for(stay, at) for stay in stays):
        return "waiting"
    for name in ("delay", "care", "unsplit"):
        if any(on_list(stay, at) == name for stay in stays):
            return name
    if any(stay["frames"] and stay["begin_at"] <= at < over(stay) for stay in stays):
        return "unsplit"
    return "unknown"


def by_journey(rows: list[Row]) -> dict[int, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["journey"]].append(row)
    return found


def compare(view: Journeys) -> int:
    """Every stretch of every journey against the rules; how many there are."""
    stays = by_journey(
        view.query(
            "SELECT * FROM stays AS s WHERE s.in_order AND s.begin_at IS NOT NULL"
        ).to_pylist()
    )
    handoffs = by_journey(view.query("SELECT * FROM handoffs").to_pylist())
    rows = view.query("SELECT * FROM stretches AS t ORDER BY t.journey, t.from_at").to_pylist()
    stretches = by_journey(rows)
    for journey, following in stretches.items():
        for one, other in pairwise(following):
            assert one["to_at"] == other["from_at"]
        for stretch in following:
            assert stretch["from_at"] < stretch["to_at"]
            mine = stays[journey], handoffs.get(journey, [])
            for at in (stretch["from_at"], stretch["to_at"] - 1):
                assert stretch["part"] == part_at(*mine, at), (journey, at)
    spans = view.query("SELECT j.journey, j.from_at, j.to_at, j.hours FROM journeys AS j")
    for journey in spans.to_pylist():
        mine = stays.get(journey["journey"], [])
        lasted = journey["to_at"] - journey["from_at"]
        assert journey["hours"] == pytest.approx(lasted / HOUR, rel=1e-12)
        if mine:
            span = min(map(asked_or_begun, mine)), max(map(over, mine))
            assert (journey["from_at"], journey["to_at"]) == span
            told = sum(
                one["to_at"] - one["from_at"] for one in stretches.get(journey["journey"], [])
            )
            assert told == span[1] - span[0]
    return len(rows)


@pytest.mark.parametrize(("people", "least", "most"), [(600, 2, 12), (60, 20, 60)])
def test_stretches_of_made_up_histories_are_what_the_rules_say(people, least, most):
    dice = random.Random(people)
    rows = []
    for number in range(people):
        days = dice.choice([1, 8, 120])
        rows += [recorded(dice, f"p{number}", days) for _ in range(dice.randint(least, most))]
    for view in views_of(rows):
        assert compare(view) > people


@pytest.mark.slow
@settings(max_examples=12)
@given(rows=histories())
def test_stretches_of_any_history_are_what_the_rules_say(rows):
    for view in views_of(rows):
        compare(view)
