"""Real records, loaded with the shipped mappings, give the facts that their READMEs tell."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from wholeflow.coordinate import today
from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import HOUR, MINUTE, financial_year, local
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, journeys
from wholeflow.measures import definitions, measure
from wholeflow.measures.units import HOURS, SPANS
from wholeflow.sources import read
from wholeflow.store import LoadResult, load, open_store

KEY = Key(b"k" * 32)


def loaded(folder: Path, source: str) -> tuple[LoadResult, Journeys]:
    if not folder.is_dir():
        pytest.skip(f"the data set {folder.name} is not in ../shared/data")
    store = open_store()
    books = load(store, read(folder, source=source).chunks(), key=KEY, keep_ids=True)
    return books, journeys(store)


def column(view: Journeys, sql: str) -> list:
    return view.query(sql).column(0).to_pylist()


# --- Sepsis cases ---


@pytest.fixture(scope="module")
def sepsis(shared: Path) -> tuple[LoadResult, Journeys]:
    return loaded(shared / "data" / "sepsis", "sepsis")


ACTIVITIES = {
    "ER Registration": 1050,
    "ER Triage": 1053,
    "ER Sepsis Triage": 1049,
    "Leucocytes": 3383,
    "CRP": 3262,
    "LacticAcid": 1466,
    "Admission NC": 1182,
    "Admission IC": 117,
    "IV Antibiotics": 823,
    "IV Liquid": 753,
    "Release A": 671,
    "Release B": 56,
    "Release C": 25,
    "Release D": 24,
    "Release E": 6,
    "Return ER": 294,
}


def test_sepsis_every_row_is_loaded(sepsis):
    books, view = sepsis
    assert (books.read, books.loaded, books.rejected) == (15_214, 15_214, 0)
    assert view.table("steps").num_rows == 15_214


def test_sepsis_has_1050_people_with_one_case_each(sepsis):
    _, view = sepsis
    found = view.table("journeys")
    assert found.num_rows == 1050
    assert len(set(found["person"].to_pylist())) == 1050


def test_sepsis_activities_are_counted_as_told(sepsis):
    _, view = sepsis
    assert Counter(view.table("steps")["activity"].to_pylist()) == ACTIVITIES


def test_sepsis_has_846_variants(sepsis):
    _, view = sepsis
    variants = view.table("variants")
    assert variants.num_rows == 846
    assert sum(variants["journeys"].to_pylist()) == 1050


def test_sepsis_the_case_called_na_has_its_24_events(sepsis):
    _, view = sepsis
    steps = view.person("sepsis:NA")
    assert steps.num_rows == 24
    assert set(steps["journey"].to_pylist()) == {steps["journey"][0].as_py()}


def test_sepsis_begins_and_ends_when_told(sepsis):
    _, view = sepsis
    first, last = (
        view.query("SELECT min(t.at) AS a, max(t.at) AS b FROM steps AS t").to_pylist()[0].values()
    )
    assert f"{local(first, 'Europe/Amsterdam'):%Y-%m-%d %H:%M:%S}" == "2013-11-07 08:18:29"
    assert f"{local(last, 'Europe/Amsterdam'):%Y-%m-%d %H:%M:%S}" == "2015-06-05 12:25:11"


CASES = """
    SELECT t.person,
           min(CASE WHEN d.name LIKE 'Release%' THEN t.at END) AS released,
           min(CASE WHEN d.name = 'Return ER' THEN t.at END) AS returned,
           min(CASE WHEN d.name = 'ER Sepsis Triage' THEN t.at END) AS triage,
           min(CASE WHEN d.name = 'IV Antibiotics' THEN t.at END) AS antibiotics,
           min(t.at) AS first, max(t.at) AS last
    FROM steps AS t JOIN dictionary AS d ON d.code = t.activity
    GROUP BY t.person
