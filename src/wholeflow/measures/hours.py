"""Hours: what people's time in their journeys was, and the share of it that was care (§36, §38).

All in whole microseconds: the parts of any grouping add to the whole exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.sql import fill, named, quoted
from wholeflow.journeys import Journeys
from wholeflow.journeys.one_journey import PARTS
from wholeflow.measures import grouping, units
from wholeflow.measures.census import Line
from wholeflow.measures.definition import Definition
from wholeflow.measures.durations import IMPOSSIBLE
from wholeflow.measures.result import Result
from wholeflow.measures.rows import EARLY, rows_of

NOT_TOLD = ("unsplit", "unknown")
"""Parts of which nobody knows whether they were care."""

SURE = (
    "Every recorded hour counts and nothing is sampled. care_share_most is the share of care if "
    "all hours not split or unknown had been care: records tell no more than that the truth lies "
    "between the two."
)
RANGE = (
    "Low and high are the 95 % range of the share of care for other people like these (ratio over "
    "people, Student's t); of one person, or where all have the same share, there is none."
)
NO_RANGE = (
    "By units of time there is no range, for people stay from one to the next: judge by the chart."
)

Times = npt.NDArray[np.int64]


def hours(journeys: Journeys, definition: Definition, by: Sequence[str]) -> Result:
    """Hours of journeys by what they were, by group, and the share of them that was care.

    By a unit of time each hour counts where it passed: a stretch is cut at the edges of the unit
    (rule §22, §29). Hours of journeys that go on count up to the end of observation.
    """
    by = tuple(dict.fromkeys(by))
    unit = grouping.unit_of(by)
    stays = rows_of(journeys, "stays")
    early = quoted(f"parts of journeys {EARLY}")
    rows = f"({fill('wholeflow.measures', 'sql/hours.sql', {'stays': stays, 'early': early})})"
    names = [name for name in by if name != unit]
    groups = grouping.group(journeys, "stretches", rows, names, at="present_from")
    kept = grouping.conditions(definition.settings, definition.holds)
    table = (_by_time if unit else _by_person)(journeys, groups, rows, kept, unit)
    table = grouping.in_order(table.select([*by, *table.column_names[len(by) :]]), by)
    return Result(
        definition,
        by,
        grouping.add_is_complete(journeys, table, by, stays),
        {**grouping.left_out(journeys, groups, rows, kept), **_no_part(journeys, kept)},
        _limits(journeys, kept, unit),
        f"{SURE} {NO_RANGE if unit else RANGE}",
    )


def _by_person(
    journeys: Journeys, groups: grouping.Grouping, rows: str, kept: str, unit: str
) -> pa.Table:
    """The figures of each group, from the time of each person in it."""
    parts = ", ".join(
        f"CAST(coalesce(sum(CASE WHEN t.part = {quoted(part)} THEN t.present_to - t.present_from "
        f"END), 0) AS BIGINT) AS {part}"
        for part in PARTS
    )
    position = len(groups.by) + 1
    keys = ", ".join(str(number) for number in range(1, position + 1))
    found = journeys.query(
        f"SELECT {groups.columns()} t.person AS who, {parts} FROM {rows} AS t "
        f"{' '.join(groups.joins)} WHERE t.why = '' AND {kept} GROUP BY {keys} ORDER BY {keys}"
    )
    told = []
    for key, people in grouping.by_group(found, groups.by):
        spent = {part: people[part].to_numpy() for part in PARTS}
        elapsed = np.sum(list(spent.values()), axis=0)
        low, high = ratio_range(spent["care"], elapsed)
        figures = _figures({part: int(times.sum()) for part, times in spent.items()})
        own = {"people": people.num_rows, "care_share_low": low, "care_share_high": high}
        told.append({**key, **figures, **own})
    names = ("people", *_names(), "care_share", "care_share_low", "care_share_high")
    return _table(told, groups.by, (*names, "care_share_most"))


def _by_time(
    journeys: Journeys, groups: grouping.Grouping, rows: str, kept: str, unit: str
) -> pa.Table:
    """The figures of each group and unit of time: areas under the census of each part."""
    journeys.need_shared_clock("a result by day, week, month, year or hour")
    settings = {
        "select": f"{groups.columns()} t.part AS part,",
        "joins": " ".join(groups.joins),
        "rows": rows,
        "kept": kept,
        "last": str(time.FOR_EVER),
        "groups": "".join(f"c.{named(name)}, " for name in (*groups.by, "part")),
    }
    changes = journeys.query(fill("wholeflow.measures", "sql/changes.sql", settings))
    told: list[dict[str, Any]] = []
    if changes.num_rows:
        at = changes["at"].to_numpy()
        spans = units.spans(unit, int(at.min()), int(at.max()), journeys.zone)
        for key, own in grouping.by_group(changes, groups.by):
            told += [
                {**key, unit: label, **_figures(spent)} for label, spent in _passed(own, spans)
            ]
    return _table(told, (*groups.by, unit), (*_names(), "care_share", "care_share_most"))


def _passed(changes: pa.Table, spans: pa.Table) -> list[tuple[str, dict[str, int]]]:
    """The time of each part that passed in the spans of each label, where any did."""
    labels = spans["label"].combine_chunks().dictionary_encode()
    of_label = labels.indices.to_numpy()
    spent = dict.fromkeys(PARTS, np.zeros(len(labels.dictionary), np.int64))
    for key, own in grouping.by_group(changes, ["part"]):
        at = own["at"].to_numpy()
        line = Line(at, np.cumsum(own["net"].to_numpy()), int(at[-1]))
        areas = _areas(line, spans["from_at"].to_numpy(), spans["to_at"].to_numpy())
        total = np.zeros(len(labels.dictionary), np.int64)
        np.add.at(total, of_label, areas)
        spent[key["part"]] = total
    return [
        (label, {part: int(times[number]) for part, times in spent.items()})
        for number, label in enumerate(labels.dictionary.to_pylist())
        if any(times[number] for times in spent.values())
    ]


def _areas(line: Line, from_at: Times, to_at: Times) -> Times:
    """People times time in each span; nobody is there after the last change."""
    from_at, to_at = np.minimum(from_at, line.last), np.minimum(to_at, line.last)
    return np.asarray(line.area_until(to_at) - line.area_until(from_at))


def _names() -> tuple[str, ...]:
    return ("total_hours", *(f"{part}_hours" for part in PARTS))


def _figures(spent: Mapping[str, int]) -> dict[str, float | None]:
    """Hours in all and of each part, and the share of care: as recorded, and at most."""
    elapsed = sum(spent.values())
    most = spent["care"] + sum(spent[part] for part in NOT_TOLD)
    return {
        "total_hours": elapsed / time.HOUR,
        **{f"{part}_hours": length / time.HOUR for part, length in spent.items()},
        "care_share": spent["care"] / elapsed if elapsed else None,
        "care_share_most": most / elapsed if elapsed else None,
    }


def _table(
    told: Sequence[Mapping[str, Any]], by: Sequence[str], figures: Sequence[str]
) -> pa.Table:
    schema = [(name, pa.string()) for name in by]
    schema += [(name, pa.int64() if name == "people" else pa.float64()) for name in figures]
    return pa.Table.from_pylist(list(told), schema=pa.schema(schema))


def ratio_range(part: np.ndarray, whole: np.ndarray) -> tuple[float | None, float | None]:
    """The 95 % range of sum(part) / sum(whole) over people (Cochran 1977, section 6.3).

    Student's t on the linearised ratio, within 0 and 1; None of fewer than two people, and where
    all have the same share: that they do is no proof that others would.

    >>> [round(x, 4) for x in ratio_range(np.array([1, 2, 3, 2]), np.array([10, 10, 10, 10]))]
    [0.0701, 0.3299]
    """
    n, total = len(whole), float(whole.sum())
    if n < 2 or not total:
        return None, None
    from scipy.special import stdtrit

    ratio = float(part.sum()) / total
    apart = part - ratio * whole
    if not apart.any():
        return None, None
    spread = float(stdtrit(n - 1, 0.975)) * math.sqrt(n / (n - 1) * float(apart @ apart)) / total
    return max(ratio - spread, 0.0), min(ratio + spread, 1.0)


def _no_part(journeys: Journeys, kept: str) -> dict[str, int]:
    """How many stays enter no stretch, by reason."""
    found = journeys.query(
        "SELECT count(*) FILTER (WHERE t.begin_at IS NULL) AS unbegun, "
        "count(*) FILTER (WHERE t.begin_at IS NOT NULL AND NOT t.in_order) AS impossible "
        f"FROM stays AS t WHERE {kept}"
    ).to_pylist()[0]
    told = {
        f"stays {IMPOSSIBLE}": found["impossible"],
        "stays without a recorded begin": found["unbegun"],
    }
    return {reason: n for reason, n in told.items() if n}


def _limits(journeys: Journeys, kept: str, unit: str) -> tuple[str, ...]:
    """What the figures can't say."""
    found = journeys.query(
        "SELECT count(DISTINCT CASE WHEN t.end_kind = 'open' THEN t.journey END) AS going, "
        "count(*) FILTER (WHERE t.end_kind = 'lost') AS lost, "
        "count(*) FILTER (WHERE t.to_the_day) AS coarse "
        f"FROM stays AS t WHERE t.in_order AND t.begin_at IS NOT NULL AND {kept}"
    ).to_pylist()[0]
    sentences = []
    if found["going"]:
        sentences.append(f"{found['going']:,} journeys go on: their hours count so far (§9).")
    if found["lost"]:
        sentences.append(
            f"Stays of which nobody knows the end: {found['lost']:,}. Their hours count until the "
            "last thing known of them (§8)."
        )
    if found["coarse"]:
        as_if = ", as if it had been midnight" if unit else ""
        sentences.append(f"{found['coarse']:,} stays are known to the day only{as_if} (§18).")
    return tuple(sentences)
