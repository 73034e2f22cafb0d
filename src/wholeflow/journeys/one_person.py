"""One person's journeys over all organisations: what each hour was, told in words.

Waiting, care, delay, travelling, hours that the records do not split and hours of which nobody
recorded anything add up to the time that each journey took (rule §36).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wholeflow.core import time
from wholeflow.journeys.view import Journeys

PARTS = {
    "waiting": "waiting",
    "care": "in care",
    "delay": "in delay: ready, and still there",
    "travelling": "on the way between two places",
    "unsplit": "in a place or on a list, not told whether waiting, in care or in delay",
    "unknown": "between stays: nobody recorded where",
}
"""What a person's time may be, in the order in which it is told, with the words for it."""

WORDS = {"unsplit": "not split"}
"""The word for a part where it is not its own name."""

OUTSIDE = {
    "waiting": "waiting for",
    "care": "cared for by",
    "delay": "done with, and still on the list of",
    "unsplit": "on the list of",
}
"""How a stretch outside places is told: the person is at home, or the records do not know where."""


@dataclass(frozen=True)
class Stretch:
    """A time in which the person's time was one thing (rule §36); instants are UTC microseconds.

    ``place`` is where the person was (``in_place``), else whom they waited for or who had them on a
    list; empty where nobody says, or several at once.
    """

    from_at: int
    to_at: int
    part: str
    in_place: bool
    place: str
    organisation: str

    @property
    def hours(self) -> float:
        """How long it lasted."""
        return (self.to_at - self.from_at) / time.HOUR

    @property
    def what(self) -> str:
        """What the time was, in a few words."""
        where = self.place
        if where and self.organisation and self.organisation != where:
            where = f"{where} ({self.organisation})"
        if self.in_place:
            return f"in {where or 'a place without a name'}: {WORDS.get(self.part, self.part)}"
        if self.part in OUTSIDE:
            return f"{OUTSIDE[self.part]} {where or 'several at once'}"
        return PARTS[self.part]


@dataclass(frozen=True)
class OneJourney:
    """One journey of one person: what happened, and what each hour of it was.

    ``counts`` has moves, handoffs, organisations, retellings, contacts and stays. ``lists`` are
    the stays on lists, which may lie beside each other and beside those in places.
    """

    number: int
    stretches: tuple[Stretch, ...]
    lists: tuple[Stretch, ...]
    counts: Mapping[str, int]
    is_open: bool
    zone: str

    @property
    def hours(self) -> dict[str, float]:
        """Hours by part, those that there are; they add up to the time that the journey took."""
        found = dict.fromkeys(PARTS, 0)
        for stretch in self.stretches:
            found[stretch.part] += stretch.to_at - stretch.from_at
        return {part: length / time.HOUR for part, length in found.items() if length}

    @property
    def elapsed_hours(self) -> float:
        """From the begin of the journey to its end, or to the end of what is known of it."""
        if not self.stretches:
            return 0.0
        return (self.stretches[-1].to_at - self.stretches[0].from_at) / time.HOUR

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def as_dict(self) -> dict[str, Any]:
        """The journey for ``--json``: hours by part, counts, stretches and lists in local time."""
        return {
            "journey": self.number,
            "is_open": self.is_open,
            "elapsed_hours": self.elapsed_hours,
            "hours": self.hours,
            "counts": dict(self.counts),
            "stretches": [self._told(stretch) for stretch in self.stretches],
            "lists": [self._told(stay) for stay in self.lists],
        }

    def _told(self, one: Stretch) -> dict[str, Any]:
        instants = {
            name: time.local(at, self.zone).isoformat()
            for name, at in (("from_at", one.from_at), ("to_at", one.to_at))
        }
        return {**vars(one), **instants, "hours": one.hours}

    def _lines(self) -> Iterator[str]:
        if not self.stretches:
            yield f"Journey {self.number}: nothing is recorded that takes time."
            return
        begin, end = self.stretches[0].from_at, self.stretches[-1].to_at
        still = ", and goes on" if self.is_open else ""
        yield (
            f"Journey {self.number}, {self._at(begin)} to {self._at(end)}: "
            f"{time.show_hours(self.elapsed_hours)}{still}."
        )
        counts = [_counted(number, name) for name, number in self.counts.items()]
        yield f"  {', '.join(counts)}."
        yield "  Where the hours went:"
        for part, hours in self.hours.items():
            share = hours / self.elapsed_hours
            yield f"    {time.show_hours(hours):>12}  {share:4.0%}  {PARTS[part]}"
        yield "  One thing after another:"
        yield from self._timeline(self.stretches)
        if self.lists:
            yield "  On lists meanwhile:"
            yield from self._timeline(self.lists)

    def _timeline(self, stretches: tuple[Stretch, ...]) -> Iterator[str]:
        for one in stretches:
            length = time.show_hours(one.hours)
            yield f"    {self._at(one.from_at)} to {self._at(one.to_at)}  {length:>10}  {one.what}"

    def _at(self, at: int) -> str:
        return time.show_instant(at, self.zone)


