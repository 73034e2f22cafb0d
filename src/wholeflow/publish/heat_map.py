"""A heat map of the hours of the week: a row for each day, a cell for each hour."""

from __future__ import annotations

from collections.abc import Mapping

from wholeflow.measures.units import OF_DAY, OF_WEEK, WEEKDAYS
from wholeflow.publish.figure import Figure, rows
from wholeflow.publish.svg import COLOURS
from wholeflow.publish.vega import WIDTH, Spec, layer, specification, to_svg
from wholeflow.publish.words import number

SHADES = ("card", "flow-1", "flow-2", "flow-3", "flow-4")
"""From nothing to most: each is darker than the one before, so grey print tells the same."""

ROW = 30


def heat_figure(title: str, values: Mapping[str, float | None], what: str) -> Figure:
    """A figure for each hour of the week (``Monday 09``), where it is known; ``what`` they are."""
    known = {hour: value for hour, value in values.items() if value is not None}
    most, least = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    sentence = (
        f"Most {what} in the hour from {spoken(most)} ({number(known[most], 1)}), fewest from "
        f"{spoken(least)} ({number(known[least], 1)}). The darker a cell, the more."
    )
    table = rows(
        ("Hour", *WEEKDAYS),
        [
            (f"{hour}:00", *(number(values.get(f"{day} {hour}"), 1) for day in WEEKDAYS))
            for hour in OF_DAY
        ],
    )
    return Figure(title, sentence, to_svg(heat_spec(values, what), title, sentence), table)


def spoken(hour: str) -> str:
    """An hour of the week as people say it.

    >>> spoken("Monday 09")
    '09:00 on Mondays'
    """
    day, _, clock = hour.partition(" ")
    return f"{clock}:00 on {day}s"


def heat_spec(values: Mapping[str, float | None], what: str) -> Spec:
    """The specification of the heat map; the darkest and the lightest cell have their number."""
    known = [value for value in values.values() if value is not None]
    told = {max(known), min(known)}
    data: list[Spec] = []
    for hour in OF_WEEK:
        value = values.get(hour)
        if value is not None:
            day, _, clock = hour.partition(" ")
            label = f"{value:.1f}" if value in told else ""
            data.append({"day": day, "hour": clock, "value": value, "label": label})
    x: Spec = {"field": "hour", "type": "ordinal", "title": "hour of the day", "sort": list(OF_DAY)}
    x |= {"axis": {"labelAngle": 0, "values": list(OF_DAY[::3]), "ticks": False, "domain": False}}
    y: Spec = {"field": "day", "type": "ordinal", "title": None, "sort": list(WEEKDAYS)}
    y |= {"axis": {"ticks": False, "domain": False, "labelPadding": 8}}
    scale = {"domainMin": 0, "range": [COLOURS[shade] for shade in SHADES]}
    legend = {"title": what, "orient": "top", "gradientLength": 220, "titleFontWeight": "normal"}
    legend |= {"labelColor": COLOURS["ink"], "titleColor": COLOURS["soft"], "tickCount": 4}
    colour = {"field": "value", "type": "quantitative", "scale": scale, "legend": legend}
    dark = {"test": f"datum.value > {max(known) / 2}", "value": COLOURS["card"]}
    ink = {"condition": dark, "value": COLOURS["ink"]}
    cells = layer("rect", {"stroke": COLOURS["line"], "strokeWidth": 0.5}, x=x, y=y, color=colour)
    words = layer("text", {"fontSize": 11}, x=x, y=y, text={"field": "label"}, color=ink)
    return specification({"step": ROW}, [cells, words], data, right=20) | {"width": WIDTH}
