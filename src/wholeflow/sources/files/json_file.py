"""JSON: one list of records in a file, or a record in each line (ndjson).

Objects within a record get dotted names (``subject.reference``), and so do the items
of a list, counted from 0 (``name.0.family``). A name that stands for a whole list or
object gives its JSON text. Numbers keep the text that they have in the file.

The keys of an object may be values, such as the people of a team: then they differ from
record to record, and the object is given as a whole.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

import wholeflow.sources.files.text as text
from wholeflow.core.errors import InputError
from wholeflow.sources.files.piece import Piece, own_name
from wholeflow.store import Reject

ROWS = 20_000
SPACE = " \t\n\r"
NO_RECORD = ("no JSON object that can be read", "Mend that record and load the file again.")
BY_LINE = (".ndjson", ".jsonl")
FIGURES = re.compile(r"[\d -]{6,}")
"""Keys that are numbers of people or dates, and no names of columns."""

FEW = 5
MANY = 10
"""Keys are values where each stands in fewer than ``FEW`` objects, or there are ``MANY``."""


class _Number(str):
    """A number as the file writes it."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


DECODER = json.JSONDecoder(
    parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_object
)


def column_names(path: Path, encoding: str, records: str) -> list[str]:
    """What the first records of a file hold, under dotted names, lists also as a whole.

    Keys that are values, not names, are left out: they may be people's.
    """
    text.refuse_what_is_no_text(path, encoding, "JSON")
    return _names(record for _, record in islice(_records(path, encoding, records), ROWS))


def _names(found: Iterable[Any]) -> list[str]:
    records = [record for record in found if isinstance(record, dict)]
    objects: dict[str, _Objects] = defaultdict(_Objects)
    for record in records:
        _look(record, "", objects)
    values = {place: one.values() for place, one in objects.items()}
    leaves = (name for record in records for name in _leaves(record, values))
    return [own_name(name) for name in dict.fromkeys(leaves)]


@dataclass
class _Objects:
    """The objects in one place of the records: how often which keys, and each key's types."""

    keys: Counter[tuple[str, ...]] = field(default_factory=Counter)
    types: dict[str, set[type]] = field(default_factory=lambda: defaultdict(set))

    def values(self) -> set[str]:
        """The keys that are values: most objects have others of them, of one type."""
        total = self.keys.total()
        often = Counter[str]()
        for keys, number in self.keys.items():
            often.update(dict.fromkeys(keys, number))
        figures = {key for key in often if FIGURES.fullmatch(key)}
        others = {key for key, number in often.items() if number * 2 < total}
        each = sum(often[key] for key in others) / total
        having = sum(n for keys, n in self.keys.items() if not others.isdisjoint(keys)) / total
        is_varied = others and len(others) >= 3 * max(each, 1) and having > 0.95
        is_alike = len(set().union(*(self.types[key] for key in others)) - {type(None)}) < 2
        is_one_of_them = each < 1.5 or len(others) == len(often)
        is_clear = len(others) >= MANY or all(often[key] < FEW for key in others)
        if is_varied and is_alike and is_one_of_them and is_clear:
            return figures | others
        return figures


def _look(value: Any, place: str, objects: dict[str, _Objects]) -> None:
    """Note the keys of a value's objects; items of a list are in one place."""
    if isinstance(value, dict):
        objects[place].keys[tuple(value)] += 1
        for key, inner in value.items():
            objects[place].types[key].add(type(inner))
            _look(inner, f"{place}.{key}", objects)
    elif isinstance(value, list):
        for inner in value:
            _look(inner, f"{place}.[]", objects)


def pieces(path: Path, encoding: str, records: str, columns: Sequence[str]) -> Iterator[Piece]:
    """The file in pieces; ``columns`` are those wanted, without them all that a piece has."""
    text.refuse_what_is_no_text(path, encoding, "JSON")
    found = _records(path, encoding, records)
    while part := list(islice(found, ROWS)):
        yield _piece(part, columns)


def _piece(part: list[tuple[int, Any]], columns: Sequence[str]) -> Piece:
    good = [(line, record) for line, record in part if isinstance(record, dict)]
    names = columns or _names(record for _, record in good)
    wanted = {name: name[:-1] if name.lower() == "line_" else name for name in names}
    cells = {
        column: pa.array([_text(_at(record, name)) for _, record in good], pa.string())
        for column, name in wanted.items()
    }
    lines = pa.array([line for line, _ in good], pa.int64())
    rejects = tuple(Reject(n, "", *NO_RECORD) for n, record in part if not isinstance(record, dict))
    return Piece(pa.table({**cells, "line": lines}), rejects)


def _at(value: Any, name: str) -> Any:
    """What stands under a dotted name; None where nothing does."""
    if isinstance(value, dict) and name in value:
        return value[name]
    first, _, rest = name.partition(".")
    if isinstance(value, dict):
        value = value.get(first)
    elif isinstance(value, list) and first.isdecimal():
        value = value[int(first)] if int(first) < len(value) else None
    else:
        return None
    return _at(value, rest) if rest else value


