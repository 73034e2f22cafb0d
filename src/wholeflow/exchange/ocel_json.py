"""OCEL 2.0 as JSON: https://www.ocel-standard.org/specification/formats/json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from wholeflow.core.errors import InputError
from wholeflow.core.whole_file import whole_file
from wholeflow.exchange.ocel import ObjectLog, Row, Types, object_log
from wholeflow.exchange.values import as_utc, json_text, to_json, utc_instant

_OTHER_WORDS = {"date": "time"}
"""Types that a widely used program (pm4py) names otherwise than the standard does."""

_PARTS = ("eventTypes", "objectTypes", "events", "objects")


def read(path: Path) -> ObjectLog:
    """A log from a JSON file."""
    said = _parsed(path)
    if not isinstance(said, dict) or not all(isinstance(said.get(part), list) for part in _PARTS):
        raise InputError(
            f"this is not OCEL 2.0: it has not the four lists {', '.join(_PARTS)}",
            repair="Export it as OCEL 2.0; version 1 has other names.",
        )
    return object_log(
        _types(said["eventTypes"], "eventTypes"),
        _types(said["objectTypes"], "objectTypes"),
        (_row(row, f"events, number {n}", True) for n, row in enumerate(said["events"], 1)),
        (_row(row, f"objects, number {n}", False) for n, row in enumerate(said["objects"], 1)),
    )


def _parsed(path: Path) -> Any:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file, parse_constant=_refuse_constant)
    except OSError as error:
        raise InputError("the file can't be read", repair="Check its name.") from error
    except json.JSONDecodeError as error:
        raise InputError(
            "this is not JSON", where=f"line {error.lineno}", repair="The file may be cut short."
        ) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise InputError("this is not JSON in UTF-8", repair="Export the log again.") from None


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _types(rows: list[Any], where: str) -> Types:
    types: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, 1):
        here = f"{where}, number {number}"
        name = _text(row, "name", here)
        attributes = _several(row, "attributes", here)
        if name in types:
            raise InputError("a type is declared twice", where=here)
        kinds = [_text(a, "type", here) for a in attributes]
        names = [_text(a, "name", here) for a in attributes]
        types[name] = {a: _OTHER_WORDS.get(k, k) for a, k in zip(names, kinds, strict=True)}
        if len(types[name]) < len(attributes):
            raise InputError("a type declares an attribute twice", where=here)
    return types


def _row(row: Any, where: str, is_event: bool) -> Row:
    said = [
        (_text(a, "name", where), 0 if is_event else _time(a, where), a.get("value"))
        for a in _several(row, "attributes", where)
    ]
    return Row(
        _text(row, "id", where),
        _text(row, "type", where),
        _time(row, where) if is_event else 0,
        tuple(a for a in said if not is_event or a[2] is not None),
        tuple(
            (_text(one, "objectId", where), one.get("qualifier") or "")
            for one in _several(row, "relationships", where)
        ),
    )


def _time(row: Any, where: str) -> int:
    try:
        return utc_instant(_text(row, "time", where))
    except (ValueError, OverflowError):
        raise InputError(
            "a time is not ISO 8601", where=where, repair="Write it as 2024-11-05T14:30:00Z."
        ) from None


def _text(row: Any, name: str, where: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise InputError(f"{name} is missing or no text", where=where)
    return value


def _several(row: Any, name: str, where: str) -> list[Any]:
    """A list that may be left out."""
    value = row.get(name) if isinstance(row, dict) else None
    if value is not None and not isinstance(value, list):
        raise InputError(f"{name} is no list", where=where)
    return value or []


def write(log: ObjectLog, path: Path) -> None:
    """Write a log as JSON, one event or object on a line."""
    with whole_file(path) as made, made.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"eventTypes":')
        file.write(json_text(_declared(log.event_types)))
        file.write(',\n"objectTypes":')
        file.write(json_text(_declared(log.object_types)))
        for name, types, rows in (
            ("events", log.event_types, log.events),
            ("objects", log.object_types, log.objects),
        ):
            file.write(f',\n"{name}":[')
            for number, row in enumerate(_rows(types, rows, name == "events")):
                file.write(("," if number else "") + "\n" + json_text(row))
            file.write("\n]")
        file.write("}\n")


def _declared(types: Types) -> list[dict[str, Any]]:
    return [
        {"name": name, "attributes": [{"name": a, "type": kind} for a, kind in said.items()]}
        for name, said in types.items()
    ]


def _rows(types: Types, rows: Iterable[Row], is_event: bool) -> Iterator[dict[str, Any]]:
    for row in rows:
        said: list[dict[str, Any]] = []
        for name, at, text in row.attributes:
            kind = types[row.type][name]
            value = text if text is None or kind == "time" else to_json(kind, text)
            said.append(
                {"name": name, **({} if is_event else {"time": as_utc(at)}), "value": value}
            )
        yield {
            "id": row.id,
            "type": row.type,
            **({"time": as_utc(row.at)} if is_event else {}),
            "attributes": said,
            "relationships": [{"objectId": one, "qualifier": word} for one, word in row.links],
        }
