"""The shipped mappings of national layouts, on made-up records: expected by hand, not computed.

Records are in ``tests/reference/data/national``: every person is invented, and NHS
numbers are of the range that is never given out (999). A stay is named by its place and
begin, as local time.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from wholeflow.core.time import local
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, journeys
from wholeflow.sources import read
from wholeflow.store import LoadResult, Store, load, open_store

DATA = Path(__file__).parents[1] / "reference" / "data" / "national"
KEY = Key(b"k" * 32)
FILES = {
    "ambulance": ["ambulance.csv"],
    "ecds": ["ecds_attendances.csv", "ecds_referrals.csv"],
    "apc": ["apc_spells.csv", "apc_ward_stays.csv"],
    "csds": [
        "CYP001MPI.csv",
        "CYP101Referral.csv",
        "CYP102ServiceTypeReferredTo.csv",
        "CYP105OnwardReferral.csv",
        "CYP201CareContact.csv",
    ],
    "cld": ["cld_2025_q1.csv", "cld_2025_q2.csv"],
}


@cache
def loaded(*sources: str) -> tuple[Store, dict[str, LoadResult], Journeys]:
    store = open_store()
    books = {
        source: load(
            store,
            read([DATA / name for name in FILES[source]], source=source).chunks(),
            key=KEY,
            keep_ids=True,
        )
        for source in sources
    }
    return store, books, journeys(store)


@pytest.fixture(scope="module", params=FILES)
def each(request: pytest.FixtureRequest) -> tuple[str, LoadResult, Journeys]:
    source = request.param
    _, books, view = loaded(source)
    return source, books[source], view


def at(instant: int | None) -> str | None:
    return None if instant is None else f"{local(instant):%Y-%m-%d %H:%M}"


def stays(view: Journeys) -> list[str]:
    """Each stay as: place | begin | end | how | where to | hours of wait, care, delay and all."""
    rows = view.table("stays").to_pylist()
    assert all(row["in_order"] for row in rows)
    return sorted(
        " | ".join(
            [
                row["place"],
                at(row["begin_at"]) or "-",
                at(row["end_at"]) or "-",
                row["end_kind"],
                row["to_place"] or "-",
                " ".join(in_hours(row[f"{part}_hours"]) for part in PARTS),
            ]
        )
        for row in rows
    )


PARTS = "wait", "care", "delay", "stay"


def in_hours(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 4):.10g}"


ROWS = {"ambulance": 11, "ecds": 17, "apc": 21, "csds": 43, "cld": 15}

STAYS = {}

# C001: call 07:40, crew with the person 08:04, hospital 08:55, handover 09:20. C003 is two people
# at one address. C009 spans the hour that clocks show twice: from 01:50 summer time to 01:10 winter
# time are 20 minutes. C010's first extract has no handover; the second has.
STAYS["ambulance"] = """
RYY | 2025-06-02 07:40 | 2025-06-02 09:20 | left | RZX01 | 0.4 0.85 0.4167 1.6667
RYY | 2025-06-02 10:00 | 2025-06-02 11:15 | left | - | 0.5 - - 1.25
RYY | 2025-06-03 13:00 | 2025-06-03 14:10 | left | RZX01 | 0.25 0.6667 0.25 1.1667
RYY | 2025-06-02 12:00 | 2025-06-02 12:20 | left | - | - - - 0.3333
RYY | 2025-06-02 12:30 | 2025-06-02 12:40 | cancelled | - | - - - 0.1667
RYY | 2025-06-02 13:00 | 2025-06-02 14:00 | died | - | 0.1667 - - 1
RYY | 2025-10-26 01:50 | 2025-10-26 01:40 | left | - | 0.3333 - - 0.8333
RYY | 2025-06-02 17:00 | 2025-06-02 18:30 | left | RZZ01 | 0.3333 0.6667 0.5 1.5
RYY | 2025-06-02 09:00 | 2025-06-02 10:05 | left | RZX01 | 0.3333 0.5 0.25 1.0833
RYY | 2025-06-02 09:00 | 2025-06-02 10:15 | left | RZX01 | 0.3333 0.8333 0.0833 1.25
"""

# A05 left before treatment was completed, and had been seen: no reneging. A06 died; A07 was dead on
# arrival. A08 is still there. A11's departure has no hour, so it stands at midnight. A13 went where
# the list of destinations has no word for.
STAYS["ecds"] = """
RZX01 01 | 2025-06-02 09:00 | 2025-06-02 14:30 | left | ward | 1 2 2.5 5.5
RZX01 01 | 2025-06-02 10:00 | 2025-06-02 12:45 | left | home | 1.5 1 0.25 2.75
RZX01 03 | 2025-06-02 10:15 | 2025-06-02 11:15 | left | home | 0.5 - - 1
RZX01 01 | 2025-06-02 20:00 | 2025-06-02 23:00 | reneged | - | - - - 3
RZX01 01 | 2025-06-02 18:00 | 2025-06-02 20:00 | left | - | 1 - - 2
RZX01 01 | 2025-06-03 01:00 | 2025-06-03 02:30 | died | - | 0.0833 - - 1.5
RZX01 01 | 2025-06-03 05:00 | 2025-06-03 05:30 | died | - | - - - 0.5
RZX01 01 | 2025-06-03 11:00 | - | open | - | 1 - - -
RZX01 01 | 2025-06-02 22:00 | 2025-06-03 04:00 | left | home | 2.5 1.5 2 6
RZX01 01 | 2025-06-02 15:00 | 2025-06-03 00:00 | left | home | 0.5 - - 9
RZX01 01 | 2025-06-03 14:00 | 2025-06-03 16:00 | left | home | 1 - - 2
RZX01 01 | 2025-06-03 08:00 | 2025-06-03 09:15 | left | 1874161000000104 | 0.5 0.5 0.25 1.25
"""

# S01: in on Monday 2 June 14:30, ready on Friday 6 June (midnight: 14 hours on W2), out on Monday
# 9 June 15:00 (87 hours later) to hospital at home. S05 died by destination only. S06 is still in,
# ready since 8 June, and seen up to the last event, 11 June 11:00. S08 has no hours at all. S10 was
# sent twice: the later sending says ready and a later discharge. The day of being ready belongs to
# the ward that the person is then in (rule §3); S10 has no ward stay and keeps it.
STAYS["apc"] = """
RZX | 2025-06-02 14:30 | 2025-06-09 15:00 | left | hospital at home | 0 - - 168.5
RZX | 2025-06-03 07:30 | 2025-06-03 17:30 | left | home | 0 - - 10
RZX | 2025-05-20 22:15 | 2025-06-11 11:00 | left | care home | 0 - - 516.75
RZX | 2025-06-01 03:00 | 2025-06-04 05:00 | died | - | 0 - - 74
RZX | 2025-06-02 12:00 | 2025-06-03 12:00 | died | - | 0 - - 24
RZX | 2025-06-04 16:00 | - | open | - | 0 - - -
RZX | 2025-06-05 09:00 | 2025-06-05 21:00 | left | home | 0 - - 12
RZX | 2025-06-01 00:00 | 2025-06-06 00:00 | left | care home | 0 - - 120
RZX | 2025-06-02 08:00 | 2025-06-05 08:00 | left | another hospital | 0 - - 72
RZX | 2025-06-04 10:00 | 2025-06-06 16:00 | left | home | 0 14 40 54
RZX01 W1 | 2025-06-02 14:30 | 2025-06-05 10:00 | left | - | 0 - - 67.5
RZX01 W2 | 2025-06-05 10:00 | 2025-06-09 15:00 | left | - | 0 14 87 101
RZX01 W3 | 2025-05-20 22:15 | 2025-05-22 09:00 | left | - | 0 - - 34.75
RZX01 W1 | 2025-05-22 09:00 | 2025-06-11 11:00 | left | - | 0 183 299 482
RZX01 W1 | 2025-06-01 03:00 | 2025-06-04 05:00 | left | - | 0 - - 74
RZX01 W2 | 2025-06-02 12:00 | 2025-06-03 12:00 | left | - | 0 - - 24
RZX01 W2 | 2025-06-04 16:00 | - | open | - | 0 80 83 -
RZX01 W2 | 2025-06-05 09:00 | 2025-06-05 21:00 | left | - | 0 - - 12
RZX01 W4 | 2025-06-01 00:00 | 2025-06-06 00:00 | left | - | 0 72 48 120
RZX01 W2 | 2025-06-02 08:00 | 2025-06-05 08:00 | left | - | 0 16 56 72
"""

# R02's referral has no hour; its first appointment was missed, the next one kept. R04 was closed by
# the discharge from the whole service. R05 was closed because the person died; R06 stayed open and
# ended with the death that the index of people tells. R09 went to two services.
STAYS["csds"] = """
RYX 53 | 2025-06-06 09:00 | 2025-06-20 00:00 | left | - | 97 - - 327
RYX 12 | 2025-06-02 00:00 | - | open | - | 182 - - -
RYX 26 | 2025-06-03 12:00 | 2025-06-04 00:00 | declined | - | - - - 12
RYX 12 | 2025-06-01 08:00 | 2025-06-15 00:00 | left | - | 2 - - 328
RYX 12 | 2025-06-05 08:00 | 2025-06-07 00:00 | died | - | - - - 40
RYX 12 | 2025-06-03 09:00 | 2025-06-08 00:00 | died | - | 24 - - 111
RYX 26 | 2025-06-04 09:30 | 2025-06-18 00:00 | left | - | 168 - - 326.5
RYX 29 | 2025-06-02 10:00 | - | open | - | 24 - - -
RYX 12 | 2025-06-02 09:00 | 2025-06-09 00:00 | left | - | - - - 159
RYX 23 | 2025-06-02 09:00 | - | open | - | - - - -
RYX 51 | 2025-06-03 15:00 | - | open | - | - - - -
"""

# The first quarter's copy of the reablement was open; the second says 15 July. One service ended
# with the outcome "NFA - Deceased", written with another dash; one was left open by somebody who
# died on 5 May. From 10 January (winter time) to 20 June (summer time) are 161 days less an hour:
# 3863 hours.
STAYS["cld"] = """
E99 | 2025-06-06 00:00 | 2025-06-06 00:00 | left | - | - - 0 0
E99 Assessment | 2025-06-07 00:00 | 2025-06-08 00:00 | left | - | 0 24 0 24
1-999000001 | 2025-06-10 00:00 | 2025-07-15 00:00 | left | - | 0 - - 840
E99 | 2025-05-01 00:00 | 2025-05-03 00:00 | left | - | - - - 48
1-999000002 | 2024-01-15 00:00 | - | open | - | 0 - - -
1-999000001 | 2025-01-10 00:00 | 2025-06-20 00:00 | died | - | 0 - - 3863
1-999000001 | 2025-02-01 00:00 | 2025-05-05 00:00 | died | - | 0 - - 2231
E99 Assessment | 2025-03-03 00:00 | 2025-03-10 00:00 | left | - | 0 - - 168
E99 Long Term Support: Community | 2025-05-01 00:00 | - | open | - | 0 - - -
E99 | 2025-07-10 00:00 | 2025-07-12 00:00 | left | - | - - 0 48
E99 Assessment | 2025-07-20 00:00 | 2025-07-25 00:00 | left | - | 0 - - 120
1-999000003 | 2025-08-01 00:00 | - | open | - | 0 - - -
"""


def test_every_row_is_used(each):
    source, books, _ = each
    assert (books.read, books.rejected) == (ROWS[source], 0)


def test_stays_waits_and_delays_are_those_worked_out_by_hand(each):
    source, _, view = each
    assert stays(view) == sorted(STAYS[source].strip().splitlines())


SETTINGS = {
    "ambulance": {"RYY": ("ambulance", "body", "RYY")},
    "ecds": {"RZX01 01": ("ed", "body", "RZX"), "RZX01 03": ("urgent", "body", "RZX")},
    "apc": {
        "RZX": ("hospital", "caseload", "RZX"),
        "RZX01 W1": ("ward", "body", "RZX"),
        "RZX01 W2": ("ward", "body", "RZX"),
        "RZX01 W3": ("critical", "body", "RZX"),
        "RZX01 W4": ("mental_health", "body", "RZX"),
    },
    "csds": {
        "RYX 12": ("community", "caseload", "RYX"),
        "RYX 23": ("community", "caseload", "RYX"),
        "RYX 26": ("community", "caseload", "RYX"),
        "RYX 29": ("intermediate", "caseload", "RYX"),
        "RYX 51": ("intermediate", "caseload", "RYX"),
        "RYX 53": ("intermediate", "caseload", "RYX"),
    },
    "cld": {
        "E99": ("social_work", "caseload", "E99"),
        "E99 Assessment": ("social_work", "caseload", "E99"),
        "E99 Long Term Support: Community": ("home_care", "caseload", "E99"),
        "1-999000001": ("home_care", "caseload", "1-999000001"),
        "1-999000002": ("care_home", "caseload", "1-999000002"),
        "1-999000003": ("care_home", "caseload", "1-999000003"),
    },
}


def test_places_have_their_setting_and_organisation(each):
    source, _, view = each
    found = {
        row["place"]: (row["setting"], row["holds"], row["organisation"])
        for row in view.table("stays").to_pylist()
    }
    assert found == SETTINGS[source]


DAY_ONLY = {
    "ambulance": 0,
    "ecds": 1,  # A11
    "apc": 7,  # the six spells with a ready date, and the ward stay of S08
    "csds": 7,  # the six that were closed or turned down, and R02
    "cld": 12,  # all of it
}


def test_what_is_known_to_the_day_is_marked(each):
    source, _, view = each
    assert sum(row["to_the_day"] for row in view.table("stays").to_pylist()) == DAY_ONLY[source]


# --- What single sets say besides


def messages(store: Store, view: Journeys) -> list[dict]:
    names = "SELECT d.name FROM dictionary AS d WHERE d.code = m"
    return view.query(
        f"SELECT ({names}.kind) AS kind, ({names}.from_place) AS from_place, "
        f"({names}.to_place) AS to_place, ({names}.status) AS status, "
        "m.sent_at, m.received_at, m.acted_at FROM present_messages AS m"
    ).to_pylist()


def test_a_specialty_that_is_asked_is_awaited_and_told():
    store, _, view = loaded("ecds")
    told = {
        (m["from_place"], m["to_place"], at(m["sent_at"]), at(m["acted_at"]))
        for m in messages(store, view)
    }
    assert told == {
        ("RZX01 01", "183545006", "2025-06-02 10:30", "2025-06-02 11:15"),
        ("RZX01 01", "183524004", "2025-06-03 12:30", None),
    }
    awaited = {
        at(row["begin_at"]): row["waits_for"]
        for row in view.table("stays").to_pylist()
        if row["waits_for"]
    }
    assert awaited == {"2025-06-02 09:00": "183545006", "2025-06-03 11:00": "183524004"}


def test_a_wrong_nhs_number_and_an_unknown_destination_are_doubts():
    _, _, view = loaded("ecds")
    found = view.query("SELECT b.line, b.field, b.doubt FROM doubts AS b ORDER BY 1, 2").to_pylist()
    assert [(row["line"], row["doubt"]) for row in found if row["line"] == 16] == [
        (16, "unlisted code"),
        (16, "wrong check digit"),
    ]


def test_community_messages_tell_who_referred_and_which_appointments_failed():
    store, _, view = loaded("csds")
    told = messages(store, view)
    assert Counter(m["kind"] for m in told) == {
        "referral": 10,
        "appointment": 3,
        "onward referral": 1,
        "letter": 1,
    }
    assert Counter(m["from_place"] for m in told if m["kind"] == "referral") == {
        "general practice": 3,
        "acute hospital": 3,
        "emergency department": 1,
        "the person": 1,
        "care home": 1,
        "ambulance service": 1,
    }
    assert {(at(m["sent_at"]), m["status"]) for m in told if m["kind"] == "appointment"} == {
        ("2025-06-05 11:00", "did not come"),
        ("2025-06-05 09:30", "called off by the provider"),
        ("2025-06-12 10:00", "called off by the person"),
    }


def test_the_latest_submission_of_an_open_service_counts():
    """Ten rows and five: twelve stays and one review, as two events came again in the second."""
    _, books, view = loaded("cld")
    assert books["cld"].loaded == 15
    rows = view.table("stays").to_pylist()
    assert len(rows) == 12
    assert sum(row["place"] == "1-999000002" for row in rows) == 1


# --- One person across five organisations


HANDOFFS = {
    # At hospital 08:55, handed over 09:20.
    ("RYY", "RZX01 01"): ("2025-06-02 08:55", "2025-06-02 09:20", 0.4167),
    # Clinically ready to proceed 12:00, on the ward 14:30.
    ("RZX01 01", "RZX01 W1"): ("2025-06-02 12:00", "2025-06-02 14:30", 2.5),
    # Referred from the ward on 6 June 09:00, first contact on 10 June 10:00.
    ("RZX01 W2", "RYX 53"): ("2025-06-06 09:00", "2025-06-10 10:00", 97.0),
    # The request ended on 6 June; assessment on 7 June, reablement on 10 June.
    ("E99", "E99 Assessment"): ("2025-06-06 00:00", "2025-06-07 00:00", 24.0),
    ("E99", "1-999000001"): ("2025-06-06 00:00", "2025-06-10 00:00", 96.0),
}


@pytest.fixture(scope="module")
def economy() -> Journeys:
    return loaded(*FILES)[2]


@pytest.mark.slow
def test_one_person_is_followed_through_five_organisations(economy):
    person = one_person(economy, "RYY", "2025-06-02 07:40")
    places = [row["place"] for row in economy.table("stays").to_pylist() if row["person"] == person]
    assert Counter(places) == Counter(
        ["RYY", "RZX01 01", "RZX", "RZX01 W1", "RZX01 W2", "RYX 53", "E99", "E99 Assessment",
         "1-999000001"]
    )  # fmt: skip
    found = {
        (row["from_place"], row["to_place"]): (
            at(row["asked_at"]), at(row["came_at"]), round(row["wait_hours"], 4),
        )
        for row in economy.table("handoffs").to_pylist()
        if row["person"] == person and row["wait_hours"] is not None
    }  # fmt: skip
    assert found == HANDOFFS


def one_person(view: Journeys, place: str, begin: str) -> str:
    (person,) = {
        row["person"]
        for row in view.table("stays").to_pylist()
        if (row["place"], at(row["begin_at"])) == (place, begin)
    }
    return str(person)


@pytest.mark.slow
def test_a_call_links_a_person_without_nhs_number_to_the_department(economy):
    """P005 and A12 share only the number of a call that was about one person."""
    caller = one_person(economy, "RYY", "2025-06-03 13:00")
    assert caller == one_person(economy, "RZX01 01", "2025-06-03 14:00")


@pytest.mark.slow
def test_a_call_about_two_people_does_not_make_them_one(economy):
    assert one_person(economy, "RZX01 01", "2025-06-02 10:00") != one_person(
        economy, "RZX01 03", "2025-06-02 10:15"
    )


# --- The records themselves


def test_nhs_numbers_are_of_the_range_for_tests_with_right_check_digits():
    wrong = []
    for path in sorted(DATA.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                number = row.get("nhs_number") or row.get("NHS_Number") or ""
                assert not number or number.startswith("999")
                if number and not is_right(number):
                    wrong.append((path.name, row["emergency_care_attendance_identifier"]))
    assert wrong == [("ecds_attendances.csv", "A13")]


def is_right(number: str) -> bool:
    digits = [int(digit) for digit in number]
    check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    return len(digits) == 10 and digits[9] == check % 11 and check != 10
