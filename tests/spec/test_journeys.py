# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§16-§17: journeys, the ways they went, and who was where."""

from itertools import pairwise

import pytest
from tests.spec.tables import expect, worked_out

LISTS = """
    place       | holds    | organisation
    ED          | body     | Trust
    Ward        | body     | Trust
    Social work | caseload | Council
    Home care   | caseload | Sunrise
"""


def test_s16_stays_with_one_need_are_one_journey_however_far_apart():
    view = worked_out("""
        person | at               | kind    | place   | need
        Ann    | 2024-01-01 09:00 | arrived | Clinic  | hip
        Ann    | 2024-01-01 10:00 | left    | Clinic  | hip
        Ann    | 2024-06-01 09:00 | arrived | Theatre | hip
        Ann    | 2024-06-01 15:00 | left    | Theatre | hip
        Ann    | 2024-06-01 09:00 | arrived | Clinic  | eyes
        Ann    | 2024-06-01 09:30 | left    | Clinic  | eyes
    """)
    expect(
        view,
        "journeys",
        """
        person | need | stays | places | from_at          | to_at            | first_place | last_place
        Ann    | hip  | 2     | 2      | 2024-01-01 09:00 | 2024-06-01 15:00 | Clinic      | Theatre
        Ann    | eyes | 1     | 1      | 2024-06-01 09:00 | 2024-06-01 09:30 | Clinic      | Clinic
    """,
    )


def test_s16_without_a_need_a_journey_goes_on_for_thirty_days_after_an_end_and_no_longer():
    view = worked_out("""
        person | at                  | kind    | place
        Ann    | 2024-06-01 09:00    | arrived | ED
        Ann    | 2024-06-01 12:00    | left    | ED
        Ann    | 2024-07-01 12:00    | arrived | Ward
        Ann    | 2024-07-05 12:00    | left    | Ward
        Ben    | 2024-06-01 09:00    | arrived | ED
        Ben    | 2024-06-01 12:00    | left    | ED
        Ben    | 2024-07-01 12:01    | arrived | Ward
        Ben    | 2024-07-05 12:00    | left    | Ward
    """)
    expect(
        view,
        "journeys",
        """
        person | stays | from_at          | to_at            | hours
        Ann    | 2     | 2024-06-01 09:00 | 2024-07-05 12:00 | 819
        Ben    | 1     | 2024-06-01 09:00 | 2024-06-01 12:00 | 3
        Ben    | 1     | 2024-07-01 12:01 | 2024-07-05 12:00 | 95.983333
    """,
    )


def test_s16_what_came_before_is_all_of_it_and_not_only_the_last_begun():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-01-01 09:00 | arrived | Home care
        Ann    | 2024-01-05 09:00 | arrived | ED
        Ann    | 2024-01-05 12:00 | left    | ED
        Ann    | 2024-05-01 09:00 | left    | Home care
        Ann    | 2024-05-20 09:00 | arrived | Ward
        Ann    | 2024-05-21 09:00 | left    | Ward
        """,
        LISTS,
    )
    expect(view, "journeys", "person | stays | places | organisations\nAnn | 3 | 3 | 2")


def test_s16_a_bed_that_was_accepted_and_never_used_is_part_of_the_journey_around_it():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 12:00 | left     | ED
        Ann    | 2024-07-02 09:00 | accepted | Ward
        Ann    | 2024-07-03 09:00 | arrived  | ED
        Ann    | 2024-07-03 12:00 | left     | ED
        """,
        LISTS,
    )
    expect(view, "journeys", "person | stays | from_at\nAnn | 3 | 2024-07-01 09:00")


def test_s16_the_days_between_can_be_chosen():
    events = """
        person | at               | kind    | place
        Ann    | 2024-06-01 09:00 | arrived | ED
        Ann    | 2024-06-01 12:00 | left    | ED
        Ann    | 2024-06-08 12:00 | arrived | ED
        Ann    | 2024-06-08 13:00 | left    | ED
    """
    expect(worked_out(events, gap_days=7), "journeys", "stays\n2")
    expect(worked_out(events, gap_days=6), "journeys", "stays\n1\n1")


