"""Measures against published figures and cases worked by hand."""

import csv
import dataclasses
import json

import numpy as np
import pytest

import wholeflow as wf
from wholeflow.core.time import DAY, HOUR
from wholeflow.core.time import parse_instant as at
from wholeflow.governance.pseudonyms import Key
from wholeflow.measures import definitions
from wholeflow.measures.counts import _rate
from wholeflow.measures.durations import percentiles
from wholeflow.measures.moves import mean_of
from wholeflow.measures.shares import wilson

KEY = Key(b"k" * 32)
ED = [{"place": "ED", "setting": "ed", "organisation": "Trust"}]
WARD = [{"place": "Ward", "setting": "ward", "organisation": "Trust"}]


def view(events, places=(), as_of=None):
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("by-hand", events=events, places=places), key=KEY)
    return wf.journeys(store, as_of=as_of)


def stays(place, spans):
    """Arrivals and departures at one place, a person for each."""
    for number, (came, went) in enumerate(spans):
        one = {"person": f"p{number}", "place": place}
        yield {**one, "at": came, "kind": "arrived"}
        if went:
            yield {**one, "at": went, "kind": "left"}


# The national rules worked by hand: ../shared/data/golden/measures, case `ed`. The last two
# attendances cross the end and the start of summer time.
ATTENDANCES = [
    ("2024-03-04T10:00", "2024-03-04T14:00", True),
    ("2024-03-04T10:00", "2024-03-04T14:01", False),
    ("2024-03-04T09:00", "2024-03-04T21:00", False),
    ("2024-03-04T08:00", "2024-03-05T03:30", False),
    ("2024-03-04T22:00", "2024-03-05T01:15", True),
    ("2024-03-04T11:00", "2024-03-04T12:10", True),
    ("2024-10-27T00:30", "2024-10-27T04:00", False),
    ("2024-03-31T00:15", "2024-03-31T04:45", True),
]


def test_four_hours_by_the_national_rule_over_both_clock_changes():
    for came, went, met in ATTENDANCES:
        row = wf.measure(view(list(stays("ED", [(came, went)])), ED), "four_hours").rows
        assert row["met"].to_pylist() == [int(met)]
    all_of_them = view(list(stays("ED", [a[:2] for a in ATTENDANCES])), ED)
    assert wf.measure(all_of_them, "four_hours").rows["share"].to_pylist() == [0.5]


def test_occupancy_of_a_day_worked_by_hand():
    # ../shared/data/golden/measures, case `occupancy`: 70 occupied bed hours on 2 February 2024.
    spans = [
        ("2024-02-01T10:00", "2024-02-03T14:00"),
        ("2024-02-01T22:00", "2024-02-02T08:00"),
        ("2024-02-02T06:00", "2024-02-02T20:00"),
        ("2024-01-31T09:00", "2024-02-04T09:00"),
    ]
    result = wf.measure(view(list(stays("Ward", spans)), WARD), "occupancy", ["place", "day"])
    day = next(row for row in result.rows.to_pylist() if row["day"] == "2024-02-02")
    assert day["person_hours"] == 70.0
    assert day["mean"] == pytest.approx(2.9166666666666665, rel=1e-12)
    assert day["peak"] == 4
    assert day["is_complete"]


# Freireich and others 1963, remission of 21 people on 6-mercaptopurine, weeks; negative: censored.
REMISSION = [
    6,
    6,
    6,
    -6,
    7,
    -9,
    10,
    -10,
    -11,
    13,
    16,
    -17,
    -19,
    -20,
    22,
    23,
    -25,
    -32,
    -32,
    -34,
    -35,
]


def test_median_with_censoring_is_kaplan_meiers():
    # Published: median 23 weeks, log-log 95 % range from 13 to not reached (SAS PROC LIFETEST).
    times = np.array(REMISSION, dtype=float)
    found = percentiles(np.abs(times), times > 0)
    assert (found["p50_hours"], found["p50_low_hours"], found["p50_high_hours"]) == (23, 13, None)
    assert found["p90_hours"] is None


