"""Facts as people outside may see them: gated before anything is drawn, written or added up.

    facts -> every count of the page, and what adds up to what -> protect -> facts without the rest

Whatever is worked out later (shares, charts, limits, totals) is worked out from what is shown, so
that nothing hidden enters it. Sentences that bear a number of their own are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import UnsupportedError
from wholeflow.diagnosis import Variants
from wholeflow.governance.disclosure import Policy, protect
from wholeflow.measures import Result
from wholeflow.measures.judging import judge
from wholeflow.measures.marks import marks
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.shares import wilson
from wholeflow.publish.bars import Hours
from wholeflow.publish.facts import NOT_RECORDED, SPLIT, Facts
from wholeflow.publish.ledger import Key, behind_row, ledger_of, move, row_key

PARTS = (*SPLIT, "unsplit")

ANY_HOURS = " + ".join(f"coalesce(s.{part}_hours, 0)" for part in PARTS)
PEOPLE_BY_PART = f"""
    SELECT s.holds, d.name AS place,
           count(DISTINCT CASE WHEN {ANY_HOURS} > 0 THEN s.person END) AS people, {
    ", ".join(
        f"count(DISTINCT CASE WHEN s.{part}_hours > 0 THEN s.person END) AS {part}"
        for part in PARTS
    )
}
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    WHERE s.run = 0
    GROUP BY s.holds, d.name
