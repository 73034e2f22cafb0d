"""Levels: how many people are there, from the census as change points."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import unknown
from wholeflow.core.sql import fill
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
    the first person of the group to the end of observation. Without a grouping by place, bodies
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
    settings = {
        "select": ", ".join(f'{GROUPS[name]} AS "{name}"' for name in names),
        "sources": ", ".join(GROUPS[name] for name in names),
        "groups": ", ".join(f'g."{name}"' for name in names),
        "label_of_span": f'p.label AS "{unit}", ' if unit else "",
        "by_label": ", p.label" if unit else "",
        "first": str(first),
        "last": str(last),
        "hour": str(time.HOUR),
    }
    return journeys.query(fill("wholeflow.measures", "sql/occupancy.sql", settings))


def _one_span(first: int, last: int) -> pa.Table:
    return pa.table({"label": ["all"], "from_at": [first], "to_at": [max(last, first + 1)]})
