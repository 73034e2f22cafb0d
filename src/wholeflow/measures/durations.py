"""Durations: percentiles of stays and waits, with those that have not ended yet."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result

FIGURES = pa.schema(
    [
        ("n", pa.int64()),
        ("ended", pa.int64()),
        ("open", pa.int64()),
        ("cut_short", pa.int64()),
        ("p50_hours", pa.float64()),
        ("p50_low_hours", pa.float64()),
        ("p50_high_hours", pa.float64()),
        ("p90_hours", pa.float64()),
        ("total_hours", pa.float64()),
    ]
)

IMPOSSIBLE = "with an impossible order of times (§11)"
UNKNOWN = "for which the records do not tell (no time of asking, start or end)"


def duration(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Median with its 95 % range, 90th percentile and total hours, by group (rule §19).

    Stays are grouped by calendar unit at their end, open ones at the end of
    observation (rule §22).
    """
    groups = grouping.group(journeys, definition.table, by, "seen_to")
    kept = grouping.conditions(definition.settings, definition.holds)
    rows = journeys.query(
        f"SELECT {groups.columns()} t.hours, t.has_ended, t.is_open "
        f"FROM ({_known(definition)}) AS t {' '.join(groups.joins)} "
        f"WHERE t.hours IS NOT NULL AND {kept} " + (f"ORDER BY {groups.positions()}" if by else "")
    )
    figures = [{**key, **_figures(part)} for key, part in grouping.by_group(rows, groups.by)]
    schema = pa.schema([*((name, pa.string()) for name in groups.by), *FIGURES])
    table = pa.Table.from_pylist(figures, schema=schema)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.unit),
        _left_out(journeys, definition, kept),
        _limits(journeys, definition),
    )


def _known(definition: Definition) -> str:
    """The rows of the measure with ``hours`` so far and whether they have ended.

    Those that go on count as at least so long; so do those whose end is lost, and
    people who were asked for and never came (``cut_short``). An end that is not
    recorded leaves the duration unknown where the stay is over,
    and where the place never records such an end (rule §13).
    """
    begin, end = f"t.{definition.begin}", f"t.{definition.end}"
    ended = f"{end} IS NOT NULL"
    if definition.table == "handoffs":
        order, goes_on = "t.in_order", "t.came_at IS NULL"
        is_open = f"{goes_on} AND t.to_end_kind = 'open'"
    else:
        order, goes_on = "t.in_order", "t.end_kind IN ('open', 'lost')"
        is_open = "t.end_kind = 'open'"
        if definition.end == "end_at":
            ended = "t.end_kind NOT IN ('open', 'lost')"
        else:
            recorded = f"SELECT r.place FROM stays AS r WHERE r.{definition.end} IS NOT NULL"
            goes_on += f" AND t.place IN ({recorded})"
    return (
        f"SELECT t.*, {ended} AS has_ended, {order} AS possible, {is_open} AS is_open, "
        f"CASE WHEN {order} AND {ended} THEN ({end} - {begin}) / {time.HOUR}.0 "
        f"WHEN {order} AND {goes_on} THEN (t.seen_to - {begin}) / {time.HOUR}.0 END AS hours "
        f"FROM {definition.table} AS t"
    )


def _left_out(journeys: Journeys, definition: Definition, kept: str) -> dict[str, int]:
    found = journeys.query(
        "SELECT count(*) FILTER (WHERE NOT t.possible) AS impossible, "
        "count(*) FILTER (WHERE t.possible) AS unknown "
        f"FROM ({_known(definition)}) AS t WHERE t.hours IS NULL AND {kept}"
    ).to_pylist()[0]
    return {IMPOSSIBLE: found["impossible"], UNKNOWN: found["unknown"]}


def _limits(journeys: Journeys, definition: Definition) -> tuple[str, ...]:
    if definition.table != "stays":
        return ()
    found = journeys.query(
        "SELECT count(*) FILTER (WHERE s.to_the_day) AS coarse, "
        "count(*) FILTER (WHERE s.end_kind = 'moved on') AS inferred FROM stays AS s"
    ).to_pylist()[0]
    sentences = []
    if found["coarse"]:
        sentences.append(f"{found['coarse']:,} stays are known to the day only (§18).")
    if found["inferred"]:
        sentences.append(
            f"{found['inferred']:,} stays have no recorded end: they end at the next arrival (§8)."
        )
    return tuple(sentences)


def _figures(rows: pa.Table) -> dict[str, Any]:
    hours = rows["hours"].to_numpy()
    ended = rows["has_ended"].to_numpy(zero_copy_only=False).astype(bool)
    going = rows["is_open"].to_numpy(zero_copy_only=False).astype(bool)
    still = int((~ended & going).sum())
    known = {
        "n": len(hours),
        "ended": int(ended.sum()),
        "open": still,
        "cut_short": len(hours) - int(ended.sum()) - still,
        "total_hours": float(pc.sum(rows["hours"]).as_py() or 0.0),
    }
    if not len(hours):
        return known
    return {**known, **percentiles(hours, ended)}


def percentiles(hours: np.ndarray, ended: np.ndarray) -> dict[str, float | None]:
    """Median with its 95 % range and 90th percentile of durations, some not ended.

    Without censored values: linear interpolation; with them: Kaplan-Meier. The
    range of the median holds the times at which the log-log range of the survival
    curve covers one half (Brookmeyer and Crowley 1982). None: not known, longer
    than was observed (rule §19).
    """
    from scipy import stats

    if not ended.any():
        return {"p50_hours": None, "p90_hours": None}
    sample = stats.CensoredData(uncensored=hours[ended], right=hours[~ended])
    curve = stats.ecdf(sample).sf
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # undefined where survival is 0 or 1
        bounds = curve.confidence_interval(method="log-log")
    times = curve.quantiles
    low, high = (
        np.where(np.isnan(bound.probabilities), curve.probabilities, bound.probabilities)
        for bound in (bounds.low, bounds.high)
    )
    ranges = {
        "p50_low_hours": _first_at_most(times, low, 0.5),
        "p50_high_hours": _first_at_most(times, high, 0.5),
    }
    if ended.all():
        middle, long = np.quantile(hours, [0.5, 0.9])
        return {"p50_hours": float(middle), "p90_hours": float(long), **ranges}
    return {
        "p50_hours": _first_at_most(times, curve.probabilities, 0.5),
        "p90_hours": _first_at_most(times, curve.probabilities, 0.1),
        **ranges,
    }


def _first_at_most(times: np.ndarray, survival: np.ndarray, share: float) -> float | None:
    """The first time at which survival is at most a share; None when it stays above."""
    reached = np.flatnonzero(survival <= share + 1e-12)
    return float(times[reached[0]]) if len(reached) else None
