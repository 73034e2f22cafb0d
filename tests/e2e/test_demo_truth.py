"""What wholeflow works out from six organisations' records is what truly happened."""

import csv

import pytest

import wholeflow as wf
from wholeflow.core.time import parse_instant
from wholeflow.governance.pseudonyms import Key, show
from wholeflow.sources.demo import write_records

pytestmark = pytest.mark.slow

KEY = Key(b"k" * 32)
TO_THE_DAY = ("Home care",)
"""Places whose records hold dates without times: compared by the day."""


@pytest.fixture(scope="module")
def truth_and_found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("riverford")
    write_records(folder, people=800, seed=7, truth=True)
    store = wf.open()
    wf.load(store, wf.read(folder, source="demo"), key=KEY)
    with (folder / "truth/stays.csv").open(encoding="utf-8") as lines:
        truth = list(csv.DictReader(lines))
    with (folder / "truth/faults.csv").open(encoding="utf-8") as lines:
        faults = list(csv.DictReader(lines))
    found = {}
    for row in wf.journeys(store).table("stays").to_pylist():
        came = row["begin_at"] if row["holds"] == "body" else row["referred_at"]
        found[row["person"], row["place"], came] = row
    return truth, faults, found


def known(truth, found):
    """True stays beside those found, by person, place and first instant."""
    for row in truth:
        if row["place"] in TO_THE_DAY or not row["arrived"]:
            continue
        person = show(KEY.pseudonym(f"nhs-number:{row['nhs_number']}"))
        stay = found.get((person, row["place"], parse_instant(row["arrived"])))
        yield row, stay


def test_all_but_the_spoilt_stays_are_found(truth_and_found):
    truth, faults, found = truth_and_found
    missing = [row for row, stay in known(truth, found) if stay is None]
    rejected = [f for f in faults if f["fault"] in ("date in another format", "unknown code")]
    assert len(missing) == len(rejected) == 3
    assert {row["place"] for row in missing} == {"Emergency department"}


def test_delays_are_true_to_the_minute(truth_and_found):
    truth, faults, found = truth_and_found
    wards = ("Assessment unit", "Alder", "Birch", "Cedar", "Willow", "Emergency department")
    compared, wrong = 0, []
    for row, stay in known(truth, found):
        if row["place"] not in wards or not row["delay_minutes"] or stay is None:
            continue
        if not stay["in_order"]:
            continue  # spoilt on purpose: departed before arrived
        minutes = 0 if stay["delay_hours"] is None else round(stay["delay_hours"] * 60)
        compared += 1
        if minutes != int(row["delay_minutes"]):
            wrong.append(row)
    assert compared > 1000
    lost = [fault for fault in faults if fault["fault"] == "went_out lost"]
    assert len(wrong) <= len(lost) == 2, wrong


def test_waits_to_be_seen_are_true_to_the_minute(truth_and_found):
    truth, _, found = truth_and_found
    compared = 0
    for row, stay in known(truth, found):
        if row["place"] != "Emergency department" or not row["started"] or stay is None:
            continue
        if stay["in_order"]:
            assert round(stay["wait_hours"] * 60) == int(row["wait_minutes"])
            compared += 1
    assert compared > 500


def test_nothing_is_found_that_did_not_happen(truth_and_found):
    truth, _, found = truth_and_found
    true = {
        (
            show(KEY.pseudonym(f"nhs-number:{row['nhs_number']}")),
            row["place"],
            parse_instant(row["arrived"]),
        )
        for row in truth
        if row["arrived"]
    }
    came = [key for key in found if key[1] not in TO_THE_DAY and key[2] is not None]
    invented = [key for key in came if key not in true]
    assert invented == []
