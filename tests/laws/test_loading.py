"""Laws of loading: no order, no split and no repetition changes what a store holds (§6, §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import ANY

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wholeflow.events import EventLog, table, table_names
from wholeflow.events.log import log_schema
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import journeys
from wholeflow.store import Chunk, FileFacts, LoadResult, Reject, Store, load, loading, open_store

pytestmark = pytest.mark.slow

KEY = Key(b"k" * 32)
FILE = FileFacts("records.csv", "h")


@dataclass(frozen=True)
class Record:
    """One row of a file: its key, its version and the things that it says."""

    key: str
    recorded_at: int | None
    withdrawn: bool
    says: tuple[tuple[str, str, str, int], ...]
    """Of each thing: table, person, place, instant."""
    period: int | None = None

    def rows(self, line: int) -> Iterator[tuple[str, dict[str, Any]]]:
        for part, (name, person, place, at) in enumerate(self.says):
            row: dict[str, Any] = {"id": self.key, "part": part, "line": line, "source": "feed"}
            row |= {"recorded_at": self.recorded_at, "withdrawn": self.withdrawn, "person": person}
            row |= {"period": self.period}
            if name == "events":
                row |= {"at": at, "kind": "arrived", "place": place}
            else:
                row |= {"sent_at": at, "kind": "letter", "to_place": place}
            yield name, row


things = st.tuples(
    st.sampled_from(["events", "events", "messages"]),
    st.sampled_from("ab"),
    st.sampled_from(["Ward", "Clinic"]),
    st.integers(0, 3),
)
records = st.lists(
    st.builds(
        Record,
        key=st.sampled_from("12"),
        recorded_at=st.sampled_from([None, 10, 20]),
        withdrawn=st.sampled_from([False, False, True]),
        says=st.lists(things, min_size=1, max_size=2).map(tuple),
        period=st.sampled_from([None, None, 0]),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


def chunk(numbered: list[tuple[int, Record]], rejects: tuple[Reject, ...] = ()) -> Chunk:
    rows: dict[str, list[dict[str, Any]]] = {}
    for line, record in numbered:
        for name, row in record.rows(line):
            rows.setdefault(name, []).append(row)
    tables = {
        name: pa.Table.from_pylist(said, schema=log_schema(table(name)))
        for name, said in rows.items()
    }
    return Chunk(EventLog(tables), FILE, len(numbered) + len(rejects), rejects)


def put(store: Store, chunks: list[Chunk]) -> LoadResult:
    books = load(store, chunks, key=KEY, keep_ids=True)
    assert books.read == books.loaded + books.already + books.rejected
    assert books.read == sum(one.read for one in chunks)
    assert sum(books.reasons.values()) == books.rejected
    return books


def ledgers(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The ledgers that these records say things in, names for codes, in a fixed order."""
    return {name: _named(store, name) for name in ("events", "messages")}


def _named(store: Store, name: str) -> list[tuple[Any, ...]]:
    pairs = store.query("SELECT code, name FROM dictionary").to_pylist()
    names = {None: None, **{pair["code"]: pair["name"] for pair in pairs}}
    codes = {"source", *(field.name for field in table(name).fields_of_type("code"))}
    rows = store.query(f"SELECT * FROM ledger.{name}").to_pylist()
    shown = [tuple(names[v] if c in codes else v for c, v in row.items()) for row in rows]
    return sorted(shown, key=repr)


