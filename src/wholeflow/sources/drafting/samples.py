"""The first rows of a file, which a draft looks at, and how the file is written."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import InputError
from wholeflow.sources import files
from wholeflow.sources.drafting.private import tells
from wholeflow.sources.files import text

ROWS = 300_000
"""Rows of a file that are looked at."""

BLOCKS = 4
"""Blocks of a text whose encoding is tried."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Sample:
    """Rows of a file as text, and how it is written.

    ``broken`` counts the rows among them whose cells do not fit the header;
    ``is_whole`` tells whether these are all rows of the file. ``hidden`` counts the
    names within the objects of JSON that are left out, as they may be people's.
    """

    path: Path
    encoding: str
    separator: str
    rows: pa.Table
    native: pa.Schema
    broken: int
    is_whole: bool
    hidden: int = 0


def sample(path: Path) -> Sample:
    """The rows to look at; InputError where the file is no table that can be read."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), repair="Check the path.")
    is_csv = path.name.lower().removesuffix(".gz").endswith(files.TEXT)
    encoding = _encoding(path) if is_csv else "utf-8"
    separator = _separator(path, encoding) if is_csv else ","
    every = files.column_names(path, encoding, separator)
    names = [name for name in every if not (files.is_sparse(path) and _is_keyed(name))]
    if not names:
        raise InputError(
            "most of its records have no name of a column in common",
            where=path.name,
            repair="Export them with the same names in each record.",
        )
    found: list[pa.Table] = []
    broken = seen = 0
    wanted = names if files.is_sparse(path) else ()
    for piece in files.pieces(path, encoding, separator, columns=wanted):
        found.append(piece.rows.drop_columns(["line"]))
        broken += len(piece.rejects)
        seen += piece.rows.num_rows
        if seen > ROWS:
            break
    if not found:
        raise InputError(
            "the file has no rows below its header",
            where=path.name,
            repair="Draft from an export with some weeks of records.",
        )
    rows = pa.concat_tables(found, promote_options="default")
    first = _as_text(rows.slice(0, ROWS))
    hidden = len(every) - len(names)
    return Sample(path, encoding, separator, first, rows.schema, broken, seen <= ROWS, hidden)


def _is_keyed(name: str) -> bool:
    """True where the keys of an object within a record may be people."""
    return any(tells(key) for key in name.split(".")[1:])


def _as_text(rows: pa.Table) -> pa.Table:
    """Every column as text; lists and structures are left out."""
    names = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    return rows.select(names).cast(pa.schema([(name, pa.string()) for name in names]))


def _encoding(path: Path) -> str:
    head = text.head(path)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head[:4]:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return next((one for one in ("utf-8", "cp1252") if _is_written_in(path, one)), "latin-1")


def _is_written_in(path: Path, encoding: str) -> bool:
    try:
        for _ in islice(text.text_blocks(path, encoding), BLOCKS):
            pass
    except InputError:
        return False
    return True


def _separator(path: Path, encoding: str) -> str:
    """The mark that cuts most records into as many cells as the header has."""
    start = next(text.text_blocks(path, encoding), b"")[: text.HEAD_BYTES].decode(errors="ignore")

    def quality(mark: str) -> tuple[float, int]:
        records = list(islice(csv.reader(io.StringIO(start, newline=""), delimiter=mark), 200))
        counts = [len(cells) for cells in records[: max(len(records) - 1, 1)] if cells]
        if not counts or counts[0] < 2:
            return (0.0, 0)
        return (round(counts.count(counts[0]) / len(counts), 1), counts[0])

    return max(SEPARATORS, key=quality)
