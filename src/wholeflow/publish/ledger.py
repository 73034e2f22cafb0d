"""The ledger of a page: every count that it would tell, about how many people, and what adds up.

    facts -> counts with their people -> sums: what comes in, goes out, is part of what

What people may know besides is in it as well: that everybody who came has come from somewhere,
that whoever met a standard is among those asked, and where there is no rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from wholeflow.core.errors import UnsupportedError
from wholeflow.governance.disclosure import Count, Policy, Sum
from wholeflow.measures import Result
from wholeflow.measures.judging import UNITS
from wholeflow.publish.facts import ASKED_FOR, NOT_RECORDED, OVER_TIME, Facts

STAYS_BY_PLACE = """
    SELECT d.name AS place, p.setting, count(*) AS n, count(DISTINCT s.person) AS people
    FROM stays AS s LEFT JOIN dictionary AS d ON d.code = s.place
    LEFT JOIN place_facts AS p ON p.place = s.place
    WHERE s.run = 0
    GROUP BY d.name, p.setting
"""

PEOPLE = """
    SELECT count(DISTINCT s.person) AS stays, count(DISTINCT s.person) AS journeys,
           count(DISTINCT s.person) AS people,
           count(DISTINCT CASE WHEN s.started_at IS NOT NULL THEN s.person END) AS started,
           count(DISTINCT CASE WHEN s.ready_at IS NOT NULL THEN s.person END) AS ready,
           count(DISTINCT CASE WHEN s.end_kind = 'open' THEN s.person END) AS open,
           count(DISTINCT CASE WHEN s.end_kind = 'lost' THEN s.person END) AS lost,
           count(DISTINCT CASE WHEN NOT s.in_order THEN s.person END) AS out_of_order
    FROM stays AS s WHERE s.run = 0
"""

PEOPLE_ASKED = """
    SELECT count(DISTINCT h.person) AS handoffs,
           count(DISTINCT CASE WHEN h.asked_at IS NOT NULL THEN h.person END) AS asked,
           count(DISTINCT CASE WHEN h.asked_at IS NOT NULL AND h.came_at IS NULL
                               AND h.to_end_kind = 'open' THEN h.person END) AS waiting
    FROM handoffs AS h WHERE h.run = 0
