"""§40: where somebody is counted who comes, goes, is away and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_handoffs_fast import BEGIN, BODIES, views_of

from wholeflow.core.time import HOUR

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

Row = dict[str, Any]


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Comings and goings of two people; times are whole hours, so that ties come often."""
    kinds = ["arrived", "arrived", "left", "away", "away", "back", "back", "ready"]
    return [
        {
            "person": draw(st.sampled_from(["Ann", "Ben"])),
            "at": BEGIN + draw(st.integers(0, 40)) * HOUR,
            "kind": draw(st.sampled_from(kinds)),
            "place": draw(st.sampled_from(BODIES)),
            "ref": draw(st.sampled_from([None, "r1", "r2"])),
        }
        for _ in range(draw(st.integers(2, 30)))
    ]


def counted(stays: list[Row], absences: list[Row], at: int) -> int | None:
    """The stay in which a person is counted at an instant: of those that they are in, the first.

    A stay that somebody has come back to counts from then on, and not from its begin.
    """
    inside = []
    for stay in stays:
        gone = [(a["from_at"], a["to_at"]) for a in absences if a["stay"] == stay["stay"]]
        end = stay["end_at"] if stay["end_at"] is not None else stay["seen_to"]
        if not stay["begin_at"] <= at < end:
            continue
        if any(away <= at and (back is None or at < back) for away, back in gone):
            continue
        since = max([stay["begin_at"], *(b for _, b in gone if b is not None and b <= at)])
        inside.append((since, stay["stay"]))
    return min(inside)[1] if inside else None


@settings(max_examples=8)
@given(rows=histories())
def test_everybody_is_counted_once_in_the_first_place_that_they_are_in_and_hours_add_up(rows):
    for view in views_of(rows):
        stays = view.query(
            "SELECT * FROM stays AS s WHERE s.in_order AND s.begin_at IS NOT NULL"
        ).to_pylist()
        absences = view.query("SELECT * FROM absences").to_pylist()
        presences = view.query(
            "SELECT p.*, coalesce(p.to_at, s.seen_to) AS until_at "
            "FROM presences AS p JOIN stays AS s ON s.stay = p.stay"
        ).to_pylist()
        for person in {row["person"] for row in presences}:
            mine = [[r for r in t if r["person"] == person] for t in (stays, absences, presences)]
            for at in range(BEGIN, BEGIN + 42 * HOUR, HOUR):
                there = [p["stay"] for p in mine[2] if p["from_at"] <= at < p["until_at"]]
                wanted = counted(mine[0], mine[1], at)
                assert there == ([] if wanted is None else [wanted]), (at - BEGIN) / HOUR
        told = view.query(
            "SELECT t.journey, sum(t.to_at - t.from_at) AS lasted, min(t.from_at) AS from_at, "
            "max(t.to_at) AS to_at, "
            "sum(CASE WHEN t.in_place THEN t.to_at - t.from_at ELSE 0 END) AS there "
            "FROM stretches AS t GROUP BY t.journey"
        ).to_pylist()
        for row in told:
            assert row["lasted"] == row["to_at"] - row["from_at"]
        there = view.query(
            "SELECT coalesce(sum(coalesce(p.to_at, s.seen_to) - p.from_at), 0) AS n "
            "FROM presences AS p JOIN stays AS s ON s.stay = p.stay "
            "WHERE coalesce(p.to_at, s.seen_to) > p.from_at"
        )["n"][0].as_py()
        assert sum(row["there"] for row in told) == there
