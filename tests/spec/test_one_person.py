# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§36: one person's journey, every hour of it told, worked out by hand."""

from datetime import datetime

import pytest
from tests.spec.tables import expect, log_of, put, recorded, worked_out
from tests.spec.test_whole_way import ANN, BEN, PLACES

from wholeflow.core.errors import RequestError
from wholeflow.events import EventLog
from wholeflow.journeys import Journeys, journeys
from wholeflow.journeys.one_person import journeys_of
from wholeflow.store import open_store

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
        "stays": 4, "moves": 1, "handoffs": 3, "retellings": 0, "contacts": 0, "decisions": 0,
        "organisations": 3, "teams": 0,
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
        "  4 stays, 1 move, 3 handoffs, 0 retellings, 0 contacts, 0 decisions, 3 organisations. "
        "Nobody recorded which people or teams were met."
    )
    assert "25 h    3%  in delay: ready, and still there" in text
    assert "in Ward 1 (Trust): delay" in text
    assert "On lists meanwhile:" in text
    assert (
        "7 October 2024, 16:00 to 8 November 2024, 09:00   31.8 days  "
        "on the list of Home care (Sunrise): not split 31.8 days; left"
    ) in text
    assert (
        "Ward 1 to Social work: asked 5 October 2024, 09:00, came 6 October 2024, 09:00, 24 h later"
        in text
    )
    assert "in several places at once" not in text and "on their books" not in text
    told = journey.as_dict()
    assert told["hours"] == journey.hours
    assert datetime.fromisoformat(told["stretches"][0]["from_at"]).isoformat() == (
        "2024-10-01T10:00:00+01:00"
    )


def test_nobody_is_told_of_whom_the_store_does_not_know():
    with pytest.raises(RequestError, match="no such person"):
        journeys_of(worked_out(ANN, PLACES), "Zoe")


# --- gaps and overlaps ----------------------------------------------------------------------------


def test_s36_a_gap_is_found_to_the_minute_and_said_plainly():
    """Ann leaves at 10:07; a list has her from 16:30 of the next day: 30 hours and 23 minutes."""
    (journey,) = journeys_of(
        worked_out(
            """
            person | at               | kind    | place
            Ann    | 2024-07-01 08:00 | arrived | Ward 1
            Ann    | 2024-07-02 10:07 | left    | Ward 1
            Ann    | 2024-07-03 16:30 | started | Home care
            Ann    | 2024-07-09 12:00 | left    | Home care
            """,
            PLACES,
        ),
        "Ann",
    )
    (gap,) = journey.gaps
    assert gap.hours * 60 == 30 * 60 + 23
    assert (
        "Nobody had the person on their books from 2 July 2024, 10:07 to 3 July 2024, 16:30 "
        "(30 h 23 min)."
    ) in str(journey)
    assert journey.as_dict()["gaps"] == [
        {"from_at": "2024-07-02T10:07:00+01:00", "to_at": "2024-07-03T16:30:00+01:00"}
    ]


def test_s36_the_time_before_a_stay_that_begins_at_the_end_of_the_records_is_told_too():
    view = worked_out(
        """
        person | at               | kind    | place
        Ann    | 2024-07-01 08:00 | arrived | ED
        Ann    | 2024-07-01 10:00 | left    | ED
        Ann    | 2024-07-03 10:00 | arrived | Ward 1
        """,
        PLACES,
    )
    (journey,) = journeys_of(view, "Ann")
    assert journey.is_open and journey.hours == {"unsplit": 2, "unknown": 48}
    expect(
        view,
        "journeys",
        """
        person | from_at          | to_at            | hours
        Ann    | 2024-07-01 08:00 | 2024-07-03 10:00 | 50
        """,
    )


def test_s36_a_journey_takes_as_long_as_its_parts_together():
    expect(
        worked_out(ANN, PLACES),
        "journey_hours",
        """
        hours | waiting_hours | care_hours | delay_hours | travelling_hours | unsplit_hours | unknown_hours
        912   | 9.5           | 164        | 25          | 0.5              | 713           | 0
        """,
    )


def test_s12_a_body_in_two_places_at_once_is_found_to_the_minute_and_said_plainly():
    (journey,) = journeys_of(
        worked_out(
            """
            person | at               | kind    | place
            Ann    | 2024-07-01 08:00 | arrived | ED
            Ann    | 2024-07-01 11:20 | arrived | Ward 1
            Ann    | 2024-07-01 12:05 | left    | ED
            Ann    | 2024-07-03 09:00 | left    | Ward 1
            """,
            PLACES,
        ),
        "Ann",
    )
    assert (
        "Recorded in several places at once from 1 July 2024, 11:20 to 12:05 (45 min): ED, Ward 1."
    ) in str(journey)


