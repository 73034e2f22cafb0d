"""Single drawings for the terminal and notebooks: the map of a view, a measure over time."""

from __future__ import annotations

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.core.time import UNITS
from wholeflow.journeys import Journeys
from wholeflow.measures import Result
from wholeflow.publish.charts import over_time_figure
from wholeflow.publish.facts import Facts
from wholeflow.publish.flow_map import flow_map


def draw_map(journeys: Journeys) -> str:
    """The flow map of a view as SVG."""
    facts = Facts(journeys)
    return flow_map(facts.transitions, facts.places)


def draw_over_time(result: Result) -> str:
    """A measure by day, week or month with limits and marks, as SVG; part periods are left out."""
    if len(result.by) != 1 or result.by[0] not in UNITS[:3]:
        raise RequestError(
            "a chart over time needs a result by one unit of time and nothing else",
            repair="Add --by week, or day or month.",
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
    return figure.svg
