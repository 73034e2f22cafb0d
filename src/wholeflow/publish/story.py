"""The report's stories: a typical and the longest journey in lanes, and rows that say the same.

Only relative time is shown (day 0, day 1, ...): no date and nothing that names the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wholeflow.core.time import show_hours
from wholeflow.journeys import Journeys
from wholeflow.journeys.one_journey import OneJourney, lasted
from wholeflow.journeys.one_person import one_journey
from wholeflow.publish import svg
from wholeflow.publish.figure import Rows
from wholeflow.publish.journey_lanes import draw_anonymous
from wholeflow.publish.words import counted, hours

TITLE = "Two journeys"

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


LONGEST = """
    SELECT w.journey FROM journeys AS w WHERE w.run = 0 AND w.hours > 0
        AND w.journey IN (SELECT t.journey FROM stretches AS t WHERE t.run = 0)
    ORDER BY w.is_open, w.hours DESC, w.journey LIMIT 1
"""
"""Of those that have ended, where any has: who is still under way has no length yet. A journey of
impossible times (§11) has nothing to draw."""


@dataclass(frozen=True)
class Story:
    """A journey as a drawing, and as rows that say the same."""

    title: str
    svg: str
    rows: Rows
    summary: str


def stories(journeys: Journeys) -> tuple[Story, ...]:
    """A typical journey and the longest one, those that there are and that take time."""
    told = [
        _told(journeys, TYPICAL, "A typical journey", _of_typical),
        _told(journeys, LONGEST, "The longest journey", _of_longest),
    ]
    found = {one.svg: one for one in told if one is not None}
    return tuple(found.values())


def _chosen(journeys: Journeys, sql: str) -> int | None:
    found = journeys.query(sql)
    return int(found["journey"][0].as_py()) if found.num_rows else None


def _told(
    journeys: Journeys, sql: str, title: str, summed_up: Callable[[OneJourney], str]
) -> Story | None:
    """The story of the journey that SQL chooses."""
    chosen = _chosen(journeys, sql)
    told = one_journey(journeys, chosen) if chosen is not None else None
    if told is None or not told.stretches:
        return None
    drawing = draw_anonymous(told, title, svg.identifier(title))
    rows = Rows(("Kind", "From", "For", "What"), tuple(_rows(told)))
    return Story(title, drawing, rows, summed_up(told))


def _size(told: OneJourney) -> str:
    places = len({stay.place for stay in told.stays})
    return (
        f"{show_hours(told.elapsed_hours)} with {counted(told.counts['stays'], 'stay')} in "
        f"{counted(places, 'place')}"
    )


def _of_typical(told: OneJourney) -> str:
    return (
        f"A journey of {_size(told)}: of the fifth of journeys nearest to the median length, one "
        "with most places. It is an example and proves nothing about others."
    )


def _of_longest(told: OneJourney) -> str:
    ended = (
        "it still goes on, as all do" if told.is_open else "the longest of those that have ended"
    )
    return f"A journey of {_size(told)}: {ended}. It is rare by choice; ask what made it so long."


def _rows(told: OneJourney) -> Iterator[tuple[str, ...]]:
    for one in told.stretches:
        yield "Hours", told.since(one.from_at), hours(one.hours), one.what
    for stay in told.stays:
        kind = "Place" if stay.in_place else "List"
        yield kind, told.since(stay.from_at), lasted(stay.from_at, stay.to_at), stay.what
    for handoff in told.handoffs:
        yield "Handoff", "–", "–", handoff.told(told.since)
    for words in told.contacts_in_words(told.since):
        yield "Contacts", "–", "–", words
    for message in told.messages:
        yield "Message", told.since(message.known_at), "–", message.told(told.since)
