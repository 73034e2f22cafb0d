"""Charts over time: arrivals of the busiest places, or totals of published counts."""

from __future__ import annotations

from collections.abc import Sequence

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import parse_instant, periods
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.spc import PRESET, presets, xmr
from wholeflow.publish.facts import OVER_TIME, Facts
from wholeflow.publish.figure import Figure
from wholeflow.publish.over_time_charts import AXIS, over_time_figure, xmr_figure
from wholeflow.publish.sections import TOO_FEW, Section
from wholeflow.publish.words import sentence

TITLE = "Over time"
FEWEST = 8
"""Periods below which no chart is drawn."""

WORDS = {"day": "a day", "week": "a week", "month": "a month"}
EXPLAINED = (
    "The line in the middle is the mean, the broken lines are the limits within which nearly all "
    "points lie while nothing changes. Triangles mark points that are more than chance, up or "
    "down. Limits begin anew only where somebody signed a step or a baseline; below a chart stand "
    "its marks and the rules that marked a point."
)


def trends_section(facts: Facts) -> Section:
    """Charts over time, or one sentence that says why there are none."""
    try:
        figures = _of_arrivals(facts) if facts.has_events else _of_counts(facts)
    except UnsupportedError as error:
        return Section("time", TITLE, (sentence(error.what),))
    if not figures:
        few = f"The records cover fewer than {FEWEST} whole periods."
        return Section("time", TITLE, (few if facts.is_internal else TOO_FEW,))
    rules = presets()[PRESET]
    return Section("time", TITLE, (EXPLAINED, f"{rules.title}: {rules.meaning}"), tuple(figures))


def _of_arrivals(facts: Facts) -> list[Figure]:
    figures = [
        figure
        for one in facts.arrivals.over_time
        for figure in _judged(
            f"{one.group['place']}: arrivals {WORDS[facts.unit]}", one, "arrivals"
        )
    ]
    figures += [figure for name in OVER_TIME for figure in _of_measure(facts, name)]
    return figures + _of_delay(facts)


def _of_delay(facts: Facts) -> list[Figure]:
    """Delay over time where most hours of it passed; none where the records can't tell it."""
    try:
        delayed = facts.delayed
    except UnsupportedError:
        return []
    return [
        figure
        for one in delayed.over_time
        for figure in _judged(
            f"{one.group['place']}: delay after being ready to leave, by {delayed.by[-1]}",
            one,
            AXIS["p50_hours"],
        )
    ]


def _of_measure(facts: Facts, name: str) -> list[Figure]:
    """A measure of the whole place over time; none where the records can't tell it."""
    try:
        result = facts.measured(name, (facts.unit,))
    except UnsupportedError:
        return []
    title = f"{result.definition.title}, by {facts.unit}"
    return [
        figure
        for one in result.over_time
        for figure in _judged(title, one, AXIS.get(one.figure, result.definition.unit))
    ]


def _judged(title: str, series: OverTime, axis: str) -> list[Figure]:
    """The chart of a measure with the marks that concern it, where there are enough figures."""
    values = [value for part in series.parts for value in part.values]
    if sum(value is not None for value in values) < FEWEST:
        return []
    try:
        return [over_time_figure(title, series, axis=axis)]
    except UnsupportedError:  # too few of them side by side
        return []


def _figures(
    title: str,
    names: Sequence[str],
    values: Sequence[float | None],
    unit: str,
    axis: str,
) -> list[Figure]:
    if sum(value is not None for value in values) < FEWEST:
        return []
    return [xmr_figure(title, names, xmr(values), unit=unit, axis=axis)]


def names_between(first: str, last: str, unit: str) -> list[str]:
    """Every period from one to another.

    >>> names_between("2024-11", "2025-01", "month")
    ['2024-11', '2024-12', '2025-01']
    """
    days = (name if unit != "month" else f"{name}-01" for name in (first, last))
    start, end = (parse_instant(f"{day} 12:00") for day in days)
    return [str(label) for label in periods(unit, start, end)["label"].to_pylist()]


# Published counts


def _of_counts(facts: Facts) -> list[Figure]:
    figures = []
    for name, values in sorted(facts.monthly.items()):
        names = names_between(min(values), max(values), "month")
        series = [values.get(month) for month in names]
        title = f"{name[0].upper()}{name[1:]} a month, all organisations"
        figures += _figures(title, names, series, "month", name)
    return figures + _of_measure(facts, "four_hours")
