"""Large stores are worked through some people at a time, so that memory stays bounded.

A bucket holds the people whose pseudonyms lie in one range.
"""

from __future__ import annotations

import re
from itertools import pairwise

from wholeflow.governance.pseudonyms import DIGITS
from wholeflow.store import Engine

BY_PERSON = (
    "placed_events",
    "away_times",
    "visits",
    "stays",
    "absences",
    "unbroken_times",
    "presences",
    "bounces",
    "steps",
    "handoffs",
    "information",
    "journeys",
    "stretches",
    "journey_hours",
    "activities",
    "ways",
)
"""The operators whose answers about one person rest on that person's events only."""

IN_SHARES = {
    "transitions": "coalesce(m.from_place, m.to_place, 0)",
    "way_counts": "w.mark",
}
"""The operators that count and rank over all people, and a number by which their groups are shared
out: a share of the groups is worked out at a time, for ranks and different people need all rows at
hand."""

PASSING = ("placed_events", "visits")
"""What is let go once a bucket is worked through, for of all people it is as large as the store."""

KEPT = ("away_times", "stays", "steps")
"""What is made of it first."""

IN_PASSING = ("placed_events", "away_times", "visits", "stays", "steps")
"""What is worked out of the events of each bucket in one go, in this order."""

NUMBERED = {"stays": ("stay", "journey")}
"""The columns of an operator that are numbers: the first numbers its rows, from 1, and each of the
others is one of these numbers."""

EVENTS = 1_000_000
"""The most events that are worked through at once; docs/benchmarks.md has the measurements."""

AT_HAND = 10
"""So many buckets are cut from a copy of their events: else a hundred buckets would each read all
events of the store, and as often as an operator reads them."""

PSEUDONYMS = 16**DIGITS

READ_BY_PERSON = ("present_events", "present_messages", "activity_times", *BY_PERSON)
READ = re.compile(rf"\b(FROM|JOIN) ({'|'.join(READ_BY_PERSON)}) AS (\w+)")


def ranges(engine: Engine, count: int) -> list[tuple[int, int]]:
    """The ranges of pseudonyms, first and last, of so many buckets.

    Their edges are quantiles of the people of ``present_events``, roughly; where exactly they
    lie changes no result.
    """
    if count == 1:
        return [(0, PSEUDONYMS - 1)]
    shares = ", ".join(str(number / count) for number in range(1, count))
    found = engine.query(
        f"SELECT approx_quantile(e.person, [{shares}]) AS edges FROM present_events AS e"
    )
    edges = sorted({0, *found["edges"][0].as_py(), PSEUDONYMS})
    return [(first, after - 1) for first, after in pairwise(edges)]


def shares(operator: str, buckets: int) -> list[str]:
    """Conditions on the rows of an operator in ``IN_SHARES``, one for each share of its groups.

    >>> shares("way_counts", 20)
    ['w.mark % 2 = 0', 'w.mark % 2 = 1']
    """
    count = -(-buckets // AT_HAND)
    return [f"{IN_SHARES[operator]} % {count} = {number}" for number in range(count)]


def of_bucket(sql: str, first: int, last: int, *, events: str = "present_events") -> str:
    """An operator's SQL on the people of one bucket, their events taken from a table.

    >>> of_bucket("SELECT s.stay FROM stays AS s", 0, 9)
    'SELECT s.stay FROM (SELECT * FROM stays AS b WHERE b.person BETWEEN 0 AND 9) AS s'
    """
    cut = _where(sql, f"b.person BETWEEN {first} AND {last}")
    return cut.replace("(SELECT * FROM present_events AS b", f"(SELECT * FROM {events} AS b")


def of_people(sql: str, people: frozenset[int]) -> str:
    """An operator's SQL on some people.

    >>> of_people("SELECT s.stay FROM stays AS s", frozenset([7]))
    'SELECT s.stay FROM (SELECT * FROM stays AS b WHERE b.person IN (7)) AS s'
    """
    return _where(sql, f"b.person IN ({', '.join(map(str, sorted(people))) or 'NULL'})")


def _where(sql: str, condition: str) -> str:
    return READ.sub(rf"\1 (SELECT * FROM \2 AS b WHERE {condition}) AS \3", sql)