"""


@pytest.fixture(scope="module")
def cases(sepsis) -> list[dict[str, int | None]]:
    return list(sepsis[1].query(CASES).to_pylist())


def test_sepsis_782_were_released_and_294_returned_111_of_them_within_28_days(cases):
    assert sum(case["released"] is not None for case in cases) == 782
    assert sum(case["returned"] is not None for case in cases) == 294
    soon = [
        case
        for case in cases
        if case["released"] is not None
        and case["returned"] is not None
        and 0 <= case["returned"] - case["released"] <= 28 * 24 * HOUR
    ]
    assert len(soon) == 111


def test_sepsis_antibiotics_came_a_median_of_92_minutes_after_sepsis_triage(cases):
    waits = [
        (case["antibiotics"] - case["triage"]) / MINUTE
        for case in cases
        if case["antibiotics"] is not None and case["triage"] is not None
    ]
    assert len(waits) == 823
    assert round(float(np.median(waits)), 2) == 92.05
    assert sum(wait <= 60 for wait in waits) == 342


def test_sepsis_cases_last_as_long_as_told(sepsis, cases):
    """From first to last event; what follows the last stay makes no journey longer (§16)."""
    told = "SELECT t.journey, max(t.at) - min(t.at) AS lasted FROM steps AS t GROUP BY t.journey"
    days = sepsis[1].query(told)["lasted"].to_numpy() / HOUR / 24
    assert (round(days.mean(), 3), round(float(np.median(days)), 3)) == (28.469, 5.343)
    by_hand = [(case["last"] - case["first"]) / HOUR / 24 for case in cases]
    assert sorted(by_hand) == pytest.approx(sorted(days))


# --- MIMIC-IV demo ---


@pytest.fixture(scope="module")
def mimic(shared: Path) -> tuple[LoadResult, Journeys]:
    return loaded(shared / "data" / "mimic-iv-demo", "mimic")


def of_source(view: Journeys, source: str, what: str = "count(*)") -> int:
    return column(
        view,
        f"SELECT {what} FROM records AS r JOIN dictionary AS d ON d.code = r.source "
        f"WHERE d.name = '{source}' AND r.line > 0",
    )[0]


def test_mimic_every_row_is_loaded(mimic):
    books, view = mimic
    assert books.rejected == 0
    assert books.read == books.loaded == 275 + 1190 + 319 + 140
    assert of_source(view, "mimic-admissions") == 275
    assert of_source(view, "mimic-transfers") == 1190
    assert of_source(view, "mimic-services") == 319
    assert of_source(view, "mimic-icu") == 140


def test_mimic_has_100_people(mimic):
    _, view = mimic
    assert len(set(view.table("stays")["person"].to_pylist())) == 100


def test_mimic_transfers_are_of_the_types_told(mimic):
    _, view = mimic
    steps = view.table("steps").to_pylist()
    found = Counter(s["activity"] for s in steps if s["source"] == "mimic-transfers")
    found.pop(None)
    assert found == {"ED": 236, "admit": 275, "transfer": 404, "discharge": 275}


def test_mimic_has_31_care_units(mimic):
    _, view = mimic
    stays = [s for s in view.table("stays").to_pylist() if s["source"] == "mimic-transfers"]
    places = Counter(stay["place"] for stay in stays)
    assert len(places) == 31
    assert places["Discharge Lounge"] == 36
    assert places["Emergency Department Observation"] == 26
    assert sum(places.values()) == 236 + 275 + 404


def admissions(view: Journeys) -> list[dict]:
    return [s for s in view.table("stays").to_pylist() if s["place"] == "Hospital admission"]


def test_mimic_stays_last_as_long_as_told(mimic):
    stays = admissions(mimic[1])
    assert len(stays) == 275
    assert all(stay["in_order"] for stay in stays)
    days = np.array([stay["stay_hours"] for stay in stays]) / 24
    found = days.mean(), np.median(days), np.percentile(days, 90), days.max()
    assert [round(float(value), 4) for value in found] == [6.8755, 4.8528, 14.5026, 44.9278]


def test_mimic_15_died_and_260_were_discharged(mimic):
    ends = Counter(stay["end_kind"] for stay in admissions(mimic[1]))
    assert ends == {"died": 15, "left": 260}


def test_mimic_people_were_discharged_where_told(mimic):
    went = Counter(s["to_place"] for s in admissions(mimic[1]) if s["end_kind"] == "left")
    assert went == {
        "HOME HEALTH CARE": 76,
        "HOME": 72,
        None: 42,
        "SKILLED NURSING FACILITY": 36,
        "REHAB": 13,
        "CHRONIC/LONG TERM ACUTE CARE": 9,
        "HOSPICE": 5,
        "AGAINST ADVICE": 4,
        "PSYCH FACILITY": 2,
        "ACUTE HOSPITAL": 1,
    }


def test_mimic_182_admissions_have_ed_times_and_174_of_them_board(mimic):
    _, view = mimic
    stays = [s for s in view.table("stays").to_pylist() if s["place"] == "ED registration"]
    assert len(stays) == 182
    over = [
        handoff
        for handoff in view.table("handoffs").to_pylist()
        if (handoff["from_place"], handoff["to_place"]) == ("ED registration", "Hospital admission")
    ]
    assert len(over) == 182
    boarded = [handoff for handoff in over if (handoff["overlap_hours"] or 0) > 0]
    assert len(boarded) == 174


def test_mimic_boarding_is_a_wait_from_admission_to_leaving_the_ed(mimic):
    _, view = mimic
    stays = {stay["stay"]: stay for stay in view.table("stays").to_pylist()}
    for handoff in view.table("handoffs").to_pylist():
        if handoff["from_place"] == "ED registration" and (handoff["overlap_hours"] or 0) > 0:
            ed, admission = stays[handoff["from_stay"]], stays[handoff["to_stay"]]
            assert handoff["came_at"] == ed["end_at"]
            assert handoff["asked_at"] == admission["arrived_at"]
            assert handoff["wait_hours"] == handoff["overlap_hours"]


def test_mimic_54_ed_stays_serve_no_admission(mimic):
    _, view = mimic
    alone = [
        stay
        for stay in view.table("stays").to_pylist()
        if stay["source"] == "mimic-transfers" and stay["need"] is None
    ]
    assert len(alone) == 54
    assert {stay["setting"] for stay in alone} <= {"ed", "assessment"}


def test_mimic_53_of_260_came_back_within_30_days(mimic):
    by_person = defaultdict(list)
    for stay in admissions(mimic[1]):
        by_person[stay["person"]].append(stay)
    again = 0
    for stays in by_person.values():
        for stay in stays:
            again += stay["end_kind"] == "left" and any(
                0 < later["begin_at"] - stay["end_at"] <= 30 * 24 * HOUR for later in stays
            )
    assert again == 53


def test_mimic_measures_of_stay_and_boarding_are_the_published_ones(mimic):
    rows = measure(mimic[1], "stay", ["place"]).rows.to_pylist()
    (stay,) = (row for row in rows if row["place"] == "Hospital admission")
    told = stay["total_hours"] / stay["n"], stay["p50_hours"], stay["p90_hours"]
    assert stay["n"] == stay["ended"] == 275
    days = [told[0] / 24, told[1] / 24, told[2] / 24]
    assert [round(number, 4) for number in days] == [6.8755, 4.8528, 14.5026]
    assert measure(mimic[1], "handoff_wait").rows["n"].to_pylist() == [174]


def test_mimic_measure_of_returns_is_the_published_one_but_for_two_stays_that_touch(mimic):
    """Somebody was discharged and admitted at the same minute: one time in hospital (§20)."""
    (row,) = measure(mimic[1], "readmissions").rows.to_pylist()
    assert (row["met"], row["n"]) == (53 - 1, 260 - 1)


def test_sepsis_measure_of_returns_within_28_days_is_the_published_one(sepsis):
    """111 of 782; one was released and never on a ward, so that no time in hospital ended."""
    own = dataclasses.replace(definitions()["returns"], within_days=28)
    (row,) = measure(sepsis[1], own).rows.to_pylist()
    assert (row["met"], row["n"]) == (111, 781)


# --- what neither can say ---


@pytest.mark.parametrize("of", ["sepsis", "mimic"])
def test_no_delay_is_told_where_nobody_records_being_ready(of, request):
    found = measure(request.getfixturevalue(of)[1], "delay")
    assert "can't be measured, for nobody's is known" in found.says
    assert "at places that never record a time of being ready to leave" in found.says
    assert found.rows["n"].to_pylist() == [0]
    assert found.rows["p50_hours"].to_pylist() == found.rows["p90_hours"].to_pylist() == [None]


@pytest.mark.parametrize("of", ["sepsis", "mimic"])
def test_nothing_is_told_across_people_whose_dates_were_moved(of, request):
    """No census, no occupancy, no list of today, and no number by day, week, month or hour."""
    view = request.getfixturevalue(of)[1]
    asked = [lambda: view.table("census"), lambda: today(view, 0, "", None)]
    asked += [lambda by=by: measure(view, "occupancy", by) for by in ((), ("place",))]
    asked += [lambda unit=unit: measure(view, "arrivals", [unit]) for unit in (*SPANS, *HOURS)]
    for ask in asked:
        with pytest.raises(UnsupportedError, match="dates were moved for each person") as refused:
            ask()
        assert "of one person can be measured (rule §5)" in str(refused.value)


# --- NHS England A&E ---


@pytest.fixture(scope="module")
def nhs_ae(shared: Path) -> tuple[LoadResult, list[dict]]:
    books, view = loaded(shared / "data" / "nhs-ae", "nhs-ae")
    return books, view.counts().to_pylist()


def test_ae_every_row_is_loaded(nhs_ae):
    books, counts = nhs_ae
    assert (books.read, books.loaded, books.rejected) == (12_765, 12_765, 0)
    assert len(counts) == 3 * 12_765
    by = Counter(count["by"] for count in counts if count["name"] == "attendances")
    assert by == {"other types": 6698, "type 1": 4932, "type 2": 1135}


def test_ae_has_36_whole_months_and_274_organisations(nhs_ae):
    _, counts = nhs_ae
    months = {(local(count["from_at"]), local(count["to_at"])) for count in counts}
    assert len(months) == 36
    for start, end in months:
        assert (start.day, start.hour, end.day, end.hour) == (1, 0, 1, 0)
        assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1
    assert len({count["organisation"] for count in counts}) == 274


def test_ae_totals_are_as_told(nhs_ae):
    totals = Counter()
    for count in nhs_ae[1]:
        totals[count["name"]] += count["value"]
    assert totals == {
        "attendances": 72_019_402,
        "attendances over four hours": 8_295_237,
        "emergency admissions": 13_493_280,
    }


def test_ae_type_1_departments_met_four_hours_as_told(nhs_ae):
    sums = defaultdict(Counter)
    for count in nhs_ae[1]:
        if count["by"] == "type 1":
            year = financial_year(local(count["from_at"]).date())
            sums[year][count["name"]] += count["value"]
    share = {
        year: round(100 * (1 - s["attendances over four hours"] / s["attendances"]), 2)
        for year, s in sums.items()
    }
    assert share == {"2016/17": 83.68, "2017/18": 82.36, "2018/19": 81.54}


def test_ae_rrk_has_all_36_months(nhs_ae):
    months = [
        count["from_at"]
        for count in nhs_ae[1]
        if (count["organisation"], count["by"], count["name"]) == ("RRK", "type 1", "attendances")
    ]
    assert len(months) == len(set(months)) == 36
