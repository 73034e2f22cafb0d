"""Durations: percentiles of stays, waits and delays, with those that have not ended yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of
from wholeflow.measures.survival import first_at_most, product_limit

FIGURES = pa.schema(
    [
        ("n", pa.int64()),
        ("people", pa.int64()),
        ("ended", pa.int64()),
        ("open", pa.int64()),
        ("cut_short", pa.int64()),
        ("entered_late", pa.int64()),
        ("p50_hours", pa.float64()),
        ("p50_low_hours", pa.float64()),
        ("p50_high_hours", pa.float64()),
        ("p90_hours", pa.float64()),
        ("p90_low_hours", pa.float64()),
        ("p90_high_hours", pa.float64()),
        ("total_hours", pa.float64()),
    ]
)

IMPOSSIBLE = "with an impossible order of times (§11)"
WORDS = {
    "begin_at": "begin",
    "end_at": "end",
    "referred_at": "referral",
    "accepted_at": "acceptance",
    "arrived_at": "arrival",
    "started_at": "start of care",
    "ready_at": "time of being ready to leave",
    "asked_at": "time of asking",
    "came_at": "time of coming",
}
"""What the milestones of stays and handoffs are called."""

CUT_SHORT = "'lost', 'died', 'reneged', 'cancelled', 'declined', 'did_not_attend'"
"""Ends of a stay after which a milestone that it lacks can't come any more (rule §24)."""

SURE = (
    "Low and high are the 95 % range of each percentile (Kaplan-Meier, log-log): chance alone "
    "moves it within. A percentile or bound that is absent is longer than was seen."
)


