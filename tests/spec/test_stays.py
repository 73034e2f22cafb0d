# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§8-§13: how stays begin and end, and what their hours were."""

from tests.spec.tables import expect, worked_out

LISTS = """
    place       | holds    | setting     | organisation
    ED          | body     | ed          | Trust
    Ward        | body     | ward        | Trust
    Social work | caseload | social_work | Council
    Home care   | caseload | home_care   | Sunrise
"""


def test_s8_a_body_stay_without_an_end_ended_when_the_person_arrived_elsewhere():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 13:00 | arrived | Ward
        Ann    | 2024-07-03 13:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        place | end_at           | end_kind | stay_hours | present_to
        ED    | 2024-07-01 13:00 | moved on | 4          | 2024-07-01 13:00
        Ward  | 2024-07-03 13:00 | left     | 48         | 2024-07-03 13:00
    """,
    )


def test_s8_moved_on_reaches_thirty_days_from_the_last_thing_known_and_no_further():
    view = worked_out("""
        person | at                  | kind    | place
        Ann    | 2024-06-01 09:00    | arrived | ED
        Ann    | 2024-06-02 09:00    | contact | ED
        Ann    | 2024-07-02 09:00    | arrived | Ward
        Ben    | 2024-06-01 09:00    | arrived | ED
        Ben    | 2024-06-02 09:00    | contact | ED
        Ben    | 2024-07-02 09:00:01 | arrived | Ward
    """)
    expect(
        view,
        "stays",
        """
        person | place | end_kind | end_at           | stay_hours | present_to
        Ann    | ED    | moved on | 2024-07-02 09:00 | 744        | 2024-07-02 09:00
        Ann    | Ward  | open     |                  |            |
        Ben    | ED    | lost     | 2024-06-02 09:00 |            | 2024-06-02 09:00
        Ben    | Ward  | open     |                  |            |
    """,
    )


def test_s8_a_caseload_stay_does_not_end_because_the_person_moves():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Social work
        Ann    | 2024-07-02 09:00 | arrived | ED
        Ann    | 2024-07-02 12:00 | arrived | Ward
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        place       | end_kind | end_at
        Social work | open     |
        ED          | moved on | 2024-07-02 12:00
        Ward        | open     |
    """,
    )


def test_s8_open_stays_end_when_the_person_dies_anywhere():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Home care
        Ann    | 2024-07-03 09:00 | arrived | ED
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 12:00 | died    | Ward
        Ben    | 2024-07-09 09:00 | arrived | Ward
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        person | place     | end_kind | end_at           | stay_hours
        Ann    | Home care | died     | 2024-07-05 12:00 | 99
        Ann    | ED        | moved on | 2024-07-03 12:00 | 3
        Ann    | Ward      | died     | 2024-07-05 12:00 | 48
        Ben    | Ward      | open     |                  |
    """,
    )


def test_s8_a_death_recorded_nowhere_in_particular_is_no_second_stay_where_the_person_last_was():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-03 09:00 | left    | Ward
        Ann    | 2024-07-20 09:00 | died    |
    """)
    expect(view, "stays", "place | end_kind | end_at\nWard | left | 2024-07-03 09:00")


def test_s9_an_open_stay_is_seen_to_the_last_event_in_the_store():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 10:00 | started | Ward
        Ann    | 2024-07-02 10:00 | ready   | Ward
        Ben    | 2024-07-03 12:00 | arrived | ED
    """)
    expect(
        view,
        "stays",
        """
        person | end_kind | end_at | seen_to          | stay_hours | delay_hours | present_to
        Ann    | open     |        | 2024-07-03 12:00 |            | 26          |
        Ben    | open     |        | 2024-07-03 12:00 |            |             |
    """,
    )


def test_s9_as_of_an_instant_an_open_stay_is_seen_to_that_instant():
    view = worked_out(
        "person|at|kind|place\nAnn|2024-07-01 09:00|arrived|Ward", as_of="2024-07-01 21:00"
    )
    expect(view, "stays", "seen_to | unsplit_hours\n2024-07-01 21:00 | 12")


def test_s9_as_of_an_instant_nothing_that_happens_later_enters_the_hours():
    """Without recorded_at the record was always known; what it tells had yet to happen."""
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 10:00 | started | Ward
        Ann    | 2024-07-05 09:00 | ready   | Ward
        Ann    | 2024-07-06 09:00 | left    | Ward
        Ben    | 2024-07-04 09:00 | arrived | Ward
        """,
        as_of="2024-07-03",
    )
    expect(
        view,
        "stays",
        """
        person | end_kind | wait_hours | care_hours | delay_hours | unsplit_hours | stay_hours
        Ann    | open     | 1          |            |             | 38            |
    """,
    )
    expect(view, "census", "at | inside\n2024-07-01 09:00 | 1")


