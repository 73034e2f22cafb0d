"""From an OCEL 2.0 log to the declared tables: nothing in it is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wholeflow.core.errors import unknown
from wholeflow.events import table
from wholeflow.exchange.ocel import ObjectLog, Row
from wholeflow.exchange.records import (
    LINKED,
    NAME,
    PERSON,
    PREFIX,
    RECORD,
    STAFF,
    Rows,
    activity_of,
    attributes_text,
    check_kinds,
    row_of,
)


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
        self._own: dict[str, str] = {}  # objects that we wrote for names in columns
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
        for row in self._log.objects:
            self._of_type[row.id] = row.type
            if NAME in self._log.object_types[row.type]:
                self._add_own(row)
        for row in self._log.objects:
            if row.id not in self._own:
                self._add_object(row)
        for row in self._log.events:
            self._add_event(row)

    def _add_type(self, what: str, name: str, said: Mapping[str, str]) -> None:
        self._rows.add("log_types", f"{what} type|{name}", what=what, type=name)
        for attribute, kind in said.items():
            if not attribute.startswith(PREFIX):
                record = f"{what} type|{name}|{attribute}"
                told = {"what": what, "type": name, "attribute": attribute, "value_type": kind}
                self._rows.add("log_types", record, **told)

    def _add_own(self, row: Row) -> None:
        said = {name: value for name, _, value in row.attributes}
        self._own[row.id] = said[NAME]
        if PREFIX + "setting" in said:
            self._add_place(said[NAME], said)

    def _name(self, thing: str) -> str:
        """What a store calls an object of the log."""
        return self._own[thing] if thing in self._own else self._rows.thing(thing)

    def _add_object(self, row: Row) -> None:
        record, name = f"object|{row.id}", self._name(row.id)
        declared = self._log.object_types[row.type]
        self._rows.add("objects", record, part=0, object=name, kind=row.type)
        for part, (fact, at, value) in enumerate(row.attributes, 1):
            if row.type != self._person or self._rows.keeps(fact):
                told = {"fact": fact, "value": value, "at": at, "type": declared[fact]}
                self._rows.add("object_facts", record, part=part, object=name, **told)
        links = [(self._name(other), qualifier) for other, qualifier in row.links]
        if row.type == self._person:
            links.append((self._rows.person(row.id), PERSON))
        for part, (other, qualifier) in enumerate(links, len(row.attributes) + 1):
            told = {"other": other, "qualifier": qualifier}
            self._rows.add("object_links", record, part=part, object=name, **told)

    def _add_place(self, name: str, said: Mapping[str, str]) -> None:
        row: dict[str, Any] = {
            f.name: said[PREFIX + f.name] == "true" if f.type == "flag" else said[PREFIX + f.name]
            for f in table("places").own
            if PREFIX + f.name in said
        }
        source = {"source": said[PREFIX + "source"]} if PREFIX + "source" in said else {}
        self._rows.add("places", f"places|{name}", part=0, place=name, **row, **source)

    def _add_event(self, row: Row) -> None:
        kinds = self._log.event_types[row.type]
        said = {name: value for name, _, value in row.attributes if name.startswith(PREFIX)}
        plain = {
            name: (kinds[name], value)
            for name, _, value in row.attributes
            if name not in said and (name not in STAFF or self._rows.keeps(name))
        }
        made = {"at": row.at, "attributes": attributes_text(plain), **row_of(said)}
        persons, links = self._linked(row, made)
        if RECORD in said:
            made["activity"] = activity_of(row.type, made)
            self._rows.add("events", said[RECORD], **made, person=next(iter(persons), None))
            self._rows.add_links(said[RECORD], made, links)
            return
        made = {"activity": row.type, **made}
        if PREFIX + "kind" not in said:
            made["kind"] = self._kinds.get(row.type, "contact")
        record, name = f"event|{row.id}", self._rows.thing(row.id)
        people: list[str | None] = [*persons] or [None]
        for part, someone in enumerate(people):
            one = {**made, "part": part}
            self._rows.add("events", record, **one, person=someone)
            # a named event has a row here even where it concerns nothing, for its name
            told = links if part == 0 and links else [{}]
            self._rows.add_links(record, one, [{"event": name, **link} for link in told])

    def _linked(
        self, row: Row, made: dict[str, Any]
    ) -> tuple[dict[str, None], list[dict[str, str]]]:
        """The people of an event and its other links; columns that name objects are filled.

        Where we said who its people are, nobody else is.
        """
        told: dict[str, None] = {}
        persons: dict[str, None] = {}
        links: list[dict[str, str]] = []
        is_own = RECORD in self._log.event_types[row.type]
        for thing, qualifier in row.links:
            name, column = self._name(thing), qualifier.removeprefix(PREFIX)
            if qualifier == PERSON:
                told[name] = None
            elif column != qualifier and column in LINKED:
                made[column] = name
            else:
                links.append({"object": name, "qualifier": qualifier})
                if not is_own and thing not in self._own:
                    if self._of_type[thing] == self._person:
                        persons[self._rows.person(thing)] = None
                    if self._of_type[thing] == self._place:
                        made.setdefault("place", thing)
        return told or persons, links
