"""Levels: how many people are there, from the census as change points."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import unknown
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping
from wholeflow.measures.definition import Definition
from wholeflow.measures.result import Result

GROUPS = {
    "place": "coalesce(d.name, 'not recorded')",
    "organisation": "coalesce(o.name, 'not recorded')",
    "setting": "p.setting",
    "holds": "p.holds",
}


def level(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Mean and peak number of people present, and person-hours, by group (rules §17, §22).

    The mean is the exact area under the census divided by the time observed, from
    the first event to the end of observation. Without a grouping by place, bodies
    and caseloads are told apart, for adding them would count people twice.
    """
    by = tuple(dict.fromkeys(by))
    for name in by:
        if name not in GROUPS and name not in time.UNITS:
            raise unknown("grouping", name, [*GROUPS, *time.UNITS])
    names = [name for name in by if name in GROUPS]
    if not {"place", "holds"} & set(names):
        names.append("holds")
    unit = next((name for name in by if name in time.UNITS), "")
    rows = _rows(journeys, names, unit)
    result = grouping.add_is_complete(journeys, rows, unit)
    left_out = journeys.query(
        "SELECT count(*) AS n FROM stays AS s "
        "WHERE s.run = 0 AND s.begin_at IS NOT NULL AND NOT s.in_order"
    )
    return Result(
        definition,
        (*names, *([unit] if unit else [])),
        result,
        {"stays with an impossible order of times": left_out["n"][0].as_py()},
        ("People who came before the records begin are missing until they leave.",),
    )


def _rows(journeys: Journeys, names: Sequence[str], unit: str) -> pa.Table:
    journeys.need_shared_clock("occupancy")
    first, last = journeys.observed_from(), journeys.observed_to()
    spans = time.periods(unit, first, last, journeys.zone) if unit else _one_span(first, last)
    journeys.engine.register("spans", spans)
    select = ", ".join(f'{GROUPS[name]} AS "{name}"' for name in names)
    sources = ", ".join(GROUPS[name] for name in names)
    joined = ", ".join(f'g."{name}"' for name in names)
    label = f'p.label AS "{unit}", ' if unit else ""
    return journeys.query(
        f"""
        WITH grouped AS (
            SELECT {select}, c.at AS at, sum(c.arrivals - c.departures) AS net
            FROM census AS c
            LEFT JOIN place_facts AS p ON p.place = c.place
            LEFT JOIN dictionary AS d ON d.code = c.place
            LEFT JOIN dictionary AS o ON o.code = p.organisation
            WHERE c.run = 0 AND c.at < {last}
            GROUP BY {sources}, c.at
        ),
        groups AS (SELECT DISTINCT {joined} FROM grouped AS g),
        points AS (
            SELECT {joined}, g.at AS at, g.net FROM grouped AS g
            UNION ALL
            SELECT {joined}, greatest(s.from_at, {first}) AS at, 0 AS net
            FROM groups AS g, spans AS s
        ),
        summed AS (
            SELECT {joined}, g.at AS at, sum(g.net) AS net
            FROM points AS g GROUP BY {joined}, g.at
        ),
        levels AS (
            SELECT {joined}, g.at AS at,
                   sum(g.net) OVER (
                       PARTITION BY {joined} ORDER BY g.at ROWS UNBOUNDED PRECEDING
                   ) AS inside,
                   lead(g.at, 1, {last}) OVER (
                       PARTITION BY {joined} ORDER BY g.at
                   ) AS until_at
            FROM summed AS g
        )
        SELECT {joined}, {label}
               CAST(sum(g.inside * (g.until_at - g.at)) AS DOUBLE)
                   / greatest(1, max(least(p.to_at, {last}) - greatest(p.from_at, {first})))
                   AS mean,
               CAST(max(g.inside) AS BIGINT) AS peak,
               CAST(sum(g.inside * (g.until_at - g.at)) AS DOUBLE) / {time.HOUR} AS person_hours
        FROM levels AS g
        JOIN spans AS p ON g.at >= p.from_at AND g.at < p.to_at
        GROUP BY {joined}{", p.label" if unit else ""}
        ORDER BY {joined}{", p.label" if unit else ""}
        """
    )


def _one_span(first: int, last: int) -> pa.Table:
    return pa.table({"label": ["all"], "from_at": [first], "to_at": [max(last, first + 1)]})
