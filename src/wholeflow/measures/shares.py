"""Shares: how many of those who could meet something did, with a 95 % range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.durations import IMPOSSIBLE, WORDS
from wholeflow.measures.published import sum_counts
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of
from wholeflow.measures.survival import Z

SURE = (
    "Low and high are the 95 % range of the share (Wilson): chance alone moves it within, however "
    "complete the records are."
)


def within(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Share that ended within a time; from published counts where there are no stays (§21).

    Beside the standard it tells, for each of ``also_minutes``, how many ended within that, the
    mean in minutes and the hours beyond the standard. They are grouped by spans of time at
    their end (rule §22), by hours at their begin (rule §29).
    """
    kept = grouping.conditions(definition.settings, definition.holds)
    is_there = (
        journeys.has_events()
        and journeys.query(f"SELECT 1 AS one FROM stays AS t WHERE {kept} LIMIT 1").num_rows
    )
    if not is_there:
        return _from_counts(journeys, definition, by)
    rows = f"({_timed(definition, rows_of(journeys, 'stays'))})"
    groups = grouping.group(journeys, "stays", rows, by, at=definition.end, begin=definition.begin)
    found = journeys.query(
        f"SELECT {groups.columns()} {_figures(definition)} FROM {rows} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {kept} AND {groups.knows} "
        f"{groups.grouped()}"
    )
    behind, found = behind_of(found, groups.by)
    told = grouping.add_left_out(journeys, found, groups, rows, kept)
    table = grouping.in_order(with_shares(told), groups.by)
    for minutes in definition.also_minutes:
        also = pc.divide(table[f"met_within_{minutes}"].cast(pa.float64()), table["n"])
        table = table.append_column(f"share_within_{minutes}", also)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, rows_of(journeys, "stays")),
        grouping.left_out(journeys, groups, rows, kept),
        (),
        SURE,
        behind=behind,
    )


def people_who(met: str) -> str:
    """SQL for how many people met something, and how many at some time did not."""
    return (
        f"count(DISTINCT CASE WHEN {met} THEN t.person END) AS met_people, "
        f"count(DISTINCT CASE WHEN {met} THEN NULL ELSE t.person END) AS unmet_people"
    )


def behind_of(
    rows: pa.Table, by: Sequence[str]
) -> tuple[dict[tuple[str, ...], dict[str, int]], pa.Table]:
    """The people behind those who met it and those who did not, and the rows without them."""
    told = {
        tuple(row[name] for name in by): {"met": row["met_people"], "unmet": row["unmet_people"]}
        for row in rows.to_pylist()
    }
    return told, rows.drop_columns(["met_people", "unmet_people"])


def _timed(definition: Definition, rows: str) -> str:
    """The stays with the time that they ``took`` (microseconds) and ``why`` they are left out."""
    begin, end = f"t.{definition.begin}", f"t.{definition.end}"
    limit = definition.within_minutes
    so_far = f"t.seen_to - {begin} > {limit * time.MINUTE}"
    over = quoted(f"not ended, and already longer than {limit} minutes")
    not_yet = quoted(f"not ended, and no longer than {limit} minutes so far")
    ways = ", ".join(quoted(way) for way in definition.ends)
    other = quoted(f"that ended otherwise than {' or '.join(definition.ends)}")
    other_way = f"WHEN t.end_kind NOT IN ('open', {ways}) THEN {other} " if ways else ""
    is_open = f"t.end_kind = 'open' AND {_ended(definition)} IS NULL"
    return (
        f"SELECT t.*, {end} - {begin} AS took, "
        f"CASE WHEN NOT t.in_order THEN {quoted(IMPOSSIBLE)} "
        f"WHEN {begin} IS NULL THEN {quoted(_without(definition.begin))} {other_way}"
        f"WHEN {is_open} AND {so_far} THEN {over} WHEN {is_open} THEN {not_yet} "
        f"WHEN {_ended(definition)} IS NULL THEN {quoted(_without(definition.end))} "
        f"WHEN {begin} < t.complete_at THEN {quoted(EARLY)} ELSE '' END AS why FROM {rows} AS t"
    )


def _ended(definition: Definition) -> str:
    """SQL for when a stay came to the end of the measure; a lost end is none (rule §8)."""
    if definition.end == "end_at":
        return "CASE WHEN t.end_kind <> 'lost' THEN t.end_at END"
    return f"t.{definition.end}"


def _without(instant: str) -> str:
    return f"without a recorded {WORDS[instant]}"


def _figures(definition: Definition) -> str:
    limit = definition.within_minutes * time.MINUTE
    also = "".join(
        f"count(*) FILTER (WHERE t.took <= {minutes * time.MINUTE}) AS met_within_{minutes}, "
        for minutes in definition.also_minutes
    )
    met = f"t.took <= {limit}"
    return (
        f"count(*) AS n, count(DISTINCT t.person) AS people, "
        f"count(*) FILTER (WHERE {met}) AS met, {people_who(met)}, {also}"
        f"avg(t.took) / {time.MINUTE}.0 AS mean_minutes, "
        f"coalesce(sum(greatest(t.took - {limit}, 0)), 0) / {time.HOUR}.0 AS hours_over"
    )


def _from_counts(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    names = dict(definition.counts)
    if not names or not journeys.counts().num_rows:
        raise UnsupportedError(
            f"{definition.title} can't be measured: no such place has a stay here",
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
        SURE,
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
