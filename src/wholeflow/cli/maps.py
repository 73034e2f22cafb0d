"""Commands on what followed what: the map, the ways that journeys went, and what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from wholeflow import api
from wholeflow.cli.terminal import (
    AsOf,
    Csv,
    Json,
    Links,
    StorePath,
    app,
    existing,
    progress,
    show_rows,
)
from wholeflow.core.errors import RequestError
from wholeflow.diagnosis import Filters, LogFile
from wholeflow.journeys import Journeys

Source = Annotated[
    Path,
    typer.Argument(metavar="STORE", help="The store; or a log file, with --case and its columns."),
]
Case = Annotated[
    str | None, typer.Option("--case", metavar="COL", help="Of a log file: the column of cases.")
]
Activity = Annotated[
    str | None,
    typer.Option("--activity", metavar="COL", help="Of a log file: the column of activities."),
]
Start = Annotated[
    str | None, typer.Option("--start", metavar="COL", help="Of a log file: the column of starts.")
]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="COL", help="Of a log file: the column of ends, if it has one."),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", metavar="ZONE", help="Of a log file: whose local times it holds: Europe/London."
    ),
]
Of = Annotated[
    str | None, typer.Option("--of", metavar="WHAT", help="What follows what: places, activities.")
]
Through = Annotated[
    str | None,
    typer.Option(
        "--journeys-through", metavar="NAME", help="Only journeys with this activity or place."
    ),
]

MAP_COLUMNS = [
    "from", "to", "end", "times", "journeys", "wait_mean_hours", "wait_p50_hours",
    "wait_p90_hours", "overlaps", "handoff_wait_p50_hours",
]  # fmt: skip
"""What the terminal shows of an arc; --csv and --json have every column."""


@app.command(name="map", epilog="Example: wholeflow map place.duckdb --out map.svg")
def process_map(
    store: Source,
    of: Of = None,
    out: Annotated[
        Path | None, typer.Option(help="Draw the map of places into this SVG file.")
    ] = None,
    from_at: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Journeys that began from then on.")
    ] = None,
    to_at: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Journeys that began before then.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only arcs from and to this place.")
    ] = None,
    through: Through = None,
    least: Annotated[int, typer.Option(metavar="N", help="Arcs with at least so many times.")] = 1,
    case: Case = None,
    activity: Activity = None,
    start: Start = None,
    end: End = None,
    zone: Zone = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show what followed what, how often and how long after; with --out, draw it."""
    filters = Filters(from_at, to_at, place, through, least)
    if out and (case or of == "activities"):
        raise RequestError(
            "only the map of places is drawn", repair="Leave --out away, or use --of places."
        )
    with seen(store, (case, activity, start, end, zone), as_of, links) as asked:
        if out and isinstance(asked, Journeys):
            api.map(asked, out, filters=filters)
            if not (as_json or as_csv):
                typer.echo(f"wrote {out}")
                return
        found = api.process_map(asked, of or "", filters=filters)
        ways = api.variants(asked) if isinstance(asked, LogFile) else None
    if as_json:
        told = {**found.as_dict(), **({"variants": ways.as_dict()} if ways else {})}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    few = [name for name in MAP_COLUMNS if name in found.rows.column_names]
    told_with_rows(found, found.rows if as_csv else found.rows.select(few), as_csv)
    if ways and not as_csv:
        typer.echo(ways.says)


@app.command(epilog="Example: wholeflow variants place.duckdb --top 10")
def variants(
    store: Source,
    of: Of = None,
    top: Annotated[
        int, typer.Option(metavar="N", help="How many ways get a row of their own.")
    ] = 20,
    case: Case = None,
    activity: Activity = None,
    start: Start = None,
    end: End = None,
    zone: Zone = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show the ways that journeys went, how many went each, and how long they took."""
    with seen(store, (case, activity, start, end, zone), as_of, links) as asked:
        found = api.variants(asked, of or "activities", top=top)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        told_with_rows(found, found.rows, as_csv)


@app.command(epilog="Example: wholeflow conform place.duckdb hip-fracture.toml")
def conform(
    store: StorePath,
    pathway: Annotated[
        str | None,
        typer.Argument(
            metavar="PATHWAY", help="A file (TOML, CSV), or the name of a pathway in the store."
        ),
    ] = None,
    through: Through = None,
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Compare journeys with a pathway: skipped, extra, too late, in another order."""
    with progress("Comparing"), existing(store) as opened:
        view = api.journeys(opened, as_of=as_of, links=links)
        found = api.conform(view, pathway, through=through)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        shown = found.rows if as_csv else found.rows.drop_columns(["deviation", "what", "step"])
        told_with_rows(found, shown, as_csv)


@contextmanager
def seen(
    path: Path, columns: tuple[str | None, ...], as_of: str | None, links: str
) -> Iterator[Journeys | LogFile]:
    """A view of a store; or one log file, where its columns are named."""
    case, activity, start, end, zone = columns
    if any(columns):
        if not (case and activity and start):
            raise RequestError(
                "a log file needs --case, --activity and --start",
                repair="Name these three columns.",
            )
        if as_of or links != "likely":
            raise RequestError("--as-of and --links are of stores", repair="Leave them out.")
        with progress("Reading"):
            log = api.log_file(path, case=case, activity=activity, start=start, end=end, zone=zone)
        try:
            yield log
        finally:
            log.close()
        return
    if path.suffix.lower() in (".parquet", ".csv", ".gz"):
        raise RequestError(
            "this is no store but a file of rows",
            where=str(path),
            repair="Name its columns with --case, --activity and --start, or load it into a store.",
        )
    with existing(path) as opened:
        yield api.journeys(opened, as_of=as_of, links=links)


def told_with_rows(found: Any, rows: Any, as_csv: bool) -> None:
    """What a result says, its rows and what it does not say; as CSV the rows only."""
    if not as_csv:
        typer.echo(found.says)
    show_rows(rows, False, as_csv)
    if not as_csv:
        for limit in found.limits:
            typer.echo(limit)
