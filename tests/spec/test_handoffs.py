# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§14-§15: from where people came, and how long the handover took."""

from tests.spec.tables import expect, worked_out

LISTS = """
    place       | holds    | setting     | organisation
    ED          | body     | ed          | Trust
    Ward        | body     | ward        | Trust
    Rehab       | body     | ward        | Community trust
    Social work | caseload | social_work | Council
    Brokerage   | caseload | social_work | Council
    Home care   | caseload | home_care   | Sunrise
    Admission   | caseload | hospital    | Trust
"""


def test_s14_a_body_stay_follows_the_body_stay_before_it():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 13:00 | left    | ED
        Ann    | 2024-07-01 14:00 | arrived | Ward
        Ann    | 2024-07-04 14:00 | left    | Ward
        Ann    | 2024-07-04 18:00 | arrived | Rehab
        Ben    | 2024-07-01 10:00 | arrived | ED
    """)
    expect(
        view,
        "handoffs",
        """
        person | from_place | to_place | gap_hours | overlap_hours
        Ann    | ED         | Ward     | 1         | 0
        Ann    | Ward       | Rehab    | 4         | 0
    """,
    )


def test_s14_somebody_who_comes_back_after_more_than_four_hours_was_not_handed_over():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 13:00 | left    | ED
        Ann    | 2024-07-01 17:01 | arrived | ED
        Ann    | 2024-07-01 18:00 | left    | ED
    """)
    expect(
        view,
        "transitions",
        """
        from_place | to_place | end     | moves | people
                   | ED       | entered | 2     | 1
        ED         |          | left    | 2     | 1
    """,
    )
    expect(view, "journeys", "stays\n2")


def test_s14_a_visit_elsewhere_in_between_does_not_hide_the_place_that_the_person_came_from():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-02 11:00 | arrived | Theatre
        Ann    | 2024-07-02 13:00 | left    | Theatre
        Ann    | 2024-07-05 09:00 | left    | Ward
        Ann    | 2024-07-05 10:00 | arrived | Rehab
    """)
    expect(
        view,
        "handoffs",
        """
        from_place | to_place | gap_hours
        Ward       | Theatre  | 0
        Ward       | Rehab    | 1
    """,
    )


def test_s14_a_place_asked_long_before_is_followed_to_when_it_begins_and_not_when_it_was_asked():
    view = worked_out("""
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 10:00 | referred | Rehab
        Ann    | 2024-07-01 13:00 | left     | ED
        Ann    | 2024-07-01 13:00 | arrived  | Ward
        Ann    | 2024-07-05 09:00 | left     | Ward
        Ann    | 2024-07-05 10:00 | arrived  | Rehab
    """)
    expect(
        view,
        "handoffs",
        """
        from_place | to_place | asked_at         | came_at          | wait_hours | gap_hours
        ED         | Ward     |                  | 2024-07-01 13:00 |            | 0
        Ward       | Rehab    | 2024-07-01 10:00 | 2024-07-05 10:00 | 96         | 1
    """,
    )
    expect(view, "journeys", "first_place | last_place\nED | Rehab")


def test_s14_a_stay_follows_the_stay_at_its_recorded_from_place():
    view = worked_out(
        """
        person | at               | kind    | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived | ED        |
        Ann    | 2024-07-01 13:00 | left    | ED        |
        Ann    | 2024-07-01 13:00 | arrived | Ward      |
        Ann    | 2024-07-01 15:00 | arrived | Rehab     | ED
        Ann    | 2024-07-01 15:00 | left    | Ward      |
        Ann    | 2024-07-03 15:00 | arrived | Home care | Rehab
        Ann    | 2024-07-03 16:00 | left    | Rehab     |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        from_place | to_place
        ED         | Ward
        ED         | Rehab
        Rehab      | Home care
    """,
    )


def test_s14_a_from_place_without_a_stay_falls_back_to_the_stay_before():
    view = worked_out("""
        person | at               | kind    | place | from_place
        Ann    | 2024-07-01 09:00 | arrived | ED    | Home
        Ann    | 2024-07-01 13:00 | arrived | Ward  | Another hospital
    """)
    expect(view, "handoffs", "from_place | to_place\nED | Ward")


def test_s14_a_caseload_stay_follows_the_body_stay_that_the_person_was_in_when_it_began():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 13:00 | left     | ED
        Ann    | 2024-07-01 13:00 | arrived  | Ward
        Ann    | 2024-07-02 09:00 | referred | Social work
        Ann    | 2024-07-05 09:00 | left     | Ward
        Ann    | 2024-07-06 09:00 | arrived  | Social work
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        from_place | to_place    | from_organisation | to_organisation | crosses
        ED         | Ward        | Trust             | Trust           | no
        Ward       | Social work | Trust             | Council         | yes
    """,
    )


