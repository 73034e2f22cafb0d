"""Reading tables from disk in pieces: CSV, JSON, Excel and Parquet.

Every cell of CSV, JSON and Excel arrives as text, blank cells as empty text; Parquet
keeps its types. Nothing is taken for a missing value (a person may be called NA).
Memory does not grow with the file, save for the shared texts of a workbook. A file
that can't be read is an InputError; a row that can't is a reject, counted and told by
its line. Neither holds what a cell says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import wholeflow.sources.files.csv_file as csv_file
import wholeflow.sources.files.excel_file as excel_file
import wholeflow.sources.files.json_file as json_file
import wholeflow.sources.files.parquet_file as parquet_file
from wholeflow.core.errors import InputError
from wholeflow.sources.files.piece import Piece
from wholeflow.sources.files.text import BLOCK_BYTES
from wholeflow.store import FileFacts

TEXT = (".csv", ".tsv", ".txt")
JSON = (".json", ".ndjson", ".jsonl")
EXCEL = (".xlsx", ".xlsm")
REFUSED = (".xls", ".xlsb", ".ods")
"""Spreadsheets that are found, so that a mapping that names them is told what to do."""

READABLE = (
    *TEXT,
    *JSON,
    *(f"{ending}.gz" for ending in (*TEXT, *JSON)),
    *EXCEL,
    *REFUSED,
    ".parquet",
)

__all__ = ["READABLE", "Piece", "column_names", "facts", "find_files", "is_sparse", "pieces"]


def find_files(
    paths: list[Path], is_named: Callable[[Path], bool] = lambda path: False
) -> list[Path]:
    """The readable files among paths and, sorted, in the folders among them.

    In folders they are known by their endings; what ``is_named`` knows is one whatever its
    ending. Hidden files, and those that Excel keeps beside an open workbook, are left out.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                one
                for one in sorted(path.rglob("*"))
                if (one.name.lower().endswith(READABLE) or is_named(one))
                and one.is_file()
                and not one.name.startswith((".", "~$"))
            ]
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


def is_sparse(path: Path) -> bool:
    """True where a row may lack a column without fault, as in JSON: the cell is blank."""
    return _ending(path) in JSON


def column_names(
    path: Path,
    encoding: str,
    separator: str,
    *,
    sheet: str = "",
    records: str = "",
    columns: Sequence[str] = (),
) -> list[str]:
    """The columns of a file; InputError when it can't be opened, is empty or no table.

    ``sheet`` names the sheet of a workbook; without it the only one that has all of
    ``columns``, else the first. ``records`` says where a JSON file holds its list, as
    ``data.items``. Of JSON the names come from the first records.
    """
    _refuse_closed(path)
    ending = _ending(path)
    if ending == ".parquet":
        return parquet_file.column_names(path)
    if ending in JSON:
        return json_file.column_names(path, encoding, records)
    if ending in (*EXCEL, *REFUSED):
        return excel_file.column_names(path, sheet, columns)
    return csv_file.column_names(path, encoding, separator)


def pieces(
    path: Path,
    encoding: str,
    separator: str,
    *,
    sheet: str = "",
    records: str = "",
    columns: Sequence[str] = (),
) -> Iterator[Piece]:
    """The file in pieces of bounded size, each with the column ``line``.

    ``columns`` are those that the mapping reads. A JSON file gives these, blank where
    a record lacks them (without them, all that the records of the piece have); an
    Excel row is rejected for an error in one of these only.
    """
    ending = _ending(path)
    if ending == ".parquet":
        return parquet_file.pieces(path)
    if ending in JSON:
        return json_file.pieces(path, encoding, records, columns)
    if ending in (*EXCEL, *REFUSED):
        return excel_file.pieces(path, sheet, columns)
    return csv_file.pieces(path, encoding, separator)


def _ending(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return "." + name.rpartition(".")[2]


def _refuse_closed(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(
            "the file can't be opened",
            where=path.name,
            repair="Check who may read it, and close it in other programs.",
        ) from error
