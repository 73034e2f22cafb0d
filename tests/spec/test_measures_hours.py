"""§36, §38: where the hours go, and what share of them was care, worked by hand."""

import pytest
from tests.spec.tables import at, worked_out
from tests.spec.test_measures import PLACES, complete_from, expect, left_out, marked, store_of

from wholeflow.core.errors import WholeflowError
from wholeflow.journeys import journeys
from wholeflow.measures import definitions, measure
from wholeflow.measures.definition import parse_definition

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

# The worked example of the Health Foundation's Flow Cost Quality programme: Gerard was in hospital
# for 8 days (192 hours), of which 18 % (34.56 hours: 34 h 33 min 36 s) was of value to him.
GERARD = """
    person | at                  | kind     | place
    Gerard | 2024-07-01 09:00    | arrived  | ED
    Gerard | 2024-07-01 11:00    | started  | ED
    Gerard | 2024-07-01 13:00    | ready    | ED
    Gerard | 2024-07-01 18:00    | left     | ED
    Gerard | 2024-07-01 18:00    | arrived  | Ward
    Gerard | 2024-07-02 08:00    | started  | Ward
    Gerard | 2024-07-03 16:33:36 | ready    | Ward
    Gerard | 2024-07-09 09:00    | left     | Ward
"""


def test_s38_an_eight_day_timeline_with_eighteen_per_cent_of_value_gives_018():
    result = measure(worked_out(GERARD, PLACES), "hours")
    # waiting 2 + 14, care 2 + 32.56, delay 5 + 136.44
    expect(
        result,
        """
        people | waiting_hours | care_hours | delay_hours | care_share | care_share_most
        1      | 16            | 34.56      | 141.44      | 0.18       | 0.18
        """,
    )
    assert "8.0 days of 1 people: waiting 8.3%, care 18.0%, delay 73.7%" in result.says
    assert "at least 18.0% and at most 18.0%" in result.says


def test_s38_what_goes_on_at_the_same_time_is_counted_once():
    lists = """
        Gerard | 2024-07-02 10:00    | referred | Social work
        Gerard | 2024-07-02 12:00    | started  | Social work
        Gerard | 2024-07-03 12:00    | ready    | Social work
        Gerard | 2024-07-05 12:00    | left     | Social work
        Gerard | 2024-07-02 09:00    | referred | Home care
        Gerard | 2024-07-02 10:00    | started  | Home care
        Gerard | 2024-07-09 09:00    | left     | Home care
    """
    result = measure(worked_out(GERARD.rstrip() + lists, PLACES), "hours")
    expect(result, "total_hours | care_hours | care_share\n192 | 34.56 | 0.18")


def test_s38_waiting_by_reason_owner_and_step_adds_to_all_waiting():
    events = """
        person | at               | kind     | place       | reason     | waits_for
        Ann    | 2024-07-01 09:00 | arrived  | ED          | fall       | cubicle
        Ann    | 2024-07-01 12:00 | started  | ED          |            |
        Ann    | 2024-07-01 13:00 | ready    | ED          |            |
        Ann    | 2024-07-01 14:00 | left     | ED          |            |
        Ann    | 2024-07-01 14:00 | referred | Social work | assessment |
        Ann    | 2024-07-01 18:00 | started  | Social work |            |
        Ann    | 2024-07-01 19:00 | left     | Social work |            |
        Ben    | 2024-07-01 10:00 | arrived  | ED          |            |
        Ben    | 2024-07-01 10:30 | started  | ED          |            |
        Ben    | 2024-07-01 11:00 | ready    | ED          |            |
        Ben    | 2024-07-01 11:00 | left     | ED          |            |
    """
    view = worked_out(events, PLACES)
    expect(measure(view, "hours"), "people | waiting_hours | total_hours\n2 | 7.5 | 11")
    expect(
        measure(view, "hours", ["reason"]),
        """
        reason       | people | waiting_hours | care_hours | unsplit_hours
        assessment   | 1      | 4             | 0          | 1
        fall         | 1      | 3             | 1          | 0
        not recorded | 1      | 0.5           | 0.5        | 0
        """,
    )
    expect(
        measure(view, "hours", ["organisation"]),
        "organisation | waiting_hours\nCouncil | 4\nTrust | 3.5",
    )
    expect(
        measure(view, "hours", ["place", "waits_for"]),
        """
        place       | waits_for    | waiting_hours
        ED          | cubicle      | 3
        ED          | not recorded | 0.5
        Social work | not recorded | 4
        """,
    )
    expect(
        measure(view, "hours", ["hour_of_day"]),
        """
        hour_of_day | waiting_hours
        09          | 1
        10          | 1.5
        11          | 1
        12          | 0
        13          | 0
        14          | 1
        15          | 1
        16          | 1
        17          | 1
        18          | 0
        """,
    )


