"""Statistical charts: data -> Vega-Lite specification -> SVG text with title and description.

Colours are named in ``svg.COLOURS``: a specification uses their light values, and the finished
SVG follows light, dark and print. Shapes, dashes and patterns say the same as colours do.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import show_hours
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.spc import Point, XmR, presets
from wholeflow.publish import svg
from wholeflow.publish.figure import Figure, rows
from wholeflow.publish.svg import COLOURS
from wholeflow.publish.words import listed, number, period, share

Spec = dict[str, Any]

WIDTH = 640
ON_DELAY = "#fffffe"
"""Stands for the colour ``on-delay``, whose light value is that of ``card`` too."""

LABEL_ROOM = 210
ROW_HEIGHT = 26
LEVEL_ROOM = 36
LEVEL_WORDS = 24
"""Further room at the right for values with a unit, such as 3 h 20 min."""

NOTE_LETTERS = 116
"""Letters in a line below a chart."""

LETTER = 7.4
"""Width of a letter; the font that the reader's machine has is wider than the one measured here."""

MOST_LETTERS = 50
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
PARTS = {"wait": "wait", "care": "care", "delay": "delay", "unsplit": "not split"}
"""The parts of a stay and their words, in the order of time."""

TIME_FORMATS = {"day": "%-d %b %Y", "week": "%-d %b %Y", "month": "%b %Y"}


class Wait(NamedTuple):
    """Waits of one group: how many are known, median and 90th percentile in hours."""

    name: str
    known: int
    p50_hours: float
    p90_hours: float | None
    unknown: int


class Hours(NamedTuple):
    """Person-hours of one group by part of the stay."""

    name: str
    wait: float
    care: float
    delay: float
    unsplit: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.wait + self.care + self.delay + self.unsplit


# Specification -> SVG


