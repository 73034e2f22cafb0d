"""Days, weeks, months and years on the clock of a place: where one starts, and one further on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from wholeflow.core.time import DAY, clock_changes

MONDAY = np.timedelta64(3, "D")
"""1970-01-01, the first day of numpy's count, was a Thursday."""

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def starts(instants: pa.Array, by: str, zone: str) -> pa.Array:
    """The start of the day, week, month, quarter or year of each instant, by the zone's clock.

    In microseconds of wall-clock time since 1970; absent where the instant is.

    >>> starts(pa.array([1_719_789_000_000_000, None]), "month", "Europe/London").to_pylist()
    [1719792000000000, None]
    """
    changes = clock_changes(zone)
    utc = instants.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    since = np.searchsorted([at for at, _ in changes], utc, side="right") - 1
    wall = (utc + np.array([offset for _, offset in changes])[since]).astype("datetime64[us]")
    if by in MONTHS:
        months = wall.astype("datetime64[M]").astype(np.int64)
        first = (months // MONTHS[by] * MONTHS[by]).astype("datetime64[M]")
    else:
        day = wall.astype("datetime64[D]")
        first = day if by == "day" else (day + MONDAY).astype("datetime64[W]") - MONDAY
    found = first.astype("datetime64[us]").astype(np.int64)
    return pa.array(found, pa.int64(), mask=np.asarray(instants.is_null()))


def moved_on(wall: np.ndarray, by: str) -> np.ndarray:
    """Wall-clock times (microseconds) moved on by a day, week, month, quarter or year.

    A day that the month there has not is its last: 31 January is moved on to 28 February.
    Nothing moves without ``by``.
    """
    if by in DAYS:
        return wall + DAYS[by] * DAY
    if by not in MONTHS:
        return wall
    moment = wall.astype("datetime64[us]")
    month = moment.astype("datetime64[M]")
    there = month + MONTHS[by]
    later = there.astype("datetime64[us]") + (moment - month)
    days = (moment.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    length = (there + 1).astype("datetime64[D]") - there.astype("datetime64[D]")
    beyond = np.maximum(days + 1 - length.astype(np.int64), 0)
    return np.asarray(later.astype(np.int64) - beyond * DAY)
