"""Excel workbooks (.xlsx, .xlsm): a zip of XML (ECMA-376), read row by row.

Cells arrive as text: what was typed; a number as its digits, filled up with zeros where
its format shows them; a date as ``2025-09-01``, a time as ``2025-09-01 05:51:00``, to the
second; a length of time as ``30:15:00``; true and false as TRUE and FALSE. A formula gives
its last result. An error (#N/A) is no cell: its row is rejected.

The standard library reads it, because the libraries for it lose digits beyond the 15th,
turn errors into blanks, or end the whole process over one stray cell in the last column
and row.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from posixpath import join, normpath
from xml.etree.ElementTree import Element, ParseError, iterparse

import pyarrow as pa

from wholeflow.core.errors import InputError
from wholeflow.sources.files.piece import (
    SAMPLE,
    Piece,
    begins_with_total,
    header_names,
    numbered,
    refuse_title,
    without_total,
)
from wholeflow.sources.files.text import empty, refuse_other_kinds
from wholeflow.store import Reject

ROWS = 50_000
ERROR, NO_RESULT = "\0e", "\0f"
"""Stand for a cell that shows an error, and for a formula without a result."""

ERROR_REASON = "the cell shows an error of the spreadsheet"
ERROR_REPAIR = "Mend its formula, or clear the cell, and load the file again."
NO_RESULT_REASON = "the cell has a formula without a result"
NO_RESULT_REPAIR = "Open the workbook in Excel, save it and load it again."
BESIDE_REASON = "a cell right of the last column of the header is filled"
BESIDE_REPAIR = "Give its column a name, or clear the cell."

BUILT_IN = {14: "d", 15: "d", 16: "d", 17: "d", 22: "dh", 46: "[h]"}
BUILT_IN |= {number: "h" for number in (18, 19, 20, 21, 45, 47)}
"""Formats of times that a workbook need not spell out (ECMA-376 part 1, 18.8.30)."""

FIRST_1900 = datetime(1899, 12, 30)
FIRST_1904 = datetime(1904, 1, 1)
WHOLE = re.compile("-?[0-9]+")
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
PLAIN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""What a number format shows as it is, and its colours, conditions and locales."""

DAMAGE = (
    *(ParseError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError),
    *(KeyError, ValueError, IndexError, OverflowError, RuntimeError, StopIteration),
)
"""What reading a zip or its XML raises when something is wrong with it."""

Row = tuple[int, dict[int, str]]
"""The number of a row in its sheet, and its filled cells by column from 0."""


def column_names(path: Path, sheet: str, columns: Sequence[str]) -> list[str]:
    """The columns of the sheet that have a name."""
    book = _opened(path)
    with book.zip:
        return [name for name in book.table(sheet, columns)[0] if name]


def pieces(path: Path, sheet: str, columns: Sequence[str]) -> Iterator[Piece]:
    """The rows of the sheet in pieces."""
    book = _opened(path)
    with book.zip:
        names, rows = book.table(sheet, columns)
        yield from without_total(_parts(names, rows, columns))


def _parts(
    names: list[str], rows: Iterator[Row], columns: Sequence[str]
) -> Iterator[tuple[Piece, bool]]:
    while found := list(islice(rows, ROWS)):
        yield _piece(found, names, columns), begins_with_total(_listed(found[-1][1]))


def _piece(found: list[Row], names: list[str], columns: Sequence[str]) -> Piece:
    used = {at: name for at, name in enumerate(names) if name}
    told = {at: name for at, name in used.items() if not columns or name in columns}
    good, rejects = [], []
    for line, cells in found:
        refusal = _refusal(line, cells, len(names), told)
        if refusal:
            rejects.append(refusal)
        else:
            good.append((line, cells))
    table = {
        name: pa.array([_said(cells.get(at, "")) for _, cells in good], pa.string())
        for at, name in used.items()
    }
    return Piece(numbered(pa.table(table), [line for line, _ in good]), tuple(rejects))


def _refusal(line: int, cells: dict[int, str], width: int, told: dict[int, str]) -> Reject | None:
    if max(cells) >= width:
        return Reject(line, "", BESIDE_REASON, BESIDE_REPAIR)
    for at, name in told.items():
        if cells.get(at) == ERROR:
            return Reject(line, name, f"{name}: {ERROR_REASON}", ERROR_REPAIR)
        if cells.get(at) == NO_RESULT:
            return Reject(line, name, f"{name}: {NO_RESULT_REASON}", NO_RESULT_REPAIR)
    return None


def _said(cell: str) -> str:
    return "" if cell in (ERROR, NO_RESULT) else cell


def _listed(cells: dict[int, str]) -> list[str]:
    return [cells[at] for at in sorted(cells)]


@dataclass(frozen=True)
class _Sheet:
    name: str
    member: str
    is_hidden: bool


@dataclass(frozen=True)
class _Header:
    """The first filled row of a sheet, and what is wrong with it."""

    line: int
    names: list[str]
    fault: InputError | None