def to_svg(spec: Spec, title: str, description: str) -> str:
    """The drawing of a Vega-Lite specification, with role, title and description."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec)
    id_ = svg.identifier(title)
    drawn = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", drawn)
    drawn = re.sub(r'<path class="(?:background|foreground)"[^>]*display="none"[^>]*/>', "", drawn)
    size = re.search(r'width="(\d+)" height="(\d+)" viewBox="[^"]*"', drawn)
    if size is None:
        raise AssertionError("a drawing has a width and a height")
    body = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")]
    return svg.document(
        [svg.patterns(id_), _painted(body, id_)],
        width=float(size[1]),
        height=float(size[2]),
        title=title,
        description=description,
        id_=id_,
    )


def _painted(body: str, id_: str) -> str:
    """The light values of colours as colours that follow the page; parts get their pattern."""
    for name, value in COLOURS.items():
        if name in PARTS:
            body = body.replace(f'"{value}"', f'"url(#{id_}-{name})"')
        elif name not in ("card", "on-delay"):
            body = body.replace(f'"{value}"', f'"{escape(svg.paint(name))}"')
    body = body.replace(f'"{ON_DELAY}"', f'"{escape(svg.paint("on-delay"))}"')
    return body.replace('"#ffffff"', f'"{escape(svg.paint("card"))}"')


def _spec(
    height: int | Mapping[str, int], layers: Sequence[Spec], data: Sequence[Spec], *, right: int
) -> Spec:
    axis = {
        "labelColor": COLOURS["ink"], "titleColor": COLOURS["soft"], "gridColor": COLOURS["line"],
        "domainColor": COLOURS["soft"], "tickColor": COLOURS["soft"], "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal", "gridOpacity": 0.5,
    }  # fmt: skip
    return {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": dict(height) if isinstance(height, Mapping) else height,
        "padding": {"left": 6, "right": right, "top": 8, "bottom": 6},
        "background": "transparent",
        "data": {"values": list(data)},
        "layer": list(layers),
        "config": {
            "aria": False,
            "font": svg.FONT,
            "view": {"stroke": None},
            "axis": axis,
            "text": {"fontSize": 12, "color": COLOURS["ink"]},
        },
    }


# A time series with its usual variation


def xmr_figure(
    title: str, names: Sequence[str], chart: XmR, *, unit: str, axis: str, as_share: bool = False
) -> Figure:
    """A chart over time: ``names`` are its periods (ISO), one for each point of the chart."""
    show = _shown(chart, as_share)
    points = list(zip(names, chart.points, strict=True))
    special = [f"{period(name, unit)} ({p.signal})" for name, p in points if p.signal]
    average = f"{axis[0].upper()}{axis[1:]}: {show(chart.mean)} on average"
    sentence = f"{average}; {_usual(chart, show, as_share)}. {chart.says}"
    said = f"{sentence} Points that are more than chance: {listed(special, 4) or 'none'}."
    table = rows(
        ("Period", axis.capitalize(), "More than chance"),
        [(period(name, unit), _value(p, show), _signal(p)) for name, p in points],
    )
    spec = xmr_spec(names, chart, unit=unit, axis=axis, as_share=as_share)
    return Figure(title, sentence, to_svg(spec, title, said), table)


def over_time_figure(title: str, judged: OverTime, *, axis: str, alone: bool = False) -> Figure:
    """A measure over time with its marks: limits for each part, targets, and each rule that fired.

    A drawing that stands ``alone`` explains its preset too. Raises UnsupportedError where there
    are too few figures side by side for any limits.
    """
    charts = [part.chart for part in judged.parts if part.chart]
    if not charts:
        raise UnsupportedError(
            f"{title}: too few figures side by side for limits",
            repair="Chart more periods, or longer ones (months, not days) with fewer gaps.",
        )
    special = judged.signals_in_words()
    said = [judged.limits_in_words(part) for part in judged.parts]
    sentence = " ".join([*said, charts[-1].says, judged.assurance]).strip()
    marked = {name: mark.kind.replace("_", " ") for name, mark in judged.marks}
    signals = {one["period"]: f"{one['rule']}, {one['side']}" for one in judged.signals}
    values = [value for part in judged.parts for value in part.values]
    table = rows(
        ("Period", axis.capitalize(), "More than chance", "Marked"),
        [
            (period(name, judged.unit), judged.show(value), signals.get(name, "no"),
             marked.get(name, ""))
            for name, value in zip(judged.names, values, strict=True)
        ],
    )  # fmt: skip
    description = f"{sentence} More than chance: {listed(special, 4) or 'no point'}."
    spec = over_time_spec(judged, axis=axis, alone=alone)
    return Figure(title, sentence, to_svg(spec, title, description), table)


def over_time_spec(judged: OverTime, *, axis: str, alone: bool = False) -> Spec:
    """The specification of a chart over time with marks."""
    charts = [part.chart for part in judged.parts if part.chart]
    as_share = judged.measured_in == "share"
    words = {"high": "more than chance: high or rising", "low": "low or falling", "": "usual"}
    data: list[Spec] = []
    for of_part, part in enumerate(judged.parts):
        sides = [p.side if p.signal else "" for p in part.chart.points] if part.chart else None
        for at, (name, value) in enumerate(zip(part.names, part.values, strict=True)):
            mark = words[sides[at] if sides else ""]
            data.append({"at": _day(name), "value": value, "mark": mark, "part": of_part})
    room = 40.0 if as_share else LETTER * len(f"{charts[-1].upper:,.0f}") + 12
    x, y = _time_axis(judged.unit), _value_axis(axis, _tick_format(charts[-1], as_share), room)
    look = {"color": COLOURS["soft"], "strokeWidth": 1.4}
    line = _layer("line", look, x=x, y=y, detail={"field": "part"})
    points = _layer("point", {"filled": True, "opacity": 1}, x=x, y=y,
                    **_point_channels(list(words.values())))  # fmt: skip
    drawn = [*_part_levels(judged, x, y), *_target_lines(judged, x, y), *_mark_lines(judged, x)]
    spec = _spec(230, [*drawn, line, points], data, right=LEVEL_ROOM + LEVEL_WORDS)
    notes = _footnotes(judged, alone)
    return spec | {"title": notes} if notes["text"] else spec


def _part_levels(judged: OverTime, x: Spec, y: Spec) -> list[Spec]:
    """Mean and limits of each part over its own periods; those of the last with their words."""
    made: list[Spec] = []
    for part in judged.parts:
        if part.chart is None:
            continue
        levels = {"upper limit": part.chart.upper, "mean": part.chart.mean,
                  "lower limit": part.chart.lower}  # fmt: skip
        for word, value in levels.items():
            if value < 0 or (judged.measured_in == "share" and value > 1):
                continue
            ends = {"at": _day(part.names[0]), "to": _day(part.names[-1]), "value": value}
            label = f"{word} {judged.show(value)}"
            look: Spec = {"strokeDash": [] if word == "mean" else [6, 4], "color": COLOURS["ink"]}
            level = _layer("rule", look, y=y, x=x, x2={"field": "to"})
            made.append({"data": {"values": [ends]}, **level})
            if part is judged.parts[-1]:
                beside: Spec = {"align": "left", "dx": 8, "color": COLOURS["ink"]}
                at = {"value": WIDTH}
                text = _layer("text", beside, y=y, x=at, text={"field": "label"})
                made.append({"data": {"values": [{"value": value, "label": label}]}, **text})
    return made


def _target_lines(judged: OverTime, x: Spec, y: Spec) -> list[Spec]:
    """Each target from its period to that of the next, or to the end."""
    made: list[Spec] = []
    ends = [*(name for name, _ in judged.targets), judged.names[-1]][1:]
    for (name, mark), until in zip(judged.targets, ends, strict=True):
        row = {"at": _day(name), "to": _day(until), "value": mark.value,
               "label": f"target {judged.show(mark.value)}"}  # fmt: skip
        look: Spec = {"strokeDash": [2, 3], "strokeWidth": 2, "color": COLOURS["accent"]}
        above: Spec = {"align": "left", "dy": -7, "color": COLOURS["accent"]}
        layers = (
            _layer("rule", look, y=y, x=x, x2={"field": "to"}),
            _layer("text", above, y=y, x=x, text={"field": "label"}),
        )
        made += [{"data": {"values": [row]}, **layer} for layer in layers]
    return made


def _mark_lines(judged: OverTime, x: Spec) -> list[Spec]:
    """A line at the period of each mark but targets, with the number that its words have below."""
    data = {"values": [{"at": _day(name), "label": f"({number})"}
                       for number, (name, mark) in enumerate(judged.marks, 1)
                       if mark.kind != "target"]}  # fmt: skip
    if not data["values"]:
        return []
    look: Spec = {"color": COLOURS["accent"], "strokeWidth": 1, "opacity": 0.8}
    above: Spec = {"align": "left", "dx": 3, "dy": 6, "color": COLOURS["accent"]}
    return [
        {"data": data, **_layer("rule", look, x=x)},
        {"data": data, **_layer("text", above, x=x, y={"value": 0}, text={"field": "label"})},
    ]


def _footnotes(judged: OverTime, alone: bool) -> Spec:
    """What the marks and the rules that marked a point mean, as lines below the chart."""
    zone = judged.zone
    notes = [f"({number}) {mark.says(zone)}" for number, (_, mark) in enumerate(judged.marks, 1)]
    notes += [f"{rule.capitalize()}: {meaning}" for rule, meaning in judged.rules.items()]
    if alone:
        notes += [f"{presets()[judged.preset].title}: {presets()[judged.preset].meaning}"]
    lines = [line for note in notes for line in textwrap.wrap(note, NOTE_LETTERS)]
    return {
        "text": lines, "anchor": "start", "orient": "bottom", "offset": 14, "fontSize": 12,
        "fontWeight": "normal", "color": COLOURS["soft"], "lineHeight": 16,
    }  # fmt: skip


def _shown(chart: XmR, as_share: bool) -> Callable[[float], str]:
    """How the mean, the limits and the values of a chart are written."""
    if as_share:
        return lambda value: share(value, 1)
    if all(p.value is None or p.value == int(p.value) for p in chart.points):
        digits = 0 if chart.mean >= 20 else 1
        return lambda value: number(value, 0 if value == int(value) else digits)
    return lambda value: number(value, 0 if chart.mean >= 20 else 1)


def _value(point: Point, show: Callable[[float], str]) -> str:
    return "no figure" if point.value is None else show(point.value)


def _signal(point: Point) -> str:
    """What marks a point, and its direction."""
    if point.signal == "trend":
        return "trend, rising" if point.side == "high" else "trend, falling"
    return f"{point.signal}, {point.side}" if point.signal else "no"


def _usual(chart: XmR, show: Callable[[float], str], as_share: bool) -> str:
    if chart.lower < 0:
        return f"usually up to {show(chart.upper)}"
    if as_share and chart.upper > 1:
        return f"usually {show(chart.lower)} or more"
    return f"usually between {show(chart.lower)} and {show(chart.upper)}"


def xmr_spec(
    names: Sequence[str], chart: XmR, *, unit: str, axis: str, as_share: bool = False
) -> Spec:
    """The specification of a chart over time."""
    marks = {"high": "more than chance: high or rising", "low": "low or falling", "": "usual"}
    data: list[Spec] = [
        {"at": _day(name), "value": p.value, "mark": marks[p.side if p.signal else ""]}
        for name, p in zip(names, chart.points, strict=True)
    ]
    room = 40.0 if as_share else LETTER * len(f"{chart.upper:,.0f}") + 12
    x, y = _time_axis(unit), _value_axis(axis, _tick_format(chart, as_share), room)
    line = _layer("line", {"color": COLOURS["soft"], "strokeWidth": 1.4}, x=x, y=y)
    channels = _point_channels(list(marks.values()))
    points = _layer("point", {"filled": True, "opacity": 1}, x=x, y=y, **channels)
    levels = _levels(chart, y, _shown(chart, as_share), as_share)
    return _spec(230, [*levels, line, points], data, right=LEVEL_ROOM)


def _layer(mark: str, look: Spec, /, **encoding: Spec) -> Spec:
    return {"mark": {"type": mark, **look}, "encoding": encoding}


def _time_axis(unit: str) -> Spec:
    axis = {"format": TIME_FORMATS[unit], "grid": False, "labelOverlap": True, "tickCount": 7}
    scale = {"type": "utc"}
    return {"field": "at", "type": "temporal", "scale": scale, "title": None, "axis": axis}


def _value_axis(title: str, format_: str, room: float) -> Spec:
    axis = {"format": format_, "tickCount": 5, "titlePadding": 10, "minExtent": room}
    scale = {"zero": False}
    return {"field": "value", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def _tick_format(chart: XmR, as_share: bool) -> str:
    if as_share:
        return ".0%" if chart.upper - chart.lower > 0.05 else ".1%"
    return ",.0f" if chart.upper - chart.lower > 5 else ",.1f"


def _point_channels(words: Sequence[str]) -> Spec:
    """Shape, colour and size of points: usual, high and low differ in each."""
    high, low, usual = words
    legend = _legend() | {"symbolOpacity": 1, "columnPadding": 44}
    looks: dict[str, list[Any]] = {
        "shape": ["circle", "triangle-up", "triangle-down"],
        "color": [COLOURS["soft"], COLOURS["high"], COLOURS["accent"]],
        "size": [26, 110, 110],
    }
    return {
        channel: {
            "field": "mark",
            "type": "nominal",
            "scale": {"domain": [usual, high, low], "range": look},
            "legend": None if channel == "size" else legend,
        }
        for channel, look in looks.items()
    }


def _legend() -> Spec:
    ink = COLOURS["ink"]
    return {
        "orient": "top", "title": None, "labelColor": ink, "labelFontSize": 12, "labelLimit": 0,
    }  # fmt: skip


def _levels(chart: XmR, y: Spec, show: Callable[[float], str], as_share: bool) -> list[Spec]:
    """Mean and limits that can be reached, each a line with its word at the right."""
    levels = {"upper limit": chart.upper, "mean": chart.mean, "lower limit": chart.lower}
    made: list[Spec] = []
    for word, value in levels.items():
        if value < 0 or (as_share and value > 1):
            continue
        data = {"values": [{"value": value, "label": f"{word} {show(value)}"}]}
        look: Spec = {"strokeDash": [] if word == "mean" else [6, 4], "color": COLOURS["ink"]}
        made.append({"data": data, **_layer("rule", look, y=y)})
        look = {"align": "left", "dx": 8, "color": COLOURS["ink"]}
        at, label = {"value": WIDTH}, {"field": "label"}
        made.append({"data": data, **_layer("text", look, y=y, x=at, text=label)})
    return made


def _day(name: str) -> str:
    """The first day of a period as ISO text with its time zone."""
    return (name if len(name) == 10 else f"{name}-01") + "T00:00:00Z"


# Waits: a dot at the median, a line to the 90th percentile


def waits_figure(title: str, waits: Sequence[Wait]) -> Figure:
    """Bars of waits: what half and nine in ten of the known ones came to at most."""
    longest = max(waits, key=lambda wait: wait.p50_hours)
    sentence = (
        "The dot marks the time within which half of the waits ended, the end of the line nine in "
        f"ten. The longest median shown is {show_hours(longest.p50_hours)}: {longest.name}."
    )
    known = [(w.name, number(w.known), show_hours(w.p50_hours)) for w in waits]
    rest = [(show_hours(w.p90_hours), number(w.unknown)) for w in waits]
    table = rows(
        ("Handoff", "Known waits", "Median", "90th percentile", "Wait not known"),
        [(*first, *last) for first, last in zip(known, rest, strict=True)],
    )
    return Figure(title, sentence, to_svg(waits_spec(waits), title, sentence), table)


def waits_spec(waits: Sequence[Wait]) -> Spec:
    """The specification of the chart of waits."""
    longest = max(wait.p90_hours or wait.p50_hours for wait in waits)
    unit, hours = ("days", 24.0) if longest > 72 else ("hours", 1.0)
    title = f"{unit} (dot: median, line: to the 90th percentile)"
    y = _row_axis([w.name for w in waits])
    x: Spec = {"field": "p50", "type": "quantitative", "title": title}
    x |= {"scale": {"domainMin": 0}, "axis": {"tickCount": 6}}
    end, label = {**x, "field": "p90"}, {"field": "label"}
    colour = {"color": COLOURS["flow-2"]}
    layers = [
        _layer("rule", {"strokeWidth": 3, **colour}, y=y, x=x, x2={"field": "p90"}),
        _layer("tick", {"thickness": 3, "size": 12, **colour}, y=y, x=end),
        _layer("point", {"filled": True, "size": 95, "opacity": 1}, y=y, x=x, color=_ink()),
        _layer("text", {"align": "left", "dx": 9}, y=y, x=end, text=label),
    ]
    data = [_wait_row(wait, hours) for wait in waits]
    return _spec({"step": ROW_HEIGHT}, layers, data, right=44) | {"width": WIDTH - LABEL_ROOM}


def _ink() -> Spec:
    return {"value": COLOURS["ink"]}


def _wait_row(wait: Wait, hours: float) -> Spec:
    label, far = show_hours(wait.p50_hours), wait.p50_hours
    if wait.p90_hours is not None:
        label, far = f"{label} – {show_hours(wait.p90_hours)}", wait.p90_hours
    return {
        "name": _short(wait.name),
        "p50": wait.p50_hours / hours,
        "p90": far / hours,
        "label": label,
    }


def _row_axis(names: Sequence[str]) -> Spec:
    longest = min(MOST_LETTERS, max(len(name) for name in names))
    axis: Spec = {"labelLimit": 0, "domain": False, "ticks": False, "labelPadding": 8}
    axis["minExtent"] = longest * LETTER + 14
    return {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": axis}


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


# Where the hours go


def hours_figure(title: str, groups: Sequence[Hours], what: str) -> Figure:
    """Stacked bars: the share of hours waited, cared for, delayed and not split, by group."""
    shown = [part for part in PARTS if any(getattr(group, part) for group in groups)]
    total = sum(group.total for group in groups)
    said = listed(
        [f"{PARTS[part]} {share(sum(getattr(g, part) for g in groups) / total)}" for part in shown]
    )
    sentence = f"Of {show_hours(total)} of people’s time {what}: {said}."
    table = rows(
        (what.capitalize(), "All hours", *(PARTS[part].capitalize() for part in PARTS)),
        [
            (g.name, number(g.total), *(share(getattr(g, part) / g.total, 1) for part in PARTS))
            for g in groups
        ],
    )
    return Figure(title, sentence, to_svg(hours_spec(groups, shown), title, sentence), table)


def hours_spec(groups: Sequence[Hours], shown: Sequence[str]) -> Spec:
    """The specification of the stacked bars: bars of equal length, hours written beside.

    Where nothing is split there are no shares to show: then the length of a bar is its hours.
    """
    split, most = len(shown) > 1, max(group.total for group in groups)
    data = [row for g in groups for row in _hour_rows(g, g.total if split else most, split)]
    y = {**_row_axis([group.name for group in groups]), "scale": {"paddingInner": 0.22}}
    x: Spec = {"field": "from", "type": "quantitative"}
    x |= {"scale": {"domain": [0, 1], "nice": False}}
    x |= {"title": "share of the hours" if split else None}
    x |= {"axis": {"format": "%", "tickCount": 5} if split else None}
    words = [PARTS[part] for part in shown]
    legend = _legend() | {"symbolType": "square", "symbolSize": 160, "values": words}
    scale = {"domain": list(PARTS.values()), "range": [COLOURS[part] for part in PARTS]}
    colour = {"field": "part", "type": "nominal", "scale": scale, "legend": legend}
    look = {"stroke": COLOURS["ink"], "strokeWidth": 0.6}
    bars = _layer("bar", look, y=y, x=x, x2={"field": "to"}, color=colour)
    height = {"step": ROW_HEIGHT + 4}
    spec = _spec(height, [bars, *_bar_labels(y, x)], data, right=34)
    return spec | {"width": WIDTH - LABEL_ROOM}


def _hour_rows(group: Hours, whole: float, split: bool) -> list[Spec]:
    """The stretches of one bar; the hours in all stand at the end of the last."""
    made, start = [], 0.0
    for part, word in PARTS.items():
        size = getattr(group, part) / whole
        made.append(
            {
                "name": _short(group.name),
                "part": word,
                "from": start,
                "to": start + size,
                "middle": start + size / 2,
                "label": share(size) if split and size >= 0.07 else "",
                "total": show_hours(group.total) if word == "not split" else "",
            }
        )
        start += size
    return made


def _bar_labels(y: Spec, x: Spec) -> list[Spec]:
    """Shares on the bars, on a plate of their own so that patterns leave them readable."""
    inside, label = {**x, "field": "middle"}, {"field": "label"}
    plate = _layer(
        "text",
        {"stroke": COLOURS["card"], "strokeWidth": 4, "fontWeight": 600},
        y=y, x=inside, text=label,
    )  # fmt: skip
    plate["transform"] = [{"filter": "datum.label != '' && datum.part != 'delay'"}]
    light = {"test": "datum.part == 'delay'", "value": ON_DELAY}
    colour = {"condition": light, "value": COLOURS["ink"]}
    word = _layer("text", {"fontWeight": 600}, y=y, x=inside, text=label, color=colour)
    beside = {"align": "left", "dx": 8}
    total = _layer("text", beside, y=y, x={**x, "field": "to"}, text={"field": "total"})
    return [plate, word, total]
