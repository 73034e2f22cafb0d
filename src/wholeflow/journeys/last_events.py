"""The end of observation (rule §9), found from the people whose events are the last.

An event of a visit in an impossible order, or with a date that can't be right, tells nothing of
it, and only a person's whole events show which these are. So those of whom the last events are
known are worked out, and more people only where none of these events counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wholeflow.core.time import FOR_EVER
from wholeflow.journeys.buckets import of_people
from wholeflow.store import Engine

LAST = 100
"""Whose are so many last events of a run is worked out; more where that does not suffice."""

MORE = 16
"""How many times more last events are taken when those taken did not suffice."""


@dataclass(frozen=True)
class LastEvents:
    """Whose are the last events of a run that can have happened, and the first instant of these."""

    people: frozenset[int]
    from_at: int
    are_all: bool


def last_events(
    engine: Engine, run: int = 0, *, of: str = "present_events"
) -> Iterator[LastEvents]:
    """The last events of a run that can have happened, then more and more, at last all of them."""
    events = LAST
    while not (last := _last(engine, events, run, of)).are_all:
        yield last
        events *= MORE
    yield last


def _last(engine: Engine, events: int, run: int, of: str) -> LastEvents:
    found = engine.query(
        f"SELECT e.person, e.at FROM {of} AS e "
        "LEFT JOIN date_limits AS t ON t.source = e.source "
        f"WHERE e.run = {run} AND ({run} > 0 OR e.at <= coalesce(t.last_at, {FOR_EVER})) "
        f"ORDER BY e.at DESC LIMIT {events}"
    )
    times = found["at"].to_pylist()
    people = frozenset(found["person"].to_pylist())
    return LastEvents(people, min(times, default=0), are_all=len(times) < events)


def make_observed_ends(engine: Engine, body: Callable[[str], str]) -> None:
    """Make ``observed_ends`` without everybody's events; ``body`` gives the SQL of an operator."""
    runs = engine.query("SELECT DISTINCT e.run FROM present_events AS e ORDER BY e.run")
    parts = [f"SELECT {run} AS run, {_end(engine, body, run)} AS last_at"
             for run in runs["run"].to_pylist()]  # fmt: skip
    nobody = "SELECT 0 AS run, CAST(NULL AS BIGINT) AS last_at WHERE false"
    engine.make_table("observed_ends", " UNION ALL ".join(parts) or nobody)


def _end(engine: Engine, body: Callable[[str], str], run: int) -> str:
    """The end of observation of a run in SQL; NULL where no event tells of it."""
    at = None
    for last in last_events(engine, run):
        for name in ("placed_events", "visits"):
            engine.make_table(name, of_people(body(name), last.people))
        found = engine.query(
            f"SELECT max(o.last_at) AS last_at FROM ({body('observed_ends')}) AS o "
            f"WHERE o.run = {run}"
        )
        at = found["last_at"][0].as_py()
        if at is not None and at >= last.from_at:
            break
    return f"CAST({'NULL' if at is None else at} AS BIGINT)"
