"""The rows of a file that a draft looks at: all of a small file, some of a big one.

Of a big CSV file these are its head, its tail and rows spread in between; of other
big files the head. Encoding and separator are found here too.
"""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pacsv

from wholeflow.core.errors import InputError
from wholeflow.sources import files

SMALL = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""

PACKED = 8
"""How many times smaller packed files are taken to be."""

SLICES = 16
SLICE = 1024 * 1024
ROWS = 300_000
"""Rows looked at of a big file that can't be read from the middle."""

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
    ``is_whole`` tells whether these are all rows of the file.
    """

    path: Path
    encoding: str
    separator: str
    rows: pa.Table
    native: pa.Schema
    broken: int
    is_whole: bool


def is_csv(path: Path) -> bool:
    """True for delimited text, packed or plain."""
    return path.name.lower().removesuffix(".gz").endswith(files.TEXT)


def sample(path: Path) -> Sample:
    """The rows to look at; InputError where the file is no table that can be read."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), repair="Check the path.")
    encoding, separator = _writing(path) if is_csv(path) else ("utf-8", ",")
    names = files.column_names(path, encoding, separator)
    size = path.stat().st_size * (PACKED if path.name.lower().endswith(".gz") else 1)
    is_sliced = size > SMALL and path.name.lower().endswith(files.TEXT)
    if is_sliced and not encoding.startswith("utf-16"):
        rows, broken = _sliced(path, encoding, separator, names)
        return Sample(path, encoding, separator, rows, rows.schema, broken, False)
    rows, broken, is_whole = _head(path, encoding, separator, size > SMALL)
    native = rows.schema
    return Sample(path, encoding, separator, _as_text(rows), native, broken, is_whole)


def _head(path: Path, encoding: str, separator: str, is_big: bool) -> tuple[pa.Table, int, bool]:
    found: list[pa.Table] = []
    broken = 0
    for piece in files.pieces(path, encoding, separator):
        found.append(piece.rows)
        broken += len(piece.rejects)
        if is_big and sum(rows.num_rows for rows in found) >= ROWS:
            return _together(found), broken, False
    if not found:
        raise InputError(
            "the file has no rows below its header",
            where=path.name,
            repair="Draft from an export with some weeks of records.",
        )
    return _together(found), broken, True


def _together(found: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(found, promote_options="default").drop_columns(["line"])


def _as_text(rows: pa.Table) -> pa.Table:
    """Every column as text; lists and structures are left out."""
    names = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    return rows.select(names).cast(pa.schema([(name, pa.string()) for name in names]))


def _sliced(path: Path, encoding: str, separator: str, names: list[str]) -> tuple[pa.Table, int]:
    """Rows from places spread through a CSV file, whole lines of each."""
    size = path.stat().st_size
    found, broken = [], 0
    with path.open("rb") as data:
        for number in range(SLICES):
            data.seek((size - SLICE) * number // (SLICES - 1))
            block = data.read(SLICE)
            first = block.find(b"\n") + 1
            last = block.rfind(b"\n") + 1
            rows, bad = _parsed(block[first:last], encoding, separator, names)
            found.append(rows)
            broken += bad
    return pa.concat_tables(found), broken


def _parsed(lines: bytes, encoding: str, separator: str, names: list[str]) -> tuple[pa.Table, int]:
    broken = 0

    def note(_: pacsv.InvalidRow) -> str:
        nonlocal broken
        broken += 1
        return "skip"

    rows = pacsv.read_csv(
        pa.py_buffer(lines.decode(encoding, errors="replace").encode()),
        read_options=pacsv.ReadOptions(column_names=names, use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter=separator, invalid_row_handler=note),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    )
    return rows, broken


def _writing(path: Path) -> tuple[str, str]:
    """The encoding and the separator of a text file."""
    encoding = _encoding(path)
    with _unpacked(path) as data:
        head = data.read(SLICE).decode(encoding, errors="ignore")
    return encoding, _separator(head)


def _unpacked(path: Path) -> BinaryIO:
    with path.open("rb") as data:
        packed = data.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _encoding(path: Path) -> str:
    try:
        with _unpacked(path) as data:
            head = data.read(4)
    except (OSError, EOFError):
        return "utf-8"  # whoever reads it next says what is wrong with it
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    for encoding in ("utf-8", "cp1252"):
        if _decodes(path, encoding):
            return encoding
    return "latin-1"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block, is_last in _blocks(path):
            decoder.decode(block, final=False)
            if is_last:
                decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    """The bytes of a file, of a big one no more than a small one has, and its very end."""
    with _unpacked(path) as data:
        seen = 0
        while seen < SMALL:
            block = data.read(SLICE)
            seen += len(block)
            yield block, not block
            if not block:
                return


def _separator(head: str) -> str:
    """The mark that cuts most lines into as many cells as the header has."""
    lines = head.splitlines()
    lines = lines[: max(len(lines) - 1, 1)][:200]

    def quality(mark: str) -> tuple[float, int]:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=mark) if cells]
        if not counts or counts[0] < 2:
            return (0.0, 0)
        return (round(counts.count(counts[0]) / len(counts), 1), counts[0])

    return max(SEPARATORS, key=quality)
