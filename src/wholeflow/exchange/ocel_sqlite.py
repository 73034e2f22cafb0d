"""OCEL 2.0 as SQLite: https://www.ocel-standard.org/specification/formats/sqlite.

Tables ``event`` and ``object`` name everything and its type, ``event_object`` and
``object_object`` hold the links, and each type has a table of its own with a column for
each attribute. A row of an object's table either says how it began, or one change.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, UnsupportedError
from wholeflow.core.sql import named
from wholeflow.core.whole_file import whole_file
from wholeflow.exchange.ocel import ObjectLog, Row, Types, object_log
from wholeflow.exchange.values import as_utc, utc_instant

SQL_TYPES = {
    "string": "TEXT",
    "time": "TIMESTAMP",
    "integer": "INTEGER",
    "float": "REAL",
    "boolean": "BOOLEAN",
}

_FIXED = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
}
_OWN = {"event": ("ocel_id", "ocel_time"), "object": ("ocel_id", "ocel_time", "ocel_changed_field")}


def read(path: Path) -> ObjectLog:
    """A log from an SQLite file."""
    if not path.is_file():
        raise InputError("the file can't be read", repair="Check its name.")
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as base:
            return _Reader(base).log()
    except (sqlite3.Error, UnicodeDecodeError):
        raise InputError(
            "this is not an SQLite file of OCEL 2.0, or it is damaged",
            repair="Export the log again.",
        ) from None


class _Reader:
    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        for table, columns in _FIXED.items():
            self._need(table, columns)

    def _need(self, table: str, columns: Iterable[str]) -> dict[str, str]:
        """The columns of a table with their types; those named must be there."""
        rows = self._base.execute(f"PRAGMA table_info({named(table)})").fetchall()
        there = {row[1]: row[2] for row in rows}
        missing = [column for column in columns if column not in there]
        if missing:
            raise InputError(
                f"a table of OCEL 2.0 is missing or lacks {', '.join(missing)}",
                where=f"table {table}" if table in _FIXED else "the table of a type",
                repair="Export it as OCEL 2.0.",
            )
        return there

    def log(self) -> ObjectLog:
        """All of it."""
        event_types, event_tables = self._types("event")
        object_types, object_tables = self._types("object")
        return object_log(
            event_types,
            object_types,
            self._events(event_types, event_tables),
            self._objects(object_types, object_tables),
        )

    def _types(self, what: str) -> tuple[Types, dict[str, str]]:
        """Declared types, and the table of each."""
        types, tables = {}, {}
        for name, short in self._base.execute(
            f"SELECT ocel_type, ocel_type_map FROM {what}_map_type"
        ):
            table = f"{what}_{short}"
            own = _OWN[what]
            # some programs leave out the time of how an object began, or both columns of change
            there = self._need(table, own if what == "event" else own[:1])
            types[name] = {c: _kind(said) for c, said in there.items() if c not in own}
            tables[name] = table
        return types, tables

    def _events(self, types: Types, tables: Mapping[str, str]) -> Iterator[Row]:
        there: dict[tuple[str, str], tuple[Any, ...]] = {}
        for name, table in tables.items():
            for row in self._rows(table, ("ocel_id", "ocel_time", *types[name])):
                there[name, row[0]] = row
        links = self._links("event_object", "ocel_event_id", "ocel_object_id")
        for number, (event, kind) in enumerate(self._all("event"), 1):
            if (kind, event) not in there:
                raise InputError("an event is not in the table of its type", where=f"row {number}")
            row = there.pop((kind, event))
            values = zip(types[kind], row[2:], strict=True)
            said = tuple((a, 0, v) for a, v in values if v is not None)
            at = _instant(row[1], f"events, row {number}")
            yield Row(event, kind, at, said, tuple(links.pop(event, ())))
        _nothing_left("event", there, links)

    def _objects(self, types: Types, tables: Mapping[str, str]) -> Iterator[Row]:
        said: dict[tuple[str, str], list[tuple[str, int, Any]]] = {}
        for name, table in tables.items():
            columns = tuple(types[name])
            there = self._need(table, ())
            own = [column if column in there else None for column in _OWN["object"]]
            for row in self._rows(table, (*own, *columns)):
                at = 0 if row[1:3] == (None, None) else _instant(row[1], "a type of object")
                changes = said.setdefault((name, row[0]), [])
                changes += _changes(row[2], at, dict(zip(columns, row[3:], strict=True)))
        links = self._links("object_object", "ocel_source_id", "ocel_target_id")
        for thing, kind in self._all("object"):
            own_links = tuple(links.pop(thing, ()))
            yield Row(thing, kind, 0, tuple(said.pop((kind, thing), ())), own_links)
        _nothing_left("object", said, links)

    def _all(self, what: str) -> sqlite3.Cursor:
        return self._base.execute(f"SELECT ocel_id, ocel_type FROM {what} ORDER BY rowid")

    def _rows(self, table: str, columns: Iterable[str | None]) -> sqlite3.Cursor:
        wanted = ", ".join("NULL" if column is None else named(column) for column in columns)
        return self._base.execute(f"SELECT {wanted} FROM {named(table)} ORDER BY rowid")

    def _links(self, table: str, one: str, other: str) -> dict[str, list[tuple[str, str]]]:
        links: dict[str, list[tuple[str, str]]] = {}
        for first, second, qualifier in self._base.execute(
            f"SELECT {one}, {other}, ocel_qualifier FROM {table} ORDER BY rowid"
        ):
            links.setdefault(first, []).append((second, qualifier))
        return links


def _kind(said: str) -> str:
    """The type of an attribute from how its column is declared, by SQLite's own rules."""
    word = said.upper()
    for kind, parts in (
        ("boolean", ("BOOL",)),
        ("time", ("TIME", "DATE")),
        ("integer", ("INT",)),
        ("float", ("REAL", "FLOA", "DOUB", "NUM", "DEC")),
    ):
        if any(part in word for part in parts):
            return kind
    return "string"