def test_median_of_the_lung_data_is_that_of_r_survival(shared):
    expected = json.loads((shared / "data/golden/evaluation/survival_expected.json").read_text())
    with (shared / "data/golden/evaluation/lung.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    times = np.array([float(row["time"]) for row in rows])
    died = np.array([row["status"] == "2" for row in rows])
    assert percentiles(times, died)["p50_hours"] == expected["lung"]["median"]


def test_percentiles_without_censoring_are_those_of_percentile_cont():
    # 1..10: PERCENTILE_CONT(0.5) = 5.5 and (0.9) = 9.1 by the SQL standard's interpolation.
    found = percentiles(np.arange(1.0, 11.0), np.ones(10, bool))
    assert found["p50_hours"] == 5.5
    assert found["p90_hours"] == pytest.approx(9.1)


@pytest.mark.parametrize(
    ("met", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_range_of_a_share_is_wilsons(met, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17: 857-872, table I, method 3.
    assert wilson(met, n) == pytest.approx((low, high), abs=5e-5)


def spell(person, came, went, kind="left"):
    one = {"person": person, "place": "Ward"}
    return [{**one, "at": came, "kind": "arrived"}, {**one, "at": went, "kind": kind}]


def test_returns_follow_the_rule_at_its_edges():
    events = [
        # back after exactly 30 days: counts
        *spell("a", "2024-01-01 10:00", "2024-01-03 10:00"),
        *spell("a", "2024-02-02 10:00", "2024-02-03 10:00"),
        # back after 30 days and a minute: does not
        *spell("b", "2024-01-01 10:00", "2024-01-03 10:00"),
        *spell("b", "2024-02-02 10:01", "2024-02-03 10:00"),
        # died: not at risk
        *spell("c", "2024-01-01 10:00", "2024-01-03 10:00", "died"),
        # one time in hospital in two touching stays, then never back
        *spell("d", "2024-01-01 10:00", "2024-01-03 10:00"),
        *spell("d", "2024-01-03 10:00", "2024-01-05 10:00"),
        # left too near the end of the records to know
        *spell("e", "2024-06-01 10:00", "2024-06-10 10:00"),
    ]
    result = wf.measure(view(events, WARD), "readmissions")
    row = result.rows.to_pylist()[0]
    # at risk: a twice, b twice, d once
    assert (row["n"], row["met"]) == (5, 1)
    assert sum(result.left_out.values()) == 1


def test_people_still_waiting_lengthen_the_wait():
    events = [
        *stays("Ward", [("2024-01-01 10:00", "2024-01-01 12:00"), ("2024-01-01 10:00", None)]),
        {"person": "z", "place": "Ward", "at": "2024-01-09 10:00", "kind": "arrived"},
        {"person": "z", "place": "Ward", "at": "2024-01-09 11:00", "kind": "left"},
    ]
    row = wf.measure(view(events, WARD), "stay").rows.to_pylist()[0]
    assert (row["n"], row["ended"], row["open"]) == (3, 2, 1)
    # of 1, 2 and at least 193 hours, half had ended by hour 2
    assert row["p50_hours"] == 2.0
    assert row["p90_hours"] is None
    assert row["total_hours"] == pytest.approx(1 + 2 + 193)


def test_a_wait_that_nobody_started_is_left_out_and_counted():
    events = [
        {"person": "a", "place": "ED", "at": "2024-01-01 10:00", "kind": "arrived"},
        {"person": "a", "place": "ED", "at": "2024-01-01 10:30", "kind": "started"},
        {"person": "a", "place": "ED", "at": "2024-01-01 12:00", "kind": "left"},
        {"person": "b", "place": "ED", "at": "2024-01-01 10:00", "kind": "arrived"},
        {"person": "b", "place": "ED", "at": "2024-01-01 12:00", "kind": "left"},
    ]
    result = wf.measure(view(events, ED), "wait")
    assert result.rows["n"].to_pylist() == [1]
    assert sum(result.left_out.values()) == 1


def test_arrivals_fall_in_local_weeks_months_and_financial_years():
    came = ["2024-03-31 00:30", "2024-03-31 23:30", "2024-04-01 00:30", "2024-04-07 23:59"]
    seen = view([{"person": c, "place": "ED", "at": c, "kind": "arrived"} for c in came], ED)

    def by(unit):
        rows = wf.measure(seen, "arrivals", [unit]).rows.to_pylist()
        return {row[unit]: row["n"] for row in rows}

    assert by("week") == {"2024-03-25": 2, "2024-04-01": 2}
    assert by("month") == {"2024-03": 2, "2024-04": 2}
    assert by("financial_year") == {"2023/24": 2, "2024/25": 2}


def test_a_definition_of_ones_own_is_measured_as_the_shipped_ones(tmp_path):
    shorter = dataclasses.replace(definitions()["readmissions"], within_days=10)
    events = [
        *spell("a", "2024-01-01 10:00", "2024-01-03 10:00"),
        *spell("a", "2024-02-02 10:00", "2024-02-03 10:00"),
        *spell("b", "2024-06-02 10:00", "2024-06-03 10:00"),
    ]
    row = wf.measure(view(events, WARD), shorter).rows.to_pylist()[0]
    assert (row["n"], row["met"]) == (2, 0)


def test_a_missing_figure_is_no_nought():
    month = {"from_at": "2024-04-01", "to_at": "2024-05-01"}
    rows = [
        {"name": "attendances", "organisation": "A", "value": 1000, **month},
        {"name": "attendances", "organisation": "B", "value": 100, **month},
        {"name": "attendances over four hours", "organisation": "B", "value": 40, **month},
    ]
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("returns", counts=rows), key=KEY)
    result = wf.measure(store, "four_hours")
    assert result.rows["n"].to_pylist() == [100]
    assert result.rows["met"].to_pylist() == [60]
    assert sum(result.left_out.values()) == 1


def test_what_is_published_whole_and_in_parts_counts_once():
    month = {"from_at": "2024-04-01", "to_at": "2024-05-01", "organisation": "A"}
    rows = []
    for part, total, over in ((None, 100, 20), ("type 1", 60, 15), ("type 3", 40, 5)):
        rows.append({"name": "attendances", "by": part, "value": total, **month})
        rows.append({"name": "attendances over four hours", "by": part, "value": over, **month})
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("returns", counts=rows), key=KEY)
    assert wf.measure(store, "four_hours").rows["n"].to_pylist() == [100]
    by_type = wf.measure(store, "four_hours", ["breakdown"]).rows.to_pylist()
    assert {row["breakdown"]: row["met"] for row in by_type}["type 1"] == 45


def test_a_referral_is_no_readmission_until_the_person_comes():
    events = [
        *spell("a", "2024-01-01 10:00", "2024-01-03 10:00"),
        {"person": "a", "place": "List", "at": "2024-01-10 10:00", "kind": "referred"},
        {"person": "a", "place": "List", "at": "2024-06-10 10:00", "kind": "arrived"},
        {"person": "a", "place": "List", "at": "2024-06-12 10:00", "kind": "left"},
        *spell("z", "2024-12-01 10:00", "2024-12-03 10:00"),
    ]
    places = [*WARD, {"place": "List", "setting": "hospital", "holds": "caseload"}]
    row = wf.measure(view(events, places), "readmissions").rows.to_pylist()[0]
    assert (row["n"], row["met"]) == (2, 0)


def test_simulated_runs_do_not_enter_what_was_observed():
    events = list(stays("Ward", [("2024-01-01 10:00", "2024-01-02 10:00")]))
    seen = view([*events, *({**event, "run": 1} for event in events)], WARD)
    assert wf.measure(seen, "arrivals").rows["n"].to_pylist() == [1]
    assert wf.measure(seen, "occupancy", ["place"]).rows["peak"].to_pylist() == [1]


def test_observation_ends_with_the_last_event_of_anybody():
    events = [
        *stays("Ward", [("2024-07-01 10:00", None)]),
        {"person": "b", "place": "Surgery", "at": "2024-07-10 10:00", "kind": "contact"},
    ]
    row = wf.measure(view(events, WARD), "stay").rows.to_pylist()[0]
    assert row["total_hours"] == 9 * 24


def test_a_withdrawn_request_is_cut_short_and_not_open():
    events = [
        {"person": "a", "place": "Ward", "at": "2024-07-01 10:00", "kind": "arrived"},
        {"person": "a", "place": "Care", "at": "2024-07-02 10:00", "kind": "referred"},
        {"person": "a", "place": "Care", "at": "2024-07-04 10:00", "kind": "declined"},
        {"person": "a", "place": "Ward", "at": "2024-07-09 10:00", "kind": "left"},
    ]
    places = [*WARD, {"place": "Care", "setting": "home_care", "holds": "caseload"}]
    row = wf.measure(view(events, places), "handoff_wait").rows.to_pylist()[0]
    assert (row["n"], row["ended"], row["open"], row["cut_short"]) == (1, 0, 0, 1)


# Silvester and others 2014 (Acute Medicine 13: 3-9): people come to the emergency department in the
# day, and most reach a ward when few work there. Planted here: 60 % come from 08:00 to 18:00, and
# two thirds reach the ward outside these hours.
PLANTED = [
    *((8 + n % 8, 17) for n in range(10)),
    *((10 + n, 19) for n in range(8)),
    *((19 + n % 4, 23 + n % 4) for n in range(12)),
]
"""For each person of a day the hour of coming, and of reaching the ward (24 and over: at night)."""


def test_a_planted_pattern_of_hours_is_recovered():
    events, day = [], at("2024-07-01 00:00")
    for week in range(8):
        for number, (came, moved) in enumerate(PLANTED):
            person = f"{week} {number}"
            midnight = day + week * 7 * DAY
            for place, hour, kind in (
                ("ED", came, "arrived"), ("ED", moved, "left"),
                ("Ward", moved, "arrived"), ("Ward", moved + 6, "left"),
            ):  # fmt: skip
                when = midnight + hour * HOUR
                events.append({"person": person, "place": place, "at": when, "kind": kind})
    seen = view(events, [*ED, *WARD])
    rows = wf.measure(seen, "arrivals", ["place", "hour_of_day"]).rows.to_pylist()

    def share(place, hours):
        own = [row for row in rows if row["place"] == place]
        return sum(r["n"] for r in own if int(r["hour_of_day"]) in hours) / sum(r["n"] for r in own)

    assert share("ED", range(8, 18)) == pytest.approx(0.6)
    assert 1 - share("Ward", range(8, 18)) == pytest.approx(2 / 3)


def test_midnight_misses_the_peak_of_the_day():
    # A day unit: ten people from 08:00 to 18:00 on each of seven days, nobody at night.
    spans = [
        (f"2024-07-{day:02d}T08:00", f"2024-07-{day:02d}T18:00")
        for day in range(1, 8)
        for _ in range(10)
    ]
    seen = view(list(stays("Ward", spans)), WARD)
    row = wf.measure(seen, "occupancy", ["place"]).rows.to_pylist()[0]
    assert (row["midnight_mean"], row["peak"]) == (0, 10)
    assert row["peak_at"] == "2024-07-01T08:00:00+01:00"
    by_hour = wf.measure(seen, "occupancy", ["place", "hour_of_day"]).rows.to_pylist()
    assert {r["hour_of_day"]: r["mean"] for r in by_hour} == {
        f"{hour:02d}": 10.0 if 8 <= hour < 18 else 0.0 for hour in range(24)
    }


@pytest.mark.parametrize(
    ("n", "low", "high"), [(0, 0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.39)]
)
def test_range_of_a_count_is_garwoods(n, low, high):
    # Ulm 1990, American Journal of Epidemiology 131: 373-375.
    found = _rate(n, 1.0)
    assert (found["per_hour_low"], found["per_hour_high"]) == pytest.approx((low, high), abs=6e-4)


def test_range_of_a_mean_is_students():
    # Student 1908, additional hours of sleep by drug 2 less drug 1 in tenths: mean 15.8, and by R's
    # t.test 7.00 to 24.60.
    hours = [12, 24, 13, 13, 0, 10, 18, 8, 46, 14]
    found = mean_of(len(hours), sum(hours), sum(hour * hour for hour in hours))
    assert found == pytest.approx((15.8, 7.00, 24.60), abs=5e-3)
