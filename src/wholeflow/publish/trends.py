"""Charts over time: arrivals of the busiest places, or totals of published counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow.compute as pc

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import DAY, HOUR, local, parse_instant, periods
from wholeflow.measures import measure
from wholeflow.measures.published import counted_once
from wholeflow.measures.spc import xmr
from wholeflow.publish.charts import xmr_figure
from wholeflow.publish.facts import Facts
from wholeflow.publish.figure import Figure
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
    "points lie while nothing changes. Triangles mark points that are more than chance, up or down."
)


def trends_section(facts: Facts) -> Section:
    """Charts over time, or one sentence that says why there are none."""
    try:
        figures = _of_arrivals(facts) if facts.has_events else _of_counts(facts)
    except UnsupportedError as error:
        return Section("time", TITLE, (sentence(error.what),))
    if not figures:
        return Section("time", TITLE, (f"The records cover fewer than {FEWEST} whole periods.",))
    return Section("time", TITLE, (EXPLAINED,), tuple(figures))


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
    rows = measure(facts.journeys, "arrivals", ("place", unit)).rows.to_pylist()
    whole = sorted({row[unit] for row in rows if row["is_complete"]})
    if not whole:
        return []
    names = names_between(whole[0], whole[-1], unit)
    series: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        series[row["place"] or "Place not recorded"][row[unit]] = float(row["n"])
    busiest = sorted(series, key=lambda place: (-sum(series[place].values()), place))[:BUSIEST]
    figures = []
    for place in busiest:
        title = f"{place}: arrivals {WORDS[unit]}"
        own = _observed(series[place], names)
        figures += _figures(title, own, _filled(series[place], own), unit, "arrivals")
    return figures


def _observed(values: Mapping[str, float], names: Sequence[str]) -> Sequence[str]:
    """The periods from the first in which anybody came: before it, nobody knows.

    Where others were recorded earlier, that first one may be covered in part and is left out.
    """
    first = min(values)
    return names if first <= names[0] else [name for name in names if name > first]


def _filled(values: Mapping[str, float], names: Sequence[str]) -> list[float | None]:
    """A value for each period: no arrivals in a period that is covered are none."""
    return [values.get(name, 0.0) for name in names]


def _figures(
    title: str,
    names: Sequence[str],
    values: Sequence[float | None],
    unit: str,
    axis: str,
    as_share: bool = False,
) -> list[Figure]:
    if sum(value is not None for value in values) < FEWEST:
        return []
    return [xmr_figure(title, names, xmr(values), unit=unit, axis=axis, as_share=as_share)]


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
    values = {row["month"]: row["share"] for row in result.rows.to_pylist()}
    if not values:
        return []
    names = names_between(min(values), max(values), "month")
    series = [values.get(month) for month in names]
    title = f"{result.definition.title}, by month"
    return _figures(title, names, series, "month", "share within four hours", as_share=True)


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