SINGULAR = {"stays": "stay", "moves": "move", "handoffs": "handoff", "retellings": "retelling"}
SINGULAR |= {"contacts": "contact", "organisations": "organisation"}


def _counted(number: int, name: str) -> str:
    return f"{number:,} {SINGULAR[name] if number == 1 else name}"


def journeys_of(view: Journeys, shown: str) -> tuple[OneJourney, ...]:
    """The journeys of one person, known by pseudonym (or identifier where ids are kept), in time.

    Raises RequestError where the store knows nobody by it.
    """
    person = view.person_of(shown)
    rows = view.query(_JOURNEYS, (person,)).to_pylist()
    stretches = view.query(_STRETCHES, (person,)).to_pylist()
    lists = view.query(_LISTS, (person,)).to_pylist()
    return tuple(
        OneJourney(
            number,
            _joined(_of(stretches, row["journey"])),
            _of(lists, row["journey"]),
            {name: row[name] for name in SINGULAR},
            row["is_open"],
            view.zone,
        )
        for number, row in enumerate(rows, start=1)
    )


def _of(rows: list[dict[str, Any]], journey: int) -> tuple[Stretch, ...]:
    names = ("from_at", "to_at", "part", "in_place", "place", "organisation")
    return tuple(
        Stretch(*(row[name] for name in names)) for row in rows if row["journey"] == journey
    )


def _joined(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Neighbours that tell the same as one: they differ in what else went on."""
    found: list[Stretch] = []
    for one in stretches:
        if found and found[-1].what == one.what and found[-1].part == one.part:
            found[-1] = replace(found[-1], to_at=one.to_at)
        else:
            found.append(one)
    return tuple(found)


_JOURNEYS = """
    SELECT j.journey, j.is_open, j.stays, j.moves, j.handoffs, j.retellings, j.contacts,
           j.organisations
    FROM journeys AS j
    WHERE j.person = ? AND j.run = 0
    ORDER BY j.from_at, j.journey
"""

_STRETCHES = """
    SELECT t.journey, t.from_at, t.to_at, t.part, t.in_place, coalesce(p.name, '') AS place,
           coalesce(o.name, '') AS organisation
    FROM stretches AS t
    LEFT JOIN dictionary AS p ON p.code = t.place
    LEFT JOIN dictionary AS o ON o.code = t.organisation
    WHERE t.person = ? AND t.run = 0
    ORDER BY t.journey, t.from_at
"""

_LISTS = """
    SELECT s.journey, s.begin_at AS from_at, coalesce(s.end_at, s.seen_to) AS to_at,
           'unsplit' AS part, false AS in_place, coalesce(p.name, '') AS place,
           coalesce(o.name, '') AS organisation
    FROM stays AS s
    LEFT JOIN dictionary AS p ON p.code = s.place
    LEFT JOIN dictionary AS o ON o.code = s.organisation
    WHERE s.person = ? AND s.run = 0 AND s.holds <> 'body' AND s.in_order AND s.begin_at IS NOT NULL
    ORDER BY s.journey, s.begin_at, s.stay
"""
