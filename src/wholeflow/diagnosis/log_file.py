"""One log file, Parquet or CSV, to map as it is: nothing is stored, nothing of people shown.

The rows become the relation ``activity_times`` that a store has too; from there on the same SQL
says what followed what and which ways the cases went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import InputError, RequestError, unknown
from wholeflow.core.sql import fill, named, quoted
from wholeflow.journeys import operators
from wholeflow.store import Engine
from wholeflow.store.engine import IN_MEMORY, DuckDBEngine

PARQUET, CSV = (".parquet", ".pq"), (".csv", ".csv.gz", ".tsv", ".tsv.gz")

OFFSET = r"\d:\d{2}\S*(Z|[+-]\d{2}(:?\d{2})?)$"
"""How the text of a time ends that says its offset from UTC."""

AS_THEY_STAND = (
    "Times without an offset are taken as they stand: across a change of the clocks a wait may be "
    "an hour out; with --zone Europe/London they are local time (§1)."
)
MOMENTS = (
    "No column of ends was named: each activity is a moment, and waits are from start to start."
)

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")

OF_CASES = {"carried": "", "whose": "", "people": "CAST(NULL AS BIGINT)"}
NOBODY = "CAST(0 AS TINYINT) AS run, CAST(NULL AS TINYINT) AS person"
NOWHERE = "CAST(NULL AS TINYINT) AS place, CAST(NULL AS TINYINT) AS next_place"
"""A log tells of cases: of no run but the observed past, of no person and of no place."""

UNKNOWN_ENDS = "ends that are not recorded, are no time or lie before the start"
"""These activities are shown; the wait after them is unknown."""


@dataclass(frozen=True)
class LogFile:
    """The cases of one log file, to be asked for its map and its variants.

    ``rows`` is how many the file has; ``left_out`` counts what could not be used, by reason.
    """

    name: str
    engine: Engine
    zone: str
    rows: int
    left_out: Mapping[str, int]
    limits: tuple[str, ...]

    def query(self, sql: str) -> pa.Table:
        """The answer to SQL on ``activities``, ``ways``, ``way_counts`` and ``dictionary``."""
        return self.engine.query(sql)

    def close(self) -> None:
        """Let go of what was worked out."""
        self.engine.close()


@dataclass(frozen=True)
class _Columns:
    """What a log is read by: its rows and the case as SQL, its times in microseconds as SQL."""

    file: str
    rows: str
    case: str
    activity: str
    start: str
    end: str


def log_file(
    path: str | Path,
    *,
    case: str,
    activity: str,
    start: str,
    end: str | None = None,
    zone: str | None = None,
) -> LogFile:
    """One log file to map: a column each for the case, the activity, its start and its end.

    Without ``end`` each activity is a moment. Times without an offset from UTC are local times
    of ``zone``; without it they are taken as they stand. What one case did at one time keeps the
    order of the file. Raises InputError for a file that can't be read, RequestError for a
    column that it does not have or that holds no times.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("there is no such file", where=str(file), repair="Check the path.")
    rows = _rows(file)
    engine = DuckDBEngine(IN_MEMORY)
    try:
        types = _types(engine, rows, [case, activity, start, *([end] if end else [])])
        begin = _instant(engine, rows, start, types[start], zone)
        finish = _instant(engine, rows, end, types[end], zone) if end else begin
        columns = _Columns(file.name, rows, named(case), named(activity), begin, finish)
        _take(engine, columns, types[case])
        total, left_out = _books(engine, columns)
    except duckdb.Error as error:  # its text may hold values of a row
        engine.close()
        raise _unreadable(file) from error
    except BaseException:
        engine.close()
        raise
    is_bare = zone is None and any("ZONE" not in types[name] for name in (start, end) if name)
    limits = (*((AS_THEY_STAND,) if is_bare else ()), *(() if end else (MOMENTS,)))
    return LogFile(file.name, engine, zone or "UTC", total, left_out, limits)


def _rows(file: Path) -> str:
    """The rows of a file as SQL, numbered in their order as ``file_row_number``."""
    name = quoted("".join(f"[{c}]" if c in "*?[" else c for c in str(file)))
    if file.name.lower().endswith(PARQUET):
        return f"read_parquet({name}, file_row_number = true)"
    if file.name.lower().endswith(CSV):
        read = f"read_csv({name}, all_varchar = true, header = true)"
        return f"(SELECT *, row_number() OVER () AS file_row_number FROM {read})"
    raise InputError(
        "a log is mapped from Parquet or CSV",
        where=file.name,
        repair="Name a file that ends in .parquet, .csv or .csv.gz; other logs can be loaded.",
    )


def _types(engine: Engine, rows: str, wanted: list[str]) -> dict[str, str]:
    """The types of the columns that are wanted; an error where the file lacks one."""
    found = engine.query(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {rows})")
    types: dict[str, str] = dict(
        zip(found["column_name"].to_pylist(), found["column_type"].to_pylist(), strict=True)
    )
    for name in wanted:
        if name not in types:
            raise unknown("column", name, [name for name in types if name != "file_row_number"])
    return types


