"""§17: the census at an instant, and at a clock time of every day."""

import pytest
from tests.spec.tables import drawn, worked_out

from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.core.time import local
from wholeflow.journeys.clock_census import census_at

PLACES = """
    place     | holds    | setting   | organisation
    Ward      | body     | ward      | Trust
    Home care | caseload | home_care | Sunrise
"""

EVENTS = """
    person | at               | kind    | place
    Ann    | 2024-10-26 03:00 | arrived | Ward
    Ben    | 2024-10-26 20:00 | arrived | Ward
    Cat    | 2024-10-27 01:30 | arrived | Home care
    Ann    | 2024-10-27 03:00 | left    | Ward
    Ben    | 2024-10-28 09:00 | left    | Ward
"""


def told(rows):
    return [
        {
            "place": row["place"],
            "holds": row["holds"],
            "at": f"{local(row['at']):%Y-%m-%d %H:%M}",
            "inside": "" if row["inside"] is None else str(row["inside"]),
        }
        for row in rows.to_pylist()
    ]


def test_s17_who_comes_at_the_instant_is_there_and_who_leaves_at_it_is_not():
    view = worked_out(EVENTS, PLACES)
    assert told(census_at(view, "2024-10-27T03:00")) == drawn("""
        place     | holds    | at               | inside
        Home care | caseload | 2024-10-27 03:00 | 1
        Ward      | body     | 2024-10-27 03:00 | 1
    """)
    assert told(census_at(view, "2024-10-26T03:00")) == drawn("""
        place     | holds    | at               | inside
        Home care | caseload | 2024-10-26 03:00 |
        Ward      | body     | 2024-10-26 03:00 | 1
    """)


def test_s17_a_clock_time_of_every_day_follows_the_clocks():
    view = worked_out(EVENTS, PLACES)
    assert [row for row in told(census_at(view, "02:30")) if row["place"] == "Ward"] == drawn("""
        place | holds | at               | inside
        Ward  | body  | 2024-10-27 02:30 | 2
        Ward  | body  | 2024-10-28 02:30 | 1
    """)


def test_s2_a_day_on_which_no_clock_showed_the_time_is_left_out():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-03-30 00:00 | arrived | Ward
        Ann    | 2024-04-01 12:00 | left    | Ward
    """)
    days = [row["at"] for row in told(census_at(view, "01:30"))]
    assert days == ["2024-03-30 01:30", "2024-04-01 01:30"]


def test_s17_a_time_outside_the_records_is_refused_in_words():
    view = worked_out(EVENTS, PLACES)
    with pytest.raises(RequestError, match="do not reach"):
        census_at(view, "2025-01-01T03:00")


def test_s5_on_shifted_clocks_there_is_no_census():
    view = worked_out(EVENTS, PLACES, clock="shifted_per_person")
    with pytest.raises(UnsupportedError, match="moved for each person"):
        census_at(view, "03:00")
