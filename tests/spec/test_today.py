# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§34-§35: who is ready to leave or waits at an instant, for what, and whose turn it is."""

from __future__ import annotations

import re
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest
from tests.spec.tables import at, drawn, put, recorded

from wholeflow import api
from wholeflow.coordinate import CLOCK, END, Today, default_instant
from wholeflow.coordinate.now import SCHEMA
from wholeflow.core.errors import WholeflowError
from wholeflow.core.time import local
from wholeflow.events import EventLog
from wholeflow.store import Store, open_store

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

PLACES = """
    place       | holds    | setting     | organisation
    ED          | body     | ed          | Trust
    Ward        | body     | ward        | Trust
    Spell       | caseload | hospital    | Trust
    Social work | caseload | social_work | Council
    Home care   | caseload | home_care   | Sunrise
    Nurses      | caseload | community   | Community
"""


def stored(events: str, places: str = PLACES, source: str = "book", **tables: str) -> Store:
    store = open_store()
    add(store, events, places, source, **tables)
    return store


def add(store: Store, events: str, places: str = "", source: str = "book", **tables: str) -> None:
    more: dict[str, Any] = {name: recorded(name, text) for name, text in tables.items()}
    log = EventLog.from_rows(
        source, events=recorded("events", events), places=recorded("places", places), **more
    )
    put(store, log, source)


def listed(store: Store, when: str, **options: Any) -> Today:
    return api.today(store, at=when, **options)


def names(store: Store) -> dict[str, str]:
    """The identifier of each pseudonym, as the tests' stores keep it."""
    kept = store.query("SELECT pseudonym, identifier FROM kept_ids").to_pylist()
    return {f"{row['pseudonym']:015x}": row["identifier"].rpartition(":")[2] for row in kept}


def cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column.endswith("_at"):
        return f"{local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return {True: "yes", False: "no"}.get(value, str(value))


def expect(store: Store, when: str, text: str, **options: Any) -> Today:
    """The list at a time has the drawn rows and no others, in this order."""
    header = [column.strip() for column in text.strip().splitlines()[0].split("|")]
    who = names(store)
    result = listed(store, when, **options)
    rows = [{**row, "person": who[row["person"]]} for row in result.rows.to_pylist()]
    found = [" | ".join(cell(column, row[column]) for column in header) for row in rows]
    wanted = [" | ".join(row.values()) for row in drawn(text)]
    assert found == wanted, "\n".join(["by the rules (-), found (+):", *ndiff(wanted, found)])
    return result


# --- §34: who is on the list ----------------------------------------------------------------------


