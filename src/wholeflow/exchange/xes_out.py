"""From a store to an XES log: a case is what one person needed, or where no need is recorded
the person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from wholeflow.events.declared import kinds
from wholeflow.exchange.present import Present
from wholeflow.exchange.records import (
    EVENT,
    LINKED,
    OBJECTS,
    PREFIX,
    RECORD,
    said_of,
    type_and_activity,
)
from wholeflow.exchange.xes import Attribute, Element, Event, Piece, Trace
from wholeflow.exchange.xes_in import ACTIVITY, CASE, HEAD, TIME, as_date
from wholeflow.exchange.xes_values import attribute, attributes_of, head_pieces
from wholeflow.journeys import Journeys

_XES = {"integer": "int", "float": "float", "boolean": "boolean", "time": "date"}
_OF_THE_CASE = ("person", "need")


def to_xes(journeys: Journeys) -> Iterator[Piece]:
    """What a view holds of events, as the pieces of an XES log, case by case.

    A case that came from such a log is as it was there. Events that concern no person lie
    outside any trace. Dates are written in the local time of the view.
    """
    return _ToXes(journeys).pieces()


class _ToXes:
    def __init__(self, journeys: Journeys) -> None:
        self._present = Present(journeys)
        self._zone = journeys.zone
        self._names: set[str] = set()
        self._cases: dict[str, dict[int, Attribute]] = {}
        self._links: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self._present.rows("event_objects", "id, run, part"):
            key = (row["source"], row["id"], row["run"], row["event_part"])
            self._links.setdefault(key, []).append(row)

    def pieces(self) -> Iterator[Piece]:
        """The header first, then every case, then events outside any."""
        heads = {}
        things = self._present.rows("objects", "object")
        for row in sorted(things, key=lambda row: str(row["source"])):
            if row["kind"] == CASE:
                self._cases[row["object"]] = {}
            elif row["kind"] == HEAD:
                heads[row["object"]] = ""
        for row in self._present.rows("object_facts", "object, id, part"):
            if row["object"] in heads:
                heads[row["object"]] = row["value"]
            elif row["object"] in self._cases:
                self._cases[row["object"]][row["part"]] = _fact(row)
        for row in self._present.rows("object_links", "object, id, part"):
            if row["object"] in self._cases and row["qualifier"] == ACTIVITY:
                name = Attribute("string", ACTIVITY, row["other"])
                self._cases[row["object"]][row["part"]] = name
        head = next(iter(heads.values()), "")
        yield from head_pieces(head) if head else _own_head()
        alone: list[dict[str, Any]] = []
        for (person, need), rows in groupby(self._events(), lambda r: (r["person"], r["need"])):
            if person is None:
                alone += rows
            else:
                yield from self._traces(person, need, rows)
        for case in list(self._cases):
            yield self._foreign_trace(case, [])
        yield from self._outside(alone)

    def _events(self) -> Iterator[dict[str, Any]]:
        turns = " ".join(f"WHEN '{kind.name}' THEN {kind.turn}" for kind in kinds().values())
        order = f"person, need, p.at, sequence, CASE kind {turns} END, id, run, part"
        return self._present.rows("events", order)

    def _traces(
        self, person: str, need: str | None, rows: Iterable[dict[str, Any]]
    ) -> Iterator[Trace]:
        """Those of other logs that a person has, then what else happened to them."""
        own: list[dict[str, Any]] = []
        foreign: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            case = self._case(row)
            (foreign.setdefault(case, []) if case in self._cases else own).append(row)
        for case, told in foreign.items():
            yield self._foreign_trace(case, told)
        if own:
            yield self._own_trace(person, need, own)

    def _foreign_trace(self, case: str, rows: list[dict[str, Any]]) -> Trace:
        said = self._cases.pop(case)
        rows.sort(key=lambda row: (row["sequence"] is None, row["sequence"]))
        events = (self._event(row, at) for at, row in enumerate(rows, 1))
        return Trace(tuple(said[part] for part in sorted(said)), tuple(events))

    def _own_trace(self, person: str, need: str | None, rows: list[dict[str, Any]]) -> Trace:
        said = [Attribute("string", PREFIX + "person", person)]
        if need is not None:
            said.append(Attribute("string", PREFIX + "need", need))
        name = need or person
        if name in self._names:
            name = f"{person} / {need}"
        self._names.add(name)
        said.insert(0, Attribute("string", ACTIVITY, name))
        return Trace(tuple(said), tuple(self._event(row) for row in rows))

    def _outside(self, rows: list[dict[str, Any]]) -> Iterator[Event]:
        """Events that concern no person, those of an XES log first and in its order."""
        foreign = [row for row in rows if self._case(row) == ""]
        foreign.sort(key=lambda row: row["sequence"] or 0)
        for at, row in enumerate(foreign, 1):
            yield self._event(row, at)
        for row in rows:
            if self._case(row) != "":
                yield self._event(row)

    def _linked(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._links.get((row["source"], row["id"], row["run"], row["part"]), [])

    def _case(self, row: Mapping[str, Any]) -> str | None:
        """The trace of an XES log that an event came from; empty where it lay outside any."""
        for one in self._linked(row):
            if one["qualifier"] == CASE and one["event"] is None:
                return one["object"] or ""
        return None

    def _event(self, row: Mapping[str, Any], at: int | None = None) -> Event:
        """An event; ``at`` is its place among those of its XES log, where it is from one."""
        is_foreign = at is not None
        own = _own_attributes(row["attributes"], is_foreign)
        called, activity = type_and_activity(row)
        said = [] if is_foreign else [*activity, (RECORD, "string", row["id"])]
        leave_out = ["activity"]
        if is_foreign:
            leave_out += ["sequence"] if at == row["sequence"] else []
            leave_out += ["source", "part"]
        elif row["kind"] == "contact":
            said.append((PREFIX + "kind", "string", "contact"))
        said += said_of(row, *leave_out)
        if own is None:
            own = []
            said.append((PREFIX + "attributes", "string", row["attributes"]))
        made = [Attribute(_XES.get(kind, "string"), name, text) for name, kind, text in said]
        for column in LINKED:
            if column not in _OF_THE_CASE and row[column] is not None:
                made.append(Attribute("string", PREFIX + column, row[column]))
        if not is_foreign:
            made += _objects(self._linked(row))
        there = {one.key for one in own}
        if ACTIVITY not in there and not (is_foreign and row["activity"] is None):
            made.insert(0, Attribute("string", ACTIVITY, called))
        if TIME not in there:
            made.append(Attribute("date", TIME, as_date(row["at"], self._zone)))
        return Event((*made, *own))


def _own_attributes(text: str | None, is_foreign: bool) -> list[Attribute] | None:
    """The column ``attributes`` one by one; None where it must be written as it is."""
    found = attributes_of(text) if text is not None else []
    if found is None or any(one.key.startswith(PREFIX) for one in found):
        return None
    if not is_foreign and any(one.key in (ACTIVITY, TIME) for one in found):
        return None
    return found


def _objects(links: list[dict[str, Any]]) -> Iterator[Attribute]:
    """The objects that an event concerns, and its own name among them."""
    names = {one["event"] for one in links if one["event"] is not None}
    for name in names:
        yield Attribute("id", EVENT, name)
    there = [one for one in links if one["object"] is not None]
    if there:
        values = (Attribute("id", one["qualifier"] or "", one["object"]) for one in there)
        yield Attribute("list", OBJECTS, values=tuple(values))


def _fact(row: Mapping[str, Any]) -> Attribute:
    if row["type"] == "json":
        return attribute(row["fact"], json.loads(row["value"]))
    kind = {**_XES, "id": "id"}.get(row["type"], "string")
    return Attribute(kind, row["fact"], row["value"] or "")


def _own_head() -> Iterator[Piece]:
    yield Element("log", (("xes.version", "1849.2016"), ("xes.features", "nested-attributes")))
    for name in ("concept", "time"):
        uri = f"http://www.xes-standard.org/{name}.xesext"
        yield Element("extension", (("name", name.title()), ("prefix", name), ("uri", uri)))
    unknown = Attribute("string", ACTIVITY, "UNKNOWN")
    date = Attribute("date", TIME, "1970-01-01T00:00:00.000Z")
    yield Element("global", (("scope", "trace"),), (unknown,))
    yield Element("global", (("scope", "event"),), (unknown, date))
    yield Element("classifier", (("name", "Activity"), ("keys", ACTIVITY)))
