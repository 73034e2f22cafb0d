"""From an OCEL 2.0 log to the declared tables: nothing in it is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wholeflow.core.errors import unknown
from wholeflow.events import table
from wholeflow.exchange.ocel import ObjectLog, rows_of
from wholeflow.exchange.records import (
    LINKED,
    NAME,
    PREFIX,
    RECORD,
    Rows,
    activity_of,
    attributes_text,
    check_kinds,
    row_of,
)

SOURCE = "ocel"


@dataclass(frozen=True)
class _Own:
    """An object that we wrote for a name in a column."""

    kind: str
    name: str


class FromOcel:
    """Fills rows from a log; ``person`` and ``place`` are types of objects."""

    def __init__(
        self, log: ObjectLog, rows: Rows, kinds: Mapping[str, str], person: str, place: str | None
    ) -> None:
        self._log = log
        self._rows = rows
        self._kinds = kinds
        self._person = person
        self._place = place
        self._own: dict[str, _Own] = {}
        self._of_type: dict[str, str] = {}

    def fill(self) -> None:
        """Every type, object and event."""
        foreign = [name for name, said in self._log.event_types.items() if RECORD not in said]
        check_kinds(self._kinds, foreign)
        for wanted in (self._person, self._place) if foreign else ():
            if wanted is not None and wanted not in self._log.object_types:
                raise unknown("type of object in this log", wanted, list(self._log.object_types))
        for what, types, mark in (
            ("event", self._log.event_types, RECORD),
            ("object", self._log.object_types, NAME),
        ):
            for name, said in types.items():
                if mark not in said:
                    self._add_type(what, name, said)
        for row in rows_of(self._log.objects):
            self._add_object(row)
        for row in rows_of(self._log.events):
            self._add_event(row)

    def _add_type(self, what: str, name: str, said: Mapping[str, str]) -> None:
        self._rows.add("log_types", f"{what} type|{name}", what=what, type=name)
        for attribute, kind in said.items():
            if not attribute.startswith(PREFIX):
                record = f"{what} type|{name}|{attribute}"
                told = {"what": what, "type": name, "attribute": attribute, "value_type": kind}
                self._rows.add("log_types", record, **told)

    def _add_object(self, row: Mapping[str, Any]) -> None:
        declared = self._log.object_types[row["type"]]
        name = row["id"]
        if NAME in declared:
            said = {a["name"]: a["value"] for a in row["attributes"]}
            self._own[name] = own = _Own(row["type"].removeprefix(PREFIX), said[NAME])
            if PREFIX + "setting" in said:
                self._add_place(own.name, said)
            return
        self._of_type[name] = row["type"]
        record = f"object|{name}"
        self._rows.add("objects", record, part=0, object=name, kind=row["type"])
        for part, a in enumerate(row["attributes"], 1):
            told = {"fact": a["name"], "value": a["value"], "at": a["at"]}
            kind = declared[a["name"]]
            self._rows.add("object_facts", record, part=part, object=name, type=kind, **told)
        for part, link in enumerate(row["links"], len(row["attributes"]) + 1):
            told = {"other": link["object"], "qualifier": link["qualifier"]}
            self._rows.add("object_links", record, part=part, object=name, **told)

    def _add_place(self, name: str, said: Mapping[str, str]) -> None:
        row: dict[str, Any] = {
            f.name: said[PREFIX + f.name] == "true" if f.type == "flag" else said[PREFIX + f.name]
            for f in table("places").own
            if PREFIX + f.name in said
        }
        source = {"source": said[PREFIX + "source"]} if PREFIX + "source" in said else {}
        self._rows.add("places", f"places|{name}", part=0, place=name, **row, **source)

    def _add_event(self, row: Mapping[str, Any]) -> None:
        kinds = self._log.event_types[row["type"]]
        said = {a["name"]: a["value"] for a in row["attributes"] if a["name"].startswith(PREFIX)}
        plain = {a["name"]: (kinds[a["name"]], a["value"]) for a in row["attributes"]}
        plain = {name: value for name, value in plain.items() if name not in said}
        made = {"at": row["at"], "attributes": attributes_text(plain), **row_of(said)}
        persons, links = self._linked(row, made)
        if RECORD in said:
            made["activity"] = activity_of(row["type"], made)
            person = next(iter(persons), None)
            self._rows.add("events", said[RECORD], **made, person=person)
            self._rows.add_links(said[RECORD], made, links)
            return
        made = {"activity": row["type"], **made}
        if PREFIX + "kind" not in said:
            made["kind"] = self._kinds.get(row["type"], "contact")
        record = f"event|{row['id']}"
        people: list[str | None] = [*persons] or [None]
        for part, someone in enumerate(people):
            one = {**made, "part": part}
            self._rows.add("events", record, **one, person=someone)
            # a named event has a row here even where it concerns nothing, for its name
            told = links if part == 0 and links else [{}]
            self._rows.add_links(record, one, [{"event": row["id"], **link} for link in told])

    def _linked(
        self, row: Mapping[str, Any], made: dict[str, Any]
    ) -> tuple[dict[str, None], list[dict[str, str]]]:
        """The people of an event and its other links; columns that name objects are filled."""
        persons: dict[str, None] = {}
        links: list[dict[str, str]] = []
        for link in row["links"]:
            thing, column = link["object"], link["qualifier"].removeprefix(PREFIX)
            own = self._own.get(thing)
            name = own.name if own else thing
            if column != link["qualifier"] and column in LINKED:
                if column == "person":
                    persons[name] = None
                else:
                    made[column] = name
                continue
            links.append({"object": name, "qualifier": link["qualifier"]})
            if RECORD not in self._log.event_types[row["type"]]:
                kind = self._of_type.get(thing)
                if kind == self._person:
                    persons[name] = None
                if kind is not None and kind == self._place:
                    made.setdefault("place", name)
        return persons, links