def test_s38_an_hour_counts_where_it_passed_and_one_that_clocks_show_twice_counts_twice():
    # 23:00 in summer time to 03:00 in winter time are five hours
    events = """
        person | at               | kind    | place
        Ann    | 2024-10-26 23:00 | arrived | Ward
        Ann    | 2024-10-26 23:00 | started | Ward
        Ann    | 2024-10-27 03:00 | ready   | Ward
        Ann    | 2024-11-01 06:00 | left    | Ward
    """
    view = worked_out(events, PLACES)
    months = measure(view, "hours", ["month"])
    # delay: 21 hours of 27 October, four whole days, 6 hours of 1 November
    expect(
        months,
        """
        month   | care_hours | delay_hours | is_complete
        2024-10 | 5          | 117         | no
        2024-11 | 0          | 6           | no
        """,
    )
    assert "care_share_low" not in months.rows.column_names
    hours = {
        row["hour_of_day"]: row for row in measure(view, "hours", ["hour_of_day"]).rows.to_pylist()
    }
    assert {hour: row["care_hours"] for hour, row in hours.items() if row["care_hours"]} == {
        "23": 1, "00": 1, "01": 2, "02": 1,
    }  # fmt: skip
    assert hours["03"]["delay_hours"] == 6
    assert hours["12"]["delay_hours"] == 5


def test_s38_care_lies_between_what_was_recorded_and_all_that_nobody_told():
    events = """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | Ward
        Ann    | 2024-07-01 19:00 | left     | Ward
        Ann    | 2024-07-02 05:00 | arrived  | ED
        Ann    | 2024-07-02 10:00 | started  | ED
        Ann    | 2024-07-02 20:00 | ready    | ED
        Ann    | 2024-07-03 01:00 | left     | ED
    """
    result = measure(worked_out(events, PLACES), "hours")
    # 10 not split, 10 unknown between the two, 5 waiting, 10 care, 5 delay
    expect(
        result,
        """
        total_hours | unsplit_hours | unknown_hours | care_share | care_share_most
        40          | 10            | 10            | 0.25       | 0.75
        """,
    )
    assert "at least 25.0% and at most 75.0%" in result.says
    assert "nothing is sampled" in result.sure


def test_s38_the_range_is_that_of_a_ratio_over_people():
    # Cochran 6.3: 8 / 40, apart by -1, 0, 1, 0: sqrt(4/3 x 2) / 40 x 3.1824 (t, 3 degrees) = 0.1299
    people = zip(["Ann", "Ben", "Cat", "Dan"], (1, 2, 3, 2), strict=True)
    rows = [
        f"{name} | 2024-07-01 {hour:02d}:00 | {kind} | ED"
        for name, care in people
        for hour, kind in ((9, "arrived"), (9, "started"), (9 + care, "ready"), (19, "left"))
    ]
    view = worked_out("person | at | kind | place\n" + "\n".join(rows), PLACES)
    expect(
        measure(view, "hours"),
        """
        people | care_share | care_share_low | care_share_high
        4      | 0.2        | 0.070077       | 0.329923
        """,
    )


def test_s38_where_all_have_the_same_share_there_is_no_range():
    rows = [
        f"{name} | 2024-07-01 {hour}:00 | {kind} | ED"
        for name in ("Ann", "Ben")
        for hour, kind in (("09", "arrived"), ("09", "ready"), ("19", "left"))
    ]
    view = worked_out("person | at | kind | place\n" + "\n".join(rows), PLACES)
    expect(measure(view, "hours"), "people | care_share | care_share_low\n2 | 0 |")


