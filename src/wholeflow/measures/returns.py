"""Returns: of those who left hospital settings alive, how many were soon back (rule §20)."""

from __future__ import annotations

from collections.abc import Sequence

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import fill
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result
from wholeflow.measures.shares import with_shares


def returns(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Share of times in hospital followed by another arrival within the days declared.

    Grouped by what is known of the last stay of the time in hospital.
    """
    groups = grouping.group(journeys, "stays", by, "end_at")
    within = definition.within_days * time.DAY
    times = _times_in_hospital(definition)
    watched = f"t.end_at <= {journeys.observed_to() - within}" if journeys.is_shared else "true"
    rows = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n, "
        f"count(*) FILTER (WHERE t.back_at - t.end_at <= {within}) AS met "
        f"FROM ({times}) AS t {' '.join(groups.joins)} WHERE {watched} "
        + (f"GROUP BY {groups.positions()} ORDER BY {groups.positions()}" if by else "")
    )
    if not sum(rows["n"].to_pylist()):
        days = definition.within_days
        when = f" more than {days} days before the records end" if journeys.is_shared else ""
        raise UnsupportedError(
            f"{definition.title.lower()} can't be measured: nobody is seen to leave hospital{when}",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    recent = journeys.query(f"SELECT count(*) AS n FROM ({times}) AS t WHERE NOT ({watched})")
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, with_shares(rows), groups.unit),
        {"that left too near the end of the records to know": recent["n"][0].as_py()},
        ("Returns to hospitals that are not in these records are not seen.",),
    )


def _times_in_hospital(definition: Definition) -> str:
    """Stays joined into times in hospital that ended alive, with the next arrival after each."""
    kept = grouping.conditions(definition.settings, ())
    back = grouping.conditions(definition.to_settings, ())
    settings = {"kept": kept, "back": back}
    return fill("wholeflow.measures", "sql/times_in_hospital.sql", settings)
