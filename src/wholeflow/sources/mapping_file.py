"""Reading a mapping from its TOML file, checked whole so that no row meets a faulty one."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as Dictionary
from importlib.resources import files
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, unknown
from wholeflow.core.time import LONDON, zone
from wholeflow.events import Field, TableSpec, choices, table, table_names
from wholeflow.events.declared import common_fields
from wholeflow.sources.mapping import Condition, FileMapping, Mapping, Saying, Value

SHIPPED = files("wholeflow.sources").joinpath("mappings")
TOP_KEYS = [
    "source", "title", "licence", "zone", "clock", "people", "times", "blank", "encoding",
    "separator", "each", "file", "place", "unlisted_places", "organisation",
]  # fmt: skip
FILE_KEYS = [
    "feed", "match", "key", "recorded_at", "withdrawn", "people", "blank", "encoding",
    "separator", "times", "each", "says",
]  # fmt: skip
RECORDED_AT = next(field for field in common_fields() if field.name == "recorded_at")

DIRECTIVES = "YmdHMSfzbBjpIy"
"""What the formats of times may hold after a per cent sign, as in Python's strftime."""

DIRECTIVE = re.compile(r"%(.?)")


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
            files=tuple(self.file(entry, {"people": source, **raw}) for entry in raw["file"]),
            places=self.places(raw),
            unlisted_places=None
            if "unlisted_places" not in raw
            else self.declared("places", {"place": "any", **raw["unlisted_places"]}),
            organisations=tuple(
                self.declared("organisations", entry) for entry in raw.get("organisation", [])
            ),
        )

    def places(self, raw: dict[str, Any]) -> tuple[dict[str, str], ...]:
        found = [self.declared("places", entry) for entry in raw.get("place", [])]
        names = [entry["place"] for entry in found]
        for name in names:
            if names.count(name) > 1:
                self.fail("place", f"{name!r} is declared twice", "Keep one of the two.")
        return tuple(found)

    def several(self, raw: dict[str, Any], key: str) -> list[Any]:
        value = raw.get(key, [])
        if not isinstance(value, list):
            self.fail(key, "is not a list", f"Write [[{key}]] for a table, ['...'] for texts.")
        return list(value)

    def declared(self, name: str, entry: dict[str, str]) -> dict[str, str]:
        fields = {f.name: f for f in table(name).own}
        self.only(entry, list(fields), name)
        self.text(entry, name.removesuffix("s"), name)
        for key, value in entry.items():
            if isinstance(value, bool) != (fields[key].type == "flag"):
                self.fail(f"{name}.{key}", "has the wrong type", f"It means: {fields[key].meaning}")
            allowed = fields[key].choice_list
            if allowed and value not in choices(allowed):
                self.fail(
                    f"{name}.{key}", f"can't be {value!r}", f"Use: {', '.join(choices(allowed))}."
                )
        return entry

    def file(self, raw: dict[str, Any], top: dict[str, Any]) -> FileMapping:
        self.only(raw, FILE_KEYS, raw.get("feed", "file"))
        feed = self.text(raw, "feed", "file")
        times = tuple(self.several(raw if "times" in raw else top, "times"))
        for level in (top, raw):
            if not isinstance(level.get("each", {}), dict):
                self.fail("each", "is no table", "Write each = { person = { column = '...' } }.")
        shared = {**top.get("each", {}), **raw.get("each", {})}
        used = {entry.get("table", "events") for entry in raw.get("says", [])}
        known = {f.name for name in used if name in table_names() for f in table(name).own}
        self.only(raw.get("each", {}), sorted(known), f"{feed}.each")
        recorded = raw.get("recorded_at")
        encoding = raw.get("encoding", top.get("encoding", "utf-8"))
        separator = raw.get("separator", top.get("separator", ","))
        if not _is_encoding(encoding):
            self.fail("encoding", f"can't be {encoding!r}", "Use a name such as utf-8 or cp1252.")
        if not isinstance(separator, str) or len(separator) != 1:
            self.fail("separator", "is not one character", "Use ',' or ';' or '\\t'.")
        return FileMapping(
            feed=feed,
            match=tuple(self.some(raw, "match", feed)),
            key=tuple(self.several(raw, "key")),
            says=tuple(self.saying(entry, shared, times, feed) for entry in raw.get("says", [])),
            recorded_at=None
            if recorded is None
            else self.value(recorded, times, RECORDED_AT, f"{feed}.recorded_at"),
            withdrawn=self.conditions(raw, "withdrawn", feed),
            people=raw.get("people", top["people"]),
            blank=tuple(self.several(raw if "blank" in raw else top, "blank")),
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
            key: self.value(value, times, own[key], f"{feed}.{key}")
            for key, value in fields.items()
        }
        for f in spec.own:
            if f.required and not f.default and f.name not in values:
                self.fail(f"{feed}.{f.name}", "is missing", f"It means: {f.meaning}")
            if f.choice_list and f.name in values:
                self.allowed(values[f.name], f.choice_list, f"{feed}.{f.name}")
        self.keep_identifiers_out(spec, values, raw.get("attributes", ()), feed)
        return Saying(
            table=name,
            fields=tuple(values.items()),
            when=self.conditions(raw, "when", feed),
            attributes=tuple(raw.get("attributes", ())),
        )

    def keep_identifiers_out(
        self, spec: TableSpec, values: dict[str, Value], attributes: Any, feed: str
    ) -> None:
        """A column that identifies somebody goes to no field that is kept as it is."""
        secret = {values[f.name].column for f in spec.fields_of_type("identifier")
                  if f.name in values}  # fmt: skip
        open_fields = [f.name for f in spec.fields_of_type("code", "text") if f.name in values]
        kept = [(f"{feed}.{name}", values[name].column) for name in open_fields]
        for key, column in [*kept, *((f"{feed}.attributes", name) for name in attributes)]:
            if column in secret:
                self.fail(key, f"would keep the identifiers in {column} as they are",
                          "Leave the column out here.")  # fmt: skip

    def allowed(self, value: Value, list_name: str, key: str) -> None:
        """Every value that the field can take is in its closed list."""
        given = [value.constant] if value.constant is not None else [to for _, to in value.codes]
        if value.column and not value.codes:
            self.fail(key, "needs codes", "Say what each code of the column means here.")
        for name in given:
            if name not in choices(list_name):
                self.fail(key, f"can't be {name!r}", f"Use: {', '.join(choices(list_name))}.")

    def value(self, raw: Any, times: tuple[str, ...], field: Field, key: str) -> Value:
        is_time = field.type == "instant"
        if not isinstance(raw, dict):
            if is_time or field.type == "identifier":
                self.fail(key, "can't be the same for every row", f'Write {{ column = "{raw}" }}.')
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

    def conditions(self, raw: dict[str, Any], key: str, inside: str) -> tuple[Condition, ...]:
        value = raw.get(key, {})
        if not isinstance(value, dict):
            self.fail(f"{inside}.{key}", "is no table", f'Write {key} = {{ column = ["A", "B"] }}.')
        return tuple(self.condition(*item) for item in value.items())

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
            what = "is not a list" if value else "is missing"
            self.fail(f"{inside}.{key}", what, f"Write {key} = ['...'].")
        return [str(item) for item in value or []]

    def only(self, raw: Dictionary[str, Any], known: list[str], inside: str) -> None:
        for key in raw:
            if key not in known:
                self.fail(
                    f"{inside}.{key}".strip("."), "is not known here", f"Use: {', '.join(known)}."
                )

    def fail(self, key: str, what: str, repair: str) -> None:
        raise InputError(f"in the mapping, {key} {what}", where=self.where, repair=repair)
