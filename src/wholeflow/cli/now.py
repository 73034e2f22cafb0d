"""Commands about people now, and questions of one's own: today, sql."""

from __future__ import annotations

import getpass
import json
import os
import signal
import sys
from typing import Annotated

import pyarrow as pa
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
    show_rows,
    with_local_times,
)
from wholeflow.core.time import local, show_hours

if sys.platform != "win32":
    import pwd

Why = Annotated[
    str,
    typer.Option("--why", metavar="TEXT", help="Why you look; it is kept in the log of looks."),
]

LISTED = ["person", "state", "place", "since_at", "waited", "waits_for", "next_step", "told_by"]
"""What the terminal shows of the list; --csv and --json have every column."""


def account() -> str:
    """The account of the system that runs this program, which no variable can change."""
    if sys.platform == "win32":
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name, as in a container
        return f"account {os.getuid()}"


@app.command(epilog="Example: wholeflow today place.duckdb --at 2024-11-05T09:00")
def today(
    store: StorePath,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The time that the list is of, as known then: 2024-11-05T14:30. Else the end of "
            "observation, or now where the records are no more than a day old.",
        ),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(help="Only those who are at this place, on its list, or wait for it."),
    ] = None,
    why: Why = "",
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List who is ready to leave or waits, for what, whose turn it is, and how old the data are."""
    with existing(store) as opened:
        found = api.today(opened, at=at, place=place, links=links)
        api.log_look(opened, "today", f"list of {found.people}", who=account(), why=why)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    rows = with_local_times(found.rows, found.zone)
    if as_csv:
        show_rows(rows, False, True)
        return
    typer.echo(found.says)
    if rows.num_rows:
        show_rows(_for_people(rows), False, False)
    typer.echo("\n".join(["Feeds:", *(f"  {feed}" for feed in found.feeds), *found.limits]))


def _for_people(rows: pa.Table) -> pa.Table:
    """The list as the terminal shows it: lengths in words, and days where no hour is known."""
    told = [
        {
            **row,
            "waited": show_hours(row["hours"]),
            "since_at": row["since_at"][: len("2024-11-05")]
            if row["to_the_day"]
            else row["since_at"],
        }
        for row in rows.to_pylist()
    ]
    return pa.Table.from_pylist(told).select(LISTED)


@app.command(epilog='Example: wholeflow sql place.duckdb "SELECT place, count(*) FROM stays '
             'GROUP BY place"')  # fmt: skip
def sql(
    store: StorePath,
    question: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT, in quotes.")],
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Answer a SELECT on stays, handoffs, journeys and the other tables; nothing is changed."""
    # The engine does not hear Ctrl-C while it works on one question, and nothing is being written.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with existing(store) as opened:
        rows = api.sql(opened, question, as_of=as_of, links=links)
        zone = api.local_zone(opened)
    show_rows(_with_instants_as_local(rows, zone), as_json, as_csv)


def _with_instants_as_local(rows: pa.Table, zone: str) -> pa.Table:
    """The rows with local times for whole numbers in columns that are called as instants are."""
    for place, name in enumerate(rows.column_names):
        if pa.types.is_integer(rows.schema.types[place]) and (name == "at" or name[-3:] == "_at"):
            texts = [at if at is None else _local(at, zone) for at in rows[place].to_pylist()]
            rows = rows.set_column(place, name, pa.array(texts, pa.string()))
    return rows


def _local(at: int, zone: str) -> str:
    try:
        return local(at, zone).isoformat()
    except OverflowError:  # no instant
        return str(at)
