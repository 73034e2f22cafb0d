"""Instants, local time and calendars.

An instant is an integer: microseconds since 1970-01-01T00:00Z. Local time comes
from here, computed once from the zone database, and never from an engine's own
time zones (docs/rules.md §1-§4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

from wholeflow.core.errors import RequestError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER_HOUR = 15 * MINUTE
ALWAYS, FOR_EVER = -(2**62), 2**62
"""Stand for what was before and what is after every instant."""
LONDON = "Europe/London"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1900, 2300
"""Years whose clock changes are worked out; de-identified records reach past 2200."""


@dataclass(frozen=True)
class LocalSegment:
    """A stretch of wall-clock time with one reading.

    ``local_from`` is the first wall-clock microsecond of the stretch and
    ``offset`` what to take from wall-clock time to get UTC, in microseconds.
    ``is_gap`` says that no clock showed these times, ``is_repeated`` that clocks
    showed them twice; then ``offset`` is that of the first time (rule §2).
    """

    local_from: int
    offset: int
    is_gap: bool
    is_repeated: bool


def zone(name: str) -> ZoneInfo:
    """The time zone of that name, or a RequestError that says how names look."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RequestError(
            f"there is no time zone called {name!r}",
            repair="Use a name of the IANA database, such as Europe/London or UTC.",
        ) from error


@cache
def clock_changes(zone_name: str) -> tuple[tuple[int, int], ...]:
    """Every (instant, offset from UTC in microseconds) at which a zone's offset starts.

    The first pair starts before every instant that can be stored.
    """
    tz = zone(zone_name)
    start = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    end = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    changes = [(-(2**62), _offset(start, tz))]
    step = timedelta(days=14)
    before, at = start, start + step
    while before < end:
        if _offset(before, tz) != _offset(at, tz):
            change = _bisect_change(before, at, tz)
            changes.append((instant(change), _offset(change, tz)))
        before, at = at, at + step
    return tuple(changes)


def _offset(at: datetime, tz: ZoneInfo) -> int:
    delta = at.astimezone(tz).utcoffset() or timedelta()
    return int(delta.total_seconds()) * SECOND


