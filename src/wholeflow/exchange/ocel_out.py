"""From a store to an OCEL 2.0 log: people, stays, needs, places and objects of other logs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wholeflow.core.errors import UnsupportedError
from wholeflow.events import table
from wholeflow.exchange.ocel import ObjectLog, object_log
from wholeflow.exchange.ocel_in import SOURCE
from wholeflow.exchange.present import Present
from wholeflow.exchange.records import (
    LINKED,
    NAME,
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
        for row in self._present.rows("log_types", "what, type, attribute"):
            said = self._declared[row["what"]].setdefault(row["type"], {})
            if row["attribute"] is not None:
                said[row["attribute"]] = row["value_type"]
        self._foreign = {what: set(types) for what, types in self._declared.items()}
        self._objects: dict[str, dict[str, Any]] = {}
        self._links: dict[tuple[str, str, int], list[dict[str, Any]]] = {}

    def log(self) -> ObjectLog:
        """All of it."""
        self._gather_objects()
        for row in self._present.rows("event_objects", "id, run, part"):
            key = (row["source"], row["id"], row["run"])
            self._links.setdefault(key, []).append(row)
        self._declare_events()
        events = list(self._events())  # they make objects as they come
        self._add_places()
        return object_log(
            self._declared["event"], self._declared["object"], events, self._objects.values()
        )

    def _gather_objects(self) -> None:
        for row in self._present.rows("objects", "object, kind"):
            kind, name = row["kind"], row["object"]
            self._declared["object"].setdefault(kind, {})
            self._foreign["object"].add(kind)
            thing = {"id": name, "type": kind, "attributes": [], "links": []}
            self._objects.setdefault(name, thing)
        facts = [
            row
            for row in self._present.rows("object_facts", "object, id, part")
            if row["object"] in self._objects
        ]
        kinds: dict[tuple[str, str], set[str]] = {}
        for row in facts:
            key = (self._objects[row["object"]]["type"], row["fact"])
            kinds.setdefault(key, set()).add(row["type"])
        for (kind, fact), types in kinds.items():
            only = next(iter(types)) if len(types) == 1 else "string"
            known = only if only in TYPES else "string"
            self._declared["object"][kind].setdefault(fact, known)
        for row in facts:
            said = (row["fact"], row["at"] or 0, row["value"])
            self._objects[row["object"]]["attributes"].append(said)
        for row in self._present.rows("object_links", "object, id, part"):
            if row["object"] in self._objects:
                pair = (self._id(BARE, row["other"]), row["qualifier"])
                self._objects[row["object"]]["links"].append(pair)

    def _id(self, kind: str, name: str) -> str:
        """The id of an object by name: that of another log's object, or of one of ours."""
        if kind == BARE and name in self._objects:
            return name
        return self._own(kind, name)

    def _own(self, kind: str, name: str) -> str:
        called = PREFIX + kind if kind in self._foreign["object"] else kind
        self._declared["object"].setdefault(called, {})[NAME] = "string"
        made = {"id": f"{called}:{name}", "type": called, "links": []}
        there = self._objects.setdefault(str(made["id"]), {**made, "attributes": [(NAME, 0, name)]})
        if (NAME, 0, name) not in there["attributes"]:
            raise UnsupportedError(
                "an object of another log has the id that one of ours would get",
                repair="Load that log into a store of its own.",
            )
        return str(made["id"])

    def _declare_events(self) -> None:
        """The type of each attribute of our events; one with two types is not declared."""
        kinds: dict[tuple[str, str], set[str]] = {}
        for row in self._present.rows("events", "id, run, part"):
            if self._named(row) is not None:
                continue
            called = self._called(row)[0]
            self._declared["event"].setdefault(called, {})
            for name, (kind, _) in (_plain(row["attributes"]) or {}).items():
                kinds.setdefault((called, name), set()).add(kind)
        for (called, name), types in kinds.items():
            if len(types) == 1:
                self._declared["event"][called][name] = next(iter(types))

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

    def _events(self) -> Iterator[dict[str, Any]]:
        met: dict[str, list[dict[str, Any]]] = {}
        for row in self._present.rows("events", "id, run, part"):
            name = self._named(row)
            if name is None:
                yield self._event(row)
            else:
                met.setdefault(name, []).append(row)
        for name, rows in met.items():
            yield self._foreign_event(name, rows)

    def _event(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """An event of ours."""
        called, activity = self._called(row)
        said = [*activity, (RECORD, "string", row["id"])]
        said += said_of(row, "activity")
        if row["kind"] == "contact":
            said.append((PREFIX + "kind", "string", "contact"))
        said += self._attributes(called, row)
        links = [(self._own(LINKED[c], row[c]), PREFIX + c) for c in LINKED if row[c] is not None]
        for one in self._linked(row):
            if one["event_part"] == row["part"] and one["object"] is not None:
                links.append((self._id(BARE, one["object"]), one["qualifier"]))
        run = f"/{row['run']}" if row["run"] else ""
        name = f"{row['source']}/{row['id']}.{row['part']}{run}"
        return self._made(name, called, row, said, links)

    def _foreign_event(self, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """An event of another log as it was there, and what was since said of it."""
        row = rows[0]
        links = [
            (self._id(BARE, one["object"]), one["qualifier"])
            for one in self._linked(row)
            if one["event"] == name and one["object"] is not None
        ]
        there = {thing for thing, _ in links}
        for one in rows:
            if one["person"] is not None and one["person"] not in there:
                links.append((self._own("person", one["person"]), PREFIX + "person"))
        for column, kind in LINKED.items():
            if column != "person" and row[column] is not None:
                links.append((self._own(kind, row[column]), PREFIX + column))
        called = row["activity"] if row["activity"] is not None else row["kind"]
        leave_out = ("activity", "part", *(("source",) if row["source"] == SOURCE else ()))
        said = said_of(row, *leave_out) + self._attributes(called, row)
        return self._made(name, called, row, said, links)

    def _attributes(self, called: str, row: Mapping[str, Any]) -> list[Said]:
        """The column ``attributes``: one by one where the type declares them, else as it is."""
        text = row["attributes"]
        if text is None:
            return []
        plain = _plain(text)
        declared = self._declared["event"].get(called, {})
        if plain is None or any(declared.get(n) != kind for n, (kind, _) in plain.items()):
            return [(PREFIX + "attributes", "string", text)]
        return [(name, *value) for name, value in plain.items()]

    def _made(
        self,
        name: str,
        called: str,
        row: Mapping[str, Any],
        said: Iterable[Said],
        links: list[tuple[str, str]],
    ) -> dict[str, Any]:
        declared = self._declared["event"].setdefault(called, {})
        said = list(said)
        for attribute, kind, _ in said:
            declared.setdefault(attribute, kind)
        values = [(attribute, text) for attribute, _, text in said]
        made = {"id": name, "type": called, "at": row["at"], "attributes": values}
        return {**made, "links": links}

    def _add_places(self) -> None:
        for row in self._present.rows("places", "place, source, id"):
            thing = self._objects[self._own("place", row["place"])]
            if len(thing["attributes"]) > 1:
                continue
            declared = self._declared["object"][thing["type"]]
            for name, kind in _place_columns().items():
                if row[name] is not None:
                    declared[PREFIX + name] = kind
                    thing["attributes"].append((PREFIX + name, 0, row[name]))


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
