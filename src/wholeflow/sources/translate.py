"""From rows of a file to what they say, by a mapping.

The engine reads the cells (conditions, codes, times, numbers); local time becomes
instants here, from the zone database. A row any of whose cells can't be used is
rejected whole, so that it can be mended and loaded again (rule §7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.sql import named, quoted
from wholeflow.events.log import log_schema
from wholeflow.sources.cells import (
    BLANK_WORD,
    HOUR,
    IS_BLANK,
    NOT_A_CODE,
    NOT_A_NUMBER,
    NOT_A_TIME,
    Cell,
    a_time,
    applies,
    filled_text,
    holds,
    trimmed,
)
from wholeflow.sources.files import Piece
from wholeflow.sources.joins import TWICE, says_two_things
from wholeflow.sources.mapping import FileMapping, Mapping, Saying
from wholeflow.sources.periods import moved_on, starts
from wholeflow.sources.repeated_hour import resolved
from wholeflow.store import Engine, Reject

ANCHORS = {
    "events": "at",
    "money": "at",
    "capacity": "amount",
    "same_person": "same_as",
}
"""The field whose cell, left blank, means that the row does not say this thing."""

BETWEEN, WITHIN = "\x1e", "\x1f"
"""Separate faults, and a column from its fault or the next of a key: nothing is called so."""

EARLIEST = -2_208_988_800 * time.SECOND  # 1900-01-01
LATEST = 10_413_792_000 * time.SECOND  # 2300-01-01

NO_SUCH_TIME = "a local time that no clock showed, as the clocks went forward"
UNLIKELY_TIME = "a time before 1900 or after 2299"
SAYS_NOTHING = "the row says nothing that the mapping names"
NO_KEY = "the key is blank"
REPAIRS = {
    NOT_A_TIME: "Mend the cell, or add its format to `times` in the mapping.",
    NO_SUCH_TIME: "Mend the cell, or export times with their offset from UTC.",
    UNLIKELY_TIME: "Mend the cell: check for years of two digits.",
    NOT_A_NUMBER: "Mend the cell.",
    NOT_A_CODE: "Add the code to `codes` in the mapping, or mend the cell.",
    IS_BLANK: "Fill the cell at its source.",
    NO_KEY: "Fill the cell at its source, or name other columns as `key` in the mapping.",
    SAYS_NOTHING: "Add what it says to the mapping, or a `key`: then it is kept as saying nothing.",
    TWICE: "Mend the other file, or give its layout recorded_at, so that the latest row counts.",
}

REPEATED_HOUR = "repeated hour"
NO_LINES = np.array([], np.int64)
RARE = 0.1
"""Less than this share of the cells of a column is rare."""

DOUBTS = pa.schema([("line", pa.int64()), ("field", pa.string()), ("doubt", pa.string())])
"""What may be wrong with rows that are used."""


@dataclass(frozen=True)
class Said:
    """What one saying of the mapping found: rows of its table, faults and doubts by line."""

    table: str
    is_own: bool
    rows: pa.Table
    faults: tuple[tuple[int, str, str], ...]
    doubts: tuple[pa.Table, ...] = ()
    repeated: pa.Table | None = None
    """The doubts of an event's time: clocks showed it twice."""


@dataclass(frozen=True)
class Translated:
    """What a piece of a file says: declared tables, refused rows, and doubts of the others."""

    tables: dict[str, pa.Table]
    rejects: tuple[Reject, ...]
    doubts: pa.Table


