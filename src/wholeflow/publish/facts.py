"""What a report needs to know of a store, summed up in SQL so that no stay leaves the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import DAY, HOUR, local
from wholeflow.diagnosis import Variants, variants
from wholeflow.journeys import Journeys
from wholeflow.measures import Result, measure
from wholeflow.measures.grouping import COARSE
from wholeflow.measures.published import counted_once
from wholeflow.publish.bars import Hours
from wholeflow.publish.flow_choice import PlaceFacts
from wholeflow.publish.words import listed

NOT_RECORDED = "not recorded"
"""What a place is called where none is recorded."""

FEW = 20
"""A wait that fewer moves have is not shown among the longest: chance rules it."""

TOP_WAYS = 12
BUSIEST = 4
"""So many places have a chart of their arrivals over time."""

ASKED_FOR: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("four_hours", ()),
    ("returns", ()),
    ("readmissions", ()),
    ("handover", ()),
    ("stay", ("place",)),
    ("wait", ("place",)),
    ("delay", ("place",)),
)
"""The measures of the page, and what each is grouped by."""

OVER_TIME = ("four_hours", "handover")
"""Measures that are charted over time for the whole place."""

WEEKS_FROM, MONTHS_FROM = 84 * DAY, 900 * DAY
MONTH_AT_LEAST, MONTH_AT_MOST = 28 * DAY - HOUR, 31 * DAY + HOUR

PLACES = """
    SELECT d.name AS place, p.setting, o.name AS organisation, p.holds
    FROM place_facts AS p JOIN dictionary AS d ON d.code = p.place
    LEFT JOIN dictionary AS o ON o.code = p.organisation
    ORDER BY d.name
"""

SIZES = """
    SELECT count(*) AS stays, count(DISTINCT s.person) AS people,
           count(DISTINCT s.journey) AS journeys, count(s.started_at) AS started,
           count(s.ready_at) AS ready, count(*) FILTER (s.end_kind = 'open') AS open,
           count(*) FILTER (s.end_kind = 'lost') AS lost,
           count(*) FILTER (NOT s.in_order) AS out_of_order
    FROM stays AS s WHERE s.run = 0
"""

EVENTS = "SELECT count(*) AS events FROM present_events AS e WHERE e.run = 0"

SPLIT = ("wait", "care", "delay")
"""The parts into which the hours of a stay are split where its milestones are recorded."""

PART_HOURS = ", ".join(
    f"coalesce(sum(CAST(round(s.{part}_hours * {HOUR}) AS BIGINT)), 0) / {HOUR}.0 AS {part}"
    for part in (*SPLIT, "unsplit")
)
"""Sums of whole microseconds: sums of fractions differ with the order of rows."""

KNOWN_PARTS = ", ".join(f"count(s.{part}_hours) AS knows_{part}" for part in SPLIT)

HOURS = f"""
    SELECT s.holds, d.name AS place, {PART_HOURS}, {KNOWN_PARTS}
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    WHERE s.run = 0
    GROUP BY s.holds, d.name
    HAVING wait + care + delay + unsplit > 0
    ORDER BY wait + care + delay + unsplit DESC, d.name
"""  # noqa: S608 (no value of anybody enters it)

ASKED = """
    SELECT count(*) AS handoffs, count(h.asked_at) AS asked,
           count(*) FILTER (
               h.asked_at IS NOT NULL AND h.came_at IS NULL AND h.to_end_kind = 'open'
           ) AS waiting
    FROM handoffs AS h WHERE h.run = 0
"""

REJECTED = """
    SELECT count(*) AS rejected
    FROM (SELECT DISTINCT r.file, r.line FROM current_rejects AS r) AS refused
"""

FEEDS = """
    SELECT d.name AS feed, s.title, s.licence
    FROM sources AS s JOIN dictionary AS d ON d.code = s.source
    WHERE s.source IN (SELECT r.source FROM records AS r WHERE r.line > 0)
    ORDER BY d.name
