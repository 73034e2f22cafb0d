"""CSV: the text is cut into whole records here, and Arrow parses them.

What would make a parser swallow good rows (a quote that is never closed), or stop at
a bad one (a NUL, a line without end), is taken out line by line and rejected.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

import wholeflow.sources.files.text as text
from wholeflow.core.errors import InputError
from wholeflow.sources.files.piece import (
    SAMPLE,
    Piece,
    begins_with_total,
    header_names,
    is_blank,
    numbered,
    refuse_title,
    without_total,
    wrong_width,
)
from wholeflow.store import Reject

NEWLINE, QUOTE = 10, 34
FAULTS = {
    "Q": ("a quote in the row is never closed", "Mend the quotes of that row."),
    "N": ("the row holds NUL bytes, which are no text", "Export the row again."),
    "L": ("the line is longer than any record", "Check for a missing line end."),
}
"""Rows that Arrow never sees: each letter stands, after a NUL, in their place."""
QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')
NUL_LINE = re.compile(rb"(?m)^[^\n\0]*+\0[^\n]*")


@dataclass(frozen=True)
class _Layout:
    """What is known of a file from its first lines."""

    names: list[str]
    header_bytes: int
    """Where the header ends, in bytes of UTF-8."""
    separator: str

    @property
    def columns(self) -> list[str]:
        """The names, those without one numbered, as Arrow needs them all."""
        return [name or f"\0{place}" for place, name in enumerate(self.names)]


def column_names(path: Path, encoding: str, separator: str) -> list[str]:
    """The columns of a file that have a name."""
    return [name for name in _layout(path, encoding, separator).names if name]


def pieces(path: Path, encoding: str, separator: str) -> Iterator[Piece]:
    """The file in pieces."""
    layout = _layout(path, encoding, separator)
    yield from without_total(_parts(path, encoding, layout))


def _parts(path: Path, encoding: str, layout: _Layout) -> Iterator[tuple[Piece, bool]]:
    records = _Records(layout.separator, len(layout.names))
    skip, line = layout.header_bytes, 2
    for block in text.text_blocks(path, encoding):
        whole = records.take(block[skip:])
        skip = max(0, skip - len(block))
        part = _parse(whole, line, layout, path)
        line += part[0].read
        yield part
    yield _parse(records.rest(), line, layout, path)


def _layout(path: Path, encoding: str, separator: str) -> _Layout:
    text.refuse_what_is_no_text(path, encoding, "CSV")
    start = next(text.text_blocks(path, encoding), b"")
    pattern = _Patterns(separator)
    at = 0
    while at < len(start):
        found = pattern.one_line.match(start, at) or pattern.lines.match(start, at)
        if not found:
            raise InputError(
                "a quote in the header is never closed",
                where=path.name,
                repair="Mend the first line of the file.",
            )
        header = _cells(found.group().decode(), separator)
        if not is_blank(header):
            _refuse_title(header, start[found.end() :], separator, path)
            return _Layout(header_names(header, path.name), found.end(), separator)
        at = found.end()
    raise text.empty(path)


def _refuse_title(header: list[str], below: bytes, separator: str, path: Path) -> None:
    if len(header) == 1 and re.search("[,;\t|]", header[0]):
        return  # the separator is another one, which is what must be told
    lines = below[: text.HEAD_BYTES].decode(errors="ignore").splitlines(keepends=True)
    rows = csv.reader(lines[: 2 * SAMPLE], delimiter=separator)
    found = [(line, cells) for line, cells in enumerate(rows, 2) if not is_blank(cells)]
    refuse_title([(1, header), *found[:SAMPLE]], path.name)


def _cells(record: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=separator), [])
    except csv.Error:  # a cell longer than the module reads
        return [record]


class _Patterns:
    """What a record looks like: with quotes in any place, or over several lines, then strictly."""

    def __init__(self, separator: str) -> None:
        mark = re.escape(separator.encode())
        end = rb"(?:\n|\Z)"

        def record(plain: bytes, quoted: bytes) -> re.Pattern[bytes]:
            cell = rb'(?:"(?:%s++|"")*+"|[^"%s\n]%s*+)?+' % (quoted, mark, plain)
            return re.compile(rb"%s(?:%s%s)*+%s" % (cell, mark, cell, end))

        self.one_line = record(rb"[^%s\n]" % mark, rb'[^"\n]')
        self.lines = record(rb'[^"%s\n]' % mark, rb'[^"]')


class _Records:
    """Cuts text into whole records, and puts a mark in place of each that can't be read."""

    def __init__(self, separator: str, width: int) -> None:
        self._separator = separator
        self._width = width
        self._patterns = _Patterns(separator)
        self._held = b""
        self._skips = False
        """True within a line that is too long, until it ends."""

    def take(self, block: bytes) -> bytes:
        """The records that are whole now that ``block`` has come."""
        return self._cut(self._held + block, is_last=False)

    def rest(self) -> bytes:
        """The records that no line end follows."""
        return self._cut(self._held, is_last=True)

    def _cut(self, buffer: bytes, is_last: bool) -> bytes:
        if self._skips:
            end = buffer.find(b"\n") + 1
            self._skips = not end
            buffer = buffer[end:] if end else b""
        if b"\0" in buffer:
            buffer = NUL_LINE.sub(self._mark("N"), buffer)
        if b'"' in buffer:
            whole, cut = self._mended(buffer, is_last)
        else:
            cut = len(buffer) if is_last else buffer.rfind(b"\n") + 1
            whole = buffer[:cut]
        self._held = buffer[cut:]
        if len(self._held) > text.BLOCK_BYTES and b"\n" not in self._held:
            self._held, self._skips = b"", True
            whole += self._mark("L") + b"\n"
        return whole

    def _mark(self, fault: str) -> bytes:
        """A row that has a cell too many, so that Arrow hands it back."""
        return f"\0{fault}{self._separator * self._width}".encode()

    def _mended(self, buffer: bytes, is_last: bool) -> tuple[bytes, int]:
        """The whole records of a text with quotes, and where what follows them begins.

        Lines whose quotes open and close in place are taken as they are; the others
        are looked at one by one.
        """
        found, at = [], 0
        for start in _odd_lines(buffer, self._separator):
            if start < at:
                continue
            found.append(buffer[at:start])
            end = self._end_of_record(buffer, start, is_last)
            is_open = end < 0 and not is_last and len(buffer) - start <= text.BLOCK_BYTES
            next_line = buffer.find(b"\n", start) + 1 or (len(buffer) if is_last else 0)
            if is_open or (end < 0 and not next_line):
                return b"".join(found), start
            found.append(buffer[start:end] if end >= 0 else self._mark("Q") + b"\n")
            at = end if end >= 0 else next_line
        cut = len(buffer) if is_last else max(at, buffer.rfind(b"\n") + 1)
        found.append(buffer[at:cut])
        return b"".join(found), cut

    def _end_of_record(self, buffer: bytes, start: int, is_last: bool) -> int:
        """Where the record ends that starts there; -1 where it is none, or not whole yet."""
        found = self._patterns.one_line.match(buffer, start)
        if not found:
            found = self._patterns.lines.match(buffer, start)
            if found and found.group().count(b"\n") > 1 and not self._fits(found.group()):
                return -1
        is_whole = found and (is_last or buffer[found.end() - 1] == NEWLINE)
        return found.end() if found and is_whole else -1

    def _fits(self, record: bytes) -> bool:
        plain = QUOTED.sub(b"", record)
        return plain.count(self._separator.encode()) + 1 == self._width