def translate(engine: Engine, mapping: Mapping, layout: FileMapping, piece: Piece) -> Translated:
    """The declared tables that a piece of a file says, its rejected rows and its doubts."""
    rows, unread = _with_periods(engine, mapping, layout, piece.rows)
    engine.register("cells", rows)
    try:
        said = [
            _say(engine, mapping, layout, saying, part, piece.rows.schema)
            for part, saying in enumerate(layout.says)
        ]
        gone = [*_taken_back(engine, mapping, layout, piece.rows.schema)]
        doubts = [*_cell_doubts(engine, mapping, layout, piece.rows.schema)]
    finally:
        engine.unregister("cells")
    said = _once_more([*said, *gone])
    rejects = {(line, name, why) for one in said for line, name, why in one.faults}
    takes_back = {line for one in gone for line in one.rows["line"].to_pylist()}
    rejects |= {(line, "", TWICE) for line in {*says_two_things(piece.rows)} - takes_back} | unread
    faulty = np.array(sorted({line for line, _, _ in rejects}), np.int64)
    silent = _silent(piece.rows["line"].to_numpy(), said, faulty)
    if layout.key:
        unsaid = _unsaid(engine, mapping, layout, rows.filter(_at(rows, silent)))
        said.append(unsaid)
        rejects |= {*unsaid.faults}
    else:
        rejects |= {(int(line), "", SAYS_NOTHING) for line in silent}
    refused = np.array(sorted({line for line, _, _ in rejects}), np.int64)
    tables: dict[str, list[pa.Table]] = {}
    for one in said:
        tables.setdefault(one.table, []).append(one.rows.filter(pc.invert(_at(one.rows, refused))))
        doubts += one.doubts
    refusals = tuple(
        Reject(line, name, f"{name}: {why}" if name else why, REPAIRS[why])
        for line, name, why in sorted(rejects)
    )
    return Translated(
        {name: pa.concat_tables(rows) for name, rows in tables.items()},
        piece.rejects + refusals,
        _each_once(pa.concat_tables([DOUBTS.empty_table(), *doubts]), refused),
    )


def _once_more(said: list[Said]) -> list[Said]:
    """What was said, with times of the repeated hour read as its second pass where they must be."""
    told = [(number, one) for number, one in enumerate(said) if one.table == "events"]
    repeated = [one.repeated["line"].to_numpy() if one.repeated else NO_LINES for _, one in told]
    if not any(len(lines) for lines in repeated):
        return said
    for (number, one), rows in zip(
        told, resolved([one.rows for _, one in told], repeated), strict=True
    ):
        said[number] = replace(one, rows=rows)
    return said


def _silent(lines: np.ndarray, said: list[Said], faulty: np.ndarray) -> np.ndarray:
    """The lines of which the mapping says nothing.

    Who somebody is alone is nothing, unless that is all that the mapping asks of the file.
    """
    is_index = not any(one.is_own for one in said)
    first = int(lines.min()) if len(lines) else 0
    heard = np.zeros(int(lines.max()) - first + 1 if len(lines) else 0, bool)
    for one in said:
        if one.is_own or is_index:
            heard[one.rows["line"].to_numpy() - first] = True
    heard[faulty - first] = True
    return np.asarray(lines[~heard[lines - first]])


def _at(rows: pa.Table, lines: np.ndarray) -> pa.Array:
    """Which rows are at one of some lines."""
    return pc.is_in(rows["line"], value_set=pa.array(lines))


def _each_once(doubts: pa.Table, refused: np.ndarray) -> pa.Table:
    """The doubts of rows that are used, each once."""
    used = doubts.filter(pc.invert(_at(doubts, refused)))
    return used.group_by(DOUBTS.names, use_threads=False).aggregate([]).cast(DOUBTS)


PERIOD = "period of the record"
"""A column beside those of the file: what a newer extract would replace the row with."""

Faults = set[tuple[int, str, str]]


