"""XES logs (IEEE 1849): a log of traces of events, each with typed attributes.

Everything that the standard lets a file say is kept: extensions, globals, classifiers,
attributes of the log, of traces and of events, nested and in lists, events outside any
trace, and dates as they are written, with their offsets. Numbers and flags are kept in
one spelling (``85`` as a float is ``85.0``). Files are read and written piece by piece.
A document with a DTD is refused: entities are how XML is made to explode.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from xml.parsers import expat

from wholeflow.core.errors import InputError, RequestError
from wholeflow.core.whole_file import whole_file
from wholeflow.exchange.values import spelled

KINDS = {
    "string": "string",
    "date": "time",
    "int": "integer",
    "float": "float",
    "boolean": "boolean",
    "id": "string",
}
"""The simple attribute types of XES, and how their values are spelled."""

COLLECTIONS = ("list", "container")
DEPTH = 100
"""How deep attributes may lie in one another."""

_NAMESPACE = "http://www.xes-standard.org/"
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its XES type, key and value, the attributes nested in it.

    ``value`` is text in the one spelling of its type, None for a list or container.
    ``values`` are what a list holds in its ``values`` element, None where it has none.
    Raises InputError when the value does not fit the type.

    >>> Attribute("float", "crp", "85").value
    '85.0'
    """

    kind: str
    key: str
    value: str | None = None
    children: tuple[Attribute, ...] = ()
    values: tuple[Attribute, ...] | None = None

    def __post_init__(self) -> None:
        if self.kind in COLLECTIONS:
            if self.value is not None:
                raise InputError(f"a {self.kind} has no value of its own")
            return
        if self.kind not in KINDS or self.value is None:
            raise InputError("an attribute has no value or no type of XES")
        try:
            object.__setattr__(self, "value", spelled(KINDS[self.kind], self.value))
        except ValueError:
            raise InputError(
                f"a value is not of its type, {self.kind}",
                repair="Mend the program that wrote it, or write the value as a string.",
            ) from None


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is carried through as it is: ``log``, the header, which comes first
    and whose content follows it; ``extension``, ``global`` and ``classifier``."""

    tag: str
    said: tuple[tuple[str, str], ...] = ()
    children: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The events of one case, in order."""

    attributes: tuple[Attribute, ...]
    events: tuple[Event, ...]


Piece = Element | Attribute | Trace | Event
"""What lies directly in a log, and before it the header."""


def read_pieces(path: Path) -> Iterator[Piece]:
    """A log piece by piece, also where it is compressed; memory holds one trace at a time.

    Raises InputError, with file and line, for what is no XES or has a DTD.
    """
    parser = _Parser(path.name)
    with _opened(path) as file:
        while block := file.read(_BLOCK):
            yield from parser.feed(block, is_last=False)
    yield from parser.feed(b"", is_last=True)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_packed else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            "the file can't be read to its end",
            where=str(path),
            repair="Check that it is there, that you may read it, and that it is whole.",
        ) from error


class _Node:
    """An element that is still open."""

    __slots__ = ("attributes", "events", "said", "tag", "values")

    def __init__(self, tag: str, said: dict[str, str]) -> None:
        self.tag = tag
        self.said = said
        self.attributes: list[Attribute] = []
        self.events: list[Event] = []
        self.values: tuple[Attribute, ...] | None = None


_WITHIN = {
    "extension": ("log",),
    "global": ("log",),
    "classifier": ("log",),
    "trace": ("log",),
    "event": ("log", "trace"),
    "values": ("list",),
}
"""In which elements an element may lie; attributes may lie anywhere else."""

_CHILDLESS = ("extension", "classifier")
_NEEDS = {"extension": ("name", "prefix", "uri"), "classifier": ("name", "keys"), "global": ()}
"""What an element must say of itself; any attribute its key."""