"""  # noqa: S608 (no value of anybody enters it)

RULE = re.compile(r"\(§[^)]*\)")

Row = dict[str, Any]


@dataclass(frozen=True)
class DisclosedFacts(Facts):
    """The facts of a view that a policy lets people outside see."""

    policy: Policy

    @property
    def is_internal(self) -> bool:
        """False: these are for people outside."""
        return False

    @cached_property
    def _raw(self) -> Facts:
        return Facts(self.journeys)

    @cached_property
    def _shown(self) -> Mapping[Key, int | None]:
        ledger = ledger_of(self._raw, self.policy)
        return protect(ledger.counts, ledger.sums, self.policy)

    def _observed(self) -> list[Row]:
        return [row for row in self._raw.transitions.to_pylist() if row["run"] == 0]

    @cached_property
    def sizes(self) -> Mapping[str, int | None]:
        """How many there are; None: hidden."""
        return {name: self._shown.get(("size", name)) for name in self._raw.sizes}

    @cached_property
    def totals(self) -> Mapping[str, float | None]:
        """The sum of each published count; None: hidden."""
        return {name: self._shown.get(("count", name)) for name in self._raw.totals}

    @cached_property
    def monthly(self) -> Mapping[str, Mapping[str, float | None]]:
        """Totals of each count by month; None: hidden."""
        return {
            name: {month: self._shown.get(("count", name, month)) for month in months}
            for name, months in self._raw.monthly.items()
        }

    @cached_property
    def transitions(self) -> pa.Table:
        """The moves that may be shown; how many people made them is not told."""
        rows = []
        for row in self._observed():
            moves = self._shown.get(move(row))
            if not moves:
                continue
            waits = self._shown.get(("waits", *move(row)[1:])) or 0
            behind = self._raw.wait_people(row) if waits else {}
            told = {**row, "moves": moves, "people": None, "waits": waits, "open": 0}
            for name in ("p50_hours", "p90_hours"):
                told[f"wait_{name}"] = self._time(row[f"wait_{name}"], behind.get(name, 0))
            rows.append({**told, "wait_total_hours": None})
        return pa.Table.from_pylist(rows, schema=self._raw.transitions.schema)

    def _time(self, hours: float | None, people: int) -> float | None:
        return self.policy.hours(hours) if self.policy.tells(people) else None

    def hours_by_place(self, holds: str) -> list[Hours]:
        """Hours by part of the stay, where enough people spent them; small parts as not split."""
        told = [
            _rounded(split, self.policy)
            for hours in self._raw.hours_by_place(holds)
            if (split := _told(hours, self._people[holds, hours.name], self.policy.least))
        ]
        return sorted((one for one in told if one.total), key=lambda one: (-one.total, one.name))

    @cached_property
    def _people(self) -> dict[tuple[str, str], dict[str, int]]:
        rows = self.journeys.query(PEOPLE_BY_PART).to_pylist()
        return {(row["holds"], row["place"] or NOT_RECORDED): row for row in rows}

    @cached_property
    def ways(self) -> Variants:
        """The ways that enough people went; shares are those of the rounded numbers."""
        raw = self._raw.ways
        journeys = self.sizes["journeys"] or 0
        rows, so_far = [], 0
        for row in raw.rows.to_pylist():
            shown = self._shown.get(("way", row["variant"]))
            if shown and journeys:
                so_far += shown
                once = row["people"] // 2 if row["people"] == row["journeys"] else 0
                told = self._time(row["p50_hours"], once)
                rows.append({**row, "journeys": shown, "people": None, "p50_hours": told,
                             "share": min(1.0, shown / journeys),
                             "coverage": min(1.0, so_far / journeys)})  # fmt: skip
        return replace(
            raw,
            rows=pa.Table.from_pylist(rows, schema=raw.rows.schema),
            limits=without_numbers(raw.limits),
            left_out=_uncounted(raw.left_out),
        )

    def measured(self, name: str, by: tuple[str, ...] = ()) -> Result:
        """A measure without what is hidden."""
        return self._gated(name, self._raw.measured(name, by))

    @cached_property
    def arrivals(self) -> Result:
        """Arrivals at the busiest places over time, small numbers as gaps."""
        return self._gated("arrivals", self._raw.arrivals)

    @cached_property
    def week(self) -> Result:
        """Arrivals by hour of the week, small numbers as gaps."""
        return self._gated("week", self._raw.week)

    @cached_property
    def delayed(self) -> Result:
        """Delay over time where most hours of it passed, small numbers as gaps."""
        return self._gated("delayed", self._raw.delayed)

    def _gated(self, name: str, result: Result) -> Result:
        """The result with shown counts; times and shares only where these allow them."""
        if "n" not in result.rows.column_names:
            raise UnsupportedError(f"{result.definition.title} is not told to people outside")
        is_series = bool({"day", "week", "month", "hour_of_week"} & set(result.by))
        places = self._places_shown(name, result)
        found = [row for row in result.rows.to_pylist() if row.get("place") in places]
        rows = [self._row(name, result, row) for row in found]
        kept = [row for row in rows if row["n"] is not None or is_series]
        told = replace(
            result,
            rows=pa.Table.from_pylist(kept, schema=result.rows.schema),
            left_out=_uncounted(result.left_out),
            limits=without_numbers(result.limits),
            over_time=(),
        )
        return replace(told, over_time=self._judged(told)) if result.over_time else told

    def _places_shown(self, name: str, result: Result) -> set[str | None]:
        """Places of which any number or star has a place on the page; of others there is no row."""
        rows = result.rows.to_pylist()
        return {row.get("place") for row in rows if row_key(name, result, row) in self._shown}

    def _judged(self, result: Result) -> tuple[OverTime, ...]:
        """The charts of what is shown. Why somebody signed a mark stays inside."""
        signed = [
            replace(m, why="why is not told here", who="inside") for m in marks(self.journeys)
        ]
        zone = self.journeys.zone
        return judge(result.definition, result.rows, result.by, marks=signed, zone=zone)

    def _row(self, name: str, result: Result, row: Row) -> Row:
        key = row_key(name, result, row)
        n, behind = self._shown.get(key), behind_row(result, row)
        told: Row = dict.fromkeys(row)
        told |= {one: row[one] for one in (*result.by, "is_complete") if one in row}
        told["n"] = n
        met = self._shown.get(row_key(name, result, row, "met"))
        if n and met is not None:
            met = min(met, n)
            low, high = wilson(met, n)
            told |= {"met": met, "share": met / n, "low": low, "high": high}
        if n is not None and row.get("hours_observed"):
            told["per_hour"] = n / row["hours_observed"]
        if n and "p50_hours" in row:
            for one in ("p50_hours", "p50_low_hours", "p50_high_hours", "p90_hours"):
                told[one] = self._time(row[one], behind.get(one, 0))
        return told


def without_numbers(sentences: Sequence[str]) -> tuple[str, ...]:
    """Sentences that bear no number but those of rules: others did not pass the gate.

    >>> without_numbers(["3 stays have no end (§8).", "Returns elsewhere are not seen (§20)."])
    ('Returns elsewhere are not seen (§20).',)
    """
    return tuple(one for one in sentences if not re.search(r"\d", RULE.sub("", one)))


def _uncounted(reasons: Mapping[str, int | None]) -> Mapping[str, Any]:
    """Why something was left out, without how much; all of it, so that nought is not told."""
    return dict.fromkeys(reasons)


def _told(hours: Hours, people: Mapping[str, int], least: int) -> Hours | None:
    """Hours of a place; parts that few people spent are told as not split, with others.

    None: all of them were spent by few.
    """
    if people["people"] < least:
        return None
    parts = {part: float(getattr(hours, part)) for part in PARTS}
    folded: set[str] = set()
    while True:
        rest = [part for part in SPLIT if parts[part]]
        small = [part for part in rest if people[part] < least]
        together = max(people[part] for part in ("unsplit", *folded))
        if not small and not (rest and parts["unsplit"] and together < least):
            return Hours(hours.name, **parts, unknown=hours.unknown | folded)
        part = small[0] if small else min(rest, key=lambda one: people[one])
        folded.add(part)
        parts["unsplit"] += parts[part]
        parts[part] = 0.0


def _rounded(hours: Hours, policy: Policy) -> Hours:
    parts = {part: policy.rounded(getattr(hours, part)) for part in PARTS}
    return Hours(hours.name, **parts, unknown=hours.unknown)
