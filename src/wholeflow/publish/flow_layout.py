"""Where the boxes and arcs of a flow map lie.

    settings -> columns -> an order in each column with few crossings -> heights and positions
    -> a port on a side of its box for each end of an arc -> the points that each arc runs through

An arc that passes a column has a slot of its own there, so it never runs behind a box.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from wholeflow.publish.flow_choice import Arc, Box, FlowChoice
from wholeflow.publish.svg import wrap

MOST_COLUMNS = 6
BOX_WIDTH = 144.0
MARGIN = 84.0
TOP = 62.0
WIDEST = 26.0
LETTERS = 17
LINE = 15.0
PORT_GAP = 3.0
LOOP_ROOM = 26.0
SWEEPS = 8
SLACK = 44.0
"""How much more than its gap may lie between neighbours of a column."""


class Point(NamedTuple):
    """A point of the drawing."""

    x: float
    y: float


@dataclass
class Slot:
    """What takes room in a column: a box, or an arc that passes by."""

    column: int
    height: float
    gap: float
    box: Box | None = None
    y: float = 0.0
    links: list[tuple[Slot, int]] = field(default_factory=list, repr=False)

    @property
    def middle(self) -> float:
        """Its middle, from the top."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class PlacedBox:
    """A box and its corner, size and lines of text."""

    box: Box
    corner: Point
    height: float
    title_lines: tuple[str, ...]
    notes: tuple[str, ...]
    way_in: Point
    way_out: Point


@dataclass(frozen=True)
class PlacedArc:
    """An arc and the points that it runs through; each leg is a pair of them.

    ``leaves`` and ``reaches`` are 1 to the right and -1 to the left.
    """

    arc: Arc
    width: float
    points: tuple[Point, ...]
    leaves: int
    reaches: int

    @property
    def goes_back(self) -> bool:
        """True when it runs to an earlier column."""
        return self.leaves == -1


@dataclass(frozen=True)
class Layout:
    """The whole drawing."""

    boxes: tuple[PlacedBox, ...]
    arcs: tuple[PlacedArc, ...]
    columns: tuple[tuple[str, ...], ...]
    column_gap: float
    width: float
    height: float
    scale: float

    def column_left(self, at: int) -> float:
        """Where a column begins."""
        return MARGIN + at * (BOX_WIDTH + self.column_gap)


@dataclass(frozen=True)
class _Route:
    """An arc with the slots that it runs through, its own ends included."""

    arc: Arc
    width: float
    slots: tuple[Slot, ...]

    @property
    def step(self) -> int:
        """1 forward, -1 back, 0 within a column."""
        first, last = self.slots[0].column, self.slots[-1].column
        return (last > first) - (last < first)


def lay_out(choice: FlowChoice) -> Layout:
    """Find room for everything that is to be shown."""
    columns = _columns(choice.boxes)
    scale = WIDEST / _largest(choice)
    slots = _box_slots(choice, columns, scale)
    routes = [_route(arc, slots, scale) for arc in choice.arcs]
    _arrange(routes, list(slots.values()))
    gap = 170.0 if len(columns) <= 3 else 118.0 if len(columns) <= 5 else 88.0
    ports = _ports(slots, routes, scale, gap)
    boxes = tuple(_placed(slot, gap, ports) for slot in slots.values())
    arcs = tuple(_run(route, ports, gap) for route in routes)
    every = [*slots.values(), *(slot for route in routes for slot in route.slots)]
    width = 2 * MARGIN + len(columns) * BOX_WIDTH + (len(columns) - 1) * gap
    if any(route.step == 0 and route.slots[0].column == len(columns) - 1 for route in routes):
        width += 30
    height = max(slot.y + slot.height + LOOP_ROOM for slot in every) + 10
    return Layout(boxes, arcs, columns, gap, width, height, scale)


def _largest(choice: FlowChoice) -> int:
    ways = [max(box.entered, box.ends["left"]) for box in choice.boxes]
    return max([1, *ways, *(arc.moves for arc in choice.arcs)])


