"""From rows of a file to what they say, by a mapping.

The engine reads the cells (conditions, codes, times, numbers); local time becomes
instants here, from the zone database. A row any of whose cells can't be used is
rejected whole, so that it can be mended and loaded again (rule §7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import InputError
from wholeflow.core.sql import named, quoted
from wholeflow.events import Field
from wholeflow.events.log import log_schema
from wholeflow.sources.files import Piece
from wholeflow.sources.mapping import Condition, FileMapping, Mapping, Saying, Value
from wholeflow.store import Engine, Reject

ANCHORS = {"events": "at", "money": "at", "counts": "value", "capacity": "amount"}
"""The field whose cell, left blank, means that the row does not say this thing."""

EARLIEST = -2_208_988_800 * time.SECOND  # 1900-01-01
LATEST = 10_413_792_000 * time.SECOND  # 2300-01-01

NOT_A_TIME = "a time in none of the declared formats"
NO_SUCH_TIME = "a local time that no clock showed, as the clocks went forward"
UNLIKELY_TIME = "a time before 1900 or after 2299"
NOT_A_NUMBER = "not a number"
NOT_A_CODE = "a code that the mapping does not list"
IS_BLANK = "blank, and it must be there"
SAYS_NOTHING = "the row says nothing that the mapping names"
REPAIRS = {
    NOT_A_TIME: "Mend the cell, or add its format to `times` in the mapping.",
    NO_SUCH_TIME: "Mend the cell, or export times with their offset from UTC.",
    UNLIKELY_TIME: "Mend the cell: check for years of two digits.",
    NOT_A_NUMBER: "Mend the cell.",
    NOT_A_CODE: "Add the code to `codes` in the mapping, or mend the cell.",
    IS_BLANK: "Fill the cell at its source.",
    SAYS_NOTHING: "Add what it says to the mapping, or leave it out of the export.",
}


@dataclass(frozen=True)
class Said:
    """What one saying of the mapping found: rows of its table, and faults by line."""

    table: str
    rows: pa.Table
    faults: tuple[tuple[int, str, str], ...]


def translate(
    engine: Engine, mapping: Mapping, layout: FileMapping, piece: Piece
) -> tuple[dict[str, pa.Table], tuple[Reject, ...]]:
    """The declared tables that a piece of a file says, and its rejected rows."""
    engine.register("cells", piece.rows)
    try:
        said = [
            _say(engine, mapping, layout, saying, part, piece.rows.schema)
            for part, saying in enumerate(layout.says)
        ]
    finally:
        engine.unregister("cells")
    rejects = {(line, name, why) for one in said for line, name, why in one.faults}
    lines = {line for line, _, _ in rejects}
    spoken = [one.rows["line"].to_numpy() for one in said]
    heard = np.concatenate([*spoken, np.array(sorted(lines), np.int64)])
    silent = np.setdiff1d(piece.rows["line"].to_numpy(), heard)
    rejects |= {(int(line), "", SAYS_NOTHING) for line in silent}
    refused = pa.array(sorted(lines), pa.int64())
    tables: dict[str, list[pa.Table]] = {}
    for one in said:
        usable = one.rows.filter(pc.invert(pc.is_in(one.rows["line"], value_set=refused)))
        tables.setdefault(one.table, []).append(usable)
    joined = {name: pa.concat_tables(rows) for name, rows in tables.items()}
    refusals = tuple(
        Reject(line, name, f"{name}: {why}" if name else why, REPAIRS[why])
        for line, name, why in sorted(rejects)
    )
    return joined, piece.rejects + refusals


def _say(
    engine: Engine,
    mapping: Mapping,
    layout: FileMapping,
    saying: Saying,
    part: int,
    schema: pa.Schema,
) -> Said:
    fields = {**dict(saying.fields)}
    if layout.recorded_at:
        fields["recorded_at"] = layout.recorded_at
    specs = {f.name: f for f in saying.spec.fields}
    cells = [_Cell(specs[name], value, schema, mapping, layout) for name, value in fields.items()]
    found = engine.query(_select(layout, saying, cells, part))
    faults = list(_sql_faults(found))
    columns = {name: found[name] for name in ("line", "part", "id", "withdrawn")}
    columns["source"] = pa.array([layout.feed] * found.num_rows, pa.string())
    for cell in cells:
        if cell.is_time and cell.value.column:
            columns[cell.name], bad = _instants(cell, found, mapping.zone)
            faults += bad
        else:
            columns[cell.name] = found[cell.name]
    if "at" in fields and saying.table == "events" and "precision" not in fields:
        columns["precision"] = _precision(fields["at"], found)
    if saying.attributes:
        columns["attributes"] = found["attributes"]
    rows = _in_schema(columns, log_schema(saying.spec), found.num_rows)
    return Said(saying.table, rows, tuple(faults))


def _in_schema(columns: dict[str, pa.Array], schema: pa.Schema, count: int) -> pa.Table:
    """The columns in the order and types of a log, absent ones empty."""
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


class _Cell:
    """A field of a saying with the SQL that reads it."""

    def __init__(
        self,
        spec: Field,
        value: Value,
        schema: pa.Schema,
        mapping: Mapping,
        layout: FileMapping,
    ) -> None:
        self.name = spec.name
        self.spec = spec
        self.value = value
        self.is_time = spec.type == "instant"
        self.native = value.column is not None and pa.types.is_timestamp(
            schema.field(value.column).type
        )
        if self.is_time and value.column and not self.native and not value.formats:
            raise InputError(
                f"the mapping does not say how the times in column {value.column} look",
                where=mapping.source,
                repair="Add times = ['%d/%m/%Y %H:%M'], or the format that the file has.",
            )
        self.has_zone = self.native and schema.field(value.column or "").type.tz is not None
        self.scheme = _scheme(spec, mapping, layout)
        self.blank = layout.blank
        self.column = value.column or spec.name

    @property
    def text(self) -> str:
        """The cell as text, NULL when blank."""
        if self.value.column is None:
            return quoted(self.value.constant or "")
        text = f"nullif(trim(CAST({named(self.value.column)} AS VARCHAR)), '')"
        for word in self.blank:
            text = f"nullif({text}, {quoted(word)})"
        return text

    def select(self) -> Iterator[str]:
        """The columns of the answer that this cell needs."""
        if self.is_time and self.value.column:
            yield f"{self._microseconds()} AS {named(self.name)}"
            yield f"{self._format_used()} AS {named('format of ' + self.name)}"
        elif self.spec.type in ("number", "integer"):
            kind = "DOUBLE" if self.spec.type == "number" else "BIGINT"
            yield f"try_cast({self.text} AS {kind}) AS {named(self.name)}"
        elif self.value.codes:
            yield f"{self._translated()} AS {named(self.name)}"
        elif self.scheme:
            yield f"{quoted(self.scheme + ':')} || {self.text} AS {named(self.name)}"
        else:
            yield f"{self.text} AS {named(self.name)}"

    def fault(self) -> Iterator[str]:
        """CASE branches that name what is wrong with the cell."""
        if self.spec.required and self.value.column and not self.spec.default:
            yield f"WHEN {self.text} IS NULL THEN {quoted(f'{self.column}|{IS_BLANK}')}"
        bad = {
            "time": (f"{self._microseconds()} IS NULL", NOT_A_TIME) if self._read_as_time else None,
            "number": (self._no_number(), NOT_A_NUMBER)
            if self.spec.type in ("number", "integer")
            else None,
            "code": (f"{self._translated()} IS NULL", NOT_A_CODE) if self.value.codes else None,
        }
        for test in bad.values():
            if test:
                yield (
                    f"WHEN {self.text} IS NOT NULL AND ({test[0]}) "
                    f"THEN {quoted(f'{self.column}|{test[1]}')}"
                )

    def _no_number(self) -> str:
        value = f"try_cast({self.text} AS DOUBLE)"
        if self.spec.type == "number":
            return f"NOT coalesce(isfinite({value}), false)"
        whole = f"try_cast({self.text} AS BIGINT)"
        return f"{whole} IS NULL OR {value} <> {whole}"

    @property
    def _read_as_time(self) -> bool:
        return self.is_time and self.value.column is not None and not self.native

    def _microseconds(self) -> str:
        if self.native:
            return f"epoch_us({named(self.value.column or '')})"
        tries = [f"epoch_us({self._try(form)})" for form in self.value.formats]
        return f"coalesce({', '.join(tries)}, NULL)"

    def _format_used(self) -> str:
        if self.native:
            return "0"
        whens = [
            f"WHEN {self._try(form)} IS NOT NULL THEN {number}"
            for number, form in enumerate(self.value.formats)
        ]
        return f"CASE {' '.join(whens)} END"

    def _try(self, form: str) -> str:
        return f"try_strptime({self.text}, {quoted(form)})"

    def _translated(self) -> str:
        whens = " ".join(f"WHEN {quoted(code)} THEN {quoted(to)}" for code, to in self.value.codes)
        return f"CASE {self.text} {whens} END"


def _scheme(spec: Field, mapping: Mapping, layout: FileMapping) -> str:
    """What makes an identifier unlike the same characters of another scheme."""
    if spec.type != "identifier":
        return ""
    return layout.people if spec.name in ("person", "same_as") else mapping.source


def _select(layout: FileMapping, saying: Saying, cells: list[_Cell], part: int) -> str:
    key = " || '|' || ".join(f"coalesce(CAST({named(k)} AS VARCHAR), '')" for k in layout.key)
    columns = ["line", f"{part} AS part", f"{key or 'NULL'} AS id"]
    gone = " AND ".join(_holds(condition) for condition in layout.withdrawn)
    columns.append(f"{gone or 'false'} AS withdrawn")
    columns += [column for cell in cells for column in cell.select()]
    faults = [branch for cell in cells for branch in cell.fault()]
    each = ", ".join(f"CASE {branch} END" for branch in faults)
    columns.append(f"nullif(concat_ws(';', {each}), '') AS faults" if faults else "NULL AS faults")
    if saying.attributes:
        pairs = ", ".join(
            f"{quoted(a)}, nullif(trim(CAST({named(a)} AS VARCHAR)), '')" for a in saying.attributes
        )
        columns.append(f"json_object({pairs})::VARCHAR AS attributes")
    where = [_holds(condition) for condition in saying.when]
    anchor = ANCHORS.get(saying.table, "")
    where += [f"{cell.text} IS NOT NULL" for cell in cells if cell.name == anchor]
    return f"SELECT {', '.join(columns)} FROM cells WHERE {' AND '.join(where) or 'true'}"


def _holds(condition: Condition) -> str:
    text = f"coalesce(trim(CAST({named(condition.column)} AS VARCHAR)), '')"
    if condition.values:
        return f"{text} IN ({', '.join(quoted(value) for value in condition.values)})"
    return f"{text} <> ''" if condition.filled else f"{text} = ''"


def _sql_faults(found: pa.Table) -> Iterator[tuple[int, str, str]]:
    faulty = found.filter(found["faults"].is_valid())
    pairs = zip(faulty["line"].to_pylist(), faulty["faults"].to_pylist(), strict=True)
    for line, faults in pairs:
        for fault in faults.split(";"):
            name, _, why = fault.partition("|")
            yield line, name, why


def _instants(
    cell: _Cell, found: pa.Table, zone: str
) -> tuple[pa.Array, list[tuple[int, str, str]]]:
    """Instants of a column of times, and the faults of those that are none."""
    read = found[cell.name].combine_chunks()
    missing = np.asarray(read.is_null())
    wall = read.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    wall = _moved_on(wall, cell.value.plus)
    form = found[f"format of {cell.name}"].fill_null(0).to_numpy().astype(np.int64)
    local = ~np.isin(form, _zoned_formats(cell))
    instants, gaps, _ = time.wall_to_instant(wall, zone)
    result = np.where(local, instants, wall)
    unlikely = ~missing & ((wall < EARLIEST) | (wall >= LATEST))
    has_hour = ~np.isin(form, _hourless_formats(cell))
    no_such = ~missing & ~unlikely & local & gaps & has_hour
    lines = found["line"].to_numpy()
    faults = [(int(line), cell.column, UNLIKELY_TIME) for line in lines[unlikely]]
    faults += [(int(line), cell.column, NO_SUCH_TIME) for line in lines[no_such]]
    return pa.array(result, pa.int64(), mask=missing), faults


def _hourless_formats(cell: _Cell) -> list[int]:
    """Formats of days and months; a day whose midnight no clock showed begins after the gap."""
    forms = enumerate(cell.value.formats)
    return [number for number, form in forms if not re.search("%[HI]", form)]


def _zoned_formats(cell: _Cell) -> list[int]:
    if cell.native:
        return [0] if cell.has_zone else []
    return [number for number, form in enumerate(cell.value.formats) if "%z" in form]


def _moved_on(wall: np.ndarray, plus: str) -> np.ndarray:
    if plus == "day":
        return wall + time.DAY
    if plus == "month":
        moment = wall.astype("datetime64[us]")
        month = moment.astype("datetime64[M]")
        later = (month + 1).astype("datetime64[us]") + (moment - month)
        return np.asarray(later.astype(np.int64))
    return wall


def _precision(at: Value, found: pa.Table) -> pa.Array:
    names = [
        "instant" if "%H" in form else "day" if "%d" in form else "month" for form in at.formats
    ] or ["instant"]
    if "format of at" not in found.column_names:
        return pa.array([names[0]] * found.num_rows, pa.string())
    used = found["format of at"].fill_null(0).cast(pa.int64())
    return pa.array(names).take(used.combine_chunks())
