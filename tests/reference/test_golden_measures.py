"""Measures, lengths of stay and targets against the golden cases in ../shared/data/golden.

What of these folders is not compared, and why:

measures/measures_cases.json (worked by hand from the published UK definitions)
- `ed`: twelve hours from arrival and from the decision to admit. A measure is met by no more than
  so many minutes, and 720 minutes miss the first; no milestone is a decision to admit.
- `occupancy`: shares of beds. The measure counts people; capacity is not yet set against them.
- `rtt`, `home_time`, `continuity`: there are no such families of measures yet (clocks that stop and
  start, days at home after an admission, contacts by clinician). Of `end_of_life`, admissions.
- `inpatient`, `readmission`, `handoffs_flow_efficiency`: the file gives a rule and no case. Moves
  follow the rule of the last; our readmissions count 30 days (720 hours), not 0 to 29 dates.

los/los_cases.json (closed forms, scipy)
- `coxian2`, `erlang3`, `coxian2_competing`: laws of lengths of stay are fitted by the twin.

spc (NHSRplotthedots, mdcspc, qicharts2, FunnelPlotR, Montgomery)
- limits and labels of the XmR chart: all of them in test_xmr.py.
- qicharts2: of its 19 charts the two of single values (I) are XmR; the others, anhoej_limits,
  funnel_cases, cusum_ewma and bernoulli_cusum are other charts.

waiting (closed forms, NHSRwaitinglist, NHSRtt)
- `queueing_formulas`: Little's law is compared. Queues, beds, pooling, staffing, capacity and load
  over time are formulas of the twin; measures give no percentiles but the 50th and 90th.
- `nhsrwaitinglist_cases`: the queues of its lists are compared. Targets, relief and pressure are
  formulas for plans; `wl_stats` records oddities of the package, not to be copied (its README).
- `nhsrtt_cases`: percentiles of a list counted by whole months, and its steady state: the records
  here are of people, whose waits need no such interpolation.

evaluation/survival_expected.json (R)
- Kaplan-Meier of both sets. Cox, fitted laws, the restricted mean, cumulative incidence and Fine
  and Gray are of the twin and of evaluation.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import wholeflow as wf
from wholeflow.core.time import HOUR, MINUTE, local, parse_instant
from wholeflow.governance.pseudonyms import Key
from wholeflow.measures import Definition, definitions
from wholeflow.measures.durations import percentiles
from wholeflow.measures.judging import judge
from wholeflow.measures.marks import Mark
from wholeflow.measures.over_time import assurance
from wholeflow.measures.spc import xmr
from wholeflow.measures.survival import first_at_most, product_limit

KEY = Key(b"k" * 32)


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    return shared / "data/golden"


@pytest.fixture(scope="module")
def cases(golden: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((golden / "measures/measures_cases.json").read_text())
    return found


def view(events, places):
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("by-hand", events=events, places=places), key=KEY)
    return wf.journeys(store)


def said(place, *what):
    """Events of people at a place: for each a mapping of kind to time."""
    return [
        {"person": f"p{number}", "place": place, "at": at, "kind": kind}
        for number, one in enumerate(what)
        for kind, at in one.items()
        if at is not None
    ]


# measures


def test_four_hours(cases):
    ed = cases["ed"]
    place = [{"place": "ED", "setting": "ed"}]
    rows = [{"arrived": row["arrival"], "left": row["departure"]} for row in ed["rows"]]
    for row, case in zip(rows, ed["rows"], strict=True):
        found = wf.measure(view(said("ED", row), place), "four_hours").rows.to_pylist()[0]
        assert (found["met"] == 1) == case["within_4h"], case["id"]
        assert found["mean_minutes"] == case["minutes"], case["id"]
    whole = wf.measure(view(said("ED", *rows), place), "four_hours").rows.to_pylist()[0]
    assert 100 * whole["share"] == ed["four_hour_pct"]


def test_ambulance_handover(cases):
    case = cases["handover"]
    start = parse_instant("2024-03-04 10:00")
    rows = [
        {"arrived": start - 30 * MINUTE, "ready": start, "left": start + minutes * MINUTE}
        for minutes in case["minutes"]
    ]
    place = [{"place": "Crew", "setting": "ambulance"}]
    found = wf.measure(view(said("Crew", *rows), place), "handover").rows.to_pylist()[0]
    assert found["n"] - found["met"] == case["over_15"]
    for limit in (30, 45, 60):
        assert found["n"] - found[f"met_within_{limit}"] == case[f"over_{limit}"]
    assert 100 * found["share"] == case["pct_within_15"]
    assert found["mean_minutes"] == pytest.approx(case["mean"], rel=1e-12)
    assert found["hours_over"] == pytest.approx(case["hours_lost_over_15"], rel=1e-12)


def test_occupancy_of_a_day_and_its_midnights(cases):
    case = cases["occupancy"]
    rows = [{"arrived": came, "left": went} for came, went in case["stays"]]
    seen = view(said("Ward", *rows), [{"place": "Ward", "setting": "ward"}])
    by_day = wf.measure(seen, "occupancy", ["place", "day"]).rows.to_pylist()
    days = {row["day"]: row for row in by_day}
    day = days[case["day"]]
    assert day["person_hours"] == case["occupied_bed_hours"]
    assert day["mean"] == pytest.approx(case["mean_occupied"], rel=1e-12)
    assert day["midnight_mean"] == case["counts_at"]["00:00"]
    assert days["2024-02-03"]["midnight_mean"] == case["counts_at"]["24:00"]
    # the midnight count is 75 % of four beds, as the case has it; the mean is less
    assert 100 * day["midnight_mean"] / case["beds_available"] == case["midnight_start_pct"]
    assert 100 * day["mean"] / case["beds_available"] == pytest.approx(case["mean_occupancy_pct"])
    changes = seen.table("census").to_pylist()
    for clock in ("08:00", "12:00"):
        at = parse_instant(f"{case['day']} {clock}")
        assert [c["inside"] for c in changes if c["at"] <= at][-1] == case["counts_at"][clock]


@pytest.mark.parametrize(
    ("days", "at_home"), [(90, lambda case: (90 - case["bed_days_last_90"]) / 90),
                          (182, lambda case: case["pct_last_6_months_at_home"] / 100)]
)  # fmt: skip
def test_the_last_months_of_life_at_home(cases, days, at_home):
    case = cases["end_of_life"]
    stays = [{"arrived": came, "left": went} for came, went, _ in case["admissions"]]
    stays[-1] = {"arrived": stays[-1]["arrived"], "died": case["death"]}
    events = [{**row, "person": "p", "precision": "day"} for row in said("Ward", *stays)]
    events += said("Ward", {"arrived": "2023-01-01", "left": "2023-01-02"})
    seen = view(events, [{"place": "Ward", "setting": "ward"}])
    own = dataclasses.replace(definitions()["home_90"], within_days=days)
    found = wf.measure(seen, own).rows.to_pylist()[0]
    assert found["home_share"] == pytest.approx(at_home(case), rel=1e-12)


def test_the_two_hour_response_is_a_definition_of_ones_own(cases):
    own = Definition(
        name="two_hours", version="1", title="Within two hours", family="within", unit="share",
        meaning="From referral to the first contact.", rules=("§22",), table="stays",
        settings=("community",), begin="referred_at", end="started_at", within_minutes=120,
    )  # fmt: skip
    case = cases["ucr"]
    rows = [{"referred": asked, "started": came} for asked, came in case["rows"]]
    places = [{"place": "UCR", "setting": "community", "holds": "caseload"}]
    found = wf.measure(view(said("UCR", *rows), places), own).rows.to_pylist()[0]
    assert 100 * found["share"] == case["met_pct"]
    assert found["mean_minutes"] == sum(case["minutes"]) / len(case["minutes"])


# los: people who were there when the records began


@pytest.fixture(scope="module")
def census(golden: Path) -> dict[str, float]:
    text = (golden / "los/los_cases.json").read_text()
    found: dict[str, float] = json.loads(text)["census_lognormal"]
    return found


def sample(census, people=40_000):
    """Days stayed, and days stayed before the records begin, of a steady flow of people.

    Only who is still there when the records begin, or comes later, is recorded.
    """
    random = np.random.default_rng(1)
    came = random.uniform(-2000, 100, people)
    stayed = np.exp(census["mu"] + census["sigma"] * random.standard_normal(people))
    recorded = came + stayed > 0
    return stayed[recorded], np.maximum(-came[recorded], 0)


def test_people_found_at_the_begin_of_the_records_stay_longer_than_others(census):
    # more people, for few of them are there at one instant: some 6.7 / 2100 of all
    stayed, before = sample(census, people=1_000_000)
    there = before > 0
    near = {"rel": 0.05}  # 3,000 of them: the standard error of their mean stay is 2 %
    assert stayed[there].mean() == pytest.approx(census["mean_los_of_patients_in_census"], **near)
    assert before[there].mean() == pytest.approx(census["mean_elapsed_in_census"], **near)
    for days in (7, 21):
        share = (before[there] > days).mean()
        assert share == pytest.approx(census[f"prop_census_over_{days}"], abs=0.02)
    assert stayed[~there].mean() == pytest.approx(census["mean_los"], **near)


def test_percentiles_with_delayed_entry_are_those_of_everybody(census):
    stayed, before = sample(census)
    ended = np.ones(len(stayed), bool)
    median = math.exp(census["mu"])
    ninth = math.exp(census["mu"] + 1.2815515655446004 * census["sigma"])
    found = percentiles(stayed, ended, before)
    assert found["p50_low_hours"] <= median <= found["p50_high_hours"]
    assert found["p90_low_hours"] <= ninth <= found["p90_high_hours"]
    curve = product_limit(stayed, ended, before)
    for days in (7, 21):
        longer = curve.share[np.searchsorted(curve.times, days, side="right") - 1]
        assert longer == pytest.approx(census[f"prop_discharges_over_{days}"], abs=0.02)
    # without it they are too long by more than their range
    naive = percentiles(stayed, ended)
    assert naive["p50_low_hours"] > median
    assert naive["p90_low_hours"] > ninth


# Delayed entry against another engine: statsmodels 0.15.0, SurvfuncRight(time, status, entry=).
LASTED = [5, 6, 6, 9, 12, 12, 15, 19, 19, 23, 28, 33, 41, 41, 60]
ENDED = [1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1]
ENTERED = [0, 2, 0, 4, 0, 7, 3, 0, 12, 0, 15, 20, 0, 6, 30]
STATSMODELS = {
    5.0: (0.8888888888888888, 9),
    6.0: (0.7777777777777778, 8),
    9.0: (0.6805555555555556, 8),
    12.0: (0.4861111111111111, 7),
    19.0: (0.32407407407407407, 6),
    28.0: (0.2430555555555556, 4),
    33.0: (0.1822916666666667, 4),
    41.0: (0.12152777777777785, 3),
    60.0: (0.0, 1),
}


def test_delayed_entry_is_that_of_statsmodels():
    arrays = (np.array(LASTED, float), np.array(ENDED, bool), np.array(ENTERED, float))
    curve = product_limit(*arrays)
    assert curve.times.tolist() == list(STATSMODELS)
    shares, at_risk = zip(*STATSMODELS.values(), strict=True)
    assert curve.share.tolist() == pytest.approx(shares, rel=1e-12, abs=1e-15)
    assert curve.at_risk.tolist() == list(at_risk)
    # R's survfit and statsmodels give the first time at which the curve is at most one half
    assert first_at_most(curve.times, curve.share, 0.5) == 12


def test_kaplan_meier_of_the_lung_data_is_that_of_r(golden):
    # R 4.2.2, survival 3.5-3: 228 people with advanced lung cancer.
    expected = json.loads((golden / "evaluation/survival_expected.json").read_text())["lung"]
    with (golden / "evaluation/lung.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    times = np.array([float(row["time"]) for row in rows])
    died = np.array([row["status"] == "2" for row in rows])
    curve = product_limit(times, died)
    at = np.searchsorted(curve.times, expected["times"], side="right") - 1
    assert curve.share[at].tolist() == pytest.approx(expected["surv"], rel=1e-9)
    assert first_at_most(curve.times, curve.share, 0.5) == expected["median"]
    # the log-log range from R's standard errors (Kalbfleisch and Prentice 2002, 1.4)
    for low, high, share, error in zip(
        curve.low[at], curve.high[at], expected["surv"], expected["se"], strict=True
    ):
        spread = math.exp(1.959963984540054 * error / (share * abs(math.log(share))))
        assert (low, high) == pytest.approx((share**spread, share ** (1 / spread)), rel=1e-9)


def test_kaplan_meier_of_the_mgus_data_is_that_of_r(golden):
    # R 4.2.2: progression alone, those who died first taken for censored (hence "naive" there).
    expected = json.loads((golden / "evaluation/survival_expected.json").read_text())["mgus2"]
    with (golden / "evaluation/mgus2_competing.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    times = np.array([float(row["etime"]) for row in rows])
    curve = product_limit(times, np.array([row["ev"] == "1" for row in rows]))
    at = np.searchsorted(curve.times, expected["times"], side="right") - 1
    wanted = expected["naive_one_minus_km_progression"]
    assert (1 - curve.share[at]).tolist() == pytest.approx(wanted, rel=1e-9)


# waiting


def by_clock(place, arrivals, departures):
    """Events at hours of one day, the first who comes the first who goes."""
    start = parse_instant("2024-03-04 00:00")
    people = [
        {"arrived": start + came * HOUR, "left": start + went * HOUR}
        for came, went in zip(arrivals, departures, strict=True)
    ]
    return said(place, *people)


def test_littles_law_of_the_closed_form(golden):
    case = json.loads((golden / "waiting/queueing_formulas.json").read_text())["littles_law"]
    seen = view(by_clock("Ward", case["arrivals"], case["departures"]), [])
    stay = wf.measure(seen, "stay").rows.to_pylist()[0]
    (there,) = wf.measure(seen, "occupancy", ["place"]).rows.to_pylist()
    assert stay["total_hours"] == there["person_hours"] == case["area"]
    assert stay["total_hours"] / stay["n"] == pytest.approx(case["W"], rel=1e-12)
    assert there["hours_observed"] == case["horizon"]
    assert stay["n"] / there["hours_observed"] == pytest.approx(case["lam"], rel=1e-12)
    assert there["mean"] == pytest.approx(case["L"], rel=1e-12)


def test_littles_law_of_the_closed_form_when_people_are_still_there(golden):
    case = json.loads((golden / "waiting/queueing_formulas.json").read_text())["littles_law"]
    events = by_clock("Ward", case["arrivals"], case["departures"])
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("by-hand", events=events), key=KEY)
    seen = wf.journeys(store, as_of="2024-03-04 10:00")
    (there,) = wf.measure(seen, "occupancy", ["place"]).rows.to_pylist()
    assert there["person_hours"] == case["area_to_10"]
    assert there["mean"] == pytest.approx(case["L_to_10"], rel=1e-12)


def test_queues_day_by_day_are_those_of_nhsrwaitinglist(golden):
    lists = json.loads((golden / "waiting/nhsrwaitinglist_cases.json").read_text())
    for case in lists["waiting_lists"]:
        people = [
            {"arrived": came, "left": went}
            for came, went in zip(case["referral"], case["removal"], strict=True)
        ]
        places = [{"place": "List", "setting": "outpatient", "holds": "caseload"}]
        changes = view(said("List", *people), places).table("census").to_pylist()
        at = np.array([row["at"] for row in changes])
        inside = np.array([row["inside"] for row in changes])
        days = [parse_instant(day) for day in case["queue"]["date"]]
        found = inside[np.searchsorted(at, days, side="right") - 1]
        assert found.tolist() == case["queue"]["size"], case["id"]
    assert len(lists["waiting_lists"]) == 4


# spc: targets

VERDICTS = {"consistent_pass": "met", "consistent_fail": "missed", "inconsistent": "by chance"}
BETTER = {"increase": "up", "decrease": "down", "higher": "up", "lower": "down"}


def test_targets_are_judged_as_by_plotthedots(golden):
    cases = json.loads((golden / "spc/plotthedots_cases.json").read_text())["cases"]
    with_target = [case for case in cases if "target" in (case["params"] or {})]
    for case in with_target:
        group = case["expected"]["groups"][-1]
        chart = xmr(case["input"]["value"], preset="nhsr_0_2")
        assert (chart.lower, chart.upper) == pytest.approx((group["lpl"], group["upl"]), rel=1e-9)
        params = case["params"]
        direction = BETTER.get(params["improvement_direction"], "")
        told = assurance(chart, params["target"], direction)
        assert told == VERDICTS.get(case["expected"]["assurance"], ""), case["id"]
    assert len(with_target) == 9


def test_charts_of_single_values_have_the_limits_of_qicharts2(golden):
    cases = json.loads((golden / "spc/qicharts2_cases.json").read_text())["cases"]
    single = [case for case in cases if case["chart"] == "i"]
    for case in single:
        expected, baseline = case["expected"], case["args"].get("freeze")
        chart = xmr(expected["y"], preset="nhsr_0_2", baseline=baseline)
        assert chart.mean == pytest.approx(expected["cl"], rel=1e-9)
        ours = (chart.mean - chart.lower, chart.upper - chart.mean)
        theirs = (expected["cl"] - expected["lcl"], expected["ucl"] - expected["cl"])
        # 2.66 times the mean moving range, as published; qicharts2 takes 3 / 1.128 = 2.6596
        rounded = 2.66 / (3 / 1.128)
        assert ours == pytest.approx([one * rounded for one in theirs], rel=1e-9), case["id"]
    assert len(single) == 2


# The verdict is in the name of each series; of the stepped one the new target, 0.8, is within the
# limits (mean 0.7517, mean moving range 0.0257: 0.68 to 0.82).
ASSURED = {
    "ASSUR_NO_TARGET_HIGH": "",
    "ASSUR_HIT_MISS_HIGH": "chance",
    "ASSUR_PASS_HIGH": "will be met",
    "ASSUR_PASS_LOW": "will be met",
    "ASSUR_STEP_TARGET_HIGH": "chance",
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_signed_targets_are_judged_as_by_mdcspc(golden):
    series = defaultdict(dict)
    for row in read(golden / "spc/mdcspc_assurance_input.csv"):
        series[row["MetricName"]][row["Month"][:7]] = float(row["Value"])
    config = read(golden / "spc/mdcspc_assurance_metric_config.csv")
    directions = {row["MetricName"]: BETTER[row["Direction"]] for row in config}
    targets = defaultdict(list)
    for row in read(golden / "spc/mdcspc_assurance_target_config.csv"):
        at = parse_instant(row["EffectiveFrom"])
        mark = Mark("target", at, "board", "agreed", value=float(row["TargetValue"]))
        targets[row["MetricName"]].append(mark)
    for name, values in series.items():
        rows = pa.table({"month": sorted(values), "share": [values[m] for m in sorted(values)]})
        definition = definitions()["four_hours" if directions[name] == "up" else "returns"]
        (one,) = judge(definition, rows, ["month"], marks=targets[name])
        begins = [local(mark.at).strftime("%Y-%m") for mark in targets[name]]
        assert [month for month, _ in one.targets] == begins
        assert (ASSURED[name] in one.assurance) if ASSURED[name] else one.assurance == "", name
    assert set(series) == set(ASSURED)
