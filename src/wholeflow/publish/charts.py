"""Statistical charts: data -> Vega-Lite specification -> SVG text with title and description.

Colours are named in ``svg.COLOURS``: a specification uses their light values, and the finished
SVG follows light, dark and print. Shapes, dashes and patterns say the same as colours do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from wholeflow.measures.spc import XmR
from wholeflow.publish import svg
from wholeflow.publish.figure import Figure, rows
from wholeflow.publish.svg import COLOURS
from wholeflow.publish.words import duration, listed, number, period, share

Spec = dict[str, Any]

WIDTH = 640
LABEL_ROOM = 210
ROW_HEIGHT = 26
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
    body = body.replace('"#fffffe"', f'"{escape(svg.paint("on-delay"))}"')
    return body.replace('"#ffffff"', f'"{escape(svg.paint("card"))}"')


def _spec(height: int | Mapping[str, int], layers: Sequence[Spec], data: Sequence[Spec]) -> Spec:
    axis = {
        "labelColor": COLOURS["ink"], "titleColor": COLOURS["soft"], "gridColor": COLOURS["line"],
        "domainColor": COLOURS["soft"], "tickColor": COLOURS["soft"], "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal", "gridOpacity": 0.5,
    }  # fmt: skip
    return {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": dict(height) if isinstance(height, Mapping) else height,
        "padding": {"left": 6, "right": 14, "top": 8, "bottom": 6},
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
    show = (lambda v: share(v, 1)) if as_share else (lambda v: number(v, 0 if abs(v) >= 20 else 1))
    special = [
        f"{period(name, unit)} ({point.signal})"
        for name, point in zip(names, chart.points, strict=True)
        if point.signal
    ]
    sentence = f"{axis}: {show(chart.mean)} on average; {_usual(chart, show)}. {chart.says}"
    said = f"{sentence} Points that are more than chance: {listed(special, 4) or 'none'}."
    table = rows(
        ("Period", axis, "More than chance"),
        [
            (
                period(name, unit),
                "no figure" if point.value is None else show(point.value),
                f"{point.signal}, {point.side}" if point.signal else "no",
            )
            for name, point in zip(names, chart.points, strict=True)
        ],
    )
    spec = xmr_spec(names, chart, unit=unit, axis=axis, as_share=as_share)
    return Figure(title, sentence, to_svg(spec, title, said), table)


def _usual(chart: XmR, show: Any) -> str:
    if chart.lower < 0:
        return f"usually up to {show(chart.upper)}"
    return f"usually between {show(chart.lower)} and {show(chart.upper)}"


def xmr_spec(
    names: Sequence[str], chart: XmR, *, unit: str, axis: str, as_share: bool = False
) -> Spec:
    """The specification of a chart over time."""
    marks = {"high": "more than chance, high", "low": "more than chance, low", "": "usual"}
    data: list[Spec] = [
        {"at": _day(name), "value": p.value, "mark": marks[p.side if p.signal else ""]}
        for name, p in zip(names, chart.points, strict=True)
    ]
    x = {
        "field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None,
        "axis": {"format": TIME_FORMATS[unit], "grid": False, "labelOverlap": True,
                 "tickCount": 7, "labelFlush": True},
    }  # fmt: skip
    y = {
        "field": "value", "type": "quantitative", "title": axis, "scale": {"zero": False},
        "axis": {"format": ".0%" if as_share else ",", "tickCount": 5, "titlePadding": 10},
    }  # fmt: skip
    line: Spec = {
        "mark": {"type": "line", "color": COLOURS["soft"], "strokeWidth": 1.4},
        "encoding": {"x": x, "y": y},
    }
    points: Spec = {"mark": {"type": "point", "filled": True, "opacity": 1},
                    "encoding": {"x": x, "y": y, **_point_channels(list(marks.values()))}}  # fmt: skip
    levels = _levels(chart, str(_day(names[-1])), y, as_share)
    return _spec(230, [*levels, line, points], data)


def _point_channels(words: Sequence[str]) -> Spec:
    high, low, usual = words
    legend = {
        "orient": "top", "title": None, "labelColor": COLOURS["ink"], "labelFontSize": 12,
        "symbolOpacity": 1,
    }  # fmt: skip
    domain = [usual, high, low]
    return {
        "shape": {"field": "mark", "type": "nominal", "legend": legend,
                  "scale": {"domain": domain, "range": ["circle", "triangle-up", "triangle-down"]}},
        "color": {"field": "mark", "type": "nominal", "legend": legend,
                  "scale": {"domain": domain,
                            "range": [COLOURS["soft"], COLOURS["high"], COLOURS["accent"]]}},
        "size": {"field": "mark", "type": "nominal", "legend": None,
                 "scale": {"domain": domain, "range": [26, 110, 110]}},
    }  # fmt: skip


def _levels(chart: XmR, last: str, y: Spec, as_share: bool) -> list[Spec]:
    """Mean and limits, each a line with its word at the right."""
    levels = [(chart.upper, "upper limit", [6, 4]), (chart.mean, "mean", []), (chart.lower, "lower limit", [6, 4])]
    if chart.lower < 0:
        levels.pop()
    made: list[Spec] = []
    for value, word, dash in levels:
        shown = share(value, 1) if as_share else number(value, 0 if value >= 20 else 1)
        data = {"values": [{"value": value, "label": f"{word} {shown}", "at": last}]}
        made.append({
            "data": data,
            "mark": {"type": "rule", "strokeDash": dash, "color": COLOURS["ink"], "strokeWidth": 1.1},
            "encoding": {"y": y},
        })  # fmt: skip
        made.append({
            "data": data,
            "mark": {"type": "text", "align": "left", "dx": 8, "color": COLOURS["ink"]},
            "encoding": {"y": y, "x": {"value": WIDTH}, "text": {"field": "label"}},
        })  # fmt: skip
    return made


def _day(name: str) -> str:
    """The first day of a period as ISO text with its time zone."""
    return (name if len(name) == 10 else f"{name}-01") + "T00:00:00Z"


# Waits: a dot at the median, a line to the 90th percentile


def waits_figure(title: str, waits: Sequence[Wait]) -> Figure:
    """Bars of waits: what half and nine in ten of the known ones came to at most."""
    longest = max(waits, key=lambda wait: wait.p50_hours)
    sentence = (
        "The dot marks the time within which half of the known waits ended, the end of the line "
        f"nine in ten. The longest median is {duration(longest.p50_hours)}: {longest.name}."
    )
    table = rows(
        ("Handoff", "Known waits", "Median", "90th percentile", "Wait not known"),
        [
            (w.name, number(w.known), duration(w.p50_hours), duration(w.p90_hours), number(w.unknown))
            for w in waits
        ],
    )
    return Figure(title, sentence, to_svg(waits_spec(waits), title, sentence), table)


def waits_spec(waits: Sequence[Wait]) -> Spec:
    """The specification of the chart of waits."""
    longest = max(wait.p90_hours or wait.p50_hours for wait in waits)
    unit, divisor = ("days", 24.0) if longest > 72 else ("hours", 1.0)
    data = [
        {
            "name": w.name, "p50": w.p50_hours / divisor,
            "p90": (w.p90_hours if w.p90_hours is not None else w.p50_hours) / divisor,
            "label": duration(w.p50_hours)
            + (f" – {duration(w.p90_hours)}" if w.p90_hours is not None else ""),
        }
        for w in waits
    ]  # fmt: skip
    y = _row_axis()
    x = {"field": "p50", "type": "quantitative", "title": f"{unit} (dot: median, line: to the 90th percentile)",
         "scale": {"domainMin": 0}, "axis": {"tickCount": 6}}  # fmt: skip
    rule = {"mark": {"type": "rule", "strokeWidth": 3, "color": COLOURS["flow-2"]},
            "encoding": {"y": y, "x": x, "x2": {"field": "p90"}}}  # fmt: skip
    end = {"mark": {"type": "tick", "thickness": 3, "size": 12, "color": COLOURS["flow-2"]},
           "encoding": {"y": y, "x": {**x, "field": "p90"}}}  # fmt: skip
    dot = {"mark": {"type": "point", "filled": True, "size": 95, "opacity": 1, "color": COLOURS["ink"]},
           "encoding": {"y": y, "x": x}}  # fmt: skip
    label = {"mark": {"type": "text", "align": "left", "dx": 9},
             "encoding": {"y": y, "x": {**x, "field": "p90"}, "text": {"field": "label"}}}  # fmt: skip
    spec = _spec({"step": ROW_HEIGHT}, [rule, end, dot, label], data)
    return {**spec, "width": WIDTH - LABEL_ROOM}


def _row_axis() -> Spec:
    return {
        "field": "name", "type": "nominal", "sort": None, "title": None,
        "axis": {"labelLimit": LABEL_ROOM + 60, "domain": False, "ticks": False, "labelPadding": 8},
    }  # fmt: skip


# Where the hours go


def hours_figure(title: str, groups: Sequence[Hours], what: str) -> Figure:
    """Stacked bars: the share of hours waited, cared for, delayed and not split, by group."""
    shown = [part for part in PARTS if any(getattr(group, part) for group in groups)]
    total = sum(group.total for group in groups)
    said = listed(
        [f"{PARTS[part]} {share(sum(getattr(g, part) for g in groups) / total)}" for part in shown]
    )
    sentence = f"Of {duration(total)} of people’s time {what}: {said}."
    table = rows(
        (what.capitalize(), "All hours", *(PARTS[part].capitalize() for part in PARTS)),
        [
            (g.name, number(g.total), *(share(getattr(g, part) / g.total, 1) for part in PARTS))
            for g in groups
        ],
    )
    return Figure(title, sentence, to_svg(hours_spec(groups, shown), title, sentence), table)


def hours_spec(groups: Sequence[Hours], shown: Sequence[str]) -> Spec:
    """The specification of the stacked bars: bars of equal length, hours written beside."""
    data = []
    for group in groups:
        start = 0.0
        for at, part in enumerate(PARTS):
            size = getattr(group, part) / group.total
            data.append({
                "name": group.name, "part": PARTS[part], "order": at, "from": start,
                "to": start + size, "middle": start + size / 2,
                "label": share(size) if size >= 0.07 else "",
                "total": duration(group.total) if at == len(PARTS) - 1 else "",
            })  # fmt: skip
            start += size
    y = {**_row_axis(), "scale": {"paddingInner": 0.22}}
    x = {"field": "from", "type": "quantitative", "title": "share of the hours",
         "scale": {"domain": [0, 1], "nice": False}, "axis": {"format": "%", "tickCount": 5}}  # fmt: skip
    words = [PARTS[part] for part in shown]
    legend = {"orient": "top", "title": None, "labelColor": COLOURS["ink"], "labelFontSize": 12,
              "symbolType": "square", "symbolSize": 160, "values": words}  # fmt: skip
    scale = {"domain": list(PARTS.values()), "range": [COLOURS[part] for part in PARTS]}
    bars = {"mark": {"type": "bar", "stroke": COLOURS["ink"], "strokeWidth": 0.6},
            "encoding": {"y": y, "x": x, "x2": {"field": "to"},
                         "color": {"field": "part", "type": "nominal", "scale": scale, "legend": legend}}}  # fmt: skip
    return {**_spec({"step": ROW_HEIGHT + 4}, [bars, *_bar_labels(y, x)], data),
            "width": WIDTH - LABEL_ROOM}  # fmt: skip


def _bar_labels(y: Spec, x: Spec) -> list[Spec]:
    """Shares on the bars, on a plate of their own so that patterns leave them readable."""
    inside = {"field": "middle", "type": "quantitative"}
    plate = {
        "transform": [{"filter": "datum.label != '' && datum.part != 'delay'"}],
        "mark": {"type": "text", "stroke": COLOURS["card"], "strokeWidth": 4, "fontWeight": 600},
        "encoding": {"y": y, "x": {**x, **inside}, "text": {"field": "label"}},
    }
    word: Spec = {
        "mark": {"type": "text", "fontWeight": 600},
        "encoding": {
            "y": y, "x": {**x, **inside}, "text": {"field": "label"},
            "color": {"condition": {"test": "datum.part == 'delay'", "value": "#fffffe"},
                      "value": COLOURS["ink"]},
        },
    }  # fmt: skip
    total = {
        "mark": {"type": "text", "align": "left", "dx": 8},
        "encoding": {"y": y, "x": {**x, "field": "to"}, "text": {"field": "total"}},
    }
    return [plate, word, total]
