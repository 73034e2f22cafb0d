"""Figure: a drawing with its title, its sentence and the rows that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wholeflow.publish.icons import Icon
from wholeflow.publish.words import Said


@dataclass(frozen=True)
class Rows:
    """A table for people: a heading for each column, then text; the first column names the row.

    ``numeric`` names the columns that are set to the right.
    """

    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()

    def as_dicts(self) -> list[dict[str, str | float | None]]:
        """The rows for programs: the value of each cell that says one, else its words."""
        return [
            {
                heading: cell.value if isinstance(cell, Said) else cell
                for heading, cell in zip(self.headings, cells, strict=True)
            }
            for cells in self.cells
        ]


@dataclass(frozen=True)
class Figure:
    """A drawing that says what it shows, its table twin, and icons that sum it up."""

    title: str
    sentence: str
    svg: str
    table: Rows
    icons: tuple[Icon, ...] = ()


def rows(headings: Sequence[str], cells: Sequence[Sequence[str]], numeric_from: int = 1) -> Rows:
    """Rows whose columns from ``numeric_from`` hold numbers."""
    return Rows(
        tuple(headings),
        tuple(tuple(row) for row in cells),
        frozenset(range(numeric_from, len(headings))),
    )