def books(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The records, the rows that could not be used and the doubts, in a fixed order."""
    queries = {
        "records": "SELECT id, run, recorded_at, withdrawn, content, period, line FROM records",
        "rejects": "SELECT line, field, reason, repair FROM rejects",
        "doubts": "SELECT line, field, doubt FROM doubts",
    }
    return {
        name: sorted((tuple(row.values()) for row in store.query(sql).to_pylist()), key=repr)
        for name, sql in queries.items()
    }


def present(store: Store, as_of: int | None = None) -> list[tuple[Any, ...]]:
    """The events of a view: who, when, where, in the person's order."""
    events = journeys(store, as_of=as_of).query(
        "SELECT e.person, e.at, e.kind, d.name AS place, e.rank "
        "FROM placed_events AS e LEFT JOIN dictionary AS d ON d.code = e.place"
    )
    return sorted((tuple(row.values()) for row in events.to_pylist()), key=repr)


def whole(numbered: list[tuple[int, Record]]) -> Store:
    store = open_store()
    put(store, [chunk(numbered)])
    return store


@settings(max_examples=15)
@given(said=records, data=st.data())
def test_no_order_no_split_and_no_repetition_changes_a_store(said, data):
    numbered = list(enumerate(said, start=2))
    again = data.draw(st.lists(st.sampled_from(numbered), max_size=4))
    told = data.draw(st.permutations([*numbered, *again]))
    store = open_store()
    load_now: list[Chunk] = []
    part: list[tuple[int, Record]] = []
    for one in told:
        cut = data.draw(st.sampled_from(["no", "no", "no", "chunk", "load"]))
        if one in part or cut != "no":
            load_now, part = [*load_now, chunk(part)], []
        if cut == "load":
            put(store, load_now)
            load_now = []
        part.append(one)
    put(store, [*load_now, chunk(part)])
    at_once = whole(numbered)
    assert ledgers(store) == ledgers(at_once)
    assert books(store) == books(at_once)
    assert present(store) == present(at_once)


@settings(max_examples=15)
@given(said=records)
def test_what_is_kept_of_each_key_and_version_is_one_record_and_all_that_it_said(said):
    store = whole(list(enumerate(said, start=2)))
    keys = {(record.key, record.recorded_at) for record in said}
    kept = store.query("SELECT line FROM records")["line"].to_pylist()
    assert len(kept) == len(keys)
    assert {(said[line - 2].key, said[line - 2].recorded_at) for line in kept} == keys
    refused = store.query("SELECT line FROM rejects")["line"].to_pylist()
    assert sorted(kept + refused) == list(range(2, len(said) + 2))
    for name in ("events", "messages"):
        wanted = [thing for line in kept for thing in said[line - 2].says if thing[0] == name]
        assert store.query(f"SELECT * FROM ledger.{name}").num_rows == len(wanted)


@settings(max_examples=15)
@given(said=records, copies=st.lists(st.integers(0, 7), max_size=5))
def test_a_row_that_stands_in_a_file_twice_is_already_there(said, copies):
    once = whole(list(enumerate(said, start=2)))
    repeated = [*said, *(said[number % len(said)] for number in copies)]
    twice = open_store()
    put(twice, [chunk(list(enumerate(repeated, start=2)))])
    assert ledgers(twice) == ledgers(once)
    assert present(twice) == present(once)
    later = [at + 2 for at, record in enumerate(repeated) if record in repeated[:at]]
    doubts = twice.query("SELECT * FROM doubts ORDER BY line").to_pylist()
    assert [(row["line"], row["field"], row["doubt"]) for row in doubts] == [
        (line, "", "repeated row") for line in later
    ]
    assert books(twice)["rejects"] == books(once)["rejects"]


@settings(max_examples=15)
@given(said=records, copies=st.lists(st.integers(0, 7), max_size=5), data=st.data())
def test_neither_the_chunks_nor_how_many_rows_are_judged_at_once_make_a_difference(
    said, copies, data
):
    rows = [*said, *(said[number % len(said)] for number in copies)]
    numbered = list(enumerate(rows, start=2))
    cuts = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    parts: list[list[tuple[int, Record]]] = [[]]
    for one, cut in zip(numbered, cuts, strict=True):
        parts = [*parts, [one]] if cut else [*parts[:-1], [*parts[-1], one]]
    at_once, in_parts = open_store(), open_store()
    first = put(at_once, [chunk(numbered)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "ROWS_AT_ONCE", data.draw(st.sampled_from([1, 3, 1000])))
        assert put(in_parts, [chunk(part) for part in parts]) == replace(
            first, written=ANY, repairs=ANY
        )
        assert (ledgers(in_parts), books(in_parts)) == (ledgers(at_once), books(at_once))
        again = put(in_parts, [chunk(part) for part in parts])
    assert again.loaded == 0
    assert (ledgers(in_parts), books(in_parts)) == (ledgers(at_once), books(at_once))


@settings(max_examples=15)
@given(said=records)
def test_loading_everything_again_loads_nothing(said):
    numbered = list(enumerate(said, start=2))
    store = whole(numbered)
    before = ledgers(store), books(store)
    again = put(store, [chunk(numbered)])
    assert again.loaded == 0
    assert (ledgers(store), books(store)) == before


@settings(max_examples=15)
@given(said=records, as_of=st.sampled_from([5, 10, 15, 20, 25]))
def test_a_past_view_is_the_view_of_a_store_that_holds_no_later_record(said, as_of):
    numbered = list(enumerate(said, start=2))
    then = [(line, one) for line, one in numbered if (one.recorded_at or 0) <= as_of]
    assume(then)
    assert present(whole(numbered), as_of) == present(whole(then), as_of) == present(whole(then))


@settings(max_examples=15)
@given(first=records, second=records, chunks=st.integers(0, 3))
def test_a_load_that_fails_in_the_middle_leaves_the_store_as_it_was(first, second, chunks):
    class PowerCut(Exception):
        pass

    def fails() -> Iterator[Chunk]:
        for number in range(chunks):
            damaged = Reject(100 + number, "at", "at: blank", "Fill it.")
            yield chunk(list(enumerate(second[number::3], start=50 + 10 * number)), (damaged,))
        raise PowerCut

    store = whole(list(enumerate(first, start=2)))
    names = ["about", "dictionary", "kept_ids", "sources", "files", "batches", "records", "rejects"]
    names += ["doubts"]
    names += [f"ledger.{name}" for name in table_names()]

    def everything() -> list[Any]:
        return [store.query(f"SELECT * FROM {name} ORDER BY ALL").to_pylist() for name in names]

    before = everything()
    with pytest.raises(PowerCut):
        load(store, fails(), key=KEY, keep_ids=True)
    assert everything() == before
    put(store, [chunk(list(enumerate(second, start=50)))])


def test_a_load_of_no_chunks_is_a_load_of_nothing():
    store = open_store()
    assert put(store, []).read == 0
    assert not journeys(store).has_events()
    assert journeys(store).table("stays").num_rows == 0


def test_rejected_rows_of_the_file_are_in_the_books_once_however_often_it_is_loaded():
    store = open_store()
    damaged = Reject(3, "at", "at: blank", "Fill it.")
    record = Record("1", None, False, (("events", "a", "Ward", 0),))
    for loaded, already in [(1, 0), (0, 1)]:
        found = put(store, [chunk([(2, record)], (damaged,))])
        assert (found.loaded, found.already, found.rejected) == (loaded, already, 1)
    assert store.query("SELECT line FROM rejects")["line"].to_pylist() == [3]
    assert store.query("SELECT read FROM batches")["read"].to_pylist() == [2, 2]
