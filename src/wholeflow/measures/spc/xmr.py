"""The XmR chart: one value a period, judged against its own usual variation.

    values -> moving ranges -> mean and limits -> rules -> one label a point

A preset (``presets.toml``) names the rule set, for two respected rule sets label the
same series differently; every chart carries the title of its own.

Floating point: a value closer to the mean, to a limit or to its neighbour than 1e-12 of
the largest absolute value in the series counts as equal to it. So a point that is on a
limit on paper is on it here, and inside.

Source: Shewhart 1931; Nelson 1982 (screening); Wheeler 1993 (2.66 = 3 / 1.128);
NHS England, Making Data Count; NHSRplotthedots 0.2.2.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal, NamedTuple

from wholeflow.core.errors import RequestError, UnsupportedError, unknown

Signal = Literal["", "outside limits", "trend", "two of three", "shift"]
Side = Literal["high", "low", ""]

PRESET = "mdc_2024"
"""The rule set of charts that name no other."""

SCREEN_AT = 3.267  # times the mean moving range: its own upper limit (Nelson 1982)
ROUGH_BELOW = 12  # points; with fewer the limits move a lot with each new one
EQUAL_WITHIN = 1e-12  # of the largest absolute value
WORDS: dict[int, Side] = {1: "high", -1: "low", 0: ""}


@dataclass(frozen=True)
class Preset:
    """A named set of limit and run rules; ``presets.toml`` says what each field means."""

    name: str
    title: str
    source: str
    limit_constant: float
    screening: bool
    shift_points: int
    trend_points: int
    two_of_three: Literal["at or beyond two sigma", "between two and three sigma"]
    meaning: str


@dataclass(frozen=True)
class Point:
    """One value of the series, in its own unit, and the one rule that marks it.

    ``moving_range`` is the distance from the value before; None where either is missing.
    ``side`` is the direction of the signal: for a trend, "high" is rising.
    """

    value: float | None
    moving_range: float | None
    signal: Signal
    side: Side


@dataclass(frozen=True)
class XmR:
    """A chart: centre and limits in the unit of the values, and every point labelled.

    ``baseline`` is the number of values that made the mean and the limits.
    """

    preset: str
    preset_title: str
    mean: float
    lower: float
    upper: float
    points: tuple[Point, ...]
    baseline: int

    @property
    def says(self) -> str:
        """What a manager needs to know: the latest point, and how far to trust the limits.

        >>> print(xmr([30, 32, 29, 31, 30, 33]).says)
        The latest of 6 points is common cause variation (Making Data Count 2024 rules). \
