# ruff: noqa: E501 (drawn tables are as wide as they are)
"""Two people's whole way, worked by hand: one through a hospital, one through none."""

from tests.spec.tables import expect, worked_out

PLACES = """
    place             | setting     | holds    | organisation
    ED                | ed          | body     | Trust
    Ward 1            | ward        | body     | Trust
    Social work       | social_work | caseload | Council
    Home care         | home_care   | caseload | Sunrise
    GP                | primary     | caseload | Practice
    Community nursing | community   | caseload | Community trust
    Befriending       | voluntary   | caseload | Age Concern
    Care home         | care_home   | body     | Willow
"""

# Clocks go back on 27 October 2024, while Ann has home care: an hour more than the clock says.
ANN = """
    person | at               | kind     | place       | from_place  | to_place
    Ann    | 2024-10-01 10:00 | arrived  | ED          |             |
    Ann    | 2024-10-01 11:00 | started  | ED          |             |
    Ann    | 2024-10-01 13:00 | ready    | ED          |             |
    Ann    | 2024-10-01 16:00 | left     | ED          |             | Ward 1
    Ann    | 2024-10-01 16:30 | arrived  | Ward 1      |             |
    Ann    | 2024-10-01 18:00 | started  | Ward 1      |             |
    Ann    | 2024-10-05 09:00 | referred | Social work |             |
    Ann    | 2024-10-06 09:00 | arrived  | Social work |             |
    Ann    | 2024-10-06 14:00 | started  | Social work |             |
    Ann    | 2024-10-07 15:00 | left     | Social work |             |
    Ann    | 2024-10-07 16:00 | referred | Home care   | Social work |
    Ann    | 2024-10-08 12:00 | ready    | Ward 1      |             |
    Ann    | 2024-10-09 10:00 | left     | Ward 1      |             | Home
    Ann    | 2024-10-09 17:00 | arrived  | Home care   |             |
    Ann    | 2024-11-08 09:00 | left     | Home care   |             |
"""


def test_a_way_through_ed_ward_social_work_and_home_care_has_these_stays():
    view = worked_out(ANN, PLACES)
    expect(
        view,
        "stays",
        """
        place       | begin_at         | end_at           | stay_hours | wait_hours | care_hours | delay_hours | unsplit_hours
        ED          | 2024-10-01 10:00 | 2024-10-01 16:00 | 6          | 1          | 2          | 3           | 0
        Ward 1      | 2024-10-01 16:30 | 2024-10-09 10:00 | 185.5      | 1.5        | 162        | 22          | 0
        Social work | 2024-10-05 09:00 | 2024-10-07 15:00 | 54         | 29         |            |             | 25
        Home care   | 2024-10-07 16:00 | 2024-11-08 09:00 | 762        |            |            |             | 762
    """,
    )


def test_its_handoffs_cross_between_organisations():
    view = worked_out(ANN, PLACES)
    expect(
        view,
        "handoffs",
        """
        from_place  | to_place    | crosses | asked_at         | came_at          | wait_hours | gap_hours | overlap_hours
        ED          | Ward 1      | no      | 2024-10-01 13:00 | 2024-10-01 16:30 | 3.5        | 0.5       | 0
        Ward 1      | Social work | yes     | 2024-10-05 09:00 | 2024-10-06 09:00 | 24         |           |
        Social work | Home care   | yes     | 2024-10-07 16:00 | 2024-10-09 17:00 | 49         | 50        | 0
    """,
    )


def test_it_is_one_journey():
    view = worked_out(ANN, PLACES)
    expect(
        view,
        "journeys",
        """
        person | from_at          | to_at            | hours | stays | places | organisations | events
        Ann    | 2024-10-01 10:00 | 2024-11-08 09:00 | 912   | 4     | 4      | 3             | 15
    """,
    )
    expect(
        view,
        "journeys",
        """
        is_open | contacts | first_place | last_place
        no      | 0        | ED          | Home care
    """,
    )


