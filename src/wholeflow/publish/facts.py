"""What a report needs to know of a store, summed up in SQL so that no stay leaves the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.time import HOUR
from wholeflow.journeys import Journeys
from wholeflow.measures import measure
from wholeflow.measures.published import counted_once
from wholeflow.publish.bars import Hours
from wholeflow.publish.flow_choice import PlaceFacts
from wholeflow.publish.words import listed

FEW = 20
"""A wait that fewer moves have is not shown among the longest: chance rules it."""

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

PART_HOURS = ", ".join(
    f"coalesce(sum(CAST(round(s.{part}_hours * {HOUR}) AS BIGINT)), 0) / {HOUR}.0 AS {part}"
    for part in ("wait", "care", "delay", "unsplit")
)
"""Sums of whole microseconds: sums of fractions differ with the order of rows."""

HOURS = f"""
    SELECT s.holds, d.name AS place, {PART_HOURS}
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
    def totals(self) -> dict[str, float]:
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
    def sizes(self) -> dict[str, int]:
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
            Hours(r["place"] or "not recorded", r["wait"], r["care"], r["delay"], r["unsplit"])
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
    def _waits(self) -> dict[tuple[str, str], dict[str, Any]]:
        if not self.has_events:
            return {}
        by = ("from_place", "to_place")
        rows = measure(self.journeys, "handoff_wait", by).rows.to_pylist()
        return {(row["from_place"], row["to_place"]): row for row in rows}

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


def _name(place: str | None) -> str:
    return place or "not recorded"


def _with_open(transitions: pa.Table) -> pa.Schema:
    return transitions.schema.append(pa.field("open", pa.int64()))


def total(groups: Sequence[Hours], name: str = "all") -> Hours:
    """The hours of several groups together."""
    sums = [sum(getattr(g, part) for g in groups) for part in ("wait", "care", "delay", "unsplit")]
    return Hours(name, *sums)
