"""Counts: how many stays began, by group."""

from __future__ import annotations

from collections.abc import Sequence

from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result


def count(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """How many rows, by group; rows without the instant are left out and counted."""
    groups = grouping.group(journeys, definition.table, by, definition.at)
    where = grouping.conditions(definition.settings, definition.holds)
    rows = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n FROM {definition.table} AS t "
        f"{' '.join(groups.joins)} WHERE t.{definition.at} IS NOT NULL AND {where} "
        + (f"GROUP BY {groups.positions()} ORDER BY {groups.positions()}" if by else "")
    )
    unseen = journeys.query(
        f"SELECT count(*) AS n FROM {definition.table} AS t "
        f"WHERE t.{definition.at} IS NULL AND {where}"
    )
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, rows, groups.unit),
        {"without a recorded begin": unseen["n"][0].as_py()},
    )
