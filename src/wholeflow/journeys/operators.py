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
from wholeflow.events.declared import Field, TableSpec, read_fields, table, table_names

IDENTITY = ("same_person", "traits")
"""Tables about numbers of people, in which no number is replaced by its person."""


def names_people(spec: TableSpec) -> bool:
    """True for a table whose rows are about persons."""
    return spec.name not in IDENTITY and any(f.name == "person" for f in spec.own)


PRESENT = {
    f"present_{name}": ("hidden", "known_as") if names_people(table(name)) else ("hidden",)
    for name in table_names()
}

KNOWN_AS = "known_as"
"""The one derived table that SQL does not make: who is who (``known_as.py``)."""

OPERATORS: dict[str, tuple[str, ...]] = {
    "hidden": (),
    "current_rejects": (),
    "current_doubts": (),
    "links": ("present_same_person", "present_traits"),
    KNOWN_AS: ("links", "present_traits"),
    "described_numbers": ("present_traits", "known_as", "links"),
    **PRESENT,
    "date_limits": ("present_events",),
    "place_facts": ("present_events", "present_places"),
    "placed_events": ("present_events", "place_facts"),
    "away_times": ("placed_events",),
    "visits": ("placed_events", "place_facts", "date_limits"),
    "observed_ends": ("placed_events", "visits", "date_limits"),
    "stays": ("placed_events", "away_times", "visits", "observed_ends"),
    "steps": ("placed_events", "stays"),
    "absences": ("away_times", "stays"),
    "unbroken_times": ("stays", "absences"),
    "presences": ("stays", "absences", "unbroken_times"),
    "bounces": ("stays",),
    "handoffs": ("stays", "absences", "unbroken_times", "presences", "bounces"),
    "stretches": ("stays", "presences", "absences", "handoffs"),
    "journey_hours": ("stretches",),
    "information": ("present_messages", "handoffs", "stays"),
    "journeys": ("stays", "steps", "handoffs", "bounces", "information"),
    "census": ("presences",),
    "transitions": ("stays", "handoffs"),
    "activity_times": ("steps", "stays"),
    "activities": ("activity_times",),
    "ways": ("activities",),
    "way_counts": ("ways",),
    "variants": ("activities", "way_counts"),
}
"""Every operator with those whose answers it reads."""

DERIVED = (
    "links",
    "stays",
    "absences",
    "presences",
    "bounces",
    "handoffs",
    "information",
    "journeys",
    "stretches",
    "journey_hours",
    "census",
    "transitions",
    "variants",
    "steps",
)
"""The operators whose answers are declared in ``tables/`` and meant for people."""

EXPRESSIONS = {
    "duckdb": {
        "first_by": r"arg_min(\1, \2)",
        "last_by": r"arg_max(\1, \2)",
        "ordered_text": r"string_agg(\1, ' > ' ORDER BY \2)",
        "ordered_codes": r"list_sort(list(\1 * 4294967296 + \2))",
        "percentiles": r"quantile_cont(\1, \2)",
    },
    "spark": {
        "first_by": r"min_by(\1, \2) FILTER (WHERE \1 IS NOT NULL)",
        "last_by": r"max_by(\1, \2) FILTER (WHERE \1 IS NOT NULL)",
        "ordered_text": r"listagg(\1, ' > ') WITHIN GROUP (ORDER BY \2)",
        "ordered_codes": r"sort_array(collect_list(\1 * 4294967296 + \2))",
    },
}
"""What each engine calls the expressions that engines do not share.

No operator asks for ``percentiles``, several at once: maps do, of DuckDB.
"""

CODE = 2**32
"""In ``ordered_codes`` the turn counts such steps, and the code is what is left of them."""

HIDDEN = (
    "LEFT JOIN hidden AS h ON h.source = t.source AND h.id = t.id AND h.run = t.run "
    "AND h.recorded_at = coalesce(t.recorded_at, $always)"
)
"""What joins the versions of records that do not count, where there are any."""

DEFAULTS = {
    "is_among": "true",
    "carried": "h.run, h.person, h.place, lead(h.place) OVER in_journey AS next_place,",
    "whose": "min(a.run) AS run, min(a.person) AS person,",
    "people": "count(DISTINCT w.person)",
}
"""Which rows an operator takes, where it is not worked out in shares; and what ``activities``,
``ways`` and ``way_counts`` tell of people: a log that has none says so."""


@cache
def columns(operator: str) -> tuple[Field, ...]:
    """The declared columns of a derived table."""
    if operator not in DERIVED:
        raise unknown("derived table", operator, list(DERIVED))
    return read_fields("wholeflow.journeys", f"tables/{operator}.csv")


def sql(operator: str, settings: dict[str, str], dialect: str = "duckdb") -> str:
    """The text of an operator, filled in for an engine."""
    name = "present" if operator in PRESENT else operator
    if operator in PRESENT:
        settings = {**settings, **_present(table(operator.removeprefix("present_")), settings)}
    text = for_engine(text_of("wholeflow.journeys", f"sql/{name}.sql"), dialect)
    return filled(text, {**DEFAULTS, **settings})


def for_engine(text: str, dialect: str = "duckdb") -> str:
    """A text of SQL with an engine's own expressions in the place of the named ones."""
    for expression, own in EXPRESSIONS[dialect].items():
        text = re.sub(rf"\${expression}\(([^,()]+), ((?:[^()]|\([^()]*\))+)\)", own, text)
    return text


def _present(spec: TableSpec, settings: dict[str, str]) -> dict[str, str]:
    """What ``present.sql`` needs to know of a table."""
    columns = [f't."{f.name}"' for f in spec.fields]
    is_linked = names_people(spec) and settings["is_linked"] == "true"
    if is_linked:
        columns[columns.index('t."person"')] = "coalesce(k.person, t.person) AS person"
    is_hiding = settings["is_hiding"] == "true"
    happened = f"t.at <= {settings['as_of']} AND t.person IS NOT NULL"
    return {
        "table": spec.name,
        "columns": ", ".join(columns),
        "join_hidden": filled(HIDDEN, settings) if is_hiding else "",
        "is_shown": "h.id IS NULL" if is_hiding else "true",
        "join_people": "LEFT JOIN known_as AS k ON k.number = t.person" if is_linked else "",
        "has_happened": happened if spec.name == "events" else "true",
    }
