"""One journey of one person: what happened, what each hour of it was, and the words for it.

Waiting, care, delay, travelling, hours that the records do not split and hours of which nobody
recorded anything add up to the time that the journey took (rule §36).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from wholeflow.core import time

PARTS = {
    "waiting": "waiting",
    "care": "in care",
    "delay": "in delay: ready, and still there",
    "travelling": "on the way between two places",
    "unsplit": "in a place or on a list, not told whether waiting, in care or in delay",
    "unknown": "nobody recorded where",
}
"""What a person's time may be, in the order in which it is told, with the words for it."""

BETWEEN = "between stays: nobody recorded where"

WORDS = {"unsplit": "not split"}
"""The word for a part where it is not its own name."""

OUTSIDE = {
    "waiting": "waiting for",
    "care": "cared for by",
    "delay": "done with, and still on the list of",
    "unsplit": "on the list of",
}
"""How a stretch outside places is told: the person is at home, or the records do not know where."""

SEVERAL = {
    "waiting": "waiting for several at once",
    "care": "cared for by several at once",
    "delay": "done with, and still on several lists at once",
    "unsplit": "on several lists, or in hospital with no ward recorded",
}
"""The same where it is told of several stays at once."""

MOVED = "Dates of this person were moved: lengths of time are right, dates are not (§5)."

NAMELESS = "a place without a name"
"""A place of which the records have a key and no name."""

ENDS = {
    "open": "still open",
    "died": "the person died",
    "lost": "the end is not recorded",
    "moved on": "ended with the next arrival",
    "discharged": "ended with the hospital spell",
}
"""How a stay ended, where the name of its end does not say it."""

CAME = {
    "before": "before the person came",
    "after": "after the person had come",
    "same day": "on the day that the person came",
}
"""When a message came, by the word for it in ``information`` (rule §37)."""

COUNTS = {
    "stays": "stay",
    "moves": "move",
    "handoffs": "handoff",
    "retellings": "retelling",
    "contacts": "contact",
    "decisions": "decision",
    "organisations": "organisation",
    "teams": "person or team met",
}
"""What is counted in a journey, with the word for one of it."""

MANY = {"teams": "people or teams met"}
"""The words for many of what is counted, where an s does not make them."""

Clock = Callable[[int], str]
"""How an instant is written: as local date and time, or as time since the journey began."""


def where(place: str, organisation: str) -> str:
    """A place with who runs it, where that is not the same.

    >>> where("Ward 1", "Trust"), where("Alder", "Alder")
    ('Ward 1 (Trust)', 'Alder')
    """
    return f"{place} ({organisation})" if place and organisation not in ("", place) else place


def lasted(from_at: int, to_at: int) -> str:
    """A length of time in words."""
    return time.show_hours((to_at - from_at) / time.HOUR)


def span(clock: Clock, from_at: int, to_at: int) -> str:
    """From when to when; a date that both have is said once.

    >>> span(time.show_instant, 0, time.HOUR)
    '1 January 1970, 01:00 to 02:00'
    """
    first, last = clock(from_at), clock(to_at)
    day, comma, hour = last.partition(", ")
    return f"{first} to {hour if comma and first.startswith(day + comma) else last}"


@dataclass(frozen=True)
class Stretch:
    """A time in which the person's time was one thing (rule §36); instants are UTC microseconds.

    ``place`` is where the person was (``in_place``), else whom they waited for or who had them on a
    list; empty where nobody says, or ``of_several`` at once.
    """

    from_at: int
    to_at: int
    part: str
    in_place: bool
    place: str
    organisation: str
    of_several: bool

    @property
    def hours(self) -> float:
        """How long it lasted."""
        return (self.to_at - self.from_at) / time.HOUR

    @property
    def what(self) -> str:
        """What the time was, in a few words."""
        there = where(self.place, self.organisation) or NAMELESS
        if self.in_place:
            return f"in {there}: {WORDS.get(self.part, self.part)}"
        if self.part == "unknown":
            kept = there != NAMELESS
            return f"away from {there}, which kept the place" if kept else BETWEEN
        if self.part in OUTSIDE:
            return SEVERAL[self.part] if self.of_several else f"{OUTSIDE[self.part]} {there}"
        return PARTS[self.part]


