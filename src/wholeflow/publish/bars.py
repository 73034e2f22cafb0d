"""Bars of lengths of time: waits at handoffs, and where the hours of places went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wholeflow.core.time import show_hours
from wholeflow.publish.figure import Figure, rows
from wholeflow.publish.svg import COLOURS
from wholeflow.publish.vega import (
    LABEL_ROOM,
    ON_DELAY,
    PARTS,
    ROW_HEIGHT,
    WIDTH,
    Spec,
    layer,
    row_axis,
    short,
    specification,
    to_svg,
    top_legend,
)
from wholeflow.publish.words import hours, listed, number, share


class Wait(NamedTuple):
    """Waits of one group: how many are known, median and 90th percentile in hours."""

    name: str
    known: int
    p50_hours: float
    p90_hours: float | None
    unknown: int


class Hours(NamedTuple):
    """Person-hours of one group by part of the stay.

    ``unknown`` names parts that nobody records there, or that may not be told, so that a nought
    says nothing of them.
    """

    name: str
    wait: float
    care: float
    delay: float
    unsplit: float
    unknown: frozenset[str] = frozenset()

    @property
    def total(self) -> float:
        """All of them."""
        return self.wait + self.care + self.delay + self.unsplit

    def share_of(self, part: str) -> float | None:
        """The share of a part in all of them; None where it is not known."""
        hours = float(getattr(self, part))
        return None if part in self.unknown and not hours else hours / self.total


def waits_figure(title: str, waits: Sequence[Wait]) -> Figure:
    """Bars of waits: what half and nine in ten of the known ones came to at most."""
    longest = max(waits, key=lambda wait: wait.p50_hours)
    sentence = (
        "The dot marks the time within which half of the waits ended, the end of the line nine in "
        f"ten. The longest median shown is {show_hours(longest.p50_hours)}: {longest.name}."
    )
    known = [(w.name, number(w.known), hours(w.p50_hours)) for w in waits]
    rest = [(hours(w.p90_hours), number(w.unknown)) for w in waits]
    table = rows(
        ("Handoff", "Known waits", "Median", "90th percentile", "Wait not known"),
        [(*first, *last) for first, last in zip(known, rest, strict=True)],
    )
    return Figure(title, sentence, to_svg(waits_spec(waits), title, sentence), table)


def waits_spec(waits: Sequence[Wait]) -> Spec:
    """The specification of the chart of waits."""
    longest = max(wait.p90_hours or wait.p50_hours for wait in waits)
    unit, per = ("days", 24.0) if longest > 72 else ("hours", 1.0)
    title = f"{unit} (dot: median, line: to the 90th percentile)"
    y = row_axis([w.name for w in waits])
    x: Spec = {"field": "p50", "type": "quantitative", "title": title}
    x |= {"scale": {"domainMin": 0}, "axis": {"tickCount": 6}}
    end, label = {**x, "field": "p90"}, {"field": "label"}
    colour = {"color": COLOURS["flow-2"]}
    layers = [
        layer("rule", {"strokeWidth": 3, **colour}, y=y, x=x, x2={"field": "p90"}),
        layer("tick", {"thickness": 3, "size": 12, **colour}, y=y, x=end),
        layer("point", {"filled": True, "size": 95, "opacity": 1}, y=y, x=x, color=_ink()),
        layer("text", {"align": "left", "dx": 9}, y=y, x=end, text=label),
    ]
    data = [_wait_row(wait, per) for wait in waits]
    return specification({"step": ROW_HEIGHT}, layers, data, right=44) | {
        "width": WIDTH - LABEL_ROOM
    }


def _ink() -> Spec:
    return {"value": COLOURS["ink"]}


def _wait_row(wait: Wait, per: float) -> Spec:
    label, far = show_hours(wait.p50_hours), wait.p50_hours
    if wait.p90_hours is not None:
        label, far = f"{label} – {show_hours(wait.p90_hours)}", wait.p90_hours
    return {
        "name": short(wait.name),
        "p50": wait.p50_hours / per,
        "p90": far / per,
        "label": label,
    }


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
            (g.name, number(g.total), *(share(g.share_of(part), 1) for part in PARTS))
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
    y = {**row_axis([group.name for group in groups]), "scale": {"paddingInner": 0.22}}
    x: Spec = {"field": "from", "type": "quantitative"}
    x |= {"scale": {"domain": [0, 1], "nice": False}}
    x |= {"title": "share of the hours" if split else None}
    x |= {"axis": {"format": "%", "tickCount": 5} if split else None}
    words = [PARTS[part] for part in shown]
    legend = top_legend() | {"symbolType": "square", "symbolSize": 160, "values": words}
    scale = {"domain": list(PARTS.values()), "range": [COLOURS[part] for part in PARTS]}
    colour = {"field": "part", "type": "nominal", "scale": scale, "legend": legend}
    look = {"stroke": COLOURS["ink"], "strokeWidth": 0.6}
    bars = layer("bar", look, y=y, x=x, x2={"field": "to"}, color=colour)
    height = {"step": ROW_HEIGHT + 4}
    spec = specification(height, [bars, *_bar_labels(y, x)], data, right=34)
    return spec | {"width": WIDTH - LABEL_ROOM}


def _hour_rows(group: Hours, whole: float, split: bool) -> list[Spec]:
    """The stretches of one bar; the hours in all stand at the end of the last."""
    made, start = [], 0.0
    for part, word in PARTS.items():
        size = getattr(group, part) / whole
        made.append(
            {
                "name": short(group.name),
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
    plate = layer(
        "text",
        {"stroke": COLOURS["card"], "strokeWidth": 4, "fontWeight": 600},
        y=y, x=inside, text=label,
    )  # fmt: skip
    plate["transform"] = [{"filter": "datum.label != '' && datum.part != 'delay'"}]
    light = {"test": "datum.part == 'delay'", "value": ON_DELAY}
    colour = {"condition": light, "value": COLOURS["ink"]}
    word = layer("text", {"fontWeight": 600}, y=y, x=inside, text=label, color=colour)
    beside = {"align": "left", "dx": 8}
    total = layer("text", beside, y=y, x={**x, "field": "to"}, text={"field": "total"})
    return [plate, word, total]
