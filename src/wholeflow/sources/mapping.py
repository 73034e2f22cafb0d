"""A mapping: how the rows of a source become events, as a TOML file.

``docs/guides/write-a-mapping.md`` explains each key. A mapping is checked whole
when it is read, so that no row is touched by a faulty one.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, unknown
from wholeflow.core.time import LONDON, zone
from wholeflow.events import TableSpec, choices, table, table_names

SHIPPED = files("wholeflow.sources").joinpath("mappings")
TOP_KEYS = [
    "source", "title", "licence", "zone", "clock", "people", "times", "encoding", "separator",
    "each", "file", "place", "unlisted_places", "organisation",
]  # fmt: skip
FILE_KEYS = [
    "feed", "match", "key", "recorded_at", "withdrawn", "encoding", "separator", "times", "each",
    "says",
]  # fmt: skip

DIRECTIVES = "YmdHMSfzbBjpIy"
"""What the formats of times may hold after a per cent sign, as in Python's strftime."""

DIRECTIVE = re.compile(r"%(.?)")


@dataclass(frozen=True)
class Value:
    """Where a field's value comes from: a constant, or a column of the file.

    ``codes`` translates the cell (a cell that it does not list rejects the row),
    ``formats`` reads it as a time, ``plus`` moves a date on by a day or a month.
    """

    constant: str | None = None
    column: str | None = None
    codes: tuple[tuple[str, str], ...] = ()
    formats: tuple[str, ...] = ()
    plus: str = ""


@dataclass(frozen=True)
class Condition:
    """Rows that a statement is about: those whose column holds one of the values.

    ``values`` empty: ``filled`` says whether the cell must hold something or nothing.
    """

    column: str
    values: tuple[str, ...] = ()
    filled: bool = True


@dataclass(frozen=True)
class Saying:
    """One thing that each row says: a row of a declared table."""

    table: str
    fields: tuple[tuple[str, Value], ...]
    when: tuple[Condition, ...] = ()
    attributes: tuple[str, ...] = ()

    @property
    def spec(self) -> TableSpec:
        """The declared table that it goes to."""
        return table(self.table)


@dataclass(frozen=True)
class FileMapping:
    """One layout of file: how its name looks, its key, and what its rows say."""

    feed: str
    match: tuple[str, ...]
    key: tuple[str, ...]
    says: tuple[Saying, ...]
    recorded_at: Value | None
    withdrawn: tuple[Condition, ...]
    encoding: str
    separator: str

    def fits(self, name: str) -> bool:
        """True when a file of that name has this layout."""
        return any(fnmatch(name, pattern) for pattern in self.match)

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, each once, in order of use."""
        found = [*self.key, *(condition.column for condition in self.withdrawn)]
        for said in self.says:
            found += [condition.column for condition in said.when]
            found += [value.column for _, value in said.fields if value.column]
            found += said.attributes
        if self.recorded_at and self.recorded_at.column:
            found.append(self.recorded_at.column)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Mapping:
    """A whole mapping: its files, and the places and organisations that it declares."""

    source: str
    title: str
    licence: str
    zone: str
    clock: str
    people: str
    files: tuple[FileMapping, ...]
    places: tuple[dict[str, str], ...]
    unlisted_places: dict[str, str] | None
    organisations: tuple[dict[str, str], ...]

    def file_for(self, path: Path) -> FileMapping | None:
        """The layout of a file, or None where the mapping names none."""
        return next((layout for layout in self.files if layout.fits(path.name)), None)


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with wholeflow."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in SHIPPED.iterdir()
        if entry.name.endswith(".toml")
    )


def shipped_mapping(name: str) -> Mapping:
    """A mapping that comes with wholeflow."""
    if name not in shipped_mappings():
        raise unknown("source", name, shipped_mappings())
    entry = SHIPPED.joinpath(f"{name}.toml")
    return parse_mapping(entry.read_text(encoding="utf-8"), where=f"{name}.toml")


def read_mapping(path: Path) -> Mapping:
    """A mapping from a TOML file; InputError names the key at fault."""
    try:
        return parse_mapping(path.read_text(encoding="utf-8"), where=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the mapping file can't be read",
            where=str(path),
            repair="Name a TOML file in UTF-8; docs/guides/write-a-mapping.md shows one.",
        ) from error


def parse_mapping(text: str, where: str) -> Mapping:
    """A mapping from TOML text. ``where`` names it in messages."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"the mapping is not TOML: {error}", where=where, repair="Mend that line."
        ) from error
    return _Reader(where).mapping(raw)


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


