"""Writing what a store holds for other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from wholeflow.core.errors import RequestError, unknown
from wholeflow.core.time import EPOCH, zone
from wholeflow.core.whole_file import whole_file
from wholeflow.events import Field, table, table_names
from wholeflow.events.log import log_schema
from wholeflow.exchange.ocel import write_ocel
from wholeflow.exchange.ocel_out import to_ocel
from wholeflow.exchange.present import Present
from wholeflow.exchange.xes import write_pieces
from wholeflow.exchange.xes_out import to_xes
from wholeflow.journeys import Journeys, columns
from wholeflow.journeys.operators import DERIVED
from wholeflow.journeys.view import ACROSS_PEOPLE

LOGS = {"xes": "log.xes", "ocel": "log.jsonocel", "ocel-sqlite": "log.sqlite"}
"""Forms that are one file, with its name."""

FORMS = ("csv", "parquet", *LOGS)


def export_log(journeys: Journeys, to: str | Path, as_: str) -> tuple[Path, ...]:
    """Write a view into a folder for other tools and answer the files written.

    ``csv`` and ``parquet``: every present and every derived table, one file each (no census
    where clocks are shifted); in CSV instants are local times with their offset. ``xes``,
    ``ocel`` (OCEL 2.0 as JSON) and ``ocel-sqlite``: a log in one file (:data:`LOGS`). Each
    file is written whole or not at all. Raises RequestError for another form, or a folder
    that can't be written to.
    """
    folder = Path(to)
    if as_ not in FORMS:
        raise unknown("form to export", as_, list(FORMS))
    if folder.exists() and not folder.is_dir():
        raise RequestError("this is a file", where=str(folder), repair="Name a folder.")
    if as_ not in LOGS:
        return tuple(_write_tables(journeys, folder, as_))
    path = folder / LOGS[as_]
    if as_ == "xes":
        write_pieces(to_xes(journeys), path)
    else:
        write_ocel(to_ocel(journeys), path)
    return (path,)


def _write_tables(journeys: Journeys, folder: Path, as_: str) -> Iterator[Path]:
    present = Present(journeys)
    for name in table_names():
        path = folder / f"{name}.{as_}"
        schema = pa.schema([field for field in log_schema(table(name)) if field.name != "line"])
        _write(present.tables(name), schema, table(name).fields, path, journeys.zone)
        yield path
    for name in DERIVED:
        if name in ACROSS_PEOPLE and not journeys.is_shared:
            continue
        path = folder / f"{name}.{as_}"
        rows = journeys.table(name)
        _write([rows], rows.schema, columns(name), path, journeys.zone)
        yield path


def _write(
    pieces: Iterable[pa.Table],
    schema: pa.Schema,
    fields: tuple[Field, ...],
    path: Path,
    zone_name: str,
) -> None:
    instants = {f.name for f in fields if f.type == "instant"}
    is_csv = path.suffix == ".csv"
    shown = pa.string() if is_csv else pa.timestamp("us", "UTC")
    said = pa.schema([(f.name, shown if f.name in instants else f.type) for f in schema])
    with whole_file(path) as made:
        make: Any = pyarrow.csv.CSVWriter if is_csv else pyarrow.parquet.ParquetWriter
        with make(str(made), said) as file:
            for rows in pieces:
                for name in instants if is_csv else ():
                    at = rows.column_names.index(name)
                    rows = rows.set_column(at, name, _local_texts(rows[name], zone_name))
                file.write_table(rows.cast(said))


def _local_texts(instants: pa.ChunkedArray, zone_name: str) -> pa.Array:
    tz = zone(zone_name)
    texts = {
        at: (EPOCH + timedelta(microseconds=at)).astimezone(tz).isoformat()
        for at in instants.unique().to_pylist()
        if at is not None
    }
    return pa.array([texts.get(at) for at in instants.to_pylist()], pa.string())