def test_what_is_true_of_several_lists_at_once_is_told_of_none_of_them():
    (journey,) = journeys_of(
        worked_out(
            """
            person | at               | kind    | place
            Ann    | 2024-07-01 08:00 | arrived | GP
            Ann    | 2024-07-01 09:00 | arrived | Home care
            Ann    | 2024-07-01 11:00 | left    | GP
            Ann    | 2024-07-01 12:00 | left    | Home care
            """,
            PLACES,
        ),
        "Ann",
    )
    assert [(one.what, one.hours) for one in journey.stretches] == [
        ("on the list of GP (Practice)", 1),
        ("on several lists, or in hospital with no ward recorded", 2),
        ("on the list of Home care (Sunrise)", 1),
    ]


def test_stays_that_cannot_be_placed_in_time_are_counted():
    """At the ward Ann left before she came."""
    (journey,) = journeys_of(
        worked_out(
            """
            person | ref | at               | kind    | place
            Ann    | a   | 2024-07-01 08:00 | arrived | ED
            Ann    | a   | 2024-07-01 12:00 | left    | ED
            Ann    | b   | 2024-07-01 14:00 | arrived | Ward 1
            Ann    | b   | 2024-07-01 13:00 | left    | Ward 1
            """,
            PLACES,
        ),
        "Ann",
    )
    assert journey.counts["stays"] == 2
    assert "1 stay is not told" in str(journey)


# --- people met, decisions, retellings ------------------------------------------------------------


def esther(messages: str) -> Journeys:
    """Esther meets 36 people, one of them twice, in 37 contacts at her doctor's."""
    met = [*range(1, 37), 1]
    rows = "\n".join(
        f"Esther | 2024-07-{1 + at // 2:02d} {9 + at % 2:02d}:00 | contact | GP | person {who}"
        for at, who in enumerate(met)
    )
    events = f"""
        person | at               | kind     | place | team
        Esther | 2024-07-01 08:00 | referred | GP    |
        {rows}
        Esther | 2024-07-31 08:00 | left     | GP    |
    """
    log = log_of(events, PLACES)
    told = EventLog.from_rows("post", messages=recorded("messages", messages))
    store = open_store()
    put(store, log)
    put(store, told, "post")
    return journeys(store)


TOLD_THREE_TIMES = """
    person | kind     | ref | sent_at          | received_at      | from_place | to_place
    Esther | plan     | m   | 2024-07-02 09:00 | 2024-07-02 10:00 | GP         | Sunrise
    Esther | plan     | m   | 2024-07-04 09:00 | 2024-07-04 10:00 | GP         | Sunrise
    Esther | plan     | m   | 2024-07-06 09:00 |                  | GP         | Sunrise
    Esther | decision | d   | 2024-07-08 09:00 | 2024-07-08 10:00 | Council    | GP
    Esther | decision | e   | 2024-07-09 09:00 | 2024-07-10 10:00 | Council    | GP
"""

IN_ONE_RECORD = """
    person | kind     | ref | sent_at          | received_at      | from_place | to_place
    Esther | plan     | m   | 2024-07-02 09:00 | 2024-07-02 10:00 | GP         | Sunrise
    Esther | decision | d   | 2024-07-08 09:00 | 2024-07-08 10:00 | Council    | GP
    Esther | decision | e   | 2024-07-09 09:00 | 2024-07-10 10:00 | Council    | GP
"""


def test_contacts_are_told_with_whom_where_and_when_the_same_ones_in_one_line():
    (journey,) = journeys_of(
        worked_out(
            """
            person | at               | kind    | place     | team | activity
            Ann    | 2024-07-01 08:00 | arrived | Home care |      |
            Ann    | 2024-07-01 09:00 | contact | Home care | Jo   | visit
            Ann    | 2024-07-02 09:00 | contact | Home care | Jo   | visit
            Ann    | 2024-07-03 09:00 | contact | Home care | Sam  | visit
            Ann    | 2024-07-04 09:00 | contact | Home care |      |
            Ann    | 2024-07-05 09:00 | left    | Home care |      |
            """,
            PLACES,
        ),
        "Ann",
    )
    told = str(journey)
    assert (
        "    1 July 2024, 09:00 to 2 July 2024, 09:00: visit with Jo, Home care (Sunrise), 2 times"
        in told
    )
    assert "    3 July 2024, 09:00: visit with Sam, Home care (Sunrise)\n" in told
    assert "    4 July 2024, 09:00: contact, Home care (Sunrise)" in told
    assert [one["at"] for one in journey.as_dict()["contacts"]] == [
        f"2024-07-0{day}T09:00:00+01:00" for day in (1, 2, 3, 4)
    ]


def test_s18_a_day_is_told_as_a_day_and_not_as_midnight():
    """Ben's doctor's dates are days; he left at the end of one and was asked for at noon."""
    (journey,) = journeys_of(worked_out(BEN, PLACES), "Ben")
    told = str(journey)
    assert told.startswith("Journey 1, 25 March 2024 to 1 June 2024: 68.0 days.")
    assert "25 March 2024 to 26 March 2024        24 h  on the list of GP (Practice)" in told
    assert "26 March 2024 to 26 March 2024, 12:00" in told and "00:00" not in told
    assert journey.as_dict()["known_to_the_day"] == ["2024-03-25", "2024-03-26", "2024-06-01"]


