"""Charts over time: arrivals of the busiest places, or totals of published counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import pyarrow.compute as pc

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import DAY, HOUR, local, parse_instant, periods
from wholeflow.measures import measure
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.published import counted_once
from wholeflow.measures.spc import PRESET, presets, xmr
from wholeflow.publish.facts import Facts
from wholeflow.publish.figure import Figure
from wholeflow.publish.over_time_charts import over_time_figure, xmr_figure
from wholeflow.publish.sections import Section
from wholeflow.publish.words import sentence

TITLE = "Over time"
BUSIEST = 4
FEWEST = 8
"""Periods below which no chart is drawn."""

WEEKS_FROM, MONTHS_FROM = 84 * DAY, 900 * DAY
WORDS = {"day": "a day", "week": "a week", "month": "a month"}
MONTH_AT_LEAST, MONTH_AT_MOST = 28 * DAY - HOUR, 31 * DAY + HOUR
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
        return Section("time", TITLE, (f"The records cover fewer than {FEWEST} whole periods.",))
    rules = presets()[PRESET]
    return Section("time", TITLE, (EXPLAINED, f"{rules.title}: {rules.meaning}"), tuple(figures))


def unit_for(span: int) -> str:
    """Days, weeks or months, for a chart of some 12 to 130 points.

    >>> unit_for(30 * DAY), unit_for(365 * DAY), unit_for(1460 * DAY)
    ('day', 'week', 'month')
    """
    if span < WEEKS_FROM:
        return "day"
    return "week" if span < MONTHS_FROM else "month"


def _of_arrivals(facts: Facts) -> list[Figure]:
    facts.journeys.need_shared_clock("change over time")
    first, last = facts.period or (0, 0)
    unit = unit_for(last - first)
    result = measure(facts.journeys, "arrivals", ("place", unit))
    came: Counter[str] = Counter()
    for row in result.rows.to_pylist():
        came[row["place"]] += row["n"]
    busiest = sorted(came, key=lambda place: (-came[place], place))[:BUSIEST]
    series = {one.group["place"]: one for one in result.over_time}
    figures = []
    for place in busiest:
        title = f"{place}: arrivals {WORDS[unit]}"
        figures += _judged(title, series.get(place), "arrivals")
    return figures


def _judged(title: str, series: OverTime | None, axis: str) -> list[Figure]:
    """The chart of a measure with the marks that concern it, where there are enough figures."""
    values = [value for part in series.parts for value in part.values] if series else []
    if series is None or sum(value is not None for value in values) < FEWEST:
        return []
    return [over_time_figure(title, series, axis=axis)]


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
    for name, values in sorted(_monthly(facts).items()):
        names = names_between(min(values), max(values), "month")
        series = [values.get(month) for month in names]
        title = f"{name[0].upper()}{name[1:]} a month, all organisations"
        figures += _figures(title, names, series, "month", name)
    return figures + _four_hours(facts)


def _four_hours(facts: Facts) -> list[Figure]:
    try:
        result = measure(facts.journeys, "four_hours", ("month",))
    except UnsupportedError:
        return []
    title = f"{result.definition.title}, by month"
    return [f for one in result.over_time for f in _judged(title, one, "share within four hours")]


def _monthly(facts: Facts) -> dict[str, dict[str, float]]:
    """Totals of each count by month; only figures for whole months, each counted once."""
    counts = facts.counts
    length = pc.subtract(counts["to_at"], counts["from_at"])
    is_month = pc.and_(
        pc.greater_equal(length, MONTH_AT_LEAST), pc.less_equal(length, MONTH_AT_MOST)
    )
    counts = counts.filter(pc.and_(is_month, pc.equal(counts["is"], "flow")))
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name in pc.unique(counts["name"]).to_pylist():
        own = counted_once(counts.filter(pc.equal(counts["name"], name)))
        for row in own.group_by("from_at").aggregate([("value", "sum")]).to_pylist():
            month = f"{local(row['from_at'], facts.journeys.zone):%Y-%m}"
            found[name][month] = found[name].get(month, 0.0) + row["value_sum"]
    return found
