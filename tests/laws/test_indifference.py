"""What changes nothing: other names, other times, other files and places where nobody goes.

Each law is about every derived table; histories have messages, merges, hospital spells, lists,
requests that were declined, and days without an hour.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_conservation import BEGIN, BODIES, END, KEY, LISTS, Row, events

from wholeflow.coordinate import today
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import DAY, HOUR
from wholeflow.diagnosis import process_map, variants
from wholeflow.events import EventLog
from wholeflow.journeys import Journeys, columns, journeys
from wholeflow.journeys.operators import DERIVED
from wholeflow.measures import definitions, measure
from wholeflow.store import Chunk, FileFacts, load, open_store

pytestmark = pytest.mark.slow

SPELL = "Spell"
PEOPLE = 12
PLACES = (*BODIES, *LISTS, SPELL)
SETTINGS = ("ed", "ward", "critical", "social_work", "home_care", "hospital")

History = dict[str, list[Row]]
"""Rows by declared table."""


def declared_places() -> list[Row]:
    """Wards of one trust with its hospital spells, and two lists of other organisations."""
    return [
        {
            "id": f"place {place}",
            "place": place,
            "setting": setting,
            "holds": "body" if place in BODIES else "caseload",
            "organisation": f"{place} office" if place in LISTS else "Trust",
        }
        for place, setting in zip(PLACES, SETTINGS, strict=True)
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """What may be recorded of a few people, and told about them, by several organisations."""
    nowhere: list[str | None] = [None] * 4
    rows = draw(events(PEOPLE))
    for row in rows:
        kinds = [row["kind"]] * 5 + ["declined", "away", "back"]
        row["kind"] = draw(st.sampled_from(kinds))
        row["place"] = draw(st.sampled_from([row["place"]] * 6 + [SPELL]))
        row["to_place"] = draw(st.sampled_from([*nowhere, *PLACES]))
        row["waits_for"] = draw(st.sampled_from([*nowhere, *LISTS]))
        row["precision"] = draw(st.sampled_from(["instant"] * 6 + ["day"]))
    for number in range(draw(st.integers(0, 4))):
        rows += asked_again(draw, number) + on_leave(draw, number)
    return {
        "events": rows,
        "messages": [message(draw, number) for number in range(draw(st.integers(0, 16)))],
        "same_person": draw(st.sampled_from([[], MERGE])),
        "places": declared_places(),
    }


MERGE: list[Row] = [
    {"id": "merge", "person": "person 1", "same_as": "person 2", "method": "merge"},
]


def asked_again(draw: st.DrawFn, number: int) -> list[Row]:
    """A request that a list declined, made again and taken, or not."""
    person, place = f"person {draw(st.integers(1, PEOPLE))}", draw(st.sampled_from(LISTS))
    at, end = BEGIN + draw(st.integers(0, 300)) * HOUR, draw(st.sampled_from(["started", "left"]))
    return [
        {
            "id": f"asked {number} {kind} {hours}",
            "person": person,
            "at": at + hours * HOUR,
            "kind": kind,
            "place": place,
            "activity": "x",
        }
        for hours, kind in ((0, "referred"), (5, "declined"), (8, "referred"), (20, end))
    ]


def on_leave(draw: st.DrawFn, number: int) -> list[Row]:
    """Somebody for whom a ward keeps the bed while they are gone, and who may come back."""
    person, place = f"person {draw(st.integers(1, PEOPLE))}", draw(st.sampled_from(BODIES))
    at, comes_back = BEGIN + draw(st.integers(0, 300)) * HOUR, draw(st.booleans())
    return [
        {
            "id": f"leave {number} {kind}",
            "person": person,
            "at": at + hours * HOUR,
            "kind": kind,
            "place": place,
            "ref": f"{person} leave {number}",
            "activity": "x",
        }
        for hours, kind in ((0, "arrived"), (6, "away"), (30, "back"), (50, "left"))
        if kind != "back" or comes_back
    ]


def message(draw: st.DrawFn, number: int) -> Row:
    """A letter about somebody: late, never received, sent twice, to a place or to its kind."""
    person, sent = f"person {draw(st.integers(1, PEOPLE))}", draw(st.integers(0, 300))
    received, ref = draw(st.sampled_from([None, 0, 2, 90])), draw(st.sampled_from([None, "r1"]))
    return {
        "id": f"message {number}",
        "person": person,
        "kind": draw(st.sampled_from(["letter", "notice"])),
        "ref": ref and f"{person} {ref}",
        "sent_at": BEGIN + sent * HOUR,
        "received_at": None if received is None else BEGIN + (sent + received) * HOUR,
        "to_place": draw(st.sampled_from([*PLACES, "Trust", "Home care office", "home_care"])),
        "status": draw(st.sampled_from([None, "returned"])),
    }


def view_of(history: History, *, as_of: int | None = END) -> Journeys:
    """The history loaded at once."""
    return view_of_parts([history], as_of=as_of)


def view_of_parts(parts: Iterable[History], *, as_of: int | None = END) -> Journeys:
    """A view of histories of one feed that were loaded one after the other, each from its file."""
    store = open_store()
    for number, part in enumerate(parts):
        log = EventLog.from_rows("feed", **part)
        facts = FileFacts(f"rows-{number}.csv", f"{number}")
        load(store, [Chunk(log, facts, sum(map(len, part.values())))], key=KEY, keep_ids=True)
    return journeys(store, as_of=as_of)


NUMBERS = ("stay", "journey", "handoff", "from_stay", "to_stay", "declined_stay")
"""Columns that only number the rows of a view."""


def tables(view: Journeys) -> dict[str, list[Row]]:
    """Every derived table without the numbers that only hold within one view."""
    return {
        name: [
            {column: value for column, value in row.items() if column not in NUMBERS}
            for row in view.table(name).to_pylist()
        ]
        for name in DERIVED
    }


def same(first: Mapping[str, list[Row]], second: Mapping[str, list[Row]]) -> None:
    for name in DERIVED:
        assert sorted(map(repr, first[name])) == sorted(map(repr, second[name])), name


laws = settings(max_examples=6)


@laws
@given(history=histories(), shift=st.integers(-3000 * DAY, 3000 * DAY))
def test_a_shift_of_all_times_moves_all_times_and_changes_nothing_else(history, shift):
    def moved(rows: Sequence[Row], by: int, instants: Sequence[str]) -> list[Row]:
        return [
            {**row, **{c: row[c] + by for c in instants if row.get(c) is not None}} for row in rows
        ]

    times = ("at", "sent_at", "received_at")
    later = {name: moved(rows, shift, times) for name, rows in history.items()}
    found = tables(view_of(later, as_of=END + shift))
    back = {
        name: moved(rows, -shift, [f.name for f in columns(name) if f.type == "instant"])
        for name, rows in found.items()
    }
    same(tables(view_of(history)), back)


NAMES = ("person", "place", "from_place", "to_place", "organisation", "need", "ref", "activity",
         "waits_for", "kind", "status", "same_as", "method")  # fmt: skip
"""Columns whose words are the place's own; kinds of events and of settings are the rules'."""


def other_names(history: History, seed: int) -> dict[str, str]:
    """Another word for every own word, in another order of the alphabet."""
    own = {
        row[column]
        for name, rows in history.items()
        for row in rows
        for column in NAMES
        if row.get(column) and not (name == "events" and column == "kind")
    }
    words = sorted(own - set(SETTINGS))
    random.Random(seed).shuffle(words)  # noqa: S311 (no secret dice)
    return {word: f"~{number:03d}" for number, word in enumerate(words)}


def renamed(row: Row, names: Mapping[str, str], rename: Callable[[str], bool]) -> Row:
    """A row with other words; ways are several words joined."""
    return {
        column: " > ".join(names.get(word, word) for word in value.split(" > "))
        if isinstance(value, str) and rename(column)
        else value
        for column, value in row.items()
    }


@laws
@given(history=histories(), seed=st.integers(0, 1000))
def test_other_names_change_nothing_but_the_names(history, seed):
    names = other_names(history, seed)
    own = {
        name: [
            renamed(row, names, lambda c, n=name: c in NAMES and (n, c) != ("events", "kind"))
            for row in rows
        ]
        for name, rows in history.items()
    }
    back = {new: old for old, new in names.items()}
    if history["same_person"]:  # somebody with two numbers is called by either
        back |= {names["person 2"]: "person 1", "person 2": "person 1"}
    found, wanted = (
        {name: [renamed(row, back, lambda _: True) for row in rows] for name, rows in some.items()}
        for some in (tables(view_of(own)), tables(view_of(history)))
    )
    same(wanted, found)


@laws
@given(history=histories(), data=st.data())
def test_loading_in_parts_and_in_another_order_changes_nothing(history, data):
    rows = [(name, row) for name, some in history.items() for row in some]
    told = data.draw(st.permutations(rows))
    number = data.draw(st.integers(2, 4))
    where = data.draw(st.lists(st.integers(0, number - 1), min_size=len(told), max_size=len(told)))
    parts: list[History] = [defaultdict(list) for _ in range(number)]
    for part, (name, row) in zip(where, told, strict=True):
        parts[part][name].append(row)
    whole, split = view_of(history, as_of=None), view_of_parts(parts, as_of=None)
    for name in DERIVED:
        assert split.table(name).to_pylist() == whole.table(name).to_pylist(), name


@laws
@given(history=histories(), apart=st.sets(st.integers(1, PEOPLE)))
def test_people_in_two_stores_add_to_the_whole(history, apart):
    names = {f"person {number}" for number in apart}
    history["same_person"] = []

    def only(is_one: bool) -> History:
        about = {
            name: [row for row in rows if (row.get("person") in names) == is_one]
            for name, rows in history.items()
        }
        return {**about, "places": history["places"]}

    one, two, whole = (tables(view_of(part)) for part in (only(True), only(False), history))
    for name in DERIVED:
        if name in SUMS:
            keys, values = SUMS[name]
            assert summed(one[name] + two[name], keys, values) == summed(whole[name], keys, values)
        else:
            assert sorted(map(repr, one[name] + two[name])) == sorted(map(repr, whole[name])), name


SUMS = {
    "census": (("run", "place", "at"), ("arrivals", "departures")),
    "transitions": (("run", "from_place", "to_place", "end"), ("moves", "people", "waits")),
    "variants": (("run", "variant", "steps"), ("journeys", "people")),
}
"""Tables across people: what their rows are of, and what adds up."""


def summed(rows: list[Row], keys: tuple[str, ...], values: tuple[str, ...]) -> dict[Any, Any]:
    sums: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in rows:
        sums[tuple(row[key] for key in keys)].update({value: row[value] for value in values})
    return sums


# An idle place

IDLE = [
    {"place": f"Idle {setting}", "setting": setting, "holds": holds, "organisation": organisation}
    for setting, holds, organisation in [
        ("ward", "body", "Trust"),
        ("hospital", "caseload", "Trust"),
        ("ed", "body", "Idle trust"),
        ("social_work", "caseload", "Idle council"),
    ]
]
"""Places to which nobody goes: of an organisation that has others, and of ones that have none."""

GROUPS = ((), ("place",), ("organisation",), ("week",))


def with_idle(history: History) -> History:
    places = [{"id": f"idle {number}", **row} for number, row in enumerate(IDLE)]
    idle = [row["organisation"] for row in IDLE if row["organisation"] != "Trust"]
    organisations = [{"id": name, "organisation": name} for name in idle]
    return {**history, "places": [*places, *history["places"]], "organisations": organisations}


def said_of(view: Journeys) -> dict[str, Any]:
    """All that measures, maps, ways and the list of today say."""
    found: dict[str, Any] = {}
    for name in definitions():
        for by in GROUPS:
            try:
                result = measure(view, name, by)
                said = (result.says, result.rows.to_pylist(), result.left_out, result.limits)
            except UnsupportedError as error:
                said = str(error)
            found[f"{name} by {by}"] = said
    for of in ("places", "activities"):
        mapped, ways = process_map(view, of), variants(view, of)
        found[f"map of {of}"] = (mapped.says, mapped.rows.to_pylist(), mapped.durations)
        found[f"ways over {of}"] = (ways.says, ways.rows.to_pylist())
    now = today(view, view.observed_to(), "the end of observation", None)
    return {**found, "today": (now.says, now.rows.to_pylist(), now.feeds, now.limits)}


@laws
@given(history=histories())
def test_a_place_where_nobody_goes_changes_no_derived_table(history):
    there, idle = view_of(history, as_of=None), view_of(with_idle(history), as_of=None)
    for name in DERIVED:
        assert idle.table(name).to_pylist() == there.table(name).to_pylist(), name


@settings(max_examples=2)
@given(history=histories())
def test_a_place_where_nobody_goes_changes_no_measure_no_map_and_no_list_of_today(history):
    there = said_of(view_of(history, as_of=None))
    idle = said_of(view_of(with_idle(history), as_of=None))
    assert list(idle) == list(there)
    for name, said in idle.items():
        assert said == there[name], name


def test_a_place_where_nobody_goes_is_told_when_it_is_asked_for_by_name():
    """It is known: that nobody is there is an answer, and a name that nobody declared is none."""
    rows = [{"id": "1", "person": "a", "at": BEGIN, "kind": "arrived", "place": "Ward"}]
    view = view_of(with_idle({"events": rows, "places": declared_places()}), as_of=None)
    now = today(view, view.observed_to(), "the end of observation", "Idle ward")
    assert now.rows.num_rows == 0


def test_the_histories_of_these_laws_fill_every_derived_table():
    """Else a law would hold of tables without rows."""
    filled: Counter[str] = Counter()

    @settings(max_examples=6, database=None)
    @given(history=histories())
    def look(history):
        for name, rows in tables(view_of(history)).items():
            filled[name] += bool(rows)

    look()
    assert set(filled) == set(DERIVED)
    assert min(filled.values()) >= 3, filled