def _columns(boxes: Sequence[Box]) -> tuple[tuple[str, ...], ...]:
    """Settings in their natural order; where there are many, neighbours with few boxes share."""
    counts: dict[str, int] = defaultdict(int)
    for box in boxes:
        counts[box.setting] += 1
    columns = [(setting,) for setting in counts]
    groups: list[tuple[str, ...]] = list(columns)
    while len(groups) > MOST_COLUMNS:
        sizes = [sum(counts[setting] for setting in group) for group in groups]
        at = min(range(len(groups) - 1), key=lambda i: sizes[i] + sizes[i + 1])
        groups[at : at + 2] = [groups[at] + groups[at + 1]]
    return tuple(groups)


def width_of(moves: int, scale: float) -> float:
    """The width of a line for so many moves."""
    return max(1.4, moves * scale)


def _box_slots(
    choice: FlowChoice, columns: Sequence[tuple[str, ...]], scale: float
) -> dict[str, Slot]:
    column_of = {setting: at for at, group in enumerate(columns) for setting in group}
    slots = {}
    for box in choice.boxes:
        column = column_of[box.setting]
        room = max(
            _port_room(box, choice.arcs, scale, column, column_of, choice.boxes),
            LINE * (len(_title(box)) + len(_notes(box)) + 1) + 14,
        )
        gap = 22 + (LOOP_ROOM if box.within else 0)
        slots[box.title] = Slot(column, room, gap, box)
    return slots


def _title(box: Box) -> tuple[str, ...]:
    return tuple(wrap(box.title, LETTERS, 3))


def _notes(box: Box) -> tuple[str, ...]:
    words = {"died": "died", "open": "still there", "lost": "end not known"}
    return tuple(f"{box.ends[end]:,} {said}" for end, said in words.items() if box.ends[end])


def _port_room(
    box: Box,
    arcs: Iterable[Arc],
    scale: float,
    column: int,
    column_of: dict[str, int],
    boxes: Sequence[Box],
) -> float:
    """The height that the ends of arcs need on the fuller side of a box."""
    setting_of = {other.title: other.setting for other in boxes}
    left = width_of(box.entered, scale) + PORT_GAP if box.entered else 0.0
    right = width_of(box.ends["left"], scale) + PORT_GAP if box.ends["left"] else 0.0
    for arc in arcs:
        if box.title not in (arc.source, arc.target):
            continue
        other = arc.target if arc.source == box.title else arc.source
        room = width_of(arc.moves, scale) + PORT_GAP
        if column_of[setting_of[other]] < column:
            left += room
        else:
            right += room
    return max(left, right) + 14


def _route(arc: Arc, slots: dict[str, Slot], scale: float) -> _Route:
    """The arc with a slot in each column that it passes; links say who is beside whom."""
    first, last = slots[arc.source], slots[arc.target]
    width = width_of(arc.moves, scale)
    step = 1 if last.column > first.column else -1
    passed = range(first.column + step, last.column, step) if first.column != last.column else ()
    run = (first, *(Slot(column, width, 9.0) for column in passed), last)
    for one, other in pairwise(run):
        one.links.append((other, arc.moves))
        other.links.append((one, arc.moves))
    return _Route(arc, width, run)


# An order with few crossings, and positions near to what each slot is linked with


def _arrange(routes: Sequence[_Route], boxes: Sequence[Slot]) -> None:
    passing = [slot for route in routes for slot in route.slots[1:-1]]
    by_column: dict[int, list[Slot]] = defaultdict(list)
    for slot in [*boxes, *passing]:
        by_column[slot.column].append(slot)
    columns = [by_column[at] for at in sorted(by_column)]
    for column in columns:
        _stack(column)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            column.sort(key=_pull)
            _stack(column)
            _centre(column, columns)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _settle(column)
    top = min(slot.y for column in columns for slot in column)
    for slot in (slot for column in columns for slot in column):
        slot.y += TOP - top


