"""Reading a mapping from its TOML file, checked whole so that no row meets a faulty one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from wholeflow.core.errors import InputError, RequestError, unknown
from wholeflow.core.time import LONDON, zone
from wholeflow.events import Field, choices, table, table_names
from wholeflow.events.declared import common_fields
from wholeflow.sources.cells import FLAGS
from wholeflow.sources.mapping import (
    Condition,
    FileMapping,
    Join,
    Mapping,
    Replaces,
    Saying,
    Value,
)
from wholeflow.sources.people import TRAITS, who_people_are

SHIPPED = files("wholeflow.sources").joinpath("mappings")
TOP_KEYS = [
    "source", "title", "licence", "zone", "clock", "people", "times", "blank", "encoding",
    "separator", "each", "file", "place", "unlisted_places", "organisation",
]  # fmt: skip
FILE_KEYS = [
    "feed", "organisation", "match", "sheet", "records", "key", "recorded_at", "replaces",
    "withdrawn", "join", "people", "traits", "blank", "encoding", "separator", "times", "each",
    "says",
]  # fmt: skip
NO_FIELDS = ("table", "when", "unless", "attributes")
CELL_KEYS = ["column", "codes", "format", "plus", "scheme"]
SPANS = ("day", "week", "month", "quarter", "year")
RECORDED_AT = next(field for field in common_fields() if field.name == "recorded_at")
IS_TEXT = Field("", "text", "", False, "", "")

PEOPLE = ("person", "same_as", *TRAITS)
"""Fields that name a person, or something by which one is known."""

WHOSE = ("place", "organisation", "team", "from_place", "to_place", "value")
"""Fields that may keep the column that says whose number another column holds: a place or
organisation, or as the fact of a person which of them know somebody."""

DIRECTIVES = "YmdHMSfzbBjpIy"
"""What the formats of times may hold after a per cent sign, as in Python's strftime."""

YEAR = re.compile("%[Yy]")
"""A time needs its year. Of two digits, 69 to 99 are 1969 to 1999; a birth date needs four."""

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
    try:
        return _Reader(where).mapping(raw)
    except RequestError as error:  # a name that does not exist
        raise InputError(
            f"in the mapping, {error.what}", where=where, repair=error.repair
        ) from error


def _is_encoding(name: Any) -> bool:
    try:
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def _identifying(layout: FileMapping) -> Iterator[tuple[str, bool]]:
    """The columns of a layout that identify somebody.

    Each comes with whether it stands after another in its cell: it may then say whose number
    it is. Of what is made of several columns and names no person, only the first identifies. Sex
    and year of birth identify nobody, so they may be kept as facts.
    """
    for said in layout.says:
        values = dict(said.fields)
        for f in said.spec.fields_of_type("identifier"):
            if f.name in values and f.name not in ("sex", "birth_year"):
                cells = (values[f.name], *values[f.name].others)
                for cell in cells:
                    columns = cell.columns if f.name in PEOPLE else cell.columns[:1]
                    yield from ((column, n > 0) for n, column in enumerate(columns))


def _share_by_joins(layout: FileMapping, secret: dict[str, set[tuple[str, bool]]]) -> None:
    """Add columns that identify because those that they are joined on do."""
    for join in layout.joins:
        ours, theirs = secret[layout.feed], secret[join.feed]
        for here, there in join.on:
            ours |= {(here, after) for column, after in theirs if column == there}
            theirs |= {(there, after) for column, after in ours if column == here}


def _kept_as_they_are(layout: FileMapping) -> Iterator[tuple[str, str]]:
    """Fields whose cells a store keeps as they are, with the columns of each."""
    for said in layout.says:
        values = dict(said.fields)
        for f in said.spec.fields_of_type("code", "text"):
            if f.name in values:
                yield from ((f.name, column) for column in values[f.name].columns)
        yield from (("attributes", column) for column in said.attributes)


