"""Reading one person's journeys: from a view that is worked out, or from their events alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time as clock_time
from typing import Any

from wholeflow.core.time import local
from wholeflow.journeys.few_people import around
from wholeflow.journeys.one_journey import (
    COUNTS,
    Absence,
    Contact,
    Handoff,
    Message,
    OneJourney,
    Part,
    Stay,
    Stretch,
)
from wholeflow.journeys.view import Journeys

Row = dict[str, Any]

MIDNIGHT = clock_time()

READS = ("stays", "absences", "handoffs", "stretches", "steps", "information", "journeys")


def journeys_of(view: Journeys, shown: str) -> tuple[OneJourney, ...]:
    """The journeys of one person, known by pseudonym (or identifier where ids are kept), in time.

    Where the view is not worked out, only this person's events are. Raises RequestError where
    the store knows nobody by it.
    """
    if view.has_made(READS):
        return _journeys(view, "person", view.person_of(shown))
    with around(view, view.person_named(shown)) as own:
        return _journeys(own, "person", own.person_of(shown))


def one_journey(view: Journeys, journey: int) -> OneJourney:
    """One journey by its number in a view."""
    (found,) = _journeys(view, "journey", journey)
    return found


def _journeys(view: Journeys, column: str, wanted: int) -> tuple[OneJourney, ...]:
    """The journeys whose ``column`` (person or journey) is the wanted one, in time."""
    rows = view.query(_JOURNEYS.format(column=column), (wanted,)).to_pylist()
    stretches, stays, handoffs, contacts, messages = (
        _by_journey(view.query(sql.format(column=column), (wanted,)).to_pylist())
        for sql in (_STRETCHES, _STAYS, _HANDOFFS, _CONTACTS, _MESSAGES)
    )
    away = defaultdict(list)
    for one in view.query(_ABSENCES.format(column=column), (wanted,)).to_pylist():
        away[one.pop("stay")].append(Absence(**one))
    made = []
    for number, row in enumerate(rows, start=1):
        journey = row["journey"]
        placed = tuple(_stay(one, away[one["stay"]]) for one in stays[journey] if one["is_placed"])
        days = frozenset(_days(stays[journey], view.zone))
        made.append(
            OneJourney(
                number=number,
                stretches=_joined([Stretch(**one) for one in stretches[journey]]),
                stays=placed,
                handoffs=tuple(
                    Handoff(
                        **one, to_the_day=not days.isdisjoint((one["asked_at"], one["came_at"]))
                    )
                    for one in handoffs[journey]
                ),
                contacts=tuple(Contact(**one) for one in contacts[journey]),
                messages=tuple(Message(**one) for one in messages[journey]),
                counts={name: row[name] for name in COUNTS},
                left_out=len(stays[journey]) - len(placed),
                is_open=row["is_open"],
                were_moved=not view.is_shared,
                days=days,
                zone=view.zone,
            )
        )
    return tuple(made)


def _days(stays: Sequence[Row], zone: str) -> Iterator[int]:
    """The midnights at which times of these stays stand that are known to the day only."""
    for stay in stays:
        if stay["to_the_day"]:
            for name in ("begin_at", "started_at", "ready_at", "seen_to"):
                at = stay[name]
                if at is not None and local(at, zone).time() == MIDNIGHT:
                    yield at


def _by_journey(rows: list[Row]) -> defaultdict[int, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row.pop("journey")].append(row)
    return found


def _joined(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Neighbours that tell the same as one: they differ in what else went on."""
    found: list[Stretch] = []
    for one in stretches:
        if found and found[-1].what == one.what and found[-1].part == one.part:
            found[-1] = replace(found[-1], to_at=one.to_at)
        else:
            found.append(one)
    return tuple(found)


def _stay(row: Row, away: Sequence[Absence]) -> Stay:
    names = ("place", "organisation", "in_place")
    parts = _parts(row["begin_at"], row["started_at"], row["ready_at"], row["seen_to"])
    told = {name: row[name] for name in names}
    return Stay(number=row["stay"], end=row["end_kind"], parts=parts, absences=tuple(away), **told)


