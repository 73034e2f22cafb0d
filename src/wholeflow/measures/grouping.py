"""What results are grouped by: places, organisations, feeds and calendar units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import RequestError, unknown
from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys

NAMES = {
    "stays": {
        "place": "place",
        "organisation": "organisation",
        "source": "source",
        "from_place": "from_place",
        "to_place": "to_place",
    },
    "handoffs": {
        "place": "to_place",
        "organisation": "to_organisation",
        "from_place": "from_place",
        "to_place": "to_place",
        "from_organisation": "from_organisation",
        "to_organisation": "to_organisation",
    },
}
"""Groupings that name something, and the coded column of each table that holds it."""

TEXTS = {"stays": ("setting", "holds", "end_kind"), "handoffs": ()}
"""Groupings whose column is text."""


@dataclass(frozen=True)
class Grouping:
    """SQL for a grouping: ``select`` and ``joins`` for a relation called ``t``."""

    by: tuple[str, ...]
    select: tuple[str, ...]
    joins: tuple[str, ...]

    @property
    def unit(self) -> str:
        """The calendar unit among the groupings, or an empty text."""
        return next((name for name in self.by if name in time.UNITS), "")

    def columns(self) -> str:
        """The grouping columns, each followed by a comma, for a SELECT."""
        return "".join(f"{column}, " for column in self.select)

    def positions(self) -> str:
        """The positions of the grouping columns, for GROUP BY and ORDER BY.

        By position, for a grouping may bear the name of a coded column beneath it.
        """
        return ", ".join(str(number + 1) for number in range(len(self.by)))


def group(journeys: Journeys, table: str, by: Sequence[str], at: str) -> Grouping:
    """The grouping of a table by names, with calendar units taken at an instant column.

    Raises RequestError for a grouping that the table does not have, and
    UnsupportedError for a calendar unit on shifted clocks (rule §5).
    """
    select, joins = [], []
    for name in dict.fromkeys(by):
        if name in NAMES[table]:
            column = NAMES[table][name]
            joins.append(f"LEFT JOIN dictionary AS g_{name} ON g_{name}.code = t.{column}")
            select.append(f"coalesce(g_{name}.name, 'not recorded') AS \"{name}\"")
        elif name in TEXTS[table]:
            select.append(f't.{name} AS "{name}"')
        elif name in time.UNITS:
            use_calendar(journeys, table, at)
            joins.append(f"LEFT JOIN calendar AS c ON c.quarter_hour = {_quarter_hour(at)}")
            select.append(f'c."{name}" AS "{name}"')
        else:
            raise unknown("grouping", name, [*NAMES[table], *TEXTS[table], *time.UNITS])
    if sum(name in time.UNITS for name in by) > 1:
        raise RequestError(
            "results are grouped by one calendar unit at a time",
            repair=f"Use one of: {', '.join(time.UNITS)}.",
        )
    return Grouping(tuple(dict.fromkeys(by)), tuple(select), tuple(dict.fromkeys(joins)))


def use_calendar(journeys: Journeys, table: str, at: str) -> None:
    """Make local time visible to SQL as ``calendar``, for the instants that a table holds."""
    journeys.need_shared_clock("a result by day, week, month or year")
    held = journeys.query(
        f"SELECT DISTINCT {_quarter_hour(at)} AS quarter_hour FROM {table} AS t "
        f"WHERE t.{at} IS NOT NULL"
    )
    rows = time.calendar(held["quarter_hour"].to_numpy(), journeys.zone)
    journeys.engine.register("calendar", rows)


def _quarter_hour(at: str) -> str:
    return f"CAST(floor(t.{at} / {time.QUARTER_HOUR}.0) AS BIGINT)"


def complete_periods(journeys: Journeys, unit: str) -> set[str]:
    """Labels of the units all of whose local days lie between first and last event."""
    first = _day_edge(journeys.observed_from(), journeys.zone, 0)
    last = _day_edge(journeys.observed_to(), journeys.zone, 1)
    rows = time.periods(unit, first, last, journeys.zone).to_pylist()
    return {row["label"] for row in rows if row["from_at"] >= first and row["to_at"] <= last}


def _day_edge(at: int, zone: str, days: int) -> int:
    day = time.periods("day", at, at, zone).to_pylist()[0]
    return int(day["to_at"] if days else day["from_at"])


def add_is_complete(journeys: Journeys, rows: pa.Table, unit: str) -> pa.Table:
    """The rows with ``is_complete``: whether the records cover the whole calendar unit."""
    if not unit:
        return rows
    whole = complete_periods(journeys, unit)
    return rows.append_column("is_complete", pa.array([x in whole for x in rows[unit].to_pylist()]))


def by_group(rows: pa.Table, by: Sequence[str]) -> Iterable[tuple[dict[str, Any], pa.Table]]:
    """The rows of each group; rows must be sorted by the grouping columns."""
    if not by:
        yield {}, rows
        return
    if not rows.num_rows:
        return
    changes = np.zeros(rows.num_rows - 1, dtype=bool)
    for name in by:
        column = rows[name].combine_chunks()
        changes |= pc.not_equal(column.slice(1), column.slice(0, len(column) - 1)).to_numpy(
            zero_copy_only=False
        )
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), rows.num_rows]
    for start, end in pairwise(edges):
        part = rows.slice(start, end - start)
        yield {name: part[name][0].as_py() for name in by}, part


def conditions(settings: Sequence[str], holds: Sequence[str]) -> str:
    """SQL that keeps rows ``t`` of the observed past, of some settings and layers."""
    parts = ["t.run = 0"]
    for column, allowed in (("setting", settings), ("holds", holds)):
        if allowed:
            parts.append(f"t.{column} IN ({', '.join(quoted(value) for value in allowed)})")
    return " AND ".join(parts)
