"""Units of time to group by: spans that come once, and hours that come again (§22, §29)."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import pyarrow as pa

from wholeflow.core import time

SPANS = ("day", "week", "month", "quarter", "financial_year")
"""Units that come once: each is a span of time with a begin and an end."""

HOURS = ("hour_of_day", "hour_of_week")
"""Units that come again: every hour of local time that has the same name."""

UNITS = (*SPANS, *HOURS)
"""Units of time that results are grouped by."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OF_DAY = tuple(f"{hour:02d}" for hour in range(24))
OF_WEEK = tuple(f"{day} {hour}" for day, hour in product(WEEKDAYS, OF_DAY))
NAMES = {"hour_of_day": OF_DAY, "hour_of_week": OF_WEEK}
"""The names of hours, in the order of time."""


def calendar(quarter_hours: np.ndarray, zone: str = time.LONDON) -> pa.Table:
    """Local time of quarter-hours: ``core.time.calendar`` with a column for every unit."""
    rows = time.calendar(quarter_hours, zone)
    months = rows["month"].combine_chunks().dictionary_encode()
    quarters = pa.array([_quarter(month) for month in months.dictionary.to_pylist()], pa.string())
    hours, weekdays = rows["hour"].to_numpy(), rows["weekday"].to_numpy()
    columns = {
        "quarter": quarters.take(months.indices),
        "hour_of_day": pa.array(OF_DAY).take(pa.array(hours)),
        "hour_of_week": pa.array(OF_WEEK).take(pa.array(weekdays * 24 + hours)),
    }
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def spans(unit: str, first: int, last: int, zone: str = time.LONDON) -> pa.Table:
    """The spans of time that hold the instants from ``first`` to ``last``, in order.

    Columns: ``label``, ``from_at`` and ``to_at`` (instants, the second not included). Of a
    unit of ``HOURS`` there is a row each time that clocks showed such an hour, so that labels come
    again: it lasts two hours where clocks go back, and is not there where they go forward.
    """
    if unit in HOURS:
        return _hours(unit, first, last, zone)
    if unit == "quarter":
        return _quarters(first, last, zone)
    return time.periods(unit, first, last, zone)


def _quarter(month: str) -> str:
    """The quarter of a month as its first and last month.

    >>> _quarter("2024-08")
    '2024-07 to 2024-09'
    """
    year, number = month.split("-")
    first = int(number) - (int(number) - 1) % 3
    return f"{year}-{first:02d} to {year}-{first + 2:02d}"


def _quarters(first: int, last: int, zone: str) -> pa.Table:
    years = time.periods("financial_year", first, last, zone)
    whole = years["from_at"][0].as_py(), years["to_at"][-1].as_py() - 1
    months = time.periods("month", *whole, zone).to_pylist()
    quarters = [
        {"label": _quarter(one["label"]), "from_at": one["from_at"], "to_at": last_one["to_at"]}
        for one, last_one in zip(months[::3], months[2::3], strict=True)
    ]
    held = [row for row in quarters if row["to_at"] > first and row["from_at"] <= last]
    return pa.Table.from_pylist(held, schema=years.schema)


def _hours(unit: str, first: int, last: int, zone: str) -> pa.Table:
    numbers = np.arange(first // time.QUARTER_HOUR, last // time.QUARTER_HOUR + 1)
    labels = calendar(numbers, zone)[unit].combine_chunks().dictionary_encode()
    codes = labels.indices.to_numpy()
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    edges = np.append(numbers[begins], numbers[-1] + 1) * time.QUARTER_HOUR
    return pa.table(
        {
            "label": labels.dictionary.take(pa.array(codes[begins])),
            "from_at": edges[:-1],
            "to_at": edges[1:],
        }
    )


def between(first: str, last: str, unit: str, zone: str = time.LONDON) -> pa.Table:
    """The spans from one day, week or month to another, by their labels."""
    days = (f"{label}-01" if unit == "month" else label for label in (first, last))
    start, end = (time.parse_instant(f"{day} 12:00", zone) for day in days)
    return time.periods(unit, start, end, zone)


def called(label: str, unit: str) -> str:
    """A day, week or month as people write it.

    >>> called("2024-07-01", "week"), called("2024-07", "month")
    ('week of 1 July 2024', 'July 2024')
    """
    if unit == "month":
        return f"{date.fromisoformat(label + '-01'):%B %Y}"
    words = time.show_date(date.fromisoformat(label))
    return f"week of {words}" if unit == "week" else words
