"""Plain SQL on what is known: one SELECT on the tables of a view, with names and pseudonyms.

The question is answered in an engine of its own, which holds copies of the tables that it names
and nothing else, and has no way to files, the network or settings: what is not there can't be
reached, and nothing can be changed. What could tell who somebody is is not copied: kept
identifiers, traits, attributes, and what ties a record to its row in a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from wholeflow.core.errors import RequestError
from wholeflow.core.sql import named
from wholeflow.core.time import QUARTER_HOUR, calendar
from wholeflow.events import table, table_names
from wholeflow.governance.pseudonyms import DIGITS
from wholeflow.journeys.operators import DERIVED, IDENTITY, columns
from wholeflow.journeys.view import Journeys
from wholeflow.store.engine import IN_MEMORY, DuckDBEngine
from wholeflow.store.schema import BOOKS, SQL_TYPES

WITHHELD_TABLES = {*IDENTITY, "object_facts", "kept_ids", "dictionary"}
"""Tables about who people are; and codes, which nothing here has."""

WITHHELD_COLUMNS = {"events": ("attributes",), "records": ("id", "content", "line")}

CALENDAR = "calendar"
"""Local time of every quarter of an hour in which something of the named tables happened."""

ROWS_AT_ONCE = 500_000
"""How many rows are copied at a time, so that memory stays bounded."""

NO_WAY_OUT = (
    "SET enable_external_access = false",
    "SET GLOBAL python_enable_replacements = false",  # else SQL reads variables of Python
)


@cache
def offered() -> Mapping[str, Mapping[str, str]]:
    """Every table that can be asked, with its columns and their declared types."""
    found = {name: {f.name: f.type for f in columns(name)} for name in DERIVED}
    for name in table_names():
        if name not in WITHHELD_TABLES:
            found[f"present_{name}"] = {
                f.name: f.type
                for f in table(name).fields
                if f.name not in WITHHELD_COLUMNS.get(name, ())
            }
    found[CALENDAR] = {
        "quarter_hour": "integer", "hour": "integer", "weekday": "integer", "day": "text",
        "week": "text", "month": "text", "financial_year": "text",
    }  # fmt: skip
    return {**found, **_books()}


def _books() -> dict[str, dict[str, str]]:
    """The books of the store, where a feed is called ``source``, as everywhere."""
    types = {"INTEGER": "integer", "BIGINT": "integer", "VARCHAR": "text", "BOOLEAN": "flag"}
    found = {}
    for name in BOOKS.keys() - WITHHELD_TABLES:
        parts = [part.split() for part in BOOKS[name].split(", ")]
        found[name] = {
            column: "code" if column == "source" else types[kind]
            for column, kind in parts
            if column not in WITHHELD_COLUMNS.get(name, ())
        }
    return found


def answer(journeys: Journeys, text: str) -> pa.Table:
    """The answer to one SELECT, in types that JSON and CSV can hold; instants as integers.

    Raises RequestError for anything else than one SELECT, and for a mistake in it: what is
    wrong, at which line and column, and which tables and columns there are.
    """
    with _room() as (room, probe):
        for name, fields in offered().items():
            room.execute(f"CREATE TABLE {name} ({_definitions(fields)})")
        _need_one_select(probe, text)
        wanted = _named_in(text)
        if not wanted:
            raise RequestError("the question names no table", repair=_tables())
        for name in offered().keys() - wanted:
            room.execute(f"DROP TABLE {name}")
        for name in wanted - {CALENDAR}:
            _copy(journeys, name, room)
        if CALENDAR in wanted:
            _fill_calendar(journeys, wanted, room)
        _run(room, "CREATE TEMP TABLE answer AS ", text)  # on disk where memory is too small
        rows = room.query("SELECT * FROM answer")
    return pa.table([_plain(column) for column in rows.columns], names=rows.column_names)


@contextmanager
def _room() -> Iterator[tuple[DuckDBEngine, DuckDBEngine]]:
    """An empty engine without any way out, and a session of it that tells where mistakes are."""
    room = DuckDBEngine(IN_MEMORY)
    try:
        for setting in NO_WAY_OUT:
            room.execute(setting)
        probe = room.session()
        probe.execute("SET errors_as_json = true")
        room.execute("SET lock_configuration = true")
        yield room, probe
    finally:
        room.close()


def _definitions(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{named(name)} {_sql_type(kind)}" for name, kind in fields.items())


def _sql_type(kind: str) -> str:
    shown = "text" if kind in ("record", "identifier", "code") else kind.partition(":")[0]
    return SQL_TYPES[shown]


def _need_one_select(probe: DuckDBEngine, text: str) -> None:
    """Refuse what is not one SELECT, and one that has a mistake, before anything is worked out."""
    try:
        _need_one(duckdb.extract_statements(text))
    except duckdb.Error as error:
        _run(probe, "", text)  # which tells where
        raise _mistake(error, "", text) from None
    _run(probe, "EXPLAIN ", text)


def _run(engine: DuckDBEngine, before: str, text: str) -> None:
    try:
        engine.execute(before + text)
    except duckdb.Error as error:
        raise _mistake(error, before, text) from None


def _need_one(statements: Sequence[duckdb.Statement]) -> None:
    if len(statements) != 1:
        raise RequestError(
            f"one question is answered at a time, and these are {len(statements)}",
            repair="Write one SELECT; a WITH before it may hold further ones.",
        )
    if statements[0].type != duckdb.StatementType.SELECT:
        raise RequestError(
            f"only SELECT is answered, and this is {statements[0].type.name}: nothing can be "
            "changed, read from a file or written to one here",
            repair="Write a SELECT; --csv and --json print its answer.",
        )


def _named_in(text: str) -> set[str]:
    """The tables that the words of a question may name."""
    return set(re.findall(r"\w+", text.lower())) & offered().keys()


def _copy(journeys: Journeys, name: str, room: DuckDBEngine) -> None:
    """Copy a table of the view, piece by piece, codes as names and numbers as pseudonyms."""
    shown, joins = [], []
    for column, kind in offered()[name].items():
        own = f"t.{named(column)}"
        if kind == "code":
            joins.append(f"LEFT JOIN dictionary AS d_{column} ON d_{column}.code = {own}")
            own = f"d_{column}.name"
        elif kind in ("record", "identifier"):
            own = f"lower(lpad(to_hex({own}), {DIGITS}, '0'))"
        shown.append(f"{own} AS {named(column)}")
    last = journeys.query(f"SELECT max(t.rowid) AS last FROM {name} AS t")["last"][0].as_py()
    for first in range(0, 0 if last is None else last + 1, ROWS_AT_ONCE):
        rows = journeys.query(
            f"SELECT {', '.join(shown)} FROM {name} AS t {' '.join(joins)} "
            f"WHERE t.rowid BETWEEN {first} AND {first + ROWS_AT_ONCE - 1}"
        )
        _add(room, name, rows)


def _add(room: DuckDBEngine, name: str, rows: pa.Table) -> None:
    room.register("incoming_rows", rows)
    room.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming_rows")
    room.unregister("incoming_rows")


def _fill_calendar(journeys: Journeys, wanted: set[str], room: DuckDBEngine) -> None:
    journeys.need_shared_clock("a result by day, week, month or year")
    instants = [
        f"SELECT {named(column)} AS at FROM {name}"
        for name in wanted
        for column, kind in offered()[name].items()
        if kind == "instant"
    ]
    quarters = np.array([], np.int64)
    if instants:
        found = room.query(
            f"SELECT DISTINCT CAST(floor(i.at / {QUARTER_HOUR}.0) AS BIGINT) AS quarter_hour "
            f"FROM ({' UNION ALL '.join(instants)}) AS i WHERE i.at IS NOT NULL"
        )
        quarters = found["quarter_hour"].to_numpy()
    _add(room, CALENDAR, calendar(quarters, journeys.zone))


OF_THE_TEXT = ("Parser", "Syntax", "Binder", "Catalog")
"""Mistakes found by reading the question alone, whose words hold no value of a row."""

IN_OTHER_WORDS = {
    "Permission": (
        "no file, address or other database can be reached from here",
        "Ask of the tables that are here.",
    ),
    "OutOfMemory": (
        "the question needs more memory than it may have",
        "Ask for fewer rows or columns at once.",
    ),
}
OF_VALUES = (
    "a value does not fit what the question does with it",
    "TRY_CAST gives nothing where a value does not fit.",
)


def _mistake(error: duckdb.Error, before: str, text: str) -> RequestError:
    """What is wrong with a question, in words that hold nothing of any row.

    ``before`` is what was put before its text when it was run.
    """
    told = _told(error)
    kind = type(error).__name__.removesuffix("Exception")
    if kind in OF_THE_TEXT:
        what = str(told.get("exception_message", kind)).split("\n")[0].rstrip("!.")
        what, repair = f"the question has a mistake: {what}", ""
    else:
        what, repair = IN_OTHER_WORDS.get(kind, OF_VALUES)
        what = f"{what} ({kind} error)"
    there = _tables() if kind == "Catalog" else _columns(text)
    where = _where(told, before, text)
    return RequestError(what, where=where, repair=f"{repair} {there}".strip())


def _told(error: duckdb.Error) -> dict[str, Any]:
    found = re.search(r"\{.*\}", str(error), re.DOTALL)
    try:
        return dict(json.loads(found[0])) if found else {}
    except ValueError:
        return {}


def _where(told: Mapping[str, Any], before: str, text: str) -> str:
    """The line and column of a mistake, which is told as a number of bytes."""
    position = str(told.get("position", ""))
    if not position.isdigit() or int(position) < len(before):
        return ""
    passed = text.encode()[: int(position) - len(before)].decode(errors="ignore")
    return f"line {passed.count(chr(10)) + 1}, column {len(passed.rpartition(chr(10))[2]) + 1}"


def _tables() -> str:
    return f"There are these tables: {', '.join(sorted(offered()))}."


def _columns(text: str) -> str:
    """The columns of the tables that a question names, else the tables that there are."""
    told = [f"{name} has {', '.join(offered()[name])}." for name in sorted(_named_in(text))]
    return " ".join(told) or _tables()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column as numbers, flags or texts, which JSON and CSV can hold."""
    kind = column.type
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    if any(is_it(kind) for is_it in plain):
        return column
    values = column.to_pylist()
    if pa.types.is_decimal(kind):
        whole = not kind.scale and all(value is None or abs(value) < 2**63 for value in values)
        return pa.array(
            [None if v is None else int(v) if whole else float(v) for v in values],
            pa.int64() if whole else pa.float64(),
        )
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
