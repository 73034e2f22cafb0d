"""Returns: of those who left hospital settings alive, how many were soon back (rule §20)."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import fill, quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of
from wholeflow.measures.shares import SURE, behind_of, people_who, with_shares

MANY = 100
"""Of so many people who left some should come back: 1 in 20 would be few, and none a chance of 1
in 170."""


def returns(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Share of times in hospital followed by another arrival within the days declared.

    Grouped by what is known of the last stay of the time in hospital.
    """
    stays = rows_of(journeys, "stays")
    times = f"({_watched(journeys, definition, stays)})"
    groups = grouping.group(journeys, "stays", times, by, at="end_at")
    within = definition.within_days * time.DAY
    back = f"t.back_at - t.end_at <= {within}"
    found = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n, "
        "count(DISTINCT t.person) AS people, "
        f"count(*) FILTER (WHERE {back}) AS met, {people_who(back)} FROM {times} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {groups.knows} {groups.grouped()}"
    )
    if not sum(found["n"].to_pylist()):
        days = definition.within_days
        when = f" more than {days} days before the records end" if journeys.is_shared else ""
        raise UnsupportedError(
            f"{definition.title} can't be measured: nobody is seen to leave hospital{when}",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    behind, found = behind_of(found, groups.by)
    told = grouping.add_left_out(journeys, found, groups, times)
    table = grouping.in_order(with_shares(told), groups.by)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, stays, before_end=within),
        grouping.left_out(journeys, groups, times),
        ("Returns to hospitals that are not in these records are not seen.", *_nobody_back(found)),
        SURE,
        behind=behind,
    )


def _nobody_back(found: pa.Table) -> tuple[str, ...]:
    """A doubt where not one of very many came back: perhaps nobody could be seen to."""
    left, back = (sum(found[name].to_pylist()) for name in ("n", "met"))
    if back or left < MANY:
        return ()
    return (
        f"Not one of {left:,} came back. If these records give people a new number at each visit, "
        "no return can be seen in them, and this is no share of returns.",
    )


def _watched(journeys: Journeys, definition: Definition, stays: str) -> str:
    """Times in hospital that ended alive, with ``why`` nobody can tell whether they were back."""
    late = journeys.observed_to() - definition.within_days * time.DAY
    is_late = f"t.end_at > {late}" if journeys.is_shared else "false"
    return (
        "SELECT t.*, "
        f"CASE WHEN {is_late} THEN 'that left too near the end of the records to know' "
        f"WHEN t.end_at <= t.complete_at AND t.here_at < t.complete_at THEN {quoted(EARLY)} "
        "ELSE '' END AS why "
        f"FROM ({_times_in_hospital(definition, stays)}) AS t"
    )


def _times_in_hospital(definition: Definition, stays: str) -> str:
    """Stays joined into times in hospital that ended alive, with the next arrival after each."""
    back = grouping.conditions(definition.to_settings, ())
    settings = {"back": back, "stays": stays, "numbered": times_inside(definition, stays)}
    return fill("wholeflow.measures", "sql/times_in_hospital.sql", settings)


def times_inside(definition: Definition, stays: str) -> str:
    """SQL for the stays of some settings, those that touch or overlap with one number (§20)."""
    kept = grouping.conditions(definition.settings, ())
    return fill("wholeflow.measures", "sql/times_inside.sql", {"kept": kept, "stays": stays})
