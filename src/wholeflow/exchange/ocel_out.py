"""From a store to an OCEL 2.0 log: people, stays, needs, places and objects of other logs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wholeflow.core.errors import UnsupportedError
from wholeflow.events import table
from wholeflow.exchange.ocel import ObjectLog, Row, object_log
from wholeflow.exchange.present import Present
from wholeflow.exchange.records import (
    LINKED,
    NAME,
    PERSON,
    PREFIX,
    RECORD,
    attributes_of,
    said_of,
    type_and_activity,
)
from wholeflow.exchange.values import TYPES
from wholeflow.journeys import Journeys

BARE = "object"
"""The type of an object that is linked to and of which nothing else is known."""

Said = tuple[str, str, str]
"""Name, type and text of an attribute."""


def to_ocel(journeys: Journeys) -> ObjectLog:
    """What a view holds of events, places and objects, as an OCEL 2.0 log.

    An event that came from such a log is as it was there. Any other names its person,
    stay (``ref``), need and places as objects, and keeps each further column as an
    attribute. Raises UnsupportedError where an object of another log has the id that one
    of ours would get.
    """
    return _ToOcel(journeys).log()


class _ToOcel:
    def __init__(self, journeys: Journeys) -> None:
        self._present = Present(journeys)
        self._declared: dict[str, dict[str, dict[str, str]]] = {"event": {}, "object": {}}
        for row in self._present.rows("log_types", "what, type, attribute, value_type"):
            said = self._declared[row["what"]].setdefault(row["type"], {})
            if row["attribute"] is not None:
                said[row["attribute"]] = row["value_type"]
        self._foreign = {what: set(types) for what, types in self._declared.items()}
        self._things: dict[str, str] = {}  # objects of other logs: their ids here
        self._objects: dict[str, _Thing] = {}  # by id here
        self._people: set[str] = set()  # those of them that are people
        self._events_met: dict[str, str] = {}
        self._links: dict[tuple[str, str, int], list[dict[str, Any]]] = {}

    def log(self) -> ObjectLog:
        """All of it."""
        self._gather_objects()
        for row in self._present.rows("event_objects", "id, run, part"):
            key = (row["source"], row["id"], row["run"])
            self._links.setdefault(key, []).append(row)
        events = list(self._events())  # they make objects as they come
        self._add_places()
        objects = (
            Row(name, one.type, 0, tuple(one.attributes), tuple(one.links))
            for name, one in self._objects.items()
        )
        return object_log(self._declared["event"], self._declared["object"], events, objects)

    def _gather_objects(self) -> None:
        for row in sorted(self._present.rows("objects", "object, kind"), key=_source):
            kind, name = row["kind"], row["object"]
            self._declared["object"].setdefault(kind, {})
            self._foreign["object"].add(kind)
            if name not in self._things:
                self._things[name] = own = _own_id(name, row["source"], self._objects)
                self._objects[own] = _Thing(kind)
        facts = [
            (row, self._objects[self._things[row["object"]]])
            for row in self._present.rows("object_facts", "object, id, part")
            if row["object"] in self._things
        ]
        kinds: dict[tuple[str, str], set[str]] = {}
        for row, thing in facts:
            kinds.setdefault((thing.type, row["fact"]), set()).add(row["type"])
            thing.attributes.append((row["fact"], row["at"] or 0, row["value"]))
        for (kind, fact), types in kinds.items():
            only = next(iter(types)) if len(types) == 1 else "string"  # as where two logs differ
            self._declared["object"][kind][fact] = only if only in TYPES else "string"
        for row in self._present.rows("object_links", "object, id, part"):
            if row["qualifier"] == PERSON:
                self._people.add(row["object"])
            elif row["object"] in self._things:
                other = self._id(BARE, row["other"])
                self._objects[self._things[row["object"]]].links.append((other, row["qualifier"]))

    def _id(self, kind: str, name: str) -> str:
        """The id of an object by name: that of another log's object, or of one of ours."""
        if kind == BARE and name in self._things:
            return self._things[name]
        called = PREFIX + kind if kind in self._foreign["object"] else kind
        self._declared["object"].setdefault(called, {})[NAME] = "string"
        made = f"{called}:{name}"
        there = self._objects.setdefault(made, _Thing(called, [(NAME, 0, name)]))
        if (NAME, 0, name) not in there.attributes:
            raise UnsupportedError(
                "an object of another log has the id that one of ours would get",
                repair="Load that log into a store of its own.",
            )
        return made

    def _called(self, row: Mapping[str, Any]) -> tuple[str, list[Said]]:
        called, said = type_and_activity(row)
        if called not in self._foreign["event"]:
            return called, said
        told = [(PREFIX + "activity", "string", row["activity"])] if row["activity"] else []
        return PREFIX + called, told

    def _linked(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._links.get((row["source"], row["id"], row["run"]), [])

    def _named(self, row: Mapping[str, Any]) -> str | None:
        """The event's own name in the log that it came from."""
        names = (one["event"] for one in self._linked(row) if one["event_part"] == row["part"])
        return next((name for name in names if name is not None), None)

    def _events(self) -> Iterator[Row]:
        met: dict[str, list[dict[str, Any]]] = {}
        for row in self._present.rows("events", "id, run, part"):
            name = self._named(row)
            if name is None:
                yield self._event(row)
            else:
                met.setdefault(name, []).append(row)
        for name, rows in sorted(met.items(), key=lambda one: _source(one[1][0])):
            yield self._foreign_event(name, rows)

    def _event(self, row: Mapping[str, Any]) -> Row:
        """An event of ours."""
        called, activity = self._called(row)
        said = [*activity, (RECORD, "string", row["id"])]
        said += said_of(row, "activity")
        if row["kind"] == "contact":
            said.append((PREFIX + "kind", "string", "contact"))
        links = [(self._id(LINKED[c], row[c]), PREFIX + c) for c in LINKED if row[c] is not None]
        for one in self._linked(row):
            if one["event_part"] == row["part"] and one["object"] is not None:
                links.append((self._id(BARE, one["object"]), one["qualifier"]))
        run = f"/{row['run']}" if row["run"] else ""
        name = f"{row['source']}/{row['id']}.{row['part']}{run}"
        return self._made(name, called, row, said, links)

    def _foreign_event(self, name: str, rows: list[dict[str, Any]]) -> Row:
        """An event of another log as it was there, and what was since said of it."""
        row = rows[0]
        mine = (one for one in self._linked(row) if one["event"] == name)
        there = [(one["object"], one["qualifier"]) for one in mine if one["object"] is not None]
        links = [(self._id(BARE, thing), qualifier) for thing, qualifier in there]
        if self._people.isdisjoint(thing for thing, _ in there):
            people = {one["person"]: None for one in rows if one["person"] is not None}
            links += [(self._id("person", one), PERSON) for one in people]
        for column, kind in LINKED.items():
            if column != "person" and row[column] is not None:
                links.append((self._id(kind, row[column]), PREFIX + column))
        called = row["activity"] if row["activity"] is not None else row["kind"]
        own = _own_id(name, row["source"], self._events_met)
        self._events_met[own] = name
        return self._made(own, called, row, said_of(row, "activity", "part", "source"), links)

    def _attributes(self, called: str, text: str | None) -> list[Said]:
        """The column ``attributes``: one by one where its type has no other types for them."""
        if text is None:
            return []
        plain = _plain(text)
        declared = self._declared["event"].get(called, {})
        if plain is None or any(declared.get(n, kind) != kind for n, (kind, _) in plain.items()):
            return [(PREFIX + "attributes", "string", text)]
        return [(name, *value) for name, value in plain.items()]

    def _made(
        self,
        name: str,
        called: str,
        row: Mapping[str, Any],
        said: Sequence[Said],
        links: Sequence[tuple[str, str]],
    ) -> Row:
        declared = self._declared["event"].setdefault(called, {})
        said = [*said, *self._attributes(called, row["attributes"])]
        for attribute, kind, _ in said:
            declared.setdefault(attribute, kind)
        values = tuple((attribute, 0, text) for attribute, _, text in said)
        return Row(name, called, row["at"], values, tuple(links))

    def _add_places(self) -> None:
        for row in self._present.rows("places", "place, source, id"):
            thing = self._objects[self._id("place", row["place"])]
            if len(thing.attributes) > 1:
                continue
            for name, kind in _place_columns().items():
                if row[name] is not None:
                    self._declared["object"][thing.type][PREFIX + name] = kind
                    thing.attributes.append((PREFIX + name, 0, row[name]))


@dataclass
class _Thing:
    """An object in the making."""

    type: str
    attributes: list[tuple[str, int, Any]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def _source(row: Mapping[str, Any]) -> str:
    return str(row["source"])


def _own_id(name: str, source: str, taken: Mapping[str, Any]) -> str:
    """What its log calls something; with the feed before it where another log has that too."""
    own = name.removeprefix(f"{source}:")
    return name if own in taken else own


def _place_columns() -> dict[str, str]:
    own = {f.name: "boolean" if f.type == "flag" else "string" for f in table("places").own}
    return {"source": "string", **{name: kind for name, kind in own.items() if name != "place"}}


def _plain(text: str | None) -> dict[str, tuple[str, str]] | None:
    """The values of ``attributes`` that OCEL and SQLite can hold as they are."""
    said = attributes_of(text) if text is not None else {}
    if said is None or not all(_fits(*value) for value in said.values()):
        return None
    return said


def _fits(kind: str, text: str) -> bool:
    if kind == "integer":
        return -(2**63) <= int(text) < 2**63
    if kind == "float":
        return math.isfinite(float(text)) and text != "-0.0"
    return kind in TYPES
