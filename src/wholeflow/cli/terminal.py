"""The terminal: the options that commands share, progress, and how results are shown."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
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


def _draw(rows: pa.Table) -> None:
    drawn = Table(box=None, pad_edge=False)
    numeric = [pa.types.is_integer(t) or pa.types.is_floating(t) for t in rows.schema.types]
    for name, is_number in zip(rows.column_names, numeric, strict=True):
        justify: Any = "right" if is_number else "left"
        whole = is_number or name in ("person", "month", "week", "day", "financial_year")
        drawn.add_column(name.replace("_", " "), justify=justify, no_wrap=whole, overflow="fold")
    for row in rows.slice(0, SHOWN_ROWS).to_pylist():
        drawn.add_row(*(_cell(name, value) for name, value in row.items()))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(highlight=False, markup=False, width=width).print(drawn)
    if rows.num_rows > SHOWN_ROWS:
        typer.echo(f"... and {rows.num_rows - SHOWN_ROWS:,} more: --csv or --json prints all")


SHARES = ("low", "high", "coverage")
"""Columns that people read as per cent, beside those that have share in their name."""


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2%}" if name in SHARES or "share" in name else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def with_local_times(rows: pa.Table, zone: str) -> pa.Table:
    """The rows with instants as ISO text in local time, with its offset."""
    from wholeflow.core.time import local

    for name in ("at", *(n for n in rows.column_names if n.endswith("_at"))):
        if name in rows.column_names:
            texts = [
                None if at is None else local(at, zone).isoformat() for at in rows[name].to_pylist()
            ]
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pa.array(texts, pa.string()))
    return rows
