"""Single drawings for the terminal and notebooks: the map of a view, a measure over time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from wholeflow.core.errors import RequestError, UnsupportedError, unknown
from wholeflow.core.time import UNITS
from wholeflow.governance.disclosure import Policy
from wholeflow.journeys import Journeys
from wholeflow.measures import Result
from wholeflow.publish import svg
from wholeflow.publish.facts import Facts
from wholeflow.publish.figure import Figure
from wholeflow.publish.flow_map import flow_map
from wholeflow.publish.over_time_charts import AXIS, NOTE_LETTERS, over_time_figure
from wholeflow.publish.report import facts_for, stamp
from wholeflow.publish.sections import Section, hours_section, story_section, waits_section
from wholeflow.publish.trends import trends_section
from wholeflow.publish.week import week_section
from wholeflow.publish.words import counted

MOST_CHARTS = 24
"""So many charts are drawn in one drawing at most."""

SECTIONS: dict[str, Callable[[Facts], Section]] = {
    "hours": hours_section,
    "waits": waits_section,
    "time": trends_section,
    "week": week_section,
    "journey": story_section,
}
"""The sections of the report whose charts are drawn singly; the flow map has its own command."""


def draw_map(journeys: Journeys, transitions: pa.Table | None = None) -> str:
    """The flow map of a view, or of some of its transitions, as SVG in plain colours."""
    facts = Facts(journeys)
    shown = facts.transitions if transitions is None else transitions
    return svg.alone(flow_map(shown, facts.places))


def draw_section(journeys: Journeys, name: str, policy: Policy | None = None) -> str:
    """The charts of a section of the report as SVG, stamped as the report is.

    Raises RequestError for a section that does not exist, and UnsupportedError where the records
    can't tell it, or a policy lets nothing of it be shown.
    """
    if name not in SECTIONS:
        raise unknown("chart", name, list(SECTIONS))
    section = SECTIONS[name](facts_for(journeys, policy))
    if not section.figures:
        raise UnsupportedError(section.paragraphs[0].rstrip("."))
    return svg.alone(_stacked(section.figures, stamp(policy)))


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
    note = f"Too few figures side by side for limits: {', '.join(too_few)}." if too_few else ""
    return svg.alone(figures[0].svg if len(result.over_time) == 1 else _stacked(figures, note))


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


def _stacked(figures: Sequence[Figure], note: str) -> str:
    """Figures below each other in one drawing, each under its title, and a note at the foot."""
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
    for line in svg.wrap(note, NOTE_LETTERS, len(note)) if note else []:
        parts.append(svg.text(line, 12, y + 14))
        y += 18
    return svg.document(
        parts,
        width=width,
        height=y + 12,
        title=counted(len(figures), "chart"),
        description="\n".join([*(f"{one.title}. {one.sentence}" for one in figures), note]).strip(),
        id_="fig-charts",
    )