def test_its_moves_in_between_and_out():
    view = worked_out(ANN, PLACES)
    expect(
        view,
        "transitions",
        """
        from_place  | to_place    | end     | moves | waits | wait_total_hours
                    | ED          | entered | 1     | 0     | 0
        ED          | Ward 1      | between | 1     | 1     | 3.5
        Ward 1      | Social work | between | 1     | 1     | 24
        Social work | Home care   | between | 1     | 1     | 49
        Home care   |             | left    | 1     | 0     | 0
    """,
    )


def test_its_census_counts_the_body_once_and_the_lists_beside_it():
    view = worked_out(ANN, PLACES)
    expect(
        view,
        "census",
        """
        place       | at               | inside
        ED          | 2024-10-01 10:00 | 1
        ED          | 2024-10-01 16:00 | 0
        Ward 1      | 2024-10-01 16:30 | 1
        Ward 1      | 2024-10-09 10:00 | 0
        Social work | 2024-10-06 09:00 | 1
        Social work | 2024-10-07 15:00 | 0
        Home care   | 2024-10-09 17:00 | 1
        Home care   | 2024-11-08 09:00 | 0
    """,
    )


BEN = """
    person | at               | kind     | place             | from_place        | precision
    Ben    | 2024-03-25       | arrived  | GP                |                   | day
    Ben    | 2024-03-26       | left     | GP                |                   | day
    Ben    | 2024-03-26 12:00 | referred | Community nursing | GP                |
    Ben    | 2024-03-28 12:00 | accepted | Community nursing |                   |
    Ben    | 2024-04-02 10:00 | started  | Community nursing |                   |
    Ben    | 2024-04-03 10:00 | contact  | Community nursing |                   |
    Ben    | 2024-04-10 10:00 | referred | Befriending       |                   |
    Ben    | 2024-04-12 10:00 | declined | Befriending       |                   |
    Ben    | 2024-04-20 10:00 | ready    | Community nursing |                   |
    Ben    | 2024-04-22 14:00 | arrived  | Care home         | Community nursing |
    Ben    | 2024-04-22 15:00 | left     | Community nursing |                   |
    Ben    | 2024-06-01       | died     | Care home         |                   | day
"""


def test_a_way_that_meets_no_hospital_is_worked_out_just_the_same():
    # Clocks went forward on 31 March: an hour less than the clock says.
    view = worked_out(BEN, PLACES)
    expect(
        view,
        "stays",
        """
        place             | begin_at         | end_at           | end_kind | stay_hours | wait_hours | care_hours | delay_hours | to_the_day
        GP                | 2024-03-25 00:00 | 2024-03-26 00:00 | left     | 24         |            |            |             | yes
        Community nursing | 2024-03-26 12:00 | 2024-04-22 15:00 | left     | 650        | 165        | 432        | 53          | no
        Befriending       | 2024-04-10 10:00 | 2024-04-12 10:00 | declined | 48         |            |            |             | no
        Care home         | 2024-04-22 14:00 | 2024-06-01 00:00 | died     | 946        |            |            |             | yes
    """,
    )
    # The list asked when its person was ready; the care home had him when the list let him go.
    expect(
        view,
        "handoffs",
        """
        from_place        | to_place          | asked_at         | came_at          | wait_hours | gap_hours | overlap_hours
        GP                | Community nursing | 2024-03-26 12:00 | 2024-04-02 10:00 | 165        | 177       | 0
        Community nursing | Care home         | 2024-04-20 10:00 | 2024-04-22 15:00 | 53         | 0         | 1
    """,
    )
    expect(
        view,
        "census",
        """
        place             | at               | inside
        GP                | 2024-03-25 00:00 | 1
        GP                | 2024-03-26 00:00 | 0
        Community nursing | 2024-04-02 10:00 | 1
        Community nursing | 2024-04-22 15:00 | 0
        Care home         | 2024-04-22 14:00 | 1
        Care home         | 2024-06-01 00:00 | 0
    """,
    )
    expect(view, "journeys", "stays | places | contacts | is_open\n4 | 4 | 1 | no")


def test_the_ways_of_two_people_do_not_touch():
    both = worked_out(ANN + BEN.split("\n", 2)[2], PLACES)
    apart = worked_out(ANN, PLACES).table("journeys").num_rows
    assert both.table("journeys").num_rows == 2 and apart == 1
    expect(both, "journeys", "person | hours\nAnn | 912\nBen | 1631")
