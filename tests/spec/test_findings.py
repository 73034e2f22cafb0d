# ruff: noqa: E501 (drawn tables are as wide as they are)
"""What check finds: each finding has one planted fault, told with its file and line, and passes a clean log."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.spec.feeds import Desk
from tests.spec.tables import drawn

from wholeflow.core.errors import RequestError
from wholeflow.journeys import check
from wholeflow.journeys.checking import Check, questions
from wholeflow.store import replace_links

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


MAPPING = """
source = "town"
people = "town"
title = "A town"
times = ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
blank = ["NULL"]
place = [
  { place = "Ambulance", setting = "ambulance", organisation = "Ambulance Service" },
  { place = "ED", setting = "ed", organisation = "Trust" },
  { place = "Ward", setting = "ward", organisation = "Trust" },
  { place = "Unit", setting = "assessment", organisation = "Trust" },
  { place = "Theatre", setting = "theatre", organisation = "Trust" },
  { place = "Spell", setting = "hospital", organisation = "Trust", holds = "caseload" },
  { place = "Home care", setting = "home_care", organisation = "Agency", holds = "caseload" },
  { place = "Clinic", setting = "outpatient", organisation = "Agency" },
]

[[file]]
feed = "calls"
organisation = "Ambulance Service"
match = ["calls.csv"]
key = ["id"]
[file.each]
person = { column = "number" }
ref = { column = "id" }
place = "Ambulance"
[[file.says]]
kind = "arrived"
at = { column = "called" }
activity = "called"
[[file.says]]
kind = "contact"
at = { column = "left_scene" }
activity = "left scene"
[[file.says]]
kind = "left"
at = { column = "handover" }
activity = "handed over"

[[file]]
feed = "ed"
organisation = "Trust"
match = ["ed.csv"]
key = ["id"]
traits = { birth_date = { column = "born", format = "%Y-%m-%d" } }
[file.each]
person = [{ column = "number", scheme = "town" }, { column = "nhs", scheme = "nhs-number" }]
ref = { column = "id" }
place = "ED"
[[file.says]]
kind = "arrived"
at = { column = "arrived" }
[[file.says]]
kind = "started"
at = { column = "seen" }
[[file.says]]
kind = "left"
at = { column = "left" }
reason = { column = "outcome", codes = { H = "home", W = "ward" } }
to_place = { column = "outcome", codes = { H = "", W = "Ward" } }

[[file]]
feed = "wards"
organisation = "Trust"
match = ["wards.csv"]
key = ["id"]
[file.each]
person = { column = "number" }
ref = { column = "id" }
place = { column = "ward" }
[[file.says]]
kind = "arrived"
at = { column = "start" }
[[file.says]]
kind = "left"
at = { column = "end" }

[[file]]
feed = "spells"
organisation = "Trust"
match = ["spells.csv"]
key = ["id"]
recorded_at = { column = "extract" }
[file.each]
person = { column = "number" }
ref = { column = "id" }
place = "Spell"
[[file.says]]
kind = "arrived"
at = { column = "admitted" }
[[file.says]]
kind = { column = "how", codes = { out = "left", dead = "died" } }
at = { column = "discharged" }

[[file]]
feed = "care"
organisation = "Agency"
match = ["care.csv"]
key = ["id"]
[file.each]
person = { column = "number" }
ref = { column = "id" }
place = "Home care"
[[file.says]]
kind = "arrived"
at = { column = "start" }
[[file.says]]
kind = "left"
at = { column = "end" }

[[file]]
feed = "visits"
organisation = "Agency"
match = ["visits.csv"]
key = ["id"]
[file.each]
person = { column = "number" }
place = "Clinic"
[[file.says]]
kind = "contact"
at = { column = "seen" }
activity = { column = "what" }