class _Parser:
    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Node] = []
        self._ready: list[Piece] = []
        self._expat = expat.ParserCreate(namespace_separator="\n")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, block: bytes, *, is_last: bool) -> list[Piece]:
        """What became whole with this block."""
        try:
            self._expat.Parse(block, is_last)
        except expat.ExpatError as error:
            raise self._fault(
                f"this is not well-formed XML ({expat.ErrorString(error.code)})",
                "Export the log again; the file may be cut short or be no XES.",
            ) from None
        ready, self._ready = self._ready, []
        return ready

    def _fault(self, what: str, repair: str = "") -> InputError:
        line = self._expat.ErrorLineNumber or self._expat.CurrentLineNumber
        return InputError(
            what,
            where=f"{self._name} line {line}",
            repair=repair or "Mend the program that wrote it: the file is no XES (IEEE 1849).",
        )

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fault(
            "the document has a DTD, which XES has not",
            "Take the DOCTYPE out, if you trust the file.",
        )

    def _start(self, name: str, said: dict[str, str]) -> None:
        tag = name.rpartition("\n")[2]
        parent = self._open[-1].tag if self._open else None
        if tag == "log" if parent is None else self._fits(tag, parent):
            told = {key: text for key, text in said.items() if "\n" not in key}  # no namespaces
            self._open.append(_Node(tag, told))
        else:
            raise self._fault(f"an element <{tag}> does not belong here")
        if len(self._open) > DEPTH:
            raise self._fault(f"attributes lie deeper than {DEPTH} in one another")
        if tag == "log":
            self._ready.append(Element(tag, tuple(told.items())))

    @staticmethod
    def _fits(tag: str, parent: str) -> bool:
        if tag in _WITHIN:
            return parent in _WITHIN[tag]
        return tag in (*KINDS, *COLLECTIONS) and parent not in _CHILDLESS

    def _end(self, _: str) -> None:
        node = self._open.pop()
        if node.tag == "log":
            return
        made = self._made(node)
        parent = self._open[-1]
        if isinstance(made, tuple):
            if parent.values is not None:
                raise self._fault("a list has two elements <values>")
            parent.values = made
        elif parent.tag == "log":
            self._ready.append(made)
        elif isinstance(made, Event):
            parent.events.append(made)
        elif isinstance(made, Attribute):
            parent.attributes.append(made)

    def _made(self, node: _Node) -> Piece | tuple[Attribute, ...]:
        inside = tuple(node.attributes)
        if node.tag == "event":
            return Event(inside)
        if node.tag == "trace":
            return Trace(inside, tuple(node.events))
        if node.tag == "values":
            return inside
        for name in _NEEDS.get(node.tag, ("key",)):
            if name not in node.said:
                raise self._fault(f"an element <{node.tag}> lacks its {name}")
        if node.tag in _NEEDS:
            return Element(node.tag, tuple(node.said.items()), inside)
        said = node.said
        try:
            return Attribute(node.tag, said["key"], said.get("value"), inside, node.values)
        except InputError as error:
            raise self._fault(error.what, error.repair) from None


def write_pieces(pieces: Iterable[Piece], path: Path) -> None:
    """Write a log, the header first, whole or not at all; with gzip where the name ends so.

    Raises RequestError when the file can't be written, or a text holds a character
    that XML has no way to write.
    """
    with whole_file(path) as made, made.open("wb") as raw:
        if path.name.endswith(".gz"):
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                _write_all(pieces, cast(BinaryIO, packed), path)
        else:
            _write_all(pieces, raw, path)


def _write_all(pieces: Iterable[Piece], file: BinaryIO, path: Path) -> None:
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    for piece in pieces:
        text = _text(piece)
        if _UNWRITABLE.search(text):
            raise RequestError(
                "a text holds a control character, which XML has no way to write",
                where=str(path),
                repair="Write OCEL instead: it can hold every character.",
            )
        file.write(text.encode())
    file.write(b"</log>\n")


_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
    | {"\r": "&#13;"}
)


def _text(piece: Piece) -> str:
    """A piece as XML; of the header the opening tag."""
    if isinstance(piece, Trace):
        return _element("trace", (), *piece.attributes, *piece.events)
    if isinstance(piece, Event):
        return _element("event", (), *piece.attributes)
    if isinstance(piece, Attribute):
        value = () if piece.value is None else (("value", piece.value),)
        values = None if piece.values is None else _element("values", (), *piece.values)
        return _element(piece.kind, (("key", piece.key), *value), *piece.children, last=values)
    if piece.tag == "log":
        return _opening("log", (*piece.said, ("xmlns", _NAMESPACE))) + ">\n"
    return _element(piece.tag, piece.said, *piece.children)


def _opening(tag: str, said: Iterable[tuple[str, str]]) -> str:
    return f"<{tag}" + "".join(f' {key}="{text.translate(_ESCAPES)}"' for key, text in said)


def _element(
    tag: str, said: Iterable[tuple[str, str]], *inside: Piece, last: str | None = None
) -> str:
    if not inside and last is None:
        return _opening(tag, said) + "/>\n"
    return f"{_opening(tag, said)}>\n{''.join(map(_text, inside))}{last or ''}</{tag}>\n"
