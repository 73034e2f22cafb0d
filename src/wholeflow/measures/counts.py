"""Counts: how many stays began, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping, units
from wholeflow.measures.definition import Definition
from wholeflow.measures.durations import WORDS
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of

EVERYBODY = "Everybody recorded is counted and nothing is sampled, so there is no range."
PER_HOUR = (
    "Each number an hour has its 95 % range (Garwood): chance alone moves it "
    "within where people come independently of each other; real weeks differ more."
)


def count(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """How many rows, by group; rows without the instant are left out and counted.

    By hour of the day or week also how many an hour, over the hours that really were (§29).
    """
    at = definition.at
    rows = (
        f"(SELECT t.*, CASE WHEN t.{at} IS NULL THEN {quoted(f'without a recorded {WORDS[at]}')} "
        f"WHEN t.{at} < t.complete_at THEN {quoted(EARLY)} ELSE '' END AS why "
        f"FROM {rows_of(journeys, definition.table)} AS t)"
    )
    groups = grouping.group(journeys, definition.table, rows, by, at=at)
    kept = grouping.conditions(definition.settings, definition.holds)
    found = journeys.query(
        f"SELECT {groups.columns()} count(*) AS n, "
        f"count(DISTINCT t.person) AS people, min(t.{at}) AS first_at, "
        f"min(coalesce(t.complete_at, t.{at})) AS known_from FROM {rows} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {kept} AND {groups.knows} "
        f"{groups.grouped()}"
    )
    by_hour = groups.unit in units.HOURS
    table = (
        _rates(journeys, groups, found)
        if by_hour
        else grouping.in_order(found.drop_columns(["first_at", "known_from"]), groups.by)
    )
    return Result(
        definition,
        groups.by,
        grouping.add_is_complete(journeys, table, groups.by, rows_of(journeys, "stays")),
        grouping.left_out(journeys, groups, rows, kept),
        (),
        PER_HOUR if by_hour else EVERYBODY,
    )


def _rates(journeys: Journeys, groups: grouping.Grouping, found: pa.Table) -> pa.Table:
    """For each group every hour of the day or week: the count, and how many an hour.

    A group is observed from its first row, or from when its records are complete, to the end of
    observation; an hour in which nobody ever came is nought there and no gap.
    """
    counted: dict[tuple[str, ...], dict[str, tuple[int, int]]] = {}
    known: dict[tuple[str, ...], int] = {}
    for row in found.to_pylist():
        key = tuple(row[name] for name in groups.names)
        counted.setdefault(key, {})[row[groups.unit]] = row["n"], row["people"]
        known[key] = min(row["known_from"], known.get(key, row["known_from"]))
    first = min(found["first_at"].to_pylist(), default=0)
    last = journeys.observed_to()
    spans = units.spans(groups.unit, first, last, journeys.zone)
    rows = []
    for key, counts in counted.items():
        names = dict(zip(groups.names, key, strict=True))
        hours = _hours_of(spans, max(known[key], first), last)
        for label in units.NAMES[groups.unit]:
            if label in hours or label in counts:
                n, people = counts.get(label, (0, 0))
                told = {"people": people, **_rate(n, hours.get(label, 0.0))}
                rows.append({**names, groups.unit: label, **told})
    figures = ("n", "people", "hours_observed", "per_hour", "per_hour_low", "per_hour_high")
    schema = [(name, pa.string()) for name in groups.by]
    schema += [(name, pa.int64() if name in ("n", "people") else pa.float64()) for name in figures]
    return grouping.in_order(pa.Table.from_pylist(rows, schema=pa.schema(schema)), groups.by)


def _hours_of(spans: pa.Table, first: int, last: int) -> Mapping[str, float]:
    """How long each hour of the day or week was observed, in hours, where it was at all."""
    begins = np.maximum(spans["from_at"].to_numpy(), first)
    lasted = np.maximum(np.minimum(spans["to_at"].to_numpy(), last) - begins, 0)
    hours: dict[str, float] = {}
    for label, size in zip(spans["label"].to_pylist(), lasted.tolist(), strict=True):
        if size:
            hours[label] = hours.get(label, 0.0) + size / time.HOUR
    return hours


def _rate(n: int, hours: float) -> dict[str, float]:
    """A count, the hours it was taken in, and the number an hour with its range (Garwood 1936).

    >>> {name: round(value, 3) for name, value in _rate(10, 2.0).items()}
    {'n': 10, 'hours_observed': 2.0, 'per_hour': 5.0, 'per_hour_low': 2.398, 'per_hour_high': 9.195}
    """
    from scipy.special import gammaincinv

    told = {"n": n, "hours_observed": hours}
    if not hours:
        return told
    low = float(gammaincinv(n, 0.025)) if n else 0.0
    high = float(gammaincinv(n + 1, 0.975))
    rates = {"per_hour": n, "per_hour_low": low, "per_hour_high": high}
    return {**told, **{name: rate / hours for name, rate in rates.items()}}