def _odd_lines(buffer: bytes, separator: str) -> Iterator[int]:
    """Where the lines start whose quotes don't open at a cell's start and close at its end."""
    data = np.frombuffer(buffer, np.uint8)
    quotes = np.flatnonzero(data == QUOTE)
    ends = np.flatnonzero(data == NEWLINE)
    line = np.searchsorted(ends, quotes)
    number = np.bincount(line, minlength=1)
    rank = np.arange(len(quotes)) - (np.cumsum(number) - number)[line]
    around = np.full(256, False)
    around[[NEWLINE, QUOTE, ord(separator)]] = True
    before = np.where(quotes > 0, around[data[quotes - 1]], True)
    next_one = np.minimum(quotes + 1, len(data) - 1)
    after = np.where(quotes < len(data) - 1, around[data[next_one]], True)
    is_odd = number % 2 == 1
    is_odd[line[np.where(rank % 2 == 0, ~before, ~after)]] = True
    starts = np.concatenate([[0], ends + 1])
    return iter(starts[np.flatnonzero(is_odd)].tolist())


def _parse(block: bytes, line: int, layout: _Layout, path: Path) -> tuple[Piece, bool]:
    """The records of a block, the first being ``line``; and whether its last is a total."""
    broken: list[tuple[int, Reject | None]] = []
    last = ""

    def note(row: pacsv.InvalidRow) -> str:
        nonlocal last
        refusal = _refusal(row, layout.separator)
        last = row.text if refusal else last
        broken.append((row.number - 1, refusal))
        return "skip"

    rows = _table(block, layout, note, path)
    count = rows.num_rows + len(broken)
    at_broken = [at for at, _ in broken]
    at_rows = np.delete(np.arange(count), at_broken)
    is_record = np.ones(count, bool)
    is_record[[at for at, refusal in broken if not refusal]] = False
    filled = _filled(rows)
    if filled is not None:
        is_record[at_rows[~filled]] = False
        at_rows, rows = at_rows[filled], rows.filter(pa.array(filled))
    lines = line + np.cumsum(is_record) - 1
    rejects = tuple(
        Reject(int(lines[at]), "", refusal.reason, refusal.repair)
        for at, refusal in broken
        if refusal
    )
    piece = Piece(numbered(rows.select([n for n in layout.names if n]), lines[at_rows]), rejects)
    if rejects and (not len(at_rows) or rejects[-1].line > lines[at_rows[-1]]):
        return piece, begins_with_total(_cells(last, layout.separator))
    cells = [column[-1].as_py() for column in rows.columns] if rows.num_rows else []
    return piece, begins_with_total(cells)


def _refusal(row: pacsv.InvalidRow, separator: str) -> Reject | None:
    """Why a row is none; None where it is blank and so no record."""
    if row.text.startswith("\0"):
        return Reject(0, "", *FAULTS[row.text[1]])
    if not row.text.strip(f'{separator}" \t'):
        return None
    return wrong_width(0, row.actual_columns, row.expected_columns)


def _table(block: bytes, layout: _Layout, note: object, path: Path) -> pa.Table:
    names = layout.columns
    schema = pa.schema([(name, pa.string()) for name in names])
    if not block.strip(b"\n"):
        return schema.empty_table()
    try:
        return pacsv.read_csv(
            pa.py_buffer(block),
            read_options=pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(block) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=schema, strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(
            "the file can't be read as CSV",
            where=path.name,
            repair="Check its quotes, and the `separator` in the mapping: a comma unless said.",
        ) from error


def _filled(rows: pa.Table) -> np.ndarray | None:
    """Which rows have a filled cell; None where all have."""
    blank: pa.ChunkedArray | None = None
    for column in rows.columns:
        empty = pc.equal(pc.utf8_trim_whitespace(column), "")
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            return None
    return ~blank.to_numpy() if blank is not None else None
