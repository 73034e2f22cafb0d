"""A view of few people: one person's story needs no work on all the others.

The operators work person by person (``buckets.py``). Of everybody they read who is who, which
versions count, between which dates events can have happened, and when the last one did: the end
of observation (rule §9). So a view of one person also holds the people whose events are the last.
Worked out together, they have the end of observation of the whole store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wholeflow.core.time import FOR_EVER
from wholeflow.journeys.last_events import last_events
from wholeflow.journeys.operators import KNOWN_AS
from wholeflow.journeys.view import Journeys
from wholeflow.store import Engine


@contextmanager
def around(view: Journeys, person: int) -> Iterator[Journeys]:
    """A view of one person's observed past as ``view`` has it, worked out from their events alone.

    Stays, handoffs and journeys have numbers of their own. Some others' are in it too.
    """
    session = view.engine.session()
    try:
        _settle(view, session)
        yield _of_few(view, session, person)
    finally:
        session.close()


def _settle(view: Journeys, session: Engine) -> None:
    """What a view of few people reads of everybody, without making tables of everybody's events."""
    for name in ("hidden", KNOWN_AS):
        session.register(name, view.query(f"SELECT * FROM {name}"))
    session.execute(f"CREATE TEMP VIEW every_event AS {view.body('present_events')}")
    limits = view.body("date_limits").replace("present_events", "every_event")
    session.execute(f"CREATE TEMP TABLE date_limits AS {limits}")


def _of_few(view: Journeys, session: Engine, person: int) -> Journeys:
    """The view of the person, with others enough to have the whole store's end of observation."""
    own = _with(view, session, {person})
    if view.as_of is not None or not view.is_shared:  # the end of observation is known (§9)
        return own
    for last in last_events(session, of="every_event"):
        own = _with(view, session, {person, *last.people})
        if _end(own) >= last.from_at:
            break
    return own


def _with(view: Journeys, session: Engine, people: set[int]) -> Journeys:
    """A view that holds the observed past of these people and of nobody else."""
    known = ", ".join(map(str, sorted(people)))
    linked = session.query(f"SELECT k.number FROM known_as AS k WHERE k.person IN ({known})")
    numbers = ", ".join(map(str, sorted(people.union(linked["number"].to_pylist()))))
    for name in ("present_events", "present_messages"):
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS "
            + view.body(name, among=f"t.run = 0 AND t.person IN ({numbers})")
        )
    return view.beside(
        session, ("hidden", KNOWN_AS, "date_limits", "present_events", "present_messages")
    )


def _end(own: Journeys) -> int:
    """The last event of these people that can have happened, as the rules have it."""
    found = own.query("SELECT max(o.last_at) AS last_at FROM observed_ends AS o WHERE o.run = 0")
    at = found["last_at"][0].as_py()
    return -FOR_EVER if at is None else int(at)