def test_s18_a_handoff_within_a_day_is_not_told_as_one_without_waiting():
    (journey,) = journeys_of(
        worked_out(
            """
            person | at               | kind     | place       | precision
            Ann    | 2024-07-01 08:00 | arrived  | Ward 1      |
            Ann    | 2024-07-02       | referred | Social work | day
            Ann    | 2024-07-02       | arrived  | Social work | day
            Ann    | 2024-07-04       | left     | Social work | day
            Ann    | 2024-07-05 08:00 | left     | Ward 1      |
            """,
            PLACES,
        ),
        "Ann",
    )
    assert "Ward 1 to Social work: came 2 July 2024, the same day" in str(journey)


def test_s5_where_dates_were_moved_that_is_said():
    log = log_of(ANN, PLACES, clock="shifted_per_person")
    store = open_store()
    put(store, log)
    (journey,) = journeys_of(journeys(store), "Ann")
    assert "Dates of this person were moved: lengths of time are right" in str(journey)
    assert journey.as_dict()["dates_were_moved"]


def test_who_meets_36_people_met_36_people_however_often():
    expect(esther(IN_ONE_RECORD), "journeys", "contacts | teams\n37 | 36")
    (journey,) = journeys_of(esther(IN_ONE_RECORD), "Esther")
    assert "37 contacts, 2 decisions, 1 organisation, 36 people or teams met." in str(journey)


def test_s37_a_shared_record_saves_retellings_and_not_contacts():
    expect(
        esther(TOLD_THREE_TIMES),
        "journeys",
        "contacts | teams | decisions | retellings\n37 | 36 | 2 | 2",
    )
    expect(
        esther(IN_ONE_RECORD),
        "journeys",
        "contacts | teams | decisions | retellings\n37 | 36 | 2 | 0",
    )


def test_s37_a_message_that_no_handoff_and_no_ref_ties_is_of_the_journey_that_began_last():
    """Esther's second journey begins on 15 October; a month after it ended nothing is of it."""
    events = """
        person | at               | kind     | place
        Esther | 2024-07-01 08:00 | arrived  | GP
        Esther | 2024-07-31 08:00 | left     | GP
        Esther | 2024-10-15 08:00 | arrived  | ED
        Esther | 2024-10-15 12:00 | left     | ED
    """
    told = """
        person | kind     | sent_at
        Esther | before   | 2024-06-30 09:00
        Esther | during   | 2024-07-02 09:00
        Esther | after    | 2024-08-29 09:00
        Esther | too late | 2024-08-31 09:00
        Esther | second   | 2024-10-15 10:00
    """
    store = open_store()
    put(store, log_of(events, PLACES))
    put(store, EventLog.from_rows("post", messages=recorded("messages", told)), "post")
    expect(
        journeys(store),
        "information",
        """
        kind     | journey
        before   |
        during   | 1
        after    | 1
        too late |
        second   | 2
        """,
    )


def test_messages_are_told_with_whether_they_came_before_the_person():
    events = """
        person | at               | kind     | place     | from_place
        Ann    | 2024-07-01 08:00 | arrived  | Ward 1    |
        Ann    | 2024-07-03 10:00 | left     | Ward 1    |
        Ann    | 2024-07-02 09:00 | referred | Home care | Ward 1
        Ann    | 2024-07-03 12:00 | started  | Home care |
        Ann    | 2024-07-20 12:00 | left     | Home care |
    """
    told = """
        person | kind     | sent_at          | received_at      | acted_at         | from_place | to_place
        Ann    | referral | 2024-07-02 09:00 | 2024-07-02 09:20 | 2024-07-02 15:00 | Ward 1     | Home care
        Ann    | letter   | 2024-07-03 09:00 | 2024-07-04 09:00 |                  | Ward 1     | Home care
        Ann    | plan     | 2024-07-03 10:00 |                  |                  | Ward 1     | Home care
    """
    store = open_store()
    put(store, log_of(events, PLACES))
    put(store, EventLog.from_rows("post", messages=recorded("messages", told)), "post")
    (journey,) = journeys_of(journeys(store), "Ann")
    assert [message.told(journey.dated) for message in journey.messages] == [
        "referral from Ward 1 to Home care: sent 2 July 2024, 09:00, received 2 July 2024, 09:20, "
        "acted on 2 July 2024, 15:00, before the person came",
        "letter from Ward 1 to Home care: sent 3 July 2024, 09:00, received 4 July 2024, 09:00, "
        "after the person had come",
        "plan from Ward 1 to Home care: sent 3 July 2024, 10:00, nobody recorded that it arrived",
    ]
    assert all(message.told(journey.dated) in str(journey) for message in journey.messages)