def _pull(slot: Slot) -> float:
    """The middle of what a slot is linked with."""
    total = sum(moves for _, moves in slot.links)
    pulled = sum(other.middle * moves for other, moves in slot.links)
    return pulled / total if total else slot.middle


def _stack(column: Sequence[Slot]) -> None:
    y = 0.0
    for slot in column:
        slot.y = y
        y += slot.height + slot.gap


def _centre(column: Sequence[Slot], columns: Sequence[Sequence[Slot]]) -> None:
    tallest = max(one[-1].y + one[-1].height - one[0].y for one in columns)
    shift = (tallest - (column[-1].y + column[-1].height)) / 2
    for slot in column:
        slot.y += shift


def _settle(column: Sequence[Slot]) -> None:
    """Move each slot towards its links and push apart what then overlaps, keeping the order."""
    wanted = [_pull(slot) - slot.height / 2 for slot in column]
    y = wanted[0]
    for slot, wish in zip(column, wanted, strict=True):
        slot.y = max(y, min(wish, y + SLACK))
        y = slot.y + slot.height + slot.gap
    shift = sum(wish - slot.y for slot, wish in zip(column, wanted, strict=True)) / len(column)
    for slot in column:
        slot.y += shift


# Ports: where on which side an arc meets its box

IN, OUT = "way in", "way out"
Ports = dict[tuple[str, object], Point]


def _ports(slots: dict[str, Slot], routes: Sequence[_Route], scale: float, gap: float) -> Ports:
    ports: Ports = {}
    for title, slot in slots.items():
        for side in (-1, 1):
            ends = _ends(title, side, slot, routes, scale)
            x = _left(slot, gap) + (BOX_WIDTH if side == 1 else 0)
            y = slot.middle - (sum(w for _, _, w in ends) + PORT_GAP * (len(ends) - 1)) / 2
            for _, name, width in ends:
                ports[title, name] = Point(x, y + width / 2)
                y += width + PORT_GAP
    return ports


def _left(slot: Slot, gap: float) -> float:
    return MARGIN + slot.column * (BOX_WIDTH + gap)


def _ends(
    title: str, side: int, slot: Slot, routes: Sequence[_Route], scale: float
) -> list[tuple[float, object, float]]:
    """What meets one side of a box, from the top: (where it comes from, name, width)."""
    ends: list[tuple[float, object, float]] = []
    for route in routes:
        if route.arc.source == title and (route.step or 1) == side:
            ends.append((route.slots[1].middle, (route.arc, "from"), route.width))
        if route.arc.target == title and (-route.step or 1) == side:
            ends.append((route.slots[-2].middle, (route.arc, "to"), route.width))
    ends.sort(key=lambda end: end[0])
    box = slot.box
    if box and side == -1 and box.entered:
        ends.insert(0, (0.0, IN, width_of(box.entered, scale)))
    if box and side == 1 and box.ends["left"]:
        ends.append((0.0, OUT, width_of(box.ends["left"], scale)))
    return ends


def _placed(slot: Slot, gap: float, ports: Ports) -> PlacedBox:
    box = slot.box
    if box is None:
        raise AssertionError("only boxes are placed")
    corner = Point(_left(slot, gap), slot.y)
    return PlacedBox(
        box,
        corner,
        slot.height,
        _title(box),
        _notes(box),
        ports.get((box.title, IN), corner),
        ports.get((box.title, OUT), Point(corner.x + BOX_WIDTH, corner.y)),
    )


def _run(route: _Route, ports: Ports, gap: float) -> PlacedArc:
    arc, step = route.arc, route.step or 1
    points = [ports[arc.source, (arc, "from")]]
    for slot in route.slots[1:-1]:
        sides = [_left(slot, gap), _left(slot, gap) + BOX_WIDTH]
        points += [Point(x, slot.middle) for x in (sides if step == 1 else sides[::-1])]
    points.append(ports[arc.target, (arc, "to")])
    return PlacedArc(arc, route.width, tuple(points), step, route.step or -1)