def _instant(engine: Engine, rows: str, column: str, kind: str, zone: str | None) -> str:
    """A time of the file in microseconds since 1970 as SQL; NULL where it is none."""
    it = f"r.{named(column)}"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({it})"
    if kind == "VARCHAR":
        bare = f"epoch_us(TRY_CAST({it} AS TIMESTAMP))"
        local = _local(engine, rows, bare, zone) if zone else bare
        exact = f"epoch_us(TRY_CAST({it} AS TIMESTAMPTZ))"
        return f"CASE WHEN regexp_matches({it}, '{OFFSET}') THEN {exact} ELSE {local} END"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        bare = f"epoch_us(CAST({it} AS TIMESTAMP))"
        return _local(engine, rows, bare, zone) if zone else bare
    raise RequestError(
        f"the column {column!r} holds no times",
        repair="Name a column of times, of dates, or of text such as 2024-07-01 09:30.",
    )


def _local(engine: Engine, rows: str, wall: str, zone: str) -> str:
    """Local time as UTC in SQL: the offset of each stretch of the zone that the times lie in.

    A time in the hour that clocks show twice is the first of the two, one that no clock showed
    is none (§2).
    """
    segments = time.local_segments(zone)
    edges = engine.query(f"SELECT min({wall}) AS a, max({wall}) AS b FROM {rows} AS r").to_pylist()
    first, last = edges[0]["a"] or 0, edges[0]["b"] or 0
    ends = [after.local_from for after in segments[1:]] + [2**62]
    cases = [
        f"WHEN {wall} < {end} THEN " + ("NULL" if part.is_gap else f"{wall} - {part.offset}")
        for part, end in zip(segments, ends, strict=True)
        if part.local_from <= last and end > first
    ]
    return f"CASE {' '.join(cases)} END"


def _take(engine: Engine, columns: _Columns, kind: str) -> None:
    """Make the relations of a store that maps are made from: each row with the one after it.

    Cases that are no whole numbers are given some: to sort by text takes longer than all else.
    """
    settings = {**vars(columns), **OF_CASES, "hour": f"{time.HOUR}.0"}
    if kind.removeprefix("U") in INTEGERS:
        settings |= {"journey": f"r.{columns.case}", "join_cases": ""}
    else:
        cases = fill("wholeflow.diagnosis", "sql/log_cases.sql", settings)
        engine.execute(f"CREATE TEMP TABLE cases AS {cases}")
        join = f"JOIN cases AS c ON c.name = r.{columns.case}"
        settings |= {"journey": "c.journey", "join_cases": join}
    made = {
        "TABLE dictionary": fill("wholeflow.diagnosis", "sql/log_names.sql", settings),
        "VIEW activity_times": fill("wholeflow.diagnosis", "sql/log_times.sql", settings),
        "TABLE rows_in_turn": operators.sql("activities", settings),
        "VIEW activities": f"SELECT r.*, {NOBODY}, {NOWHERE} FROM rows_in_turn AS r",
        "TABLE ways_of_cases": operators.sql("ways", settings),
        "VIEW ways": f"SELECT w.*, {NOBODY} FROM ways_of_cases AS w",
        "TABLE way_counts": operators.sql("way_counts", settings),
    }
    for name, body in made.items():
        engine.execute(f"CREATE TEMP {name} AS {body}")


def _books(engine: Engine, columns: _Columns) -> tuple[int, dict[str, int]]:
    """How many rows the file has, and how many could not be used, by reason.

    The rows are looked at one by one only where some are missing.
    """
    used = engine.query(
        "SELECT count(*) AS rows, count(a.end_at) AS ends FROM activities AS a"
    ).to_pylist()[0]
    total = engine.query(f"SELECT count(*) AS n FROM {columns.rows}")["n"][0].as_py()
    left_out: dict[str, int] = {}
    if used["rows"] < total:
        left_out = engine.query(
            fill("wholeflow.diagnosis", "sql/log_books.sql", vars(columns))
        ).to_pylist()[0]
    if not used["rows"]:
        reasons = "; ".join(f"{n:,} {reason}" for reason, n in left_out.items() if n)
        raise InputError(
            f"no row of this log can be used: {reasons or 'it has none'}",
            where=columns.file,
            repair="Name other columns; write times as 2024-07-01 09:30.",
        )
    unknown_ends = used["rows"] - used["ends"]
    return total, {**left_out, UNKNOWN_ENDS: unknown_ends} if unknown_ends else left_out


def _unreadable(file: Path) -> InputError:
    return InputError(
        "this file can't be read as a log",
        where=file.name,
        repair="Check that it is whole, in UTF-8 and of the kind that its name says.",
    )