def _with_periods(
    engine: Engine, mapping: Mapping, layout: FileMapping, rows: pa.Table
) -> tuple[pa.Table, Faults]:
    """The rows with the period that each belongs to, and faults where it can't be read."""
    replaces = layout.replaces
    if replaces is None or replaces.value is None:
        whole = pa.repeat(pa.scalar(None if replaces is None else 0, pa.int64()), rows.num_rows)
        return rows.append_column(PERIOD, whole), set()
    cell = Cell(a_time("period"), replaces.value, rows.schema, mapping, layout)
    columns = ", ".join([*cell.select(), _faults([cell])])
    engine.register("cells", rows)
    told = engine.query(f"SELECT line, {columns} FROM cells ORDER BY line")
    engine.unregister("cells")
    instants, faults, _ = _instants(cell, told, mapping.zone)
    places = np.searchsorted(told["line"].to_numpy(), rows["line"].to_numpy())
    periods = starts(instants, replaces.by, mapping.zone).take(pa.array(places))
    return rows.append_column(PERIOD, periods), {*_sql_faults(told), *faults}


def _say(
    engine: Engine,
    mapping: Mapping,
    layout: FileMapping,
    saying: Saying,
    part: int,
    schema: pa.Schema,
) -> Said:
    cells = _cells(mapping, layout, saying, schema)
    rows = " AND ".join([*_not_taken_back(layout), *_is_said(saying, cells)]) or "true"
    return _found(engine, mapping, layout, saying, cells, part, rows, schema)


def _taken_back(
    engine: Engine, mapping: Mapping, layout: FileMapping, schema: pa.Schema
) -> Iterator[Said]:
    """The rows that take their record back: of these only the key counts."""
    if _not_taken_back(layout):
        first = layout.says[0]
        bare = Saying(first.table, (), is_own=first.is_own)
        cells = _cells(mapping, layout, bare, schema)
        part = len(layout.says)
        rows = _is_withdrawn(layout)
        yield _found(engine, mapping, layout, bare, cells, part, rows, schema)


def _unsaid(engine: Engine, mapping: Mapping, layout: FileMapping, rows: pa.Table) -> Said:
    """Rows with a key of which the mapping says nothing: the record is there, and is silent."""
    bare = Saying("unsaid", (), is_own=True)
    cells = _cells(mapping, layout, bare, rows.schema)
    engine.register("cells", rows)
    try:
        return _found(engine, mapping, layout, bare, cells, 0, "true", rows.schema)
    finally:
        engine.unregister("cells")


def _found(
    engine: Engine,
    mapping: Mapping,
    layout: FileMapping,
    saying: Saying,
    cells: list[Cell],
    part: int,
    condition: str,
    schema: pa.Schema,
) -> Said:
    """What the rows for which a condition holds say."""
    fields = {cell.name: cell for cell in cells}
    found = engine.query(f"{_select(layout, saying, cells, part, schema)} WHERE {condition}")
    faults = list(_sql_faults(found))
    columns = {name: found[name] for name in ("line", "part", "id", "withdrawn", "period")}
    columns["source"] = pa.repeat(layout.feed, found.num_rows)
    doubts, repeated = [], None
    for cell in cells:
        if cell.is_time:
            columns[cell.name], bad, twice = _instants(cell, found, mapping.zone)
            faults += bad
            doubts.append(twice)
            repeated = twice if (saying.table, cell.name) == ("events", "at") else repeated
        else:
            columns[cell.name] = found[cell.name]
    if "at" in fields and saying.table == "events" and "precision" not in fields:
        columns["precision"] = _precision(fields["at"], found)
    if saying.attributes:
        columns["attributes"] = found["attributes"]
    rows = _in_schema(columns, log_schema(saying.spec), found.num_rows)
    return Said(saying.table, saying.is_own, rows, tuple(faults), tuple(doubts), repeated)


def _cells(mapping: Mapping, layout: FileMapping, saying: Saying, schema: pa.Schema) -> list[Cell]:
    fields = dict(saying.fields)
    if layout.recorded_at:
        fields["recorded_at"] = layout.recorded_at
    specs = {f.name: f for f in saying.spec.fields}
    return [Cell(specs[name], value, schema, mapping, layout) for name, value in fields.items()]


