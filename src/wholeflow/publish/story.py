"""One journey as a story: a lane for each place in order of first arrival.

Only relative time is shown (day 0, day 1, ...): no date and nothing that names the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wholeflow.core.time import HOUR, show_hours
from wholeflow.journeys import Journeys
from wholeflow.publish import svg
from wholeflow.publish.words import counted

ID = "one-journey"
TITLE = "One journey"
LEFT = 190.0
WIDTH = 900.0
RIGHT = 16.0
LANE = 38.0
BAR = 20.0
TOP = 30.0
TICKS = 8
MOST_LANES = 14

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

STAYS = """
    SELECT d.name AS place, s.holds, s.end_kind, s.begin_at, s.started_at, s.ready_at, s.seen_to
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    WHERE s.journey = ? AND s.begin_at IS NOT NULL AND s.in_order
    ORDER BY s.begin_at, s.stay
"""


@dataclass(frozen=True)
class Part:
    """A stretch of a stay: wait, care, delay or not split, in hours since the journey began."""

    kind: str
    from_hours: float
    to_hours: float


@dataclass(frozen=True)
class Visit:
    """A stay of the journey and its parts."""

    place: str
    is_caseload: bool
    end_kind: str
    parts: tuple[Part, ...]

    @property
    def from_hours(self) -> float:
        """When it began."""
        return self.parts[0].from_hours

    @property
    def to_hours(self) -> float:
        """When it ended, or was last seen."""
        return self.parts[-1].to_hours


@dataclass(frozen=True)
class Story:
    """A journey as drawing and as sentences that say the same."""

    svg: str
    sentences: tuple[str, ...]
    summary: str


def typical(journeys: Journeys) -> int | None:
    """The journey with most places among those of middling length; always the same one."""
    found = journeys.query(TYPICAL)
    return int(found["journey"][0].as_py()) if found.num_rows else None


def story(journeys: Journeys) -> Story | None:
    """A typical journey as a story; None where there is none."""
    chosen = typical(journeys)
    visits = visits_of(journeys, chosen) if chosen is not None else []
    if not visits:
        return None
    sentences = tuple(_sentence(visit) for visit in visits)
    places = len({visit.place for visit in visits})
    hours = max(visit.to_hours for visit in visits)
    summary = (
        f"A journey of {show_hours(hours)} with {counted(len(visits), 'stay')} in "
        f"{counted(places, 'place')}: of the fifth of journeys nearest to the median length, "
        "one with most places. It is an example and proves nothing about others."
    )
    return Story(draw(visits, summary), sentences, summary)


def visits_of(journeys: Journeys, journey: int) -> list[Visit]:
    """The stays of one journey with times since its beginning."""
    rows = journeys.query(STAYS, (journey,)).to_pylist()
    start = min((row["begin_at"] for row in rows), default=0)
    made = []
    for row in rows:
        cuts = [row[name] for name in ("begin_at", "started_at", "ready_at", "seen_to")]
        parts = _parts([None if at is None else (at - start) / HOUR for at in cuts])
        place = row["place"] or "Place not recorded"
        made.append(Visit(place, row["holds"] == "caseload", row["end_kind"], parts))
    return made


def _parts(cuts: Sequence[float | None]) -> tuple[Part, ...]:
    """The stay cut at the start of care and at ready, where they are recorded (rule §13)."""
    begin, started, ready, end = cuts
    first, last = begin or 0.0, max(end or 0.0, begin or 0.0)
    if started is None and ready is None:
        return (Part("unsplit", first, last),)
    if started is None:
        return (Part("unsplit", first, ready or first), Part("delay", ready or first, last))
    waited = Part("wait", first, started)
    if ready is None:
        every = [waited, Part("unsplit", started, last)]
    else:
        every = [waited, Part("care", started, ready), Part("delay", ready, last)]
    return tuple(part for part in every if _is_seen(part)) or (waited,)


def _is_seen(part: Part) -> bool:
    return part.to_hours > part.from_hours


# Words


WORDS = {"wait": "waited", "care": "in care", "delay": "delayed", "unsplit": "not split"}
ENDS = {
    "open": "still open",
    "died": "the person died",
    "lost": "the end is not recorded",
    "moved on": "ended with the next arrival",
}


def _sentence(visit: Visit) -> str:
    how = "on the list of" if visit.is_caseload else "in"
    parts = ", ".join(
        f"{WORDS[part.kind]} {show_hours(part.to_hours - part.from_hours)}" for part in visit.parts
    )
    end = ENDS.get(visit.end_kind, visit.end_kind.replace("_", " "))
    length = show_hours(visit.to_hours - visit.from_hours)
    return f"{_clock(visit.from_hours)}: {how} {visit.place} for {length} ({parts}; {end})."


def _clock(hours: float) -> str:
    """Hours since the beginning as day and time since then.

    >>> _clock(0.0), _clock(30.5)
    ('Day 0', 'Day 1 and 6 h 30 min')
    """
    day, rest = divmod(hours, 24)
    return f"Day {int(day):,}" + (f" and {show_hours(rest)}" if round(rest * 60) else "")


# Drawing


def draw(visits: Sequence[Visit], summary: str) -> str:
    """The lanes of a journey as SVG."""
    lanes = _lanes(visits)
    total = max(max(visit.to_hours for visit in visits), 1 / 60)
    scale = (WIDTH - LEFT - RIGHT) / total
    height = TOP + LANE * (max(lanes.values()) + 1)
    parts = [svg.patterns(ID), _hatch(), *_ticks(total, scale, height)]
    parts += _lane_names(visits, lanes)
    parts += [_visit(visit, lanes[visit.place], scale) for visit in visits]
    parts += _legend(visits, height + 26)
    description = f"{summary} {' '.join(_sentence(visit) for visit in visits[:12])}"
    return svg.document(
        parts, width=WIDTH, height=height + 58, title=TITLE, description=description, id_=ID
    )


def _lanes(visits: Sequence[Visit]) -> dict[str, int]:
    """The lane of each place, by first arrival; beyond the last lane places share one."""
    lanes: dict[str, int] = {}
    for visit in visits:
        lanes.setdefault(visit.place, min(len(lanes), MOST_LANES - 1))
    return lanes


def _hatch() -> str:
    return (
        f'<defs><pattern id="{ID}-list" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="M0 6L6 0" stroke="{svg.paint("ink")}" stroke-width=".9"/></pattern></defs>'
    )


def _ticks(total: float, scale: float, height: float) -> list[str]:
    step = next((s for s in (1, 2, 7, 14, 28, 56, 91, 182, 364) if total / 24 / s <= TICKS), 728)
    made = []
    for day in range(0, int(total / 24) + 1, step):
        x = LEFT + day * 24 * scale
        made.append(
            svg.element("path", d=f"M{x:.1f} {TOP - 6}V{height}", stroke=svg.paint("line"))
            + svg.text(f"day {day}", x, TOP - 12, font_size=12, fill=svg.paint("soft"))
        )
    return made


def _lane_names(visits: Sequence[Visit], lanes: dict[str, int]) -> list[str]:
    made = []
    for place, lane in lanes.items():
        y = TOP + lane * LANE
        made.append(
            svg.element(
                "path", d=f"M0 {y + LANE}H{WIDTH - RIGHT}", stroke=svg.paint("line"), opacity=0.6
            )
        )
        if lane < MOST_LANES - 1 or len(lanes) == MOST_LANES:
            lines = svg.wrap(place, 25, 2)
            first = y + LANE / 2 + 4 - 7 * (len(lines) - 1)
            made += [svg.text(line, 4, first + 14 * at) for at, line in enumerate(lines)]
    if len(lanes) > MOST_LANES:
        y = TOP + (MOST_LANES - 1) * LANE + LANE / 2 + 4
        made.append(svg.text(f"{len(lanes) - MOST_LANES + 1} further places", 4, y))
    return made


def _visit(visit: Visit, lane: int, scale: float) -> str:
    y = TOP + lane * LANE + (LANE - BAR) / 2
    made = []
    for part in visit.parts:
        x = LEFT + part.from_hours * scale
        width = max(2.0, (part.to_hours - part.from_hours) * scale)
        box = {"x": x, "y": y, "width": width, "height": BAR}
        made.append(svg.element("rect", **box, fill=f"url(#{ID}-{part.kind})"))
        if visit.is_caseload:
            made.append(svg.element("rect", **box, fill=f"url(#{ID}-list)", opacity=0.5))
    x, width = LEFT + visit.from_hours * scale, (visit.to_hours - visit.from_hours) * scale
    made.append(
        svg.element(
            "rect", x=x, y=y, width=max(2.0, width), height=BAR, fill="none",
            stroke=svg.paint("ink"), stroke_dasharray="4 2" if visit.is_caseload else None,
        )
    )  # fmt: skip
    return svg.titled("".join(made), _sentence(visit), class_="visit")


def _legend(visits: Sequence[Visit], y: float) -> list[str]:
    kinds = {part.kind for visit in visits for part in visit.parts}
    names = {"wait": "waiting", "care": "care", "delay": "delay", "unsplit": "not split"}
    entries: list[tuple[str, str | None, str]] = [
        (f"url(#{ID}-{kind})", None, names[kind]) for kind in names if kind in kinds
    ]
    if any(visit.is_caseload for visit in visits):
        entries.append((f"url(#{ID}-list)", "4 2", "hatched, broken frame: on a list"))
    made, x = [], LEFT
    for fill, dash, words in entries:
        made.append(
            svg.element(
                "rect", x=x, y=y - 11, width=24, height=13, fill=fill, stroke=svg.paint("ink"),
                stroke_dasharray=dash,
            )
        )  # fmt: skip
        made.append(svg.text(words, x + 31, y, font_size=12))
        x += 52 + 7 * len(words)
    return made
