"""From an XES log to the declared tables: a case is a person, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, RequestError
from wholeflow.core.time import local, parse_instant
from wholeflow.exchange.records import (
    EVENT,
    LINKED,
    OBJECTS,
    PREFIX,
    RECORD,
    Rows,
    activity_of,
    check_kinds,
    row_of,
)
from wholeflow.exchange.values import json_text
from wholeflow.exchange.xes import (
    Attribute,
    Classifier,
    Event,
    Extension,
    Global,
    Header,
    Trace,
    read_pieces,
)
from wholeflow.exchange.xes_values import TYPES, object_text, value_of

SOURCE = "xes"
CASE = "case"
"""The kind of object that a case is, and what it is to its events."""

HEAD = "xes log"
"""The kind of object that holds what a log says of itself."""

ACTIVITY, TIME = "concept:name", "time:timestamp"


def as_date(at: int, zone: str) -> str:
    """An instant as XES writes it: local time with its offset.

    >>> as_date(0, "Europe/London")
    '1970-01-01T01:00:00.000+01:00'
    """
    digits = "microseconds" if at % 1000 else "milliseconds"
    return local(at, zone).isoformat(timespec=digits)


class FromXes:
    """Fills rows from a file, trace by trace; ``place`` is the key that names the place."""

    def __init__(
        self, path: Path, rows: Rows, kinds: Mapping[str, str], place: str | None, zone: str
    ) -> None:
        self._path = path
        self._rows = rows
        self._kinds = kinds
        self._place = place
        self._zone = zone
        self._activities: set[str] = set()
        self._positions: dict[str, int] = {}
        self._facts: dict[str, list[dict[str, str]]] = {}
        self._has_place = False
        self._head: list[Any] = []
        self._is_own = False

    def fill(self) -> None:
        """Every trace and event, and what the log says of itself."""
        traces = loose = 0
        for piece in read_pieces(self._path):
            if isinstance(piece, Trace):
                traces += 1
                self._add_trace(piece, traces)
            elif isinstance(piece, Event):
                loose += 1
                self._add_event(piece, None, f"event {loose} outside any trace", loose)
            else:
                self._head.append(_head_of(piece))
        if not self._is_own and self._head:
            text = json_text(self._head)
            told = {"fact": "head", "value": text, "type": "json"}
            self._rows.add("objects", HEAD, part=0, object=HEAD, kind=HEAD)
            self._rows.add("object_facts", HEAD, part=1, object=HEAD, **told)
        check_kinds(self._kinds, self._activities)
        if self._place is not None and not self._has_place:
            raise RequestError(
                "no event has the attribute that is to name its place",
                where=self._path.name,
                repair="Name the key of an attribute of events, such as org:group.",
            )

    def _add_trace(self, trace: Trace, number: int) -> None:
        said = {a.key: a for a in trace.attributes}
        own = {key: a.value or "" for key, a in said.items() if key.startswith(PREFIX)}
        name = _plain(said.get(ACTIVITY)) or f"trace {number}"
        if own:
            self._is_own = True
            for event in trace.events:
                self._add_event(event, None, f"trace {number}", 0, own)
            return
        self._add_case(name, trace)
        for number_in, event in enumerate(trace.events, 1):
            position = self._positions[name] = self._positions.get(name, 0) + 1
            self._add_event(event, name, f"trace {number}, event {number_in}", position)

    def _add_case(self, name: str, trace: Trace) -> None:
        """A case and its facts; traces of one name are one case."""
        record = f"trace|{name}"
        facts = self._facts.setdefault(name, [])
        if not facts:
            self._rows.add("objects", record, part=0, object=name, kind=CASE)
            facts.append({})
        for attribute in trace.attributes:
            fact = {"fact": attribute.key, **_fact(attribute)}
            if fact not in facts:
                self._rows.add("object_facts", record, part=len(facts), object=name, **fact)
                facts.append(fact)

    def _add_event(
        self,
        event: Event,
        case: str | None,
        where: str,
        position: int,
        own: Mapping[str, str] | None = None,
    ) -> None:
        """An event of a case; ``own`` is what a trace of ours says for all its events."""
        said = {a.key: a for a in event.attributes}
        ours = {a.key: a.value or "" for a in event.attributes if a.key.startswith(PREFIX)}
        at, is_kept = self._time(said.get(TIME), where)
        activity = _plain(said.get(ACTIVITY))
        told = {*ours, *(() if is_kept else (TIME,)), *(() if activity is None else (ACTIVITY,))}
        text = object_text(a for a in event.attributes if a.key not in told)
        row: dict[str, Any] = {"at": at, "attributes": text, **row_of(ours)}
        for column in LINKED:
            found = ours.get(PREFIX + column, (own or {}).get(PREFIX + column))
            if found is not None:
                row[column] = found
        if RECORD in ours:
            self._is_own = True
            row["activity"] = activity_of(activity or "", row)
            self._rows.add("events", ours[RECORD], **row)
            self._rows.add_links(ours[RECORD], row, _objects(ours.get(EVENT), said.get(OBJECTS)))
            return
        if PREFIX + "kind" not in ours:
            row["kind"] = self._kinds.get(activity or "", "contact")
        row = {"sequence": position, "activity": activity, "person": case, **row}
        self._add_foreign(row, said, case, position)

    def _add_foreign(
        self, row: dict[str, Any], said: Mapping[str, Attribute], case: str | None, position: int
    ) -> None:
        if row["activity"] is not None:
            self._activities.add(row["activity"])
        place = None if self._place is None else said.get(self._place)
        if place is not None and place.value is not None:
            self._has_place = True
            row.setdefault("place", place.value)
        record = f"event|{case}|{position}" if case is not None else f"event|{position}"
        self._rows.add("events", record, **row)
        self._rows.add_links(record, row, [{"object": case, "qualifier": CASE}])

    def _time(self, attribute: Attribute | None, where: str) -> tuple[int, bool]:
        """When an event happened, and whether its text must be kept to be written again."""
        if attribute is None or attribute.kind != "date" or attribute.value is None:
            raise InputError(
                f"an event has no date {TIME}",
                where=f"{self._path.name}, {where}",
                repair="An event that nobody can place in time can't be loaded: take it out.",
            )
        try:
            at = parse_instant(attribute.value, self._zone)
        except RequestError as error:
            raise InputError(
                error.what, where=f"{self._path.name}, {where}", repair=error.repair
            ) from None
        is_plain = not attribute.children and as_date(at, self._zone) == attribute.value
        return at, not is_plain


def _objects(event: str | None, listed: Attribute | None) -> list[dict[str, Any]]:
    """The links of an event of ours; one with a name has a row even where it concerns nothing."""
    values = (listed and listed.values) or ()
    links = [{"event": event, "object": one.value, "qualifier": one.key} for one in values]
    return links if links or event is None else [{"event": event}]


def _plain(attribute: Attribute | None) -> str | None:
    """The text of an attribute that is a string and no more."""
    if attribute is None or attribute.kind != "string" or attribute.children:
        return None
    return attribute.value


def _fact(attribute: Attribute) -> dict[str, str]:
    kind = TYPES.get(attribute.kind)
    if kind is None or attribute.children or attribute.values is not None:
        return {"type": "json", "value": json_text(value_of(attribute))}
    return {"type": kind, "value": attribute.value or ""}


def _head_of(piece: Header | Extension | Global | Classifier | Attribute) -> list[Any]:
    if isinstance(piece, Header):
        return ["header", piece.said]
    if isinstance(piece, Extension):
        return ["extension", piece.name, piece.prefix, piece.uri]
    if isinstance(piece, Classifier):
        return ["classifier", piece.name, piece.keys, piece.scope]
    if isinstance(piece, Global):
        return ["global", piece.scope, [[a.key, value_of(a)] for a in piece.attributes]]
    return ["attribute", piece.key, value_of(piece)]
