"""Facts as people outside may see them: gated before anything is drawn, written or added up.

    facts -> every count of the page, and what adds up to what -> protect -> facts without the rest

Whatever is worked out later (shares, charts, limits, totals) is worked out from what is shown, so
that nothing hidden enters it. Sentences that bear a number of their own are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import UnsupportedError
from wholeflow.diagnosis import Variants
from wholeflow.governance.disclosure import Count, Policy, Sum, protect
from wholeflow.measures import Result
from wholeflow.measures.judging import UNITS, judge
from wholeflow.measures.marks import marks
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.shares import with_shares
from wholeflow.publish.bars import Hours
from wholeflow.publish.facts import ASKED_FOR, OVER_TIME, Facts

PARTS = ("wait", "care", "delay", "unsplit")

STAYS_BY_PLACE = """
    SELECT d.name AS place, count(*) AS n, count(DISTINCT s.person) AS people
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    WHERE s.run = 0
    GROUP BY d.name
"""

PEOPLE_BY_PART = f"""
    SELECT s.holds, d.name AS place, count(DISTINCT s.person) AS people, {
    ", ".join(
        f"count(DISTINCT CASE WHEN s.{part}_hours > 0 THEN s.person END) AS {part}"
        for part in PARTS
    )
}
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    WHERE s.run = 0
    GROUP BY s.holds, d.name
