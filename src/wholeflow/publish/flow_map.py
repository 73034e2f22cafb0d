"""The flow map: places as boxes in the natural order of settings, moves as arcs between them.

The width of an arc and its number are moves. Darker arcs had longer median known waits, and
the wait is written beside the number, so that nothing rests on colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa

from wholeflow.core.time import show_hours
from wholeflow.publish import svg
from wholeflow.publish.flow_choice import Arc, FlowChoice, choose
from wholeflow.publish.flow_layout import (
    BOX_WIDTH,
    LINE,
    Layout,
    PlacedArc,
    PlacedBox,
    Point,
    lay_out,
    width_of,
)
from wholeflow.publish.words import counted, setting_title

ID = "flow-map"
TITLE = "Flow map"
STUB = 30.0
THIN, CORE = 4.0, 0.42
"""The width from which a line can have a light core, and the core's share of it."""

MOST_LABELS = 22
LABEL_SHARE = 0.015
SHADES = ((1.0, "flow-1", "under 1 h"), (4.0, "flow-2", "1 to 4 h"), (24.0, "flow-3", "4 to 24 h"))
LONGEST = ("flow-4", "over 24 h")

Rectangle = tuple[float, float, float, float]


def flow_map(transitions: pa.Table, places: Sequence[tuple[str, str, str | None, str]]) -> str:
    """The flow map of the table ``transitions`` as SVG.

    ``places``: (place, setting, organisation, holds) of each. Places that are not among them
    count as of the setting ``other``. Beyond about 14 places the smaller ones of a setting
    share a box; beyond 40 arcs those under 1 % are left out and counted in the drawing.
    """
    choice = choose(transitions, places)
    if not choice.boxes:
        return svg.document(
            [svg.text("No moves are recorded.", 12, 24)],
            width=300, height=40, title=TITLE, description="No moves are recorded.", id_=ID,
        )  # fmt: skip
    return _draw(choice, lay_out(choice))


def describe(choice: FlowChoice) -> str:
    """What the map shows, for those who don't see it."""
    largest = [f"{a.source} to {a.target} {a.moves:,}" for a in choice.arcs[:3]]
    boxes = counted(len(choice.boxes), "place or group", "places or groups of places")
    words = f"{boxes}, {counted(len(choice.arcs), 'line')} between them."
    if largest:
        words += f" The largest moves: {'; '.join(largest)}."
    said = [words, not_drawn(choice), "Every move is in the table below the map."]
    return " ".join(part for part in said if part)


def not_drawn(choice: FlowChoice) -> str:
    """How many moves the map leaves out, or an empty text."""
    if not choice.not_drawn_arcs:
        return ""
    return (
        f"Not drawn: {counted(choice.not_drawn_moves, 'move')} on "
        f"{counted(choice.not_drawn_arcs, 'small line')} (each under 1% of the moves)."
    )


def _draw(choice: FlowChoice, layout: Layout) -> str:
    taken = [_rectangle(placed) for placed in layout.boxes]
    ways = [part for placed in layout.boxes for part in _ways(placed, layout.scale, taken)]
    labels = _labels(choice, layout, taken)
    some_known = any(arc.wait_hours is not None for arc in choice.arcs)
    legend, legend_height = _legend(choice, layout)
    parts = [
        *_headings(layout),
        *(_arc(placed, some_known and placed.arc.wait_hours is None) for placed in layout.arcs),
        *(_box(placed) for placed in layout.boxes),
        *ways,
        *labels,
        *legend,
    ]
    return svg.document(
        parts,
        width=layout.width,
        height=layout.height + legend_height,
        title=TITLE,
        description=describe(choice),
        id_=ID,
    )


def _rectangle(placed: PlacedBox) -> Rectangle:
    return placed.corner.x, placed.corner.y, BOX_WIDTH, placed.height