class _Reader:
    """Turns parsed TOML into a Mapping; every fault says in which file and under what key."""

    def __init__(self, where: str) -> None:
        self.where = where

    def mapping(self, raw: dict[str, Any]) -> Mapping:
        self.only(raw, TOP_KEYS, "")
        source = self.text(raw, "source", "")
        zone_name = raw.get("zone", LONDON)
        zone(zone_name)
        if raw.get("clock", "shared") not in ("shared", "shifted_per_person"):
            self.fail("clock", "is neither shared nor shifted_per_person", "Use one of these.")
        for name in ("file", "place", "organisation"):
            if not all(isinstance(entry, dict) for entry in self.several(raw, name)):
                self.fail(name, "is not a list of tables", f"Write [[{name}]].")
        if not raw.get("file"):
            self.fail("file", "is missing", "Add a [[file]] for each layout of file.")
        return Mapping(
            source=source,
            title=raw.get("title", source),
            licence=raw.get("licence", ""),
            zone=zone_name,
            clock=raw.get("clock", "shared"),
            people=raw.get("people", source),
            files=tuple(self.file(entry, raw) for entry in raw["file"]),
            places=tuple(self.declared("places", entry) for entry in raw.get("place", [])),
            unlisted_places=raw.get("unlisted_places"),
            organisations=tuple(
                self.declared("organisations", entry) for entry in raw.get("organisation", [])
            ),
        )

    def several(self, raw: dict[str, Any], key: str) -> list[Any]:
        value = raw.get(key, [])
        if not isinstance(value, list):
            self.fail(key, "is not a list", f"Write [[{key}]] for a table, ['...'] for texts.")
        return list(value)

    def declared(self, name: str, entry: dict[str, str]) -> dict[str, str]:
        fields = {f.name: f for f in table(name).own}
        self.only(entry, list(fields), name)
        for key, value in entry.items():
            allowed = fields[key].choice_list
            if allowed and value not in choices(allowed):
                self.fail(
                    f"{name}.{key}", f"can't be {value!r}", f"Use: {', '.join(choices(allowed))}."
                )
        return entry

    def file(self, raw: dict[str, Any], top: dict[str, Any]) -> FileMapping:
        feed = self.text(raw, "feed", "file")
        self.only(raw, FILE_KEYS, feed)
        times = tuple(self.several(raw if "times" in raw else top, "times"))
        shared = {**top.get("each", {}), **raw.get("each", {})}
        used = {entry.get("table", "events") for entry in raw.get("says", [])}
        known = {f.name for name in used if name in table_names() for f in table(name).own}
        self.only(raw.get("each", {}), sorted(known), f"{feed}.each")
        recorded = raw.get("recorded_at")
        encoding = raw.get("encoding", top.get("encoding", "utf-8"))
        separator = raw.get("separator", top.get("separator", ","))
        if not _is_encoding(encoding):
            self.fail("encoding", f"can't be {encoding!r}", "Use a name such as utf-8 or cp1252.")
        if len(separator) != 1:
            self.fail("separator", "is not one character", "Use ',' or ';' or '\\t'.")
        return FileMapping(
            feed=feed,
            match=tuple(self.some(raw, "match", feed)),
            key=tuple(raw.get("key", ())),
            says=tuple(self.saying(entry, shared, times, feed) for entry in raw.get("says", [])),
            recorded_at=None if recorded is None else self.value(recorded, times, True, feed),
            withdrawn=tuple(self.condition(*item) for item in raw.get("withdrawn", {}).items()),
            encoding=encoding,
            separator=separator,
        )

    def saying(
        self, raw: dict[str, Any], shared: dict[str, Any], times: tuple[str, ...], feed: str
    ) -> Saying:
        name = raw.get("table", "events")
        if name not in table_names():
            raise unknown("table", name, list(table_names()))
        spec = table(name)
        own = {f.name: f for f in spec.own}
        fields = {key: value for key, value in shared.items() if key in own}
        fields |= {k: v for k, v in raw.items() if k not in ("table", "when", "attributes")}
        for key in fields:
            if key not in own:
                self.fail(f"{feed}.{key}", f"is no field of {name}", f"Use: {', '.join(own)}.")
        values = {
            key: self.value(value, times, own[key].type == "instant", f"{feed}.{key}")
            for key, value in fields.items()
        }
        for f in spec.own:
            if f.required and not f.default and f.name not in values:
                self.fail(f"{feed}.{f.name}", "is missing", f"It means: {f.meaning}")
            if f.choice_list and f.name in values:
                self.allowed(values[f.name], f.choice_list, f"{feed}.{f.name}")
        return Saying(
            table=name,
            fields=tuple(values.items()),
            when=tuple(self.condition(*item) for item in raw.get("when", {}).items()),
            attributes=tuple(raw.get("attributes", ())),
        )

    def allowed(self, value: Value, list_name: str, key: str) -> None:
        """Every value that the field can take is in its closed list."""
        given = [value.constant] if value.constant is not None else [to for _, to in value.codes]
        if value.column and not value.codes:
            self.fail(key, "needs codes", "Say what each code of the column means here.")
        for name in given:
            if name not in choices(list_name):
                self.fail(key, f"can't be {name!r}", f"Use: {', '.join(choices(list_name))}.")

    def value(self, raw: Any, times: tuple[str, ...], is_time: bool, key: str) -> Value:
        if not isinstance(raw, dict):
            return Value(constant=str(raw))
        self.only(raw, ["column", "codes", "format", "plus"], key)
        formats = raw.get("format", times if is_time else ())
        formats = (formats,) if isinstance(formats, str) else tuple(formats)
        plus = raw.get("plus", "")
        for form in formats:
            if set(DIRECTIVE.findall(form)) - set(DIRECTIVES) or "%Y" not in form:
                self.fail(
                    key, f"can't be read by the format {form!r}",
                    f"Use %Y and others of {' '.join('%' + d for d in DIRECTIVES)}.",
                )  # fmt: skip
        if plus not in ("", "day", "month"):
            self.fail(key, f"can't add a {plus!r}", "Use plus = 'day' or plus = 'month'.")
        return Value(
            column=self.text(raw, "column", key),
            codes=tuple((str(k), str(v)) for k, v in raw.get("codes", {}).items()),
            formats=formats,
            plus=plus,
        )

    def condition(self, column: str, wanted: Any) -> Condition:
        if isinstance(wanted, bool):
            return Condition(column, filled=wanted)
        values = wanted if isinstance(wanted, list) else [wanted]
        return Condition(column, values=tuple(str(value) for value in values))

    def text(self, raw: dict[str, Any], key: str, inside: str) -> str:
        value = raw.get(key)
        if not isinstance(value, str) or not value:
            self.fail(f"{inside}.{key}".strip("."), "is missing", f"Add {key} = '...'.")
        return str(value)

    def some(self, raw: dict[str, Any], key: str, inside: str) -> list[str]:
        value = raw.get(key)
        if not isinstance(value, list) or not value:
            self.fail(f"{inside}.{key}", "is missing", f"Add {key} = ['...'].")
        return [str(item) for item in value or []]

    def only(self, raw: Dictionary[str, Any], known: list[str], inside: str) -> None:
        for key in raw:
            if key not in known:
                self.fail(
                    f"{inside}.{key}".strip("."), "is not known here", f"Use: {', '.join(known)}."
                )

    def fail(self, key: str, what: str, repair: str) -> None:
        raise InputError(f"in the mapping, {key} {what}", where=self.where, repair=repair)