def test_s14_in_an_overlap_the_person_was_in_the_place_where_they_are_counted():
    """§12: the person is counted in the earlier stay until it ends."""
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 12:00 | arrived  | Ward
        Ann    | 2024-07-01 13:00 | referred | Social work
        Ann    | 2024-07-01 14:00 | left     | ED
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        from_place | to_place
        ED         | Ward
        ED         | Social work
    """,
    )


def test_s14_else_a_caseload_stay_follows_the_caseload_stay_that_ended_last_before_it():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Social work
        Ann    | 2024-07-03 09:00 | arrived | Brokerage
        Ann    | 2024-07-04 09:00 | left    | Brokerage
        Ann    | 2024-07-08 09:00 | left    | Social work
        Ann    | 2024-07-08 13:00 | arrived | Home care
        """,
        LISTS,
    )
    # Brokerage began while Social work went on, so no list had ended before it: it entered.
    expect(view, "handoffs", "from_place | to_place | gap_hours\nSocial work | Home care |")
    expect(
        view,
        "transitions",
        """
        from_place  | to_place    | end     | moves
                    | Social work | entered | 1
                    | Brokerage   | entered | 1
        Brokerage   |             | left    | 1
        Social work | Home care   | between | 1
        Home care   |             | open    | 1
    """,
    )


def test_s14_what_follows_none_entered_and_what_none_follows_left_died_is_open_or_lost():
    view = worked_out(
        """
        person | at               | kind      | place | from_place | to_place
        Ann    | 2024-01-01 09:00 | arrived   | ED    | Home       |
        Ann    | 2024-01-01 13:00 | left      | ED    |            | Home
        Ben    | 2024-01-01 09:00 | arrived   | ED    |            |
        Ben    | 2024-01-01 13:00 | died      | ED    |            |
        Cat    | 2024-01-01 09:00 | arrived   | ED    |            |
        Cat    | 2024-06-01 09:00 | arrived   | ED    |            |
        Dan    | 2024-01-01 09:00 | arrived   | ED    |            |
        Dan    | 2024-01-01 13:00 | reneged   | ED    |            |
        """,
        LISTS,
    )
    expect(
        view,
        "transitions",
        """
        from_place | to_place | end     | moves | people
        Home       | ED       | entered | 1     | 1
                   | ED       | entered | 4     | 3
        ED         | Home     | left    | 1     | 1
        ED         |          | left    | 1     | 1
        ED         |          | died    | 1     | 1
        ED         |          | lost    | 1     | 1
        ED         |          | open    | 1     | 1
    """,
    )


def test_s15_asked_is_the_referral_to_the_next_place():
    view = worked_out(
        """
        person | at               | kind     | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived  | Ward      |
        Ann    | 2024-07-02 09:00 | ready    | Ward      |
        Ann    | 2024-07-03 09:00 | referred | Home care | Ward
        Ann    | 2024-07-05 09:00 | left     | Ward      |
        Ann    | 2024-07-05 17:00 | arrived  | Home care |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at          | wait_hours | gap_hours | overlap_hours
        2024-07-03 09:00 | 2024-07-05 17:00 | 56         | 8         | 0
    """,
    )


def test_s15_else_asked_is_ready_at_the_place_before():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 11:00 | ready   | ED
        Ann    | 2024-07-01 14:00 | left    | ED
        Ann    | 2024-07-01 14:30 | arrived | Ward
    """)
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at          | wait_hours | gap_hours
        2024-07-01 11:00 | 2024-07-01 14:30 | 3.5        | 0.5
    """,
    )


