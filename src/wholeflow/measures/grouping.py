"""What results are grouped by: places, organisations, feeds, facts of people and units of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import RequestError, unknown
from wholeflow.core.sql import fill, named, quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import units

OF_STAYS = ("place", "organisation", "source", "from_place", "to_place", "reason", "waits_for")

NAMES = {
    "stays": {name: name for name in OF_STAYS},
    "stretches": {name: name for name in OF_STAYS},
    "handoffs": {
        "place": "to_place",
        "organisation": "to_organisation",
        "source": "source",
        "from_place": "from_place",
        "to_place": "to_place",
        "from_organisation": "from_organisation",
        "to_organisation": "to_organisation",
    },
}
"""Groupings that name something, and the coded column of each table that holds it."""

TEXTS = {
    "stays": ("setting", "holds", "end_kind"),
    "stretches": ("setting", "holds", "end_kind"),
    "handoffs": ("setting", "holds"),
}
"""Groupings whose column is text."""

BEGINS = {
    "stays": "coalesce(t.begin_at, t.seen_to)",
    "handoffs": "coalesce(t.begin_at, t.seen_to)",
    "stretches": "t.begin_at",
}
"""The begin of each row, at which a fact of the person must hold to count."""

SUMS = ("total_hours", "hours_over")
"""Figures that are sums, so nought for nobody."""

COARSE = "known to the day or month only, so that nobody knows their hour (§18)"

MILESTONES = {
    "referred_at": "'referred'",
    "accepted_at": "'accepted'",
    "arrived_at": "'arrived'",
    "started_at": "'started'",
    "ready_at": "'ready'",
    "begin_at": "CASE WHEN s.holds = 'caseload' AND s.referred_at IS NOT NULL THEN 'referred' "
    "WHEN s.holds = 'caseload' AND s.accepted_at IS NOT NULL THEN 'accepted' "
    "WHEN s.arrived_at IS NOT NULL THEN 'arrived' ELSE 'started' END",
}
"""The kind of event that says each instant of a stay; its end is said by many."""


@dataclass(frozen=True)
class Grouping:
    """SQL for a grouping: ``select`` and ``joins`` for rows called ``t``.

    ``knows`` is the condition that the unit of time of a row is known.
    """

    by: tuple[str, ...]
    select: tuple[str, ...]
    joins: tuple[str, ...]
    knows: str = "true"

    @property
    def unit(self) -> str:
        """The unit of time among the groupings, or an empty text."""
        return unit_of(self.by)

    @property
    def names(self) -> tuple[str, ...]:
        """The groupings but the unit of time."""
        return tuple(name for name in self.by if name not in units.UNITS)

    def columns(self) -> str:
        """The grouping columns, each followed by a comma, for a SELECT."""
        return "".join(f"{column}, " for column in self.select)

    def positions(self) -> str:
        """The positions of the grouping columns, for GROUP BY and ORDER BY.

        By position, for a grouping may bear the name of a coded column beneath it.
        """
        return ", ".join(str(number + 1) for number in range(len(self.by)))

    def grouped(self) -> str:
        """GROUP BY and ORDER BY the grouping columns; nothing where there are none."""
        return f"GROUP BY {self.positions()} {self.ordered()}" if self.by else ""

    def ordered(self) -> str:
        """ORDER BY the grouping columns; nothing where there are none."""
        return f"ORDER BY {self.positions()}" if self.by else ""


def unit_of(by: Sequence[str]) -> str:
    """The unit of time among groupings, or an empty text; RequestError where there are two."""
    found = [name for name in dict.fromkeys(by) if name in units.UNITS]
    if len(found) > 1:
        raise RequestError(
            "results are grouped by one unit of time at a time",
            repair=f"Use one of: {', '.join(units.UNITS)}.",
        )
    return found[0] if found else ""


def group(
    journeys: Journeys, table: str, rows: str, by: Sequence[str], *, at: str, begin: str = ""
) -> Grouping:
    """The grouping of rows (SQL in brackets) of a table, for a query that calls them ``t``.

    Stretches of time are taken at the instant column ``at`` (rule §22), hours of the day and
    week at ``begin``, which is ``at`` where it is absent (rule §29). Raises RequestError for a
    grouping that the table does not have, and UnsupportedError for a unit of time on shifted
    clocks (rule §5).
    """
    by = tuple(dict.fromkeys(by))
    unit = unit_of(by)
    select, joins, knows = [], [], "true"
    for number, name in enumerate(by):
        label = f"g_{number}"
        if name in NAMES[table]:
            code = f"t.{NAMES[table][name]}"
            joins.append(f"LEFT JOIN dictionary AS {label} ON {label}.code = {code}")
            select.append(f"coalesce({label}.name, 'not recorded') AS {named(name)}")
        elif name in TEXTS[table]:
            select.append(f"t.{name} AS {named(name)}")
        elif name == unit:
            instant = (begin or at) if unit in units.HOURS else at
            use_calendar(journeys, rows, instant)
            joins.append(f"LEFT JOIN calendar AS c ON c.quarter_hour = {_quarter_hour(instant)}")
            select.append(f"c.{named(name)} AS {named(name)}")
            if unit in units.HOURS:
                joins.append(_coarse(table, instant))
                knows = "coarse.stay IS NULL"
        else:
            joins.append(_fact(journeys, table, rows, name, label))
            select.append(f"coalesce({label}.value, 'not recorded') AS {named(name)}")
    return Grouping(by, tuple(select), tuple(joins), knows)


def _fact(journeys: Journeys, table: str, rows: str, name: str, label: str) -> str:
    """The join to the value of a fact that held at the begin of each row (rule §29)."""
    found = journeys.query(
        "SELECT DISTINCT d.name, f.fact AS code FROM present_person_facts AS f "
        "JOIN dictionary AS d ON d.code = f.fact WHERE f.run = 0 ORDER BY d.name"
    )
    codes = {row["name"]: row["code"] for row in found.to_pylist()}
    if name not in codes:
        raise unknown("grouping", name, [*NAMES[table], *TEXTS[table], *codes, *units.UNITS])
    begin = BEGINS[table]
    moments = f"(SELECT DISTINCT t.person, {begin} AS at FROM {rows} AS t)"
    settings = {"fact": str(codes[name]), "moments": moments}
    facts = fill("wholeflow.measures", "sql/facts.sql", settings)
    return f"LEFT JOIN ({facts}) AS {label} ON {label}.person = t.person AND {label}.at = {begin}"


def _coarse(table: str, instant: str) -> str:
    """The join to stays whose instant is known to the day or month only."""
    if table == "handoffs" or instant not in MILESTONES:
        stays = "SELECT s.stay FROM stays AS s WHERE s.to_the_day"
    else:
        kinds = {"kind": MILESTONES[instant]}
        stays = fill("wholeflow.measures", "sql/coarse.sql", kinds)
    return f"LEFT JOIN ({stays}) AS coarse ON coarse.stay = t.stay"


def use_calendar(journeys: Journeys, rows: str, at: str) -> None:
    """Make local time visible to SQL as ``calendar``, for the instants that some rows hold."""
    journeys.need_shared_clock("a result by day, week, month, year or hour")
    held = journeys.query(
        f"SELECT DISTINCT {_quarter_hour(at)} AS quarter_hour FROM {rows} AS t "
        f"WHERE t.{at} IS NOT NULL"
    )
    calendar = units.calendar(held["quarter_hour"].to_numpy(), journeys.zone)
    journeys.engine.register("calendar", calendar)


def _quarter_hour(at: str) -> str:
    return f"CAST(floor(t.{at} / {time.QUARTER_HOUR}.0) AS BIGINT)"


def left_out(journeys: Journeys, groups: Grouping, rows: str, kept: str = "true") -> dict[str, int]:
    """How many of the kept rows were left out, by reason.

    The reason is the column ``why`` of the rows, empty where they count; and their hour, where
    hours are asked for and it is not known.
    """
    found = journeys.query(
        f"SELECT CASE WHEN t.why = '' THEN {quoted(COARSE)} ELSE t.why END AS reason, "
        f"count(*) AS n FROM {rows} AS t {' '.join(groups.joins)} "
        f"WHERE {kept} AND NOT (t.why = '' AND {groups.knows}) GROUP BY 1 ORDER BY 1"
    )
    return dict(zip(found["reason"].to_pylist(), found["n"].to_pylist(), strict=True))


def add_left_out(
    journeys: Journeys, table: pa.Table, groups: Grouping, rows: str, kept: str = "true"
) -> pa.Table:
    """The figures with ``left_out``: how many of the kept rows of each group did not enter.

    Groups of which nobody entered are there too, with ``n`` 0. Not by units of time: the times of
    what is left out may be the reason for leaving it out.
    """
    if groups.unit or not groups.by:
        return table
    found = journeys.query(
        f"SELECT {groups.columns()} count(*) AS left_out FROM {rows} AS t "
        f"{' '.join(groups.joins)} WHERE {kept} AND t.why <> '' {groups.grouped()}"
    )
    joined = table.join(found, list(groups.by), join_type="full outer")
    for number, field in enumerate(joined.schema):
        if pa.types.is_integer(field.type) or field.name in SUMS:
            joined = joined.set_column(number, field.name, pc.fill_null(joined[field.name], 0))
    return joined


def in_order(rows: pa.Table, by: Sequence[str]) -> pa.Table:
    """The rows sorted by their groups, hours of the week in the order of the week."""
    unit = unit_of(by)
    keys = {
        name: pc.index_in(rows[name], value_set=pa.array(units.NAMES[unit]))
        if name == unit and unit in units.HOURS
        else rows[name]
        for name in by
    }
    order = pc.sort_indices(pa.table(keys), [(name, "ascending") for name in by]) if by else None
    return rows if order is None else rows.take(order)


def add_is_complete(
    journeys: Journeys, rows: pa.Table, by: Sequence[str], stays: str, *, before_end: int = 0
) -> pa.Table:
    """The rows with ``is_complete``: whether the records cover all of the stretch of time.

    A stretch is covered when all its local days lie between the first and the last event, and
    it begins no earlier than the records of the row's place are complete from (rule §28); of a
    row that tells of several places, those of the last of all places. ``stays`` is SQL for them.
    Of what can be told only when so much time has passed (``before_end``, microseconds), it must
    end so long before the last of these days does.
    """
    unit = unit_of(by)
    if unit not in units.SPANS:
        return rows
    first = _day_edge(journeys.observed_from(), journeys.zone, 0)
    last = _day_edge(journeys.observed_to(), journeys.zone, 1) - before_end
    found = units.spans(unit, first, last, journeys.zone).to_pylist()
    covered = (one for one in found if one["from_at"] >= first and one["to_at"] <= last)
    begins = {one["label"]: one["from_at"] for one in covered}
    since = _complete_since(journeys, stays)
    latest = max(since.values(), default=first)
    places = rows["place"].to_pylist() if "place" in by else [None] * rows.num_rows
    complete = [
        label in begins and begins[label] >= (latest if place is None else since.get(place, first))
        for label, place in zip(rows[unit].to_pylist(), places, strict=True)
    ]
    return rows.append_column("is_complete", pa.array(complete, pa.bool_()))


def _complete_since(journeys: Journeys, stays: str) -> dict[str, int]:
    """From when the records of each place are complete, where somebody has marked that."""
    found = journeys.query(
        "SELECT d.name AS place, max(t.complete_at) AS at "
        f"FROM {stays} AS t JOIN dictionary AS d ON d.code = t.place "
        "WHERE t.complete_at IS NOT NULL AND t.run = 0 GROUP BY d.name"
    )
    return dict(zip(found["place"].to_pylist(), found["at"].to_pylist(), strict=True))


def _day_edge(at: int, zone: str, days: int) -> int:
    day = time.periods("day", at, at, zone).to_pylist()[0]
    return int(day["to_at"] if days else day["from_at"])


def by_group(rows: pa.Table, by: Sequence[str]) -> Iterable[tuple[dict[str, Any], pa.Table]]:
    """The rows of each group; rows must be sorted by the grouping columns."""
    if not by:
        yield {}, rows
        return
    if not rows.num_rows:
        return
    changes = np.zeros(rows.num_rows - 1, dtype=bool)
    for name in by:
        column = rows[name].combine_chunks()
        changes |= pc.not_equal(column.slice(1), column.slice(0, len(column) - 1)).to_numpy(
            zero_copy_only=False
        )
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), rows.num_rows]
    for start, end in pairwise(edges):
        part = rows.slice(start, end - start)
        yield {name: part[name][0].as_py() for name in by}, part


def conditions(settings: Sequence[str], holds: Sequence[str]) -> str:
    """SQL that keeps rows ``t`` of the observed past, of some settings and layers."""
    parts = ["t.run = 0"]
    for column, allowed in (("setting", settings), ("holds", holds)):
        if allowed:
            parts.append(f"t.{column} IN ({', '.join(quoted(value) for value in allowed)})")
    return " AND ".join(parts)