def _headings(layout: Layout) -> list[str]:
    """The settings of each column, above it."""
    made = []
    for at, settings in enumerate(layout.columns):
        x = layout.column_left(at)
        words = " / ".join(setting_title(setting) for setting in settings)
        for row, line in enumerate(svg.wrap(words, 24, 3)):
            made.append(svg.text(line, x, 14 + 14 * row, font_size=12, fill=svg.paint("soft")))
    return made


# Boxes, and the ways in and out


def _box(placed: PlacedBox) -> str:
    box, (x, y) = placed.box, placed.corner
    dash = "5 3" if box.holds == "caseload" else None
    frame = svg.element(
        "rect", x=x, y=y, width=BOX_WIDTH, height=placed.height, rx=6,
        fill=svg.paint("card"), stroke=svg.paint("ink"), stroke_width=1.3, stroke_dasharray=dash,
    )  # fmt: skip
    lines = [*placed.title_lines, *placed.notes]
    first = y + placed.height / 2 - (len(lines) - 1) * LINE / 2 + 4.5
    written = "".join(
        svg.text(
            line, x + BOX_WIDTH / 2, first + at * LINE, text_anchor="middle",
            font_weight=600 if at < len(placed.title_lines) else None,
            font_size=13 if at < len(placed.title_lines) else 11.5,
        )
        for at, line in enumerate(lines)
    )  # fmt: skip
    return svg.titled(frame + written + _loop(placed), _box_title(placed), class_="box")


def _box_title(placed: PlacedBox) -> str:
    box = placed.box
    where = f" ({box.organisation})" if box.organisation else ""
    ways = ((box.entered, "came in"), (box.ends["left"], "left"))
    said = [f"{n:,} {words}" for n, words in ways if n] + list(placed.notes)
    if box.within:
        said.append(f"{box.within:,} moves within")
    if box.is_merged:
        said.append(f"these places: {', '.join(box.places)}")
    return f"{box.title}{where}: {'; '.join(said)}" if said else f"{box.title}{where}"


def _loop(placed: PlacedBox) -> str:
    """Moves from a box to itself, under it."""
    if not placed.box.within:
        return ""
    x, y = placed.corner.x + BOX_WIDTH - 34, placed.corner.y + placed.height
    path = f"M{x:.1f} {y:.1f}c-4 20 24 20 20 6"
    line = svg.element(
        "path", d=path, fill="none", stroke=svg.paint("soft"), stroke_width=2.4, class_="loop"
    )
    head = _head(Point(x + 20, y), (0, -1), 3.2, "soft")
    words = f"{placed.box.within:,} within"
    label = svg.text(words, x - 6, y + 15, text_anchor="end", font_size=11.5)
    return line + head + label


def _ways(placed: PlacedBox, scale: float, taken: list[Rectangle]) -> list[str]:
    """The short lines of those who come in from outside and of those who leave."""
    box, made = placed.box, []
    if box.entered:
        at = placed.way_in
        words = f"{box.entered:,} came in to {box.title}"
        made.append(_way(Point(at.x - STUB, at.y), at, box.entered, scale, words, taken))
    if box.ends["left"]:
        at = placed.way_out
        words = f"{box.ends['left']:,} left from {box.title}"
        end = Point(at.x + STUB, at.y)
        made.append(_way(at, end, box.ends["left"], scale, words, taken))
    return made


def _way(
    first: Point, last: Point, moves: int, scale: float, title: str, taken: list[Rectangle]
) -> str:
    width = width_of(moves, scale)
    head = _head_length(width)
    line = svg.element(
        "path", d=f"M{first.x:.1f} {first.y:.1f}H{last.x - head:.1f}",
        stroke=svg.paint("flow"), stroke_width=width, fill="none",
    )  # fmt: skip
    taken.append((first.x, first.y - width / 2, STUB, width))
    label = _way_label(f"{moves:,}", first, last, width, title, taken)
    return svg.titled(line + _head(last, (1, 0), width, "flow") + label, title, class_="way")


