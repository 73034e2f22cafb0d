"""Single drawings for the terminal and notebooks: the map of a view, a measure over time."""

from __future__ import annotations

import pyarrow as pa

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.core.time import UNITS
from wholeflow.journeys import Journeys
from wholeflow.measures import Result
from wholeflow.publish import svg
from wholeflow.publish.charts import over_time_figure
from wholeflow.publish.facts import Facts
from wholeflow.publish.flow_map import flow_map


def draw_map(journeys: Journeys, transitions: pa.Table | None = None) -> str:
    """The flow map of a view, or of some of its transitions, as SVG in plain colours."""
    facts = Facts(journeys)
    shown = facts.transitions if transitions is None else transitions
    return svg.alone(flow_map(shown, facts.places))


def draw_over_time(result: Result) -> str:
    """A measure by day, week or month with limits and marks, as SVG; part periods are left out."""
    if len(result.by) != 1 or result.by[0] not in UNITS[:3]:
        raise RequestError(
            f"only figures by day, week or month alone are drawn, and these are by "
            f"{', '.join(result.by) or 'nothing'}",
            repair="Use --by week, or day or month, and nothing beside it; some measures always "
            "group by more, and are not drawn.",
        )
    if not result.over_time:
        raise UnsupportedError("no whole period is covered: there is nothing to draw")
    judged = result.over_time[0]
    axis = {"share": "share", "care_share": "share of care", "p50_hours": "median hours"}
    figure = over_time_figure(
        f"{result.definition.title} by {result.by[0]}",
        judged,
        axis=axis.get(judged.figure, result.definition.unit),
        alone=True,
    )
    return svg.alone(figure.svg)
