"""Commands on records: load and link them, check them, write them out."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from wholeflow import api
from wholeflow.cli.terminal import (
    AsOf,
    Csv,
    Json,
    Links,
    StorePath,
    app,
    errors,
    existing,
    progress,
    show,
    show_rows,
)
from wholeflow.core.errors import InputError, RequestError
from wholeflow.events import EventLog
from wholeflow.sources import Reading, read, shipped_mappings
from wholeflow.store import LoadResult, open_store

mapping_app = typer.Typer(no_args_is_help=True, help="Work on mappings.")
app.add_typer(mapping_app, name="mapping")


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
    if books.loaded and set(books.written) == {"unsaid"}:
        errors.print("no row says anything that the mapping names: does it name the right columns?")
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