def _parts(begin: int, started: int | None, ready: int | None, end: int) -> tuple[Part, ...]:
    """A stay cut at the start of care and at ready, where they are recorded (rule §13)."""
    end = max(begin, end)
    if started is None and ready is None:
        parts = [Part("unsplit", begin, end)]
    elif started is None or ready is None:
        cut = ready if started is None else started
        first, last = ("unsplit", "delay") if started is None else ("waiting", "unsplit")
        parts = [Part(first, begin, cut or begin), Part(last, cut or begin, end)]
    else:
        cuts = (("waiting", begin, started), ("care", started, ready), ("delay", ready, end))
        parts = [Part(*cut) for cut in cuts]
    return tuple(part for part in parts if part.from_at < part.to_at) or (parts[0],)


_JOURNEYS = f"""
    SELECT t.journey, t.is_open, {", ".join(f"t.{name}" for name in COUNTS)}
    FROM journeys AS t
    WHERE t.{{column}} = ? AND t.run = 0
    ORDER BY t.from_at, t.journey
"""

_STRETCHES = """
    SELECT t.journey, t.from_at, t.to_at, t.part, t.in_place, coalesce(p.name, '') AS place,
           coalesce(o.name, '') AS organisation,
           t.stay IS NULL AND t.part NOT IN ('unknown', 'travelling') AS of_several
    FROM stretches AS t
    LEFT JOIN dictionary AS p ON p.code = t.place
    LEFT JOIN dictionary AS o ON o.code = t.organisation
    WHERE t.{column} = ? AND t.run = 0
    ORDER BY t.journey, t.from_at
"""

_STAYS = """
    SELECT t.journey, t.stay, t.begin_at, t.started_at, t.ready_at, t.seen_to, t.end_kind,
           t.holds = 'body' AS in_place, coalesce(p.name, '') AS place,
           coalesce(o.name, '') AS organisation, t.in_order AND t.begin_at IS NOT NULL AS is_placed,
           t.to_the_day
    FROM stays AS t
    LEFT JOIN dictionary AS p ON p.code = t.place
    LEFT JOIN dictionary AS o ON o.code = t.organisation
    WHERE t.{column} = ? AND t.run = 0
    ORDER BY t.journey, t.begin_at, t.stay
"""

_ABSENCES = """
    SELECT t.stay, t.from_at, coalesce(t.to_at, s.seen_to) AS to_at
    FROM absences AS t
    JOIN stays AS s ON s.stay = t.stay
    WHERE t.{column} = ? AND t.run = 0
    ORDER BY t.stay, t.from_at
"""

_HANDOFFS = """
    SELECT t.journey, t.from_stay, t.to_stay, coalesce(f.name, '') AS from_place,
           coalesce(p.name, '') AS to_place, t.asked_at, t.came_at
    FROM handoffs AS t
    LEFT JOIN dictionary AS f ON f.code = t.from_place
    LEFT JOIN dictionary AS p ON p.code = t.to_place
    WHERE t.{column} = ? AND t.run = 0 AND t.in_order
    ORDER BY t.journey, t.seen_to, t.handoff
"""

_CONTACTS = """
    SELECT t.journey, t.at, coalesce(a.name, '') AS activity, coalesce(p.name, '') AS place,
           coalesce(o.name, '') AS organisation, coalesce(w.name, '') AS team
    FROM steps AS t
    LEFT JOIN stays AS s ON s.stay = t.stay
    LEFT JOIN dictionary AS a ON a.code = t.activity
    LEFT JOIN dictionary AS p ON p.code = t.place
    LEFT JOIN dictionary AS o ON o.code = s.organisation
    LEFT JOIN dictionary AS w ON w.code = t.team
    WHERE t.{column} = ? AND t.run = 0 AND t.kind = 'contact' AND t.journey IS NOT NULL
    ORDER BY t.journey, t.rank
"""

_MESSAGES = """
    SELECT t.journey, k.name AS kind, coalesce(f.name, '') AS from_place,
           coalesce(p.name, '') AS to_place, t.sent_at, t.received_at, t.acted_at, t.came, t.nth
    FROM information AS t
    JOIN dictionary AS k ON k.code = t.kind
    LEFT JOIN dictionary AS f ON f.code = t.from_place
    LEFT JOIN dictionary AS p ON p.code = t.to_place
    WHERE t.{column} = ? AND t.run = 0 AND t.journey IS NOT NULL
      AND coalesce(t.sent_at, t.received_at, t.acted_at) IS NOT NULL
    ORDER BY t.journey, coalesce(t.sent_at, t.received_at, t.acted_at), 2, 3, 4, 6, 7, t.nth
"""
