"""Attributes of XES as JSON, and back: types, nesting, lists and repeated keys are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from wholeflow.core.errors import InputError
from wholeflow.exchange.values import from_json, json_text, to_json
from wholeflow.exchange.xes import KINDS, Attribute, Element

TYPES = {**KINDS, "id": "id"}
"""What we call the simple types of XES."""

_XES = {ours: theirs for theirs, ours in TYPES.items()}
_REPEATED = "repeated"


def object_text(attributes: Iterable[Attribute]) -> str | None:
    """Attributes as the text of a JSON object; None where there are none."""
    said: dict[str, list[Any]] = {}
    for attribute in attributes:
        said.setdefault(attribute.key, []).append(value_of(attribute))
    told = {
        key: values[0] if len(values) == 1 else {"type": _REPEATED, "values": values}
        for key, values in said.items()
    }
    return json_text(told) if told else None


def value_of(attribute: Attribute) -> Any:
    """One attribute without its key: JSON's own type where it has one."""
    is_simple = attribute.kind in TYPES and not attribute.children and attribute.values is None
    if is_simple and attribute.value is not None:
        return to_json(TYPES[attribute.kind], attribute.value)
    return {
        "type": attribute.kind,
        "value": attribute.value,
        "children": [[child.key, value_of(child)] for child in attribute.children],
        "values": attribute.values
        if attribute.values is None
        else [[value.key, value_of(value)] for value in attribute.values],
    }


def attributes_of(text: str) -> list[Attribute] | None:
    """Attributes from the text of a JSON object; None where it would not come back as it is."""
    try:
        found = [one for key, value in json.loads(text).items() for one in _attributes(key, value)]
    except (AttributeError, InputError, KeyError, RecursionError, TypeError, ValueError):
        return None
    return found if object_text(found) == text else None


def _attributes(key: str, value: Any) -> list[Attribute]:
    if isinstance(value, dict) and value.get("type") == _REPEATED:
        return [attribute(key, one) for one in value["values"]]
    return [attribute(key, value)]


def attribute(key: str, value: Any) -> Attribute:
    """One attribute from JSON. Raises ValueError, KeyError or TypeError where it is none."""
    if not isinstance(value, dict) or "children" not in value:
        kind, text = from_json(value)
        return Attribute(_XES[kind], key, text)
    children = tuple(attribute(*child) for child in value["children"])
    values = value["values"]
    if values is not None:
        values = tuple(attribute(*one) for one in values)
    return Attribute(value["type"], key, value["value"], children, values)


def head_of(piece: Element | Attribute) -> list[Any]:
    """What a log says of itself, as JSON: an element, or one of its own attributes."""
    if isinstance(piece, Attribute):
        return ["attribute", piece.key, value_of(piece)]
    return [piece.tag, piece.said, [[child.key, value_of(child)] for child in piece.children]]


def head_pieces(text: str) -> Iterator[Element | Attribute]:
    """What :func:`head_of` made JSON of."""
    for tag, said, inside in json.loads(text):
        if tag == "attribute":
            yield attribute(said, inside)
        else:
            yield Element(tag, tuple(map(tuple, said)), tuple(attribute(*one) for one in inside))