def test_a_journey_counts_what_happened_in_it():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 10:00 | started  | ED
        Ann    | 2024-07-01 11:00 | contact  | ED
        Ann    | 2024-07-01 12:00 | left     | ED
        Ann    | 2024-07-01 12:00 | arrived  | Ward
        Ann    | 2024-07-01 14:00 | started  | Ward
        Ann    | 2024-07-02 14:00 | ready    | Ward
        Ann    | 2024-07-03 14:00 | contact  | Ward
        Ann    | 2024-07-04 14:00 | contact  |
        Ben    | 2024-07-05 14:00 | arrived  | ED
        """,
        LISTS,
    )
    # Ann is still there when the records end with Ben: her delay so far is three days.
    expect(
        view,
        "journeys",
        """
        person | is_open | hours | stays | contacts | events | organisations
        Ann    | yes     | 101   | 2     | 3        | 9      | 1
        Ben    | yes     | 0     | 1     | 0        | 1      | 1
        """,
    )
    expect(
        view,
        "journey_hours",
        """
        person | hours | waiting_hours | care_hours | delay_hours | unsplit_hours
        Ann    | 101   | 3             | 24         | 72          | 2
        """,
    )


def test_a_variant_is_the_activities_of_a_journey_in_order():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | Registration
        Ann    | 2024-07-01 10:00 | contact | ED    | Blood test
        Ann    | 2024-07-01 12:00 | left    | ED    | Release
        Ben    | 2024-07-02 09:00 | arrived | ED    | Registration
        Ben    | 2024-07-02 10:00 | contact | ED    | Blood test
        Ben    | 2024-07-02 12:00 | left    | ED    | Release
        Cat    | 2024-07-01 09:00 | arrived | ED    | Registration
        Cat    | 2024-07-01 12:00 | left    | ED    | Release
        Dan    | 2024-07-01 09:00 | arrived | ED    |
    """)
    expect(
        view,
        "variants",
        """
        variant                             | steps | journeys
        Registration > Blood test > Release | 3     | 2
        Registration > Release              | 2     | 1
    """,
    )


def test_steps_between_stays_belong_to_the_journey_whose_time_holds_them():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-06-01 09:00 | arrived | ED    | in
        Ann    | 2024-06-01 12:00 | left    | ED    | out
        Ann    | 2024-06-02 12:00 | contact | Lab   | test
        Ann    | 2024-06-05 12:00 | arrived | Ward  | bed
        Ann    | 2024-06-06 12:00 | left    | Ward  | home
        Ann    | 2024-09-06 12:00 | contact | Lab   | late test
    """)
    expect(
        view,
        "steps",
        """
        activity  | journey | stay
        in        | 1       | 1
        out       | 1       | 1
        test      | 1       |
        bed       | 1       | 2
        home      | 1       | 2
        late test |         |
    """,
    )


def test_s17_people_count_from_arrival_up_to_and_not_at_leaving():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ben    | 2024-07-01 10:00 | arrived | Ward
        Ann    | 2024-07-01 12:00 | left    | Ward
        Cat    | 2024-07-01 12:00 | arrived | Ward
        Dan    | 2024-07-01 12:00 | arrived | Ward
        Ben    | 2024-07-01 15:00 | left    | Ward
    """)
    expect(
        view,
        "census",
        """
        place | at               | arrivals | departures | inside
        Ward  | 2024-07-01 09:00 | 1        | 0          | 1
        Ward  | 2024-07-01 10:00 | 1        | 0          | 2
        Ward  | 2024-07-01 12:00 | 2        | 1          | 3
        Ward  | 2024-07-01 15:00 | 0        | 1          | 2
    """,
    )


def test_s17_a_person_who_is_still_there_still_counts():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ben    | 2024-07-02 09:00 | arrived | Ward
    """)
    expect(view, "census", "at | inside\n2024-07-01 09:00 | 1\n2024-07-02 09:00 | 2")


def test_s17_a_referral_to_a_list_is_not_yet_a_person_on_it():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | referred | Home care
        Ann    | 2024-07-03 09:00 | arrived  | Home care
        Ann    | 2024-07-05 09:00 | left     | Home care
        """,
        LISTS,
    )
    expect(view, "census", "at | inside\n2024-07-03 09:00 | 1\n2024-07-05 09:00 | 0")


@pytest.mark.parametrize("night", ["2024-10-27", "2024-03-31"])
def test_s17_the_area_under_the_census_is_the_hours_that_people_were_present(night):
    view = worked_out(f"""
        person | at                  | kind    | place
        Ann    | {night} 00:10       | arrived | ED
        Ben    | {night} 00:20:00.07 | arrived | ED
        Ann    | {night} 02:40       | left    | ED
        Ben    | {night} 03:30       | left    | ED
    """)
    stays = view.table("stays").to_pylist()
    present = sum(stay["present_to"] - stay["present_from"] for stay in stays)
    changes = view.table("census").to_pylist()
    changes.sort(key=lambda change: change["at"])
    area = sum(
        before["inside"] * (after["at"] - before["at"]) for before, after in pairwise(changes)
    )
    assert area == present