def _cell_doubts(
    engine: Engine, mapping: Mapping, layout: FileMapping, schema: pa.Schema
) -> Iterator[pa.Table]:
    """The doubts that cells give rise to in rows that their saying is about.

    One look at the rows counts them; only those that there are, are asked for. A word that
    stands for nothing is doubted where it is rare: else it is how the file writes blank.
    """
    asked: dict[tuple[str, str], dict[str, None]] = {}
    bare: dict[tuple[str, str], str] = {}
    for saying in layout.says:
        about = [*applies(saying), *_not_taken_back(layout)]
        for cell in _cells(mapping, layout, saying, schema):
            for column, test, doubt in cell.doubts():
                bare[column, doubt] = test
                tests = asked.setdefault((column, doubt), {})
                tests[" AND ".join(f"({one})" for one in (test, *about))] = None
    if not asked:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in bare.values())
    found = engine.query(f"SELECT count(*), {counts} FROM cells")
    rows, *numbers = (column[0].as_py() for column in found.columns)
    for (column, doubt), number in zip(bare, numbers, strict=True):
        if number and (doubt != BLANK_WORD or number < rows * RARE):
            yield engine.query(
                f"SELECT line, {quoted(column)} AS field, {quoted(doubt)} AS doubt "
                f"FROM cells WHERE {' OR '.join(asked[column, doubt])}"
            ).cast(DOUBTS)


def _in_schema(columns: dict[str, pa.Array], schema: pa.Schema, count: int) -> pa.Table:
    """The columns in the order and types of a log, absent ones empty."""
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _select(
    layout: FileMapping, saying: Saying, cells: list[Cell], part: int, schema: pa.Schema
) -> str:
    key = _key(layout, schema)
    columns = ["line", f"{part} AS part", f"{key} AS id", f"{named(PERIOD)} AS period"]
    columns.append(f"{_is_withdrawn(layout)} AS withdrawn")
    columns += [column for cell in cells for column in cell.select()]
    no_key = (f"{key} IS NULL", " and ".join(layout.key), NO_KEY)
    columns.append(_faults(cells, [no_key] if layout.key else []))
    if saying.attributes:
        pairs = ", ".join(f"{quoted(a)}, nullif({trimmed(a)}, '')" for a in saying.attributes)
        columns.append(f"json_object({pairs})::VARCHAR AS attributes")
    return f"SELECT {', '.join(columns)} FROM cells"


def _key(layout: FileMapping, schema: pa.Schema) -> str:
    """SQL of what names a record; NULL where all of it is blank."""
    texts = [filled_text(k, layout.blank, schema.field(k).type) for k in layout.key]
    if len(texts) < 2:
        return texts[0] if texts else "CAST(NULL AS VARCHAR)"
    texts = [f"coalesce({text}, '')" for text in texts]
    blank = quoted(WITHIN * (len(texts) - 1))
    return f"nullif({f' || {quoted(WITHIN)} || '.join(texts)}, {blank})"


def _is_withdrawn(layout: FileMapping) -> str:
    """SQL that is true for the rows that take their record back."""
    return " AND ".join(holds(condition) for condition in layout.withdrawn) or "false"


def _not_taken_back(layout: FileMapping) -> list[str]:
    """SQL of the rows that say anything; without a key, what a row says is its key."""
    return [f"NOT ({_is_withdrawn(layout)})"] if layout.withdrawn and layout.key else []


def _faults(cells: list[Cell], others: Sequence[tuple[str, str, str]] = ()) -> str:
    """SQL of all that makes a row useless, in one text that ``_sql_faults`` takes apart.

    ``others`` are faults beside those of cells: SQL conditions, columns and what is wrong.
    """
    faults = [*others, *((test, cell.column, why) for cell in cells for test, why in cell.faults())]
    if not faults:
        return "CAST(NULL AS VARCHAR) AS faults"
    told = [
        f"CASE WHEN {test} THEN {quoted(name + WITHIN + why)} END" for test, name, why in faults
    ]
    has_any = " OR ".join(f"({test})" for test, _, _ in faults)
    return f"CASE WHEN {has_any} THEN concat_ws('{BETWEEN}', {', '.join(told)}) END AS faults"


