"""Single drawings for the terminal and notebooks: the map of a view, a measure over time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.core.time import UNITS
from wholeflow.journeys import Journeys
from wholeflow.measures import Result
from wholeflow.publish import svg
from wholeflow.publish.facts import Facts
from wholeflow.publish.figure import Figure
from wholeflow.publish.flow_map import flow_map
from wholeflow.publish.over_time_charts import NOTE_LETTERS, over_time_figure

MOST_CHARTS = 24
"""So many charts are drawn in one drawing at most."""

AXIS = {"share": "share", "care_share": "share of care", "p50_hours": "median hours"}
"""What the upright axis is called, where it is not the unit of the measure."""


def draw_map(journeys: Journeys, transitions: pa.Table | None = None) -> str:
    """The flow map of a view, or of some of its transitions, as SVG in plain colours."""
    facts = Facts(journeys)
    shown = facts.transitions if transitions is None else transitions
    return svg.alone(flow_map(shown, facts.places))


def draw_over_time(result: Result) -> str:
    """A measure by day, week or month with limits and marks, as SVG; part periods are left out.

    Where it is grouped by more, each group has a chart of its own, one below the other, each on
    its own scale; those with too few figures for limits are named at the foot.
    """
    if not any(name in UNITS[:3] for name in result.by):
        raise RequestError(
            "only figures by day, week or month are drawn, and these are by "
            f"{', '.join(result.by) or 'nothing'}",
            repair="Use --by week, or day or month.",
        )
    if not result.over_time:
        raise UnsupportedError("no whole period is covered: there is nothing to draw")
    if len(result.over_time) > MOST_CHARTS:
        raise RequestError(
            f"{len(result.over_time):,} charts would be drawn, and {MOST_CHARTS} can be read",
            repair="Group by fewer, or by what has fewer values, such as setting.",
        )
    figures, too_few = _figures(result)
    return svg.alone(figures[0].svg if len(result.over_time) == 1 else _stacked(figures, too_few))


def _figures(result: Result) -> tuple[list[Figure], list[str]]:
    """A figure of each group, and the groups with too few figures for limits."""
    figures, too_few = [], []
    last = result.over_time[-1]
    for judged in result.over_time:
        group = ", ".join(judged.group.values())
        try:
            figures.append(
                over_time_figure(
                    f"{result.definition.title} by {judged.unit}" + (f": {group}" if group else ""),
                    judged,
                    axis=AXIS.get(judged.figure, result.definition.unit),
                    alone=judged is last,
                )
            )
        except UnsupportedError:
            if len(result.over_time) == 1:
                raise
            too_few.append(group)
    if not figures:
        raise UnsupportedError("no group has enough figures side by side for limits")
    return figures, too_few


def _stacked(figures: Sequence[Figure], too_few: Sequence[str]) -> str:
    """Figures below each other in one drawing, each under its title."""
    parts: list[str] = []
    y, width = 0.0, 0.0
    for figure in figures:
        size = re.search(r'width="(\d+)" height="(\d+)"', figure.svg)
        if size is None:
            raise AssertionError("a drawing has a width and a height")
        parts.append(svg.text(figure.title, 12, y + 24, font_weight="bold"))
        parts.append(svg.element("g", figure.svg, transform=f"translate(0 {y + 34:.0f})"))
        y += 34 + float(size[2]) + 10
        width = max(width, float(size[1]))
    note = f"Too few figures side by side for limits: {', '.join(too_few)}." if too_few else ""
    for line in svg.wrap(note, NOTE_LETTERS, len(note)) if note else []:
        parts.append(svg.text(line, 12, y + 14))
        y += 18
    return svg.document(
        parts,
        width=width,
        height=y + 12,
        title=f"{len(figures)} charts over time",
        description="\n".join([*(f"{one.title}. {one.sentence}" for one in figures), note]).strip(),
        id_="fig-charts",
    )