def test_s14_a_list_that_ended_more_than_four_hours_before_is_not_followed():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Social work
        Ann    | 2024-07-08 09:00 | left    | Social work
        Ann    | 2024-07-08 13:01 | arrived | Home care
        """,
        LISTS,
    )
    expect(view, "handoffs", "from_place | to_place\n")


def test_s14_where_no_hour_is_known_a_list_may_have_ended_the_day_before():
    view = worked_out(
        """
        person | at         | precision | kind    | place
        Ann    | 2024-07-01 | day       | arrived | Social work
        Ann    | 2024-07-08 | day       | left    | Social work
        Ann    | 2024-07-09 | day       | arrived | Home care
        Ben    | 2024-07-01 | day       | arrived | Social work
        Ben    | 2024-07-08 | day       | left    | Social work
        Ben    | 2024-07-10 | day       | arrived | Home care
        """,
        LISTS,
    )
    expect(view, "handoffs", "person | from_place | to_place\nAnn | Social work | Home care")


def test_s14_else_a_stay_follows_the_one_that_recorded_it_as_where_the_person_went():
    view = worked_out(
        """
        person | at               | kind    | place       | to_place
        Ann    | 2024-07-01 09:00 | arrived | Social work |
        Ann    | 2024-07-01 09:30 | arrived | Brokerage   |
        Ann    | 2024-07-03 09:00 | left    | Social work | Rehab
        Ann    | 2024-07-03 11:00 | arrived | Rehab       |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        from_place  | to_place | asked_at | came_at          | gap_hours
        Social work | Rehab    |          | 2024-07-03 11:00 | 2
        """,
    )


def test_s15_from_list_to_list_a_place_is_asked_when_the_first_ends():
    view = worked_out(
        """
        person | at               | kind    | place       | from_place
        Ann    | 2024-07-01 09:00 | arrived | Social work |
        Ann    | 2024-07-03 09:00 | left    | Social work |
        Ann    | 2024-07-08 11:00 | arrived | Home care   | Social work
        """,
        LISTS,
    )
    expect(view, "handoffs", "asked_at | wait_hours\n2024-07-03 09:00 | 122")


def test_s14_a_recorded_from_place_long_gone_is_not_followed_unless_one_need_joins_them():
    told = """
        person | at               | kind    | place       | from_place  | need
        Ann    | 2024-01-01 09:00 | arrived | Social work |             | {need}
        Ann    | 2024-01-08 09:00 | left    | Social work |             | {need}
        Ann    | 2024-01-08 12:00 | arrived | Brokerage   |             | {need}
        Ann    | 2024-02-20 09:00 | arrived | Home care   | Social work | {need}
    """
    rows = "from_place | to_place\nSocial work | Brokerage"
    expect(worked_out(told.format(need=""), LISTS), "handoffs", rows)
    rows += "\nSocial work | Home care"
    expect(worked_out(told.format(need="hip"), LISTS), "handoffs", rows)


BOUNCED = """
    person | at               | kind     | place       | ref
    Ann    | 2024-07-01 09:00 | arrived  | Ward        | w
    Ann    | 2024-07-02 10:00 | referred | Home care   | 1
    Ann    | 2024-07-03 10:00 | declined | Home care   | 1
    Ann    | 2024-07-03 12:00 | referred | Home care   | 2
    Ann    | 2024-07-04 09:00 | declined | Home care   | 2
    Ann    | 2024-07-04 10:00 | referred | Home care   | 3
    Ann    | 2024-07-05 16:00 | left     | Ward        | w
    Ann    | 2024-07-05 18:00 | arrived  | Home care   | 3
    Ben    | 2024-07-01 09:00 | arrived  | Ward        | b
    Ben    | 2024-07-02 10:00 | referred | Social work | 4
    Ben    | 2024-07-03 10:00 | declined | Social work | 4
"""


def test_s14_a_request_that_bounced_is_one_handoff_asked_for_from_the_first():
    view = worked_out(BOUNCED, LISTS)
    expect(
        view,
        "handoffs",
        """
        person | from_place | to_place    | asked_at         | came_at          | wait_hours | bounces | to_end_kind
        Ann    | Ward       | Home care   | 2024-07-02 10:00 | 2024-07-05 18:00 | 80         | 2       | open
        Ben    | Ward       | Social work | 2024-07-02 10:00 |                  |            | 0       | declined
        """,
    )
    expect(
        view,
        "bounces",
        """
        person | place     | asked_at         | declined_at      | again_at         | lost_hours
        Ann    | Home care | 2024-07-02 10:00 | 2024-07-03 10:00 | 2024-07-03 12:00 | 26
        Ann    | Home care | 2024-07-03 12:00 | 2024-07-04 09:00 | 2024-07-04 10:00 | 22
        """,
    )
    expect(
        view,
        "journeys",
        "person | stays | handoffs | moves | retellings\nAnn | 4 | 1 | 0 | 2\nBen | 2 | 1 | 0 | 0",
    )


FRAMED = """
    person | at               | precision | kind    | place     | ref
    Ann    | 2024-07-01 09:00 | instant   | arrived | ED        | e
    Ann    | 2024-07-01 14:00 | instant   | left    | ED        | e
    Ann    | 2024-07-01 14:00 | instant   | arrived | Admission | s
    Ann    | 2024-07-01 14:00 | instant   | arrived | Ward      | w
    Ann    | 2024-07-04       | day       | ready   | Admission | s
    Ann    | 2024-07-06 10:00 | instant   | left    | Admission | s
    Ann    | 2024-07-06 12:00 | instant   | arrived | Home care | h
