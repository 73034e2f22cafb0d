"""Single drawings for the terminal and notebooks: the map of a view, a measure over time."""

from __future__ import annotations

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.core.time import UNITS
from wholeflow.journeys import Journeys
from wholeflow.measures import Result
from wholeflow.measures.spc import xmr
from wholeflow.publish.charts import xmr_figure
from wholeflow.publish.facts import Facts
from wholeflow.publish.flow_map import flow_map
from wholeflow.publish.trends import names_between

FIGURES = ("share", "p50_hours", "mean", "n")
"""What is drawn of a result: the first of these columns that it has."""


def draw_map(journeys: Journeys) -> str:
    """The flow map of a view as SVG."""
    facts = Facts(journeys)
    return flow_map(facts.transitions, facts.places)


def draw_over_time(result: Result) -> str:
    """An XmR chart of a result by one calendar unit, as SVG; part periods are left out."""
    units = [name for name in result.by if name in UNITS[:3]]
    if len(result.by) != 1 or not units:
        raise RequestError(
            "a chart over time needs a result by one calendar unit and nothing else",
            repair="Add --by week, or day or month.",
        )
    rows = {row[units[0]]: row for row in result.rows.to_pylist() if row.get("is_complete", True)}
    if not rows:
        raise UnsupportedError("no whole period is covered: there is nothing to draw")
    column = next(name for name in FIGURES if name in result.rows.column_names)
    names = names_between(min(rows), max(rows), units[0])
    nothing = 0.0 if column == "n" else None
    values = [rows[name][column] if name in rows else nothing for name in names]
    figure = xmr_figure(
        f"{result.definition.title} by {units[0]}",
        names,
        xmr(values),
        unit=units[0],
        axis={"p50_hours": "median hours", "n": result.definition.unit}.get(column, column),
        as_share=column == "share",
    )
    return figure.svg
