"""The process map: what directly followed what in journeys, how often, and how long after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.sql import fill, filled, text_of
from wholeflow.core.time import HOUR, show_hours
from wholeflow.diagnosis.kept import Filters, Kept, keep, place_code
from wholeflow.diagnosis.log_file import LogFile
from wholeflow.diagnosis.seen import STILL_OPEN, Seen, check, coarse, going_on, unused
from wholeflow.diagnosis.ways import NOTHING, journeys_of_arcs
from wholeflow.journeys import operators

RULES = ("§14", "§15", "§16", "§31")

COUNTS = "count(DISTINCT p.person) AS people, count(DISTINCT p.journey) AS journeys,"
ASKED = (
    "count(p.asked_hours) AS handoff_waits, PERCENTILE_CONT(0.5) WITHIN GROUP "
    "(ORDER BY p.asked_hours) AS handoff_wait_p50_hours,"
)
"""What a map of places tells besides: the handoff waits of its moves (§15)."""

NEVER_OPEN = "SELECT a.journey FROM activities AS a WHERE false"
"""A log file does not say whether a case goes on: its last row counts as its end."""

LASTED = {
    "places": "SELECT j.journey, j.hours FROM journeys AS j WHERE j.run = 0",
    "activities": "SELECT w.journey, w.hours FROM ways AS w WHERE w.run = 0",
}

WAITS = (
    "The wait of an arc is from leaving the one place to coming to the other (§31); how long "
    "people waited after the next place was asked is handoff_wait (§15)."
)
NOT_WHY = "A map tells what followed what; it does not tell why."


@dataclass(frozen=True)
class ProcessMap:
    """The arcs of a map, and what belongs to them.

    A row is an arc: ``from``, ``to``, ``end`` (between; entered: the begin of journeys; ended,
    left, died, open, lost: how they stopped), ``times``, ``people``, ``journeys``, ``waits``
    with their mean, median and 90th percentile, ``overlaps`` and their mean. ``durations``
    are those of the journeys, from begin to last known end. ``left_out`` counts what is not
    shown, by reason; ``limits`` are plain sentences about what the map does not say.
    """

    over: str
    filters: Filters
    rows: pa.Table
    journeys: int
    durations: Mapping[str, float | None]
    left_out: Mapping[str, int]
    limits: tuple[str, ...]

    @property
    def says(self) -> str:
        """The map in a few plain sentences."""
        if not self.rows.num_rows:
            return " ".join(["Nothing to show.", *self._left_out()])
        between = [row for row in self.rows.to_pylist() if row["end"] == "between"]
        times = sum(row["times"] for row in between)
        half, most = (show_hours(self.durations[name]) for name in ("p50_hours", "p90_hours"))
        said = [
            f"{self.journeys:,} journeys over {self._kinds()} {self.over}, {times:,} steps from "
            f"one to the next on {len(between):,} arcs.",
            f"Half of the journeys took at most {half}, nine in ten at most {most}.",
        ]
        if between:
            said.append(_most(between[0]))
        return " ".join([*said, *self._left_out()])

    def as_dict(self) -> dict[str, Any]:
        """The map for ``--json``: over, filters, journeys, durations, rows, left_out, limits."""
        return {
            "over": self.over,
            "filters": self.filters.as_dict(),
            "journeys": self.journeys,
            "durations": dict(self.durations),
            "rules": list(RULES),
            "rows": self.rows.to_pylist(),
            "left_out": dict(self.left_out),
            "limits": list(self.limits),
            "says": self.says,
        }

    def as_transitions(self) -> pa.Table:
        """The arcs of a map of places as the table ``transitions``, for the drawing."""
        columns = {
            "from_place": "from",
            "to_place": "to",
            "end": "end",
            "moves": "times",
            "people": "people",
            "waits": "handoff_waits",
            "wait_p50_hours": "handoff_wait_p50_hours",
        }
        table = pa.table({name: self.rows[column] for name, column in columns.items()})
        return table.append_column("run", pa.nulls(table.num_rows, pa.int64()).fill_null(0))

    def _kinds(self) -> str:
        named = {*self.rows["from"].to_pylist(), *self.rows["to"].to_pylist()} - {None}
        return f"{len(named):,}"

    def _left_out(self) -> list[str]:
        return [f"Left out: {n:,} {reason}." for reason, n in self.left_out.items() if n]


def _most(row: Mapping[str, Any]) -> str:
    wait = ""
    if 2 * row["waits"] >= row["times"]:
        half = show_hours(row["wait_p50_hours"])
        wait = f", half of the {row['waits']:,} known waits at most {half}"
    return f"Most often: {row['from']} to {row['to']}, {row['times']:,} times{wait}."


def process_map(of: Seen, over: str = "", filters: Filters | None = None) -> ProcessMap:
    """The map of a store over places (handoffs, §14) or activities, or of a log file (§31).

    ``over``: ``places`` or ``activities``; a log file has activities only. Raises RequestError
    for what does not exist and UnsupportedError for what these data can't tell.
    """
    asked = filters or Filters()
    over = over or ("activities" if isinstance(of, LogFile) else "places")
    check(of, over)
    kept = keep(of, over, asked)
    durations = _durations(of, over, kept)
    arcs = _arcs(of, over, asked, kept)
    shown = arcs.filter(pc.greater_equal(arcs["times"], asked.least))
    hidden = arcs.num_rows - shown.num_rows
    left_out = {**kept.left_out, **unused(of, over)}
    if hidden:
        times = pc.sum(arcs["times"]).as_py() - (pc.sum(shown["times"]).as_py() or 0)
        reason = f"arcs with fewer than {asked.least} times ({times:,} times in all)"
        left_out[reason] = hidden
    limits = (*_limits(over, shown), *coarse(of), *going_on(of, kept.journeys))
    return ProcessMap(
        over, asked, shown, int(durations.pop("journeys") or 0), durations, left_out, limits
    )


def _arcs(of: Seen, over: str, filters: Filters, kept: Kept) -> pa.Table:
    """Every arc, the most frequent first."""
    conditions = [f"p.journey IN ({kept.journeys})"] if kept.left_out else []
    if filters.place is not None:
        code = place_code(of, filters.place)
        conditions.append(f"(p.from_place = {code} OR p.to_place = {code})")
    is_log = isinstance(of, LogFile)
    passed = {"open": NEVER_OPEN if is_log else STILL_OPEN}
    name = "activity_arcs" if over == "activities" else "place_arcs"
    settings = {
        "arcs": fill("wholeflow.diagnosis", f"sql/{name}.sql", passed),
        "counts": "" if is_log else COUNTS + (ASKED if over == "places" else ""),
        "kept": " AND ".join(conditions) or "true",
        "hour": f"{HOUR}.0",
    }
    text = operators.for_engine(text_of("wholeflow.diagnosis", "sql/arcs.sql"))
    rows = of.query(filled(text, settings))
    if is_log:
        rows = _with_journeys(of, kept, rows)
    order = [("times", "descending"), ("from", "ascending"), ("to", "ascending")]
    return rows.select(_columns(rows)).sort_by([*order, ("end", "ascending")])


def _with_journeys(of: Seen, kept: Kept, rows: pa.Table) -> pa.Table:
    """The arcs of a log file with how many cases have each.

    Worked out from the ways that cases went, which are few: to count different cases of ten
    million steps takes longer than all else.
    """
    ways = "SELECT c.way, c.journeys FROM way_counts AS c"
    if kept.left_out:
        ways = (
            "SELECT w.way, count(*) AS journeys FROM ways AS w "
            f"WHERE w.journey IN ({kept.journeys}) GROUP BY w.way"
        )
    found = of.query(ways)
    counts = journeys_of_arcs(found["way"], found["journeys"].to_numpy())
    pairs = zip(
        rows["from_what"].fill_null(NOTHING).to_pylist(),
        rows["to_what"].fill_null(NOTHING).to_pylist(),
        strict=True,
    )
    return rows.append_column("journeys", pa.array([counts[pair] for pair in pairs], pa.int64()))


COLUMNS = (
    "from", "to", "end", "times", "people", "journeys", "waits", "wait_mean_hours",
    "wait_p50_hours", "wait_p90_hours", "overlaps", "overlap_mean_hours", "handoff_waits",
    "handoff_wait_p50_hours",
)  # fmt: skip


def _columns(rows: pa.Table) -> list[str]:
    return [name for name in COLUMNS if name in rows.column_names]


def _durations(of: Seen, over: str, kept: Kept) -> dict[str, float | None]:
    """How many journeys are kept, and their mean, median and 90th percentile of hours."""
    where = f"WHERE t.journey IN ({kept.journeys})" if kept.left_out else ""
    found: list[dict[str, float | None]] = of.query(
        f"SELECT count(*) AS journeys, avg(CAST(round(t.hours * {HOUR}) AS BIGINT)) / {HOUR}.0 "
        "AS mean_hours, "
        "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY t.hours) AS p50_hours, "
        "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY t.hours) AS p90_hours "
        f"FROM ({LASTED[over]}) AS t {where}"
    ).to_pylist()
    return found[0]


def _limits(over: str, rows: pa.Table) -> tuple[str, ...]:
    """What the arcs do not say."""
    between = rows.filter(pc.equal(rows["end"], "between"))
    times, waits, overlaps = (
        pc.sum(between[name]).as_py() or 0 for name in ("times", "waits", "overlaps")
    )
    said = [NOT_WHY, *([WAITS] if over == "places" else [])]
    if overlaps:
        said.append(
            f"{overlaps:,} of {times:,} times the next began before the one had ended: these "
            "overlaps are counted apart and enter no wait (§31)."
        )
    if times > waits + overlaps:
        said.append(
            f"{times - waits - overlaps:,} of {times:,} times the wait is not known, for no end is "
            "recorded or times are in an impossible order (§11)."
        )
    return tuple(said)
