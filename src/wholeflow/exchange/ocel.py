"""OCEL 2.0: events that concern any number of objects.

An :class:`ObjectLog` holds all that the standard lets a log say: types with the attributes
that they declare, events, objects, how attributes of objects change over time, which
objects an event concerns, which objects belong together, and each such link's qualifier.
A log is a set, so it is kept in one order. Files are JSON or SQLite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import InputError, RequestError
from wholeflow.exchange.values import TYPES, spelled

JSON_ENDINGS = (".json", ".jsonocel")
SQLITE_ENDINGS = (".sqlite", ".sqlite3", ".db")

_TEXT = pa.string()
_LINKS = pa.list_(pa.struct([("object", _TEXT), ("qualifier", _TEXT)]))
EVENTS = pa.schema(
    [
        ("id", _TEXT),
        ("type", _TEXT),
        ("at", pa.int64()),
        ("attributes", pa.list_(pa.struct([("name", _TEXT), ("value", _TEXT)]))),
        ("links", _LINKS),
    ]
)
"""Events: instant, attributes as texts in the spelling of their type, links to objects."""

OBJECTS = pa.schema(
    [
        ("id", _TEXT),
        ("type", _TEXT),
        (
            "attributes",
            pa.list_(pa.struct([("name", _TEXT), ("at", pa.int64()), ("value", _TEXT)])),
        ),
        ("links", _LINKS),
    ]
)
"""Objects: values of attributes from an instant on (0: from the beginning; no value: taken
away), links to other objects."""

Types = Mapping[str, Mapping[str, str]]
"""Names of types, with the type of each attribute that they declare."""

_ROWS = 50_000
_LONGEST = 2**63


@dataclass(frozen=True)
class ObjectLog:
    """A log of events and objects, in one order: types by name, events by time and id.

    Build one with :func:`object_log`, which checks it.
    """

    event_types: Types
    object_types: Types
    events: pa.Table
    objects: pa.Table


def object_log(
    event_types: Types,
    object_types: Types,
    events: Iterable[Mapping[str, Any]],
    objects: Iterable[Mapping[str, Any]],
) -> ObjectLog:
    """A checked log from rows as :data:`EVENTS` and :data:`OBJECTS` have them.

    ``attributes`` of an event are pairs (name, value), those of an object triples (name,
    at, value), ``links`` pairs (object, qualifier). Raises InputError for what the standard
    rules out: two things with one id, an undeclared type or attribute, a value that is not
    of its type, a link to an object that is not there.

    >>> log = object_log({"visit": {"miles": "integer"}}, {"nurse": {}},
    ...     [{"id": "e1", "type": "visit", "at": 0, "attributes": [("miles", 3)],
    ...       "links": [("n1", "by")]}],
    ...     [{"id": "n1", "type": "nurse", "attributes": [], "links": []}])
    >>> log.events["links"].to_pylist()
    [[{'object': 'n1', 'qualifier': 'by'}]]
    """
    declared = {"event": _types("event", event_types), "object": _types("object", object_types)}
    made_objects = _table(OBJECTS, (_object(n, o, declared) for n, o in enumerate(objects, 1)))
    made_events = _table(EVENTS, (_event(n, e, declared) for n, e in enumerate(events, 1)))
    _no_two("object", made_objects)
    _no_two("event", made_events)
    known = set(made_objects["id"].to_pylist())
    for what, rows in (("event", made_events), ("object", made_objects)):
        _only_known(what, rows, known)
    return ObjectLog(
        declared["event"],
        declared["object"],
        made_events.sort_by([("at", "ascending"), ("id", "ascending")]),
        made_objects.sort_by("id"),
    )


def _types(what: str, types: Types) -> Types:
    for attributes in types.values():
        for kind in attributes.values():
            if kind not in TYPES:
                raise InputError(
                    "an attribute is declared with a type that is not in the standard",
                    where=f"{what} types",
                    repair=f"Use one of: {', '.join(TYPES)}.",
                )
    return {name: dict(sorted(types[name].items())) for name in sorted(types)}


def _table(schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> pa.Table:
    batches, batch = [], []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS:
            batches.append(_batch(schema, batch))
            batch = []
    batches.append(_batch(schema, batch))
    return pa.Table.from_batches(batches).combine_chunks()


def _batch(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    try:
        return pa.RecordBatch.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:
        raise InputError(
            "a text holds half a character (a lone surrogate)",
            repair="Mend the program that wrote it.",
        ) from None


def _event(number: int, row: Mapping[str, Any], declared: Mapping[str, Types]) -> dict[str, Any]:
    where = f"event {number}"
    attributes = _declared("event", row["type"], declared, where)
    said = {}
    for name, value in row["attributes"]:
        if name in said:
            raise InputError("an attribute of an event is there twice", where=where)
        said[name] = _value(attributes, name, value, where)
    return {
        "id": row["id"],
        "type": row["type"],
        "at": row["at"],
        "attributes": [{"name": name, "value": said[name]} for name in sorted(said)],
        "links": _links(row["links"]),
    }


def _object(number: int, row: Mapping[str, Any], declared: Mapping[str, Types]) -> dict[str, Any]:
    where = f"object {number}"
    attributes = _declared("object", row["type"], declared, where)
    said = [(at, name, _value(attributes, name, v, where)) for name, at, v in row["attributes"]]
    said.sort(key=lambda one: (one[0], one[1], one[2] is None, one[2] or ""))
    return {
        "id": row["id"],
        "type": row["type"],
        "attributes": [{"name": name, "at": at, "value": value} for at, name, value in said],
        "links": _links(row["links"]),
    }


def _declared(what: str, name: str, declared: Mapping[str, Types], where: str) -> Mapping[str, str]:
    if name not in declared[what]:
        raise InputError(
            f"an {what} is of a type that the log does not declare",
            where=where,
            repair=f"Declare it among the {what} types.",
        )
    return declared[what][name]


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


def _links(links: Iterable[Sequence[str | None]]) -> list[dict[str, str]]:
    pairs = sorted((str(other), qualifier or "") for other, qualifier in links)
    return [{"object": other, "qualifier": qualifier} for other, qualifier in pairs]


def _no_two(what: str, rows: pa.Table) -> None:
    if len(rows["id"].unique()) < rows.num_rows:
        raise InputError(
            f"two {what}s have the same id", where=f"{what}s", repair="Give each its own."
        )


def _only_known(what: str, rows: pa.Table, known: set[str]) -> None:
    linked = rows["links"].combine_chunks().flatten().field("object").unique().to_pylist()
    if not known.issuperset(linked):
        raise InputError(
            f"an {what} is linked to an object that the log does not hold",
            where=f"{what}s: {len(set(linked) - known)} such objects",
            repair="Export the log with all its objects.",
        )


def rows_of(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of a table one by one, a bounded number of them in memory."""
    for batch in rows.to_batches(max_chunksize=_ROWS):
        yield from batch.to_pylist()


def read_ocel(path: str | Path) -> ObjectLog:
    """A log from a file of OCEL 2.0: JSON or SQLite, by the ending of its name.

    Raises InputError, with the file and where in it, for what is no such log.
    """
    from wholeflow.exchange import ocel_json, ocel_sqlite

    file = Path(path)
    reads = _by_ending(file, ocel_json.read, ocel_sqlite.read)
    try:
        found: ObjectLog = reads(file)
    except InputError as error:
        where = ", ".join(part for part in (file.name, error.where) if part)
        raise InputError(error.what, where=where, repair=error.repair) from None
    return found


def write_ocel(log: ObjectLog, path: str | Path) -> None:
    """Write a log as OCEL 2.0, JSON or SQLite by the ending of the name, whole or not at all.

    Raises RequestError when the file can't be written, UnsupportedError when SQLite can't
    hold it (attributes whose names differ in case only); JSON holds every log.
    """
    from wholeflow.exchange import ocel_json, ocel_sqlite

    file = Path(path)
    _by_ending(file, ocel_json.write, ocel_sqlite.write)(log, file)


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
