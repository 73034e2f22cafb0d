"""From an XES log to the declared tables: a case is a person, and nothing is left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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
    STAFF,
    Rows,
    activity_of,
    check_kinds,
    row_of,
)
from wholeflow.exchange.values import json_text
from wholeflow.exchange.xes import Attribute, Event, Trace, read_pieces
from wholeflow.exchange.xes_values import TYPES, head_of, object_text, value_of

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


@dataclass(frozen=True)
class _Case:
    """A trace: what it is called in records, the object that it is, and its person."""

    key: str
    object: str
    person: str


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
        self._named: Counter[str] = Counter()
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
                self._add_event(piece, f"event {loose} outside any trace", loose)
            else:
                self._head.append(head_of(piece))
        if not self._is_own and self._head:
            text = json_text(self._head)
            told = {"fact": "head", "value": text, "type": "json"}
            name = self._rows.thing(HEAD)
            self._rows.add("objects", HEAD, part=0, object=name, kind=HEAD)
            self._rows.add("object_facts", HEAD, part=1, object=name, **told)
        check_kinds(self._kinds, self._activities)
        if self._place is not None and not self._has_place:
            raise RequestError(
                "no event has the attribute that is to name its place",
                where=self._path.name,
                repair="Name the key of an attribute of events, such as org:group.",
            )

    def _add_trace(self, trace: Trace, number: int) -> None:
        said = {a.key: a.value or "" for a in trace.attributes if a.key.startswith(PREFIX)}
        if said:
            self._is_own = True
            for event in trace.events:
                self._add_event(event, f"trace {number}", 0, own=said)
            return
        case = self._add_case(trace)
        for position, event in enumerate(trace.events, 1):
            self._add_event(event, f"trace {number}, event {position}", position, case)

    def _add_case(self, trace: Trace) -> _Case:
        """A trace and what is said of it; traces of one name stay apart by their number.

        Its name is no fact but a link, so that it is kept as a pseudonym like any name.
        """
        said = {a.key: a for a in trace.attributes}
        name = (_plain(said.get(ACTIVITY)) or "").strip()
        self._named[name] += 1
        key = f"{self._named[name]}|{name}"
        case = self._rows.thing(key)
        record = f"trace|{key}"
        self._rows.add("objects", record, part=0, object=case, kind=CASE)
        for part, one in enumerate(trace.attributes, 1):
            told = {"part": part, "object": case}
            if one.key == ACTIVITY and _plain(one) is not None:
                told |= {"other": one.value, "qualifier": one.key}
                self._rows.add("object_links", record, **told)
            elif self._rows.keeps(one.key):
                self._rows.add("object_facts", record, **told, fact=one.key, **_fact(one))
        return _Case(key, case, self._rows.person(name) if name else case)

    def _add_event(
        self,
        event: Event,
        where: str,
        position: int,
        case: _Case | None = None,
        own: Mapping[str, str] | None = None,
    ) -> None:
        """An event of a case; ``own`` is what a trace of ours says for all its events."""
        said = {a.key: a for a in event.attributes}
        ours = {a.key: a.value or "" for a in event.attributes if a.key.startswith(PREFIX)}
        at, is_kept = self._time(said.get(TIME), where)
        activity = _plain(said.get(ACTIVITY))
        told = {*ours, *(() if is_kept else (TIME,)), *(() if activity is None else (ACTIVITY,))}
        kept = (a for a in event.attributes if a.key not in told)
        text = object_text(a for a in kept if a.key not in STAFF or self._rows.keeps(a.key))
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
        person = case and case.person
        row = {"sequence": position, "activity": activity, "person": person, **row}
        if row["activity"] is not None:
            self._activities.add(row["activity"])
        place = None if self._place is None else said.get(self._place)
        if place is not None and place.value is not None:
            self._has_place = True
            row.setdefault("place", place.value)
        record = f"event|{case.key}|{position}" if case else f"event|{position}"
        self._rows.add("events", record, **row)
        self._rows.add_links(record, row, [{"object": case and case.object, "qualifier": CASE}])

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
