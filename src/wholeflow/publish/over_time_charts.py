"""Charts over time: the figures of periods, the limits that judge them, and the marks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from wholeflow.core.errors import UnsupportedError
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.spc import Point, XmR, presets
from wholeflow.publish.figure import Figure, rows
from wholeflow.publish.icons import icons
from wholeflow.publish.svg import COLOURS, identifier
from wholeflow.publish.vega import LETTER, WIDTH, Spec, layer, specification, to_svg, top_legend
from wholeflow.publish.words import Said, listed, number, period, share

LEVEL_ROOM = 36

LEVEL_WORDS = 24
"""Further room at the right for values with a unit, such as 3 h 20 min."""

NOTE_LETTERS = 116
"""Letters in a line below a chart."""

TIME_FORMATS = {"day": "%-d %b %Y", "week": "%-d %b %Y", "month": "%b %Y"}


AXIS = {"share": "share", "care_share": "share of care", "p50_hours": "median hours"}
"""What the upright axis is called, where it is not the unit of the measure."""


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
        [(period(name, unit), Said(_value(p, show), p.value), _signal(p)) for name, p in points],
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
            (period(name, judged.unit), Said(judged.show(value), value), signals.get(name, "no"),
             marked.get(name, ""))
            for name, value in zip(judged.names, values, strict=True)
        ],
    )  # fmt: skip
    description = f"{sentence} More than chance: {listed(special, 4) or 'no point'}."
    drawn = to_svg(over_time_spec(judged, axis=axis, alone=alone), title, description)
    return Figure(title, sentence, drawn, table, icons(judged, identifier(title)))


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
    line = layer("line", look, x=x, y=y, detail={"field": "part"})
    points = layer("point", {"filled": True, "opacity": 1}, x=x, y=y,
                    **_point_channels(list(words.values())))  # fmt: skip
    drawn = [*_part_levels(judged, x, y), *_target_lines(judged, x, y), *_mark_lines(judged, x)]
    spec = specification(230, [*drawn, line, points], data, right=LEVEL_ROOM + LEVEL_WORDS)
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
            level = layer("rule", look, y=y, x=x, x2={"field": "to"})
            made.append({"data": {"values": [ends]}, **level})
            if part is judged.parts[-1]:
                beside: Spec = {"align": "left", "dx": 8, "color": COLOURS["ink"]}
                at = {"value": WIDTH}
                text = layer("text", beside, y=y, x=at, text={"field": "label"})
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
            layer("rule", look, y=y, x=x, x2={"field": "to"}),
            layer("text", above, y=y, x=x, text={"field": "label"}),
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
        {"data": data, **layer("rule", look, x=x)},
        {"data": data, **layer("text", above, x=x, y={"value": 0}, text={"field": "label"})},
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
    line = layer("line", {"color": COLOURS["soft"], "strokeWidth": 1.4}, x=x, y=y)
    channels = _point_channels(list(marks.values()))
    points = layer("point", {"filled": True, "opacity": 1}, x=x, y=y, **channels)
    levels = _levels(chart, y, _shown(chart, as_share), as_share)
    return specification(230, [*levels, line, points], data, right=LEVEL_ROOM)


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
    legend = top_legend() | {"symbolOpacity": 1, "columnPadding": 44}
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


def _levels(chart: XmR, y: Spec, show: Callable[[float], str], as_share: bool) -> list[Spec]:
    """Mean and limits that can be reached, each a line with its word at the right."""
    levels = {"upper limit": chart.upper, "mean": chart.mean, "lower limit": chart.lower}
    made: list[Spec] = []
    for word, value in levels.items():
        if value < 0 or (as_share and value > 1):
            continue
        data = {"values": [{"value": value, "label": f"{word} {show(value)}"}]}
        look: Spec = {"strokeDash": [] if word == "mean" else [6, 4], "color": COLOURS["ink"]}
        made.append({"data": data, **layer("rule", look, y=y)})
        look = {"align": "left", "dx": 8, "color": COLOURS["ink"]}
        at, label = {"value": WIDTH}, {"field": "label"}
        made.append({"data": data, **layer("text", look, y=y, x=at, text=label)})
    return made


def _day(name: str) -> str:
    """The first day of a period as ISO text with its time zone."""
    return (name if len(name) == 10 else f"{name}-01") + "T00:00:00Z"
