"""§30: limits come from all figures, and only what somebody signed sets them anew."""

import dataclasses
from datetime import date, timedelta

import pyarrow as pa
import pytest
from tests.spec.tables import KEY, at, log_of, put, worked_out

from wholeflow.core.errors import WholeflowError
from wholeflow.journeys import journeys
from wholeflow.measures import Result, definitions, measure
from wholeflow.measures.judging import judge
from wholeflow.measures.marks import Mark, signed
from wholeflow.measures.spc import presets, rules_in_words
from wholeflow.store import Chunk, FileFacts, load, open_store

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

FIRST = date(2024, 1, 1)  # a Monday
BEFORE, AFTER = [10.0, 12.0] * 6, [20.0, 22.0] * 6
MR = 2.0  # every moving range but that of the change
LIMIT = 2.66 * MR


def week(number):
    return (FIRST + timedelta(weeks=number)).isoformat()


def mark(kind, when, **what):
    return Mark(kind, at(when), "ward manager", "two more porters", **what)


def judged(values, *marks, name="occupancy", place=None, preset="mdc_2024"):
    rows = {"week": [week(n) for n in range(len(values))], "mean": values}
    if place:
        rows["place"] = [place] * len(values)
    by = ["place", "week"] if place else ["week"]
    (one,) = judge(definitions()[name], pa.table(rows), by, marks=marks, preset=preset)
    return one


def limits(part):
    return part.chart.lower, part.chart.mean, part.chart.upper


def test_s30_nothing_splits_without_a_signed_mark():
    one = judged(BEFORE + AFTER)
    assert len(one.parts) == 1
    # 22 ranges of 2 and one of 8: mean range 52 / 23; the mean of all is 16
    assert limits(one.parts[0]) == pytest.approx((16 - 2.66 * 52 / 23, 16, 16 + 2.66 * 52 / 23))
    assert {signal["rule"] for signal in one.signals} >= {"shift"}


def test_s30_a_step_gives_each_side_limits_of_its_own():
    one = judged(BEFORE + AFTER, mark("step", week(12)))
    first, second = one.parts
    assert (first.names[-1], second.names[0]) == (week(11), week(12))
    assert limits(first) == pytest.approx((11 - LIMIT, 11, 11 + LIMIT))
    assert limits(second) == pytest.approx((21 - LIMIT, 21, 21 + LIMIT))
    assert one.signals == []
    assert any("anew since the signed step" in sentence for sentence in one.says)
    assert any("two more porters (signed by: ward manager)" in sentence for sentence in one.says)


def test_s30_a_step_within_a_week_begins_with_the_next():
    one = judged(BEFORE + AFTER, mark("step", "2024-03-20 10:00"))
    assert [part.names[0] for part in one.parts] == [week(0), week(12)]


@pytest.mark.parametrize("kind", ["test", "note", "target", "complete_from", "baseline_end"])
def test_s30_other_marks_split_nothing(kind):
    value = {"value": 15.0} if kind == "target" else {}
    one = judged(BEFORE + AFTER, mark(kind, week(12), **value))
    assert len(one.parts) == 1
    assert [(name, m.kind) for name, m in one.marks] == [(week(12), kind)]


def test_s30_a_baseline_freezes_limits_from_its_own_periods():
    marks = mark("baseline", week(0)), mark("baseline_end", week(12))
    (part,) = judged(BEFORE + AFTER, *marks).parts
    assert limits(part) == pytest.approx((11 - LIMIT, 11, 11 + LIMIT))
    assert part.chart.baseline == 12
    assert all(point.signal for point in part.chart.points[12:])


def test_s30_a_baseline_later_on_begins_a_part():
    marks = mark("baseline", week(12)), mark("baseline_end", week(16))
    first, second = judged(BEFORE + AFTER, *marks).parts
    assert limits(first) == pytest.approx((11 - LIMIT, 11, 11 + LIMIT))
    assert second.chart.baseline == 4