def _is_said(saying: Saying, cells: list[Cell]) -> list[str]:
    """SQL of the rows of which a saying is said: all must be true."""
    anchor = ANCHORS.get(saying.table, "")
    of = {cell.name: cell for cell in cells}
    tests = [*applies(saying)]
    tests += [f"{of[anchor].filled} IS NOT NULL"] if anchor in of else []
    if saying.table == "same_person" and not saying.is_own:
        tests.append(f"{of['same_as'].own_identifier} <> {of['person'].identifier}")
    if saying.table == "traits":
        traits = [cell.filled for name, cell in of.items() if name not in ("person", "recorded_at")]
        tests.append(f"coalesce({', '.join(traits)}, NULL) IS NOT NULL")
        tests.append(f"{of['person'].filled} IS NOT NULL")
    return tests


def _sql_faults(found: pa.Table) -> Iterator[tuple[int, str, str]]:
    faulty = found.filter(found["faults"].is_valid())
    pairs = zip(faulty["line"].to_pylist(), faulty["faults"].to_pylist(), strict=True)
    for line, faults in pairs:
        for fault in faults.split(BETWEEN):
            name, _, why = fault.partition(WITHIN)
            yield line, name, why


def _instants(
    cell: Cell, found: pa.Table, zone: str
) -> tuple[pa.Array, list[tuple[int, str, str]], pa.Table]:
    """Instants of a column of times, the faults of those that are none, and their doubts."""
    read = found[cell.name].combine_chunks()
    missing = np.asarray(read.is_null())
    wall = read.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    wall = moved_on(wall, cell.value.plus)
    form = found[f"format of {cell.name}"].fill_null(0).to_numpy().astype(np.int64)
    local = ~np.isin(form, _zoned_formats(cell))
    instants, gaps, repeats = time.wall_to_instant(wall, zone)
    result = np.where(local, instants, wall)
    unlikely = ~missing & ((wall < EARLIEST) | (wall >= LATEST))
    told = ~missing & ~unlikely & local & ~np.isin(form, _hourless_formats(cell))
    lines = found["line"].to_numpy()
    faults = [(int(line), cell.column, UNLIKELY_TIME) for line in lines[unlikely]]
    faults += [(int(line), cell.column, NO_SUCH_TIME) for line in lines[told & gaps]]
    twice = lines[told & repeats]
    doubts = [twice, [cell.column] * len(twice), [REPEATED_HOUR] * len(twice)]
    return pa.array(result, pa.int64(), mask=missing), faults, pa.table(doubts, schema=DOUBTS)


def _hourless_formats(cell: Cell) -> list[int]:
    """Formats of days and months; a day whose midnight no clock showed begins after the gap."""
    if cell.native:
        return [0] if cell.is_day else []
    forms = enumerate(cell.value.formats)
    return [number for number, form in forms if not HOUR.search(form)]


def _zoned_formats(cell: Cell) -> list[int]:
    if cell.native:
        return [0] if cell.has_zone else []
    return [
        number
        for number, form in enumerate(cell.value.formats)
        if "%z" in form or form.endswith("Z")
    ]


def _precision(at: Cell, found: pa.Table) -> pa.Array:
    names = [
        "instant" if HOUR.search(form) else "day" if re.search("%[dj]", form) else "month"
        for form in at.value.formats
    ]
    if at.native:
        names = ["day" if at.is_day else "instant"]
    if len(names) == 1:
        return pa.repeat(names[0], found.num_rows)
    used = found["format of at"].fill_null(0).cast(pa.int64())
    return pa.array(names).take(used.combine_chunks())
