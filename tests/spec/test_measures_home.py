"""§39: days at home before death, and before now, worked by hand."""

import pytest
from tests.spec.tables import worked_out
from tests.spec.test_measures import complete_from, expect, left_out, marked, store_of

from wholeflow.core.errors import WholeflowError
from wholeflow.journeys import journeys
from wholeflow.measures import measure
from wholeflow.measures.definition import parse_definition

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

PLACES = """
    place       | holds    | setting   | organisation
    ED          | body     | ed        | Trust
    Ward        | body     | ward      | Trust
    Spell       | caseload | hospital  | Trust
    Care home   | body     | care_home | Oak
    Home care   | caseload | home_care | Sunrise
"""

FIRST = """
    person | at               | kind    | place
    Old    | 2024-01-01 00:00 | arrived | Ward
    Old    | 2024-01-02 00:00 | left    | Ward
"""
"""Somebody who shows that records of the ward reach back to 1 January."""

LAST = """
    Ann    | 2024-06-01 00:00 | arrived | Care home
    Ann    | 2024-06-10 00:00 | left    | Care home
    Ann    | 2024-06-20 06:00 | arrived | ED
    Ann    | 2024-06-20 18:00 | left    | ED
    Ann    | 2024-06-20 18:00 | arrived | Ward
    Ann    | 2024-06-23 06:00 | left    | Ward
    Ann    | 2024-07-30 12:00 | arrived | Ward
    Ann    | 2024-08-01 12:00 | died    | Ward
"""
"""Three days in June and two at the end: 85 of 90 days at home; a care home is home."""


def test_s39_days_in_hospital_before_death_are_not_at_home():
    result = measure(worked_out(FIRST.rstrip() + LAST, PLACES), "home_90")
    expect(
        result,
        """
        n | mean | mean_low | home_days | days | home_share
        1 | 85   |          | 85        | 90   | 0.944444
        """,
    )
    assert result.says.startswith(
        "Days at home in the last 90 days of life: 85.0 of 90 days on average, 94.4% (1 people)."
    )
    assert any("1 of these 1 deaths were there" in limit for limit in result.limits)
    assert any("1 January 2024, 00:00" in limit for limit in result.limits)
    assert "95 %" in result.sure


def test_s39_a_stay_that_begins_before_the_window_counts_from_its_begin_and_none_counts_twice():
    # Ben came 100 days before he died and left after 20; his spell tells of two days more
    events = """
        Ben    | 2024-04-02 12:00 | arrived | Spell
        Ben    | 2024-04-02 12:00 | arrived | Ward
        Ben    | 2024-04-22 12:00 | left    | Ward
        Ben    | 2024-04-24 12:00 | left    | Spell
        Ben    | 2024-05-01 09:00 | referred | Home care
        Ben    | 2024-07-11 12:00 | died    |
    """
    result = measure(worked_out(FIRST.rstrip() + events, PLACES), "home_90")
    expect(result, "n | mean\n1 | 78")
    assert any("0 of these 1 deaths were there" in limit for limit in result.limits)


def test_s39_leave_from_a_ward_that_keeps_the_place_is_at_home():
    # twenty days on a mental health ward, ten of them on leave (§40)
    places = PLACES + "    Willow      | body     | mental_health | Trust\n"
    events = """
        Old    | 2024-01-03 00:00 | arrived | Willow
        Old    | 2024-01-04 00:00 | left    | Willow
        Ben    | 2024-06-01 00:00 | arrived | Willow
        Ben    | 2024-06-06 00:00 | away    | Willow
        Ben    | 2024-06-16 00:00 | back    | Willow
        Ben    | 2024-06-21 00:00 | left    | Willow
        Ben    | 2024-07-11 12:00 | died    |
    """
    expect(measure(worked_out(FIRST.rstrip() + events, places), "home_90"), "n | mean\n1 | 80")


def test_s39_a_death_later_than_it_can_have_been_is_left_out_and_counted():
    events = """
        Ben    | 2099-07-11 12:00 | died    |
    """
    result = measure(worked_out(FIRST.rstrip() + LAST.rstrip() + events, PLACES), "home_90")
    expect(result, "n | mean\n1 | 85")
    assert left_out(result) == {"whose death is recorded later than it can have been (§9)": 1}


def test_s39_a_request_for_a_bed_is_no_day_in_hospital():
    events = """
        Ben    | 2024-05-01 12:00 | referred | Spell
        Ben    | 2024-06-30 12:00 | arrived  | Spell
        Ben    | 2024-07-01 12:00 | left     | Spell
        Ben    | 2024-07-11 12:00 | died     |
    """
    result = measure(worked_out(FIRST.rstrip() + events, PLACES), "home_90")
    expect(result, "n | mean\n1 | 89")


def test_s39_the_mean_has_its_range_and_is_told_by_where_and_when_people_died():
    events = (
        LAST.rstrip()
        + """
    Ben    | 2024-07-01 12:00 | arrived | Ward
    Ben    | 2024-07-04 12:00 | left    | Ward
    Ben    | 2024-07-11 12:00 | died    |
    """
    )
    view = worked_out(FIRST.rstrip() + events, PLACES)
    # 85 and 87: standard error 1, t with one degree of freedom 12.706
    expect(
        measure(view, "home_90"),
        "n | mean | mean_low | mean_high | home_share\n2 | 86 | 73.293795 | 90 | 0.955556",
    )
    expect(
        measure(view, "home_90", ["place", "month"]),
        """
        place        | month   | n | mean
        Ward         | 2024-08 | 1 | 85
        not recorded | 2024-07 | 1 | 87
        """,
    )


