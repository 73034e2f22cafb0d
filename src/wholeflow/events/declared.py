"""The declared tables: one file of fields for each, in ``tables/``.

The same file validates what comes in, fills defaults and prints the reference
page. A new field is a new line there.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wholeflow.core.errors import unknown

LEDGERS = ("events", "event_objects", "messages", "capacity", "money", "counts", "marks", "unsaid")
"""What happened, and the records that tell of nothing."""

THINGS = (
    "organisations",
    "places",
    "resources",
    "place_needs",
    "person_facts",
    "same_person",
    "traits",
    "pathways",
    "calendars",
    "tariffs",
    "boundary",
    "objects",
    "object_facts",
    "object_links",
    "log_types",
)
"""What there is."""

SHARED_NUMBER = "shared number"
"""The method of a link between two numbers of a person that one row gives."""

LIKENESS = "likeness"
"""The method of links worked out from traits, and the feed that says them."""


@dataclass(frozen=True)
class Field:
    """One column: its name, type, unit, whether it must be there, default and meaning.

    Types: ``record`` (keyed hash of the source's own key), ``identifier`` (keyed
    hash, names a person or something of theirs), ``code`` (an open list of names),
    ``choice:LIST`` (a closed list), ``instant``, ``integer``, ``number``, ``flag``,
    ``text``.
    """

    name: str
    type: str
    unit: str
    required: bool
    default: str
    meaning: str

    @property
    def choice_list(self) -> str:
        """The closed list that the field chooses from, or an empty text."""
        return self.type.partition(":")[2]


@dataclass(frozen=True)
class TableSpec:
    """A declared table: its own fields, after the fields that every table has."""

    name: str
    own: tuple[Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, the common ones first."""
        return common_fields() + self.own

    def fields_of_type(self, *types: str) -> tuple[Field, ...]:
        """The table's own fields of these types; ``choice`` stands for every list."""
        return tuple(field for field in self.own if field.type.partition(":")[0] in types)


def table_names() -> tuple[str, ...]:
    """Every declared table: what happened, then what there is."""
    return LEDGERS + THINGS


@cache
def table(name: str) -> TableSpec:
    """The declaration of a table, read from its file."""
    if name not in table_names():
        raise unknown("table", name, list(table_names()))
    return TableSpec(name, read_fields("wholeflow.events", f"tables/{name}.csv"))


@cache
def common_fields() -> tuple[Field, ...]:
    """The fields that every table has."""
    return read_fields("wholeflow.events", "tables/common.csv")


def read_fields(package: str, path: str) -> tuple[Field, ...]:
    """Fields from a declaration file of a package."""
    return tuple(
        Field(
            name=row["name"],
            type=row["type"],
            unit=row["unit"],
            required=row["required"] == "yes",
            default=row["default"],
            meaning=row["meaning"],
        )
        for row in read_rows(package, path)
    )


def read_rows(package: str, path: str) -> list[dict[str, str]]:
    """The rows of a CSV file that ships in a package."""
    text = files(package).joinpath(path).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Kind:
    """A kind of event.

    ``stage`` orders the milestones of a stay (None: no milestone), ``turn`` all kinds
    at one instant (rule §4), ``ends`` closes the stay.
    """

    name: str
    stage: int | None
    turn: int
    ends: bool
    meaning: str


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of event, by name."""
    return {
        row["name"]: Kind(
            row["name"],
            int(row["stage"]) if row["stage"] else None,
            int(row["turn"]),
            row["ends"] == "yes",
            row["meaning"],
        )
        for row in read_rows("wholeflow.events", "tables/kinds.csv")
    }


@cache
def choices(name: str) -> dict[str, str]:
    """The names of a closed list with their meanings, in the order of the file."""
    if name == "kinds":
        return {kind.name: kind.meaning for kind in kinds().values()}
    rows = read_rows("wholeflow.events", "tables/choices.csv")
    found = {row["name"]: row["meaning"] for row in rows if row["list"] == name}
    if not found:
        raise unknown("list of choices", name, sorted({row["list"] for row in rows}))
    return found
