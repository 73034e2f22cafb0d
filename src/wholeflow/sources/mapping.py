"""A mapping: how the rows of a source become events, as a TOML file.

``docs/guides/write-a-mapping.md`` explains each key; ``mapping_file`` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from wholeflow.events import TableSpec, table


@dataclass(frozen=True)
class Value:
    """Where a field's value comes from: a constant, or a cell of the file.

    A cell is one column, or several joined by a space. ``codes`` translates it,
    ``formats`` reads it as a time, ``plus`` moves a date on by a day, week, month ...,
    ``scheme`` says which numbers an identifier is one of, ``take`` is the part of
    a date that is wanted. ``others`` are the cells to look at, in turn, where this
    one is blank: of a person all that are filled name the same person.
    """

    constant: str | None = None
    columns: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    formats: tuple[str, ...] = ()
    plus: str = ""
    scheme: str = ""
    take: str = ""
    others: tuple[Value, ...] = ()

    @property
    def column(self) -> str:
        """What the cell is called in messages: its columns; an empty text for a constant."""
        return " and ".join(self.columns)

    def all_columns(self) -> Iterator[str]:
        """Every column that the value may come from."""
        yield from self.columns
        for other in self.others:
            yield from other.all_columns()


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
    """One thing that each row says: a row of a declared table.

    It is said of rows for which all of ``when`` hold and none of ``unless``.
    ``is_own`` is false for what follows from others: who the row's people are.
    """

    table: str
    fields: tuple[tuple[str, Value], ...]
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    attributes: tuple[str, ...] = ()
    is_own: bool = True

    @property
    def spec(self) -> TableSpec:
        """The declared table that it goes to."""
        return table(self.table)

    def columns(self) -> Iterator[str]:
        """Every column that the saying reads."""
        yield from (condition.column for condition in (*self.when, *self.unless))
        for _, value in self.fields:
            yield from value.all_columns()
        yield from self.attributes


@dataclass(frozen=True)
class Join:
    """Another file of the mapping whose columns the rows may use.

    ``on`` pairs columns of this file with columns of the other. The other file's
    columns are known as ``feed.column``; of its rows with one key the latest counts.
    """

    feed: str
    on: tuple[tuple[str, str], ...]

    def name(self, column: str) -> str:
        """What a column of the other file is called here."""
        return f"{self.feed}.{column}"

    def wanted(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of the other file among the columns that are used here."""
        start = self.name("")
        return tuple(c.removeprefix(start) for c in columns if c.startswith(start))


@dataclass(frozen=True)
class Replaces:
    """What a newer extract replaces: the whole feed, or the periods that it holds.

    ``value`` None: the whole feed. ``by``: day, week, month, quarter or year of the
    time in ``value``.
    """

    value: Value | None = None
    by: str = ""


@dataclass(frozen=True)
class FileMapping:
    """One layout of file: how its name looks, its key, and what its rows say.

    ``people`` is the scheme of the numbers that people are known by; ``blank`` are
    words that stand for an empty cell; ``organisation`` keeps the feed; ``sheet`` is
    the sheet of a workbook, ``records`` where the list is in a JSON document.
    """

    feed: str
    match: tuple[str, ...]
    key: tuple[str, ...]
    says: tuple[Saying, ...]
    recorded_at: Value | None
    replaces: Replaces | None
    withdrawn: tuple[Condition, ...]
    joins: tuple[Join, ...]
    organisation: str
    people: str
    blank: tuple[str, ...]
    encoding: str
    separator: str
    sheet: str
    records: str

    def fits(self, name: str) -> bool:
        """True when a file of that name has this layout."""
        return any(fnmatch(name, pattern) for pattern in self.match)

    def used(self) -> tuple[str, ...]:
        """Every column that the mapping reads, each once, in order of use; joined ones too."""
        found = [*self.key, *(condition.column for condition in self.withdrawn)]
        for said in self.says:
            found += said.columns()
        for value in (self.recorded_at, self.replaces.value if self.replaces else None):
            found += value.columns if value else ()
        for join in self.joins:
            found += [here for here, _ in join.on]
        return tuple(dict.fromkeys(found))

    def columns(self) -> tuple[str, ...]:
        """The columns of the file itself among those used."""
        starts = tuple(join.name("") for join in self.joins)
        return tuple(column for column in self.used() if not column.startswith(starts or ("\0",)))


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

    def layouts_for(self, path: Path) -> list[FileMapping]:
        """The layouts of a file: the first that fits, or one for each sheet or list in it."""
        fitting = [layout for layout in self.files if layout.fits(path.name)]
        return [one for one in fitting if one.sheet or one.records] or fitting[:1]

    def layout(self, feed: str) -> FileMapping:
        """The layout of a feed."""
        return next(layout for layout in self.files if layout.feed == feed)