"""


def test_s3_what_a_frame_tells_of_being_ready_is_told_of_the_stay_that_the_body_is_in():
    view = worked_out(FRAMED, LISTS)
    expect(
        view,
        "stays",
        """
        place     | frames | ready_at         | end_at           | end_kind   | delay_hours
        ED        | no     |                  | 2024-07-01 14:00 | left       |
        Admission | yes    |                  | 2024-07-06 10:00 | left       |
        Ward      | no     | 2024-07-04 00:00 | 2024-07-06 10:00 | discharged | 58
        Home care | no     |                  |                  | open       |
        """,
    )


def test_s14_a_frame_follows_none_and_none_follows_it():
    view = worked_out(FRAMED, LISTS)
    expect(view, "handoffs", "from_place | to_place\nED | Ward")


def test_s3_a_day_on_which_the_body_moved_belongs_to_where_it_was_at_the_end_of_the_day():
    view = worked_out(
        """
        person | at               | precision | kind    | place     | ref
        Ann    | 2024-07-01 09:00 | instant   | arrived | Admission | s
        Ann    | 2024-07-01 09:00 | instant   | arrived | ED        | e
        Ann    | 2024-07-01 14:00 | instant   | left    | ED        | e
        Ann    | 2024-07-01 14:00 | instant   | arrived | Ward      | w
        Ann    | 2024-07-01       | day       | ready   | Admission | s
        Ann    | 2024-07-01 20:00 | instant   | left    | Ward      | w
        Ann    | 2024-07-01 20:00 | instant   | left    | Admission | s
        """,
        LISTS,
    )
    expect(
        view,
        "stays",
        """
        place     | ready_at         | delay_hours
        ED        |                  |
        Admission |                  |
        Ward      | 2024-07-01 14:00 | 6
        """,
    )


def test_s10_on_a_list_care_starts_with_the_first_contact():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | referred | Home care
        Ann    | 2024-07-03 09:00 | contact  | Home care
        Ann    | 2024-07-04 09:00 | contact  | Home care
        Ann    | 2024-07-09 09:00 | left     | Home care
        """,
        LISTS,
    )
    expect(view, "stays", "started_at | wait_hours\n2024-07-03 09:00 | 48")


def test_s15_else_asked_is_the_arrival_on_the_books_while_still_in_the_place_before():
    view = worked_out(
        """
        person | at               | kind    | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived | ED        |
        Ann    | 2024-07-01 12:00 | arrived | Admission | ED
        Ann    | 2024-07-01 18:00 | left    | ED        |
        Ann    | 2024-07-03 18:00 | left    | Admission |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at          | wait_hours | gap_hours | overlap_hours
        2024-07-01 12:00 | 2024-07-01 18:00 | 6          | 0         | 6
    """,
    )


def test_s15_somebody_who_still_boards_has_not_come_yet():
    view = worked_out(
        """
        person | at               | kind    | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived | ED        |
        Ann    | 2024-07-01 12:00 | arrived | Admission | ED
        Ben    | 2024-07-01 20:00 | arrived | Ward      |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at | seen_to          | wait_hours
        2024-07-01 12:00 |         | 2024-07-01 20:00 |
    """,
    )


def test_s15_somebody_whose_boarding_began_with_the_last_thing_recorded_has_not_come_yet():
    view = worked_out(
        """
        person | at               | kind    | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived | ED        |
        Ann    | 2024-07-01 12:00 | arrived | Admission | ED
        """,
        LISTS,
    )
    expect(view, "handoffs", "asked_at | came_at | wait_hours\n2024-07-01 12:00 | |")


