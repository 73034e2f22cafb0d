"""The command line: the same words as in Python.

Exit status: 0 done; 1 the data or the request is refused, with what, where and
what to do; 2 wrong usage.
"""

from __future__ import annotations

import sys
from typing import Annotated

import duckdb
import pyarrow as pa
import typer

from wholeflow import __version__
from wholeflow.cli import maps, marks, now, records, views
from wholeflow.cli.terminal import app, errors
from wholeflow.core.errors import WholeflowError

__all__ = ["app", "main", "maps", "marks", "now", "records", "views"]


def main() -> None:
    """Run the command line; a refusal prints what, where and what to do, and exits 1."""
    try:
        app()
    except WholeflowError as error:
        errors.print(str(error), markup=False)
        sys.exit(1)
    except (duckdb.Error, pa.ArrowException) as error:
        # its text may hold values of a row, so only its kind is told
        errors.print(f"wholeflow has a fault ({type(error).__name__}): please report the command")
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        sys.stderr.close()
        sys.exit(1)


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Say which version this is."""
    if version:
        typer.echo(f"wholeflow {__version__}")
        raise typer.Exit
