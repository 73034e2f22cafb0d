"""Published counts: added up so that nothing is counted twice and no gap becomes a nought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.errors import unknown
from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import units

COLUMNS = {"breakdown": "by", "organisation": "organisation", "place": "place"}
"""Groupings of counts, and the column of the table that holds each."""


def counted_once(counts: pa.Table, by: Sequence[str] = ()) -> pa.Table:
    """Without the parts of what is also published as a whole, unless grouped by them."""
    for grouping, column in COLUMNS.items():
        is_whole = counts[column].is_null()
        if grouping not in by and pc.any(is_whole).as_py():
            counts = counts.filter(is_whole)
    return counts


def sum_counts(
    journeys: Journeys, names: Mapping[str, str], by: Sequence[str]
) -> tuple[pa.Table, int]:
    """Published counts that belong together, added up by group.

    ``names``: for each column of the answer the count's name. A place and period for
    which one of them is missing is left out; the second answer says how many were.
    A count belongs to the calendar unit in which its period begins.
    """
    for name in by:
        if name not in (*COLUMNS, *units.SPANS):
            raise unknown("grouping of published counts", name, [*COLUMNS, *units.SPANS])
    counts = journeys.counts()
    counts = counts.filter(counts["value"].is_valid())
    wanted = pc.is_in(counts["name"], value_set=pa.array(list(names.values())))
    journeys.engine.register("published", counted_once(counts.filter(wanted), by))
    unit = next((name for name in by if name in units.SPANS), "")
    if unit:
        edges = counts["from_at"].to_pylist()
        spans = units.spans(unit, min(edges), max(edges), journeys.zone)
        journeys.engine.register("spans", spans)
    select = "".join(
        f't."{COLUMNS[name]}" AS "{name}", ' if name in COLUMNS else f's.label AS "{name}", '
        for name in by
    )
    keys = ", ".join(str(number + 1) for number in range(len(by)))
    rows = journeys.engine.query(
        f"WITH {_pairs(names)} SELECT {select}"
        + ", ".join(f"coalesce(sum(t.{column}), 0) AS {column}" for column in names)
        + " FROM pairs AS t "
        + ("JOIN spans AS s ON t.from_at >= s.from_at AND t.from_at < s.to_at " if unit else "")
        + f"WHERE {_complete(names)} "
        + (f"GROUP BY {keys} ORDER BY {keys}" if by else "")
    )
    partial = journeys.engine.query(
        f"WITH {_pairs(names)} SELECT count(*) AS n FROM pairs AS t WHERE NOT ({_complete(names)})"
    )
    return rows, int(partial["n"][0].as_py())


def _pairs(names: Mapping[str, str]) -> str:
    columns = ", ".join(
        f"sum(CASE WHEN p.name = {quoted(name)} THEN p.value END) AS {column}"
        for column, name in names.items()
    )
    keys = 'p.organisation, p.place, p."by", p.from_at, p.to_at'
    return f"pairs AS (SELECT {keys}, {columns} FROM published AS p GROUP BY {keys})"


def _complete(names: Mapping[str, str]) -> str:
    return " AND ".join(f"t.{column} IS NOT NULL" for column in names)