"""  # noqa: S608 (no value of anybody enters it)

ROWS = ("events", "rejected")
"""Sizes that count rows and not what happened to people."""

RULE = re.compile(r"\(§[^)]*\)")

Row = dict[str, Any]
Key = tuple[Any, ...]
"""A number of the page: what it is, then what it is of."""


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

    # What may be shown of every count

    @cached_property
    def _shown(self) -> Mapping[Key, int | None]:
        ledger = _Ledger()
        people = self._raw.sizes["people"] or 0
        for name, value in self._raw.sizes.items():
            ledger.add(("size", name), value or 0, value or 0 if name in ROWS else people)
        if self.has_events:
            self._note_stays(ledger)
            self._note_moves(ledger)
            self._note_ways(ledger)
        self._note_results(ledger)
        return protect(ledger.counts, ledger.sums, self.policy)

    def _note_stays(self, ledger: _Ledger) -> None:
        rows = self.journeys.query(STAYS_BY_PLACE).to_pylist()
        for row in rows:
            ledger.add(_stays(row["place"]), row["n"], row["people"], is_shown=False)
        ledger.at_most(("size", "stays"), [_stays(row["place"]) for row in rows])
        for one in ("open", "started", "ready", "lost"):
            ledger.at_most(("size", "stays"), [("size", one)])

    def _note_moves(self, ledger: _Ledger) -> None:
        """Every arc, and what is known of it: what comes in goes out, and waits are of moves."""
        ways_in: dict[Key, list[Key]] = defaultdict(list)
        ways_out: dict[Key, list[Key]] = defaultdict(list)
        ends: dict[str, list[Key]] = defaultdict(list)
        for row in self._observed():
            key = _move(row)
            ends[row["end"]].append(key)
            if not self.policy.hides(row["moves"], row["people"]):
                ledger.add(key, row["moves"], row["people"])
                if row["end"] in ("between", "entered"):
                    ways_in[_stays(row["to_place"])].append(key)
                if row["end"] != "entered":
                    ways_out[_stays(row["from_place"])].append(key)
                if row["waits"]:
                    waits = ("waits", *key[1:])
                    ledger.add(waits, row["waits"], self._raw.waiters(row))
                    ledger.at_most(key, [waits])
        for place, keys in ways_in.items():
            ledger.at_most(place, keys)
        for place, keys in ways_out.items():
            if ledger.has_room(place, keys):  # one stay may lead to several: a ward and a list
                ledger.at_most(place, keys)
        ledger.at_most(("size", "handoffs"), ends["between"])
        ledger.at_most(("size", "open"), ends["open"])
        ledger.at_most(("size", "handoffs"), [("size", "asked")])
        ledger.at_most(("size", "asked"), [("waits", *key[1:]) for key in ends["between"]])

    def _observed(self) -> list[Row]:
        return [row for row in self._raw.transitions.to_pylist() if row["run"] == 0]

    def _note_ways(self, ledger: _Ledger) -> None:
        rows = [row for row in self._raw.ways.rows.to_pylist() if row["people"] is not None]
        for row in rows:
            ledger.add(("way", row["variant"]), row["journeys"], row["people"])
        ledger.at_most(("size", "journeys"), [("way", row["variant"]) for row in rows])

    def _note_results(self, ledger: _Ledger) -> None:
        for name, get in self._asked_for():
            try:
                result = get()
            except UnsupportedError:
                continue
            if "n" in result.rows.column_names:
                self._note_result(ledger, name, result)
        for name in OVER_TIME:
            ledger.at_most_whole(name)

    def _asked_for(self) -> list[tuple[str, Callable[[], Result]]]:
        """Every result of the page, by the name that its numbers go by here."""
        asked: list[tuple[str, Callable[[], Result]]] = []
        if self.has_events:
            asked = [
                ("arrivals", lambda: self._raw.arrivals),
                ("week", lambda: self._raw.week),
                ("delayed", lambda: self._raw.delayed),
            ]
        unit = self.unit if self.has_events else "month"
        for name, by in (*ASKED_FOR, *((name, (unit,)) for name in OVER_TIME)):
            asked.append((name, partial(self._raw.measured, name, by)))
        return asked

    def _note_result(self, ledger: _Ledger, name: str, result: Result) -> None:
        of_place: dict[Key, list[Key]] = defaultdict(list)
        for row in result.rows.to_pylist():
            key = _row_key(name, result, row)
            people = row.get("people", row["n"])
            ledger.add(key, row["n"], people)
            if "place" in row and result.definition.table == "stays":
                of_place[_stays(row["place"])].append(key)
            if "met" in row:
                met = _row_key(name, result, row, "met")
                ledger.add(met, row["met"], min(row["met"], people))
                ledger.at_most(key, [met])
        for place, keys in of_place.items():
            ledger.at_most(place, keys)

    # The facts themselves

    @cached_property
    def sizes(self) -> Mapping[str, int | None]:
        """How many there are; None: hidden."""
        return {name: self._shown.get(("size", name)) for name in self._raw.sizes}

    @cached_property
    def totals(self) -> Mapping[str, float | None]:
        """The sum of each published count, from the months that may be shown."""
        return {name: self._of_count(value) for name, value in self._raw.totals.items()}

    @cached_property
    def monthly(self) -> Mapping[str, Mapping[str, float | None]]:
        """Totals of each count by month, those that may be shown."""
        return {
            name: {month: self._of_count(value) for month, value in months.items()}
            for name, months in self._raw.monthly.items()
        }

    def _of_count(self, value: float | None) -> float | None:
        if value is None or self.policy.hides(int(value), int(value)):
            return None
        return self.policy.rounded(value)

    @cached_property
    def transitions(self) -> pa.Table:
        """The moves that may be shown; how many people made them is not told."""
        rows = []
        for row in self._observed():
            moves = self._shown.get(_move(row))
            if not moves:
                continue
            waits = self._shown.get(("waits", *_move(row)[1:])) or 0
            waiters = self._raw.waiters(row)
            told = {**row, "moves": moves, "people": None, "waits": waits, "open": 0}
            for name, share in (("wait_p50_hours", 0.5), ("wait_p90_hours", 0.9)):
                told[name] = self._time(row[name], waiters if waits else 0, share)
            rows.append({**told, "wait_total_hours": None})
        return pa.Table.from_pylist(rows, schema=self._raw.transitions.schema)

    def _time(self, hours: float | None, people: int, share: float) -> float | None:
        return self.policy.hours(hours) if self.policy.tells(people, share) else None

    def hours_by_place(self, holds: str) -> list[Hours]:
        """Hours by part of the stay, where enough people spent them; small parts as not split."""
        return [
            _rounded(_told(hours, people, self.policy.least), self.policy)
            for place, hours in self._raw_hours(holds)
            if (people := self._people[holds, place])["people"] >= self.policy.least
        ]

    def _raw_hours(self, holds: str) -> list[tuple[str | None, Hours]]:
        return [
            (r["place"], Hours(r["place"] or "not recorded", *(r[part] for part in PARTS)))
            for r in self._hours
            if r["holds"] == holds
        ]

    @cached_property
    def _people(self) -> dict[tuple[str, str | None], dict[str, int]]:
        rows = self.journeys.query(PEOPLE_BY_PART).to_pylist()
        return {(row["holds"], row["place"]): row for row in rows}

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
                told = self._time(row["p50_hours"], row["people"], 0.5)
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
            raise UnsupportedError(f"{result.definition.title.lower()} has no counts to gate")
        is_series = bool({"day", "week", "month", "hour_of_week"} & set(result.by))
        places = self._places_shown(name, result)
        found = [row for row in result.rows.to_pylist() if row.get("place") in places]
        rows = [self._row(name, result, row) for row in found]
        kept = [row for row in rows if row["n"] is not None or is_series]
        table = pa.Table.from_pylist(kept, schema=result.rows.schema)
        if "met" in table.column_names:
            table = _shares_of(table)
        told = replace(
            result,
            rows=table,
            left_out=_uncounted(result.left_out),
            limits=without_numbers(result.limits),
            over_time=(),
        )
        return replace(told, over_time=self._judged(told)) if result.over_time else told

    def _places_shown(self, name: str, result: Result) -> set[str | None]:
        """Places of which any number or star has a place on the page; of others there is no row."""
        rows = result.rows.to_pylist()
        return {row.get("place") for row in rows if _row_key(name, result, row) in self._shown}

    def _judged(self, result: Result) -> tuple[OverTime, ...]:
        """The charts of what is shown. Why somebody signed a mark stays inside."""
        signed = [
            replace(m, why="why is not told here", who="inside") for m in marks(self.journeys)
        ]
        zone = self.journeys.zone
        return judge(result.definition, result.rows, result.by, marks=signed, zone=zone)

    def _row(self, name: str, result: Result, row: Row) -> Row:
        key = _row_key(name, result, row)
        n, people = self._shown.get(key), int(row["people"] if "people" in row else row["n"])
        told: Row = dict.fromkeys(row)
        told |= {one: row[one] for one in (*result.by, "is_complete") if one in row}
        told["n"] = n
        if "met" in row:
            told["met"] = self._shown.get(_row_key(name, result, row, "met"))
        if n is not None and row.get("hours_observed"):
            told["per_hour"] = n / row["hours_observed"]
        if n and "p50_hours" in row:
            told["p50_hours"] = self._time(row["p50_hours"], people, 0.5)
            told["p90_hours"] = self._time(row["p90_hours"], people, 0.9)
            for one in ("p50_low_hours", "p50_high_hours"):  # at n / 2 -+ sqrt(n) of n in order
                told[one] = self._time(row[one], people, 0.25)
        return told


class _Ledger:
    """Counts with their people, and what adds up to what."""

    def __init__(self) -> None:
        self.counts: dict[Key, Count] = {}
        self.sums: list[Sum] = []

    def add(self, key: Key, value: int, people: int, *, is_shown: bool = True) -> None:
        self.counts[key] = Count(value, min(people, value), is_shown)

    def at_most_whole(self, measure: str) -> None:
        """What a measure tells of each period is part of what it tells of all."""
        for what in ("n", "met"):
            whole = (what, measure, (), ())
            parts = [
                key
                for key in self.counts
                if key[:2] == (what, measure) and set(key[2]) & set(UNITS)
            ]
            if whole in self.counts and self.has_room(whole, parts):
                self.at_most(whole, parts)
            elif what == "n":
                self.at_most(("size", "stays"), parts)

    def has_room(self, total: Key, parts: Iterable[Key]) -> bool:
        """True where the parts may be parts of the total."""
        return sum(self.counts[part].value for part in parts) <= self.counts[total].value

    def at_most(self, total: Key, parts: Iterable[Key]) -> None:
        """A total is these parts and a rest, never shown; that there is none may be known."""
        known = tuple(part for part in parts if part in self.counts)
        if total not in self.counts or not known:
            return
        rest = self.counts[total].value - sum(self.counts[part].value for part in known)
        if rest < 0:
            raise AssertionError(f"{total} is less than its parts")
        key = ("rest", len(self.sums))
        if rest:
            self.add(key, rest, rest, is_shown=False)
        self.sums.append(Sum(total, (*known, key) if rest else known))


def without_numbers(sentences: Sequence[str]) -> tuple[str, ...]:
    """Sentences that bear no number but those of rules: others did not pass the gate.

    >>> without_numbers(["3 stays have no end (§8).", "Returns elsewhere are not seen (§20)."])
    ('Returns elsewhere are not seen (§20).',)
    """
    return tuple(one for one in sentences if not re.search(r"\d", RULE.sub("", one)))


def _uncounted(reasons: Mapping[str, int | None]) -> Mapping[str, Any]:
    """Why something was left out, without how much; all of it, so that nought is not told."""
    return dict.fromkeys(reasons)


def _shares_of(rows: pa.Table) -> pa.Table:
    """Shares and ranges of the rounded numbers; none where one is hidden."""
    kept = [name for name in rows.column_names if name not in ("share", "low", "high")]
    told = [
        {**row, "n": row["n"] or 0, "met": min(row["met"] or 0, row["n"] or 0)}
        for row in rows.to_pylist()
    ]
    shares = with_shares(pa.Table.from_pylist(told, schema=rows.select(kept).schema))
    hidden = [row["met"] is None or row["n"] is None for row in rows.to_pylist()]
    out = [
        {**row, **dict.fromkeys(("share", "low", "high"), None)} if gone else row
        for row, gone in zip(shares.to_pylist(), hidden, strict=True)
    ]
    for row, before in zip(out, rows.to_pylist(), strict=True):
        row |= {"n": before["n"], "met": before["met"] and row["met"]}
    return pa.Table.from_pylist(out, schema=rows.schema)


def _told(hours: Hours, people: Mapping[str, int], least: int) -> Hours:
    """Hours of a place; parts that few people spent are told as not split, with others."""
    parts = {part: getattr(hours, part) for part in PARTS}
    while True:
        small = [part for part in PARTS[:3] if parts[part] and people[part] < least]
        folded = [part for part in PARTS[:3] if getattr(hours, part) and not parts[part]]
        together = max([people["unsplit"], *(people[part] for part in folded)])
        alone = parts["unsplit"] and together < least
        rest = [part for part in PARTS[:3] if parts[part]]
        if not small and not (alone and rest):
            return Hours(hours.name, *(parts[part] for part in PARTS))
        part = small[0] if small else min(rest, key=lambda one: people[one])
        parts["unsplit"] += parts[part]
        parts[part] = 0.0


def _rounded(hours: Hours, policy: Policy) -> Hours:
    return Hours(hours.name, *(policy.rounded(getattr(hours, part)) for part in PARTS))


def _stays(place: str | None) -> Key:
    return ("stays", place or "not recorded")


def _move(row: Mapping[str, Any]) -> Key:
    return ("move", row["from_place"], row["to_place"], row["end"])


def _row_key(name: str, result: Result, row: Mapping[str, Any], what: str = "n") -> Key:
    return (what, name, result.by, tuple(row[one] for one in result.by))