@pytest.mark.parametrize(
    ("concerns", "parts"),
    [
        ({}, 2),
        ({"place": "Ward"}, 2),
        ({"place": "ED"}, 1),
        ({"measure": "occupancy"}, 2),
        ({"measure": "stay"}, 1),
    ],
)
def test_s30_a_mark_concerns_its_place_and_its_measure_only(concerns, parts):
    one = judged(BEFORE + AFTER, mark("step", week(12), **concerns), place="Ward")
    assert len(one.parts) == parts
    assert one.group == {"place": "Ward"}


def test_s30_a_mark_of_a_place_does_not_split_the_whole():
    assert len(judged(BEFORE + AFTER, mark("step", week(12), place="Ward")).parts) == 1


def test_s30_a_part_with_too_few_figures_has_no_limits_and_says_so():
    one = judged([*BEFORE, 20.0], mark("step", week(12)))
    assert one.parts[1].chart is None
    assert any("too few figures side by side for limits" in sentence for sentence in one.says)


# By hand: mean 11, limits 11 - 5.32 and 11 + 5.32.
@pytest.mark.parametrize(
    ("target", "improves", "words"),
    [
        (17.0, "up", "missed"),
        (17.0, "down", "met"),
        (5.0, "up", "met"),
        (5.0, "down", "missed"),
        (12.0, "up", "chance"),
        (11 + 5.32, "up", "chance"),  # on the limit: within
        (17.0, "", None),
    ],
)
def test_s30_a_target_is_met_missed_or_hit_by_chance(target, improves, words):
    definition = dataclasses.replace(definitions()["occupancy"], improves=improves)
    rows = pa.table({"week": [week(n) for n in range(12)], "mean": BEFORE})
    marks = [mark("target", "2023-06-01", measure="occupancy", value=target)]
    (one,) = judge(definition, rows, ["week"], marks=marks)
    assert [name for name, _ in one.targets] == [week(0)]  # held before the first period
    assert words in one.assurance if words else one.assurance == ""


def test_s30_a_new_target_takes_the_place_of_the_old():
    marks = (
        mark("target", week(0), measure="occupancy", value=15.0),
        mark("target", week(6), measure="occupancy", value=16.0),
    )
    one = judged(BEFORE, *marks)
    assert [(name, m.value) for name, m in one.targets] == [(week(0), 15.0), (week(6), 16.0)]
    assert one.assurance == ""  # more people are neither better nor worse


def test_s30_every_rule_that_fired_is_explained():
    # a point far out, a shift of 6, a rise of 6, two of three near the limit
    one = judged([10, 12] * 8 + [30] + [10, 12] * 4 + [13] * 6 + [10, 12, 14, 16, 18, 20])
    fired = {signal["rule"] for signal in one.signals}
    assert fired == set(one.rules) >= {"outside limits", "shift", "trend"}
    words = " ".join(one.says)
    for rule in fired:
        assert rules_in_words("mdc_2024")[rule] in words
    told = one.as_dict()
    assert told["preset_meaning"] == presets()["mdc_2024"].meaning
    assert told["rules"] == one.rules


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_preset_describes_itself(name):
    preset = presets()[name]
    assert preset.meaning.endswith(".")
    assert str(preset.limit_constant) in preset.meaning
    assert f"{preset.shift_points} points in a row on one side" in preset.meaning
    assert f"{preset.trend_points} that keep rising or falling" in preset.meaning
    assert ("left out" in preset.meaning) == preset.screening
    beyond = preset.two_of_three == "at or beyond two sigma"
    assert ("or beyond it" in preset.meaning) == beyond
    rules = rules_in_words(name)
    assert list(rules) == ["outside limits", "trend", "two of three", "shift"]
    assert rules["shift"].startswith(f"{preset.shift_points} or more")
    assert rules["trend"].startswith(f"{preset.trend_points} or more")
    assert ("beyond it" in rules["two of three"]) == beyond


# Through a store


def arrivals(counts):
    """A person an hour from 09:00 on each Monday, so many in each week."""
    lines = ["person | at | kind | place"]
    for number, count in enumerate(counts):
        lines += [
            f"{number} {n} | {week(number)} {9 + n:02d}:00 | arrived | ED" for n in range(count)
        ]
    return "\n".join(lines)


