"""What our own logs say of a store's records, in the words of foreign logs.

A column of ``events`` that a standard has no word for is written as an attribute, or a
link to an object, whose name begins with ``wholeflow:``; a column that has its default is
left out. So a log that we wrote says all of it, and is read back as it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import unknown
from wholeflow.events import EventLog, table
from wholeflow.events.declared import kinds as known_kinds
from wholeflow.events.log import log_schema
from wholeflow.exchange.values import as_utc, from_json, json_text, spelled, to_json, utc_instant
from wholeflow.governance.nhs_number import with_scheme

PREFIX = "wholeflow:"
RECORD = PREFIX + "record"
"""The attribute of an event that names the record of ours that it came from."""

NAME = PREFIX + "name"
"""The attribute of an object of ours that holds its bare name."""

PERSON = PREFIX + "person"
"""What a person is to an event of ours, and to an object of another log that is a person."""

EVENT = PREFIX + "event"
"""In XES, an event's own name in the log of objects that it came from."""

OBJECTS = PREFIX + "objects"
"""In XES, the objects that an event concerns, each under its qualifier."""

STAFF = ("org:resource",)
"""Attributes of events that name staff (extension Organizational of XES)."""

LINKED = {
    "person": "person",
    "ref": "stay",
    "need": "need",
    "place": "place",
    "from_place": "place",
    "to_place": "place",
    "wanted_place": "place",
}
"""Columns of ``events`` that name an object, with the type of that object."""

DEFAULTS: dict[str, Any] = {"part": 0, "run": 0, "precision": "instant", "kind": "contact"}

LINKS_FROM = 1_000_000
"""Links of the first event of a record are numbered from here, after all that it says."""

_TYPES = {"instant": "time", "integer": "integer", "number": "float", "flag": "boolean"}
_ELSEWHERE = ("id", "at", "withdrawn", "attributes")
"""Columns with a word of their own, or (withdrawn) the same in all that is present."""


@cache
def said_columns() -> dict[str, str]:
    """The columns of ``events`` that are written as attributes, with the type of each."""
    fields = (f for f in table("events").fields if f.name not in (*LINKED, *_ELSEWHERE))
    return {f.name: _TYPES.get(f.type, "string") for f in fields}


def said_of(row: Mapping[str, Any], *leave_out: str) -> list[tuple[str, str, str]]:
    """Name, type and text of each attribute that a row of ``events`` needs."""
    return [
        (PREFIX + name, kind, as_utc(row[name]) if kind == "time" else spelled(kind, row[name]))
        for name, kind in said_columns().items()
        if row[name] is not None and row[name] != DEFAULTS.get(name) and name not in leave_out
    ]


def row_of(said: Mapping[str, str]) -> dict[str, Any]:
    """Columns of ``events`` from the texts of our attributes, defaults filled."""
    row = dict(DEFAULTS)
    for name, kind in said_columns().items():
        text = said.get(PREFIX + name)
        if text is not None:
            row[name] = _read(kind, text)
    if PREFIX + "attributes" in said:
        row["attributes"] = said[PREFIX + "attributes"]
    return row


def _read(kind: str, text: str) -> Any:
    if kind == "time":
        return utc_instant(text)
    if kind == "boolean":
        return text == "true"
    return {"integer": int, "float": float}.get(kind, str)(text)


def type_and_activity(row: Mapping[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    """What an event of ours is called, and its activity where that can't be told from it."""
    activity, kind = row["activity"], row["kind"]
    if activity is None:
        return kind, []
    said = [(PREFIX + "activity", "string", activity)]
    return activity, said if activity == kind else []


def activity_of(called: str, row: Mapping[str, Any]) -> str | None:
    """The activity of an event of ours from what it is called."""
    if "activity" in row:
        return str(row["activity"])
    return None if called == row["kind"] else called


def attributes_text(said: Mapping[str, tuple[str, str]]) -> str | None:
    """The column ``attributes``: typed values as JSON; None where there are none."""
    return json_text({name: to_json(*value) for name, value in said.items()}) if said else None


def attributes_of(text: str) -> dict[str, tuple[str, str]] | None:
    """Type and text of each value in ``attributes``.

    None where the JSON holds more than typed values, or would not come back as it is.
    """
    try:
        said = {name: from_json(value) for name, value in json.loads(text).items()}
        is_same = attributes_text(said) == text
    except (AttributeError, RecursionError, ValueError):
        return None
    return said if is_same and not any(name.startswith(PREFIX) for name in said) else None


def check_kinds(kinds: Mapping[str, str], activities: Iterable[str]) -> None:
    """Refuse a table of kinds that names a kind or an activity that does not exist."""
    there = set(activities)
    for activity, kind in kinds.items():
        if kind not in known_kinds():
            raise unknown("kind of event", kind, list(known_kinds()))
        if activity not in there:
            raise unknown("activity in this log", activity, sorted(there))


class Rows:
    """Rows of declared tables, gathered record by record, with what was left out of them.

    ``source`` is the feed. ``scheme`` is that of people's numbers, else the feed, so that
    equal names in two logs are two people. ``keep_attributes`` keeps those of people.
    """

    def __init__(self, source: str, scheme: str | None, keep_attributes: bool) -> None:
        self._source = source
        self._scheme = scheme
        self._keep_attributes = keep_attributes
        self._left_out: Counter[str] = Counter()
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._lines: dict[tuple[str, str, int], int] = {}

    def person(self, name: str) -> str:
        """A person by the name that the log has for them."""
        return with_scheme(self._scheme, name) if self._scheme else self.thing(name)

    def thing(self, name: str) -> str:
        """Anything else that the log has a name for: two feeds may both have an ``o1``."""
        return f"{self._source}:{name}"

    def keeps(self, attribute: str) -> bool:
        """Whether an attribute of a person, or name of staff, is kept; counted where not."""
        if not self._keep_attributes:
            self._left_out[attribute] += 1
        return self._keep_attributes

    def add(self, name: str, record: str, **row: Any) -> None:
        """A row of a table, said by a record; ``part`` numbers those of one record."""
        said = {"source": self._source, "run": 0, "withdrawn": False, **row}
        record_key = (said["source"], record, said["run"])
        line = self._lines.setdefault(record_key, len(self._lines) + 1)
        self._tables.setdefault(name, []).append({**said, "id": record, "line": line})

    def add_links(
        self, record: str, row: Mapping[str, Any], links: Iterable[Mapping[str, Any]]
    ) -> None:
        """Rows of ``event_objects`` for the event that ``row`` of a record is."""
        versions = ("source", "recorded_at", "run", "period")
        said = {name: row[name] for name in versions if name in row}
        said["event_part"] = row["part"]
        for part, link in enumerate(links, LINKS_FROM * (row["part"] + 1)):
            self.add("event_objects", record, part=part, **{**said, **link})

    def log(self, zone: str, clock: str, title: str) -> EventLog:
        """The log of all of them; ``about`` says how much was left out, where it was."""
        made = {
            name: pa.Table.from_pylist(rows, schema=log_schema(table(name)))
            for name, rows in self._tables.items()
        }
        about = {"title": title}
        if self._left_out:
            number, values = len(self._left_out), self._left_out.total()
            word = "attribute" if number == 1 else "attributes"
            about["left out"] = f"{number:,} {word} of people and staff ({values:,} values)"
        return EventLog(made, clock, zone, about)
