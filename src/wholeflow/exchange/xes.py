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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast
from xml.parsers import expat

from wholeflow.core.errors import InputError, RequestError
from wholeflow.exchange.values import spelled
from wholeflow.exchange.whole_file import whole_file

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
class Extension:
    """A declared extension: the prefix of its keys, and where it is explained."""

    name: str
    prefix: str
    uri: str


@dataclass(frozen=True, slots=True)
class Global:
    """Attributes that every trace or event has, with the values to assume."""

    scope: str | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Classifier:
    """What makes two events (or traces) equal: keys, separated by spaces."""

    name: str
    keys: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The events of one case, in order."""

    attributes: tuple[Attribute, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the log element says of itself: version and features."""

    said: tuple[tuple[str, str], ...] = (
        ("xes.version", "1849.2016"),
        ("xes.features", "nested-attributes"),
    )


Piece = Header | Extension | Global | Classifier | Attribute | Trace | Event
"""What lies directly in a log."""


@dataclass(frozen=True)
class XesLog:
    """A whole XES log."""

    header: Header = field(default_factory=Header)
    extensions: tuple[Extension, ...] = ()
    globals: tuple[Global, ...] = ()
    classifiers: tuple[Classifier, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    traces: tuple[Trace, ...] = ()
    events: tuple[Event, ...] = ()
    """Events outside any trace."""

    def pieces(self) -> Iterator[Piece]:
        """The log in the order of the standard."""
        yield self.header
        for part in ("extensions", "globals", "classifiers", "attributes", "traces", "events"):
            yield from getattr(self, part)


def read_xes(path: str | Path) -> XesLog:
    """A whole log from a file, also where it is compressed with gzip.

    Raises InputError, with file and line, for what is no XES or has a DTD.
    """
    found: dict[type, list[Any]] = {
        kind: [] for kind in (Header, Extension, Global, Classifier, Attribute, Trace, Event)
    }
    for piece in read_pieces(Path(path)):
        found[type(piece)].append(piece)
    header, *others = found.values()
    return XesLog(header[0], *(tuple(other) for other in others))


def read_pieces(path: Path) -> Iterator[Piece]:
    """A log piece by piece, the header first; memory holds one trace at a time."""
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
            self._open.append(_Node(tag, said))
        else:
            raise self._fault(f"an element <{tag}> does not belong here")
        if len(self._open) > DEPTH:
            raise self._fault(f"attributes lie deeper than {DEPTH} in one another")
        if tag == "log":
            own = tuple((key, text) for key, text in said.items() if "\n" not in key)
            self._ready.append(Header(own))

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
        if node.tag == "global":
            return Global(node.said.get("scope"), inside)
        if node.tag == "extension":
            return Extension(*(self._said(node, name) for name in ("name", "prefix", "uri")))
        if node.tag == "classifier":
            name, keys = self._said(node, "name"), self._said(node, "keys")
            return Classifier(name, keys, node.said.get("scope"))
        key = self._said(node, "key")
        try:
            return Attribute(node.tag, key, node.said.get("value"), inside, node.values)
        except InputError as error:
            raise self._fault(error.what, error.repair) from None

    def _said(self, node: _Node, name: str) -> str:
        if name not in node.said:
            raise self._fault(f"an element <{node.tag}> lacks its {name}")
        return node.said[name]


def write_xes(log: XesLog, path: str | Path) -> None:
    """Write a log, whole or not at all; with gzip where the name ends in ``.gz``.

    Raises RequestError when the file can't be written, or a text holds a character
    that XML has no way to write.
    """
    write_pieces(log.pieces(), Path(path))


def write_pieces(pieces: Iterable[Piece], path: Path) -> None:
    """Write a log piece by piece, the header first."""
    with whole_file(path) as made, made.open("wb") as raw:
        if path.name.endswith(".gz"):
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                _write_all(pieces, cast(BinaryIO, packed), path)
        else:
            _write_all(pieces, raw, path)


def _write_all(pieces: Iterable[Piece], file: BinaryIO, path: Path) -> None:
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    for piece in pieces:
        text = "".join(_piece(piece))
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


def _tag(tag: str, /, **said: str | None) -> str:
    there = ((key, text) for key, text in said.items() if text is not None)
    told = (f' {key}="{text.translate(_ESCAPES)}"' for key, text in there)
    return f"<{tag}{''.join(told)}"


def _piece(piece: Piece) -> Iterator[str]:
    if isinstance(piece, Header):
        yield f'{_tag("log", **dict(piece.said))} xmlns="{_NAMESPACE}">\n'
    elif isinstance(piece, Extension):
        yield _tag("extension", name=piece.name, prefix=piece.prefix, uri=piece.uri) + "/>\n"
    elif isinstance(piece, Classifier):
        yield _tag("classifier", name=piece.name, scope=piece.scope, keys=piece.keys) + "/>\n"
    elif isinstance(piece, Global):
        yield _tag("global", scope=piece.scope) + ">\n"
        for attribute in piece.attributes:
            yield from _attribute(attribute)
        yield "</global>\n"
    elif isinstance(piece, Trace):
        yield "<trace>\n"
        for attribute in piece.attributes:
            yield from _attribute(attribute)
        for event in piece.events:
            yield from _piece(event)
        yield "</trace>\n"
    elif isinstance(piece, Event):
        yield "<event>\n"
        for attribute in piece.attributes:
            yield from _attribute(attribute)
        yield "</event>\n"
    else:
        yield from _attribute(piece)


def _attribute(attribute: Attribute) -> Iterator[str]:
    opened = _tag(attribute.kind, key=attribute.key, value=attribute.value)
    if not attribute.children and attribute.values is None:
        yield opened + "/>\n"
        return
    yield opened + ">\n"
    for child in attribute.children:
        yield from _attribute(child)
    if attribute.values is not None:
        yield "<values>\n"
        for value in attribute.values:
            yield from _attribute(value)
        yield "</values>\n"
    yield f"</{attribute.kind}>\n"
