"""The report's story: one typical journey in lanes, and rows that say the same.

Only relative time is shown (day 0, day 1, ...): no date and nothing that names the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wholeflow.core.time import show_hours
from wholeflow.journeys import Journeys
from wholeflow.journeys.one_journey import OneJourney, lasted
from wholeflow.journeys.one_person import one_journey
from wholeflow.publish.figure import Rows
from wholeflow.publish.journey_lanes import draw_anonymous
from wholeflow.publish.words import counted

TITLE = "One journey"

TYPICAL = """
    WITH spread AS (
        SELECT PERCENTILE_CONT(0.4) WITHIN GROUP (ORDER BY w.hours) AS low,
               PERCENTILE_CONT(0.6) WITHIN GROUP (ORDER BY w.hours) AS high
        FROM journeys AS w WHERE w.run = 0
    )
    SELECT w.journey
    FROM journeys AS w, spread AS s
    WHERE w.run = 0 AND w.hours BETWEEN s.low AND s.high
    ORDER BY w.places DESC, w.stays DESC, w.hours DESC, w.journey
    LIMIT 1
"""


@dataclass(frozen=True)
class Story:
    """A journey as a drawing, and as rows that say the same."""

    svg: str
    rows: Rows
    summary: str


def typical(journeys: Journeys) -> int | None:
    """The journey with most places among those of middling length; always the same one."""
    found = journeys.query(TYPICAL)
    return int(found["journey"][0].as_py()) if found.num_rows else None


def story(journeys: Journeys) -> Story | None:
    """A typical journey as a story; None where there is none that takes time."""
    chosen = typical(journeys)
    told = one_journey(journeys, chosen) if chosen is not None else None
    if told is None or not told.stretches:
        return None
    places = len({stay.place for stay in told.stays})
    summary = (
        f"A journey of {show_hours(told.elapsed_hours)} with "
        f"{counted(told.counts['stays'], 'stay')} in {counted(places, 'place')}: of the fifth of "
        "journeys nearest to the median length, one with most places. It is an example and proves "
        "nothing about others."
    )
    headings = ("", "From", "For", "What")
    return Story(draw_anonymous(told, TITLE), Rows(headings, tuple(_rows(told))), summary)


def _rows(told: OneJourney) -> Iterator[tuple[str, ...]]:
    for one in told.stretches:
        yield "Hours", told.since(one.from_at), show_hours(one.hours), one.what
    for stay in told.stays:
        kind = "Place" if stay.in_place else "List"
        yield kind, told.since(stay.from_at), lasted(stay.from_at, stay.to_at), stay.what
    for handoff in told.handoffs:
        yield "Handoff", "–", "–", handoff.told(told.since)
    for message in told.messages:
        yield "Message", told.since(message.known_at), "–", message.told(told.since)
