"""The census at an instant, or at a clock time of every day."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import RequestError
from wholeflow.core.sql import text_of
from wholeflow.journeys.view import Journeys

CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def census_at(journeys: Journeys, at: str) -> pa.Table:
    """How many people each place has at an instant, or at a clock time of every day (rule §17).

    ``at``: ISO text in local time, ``2024-11-05T03:00``, or a clock time, ``03:00``; a day on
    which no clock showed it is left out (rule §2). Columns: ``place``, ``holds``, ``at`` (UTC
    microseconds), ``inside``; the last is absent before the first person of a place, for nobody
    knows who was there. Raises RequestError for a time outside the records, and UnsupportedError
    on shifted clocks (rule §5).
    """
    journeys.need_shared_clock("a census")
    clock = CLOCK_TIME.fullmatch(at)
    first, last = journeys.observed_from(), journeys.observed_to()
    if clock:
        instants = _every_day(60 * int(clock[1]) + int(clock[2]), first, last, journeys.zone)
    else:
        instants = np.array([time.parse_instant(at, journeys.zone)])
    instants = instants[(instants >= first) & (instants <= last)]
    if not len(instants):
        raise RequestError(
            "the records do not reach to that time",
            repair=f"Ask for a time from {time.show_instant(first, journeys.zone)} to "
            f"{time.show_instant(last, journeys.zone)}.",
        )
    journeys.engine.register("clock_times", pa.table({"at": instants}))
    operator = text_of("wholeflow.journeys", "sql/census_at.sql")
    return journeys.query(
        "SELECT d.name AS place, p.holds, t.at, t.inside "
        f"FROM ({operator}) AS t JOIN dictionary AS d ON d.code = t.place "
        "JOIN place_facts AS p ON p.place = t.place WHERE t.run = 0 ORDER BY d.name, t.at"
    )


def _every_day(minutes: int, first: int, last: int, zone: str) -> np.ndarray:
    """The instants at which clocks showed so many minutes after midnight."""
    days = time.periods("day", first, last, zone)["label"].to_numpy(zero_copy_only=False)
    walls = days.astype("datetime64[us]").astype(np.int64) + minutes * time.MINUTE
    instants, never, _ = time.wall_to_instant(walls, zone)
    return np.asarray(instants[~never])
