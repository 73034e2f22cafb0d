"""Typed values of foreign logs: one spelling for each value, and how JSON holds them.

The types are ``string``, ``integer``, ``float``, ``boolean``, ``time``; XES adds ``id``.
A value is kept as text in one spelling, so that equal values are equal texts.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from wholeflow.core.time import EPOCH, instant

TYPES = ("string", "integer", "float", "boolean", "time")
"""The types of attributes in OCEL 2.0."""

_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_WORDS_OF_NUMBERS = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}


def spelled(kind: str, value: object) -> str:
    """A value in the one spelling of its type. Raises ValueError when it does not fit.

    Texts and times are kept as they are; a time is ISO 8601 with a date.

    >>> spelled("float", "85"), spelled("integer", 3.0), spelled("boolean", "1")
    ('85.0', '3', 'true')
    """
    if kind == "integer":
        return _whole(value)
    if kind == "float":
        return _number(value)
    if kind == "boolean":
        return _flag(value)
    if kind == "time":
        return _time(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _whole(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError
    return str(int(text))


def _number(value: object) -> str:
    text = str(value).strip()
    if isinstance(value, bool) or "_" in text:
        raise ValueError
    found = repr(float(text))
    return _WORDS_OF_NUMBERS.get(found, found)


def _flag(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = _BOOLEANS.get(str(value).strip().lower())
    if found is None:
        raise ValueError
    return found


def _time(value: object) -> str:
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError
    datetime.fromisoformat(value)
    return value


def as_utc(at: int, between: str = "T", end: str = "Z") -> str:
    """An instant as ISO 8601 text in UTC, with only the digits that it needs.

    >>> as_utc(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    when = (EPOCH + timedelta(microseconds=at)).astimezone(UTC).replace(tzinfo=None)
    return when.isoformat(sep=between) + end


def utc_instant(text: str) -> int:
    """The instant of an ISO time; one without an offset is UTC, as OCEL 2.0 has it."""
    at = datetime.fromisoformat(text)
    return instant(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def to_json(kind: str, text: str) -> Any:
    """A value as JSON: as JSON's own type, or with its type where JSON has none.

    >>> to_json("integer", "3"), to_json("time", "2024-07-01")
    (3, {'type': 'time', 'value': '2024-07-01'})
    """
    if kind == "string":
        return text
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        return text == "true"
    if kind == "float" and math.isfinite(float(text)):
        return float(text)
    return {"type": kind, "value": text}


def from_json(value: Any) -> tuple[str, str]:
    """Type and text of a JSON value. Raises ValueError for what :func:`to_json` never makes."""
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    for python, kind in ((str, "string"), (int, "integer"), (float, "float")):
        if isinstance(value, python):
            return kind, spelled(kind, value)
    if isinstance(value, dict) and set(value) == {"type", "value"}:
        kind, text = value["type"], value["value"]
        if isinstance(kind, str) and isinstance(text, str):
            return kind, text
    raise ValueError


def json_text(value: Any) -> str:
    """Compact JSON, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
