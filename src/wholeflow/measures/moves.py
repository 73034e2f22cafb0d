"""Moves: how often people were moved from place to place in a time in hospital."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import fill, quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result
from wholeflow.measures.returns import times_inside
from wholeflow.measures.rows import EARLY, rows_of

SURE = (
    "The mean has its 95 % range (Student's t): chance alone moves it within. "
    "Where there is one time in hospital only, nobody can say."
)


def moves(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Moves for each time in hospital that has ended: their mean with its range, sum and most.

    A time in hospital is that of rule §20. A move is a change of place from one stay whose
    setting is one of ``to_settings`` to the next such stay of the same time. Grouped by what is
    known of the last stay.
    """
    stays = rows_of(journeys, "stays")
    settings = {
        "numbered": times_inside(definition, stays),
        "counts": grouping.conditions(definition.to_settings, ()),
        "early": quoted(EARLY),
    }
    times = f"({fill('wholeflow.measures', 'sql/moves.sql', settings)})"
    groups = grouping.group(journeys, "stays", times, by, at="end_at")
    found = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n, CAST(sum(t.moves) AS BIGINT) AS moves, "
        "CAST(sum(t.moves * t.moves) AS BIGINT) AS squares, CAST(max(t.moves) AS BIGINT) AS most, "
        f"count(*) FILTER (WHERE t.moves = 0) AS unmoved FROM {times} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {groups.knows} {groups.grouped()}"
    )
    if not sum(found["n"].to_pylist()):
        raise UnsupportedError(
            f"{definition.title} can't be measured: nobody's time there has ended",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    told = grouping.add_left_out(journeys, found, groups, times)
    table = grouping.in_order(_with_means(told), groups.by)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, stays),
        grouping.left_out(journeys, groups, times),
        ("Moves between places that nobody records, such as bays, are not seen.",),
        SURE,
    )


def _with_means(rows: pa.Table) -> pa.Table:
    """The rows with ``mean`` and its 95 % range in place of the sum of squares."""
    found = [
        mean_of(row["n"], row["moves"], row["squares"])
        for row in rows.select(["n", "moves", "squares"]).to_pylist()
    ]
    rows = rows.drop_columns(["squares"])
    for column, name in enumerate(("mean", "mean_low", "mean_high")):
        rows = rows.append_column(name, pa.array([one[column] for one in found], pa.float64()))
    return rows


def mean_of(
    n: int, total: float, squares: float
) -> tuple[float | None, float | None, float | None]:
    """The mean of values and its 95 % range by Student's t, from their sum and sum of squares.

    No range below 0, and none of one value.

    >>> [round(x, 3) for x in mean_of(4, 10, 30)]
    [2.5, 0.446, 4.554]
    """
    if not n:
        return None, None, None
    mean = total / n
    if n == 1:
        return mean, None, None
    from scipy.special import stdtrit

    variance = max(squares - total * total / n, 0.0) / (n - 1)
    spread = float(stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return mean, max(mean - spread, 0.0), mean + spread
