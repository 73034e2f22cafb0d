"""Riverford's time: whole UTC minutes since `ORIGIN`, its local clock and its office hours.

Minutes are UTC, so that elapsed time is right across clock changes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
ORIGIN = datetime(2024, 7, 1, tzinfo=UTC)
FIRST_DAY, END_DAY = date(2024, 7, 1), date(2025, 4, 1)
HOUR, DAY = 60, 24 * 60


def local_time(at: int) -> datetime:
    """The local time of an instant."""
    return (ORIGIN + timedelta(minutes=at)).astimezone(LONDON)


def instant(day: date, minute: int = 0) -> int:
    """The instant of a local wall-clock minute of a day."""
    wall = datetime.combine(day, time(minute // HOUR, minute % HOUR), LONDON)
    return int((wall.astimezone(UTC) - ORIGIN).total_seconds()) // 60


START, END = instant(FIRST_DAY), instant(END_DAY)
# Local text without offset is ambiguous in the hour that comes twice in October. Nothing happens
# in its second copy: whatever would is put off to the end of it, so every text has one meaning.
_SECOND_COPY = range(
    int((datetime(2024, 10, 27, 1, tzinfo=UTC) - ORIGIN).total_seconds()) // 60,
    int((datetime(2024, 10, 27, 2, tzinfo=UTC) - ORIGIN).total_seconds()) // 60,
)


def unambiguous(at: int) -> int:
    """An instant whose local text has one meaning."""
    return _SECOND_COPY.stop if at in _SECOND_COPY else at


def office_opens(at: int, opens: int, closes: int) -> int:
    """This instant if an office (Monday to Friday) is open, else when it opens next."""
    wall = local_time(at)
    minute, day = wall.hour * HOUR + wall.minute, wall.date()
    if day.weekday() < 5 and opens <= minute < closes:
        return at
    if minute >= opens:
        day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return instant(day, opens)


def after_office_minutes(at: int, minutes: int, opens: int, closes: int) -> int:
    """When so many minutes of office time have gone by."""
    while True:
        at = office_opens(at, opens, closes)
        left_today = instant(local_time(at).date(), closes) - at
        if minutes <= left_today:
            return at + minutes
        at, minutes = at + left_today, minutes - left_today