def test_s34_who_is_ready_and_has_not_left_is_listed_the_longest_first():
    store = stored("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-03 09:00 | ready   | Ward
        Ann    | 2024-07-05 09:00 | left    | Ward
        Ben    | 2024-07-01 10:00 | arrived | Ward
        Ben    | 2024-07-02 09:00 | ready   | Ward
        Ben    | 2024-07-09 09:00 | left    | Ward
        Cat    | 2024-07-01 11:00 | arrived | Ward
        Cat    | 2024-07-01 11:00 | started | Ward
        Cat    | 2024-07-09 10:00 | ready   | Ward
    """)
    expect(store, "2024-07-04 15:00", """
        person | state          | place | organisation | body_place | since_at         | hours | days
        Ben    | ready to leave | Ward  | Trust        | Ward       | 2024-07-02 09:00 | 54    | 2.25
        Ann    | ready to leave | Ward  | Trust        | Ward       | 2024-07-03 09:00 | 30    | 1.25
    """)  # fmt: skip


def test_s34_each_state_of_waiting():
    store = stored("""
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | referred | Nurses
        Ben    | 2024-07-01 10:00 | referred | Nurses
        Ben    | 2024-07-01 11:00 | accepted | Nurses
        Cat    | 2024-07-01 12:00 | referred | Nurses
        Cat    | 2024-07-01 13:00 | accepted | Nurses
        Cat    | 2024-07-01 14:00 | arrived  | Nurses
        Dan    | 2024-07-01 15:00 | arrived  | ED
        Eve    | 2024-07-01 15:00 | arrived  | ED
        Eve    | 2024-07-01 16:00 | started  | ED
    """)
    expect(store, "2024-07-01 17:00", """
        person | state                     | place  | since_at         | hours | waits_for | told_by   | next_step | next_step_is
        Ann    | referred and not accepted | Nurses | 2024-07-01 09:00 | 8     | Nurses    | own place | Community | recorded
        Ben    | accepted and not arrived  | Nurses | 2024-07-01 10:00 | 7     | Nurses    | own place | Community | recorded
        Cat    | waiting to start          | Nurses | 2024-07-01 12:00 | 5     | Nurses    | own place | Community | recorded
        Dan    | waiting to start          | ED     | 2024-07-01 15:00 | 2     | ED        | own place | Trust     | recorded
    """)  # fmt: skip


HISTORY = """
    person | at               | kind     | place
    Old    | 2024-06-01 09:00 | referred | Nurses
    Old    | 2024-06-01 12:00 | contact  | Nurses
    Old    | 2024-06-01 15:00 | left     | Nurses
    Old    | 2024-06-02 09:00 | arrived  | Ward
    Old    | 2024-06-03 15:00 | left     | Ward
"""
"""Nurses record contacts and no start; the ward records neither start nor ready."""


def test_s34_a_milestone_that_a_place_does_not_tell_of_says_nothing_when_it_is_missing():
    store = stored(HISTORY + """
        Ann    | 2024-07-01 09:00 | referred | Nurses
        Ben    | 2024-07-01 09:00 | referred | Nurses
        Ben    | 2024-07-01 10:00 | contact  | Nurses
        Cat    | 2024-07-01 09:00 | arrived  | Ward
    """)  # fmt: skip
    found = expect(store, "2024-07-02 09:00", """
        person | state            | place
        Ann    | waiting to start | Nurses
    """)  # fmt: skip
    assert "1 more people nobody can say" in found.limits[0]
    assert "Ward" in found.limits[0]


def test_s34_a_contact_ends_no_wait_where_starts_are_told():
    store = stored("""
        person | at               | kind     | place
        Old    | 2024-06-01 09:00 | arrived  | ED
        Old    | 2024-06-01 10:00 | started  | ED
        Old    | 2024-06-01 11:00 | left     | ED
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 09:05 | contact  | ED
    """)
    expect(store, "2024-07-01 10:00", "person | state | hours\nAnn | waiting to start | 1")


def test_s34_a_request_is_answered_when_the_same_place_begins_under_another_record():
    events = """
        person | at               | kind     | place       | ref
        Ann    | 2024-07-01 09:00 | referred | Social work | request 1
        Ann    | 2024-07-02 09:00 | started  | Social work | assessment 1
        Ann    | 2024-07-03 09:00 | left     | Social work | assessment 1
        Ben    | 2024-07-02 12:00 | referred | Social work | request 2
    """
    store = stored(events)
    expect(store, "2024-07-01 10:00", "person | place\nAnn | Social work")
    expect(store, "2024-07-02 15:00", "person | place\nBen | Social work")


def test_s34_one_organisation_has_one_row_for_somebody_ready_the_one_where_the_body_is():
    store = stored("""
        person | at               | kind    | place | ref
        Ann    | 2024-07-01 09:00 | arrived | Spell | s
        Ann    | 2024-07-01 09:00 | arrived | Ward  | w
        Ann    | 2024-07-02 00:00 | ready   | Spell | s
        Ann    | 2024-07-02 11:00 | ready   | Ward  | w
    """)
    expect(store, "2024-07-03 09:00", "person | place | hours\nAnn | Ward | 33")


def test_s34_ended_in_any_way_is_not_waiting():
    store = stored("""
        person | at               | kind           | place
        Ann    | 2024-07-01 09:00 | referred       | Nurses
        Ann    | 2024-07-01 10:00 | declined       | Nurses
        Ben    | 2024-07-01 09:00 | arrived        | ED
        Ben    | 2024-07-01 10:00 | reneged        | ED
        Cat    | 2024-07-01 09:00 | referred       | Nurses
        Cat    | 2024-07-01 10:00 | cancelled      | Nurses
        Dan    | 2024-07-01 09:00 | referred       | Nurses
        Dan    | 2024-07-01 10:00 | died           |
        Eve    | 2024-07-01 10:30 | arrived        | ED
    """)
    expect(store, "2024-07-01 11:00", "person | place\nEve | ED")


def test_s34_only_what_was_known_and_had_happened_by_then_is_used():
    store = stored("""
        person | at               | kind    | place | id | recorded_at
        Ann    | 2024-07-01 09:00 | arrived | Ward  | a1 | 2024-07-01 09:00
        Ann    | 2024-07-02 09:00 | ready   | Ward  | a2 | 2024-07-02 09:00
        Ann    | 2024-07-03 09:00 | left    | Ward  | a3 | 2024-07-05 09:00
    """)
    expect(store, "2024-07-04 09:00", "person | hours\nAnn | 48")
    expect(store, "2024-07-05 09:00", "person | hours")


def test_s34_who_may_be_gone_comes_last_and_enters_no_count():
    """An ED stay without an end for more than three days (`check` calls it missing-ends)."""
    store = stored("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 10:00 | started | ED
        Ann    | 2024-07-01 11:00 | ready   | ED
        Ben    | 2024-07-09 07:00 | arrived | ED
        Ben    | 2024-07-09 08:00 | started | ED
        Ben    | 2024-07-09 09:00 | ready   | ED
    """)
    found = expect(store, "2024-07-09 12:00", """
        person | hours | doubt
        Ben    | 3     |
        Ann    | 193   | open implausibly long
    """)  # fmt: skip
    assert "1 person is ready to leave" in found.says
    assert "Longest: 3 h," in found.says
    assert "1 who may be gone" in found.says
    assert found.as_dict()["ready"] == 1