def test_s9_on_shifted_clocks_an_open_stay_is_seen_to_the_persons_own_last_event():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2144-07-01 09:00 | arrived | Ward
        Ann    | 2144-07-01 15:00 | contact | Ward
        Ben    | 2180-07-03 12:00 | arrived | ED
        """,
        clock="shifted_per_person",
    )
    expect(
        view,
        "stays",
        """
        person | seen_to
        Ann    | 2144-07-01 15:00
        Ben    | 2180-07-03 12:00
    """,
    )


def test_s10_a_body_stay_begins_at_arrival_or_where_none_is_recorded_at_the_start_of_care():
    view = worked_out("""
        person | at               | kind     | place
        Ann    | 2024-07-01 08:00 | referred | Ward
        Ann    | 2024-07-01 09:00 | arrived  | Ward
        Ann    | 2024-07-01 10:00 | started  | Ward
        Ben    | 2024-07-01 08:00 | referred | Ward
        Ben    | 2024-07-01 10:00 | started  | Ward
    """)
    expect(
        view,
        "stays",
        """
        person | begin_at         | wait_hours | present_from
        Ann    | 2024-07-01 09:00 | 1          | 2024-07-01 09:00
        Ben    | 2024-07-01 10:00 | 0          | 2024-07-01 10:00
    """,
    )


def test_s10_a_caseload_stay_begins_at_referral_else_acceptance_else_arrival_else_start():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 08:00 | referred | Home care
        Ann    | 2024-07-02 08:00 | accepted | Home care
        Ann    | 2024-07-03 08:00 | arrived  | Home care
        Ann    | 2024-07-04 08:00 | started  | Home care
        Ben    | 2024-07-02 08:00 | accepted | Home care
        Ben    | 2024-07-03 08:00 | arrived  | Home care
        Cat    | 2024-07-03 08:00 | arrived  | Home care
        Cat    | 2024-07-04 08:00 | started  | Home care
        Dan    | 2024-07-04 08:00 | started  | Home care
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        person | begin_at         | wait_hours
        Ann    | 2024-07-01 08:00 | 72
        Ben    | 2024-07-02 08:00 |
        Cat    | 2024-07-03 08:00 | 24
        Dan    | 2024-07-04 08:00 | 0
    """,
    )


def test_s11_a_departure_before_the_arrival_is_kept_and_enters_no_duration_and_no_census():
    view = worked_out("""
        person | at               | kind    | place | ref
        Ann    | 2024-07-01 09:00 | left    | Ward  | r1
        Ann    | 2024-07-01 12:00 | arrived | Ward  | r1
        Ben    | 2024-07-01 12:00 | arrived | Ward  | r2
        Ben    | 2024-07-01 13:00 | left    | Ward  | r2
    """)
    expect(
        view,
        "stays",
        """
        person | in_order | end_kind | stay_hours | unsplit_hours | present_from     | present_to
        Ann    | no       | left     |            |               |                  |
        Ben    | yes      | left     | 1          | 1             | 2024-07-01 12:00 | 2024-07-01 13:00
    """,
    )
    expect(
        view,
        "census",
        """
        at               | inside
        2024-07-01 12:00 | 1
        2024-07-01 13:00 | 0
    """,
    )


def test_s11_every_pair_of_milestones_is_looked_at():
    view = worked_out(
        """
        person | at               | kind     | place     | ref
        A      | 2024-07-02 09:00 | referred | Home care | a
        A      | 2024-07-01 09:00 | arrived  | Home care | a
        B      | 2024-07-02 09:00 | arrived  | Home care | b
        B      | 2024-07-01 09:00 | started  | Home care | b
        C      | 2024-07-02 09:00 | started  | Home care | c
        C      | 2024-07-01 09:00 | ready    | Home care | c
        D      | 2024-07-02 09:00 | ready    | Home care | d
        D      | 2024-07-01 09:00 | left     | Home care | d
        E      | 2024-07-02 09:00 | referred | Home care | e
        E      | 2024-07-01 09:00 | left     | Home care | e
        F      | 2024-07-01 09:00 | arrived  | Home care | f
        F      | 2024-07-01 09:00 | left     | Home care | f
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        person | in_order
        A      | no
        B      | no
        C      | no
        D      | no
        E      | no
        F      | yes
    """,
    )


def test_s11_an_acceptance_is_a_milestone_too():
    view = worked_out(
        """
        person | at               | kind     | place     | ref
        A      | 2024-07-02 09:00 | accepted | Home care | a
        A      | 2024-07-01 09:00 | arrived  | Home care | a
        A      | 2024-07-01 10:00 | started  | Home care | a
        B      | 2024-07-02 09:00 | referred | Home care | b
        B      | 2024-07-01 09:00 | accepted | Home care | b
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        person | in_order | wait_hours
        A      | no       |
        B      | no       |
    """,
    )


