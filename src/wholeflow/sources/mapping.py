"""A mapping: how the rows of a source become events, as a TOML file.

``docs/guides/write-a-mapping.md`` explains each key; ``mapping_file`` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from wholeflow.events import TableSpec, table


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
    """One layout of file: how its name looks, its key, and what its rows say.

    ``people`` is the scheme of the numbers that people are known by; ``blank`` are
    words that stand for an empty cell.
    """

    feed: str
    match: tuple[str, ...]
    key: tuple[str, ...]
    says: tuple[Saying, ...]
    recorded_at: Value | None
    withdrawn: tuple[Condition, ...]
    people: str
    blank: tuple[str, ...]
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
    files: tuple[FileMapping, ...]
    places: tuple[dict[str, str], ...]
    unlisted_places: dict[str, str] | None
    organisations: tuple[dict[str, str], ...]

    def file_for(self, path: Path) -> FileMapping | None:
        """The layout of a file, or None where the mapping names none."""
        return next((layout for layout in self.files if layout.fits(path.name)), None)