def duration(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Median and 90th percentile with their 95 % ranges, and total hours, by group (rule §19).

    They are grouped by spans of time at their end, open ones at the end of observation
    (rule §22), and by hours at their begin (rule §29).
    """
    rows = f"({_known(definition, rows_of(journeys, definition.table))})"
    groups = grouping.group(
        journeys, definition.table, rows, by, at="seen_to", begin=definition.begin
    )
    kept = grouping.conditions(definition.settings, definition.holds)
    found = journeys.query(
        f"SELECT {groups.columns()} t.person AS who, t.entered, t.hours, t.has_ended, t.is_open "
        f"FROM {rows} AS t {' '.join(groups.joins)} "
        f"WHERE t.why = '' AND {kept} AND {groups.knows} {groups.ordered()}"
    )
    parts, behind = [], {}
    for key, part in grouping.by_group(found, groups.by):
        figures, is_whole = _figures(part)
        parts.append((key, figures, is_whole))
        behind[tuple(key.values())] = _behind(part, figures)
    schema = pa.schema([*((name, pa.string()) for name in groups.by), *FIGURES])
    table = pa.Table.from_pylist([{**key, **told} for key, told, _ in parts], schema=schema)
    told = grouping.add_left_out(journeys, table, groups, rows, kept)
    table = grouping.in_order(told, groups.by)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, rows_of(journeys, "stays")),
        grouping.left_out(journeys, groups, rows, kept),
        (*_limits(journeys, definition), *_of_curves(parts)),
        SURE,
        behind=behind,
    )


def _known(definition: Definition, rows: str) -> str:
    """The rows of the measure: hours from begin to end, or so far, and ``why`` they are left out.

    Those that go on count as at least so long; so do those whose end is lost, and people who
    were asked for and can't come any more (``cut_short``, rule §24). An end that is not recorded
    leaves the duration unknown where the stay is over, and where the place never records such an
    end (rule §13). ``entered`` are the hours after which records are complete (rule §28).
    """
    begin, end = f"t.{definition.begin}", f"t.{definition.end}"
    ended, goes_on, is_open = _ways_to_end(definition)
    until = f"CASE WHEN {ended} THEN {end} ELSE t.seen_to END"
    return (
        f"SELECT t.*, {ended} AS has_ended, {is_open} AS is_open, "
        f"greatest(0, {until} - {begin}) / {time.HOUR}.0 AS hours, "
        f"greatest(0, t.complete_at - {begin}) / {time.HOUR}.0 AS entered, "
        f"CASE WHEN NOT t.in_order THEN {quoted(IMPOSSIBLE)} {_no_begin(definition)} "
        f"WHEN NOT ({ended} OR {goes_on}) THEN {quoted(_without(definition.end))} "
        f"WHEN {until} <= t.complete_at AND {begin} < t.complete_at THEN {quoted(EARLY)} "
        f"ELSE '' END AS why FROM {rows} AS t"
    )


def _ways_to_end(definition: Definition) -> tuple[str, str, str]:
    """SQL: it has ended; it lasted at least so long; the person is still there or awaited."""
    end = f"t.{definition.end}"
    if definition.table == "handoffs":
        goes_on = f"{end} IS NULL"
        return f"{end} IS NOT NULL", goes_on, f"({goes_on} AND t.to_end_kind = 'open')"
    if definition.end == "end_at":
        return (
            "t.end_kind NOT IN ('open', 'lost')",
            "t.end_kind IN ('open', 'lost')",
            "t.end_kind = 'open'",
        )
    recorded = f"t.place IN ({_places_that_record(definition.end)})"
    goes_on = f"t.end_kind IN ('open', {CUT_SHORT}) AND {recorded}"
    return f"{end} IS NOT NULL", f"({goes_on})", f"({end} IS NULL AND t.end_kind = 'open')"


def _places_that_record(instant: str) -> str:
    return f"SELECT r.place FROM stays AS r WHERE r.{instant} IS NOT NULL AND r.place IS NOT NULL"


def _no_begin(definition: Definition) -> str:
    """Why a row without a begin is left out: as WHEN clauses of SQL."""
    is_absent = f"WHEN t.{definition.begin} IS NULL"
    plain = f"{is_absent} THEN {quoted(_without(definition.begin))}"
    if definition.table == "handoffs" or definition.begin == "begin_at":
        return plain
    word = WORDS[definition.begin]
    never = f"t.place IS NULL OR t.place NOT IN ({_places_that_record(definition.begin)})"
    at_such = quoted(f"at places that never record a {word}: unknown, not nought (§13)")
    not_yet = quoted(f"still there, without a {word} yet")
    return (
        f"{is_absent} AND ({never}) THEN {at_such} "
        f"{is_absent} AND t.end_kind = 'open' THEN {not_yet} {plain}"
    )


def _without(instant: str) -> str:
    return f"without a recorded {WORDS[instant]}, so that the length is not known (§13)"


def _limits(journeys: Journeys, definition: Definition) -> tuple[str, ...]:
    if definition.table != "stays":
        return ()
    found = journeys.query(
        "SELECT count(*) FILTER (WHERE s.to_the_day) AS coarse, "
        "count(*) FILTER (WHERE s.end_kind IN ('moved on', 'discharged')) AS inferred "
        "FROM stays AS s"
    ).to_pylist()[0]
    sentences = []
    if found["coarse"]:
        sentences.append(f"{found['coarse']:,} stays are known to the day only (§18).")
    if found["inferred"]:
        sentences.append(
            f"{found['inferred']:,} stays have no recorded end: they end at the next arrival, or "
            "with the hospital spell around them (§8)."
        )
    return tuple(sentences)


def _of_curves(parts: Sequence[tuple[dict[str, Any], dict[str, Any], bool]]) -> tuple[str, ...]:
    """What delayed entry does to the figures, where there is any."""
    late = sum(told["entered_late"] for _, told, _ in parts)
    broken = sum(not is_whole for _, _, is_whole in parts)
    sentences = []
    if late:
        sentences.append(
            f"{late:,} began before their records were complete and count from then on (§28)."
        )
    if broken:
        groups = f"in {broken:,} of {len(parts):,} groups " if len(parts) > 1 else ""
        sentences.append(
            f"Percentiles that are absent {groups}are not known, for all who were watched early on "
            "had ended before the others came to be watched (§28)."
        )
    return tuple(sentences)


def _figures(rows: pa.Table) -> tuple[dict[str, Any], bool]:
    """The figures of one group, and whether its curve can be read."""
    hours = rows["hours"].to_numpy()
    entered = rows["entered"].fill_null(0.0).to_numpy()
    ended = rows["has_ended"].to_numpy(zero_copy_only=False).astype(bool)
    going = rows["is_open"].to_numpy(zero_copy_only=False).astype(bool)
    still = int((~ended & going).sum())
    known = {
        "n": len(hours),
        "people": pc.count_distinct(rows["who"]).as_py(),
        "ended": int(ended.sum()),
        "open": still,
        "cut_short": len(hours) - int(ended.sum()) - still,
        "entered_late": int((entered > 0).sum()),
        "total_hours": _summed(hours - entered),
    }
    if not len(hours):
        return known, True
    is_whole = not known["entered_late"] or product_limit(hours, ended, entered).is_whole
    return {**known, **percentiles(hours, ended, entered)}, is_whole


def _behind(rows: pa.Table, figures: Mapping[str, Any]) -> dict[str, int]:
    """How many people ended by each percentile, or lasted to it, whichever are fewer."""
    hours, who = rows["hours"].to_numpy(), rows["who"].to_numpy()
    ended = rows["has_ended"].to_numpy(zero_copy_only=False).astype(bool)
    told = {}
    for name in ("p50_hours", "p50_low_hours", "p50_high_hours", "p90_hours"):
        at = figures.get(name)
        if at is not None:
            sides = (who[ended & (hours <= at)], who[hours >= at])
            told[name] = min(len(np.unique(side)) for side in sides)
    return told


def _summed(hours: np.ndarray) -> float:
    """Their sum in whole microseconds, which no order of rows changes."""
    return float(np.rint(hours * time.HOUR).astype(np.int64).sum() / time.HOUR)


def percentiles(
    hours: np.ndarray, ended: np.ndarray, entered: np.ndarray | None = None
) -> dict[str, float | None]:
    """Median and 90th percentile with their 95 % ranges, of durations of which some go on.

    ``entered`` are the hours after which each came to be watched (rule §28). Without censored
    values and late entries: linear interpolation; with them: Kaplan-Meier. The range of a
    percentile holds the times at which the log-log range of the curve covers its share
    (Brookmeyer and Crowley 1982). None: not known, longer than was observed (rule §19).
    """
    curve = product_limit(hours, ended, entered)
    found: dict[str, float | None] = {}
    for name, share in (("p50", 0.5), ("p90", 0.1)):
        found[f"{name}_hours"] = first_at_most(curve.times, curve.share, share)
        found[f"{name}_low_hours"] = first_at_most(curve.times, curve.low, share)
        found[f"{name}_high_hours"] = first_at_most(curve.times, curve.high, share)
    if len(hours) and ended.all() and (entered is None or not (entered > 0).any()):
        middle, long = np.quantile(hours, [0.5, 0.9])
        found |= {"p50_hours": float(middle), "p90_hours": float(long)}
    return found
