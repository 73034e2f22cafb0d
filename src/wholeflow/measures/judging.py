"""Judging a measure over time by its XmR chart, with limits that only signed marks set anew (§30).

    rows of a result -> one series for each group -> parts between marks -> a chart for each part

Nothing here decides by itself that something has changed for good: a part ends where somebody
signed a step or a baseline, with who and why, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import WholeflowError
from wholeflow.measures import units
from wholeflow.measures.definition import Definition
from wholeflow.measures.marks import Mark
from wholeflow.measures.over_time import OverTime, Part
from wholeflow.measures.spc import PRESET, xmr

UNITS = ("day", "week", "month")
"""Units of time that a measure is judged over."""

FIGURES = ("share", "care_share", "p50_hours", "mean", "n")
"""What is judged of a result: the first of these columns that it has."""


def judge(
    definition: Definition,
    rows: pa.Table,
    by: Sequence[str],
    *,
    marks: Sequence[Mark] = (),
    zone: str = time.LONDON,
    preset: str = PRESET,
) -> tuple[OverTime, ...]:
    """The series of a result by day, week or month, one for each group; else none.

    Periods that the records cover in part are left out. Only marks without a place, or of the
    place that a series is of, concern it; and of marks of a measure those of this one.
    """
    unit = next((name for name in by if name in UNITS), "")
    figure = next((name for name in FIGURES if name in rows.column_names), "")
    if not unit or not figure:
        return ()
    series = _series(rows.to_pylist(), [name for name in by if name != unit], unit, figure)
    everything = sorted({name for _, _, values in series for name in values})
    if not everything:
        return ()
    measured_in = "share" if figure.endswith("share") else definition.unit
    spans = units.between(everything[0], everything[-1], unit, zone).to_pylist()
    judged = []
    for group, begun, values in series:
        own = [mark for mark in marks if _concerns(mark, definition.name, group)]
        periods, filled = _periods(spans, begun, values, counts=figure == "n")
        if periods:
            parts = _parts(periods, filled, own, preset)
            told = tuple(_placed(periods, own))
            judged.append(
                OverTime(
                    definition.title, group, unit, measured_in, definition.improves, preset,
                    parts, told, zone, figure,
                )
            )  # fmt: skip
    return tuple(judged)


def _series(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], unit: str, figure: str
) -> list[tuple[dict[str, str], str, dict[str, float | None]]]:
    """Each group with its first period, and its figures by period where these are covered whole."""
    found: dict[tuple[str, ...], dict[str, float | None]] = {}
    begun: dict[tuple[str, ...], str] = {}
    for row in rows:
        key = tuple(str(row[name]) for name in names)
        begun[key] = min(row[unit], begun.get(key, row[unit]))
        values = found.setdefault(key, {})
        if row.get("is_complete", True):
            values[row[unit]] = row[figure]
    groups = {key: dict(zip(names, key, strict=True)) for key in found}
    return [(groups[key], begun[key], values) for key, values in found.items() if values]


def _periods(
    spans: Sequence[Mapping[str, Any]],
    begun: str,
    values: Mapping[str, float | None],
    *,
    counts: bool,
) -> tuple[list[Mapping[str, Any]], list[float | None]]:
    """The periods of a series from its first, with a value each: no arrivals are none.

    Where others were recorded earlier, the first period in which anybody came may be covered in
    part and is left out of counts.
    """
    first = min(values)
    own = [span for span in spans if span["label"] >= first]
    if counts and first == begun and len(own) < len(spans):
        own = own[1:]
    nothing = 0.0 if counts else None
    filled = [values.get(span["label"], nothing) for span in own]
    return own, [None if value is None else float(value) for value in filled]


def _concerns(mark: Mark, measure: str, group: Mapping[str, str]) -> bool:
    return mark.measure in (None, measure) and mark.place in (None, group.get("place"))


def _placed(periods: Sequence[Mapping[str, Any]], marks: Sequence[Mark]) -> list[tuple[str, Mark]]:
    """Marks with the period that they fall in; of those before the first, targets that hold."""
    first, last = periods[0]["from_at"], periods[-1]["to_at"]
    held = [mark for mark in marks if mark.kind == "target" and mark.at < first][-1:]
    shown = held + [mark for mark in marks if first <= mark.at < last]
    return [(next(p["label"] for p in periods if mark.at < p["to_at"]), mark) for mark in shown]


def _parts(
    periods: Sequence[Mapping[str, Any]],
    values: Sequence[float | None],
    marks: Sequence[Mark],
    preset: str,
) -> tuple[Part, ...]:
    """The series cut at steps and baselines: a part begins with the first whole period after."""
    begun: dict[int, Mark | None] = {0: None}
    for mark in marks:
        if mark.kind in ("step", "baseline"):
            at = sum(period["from_at"] < mark.at for period in periods)
            if at < len(periods):
                begun[at] = mark if at else None
    edges = [*sorted(begun), len(periods)]
    return tuple(
        _part(periods[first:after], values[first:after], begun[first], marks, preset)
        for first, after in pairwise(edges)
    )


def _part(
    periods: Sequence[Mapping[str, Any]],
    values: Sequence[float | None],
    begun_by: Mark | None,
    marks: Sequence[Mark],
    preset: str,
) -> Part:
    first, last = periods[0]["from_at"], periods[-1]["to_at"]
    ends = [m for m in marks if m.kind == "baseline_end" and first < m.at < last]
    frozen_by = ends[0] if ends else None
    length = sum(p["to_at"] <= frozen_by.at for p in periods) if frozen_by else None
    try:
        chart = xmr(values, preset=preset, baseline=length)
    except WholeflowError:  # fewer than two values side by side
        chart = None
    names = tuple(period["label"] for period in periods)
    return Part(names, tuple(values), chart, begun_by, frozen_by)