def test_s35_who_may_be_gone_explains_no_request():
    store = stored("""
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 10:00 | started  | ED
        Ann    | 2024-07-01 11:00 | ready    | ED
        Ann    | 2024-07-09 07:00 | referred | Nurses
    """)
    expect(store, "2024-07-09 12:00", """
        place  | state                     | doubt
        Nurses | referred and not accepted |
        ED     | ready to leave            | open implausibly long
    """)  # fmt: skip


def test_s34_a_stay_in_an_impossible_order_is_left_out_and_counted():
    store = stored("""
        person | at               | kind    | place | ref
        Ann    | 2024-07-02 09:00 | arrived | Ward  | 1
        Ann    | 2024-07-01 09:00 | ready   | Ward  | 1
        Ben    | 2024-07-02 09:00 | arrived | Ward  | 2
        Ben    | 2024-07-03 09:00 | ready   | Ward  | 2
    """)
    found = expect(store, "2024-07-04 09:00", "person\nBen")
    assert set(found.left_out.values()) == {1}
    assert "Left out: 1 with an impossible order of times (§11)." in found.says


def test_s34_people_are_pseudonyms_even_in_a_store_that_keeps_identifiers():
    store = stored("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | Ward
        Ann    | 2024-07-02 09:00 | ready   | Ward
    """)
    assert store.about("ids") == "kept"
    person = listed(store, "2024-07-03").rows["person"][0].as_py()
    assert names(store)[person] == "Ann"
    assert "Ann" not in str(listed(store, "2024-07-03").as_dict())


def test_s34_a_place_keeps_those_there_those_whose_body_is_there_and_those_who_wait_for_it():
    events = """
        person | at               | kind     | place       | ref
        Ann    | 2024-07-01 09:00 | arrived  | Spell       | a
        Ann    | 2024-07-01 09:00 | arrived  | Ward        | b
        Ann    | 2024-07-01 09:00 | started  | Ward        | b
        Ann    | 2024-07-01 12:00 | ready    | Spell       | a
        Ann    | 2024-07-01 13:00 | referred | Social work | c
        Ben    | 2024-07-01 14:00 | referred | Nurses      | d
    """
    store = stored(events)
    for place in ("Ward", "Social work"):
        expect(store, "2024-07-02", "person\nAnn", place=place)
    expect(store, "2024-07-02", "person\nBen", place="Nurses")
    expect(store, "2024-07-02", "person", place="ED")
    with pytest.raises(WholeflowError, match=r"no place called 'Moon'.*\n.*Nurses"):
        listed(store, "2024-07-02", place="Moon")


def test_s34_moved_dates_are_refused_in_words():
    log = EventLog.from_rows(
        "moved",
        clock="shifted_per_person",
        events=[{"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}],
    )
    store = open_store()
    put(store, log)
    for when in (None, "2024-07-02"):
        with pytest.raises(WholeflowError, match="who waits at one instant can't be worked out"):
            api.today(store, at=when)


def test_s34_nothing_recorded_by_then_is_refused_in_words():
    store = stored("person | at | kind | place\nAnn | 2024-07-01 09:00 | arrived | Ward")
    for empty, when in ((store, "2020-01-01"), (open_store(), None), (open_store(), "2024-01-01")):
        with pytest.raises(WholeflowError, match="no event is recorded by then"):
            api.today(empty, at=when)


# --- §34: which instant, and how old the data are -------------------------------------------------


LAST = """
    person | at               | kind    | place
    Ann    | 2024-07-01 09:00 | arrived | Ward
    Ann    | 2024-07-02 09:00 | ready   | Ward
    Ben    | 2024-07-03 12:00 | arrived | Ward
"""


@pytest.mark.parametrize(
    ("clock", "wanted"),
    [
        ("2024-07-03 12:00", ("2024-07-03 12:00", CLOCK)),
        ("2024-07-04 12:00", ("2024-07-04 12:00", CLOCK)),
        ("2024-07-04 12:00:01", ("2024-07-03 12:00", END)),
        ("2026-11-23 09:00", ("2024-07-03 12:00", END)),
        ("2024-07-02 11:59", ("2024-07-03 12:00", END)),
    ],
)
def test_s34_the_instant_is_the_end_of_observation_unless_the_clock_is_within_a_day(clock, wanted):
    view = api.journeys(stored(LAST))
    when, why = wanted
    assert default_instant(view, at(clock)) == (at(when), why)


def test_s34_without_a_time_all_that_is_known_is_used_as_at_the_end_of_observation():
    """The record of the last event came after it; a list as of that event would not know it."""
    store = stored("""
        person | at               | kind    | place | id | recorded_at
        Ann    | 2024-07-01 09:00 | arrived | Ward  | a1 | 2024-07-04 00:00
        Ann    | 2024-07-02 09:00 | ready   | Ward  | a2 | 2024-07-04 00:00
        Ben    | 2024-07-03 12:00 | arrived | Ward  | a3 | 2024-07-04 00:00
    """)
    found = api.today(store)
    assert (found.at, found.at_is) == (at("2024-07-03 12:00"), END)
    assert found.rows["hours"].to_pylist() == [27, 0]


def test_s34_a_date_that_can_not_be_right_makes_no_feed_young_and_no_stay_end():
    """Nothing recorded by 4 July can have happened in 2062 (§9)."""
    store = stored("""
        person | at               | kind    | place | id | recorded_at
        Ann    | 2024-07-01 09:00 | arrived | Ward  | a1 | 2024-07-04 00:00
        Ann    | 2024-07-02 09:00 | ready   | Ward  | a2 | 2024-07-04 00:00
        Ben    | 2024-07-03 12:00 | arrived | Ward  | a3 | 2024-07-04 00:00
        Ben    | 2062-01-01 12:00 | contact | Ward  | a4 | 2024-07-04 00:00
    """)
    found = api.today(store)
    assert [feed.hours for feed in found.feeds] == [0]
    assert found.rows["hours"].to_pylist() == [27, 0]


def test_s34_each_feed_says_when_it_was_last_heard_of():
    store = stored("""
        person | at               | kind    | place | id | recorded_at
        Ann    | 2024-07-01 09:00 | arrived | Ward  | a1 | 2024-07-02 06:00
        Ann    | 2024-07-01 12:00 | ready   | Ward  | a2 | 2024-07-02 06:00
        Ben    | 2024-07-09 09:00 | arrived | Ward  | a3 | 2024-07-09 09:00
    """)
    add(store, "person | at | kind | place\nCat | 2024-07-03 20:00 | referred | Nurses",
        source="nurses", messages="""
        person | kind   | sent_at          | received_at
        Cat    | letter | 2024-07-03 21:00 | 2024-07-08 09:00
    """)  # fmt: skip
    found = listed(store, "2024-07-03 23:00")
    assert [(f.feed, f.hours, f.is_old) for f in found.feeds] == [
        ("book", 41, True),
        ("nurses", 2, False),
    ]
    assert str(found.feeds[0]) == "book: 41 h old"
    assert "Old, so the list may be wrong: book: 41 h old. 1 of 2 rows rest on these" in found.says


def test_s34_a_row_rests_on_the_feed_that_would_tell_of_its_end():
    """Referrals come from one feed, contacts from another: the second tells that the wait is over."""
    store = stored("""
        person | at               | kind     | place  | ref
        Old    | 2024-06-01 09:00 | referred | Nurses | 1
        Old    | 2024-06-03 09:00 | left     | Nurses | 1
        Ann    | 2024-07-03 09:00 | referred | Nurses | 2
    """, source="referrals")  # fmt: skip
    add(store, "person | at | kind | place | ref\nOld | 2024-06-02 09:00 | contact | Nurses | 1",
        source="contacts")  # fmt: skip
    expect(store, "2024-07-03 09:00", "person | feed | feed_hours\nAnn | contacts | 744")


# --- §35: for what, and whose turn it is ----------------------------------------------------------

HELD = """
    person | at               | kind    | place | waits_for   | reason
    Ann    | 2024-07-01 09:00 | arrived | Ward  |             |
    Ann    | 2024-07-03 09:00 | ready   | Ward  |             |
"""


def test_s35_the_last_waits_for_tells_what_is_awaited_and_why():
    store = stored(HELD + """
        Ann    | 2024-07-03 10:00 | waits_for | Ward | Social work | needs assessment
        Ann    | 2024-07-04 10:00 | waits_for | Ward | Home care   | no capacity
    """)  # fmt: skip
    expect(store, "2024-07-03 12:00", """
        waits_for   | reason           | told_by | next_step | next_step_is
        Social work | needs assessment | record  | Council   | recorded
    """)  # fmt: skip
    expect(store, "2024-07-05 12:00", """
        waits_for | reason      | told_by | next_step | next_step_is | hours
        Home care | no capacity | record  | Sunrise   | recorded     | 51
    """)  # fmt: skip


def test_s35_a_named_place_where_the_person_has_been_and_left_is_awaited_no_longer():
    store = stored(HELD + """
        Ann    | 2024-07-03 10:00 | waits_for | Ward        | Social work |
        Ann    | 2024-07-03 11:00 | referred  | Social work |             |
        Ann    | 2024-07-04 09:00 | started   | Social work |             |
        Ann    | 2024-07-05 09:00 | left      | Social work |             |
        Ann    | 2024-07-05 10:00 | referred  | Home care   |             |
    """)  # fmt: skip
    expect(store, "2024-07-04 12:00", "place | waits_for | told_by\nWard | Social work | record")
    expect(store, "2024-07-06 12:00", """
        place | waits_for | told_by      | next_step | next_step_is
        Ward  | Home care | open request | Sunrise   | inferred
    """)  # fmt: skip


def test_s35_a_resource_is_owed_by_the_organisation_that_owns_it():
    store = stored(HELD + """
        Ann    | 2024-07-03 10:00 | waits_for | Ward | assessors |
    """, resources="resource | organisation\nassessors | Council")  # fmt: skip
    expect(
        store, "2024-07-04", "waits_for | next_step | next_step_is\nassessors | Council | recorded"
    )


def test_s35_what_is_awaited_may_be_recorded_and_whose_turn_it_is_inferred():
    store = stored(HELD + """
        Ann    | 2024-07-03 10:00 | waits_for | Ward        | a package |
        Ann    | 2024-07-03 11:00 | referred  | Social work |           |
    """)  # fmt: skip
    expect(store, "2024-07-04", """
        place | waits_for | told_by | next_step | next_step_is
        Ward  | a package | record  | Council   | inferred
        Social work | Social work | own place | Council | recorded
    """)  # fmt: skip


def test_s35_else_the_earliest_request_that_nobody_answered_which_has_no_row_of_its_own():
    store = stored(HELD + """
        Ann    | 2024-07-03 11:00 | referred  | Social work |  |
        Ann    | 2024-07-03 12:00 | referred  | Home care   |  |
    """)  # fmt: skip
    expect(store, "2024-07-04", """
        place     | state                     | waits_for   | told_by      | next_step | next_step_is
        Ward      | ready to leave            | Social work | open request | Council   | inferred
        Home care | referred and not accepted | Home care   | own place    | Sunrise   | recorded
    """)  # fmt: skip


def test_s35_a_request_of_another_journey_explains_nothing():
    store = stored("""
        person | at               | kind     | place       | need
        Ann    | 2024-07-01 09:00 | arrived  | Ward        | hip
        Ann    | 2024-07-03 09:00 | ready    | Ward        | hip
        Ann    | 2024-07-02 11:00 | referred | Social work | equipment
    """)
    expect(store, "2024-07-04", """
        place       | told_by      | next_step | next_step_is
        Social work | own place    | Council   | recorded
        Ward        | not recorded |           | not recorded
    """)  # fmt: skip


MESSAGES = """
    person | kind   | sent_at          | received_at      | acted_at         | to_place
    Ann    | notice | 2024-07-03 10:00 | 2024-07-05 10:00 |                  | Social work
    Ann    | letter | 2024-06-30 10:00 |                  |                  | Nurses
"""


def test_s35_else_the_earliest_message_since_the_stay_began_that_nobody_received():
    store = stored(HELD, messages=MESSAGES)
    expect(store, "2024-07-03 09:30", "person | told_by\nAnn | not recorded")
    expect(store, "2024-07-04", """
        waits_for | told_by      | next_step | next_step_is
        notice    | open message | Council   | inferred
    """)  # fmt: skip
    expect(store, "2024-07-06", "person | told_by\nAnn | not recorded")


def test_s35_a_message_sent_again_and_received_is_open_no_longer():
    store = stored(HELD, messages="""
        person | kind   | sent_at          | received_at      | to_place
        Ann    | notice | 2024-07-03 10:00 |                  | Social work
        Ann    | notice | 2024-07-04 10:00 | 2024-07-04 11:00 | Social work
    """)  # fmt: skip
    expect(store, "2024-07-04 10:30", "person | waits_for\nAnn | notice")
    expect(store, "2024-07-04 11:30", "person | told_by\nAnn | not recorded")


def test_s35_where_acting_on_messages_is_told_one_is_open_until_somebody_acted():
    store = stored(HELD, messages="""
        person | kind   | sent_at          | received_at      | acted_at         | to_place
        Old    | notice | 2024-06-01 10:00 | 2024-06-01 11:00 | 2024-06-01 12:00 | Social work
        Ann    | notice | 2024-07-03 10:00 | 2024-07-03 11:00 | 2024-07-05 12:00 | Social work
    """)  # fmt: skip
    expect(store, "2024-07-05 11:00", "person | waits_for\nAnn | notice")
    expect(store, "2024-07-05 13:00", "person | told_by\nAnn | not recorded")


def test_s35_a_recipient_that_is_no_place_is_named_as_it_is():
    store = stored(HELD, messages="""
        person | kind   | sent_at          | to_place
        Ann    | notice | 2024-07-03 10:00 | the duty desk
    """)  # fmt: skip
    expect(
        store,
        "2024-07-04",
        "waits_for | next_step | next_step_is\nnotice | the duty desk | inferred",
    )


def test_s35_else_care_that_began_elsewhere_in_the_meantime():
    store = stored(HELD + """
        Ann    | 2024-06-01 10:00 | started  | Home care    |  |
        Ann    | 2024-07-03 11:00 | started  | Social work  |  |
    """)  # fmt: skip
    expect(store, "2024-07-04", """
        place | waits_for   | told_by         | next_step | next_step_is
        Ward  | Social work | care under way  | Council   | inferred
    """)  # fmt: skip


def test_s35_care_that_ran_before_the_stay_began_explains_nothing():
    store = stored(HELD + "Ann | 2024-06-01 10:00 | started | Home care | |")
    expect(store, "2024-07-04", "place | told_by\nWard | not recorded")


def test_s35_else_it_is_not_recorded_and_what_was_last_heard_of_the_person_is_shown():
    store = stored("""
        person | at               | kind     | place       | activity | reason
        Ann    | 2024-07-01 09:00 | arrived  | Ward        |          |
        Ann    | 2024-07-03 09:00 | ready    | Ward        |          |
        Ann    | 2024-07-03 10:00 | started  | Social work |          |
        Ann    | 2024-07-03 15:00 | left     | Social work |          | services agreed
    """)
    expect(store, "2024-07-04", """
        waits_for | told_by      | next_step | next_step_is | last_at          | last_place  | last_activity
                  | not recorded |           | not recorded | 2024-07-03 15:00 | Social work | services agreed
    """)  # fmt: skip


def test_s35_something_awaited_while_in_care_is_a_wait_of_its_own():
    store = stored("""
        person | at               | kind      | place | waits_for
        Ann    | 2024-07-01 09:00 | arrived   | ED    |
        Ann    | 2024-07-01 10:00 | started   | ED    |
        Ann    | 2024-07-01 11:00 | waits_for | ED    | Ward
        Ann    | 2024-07-01 12:00 | waits_for | ED    | Ward
        Old    | 2024-06-01 12:00 | arrived   | Ward  |
    """)
    expect(store, "2024-07-01 14:00", """
        person | state                 | place | hours | waits_for | told_by | next_step
        Ann    | waiting while in care | ED    | 3     | Ward      | record  | Trust
    """, place="ED")  # fmt: skip


def test_s34_the_summary_says_how_many_the_longest_and_whose_turn():
    store = stored(HELD + """
        Ann    | 2024-07-03 10:00 | waits_for | Ward   | Social work |
        Ben    | 2024-07-03 10:00 | referred  | Nurses |             |
        Cat    | 2024-07-03 08:00 | arrived   | Ward   |             |
        Cat    | 2024-07-03 11:00 | ready     | Ward   |             |
    """)  # fmt: skip
    found = listed(store, "2024-07-03 12:00")
    assert found.says.splitlines() == [
        "As of 3 July 2024, 12:00 (as asked for): 2 people are ready to leave and still there; "
        "1 more waits.",
        "Longest: 3 h, ready to leave, Ward.",
        "Whose next step: Community 1 (recorded); Council 1 (recorded); not recorded for 1.",
        "Every feed was heard of in the last 24 hours.",
    ]
    told = found.as_dict()
    assert {name: told[name] for name in ("at", "ready", "waiting")} == {
        "at": "2024-07-03T12:00:00+01:00",
        "ready": 2,
        "waiting": 1,
    }
    assert told["next_steps"] == [
        {"next_step": "", "next_step_is": "not recorded", "rows": 1},
        {"next_step": "Community", "next_step_is": "recorded", "rows": 1},
        {"next_step": "Council", "next_step_is": "recorded", "rows": 1},
    ]
    assert [row["since_at"] for row in told["rows"]] == [
        "2024-07-03T09:00:00+01:00",
        "2024-07-03T10:00:00+01:00",
        "2024-07-03T11:00:00+01:00",
    ]


def test_s34_waits_run_over_a_change_of_the_clocks_in_elapsed_hours():
    store = stored("""
        person | at               | kind    | place
        Ann    | 2024-10-26 09:00 | arrived | Ward
        Ann    | 2024-10-26 12:00 | ready   | Ward
    """)
    expect(store, "2024-10-27 12:00", "person | hours\nAnn | 25")


def test_s34_a_simulated_run_is_on_no_list():
    store = stored("""
        person | at               | kind    | place | run
        Ann    | 2024-07-01 09:00 | arrived | Ward  | 0
        Ann    | 2024-07-02 10:00 | ready   | Ward  | 0
        Ben    | 2024-07-01 09:00 | arrived | Ward  | 1
        Ben    | 2024-07-02 09:00 | ready   | Ward  | 1
    """)
    expect(store, "2024-07-03", "person\nAnn")


def test_s34_numbers_of_one_person_are_one_person():
    """Ann's request stands under another of her numbers, which a merge ties to her."""
    store = stored(HELD + "Ann-2 | 2024-07-03 11:00 | referred | Social work | |",
                   same_person="person | same_as | method\nAnn-2 | Ann | merge")  # fmt: skip
    found = listed(store, "2024-07-04")
    assert found.people == 1
    assert found.rows["waits_for"].to_pylist() == ["Social work"]


def test_the_guide_says_what_every_column_means():
    guide = Path(__file__).parents[2] / "docs/guides/who-waits-today.md"
    table = (
        guide.read_text("utf-8").partition("## What each column means")[2].partition("## Who")[0]
    )
    assert re.findall(r"^\| `(\w+)` \| .+\. \|$", table, re.MULTILINE) == SCHEMA.names
