"""The hour that clocks show twice: which of the two a time meant, where its row tells (rule §2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from wholeflow.core.time import HOUR
from wholeflow.events.declared import kinds

CONTACT_STAGE = 4
"""A contact comes after arrival and before ready, like the start of care."""


@dataclass
class _Time:
    """An event's time: which row of which table, its stage, and whether clocks showed it twice."""

    table: int
    row: int
    stage: int
    at: int
    is_repeated: bool


def resolved(events: Sequence[pa.Table], repeated: Sequence[np.ndarray]) -> list[pa.Table]:
    """The events of a file with times of the second pass of the hour where the first can't be.

    ``repeated``: for each table the lines whose time clocks showed twice; they were read as
    the first. Where a milestone then stands before one that comes earlier by nature in the
    same row, and an hour later would not, it was the second.
    """
    lines = np.unique(np.concatenate([np.array([], np.int64), *repeated]))
    moved: dict[int, dict[int, int]] = {}
    by_line: dict[int, list[_Time]] = {}
    for number, (rows, twice) in enumerate(zip(events, repeated, strict=True)):
        for line, time in _times(number, rows, lines, twice):
            by_line.setdefault(line, []).append(time)
    for times in by_line.values():
        for time in _second_pass(times):
            moved.setdefault(time.table, {})[time.row] = time.at
    return [_with_times(rows, moved.get(number, {})) for number, rows in enumerate(events)]


def _times(
    number: int, rows: pa.Table, lines: np.ndarray, twice: np.ndarray
) -> Iterator[tuple[int, _Time]]:
    """The times of the rows of some lines."""
    line = rows["line"].to_numpy()
    repeated = np.isin(line, twice)
    for row in np.flatnonzero(np.isin(line, lines)):
        kind = kinds().get(rows["kind"][int(row)].as_py())
        at = rows["at"][int(row)].as_py()
        if kind and at is not None:
            stage = CONTACT_STAGE if kind.stage is None else kind.stage
            yield (
                int(line[row]),
                _Time(number, int(row), stage, at, bool(repeated[row])),
            )


def _second_pass(times: list[_Time]) -> Iterator[_Time]:
    """The times of one row that were of the second pass, moved there."""
    latest = -(2**62)
    for time in sorted(times, key=lambda one: (one.stage, one.at)):
        if time.is_repeated and time.at < latest <= time.at + HOUR:
            time.at += HOUR
            yield time
        latest = max(latest, time.at)


def _with_times(rows: pa.Table, moved: dict[int, int]) -> pa.Table:
    if not moved:
        return rows
    told = rows["at"].combine_chunks()
    at = told.fill_null(0).to_numpy(zero_copy_only=False).copy()
    at[list(moved)] = list(moved.values())
    mended = pa.array(at, pa.int64(), mask=np.asarray(told.is_null()))
    return rows.set_column(rows.column_names.index("at"), "at", mended)