def test_s39_who_died_before_records_reach_back_far_enough_is_left_out_and_counted():
    events = (
        LAST.rstrip()
        + """
    Ben    | 2024-03-30 23:00 | died    |
    Cat    | 2024-03-31 00:00 | died    |
    """
    )
    # 90 x 24 hours before before are 31 December for Ben, and for Cat the first instant
    result = measure(worked_out(FIRST.rstrip() + events, PLACES), "home_90")
    expect(result, "n | home_days\n2 | 175")
    why = "whose 90 days the records of such places do not cover"
    assert left_out(result) == {why: 1}
    # a mark says that they begin later
    view = marked(store_of(FIRST.rstrip() + events, PLACES), complete_from("2024-02-01 00:00"))
    result = measure(view, "home_90")
    expect(result, "n | home_days\n1 | 85")
    assert left_out(result) == {why: 2}


def test_s39_who_may_have_been_there_longer_than_anybody_knows_is_left_out():
    events = """
        person | at               | kind    | place | ref
        Old    | 2024-01-01 00:00 | arrived | Ward  |
        Old    | 2024-01-02 00:00 | left    | Ward  |
        Ann    | 2024-07-01 00:00 | died    |       |
        Ben    | 2024-05-20 00:00 | arrived | Ward  |
        Ben    | 2024-07-20 00:00 | arrived | Ward  |
        Ben    | 2024-07-21 00:00 | died    | Ward  |
        Cat    | 2024-07-20 00:00 | arrived | Ward  | 1
        Cat    | 2024-07-19 00:00 | left    | Ward  | 1
        Cat    | 2024-07-25 00:00 | died    |       |
    """
    result = measure(worked_out(events, PLACES), "home_90")
    expect(result, "n | mean\n1 | 90")
    assert left_out(result) == {
        "with a stay there of which nobody knows the end (§8)": 1,
        "with a stay there with an impossible order of times (§11)": 1,
    }


def test_s18_a_death_known_to_the_day_ends_its_days_as_that_day_begins():
    events = """
        person | at               | kind    | place | precision
        Old    | 2024-01-01 00:00 | arrived | Ward  |
        Old    | 2024-01-02 00:00 | left    | Ward  |
        Ben    | 2024-07-10 12:00 | arrived | Ward  |
        Ben    | 2024-07-11       | died    | Ward  | day
    """
    result = measure(worked_out(events, PLACES), "home_90")
    expect(result, "n | mean\n1 | 89.5")
    assert any("1 deaths are known to the day only" in limit for limit in result.limits)
    by_hour = measure(worked_out(events, PLACES), "home_90", ["hour_of_day"])
    assert by_hour.rows.num_rows == 0
    assert sum(left_out(by_hour).values()) == 1


def test_s39_without_deaths_or_hospitals_it_is_refused_in_words():
    with pytest.raises(WholeflowError, match="no death is recorded here"):
        measure(worked_out(FIRST, PLACES), "home_90")
    events = "person | at | kind | place\nAnn | 2024-07-01 09:00 | died | Care home"
    with pytest.raises(WholeflowError, match="nobody is recorded in such a place"):
        measure(worked_out(events, PLACES), "home_90")
    with pytest.raises(WholeflowError, match="dates were moved for each person"):
        measure(worked_out(FIRST.rstrip() + LAST, PLACES, clock="shifted_per_person"), "home_90")


def test_s39_where_all_are_left_out_that_is_said():
    events = "person | at | kind | place" + LAST
    said = measure(worked_out(events, PLACES), "home_90").says
    assert "nothing to measure. Left out: 1 whose 90 days" in said


def test_s39_days_at_home_before_now_are_those_of_people_who_live():
    events = (
        LAST.rstrip()
        + """
    Ben    | 2024-07-01 00:00 | arrived | Ward
    Ben    | 2024-07-11 00:00 | left    | Ward
    Cat    | 2024-07-31 12:00 | arrived | ED
    Dan    | 2024-03-01 09:00 | referred | Home care
    """
    )
    facts = """
        person | fact    | value   | from_at          | to_at
        Ben    | segment | frail   | 2024-01-01 09:00 |
    """
    view = journeys(store_of(FIRST.rstrip() + events, PLACES, person_facts=facts))
    # until 1 August at noon: Ben 80 days, Cat 89, Dan and Old 90
    expect(
        measure(view, "days_at_home", ["segment"]),
        """
        segment      | n | mean      | home_days
        frail        | 1 | 80        | 80
        not recorded | 3 | 89.666667 | 269
        """,
    )
    past = journeys(view.store, as_of="2024-07-06 00:00")
    # of 90 days before 6 July Ann was away for 3 and Ben for 5
    expect(measure(past, "days_at_home"), "n | home_days\n4 | 352")


def test_six_months_are_a_definition_of_ones_own():
    own = parse_definition(
        'name = "home_182"\nversion = "1"\ntitle = "Six months"\nunit = "days"\nrules = ["§39"]\n'
        'meaning = "As published in Scotland."\ntable = "stays"\nfamily = "home"\n'
        'settings = ["ed", "ward", "hospital"]\nwithin_days = 182\nbefore = "death"\n',
        "home_182.toml",
    )
    result = measure(worked_out(FIRST.rstrip() + LAST, PLACES), own)
    expect(result, "n | mean | days\n1 | 177 | 182")
