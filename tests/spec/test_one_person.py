"""§36: one person's journey, every hour of it told, worked out by hand."""

from datetime import datetime

import pytest
from tests.spec.tables import expect, worked_out
from tests.spec.test_whole_way import ANN, BEN, PLACES

from wholeflow.core.errors import RequestError
from wholeflow.journeys.one_person import journeys_of

ANN_HOURS = """
    part       | in_place | place       | from_at          | to_at            | hours
    waiting    | yes      | ED          | 2024-10-01 10:00 | 2024-10-01 11:00 | 1
    care       | yes      | ED          | 2024-10-01 11:00 | 2024-10-01 13:00 | 2
    delay      | yes      | ED          | 2024-10-01 13:00 | 2024-10-01 16:00 | 3
    travelling | no       |             | 2024-10-01 16:00 | 2024-10-01 16:30 | 0.5
    waiting    | yes      | Ward 1      | 2024-10-01 16:30 | 2024-10-01 18:00 | 1.5
    care       | yes      | Ward 1      | 2024-10-01 18:00 | 2024-10-05 09:00 | 87
    care       | yes      | Ward 1      | 2024-10-05 09:00 | 2024-10-06 14:00 | 29
    care       | yes      | Ward 1      | 2024-10-06 14:00 | 2024-10-07 15:00 | 25
    care       | yes      | Ward 1      | 2024-10-07 15:00 | 2024-10-07 16:00 | 1
    care       | yes      | Ward 1      | 2024-10-07 16:00 | 2024-10-08 12:00 | 20
    delay      | yes      | Ward 1      | 2024-10-08 12:00 | 2024-10-09 10:00 | 22
    waiting    | no       | Home care   | 2024-10-09 10:00 | 2024-10-09 17:00 | 7
    unsplit    | no       | Home care   | 2024-10-09 17:00 | 2024-11-08 09:00 | 713
"""


def test_s36_every_hour_of_a_journey_is_one_thing():
    """713 hours at home: 29 days and 16 hours by the clock, and the hour that came twice."""
    expect(worked_out(ANN, PLACES), "stretches", ANN_HOURS)


def test_s36_the_hours_add_up_to_the_time_that_the_journey_took():
    (journey,) = journeys_of(worked_out(ANN, PLACES), "Ann")
    assert journey.elapsed_hours == 912
    assert journey.hours == {
        "waiting": 9.5, "care": 164, "delay": 25, "travelling": 0.5, "unsplit": 713,
    }  # fmt: skip
    assert sum(journey.hours.values()) == journey.elapsed_hours
    assert journey.counts == {
        "stays": 4, "moves": 1, "handoffs": 3, "retellings": 0, "contacts": 0, "organisations": 3,
    }  # fmt: skip


def test_s36_at_home_waiting_for_one_service_comes_before_being_on_the_list_of_another():
    """Ben waits for nurses, then for a befriender while they visit, who declines."""
    (journey,) = journeys_of(worked_out(BEN, PLACES), "Ben")
    told = [(one.what, one.hours) for one in journey.stretches]
    assert told == [
        ("on the list of GP (Practice)", 24),
        ("between stays: nobody recorded where", 12),
        ("waiting for Community nursing (Community trust)", 165),
        ("cared for by Community nursing (Community trust)", 192),
        ("waiting for Befriending (Age Concern)", 48),
        ("cared for by Community nursing (Community trust)", 192),
        ("done with, and still on the list of Community nursing (Community trust)", 52),
        ("in Care home (Willow): not split", 946),
    ]


def test_a_journey_is_told_in_words_that_need_no_picture():
    (journey,) = journeys_of(worked_out(ANN, PLACES), "Ann")
    text = str(journey)
    assert text.startswith(
        "Journey 1, 1 October 2024, 10:00 to 8 November 2024, 09:00: 38.0 days.\n"
        "  4 stays, 1 move, 3 handoffs, 0 retellings, 0 contacts, 3 organisations."
    )
    assert "25 h    3%  in delay: ready, and still there" in text
    assert "in Ward 1 (Trust): delay" in text
    assert "On lists meanwhile:" in text
    told = journey.as_dict()
    assert told["hours"] == journey.hours
    assert datetime.fromisoformat(told["stretches"][0]["from_at"]).isoformat() == (
        "2024-10-01T10:00:00+01:00"
    )


def test_nobody_is_told_of_whom_the_store_does_not_know():
    with pytest.raises(RequestError, match="no such person"):
        journeys_of(worked_out(ANN, PLACES), "Zoe")
