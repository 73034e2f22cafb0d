"""Levels: how many people are there, on average, at midnight and at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.sql import fill, named, quoted
from wholeflow.journeys import Journeys
from wholeflow.measures import grouping, units
from wholeflow.measures.census import Line, Span, together
from wholeflow.measures.definition import Definition
from wholeflow.measures.durations import IMPOSSIBLE
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of

FIGURES = [
    ("mean", pa.float64()),
    ("peak", pa.int64()),
    ("peak_at", pa.string()),
    ("midnight_mean", pa.float64()),
    ("midnights", pa.int64()),
    ("person_hours", pa.float64()),
    ("hours_observed", pa.float64()),
]

SURE = (
    "The mean is the exact area under the census divided by the time observed: nothing is sampled, "
    "so there is no range."
)
MIDNIGHT = (
    "Counts at midnight miss whoever comes and goes between two midnights, and the peak of the "
    "day: compare midnight_mean with mean and peak."
)


def level(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Mean, peak and midnight number of people present, and person-hours, by group (§17, §22).

    The mean is the exact area under the census divided by the time observed, from the first
    person of the group, or from when its records are complete (§28), to the end of observation;
    by hour of the day or week, over the hours that really were (§29). Without a grouping by
    place, bodies and caseloads are told apart, for adding them would count people twice.
    """
    journeys.need_shared_clock("occupancy")
    unit = grouping.unit_of(by)
    names = [name for name in dict.fromkeys(by) if name != unit]
    if not {"place", "holds"} & set(names):
        names.append("holds")
    stays = rows_of(journeys, "stays")
    rows = f"({_there(rows_of(journeys, 'presences'))})"
    groups = grouping.group(journeys, "stays", rows, names, at="present_from")
    kept = grouping.conditions(definition.settings, definition.holds)
    by = (*names, *([unit] if unit else []))
    table = grouping.in_order(_table(journeys, groups, rows, kept, unit), by)
    return Result(
        definition,
        by,
        grouping.add_is_complete(journeys, table, by, stays),
        grouping.left_out(journeys, groups, rows, kept),
        _limits(journeys, unit, kept),
        SURE,
    )


def _there(stays: str) -> str:
    """Stays with ``why`` they are in no census; an empty text also where nobody came (yet)."""
    return (
        "SELECT t.*, CASE "
        f"WHEN t.begin_at IS NOT NULL AND NOT t.in_order THEN {quoted(IMPOSSIBLE)} "
        "WHEN t.present_from IS NULL THEN 'of people who did not come, or of whom nobody recorded "
        "it' WHEN t.place IS NULL THEN 'at no recorded place' "
        "WHEN t.present_to <= t.complete_at AND t.present_from < t.complete_at "
        f"THEN {quoted(EARLY)} ELSE '' END AS why "
        f"FROM {stays} AS t"
    )


def _table(
    journeys: Journeys, groups: grouping.Grouping, rows: str, kept: str, unit: str
) -> pa.Table:
    last = journeys.observed_to()
    settings = {
        "select": groups.columns(),
        "joins": " ".join(groups.joins),
        "rows": rows,
        "kept": kept,
        "last": str(last),
        "groups": "".join(f"c.{named(name)}, " for name in groups.by),
    }
    changes = journeys.query(fill("wholeflow.measures", "sql/changes.sql", settings))
    first = min(changes["at"].to_pylist(), default=last)
    spans = _spans(unit, first, last, journeys.zone)
    midnights = time.periods("day", first, last, journeys.zone)["from_at"].to_numpy()
    found = []
    for key, part in grouping.by_group(changes, groups.by):
        at, net = part["at"].to_numpy(), part["net"].to_numpy()
        line = Line(at, np.cumsum(net), last)
        since = max(first, min(part["known_from"].to_pylist()))
        found += _figures(journeys.zone, line, since, spans, midnights, key, unit)
    names = [(name, pa.string()) for name in (*groups.by, *([unit] if unit else []))]
    figures = [f for f in FIGURES if unit not in units.HOURS or not f[0].startswith("midnight")]
    return pa.Table.from_pylist(found, schema=pa.schema([*names, *figures]))


def _spans(unit: str, first: int, last: int, zone: str) -> pa.Table:
    if unit:
        return units.spans(unit, first, last, zone)
    return pa.table({"label": ["all"], "from_at": [first], "to_at": [last]})


def _figures(
    zone: str,
    line: Line,
    since: int,
    spans: pa.Table,
    midnights: np.ndarray,
    key: Mapping[str, Any],
    unit: str,
) -> list[dict[str, Any]]:
    """The rows of one group: one for each label of the spans that it is observed in."""
    from_at = np.maximum(spans["from_at"].to_numpy(), since)
    to_at = np.minimum(spans["to_at"].to_numpy(), line.last)
    is_seen = from_at < to_at
    labels = spans["label"].filter(pa.array(is_seen)).to_pylist()
    if not labels:
        return []
    of_label: dict[str, list[Span]] = {}
    for label, one in zip(labels, line.spans(from_at[is_seen], to_at[is_seen]), strict=True):
        of_label.setdefault(label, []).append(one)
    counted = midnights[(midnights >= since) & (midnights < line.last)]
    at_midnight = dict.fromkeys(labels, np.zeros(0, np.int64))
    if unit not in units.HOURS:
        of = np.searchsorted(from_at[is_seen], counted, side="right") - 1
        inside = line.inside_at(counted)
        at_midnight = {label: inside[of == number] for number, label in enumerate(labels)}
    return [
        {
            **key,
            **({unit: label} if unit else {}),
            **_told(together(read), at_midnight[label], zone),
        }
        for label, read in of_label.items()
    ]


def _told(one: Span, at_midnight: np.ndarray, zone: str) -> dict[str, Any]:
    midnights = len(at_midnight)
    return {
        "mean": one.area / one.lasted,
        "peak": one.peak,
        "peak_at": time.local(one.peak_at, zone).isoformat(),
        "midnight_mean": float(at_midnight.mean()) if midnights else None,
        "midnights": midnights,
        "person_hours": one.area / time.HOUR,
        "hours_observed": one.lasted / time.HOUR,
    }


def _limits(journeys: Journeys, unit: str, kept: str) -> tuple[str, ...]:
    """What the figures can't say."""
    found = journeys.query(
        "SELECT count(*) FILTER (WHERE t.to_the_day) AS coarse, "
        "count(*) FILTER (WHERE t.complete_at IS NULL) AS unmarked "
        f"FROM {rows_of(journeys, 'stays')} AS t WHERE t.present_from IS NOT NULL AND {kept}"
    ).to_pylist()[0]
    sentences = [] if unit in units.HOURS else [MIDNIGHT]
    if found["unmarked"]:
        sentences.append("People who came before the records begin are missing until they leave.")
    if found["coarse"]:
        sentences.append(
            f"{found['coarse']:,} stays are known to the day only, as if people came or went at "
            "midnight (§18)."
        )
    return tuple(sentences)