def _changes(changed: str | None, at: int, values: dict[str, Any]) -> list[tuple[str, int, Any]]:
    if changed is None:
        return [(name, at, value) for name, value in values.items() if value is not None]
    if changed not in values:
        raise InputError("ocel_changed_field names no column", where="a type of object")
    return [(changed, at, values[changed])]


def _nothing_left(what: str, said: Mapping[Any, Any], links: Mapping[Any, Any]) -> None:
    if said or links:
        raise InputError(
            f"attributes or links belong to an {what} that the log does not hold",
            where=f"{what}s: {len(said) + len(links)} such",
            repair="Export the log again, whole.",
        )


def _instant(text: Any, where: str) -> int:
    try:
        return utc_instant(text)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            "a time is not ISO 8601", where=where, repair="Write it as 2024-11-05 14:30:00."
        ) from None


def write(log: ObjectLog, path: Path) -> None:
    """Write a log as SQLite."""
    with whole_file(path) as made:
        try:
            with closing(sqlite3.connect(made)) as base, base:
                base.execute("PRAGMA journal_mode = OFF")  # the file is new: nothing to undo
                _Writer(base, log).write()
        except sqlite3.OperationalError as error:
            raise OSError(0, str(error)) from error


class _Writer:
    def __init__(self, base: sqlite3.Connection, log: ObjectLog) -> None:
        self._base = base
        self._log = log
        self._tables = {
            "event": _table_names("event", log.event_types),
            "object": _table_names("object", log.object_types),
        }

    def write(self) -> None:
        """All of it, in one transaction."""
        log = self._log
        for table, columns in _FIXED.items():
            self._create(table, {column: "TEXT" for column in columns})
        for what, types in (("event", log.event_types), ("object", log.object_types)):
            for name, attributes in types.items():
                self._declare(what, name, attributes)
        for row in log.objects:
            self._write_object(row)
        for row in log.events:
            self._write_event(row)
        for table, column in (
            ("event_object", "ocel_event_id"),
            ("event_object", "ocel_object_id"),
            ("object_object", "ocel_source_id"),
        ):
            self._base.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")

    def _create(self, table: str, columns: Mapping[str, str]) -> None:
        said = ", ".join(f"{named(name)} {kind}" for name, kind in columns.items())
        self._base.execute(f"CREATE TABLE {named(table)} ({said})")

    def _declare(self, what: str, name: str, attributes: Mapping[str, str]) -> None:
        table = self._tables[what][name]
        own = {column: "TEXT" for column in _OWN[what]} | {"ocel_time": "TIMESTAMP"}
        _check_names([*own, *attributes])
        self._create(table, own | {a: SQL_TYPES[kind] for a, kind in attributes.items()})
        self._insert(f"{what}_map_type", (name, table.removeprefix(f"{what}_")))

    def _insert(self, table: str, values: tuple[Any, ...]) -> None:
        gaps = ", ".join("?" * len(values))
        self._base.execute(f"INSERT INTO {named(table)} VALUES ({gaps})", values)

    def _write_event(self, row: Row) -> None:
        kinds = self._log.event_types[row.type]
        said = {name: _stored(kinds[name], text) for name, _, text in row.attributes}
        values = (said.get(name) for name in kinds)
        self._insert("event", (row.id, row.type))
        self._insert(self._tables["event"][row.type], (row.id, _time(row.at), *values))
        for link in row.links:
            self._insert("event_object", (row.id, *link))

    def _write_object(self, row: Row) -> None:
        kinds = self._log.object_types[row.type]
        table = self._tables["object"][row.type]
        first: dict[str, Any] = {}
        changes = []
        for name, at, text in row.attributes:
            value = _stored(kinds[name], text)
            if at == 0 and value is not None and name not in first:
                first[name] = value
            else:
                changes.append((at, name, {name: value}))
        self._insert("object", (row.id, row.type))
        for at, changed, said in [(0, None, first), *changes]:
            values = (said.get(name) for name in kinds)
            self._insert(table, (row.id, _time(at), changed, *values))
        for link in row.links:
            self._insert("object_object", (row.id, *link))


def _time(at: int) -> str:
    return as_utc(at, " ", "")


def _stored(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    if kind == "integer":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "boolean":
        return int(text == "true")
    return text


def _table_names(what: str, types: Types) -> dict[str, str]:
    """A table for each type, of letters and digits; SQLite's names know no case."""
    taken = set(_FIXED)
    names = {}
    for name in types:
        words = re.findall(r"[A-Za-z0-9]+", name)
        short = "".join(word[0].upper() + word[1:] for word in words) or "Type"
        table, number = f"{what}_{short}", 1
        while table.lower() in taken:
            number += 1
            table = f"{what}_{short}_{number}"
        taken.add(table.lower())
        names[name] = table
    return names


def _check_names(columns: list[str]) -> None:
    folded = {re.sub("[A-Z]", lambda letter: letter[0].lower(), name) for name in columns}
    if len(folded) < len(columns) or any("\0" in name for name in columns):
        raise UnsupportedError(
            "SQLite can't hold this log: names of attributes differ in case only, or are its own",
            repair="Write it as JSON.",
        )
