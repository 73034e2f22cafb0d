"""The command on marks: what people sign on the figures of a place."""

from __future__ import annotations

import json
from typing import Annotated

import pyarrow as pa
import typer

from wholeflow import api
from wholeflow.cli.terminal import Csv, Json, StorePath, app, existing, show_rows
from wholeflow.core.errors import RequestError
from wholeflow.events import choices
from wholeflow.measures.marks import marks
from wholeflow.store import open_store

LISTED = pa.schema(
    [
        *((name, pa.string()) for name in ("kind", "at", "place", "measure", "feed")),
        ("value", pa.float64()),
        *((name, pa.string()) for name in ("who", "why")),
    ]
)


@app.command(
    epilog="Example: wholeflow mark place.duckdb step --at 2024-07-01 --who 'ward manager' "
    "--why 'two more porters' --place 'Ward 1'"
)
def mark(
    store: StorePath,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help=f"{', '.join(choices('mark_kinds'))}; none: list."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="From when: 2024-07-01, or with a time.")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason, in a sentence.")] = "",
    who: Annotated[str, typer.Option(metavar="ROLE", help="Who signs: a role, not a name.")] = "",
    place: Annotated[str | None, typer.Option(help="The place that it concerns, else all.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="The measure that it concerns, else all.")
    ] = None,
    value: Annotated[
        float | None,
        typer.Option(help="The value of a target, in the unit of its measure; a share as 0.95."),
    ] = None,
    feed: Annotated[
        str | None, typer.Option(help="The feed that is complete from then on.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take this mark back.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Sign a step, baseline, target, test or note, or when records are complete from; or list."""
    if kind is None:
        with existing(store) as opened:
            seen = api.journeys(opened)
            rows = [one.as_dict(seen.zone) for one in marks(seen)]
        if not (rows or as_json or as_csv):
            typer.echo("No marks stand: nobody has signed one.")
            return
        show_rows(pa.Table.from_pylist(rows, schema=LISTED), as_json, as_csv)
        return
    if at is None:
        raise RequestError("a mark needs a time", repair="Give --at, such as --at 2024-07-01.")
    open_store(store, must_exist=True).close()
    with open_store(store) as opened:
        signed = api.mark(
            opened, kind, at=at, who=who, why=why, place=place, measure=measure, value=value,
            feed=feed, withdraw=withdraw,
        )  # fmt: skip
        zone = api.local_zone(opened)
    if as_json:
        told = {**signed.as_dict(zone), "withdrawn": withdraw}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{'taken back' if withdraw else 'marked'}: {signed.says(zone)}")
