"""The XmR chart against NHSRplotthedots 0.2.2 and mdcspc 0.2.0 (both MIT), and by hand.

``data/xmr_*.json`` holds a few of their cases, so that this file means something alone. Where
the folder ``../shared`` stands beside the project, every case there is run too.

Out of scope of the engine, so not compared: the assurance icon (9 of the 30 cases have a
target, 7 of them an icon; all else in them is compared), the short-group warning, and
mdcspc_assurance_*.csv (5 series). Which direction is better is not the chart's to know: the
class of a point is derived here from its side.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.measures.spc import Point, XmR, presets, xmr

OWN = Path(__file__).parent / "data"
GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "golden" / "spc"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"there is no folder {GOLDEN}")

Label = tuple[str, str]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def labels(chart: XmR) -> list[Label]:
    return [(point.signal, point.side) for point in chart.points]


# NHSRplotthedots

PLOTTHEDOTS_LABELS = {
    "Common Cause": ("", ""),
    "Above UCL": ("outside limits", "high"),
    "Below LCL": ("outside limits", "low"),
    "7 Point Trend (Increasing)": ("trend", "high"),
    "7 Point Trend (Decreasing)": ("trend", "low"),
    "2 in 3 Above CL": ("two of three", "high"),
    "2 in 3 Below CL": ("two of three", "low"),
    "7 Points Above CL": ("shift", "high"),
    "7 Points Below CL": ("shift", "low"),
}


def charts(case: dict[str, Any]) -> list[XmR]:
    """One chart for each rebase group of the case."""
    params = case["params"] or {}
    # Its one case without screening has the rules of nhsr_0_2 and the limits of mdc_2024; it
    # has no run of 6, so the choice of 6 or 7 points cannot show.
    preset = "nhsr_0_2" if params.get("screen_outliers", True) else "mdc_2024"
    baseline = params.get("fix_after_n_points")
    return [xmr(part, preset=preset, baseline=baseline) for part in rebased(case)]


def rebased(case: dict[str, Any]) -> Iterator[list[float | None]]:
    starts = (case["params"] or {}).get("rebase", [])
    starts = [starts] if isinstance(starts, str) else starts
    dates, values = case["input"]["date"], case["input"]["value"]
    cuts = [0, *(dates.index(start) for start in starts), len(dates)]
    for first, after in pairwise(cuts):
        yield values[first:after]


def plotthedots_class(label: Label, direction: str) -> str:
    signal, side = label
    if not signal:
        return "common_cause"
    if direction == "neutral":
        return f"special_cause_neutral_{side}"
    better = {"increase": "high", "decrease": "low"}[direction]
    return "special_cause_improvement" if side == better else "special_cause_concern"


def check_plotthedots(case: dict[str, Any]) -> None:
    expected, parts = case["expected"], charts(case)
    for part, group in zip(parts, expected["groups"], strict=True):
        # R gives a constant series no limits (NaN); ours have no width. See the README of golden.
        lower = group["mean"] if group["lpl"] is None else group["lpl"]
        upper = group["mean"] if group["upl"] is None else group["upl"]
        found = (part.mean, part.lower, part.upper)
        assert found == pytest.approx((group["mean"], lower, upper), rel=1e-9, abs=1e-11)
        assert len(part.points) == group["n"]
    given = [label for part in parts for label in labels(part)]
    assert given == [PLOTTHEDOTS_LABELS[name] for name in expected["special_cause_type"]]
    direction = (case["params"] or {}).get("improvement_direction", "increase")
    classes = [plotthedots_class(label, direction) for label in given]
    assert classes == expected["point_type"]
    assert classes[-1] == expected["final_point_type"]
    outside = [signal == "outside limits" for signal, _ in given]
    assert outside == [bool(flag) for flag in expected["outside_limits"]]


@pytest.mark.parametrize(
    "case", read(OWN / "xmr_plotthedots.json")["cases"], ids=lambda case: case["id"]
)
def test_limits_and_labels_agree_with_plotthedots(case: dict[str, Any]) -> None:
    check_plotthedots(case)


@needs_golden
def test_all_golden_cases_of_plotthedots_agree() -> None:
    cases = read(GOLDEN / "plotthedots_cases.json")["cases"]
    for case in cases:
        check_plotthedots(case)
    assert len(cases) == 30
    # what is left out, and counted so that it cannot grow unseen
    targets = [case for case in cases if "target" in (case["params"] or {})]
    assurances = [case for case in cases if case["expected"]["assurance"]]
    assert (len(targets), len(assurances)) == (9, 7)


# Components of NHSRplotthedots, played through whole charts: a quiet baseline of +-10 sets the
# mean to 0, two sigma to 35.5 and the limits to +-53.2; a gap then parts it from the component.

QUIET: list[float | None] = [10, -10] * 10
WIDTH = 2.66 * 20


def played(component: list[float]) -> tuple[Point, ...]:
    chart = xmr([*QUIET, None, *component], preset="nhsr_0_2", baseline=len(QUIET))
    assert (chart.mean, chart.lower, chart.upper) == (0, -WIDTH, WIDTH)
    return chart.points[len(QUIET) + 1 :]


def whole_runs(ends: list[int]) -> list[int]:
    """The components mark where a run of seven is complete; we mark all its points."""
    return [next((end for end in ends[i : i + 7] if end), 0) for i in range(len(ends))]


def check_shift(case: dict[str, Any]) -> None:
    marked = [point.signal == "shift" for point in played(case["relative_to_mean"])]
    assert marked == [bool(mark) for mark in whole_runs(case["expected"])]


def check_trend(case: dict[str, Any]) -> None:
    sides = {"high": 1, "low": -1, "": 0}
    points = played(case["values"])
    marks = [sides[point.side] if point.signal == "trend" else 0 for point in points]
    assert marks == whole_runs(case["expected"])


def check_two_of_three(case: dict[str, Any]) -> None:
    near = [40 if close else 1 for close in case["close_to_limits"]]
    values = [size * side for size, side in zip(near, case["relative_to_mean"], strict=True)]
    marked = [point.signal == "two of three" for point in played(values)]
    assert marked == [bool(flag) for flag in case["flagged"]]


@needs_golden
def test_all_golden_components_of_plotthedots_agree() -> None:
    components = read(GOLDEN / "plotthedots_components.json")
    checks: dict[str, Callable[[dict[str, Any]], None]] = {
        "seven_point_one_side_mean": check_shift,
        "seven_point_trend": check_trend,
        "two_in_three": check_two_of_three,
    }
    for name, check in checks.items():
        for case in components[name]:
            check(case)
    assert sum(len(components[name]) for name in checks) == 13


# Where the two presets differ


def check_two_presets(case: dict[str, Any]) -> None:
    mdc, nhsr = (xmr(case["input"], preset=name) for name in ("mdc_2024", "nhsr_0_2"))
    # The limits of the case are those with screening (it left out the range of 5): NHSR's.
    limits = case["limits"]
    found = (nhsr.mean, nhsr.lower, nhsr.upper)
    assert found == pytest.approx((limits["mean"], limits["lpl"], limits["upl"]), rel=1e-9)
    # Without screening, by hand: 26 ranges of 1, and 5, 2.8 and 2.2, make 36 in 29 ranges.
    assert mdc.upper - mdc.mean == pytest.approx(2.66 * 36 / 29, rel=1e-12)
    for chart, key in ((mdc, "point_25_26_mdc_2024"), (nhsr, "point_25_26_nhsr_0_2_2")):
        assert labels(chart)[24:26] == [PLOTTHEDOTS_LABELS[name] for name in case[key]]


def test_points_outside_the_limits_count_in_two_of_three_for_mdc_only() -> None:
    check_two_presets(read(OWN / "xmr_two_of_three.json"))


@needs_golden
def test_the_golden_case_of_the_two_presets_agrees() -> None:
    check_two_presets(read(GOLDEN / "mdc_variant_two_of_three.json"))


# mdcspc

MDCSPC_RULES = {
    "": "None",
    "outside limits": "Astro",
    "trend": "Trend",
    "two of three": "2of3",
    "shift": "Shift",
}
WORD = {"high": "higher", "low": "lower"}


def mdcspc_category(label: Label, higher_is: str) -> str:
    """The variation category, where higher values are "better", "worse" or "neutral"."""
    signal, side = label
    if not signal:
        return "Common cause variation"
    if higher_is == "neutral":
        return f"Special cause change ({WORD[side]})"
    improving = (side == "high") == (higher_is == "better")
    return f"Special cause {'improving' if improving else 'deterioration'} ({WORD[side]})"


@pytest.mark.parametrize(
    "case", read(OWN / "xmr_mdcspc.json")["cases"], ids=lambda case: case["id"]
)
def test_the_last_point_agrees_with_mdcspc(case: dict[str, Any]) -> None:
    last = labels(xmr(case["value"]))[-1]
    assert MDCSPC_RULES[last[0]] == case["rule"]
    assert mdcspc_category(last, "better") == case["category"]


def mdcspc_series(suffix: str) -> dict[str, list[float]]:
    series: dict[str, list[tuple[str, float]]] = defaultdict(list)
    with (GOLDEN / f"mdcspc_input{suffix}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            series[row["MetricName"]].append((row["Month"], float(row["Value"])))
    return {name: [value for _, value in sorted(rows)] for name, rows in series.items()}


def mdcspc_expected(suffix: str) -> dict[str, tuple[str, str]]:
    path = GOLDEN / f"mdcspc_expected_summary{suffix}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["MetricName"]: (row["RuleBreakRaw"] or "None", row["VariationCategory"])
            for row in csv.DictReader(file)
        }


def last_point(chart: XmR) -> Label:
    return labels(chart)[-1]


def last_special_cause(chart: XmR) -> Label:
    return next((label for label in reversed(labels(chart)) if label[0]), ("", ""))


def better_is_higher(_: str) -> str:
    return "better"


def as_named(metric: str) -> str:
    """Direction from the name: SCHI improves higher, SCLD gets worse lower, SC?C is neutral."""
    code = metric.rsplit("+", 1)[1]
    if code == "CC" or code.endswith("C"):
        return "neutral"
    return "better" if code in ("SCHI", "SCLD") else "worse"


Mdcspc = tuple[str, Callable[[XmR], Label], Callable[[str], str]]
MDCSPC_SETS: list[Mdcspc] = [
    ("", last_point, better_is_higher),
    ("_anywhere", last_special_cause, as_named),
]


def mdcspc_agreeing(preset: str, which: Mdcspc) -> list[str]:
    suffix, pick, direction = which
    series, agreeing = mdcspc_series(suffix), []
    for metric, expected in mdcspc_expected(suffix).items():
        label = pick(xmr(series[metric], preset=preset))
        found = (MDCSPC_RULES[label[0]], mdcspc_category(label, direction(metric)))
        agreeing += [metric] if found == expected else []
    return agreeing


@needs_golden
@pytest.mark.parametrize("which", MDCSPC_SETS, ids=["last point", "anywhere"])
def test_all_golden_series_of_mdcspc_agree_with_the_default_preset(which: Mdcspc) -> None:
    expected = mdcspc_expected(which[0])
    assert len(expected) == 50
    assert set(mdcspc_agreeing("mdc_2024", which)) == set(expected)


@needs_golden
def test_the_choice_of_preset_matters() -> None:
    # the README of golden: "with the NHSRplotthedots rule set about half agree"
    assert 15 <= len(mdcspc_agreeing("nhsr_0_2", MDCSPC_SETS[0])) <= 35


# Worked by hand


def test_limits_by_hand() -> None:
    # moving ranges 2, 1, 2, 1; mean 1.5; 2.66 x 1.5 = 3.99; mean (4+6+5+7+6) / 5 = 5.6
    chart = xmr([4, 6, 5, 7, 6])
    assert [point.moving_range for point in chart.points] == [None, 2, 1, 2, 1]
    assert (chart.mean, chart.lower, chart.upper) == pytest.approx((5.6, 1.61, 9.59), rel=1e-12)
    assert chart.baseline == 5


def test_screening_leaves_out_extreme_moving_ranges_by_hand() -> None:
    # ranges: 18 of 1 and two of 20: mean 58/20 = 2.9, cut 9.4743; kept: 18 of 1; mean 1
    values = [0.0, 1.0] * 5 + [21.0] + [1.0, 0.0] * 5
    mean = (5 + 21 + 5) / 21
    screened, unscreened = xmr(values, preset="nhsr_0_2"), xmr(values, preset="mdc_2024")
    assert screened.upper == pytest.approx(mean + 2.66, rel=1e-12)
    assert unscreened.upper == pytest.approx(mean + 2.66 * 2.9, rel=1e-12)


@pytest.mark.parametrize("ends", [(0.0, 0.8, 0.733, -2.534), (2.3, 3.1, 3.033, -0.234)])
def test_a_moving_range_on_the_cut_is_left_out(ends: tuple[float, ...]) -> None:
    # ranges: ten of 0.8, 0.733 and 3.267, mean 1, so the last is on the cut, wherever the series
    # starts (in floating point it falls just under it from 2.3); kept: 8.733 in 11
    low, high, *last = ends
    values = [*([low, high] * 5), low, *last]
    chart = xmr(values, preset="nhsr_0_2")
    assert chart.upper - chart.mean == pytest.approx(2.66 * 8.733 / 11, rel=1e-9)


@pytest.mark.parametrize(("preset", "length"), [("mdc_2024", 6), ("nhsr_0_2", 7)])
def test_a_shift_and_a_trend_need_so_many_points(preset: str, length: int) -> None:
    quiet: list[float | None] = [10, -10] * 10
    for run, signal in (([1.0, 2.0] * 4, "shift"), ([float(i) for i in range(1, 9)], "trend")):
        for points, marked in ((length, True), (length - 1, False)):
            chart = xmr([*quiet, None, *run[:points]], preset=preset, baseline=20)
            assert labels(chart)[21:] == [(signal, "high") if marked else ("", "")] * points


def test_a_tie_breaks_a_trend() -> None:
    quiet: list[float | None] = [10, -10] * 10
    tied = [-4.0, -3.0, -2.0, -2.0, 1.0, 2.0, 3.0]
    for preset in presets():
        chart = xmr([*quiet, None, *tied], preset=preset, baseline=20)
        assert "trend" not in {point.signal for point in chart.points}


def test_a_point_on_the_limit_is_inside_it() -> None:
    # mean 0, mean range 20, so the limits are 53.2 exactly on paper: 2.66 x 20
    quiet: list[float | None] = [10, -10] * 10
    on, above = (xmr([*quiet, value], baseline=20) for value in (53.2, 53.2001))
    assert labels(on)[-1] == ("", "")
    assert labels(above)[-1] == ("outside limits", "high")


def test_a_point_at_two_sigma_counts_for_mdc_only() -> None:
    # mean range 15, so two sigma is 2.66 x 15 x 2 / 3 = 26.6
    quiet: list[float | None] = [7.5, -7.5] * 10
    series = [*quiet, None, 26.6, 26.6]
    third = [*series, 1.0]
    assert labels(xmr(third, baseline=20))[-3:-1] == [("two of three", "high")] * 2
    assert labels(xmr(third, baseline=20, preset="nhsr_0_2"))[-3:-1] == [("", "")] * 2
    assert labels(xmr(series, baseline=20))[-2:] == [("", "")] * 2  # two are not three


def test_rounding_does_not_make_a_signal() -> None:
    # 0.1 + 0.2 is 0.30000000000000004: on paper the series is constant
    chart = xmr([0.3, 0.1 + 0.2] * 10, preset="nhsr_0_2")
    assert set(labels(chart)) == {("", "")}


def test_a_missing_value_takes_both_its_moving_ranges() -> None:
    for gap in (None, float("nan")):
        chart = xmr([4, 6, gap, 7, 6])
        assert chart.points[2] == Point(None, None, "", "")
        assert [point.moving_range for point in chart.points] == [None, 2, None, None, 1]
        assert (chart.mean, chart.baseline) == (5.75, 4)


# What cannot be charted


@pytest.mark.parametrize("values", [[], [1.0], [1.0, None], [1.0, None, 2.0], [1.0, float("inf")]])
def test_a_series_without_limits_is_refused_with_a_repair(values: list[float | None]) -> None:
    with pytest.raises(UnsupportedError) as refused:
        xmr(values)
    assert refused.value.repair


@pytest.mark.parametrize("baseline", [-1, 0, 1, 6])
def test_a_baseline_that_does_not_fit_is_refused(baseline: int) -> None:
    with pytest.raises(RequestError, match="does not fit a series of 5"):
        xmr([4, 6, 5, 7, 6], baseline=baseline)


def test_a_baseline_of_the_whole_series_is_the_same_as_none() -> None:
    assert xmr([4, 6, 5, 7, 6], baseline=5) == xmr([4, 6, 5, 7, 6])


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(RequestError, match="mdc_2024, nhsr_0_2"):
        xmr([4, 6, 5], preset="mdc")


# Presets and words


def test_each_preset_says_whose_rules_it_has() -> None:
    assert {name: preset.name for name, preset in presets().items()} == {
        "mdc_2024": "mdc_2024",
        "nhsr_0_2": "nhsr_0_2",
    }
    assert all(preset.title and preset.source for preset in presets().values())


LAST = {
    "outside limits": ([60.0], "it is above the upper limit"),
    "trend": ([-1.0 * i for i in range(6)], "it is in a run of 6 or more points that fall"),
    "two of three": (
        [1.0, 40.0, 41.0],
        "it is one of two in three points close to or beyond the upper limit",
    ),
    "shift": ([-1.0, -2.0] * 3, "it is in a run of 6 or more points below the mean"),
}


@pytest.mark.parametrize("signal", LAST)
def test_the_sentence_names_the_rule(signal: str) -> None:
    values, phrase = LAST[signal]
    chart = xmr([10.0, -10.0] * 10 + [None, *values], baseline=20)
    assert chart.points[-1].signal == signal
    assert chart.says == (
        f"The latest of {20 + len(values)} points is special cause variation: {phrase}"
        " (Making Data Count 2024 rules)."
    )


def test_the_sentence_for_a_common_cause_and_a_missing_value() -> None:
    series: list[float | None] = [10, -10] * 6
    assert xmr(series, preset="nhsr_0_2").says == (
        "The latest of 12 points is common cause variation (NHSRplotthedots 0.2 rules)."
    )
    assert xmr([*series, None]).says == (
        "The latest period has no value to judge; 12 points came before it"
        " (Making Data Count 2024 rules)."
    )


@pytest.mark.parametrize(("points", "rough"), [(11, True), (12, False)])
def test_the_sentence_warns_of_rough_limits_under_twelve_points(points: int, rough: bool) -> None:
    series = ([10.0, -10.0] * 10)[:20]
    assert ("limits are rough" in xmr(series, baseline=points).says) is rough
    assert ("limits are rough" in xmr(series[:points]).says) is rough
