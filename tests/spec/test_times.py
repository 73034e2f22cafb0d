"""§1-§5, §18: when things happened, where, and in which order."""

import pytest
from tests.spec.tables import at, drawn, expect, log_of, put, recorded, shown, worked_out

from wholeflow.core.errors import UnsupportedError, WholeflowError
from wholeflow.events import EventLog
from wholeflow.journeys import journeys
from wholeflow.store import open_store


def test_s1_an_october_night_has_an_hour_more_than_its_clock_times_say():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-10-26 22:00 | arrived | Ward
        Ann    | 2024-10-27 06:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        person | begin_at         | end_at           | stay_hours
        Ann    | 2024-10-26 22:00 | 2024-10-27 06:00 | 9
    """,
    )


def test_s1_a_march_night_has_an_hour_less():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-03-30 22:00 | arrived | Ward
        Ann    | 2024-03-31 06:00 | left    | Ward
    """)
    expect(view, "stays", "person | stay_hours\nAnn | 7")


def test_s1_instants_are_whole_microseconds_since_1970():
    view = worked_out("""
        person | at                         | kind    | place
        Ann    | 1970-01-01 01:00:00.000001 | arrived | Ward
    """)
    # London kept summer time all through 1970: one in the morning was midnight in Greenwich.
    assert view.table("stays")["arrived_at"].to_pylist() == [1]


def test_s2_a_time_shown_twice_is_the_first_of_the_two():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-10-27 01:30 | arrived | Ward
        Ann    | 2024-10-27 02:30 | left    | Ward
    """)
    expect(view, "stays", "person | begin_at | stay_hours\nAnn | 2024-10-27 01:30 | 2")


def test_s2_a_time_with_an_offset_is_taken_at_its_word():
    view = worked_out("""
        person | at                     | kind    | place
        Ann    | 2024-10-27 01:30+00:00 | arrived | Ward
        Ann    | 2024-10-27 02:30       | left    | Ward
    """)
    expect(view, "stays", "person | begin_at | stay_hours\nAnn | 2024-10-27 01:30+00:00 | 1")


def test_s2_a_time_that_no_clock_showed_is_refused():
    rows = recorded(
        "events",
        """
        person | at               | kind    | place
        Ann    | 2024-03-31 00:30 | arrived | Ward
        Ann    | 2024-03-31 01:30 | left    | Ward
    """,
    )
    with pytest.raises(WholeflowError):
        EventLog.from_rows("ward-book", events=rows)


def test_s3_an_event_without_a_place_is_where_its_ref_is_first_placed():
    view = worked_out("""
        person | at               | kind     | place      | ref | activity
        Ann    | 2024-07-01 09:00 | referred |            | r1  | asked
        Ann    | 2024-07-01 10:00 | arrived  | Ward       | r2  | bed
        Ann    | 2024-07-01 11:00 | arrived  | Day centre | r1  | came
        Ann    | 2024-07-01 12:00 | left     |            | r1  | went
        Ann    | 2024-07-01 13:00 | left     |            | r2  | out
    """)
    expect(
        view,
        "steps",
        """
        activity | place      | rank
        asked    | Day centre | 1
        bed      | Ward       | 2
        came     | Day centre | 3
        went     | Day centre | 4
        out      | Ward       | 5
    """,
    )


def test_s3_an_event_without_place_and_ref_is_where_the_body_last_arrived():
    view = worked_out(
        """
        person | at               | kind     | place       | activity
        Ann    | 2024-07-01 09:00 | arrived  | Ward        | bed
        Ann    | 2024-07-01 10:00 | arrived  | Social work | on the list
        Ann    | 2024-07-01 11:00 | contact  |             | blood test
        Ann    | 2024-07-01 12:00 | arrived  | Theatre     | operation
        Ann    | 2024-07-01 13:00 | contact  |             | x-ray
        """,
        "place | holds\nSocial work | caseload",
    )
    expect(
        view,
        "steps",
        """
        activity    | place
        bed         | Ward
        on the list | Social work
        blood test  | Ward
        operation   | Theatre
        x-ray       | Theatre
    """,
    )


def test_s3_before_the_body_arrived_anywhere_the_place_is_not_known():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 08:00 | contact |       | phone call
        Ann    | 2024-07-01 09:00 | arrived | Ward  | bed
    """)
    expect(view, "steps", "activity | place | stay\nphone call | |\nbed | Ward | 1")


