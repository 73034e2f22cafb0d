"""Joins: columns of another file of the same mapping, looked up by a key.

A table of ward stays may name the hospital spell and not the person; the person
then stands in the file of spells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.errors import InputError
from wholeflow.core.sql import named
from wholeflow.sources.cells import Cell, a_time, filled_text, holds, is_clock
from wholeflow.sources.mapping import FileMapping, Join, Mapping
from wholeflow.sources.opening import pieces
from wholeflow.store import Engine

TWICE = "the joined file says two things about it"
FLAG = "says two things: "
"""Begins the name of a column that marks rows whose look-up is ambiguous."""

NEWEST, LAST, GONE = "when it was recorded", "when the latest was", "is taken back"
"""Columns beside those that are looked up."""


def prepare(
    engine: Engine, mapping: Mapping, layout: FileMapping, paths: Iterable[tuple[Path, FileMapping]]
) -> None:
    """Put the columns that a layout looks up in other files into the engine."""
    found = list(paths)
    for join in layout.joins:
        others = [(path, fitting) for path, fitting in found if fitting.feed == join.feed]
        if not others:
            raise InputError(
                f"the rows of {layout.feed} need those of {join.feed}, and no such file is given",
                where=", ".join(path.name for path, fitting in found if fitting == layout),
                repair="Load them together: also name "
                f"{' or '.join(mapping.layout(join.feed).match)}.",
            )
        there = [column for _, column in join.on]
        columns = list(dict.fromkeys([*there, *join.wanted(layout.used())]))
        found_in = _Table(_table(layout, join), columns, there)
        for path, fitting in others:
            _gather(engine, mapping, fitting, path, found_in, (*layout.blank, *fitting.blank))
        found_in.make(engine, [])
        _keep_latest(engine, found_in.name, there, join.wanted(layout.used()))


def joined(engine: Engine, layout: FileMapping, rows: pa.Table) -> pa.Table:
    """The rows with the columns that they look up; blank where the other file has no such key."""
    engine.register("looking", rows)
    try:
        for join in layout.joins:
            on = " AND ".join(
                f"{_trimmed_of('l', here)} = o.{named(there)}" for here, there in join.on
            )
            wanted = [
                f"o.{named(column)} AS {named(join.name(column))}"
                for column in join.wanted(layout.used())
            ]
            flag = f"o.{named(FLAG)} AS {named(FLAG + join.feed)}"
            rows = engine.query(
                f"SELECT l.*, {', '.join([*wanted, flag])} FROM looking AS l "
                f"LEFT JOIN {_table(layout, join)} AS o ON {on} ORDER BY l.line"
            )
            engine.register("looking", rows)
    finally:
        engine.unregister("looking")
    return rows


def says_two_things(rows: pa.Table) -> list[int]:
    """The lines whose look-up found rows that contradict each other."""
    lines: set[int] = set()
    for name in rows.column_names:
        if name.startswith(FLAG):
            marked = rows.filter(pc.fill_null(rows[name], False))
            lines |= set(marked["line"].to_pylist())
    return sorted(lines)


def _trimmed_of(alias: str, column: str) -> str:
    """A column of an alias as text without spaces around it."""
    return f"trim(CAST({alias}.{named(column)} AS VARCHAR))"


def _table(layout: FileMapping, join: Join) -> str:
    return named(f"{join.feed} joined to {layout.feed}")


@dataclass
class _Table:
    """What is gathered of the joined files: dates and times as they are, all else as text.

    ``keys`` are looked up as text. ``clocks`` None: not made yet.
    """

    name: str
    columns: Sequence[str]
    keys: Sequence[str]
    clocks: Sequence[str] | None = None

    def make(self, engine: Engine, clocks: Sequence[str], found: str = "") -> bool:
        """Make it at the first piece; false where a later piece has other dates and times."""
        if self.clocks is None:
            self.clocks = clocks
            kinds = ", ".join(
                f"{named(c)}" if c in clocks else f"CAST(NULL AS VARCHAR) AS {named(c)}"
                for c in self.columns
            )
            engine.execute(
                f"CREATE OR REPLACE TEMP TABLE {self.name} AS SELECT {kinds}, CAST(NULL AS BIGINT) "
                f"AS {named(NEWEST)}, false AS {named(GONE)} {found} LIMIT 0"
            )
        return self.clocks == clocks


def _gather(
    engine: Engine,
    mapping: Mapping,
    other: FileMapping,
    path: Path,
    to: _Table,
    blank: tuple[str, ...],
) -> None:
    """Add a file's rows: what is looked up, when it was recorded, whether it was taken back."""
    columns = to.columns
    gone = " AND ".join(holds(condition) for condition in other.withdrawn) or "false"
    for piece in pieces(path, other, columns):
        missing = [column for column in columns if column not in piece.rows.column_names]
        if missing:
            raise InputError(
                f"the file lacks the column {', '.join(missing)}, which a join looks up",
                where=path.name,
                repair="Mend the mapping or the export.",
            )
        engine.register("found", piece.rows)
        kinds = {column: piece.rows.schema.field(column).type for column in columns}
        clocks = [column for column in columns if column not in to.keys and is_clock(kinds[column])]
        if not to.make(engine, clocks, "FROM found"):
            raise InputError(
                f"some files of {other.feed} hold dates and times as such, others as text",
                where=path.name,
                repair="Export all of them in one format, such as Parquet or CSV.",
            )
        newest = "CAST(NULL AS BIGINT)"
        if other.recorded_at:
            schema = piece.rows.schema
            told = Cell(a_time("recorded_at"), other.recorded_at, schema, mapping, other)
            newest = f"epoch_us({told.moment})"
        texts = ", ".join(named(c) if c in clocks else filled_text(c, blank) for c in columns)
        engine.execute(f"INSERT INTO {to.name} SELECT {texts}, {newest}, {gone} FROM found")
        engine.unregister("found")


def _keep_latest(engine: Engine, name: str, there: list[str], wanted: tuple[str, ...]) -> None:
    keys = ", ".join(named(column) for column in there)
    texts = " ".join(f"max({named(c)}) AS {named(c)}," for c in wanted if c not in there)
    differs = " OR ".join(f"count(DISTINCT {named(c)}) > 1" for c in wanted) or "false"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS "
        f"WITH ranked AS (SELECT *, max({named(NEWEST)}) OVER (PARTITION BY {keys}) "
        f"AS {named(LAST)} FROM {name}) "
        f"SELECT {keys}, {texts} ({differs}) AS {named(FLAG)} FROM ranked "
        f"WHERE {named(NEWEST)} IS NOT DISTINCT FROM {named(LAST)} "
        f"GROUP BY {keys} HAVING NOT bool_or({named(GONE)})"
    )