Only 6 points made the limits, so the limits are rough.
        """
        sentence = f"{_verdict(self)} ({self.preset_title} rules)."
        if self.baseline >= ROUGH_BELOW:
            return sentence
        return f"{sentence} Only {self.baseline} points made the limits, so the limits are rough."


def presets() -> dict[str, Preset]:
    """The rule sets that can be named, read from ``presets.toml``.

    >>> sorted(presets())
    ['mdc_2024', 'nhsr_0_2']
    """
    return dict(_read_presets())


def rules_in_words(preset: str) -> dict[Signal, str]:
    """What each rule of a preset marks, in plain words, in the order in which they are asked.

    >>> rules_in_words("nhsr_0_2")["shift"]
    '7 or more points in a row on one side of the mean; a point on the mean breaks the run.'
    """
    rules = _preset(preset)
    is_wide = rules.two_of_three == "at or beyond two sigma"
    far = "at least two thirds of the way from the mean to a limit, or beyond it"
    band = "between two thirds of the way from the mean to a limit and that limit"
    return {
        "outside limits": "a point beyond a limit, within which nearly all points lie while "
        "nothing changes.",
        "trend": f"{rules.trend_points} or more points in a row, each above the one before or each "
        "below it; two equal points break the run.",
        "two of three": f"two of three points in a row {far if is_wide else band}, all three on "
        "one side of the mean.",
        "shift": f"{rules.shift_points} or more points in a row on one side of the mean; a point "
        "on the mean breaks the run.",
    }


def xmr(
    values: Sequence[float | None], *, preset: str = PRESET, baseline: int | None = None
) -> XmR:
    """Chart a series in time order and label the points that are more than chance.

    ``values`` are in any one unit, one a period; None or nan is a missing period: it has no
    moving range, nor has its successor, and it breaks every run. ``baseline`` sets the limits
    from the first so many periods only; without it, from all. To rebase, chart each part.

    Raises RequestError for an unknown preset or a baseline that does not fit the series, and
    UnsupportedError when no limits can be drawn.
    Source: NHSRplotthedots 0.2.2; Making Data Count.

    >>> chart = xmr([10, 12, 11, 13, 12, 10, 11, 12, 10, 12, 11, 30])
    >>> round(chart.mean, 2), round(chart.lower, 2), round(chart.upper, 2)
    (12.83, 4.61, 21.06)
    >>> chart.points[-1]
    Point(value=30.0, moving_range=19.0, signal='outside limits', side='high')
    """
    rules = _preset(preset)
    series = _as_floats(values)
    ranges = _moving_ranges(series)
    length = _baseline_length(baseline, len(series))
    frame = _frame(series[:length], ranges[:length], rules, _tolerance(series))
    points = map(Point, series, ranges, *_label(series, frame, rules))
    count = len(_present(series[:length]))
    lower, upper = frame.mean - frame.limit, frame.mean + frame.limit
    return XmR(rules.name, rules.title, frame.mean, lower, upper, tuple(points), count)


# Presets


@cache
def _read_presets() -> dict[str, Preset]:
    file = resources.files("wholeflow.measures.spc") / "presets.toml"
    text = file.read_text(encoding="utf-8")
    return {name: Preset(name=name, **fields) for name, fields in tomllib.loads(text).items()}


def _preset(name: str) -> Preset:
    known = _read_presets()
    if name not in known:
        raise unknown("preset", name, list(known))
    return known[name]


# The series


def _as_floats(values: Sequence[float | None]) -> list[float | None]:
    series = [None if v is None or math.isnan(v) else float(v) for v in values]
    if any(map(math.isinf, _present(series))):
        raise UnsupportedError(
            "the series holds an infinite value", repair="Mark the period as missing (None)."
        )
    return series


def _present(series: Sequence[float | None]) -> list[float]:
    return [v for v in series if v is not None]


def _moving_ranges(series: list[float | None]) -> list[float | None]:
    """The distance of each value from the one before; None where either is missing."""
    after_first = [
        None if old is None or new is None else abs(new - old) for old, new in pairwise(series)
    ]
    return [None, *after_first][: len(series)]


def _tolerance(series: list[float | None]) -> float:
    return EQUAL_WITHIN * max(map(abs, _present(series)), default=0.0)


def _baseline_length(asked: int | None, available: int) -> int:
    if asked is None:
        return available
    if not 2 <= asked <= available:
        raise RequestError(
            f"a baseline of {asked} points does not fit a series of {available}",
            repair=f"Choose a baseline from 2 to {available} points, or leave it out to use all.",
        )
    return asked


# The limits


class _Frame(NamedTuple):
    """Centre, distance from it to two sigma and to the limits, and what counts as equal."""

    mean: float
    near: float
    limit: float
    tolerance: float

    def sign(self, distance: float) -> int:
        """1, -1, or 0 when the distance is nothing but rounding."""
        return 0 if abs(distance) <= self.tolerance else int(math.copysign(1, distance))


def _frame(
    series: list[float | None], ranges: list[float | None], rules: Preset, tolerance: float
) -> _Frame:
    values, moves = _present(series), _present(ranges[1:])
    if not moves:
        raise UnsupportedError(
            f"the {len(series)} periods that make the limits hold no two values side by side",
            repair="Chart more periods, or longer ones (months, not days) with fewer gaps.",
        )
    average = _screened_mean(moves, tolerance) if rules.screening else _mean(moves)
    limit = rules.limit_constant * average
    return _Frame(_mean(values), limit * 2 / 3, limit, tolerance)


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _screened_mean(moves: list[float], tolerance: float) -> float:
    """The mean moving range, once, without those at or above 3.267 times it (Nelson 1982).

    A constant series has nothing to screen: all its ranges are zero and would be left out.
    """
    average = _mean(moves)
    if average <= tolerance:
        return average
    return _mean([move for move in moves if move < SCREEN_AT * average - tolerance])


# The rules: each gives every point 1 (high), -1 (low) or 0 (not marked)

Marks = list[int]


def _label(
    series: list[float | None], frame: _Frame, rules: Preset
) -> tuple[list[Signal], list[Side]]:
    """One signal a point: the first rule, in this order, that marks it."""
    sides = [0 if v is None else frame.sign(v - frame.mean) for v in series]
    ordered: dict[Signal, Marks] = {
        "outside limits": _outside(series, frame),
        "trend": _trend(series, frame, rules.trend_points),
        "two of three": _two_of_three(series, sides, frame, rules),
        "shift": _shift(sides, rules.shift_points),
    }
    none: tuple[Signal, int] = ("", 0)
    found = [
        next(((signal, marks[i]) for signal, marks in ordered.items() if marks[i]), none)
        for i in range(len(series))
    ]
    return [signal for signal, _ in found], [WORDS[mark] for _, mark in found]


def _outside(series: list[float | None], frame: _Frame) -> Marks:
    """Beyond a limit; a point on it is inside."""
    return [_beyond(v, frame, frame.limit) for v in series]


def _beyond(value: float | None, frame: _Frame, distance: float) -> int:
    if value is None:
        return 0
    away = value - frame.mean
    return frame.sign(away) if frame.sign(abs(away) - distance) > 0 else 0


def _trend(series: list[float | None], frame: _Frame, length: int) -> Marks:
    """So many points in a row, each above (or below) the last; a tie or a gap breaks it.

    A point where a rise turns into a fall, or a fall into a rise, takes the later direction.
    """
    moves = [
        0 if old is None or new is None else frame.sign(new - old) for old, new in pairwise(series)
    ]
    marks = [0] * len(series)
    for first, direction in _one_sided(moves, length - 1):
        marks[first : first + length] = [direction] * length
    return marks


def _shift(sides: Marks, length: int) -> Marks:
    """So many points in a row on one side of the mean; a point on it breaks the run."""
    marks = [0] * len(sides)
    for first, side in _one_sided(sides, length):
        marks[first : first + length] = [side] * length
    return marks


def _two_of_three(series: list[float | None], sides: Marks, frame: _Frame, rules: Preset) -> Marks:
    """Two of three neighbours far from the mean, all three on its same side.

    Only the far points are marked. Which are far is the preset's choice.
    """
    is_far = _between if rules.two_of_three == "between two and three sigma" else _at_or_beyond
    far = [v is not None and is_far(v, frame) for v in series]
    marks = [0] * len(series)
    for first, side in _one_sided(sides, 3):
        window = [i for i in range(first, first + 3) if far[i]]
        if len(window) >= 2:
            for i in window:
                marks[i] = side
    return marks


def _between(value: float, frame: _Frame) -> bool:
    return bool(_beyond(value, frame, frame.near)) and not _beyond(value, frame, frame.limit)


def _at_or_beyond(value: float, frame: _Frame) -> bool:
    return frame.sign(abs(value - frame.mean) - frame.near) >= 0


def _one_sided(marks: Marks, length: int) -> Iterator[tuple[int, int]]:
    """Where ``length`` marks in a row are alike and not 0: the first index, and the mark."""
    for first in range(len(marks) - length + 1):
        window = marks[first : first + length]
        if window[0] and len(set(window)) == 1:
            yield first, window[0]


# The words

PHRASES: dict[Signal, Callable[[Preset, bool], str]] = {
    "outside limits": lambda rules, high: (
        f"it is {'above the upper' if high else 'below the lower'} limit"
    ),
    "trend": lambda rules, high: (
        f"it is in a run of {rules.trend_points} or more points that {'rise' if high else 'fall'}"
    ),
    "two of three": lambda rules, high: (
        f"it is one of two in three points close to or beyond the {'upper' if high else 'lower'}"
        " limit"
    ),
    "shift": lambda rules, high: (
        f"it is in a run of {rules.shift_points} or more points"
        f" {'above' if high else 'below'} the mean"
    ),
}


def _verdict(chart: XmR) -> str:
    last, count = chart.points[-1], len(_present([p.value for p in chart.points]))
    if last.value is None:
        return f"The latest period has no value to judge; {count} points came before it"
    latest = f"The latest of {count} points is"
    if not last.signal:
        return f"{latest} common cause variation"
    phrase = PHRASES[last.signal](_preset(chart.preset), last.side == "high")
    return f"{latest} special cause variation: {phrase}"
