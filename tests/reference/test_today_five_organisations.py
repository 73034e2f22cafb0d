"""The list of today against the truth of five organisations: who waited, and for what.

Expected figures come from the files of truth beside the records: who truly was ready and still
in a ward, and the one cause of each stretch of waiting. The hospital sends its records once a
month, so the list is compared just after an extract, and once in the middle of a month, where
it can only be as right as its oldest feed.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import wholeflow as wf
from wholeflow import api
from wholeflow.core.time import instant, parse_instant
from wholeflow.governance.pseudonyms import Key

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples/five-organisations/place.toml"
KEY = Key(b"k" * 32)
ORGANISATIONS = ("ambulance", "acute", "council", "community", "providers", "aggregate")
WARDS = ("AMU", "MED", "GER", "SUR")
EXTRACTS = [f"2025-{month}-01" for month in (10, 11, 12)] + [f"2026-0{m}-01" for m in range(1, 7)]
NEVER = 2**62


class Truth(NamedTuple):
    """The files of truth: stays and waits with instants, and whose number is whose."""

    stays: list[dict[str, Any]]
    delays: list[dict[str, Any]]
    owners: dict[int, str]
    taken_back: dict[str, set[str]]


@pytest.fixture(scope="module")
def store(five):
    opened = wf.open()
    reading = wf.read([five / name for name in ORGANISATIONS], mapping=EXAMPLE)
    wf.load(opened, reading, key=KEY)
    return opened


def rows_of(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def with_instants(rows: list[dict[str, str]], *names: str) -> list[dict[str, Any]]:
    def at(text: str) -> int:
        return instant(datetime.fromisoformat(text.replace("Z", "+00:00"))) if text else NEVER

    return [{**row, **{name: at(row[name]) for name in names}} for row in rows]


@pytest.fixture(scope="module")
def truth(five):
    home = five / "truth"
    people = rows_of(home / "truth_people.csv")
    owners = {}
    for row in people:
        numbers = [f"ambulance:{key}" for key in row["ambulance_keys"].split("|")]
        numbers += [f"acute:{number}" for number in row["hospital_numbers"].split("|")]
        numbers += [f"council:{row['council_person_id']}"]
        numbers += [f"community:{row['community_patient_id']}"]
        owners |= {KEY.pseudonym(number): row["person_id"] for number in numbers}
    patients = {n: row["person_id"] for row in people for n in row["hospital_numbers"].split("|")}
    spells = {row["spell_id"]: patients[row["hospital_number"]]
              for row in rows_of(five / "acute/spells.csv")}  # fmt: skip
    taken_back = defaultdict(set)
    for fault in rows_of(home / "truth_faults.csv"):
        if fault["kind"] == "cancelled_discharge":
            month = fault["note"].partition("extract of ")[2][:10]
            taken_back[month].add(spells[fault["row_key"]])
    return Truth(
        with_instants(rows_of(home / "truth_stays.csv.gz"), "ready", "left"),
        with_instants(rows_of(home / "truth_delays.csv.gz"), "from", "to"),
        owners,
        taken_back,
    )


@pytest.fixture(scope="module")
def listed(store, truth) -> Callable[[str], list[dict[str, Any]]]:
    """The rows of the list at a time, each with the true person: none may be of two."""

    @cache
    def rows_at(when: str) -> list[dict[str, Any]]:
        view = api.journeys(store, as_of=when)
        whose = defaultdict(set)
        for row in view.query("SELECT number, person FROM known_as").to_pylist():
            if row["number"] in truth.owners:
                whose[row["person"]].add(truth.owners[row["number"]])
        found = api.today(store, at=when).rows.to_pylist()
        for row in found:
            number = int(row["person"], 16)
            (row["true"],) = whose.get(number) or {truth.owners[number]}
        return found

    return rows_at


HOSPITAL = ("Acute spell", "W01A", "W05M", "W07G", "W03S")
"""Who is ready is listed in their ward where that is known (rule §3), else in their spell."""


def ready(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        row["true"]: row
        for row in rows
        if row["state"] == "ready to leave" and row["place"] in HOSPITAL
    }


def truly_ready(truth: Truth, at: int) -> set[str]:
    """Who was ready to leave the hospital, from their last ward, and still there."""
    return {
        stay["person_id"]
        for stay in truth.stays
        if stay["place"] in WARDS
        and stay["next_place"] not in WARDS
        and stay["ready"] <= at < stay["left"]
    }


# --- who is ready and still there -----------------------------------------------------------------


@pytest.mark.parametrize("day", ["2025-12-01", "2026-02-01", "2026-04-01"])
def test_just_after_an_extract_the_list_is_everybody_who_is_ready_and_nobody_else(
    listed, truth, day
):
    """Only those are missing whom the extract reports as discharged, and the next takes back."""
    true = truly_ready(truth, parse_instant(day))
    found = set(ready(listed(day)))
    assert len(true) >= 8
    assert found == true - truth.taken_back[day]


def test_over_all_extracts_nobody_is_listed_wrongly_and_93_in_100_are(listed, truth):
    """Measured: 84 of 90 (the other six are the planted discharges that were taken back)."""
    found, true, both = 0, 0, 0
    for day in EXTRACTS:
        names, wanted = (
            set(ready(listed(day))),
            truly_ready(truth, parse_instant(day)),
        )
        found, true, both = found + len(names), true + len(wanted), both + len(names & wanted)
    assert both == found
    assert both / true >= 0.93


def test_in_mid_month_the_list_is_as_old_as_its_feed_and_says_so(store, listed, truth):
    """On 15 January the hospital was last heard of on 1 January: those four have long gone."""
    when = "2026-01-15T09:00"
    found = api.today(store, at=when)
    ages = {feed.feed: round(feed.hours / 24, 1) for feed in found.feeds if feed.is_old}
    assert ages == {"acute-ed": 14.4, "acute-spells": 14.4, "acute-wards": 14.4,
                    "community-contacts": 3.6}  # fmt: skip
    assert "acute-spells: 14.4 days old" in found.says
    names = ready(listed(when))
    assert set(names) == truly_ready(truth, parse_instant("2026-01-01"))
    assert {round(row["feed_hours"]) for row in names.values()} == {345}
    assert len(set(names) & truly_ready(truth, parse_instant(when))) == 0


# --- what they wait for ---------------------------------------------------------------------------


def kind_of_told(name: str) -> str:
    """The kind of place that a row waits for, of the names that the records have."""
    kinds = {"HC-": "home-care", "CH-": "care-home", "Social work": "social-work",
             "assessment notice": "social-work", "discharge notice": "home-care",
             "package confirmed": "home-care"}  # fmt: skip
    return next(kind for start, kind in kinds.items() if name.startswith(start))


def kind_of_true(delay: dict[str, Any]) -> str:
    """The kind of place that was truly awaited; where old care was to restart, its own."""
    awaited = delay["waits_for"]
    return awaited if awaited not in WARDS else delay["cause_at"].removeprefix("acute to ")


def test_where_the_records_tell_what_somebody_waits_for_they_are_right(listed, truth):
    """Measured over nine extracts, with certain links: told for 22 of 84, right for 21.

    The one that is wrong rests on a planted fault: an assessment that ends in 2062. Of the 62 that
    are not told 50 wait for a package or a place in a care home, which no organisation records as
    asked for; 12 for social work (such as the panel, of which there is no record), where nothing of
    theirs was open. With links by likeness five more are told, all five right.
    """
    told, right, untold = 0, 0, []
    for day in EXTRACTS:
        at = parse_instant(day)
        for person, row in ready(listed(day)).items():
            delay = true_wait(truth, person, at, is_last=day == EXTRACTS[-1])
            if row["told_by"] == "not recorded":
                untold.append(kind_of_true(delay))
                continue
            told += 1
            right += kind_of_told(row["waits_for"]) == kind_of_true(delay)
    assert told / (told + len(untold)) >= 0.25
    assert told - right <= 1
    packages = sum(kind in ("home-care", "care-home") for kind in untold)
    assert packages / len(untold) >= 0.75


def true_wait(truth: Truth, person: str, at: int, *, is_last: bool) -> dict[str, Any]:
    """The one wait of somebody in a ward; the truth itself ends with the last extract."""
    (found,) = (
        delay
        for delay in truth.delays
        if delay["person_id"] == person
        and delay["waits_at"] in WARDS
        and (delay["from"] <= at < delay["to"] or (is_last and delay["to"] == at))
    )
    return found


def test_waits_for_the_community_trust_are_those_of_the_truth(listed, truth):
    """Urgent response and district nursing at 28 times: referred, and no visit yet.

    Measured: where the feed of visits is no more than a day old, 9 of 10 listed are true, the
    tenth was on the list before the records begin. While that feed is silent (12 to 20 January)
    those whose visits are lost stand there too, each with its age. Missed are those whose referral
    was sent back for want of information: nobody has it until it is sent again.
    """
    places = {"ucr": "UCR", "district-nursing": "DN"}
    fresh, both, missed = 0, 0, []
    when = datetime(2025, 9, 15, 10)
    while when < datetime(2026, 5, 25):
        at = parse_instant(when.isoformat())
        rows = {(row["true"], row["place"]): row for row in listed(when.isoformat())
                if row["place"] in places.values()}  # fmt: skip
        waits = {(d["person_id"], places[d["waits_for"]]): d for d in truth.delays
                 if d["waits_for"] in places and d["from"] <= at < d["to"]}  # fmt: skip
        on_time = {key for key, row in rows.items() if row["feed_hours"] <= 24}
        fresh, both = fresh + len(on_time), both + len(on_time & waits.keys())
        missed += [waits[key]["cause_kind"] for key in waits.keys() - rows.keys()]
        when += timedelta(days=9, hours=3)
    assert fresh >= 10
    assert both / fresh >= 0.9
    assert set(missed) <= {"information"}
