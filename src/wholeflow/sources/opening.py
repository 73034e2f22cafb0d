"""Opening a file in the way that its layout says: encoding, separator, sheet, list of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

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
    """A file in pieces of bounded size, for some of its columns."""
    return files.pieces(
        path,
        layout.encoding,
        layout.separator,
        sheet=layout.sheet,
        records=layout.records,
        columns=tuple(columns),
    )
