"""Reading tables from disk in pieces: CSV (plain or gzipped) and Parquet.

Every cell of a CSV file arrives as text, blank cells as empty text; nothing is
taken for a missing value (a person may be called NA). Memory does not grow with
the file.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from wholeflow.core.errors import InputError
from wholeflow.store import FileFacts, Reject

BLOCK_BYTES = 16 * 1024 * 1024
ROWS = 200_000
READABLE = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, with ``line`` for each, and the rows that are no rows.

    ``line`` counts records from 1, the header of a CSV file being the first.
    """

    rows: pa.Table
    rejects: tuple[Reject, ...] = ()

    @property
    def read(self) -> int:
        """Records of the file in this piece, readable or not."""
        return int(self.rows.num_rows) + len(self.rejects)


def find_files(paths: list[Path]) -> list[Path]:
    """The readable files among paths and, sorted, in the folders among them."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.name.lower().endswith(READABLE)]
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError(
                "there is no such file or folder", where=str(path), repair="Check the path."
            )
    return found


def facts(path: Path) -> FileFacts:
    """Name and SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while block := data.read(BLOCK_BYTES):
            digest.update(block)
    return FileFacts(path.name, digest.hexdigest())


def column_names(path: Path, encoding: str, separator: str) -> list[str]:
    """The columns of a file; InputError when it is empty or no table."""
    if path.name.lower().endswith(".parquet"):
        return list(_parquet(path).schema_arrow.names)
    header = _head(path)
    _refuse_what_is_no_text(path, header, encoding)
    try:
        names = _names(path, encoding, separator)
    except pa.ArrowInvalid as error:
        raise _unreadable(path, encoding, error) from error
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(
            f"{len(twice)} of the columns stand twice in the header",
            where=path.name,
            repair="Give each column a name of its own, or leave one out.",
        )
    try:
        with _open(path, encoding, separator, []) as reader:
            return list(reader.schema.names)
    except (pa.ArrowInvalid, OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, encoding, error) from error


def pieces(path: Path, encoding: str, separator: str) -> Iterator[Piece]:
    """The file in pieces of bounded size."""
    if path.name.lower().endswith(".parquet"):
        yield from _parquet_pieces(path)
    else:
        yield from _csv_pieces(path, encoding, separator)


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError(
        "this Parquet file is damaged or cut short",
        where=path.name,
        repair="Copy or export it again; nothing of it was loaded.",
    )


def _parquet_pieces(path: Path) -> Iterator[Piece]:
    line = 1
    try:
        for batch in _parquet(path).iter_batches(batch_size=ROWS):
            yield Piece(_numbered(pa.table(batch), np.arange(line, line + batch.num_rows)))
            line += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path) from error


def _csv_pieces(path: Path, encoding: str, separator: str) -> Iterator[Piece]:
    broken: list[Reject] = []
    line, seen = 2, 0
    try:
        with _open(path, encoding, separator, broken) as reader:
            for batch in reader:
                lines = _lines(line, batch.num_rows, {reject.line for reject in broken})
                yield Piece(_numbered(pa.table(batch), lines), tuple(broken[seen:]))
                line = int(lines[-1]) + 1 if len(lines) else line
                seen = len(broken)
        if seen < len(broken):
            yield Piece(_numbered(reader.schema.empty_table(), np.array([])), tuple(broken[seen:]))
    except (pa.ArrowInvalid, OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, encoding, error) from error


def _lines(first: int, count: int, broken: set[int]) -> np.ndarray:
    """The next ``count`` line numbers from ``first`` that are not of broken rows."""
    numbers = np.arange(first, first + count + len(broken), dtype=np.int64)
    return numbers[~np.isin(numbers, list(broken))][:count]


def _numbered(rows: pa.Table, lines: np.ndarray) -> pa.Table:
    return rows.append_column("line", pa.array(lines, pa.int64()))


def _open(
    path: Path, encoding: str, separator: str, broken: list[Reject]
) -> pacsv.CSVStreamingReader:
    def note(row: pacsv.InvalidRow) -> str:
        broken.append(
            Reject(
                row.number or 0,
                "",
                f"the row has {row.actual_columns} cells and the header {row.expected_columns}",
                "Mend the quotes or separators of that row and load the file again.",
            )
        )
        return "skip"

    stream = pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None)
    names = _names(path, encoding, separator)
    return pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(
            encoding=encoding, use_threads=False, block_size=BLOCK_BYTES
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=note
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    )


def _names(path: Path, encoding: str, separator: str) -> list[str]:
    first = _head(path).decode(encoding, errors="ignore").lstrip("\ufeff").splitlines()
    if not first:
        return []
    table = pacsv.read_csv(
        pa.py_buffer(first[0].encode() + b"\n"),
        parse_options=pacsv.ParseOptions(delimiter=separator),
    )
    return list(table.column_names)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as data:
        return data.read(2) == b"\x1f\x8b"


def _head(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    try:
        with pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None) as data:
            return bytes(data.read(65_536))
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, "", error) from error


def _refuse_what_is_no_text(path: Path, head: bytes, encoding: str) -> None:
    if not head.strip():
        raise InputError(
            "the file is empty", where=path.name, repair="Export it again, or leave it out."
        )
    is_wide = encoding.lower().replace("-", "").startswith("utf16")
    if b"\0" in head and not is_wide:
        wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise InputError(
            "the file is UTF-16 text, not UTF-8" if wide else "the file is binary, not CSV",
            where=path.name,
            repair="Say encoding = 'utf-16' in the mapping."
            if wide
            else f"Export it as one of: {', '.join(READABLE)}.",
        )


def _unreadable(path: Path, encoding: str, error: Exception) -> InputError:
    message = str(error)
    if "gzip" in message.lower() or "zlib" in message.lower() or "truncated" in message.lower():
        return InputError(
            "the file is cut short: its packed data end too early",
            where=path.name,
            repair="Copy or export it again; nothing of it was loaded.",
        )
    if "utf" in message.lower() or "decode" in message.lower() or "encod" in message.lower():
        return InputError(
            f"the file is not in {encoding}",
            where=f"{path.name}, line {_first_undecodable(path, encoding)}",
            repair="Say its encoding in the mapping, such as encoding = 'cp1252' for Windows.",
        )
    return InputError(
        "the file can't be read as CSV",
        where=path.name,
        repair="Check its separator and quotes; the mapping's `separator` is a comma unless said.",
    )


def _first_undecodable(path: Path, encoding: str) -> int:
    with pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None) as data:
        content = data.read()
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return int(content[: error.start].count(b"\n")) + 1
    return 1