def _way_label(
    words: str, first: Point, last: Point, width: float, title: str, taken: list[Rectangle]
) -> str:
    """The number at the outer end of the line, above or below it; none where all is taken.

    A number that can't be read is worse than none: the title and the table still have it.
    """
    size, off = 7.6 * len(words), width / 2 + 6
    if title.startswith(f"{words} left"):
        beside, inner, anchor = last.x + 4, last.x - 6, "start"
    else:
        beside, inner, anchor = first.x - 4, first.x + 8, "end"
    spots = [(beside, 0.0), (inner, -off), (inner, off)]
    for x, down in spots:
        wanted = (x if anchor == "start" else x - size, first.y + down - 7, size, 14.0)
        if not any(_overlap(wanted, other) for other in taken):
            taken.append(wanted)
            return _halo(words, x, first.y + down + 4.2, anchor)
    return ""


# Arcs


def _arc(placed: PlacedArc, hollow: bool) -> str:
    """An arc; ``hollow`` ones have a light core, which says in black and white: no wait known."""
    arc, tip = placed.arc, placed.points[-1]
    colour, _ = shade(arc.wait_hours)
    head = _head_length(placed.width)
    path = _path([*placed.points[:-1], Point(tip.x - placed.reaches * head, tip.y)], placed)
    dash = "9 3" if placed.goes_back else None
    line = svg.element(
        "path", d=path, fill="none", stroke=svg.paint(colour), stroke_width=placed.width,
        stroke_opacity=0.85, stroke_dasharray=dash,
    )  # fmt: skip
    if hollow and placed.width >= THIN:
        core = placed.width * CORE
        line += svg.element(
            "path", d=path, fill="none", stroke=svg.paint("card"), stroke_width=core
        )
    tip_of = _head(tip, (placed.reaches, 0), placed.width, colour)
    return svg.titled(line + tip_of, _arc_title(arc), class_="arc")


def _arc_title(arc: Arc) -> str:
    wait = "wait not known"
    if arc.wait_hours is not None:
        about = "about " if arc.is_about else ""
        wait = f"median wait {about}{show_hours(arc.wait_hours)} ({arc.waits:,} recorded)"
    return f"{arc.source} to {arc.target}: {counted(arc.moves, 'move')}, {wait}"


def shade(hours: float | None) -> tuple[str, str]:
    """The colour and the words for a median wait."""
    if hours is None:
        return "flow", "no wait known"
    for limit, colour, words in SHADES:
        if hours < limit:
            return colour, words
    return LONGEST


def _path(points: Sequence[Point], placed: PlacedArc) -> str:
    first = points[0]
    words = [f"M{first.x:.1f} {first.y:.1f}"]
    for one, other in pairwise(points):
        if abs(one.y - other.y) < 0.1:
            words.append(f"L{other.x:.1f} {other.y:.1f}")
            continue
        a, b = _handles(one, other, placed)
        words.append(f"C{a.x:.1f} {a.y:.1f} {b.x:.1f} {b.y:.1f} {other.x:.1f} {other.y:.1f}")
    return "".join(words)


def _handles(one: Point, other: Point, placed: PlacedArc) -> tuple[Point, Point]:
    """The two inner points of the curve between two points."""
    if placed.leaves != placed.reaches:
        bulge = min(74.0, 34 + abs(other.y - one.y) * 0.14)
        return Point(one.x + bulge, one.y), Point(other.x + bulge, other.y)
    bend = max(24.0, abs(other.x - one.x) * 0.5) * placed.leaves
    return Point(one.x + bend, one.y), Point(other.x - bend, other.y)


def _head_length(width: float) -> float:
    return 5 + width * 0.35