"""


@dataclass(frozen=True)
class Facts:
    """A view of a store in a few numbers; each is worked out when it is first asked for."""

    journeys: Journeys

    @property
    def is_internal(self) -> bool:
        """True where these are for use inside: nothing is hidden."""
        return True

    @cached_property
    def has_events(self) -> bool:
        """True when there is any person's event."""
        return self.journeys.has_events()

    @cached_property
    def counts(self) -> pa.Table:
        """Published counts."""
        counts = self.journeys.counts()
        return counts.filter(counts["value"].is_valid())

    @cached_property
    def totals(self) -> Mapping[str, float | None]:
        """The sum of each published count that may be added, nothing counted twice."""
        flows = self.counts.filter(pc.equal(self.counts["is"], "flow"))
        names = sorted(pc.unique(flows["name"]).to_pylist())
        rows = {name: flows.filter(pc.equal(flows["name"], name)) for name in names}
        return {name: pc.sum(counted_once(own)["value"]).as_py() for name, own in rows.items()}

    @cached_property
    def places(self) -> tuple[PlaceFacts, ...]:
        """Every place that is declared or that events name."""
        return tuple(PlaceFacts(**row) for row in self.journeys.query(PLACES).to_pylist())

    @cached_property
    def organisations(self) -> tuple[str, ...]:
        """Who runs the places, and who published counts."""
        named = {place.organisation for place in self.places}
        named |= set(pc.unique(self.counts["organisation"]).to_pylist())
        return tuple(sorted(name for name in named if name))

    @cached_property
    def feeds(self) -> tuple[str, ...]:
        """The feeds, and behind them the titles that they share."""
        rows = self.journeys.query(FEEDS).to_pylist()
        names = [row["feed"] for row in rows]
        titles = sorted({row["title"] for row in rows if row["title"]})
        if titles and names:
            names[-1] += f": {listed(titles, 3)}"
        return tuple(names)

    @cached_property
    def monthly(self) -> Mapping[str, Mapping[str, float | None]]:
        """Totals of each count by month; only figures for whole months, each counted once."""
        counts = self.counts
        length = pc.subtract(counts["to_at"], counts["from_at"])
        is_month = pc.and_(
            pc.greater_equal(length, MONTH_AT_LEAST), pc.less_equal(length, MONTH_AT_MOST)
        )
        counts = counts.filter(pc.and_(is_month, pc.equal(counts["is"], "flow")))
        found: dict[str, dict[str, float | None]] = {}
        for name in pc.unique(counts["name"]).to_pylist():
            own = counted_once(counts.filter(pc.equal(counts["name"], name)))
            sums: Counter[str] = Counter()
            for row in own.group_by("from_at").aggregate([("value", "sum")]).to_pylist():
                sums[f"{local(row['from_at'], self.journeys.zone):%Y-%m}"] += row["value_sum"]
            found[name] = dict(sums)
        return found

    @cached_property
    def sizes(self) -> Mapping[str, int | None]:
        """How many stays, people and journeys, and what is recorded of the stays."""
        return self._one(SIZES) | self._one(EVENTS) | self._one(ASKED) | self._one(REJECTED)

    def _one(self, sql: str) -> dict[str, int]:
        found: list[dict[str, Any]] = self.journeys.query(sql).to_pylist()
        return {name: int(value) for name, value in found[0].items()}

    @cached_property
    def _hours(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.journeys.query(HOURS).to_pylist()
        return rows

    def hours_by_place(self, holds: str) -> list[Hours]:
        """Hours by part of the stay for each place that holds bodies, or caseloads."""
        return [
            Hours(
                r["place"] or NOT_RECORDED,
                r["wait"],
                r["care"],
                r["delay"],
                r["unsplit"],
                frozenset(part for part in SPLIT if not r[f"knows_{part}"]),
            )
            for r in self._hours
            if r["holds"] == holds
        ]

    @cached_property
    def transitions(self) -> pa.Table:
        """Moves between places, their waits as the measure tells them: open ones count (§9)."""
        rows = self.journeys.table("transitions").to_pylist()
        for row in rows:
            wait = self._waits.get((_name(row["from_place"]), _name(row["to_place"])), {})
            if row["end"] != "between":
                wait = {}
            row["waits"] = wait.get("n", 0)
            row["open"] = wait.get("open", 0)
            row["wait_p50_hours"], row["wait_p90_hours"] = (
                wait.get("p50_hours"),
                wait.get("p90_hours"),
            )
        return pa.Table.from_pylist(rows, schema=_with_open(self.journeys.table("transitions")))

    @cached_property
    def _results(self) -> dict[tuple[str, tuple[str, ...]], Result]:
        return {}

    def measured(self, name: str, by: tuple[str, ...] = ()) -> Result:
        """A measure, worked out once; UnsupportedError where the records can't tell it."""
        if (name, by) not in self._results:
            self._results[name, by] = measure(self.journeys, name, by)
        return self._results[name, by]

    @cached_property
    def unit(self) -> str:
        """Day, week or month, as suits the period; published counts are told by month."""
        if not self.has_events:
            return "month"
        first, last = self.period or (0, 0)
        return unit_for(last - first)

    @cached_property
    def arrivals(self) -> Result:
        """Arrivals at the busiest places by day, week or month."""
        self.journeys.need_shared_clock("change over time")
        result = self.measured("arrivals", ("place", self.unit))
        came = _came(result)
        busiest = sorted(came, key=lambda place: (-came[place], place))[:BUSIEST]
        rows = pa.concat_tables(_of_place(result, place) for place in busiest) if busiest else (
            result.rows)  # fmt: skip
        series = {one.group["place"]: one for one in result.over_time}
        shown = tuple(series[place] for place in busiest if place in series)
        return replace(result, rows=rows, over_time=shown)

    @cached_property
    def week(self) -> Result:
        """Arrivals by hour of the week at the busiest emergency department, else place."""
        result = self.measured("arrivals", ("place", "hour_of_week"))
        came = _came(result)
        departments = {place.place for place in self.places if place.setting == "ed"}
        named = {place: n for place, n in came.items() if place in departments} or came
        if not named:
            return result
        place = min(named, key=lambda name: (-named[name], name))
        all_there = _came(self.measured("arrivals", ("place",)))[place]
        coarse = {COARSE: all_there - named[place]}
        return replace(result, rows=_of_place(result, place), left_out=coarse)

    @cached_property
    def delayed(self) -> Result:
        """Delay over time at the place with most hours of it: over all places most have none."""
        hours = {
            row["place"]: row["total_hours"]
            for row in self.measured("delay", ("place",)).rows.to_pylist()
        }
        if not any(hours.values()):
            raise UnsupportedError("nobody was delayed anywhere")
        place = max(sorted(hours, key=str), key=lambda name: hours[name] or 0.0)
        for unit in dict.fromkeys((self.unit, "month")):
            result = self.measured("delay", ("place", unit))
            rows = _of_place(result, place)
            if pc.mean(rows["n"]).as_py() >= FEW:
                series = tuple(one for one in result.over_time if one.group["place"] == place)
                return replace(result, rows=rows, over_time=series)
        raise UnsupportedError("too few are delayed in a month for a median of them")

    @cached_property
    def ways(self) -> Variants:
        """The most frequent ways over places."""
        return variants(self.journeys, "places", TOP_WAYS)

    @cached_property
    def _waits(self) -> dict[tuple[str, str], dict[str, Any]]:
        if not self.has_events:
            return {}
        by = ("from_place", "to_place")
        rows = self.measured("handoff_wait", by).rows.to_pylist()
        return {(row["from_place"], row["to_place"]): row for row in rows}

    def wait_people(self, row: Mapping[str, Any]) -> Mapping[str, int]:
        """Of a kind of handoff: the ``people`` whose waits are known, and those behind each."""
        pair = (_name(row["from_place"]), _name(row["to_place"]))
        if row["end"] != "between" or pair not in self._waits:
            return {"people": 0}
        behind = self.measured("handoff_wait", ("from_place", "to_place")).behind
        return {"people": self._waits[pair]["people"], **behind.get(pair, {})}

    @cached_property
    def handoffs(self) -> list[dict[str, Any]]:
        """Moves from place to place of the observed past, the longest median wait first."""
        kept = [
            row
            for row in self.transitions.to_pylist()
            if row["end"] == "between" and row["run"] == 0
        ]
        return sorted(kept, key=lambda row: (-(row["wait_p50_hours"] or -1), -row["moves"]))

    @cached_property
    def period(self) -> tuple[int, int] | None:
        """First and last instant that the records tell of; None where there is none."""
        if self.has_events:
            return self.journeys.observed_from(), self.journeys.observed_to()
        if self.counts.num_rows:
            ends = pc.min(self.counts["from_at"]).as_py(), pc.max(self.counts["to_at"]).as_py()
            return ends[0], ends[1] - 1
        return None


def unit_for(span: int) -> str:
    """Days, weeks or months, for a chart of some 12 to 130 points.

    >>> unit_for(30 * DAY), unit_for(365 * DAY), unit_for(1460 * DAY)
    ('day', 'week', 'month')
    """
    if span < WEEKS_FROM:
        return "day"
    return "week" if span < MONTHS_FROM else "month"


def _came(result: Result) -> Counter[str]:
    """How many came to each place."""
    came: Counter[str] = Counter()
    for place, n in zip(
        result.rows["place"].to_pylist(), result.rows["n"].to_pylist(), strict=True
    ):
        came[place] += n
    return came


def _of_place(result: Result, place: str) -> pa.Table:
    return result.rows.filter(pc.equal(result.rows["place"], place))


def _name(place: str | None) -> str:
    return place or NOT_RECORDED


def _with_open(transitions: pa.Table) -> pa.Schema:
    return transitions.schema.append(pa.field("open", pa.int64()))


def total(groups: Sequence[Hours], name: str = "all") -> Hours:
    """The hours of several groups together."""
    sums = [sum(getattr(g, part) for g in groups) for part in ("wait", "care", "delay", "unsplit")]
    return Hours(name, *sums)
