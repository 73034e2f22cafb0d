"""Opening a file in the way that its layout says: encoding, separator, sheet, list of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.sources import files
from wholeflow.sources.mapping import FileMapping


def column_names(path: Path, layout: FileMapping) -> list[str]:
    """The columns that a file has."""
    return files.column_names(
        path,
        layout.encoding,
        layout.separator,
        sheet=layout.sheet,
        records=layout.records,
        columns=layout.columns(),
    )


def pieces(path: Path, layout: FileMapping, columns: Iterable[str]) -> Iterator[files.Piece]:
    """A file in pieces of bounded size, for some of its columns.

    Fractions of Parquet become text, as they would stand in CSV.
    """
    wanted = tuple(columns)
    for piece in files.pieces(
        path,
        layout.encoding,
        layout.separator,
        sheet=layout.sheet,
        records=layout.records,
        columns=wanted,
    ):
        yield replace(piece, rows=_fractions_as_text(piece.rows, wanted))


WHOLE = 2.0**53
"""Below it a fraction tells every whole number."""


def _fractions_as_text(rows: pa.Table, columns: Iterable[str]) -> pa.Table:
    """Numbers with a fraction as text, whole ones without it: a gap makes 7 into 7.0."""
    for column in columns:
        at = rows.column_names.index(column) if column in rows.column_names else -1
        if at >= 0 and pa.types.is_floating(rows.schema.field(at).type):
            rows = rows.set_column(at, column, _as_text(rows[column]))
        elif at >= 0 and pa.types.is_decimal(rows.schema.field(at).type):
            text = rows[column].cast(pa.string())
            rows = rows.set_column(at, column, pc.replace_substring_regex(text, r"\.0+$", ""))
    return rows


def _as_text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Fractions as text; what is no number is blank."""
    if pa.types.is_float16(numbers.type):
        numbers = numbers.cast(pa.float32())
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    is_whole = pc.and_(pc.equal(numbers, pc.floor(numbers)), pc.less(pc.abs(numbers), WHOLE))
    whole = pc.if_else(is_whole, numbers, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(whole, numbers.cast(pa.string()))
