"""What must hold for the XmR chart of any series.

Series are whole numbers, so that the exact twin below (fractions, no tolerance) and the law of
units are not blurred by rounding.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholeflow.measures.spc import XmR, presets, xmr

Series = list[float | None]
Label = tuple[str, str]

MIRROR = {"high": "low", "low": "high", "": ""}
PRESETS = st.sampled_from(sorted(presets()))
# Small steps give ties and points on the mean; wide ones give points outside the limits.
VALUES = st.one_of(st.integers(-4, 4), st.integers(-100, 100)).map(float)
WHOLE = st.lists(VALUES, min_size=2, max_size=40)
RUNS = st.lists(st.tuples(st.integers(-8, 8), st.integers(-2, 2), st.integers(1, 9)), max_size=4)


@st.composite
def lively(draw: st.DrawFn) -> Series:
    """A series with ramps and plateaus in it, so that trends and shifts are not rare."""
    series: Series = list(draw(WHOLE))
    for start, step, length in draw(RUNS):
        series += [float(start + step * i) for i in range(length)]
    return series


@st.composite
def with_gaps(draw: st.DrawFn) -> Series:
    """A lively series with missing periods after the first two."""
    series = draw(lively())
    gaps = draw(st.sets(st.integers(2, 60), max_size=4))
    return [None if i in gaps else value for i, value in enumerate(series)]


def labels(chart: XmR) -> list[Label]:
    return [(point.signal, point.side) for point in chart.points]


# An exact twin: the published rules, said as plainly as possible, in fractions


def twin(series: Series, name: str) -> list[Label]:
    values = [None if value is None else Fraction(value) for value in series]
    present = [value for value in values if value is not None]
    mean = sum(present, Fraction(0)) / len(present)
    limit = Fraction(266, 100) * twin_range(values, screening=name == "nhsr_0_2")
    gaps = [None if value is None else value - mean for value in values]
    length = 7 if name == "nhsr_0_2" else 6
    rules = (
        ("outside limits", twin_outside(gaps, limit)),
        ("trend", twin_trend(values, length)),
        ("two of three", twin_two_of_three(gaps, limit, outside_counts=name == "mdc_2024")),
        ("shift", twin_shift(gaps, length)),
    )
    return [
        next(((rule, marks[i]) for rule, marks in rules if i in marks), ("", ""))
        for i in range(len(series))
    ]


def twin_range(values: list[Fraction | None], screening: bool) -> Fraction:
    moves = [abs(new - old) for old, new in pairwise(values) if old is not None and new is not None]
    average = sum(moves, Fraction(0)) / len(moves)
    if screening and average:
        moves = [move for move in moves if move < Fraction(3267, 1000) * average]
    return sum(moves, Fraction(0)) / len(moves)


def twin_outside(gaps: list[Fraction | None], limit: Fraction) -> dict[int, str]:
    found = {}
    for i, gap in enumerate(gaps):
        if gap is not None and abs(gap) > limit:
            found[i] = "high" if gap > 0 else "low"
    return found


def windows(items: list[Fraction | None], size: int) -> Iterator[tuple[range, list[Fraction]]]:
    for first in range(len(items) - size + 1):
        window = [item for item in items[first : first + size] if item is not None]
        if len(window) == size:
            yield range(first, first + size), window


def twin_trend(values: list[Fraction | None], length: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for where, window in windows(values, length):
        if len(set(window)) == length and window in (sorted(window), sorted(window)[::-1]):
            found |= dict.fromkeys(where, "high" if window[0] < window[-1] else "low")
    return found


def twin_shift(gaps: list[Fraction | None], length: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for where, window in windows(gaps, length):
        if min(window) > 0 or max(window) < 0:
            found |= dict.fromkeys(where, "high" if window[0] > 0 else "low")
    return found


def twin_two_of_three(
    gaps: list[Fraction | None], limit: Fraction, outside_counts: bool
) -> dict[int, str]:
    found: dict[int, str] = {}
    near = limit * 2 / 3
    for where, window in windows(gaps, 3):
        sizes = [abs(gap) for gap in window]
        far = [size >= near if outside_counts else near < size <= limit for size in sizes]
        if (min(window) > 0 or max(window) < 0) and sum(far) >= 2:
            side = "high" if window[0] > 0 else "low"
            found |= {i: side for i, is_far in zip(where, far, strict=True) if is_far}
    return found


@given(with_gaps(), PRESETS)
def test_labels_are_those_of_the_exact_twin(series: Series, preset: str) -> None:
    assert labels(xmr(series, preset=preset)) == twin(series, preset)


# Units and direction


@given(with_gaps(), PRESETS, st.floats(0.1, 10), st.floats(-1000, 1000))
def test_a_change_of_unit_moves_the_limits_and_no_label(
    series: Series, preset: str, scale: float, shift: float
) -> None:
    there = xmr([None if v is None else scale * v + shift for v in series], preset=preset)
    here = xmr(series, preset=preset)
    assert labels(there) == labels(here)
    found = (there.mean, there.lower, there.upper)
    limits = (here.mean, here.lower, here.upper)
    assert found == pytest.approx([scale * limit + shift for limit in limits], rel=1e-9, abs=1e-9)


@given(with_gaps(), PRESETS)
def test_a_mirrored_series_has_mirrored_labels(series: Series, preset: str) -> None:
    here = xmr(series, preset=preset)
    there = xmr([None if v is None else -v for v in series], preset=preset)
    assert labels(there) == [(signal, MIRROR[side]) for signal, side in labels(here)]
    assert (there.mean, there.lower, there.upper) == (-here.mean, -here.upper, -here.lower)


@given(with_gaps(), PRESETS)
def test_a_series_read_backwards_has_the_same_signals(series: Series, preset: str) -> None:
    # signals only: the side of a trend turns round, except at a turning point
    here, there = xmr(series, preset=preset), xmr(series[::-1], preset=preset)
    assert [p.signal for p in there.points] == [p.signal for p in here.points][::-1]
    assert (there.lower, there.upper) == pytest.approx((here.lower, here.upper), abs=1e-9)


# Limits


@given(lively(), PRESETS)
def test_every_point_outside_the_limits_is_labelled_so_and_no_other(
    series: Series, preset: str
) -> None:
    chart = xmr(series, preset=preset)
    for point in chart.points:
        assert point.value is not None
        excess = max(point.value - chart.upper, chart.lower - point.value)
        assert (point.signal == "outside limits") == (excess > 1e-9)


@given(with_gaps())
def test_screening_never_widens_the_limits(series: Series) -> None:
    screened, unscreened = xmr(series, preset="nhsr_0_2"), xmr(series, preset="mdc_2024")
    assert screened.mean == unscreened.mean
    assert screened.upper <= unscreened.upper + 1e-9


@given(lively(), lively(), PRESETS)
def test_points_after_the_baseline_do_not_move_the_limits(
    first: Series, later: Series, preset: str
) -> None:
    alone = xmr(first, preset=preset)
    joined = xmr(first + later, preset=preset, baseline=len(first))
    assert (joined.mean, joined.lower, joined.upper) == (alone.mean, alone.lower, alone.upper)
    assert joined.baseline == len(first)


@given(lively(), lively(), PRESETS)
def test_new_points_never_clear_a_signal_under_a_fixed_baseline(
    first: Series, later: Series, preset: str
) -> None:
    before = labels(xmr(first, preset=preset))
    after = labels(xmr(first + later, preset=preset, baseline=len(first)))
    assert all(now[0] for then, now in zip(before, after, strict=False) if then[0])


# Odd series


@given(st.floats(-1e9, 1e9), st.integers(2, 40), PRESETS)
def test_a_constant_series_has_no_signal_and_limits_without_width(
    value: float, length: int, preset: str
) -> None:
    chart = xmr([value] * length, preset=preset)
    assert set(labels(chart)) == {("", "")}
    assert (chart.lower, chart.mean, chart.upper) == pytest.approx((value,) * 3, rel=1e-15)
    assert chart.lower == chart.upper


@given(with_gaps(), st.integers(0, 5), st.integers(0, 5), PRESETS)
def test_empty_periods_before_and_after_change_nothing(
    series: Series, before: int, after: int, preset: str
) -> None:
    padded = xmr([None] * before + series + [None] * after, preset=preset)
    plain = xmr(series, preset=preset)
    assert padded.points[before : before + len(series)] == plain.points
    assert (padded.lower, padded.upper) == (plain.lower, plain.upper)
    assert padded.baseline == plain.baseline


@given(with_gaps(), PRESETS)
def test_a_missing_value_has_no_label_and_a_label_has_a_side(series: Series, preset: str) -> None:
    for point in xmr(series, preset=preset).points:
        assert not (point.value is None and point.signal)
        assert bool(point.signal) == bool(point.side)