@dataclass(frozen=True)
class Part:
    """What a time within a stay was: waiting, care, delay or unsplit (rule §13)."""

    part: str
    from_at: int
    to_at: int


@dataclass(frozen=True)
class Absence:
    """A time within a stay in which the person was away and the place was kept (rule §40)."""

    from_at: int
    to_at: int


@dataclass(frozen=True)
class Stay:
    """A stay of the journey in a place (``in_place``) or on a list, with its parts in time.

    ``number`` is its number in the view, by which a handoff names it.
    """

    number: int
    place: str
    organisation: str
    in_place: bool
    end: str
    parts: tuple[Part, ...]
    absences: tuple[Absence, ...] = ()

    @property
    def there(self) -> Iterator[tuple[int, int]]:
        """From when to when the person was there without a break."""
        came = self.from_at
        for one in self.absences:
            yield came, one.from_at
            came = one.to_at
        yield came, self.to_at

    @property
    def from_at(self) -> int:
        """When it began."""
        return self.parts[0].from_at

    @property
    def to_at(self) -> int:
        """When it ended, or was last seen."""
        return self.parts[-1].to_at

    @property
    def what(self) -> str:
        """Where it was, what its time was and how it ended."""
        there = where(self.place, self.organisation) or NAMELESS
        parts = ", ".join(
            f"{WORDS.get(one.part, one.part)} {lasted(one.from_at, one.to_at)}"
            for one in self.parts
        )
        end = ENDS.get(self.end, self.end.replace("_", " "))
        return f"{'in' if self.in_place else 'on the list of'} {there}: {parts}; {end}"


@dataclass(frozen=True)
class Handoff:
    """One stay that followed another (rule §14), and the wait between asking and coming (§15).

    Of a handoff ``to_the_day`` only the day of asking or of coming is known (rule §18).
    """

    from_stay: int
    to_stay: int
    from_place: str
    to_place: str
    asked_at: int | None
    came_at: int | None
    to_the_day: bool

    def told(self, clock: Clock) -> str:
        """The handoff in words."""
        way = f"{self.from_place or NAMELESS} to "
        way += self.to_place or NAMELESS
        if self.came_at is None:
            asked = f"asked {clock(self.asked_at)}, " if self.asked_at is not None else ""
            return f"{way}: {asked}the person had not come by the end of the records"
        if self.asked_at is None:
            return f"{way}: came {clock(self.came_at)}; nobody recorded asking"
        if self.asked_at >= self.came_at:
            how = "the same day" if self.to_the_day else "without waiting"
            return f"{way}: came {clock(self.came_at)}, {how}"
        waited = ("about " if self.to_the_day else "") + lasted(self.asked_at, self.came_at)
        return f"{way}: asked {clock(self.asked_at)}, came {clock(self.came_at)}, {waited} later"


@dataclass(frozen=True)
class Message:
    """Something that was sent about the person (rule §37); ``came`` as in ``information``."""

    kind: str
    from_place: str
    to_place: str
    sent_at: int | None
    received_at: int | None
    acted_at: int | None
    came: str
    nth: int

    @property
    def known_at(self) -> int:
        """The first time that is recorded of it; the records of a message have one."""
        return next(at for at in (self.sent_at, self.received_at, self.acted_at) if at is not None)

    @property
    def there_at(self) -> int | None:
        """When it is known to have been there."""
        return self.acted_at if self.received_at is None else self.received_at

    def told(self, clock: Clock) -> str:
        """The message in words."""
        names = [f"from {self.from_place}"] if self.from_place else []
        names += [f"to {self.to_place}"] if self.to_place else []
        again = " (sent again)" if self.nth > 1 else ""
        steps = [
            f"{word} {clock(at)}"
            for word, at in (
                ("sent", self.sent_at), ("received", self.received_at), ("acted on", self.acted_at),
            )
            if at is not None
        ]  # fmt: skip
        steps += [CAME[self.came]] if self.came in CAME else []
        steps += ["nobody recorded that it arrived"] if self.there_at is None else []
        return f"{' '.join([self.kind + again, *names])}: {', '.join(steps)}"


@dataclass(frozen=True)
class Contact:
    """A contact of the person with somebody who cared for them; ``team`` is who, where recorded."""

    at: int
    activity: str
    place: str
    organisation: str
    team: str

    @property
    def what(self) -> str:
        """With whom and where, and what the source calls it."""
        told = self.activity or "contact"
        told += f" with {self.team}" if self.team else ""
        there = where(self.place, self.organisation)
        return f"{told}, {there}" if there else told