@dataclass
class _Book:
    """A workbook: its sheets, the texts and formats that they share, and its first day."""

    path: Path
    zip: zipfile.ZipFile
    sheets: list[_Sheet] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    """What each style shows: see ``_shown``."""
    is_1904: bool = False

    def table(self, sheet: str, columns: Sequence[str]) -> tuple[list[str], Iterator[Row]]:
        """The names in the header of a sheet, and the rows below it."""
        chosen = self._named(sheet) if sheet else self._fitting(columns)
        header = self._header(chosen)
        if not header:
            raise empty(self.path)
        if header.fault:
            raise header.fault
        return header.names, (row for row in self._rows(chosen) if row[0] > header.line)

    def _named(self, name: str) -> _Sheet:
        for sheet in self.sheets:
            if sheet.name.strip().casefold() == name.strip().casefold():
                return sheet
        there = ", ".join(sheet.name for sheet in self.sheets)
        raise InputError(
            f"the workbook has no sheet {name}", where=self.path.name, repair=f"It has: {there}."
        )

    def _fitting(self, columns: Sequence[str]) -> _Sheet:
        """The only sheet whose header has all the columns, else the first that is not empty."""
        shown = [sheet for sheet in self.sheets if not sheet.is_hidden] or self.sheets
        headers = {sheet: header for sheet in shown if (header := self._header(sheet))}
        if not headers:
            raise empty(self.path)
        fitting = [sheet for sheet, header in headers.items() if {*columns} <= {*header.names}]
        if columns and len(fitting) > 1:
            raise InputError(
                f"{len(fitting)} sheets of the workbook fit: {', '.join(s.name for s in fitting)}",
                where=self.path.name,
                repair=f'Say which one in the mapping, such as sheet = "{fitting[0].name}".',
            )
        return fitting[0] if columns and fitting else next(iter(headers))

    def _header(self, sheet: _Sheet) -> _Header | None:
        sample = list(islice(self._rows(sheet), SAMPLE + 1))
        if not sample:
            return None
        line, cells = sample[0]
        where = f"{self.path.name}, sheet {sheet.name}"
        try:
            refuse_title([(number, _listed(found)) for number, found in sample], where)
            names = header_names([cells.get(at, "") for at in range(max(cells) + 1)], where)
        except InputError as error:
            return _Header(line, [], error)
        return _Header(line, names, None)

    def _rows(self, sheet: _Sheet) -> Iterator[Row]:
        """The rows of a sheet that hold anything."""
        line = 0
        for row in self.elements(sheet.member, "row"):
            try:
                line = int(row.get("r", line + 1))
                cells = dict(self._cells(row))
            except (ValueError, IndexError) as error:
                raise _damaged(self.path) from error
            row.clear()
            if cells:
                yield line, cells

    def _cells(self, row: Element) -> Iterator[tuple[int, str]]:
        at = -1
        for cell in row:
            reference = cell.get("r")
            at = _column(reference) if reference else at + 1
            text = self._text(cell)
            if text and not text.isspace():
                yield at, text

    def _text(self, cell: Element) -> str:
        """What a cell says, '' where nothing."""
        value, formula, kind = "", False, cell.get("t", "n")
        for part in cell:
            tag = _local(part)
            if tag == "v":
                value = part.text or ""
            elif tag == "is":
                value = _joined(part)
            formula = formula or tag == "f"
        if kind == "e":
            return ERROR
        if not value:
            return NO_RESULT if formula and kind == "n" else ""
        if kind == "n":
            return _number(value, self.formats[int(cell.get("s", 0))], self.is_1904)
        if kind == "s":
            return self.texts[int(value)]
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        return value.replace("T", " ").removesuffix("Z") if kind == "d" else _unescaped(value)

    def elements(self, member: str, tag: str) -> Iterator[Element]:
        """The elements of that name in a part of the workbook, in their order."""
        try:
            with self.zip.open(member) as data:
                # Expat bounds what entities grow to, and no outside ones are fetched.
                for _, element in iterparse(data):  # noqa: S314
                    if _local(element) == tag:
                        yield element
        except DAMAGE as error:
            raise _damaged(self.path) from error


def _opened(path: Path) -> _Book:
    """The workbook; InputError when it is none."""
    with path.open("rb") as data:
        start = data.read(64)
    if not start:
        raise empty(path)
    if not start.startswith(b"PK"):
        refuse_other_kinds(path, start, "an Excel workbook")
        raise InputError(
            "the file is no Excel workbook (.xlsx), whatever its name says",
            where=path.name,
            repair="If it is text, name it .csv; else open it in Excel and save it as .xlsx.",
        )
    try:
        book = _Book(path, zipfile.ZipFile(path))
        _learn(book)
    except DAMAGE as error:
        raise _damaged(path) from error
    return book