class _Reader:
    """Turns parsed TOML into a Mapping; every fault says in which file and under what key."""

    def __init__(self, where: str) -> None:
        self.where = where

    def mapping(self, raw: dict[str, Any]) -> Mapping:
        self.only(raw, TOP_KEYS, "")
        source = self.text(raw, "source", "")
        zone_name = self.word(raw, "zone", "") or LONDON
        zone(zone_name)
        if raw.get("clock", "shared") not in ("shared", "shifted_per_person"):
            self.fail("clock", "is neither shared nor shifted_per_person", "Use one of these.")
        for name in ("file", "place", "organisation"):
            self.tables(raw, name, f"[[{name}]]", "")
        if not raw.get("file"):
            self.fail("file", "is missing", "Add a [[file]] for each layout of file.")
        layouts = tuple(self.file(entry, {"people": source, **raw}) for entry in raw["file"])
        feeds = [layout.feed for layout in layouts]
        for feed in feeds:
            if feeds.count(feed) > 1:
                self.fail(
                    "file", f"{feed!r} is declared twice", "Give each [[file]] a feed of its own."
                )
        looked_up = {join.feed for layout in layouts for join in layout.joins}
        for layout in layouts:
            if not layout.says and layout.feed not in looked_up:
                self.fail(f"{layout.feed}.says", "is missing",
                          "Add [[file.says]] for each thing that a row says.")  # fmt: skip
        self.keep_identifiers_out(layouts)
        return Mapping(
            source=source,
            title=self.word(raw, "title", "") or source,
            licence=self.word(raw, "licence", ""),
            zone=zone_name,
            clock=raw.get("clock", "shared"),
            files=layouts,
            places=self.places(raw),
            unlisted_places=None
            if "unlisted_places" not in raw
            else self.declared(
                "places", {"place": "any", **self.inner(raw, "unlisted_places", "")}
            ),
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

    def tables(self, raw: dict[str, Any], key: str, written: str, inside: str) -> list[Any]:
        """A list of tables; empty where the key is absent."""
        value = raw.get(key, [])
        name = f"{inside}.{key}".strip(".")
        if not isinstance(value, list):
            self.fail(name, "is not a list", f"Write {written}.")
        if not all(isinstance(entry, dict) for entry in value):
            self.fail(name, "is not a list of tables", f"Write {written}.")
        return list(value)

    def texts(self, raw: dict[str, Any], key: str, inside: str) -> tuple[str, ...]:
        """A list of texts; empty where the key is absent."""
        value = raw.get(key, [])
        name = f"{inside}.{key}"
        if not isinstance(value, list):
            self.fail(name, "is not a list", f"Write {key} = ['...'].")
        if not all(isinstance(one, str) and one for one in value):
            self.fail(name, "is not a list of texts", f"Write {key} = ['...'].")
        return tuple(value)

    def inner(self, raw: Dictionary[str, Any], key: str, inside: str) -> dict[str, Any]:
        """A table within a table; empty where the key is absent."""
        value = raw.get(key, {})
        if not isinstance(value, dict):
            self.fail(f"{inside}.{key}".strip("."), "is no table", f"Write {key} = {{ ... }}.")
        return dict(value)

    def declared(self, name: str, entry: dict[str, str]) -> dict[str, str]:
        fields = {f.name: f for f in table(name).own}
        self.only(entry, list(fields), name)
        self.text(entry, name.removesuffix("s"), name)
        for key, value in entry.items():
            is_right = isinstance(value, bool if fields[key].type == "flag" else str)
            if not is_right:
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
        times = self.texts(raw if "times" in raw else top, "times", feed)
        recorded = raw.get("recorded_at")
        encoding = raw.get("encoding", top.get("encoding", "utf-8"))
        separator = raw.get("separator", top.get("separator", ","))
        if not _is_encoding(encoding):
            self.fail("encoding", f"can't be {encoding!r}", "Use a name such as utf-8 or cp1252.")
        if not isinstance(separator, str) or len(separator) != 1:
            self.fail("separator", "is not one character", "Use ',' or ';' or '\\t'.")
        layout = FileMapping(
            feed=feed,
            match=self.texts(raw, "match", feed)
            or self.fail(f"{feed}.match", "is missing", "Write match = ['...']."),
            key=self.texts(raw, "key", feed),
            says=self.sayings(raw, top, times, feed),
            recorded_at=None
            if recorded is None
            else self.value(recorded, times, RECORDED_AT, f"{feed}.recorded_at"),
            replaces=self.replaces(raw.get("replaces"), times, feed),
            withdrawn=self.conditions(raw, "withdrawn", feed),
            joins=tuple(self.join(entry, top, feed) for entry in self.joined(raw, feed)),
            organisation=self.word(raw, "organisation", feed),
            people=self.word({"people": top["people"], **raw}, "people", feed),
            blank=self.texts(raw if "blank" in raw else top, "blank", feed),
            encoding=encoding,
            separator=separator,
            sheet=self.word(raw, "sheet", feed),
            records=self.word(raw, "records", feed),
        )
        if layout.replaces and not (layout.recorded_at and layout.key):
            self.fail(f"{feed}.replaces", "needs to know what is newer",
                      "Add a key, and recorded_at: the date of the extract.")  # fmt: skip
        return layout

    def sayings(
        self, raw: dict[str, Any], top: dict[str, Any], times: tuple[str, ...], feed: str
    ) -> tuple[Saying, ...]:
        """What the rows say, and after it who their people are."""
        entries = self.tables(raw, "says", "[[file.says]]", feed)
        shared = {**self.inner(top, "each", ""), **self.inner(raw, "each", feed)}
        used = [entry.get("table", "events") for entry in entries]
        known = {f.name for name in used if name in table_names() for f in table(name).own}
        if "traits" in raw or not entries:
            known.add("person")
        self.only(raw.get("each", {}), sorted(known), f"{feed}.each")
        says = [self.saying(entry, shared, times, feed) for entry in entries]
        traits = {
            name: self.value(value, times, self.trait(name, feed), f"{feed}.traits.{name}")
            for name, value in self.inner(raw, "traits", feed).items()
        }
        person = shared.get("person")
        if traits and person is None:
            self.fail(
                f"{feed}.traits", "need a person", "Add each = { person = { column = '...' } }."
            )
        each = None if person is None or "person" not in known else self.identifier(person, feed)
        return (*says, *who_people_are(says, each, traits))

    def identifier(self, raw: Any, feed: str) -> Value:
        field = next(f for f in table("events").own if f.name == "person")
        return self.value(raw, (), field, f"{feed}.person")

    def trait(self, name: str, feed: str) -> Field:
        """A trait as a field: a birth date is a time, the others are texts."""
        self.only({name: None}, list(TRAITS), f"{feed}.traits")
        return RECORDED_AT if name == "birth_date" else IS_TEXT

    def replaces(self, raw: Any, times: tuple[str, ...], feed: str) -> Replaces | None:
        if raw is None or raw == "rows":
            return None
        if raw == "all":
            return Replaces()
        if not isinstance(raw, dict) or raw.get("by") not in list(SPANS):
            self.fail(f"{feed}.replaces", "says no span",
                      f"Use 'all', or a column with by = one of: {', '.join(SPANS)}.")  # fmt: skip
        cell = {key: value for key, value in raw.items() if key != "by"}
        return Replaces(self.value(cell, times, RECORDED_AT, f"{feed}.replaces"), raw["by"])

    def joined(self, raw: dict[str, Any], feed: str) -> list[Any]:
        entries = self.tables(raw, "join", "join = [{ feed = ..., on = ... }]", feed)
        others = [str(entry.get("feed")) for entry in entries]
        for other in sorted({other for other in others if others.count(other) > 1}):
            self.fail(f"{feed}.join", f"names {other!r} twice",
                      "Join a feed once: its columns are known by its name.")  # fmt: skip
        return entries

    def join(self, raw: dict[str, Any], top: dict[str, Any], feed: str) -> Join:
        self.only(raw, ["feed", "on"], f"{feed}.join")
        other = self.text(raw, "feed", f"{feed}.join")
        feeds = [entry.get("feed") for entry in top["file"] if entry.get("feed") != feed]
        if other not in feeds:
            self.fail(f"{feed}.join", f"names {other!r}, which is no other feed of this mapping",
                      f"Use: {', '.join(map(str, feeds))}." if feeds else
                      f"Add a [[file]] with feed = {other!r}.")  # fmt: skip
        on = raw.get("on")
        if isinstance(on, str) and on:
            return Join(other, ((on, on),))
        if isinstance(on, dict) and on:
            return Join(other, tuple((str(here), str(there)) for here, there in on.items()))
        self.fail(f"{feed}.join", "does not say on which column",
                  "Write on = 'spell_id', or on = { column_here = 'column_there' }.")  # fmt: skip

    def word(self, raw: dict[str, Any], key: str, feed: str) -> str:
        value = raw.get(key, "")
        if not isinstance(value, str):
            self.fail(f"{feed}.{key}".strip("."), "is not a text", f"Write {key} = '...'.")
        return str(value)

    def saying(
        self, raw: dict[str, Any], shared: dict[str, Any], times: tuple[str, ...], feed: str
    ) -> Saying:
        name = raw.get("table", "events")
        if name not in table_names():
            raise unknown("table", name, list(table_names()))
        spec = table(name)
        own = {f.name: f for f in spec.own}
        fields = {key: value for key, value in shared.items() if key in own}
        fields |= {k: v for k, v in raw.items() if k not in NO_FIELDS}
        for key in fields:
            if key not in own:
                self.fail(f"{feed}.{key}", f"is no field of {name}", f"Use: {', '.join(own)}.")
        values = {
            key: self.value(value, times, own[key], f"{feed}.{key}")
            for key, value in fields.items()
        }
        for f in spec.own:
            needed = f.required or (name == "events" and f.name == "person")
            if needed and not f.default and f.name not in values:
                self.fail(f"{feed}.{f.name}", "is missing", f"It means: {f.meaning}")
            if f.choice_list and f.name in values:
                self.allowed(values[f.name], f.choice_list, f"{feed}.{f.name}")
            if f.type == "flag" and f.name in values:
                self.flag(values[f.name], f"{feed}.{f.name}")
        return Saying(
            table=name,
            fields=tuple(values.items()),
            when=self.conditions(raw, "when", feed),
            unless=self.conditions(raw, "unless", feed),
            attributes=self.texts(raw, "attributes", feed),
        )

    def keep_identifiers_out(self, layouts: tuple[FileMapping, ...]) -> None:
        """A column that identifies somebody goes to no field that is kept as it is.

        Nor does one that another file looks up by a join, nor one that is joined on such a column.
        """
        secret = {layout.feed: set(_identifying(layout)) for layout in layouts}
        for layout in layouts * len(layouts):  # as many joins as there are files lie between two
            _share_by_joins(layout, secret)
        for layout in layouts:
            hidden = set(secret[layout.feed])
            for join in layout.joins:
                hidden |= {(join.name(column), after) for column, after in secret[join.feed]}
            for field, column in _kept_as_they_are(layout):
                says_whose = field in WHOSE and (column, False) not in hidden
                if {(column, False), (column, True)} & hidden and not says_whose:
                    self.fail(f"{layout.feed}.{field}",
                              f"would keep the identifiers in {column} as they are",
                              "Leave the column out here; of a number in several columns the "
                              "number itself stands first.")  # fmt: skip

    def allowed(self, value: Value, list_name: str, key: str) -> None:
        """Every value that the field can take is in its closed list."""
        given = [value.constant] if value.constant is not None else [to for _, to in value.codes]
        if value.columns and not value.codes:
            self.fail(key, "needs codes", "Say what each code of the column means here.")
        for name in given:
            if name not in choices(list_name):
                self.fail(key, f"can't be {name!r}", f"Use: {', '.join(choices(list_name))}.")

    def flag(self, value: Value, key: str) -> None:
        """Every value that the mapping itself gives a flag is one."""
        given = [value.constant] if value.constant is not None else [to for _, to in value.codes]
        for name in given:
            if name.lower() not in [word for words in FLAGS.values() for word in words]:
                self.fail(key, f"can't be {name!r}", "Use true or false.")

    def value(self, raw: Any, times: tuple[str, ...], field: Field, key: str) -> Value:
        if isinstance(raw, list):
            return self.first_filled(raw, field, key)
        is_time = field.type == "instant"
        if not isinstance(raw, dict):
            if is_time or field.type == "identifier":
                self.fail(key, "can't be the same for every row", f'Write {{ column = "{raw}" }}.')
            return Value(constant=str(raw))
        self.only(raw, CELL_KEYS, key)
        plus = raw.get("plus", "")
        if plus not in ["", *SPANS]:
            self.fail(key, f"can't add a {plus!r}", f"Use one of: {', '.join(SPANS)}.")
        scheme = self.word(raw, "scheme", key)
        if scheme and field.type != "identifier":
            self.fail(key, "is no identifier and has no scheme", "Leave the scheme out.")
        return Value(
            columns=self.cell(raw, key),
            codes=tuple((str(k), str(v)) for k, v in self.inner(raw, "codes", key).items()),
            formats=self.formats(raw.get("format", times if is_time else ()), key),
            plus=plus,
            scheme=scheme,
        )

    def first_filled(self, raw: list[Any], field: Field, key: str) -> Value:
        """Several numbers of one person, the one to know them by first."""
        is_nested = any(isinstance(one, list) for one in raw)
        if field.name != "person" or len(raw) < 2 or is_nested:
            self.fail(
                key,
                "can't be a list",
                "Only a person may have several cells: a list of two or more.",
            )
        first, *others = (self.value(one, (), field, key) for one in raw)
        return replace(first, others=tuple(others))

    def cell(self, raw: dict[str, Any], key: str) -> tuple[str, ...]:
        column = raw.get("column")
        if isinstance(column, list) and column and all(isinstance(one, str) for one in column):
            return tuple(column)
        return (self.text(raw, "column", key),)

    def formats(self, raw: Any, key: str) -> tuple[str, ...]:
        formats = (raw,) if isinstance(raw, str) else raw
        if not isinstance(formats, list | tuple) or not all(isinstance(f, str) for f in formats):
            self.fail(f"{key}.format", "is not a text or a list", "Write format = '%d/%m/%Y'.")
        for form in formats:
            if set(DIRECTIVE.findall(form)) - set(DIRECTIVES) or not YEAR.search(form):
                self.fail(
                    key, f"can't be read by the format {form!r}",
                    f"Use %Y or %y and others of {' '.join('%' + d for d in DIRECTIVES)}.",
                )  # fmt: skip
            if "%y" in form and "birth" in key:
                self.fail(key, "can't have a year of two digits", "Export years of four digits.")
        return tuple(formats)

    def conditions(self, raw: dict[str, Any], key: str, inside: str) -> tuple[Condition, ...]:
        value = raw.get(key, {})
        if not isinstance(value, dict):
            self.fail(f"{inside}.{key}", "is no table", f'Write {key} = {{ column = ["A", "B"] }}.')
        return tuple(self.condition(*item, f"{inside}.{key}") for item in value.items())

    def condition(self, column: str, wanted: Any, key: str) -> Condition:
        if wanted == []:
            self.fail(f"{key}.{column}", "lists no value",
                      'Write ["A", "B"], or true for any that is filled.')  # fmt: skip
        if isinstance(wanted, bool):
            return Condition(column, filled=wanted)
        values = wanted if isinstance(wanted, list) else [wanted]
        return Condition(column, values=tuple(str(value) for value in values))

    def text(self, raw: dict[str, Any], key: str, inside: str) -> str:
        value = raw.get(key)
        if not isinstance(value, str) or not value:
            self.fail(f"{inside}.{key}".strip("."), "is missing", f"Add {key} = '...'.")
        return str(value)

    def only(self, raw: Dictionary[str, Any], known: list[str], inside: str) -> None:
        for key in raw:
            if key not in known:
                self.fail(
                    f"{inside}.{key}".strip("."), "is not known here", f"Use: {', '.join(known)}."
                )

    def fail(self, key: str, what: str, repair: str) -> NoReturn:
        raise InputError(f"in the mapping, {key} {what}", where=self.where, repair=repair)
