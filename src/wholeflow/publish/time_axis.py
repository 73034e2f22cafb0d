"""Where the marks of an axis of time stand: at round local times, or at days since a beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wholeflow.core.time import DAY, HOUR, instant, local

MOST = 6
"""More marks than so many can't be read on a phone."""


@dataclass(frozen=True)
class Tick:
    """A mark of the axis and its words."""

    at: int
    words: str


def dated(from_at: int, to_at: int, zone_name: str) -> list[Tick]:
    """Marks at round local times, with British dates.

    >>> from wholeflow.core.time import LONDON, parse_instant
    >>> at = parse_instant("2024-10-01T10:00")
    >>> [tick.words for tick in dated(at, at + 6 * HOUR, LONDON)]
    ['10:00', '12:00', '14:00', '16:00']
    >>> [tick.words for tick in dated(at, at + 6 * DAY, LONDON)]
    ['2 Oct', '3 Oct', '4 Oct', '5 Oct', '6 Oct', '7 Oct']
    """
    start, end = local(from_at, zone_name), local(to_at, zone_name)
    for times in (_minutes, _hours, _days, _months):
        for step in _STEPS[times]:
            marks = [(instant(when), when) for when in _until(end, times(start, step))]
            inside = [(at, when) for at, when in marks if from_at <= at <= to_at]
            if len(inside) <= MOST:
                return [Tick(at, _words(when, times)) for at, when in inside]
    return []


def since_start(from_at: int, to_at: int) -> list[Tick]:
    """Marks at hours or days since the beginning.

    >>> [tick.words for tick in since_start(0, 9 * DAY)]
    ['day 0', 'day 2', 'day 4', 'day 6', 'day 8']
    >>> [tick.words for tick in since_start(0, 3 * HOUR)]
    ['0 h', '1 h', '2 h', '3 h']
    """
    for unit, words, steps in (
        (HOUR, "{} h", (1, 2, 3, 6, 12)),
        (DAY, "day {}", (1, 2, 7, 14, 28, 56, 91, 182, 364, 728)),
    ):
        for step in steps:
            numbers = range(0, (to_at - from_at) // unit + 1, step)
            if len(numbers) <= MOST:
                return [Tick(from_at + n * unit, words.format(n)) for n in numbers]
    return []


def _until(end: datetime, times: Iterator[datetime]) -> Iterator[datetime]:
    for when in times:
        if when.replace(tzinfo=None) > end.replace(tzinfo=None):
            return
        yield when


def _minutes(start: datetime, step: int) -> Iterator[datetime]:
    return _stepping(start.replace(minute=0, second=0, microsecond=0), timedelta(minutes=step))


def _hours(start: datetime, step: int) -> Iterator[datetime]:
    return _stepping(_midnight(start), timedelta(hours=step))


def _days(start: datetime, step: int) -> Iterator[datetime]:
    """Midnights; those of weeks are Mondays."""
    first = _midnight(start)
    if step % 7 == 0:
        first -= timedelta(days=first.weekday())
    elif step > 1:
        first -= timedelta(days=(first.day - 1) % step)
    return _stepping(first, timedelta(days=step))


def _months(start: datetime, step: int) -> Iterator[datetime]:
    number = start.year * 12 + (start.month - 1) // step * step
    while True:
        year, month = divmod(number, 12)
        yield _midnight(start).replace(year=year, month=month + 1, day=1)
        number += step


def _stepping(first: datetime, step: timedelta) -> Iterator[datetime]:
    while True:
        yield first  # adding to a local time keeps what clocks show
        first += step


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


_STEPS: dict[Callable[[datetime, int], Iterator[datetime]], tuple[int, ...]] = {
    _minutes: (5, 15, 30),
    _hours: (1, 2, 3, 6, 12),
    _days: (1, 2, 7, 14),
    _months: (1, 2, 3, 6, 12, 24, 60, 120),
}


def _words(when: datetime, times: Callable[[datetime, int], Iterator[datetime]]) -> str:
    if times is _months:
        return f"{when:%b} {when.year}"
    if times is _days or when.hour == when.minute == 0:
        return f"{when.day} {when:%b}"
    return f"{when:%H:%M}"