[[file]]
feed = "figures"
match = ["figures.csv"]
key = ["id"]
[file.each]
place = "ED"
from_at = { column = "from" }
to_at = { column = "to" }
[[file.says]]
table = "counts"
name = "arrivals"
value = { column = "came" }
[[file.says]]
table = "counts"
name = "occupancy"
is = "level"
value = { column = "inside" }
"""

CLEAN = {
    "calls": """
        id | number | called           | left_scene       | handover
        1  | Ann    | 2024-07-01 08:00 | 2024-07-01 08:40 | 2024-07-01 09:20
    """,
    "ed": """
        id | number | nhs | born | arrived          | seen             | left             | outcome
        1  | Ann    |     |      | 2024-07-01 09:00 | 2024-07-01 10:00 | 2024-07-01 12:00 | W
        2  | Ben    |     |      | 2024-07-01 11:00 | 2024-07-01 11:30 | 2024-07-01 13:00 | H
        3  | Cat    |     |      | 2024-07-30 11:00 | 2024-07-30 11:30 | 2024-07-30 13:00 | W
    """,
    "wards": """
        id | number | ward    | start            | end
        1  | Ann    | Ward    | 2024-07-01 12:00 | 2024-07-05 12:00
        2  | Ann    | Theatre | 2024-07-02 12:00 | 2024-07-02 14:00
        3  | Cat    | Ward    | 2024-07-30 13:00 |
    """,
    "spells": """
        id | number | admitted         | discharged       | how | extract
        1  | Ann    | 2024-07-01 12:00 | 2024-07-05 12:00 | out | 2024-08-01
        2  | Cat    | 2024-07-30 13:00 |                  |     | 2024-08-01
    """,
    "care": """
        id | number | start            | end
        1  | Ann    | 2024-07-05 15:00 |
        2  | Dee    | 2014-07-05 15:00 | 2024-07-20 11:00
    """,
    "visits": """
        id | number | seen             | what
        1  | Ben    | 2024-07-10 10:00 | bloods
        2  | Ben    | 2024-07-10 10:20 | x-ray
    """,
    "figures": """
        id | from             | to               | came | inside
        1  | 2024-07-01       | 2024-07-02       | 2    |
        2  | 2024-07-01 11:15 | 2024-07-01 11:16 |      | 2
        3  | 2024-07-30       | 2024-07-31       | 1    | 1
    """,
}


def checked(folder: Path, **more: str | list[dict[str, Any]]) -> Check:
    """What check says of the clean files with more rows at their ends."""
    files: dict[str, Any] = {name: drawn(text) for name, text in CLEAN.items()}
    for name, table in more.items():
        rows = drawn(table) if isinstance(table, str) else table
        files[name] += [dict.fromkeys(files[name][0], "") | row for row in rows]
    desk = Desk(folder, MAPPING)
    desk.load(**files)
    return check(desk.view())


def told(result: Check) -> dict[str, list[tuple[str, int, str]]]:
    """File, line and words of every row at fault, by finding."""
    return {
        found.name: [tuple(row.values())[1:] for row in result.rows(found.name).to_pylist()]
        for found in result.findings
    }


def test_clean_files_pass_every_check(tmp_path):
    result = checked(tmp_path)
    assert told(result) == {}
    assert result.verdict == f"All {len(questions())} checks passed."


PLANTED = [
    # name, feed, rows after the clean ones, the rows told, other findings that must come with it
    (
        "rejected-rows", "ed",
        """
        id | number | arrived | left
        7  | Eve    | monday  | 2024-07-09 12:00
        """,
        [("ed.csv", 5, "arrived: a time in none of the declared formats")], set(),
    ),
    (
        "unseen-arrivals", "ed",
        """
        id | number | arrived          | seen             | left             | outcome
        7  | Eve    | 2024-07-09 09:00 | 2024-07-09 10:00 | 2024-07-09 12:00 | W
        """,
        [("ed.csv", 5, "ED to Ward")], set(),
    ),
    (
        "silent-rows", "visits",
        """
        id | number | seen | what
        7  | Eve    |      | bloods
        """,
        [("visits.csv", 4, "nothing that the mapping names")], set(),
    ),
    (
        "total-rows", "visits",
        """
        id    | number | seen | what
        Total |        | 2    |
        """,
        [("visits.csv", 4, "a total at the end of the file, and no record")], set(),
    ),
    (
        "clock-order", "ed",
        """
        id | number | arrived          | seen             | left             | outcome
        7  | Eve    | 2024-07-09 09:00 | 2024-07-09 10:00 | 2024-07-09 08:00 | H
        8  | Fay    | 2024-07-09 09:00 | 2024-07-09 09:00 | 2024-07-09 09:00 | H
        """,
        [("ed.csv", 5, "ED, left before arrived")], set(),
    ),
    (
        "overlaps", "wards",
        """
        id | number | ward | start            | end
        7  | Eve    | Unit | 2024-07-09 09:00 | 2024-07-09 12:00
        8  | Eve    | Ward | 2024-07-09 11:00 | 2024-07-10 12:00
        9  | Fay    | Unit | 2024-07-09 09:00 | 2024-07-09 12:00
        10 | Fay    | Ward | 2024-07-09 12:00 | 2024-07-10 12:00
        """,
        [("wards.csv", 6, "Ward while in Unit")], set(),
    ),
    (
        "missing-ends", "wards",
        """
        id | number | ward | start            | end
        7  | Eve    | Unit | 2024-07-09 09:00 |
        8  | Eve    | Ward | 2024-07-09 11:00 | 2024-07-10 12:00
        """,
        [("wards.csv", 5, "Unit, next seen elsewhere")], set(),
    ),
    (
        "missing-ends", "ed",
        """
        id | number | arrived          | seen             | left
        7  | Eve    | 2024-07-27 12:59 | 2024-07-27 13:30 |
        8  | Fay    | 2024-07-27 13:01 | 2024-07-27 13:30 |
        """,
        # the last event is at 13:00 on the 30th: one is open for three days and a minute
        [("ed.csv", 5, "ED, open implausibly long")], {"counts-differ"},
    ),
    (
        "missing-begins", "wards",
        """
        id | number | ward | start | end
        7  | Eve    | Ward |       | 2024-07-09 12:00
        """,
        [("wards.csv", 5, "Ward")], set(),
    ),
    (
        "unknown-places", "wards",
        """
        id | number | ward | start            | end
        7  | Eve    | ZZ99 | 2024-07-09 09:00 | 2024-07-09 12:00
        """,
        [("wards.csv", 5, "ZZ99")], set(),
    ),
    (
        "duplicates", "ed",
        """
        id | number | arrived          | seen             | left             | outcome
        7  | Ben    | 2024-07-01 11:00 | 2024-07-01 11:30 | 2024-07-01 13:00 | H
        8  | Ben    | 2024-07-03 11:00 | 2024-07-03 11:30 | 2024-07-03 13:00 | H
        """,
        None, {"overlaps", "counts-differ", "ties"},
    ),
    (
        "repeated-rows", "visits",
        """
        id | number | seen             | what
        2  | Ben    | 2024-07-10 10:20 | x-ray
        """,
        [("visits.csv", 4, "")], set(),
    ),
    (
        "ties", "visits",
        """
        id | number | seen             | what
        7  | Eve    | 2024-07-10 10:00 | bloods
        8  | Eve    | 2024-07-10 10:00 | x-ray
        """,
        [("visits.csv", 4, "contact"), ("visits.csv", 5, "contact")], set(),
    ),
    (
        "day-only", "care",
        """
        id | number | start      | end
        7  | Eve    | 2024-07-09 | 2024-07-10 09:00
        """,
        [("care.csv", 4, "day")], set(),
    ),
    (
        "blank-words", "wards",
        # where a tenth of the rows or more have the word, it is how the file writes an empty cell
        """
        id | number | ward | start            | end
        7  | Eve    | Ward | 2024-07-30 09:00 | NULL
        """ + "\n".join(f"{n} | p{n} | Ward | 2024-07-20 09:00 | 2024-07-21 09:00" for n in range(8, 16)),
        [("wards.csv", 5, "end")], set(),
    ),
    (
        "wrong-check-digits", "ed",
        """
        id | number | nhs        | arrived          | left
        7  | Eve    | 9434765918 | 2024-07-09 09:00 | 2024-07-09 10:00
        8  | Fay    | 9434765919 | 2024-07-09 09:00 | 2024-07-09 10:00
        """,
        [("ed.csv", 5, "nhs")], set(),
    ),
    (
        "repeated-hour", "visits",
        """
        id | number | seen             | what
        7  | Eve    | 2023-10-29 01:30 | bloods
        8  | Eve    | 2023-10-29 02:30 | bloods
        """,
        [("visits.csv", 4, "seen")], set(),
    ),
    (
        "unlisted-codes", "ed",
        """
        id | number | arrived          | left             | outcome
        7  | Eve    | 2024-07-09 09:00 | 2024-07-09 10:00 | Q
        """,
        [("ed.csv", 5, "outcome")], set(),
    ),
    (
        "unread-traits", "ed",
        """
        id | number | born       | arrived          | left
        7  | Eve    | 31/01/1950 | 2024-07-09 09:00 | 2024-07-09 10:00
        8  | Fay    | 1950-01-31 | 2024-07-09 09:00 | 2024-07-09 10:00
        """,
        [("ed.csv", 5, "born")], set(),
    ),
    (
        "link-doubts", "ed",
        """
        id | number | nhs        | born       | arrived          | left
        7  | Eve    | 9434765919 | 1950-02-01 | 2024-07-09 09:00 | 2024-07-09 10:00
        8  | Fay    | 9434765919 | 1950-02-01 | 2024-07-10 09:00 | 2024-07-10 10:00
        9  | Gus    | 9434765919 | 1971-08-30 | 2024-07-11 09:00 | 2024-07-11 10:00
        """,
        [("ed.csv", 7, "shared number, birth dates differ")], set(),
    ),
    (
        "two-nhs-numbers", "ed",
        """
        id | number | nhs        | born       | arrived          | left
        7  | Eve    | 9434765919 | 1950-02-01 | 2024-07-09 09:00 | 2024-07-09 10:00
        8  | Eve    | 4010232137 | 1950-02-01 | 2024-07-10 09:00 | 2024-07-10 10:00
        """,
        [("ed.csv", 5, "two NHS numbers"), ("ed.csv", 6, "two NHS numbers")], set(),
    ),
    (
        "corrected-ends", "spells",
        """
        id | number | admitted         | discharged       | how | extract
        7  | Eve    | 2024-07-09 09:00 | 2024-07-31 09:00 | out | 2024-08-01
        7  | Eve    | 2024-07-09 09:00 |                  |     | 2024-09-01
        8  | Fay    | 2024-07-09 09:00 | 2024-07-31 09:00 | out | 2024-08-01
        8  | Fay    | 2024-07-09 09:00 | 2024-08-20 09:00 | out | 2024-09-01
        9  | Gus    | 2024-07-09 09:00 |                  |     | 2024-08-01
        9  | Gus    | 2024-07-09 09:00 | 2024-08-20 09:00 | out | 2024-09-01
        """,
        [("spells.csv", 4, "taken back"), ("spells.csv", 6, "another time")], set(),
    ),
    (
        "future-dates", "spells",
        # the last time of recording is 1 August, at midnight: until midnight on the 2nd is forgiven
        """
        id | number | admitted         | discharged       | how | extract
        7  | Eve    | 2024-07-09 09:00 | 2024-08-01 23:59 | out | 2024-08-01
        8  | Fay    | 2024-07-09 09:00 | 2024-08-02 00:01 | out | 2024-08-01
        """,
        [("spells.csv", 5, "left")], set(),
    ),
    (
        "future-dates", "care",
        # in a feed without a time of recording none that is far from the others
        """
        id | number | start            | end
        7  | Eve    | 2024-07-05 15:00 | 2062-07-20 11:00
        """,
        [("care.csv", 4, "left")], set(),
    ),
    (
        "far-dates", "wards",
        """
        id | number | ward | start            | end
        7  | Eve    | Ward | 1900-01-01 00:00 | 2024-07-10 12:00
        """,
        [("wards.csv", 5, "arrived")], set(),
    ),
    (
        "counts-differ", "figures",
        """
        id | from             | to               | came | inside
        7  | 2024-07-01       | 2024-07-02       | 3    |
        8  | 2024-07-01 11:15 | 2024-07-01 11:16 |      | 1
        9  | 2024-07-02       | 2024-07-03       | 0    | 0
        10 | 2024-05-01       | 2024-06-01       | 9    | 9
        11 | 2024-07-01       | 2024-07-02       | 2    | 3
        """,
        [
            ("figures.csv", 5, "ED, arrivals, 1 July 2024: 3 published, 2 in the records"),
            ("figures.csv", 6, "ED, occupancy, 1 July 2024, 11:15: 1 published, 2 in the records"),
            ("figures.csv", 9, "ED, occupancy, 1 July 2024: 3 published, 0 to 2 in the records"),
        ],
        set(),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "feed", "rows", "expected", "besides"),
    PLANTED,
    ids=[f"{name} in {feed}" for name, feed, *_ in PLANTED],
)
def test_a_planted_fault_is_found_in_its_row_and_nothing_else_is(
    tmp_path, name, feed, rows, expected, besides
):
    found = told(checked(tmp_path, **{feed: rows}))
    at_fault = found.pop(name)
    assert set(found) == besides
    if expected is not None:
        assert at_fault == expected


def test_a_stay_recorded_under_two_keys_is_told_once_at_the_second(tmp_path):
    rows = "id | number | arrived | seen | left | outcome\n" + "\n".join(
        f"{i} | Eve | 2024-07-09 09:00 | 2024-07-09 09:10 | 2024-07-09 10:00 | H" for i in (7, 8, 9)
    )
    found = told(checked(tmp_path, ed=rows))
    assert len(found["duplicates"]) == 2
    assert {line for _, line, _ in found["duplicates"]} < {5, 6, 7}


def test_links_that_are_likelier_than_not_and_not_sure_are_told(tmp_path):
    desk = Desk(tmp_path, MAPPING)
    desk.load(ed=CLEAN["ed"])
    sure, unsure, unlikely = 0.9, 0.89, 0.49
    links = {"person": [1, 2, 3], "same_as": [4, 5, 6], "probability": [sure, unsure, unlikely]}
    replace_links(desk.store, "likeness", pa.table(links))
    (found,) = check(desk.view()).findings
    assert (found.name, found.severity, found.count, found.of) == ("unsure-links", "note", 1, 3)
    assert found.parts[0].about == (("likeness, alike, and not surely enough", 1),)


def test_two_visits_on_one_day_known_to_the_day_are_no_duplicates(tmp_path):
    rows = """
        id | number | seen       | what
        7  | Eve    | 2024-07-10 | insulin
        8  | Eve    | 2024-07-10 | insulin
    """
    assert set(told(checked(tmp_path, visits=rows))) == {"day-only"}


def test_a_ward_stay_without_an_end_ended_with_its_spell(tmp_path):
    found = told(
        checked(
            tmp_path,
            wards="id | number | ward | start | end\n7 | Eve | Ward | 2024-07-29 09:00 |",
            spells="""
                id | number | admitted         | discharged       | how | extract
                7  | Eve    | 2024-07-29 09:00 | 2024-07-30 09:00 | out | 2024-08-01
            """,
        )
    )
    assert found == {"missing-ends": [("wards.csv", 5, "Ward, discharged")]}


def test_a_time_in_the_hour_that_comes_twice_is_not_out_of_order(tmp_path):
    rows = """
        id | number | arrived          | seen             | left             | outcome
        7  | Eve    | 2023-10-29 01:50 | 2023-10-29 01:10 | 2023-10-29 09:00 | H
        8  | Fay    | 2023-10-29 03:50 | 2023-10-29 03:10 | 2023-10-29 09:00 | H
    """
    found = told(checked(tmp_path, ed=rows))
    assert [line for _, line, _ in found["clock-order"]] == [6]
    assert [line for _, line, _ in found["repeated-hour"]] == [5]


def test_a_date_in_the_future_keeps_no_other_stay_open(tmp_path):
    found = told(
        checked(
            tmp_path,
            ed="id | number | arrived | left\n7 | Eve | 2024-07-29 14:00 |",
            care="id | number | start | end\n7 | Fay | 2024-07-05 15:00 | 2062-07-20 11:00",
        )
    )
    assert set(found) == {"future-dates"}


def many(first: str, days: int, a_day: int, **cells: str) -> list[dict[str, str]]:
    """Rows of visits: so many a day, each of another person."""
    start = datetime.fromisoformat(first)
    return [
        {"id": f"{day}-{n}", "number": f"p{day}-{n}", "what": "visit",
         "seen": f"{start + timedelta(days=day, hours=9, minutes=n):%Y-%m-%d %H:%M}", **cells}
        for day in range(days)
        for n in range(a_day)
    ]  # fmt: skip


def without(rows: list[dict[str, str]], first: str, last: str) -> list[dict[str, str]]:
    """The rows without those from one day to another."""
    return [row for row in rows if not first <= row["seen"][:10] <= last]


def weekdays(rows: list[dict[str, str]], *kept: int) -> list[dict[str, str]]:
    """The rows of some days of the week, 0 Monday."""
    return [row for row in rows if datetime.fromisoformat(row["seen"]).weekday() in kept]


DAILY = many("2023-10-02", 100, 3)
"""Three visits a day from Monday 2 October 2023 to 9 January 2024."""


def silent(folder: Path, rows: list[dict[str, str]]) -> list[tuple[str, int]]:
    """The silent spells found in the feed, with their days."""
    desk = Desk(folder, MAPPING)
    desk.load(visits=rows)
    result = check(desk.view())
    parts = [p for found in result.findings if found.name == "silent-feeds" for p in found.parts]
    return [one for part in parts for one in part.about]


def test_a_silent_feed_is_found_with_its_days_and_the_rows_expected(tmp_path):
    rows = without(DAILY, "2023-11-06", "2023-11-10")
    assert silent(tmp_path, rows) == [
        ("6 November 2023 to 10 November 2023, about 15 rows expected", 5)
    ]


def test_four_days_or_thirteen_rows_are_no_silence(tmp_path):
    (tmp_path / "days").mkdir()
    (tmp_path / "rows").mkdir()
    assert silent(tmp_path / "days", without(DAILY, "2023-11-06", "2023-11-09")) == []
    two = many("2023-10-02", 100, 2)
    assert silent(tmp_path / "rows", without(two, "2023-11-06", "2023-11-11")) == []


def test_days_on_which_a_service_never_works_are_no_silence(tmp_path):
    clinic = weekdays(many("2023-10-02", 100, 20), 0)
    assert silent(tmp_path, clinic) == []


def test_a_service_of_weekdays_that_closes_at_christmas_is_not_silent(tmp_path):
    # 25, 26 December and 1 January are holidays; 27, 28 and 29 are three working days
    rows = without(weekdays(many("2023-10-02", 120, 20), 0, 1, 2, 3, 4), "2023-12-23", "2024-01-01")
    assert silent(tmp_path, rows) == []


def test_the_few_rows_before_a_feed_begins_and_after_it_ends_make_no_silence(tmp_path):
    stray = [row for day in ("2023-08-01", "2024-03-01") for row in many(day, 1, 3)]
    rows = [{**row, "id": str(n)} for n, row in enumerate([*stray, *DAILY])]
    assert silent(tmp_path, rows) == []


def test_rows_dated_by_the_month_are_not_silent_in_between(tmp_path):
    rows = [row for month in range(1, 10) for row in many(f"2023-{month:02d}-01", 1, 50)]
    assert silent(tmp_path, [{**row, "id": str(n)} for n, row in enumerate(rows)]) == []


@pytest.mark.parametrize(("rows", "is_found"), [(30, True), (29, False)])
def test_a_number_that_stands_for_many_people_is_found(tmp_path, rows, is_found):
    visits = many("2023-10-02", 100, 3)
    for row in visits[:: len(visits) // rows][:rows]:
        row["number"] = "unknown"
    desk = Desk(tmp_path, MAPPING)
    desk.load(visits=visits)
    found = {one.name: one for one in check(desk.view()).findings}
    assert ("placeholder-people" in found) is is_found
    if is_found:
        assert found["placeholder-people"].parts[0].about == (("one number on 30 rows", 30),)


def test_times_in_another_order_than_nearly_all_rows_are_found(tmp_path):
    # the contact of row 200 is before the call by half an hour; in 399 rows it is after
    start = datetime(2024, 7, 1)
    calls = []
    for n in range(400):
        called = start + timedelta(hours=n)
        times = {
            "called": called,
            "left_scene": called + timedelta(minutes=-30 if n == 198 else 30),
            "handover": called + timedelta(minutes=50),
        }
        calls.append(
            {"id": str(n), "number": f"p{n}"} | {k: f"{v:%Y-%m-%d %H:%M}" for k, v in times.items()}
        )
    desk = Desk(tmp_path, MAPPING)
    desk.load(calls=calls)
    assert told(check(desk.view())) == {
        "unusual-order": [("calls.csv", 200, "called and left scene")]
    }


def test_a_feed_none_of_whose_people_is_known_elsewhere_is_found(tmp_path):
    rows = [
        {"id": f"x{n}", "number": f"y{n}", "start": "2024-07-05 15:00", "end": "2024-07-06 15:00"}
        for n in range(10)
    ]
    desk = Desk(tmp_path, MAPPING)
    desk.load(ed=CLEAN["ed"], wards=CLEAN["wards"], care=rows)
    result = check(desk.view())
    assert [(f.name, f.count, f.parts[0].feed) for f in result.findings] == [
        ("lone-feeds", 10, "care")
    ]


def test_each_feed_is_judged_in_plain_words(tmp_path):
    result = checked(
        tmp_path,
        ed="""
            id | number | arrived          | seen             | left             | outcome
            7  | Eve    | 2024-07-09 09:00 | 2024-07-09 10:00 | 2024-07-09 08:00 | H
        """,
    )
    said = {feed.name: result.says(feed) for feed in result.feeds}
    assert said["calls"] == (
        "Ambulance Service, calls: 1 record of 1 person, 1 July 2024. Usable; nothing was found."
    )
    assert said["ed"] == (
        "Trust, ed: 4 records of 4 people, 1 July 2024 to 30 July 2024. "
        "Usable with care; 1 row has times in an impossible order."
    )
    found = result.findings[0]
    assert (found.count, found.of, found.share) == (1, 4, 0.25)
    assert (
        "  Trust, ed: 1 of 4 rows (25.0%)\n    ED, left before arrived (1)\n    ed.csv line 5"
        in str(found)
    )


def test_a_file_no_row_of_which_can_be_used_is_not_usable(tmp_path):
    desk = Desk(tmp_path, MAPPING)
    desk.load(visits="id | number | seen | what\n1 | Ben | monday | bloods", ed=CLEAN["ed"])
    result = check(desk.view())
    feed = next(feed for feed in result.feeds if feed.name == "visits")
    assert result.says(feed).endswith(
        "visits: 0 records. Not usable: no row could be used; 1 row could not be used."
    )


def test_a_finding_holds_the_first_thousand_rows_and_lists_all(tmp_path):
    rows = [
        {"id": str(n), "number": f"p{n}", "seen": "2024-07-10", "what": "visit"}
        for n in range(1200)
    ]
    desk = Desk(tmp_path, MAPPING)
    desk.load(visits=rows)
    result = check(desk.view())
    part = next(found for found in result.findings if found.name == "day-only").parts[0]
    assert (part.count, part.located, len(part.rows)) == (1200, 1200, 1000)
    assert part.lines == "visits.csv lines 2, 3, 4, 5, 6 and 1,195 more"
    assert result.rows("day-only")["line"].to_pylist() == list(range(2, 1202))
    assert result.rows("ties").num_rows == 0
    with pytest.raises(RequestError, match="no check called 'colour'"):
        result.rows("colour")


def test_a_past_view_names_the_row_that_was_known_then(tmp_path):
    desk = Desk(tmp_path, MAPPING)
    desk.load(
        spells="""
            id | number | admitted   | discharged | how | extract
            1  | Ann    | 2024-07-01 |            |     | 2024-08-01
            1  | Ann    | 2024-07-01 |            |     | 2024-09-01
            2  | Ben    | 2024-07-01 |            |     | 2024-09-01
        """
    )
    lines = {
        as_of: check(desk.view(as_of=as_of)).rows("day-only")["line"].to_pylist()
        for as_of in ("2024-08-15", "2024-09-15")
    }
    assert lines == {"2024-08-15": [2], "2024-09-15": [3, 4]}


def test_a_past_view_knows_of_no_correction_that_came_later(tmp_path):
    desk = Desk(tmp_path, MAPPING)
    desk.load(
        spells="""
            id | number | admitted         | discharged       | how | extract
            1  | Ann    | 2024-07-01 09:00 | 2024-07-31 09:00 | out | 2024-08-01
            1  | Ann    | 2024-07-01 09:00 |                  |     | 2024-09-01
        """
    )
    lines = {
        as_of: check(desk.view(as_of=as_of)).rows("corrected-ends")["line"].to_pylist()
        for as_of in ("2024-08-15", "2024-09-15")
    }
    assert lines == {"2024-08-15": [], "2024-09-15": [2]}
    assert [feed.records for feed in check(desk.view(as_of="2024-08-15")).feeds] == [1]


def test_moved_dates_are_not_compared_between_people(tmp_path):
    desk = Desk(
        tmp_path,
        MAPPING.replace('source = "town"', 'source = "town"\nclock = "shifted_per_person"'),
    )
    desk.load(ed=CLEAN["ed"])
    result = check(desk.view())
    shared = sum(question.needs == "shared clock" for question in questions())
    assert result.findings == ()
    assert result.verdict == (
        f"All {len(questions()) - shared} checks passed. "
        f"{shared} more compare people's times, which were moved here."
    )
