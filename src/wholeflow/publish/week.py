"""When people come in the week: the heat map of the emergency department, else of a busy place."""

from __future__ import annotations

from wholeflow.core.errors import UnsupportedError
from wholeflow.measures.units import OF_WEEK
from wholeflow.publish.facts import Facts
from wholeflow.publish.heat_map import heat_figure
from wholeflow.publish.sections import NO_EVENTS, Section
from wholeflow.publish.words import counted, left_out, number, sentence

TITLE = "Hours of the week"
FEWEST = 2 * len(OF_WEEK)
"""Arrivals below which nearly every hour of the week would be chance."""


def _shown(facts: Facts) -> str:
    return "" if facts.is_internal else ", in the hours that may be shown; hidden ones are white"


def week_section(facts: Facts) -> Section:
    """Arrivals by hour of the week at the busiest emergency department, else place."""
    if not facts.has_events:
        return Section("week", TITLE, (NO_EVENTS,))
    try:
        result = facts.week
    except UnsupportedError as error:
        return Section("week", TITLE, (sentence(error.what),))
    rows = result.rows.to_pylist()
    came = sum(row["n"] or 0 for row in rows)
    if came < FEWEST:
        few = f"No place has {number(FEWEST)} arrivals with a known hour: too few for this picture."
        return Section("week", TITLE, (few,))
    place = rows[0]["place"]
    values = {row["hour_of_week"]: row["per_hour"] for row in rows}
    words = (
        f"{counted(came, 'arrival')} at {place}{_shown(facts)}, spread over {len(OF_WEEK)} hours "
        "of the week: "
        f"{number(came / len(OF_WEEK))} in each on average, so that chance moves a cell: read "
        "rows and blocks. An hour that clocks show twice counts twice (§29)."
    )
    notes = tuple(left_out(result.left_out))
    figure = heat_figure(f"{place}: arrivals by hour of the week", values, "arrivals an hour")
    return Section("week", TITLE, (words,), (figure,), notes=notes)