def test_s4_at_one_instant_the_sources_sequence_comes_first():
    view = worked_out("""
        person | at               | sequence | kind    | place | activity
        Ann    | 2024-07-01 09:00 | 3        | contact | Ward  | third
        Ann    | 2024-07-01 09:00 | 1        | ready   | Ward  | first
        Ann    | 2024-07-01 09:00 | 2        | arrived | Ward  | second
    """)
    expect(view, "steps", "activity | rank\nfirst | 1\nsecond | 2\nthird | 3")


def test_s4_then_endings_come_before_beginnings_and_milestones_in_their_order():
    view = worked_out("""
        person | at               | kind     | place
        Ann    | 2024-07-01 08:00 | arrived  | ED
        Ann    | 2024-07-01 09:00 | ready    | Ward
        Ann    | 2024-07-01 09:00 | started  | Ward
        Ann    | 2024-07-01 09:00 | arrived  | Ward
        Ann    | 2024-07-01 09:00 | accepted | Ward
        Ann    | 2024-07-01 09:00 | referred | Ward
        Ann    | 2024-07-01 09:00 | left     | ED
    """)
    expect(
        view,
        "steps",
        """
        rank | kind     | place
        1    | arrived  | ED
        2    | left     | ED
        3    | referred | Ward
        4    | accepted | Ward
        5    | arrived  | Ward
        6    | started  | Ward
        7    | ready    | Ward
    """,
    )


def test_s4_a_move_at_one_instant_leaves_nobody_out_and_nobody_twice():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-02 09:00 | arrived | Ward
        Ann    | 2024-07-02 09:00 | left    | Ward
        Ann    | 2024-07-03 09:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        begin_at         | end_at           | end_kind
        2024-07-01 09:00 | 2024-07-02 09:00 | left
        2024-07-02 09:00 | 2024-07-03 09:00 | left
    """,
    )


def test_s4_ready_at_the_instant_of_leaving_is_ready_in_the_stay_that_ends():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 09:00 | started | Ward
        Ann    | 2024-07-03 12:00 | ready   | Ward
        Ann    | 2024-07-03 12:00 | left    | Ward
    """)
    expect(
        view,
        "stays",
        """
        end_kind | stay_hours | care_hours | delay_hours
        left     | 51         | 51         | 0
    """,
    )


def test_s4_a_stay_of_no_length_is_a_stay_that_ended():
    """Whoever comes and goes within the minute, or within a day known to the day, is gone."""
    view = worked_out("""
        person | at               | kind    | place     | precision
        Ann    | 2024-07-01       | arrived | Clinic    | day
        Ann    | 2024-07-01       | left    | Clinic    | day
        Ben    | 2024-07-01 09:00 | arrived | ED        |
        Ben    | 2024-07-01 09:00 | left    | ED        |
        Ben    | 2024-07-01 09:00 | arrived | Ward      |
        Ben    | 2024-07-01 12:00 | left    | Ward      |
    """)
    expect(
        view,
        "stays",
        """
        person | place  | end_kind | stay_hours
        Ann    | Clinic | left     | 0
        Ben    | ED     | left     | 0
        Ben    | Ward   | left     | 3
    """,
    )


