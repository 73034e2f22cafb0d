"""OCEL 2.0: events that concern any number of objects.

An :class:`ObjectLog` holds all that the standard lets a log say: types with the attributes
that they declare, events, objects, how attributes of objects change over time, which
objects an event concerns, which objects belong together, and each such link's qualifier.
A log is a set, so it is kept in one order. Files are JSON or SQLite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from wholeflow.core.errors import InputError, RequestError
from wholeflow.exchange.values import TYPES, spelled

JSON_ENDINGS = (".json", ".jsonocel")
SQLITE_ENDINGS = (".sqlite", ".sqlite3", ".db")

Types = Mapping[str, Mapping[str, str]]
"""Names of types, with the type of each attribute that they declare."""

_LONGEST = 2**63


class Row(NamedTuple):
    """An event or object: instant (0 of an object), attributes, links to objects.

    ``attributes`` are name, instant and value, in the spelling of its type: of an object
    from that instant on (0: from the beginning; no value: taken away), of an event 0.
    ``links`` are object and qualifier.
    """

    id: str
    type: str
    at: int
    attributes: tuple[tuple[str, int, Any], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ObjectLog:
    """A log of events and objects, in one order: types by name, events by time and id.

    Build one with :func:`object_log`, which checks it.
    """

    event_types: Types
    object_types: Types
    events: tuple[Row, ...]
    objects: tuple[Row, ...]


def object_log(
    event_types: Types, object_types: Types, events: Iterable[Row], objects: Iterable[Row]
) -> ObjectLog:
    """A checked log, each value in the spelling of its type.

    Raises InputError for what the standard rules out: two things with one id, an
    undeclared type or attribute, a value that is not of its type, a link to an object
    that is not there.

    >>> log = object_log({"visit": {"miles": "integer"}}, {"nurse": {}},
    ...     [Row("e1", "visit", 0, (("miles", 0, 3.0),), (("n1", "by"),))],
    ...     [Row("n1", "nurse", 0)])
    >>> log.events[0].attributes
    (('miles', 0, '3'),)
    """
    event_types, object_types = _types("event", event_types), _types("object", object_types)
    things = tuple(sorted(_checked("object", object_types, objects), key=lambda row: row.id))
    known = {row.id for row in things}
    happened = sorted(_checked("event", event_types, events), key=lambda row: (row.at, row.id))
    for what, rows in (("object", things), ("event", happened)):
        if len({row.id for row in rows}) < len(rows):
            raise InputError(
                f"two {what}s have the same id", where=f"{what}s", repair="Give each its own."
            )
        missing = {thing for row in rows for thing, _ in row.links} - known
        if missing:
            raise InputError(
                f"an {what} is linked to an object that the log does not hold",
                where=f"{what}s: {len(missing)} such objects",
                repair="Export the log with all its objects.",
            )
    return ObjectLog(event_types, object_types, tuple(happened), things)


def _types(what: str, types: Types) -> Types:
    for name, attributes in types.items():
        _check_texts(f"{what} types", name, *attributes)
        if not set(attributes.values()).issubset(TYPES):
            raise InputError(
                "an attribute is declared with a type that is not in the standard",
                where=f"{what} types",
                repair=f"Use one of: {', '.join(TYPES)}.",
            )
    return {name: dict(sorted(types[name].items())) for name in sorted(types)}


def _checked(what: str, types: Types, rows: Iterable[Row]) -> Iterable[Row]:
    for number, row in enumerate(rows, 1):
        where = f"{what} {number}"
        if row.type not in types:
            raise InputError(
                f"an {what} is of a type that the log does not declare",
                where=where,
                repair=f"Declare it among the {what} types.",
            )
        said = [(name, at, _value(types[row.type], name, v, where)) for name, at, v in row[3]]
        if what == "event" and len({name for name, *_ in said}) < len(said):
            raise InputError("an attribute of an event is there twice", where=where)
        said.sort(key=lambda one: (one[1], one[0], one[2] is None, one[2] or ""))
        links = sorted((thing, qualifier or "") for thing, qualifier in row.links)
        _check_texts(where, row.id, *(v for *_, v in said if v), *(t for one in links for t in one))
        yield Row(row.id, row.type, row.at, tuple(said), tuple(links))


def _check_texts(where: str, *texts: str) -> None:
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise InputError(
            "a text holds half a character (a lone surrogate)",
            where=where,
            repair="Mend the program that wrote it.",
        ) from None
    except TypeError:
        raise InputError(
            "an id or a link is no text", where=where, repair="Export the log again."
        ) from None


def _value(attributes: Mapping[str, str], name: str, value: object, where: str) -> str | None:
    """A value in the spelling of its declared type."""
    kind = attributes.get(name)
    if kind is None:
        raise InputError(
            "an attribute is not declared by its type", where=where, repair="Declare it there."
        )
    if value is None:
        return None
    try:
        if not isinstance(value, str | int | float):
            raise ValueError
        text = spelled(kind, value)
        if kind == "integer" and not -_LONGEST <= int(text) < _LONGEST:
            raise ValueError
        if kind == "float":
            if not math.isfinite(float(text)):
                raise ValueError
            text = repr(float(text) + 0.0)  # SQLite has no -0.0
    except ValueError:
        raise InputError(
            f"a value of an attribute is not of its type, {kind}",
            where=where,
            repair="Mend the value or the declared type. Whole numbers have 64 bits.",
        ) from None
    return text


def read_ocel(path: Path) -> ObjectLog:
    """A log from a file of OCEL 2.0: JSON or SQLite, by the ending of its name.

    Raises InputError, with the file and where in it, for what is no such log.
    """
    from wholeflow.exchange import ocel_json, ocel_sqlite

    reads = _by_ending(path, ocel_json.read, ocel_sqlite.read)
    try:
        found: ObjectLog = reads(path)
    except InputError as error:
        where = ", ".join(part for part in (path.name, error.where) if part)
        raise InputError(error.what, where=where, repair=error.repair) from None
    return found


def write_ocel(log: ObjectLog, path: Path) -> None:
    """Write a log as OCEL 2.0, JSON or SQLite by the ending of the name, whole or not at all.

    Raises RequestError when the file can't be written, UnsupportedError when SQLite can't
    hold it (attributes whose names differ in case only); JSON holds every log.
    """
    from wholeflow.exchange import ocel_json, ocel_sqlite

    _by_ending(path, ocel_json.write, ocel_sqlite.write)(log, path)


def _by_ending(path: Path, json: Any, sqlite: Any) -> Any:
    ending = path.suffix.lower()
    if ending in JSON_ENDINGS:
        return json
    if ending in SQLITE_ENDINGS:
        return sqlite
    raise RequestError(
        "the ending of the name tells no form of OCEL 2.0",
        where=str(path),
        repair=f"JSON: {', '.join(JSON_ENDINGS)}; SQLite: {', '.join(SQLITE_ENDINGS)}.",
    )