def _learn(book: _Book) -> None:
    """Reads what the sheets share."""
    main = next(iter(_related(book, "", "officeDocument").values()), None)
    if main is None:
        raise InputError(
            "the zip archive holds no Excel workbook (.xlsx)",
            where=book.path.name,
            repair="Save a workbook of another kind (.ods, .xlsb) as .xlsx; unpack an archive.",
        )
    if main.endswith(".bin"):
        raise InputError(
            "this workbook is of the binary kind (.xlsb)",
            where=book.path.name,
            repair="Open it in Excel and save it as .xlsx.",
        )
    members = _related(book, main, "worksheet")
    for element in book.elements(main, "workbookPr"):
        book.is_1904 = element.get("date1904", "0") in ("1", "true")
    for element in book.elements(main, "sheet"):
        number = next(value for key, value in element.items() if key.endswith("}id"))
        if number in members:  # a sheet that is a chart has no rows
            is_hidden = element.get("state", "visible") != "visible"
            book.sheets.append(_Sheet(element.get("name", ""), members[number], is_hidden))
    for member in _related(book, main, "styles").values():
        book.formats = _formats(book, member)
    book.formats = book.formats or [""]
    for member in _related(book, main, "sharedStrings").values():
        for element in book.elements(member, "si"):
            book.texts.append(_joined(element))
            element.clear()


def _related(book: _Book, member: str, kind: str) -> dict[str, str]:
    """The parts of that kind which a part of the workbook refers to, by their number."""
    folder, _, name = member.rpartition("/")
    relations = join(folder, "_rels", f"{name}.rels")
    if relations not in book.zip.namelist():
        return {}
    return {
        element.get("Id", ""): normpath(join("/", folder, element.get("Target", ""))).lstrip("/")
        for element in book.elements(relations, "Relationship")
        if element.get("Type", "").endswith(f"/{kind}")
    }


def _formats(book: _Book, member: str) -> list[str]:
    """What each style of the workbook shows."""
    codes = {
        int(element.get("numFmtId", 0)): element.get("formatCode", "")
        for element in book.elements(member, "numFmt")
    }
    for element in book.elements(member, "cellXfs"):
        numbers = [int(style.get("numFmtId", 0)) for style in element]
        return [BUILT_IN.get(n, "") if n not in codes else _shown(codes[n]) for n in numbers]
    return []


def _shown(code: str) -> str:
    """What a number format shows: d a date, h a time, dh both, [h] a length of time, 0... digits.

    '' for any other.
    """
    code = PLAIN.sub("", code.partition(";")[0]).lower()
    if re.search(r"\[[hms]+\]", code):
        return "[h]"
    if re.search("[ymdhs]", code) and not re.search("[0#]", re.sub(r"s\.0+", "s", code)):
        # m is a month, save beside hours or seconds.
        has_day = re.search("[yd]", code) or not re.search("[hs]", code)
        return ("d" if has_day else "") + ("h" if re.search("[hs]", code) else "")
    digits = re.sub("[ -]", "", code)
    return "" if digits.strip("0") else digits


def _number(value: str, shown: str, is_1904: bool) -> str:
    """A number as text: a date or time where its format says so, else its digits."""
    if shown.startswith(("d", "h", "[")):
        return _time(float(value), shown, is_1904)
    digits = value.strip()
    if not WHOLE.fullmatch(digits):
        number = float(digits)
        digits = f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.15g}"
    return digits.zfill(len(shown)) if shown and digits.isdigit() else digits


def _time(days: float, shown: str, is_1904: bool) -> str:
    """A date, a time or a length of time, to the second."""
    seconds = round(days * 86_400)
    if shown == "[h]" or (shown == "h" and days < 1):
        sign = "-" if seconds < 0 else ""
        minutes, second = divmod(abs(seconds), 60)
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{second:02}"
    # Day 60 of the other calendar is 29 February 1900, which never was.
    first = FIRST_1904 if is_1904 else FIRST_1900 if days >= 60 else FIRST_1900 + timedelta(1)
    try:
        moment = first + timedelta(seconds=seconds)
    except OverflowError:
        return ERROR  # Excel shows #####
    is_day = shown == "d" and seconds % 86_400 == 0
    return moment.date().isoformat() if is_day else moment.isoformat(" ")


def _column(reference: str) -> int:
    """The column of a cell from 0: A1 is 0, AA7 is 26."""
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter) - 64
    return number - 1


def _joined(element: Element) -> str:
    """The text of an element that may be in several runs, without its pronunciation."""
    parts = []
    for part in element:
        if _local(part) == "t":
            parts.append(part.text or "")
        elif _local(part) == "r":
            parts += [inner.text or "" for inner in part if _local(inner) == "t"]
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    found = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
    return found.replace("\0", "")


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _damaged(path: Path) -> InputError:
    return InputError(
        "this workbook is damaged or cut short",
        where=path.name,
        repair="Copy or export it again; nothing of it was loaded.",
    )