def test_s4_a_stay_of_no_length_after_one_that_moved_on_is_a_stay_of_its_own():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 12:00 | arrived | Ward
        Ann    | 2024-07-03 12:00 | left    | Ward
        Ann    | 2024-07-20 09:00 | arrived | ED
        Ann    | 2024-07-20 09:00 | left    | ED
    """)
    expect(
        view,
        "stays",
        """
        place | begin_at         | end_kind | stay_hours
        ED    | 2024-07-01 09:00 | moved on | 3
        Ward  | 2024-07-01 12:00 | left     | 48
        ED    | 2024-07-20 09:00 | left     | 0
    """,
    )


def test_s4_loading_in_another_order_changes_nothing():
    told = recorded(
        "events",
        """
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | a
        Ann    | 2024-07-01 09:00 | contact | ED    | b
        Ann    | 2024-07-01 09:00 | contact | ED    | c
        Ann    | 2024-07-01 09:00 | contact | ED    | d
        Ann    | 2024-07-01 12:00 | left    | ED    | e
    """,
    )
    answers = []
    for rows in (told, told[::-1], [*told[2:], *told[:2]]):
        store = open_store()
        for row in rows:
            put(store, EventLog.from_rows("ward-book", events=[row]))
        answers.append(shown(journeys(store), "steps", ["rank", "activity"]))
    assert answers[0] == answers[1] == answers[2]


def test_s5_on_shifted_clocks_there_is_no_census():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2144-07-01 09:00 | arrived | Ward
        """,
        clock="shifted_per_person",
    )
    with pytest.raises(UnsupportedError, match="moved for each person"):
        view.table("census")


def test_s5_on_shifted_clocks_durations_and_order_are_right():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2144-07-01 09:00 | arrived | ED
        Ann    | 2144-07-01 12:00 | left    | ED
        Ann    | 2144-07-01 12:00 | arrived | Ward
        Ann    | 2144-07-02 12:00 | left    | Ward
        Ben    | 2113-01-01 09:00 | arrived | ED
        Ben    | 2113-01-01 10:30 | left    | ED
        """,
        clock="shifted_per_person",
    )
    expect(view, "stays", "person | place | stay_hours\nAnn|ED|3\nAnn|Ward|24\nBen|ED|1.5")


def test_s5_on_shifted_clocks_a_past_view_is_refused():
    """Nobody can say what had happened by a day."""
    with pytest.raises(UnsupportedError, match="past view"):
        worked_out(
            """
            person | at               | kind    | place
            Ann    | 2144-07-01 09:00 | arrived | ED
            """,
            clock="shifted_per_person",
            as_of="2024-07-01",
        )


def test_s5_one_shifted_source_makes_the_whole_store_shifted():
    store = open_store()
    put(store, log_of("person|at|kind|place\nAnn|2024-07-01|arrived|Ward"))
    shifted = log_of(
        "person|at|kind|place\nBen|2144-07-01|arrived|Ward",
        source="research",
        clock="shifted_per_person",
    )
    put(store, shifted, "research")
    with pytest.raises(UnsupportedError):
        journeys(store).table("census")


def test_s18_a_time_known_to_the_day_stands_at_the_start_of_that_day_and_is_marked():
    view = worked_out("""
        person | at               | kind    | place     | precision
        Ann    | 2024-07-01       | arrived | Care home | day
        Ann    | 2024-07-09 15:00 | left    | Care home |
        Ben    | 2024-07-01 09:00 | arrived | Care home |
        Ben    | 2024-07-01 10:00 | left    | Care home |
    """)
    expect(
        view,
        "stays",
        """
        person | begin_at         | stay_hours | to_the_day
        Ann    | 2024-07-01 00:00 | 207        | yes
        Ben    | 2024-07-01 09:00 | 1          | no
    """,
    )


def test_a_drawn_table_reads_as_it_looks():
    assert drawn("a | b c\n1 |\n2 | x y") == [{"a": "1", "b c": ""}, {"a": "2", "b c": "x y"}]
    assert at("2024-07-01 09:00") == 1_719_820_800_000_000