def test_s15_when_nobody_recorded_asking_the_wait_is_unknown_and_not_zero():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 14:00 | left    | ED
        Ann    | 2024-07-01 14:30 | arrived | Ward
    """)
    expect(view, "handoffs", "asked_at | came_at | wait_hours\n | 2024-07-01 14:30 |")
    expect(
        view,
        "transitions",
        """
        from_place | to_place | end     | moves | waits | wait_p50_hours | wait_total_hours
                   | ED       | entered | 1     | 0     |                | 0
        ED         | Ward     | between | 1     | 0     |                | 0
        Ward       |          | open    | 1     | 0     |                | 0
    """,
    )


def test_s15_where_no_arrival_is_recorded_the_place_had_the_person_at_the_start_of_care():
    view = worked_out(
        """
        person | at               | kind     | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived  | Ward      |
        Ann    | 2024-07-03 09:00 | referred | Home care | Ward
        Ann    | 2024-07-05 09:00 | left     | Ward      |
        Ann    | 2024-07-05 17:00 | started  | Home care |
        """,
        LISTS,
    )
    expect(view, "handoffs", "came_at | wait_hours\n2024-07-05 17:00 | 56")


def test_s15_a_referral_that_is_still_waiting_has_not_come():
    view = worked_out(
        """
        person | at               | kind     | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived  | Ward      |
        Ann    | 2024-07-03 09:00 | referred | Home care | Ward
        Ann    | 2024-07-05 09:00 | left     | Ward      |
        Ben    | 2024-07-09 09:00 | arrived  | Ward      |
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at | seen_to          | wait_hours | gap_hours | overlap_hours
        2024-07-03 09:00 |         | 2024-07-09 09:00 |            |           |
    """,
    )


def test_s15_a_list_has_the_person_at_arrival_though_the_body_stays_where_it_is():
    """Nobody was handed over: the ward keeps the person while social work sees them."""
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | Ward
        Ann    | 2024-07-02 09:00 | referred | Social work
        Ann    | 2024-07-03 15:00 | arrived  | Social work
        Ann    | 2024-07-09 09:00 | left     | Ward
        """,
        LISTS,
    )
    expect(
        view,
        "handoffs",
        """
        asked_at         | came_at          | wait_hours | gap_hours | overlap_hours
        2024-07-02 09:00 | 2024-07-03 15:00 | 30         |           |
    """,
    )


def test_s8_after_a_lost_end_no_gap_is_known():
    """When the person left the first place, nobody knows."""
    view = worked_out("""
        person | at               | kind    | place | need | from_place
        Ann    | 2024-01-01 09:00 | arrived | ED    | hip  |
        Ann    | 2024-06-01 09:00 | arrived | Ward  | hip  | ED
    """)
    expect(view, "stays", "place | end_kind\nED | lost\nWard | open")
    expect(view, "handoffs", "from_place | to_place | gap_hours\nED | Ward |")


def test_s11_an_impossible_order_enters_no_wait_of_a_handoff():
    view = worked_out("""
        person | at               | kind    | place | ref
        Ann    | 2024-07-01 12:00 | arrived | ED    | e
        Ann    | 2024-07-01 11:00 | ready   | ED    | e
        Ann    | 2024-07-01 14:00 | left    | ED    | e
        Ann    | 2024-07-01 15:00 | arrived | Ward  | w
    """)
    expect(view, "handoffs", "from_place | to_place | wait_hours | gap_hours\nED | Ward | |")


def test_waits_of_a_transition_are_summed_over_its_handoffs():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 10:00 | ready   | ED
        Ann    | 2024-07-01 11:00 | arrived | Ward
        Ben    | 2024-07-01 09:00 | arrived | ED
        Ben    | 2024-07-01 10:00 | ready   | ED
        Ben    | 2024-07-01 13:00 | arrived | Ward
        Cat    | 2024-07-01 09:00 | arrived | ED
        Cat    | 2024-07-01 13:00 | arrived | Ward
    """)
    wanted = """
        from_place | to_place | end     | moves | people | waits | wait_p50_hours | wait_p90_hours | wait_total_hours
                   | ED       | entered | 3     | 3      | 0     |                |                | 0
        ED         | Ward     | between | 3     | 3      | 2     | 2              | 2.8            | 4
        Ward       |          | open    | 3     | 3      | 0     |                |                | 0
    """
    expect(view, "transitions", wanted)