def test_s12_while_body_stays_overlap_the_person_is_counted_in_the_earlier_one():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 12:00 | arrived | Ward
        Ann    | 2024-07-01 14:00 | left    | ED
        Ann    | 2024-07-02 12:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        place | begin_at         | present_from     | present_to       | stay_hours
        ED    | 2024-07-01 09:00 | 2024-07-01 09:00 | 2024-07-01 14:00 | 5
        Ward  | 2024-07-01 12:00 | 2024-07-01 14:00 | 2024-07-02 12:00 | 24
    """,
    )


def test_s12_a_stay_within_another_counts_nobody_a_second_time():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 11:00 | arrived | Theatre
        Ann    | 2024-07-01 12:00 | left    | Theatre
        Ann    | 2024-07-01 18:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        place   | present_from     | present_to       | stay_hours
        Ward    | 2024-07-01 09:00 | 2024-07-01 18:00 | 9
        Theatre | 2024-07-01 18:00 | 2024-07-01 18:00 | 1
    """,
    )


def test_s12_caseload_stays_may_overlap_body_stays_and_each_other():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Home care
        Ann    | 2024-07-02 09:00 | arrived | Ward
        Ann    | 2024-07-03 09:00 | arrived | Social work
        Ann    | 2024-07-04 09:00 | left    | Ward
        Ann    | 2024-07-05 09:00 | left    | Social work
        Ann    | 2024-07-06 09:00 | left    | Home care
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        place       | present_from     | present_to
        Home care   | 2024-07-01 09:00 | 2024-07-06 09:00
        Ward        | 2024-07-02 09:00 | 2024-07-04 09:00
        Social work | 2024-07-03 09:00 | 2024-07-05 09:00
    """,
    )


def test_s13_a_stay_is_wait_then_care_then_delay():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 10:30 | started | Ward
        Ann    | 2024-07-03 10:30 | ready   | Ward
        Ann    | 2024-07-04 12:30 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        stay_hours | wait_hours | care_hours | delay_hours | unsplit_hours
        75.5       | 1.5        | 48         | 26          | 0
    """,
    )


def test_s13_what_nobody_recorded_is_unknown_and_not_zero():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-02 09:00 | left    | Ward
        Ben    | 2024-07-01 09:00 | arrived | Ward
        Ben    | 2024-07-01 10:00 | started | Ward
        Ben    | 2024-07-02 09:00 | left    | Ward
        Cat    | 2024-07-01 09:00 | arrived | Ward
        Cat    | 2024-07-02 05:00 | ready   | Ward
        Cat    | 2024-07-02 09:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        person | wait_hours | care_hours | delay_hours | unsplit_hours
        Ann    |            |            |             | 24
        Ben    | 1          |            |             | 23
        Cat    |            |            | 4           | 20
    """,
    )


def test_what_is_written_beside_a_stay_is_kept():
    view = worked_out(
        """
        person | at               | kind      | place | from_place | to_place | waits_for | reason
        Ann    | 2024-07-01 09:00 | arrived   | Ward  | Home       |          |           | fall
        Ann    | 2024-07-02 09:00 | waits_for | Ward  |            |          | Home care |
        Ann    | 2024-07-03 09:00 | waits_for | Ward  |            |          | Equipment |
        Ann    | 2024-07-03 10:00 | contact   | Ward  |            |          |           |
        Ann    | 2024-07-04 09:00 | left      | Ward  |            | Nursing  |           | better
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        from_place | to_place | waits_for | reason | contacts | setting | organisation | source
        Home       | Nursing  | Home care | better | 1        | ward    | Trust        | ward-book
    """,
    )


def test_a_stay_that_was_called_off_never_began():
    view = worked_out("""
        person | at               | kind           | place
        Ann    | 2024-07-01 09:00 | referred       | Clinic
        Ann    | 2024-07-05 09:00 | did_not_attend | Clinic
    """)
    expect(
        view,
        "stays",
        """
        end_kind       | begin_at | stay_hours | present_from
        did_not_attend |          |            |
    """,
    )


def test_s3_a_death_recorded_elsewhere_after_a_stay_has_ended_leaves_it_as_it_was():
    events = """
        person | at               | kind    | place | ref
        Ann    | 2024-01-10 10:00 | arrived | ED    | 1
        Ann    | 2024-01-10 12:00 | left    | ED    | 1
        Ann    | 2024-02-20 00:00 | died    |       |
        Ben    | 2024-01-10 10:00 | arrived | ED    | 2
        Ben    | 2024-01-10 13:00 | died    |       |
        Cat    | 2024-01-10 10:00 | arrived | ED    |
        Cat    | 2024-01-10 11:00 | left    | ED    |
        Cat    | 2024-02-20 00:00 | died    |       |
    """
    expect(
        worked_out(events),
        "stays",
        """
        person | place | end_kind | stay_hours
        Ann    | ED    | left     | 2
        Ben    | ED    | died     | 3
        Cat    | ED    | left     | 1
    """,
    )
