"""Journeys drawn in lanes: what each hour was, then places, lists and messages, in time.

One drawing serves the person's own page, with local dates, and the story in the report, with days
since the beginning. It is narrow, so that it can be read on a phone and on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import local, show_date, show_hours
from wholeflow.journeys.one_journey import (
    MOVED,
    Absence,
    Clock,
    Message,
    OneJourney,
    Part,
    Stay,
    Stretch,
    in_words,
    lasted,
    span,
    where,
)
from wholeflow.publish import svg, time_axis
from wholeflow.publish.words import counted

ID = "one-journey"
WIDTH = 600.0
EDGE = 12.0
SCALED = WIDTH - 2 * EDGE
LANE = 46.0
BAR = 18.0
CONTACT = 12
LABEL = 15
SMALL = 13
MOST_LANES = 12
"""Of places and of lists; those that came last share the last lane."""

FILLS = {"waiting": "wait"}
"""The pattern of a part where it has not its name."""

LEGEND = {"unsplit": "not split", "unknown": "nobody recorded"}
"""The word of a part beside its pattern where it is not its own name."""

MARKS = {"before": "▲", "after": "▽", "same day": "●", "no handoff": "●", "not received": "×"}
MEANINGS = {
    "▲": "there before the person",
    "▽": "there after the person",
    "●": "there on the day, or sent with no handoff",
    "×": "not known to have arrived",
}


def draw_journeys(journeys: Sequence[OneJourney]) -> str:
    """A person's journeys as SVG with local dates, one below the other.

    Raises UnsupportedError where none takes time.
    """
    seen = [one for one in journeys if one.stretches]
    if not seen:
        raise UnsupportedError("nothing is recorded that takes time: there is nothing to draw")
    first, last = seen[0].from_at, max(one.to_at for one in seen)
    days = " to ".join(show_date(local(at, seen[0].zone).date()) for at in (first, last))
    title = f"{counted(len(seen), 'journey')} of one person, {days}"
    return svg.alone(_document([_Drawing(one, one.dated) for one in seen], title))


def draw_anonymous(journey: OneJourney, title: str, id_: str = ID) -> str:
    """A journey as SVG that shows no date; each drawing of a page has an ``id_`` of its own."""
    return _document([_Drawing(journey, journey.since, id_)], title, id_)


def _document(drawings: Iterable[_Drawing], title: str, id_: str = ID) -> str:
    parts: list[str] = []
    words: list[str] = []
    y = 0.0
    for one in drawings:
        parts.append(svg.element("g", "".join(one.parts()), transform=f"translate(0 {y:.0f})"))
        words += one.journey.lines(one.clock)
        y += one.y + 24
    paper = svg.element("rect", width=WIDTH, height=y, fill=svg.paint("card"))
    return svg.document(
        [paper, svg.patterns(id_), *parts],
        width=WIDTH,
        height=y,
        title=title,
        description="\n".join(words),
        id_=id_,
    )


@dataclass(frozen=True)
class _Lane:
    """The stays of a place (or of those that came last) and where their bar stands."""

    label: str
    stays: tuple[Stay, ...]
    y: float


@dataclass
class _Drawing:
    """One journey, drawn from the top down; ``y`` is how far it has come."""

    journey: OneJourney
    clock: Clock
    id_: str = ID
    y: float = 0.0
    lanes: list[_Lane] = field(default_factory=list)

    def parts(self) -> list[str]:
        """All that is drawn, what lies below first."""
        head = list(self._head())
        top = self.y
        hours = [*self._hours(), *self._legend()]
        places = list(self._group("In places", [s for s in self.journey.stays if s.in_place]))
        lists = list(self._group("On lists", [s for s in self.journey.stays if not s.in_place]))
        contacts = list(self._contacts())
        messages = list(self._messages())
        lines, tips = self._handoffs()
        lanes = [*hours, *places, *lists, *contacts, *messages]
        return [*head, *self._axis(top), *lines, *lanes, *tips]

    def x(self, at: int) -> float:
        """Where an instant stands; what lies outside the journey stands at its edge."""
        begin, end = self.journey.from_at, self.journey.to_at
        share = (at - begin) / max(end - begin, 1)
        return EDGE + SCALED * min(1.0, max(0.0, share))

    def _head(self) -> Iterator[str]:
        one = self.journey
        self.y = 6
        still = ", and goes on" if one.is_open else ""
        title = f"{show_hours(one.elapsed_hours)}{still}"
        if self._is_dated:
            title = f"Journey {one.number}: {title}"
        yield self._line(title, 18, weight=700, after=7)
        if self._is_dated:
            yield self._line(span(self.clock, one.from_at, one.to_at), LABEL)
        if one.were_moved:
            yield self._line(MOVED, SMALL, fill=svg.paint("soft"))
        counts = in_words({name: count for name, count in one.counts.items() if count})
        for words in svg.wrap(f"{counts}. {one.missing}", 78, 4):
            yield self._line(words, SMALL, fill=svg.paint("soft"))
        self.y += 8

    @property
    def _is_dated(self) -> bool:
        return self.clock == self.journey.dated

    def _line(self, words: str, size: int, *, after: float = 4, **attributes: object) -> str:
        """A line of text from the left edge; what follows stands below it."""
        self.y += size
        weight = attributes.pop("weight", None)
        drawn = svg.text(
            words, EDGE, self.y, font_size=size, font_weight=weight, **{**_HALO, **attributes}
        )
        self.y += after
        return drawn

    def _axis(self, top: float) -> Iterator[str]:
        begin, end = self.journey.from_at, self.journey.to_at
        if self._is_dated:
            ticks = time_axis.dated(begin, end, self.journey.zone)
        else:
            ticks = time_axis.since_start(begin, end)
        for tick in ticks:
            x = self.x(tick.at)
            yield svg.element("path", d=f"M{x:.1f} {top + 18}V{self.y}", stroke=svg.paint("line"))
            anchor = "start" if x < 40 else "end" if x > WIDTH - 40 else "middle"
            yield svg.text(
                tick.words, x, top + 13, font_size=SMALL, text_anchor=anchor,
                fill=svg.paint("soft"),
            )  # fmt: skip

    def _hours(self) -> Iterator[str]:
        """What each hour was."""
        self.y += 24
        for stretch in self.journey.stretches:
            told = f"{self.clock(stretch.from_at)}: {stretch.what}, {show_hours(stretch.hours)}"
            box = self._box(stretch, 28)
            yield svg.titled(box + self._word(stretch), told, class_="stretch")
        self.y += 28 + 6

    def _word(self, stretch: Stretch) -> str:
        """The word of a stretch, where it has room."""
        word = LEGEND.get(stretch.part, stretch.part)
        left, right = self.x(stretch.from_at), self.x(stretch.to_at)
        if right - left < 9 * len(word):
            return ""
        is_dark = stretch.part == "delay"
        halo = {} if is_dark else _HALO
        return svg.text(
            word, (left + right) / 2, self.y + 19, font_size=LABEL, text_anchor="middle",
            fill=svg.paint("on-delay") if is_dark else None, **halo,
        )  # fmt: skip

    def _box(self, one: Stretch | Part | Absence, height: float, dash: str | None = None) -> str:
        """The bar of a time; while the person was away it is as blank as unknown time."""
        part = "unknown" if isinstance(one, Absence) else one.part
        left, right = self.x(one.from_at), self.x(one.to_at)
        return svg.element(
            "rect", x=left, y=self.y, width=max(2.0, right - left), height=height,
            fill=f"url(#{self.id_}-{FILLS.get(part, part)})", stroke=svg.paint("ink"),
            stroke_width=0.8, stroke_dasharray="3 3" if part == "unknown" else dash,
        )  # fmt: skip

    def _legend(self) -> Iterator[str]:
        """Each pattern with its word and its hours."""
        x = EDGE
        self.y += 4
        for part, hours in self.journey.hours.items():
            words = f"{LEGEND.get(part, part)} {show_hours(hours)}"
            width = 30 + 7.2 * len(words) + 14
            if x + width > WIDTH:
                x, self.y = EDGE, self.y + 20
            yield svg.element(
                "rect", x=x, y=self.y + 1, width=22, height=13, stroke=svg.paint("ink"),
                fill=f"url(#{self.id_}-{FILLS.get(part, part)})", stroke_width=0.8,
                stroke_dasharray="3 3" if part == "unknown" else None,
            )  # fmt: skip
            yield svg.text(words, x + 28, self.y + 12, font_size=SMALL, **_HALO)
            x += width
        self.y += 26

    def _group(self, title: str, stays: Sequence[Stay]) -> Iterator[str]:
        """The lanes of places, or of lists: one for each, organisation by organisation."""
        if not stays:
            return
        yield self._line(title, LABEL, weight=700, after=2)
        for label, those in _lanes(stays):
            yield from self._lane(label, those)
        self.y += 6

    def _lane(self, label: str, stays: Sequence[Stay]) -> Iterator[str]:
        height = BAR if stays[0].in_place else BAR - 6
        length = lasted(0, sum(stay.to_at - stay.from_at for stay in stays))
        told = counted(len(stays), "stay") + f", {length}" if len(stays) > 1 else length
        name = svg.wrap(label, 78 - len(told), 1)[0]
        self.y += LABEL + 3
        yield svg.text(name, EDGE, self.y, font_size=LABEL, **_HALO)
        yield svg.text(
            told, WIDTH - EDGE, self.y, font_size=SMALL, text_anchor="end",
            fill=svg.paint("soft"), **_HALO,
        )  # fmt: skip
        self.y += 5
        self.lanes.append(_Lane(label, tuple(stays), self.y + height / 2))
        for stay in stays:
            dash = None if stay.in_place else "5 2"
            drawn = "".join(self._box(part, height, dash) for part in stay.parts)
            drawn += "".join(self._box(absence, height) for absence in stay.absences)
            if stay.end == "open":
                x, y = self.x(stay.to_at), self.y + height / 2
                drawn += svg.element("path", d=f"M{x + 2:.1f} {y - 6}l8 6l-8 6z")
            length = lasted(stay.from_at, stay.to_at)
            yield svg.titled(drawn, f"{self.clock(stay.from_at)}: {stay.what}, {length}")
        self.y += height + 6

    def _handoffs(self) -> tuple[list[str], list[str]]:
        """Lines from the stays that were left to those that followed, and their tips."""
        found = {stay.number: (stay, lane.y) for lane in self.lanes for stay in lane.stays}
        lines, tips = [], []
        for handoff in self.journey.handoffs:
            (left, from_y), (came, to_y) = (
                found.get(number, (None, 0.0)) for number in (handoff.from_stay, handoff.to_stay)
            )
            if left and came and from_y != to_y:
                x, to_x = (
                    self.x(min(left.to_at, max(left.from_at, came.from_at))),
                    self.x(came.from_at),
                )
                way = BAR / 2 if to_y > from_y else -BAR / 2
                line = svg.element(
                    "path", d=f"M{x:.1f} {from_y}L{to_x:.1f} {to_y - way:.1f}", fill="none",
                    stroke=svg.paint("accent"), stroke_width=1.4,
                )  # fmt: skip
                told = f"Handed over: {handoff.told(self.clock)}"
                lines.append(svg.titled(line, told, class_="handoff"))
                tip = f"M{to_x:.1f} {to_y:.1f}l-4.5 {-way}h9z"
                tips.append(
                    svg.element(
                        "path", d=tip, fill=svg.paint("accent"), stroke=svg.paint("card"),
                        stroke_width=0.8,
                    )
                )  # fmt: skip
        return lines, tips

    def _contacts(self) -> Iterator[str]:
        """A stroke at each contact."""
        contacts = self.journey.contacts
        if not contacts:
            return
        yield self._line("Contacts", LABEL, weight=700, after=2)
        self.y += 4
        strokes = "".join(f"M{self.x(one.at):.1f} {self.y}v{CONTACT}" for one in contacts)
        drawn = svg.element("path", d=strokes, stroke=svg.paint("ink"), stroke_width=1.2)
        told = "; ".join(self.journey.contacts_in_words(self.clock))
        yield svg.titled(drawn, told, class_="contacts")
        self.y += CONTACT + 8

    def _messages(self) -> Iterator[str]:
        """What was sent about the person: from sending to being there, and a mark for when."""
        messages = self.journey.messages
        if not messages:
            return
        yield self._line("Messages", LABEL, weight=700, after=2)
        self.y += 14
        for message in messages:
            yield svg.titled(self._message(message), message.told(self.clock), class_="message")
        self.y += 14
        marks = dict.fromkeys(MARKS[message.came] for message in messages)
        told = "; ".join(f"{mark} {MEANINGS[mark]}" for mark in MEANINGS if mark in marks)
        for words in svg.wrap(told, 78, 3):
            yield self._line(words, SMALL, fill=svg.paint("soft"))

    def _message(self, message: Message) -> str:
        sent = self.x(message.known_at)
        there = self.x(message.there_at if message.there_at is not None else message.known_at)
        line = svg.element("path", d=f"M{sent:.1f} {self.y}H{there:.1f}", stroke=svg.paint("ink"))
        return line + svg.text(
            MARKS[message.came], there, self.y + 5, font_size=SMALL, text_anchor="middle", **_HALO
        )


_HALO = {
    "stroke": svg.paint("card"),
    "stroke_width": 3,
    "stroke_linejoin": "round",
    "paint_order": "stroke",
}
"""Keeps words readable on lines and patterns."""


def _lanes(stays: Sequence[Stay]) -> list[tuple[str, list[Stay]]]:
    """A lane for each place, those of one organisation together, in order of coming."""
    first: dict[str, int] = {}
    for stay in stays:
        first.setdefault(stay.organisation, len(first))
    ordered = sorted(stays, key=lambda stay: first[stay.organisation])
    lanes: dict[tuple[str, str], list[Stay]] = {}
    for stay in ordered:
        lanes.setdefault((stay.organisation, stay.place), []).append(stay)
    named = [
        (where(place, run) or "Place not recorded", own) for (run, place), own in lanes.items()
    ]
    if len(named) <= MOST_LANES:
        return named
    kept, rest = named[: MOST_LANES - 1], named[MOST_LANES - 1 :]
    shared = [stay for _, own in rest for stay in own]
    return [*kept, (f"{len(rest)} further places", shared)]
