"""Maps of the sepsis log (Mannhardt 2016) against what is published of it.

The figures are of ../shared/data/sepsis/README.md: 16 activities, 846 variants, 1,050 cases of a
mean of 28.469 days and a median of 5.343, 782 of them released and 294 back in the emergency room;
antibiotics after sepsis triage in 823 cases, in 342 of them within an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import wholeflow as wf
from wholeflow.diagnosis import (
    LogFile,
    Pathway,
    Step,
    conform,
    log_file,
    process_map,
    variants,
)
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, journeys

AMSTERDAM = "Europe/Amsterdam"
EVENTS = {
    "ER Registration": 1050, "ER Triage": 1053, "ER Sepsis Triage": 1049, "Leucocytes": 3383,
    "CRP": 3262, "LacticAcid": 1466, "Admission NC": 1182, "Admission IC": 117,
    "IV Antibiotics": 823, "IV Liquid": 753, "Release A": 671, "Release B": 56, "Release C": 25,
    "Release D": 24, "Release E": 6, "Return ER": 294,
}  # fmt: skip


@pytest.fixture(scope="module")
def view(shared: Path) -> Journeys:
    store = wf.open()
    reading = wf.read(shared / "data/sepsis/sepsis.csv.gz", source="sepsis")
    wf.load(store, reading, key=Key(b"s" * 32))
    return journeys(store, zone=AMSTERDAM)


@pytest.fixture(scope="module")
def log(shared: Path) -> Iterator[LogFile]:
    path = shared / "data/sepsis/sepsis.csv.gz"
    found = log_file(path, case="case_id", activity="activity", start="timestamp", zone=AMSTERDAM)
    yield found
    found.close()


@pytest.mark.parametrize("of", ["view", "log"])
def test_there_are_846_ways_over_16_activities(of, request):
    found = variants(request.getfixturevalue(of))
    assert (found.count, found.journeys) == (846, 1050)
    arcs = process_map(request.getfixturevalue(of), "activities").rows.to_pylist()
    assert len({row["from"] for row in arcs} - {None}) == 16


@pytest.mark.parametrize("of", ["view", "log"])
def test_every_row_is_come_to_and_gone_on_from_once(of, request):
    arcs = process_map(request.getfixturevalue(of), "activities").rows.to_pylist()
    came, went = Counter[str | None](), Counter[str | None]()
    for row in arcs:
        came[row["to"]] += row["times"]
        went[row["from"]] += row["times"]
    assert {name: n for name, n in came.items() if name} == EVENTS
    assert {name: n for name, n in went.items() if name} == EVENTS
    assert came[None] == went[None] == 1050


@pytest.mark.parametrize("of", ["view", "log"])
def test_cases_take_as_long_as_is_published(of, request):
    durations = process_map(request.getfixturevalue(of), "activities").durations
    assert durations["mean_hours"] / 24 == pytest.approx(28.469, abs=0.0005)
    assert durations["p50_hours"] / 24 == pytest.approx(5.343, abs=0.0005)


def test_the_store_and_the_file_have_one_map(view, log):
    def told(of):
        return {
            (row["from"], row["to"]): [
                round(row[name] or 0, 6)
                for name in (
                    "times",
                    "waits",
                    "wait_mean_hours",
                    "wait_p50_hours",
                    "wait_p90_hours",
                )
            ]
            for row in process_map(of, "activities").rows.to_pylist()
            if row["end"] == "between"
        }

    assert told(view) == told(log)


ANTIBIOTICS = Pathway(
    "Antibiotics within an hour of triage",
    "activities",
    (Step(("ER Sepsis Triage",)), Step(("IV Antibiotics",), within_hours=1)),
    ignore_others=True,
)


def test_antibiotics_followed_triage_in_823_cases_in_342_within_an_hour(view):
    found = conform(view, ANTIBIOTICS)
    assert found.every.journeys == 1049  # one case has neither
    assert (found.every.as_meant, found.every.in_time) == (823, 342)
    rows = {(row["deviation"], row["what"]): row["journeys"] for row in found.rows.to_pylist()}
    assert rows == {("too late", "IV Antibiotics"): 823 - 342, ("skipped", "IV Antibiotics"): 226}
    assert found.every.mean_fitness == pytest.approx((823 + 226 * 2 / 3) / 1049)
