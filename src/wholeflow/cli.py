"""The terminal: the same words as in Python.

Exit status: 0 done; 1 the data or the request is refused, with what, where and
what to do; 2 wrong usage.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table

from wholeflow import __version__, api
from wholeflow.core.errors import InputError, RequestError, WholeflowError
from wholeflow.events import EventLog
from wholeflow.measures import definitions
from wholeflow.sources import Reading, read, shipped_mappings
from wholeflow.store import LoadResult, Store, open_store

app = typer.Typer(
    name="wholeflow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Whole system flow: how people move through the organisations of a place, and why they "
    "wait.",
)
mapping_app = typer.Typer(no_args_is_help=True, help="Work on mappings.")
app.add_typer(mapping_app, name="mapping")
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


@app.command(epilog="Example: wholeflow load place.duckdb export/ --source mimic")
def load(
    store: StorePath,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, and folders of files.")
    ],
    source: Annotated[
        str | None,
        typer.Option(
            help=f"A mapping that comes with wholeflow: {', '.join(shipped_mappings())}; or xes, "
            "ocel: one log of another tool."
        ),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file of your own (TOML).")] = None,
    person: Annotated[
        str | None, typer.Option(help="Of an OCEL log: the type of object that people are.")
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(help="Of a log: the type of object, or XES attribute, that names places."),
    ] = None,
    kinds: Annotated[
        Path | None,
        typer.Option(help='Of a log: activities with kinds, as TOML: "ED in" = "arrived".'),
    ] = None,
    feed: Annotated[
        str | None, typer.Option(help="Of a log: the name of the feed, else its form and file.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(help="Of a log: whose numbers its people have: nhs-number, people ..."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say how each file would be read; load nothing.")
    ] = False,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Also keep identifiers as they are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load records into a store: all of them or none, each row counted."""
    if source in LOGS:
        records: Reading | EventLog = api.read_log(
            the_log(paths, mapping), person=person, place=place, kinds=kinds_in(kinds),
            source=feed, scheme=scheme, keep_attributes=keep_ids)  # fmt: skip
    elif person or place or kinds or feed or scheme:
        raise RequestError("--person, --place, --kinds, --feed and --scheme are for logs",
                           repair="Use them with --source xes or --source ocel.")  # fmt: skip
    else:
        records = reading_of(paths, source, mapping)
    if explain:
        typer.echo(records.explain() if isinstance(records, Reading) else log_in_words(records))
        return
    books = load_into(store, records, keep_ids)
    show(books, as_json)
    for line in left_out(records):
        errors.print(line, markup=False)
    if books.rejected and not books.loaded + books.already:
        raise InputError(
            "none of the rows could be used",
            where=", ".join(path.name for path in paths),
            repair="Mend the mapping as the reasons above say, and load again.",
        )


def load_into(store: Path, records: Reading | EventLog, keep_ids: bool) -> LoadResult:
    """Load records into a store, made where there is none and removed again if that fails."""
    is_new = not os.path.exists(store)  # Path.exists refuses a folder that may not be searched
    with progress("Loading") as tell, open_store(store) as opened:
        try:
            return api.load(opened, records, keep_ids=keep_ids, tell=tell)
        except BaseException as error:
            if is_new:
                opened.remove_if_empty()
            if isinstance(error, KeyboardInterrupt):
                errors.print("stopped; the store is as it was before")
            raise


LOGS = ("xes", "ocel")
"""Sources that are logs of other tools and need no mapping."""


def reading_of(paths: list[Path], source: str | None, mapping: Path | None) -> Reading:
    """The files that a mapping knows, with a word about those that it does not."""
    reading = read(paths, source=source, mapping=mapping)
    if reading.ignored:
        count = len(reading.ignored)
        what = "1 file" if count == 1 else f"{count} files"
        errors.print(f"not read, as no layout fits: {what}; --explain names them")
    return reading


def the_log(paths: list[Path], mapping: Path | None) -> Path:
    """The one log that is named."""
    if mapping or len(paths) != 1:
        raise RequestError(
            "a log is loaded alone and without a mapping",
            repair="Name one file, and --kinds for the kinds of its activities.",
        )
    return paths[0]


def kinds_in(path: Path | None) -> dict[str, str]:
    """Kinds of activities in the words of this place."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            "the file of kinds can't be read",
            where=str(path),
            repair='Write lines such as "ED in" = "arrived", in UTF-8.',
        ) from error


def log_in_words(log: EventLog) -> str:
    """How many rows of each table a log would become."""
    rows = [f"  {table.num_rows:,} to {name}" for name, table in log.tables.items()]
    return "\n".join([f"{log.about.get('file', '')} becomes", *rows, *left_out(log)])


def left_out(log: Reading | EventLog) -> list[str]:
    """What was left out of a log so that nobody can be known by it."""
    told = log.about.get("left out") if isinstance(log, EventLog) else None
    return [f"left out: {told}; --keep-ids keeps them"] if told else []


@mapping_app.command(epilog="Example: wholeflow mapping draft export/*.csv --out my-trust.toml")
def draft(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files, and folders of files.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the draft into this file.")] = None,
) -> None:
    """Propose a mapping for files: what each column seems to be, and what you must decide."""
    with progress("Looking"):
        text = api.draft(paths)
    if out is None:
        typer.echo(text)
        return
    if out.exists():
        raise RequestError("this file is there already", where=str(out), repair="Name a new one.")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(
            "the draft can't be written here", where=str(out), repair="Check folder and rights."
        ) from error
    typer.echo(f"wrote {out}: decide what it marks `# decide:`, then load with --mapping {out}")


@app.command(epilog="Example: wholeflow link place.duckdb")
def link(store: StorePath, as_json: Json = False) -> None:
    """Find who is likely the same person, among people without a shared number."""
    open_store(store, must_exist=True).close()
    with progress("Linking"), open_store(store) as opened:
        show(api.link(opened), as_json)


@app.command(epilog="Example: wholeflow check place.duckdb")
def check(
    store: StorePath,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="List every row that could not be used instead.")
    ] = False,
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="NAME", help="List every row of one finding instead."),
    ] = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Say what is wrong or missing in the records."""
    with existing(store) as opened:
        if rejects:
            show_rows(opened.rejects(), as_json, as_csv)
            return
        found = api.check(api.journeys(opened, as_of=as_of, links=links))
        if rows:
            show_rows(found.rows(rows), as_json, as_csv)
            return
        if as_csv:
            raise RequestError(
                "findings are words",
                repair="Use --json, --rows NAME --csv, or --rejects --csv.",
            )
        show(found, as_json)


