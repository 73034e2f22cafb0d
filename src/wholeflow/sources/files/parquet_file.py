"""Parquet: columns keep their types; those within others get dotted names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wholeflow.core.errors import InputError
from wholeflow.sources.files.piece import Piece, header_names, numbered
from wholeflow.sources.files.text import empty, refuse_other_kinds

ROWS = 200_000
DAMAGE = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError)


def column_names(path: Path) -> list[str]:
    """The columns of a file."""
    file = _open(path)
    try:
        return list(_flat(file.schema_arrow.empty_table(), path).column_names)
    except DAMAGE as error:
        raise _damaged(path) from error


def pieces(path: Path) -> Iterator[Piece]:
    """The file in pieces."""
    line = 1
    try:
        for batch in _open(path).iter_batches(batch_size=ROWS):
            batch.validate(full=True)  # texts that are none show damage
            rows = _flat(pa.table(batch), path)
            yield Piece(numbered(rows, np.arange(line, line + rows.num_rows)))
            line += rows.num_rows
    except DAMAGE as error:
        raise _damaged(path) from error


def _flat(rows: pa.Table, path: Path) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in rows.schema):
        rows = rows.flatten()
    return rows.rename_columns(header_names(rows.column_names, path.name))


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, pre_buffer=False)  # else the whole file stays in memory
    except DAMAGE as error:
        with path.open("rb") as data:
            start = data.read(64)
        if not start:
            raise empty(path) from error
        if not start.startswith(b"PAR1"):
            refuse_other_kinds(path, start, "Parquet")
        raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError(
        "this Parquet file is damaged or cut short",
        where=path.name,
        repair="Copy or export it again; nothing of it was loaded.",
    )
