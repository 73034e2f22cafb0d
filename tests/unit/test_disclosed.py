"""What people outside see of a page: small numbers hidden, the rest rounded, stories left out.

Every number here is counted by hand: 100 people come to the ED, the first 40 go to the ward, 3 of
the others to the home.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.spec.tables import put

from wholeflow.events import EventLog
from wholeflow.governance.disclosure import policies
from wholeflow.journeys import check, journeys
from wholeflow.publish import reported
from wholeflow.publish.bars import Hours
from wholeflow.publish.disclosed import DisclosedFacts, _told, without_numbers
from wholeflow.store import open_store

HES = policies()["hes"]
MONDAY = datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/London"))
PLACES = [
    {"place": "ED", "setting": "ed", "organisation": "Trust"},
    {"place": "Ward", "setting": "ward", "organisation": "Trust"},
    {"place": "Home", "setting": "care_home", "organisation": "Owner"},
]


def stay(person, place, begin, hours):
    kinds = (("arrived", begin), ("ready", begin + timedelta(hours=hours - 1)),
             ("left", begin + timedelta(hours=hours)))  # fmt: skip
    own = {"person": person, "place": place, "ref": f"{person} {place}"}
    return [{**own, "kind": kind, "at": at.isoformat()} for kind, at in kinds]


@pytest.fixture(scope="module")
def seen():
    rows = []
    for n in range(100):
        begin = MONDAY + timedelta(hours=10 * n)
        rows += stay(f"p{n}", "ED", begin, 3)
        if n < 43:
            rows += stay(f"p{n}", "Ward" if n < 40 else "Home", begin + timedelta(hours=3), 20 + n)
    store = open_store()
    put(store, EventLog.from_rows("book", events=rows, places=PLACES))
    return journeys(store)


@pytest.fixture(scope="module")
def page(seen):
    findings = check(seen).findings
    return reported(seen, title="A place", findings=findings, made_at=0, policy=HES).as_dict()


def section(page, name):
    return next(one for one in page["sections"] if one["id"] == name)


def test_the_page_says_that_it_is_for_publication_and_by_which_policy(page):
    assert page["stamp"] == "For publication, by the policy hes"
    assert HES.meaning in section(page, "definitions")["items"]


def test_numbers_at_the_top_are_rounded(page):
    assert page["sentences"][1] == (
        "100 people made 100 journeys with 145 stays; all had ended when the records end."
    )


def test_moves_of_few_are_left_out_of_map_and_ways(page):
    moves = {(row["From"], row["To"]): row["Moves"] for row in
             section(page, "flow")["tables"]["Flow map"]}  # fmt: skip
    assert moves == {
        ("ED", "Ward"): 40,
        ("not recorded", "ED (came in from outside)"): 100,
        ("ED", "left"): 55,
        ("Ward", "left"): 40,
    }
    (ways,) = section(page, "ways")["tables"].values()
    assert [(row["Way"], row["Journeys"]) for row in ways] == [("ED", 55), ("ED > Ward", 40)]
    assert "Home" not in str(section(page, "flow")["tables"])
    assert "People" not in str(section(page, "flow")["tables"])


def test_times_are_told_only_with_enough_people_on_either_side(page):
    """40 people: a median has 20 on either side, a ninth tenth 4 and is not told."""
    (table,) = [t for name, t in section(page, "measures")["tables"].items()
                if name.startswith("Length of stay")]  # fmt: skip
    told = {row["Place"]: row for row in table}
    assert set(told) == {"ED", "Ward"}
    assert told["Ward"]["Median"] == pytest.approx(39.5, abs=1 / 12)
    assert told["Ward"]["90th percentile"] is None
    assert told["ED"]["90th percentile"] == 3.0


def test_hours_of_few_people_are_left_out_and_totals_are_of_what_is_shown(page):
    hours = section(page, "hours")["tables"]["Hours in places"]
    assert {row["In places"]: row["All hours"] for row in hours} == {"ED": 300, "Ward": 1580}
    assert "Of 78.3 days of" in section(page, "hours")["sentences"]["Hours in places"]


def test_no_story_and_no_count_of_findings(page):
    assert section(page, "journey")["paragraphs"] == [
        "One person’s journey is not for publication."
    ]
    for rows in section(page, "quality")["tables"].values():
        assert all(set(row) == {"Finding", "Severity", "What it means"} for row in rows)


def test_charts_have_gaps_where_few_came_and_nought_stays_nought(seen):
    """Two or three people a day come to the ED; on many days nobody comes to the home."""
    series = {one.group["place"]: one for one in DisclosedFacts(seen, HES).arrivals.over_time}
    values = {place: {v for part in one.parts for v in part.values}
              for place, one in series.items()}  # fmt: skip
    assert values["ED"] == {None}
    assert values["Ward"] == {None, 0.0}


def test_parts_of_hours_that_few_spent_hide_among_others():
    hours = Hours("Ward", 5.0, 100.0, 40.0, 0.0)
    people = {"wait": 2, "care": 30, "delay": 20, "unsplit": 0}
    assert _told(hours, people, 8) == Hours("Ward", 0.0, 100.0, 0.0, 45.0)
    assert _told(hours, {**people, "unsplit": 9}, 8) == Hours("Ward", 0.0, 100.0, 40.0, 5.0)
    assert _told(hours, {**people, "wait": 9}, 8) == hours


def test_sentences_with_numbers_of_their_own_are_left_out():
    told = ("3 stays are known to the day only (§18).", "Returns elsewhere are not seen (§20).")
    assert without_numbers(told) == told[1:]
