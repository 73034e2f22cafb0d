"""Sections of the report tell what was planted: hours of the week, ways, the longest journey."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.spec.tables import put

from wholeflow.events import EventLog
from wholeflow.journeys import journeys
from wholeflow.publish.facts import Facts
from wholeflow.publish.heat_map import heat_spec
from wholeflow.publish.sections import story_section, ways_section
from wholeflow.publish.week import week_section
from wholeflow.store import open_store

MONDAY = datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/London"))
PLACES = [
    {"place": "ED", "setting": "ed", "organisation": "Trust"},
    {"place": "Ward", "setting": "ward", "organisation": "Trust"},
]


def facts_of(rows):
    store = open_store()
    put(store, EventLog.from_rows("book", events=rows, places=PLACES))
    return Facts(journeys(store))


def stay(person, place, begin, hours):
    return [
        {
            "person": person,
            "place": place,
            "kind": kind,
            "at": at.isoformat(),
            "ref": f"{person} {place}",
        }
        for kind, at in (("arrived", begin), ("left", begin + timedelta(hours=hours)))
    ]


def cells(table):
    return {row[0]: row[1:] for row in table.cells}


def test_hours_of_the_week_are_those_of_local_time_at_the_emergency_department():
    """Four weeks: each day one person an hour, on Mondays at 9:00 five more. The ward has more."""
    rows = []
    for hour in range(28 * 24):
        begin = MONDAY + timedelta(hours=hour)
        several = 6 if begin.weekday() == 0 and begin.hour == 9 else 1
        for number in range(several):
            rows += stay(f"e{hour} {number}", "ED", begin, 0.5)
        for number in range(2):
            rows += stay(f"w{hour} {number}", "Ward", begin, 0.5)
    section = week_section(facts_of(rows))
    (figure,) = section.figures
    assert section.paragraphs[0].startswith("692 arrivals at ED, spread over 168 hours")
    assert figure.sentence.startswith(
        "Most arrivals an hour in the hour from 09:00 on Mondays (6.0)"
    )
    told = cells(figure.table)
    assert told["09:00"] == ("6.0", *["1.0"] * 6)
    assert told["03:00"] == ("1.0",) * 7


def test_a_place_that_few_come_to_has_no_heat_map():
    rows = [row for n in range(40) for row in stay(f"p{n}", "ED", MONDAY + timedelta(hours=n), 1)]
    section = week_section(facts_of(rows))
    assert not section.figures and "too few" in section.paragraphs[0]


def test_only_the_darkest_and_the_lightest_cell_have_their_number():
    values = {"Monday 00": 1.0, "Monday 01": 2.5, "Sunday 23": 0.25, "Friday 12": None}
    data = heat_spec(values, "arrivals an hour")["data"]["values"]
    assert [(row["day"], row["hour"], row["label"]) for row in data] == [
        ("Monday", "00", ""), ("Monday", "01", "2.5"), ("Sunday", "23", "0.2"),
    ]  # fmt: skip


def test_ways_and_the_longest_journey():
    """Twelve people go from the department to the ward, one of them for 50 days; six go home."""
    rows = []
    for n in range(18):
        begin = MONDAY + timedelta(days=n)
        rows += stay(f"p{n}", "ED", begin, 4)
        if n < 12:
            rows += stay(f"p{n}", "Ward", begin + timedelta(hours=4), 1200 if n == 5 else 48)
    facts = facts_of(rows)
    (table,) = ways_section(facts).tables
    told = cells(table.rows)
    assert told["ED > Ward"] == ("12", "66.7%", "66.7%", "2.2 days", "12")
    assert told["ED"] == ("6", "33.3%", "100.0%", "4 h", "6")
    typical, longest = story_section(facts).figures
    assert "50.2 days with 2 stays in 2 places" in longest.sentence
    assert "2.2 days with 2 stays in 2 places" in typical.sentence


def test_a_journey_of_impossible_times_is_not_the_longest():
    rows = stay("p1", "ED", MONDAY, 4) + stay("p2", "ED", MONDAY, 30)
    rows += [
        {"person": "p3", "place": "Ward", "kind": kind, "at": at.isoformat(), "ref": "p3"}
        for kind, at in (("left", MONDAY), ("started", MONDAY + timedelta(days=90)))
    ]
    titles = {figure.title: figure.sentence for figure in story_section(facts_of(rows)).figures}
    assert titles["The longest journey"].startswith("A journey of 30 h with")
