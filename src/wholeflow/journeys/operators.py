"""The operators: one SQL file each in ``sql/``, named for what it returns.

They use the SQL that DuckDB, Spark and PostgreSQL share: integer instants,
integer codes, window functions, exact quantiles. ``$name`` marks what is filled
in: settings of the view, and the few expressions that each engine has its own.
Times are qualified (``e.at``), for AT is a reserved word.
"""

from __future__ import annotations

import re
from functools import cache

from wholeflow.core.errors import unknown
from wholeflow.core.sql import filled, text_of
from wholeflow.events.declared import Field, read_fields

OPERATORS: dict[str, tuple[str, ...]] = {
    "present_events": (),
    "present_places": (),
    "place_facts": ("present_events", "present_places"),
    "placed_events": ("present_events", "place_facts"),
    "stays": ("placed_events", "place_facts"),
    "steps": ("placed_events", "stays"),
    "handoffs": ("stays",),
    "journeys": ("stays", "steps"),
    "census": ("stays",),
    "transitions": ("stays", "handoffs"),
    "variants": ("steps",),
}
"""Every operator with those whose answers it reads."""

DERIVED = ("stays", "handoffs", "journeys", "census", "transitions", "variants", "steps")
"""The operators whose answers are declared in ``tables/`` and meant for people."""

DUCKDB = {
    "first_by": r"arg_min(\1, \2)",
    "last_by": r"arg_max(\1, \2)",
    "ordered_text": r"string_agg(\1, ' > ' ORDER BY \2)",
}
"""What DuckDB calls the expressions that engines do not share."""


@cache
def columns(operator: str) -> tuple[Field, ...]:
    """The declared columns of a derived table."""
    if operator not in DERIVED:
        raise unknown("derived table", operator, list(DERIVED))
    return read_fields("wholeflow.journeys", f"tables/{operator}.csv")


def sql(operator: str, settings: dict[str, str]) -> str:
    """The text of an operator, filled in for DuckDB."""
    name = "present" if operator.startswith("present_") else operator
    table = operator.removeprefix("present_")
    happened = f"t.at <= {settings['as_of']}" if table == "events" else "true"
    settings = {**settings, "table": table, "has_happened": happened}
    text = text_of("wholeflow.journeys", f"sql/{name}.sql")
    for expression, own in DUCKDB.items():
        text = re.sub(rf"\${expression}\(([^,()]+), ((?:[^()]|\([^()]*\))+)\)", own, text)
    return filled(text, settings)
