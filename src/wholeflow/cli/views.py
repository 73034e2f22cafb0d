"""Commands that show what happened: journeys, census, measures, the report; and a made-up place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from wholeflow import api
from wholeflow.cli.now import Why, account
from wholeflow.cli.terminal import (
    AsOf,
    Csv,
    Json,
    Links,
    StorePath,
    app,
    existing,
    progress,
    show,
    show_rows,
    with_local_times,
)
from wholeflow.core.errors import RequestError
from wholeflow.governance.disclosure import policies
from wholeflow.journeys import Journeys
from wholeflow.journeys.one_journey import OneJourney
from wholeflow.measures import definitions
from wholeflow.measures.spc import PRESET, presets

PolicyName = Annotated[
    str,
    typer.Option(
        metavar="POLICY",
        help=f"Make it for people outside, by a disclosure policy: {', '.join(policies())}.",
    ),
]

JOURNEY_COLUMNS = [
    "person", "from_at", "stays", "organisations", "hours", "waiting_hours", "care_hours",
    "delay_hours", "travelling_hours", "unsplit_hours", "unknown_hours",
]  # fmt: skip
"""What the terminal shows of a journey; --csv and --json have every column."""


@app.command(epilog="Example: wholeflow journeys place.duckdb --csv > journeys.csv")
def journeys(
    store: StorePath,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Tell one person's journeys, every hour of them; with --csv the steps.",
        ),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Draw the person's journeys into this SVG file.")
    ] = None,
    why: Why = "",
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List people's journeys, or tell those of one person."""
    for option, given in (("--why", why), ("--chart", chart)):
        if given and person is None:
            raise RequestError(
                f"{option} goes with --person", repair="Name the person that you look at."
            )
    with existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        if person is not None:
            told = api.journeys_of(seen, person)
            api.log_look(opened, "journeys", seen.shown(person), who=account(), why=why)
            if chart:
                api.plot(told, to=chart)
            tell(seen, person, told, as_json, as_csv)
            return
        rows = with_local_times(listed(seen), seen.zone)
        if not (as_json or as_csv):
            rows = rows.select(JOURNEY_COLUMNS)
        show_rows(rows, as_json, as_csv)


def listed(seen: Journeys) -> pa.Table:
    """Everybody's journeys, and where the hours of each went."""
    hours = seen.table("journey_hours").drop_columns(["run", "person", "hours"])
    return seen.table("journeys").join(hours, "journey").sort_by("journey")


def tell(
    seen: Journeys, person: str, told: Sequence[OneJourney], as_json: bool, as_csv: bool
) -> None:
    """One person's journeys in words, as JSON, or their steps as CSV."""
    if as_csv:
        show_rows(with_local_times(seen.person(person), seen.zone), False, True)
    elif as_json:
        typer.echo(json.dumps([one.as_dict() for one in told], ensure_ascii=False))
    else:
        typer.echo("\n".join(str(one) for one in told))


@app.command(epilog="Example: wholeflow census place.duckdb --at 2024-11-05T03:00")
def census(
    store: StorePath,
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="A time, 2024-11-05T03:00, or a clock time of every day, 03:00."
        ),
    ],
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Count who is in each place, or on its list, at a time or at a clock time of every day."""
    with existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        rows = api.census(seen, at)
    if as_json or as_csv:
        show_rows(with_local_times(rows, seen.zone), as_json, as_csv)
        return
    shown = over_days(rows)
    typer.echo(f"{at}, local time: places (body) and lists (caseload) are counted apart.")
    show_rows(shown, False, False)
    if any(column.null_count for column in shown.columns):
        typer.echo("-: before the first person of that place, so that nobody knows (§17).")


def over_days(rows: pa.Table) -> pa.Table:
    """The census of each place over the days that were asked for; as it is for one time."""
    if len(rows["at"].unique()) == 1:
        return rows.drop(["at"])
    found = rows.group_by(["place", "holds"]).aggregate(
        [("inside", "count"), ("inside", "mean"), ("inside", "min"), ("inside", "max")]
    )
    return found.rename_columns(["place", "holds", "days", "mean", "least", "most"])


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
        typer.Option(
            help="Group by, with commas: place, organisation, setting, source, from_place, "
            "to_place, reason, waits_for, a fact of people such as segment; day, week, month, "
            "quarter, financial_year, hour_of_day, hour_of_week."
        ),
    ] = "",
    chart: Annotated[
        Path | None, typer.Option(help="Draw the figures over time into this SVG file.")
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            metavar="PRESET",
            help=f"Judge figures by day, week or month by these rules: {', '.join(presets())}.",
        ),
    ] = PRESET,
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
        results = [api.measure(seen, name, groups, rules=rules) for name in names]
        if chart:
            api.plot(results[0], to=chart)
    if as_json:
        typer.echo(json.dumps([result.as_dict() for result in results], ensure_ascii=False))
        return
    for result in results:
        if not as_csv:
            typer.echo(result.says)
        if result.by or as_csv:
            show_rows(result.rows, False, as_csv)
        if not as_csv:
            for sentence in (*result.limits, result.sure, *result.says_over_time):
                typer.echo(sentence)


@app.command(epilog="Example: wholeflow plot place.duckdb waits --out waits.svg")
def plot(
    store: StorePath,
    what: Annotated[
        str, typer.Argument(help="Which chart of the report: hours, waits, time, week or journey.")
    ],
    out: Annotated[Path, typer.Option(help="The SVG file to write.")],
    policy: PolicyName = "",
    as_of: AsOf = None,
    links: Links = "likely",
) -> None:
    """Draw one chart of the report; `map` draws the flow map, `measure --chart` any measure."""
    with progress("Drawing"), existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        typer.echo(f"wrote {api.plot(seen, out, what=what, policy=policy)}")


@app.command(epilog="Example: wholeflow report place.duckdb --out place.html")
def report(
    store: StorePath,
    out: Annotated[Path | None, typer.Option(help="The HTML file to write.")] = None,
    title: Annotated[str | None, typer.Option(help="What the page is called.")] = None,
    policy: PolicyName = "",
    as_of: AsOf = None,
    links: Links = "likely",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Write one page about the place that anyone can read, with no network and no script.

    With --json or --csv print the facts of that page: every sentence, or every cell of its tables.
    """
    if out is None and not (as_json or as_csv):
        raise RequestError(
            "nothing says where the page goes",
            repair="Add --out place.html; --json or --csv print its facts.",
        )
    with progress("Writing the report"), existing(store) as opened:
        seen = api.journeys(opened, as_of=as_of, links=links)
        if out is not None:
            typer.echo(
                f"wrote {api.report(seen, out, title=title, policy=policy)}", err=as_json or as_csv
            )
        if not (as_json or as_csv):
            return
        told = api.reported(seen, title=title, policy=policy)
    if as_json:
        typer.echo(json.dumps(told.as_dict(), ensure_ascii=False))
    else:
        show_rows(told.tidy(), False, True)


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
