"""The made-up place Riverford: what must be true of it, whatever the dice."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from wholeflow.core.errors import RequestError
from wholeflow.sources.demo import write_records
from wholeflow.sources.demo.clock import END, START
from wholeflow.sources.demo.history import History
from wholeflow.sources.demo.place import (
    AMBULANCE,
    ASSESSMENT_UNIT,
    ED,
    HOME_CARE,
    SOCIAL_WORK,
    WARDS,
    WILLOW,
    nhs_number,
    simulate,
)
from wholeflow.sources.demo.records import TrueStay, british, iso_offset, true_stays

BODY = {AMBULANCE, ED, ASSESSMENT_UNIT, *WARDS, WILLOW}
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def history(request: pytest.FixtureRequest) -> History:
    return simulate(1500, np.random.default_rng(request.param))


@pytest.fixture(scope="module")
def stays(history: History) -> list[TrueStay]:
    return true_stays(history)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("riverford")
    write_records(path, people=1500, seed=1, truth=True)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return list(csv.DictReader(content.decode().splitlines()))


def most_at_once(stays: list[TrueStay]) -> int:
    """The highest census; at one minute those who leave make room for those who come."""
    changes = [(stay.arrived, 1) for stay in stays]
    changes += [(stay.left, -1) for stay in stays if stay.left is not None]
    present = most = 0
    for _, change in sorted(changes):
        present += change
        most = max(most, present)
    return most


# ---- bytes -------------------------------------------------------------------------------------


def written(folder: Path, seed: int) -> dict[str, bytes]:
    paths = write_records(folder, people=200, seed=seed, truth=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "a", 7) == written(tmp_path / "b", 7)


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", 7), written(tmp_path / "b", 8)
    same = {path for path in first if first[path] == second[path]}
    assert same == {"system/capacity.csv", "truth/README.txt"}


def test_without_truth_no_truth_is_written(tmp_path: Path) -> None:
    paths = write_records(tmp_path, people=200)
    assert len(paths) == 9
    assert not (tmp_path / "truth").exists()


def test_truth_changes_no_record(tmp_path: Path, folder: Path) -> None:
    for path in write_records(tmp_path, people=1500, seed=1):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="too small"):
        write_records(tmp_path, people=20)


# ---- the truth ---------------------------------------------------------------------------------


def test_no_ward_ever_holds_more_people_than_beds(history: History, stays: list[TrueStay]) -> None:
    beds = dict(zip(WARDS, history.sizes.wards, strict=True))
    beds |= {ASSESSMENT_UNIT: history.sizes.assessment_unit, WILLOW: history.sizes.willow}
    for place, limit in beds.items():
        assert most_at_once([stay for stay in stays if stay.place == place]) <= limit


def test_never_more_packages_run_than_there_are(history: History) -> None:
    running = [
        TrueStay(p.person.nhs_number, HOME_CARE, p.started, p.started, p.ended, p.ended)
        for p in history.packages
        if p.started is not None
    ]
    assert most_at_once(running) <= history.sizes.packages


def test_wait_care_and_delay_make_up_each_stay(stays: list[TrueStay]) -> None:
    for stay in stays:
        if stay.left is not None:
            parts = (stay.wait, stay.care, stay.delay)
            assert None not in parts
            assert sum(part or 0 for part in parts) == stay.left - stay.arrived
            assert min(part or 0 for part in parts) >= 0


def test_times_of_a_stay_are_in_order_and_within_the_period(stays: list[TrueStay]) -> None:
    for stay in stays:
        instants = (stay.arrived, stay.started, stay.ready, stay.left)
        reached = [at for at in instants if at is not None]
        assert reached == sorted(reached)
        assert reached[0] >= START
        assert reached[-1] < END


def test_nobody_is_in_two_places_at_once(stays: list[TrueStay]) -> None:
    mine = defaultdict(list)
    for stay in stays:
        if stay.place in BODY:
            mine[stay.nhs_number].append((stay.arrived, END if stay.left is None else stay.left))
    for spans in mine.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


def test_nothing_happens_after_a_death(history: History, stays: list[TrueStay]) -> None:
    died = {}
    for stay in [*history.attendances, *history.ward_stays, *history.willow_stays]:
        if stay.went_to == "died":
            died[stay.person.nhs_number] = stay.left
    died |= {p.person.nhs_number: p.ended for p in history.packages if p.reason == "died"}
    assert died
    for stay in stays:
        assert stay.arrived <= (died.get(stay.nhs_number) or END)


def test_nothing_happens_in_the_second_copy_of_the_october_hour(stays: list[TrueStay]) -> None:
    origin = datetime(2024, 7, 1, tzinfo=UTC)
    first = int((datetime(2024, 10, 27, 1, tzinfo=UTC) - origin).total_seconds()) // 60
    for stay in stays:
        for at in (stay.arrived, stay.started, stay.ready, stay.left):
            assert at is None or not first <= at < first + 60


def test_a_clear_but_bounded_share_of_ward_time_is_delay(stays: list[TrueStay]) -> None:
    ward = [stay for stay in stays if stay.place in WARDS]
    held = sum((END if s.left is None else s.left) - s.arrived for s in ward)
    late = sum((END if s.left is None else s.left) - s.ready for s in ward if s.ready is not None)
    assert 0.05 < late / held < 0.45


def test_the_queue_for_beds_does_not_grow_for_ever(stays: list[TrueStay]) -> None:
    half = (START + END) // 2
    waits: dict[bool, list[int]] = {False: [], True: []}
    for stay in stays:
        if stay.place == ED and stay.waited_for and stay.delay is not None:
            waits[stay.arrived >= half].append(stay.delay)
    assert sum(waits[True]) < 4 * sum(waits[False])
    assert max(waits[True]) < 5 * 24 * 60


def test_about_one_in_eight_is_back_within_thirty_days(history: History) -> None:
    month, came, left = 30 * 24 * 60, defaultdict(list), defaultdict(list)
    for stay in history.attendances:
        came[stay.person.nhs_number].append(stay.arrived)
    for stay in [*history.attendances, *history.ward_stays, *history.willow_stays]:
        gone = stay.went_to in ("home", "home with care", "discharged")
        if gone and stay.left is not None and stay.left < END - month:
            left[stay.person.nhs_number].append(stay.left)
    back = [
        any(0 < again - at <= month for again in came[person])
        for person, ends in left.items()
        for at in ends
    ]
    assert 0.08 < sum(back) / len(back) < 0.16


def test_people_wait_for_all_that_is_scarce(stays: list[TrueStay]) -> None:
    reasons = Counter(reason for s in stays for reason in s.waited_for.split("; ") if reason)
    assert {"assessment", "home care", "Willow bed", f"{ASSESSMENT_UNIT} bed"} <= set(reasons)
    assert any(stay.wait for stay in stays if stay.place == SOCIAL_WORK)


# ---- the records -------------------------------------------------------------------------------


def test_check_digits_are_right(folder: Path) -> None:
    for path in folder.rglob("*.csv*"):
        for row in rows(path):
            number = row.get("nhs_number")
            assert number is None or number == nhs_number(int(number[:9]))
            assert number is None or number.startswith("999")


def test_a_published_nhs_number_has_its_check_digit() -> None:
    # The example of the NHS Data Dictionary: 943 476 591 has check digit 9.
    assert nhs_number(943_476_591) == "9434765919"


def test_the_files_have_their_layouts(folder: Path) -> None:
    first = rows(folder / "ambulance/calls.csv")[0]
    assert datetime.fromisoformat(first["called"]).utcoffset() is not None
    first = rows(folder / "gp/contacts.csv.gz")[0]
    assert first["seen"][10] == "T"
    first = rows(folder / "homecare/packages.csv")[0]
    assert datetime.strptime(first["started"], "%d/%m/%Y").year == 2024
    assert len(rows(folder / "system/capacity.csv")) == 9


def test_each_organisation_writes_local_time() -> None:
    summer, winter = START + 60, START + 200 * 24 * 60
    assert british(summer) == "01/07/2024 01:00"
    assert iso_offset(summer) == "2024-07-01T01:00:00+01:00"
    assert iso_offset(winter) == "2025-01-16T23:00:00+00:00"


def test_the_files_agree_on_who_comes_from_where(history: History) -> None:
    doors = {call.number: call.at_hospital for call in history.calls}
    beds = {(s.person.nhs_number, s.arrived) for s in history.ward_stays}
    willow = {(s.person.nhs_number, s.arrived) for s in history.willow_stays}
    for stay in history.attendances:
        assert stay.call is None or stay.arrived == doors[stay.call.number]
        if stay.went_to == "admitted":
            assert (stay.person.nhs_number, stay.left) in beds
    for stay in history.ward_stays:
        if stay.went_to in (*WARDS, WILLOW):
            where = willow if stay.went_to == WILLOW else beds
            assert (stay.person.nhs_number, stay.left) in where


def test_the_planted_faults_are_there_and_no_others(folder: Path) -> None:
    planted = Counter(row["fault"] for row in rows(folder / "truth/faults.csv"))
    ed, ward = rows(folder / "hospital/ed.csv"), rows(folder / "hospital/ward_stays.csv")
    iso = [row for row in ed if row["arrived"][4] == "-"]
    assert planted["duplicate row"] == len(ed) - len({tuple(row.values()) for row in ed}) == 3
    assert planted["date in another format"] == len(iso) == 2
    assert planted["unknown code"] == sum(row["outcome"] == "xyz" for row in ed) == 1
    lost = [row for row in ward if row["went_to"] and not row["went_out"]]
    assert planted["went_out lost"] == len(lost) == 2
    turned = [row for row in ed if row not in iso and departed_before_arrived(row)]
    assert planted["departed before arrived"] == len(turned) == 2
    assert sum(planted.values()) == 10


def departed_before_arrived(row: dict[str, str]) -> bool:
    pattern = "%d/%m/%Y %H:%M"
    arrived = datetime.strptime(row["arrived"], pattern)
    return bool(row["departed"]) and datetime.strptime(row["departed"], pattern) < arrived


def test_no_person_has_two_faults(folder: Path) -> None:
    keys = {"hospital/ed.csv": "attendance_id", "hospital/ward_stays.csv": "stay_id"}
    people = []
    for fault in rows(folder / "truth/faults.csv"):
        of = {r[keys[fault["file"]]]: r["nhs_number"] for r in rows(folder / fault["file"])}
        people.append(of[fault["row_key"]])
    assert len(set(people)) == len(people)
