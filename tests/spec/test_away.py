"""§40: away from a place that is kept: the stay goes on, and the body may be elsewhere."""

from tests.spec.tables import expect, worked_out

from wholeflow.measures import measure

PLACES = """
    place       | holds    | setting   | organisation
    Oak House   | body     | care_home | Oak
    Ward        | body     | ward      | Trust
    Home care   | caseload | home_care | Sunrise
"""


def test_s40_a_resident_in_hospital_is_counted_there_and_not_in_the_home():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 10:00 | left    | Ward
        Ann    | 2024-07-05 11:00 | back    | Oak House
        Ann    | 2024-07-09 09:00 | left    | Oak House
    """,
        PLACES,
    )
    expect(
        view,
        "absences",
        """
        person | place     | from_at          | to_at            | hours
        Ann    | Oak House | 2024-07-03 09:00 | 2024-07-05 11:00 | 50
    """,
    )
    expect(
        view,
        "presences",
        """
        place     | from_at          | to_at
        Oak House | 2024-07-01 09:00 | 2024-07-03 09:00
        Ward      | 2024-07-03 12:00 | 2024-07-05 10:00
        Oak House | 2024-07-05 11:00 | 2024-07-09 09:00
    """,
    )
    expect(
        view,
        "census",
        """
        place     | at               | arrivals | departures | inside
        Oak House | 2024-07-01 09:00 | 1        | 0          | 1
        Oak House | 2024-07-03 09:00 | 0        | 1          | 0
        Oak House | 2024-07-05 11:00 | 1        | 0          | 1
        Oak House | 2024-07-09 09:00 | 0        | 1          | 0
        Ward      | 2024-07-03 12:00 | 1        | 0          | 1
        Ward      | 2024-07-05 10:00 | 0        | 1          | 0
    """,
    )
    expect(
        view,
        "stretches",
        """
        from_at          | to_at            | part    | in_place | place     | hours
        2024-07-01 09:00 | 2024-07-03 09:00 | unsplit | yes      | Oak House | 48
        2024-07-03 09:00 | 2024-07-03 12:00 | unknown | no       | Oak House | 3
        2024-07-03 12:00 | 2024-07-05 10:00 | unsplit | yes      | Ward      | 46
        2024-07-05 10:00 | 2024-07-05 11:00 | unknown | no       | Oak House | 1
        2024-07-05 11:00 | 2024-07-09 09:00 | unsplit | yes      | Oak House | 94
    """,
    )
    expect(
        view,
        "stays",
        """
        place     | end_kind | stay_hours
        Oak House | left     | 192
        Ward      | left     | 46
    """,
    )


def test_s40_arriving_elsewhere_while_away_ends_no_stay():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 10:00 | left    | Ward
        Ben    | 2024-07-01 09:00 | arrived | Oak House
        Ben    | 2024-07-03 12:00 | arrived | Ward
        Ben    | 2024-07-05 10:00 | left    | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "stays",
        """
        person | place     | end_kind
        Ann    | Oak House | open
        Ann    | Ward      | left
        Ben    | Oak House | moved on
        Ben    | Ward      | left
    """,
    )
    expect(
        view,
        "absences",
        """
        person | from_at          | to_at | hours
        Ann    | 2024-07-03 09:00 |       | 49
    """,
    )


def test_s40_after_coming_back_the_next_arrival_ends_the_stay():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-02 09:00 | away    | Oak House
        Ann    | 2024-07-02 17:00 | back    | Oak House
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 10:00 | left    | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "stays",
        """
        place     | end_kind | end_at
        Oak House | moved on | 2024-07-03 12:00
        Ward      | left     | 2024-07-05 10:00
    """,
    )


def test_s40_of_several_in_a_row_the_first_counts_and_a_back_alone_tells_nothing():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-01 10:00 | back    | Ward
        Ann    | 2024-07-02 09:00 | away    | Ward
        Ann    | 2024-07-02 11:00 | away    | Ward
        Ann    | 2024-07-02 17:00 | back    | Ward
        Ann    | 2024-07-02 18:00 | back    | Ward
        Ann    | 2024-07-03 08:00 | away    | Ward
        Ann    | 2024-07-03 09:00 | left    | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "absences",
        """
        from_at          | to_at            | hours
        2024-07-02 09:00 | 2024-07-02 17:00 | 8
        2024-07-03 08:00 | 2024-07-03 09:00 | 1
    """,
    )


def test_s40_back_before_the_other_stay_has_ended_gives_way_to_it():
    """The ward had her first from its own begin on, so she is counted there until it ends (§12)."""
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 09:00 | back    | Oak House
        Ann    | 2024-07-05 10:00 | left    | Ward
        Ann    | 2024-07-06 09:00 | left    | Oak House
    """,
        PLACES,
    )
    expect(
        view,
        "presences",
        """
        place     | from_at          | to_at
        Oak House | 2024-07-01 09:00 | 2024-07-03 09:00
        Ward      | 2024-07-03 12:00 | 2024-07-05 10:00
        Oak House | 2024-07-05 10:00 | 2024-07-06 09:00
    """,
    )


def test_s40_on_leave_at_home_no_other_stay_has_the_hours_and_lists_go_on():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | Ward
        Ann    | 2024-07-02 09:00 | referred | Home care
        Ann    | 2024-07-02 10:00 | away     | Ward
        Ann    | 2024-07-04 10:00 | back     | Ward
        Ann    | 2024-07-05 09:00 | left     | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "stretches",
        """
        from_at          | to_at            | part    | in_place | place
        2024-07-01 09:00 | 2024-07-02 09:00 | unsplit | yes      | Ward
        2024-07-02 09:00 | 2024-07-02 10:00 | unsplit | yes      | Ward
        2024-07-02 10:00 | 2024-07-04 10:00 | unknown | no       | Ward
        2024-07-04 10:00 | 2024-07-05 09:00 | unsplit | yes      | Ward
    """,
    )


def test_s40_occupancy_counts_nobody_who_is_away():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 00:00 | arrived | Ward
        Ann    | 2024-07-02 00:00 | away    | Ward
        Ann    | 2024-07-03 00:00 | back    | Ward
        Ann    | 2024-07-05 00:00 | left    | Ward
    """,
        PLACES,
    )
    found = measure(view, "occupancy", ["place"]).rows.to_pylist()[0]
    assert found["mean"] == 3 / 4  # three of four days
