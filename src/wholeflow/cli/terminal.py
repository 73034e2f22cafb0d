"""The terminal: the options that commands share, progress, and how results are shown."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from wholeflow.store import Store, open_store

app = typer.Typer(
    name="wholeflow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Whole system flow: how people move through the organisations of a place, and why they "
    "wait.",
)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="The store, a DuckDB file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="TIME", help="Use what was recorded up to then: 2024-11-05T14:30."
    ),
]
Links = Annotated[
    str,
    typer.Option(
        "--links",
        metavar="HOW",
        help="Which links between numbers of people to use: likely, or certain ones only.",
    ),
]


@contextmanager
def existing(path: Path) -> Iterator[Store]:
    """A store that must be there."""
    with open_store(path, must_exist=True) as opened:
        yield opened


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A spinner on a terminal, which may be told of rows done; nothing in a pipe."""
    if not errors.is_terminal:
        yield lambda rows: None
        return
    with errors.status(f"{what} ...") as spinner:
        yield lambda rows: spinner.update(f"{what} ... {rows:,} rows read")


def show(result: Any, as_json: bool) -> None:
    """A result in words, or as JSON with its documented keys."""
    typer.echo(json.dumps(result.as_dict(), ensure_ascii=False) if as_json else str(result))


def show_rows(rows: pa.Table, as_json: bool, as_csv: bool) -> None:
    """A table as JSON, as CSV, or drawn for the terminal."""
    if as_json:
        typer.echo(json.dumps(rows.to_pylist(), ensure_ascii=False))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(rows.column_names)
        for batch in rows.to_batches():
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    else:
        _draw(rows)


SHOWN_ROWS = 40
PIPE_WIDTH = 200
"""How wide a table is where no terminal says."""
GAP = 2
"""Blanks that a column needs beside it."""
MOST_KEYS = 3
WORD_WIDTH = 26
"""A word up to this long, such as a time with its offset, is not broken."""


def _draw(rows: pa.Table) -> None:
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(highlight=False, markup=False, width=width)
    shown = rows.slice(0, SHOWN_ROWS)
    for at, names in enumerate(_pieces(shown, console.width)):
        if at:
            console.print()
        console.print(_drawn(shown.select(names)))
    if rows.num_rows > SHOWN_ROWS:
        typer.echo(f"... and {rows.num_rows - SHOWN_ROWS:,} more: --csv or --json prints all")


def _pieces(rows: pa.Table, width: int) -> list[list[str]]:
    """The columns that stand side by side: where all don't fit, the rest below, never cut.

    Each piece begins with what its rows are of: the columns before the first number, if these are
    few, else the first.
    """
    names = rows.column_names
    keys = list(takewhile(lambda name: not _is_number(rows.schema.field(name).type), names))
    keys = keys if 0 < len(keys) <= MOST_KEYS else names[:1]
    least = {name: _least(rows, name) + GAP for name in names}
    pieces: list[list[str]] = [list(keys)]
    for name in names[len(keys) :]:
        needed = sum(least[one] for one in (*pieces[-1], name))
        if needed > width and len(pieces[-1]) > len(keys):
            pieces.append(list(keys))
        pieces[-1].append(name)
    return pieces


def _least(rows: pa.Table, name: str) -> int:
    """How narrow a column can be: a number is never broken, nor is a word unless it is long."""
    told = [_titled(name), *(_cell(name, value) for value in rows[name].to_pylist())]
    if _is_whole(rows, name):
        return max(map(cell_len, told))
    words = [word for text in told for word in text.split()]
    return min(max(map(cell_len, words), default=1), WORD_WIDTH)


def _drawn(rows: pa.Table) -> Table:
    drawn = Table(box=None, pad_edge=False)
    for field in rows.schema:
        justify: Any = "right" if _is_number(field.type) else "left"
        whole = _is_whole(rows, field.name)
        drawn.add_column(_titled(field.name), justify=justify, no_wrap=whole, overflow="fold")
    for row in rows.to_pylist():
        drawn.add_row(*(_cell(name, value) for name, value in row.items()))
    return drawn


def _titled(name: str) -> str:
    return name.replace("_", " ")


def _is_whole(rows: pa.Table, name: str) -> bool:
    """Whether the cells of a column are never broken: names of people and times, numbers."""
    named = name in ("person", "month", "week", "day", "financial_year") or _is_instant(name)
    return named or _is_number(rows.schema.field(name).type)


def _is_instant(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def _is_number(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_floating(of))


SHARES = ("low", "high", "coverage")
"""Columns that people read as per cent, beside those that have share in their name."""


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2%}" if name in SHARES or "share" in name else f"{value:,.2f}"
    if isinstance(value, str) and _is_instant(name):
        return _to_the_minute(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _to_the_minute(written: str) -> str:
    """An ISO time, or date, as people read it; what is none stays as it is.

    >>> _to_the_minute("2024-11-05T03:00:12+00:00"), _to_the_minute("2024-11-05")
    ('5 Nov 2024 03:00', '5 Nov 2024')
    """
    try:
        when = datetime.fromisoformat(written)
    except ValueError:
        return written
    return f"{when.day} {when:%b %Y %H:%M}" if "T" in written else f"{when.day} {when:%b %Y}"


def with_local_times(rows: pa.Table, zone: str) -> pa.Table:
    """The rows with instants as ISO text in local time, with its offset."""
    from wholeflow.core.time import local

    for name in rows.column_names:
        if _is_instant(name):
            texts = [
                None if at is None else local(at, zone).isoformat() for at in rows[name].to_pylist()
            ]
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pa.array(texts, pa.string()))
    return rows