def _leaves(
    value: Any, values: dict[str, set[str]], name: str = "", place: str = ""
) -> Iterator[str]:
    """The dotted names of all that is filled in a value, and of its lists.

    ``values`` are the keys that are no names, by place.
    """
    if isinstance(value, dict) and not (name and values.get(place)):
        for key, inner in value.items():
            if key not in values.get(place, ()):
                whole = f"{name}.{key}" if name else key
                yield from _leaves(inner, values, whole, f"{place}.{key}")
    elif isinstance(value, list):
        if value:
            yield name
        for number, inner in enumerate(value):
            yield from _leaves(inner, values, f"{name}.{number}", f"{place}.[]")
    else:
        yield name


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value) if value else ""


def _json(value: Any) -> str:
    """A value as compact JSON, numbers as they were written."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _records(path: Path, encoding: str, records: str) -> Iterator[tuple[int, Any]]:
    """Each record with its number; None for one that can't be read."""
    if _is_by_line(path):
        return _of_lines(path, encoding)
    stream = _Stream(path, encoding)
    return enumerate(_of_list(stream, records), 1)


def _is_by_line(path: Path) -> bool:
    """True where each line is a record: by the file's name, or as its first two lines are."""
    if path.name.lower().removesuffix(".gz").endswith(BY_LINE):
        return True
    first, _, below = text.head(path).removeprefix(text.UTF_8_MARK).strip().partition(b"\n")
    return first.strip().endswith(b"}") and below.lstrip().startswith(b"{")


def _of_lines(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    number, rest, long = 0, b"", False
    for block in text.text_blocks(path, encoding):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if line.strip():
                number += 1
                yield number, None if long else _record(line)
            long = False
        if len(rest) > text.BLOCK_BYTES:
            rest, long = b"-", True
    if rest.strip():
        last = None if long else _record(rest)
        if last is None:
            raise text.cut_short(path, f"record {number + 1} has no end")
        yield number + 1, last


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        found = DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _of_list(stream: _Stream, records: str) -> Iterator[Any]:
    """The records of the one list in a file."""
    path = records.split(".") if records else []
    if not path and stream.peek() == "[":
        yield from stream.items()
    else:
        found: set[str] = set()
        for name, item in _of_object(stream, path):
            found.add(name)
            if len(found) == 1:
                yield item
        if len(found) > 1:
            raise stream.error(
                f"the file holds {len(found)} lists of records",
                'Say which one in the mapping by its name, such as records = "visits".',
            )
        if not found:
            raise stream.error(
                f"there is no list of records under {records}"
                if records
                else "the file holds no list of records",
                'Say where it is in the mapping, such as records = "data.items".',
            )
    if stream.peek():
        raise stream.broken()


def _of_object(stream: _Stream, path: list[str]) -> Iterator[tuple[str, Any]]:
    """Records of the lists in an object, or of the one that ``path`` names, with its name."""
    for name in stream.members():
        if path and name != path[0]:
            stream.value()
        elif len(path) > 1 and stream.peek() == "{":
            yield from _of_object(stream, path[1:])
        elif len(path) < 2 and stream.peek() == "[":
            is_list = bool(path)
            for item in stream.items():
                is_list = is_list or isinstance(item, dict)
                if is_list:
                    yield name, item
        else:
            stream.value()


class _Stream:
    """JSON text of any length, one value at a time."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path = path
        self._blocks = text.text_blocks(path, encoding)
        self._text = ""
        self._at = 0
        self._lines = 1

    def _more(self) -> bool:
        """Reads on; False at the end of the file."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :] + block.decode(), 0
        return True

    def peek(self) -> str:
        """The next character that is no space; '' at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Goes past a character that must come."""
        if self.peek() != wanted:
            raise self.broken()
        self._at += 1

    def value(self) -> Any:
        """The next value as a whole."""
        self.peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._more():
                    self._at = end
                    return found
            except json.JSONDecodeError:
                if len(self._text) - self._at > text.BLOCK_BYTES or not self._more():
                    raise self.broken() from None
            except (ValueError, RecursionError):
                raise self.broken() from None

    def items(self) -> Iterator[Any]:
        """The items of the list that begins here."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.peek() != ",":
                return self.take("]")
            self.take(",")

    def members(self) -> Iterator[str]:
        """The names in the object that begins here; the value of each is to be taken."""
        self.take("{")
        while self.peek() == '"':
            name = self.value()
            self.take(":")
            yield name
            if self.peek() == ",":
                self.take(",")
        self.take("}")

    def error(self, what: str, repair: str) -> InputError:
        """An error about the file."""
        return InputError(what, where=self._path.name, repair=repair)

    def broken(self) -> InputError:
        """An error for JSON that can't be read from here on."""
        if not self._more_than_space():
            return text.cut_short(self._path, "its JSON has no end")
        line = self._lines + self._text.count("\n", 0, self._at)
        return InputError(
            "the JSON can't be read from here on",
            where=f"{self._path.name}, line {line}",
            repair="Mend or export it again; nothing of it was loaded.",
        )

    def _more_than_space(self) -> bool:
        """True where something follows that is not the beginning of a value cut short."""
        rest = self._text[self._at :]
        try:
            DECODER.raw_decode(rest.strip())
        except json.JSONDecodeError as error:
            is_open = error.msg.startswith("Unterminated") or error.pos >= len(rest.strip())
            return not is_open
        except (ValueError, RecursionError):
            return True
        return True