def _head(tip: Point, direction: tuple[int, int], width: float, colour: str) -> str:
    length, half = _head_length(width), width / 2 + 3
    dx, dy = direction
    back = Point(tip.x - dx * length, tip.y - dy * length)
    across = dy * half, dx * half
    corners = [
        tip,
        (back.x - across[0], back.y + across[1]),
        (back.x + across[0], back.y - across[1]),
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return svg.element("polygon", points=points, fill=svg.paint(colour))


# Labels: each beside the middle of its arc, where nothing is yet


def _labels(choice: FlowChoice, layout: Layout, taken: list[Rectangle]) -> list[str]:
    least = LABEL_SHARE * sum(arc.moves for arc in choice.arcs)
    made = []
    for placed in layout.arcs[:MOST_LABELS]:
        if placed.arc.moves < least:
            break
        words = f"{placed.arc.moves:,}"
        if placed.arc.wait_hours is not None:
            words += f" · {show_hours(placed.arc.wait_hours)}"
        spot = _free_spot(placed, 6.9 * len(words) + 4, taken)
        if spot:
            made.append(_halo(words, spot.x, spot.y + 4, "middle"))
    return made


def _free_spot(placed: PlacedArc, width: float, taken: list[Rectangle]) -> Point | None:
    for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78):
        for leg in range(0, len(placed.points) - 1, 2):
            at = _along(placed, leg, share)
            wanted = (at.x - width / 2, at.y - 8, width, 16)
            if not any(_overlap(wanted, other) for other in taken):
                taken.append(wanted)
                return at
    return None


def _along(placed: PlacedArc, leg: int, share: float) -> Point:
    """A point on one leg of an arc."""
    one, other = placed.points[leg], placed.points[leg + 1]
    a, b = _handles(one, other, placed)
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    corners = (one, a, b, other)
    return Point(
        sum(w * p.x for w, p in zip(weights, corners, strict=True)),
        sum(w * p.y for w, p in zip(weights, corners, strict=True)),
    )


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _halo(words: str, x: float, y: float, anchor: str) -> str:
    return svg.text(
        words, x, y, text_anchor=anchor, font_size=12, font_weight=600, paint_order="stroke",
        stroke=svg.paint("card"), stroke_width=3.5, stroke_linejoin="round",
    )  # fmt: skip


# Legend


def _legend(choice: FlowChoice, layout: Layout) -> tuple[list[str], float]:
    """The key to the drawing, in lines under it, and its height."""
    waits = (
        ", and their median wait where most are recorded"
        if any(arc.wait_hours is not None for arc in choice.arcs)
        else ""
    )
    lines = [
        f"Width and number of a line: moves{waits}. Short lines: people who came in and who left.",
        _second_line(choice, layout),
        not_drawn(choice),
    ]
    y, made = layout.height + 16, []
    made += _samples(choice, y)
    if made:
        y += 22
    for line in (line for line in lines if line):
        made.append(svg.text(line, 12, y, font_size=12, fill=svg.paint("soft")))
        y += 17
    return made, y - layout.height


def _second_line(choice: FlowChoice, layout: Layout) -> str:
    said = []
    if any(placed.goes_back for placed in layout.arcs):
        said.append("Broken line: back to an earlier column.")
    if any(placed.box.holds == "caseload" for placed in layout.boxes):
        said.append("Broken frame: a list, not a place where people are.")
    if all(arc.wait_hours is None for arc in choice.arcs):
        said.append("No wait between places is recorded.")
    return " ".join(said)


def _samples(choice: FlowChoice, y: float) -> list[str]:
    """One sample line for each shade, where any wait is known."""
    if all(arc.wait_hours is None for arc in choice.arcs):
        return []
    made = [svg.text("Median known wait:", 12, y, font_size=12, fill=svg.paint("soft"))]
    x = 146.0
    shades = [("flow", "none known"), *((c, w) for _, c, w in SHADES), LONGEST]
    for colour, words in shades:
        made.append(svg.element("rect", x=x, y=y - 10, width=24, height=10, fill=svg.paint(colour)))
        if colour == "flow":
            made.append(
                svg.element("rect", x=x, y=y - 7, width=24, height=4, fill=svg.paint("card"))
            )
        made.append(svg.text(words, x + 30, y, font_size=12, fill=svg.paint("soft")))
        x += 46 + 6.8 * len(words)
    return made