@dataclass(frozen=True)
class Overlap:
    """A time in which the body was recorded in several places at once (rule §12)."""

    from_at: int
    to_at: int
    places: tuple[str, ...]


@dataclass(frozen=True)
class OneJourney:
    """One journey of one person: what happened, and what each hour of it was.

    ``counts`` has stays, moves, handoffs, retellings, contacts, decisions, organisations and
    teams. ``stays`` has those in places and those on lists, in order of begin; ``left_out`` counts
    stays without a begin or with times in an impossible order, which can't be placed in time.
    Instants in ``days`` are known to the day only (rule §18). Where dates ``were_moved`` only
    lengths of time are right (rule §5).
    """

    number: int
    stretches: tuple[Stretch, ...]
    stays: tuple[Stay, ...]
    handoffs: tuple[Handoff, ...]
    contacts: tuple[Contact, ...]
    messages: tuple[Message, ...]
    counts: Mapping[str, int]
    left_out: int
    is_open: bool
    were_moved: bool
    days: frozenset[int]
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
        return (self.to_at - self.from_at) / time.HOUR if self.stretches else 0.0

    @property
    def from_at(self) -> int:
        """When it began."""
        return self.stretches[0].from_at

    @property
    def to_at(self) -> int:
        """When it ended, or the end of what is known of it."""
        return self.stretches[-1].to_at

    @property
    def gaps(self) -> tuple[Stretch, ...]:
        """The times in which nobody had the person in a place or on a list, nor kept a place."""
        return tuple(
            one
            for one in self.stretches
            if one.part == "unknown" and not (one.place or one.organisation)
        )

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """The times in which the body was recorded in several places at once."""
        turns = sorted(
            (at, way, stay.number, stay)
            for stay in self.stays
            if stay.in_place
            for came, went in stay.there
            if came < went
            for at, way in ((came, 1), (went, 0))
        )
        found, inside = [], dict[int, Stay]()
        before = 0
        for at, changes in groupby(turns, key=lambda turn: turn[0]):
            if len(inside) > 1:
                found.append(Overlap(before, at, tuple(s.place for s in inside.values())))
            for _, way, number, stay in changes:
                if way:
                    inside[number] = stay
                else:
                    del inside[number]
            before = at
        return tuple(found)

    def __str__(self) -> str:
        return "\n".join(self.lines(self.dated))

    def dated(self, at: int) -> str:
        """An instant as local date and time; as a date, where no more is known."""
        if at in self.days:
            return time.show_date(time.local(at, self.zone).date())
        return time.show_instant(at, self.zone)

    def since(self, at: int) -> str:
        """An instant as time since the journey began: no date, and nothing that says whose it is.

        The first day is day 0; within it hours are told.
        """
        hours = (at - self.from_at) / time.HOUR
        day, rest = divmod(round(hours * 60), 24 * 60)
        return f"day {day:,}" + (f" and {time.show_hours(rest / 60)}" if rest else "")

    def as_dict(self) -> dict[str, Any]:
        """The journey for ``--json``: hours by part, counts and all that happened, local times."""
        told = partial(_told, zone=self.zone)
        return {
            "journey": self.number,
            "is_open": self.is_open,
            "elapsed_hours": self.elapsed_hours,
            "hours": self.hours,
            "counts": dict(self.counts),
            "stretches": [{**told(vars(one)), "hours": one.hours} for one in self.stretches],
            "gaps": [told({"from_at": one.from_at, "to_at": one.to_at}) for one in self.gaps],
            "overlaps": [told(vars(one)) for one in self.overlaps],
            "stays": [
                {
                    **told(vars(one)),
                    **told({"from_at": one.from_at, "to_at": one.to_at}),
                    "parts": [told(vars(part)) for part in one.parts],
                    "absences": [told(vars(absence)) for absence in one.absences],
                }
                for one in self.stays
            ],
            "handoffs": [told(vars(one)) for one in self.handoffs],
            "contacts": [told(vars(one)) for one in self.contacts],
            "messages": [told(vars(one)) for one in self.messages],
            "known_to_the_day": [
                time.local(at, self.zone).date().isoformat() for at in sorted(self.days)
            ],
            "dates_were_moved": self.were_moved,
            "left_out": self.left_out,
        }

    def lines(self, clock: Clock) -> Iterator[str]:
        """The journey in words, line by line, its times as ``clock`` writes them."""
        if not self.stretches:
            yield f"Journey {self.number}: nothing is recorded that takes time."
            return
        still = ", and goes on" if self.is_open else ""
        yield (
            f"Journey {self.number}, {span(clock, self.from_at, self.to_at)}: "
            f"{time.show_hours(self.elapsed_hours)}{still}."
        )
        yield f"  {self.counted}"
        if self.were_moved:
            yield f"  {MOVED}"
        yield "  Where the hours went:"
        for part, hours in self.hours.items():
            share = hours / self.elapsed_hours
            yield f"    {time.show_hours(hours):>12}  {share:4.0%}  {PARTS[part]}"
        yield from (f"  {words}" for words in self.doubtful(clock))
        yield "  One thing after another:"
        yield from _timeline(self.stretches, clock)
        for title, in_place in (("In places:", True), ("On lists meanwhile:", False)):
            if stays := [stay for stay in self.stays if stay.in_place is in_place]:
                yield f"  {title}"
                yield from _timeline(stays, clock)
        if self.handoffs:
            yield "  Handed over:"
            yield from (f"    {one.told(clock)}" for one in self.handoffs)
        if self.contacts:
            yield "  Contacts:"
            yield from (f"    {words}" for words in self.contacts_in_words(clock))
        if self.messages:
            yield "  Messages about the person:"
            yield from (f"    {one.told(clock)}" for one in self.messages)

    def contacts_in_words(self, clock: Clock) -> Iterator[str]:
        """The contacts, those of the same kind with the same people in one line."""
        found: dict[str, list[int]] = {}
        for one in self.contacts:
            found.setdefault(one.what, []).append(one.at)
        for what, times in found.items():
            if len(times) == 1:
                yield f"{clock(times[0])}: {what}"
            else:
                yield f"{span(clock, times[0], times[-1])}: {what}, {len(times):,} times"

    @property
    def counted(self) -> str:
        """The counts in one sentence, and one more where nobody recorded who was met."""
        counts = {name: n for name, n in self.counts.items() if n or name != "teams"}
        met = "" if self.counts["teams"] else " Nobody recorded which people or teams were met."
        return f"{in_words(counts)}.{met}"

    def doubtful(self, clock: Clock) -> Iterator[str]:
        """What the hours can't tell: gaps, bodies in two places, stays that can't be placed."""
        for gap in self.gaps:
            yield (
                "Nobody had the person on their books from "
                f"{span(clock, gap.from_at, gap.to_at)} ({time.show_hours(gap.hours)})."
            )
        for one in self.overlaps:
            yield (
                f"Recorded in several places at once from {span(clock, one.from_at, one.to_at)} "
                f"({lasted(one.from_at, one.to_at)}): {', '.join(one.places)}."
            )
        if self.left_out:
            yield self.missing

    @property
    def missing(self) -> str:
        """What can't be told of it, in a sentence; empty where nothing is."""
        if not self.left_out:
            return ""
        stays = "1 stay is" if self.left_out == 1 else f"{self.left_out:,} stays are"
        return f"{stays} not told: without a begin, or with times in an impossible order (§11)."


def in_words(counts: Mapping[str, int]) -> str:
    """Counts of a journey as people say them.

    >>> in_words({"stays": 1, "retellings": 0, "teams": 36})
    '1 stay, 0 retellings, 36 people or teams met'
    """
    many = {name: f"{one}s" for name, one in COUNTS.items()} | MANY
    return ", ".join(
        f"{number:,} {COUNTS[name] if number == 1 else many[name]}"
        for name, number in counts.items()
    )


def _told(values: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Values with their instants as local time."""
    return {
        name: time.local(value, zone).isoformat()
        if (name == "at" or name.endswith("_at")) and value is not None
        else value
        for name, value in values.items()
    }


def _timeline(times: tuple[Stretch, ...] | list[Stay], clock: Clock) -> Iterator[str]:
    for one in times:
        length = lasted(one.from_at, one.to_at)
        yield f"    {span(clock, one.from_at, one.to_at)}  {length:>10}  {one.what}"