def test_s38_who_goes_on_counts_so_far_and_an_impossible_order_is_left_out():
    events = """
        person | at               | kind    | place | ref
        Ann    | 2024-07-01 09:00 | arrived | Ward  |
        Ann    | 2024-07-01 10:00 | started | Ward  |
        Ben    | 2024-07-01 09:00 | arrived | Ward  | 1
        Ben    | 2024-07-01 08:00 | left    | Ward  | 1
        Cat    | 2024-07-01 09:00 | ready   | Ward  |
        Dan    | 2024-07-01 09:00 | arrived | ED    |
        Dan    | 2024-07-01 15:00 | left    | ED    |
    """
    result = measure(worked_out(events, PLACES), "hours")
    expect(result, "people | total_hours | waiting_hours | unsplit_hours\n2 | 12 | 1 | 11")
    assert left_out(result) == {
        "stays with an impossible order of times (§11)": 1,
        "stays without a recorded begin": 1,
    }
    assert "1 journeys go on: their hours count so far (§9)." in result.limits


def test_s38_hours_count_from_when_records_are_complete():
    store = store_of(GERARD)
    view = marked(store, complete_from("2024-07-01 12:00"))
    # left out: 2 hours of waiting whole; of the care in ED the second hour remains
    result = measure(view, "hours")
    expect(result, "total_hours | waiting_hours | care_hours\n189 | 14 | 33.56")
    assert left_out(result) == {
        "parts of journeys from before the time that their records are complete from (§28)": 1
    }
    # between the stays the latest mark of any of the journey counts
    away = """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 12:00 | left    | ED
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-03 13:00 | left    | Ward
    """
    view = marked(store_of(away), complete_from("2024-07-02 12:00", place="Ward"))
    expect(measure(view, "hours"), "unsplit_hours | unknown_hours\n4 | 24")


def test_s29_hours_count_under_the_fact_that_held_when_they_began():
    facts = """
        person | fact    | value   | from_at          | to_at
        Gerard | segment | healthy | 2024-01-01 09:00 |
        Gerard | segment | frail   | 2024-07-03 09:00 |
    """
    view = journeys(store_of(GERARD, person_facts=facts))
    # the delay on the ward began on 3 July at 16:33; the care there the day before
    expect(
        measure(view, "hours", ["segment"]),
        """
        segment | total_hours | care_hours | delay_hours
        frail   | 136.44      | 0          | 136.44
        healthy | 55.56       | 34.56      | 5
        """,
    )
    expect(
        measure(view, "hours", ["segment", "month"]),
        "segment | month | total_hours\nfrail | 2024-07 | 136.44\nhealthy | 2024-07 | 55.56",
    )


def test_an_own_measure_of_hours_keeps_places_of_some_settings():
    own = parse_definition(
        'name = "own"\nversion = "1"\ntitle = "Own"\nunit = "hours"\nrules = ["§36"]\n'
        'meaning = "My own."\ntable = "stretches"\nfamily = "hours"\nsettings = ["ward"]\n',
        "own.toml",
    )
    expect(measure(worked_out(GERARD, PLACES), own), "total_hours | waiting_hours\n183 | 14")


def test_s5_on_shifted_clocks_hours_are_told_and_their_calendar_is_not():
    view = worked_out(GERARD, PLACES, clock="shifted_per_person")
    expect(measure(view, "hours", ["place"]), "place | total_hours\nED | 9\nWard | 183")
    with pytest.raises(WholeflowError, match="dates were moved for each person"):
        measure(view, "hours", ["month"])


def test_the_chart_of_hours_follows_the_share_of_care():
    rows = [
        f"p{week} | 2024-07-{day:02d} {clock} | {kind} | ED"
        for week, first in enumerate((1, 8, 15, 22))
        for day, clock, kind in (
            (first, "00:00", "arrived"),
            (first, "00:00", "started"),
            (first + week, "00:00", "ready"),
            (first + 6, "23:00", "left"),
        )
    ]
    view = worked_out("person | at | kind | place\n" + "\n".join(rows), PLACES)
    (series,) = measure(view, "hours", ["week"]).over_time
    assert series.figure == "care_share"
    assert series.measured_in == "share"
    (part,) = series.parts
    assert part.values == pytest.approx([24 * week / 167 for week in range(4)])
    assert series.says[0] == "The chart follows the share of care in all hours of each week."


def test_hours_have_the_rules_that_they_rest_on():
    assert {"§36", "§38"} <= set(definitions()["hours"].rules)
    assert at("2024-07-09 09:00") - at("2024-07-01 09:00") == 192 * 3_600_000_000
