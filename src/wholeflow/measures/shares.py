"""Shares: how many of those who could meet something did, with a 95 % range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.published import sum_counts
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


def _from_counts(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    names = dict(definition.counts)
    if not names or not journeys.counts().num_rows:
        raise UnsupportedError(
            f"{definition.title.lower()} can't be measured: no such place has a stay here",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    rows, partial = sum_counts(journeys, names, by)
    met = pc.subtract(rows["total"], rows["failed"])
    table = rows.select(list(by)).append_column("n", rows["total"].cast(pa.int64()))
    return Result(
        definition,
        tuple(by),
        with_shares(table.append_column("met", met.cast(pa.int64()))),
        {"published figures without their counterpart": partial},
        ("From published counts, not from people's records.",),
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
