"""Days at home: of people's days before death, or before now, those not spent in hospital (§39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import fill, quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping, units
from wholeflow.measures.definition import Definition
from wholeflow.measures.durations import IMPOSSIBLE
from wholeflow.measures.moves import mean_of
from wholeflow.measures.result import Result
from wholeflow.measures.rows import rows_of

DEATHS = """(
    SELECT e.person, min(e.at) AS until_at,
           arg_min(e.precision <> 'instant', (e.at, e.precision <> 'instant')) AS is_coarse
    FROM present_events AS e
    WHERE e.run = 0 AND e.kind = 'died' AND e.person IS NOT NULL
    GROUP BY e.person
)"""

ALIVE = """(
    SELECT e.person, CAST($last AS BIGINT) AS until_at, false AS is_coarse
    FROM present_events AS e
    WHERE e.run = 0 AND e.person IS NOT NULL
    GROUP BY e.person
    HAVING max(CASE WHEN e.kind = 'died' THEN 1 ELSE 0 END) = 0
)"""

FIGURES = ("n", "mean", "mean_low", "mean_high", "home_days", "days", "home_share")

SURE = (
    "The mean has its 95 % range (Student's t over people): chance alone moves it within. Of one "
    "person there is none."
)


def home(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Mean days at home of the days before death, or before the end of observation, by group.

    Grouped by where the person then was, by facts that held when those days began, and by when
    they ended. Raises UnsupportedError where nobody's death, or nobody's stay in a place that
    counts as not at home, is recorded.
    """
    journeys.need_shared_clock("days at home, for which records must cover the days before,")
    rows = f"({_rows(journeys, definition)})"
    groups = grouping.group(journeys, "stays", rows, by, at="until_at")
    if groups.unit in units.HOURS:
        groups = replace(groups, knows=f"{groups.knows} AND NOT t.is_coarse")
    found = journeys.query(
        f"SELECT {groups.columns()} t.home, t.person AS who FROM {rows} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {groups.knows} "
        f"ORDER BY {', '.join(str(number + 1) for number in range(len(groups.by) + 2))}"
    )
    told = [
        {**key, **_figures(part, definition.within_days)}
        for key, part in grouping.by_group(found, groups.by)
    ]
    schema = [(name, pa.string()) for name in groups.by]
    schema += [(name, pa.int64() if name in ("n", "days") else pa.float64()) for name in FIGURES]
    table = grouping.in_order(pa.Table.from_pylist(told, schema=pa.schema(schema)), groups.by)
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, rows_of(journeys, "stays")),
        grouping.left_out(journeys, groups, rows),
        _limits(journeys, definition, rows),
        SURE,
    )


def _rows(journeys: Journeys, definition: Definition) -> str:
    """SQL for one row for each person, with ``home`` (microseconds) and ``why`` left out."""
    days = definition.within_days
    settings = {
        "people": _people(journeys, definition),
        "length": str(days * time.DAY),
        "not_home": _not_home(definition),
        "covered_from": str(_covered_from(journeys, definition)),
        "last": str(journeys.observed_to()),
        "future": quoted("whose death is recorded later than it can have been (§9)"),
        "early": quoted(f"whose {days} days the records of such places do not cover"),
        "impossible": quoted(f"with a stay there {IMPOSSIBLE}"),
        "lost": quoted("with a stay there of which nobody knows the end (§8)"),
    }
    return fill("wholeflow.measures", "sql/home.sql", settings)


def _people(journeys: Journeys, definition: Definition) -> str:
    if definition.before == "now":
        return ALIVE.replace("$last", str(journeys.observed_to()))
    dead = journeys.query(
        "SELECT 1 AS one FROM present_events AS e WHERE e.run = 0 AND e.kind = 'died' LIMIT 1"
    )
    if not dead.num_rows:
        raise UnsupportedError(
            f"{definition.title} can't be measured: no death is recorded here",
            repair="Load records that tell of deaths, those at home too (kind died).",
        )
    return DEATHS


def _not_home(definition: Definition) -> str:
    """SQL for stays in which a person is not at home: in a place, or in a hospital spell (§39)."""
    kept = grouping.conditions(definition.settings, definition.holds)
    return f"{kept} AND (t.holds = 'body' OR t.setting = 'hospital')"


def _covered_from(journeys: Journeys, definition: Definition) -> int:
    """From when it is known who is not at home: the first stay that the latest feed tells of.

    Where somebody marked a time from which records are complete, no earlier than that (§28).
    """
    found = journeys.query(
        f"SELECT min(t.begin_at) AS first_at, max(t.complete_at) AS complete_at "
        f"FROM {rows_of(journeys, 'stays')} AS t "
        f"WHERE {_not_home(definition)} AND t.in_order AND t.begin_at IS NOT NULL GROUP BY t.source"
    )
    if not found.num_rows:
        raise UnsupportedError(
            f"{definition.title} can't be measured: nobody is recorded in such a place",
            repair=f"It needs places whose setting is {' or '.join(definition.settings)}.",
        )
    known = [*found["first_at"].to_pylist(), *found["complete_at"].to_pylist()]
    return int(max(at for at in known if at is not None))


def _figures(people: pa.Table, days: int) -> dict[str, Any]:
    home = people["home"].to_numpy()
    each = home / time.DAY
    n, total = len(home), int(home.sum()) / time.DAY
    mean, low, high = mean_of(n, total, float(each @ each))
    return {
        "n": n,
        "mean": mean,
        "mean_low": low,
        "mean_high": None if high is None else min(high, float(days)),
        "home_days": total,
        "days": n * days,
        "home_share": total / (n * days) if n else None,
    }


def _limits(journeys: Journeys, definition: Definition, rows: str) -> tuple[str, ...]:
    """What the figures can't say."""
    since = time.show_instant(_covered_from(journeys, definition), journeys.zone)
    covered = (
        f"Records are taken to tell of everybody not at home from {since} on, when the latest feed "
        "of such places begins or is marked complete: sign complete_from if that is too early "
        "(§28)."
    )
    if definition.before == "now":
        known = "Who is in no record is not counted, nor anybody in a place without records."
        return (covered, known)
    where = ", ".join(quoted(setting) for setting in definition.settings)
    found = journeys.query(
        f"SELECT count(*) AS n, count(*) FILTER (WHERE t.setting IN ({where})) AS inside, "
        f"count(*) FILTER (WHERE t.is_coarse) AS coarse FROM {rows} AS t WHERE t.why = ''"
    ).to_pylist()[0]
    sentences = [
        covered,
        f"{found['inside']:,} of these {found['n']:,} deaths were there. Deaths that nobody "
        "recorded are missing: where hospitals alone record them, those at home are, and days at "
        "home look fewer than they were.",
    ]
    if found["coarse"]:
        sentences.append(
            f"{found['coarse']:,} deaths are known to the day only: their days end as that day "
            "begins (§18)."
        )
    return tuple(sentences)