"""

Key = tuple[Any, ...]
"""A number of the page: what it is, then what it is of."""


class Ledger:
    """Counts with their people, and what adds up to what."""

    def __init__(self) -> None:
        self.counts: dict[Key, Count] = {}
        self.sums: list[Sum] = []

    def add(self, key: Key, value: int, people: int, *, is_shown: bool = True) -> None:
        """Note a count; it is about no more people than it counts."""
        self.counts[key] = Count(value, min(people, value), is_shown)

    def add_all(self, key: Key, parts: Sequence[Key]) -> None:
        """Note what parts are together, which is not shown; it has no more people than they."""
        known = [self.counts[part] for part in parts if part in self.counts]
        people = sum(one.people for one in known)
        self.add(key, sum(one.value for one in known), people, is_shown=False)
        self.at_most(key, parts)

    def at_most(self, total: Key, parts: Iterable[Key], rest_people: int | None = None) -> None:
        """A total is these parts and a rest, never shown; that there is none may be known.

        Nothing is noted where the parts are more than the total: then nobody can rely on it.
        """
        known = tuple(part for part in parts if part in self.counts)
        if total not in self.counts or not known:
            return
        rest = self.counts[total].value - sum(self.counts[part].value for part in known)
        if rest < 0:
            return
        key = ("rest", len(self.sums))
        if rest:
            self.add(key, rest, rest if rest_people is None else rest_people, is_shown=False)
        self.sums.append(Sum(total, (*known, key) if rest else known))


def ledger_of(facts: Facts, policy: Policy) -> Ledger:
    """Every count of a page, and what adds up to what."""
    ledger = Ledger()
    _note_sizes(ledger, facts)
    if facts.has_events:
        _note_stays(ledger, facts)
        _note_moves(ledger, facts, policy)
        _note_ways(ledger, facts)
    _note_counts(ledger, facts)
    for name, get in results(facts):
        try:
            _note_result(ledger, name, get())
        except UnsupportedError:
            continue
    for name in OVER_TIME:
        _note_periods(ledger, name)
    return ledger


def results(facts: Facts) -> list[tuple[str, Callable[[], Result]]]:
    """Every result of the page, by the name that its numbers go by here."""
    asked: list[tuple[str, Callable[[], Result]]] = []
    if facts.has_events:
        asked = [
            ("arrivals", lambda: facts.arrivals),
            ("week", lambda: facts.week),
            ("delayed", lambda: facts.delayed),
        ]
    for name, by in (*ASKED_FOR, *((name, (facts.unit,)) for name in OVER_TIME)):
        asked.append((name, partial(facts.measured, name, by)))
    return asked


def _note_sizes(ledger: Ledger, facts: Facts) -> None:
    """How many there are of everything; rows that were refused are about nobody in particular."""
    people = facts.journeys.query(PEOPLE).to_pylist()[0]
    people |= facts.journeys.query(PEOPLE_ASKED).to_pylist()[0]
    for name, value in facts.sizes.items():
        ledger.add(("size", name), value or 0, people.get(name, value or 0))
    for total, part in (
        ("stays", "open"), ("stays", "started"), ("stays", "ready"), ("stays", "lost"),
        ("stays", "journeys"), ("journeys", "people"), ("handoffs", "asked"),
        ("asked", "waiting"), ("open", "waiting"),
    ):  # fmt: skip
        ledger.at_most(("size", total), [("size", part)])


def _note_stays(ledger: Ledger, facts: Facts) -> None:
    """Stays by place, and by setting, which measures are about."""
    rows = facts.journeys.query(STAYS_BY_PLACE).to_pylist()
    by_setting: dict[str, list[Key]] = defaultdict(list)
    for row in rows:
        ledger.add(stays_at(row["place"]), row["n"], row["people"], is_shown=False)
        by_setting[row["setting"]].append(stays_at(row["place"]))
    ledger.at_most(("size", "stays"), [stays_at(row["place"]) for row in rows])
    for setting, places in by_setting.items():
        ledger.add_all(("setting", setting), places)


def _note_moves(ledger: Ledger, facts: Facts, policy: Policy) -> None:
    """Every arc, shown or not: what comes in goes out, waits are of moves, journeys have ends."""
    moves: dict[Key, list[Key]] = defaultdict(list)
    for row in facts.transitions.to_pylist():
        if row["run"] != 0:
            continue
        key, people = move(row), row["people"]
        ledger.add(key, row["moves"], people, is_shown=not policy.hides(row["moves"], people))
        moves["end", row["end"]].append(key)
        moves["begins" if row["end"] == "entered" else "ends",].append(key)
        if row["end"] in ("between", "entered"):
            moves["into", row["to_place"]].append(key)
        if row["end"] != "entered":
            moves["out of", row["from_place"]].append(key)
        if row["waits"]:
            ledger.add(("waits", *key[1:]), row["waits"], facts.wait_people(row)["people"])
            ledger.at_most(key, [("waits", *key[1:])])
    for (what, *of), keys in moves.items():
        if what in ("into", "out of"):
            ledger.at_most(stays_at(of[0]), keys)
    between = moves["end", "between"]
    ledger.at_most(("size", "handoffs"), between)
    ledger.at_most(("size", "open"), moves["end", "open"])
    ledger.at_most(("size", "asked"), [("waits", *key[1:]) for key in between])
    ends = [key for key in moves["ends",] if key[-1] != "between"]
    for name, keys in (("begins", moves["begins",]), ("ends", ends)):
        ledger.add_all(("all", name), keys)
        ledger.at_most(("all", name), [("size", "journeys")])


def _note_ways(ledger: Ledger, facts: Facts) -> None:
    rows = [row for row in facts.ways.rows.to_pylist() if row["people"] is not None]
    for row in rows:
        ledger.add(("way", row["variant"]), row["journeys"], row["people"])
    ledger.at_most(("size", "journeys"), [("way", row["variant"]) for row in rows])


def _note_counts(ledger: Ledger, facts: Facts) -> None:
    """Published counts by month, and their totals."""
    for name, total in facts.totals.items():
        ledger.add(("count", name), int(total or 0), int(total or 0))
        months = facts.monthly.get(name, {})
        for month, value in months.items():
            ledger.add(("count", name, month), int(value or 0), int(value or 0))
        ledger.at_most(("count", name), [("count", name, month) for month in months])


def _note_result(ledger: Ledger, name: str, result: Result) -> None:
    """Who is counted, by group, and who of them met a standard."""
    if "n" not in result.rows.column_names:
        return
    of_place: dict[Key, list[Key]] = defaultdict(list)
    for row in result.rows.to_pylist():
        key = row_key(name, result, row)
        ledger.add(key, row["n"], row["people"] if "people" in row else row["n"])
        if "place" in row and result.definition.table == "stays":
            of_place[stays_at(row["place"])].append(key)
        if "met" in row:
            met = row_key(name, result, row, "met")
            behind = behind_row(result, row)
            ledger.add(met, row["met"], behind.get("met", row["met"]))
            ledger.at_most(key, [met], behind.get("unmet"))
    for place, keys in of_place.items():
        ledger.at_most(place, keys)
    if not result.by:
        _note_whole(ledger, name, result)


def _note_whole(ledger: Ledger, name: str, result: Result) -> None:
    """A measure of the whole is of stays in its settings; to come back is one stay more."""
    whole = ("n", name, (), ())
    settings = [("setting", setting) for setting in result.definition.settings]
    if settings:
        ledger.add_all(("settings of", name), settings)
    ledger.at_most(("settings of", name) if settings else ("size", "stays"), [whole])
    if result.definition.family == "returns":
        ledger.at_most(("size", "stays"), [("size", "people"), ("met", name, (), ())])


def _note_periods(ledger: Ledger, measure: str) -> None:
    """What a measure tells of each period is part of what it tells of all."""
    for what in ("n", "met"):
        parts = [
            key
            for key in ledger.counts
            if key[:2] == (what, measure) and len(key) == 4 and set(key[2]) & set(UNITS)
        ]
        ledger.at_most((what, measure, (), ()), parts)


def stays_at(place: str | None) -> Key:
    """The stays at a place."""
    return ("stays", place or NOT_RECORDED)


def move(row: Mapping[str, Any]) -> Key:
    """Moves from a place to a place, or in or out."""
    return ("move", row["from_place"], row["to_place"], row["end"])


def row_key(name: str, result: Result, row: Mapping[str, Any], what: str = "n") -> Key:
    """A number of a row of a result."""
    return (what, name, result.by, tuple(row[one] for one in result.by))


def behind_row(result: Result, row: Mapping[str, Any]) -> Mapping[str, int]:
    """The people behind the figures of a row."""
    return result.behind.get(tuple(row[one] for one in result.by), {})
