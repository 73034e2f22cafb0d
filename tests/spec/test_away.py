"""§40: away from a place that is kept: the stay goes on, and the body may be elsewhere."""

from tests.spec.tables import expect, worked_out

from wholeflow.journeys import check
from wholeflow.journeys.one_person import journeys_of
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


def test_s40_leave_that_begins_and_ends_at_one_instant_changes_nothing():
    """Of leave within one day only the day may be known; §4 has its back before its away."""
    view = worked_out(
        """
        person | at               | kind    | place | precision
        Ann    | 2024-07-01 09:00 | arrived | Ward  | instant
        Ann    | 2024-07-02 00:00 | away    | Ward  | day
        Ann    | 2024-07-02 00:00 | back    | Ward  | day
        Ann    | 2024-07-03 00:00 | away    | Ward  | day
        Ann    | 2024-07-04 00:00 | back    | Ward  | day
        Ann    | 2024-07-04 00:00 | away    | Ward  | day
        Ann    | 2024-07-05 00:00 | back    | Ward  | day
        Ann    | 2024-07-06 09:00 | left    | Ward  | instant
    """,
        PLACES,
    )
    expect(
        view,
        "absences",
        """
        from_at          | to_at            | hours
        2024-07-03 00:00 | 2024-07-05 00:00 | 48
    """,
    )


def test_s40_away_from_the_day_of_arrival_on_begins_no_earlier_than_the_arrival():
    view = worked_out(
        """
        person | at               | kind    | place     | precision
        Ann    | 2024-07-01 12:00 | arrived | Oak House | instant
        Ann    | 2024-07-01 00:00 | away    | Oak House | day
        Ann    | 2024-07-03 00:00 | back    | Oak House | day
        Ann    | 2024-07-05 09:00 | away    | Oak House | instant
        Ann    | 2024-07-05 12:00 | arrived | Ward      | instant
        Ann    | 2024-07-06 12:00 | left    | Ward      | instant
        Ann    | 2024-07-07 12:00 | back    | Oak House | instant
        Ann    | 2024-07-09 09:00 | contact | Oak House | instant
    """,
        PLACES,
    )
    expect(
        view,
        "absences",
        """
        from_at          | to_at            | hours
        2024-07-01 12:00 | 2024-07-03 00:00 | 36
        2024-07-05 09:00 | 2024-07-07 12:00 | 51
    """,
    )
    expect(
        view,
        "stays",
        """
        place     | end_kind
        Oak House | open
        Ward      | left
    """,
    )


def test_s40_coming_back_ends_a_stay_elsewhere_of_which_no_end_is_recorded():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 11:00 | back    | Oak House
        Ann    | 2024-07-09 09:00 | left    | Oak House
        Ben    | 2024-07-12 09:00 | arrived | Oak House
    """,
        PLACES,
    )
    expect(
        view,
        "presences",
        """
        person | place     | from_at          | to_at
        Ann    | Oak House | 2024-07-01 09:00 | 2024-07-03 09:00
        Ann    | Ward      | 2024-07-03 12:00 | 2024-07-05 11:00
        Ann    | Oak House | 2024-07-05 11:00 | 2024-07-09 09:00
        Ben    | Oak House | 2024-07-12 09:00 |
    """,
    )
    expect(
        view,
        "stays",
        """
        person | place     | end_kind
        Ann    | Oak House | left
        Ann    | Ward      | moved on
        Ben    | Oak House | open
    """,
    )


def test_s40_away_or_back_as_the_last_thing_recorded_is_counted():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2024-07-04 09:00 | back    | Oak House
        Ben    | 2024-07-01 09:00 | arrived | Ward
        Ben    | 2024-07-04 09:00 | away    | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "census",
        """
        place     | at               | inside
        Oak House | 2024-07-01 09:00 | 1
        Oak House | 2024-07-03 09:00 | 0
        Oak House | 2024-07-04 09:00 | 1
        Ward      | 2024-07-01 09:00 | 1
        Ward      | 2024-07-04 09:00 | 0
    """,
    )


def test_s40_a_back_that_cannot_have_happened_yet_lengthens_no_journey():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Oak House
        Ann    | 2024-07-03 09:00 | away    | Oak House
        Ann    | 2099-07-04 09:00 | back    | Oak House
        Ben    | 2024-07-01 09:00 | arrived | Ward
        Ben    | 2024-07-05 09:00 | left    | Ward
    """,
        PLACES,
    )
    expect(
        view,
        "absences",
        """
        person | from_at          | to_at | hours
        Ann    | 2024-07-03 09:00 |       | 48
    """,
    )
    expect(
        view,
        "stretches",
        """
        person | from_at          | to_at            | part
        Ann    | 2024-07-01 09:00 | 2024-07-03 09:00 | unsplit
        Ann    | 2024-07-03 09:00 | 2024-07-05 09:00 | unknown
        Ben    | 2024-07-01 09:00 | 2024-07-05 09:00 | unsplit
    """,
    )


def test_s40_who_is_away_was_had_on_arrival_elsewhere_and_moves_on_from_there():
    """The home still keeps her place when the ward has her: she boards nowhere (§15)."""
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | Oak House
        Ann    | 2024-07-03 09:00 | away     | Oak House
        Ann    | 2024-07-03 10:00 | arrived  | ED
        Ann    | 2024-07-03 14:00 | left     | ED
        Ann    | 2024-07-03 14:00 | arrived  | Ward
        Ann    | 2024-07-05 10:00 | left     | Ward
        Ann    | 2024-07-05 11:00 | back     | Oak House
        Ann    | 2024-07-06 09:00 | referred | Home care
        Ann    | 2024-07-07 09:00 | started  | Home care
        Ann    | 2024-07-09 09:00 | left     | Oak House
        Ann    | 2024-07-09 10:00 | arrived  | Ward
    """,
        PLACES + "    ED          | body     | ed        | Trust\n",
    )
    expect(
        view,
        "handoffs",
        """
        from_place | to_place  | came_at          | wait_hours | gap_hours | overlap_hours
        Oak House  | ED        | 2024-07-03 10:00 |            | 1         | 0
        ED         | Ward      | 2024-07-03 14:00 |            | 0         | 0
        Oak House  | Home care | 2024-07-07 09:00 | 24         |           |
        Oak House  | Ward      | 2024-07-09 10:00 |            | 1         | 0
    """,
    )


def test_s40_who_is_away_is_told_neither_in_two_places_at_once_nor_on_nobodys_books():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Willow
        Ann    | 2024-07-03 09:00 | away    | Willow
        Ann    | 2024-07-03 12:00 | arrived | Ward
        Ann    | 2024-07-05 10:00 | left    | Ward
        Ann    | 2024-07-05 11:00 | back    | Willow
        Ann    | 2024-07-09 09:00 | left    | Willow
    """,
        PLACES + "    Willow      | body     | mental_health | Willow Trust\n",
    )
    (journey,) = journeys_of(view, "Ann")
    assert journey.overlaps == journey.gaps == ()
    assert "away from Willow (Willow Trust), which kept the place" in str(journey)
    assert "overlaps" not in {found.name for found in check(view).findings}
