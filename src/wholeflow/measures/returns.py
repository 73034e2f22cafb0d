"""Returns: of those who left hospital settings alive, how many were soon back (rule §20)."""

from __future__ import annotations

from collections.abc import Sequence

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
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
    watched = f"t.end_at <= {journeys.observed_to() - within}" if journeys.is_shared else "true"
    rows = journeys.query(
        f"{_times_in_hospital(definition)} SELECT {groups.columns()} count(*) AS n, "
        f"count(*) FILTER (WHERE t.back_at - t.end_at <= {within}) AS met "
        f"FROM followed AS t {' '.join(groups.joins)} WHERE {watched} "
        + (f"GROUP BY {groups.positions()} ORDER BY {groups.positions()}" if by else "")
    )
    if not sum(rows["n"].to_pylist()):
        days = definition.within_days
        when = f" more than {days} days before the records end" if journeys.is_shared else ""
        raise UnsupportedError(
            f"{definition.title.lower()} can't be measured: nobody is seen to leave hospital{when}",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    recent = journeys.query(
        f"{_times_in_hospital(definition)} SELECT count(*) AS n FROM followed AS t "
        f"WHERE NOT ({watched})"
    )
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
    return f"""
    WITH here AS (
        SELECT t.*, coalesce(t.arrived_at, t.started_at) AS here_at
        FROM stays AS t WHERE coalesce(t.arrived_at, t.started_at) IS NOT NULL AND t.in_order
    ),
    inside AS (
        SELECT t.*, max(t.seen_to) OVER (
                   PARTITION BY t.run, t.person ORDER BY t.here_at, t.stay
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) AS inside_until
        FROM here AS t WHERE {kept}
    ),
    numbered AS (
        SELECT i.*, sum(CASE WHEN i.here_at <= i.inside_until THEN 0 ELSE 1 END) OVER (
                   PARTITION BY i.run, i.person ORDER BY i.here_at, i.stay ROWS UNBOUNDED PRECEDING
               ) AS time_inside
        FROM inside AS i
    ),
    last_stays AS (
        SELECT n.*, row_number() OVER (
                   PARTITION BY n.run, n.person, n.time_inside ORDER BY n.seen_to DESC, n.stay DESC
               ) AS from_last,
               max(CASE WHEN n.end_kind IN ('open', 'lost', 'died') THEN 1 ELSE 0 END) OVER (
                   PARTITION BY n.run, n.person, n.time_inside
               ) AS not_left
        FROM numbered AS n
    ),
    left_alive AS (SELECT s.* FROM last_stays AS s WHERE s.from_last = 1 AND s.not_left = 0),
    arrivals AS (
        SELECT t.run, t.person, t.here_at FROM here AS t WHERE {back}
    ),
    nexts AS (
        SELECT s.stay, min(a.here_at) AS back_at
        FROM left_alive AS s
        JOIN arrivals AS a ON a.run = s.run AND a.person = s.person AND a.here_at > s.end_at
        GROUP BY s.stay
    ),
    followed AS (
        SELECT s.*, n.back_at FROM left_alive AS s LEFT JOIN nexts AS n ON n.stay = s.stay
    )"""