@app.command(epilog="Example: wholeflow journeys place.duckdb --csv > journeys.csv")
def journeys(
    store: StorePath,
    person: Annotated[
        str | None, typer.Option(metavar="KEY", help="One person's steps, by pseudonym.")
    ] = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List people's journeys, or the steps of one person."""
    with existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        rows = seen.person(person) if person else seen.table("journeys")
        rows = with_local_times(rows, seen.zone)
        if not (as_json or as_csv or person):
            rows = rows.select(JOURNEY_COLUMNS)
        show_rows(rows, as_json, as_csv)


@app.command(epilog="Example: wholeflow measure place.duckdb stay wait --by place,month")
def measure(
    store: StorePath,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help=f"Measures: {', '.join(definitions())}; or definition files (TOML).",
        ),
    ],
    by: Annotated[
        str,
        typer.Option(help="Group by, with commas: place, organisation, setting, week, month ..."),
    ] = "",
    chart: Annotated[
        Path | None, typer.Option(help="Draw the figures over time into this SVG file.")
    ] = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Measure flow: each figure with how sure it is and what was left out."""
    groups = [name.strip() for name in by.split(",") if name.strip()]
    if chart and len(names) != 1:
        raise RequestError("a chart shows one measure", repair="Name one measure with --chart.")
    with existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        results = [api.measure(seen, name, groups) for name in names]
        if chart:
            api.chart(results[0], to=chart)
    if as_json:
        typer.echo(json.dumps([result.as_dict() for result in results], ensure_ascii=False))
        return
    for result in results:
        if not as_csv:
            typer.echo(result.says)
        if result.by or as_csv:
            show_rows(result.rows, False, as_csv)
        if not as_csv:
            for limit in result.limits:
                typer.echo(limit)


@app.command(name="map", epilog="Example: wholeflow map place.duckdb --out map.svg")
def flow_map(
    store: StorePath,
    out: Annotated[Path | None, typer.Option(help="Write the map into this SVG file.")] = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show how people move between places; with --out, draw it."""
    with existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        if out:
            api.map(seen, to=out)
        rows = seen.table("transitions").sort_by([("moves", "descending")])
    if out and not (as_json or as_csv):
        typer.echo(f"wrote {out}")
        return
    show_rows(rows, as_json, as_csv)


@app.command(epilog="Example: wholeflow export place.duckdb --out tables --as parquet")
def export(
    store: StorePath,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")],
    form: Annotated[
        str, typer.Option("--as", help="csv, parquet, xes, ocel (JSON) or ocel-sqlite.")
    ],
    as_of: AsOf = None,
    links: Links = "likely",
) -> None:
    """Write the store for other tools: tables as CSV or Parquet, or a log as XES or OCEL 2.0."""
    with progress("Exporting"), existing(store) as opened:
        written = api.export(api.journeys(opened, as_of=as_of, links=links), out, form)
    for path in written:
        typer.echo(f"wrote {path}")


@app.command(epilog="Example: wholeflow report place.duckdb --out place.html")
def report(
    store: StorePath,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    title: Annotated[str | None, typer.Option(help="What the page is called.")] = None,
    as_of: AsOf = None,
    links: Links = "likely",
) -> None:
    """Write one page about the place that anyone can read, with no network and no script."""
    with progress("Writing the report"), existing(store) as opened:
        written = api.report(api.journeys(opened, as_of=as_of, links=links), out, title=title)
    typer.echo(f"wrote {written}")


@app.command(epilog="Example: wholeflow demo --dir demo")
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where to put it.")] = Path("demo"),
    people: Annotated[int, typer.Option(help="How many people live there.")] = 1500,
    seed: Annotated[int, typer.Option(help="Another seed, another place.")] = 1,
    truth: Annotated[
        bool, typer.Option("--truth", help="Also write what truly happened, to check against.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole way on a made-up place: six organisations' records in, a report out."""
    with progress("Making Riverford"):
        made = api.demo(folder, people=people, seed=seed, truth=truth)
    show(made, as_json)


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
JOURNEY_COLUMNS = [
    "person", "from_at", "hours", "stays", "organisations", "wait_hours", "delay_hours",
]  # fmt: skip
"""What the terminal shows of a journey; --csv and --json have every column."""


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


SHARES = ("share", "low", "high")
"""Columns that people read as per cent."""


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2%}" if name in SHARES else f"{value:,.2f}"
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


if __name__ == "__main__":
    main()