def _bisect_change(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The second in (before, after] from which the later offset holds."""
    old = _offset(before, tz)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, tz) == old:
            before = middle
        else:
            after = middle
    return after


@cache
def local_segments(zone_name: str) -> tuple[LocalSegment, ...]:
    """Wall-clock time of a zone cut into stretches with one reading each, in order."""
    changes = clock_changes(zone_name)
    segments = [LocalSegment(-(2**62), changes[0][1], False, False)]
    for (_, old), (at, new) in pairwise(changes):
        first, second = sorted((at + old, at + new))
        special = LocalSegment(first, old, new > old, new < old)
        segments += [special, LocalSegment(second, new, False, False)]
    return tuple(segments)


def instant(at: datetime) -> int:
    """Microseconds since the epoch of an aware datetime.

    >>> instant(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def parse_instant(text: str, zone_name: str = LONDON) -> int:
    """An instant from ISO text; text without an offset is local time of the zone.

    A time in the hour that clocks show twice is the first of the two (rule §2).

    >>> show_instant(parse_instant("2024-07-01 09:00"))
    '1 July 2024, 09:00'
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestError(
            "this is not a time", repair="Write it as 2024-11-05 or 2024-11-05T14:30."
        ) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone(zone_name))
        if at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) != at.replace(tzinfo=None):
            raise RequestError(
                f"no clock in {zone_name} showed this time (rule §2)",
                repair="The clocks went forward then: mend it, or give its offset from UTC.",
            )
    return instant(at)


def local(at: int, zone_name: str = LONDON) -> datetime:
    """The local datetime of an instant; works to the year 9999."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(zone(zone_name))


def show_instant(at: int, zone_name: str = LONDON) -> str:
    """An instant as people in Britain write it, in local time."""
    when = local(at, zone_name)
    return f"{show_date(when.date())}, {when:%H:%M}"


def show_date(day: date) -> str:
    """A date as people in Britain write it.

    >>> show_date(date(2024, 7, 1))
    '1 July 2024'
    """
    return f"{day.day} {day:%B} {day.year}"


def show_hours(hours: float | None) -> str:
    """A length of time in the unit that people would use.

    >>> show_hours(0.2), show_hours(3 + 1 / 3), show_hours(118), show_hours(24 * 400)
    ('12 min', '3 h 20 min', '4.9 days', '400 days')
    >>> show_hours(None)
    'not known'
    """
    if hours is None:
        return "not known"
    minutes = round(hours * 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        whole, rest = divmod(minutes, 60)
        return f"{whole} h {rest} min" if rest else f"{whole} h"
    days = hours / 24
    return f"{days:,.0f} days" if days >= 100 else f"{days:.1f} days"


def financial_year(day: date) -> str:
    """The financial year from 1 April that holds a day.

    >>> financial_year(date(2024, 3, 31)), financial_year(date(2024, 4, 1))
    ('2023/24', '2024/25')
    """
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first}/{(first + 1) % 100:02d}"


def calendar(quarters: np.ndarray, zone_name: str = LONDON) -> pa.Table:
    """Local time of quarter-hours (instants divided by 15 minutes, int64).

    Columns: ``quarter_hour``, ``hour`` (0-23), ``weekday`` (0 Monday), and as ISO
    text ``day``, ``week`` (its Monday), ``month``, ``financial_year``. Offsets from
    UTC are whole quarter-hours in every zone since 1972.
    """
    changes = clock_changes(zone_name)
    starts = np.array([at for at, _ in changes])
    offsets = np.array([offset for _, offset in changes])
    utc = quarters * QUARTER_HOUR
    wall = utc + offsets[np.searchsorted(starts, utc, side="right") - 1]
    day_numbers, row_of = np.unique(wall // DAY, return_inverse=True)
    days = [EPOCH.date() + timedelta(days=int(number)) for number in day_numbers]
    columns = {
        "quarter_hour": pa.array(quarters),
        "hour": pa.array((wall % DAY // HOUR).astype(np.int32)),
        "weekday": _by_day(np.array([day.weekday() for day in days], np.int32), row_of),
        "day": _by_day([day.isoformat() for day in days], row_of),
        "week": _by_day([monday(day).isoformat() for day in days], row_of),
        "month": _by_day([f"{day:%Y-%m}" for day in days], row_of),
        "financial_year": _by_day([financial_year(day) for day in days], row_of),
    }
    return pa.table(columns)


def _by_day(values: object, row_of: np.ndarray) -> pa.Array:
    return pa.array(values).take(pa.array(row_of))


def monday(day: date) -> date:
    """The Monday of the week that holds a day."""
    return day - timedelta(days=day.weekday())


def wall_to_instant(wall: np.ndarray, zone_name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Instants of wall-clock times, which of them no clock showed, which were shown twice.

    ``wall``: int64 microseconds since 1970-01-01 00:00 on the local clock.
    A time shown twice is read as the first (rule §2); what to do with one that no
    clock showed is the caller's choice, its instant follows the clock before the gap.
    """
    segments = local_segments(zone_name)
    starts = np.array([segment.local_from for segment in segments])
    found = np.searchsorted(starts, wall, side="right") - 1
    offsets = np.array([segment.offset for segment in segments])[found]
    gaps = np.array([segment.is_gap for segment in segments])[found]
    repeats = np.array([segment.is_repeated for segment in segments])[found]
    return wall - offsets, gaps, repeats


UNITS = ("day", "week", "month", "financial_year")
"""Calendar units that results are grouped by."""


def periods(unit: str, first: int, last: int, zone_name: str = LONDON) -> pa.Table:
    """The calendar units that hold the instants from ``first`` to ``last``.

    Columns: ``label`` (ISO day, Monday of the week, ``2024-07``, ``2024/25``),
    ``from_at`` and ``to_at`` (instants, the second not included).
    """
    tz = zone(zone_name)
    day = _unit_start(unit, local(first, zone_name).date())
    rows = []
    while (start := instant(datetime(day.year, day.month, day.day, tzinfo=tz))) <= last:
        after = _unit_after(unit, day)
        end = instant(datetime(after.year, after.month, after.day, tzinfo=tz))
        rows.append({"label": _unit_label(unit, day), "from_at": start, "to_at": end})
        day = after
    schema = pa.schema([("label", pa.string()), ("from_at", pa.int64()), ("to_at", pa.int64())])
    return pa.Table.from_pylist(rows, schema=schema)


def _unit_start(unit: str, day: date) -> date:
    starts = {
        "day": day,
        "week": monday(day),
        "month": day.replace(day=1),
        "financial_year": date(day.year if day.month >= 4 else day.year - 1, 4, 1),
    }
    return starts[unit]


def _unit_after(unit: str, start: date) -> date:
    days = {"day": 1, "week": 7, "month": 31, "financial_year": 366}[unit]
    return _unit_start(unit, start + timedelta(days=days))


def _unit_label(unit: str, start: date) -> str:
    if unit == "financial_year":
        return financial_year(start)
    return f"{start:%Y-%m}" if unit == "month" else start.isoformat()
