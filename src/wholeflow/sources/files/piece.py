"""A piece of a file, and what every kind of table has: a header, records, perhaps a total."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from wholeflow.core.errors import InputError
from wholeflow.store import Reject

SAMPLE = 30
"""Records in which a title above the header is looked for."""

TOTAL = re.compile(r"((grand|overall)\s+)?(totals?|sum)\b[\s:=]*[\d,.]*", re.IGNORECASE)
TOTAL_REASON = "a total at the end of the file, and no record"
TOTAL_REPAIR = "Nothing: totals are worked out from the records."


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, with ``line`` for each, and the rows that are no rows.

    ``line`` counts records from 1, the header of a CSV file being the first; lines
    of which all cells are blank are no records, and a cell may hold line breaks, so a
    text editor may count otherwise. In a workbook it is the number of the row in its
    sheet; JSON and Parquet have no header, their first record is 1.
    """

    rows: pa.Table
    rejects: tuple[Reject, ...] = ()

    @property
    def read(self) -> int:
        """Records of the file in this piece, readable or not."""
        return int(self.rows.num_rows) + len(self.rejects)


def numbered(rows: pa.Table, lines: np.ndarray | Sequence[int]) -> pa.Table:
    """The rows with their line numbers."""
    return rows.append_column("line", pa.array(lines, pa.int64()))


def header_names(cells: Sequence[str], where: str) -> list[str]:
    """The names in a header, '' where a column has none.

    Blanks around a name and line breaks within it don't count. A column called
    ``line`` becomes ``line_``, as every piece has a ``line`` of its own.
    InputError where two columns have one name, also if only in capitals.
    """
    names = [re.sub("[ \xa0\r\n]+", " ", cell.strip()) for cell in cells]
    names = [own_name(name) for name in names]
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        first = seen.setdefault(name.lower(), place)
        if name and first != place:
            raise InputError(
                f"columns {first} and {place} have the same name in the header",
                where=where,
                repair="Give each column a name of its own, or leave one out.",
            )
    return names


def own_name(name: str) -> str:
    """The name of a column beside ``line``, which every piece has."""
    return f"{name}_" if name.lower() == "line" else name


def is_blank(cells: Sequence[str]) -> bool:
    """True when no cell holds anything."""
    return not any(cell.strip() for cell in cells)


def refuse_title(sample: Sequence[tuple[int, Sequence[str]]], where: str) -> None:
    """InputError when the first of the records, given with their lines, is no header but a title.

    A title fills at most half as many cells as most of the records below it.
    """
    filled = [(line, sum(bool(cell.strip()) for cell in cells)) for line, cells in sample]
    if len(filled) < 2:
        return
    counts = Counter(number for _, number in filled[1:])
    usual = max(counts, key=lambda number: (counts[number], number))
    first, header = filled[0], next(line for line, number in filled[1:] if number >= usual)
    if first[1] * 2 <= usual:
        raise InputError(
            f"a title and no header stands in line {first[0]}: it fills {first[1]} of {usual} "
            "columns",
            where=where,
            repair=f"Delete the lines above the header, which seems to be line {header}.",
        )


def wrong_width(line: int, found: int, wanted: int) -> Reject:
    """A row that has other cells than the header."""
    return Reject(
        line,
        "",
        f"the row has {found} cells and the header {wanted}",
        "Mend the quotes or separators of that row and load the file again.",
    )


def begins_with_total(cells: Sequence[str]) -> bool:
    """True when the first filled cell says that the others are a total."""
    first = next((cell.strip() for cell in cells if cell.strip()), "")
    return TOTAL.fullmatch(first) is not None


def without_total(parts: Iterator[tuple[Piece, bool]]) -> Iterator[Piece]:
    """The pieces, the last record of the last one rejected if it is a total.

    Each comes with whether its last record begins with the word.
    """
    held, is_total = None, False
    for part, ends_in_total in parts:
        if held is None or part.read:
            if held is not None and held.read:
                yield held
            held, is_total = part, ends_in_total
    if held is not None:
        yield _total_rejected(held) if is_total else held


def _total_rejected(piece: Piece) -> Piece:
    rows, rejects = piece.rows, piece.rejects
    row = rows["line"][-1].as_py() if rows.num_rows else 0
    broken = rejects[-1].line if rejects else 0
    if row > broken:
        rows = rows.slice(0, rows.num_rows - 1)
    else:
        rejects = rejects[:-1]
    total = Reject(max(row, broken), "", TOTAL_REASON, TOTAL_REPAIR)
    return Piece(rows, (*rejects, total))
