"""EventLog: what was recorded, as declared tables checked when built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.errors import InputError, RequestError
from wholeflow.core.time import LONDON, parse_instant
from wholeflow.events.declared import Field, TableSpec, choices, table

ARROW_TYPES = {
    "record": pa.string(),
    "identifier": pa.string(),
    "code": pa.string(),
    "choice": pa.string(),
    "text": pa.string(),
    "instant": pa.int64(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
"""How each declared type looks in a log: names as themselves, instants as integers."""


def log_schema(spec: TableSpec) -> pa.Schema:
    """The Arrow schema of a declared table in a log.

    ``line`` is added: the number of the record in its file or list. It tells
    where a fault is and is no part of what was said.
    """
    columns = [(f.name, ARROW_TYPES[f.type.partition(":")[0]]) for f in spec.fields]
    return pa.schema([*columns, ("line", pa.int64())])


@dataclass(frozen=True)
class EventLog:
    """Declared tables by name, in Arrow, with every column of their declaration.

    ``clock`` is ``shared`` when all times are on one clock, ``shifted_per_person``
    when dates were moved for each person (rule §5): then nothing is worked out
    across people at an instant. ``zone`` is the local time that results are shown in;
    ``about`` holds title and licence.

    >>> log = EventLog.from_rows("ward-book", events=[
    ...     {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward 1"},
    ...     {"person": "a", "at": "2024-07-03 11:30", "kind": "left", "place": "Ward 1"}])
    >>> log.tables["events"].num_rows
    2
    """

    tables: Mapping[str, pa.Table]
    clock: str = "shared"
    zone: str = LONDON
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.clock not in ("shared", "shifted_per_person"):
            raise RequestError(
                "a clock is either shared or shifted_per_person",
                repair="Say clock = 'shifted_per_person' where dates were moved for each person.",
            )
        complete: dict[str, pa.Table] = {}
        for name, rows in self.tables.items():
            seen = sum(others.num_rows for others in complete.values())
            complete[name] = _complete(_spec(name, self.tables), rows, seen + 1)
        object.__setattr__(self, "tables", MappingProxyType(complete))

    @classmethod
    def from_rows(
        cls,
        source: str,
        *,
        zone: str = LONDON,
        clock: str = "shared",
        **tables: Iterable[Mapping[str, Any]],
    ) -> EventLog:
        """A log from rows in memory, each a mapping of column to value.

        Times may be instants (integers) or ISO text in local time of ``zone``.
        Raises InputError for a column that is not declared, a required one that
        is missing, or a value outside a closed list.
        """
        numbers = _Numbers()
        built = {}
        for name, rows in tables.items():
            spec = table(name)
            numbered = [_row(spec, {"source": source, **row}, zone, numbers) for row in rows]
            built[name] = pa.Table.from_pylist(numbered, schema=log_schema(spec))
        return cls(built, clock, zone)


class _Numbers:
    """Numbers records and their parts: rows that share an id, source and version are one record."""

    def __init__(self) -> None:
        self._line: dict[tuple[Any, ...], int] = {}
        self._parts: dict[int, int] = {}

    def next(self, row: Mapping[str, Any]) -> tuple[int, int]:
        """The line of a row's record, and its part."""
        record = tuple(row.get(name) for name in ("source", "id", "recorded_at", "run"))
        if row.get("id") is None:
            record = (None, len(self._line))
        line = self._line.setdefault(record, len(self._line) + 1)
        self._parts[line] = self._parts.get(line, -1) + 1
        return line, self._parts[line]


def _row(spec: TableSpec, row: Mapping[str, Any], zone: str, numbers: _Numbers) -> dict[str, Any]:
    line, part = numbers.next(row)
    known = [f.name for f in spec.fields]
    for name in row:
        if name not in known:
            raise InputError(
                f"table {spec.name} has no column {name!r}",
                where=f"row {line}",
                repair=f"Use the declared columns: {', '.join(known)}.",
            )
    ready = {f.name: _value(f, row.get(f.name), zone, line) for f in spec.fields}
    return {**ready, "part": part if row.get("part") is None else row["part"], "line": line}


def _value(spec: Field, value: Any, zone: str, line: int) -> Any:
    kind = ARROW_TYPES[spec.type.partition(":")[0]]
    if value is None:
        return None
    if kind == pa.string():
        return str(value)
    try:
        if spec.type == "instant" and isinstance(value, str):
            return parse_instant(value, zone)
        if kind == pa.int64() and not isinstance(value, int):
            raise pa.ArrowTypeError("not a whole number")
        return pa.scalar(value, kind).as_py()
    except (RequestError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        what = error.what if isinstance(error, RequestError) else f"this is not of type {spec.type}"
        raise InputError(
            f"column {spec.name}: {what}",
            where=f"row {line}",
            repair=f"It means: {spec.meaning}",
        ) from None


def _spec(name: str, tables: Mapping[str, pa.Table]) -> TableSpec:
    """A declared table; where events name their objects, they need no person."""
    spec = table(name)
    if name != "events" or "event_objects" not in tables:
        return spec
    own = (replace(f, required=False) if f.name == "person" else f for f in spec.own)
    return TableSpec(name, tuple(own))


def _complete(spec: TableSpec, rows: pa.Table, first_line: int) -> pa.Table:
    """The table with every declared column, defaults filled and each value allowed."""
    schema = log_schema(spec)
    columns = []
    for name in schema.names:
        if name in rows.column_names:
            columns.append(rows[name].cast(schema.field(name).type))
        elif name == "line":
            columns.append(_lines(rows, first_line))
        else:
            columns.append(pa.nulls(rows.num_rows, schema.field(name).type))
    complete = pa.table(columns, schema=schema)
    for spec_field in spec.fields:
        complete = _default(complete, spec_field)
        _check(spec, spec_field, complete)
    return complete


def _lines(rows: pa.Table, first: int) -> pa.Array:
    """A line for each record: rows that share id, source, version and run are one."""
    numbers = np.arange(rows.num_rows, dtype=np.int64)
    if "id" in rows.column_names and rows["id"].null_count < rows.num_rows:
        names = [
            name for name in ("id", "source", "recorded_at", "run") if name in rows.column_names
        ]
        texts = [pc.coalesce(rows[name].cast(pa.string()), "") for name in names]
        keys = pc.binary_join_element_wise(*texts, "\x1f").combine_chunks().dictionary_encode()
        first_of = np.full(len(keys.dictionary), rows.num_rows, dtype=np.int64)
        codes = keys.indices.to_numpy()
        np.minimum.at(first_of, codes, numbers)
        has_id = np.asarray(rows["id"].combine_chunks().is_valid())
        numbers = np.where(has_id, first_of[codes], numbers)
    return pa.array(numbers + first, pa.int64())


def _default(rows: pa.Table, spec: Field) -> pa.Table:
    if not spec.default or rows[spec.name].null_count == 0:
        return rows
    kind = rows.schema.field(spec.name).type
    value = pa.scalar(spec.default == "true" if kind == pa.bool_() else spec.default).cast(kind)
    at = rows.column_names.index(spec.name)
    return rows.set_column(at, spec.name, rows[spec.name].fill_null(value))


def _check(table_spec: TableSpec, spec: Field, rows: pa.Table) -> None:
    column = rows[spec.name]
    if spec.required and spec.type != "record" and column.null_count:
        is_withdrawn = pc.fill_null(rows["withdrawn"], False)  # that it is, is all that it says
        missing = pc.and_(column.is_null(), pc.invert(is_withdrawn))
        if pc.any(missing).as_py():
            raise InputError(
                f"column {spec.name} of {table_spec.name} is missing",
                where=f"row {_first_line(rows, missing)}",
                repair=f"Every row needs it. It means: {spec.meaning}",
            )
    if spec.choice_list:
        allowed = pa.array(choices(spec.choice_list))
        wrong = pc.and_(column.is_valid(), pc.invert(pc.is_in(column, value_set=allowed)))
        if pc.any(wrong).as_py():
            raise InputError(
                f"column {spec.name} of {table_spec.name} holds a value that is not in its list",
                where=f"row {_first_line(rows, wrong)}",
                repair=f"Use one of: {', '.join(choices(spec.choice_list))}.",
            )


def _first_line(rows: pa.Table, mask: pa.ChunkedArray) -> int:
    return int(rows.filter(mask)["line"][0].as_py())