def test_s30_a_withdrawn_step_splits_no_more_and_a_past_view_keeps_it():
    store = open_store()
    # two weeks that are covered in part stand at either end
    put(store, log_of(arrivals([3, *[4, 6] * 5, *[10, 12] * 5, 3])))

    def sign(when, **how):
        log = signed(mark("step", week(11)), now=at(when), zone="Europe/London", **how)
        load(store, [Chunk(log, FileFacts("marks", "marks"), 1)], key=KEY, keep_ids=True)

    def parts(**view):
        (one,) = measure(journeys(store, **view), "arrivals", ["week"]).over_time
        return [(part.names[0], len(part.names), part.chart.mean) for part in one.parts]

    split = [(week(0), 11, pytest.approx(53 / 11)), (week(11), 10, 11)]
    whole = [(week(0), 21, pytest.approx(163 / 21))]
    assert parts() == whole
    sign("2024-08-01 09:00")
    assert parts() == split
    sign("2024-09-01 09:00", withdrawn=True)
    assert parts() == whole
    # in August the last week is covered whole too: its 3 people make 113 in 11 weeks
    then = [split[0], (week(11), 11, pytest.approx(113 / 11))]
    assert parts(as_of="2024-08-15") == then


# Which preset judges


def ups_and_downs():
    """Three and one arrival by turns for 14 weeks, then six weeks of three; the mean is 2.3."""
    counts = [3, 1] * 7 + [3] * 6
    rows = [
        f"p{week} {number} | {week_day(week, 0)} 09:00 | arrived | ED"
        for week, count in enumerate(counts)
        for number in range(count)
    ]
    rows.append(f"p0 0 | {week_day(19, 6)} 20:00 | left | ED")  # the last week is covered whole
    return worked_out("person | at | kind | place\n" + "\n".join(rows))


def week_day(number, day):
    return (FIRST + timedelta(weeks=number, days=day)).isoformat()


def test_six_points_on_one_side_are_a_shift_by_one_preset_and_not_by_the_other():
    view = ups_and_downs()
    (mdc,) = measure(view, "arrivals", ["week"]).over_time
    (nhsr,) = measure(view, "arrivals", ["week"], rules="nhsr_0_2").over_time
    assert mdc.preset == "mdc_2024"
    assert [one["period"] for one in mdc.signals] == [week(n) for n in range(14, 20)]
    assert {one["rule"] for one in mdc.signals} == {"shift"}
    assert mdc.latest == {"period": week(19), "rule": "shift", "side": "high"}
    assert nhsr.preset == "nhsr_0_2"
    assert nhsr.signals == []
    assert nhsr.latest is None
    assert any("(NHSRplotthedots 0.2 rules)" in sentence for sentence in nhsr.says)
    assert nhsr.as_dict()["preset_title"] == "NHSRplotthedots 0.2"


def test_several_series_are_told_by_where_the_latest_is_unusual_and_by_whose_rules():
    view = ups_and_downs()
    (said,) = measure(view, "arrivals", ["holds", "place", "week"]).says_over_time[:1]
    assert said.startswith("Week of 1 January 2024")  # one series is told whole
    rows = pa.table(
        {
            "place": ["ED"] * 20 + ["Ward"] * 20,
            "week": [week(n) for n in range(20)] * 2,
            "n": [*([3, 1] * 7 + [3] * 6), *([3, 1] * 10)],
        }
    )
    arrivals = definitions()["arrivals"]
    for preset, where in (("mdc_2024", "ED (shift, high)"), ("nhsr_0_2", "none")):
        judged_all = judge(arrivals, rows, ["place", "week"], preset=preset)
        result = Result(arrivals, ("place", "week"), rows, {}, over_time=judged_all)
        title = presets()[preset].title
        assert result.says_over_time == (
            f"2 series, judged by {title} rules. The latest figure is more than chance in: "
            f"{where}.",
        )


def test_an_unknown_preset_is_refused_with_those_that_there_are():
    with pytest.raises(WholeflowError, match=r"no preset called 'spc'\n.*mdc_2024, nhsr_0_2"):
        measure(ups_and_downs(), "arrivals", rules="spc")
