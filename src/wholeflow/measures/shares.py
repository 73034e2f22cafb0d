"""Shares: how many of those who could meet something did, with a 95 % range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError, unknown
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.grouping import quoted
from wholeflow.measures.result import Result

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


def within(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Share that ended within a time; from published counts where there are no stays (§21)."""
    kept = grouping.conditions(definition.settings, definition.holds)
    is_there = (
        journeys.has_events()
        and journeys.query(f"SELECT 1 AS one FROM stays AS t WHERE {kept} LIMIT 1").num_rows
    )
    if not is_there:
        return _from_counts(journeys, definition, by)
    groups = grouping.group(journeys, "stays", by, definition.end)
    ended = (
        f"t.end_kind NOT IN ('open', 'lost') AND t.in_order AND t.{definition.begin} IS NOT NULL"
    )
    took = f"t.{definition.end} - t.{definition.begin}"
    rows = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n, "
        f"count(*) FILTER (WHERE {took} <= {definition.within_minutes * time.MINUTE}) AS met "
        f"FROM stays AS t {' '.join(groups.joins)} WHERE {ended} AND {kept} "
        + (f"GROUP BY {groups.positions()} ORDER BY {groups.positions()}" if by else "")
    )
    left_out = journeys.query(
        f"SELECT count(*) AS n FROM stays AS t WHERE {kept} AND NOT coalesce({ended}, false)"
    )
    shared = grouping.add_is_complete(journeys, with_shares(rows), groups.unit)
    reason = "not ended, or with an impossible order of times"
    return Result(definition, groups.by, shared, {reason: left_out["n"][0].as_py()})


COUNT_GROUPS = ("breakdown", "organisation", "place", *time.UNITS)


def _from_counts(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    names = dict(definition.counts)
    counts = journeys.counts() if names else None
    if counts is None or not counts.num_rows:
        raise UnsupportedError(
            f"{definition.title.lower()} can't be measured: no such place has a stay here",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    for name in by:
        if name not in COUNT_GROUPS:
            raise unknown("grouping of published counts", name, list(COUNT_GROUPS))
    rows = sum_counts(journeys, counts, names, by)
    met = pa.array(
        [
            int(total) - int(failed)
            for total, failed in zip(
                rows["total"].to_pylist(), rows["failed"].to_pylist(), strict=True
            )
        ],
        pa.int64(),
    )
    table = rows.select(list(by)).append_column("n", rows["total"].cast(pa.int64()))
    return Result(
        definition,
        tuple(by),
        with_shares(table.append_column("met", met)),
        {},
        ("From published counts, not from people's records.",),
    )


def sum_counts(
    journeys: Journeys, counts: pa.Table, names: dict[str, str], by: Sequence[str]
) -> pa.Table:
    """Published counts added up by group, one column for each of ``names``.

    A count belongs to the calendar unit in which its period begins.
    """
    engine = journeys.engine
    engine.register("published", counts)
    unit = next((name for name in by if name in time.UNITS), "")
    joins = ""
    if unit:
        edges = counts["from_at"].to_pylist()
        engine.register("spans", time.periods(unit, min(edges), max(edges), journeys.zone))
        joins = "JOIN spans AS s ON t.from_at >= s.from_at AND t.from_at < s.to_at"
    columns = {"breakdown": 't."by"', "organisation": "t.organisation", "place": "t.place"}
    select = ", ".join(f'{columns.get(name, "s.label")} AS "{name}"' for name in by)
    totals = ", ".join(
        f"coalesce(sum(t.value) FILTER (WHERE t.name = {quoted(name)}), 0) AS {column}"
        for column, name in names.items()
    )
    keys = ", ".join(f'"{name}"' for name in by)
    return journeys.engine.query(
        f"SELECT {select + ', ' if by else ''}{totals} FROM published AS t {joins} "
        + (f"GROUP BY {keys} ORDER BY {keys}" if by else "")
    )


def with_shares(rows: pa.Table) -> pa.Table:
    """The rows with ``share`` of ``n`` that ``met`` and its 95 % range."""
    pairs = list(zip(rows["met"].to_pylist(), rows["n"].to_pylist(), strict=True))
    ranges = [wilson(met, n) for met, n in pairs]
    shares = [met / n if n else None for met, n in pairs]
    columns = {"share": shares, "low": [r[0] for r in ranges], "high": [r[1] for r in ranges]}
    for name, values in columns.items():
        rows = rows.append_column(name, pa.array(values, pa.float64()))
    return rows


def wilson(met: int, n: int) -> tuple[float | None, float | None]:
    """The 95 % range of a share by Wilson's score (Wilson 1927); None where n is 0.

    >>> [round(x, 4) for x in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if not n:
        return None, None
    share = met / n
    middle = share + Z * Z / (2 * n)
    spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    low = 0.0 if met == 0 else (middle - spread) / scale
    high = 1.0 if met == n else (middle + spread) / scale
    return low, high
