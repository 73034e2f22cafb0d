"""The real situation reports, loaded by the command, give the facts that their README tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wholeflow as wf
from wholeflow.core.time import DAY, local
from wholeflow.journeys import Journeys
from wholeflow.publish.facts import Facts

pytestmark = pytest.mark.slow

FACTS = """
    SELECT c.name, c."by", c.organisation, c."is", c.value, c.from_at, c.to_at FROM published AS c
"""


@pytest.fixture(scope="module")
def view(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Journeys:
    """The store that the command makes of the four files, with the counts as ``published``."""
    folder = tmp_path_factory.mktemp("sitrep")
    records = shared / "data" / "nhs-sitrep"
    if not records.is_dir():
        pytest.skip("the data set nhs-sitrep is not in ../shared/data")
    done = subprocess.run(
        [sys.executable, "-m", "wholeflow.cli", "load", str(folder / "s.duckdb"), str(records),
         "--source", "nhs-sitrep"],
        capture_output=True, text=True,
        env={**os.environ, "WHOLEFLOW_KEY_FILE": str(folder / "key")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "read 216,195 = loaded 216,195 + already 0 + rejected 0" in done.stdout
    found = wf.journeys(wf.open(folder / "s.duckdb"))
    found.engine.register("published", found.counts())
    return found


def ask(view: Journeys, sql: str) -> list[tuple]:
    rows = view.engine.query(f"WITH c AS ({FACTS}) {sql}")
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def one(view: Journeys, sql: str) -> tuple:
    (row,) = ask(view, sql)
    return row


def on(day: str) -> str:
    """SQL for the start of a local day."""
    return f"epoch_us(TIMESTAMPTZ '{day} 00:00 Europe/London')"


AMBULANCE = {
    "ambulance arrivals": 885_972,
    "ambulance handovers of 30 to 60 minutes": 79_002,
    "ambulance handovers over 60 minutes": 20_230,
}


def test_england_is_the_whole_and_the_organisations_its_parts(view):
    whole = ask(
        view, "SELECT name, sum(value) FROM c WHERE organisation IS NULL GROUP BY name ORDER BY 1"
    )
    assert dict(whole) == AMBULANCE
    assert one(view, "SELECT count(*) FROM c WHERE organisation IS NULL") == (3 * 63,)


def test_134_organisations_add_up_to_england_on_each_of_63_days(view):
    """The row of England equals the sum of the organisations on every day and column."""
    days = ask(
        view,
        "SELECT name, from_at, "
        "sum(CASE WHEN organisation IS NULL THEN value END) AS whole, "
        "sum(CASE WHEN organisation IS NOT NULL THEN value END) AS parts, "
        "count(DISTINCT organisation) AS n "
        "FROM c WHERE name LIKE 'ambulance%' GROUP BY name, from_at",
    )
    assert len(days) == 3 * 63
    assert all(whole == parts and n == 134 for _, _, whole, parts, n in days)


def test_england_is_never_added_to_its_parts(view):
    """What the report adds up (rule §23) is England, not England twice."""
    totals = Facts(view).totals
    assert {name: totals[name] for name in AMBULANCE} == AMBULANCE


def test_beds_of_137_organisations_are_levels(view):
    assert one(
        view,
        "SELECT count(DISTINCT organisation), count(DISTINCT from_at) FROM c "
        "WHERE name = 'general and acute beds available'",
    ) == (137, 41)
    assert ask(view, "SELECT DISTINCT \"is\" FROM c WHERE name LIKE '%bed%'") == [("level",)]


@pytest.mark.parametrize(
    ("month", "available", "occupied"),
    [("2022-04-01", 98_268, 90_757), ("2025-08-01", 100_398, 91_936)],
)
def test_england_had_so_many_general_and_acute_beds(view, month, available, occupied):
    sql = (
        "SELECT sum(CASE WHEN name = 'general and acute beds available' THEN value END), "
        "sum(CASE WHEN name = 'general and acute beds occupied' THEN value END) "
        f'FROM c WHERE "by" IS NULL AND from_at = {on(month)}'
    )
    assert one(view, sql) == (available, occupied)


def test_general_and_acute_beds_are_never_more_than_full(view):
    pairs = one(
        view,
        "SELECT count(*), count(*) FILTER (WHERE o.value > a.value) FROM c AS a JOIN c AS o "
        "ON o.organisation = a.organisation AND o.from_at = a.from_at "
        "AND o.name = 'general and acute beds occupied' AND o.\"by\" IS NULL "
        "WHERE a.name = 'general and acute beds available' AND a.\"by\" IS NULL",
    )
    assert pairs == (5_557, 0)


def test_a_rate_is_absent_and_not_nought_where_there_are_no_beds_of_the_kind(view):
    kinds = "general and acute", "adult critical care", "neonatal intensive care"
    for kind in kinds:
        absent, with_beds, noughts = one(
            view,
            "SELECT count(*), count(*) FILTER (WHERE b.value > 0), "
            "count(*) FILTER (WHERE r.value = 0 AND b.value = 0) FROM c AS r JOIN c AS b "
            'ON b.organisation = r.organisation AND b.from_at = r.from_at AND b."by" IS NULL '
            f"AND b.name = '{kind} beds available' "
            f"WHERE r.name = '{kind} bed occupancy' AND r.\"by\" IS NULL AND r.value IS NULL",
        )
        assert absent > 0
        assert (with_beds, noughts) == (0, 0)


def test_121_organisations_told_of_criteria_to_reside(view):
    organisations = ask(
        view,
        "SELECT DISTINCT organisation FROM c WHERE name = 'people without criteria to reside'",
    )
    assert len(organisations) == 121 + 1
    assert ("organisation not given",) in organisations


@pytest.mark.parametrize(("day", "people"), [("2023-01-10", 24_839), ("2025-01-14", 24_730)])
def test_so_many_people_no_longer_met_the_criteria(view, day, people):
    sql = f"FROM c WHERE name = 'people without criteria to reside' AND from_at = {on(day)}"
    assert one(view, f"SELECT sum(value) {sql}") == (people,)
    (start, end) = one(view, f"SELECT DISTINCT from_at, to_at {sql}")
    assert local(start).date().isoformat() == day
    assert end - start == DAY


def test_discharges_equal_their_two_bands_until_the_bands_stop(view):
    bands = ask(
        view,
        'SELECT max(CASE WHEN "by" IS NULL THEN value END) AS whole, '
        "max(CASE WHEN \"by\" = 'by 17:00' THEN value END) AS early, "
        "max(CASE WHEN \"by\" = '17:01 to 23:59' THEN value END) AS late, from_at "
        "FROM c WHERE name = 'discharges' GROUP BY organisation, from_at",
    )
    assert len(bands) == 149_482
    given = [row for row in bands if row[1] is not None]
    assert all(whole == early + late for whole, early, late, _ in given)
    assert sum(row[1] is None and row[2] is None for row in bands) == 97_967
    assert f"{local(max(row[3] for row in given)):%Y-%m-%d}" == "2023-05-31"


def test_rows_without_organisation_or_counts_are_kept_and_not_read_as_nought(view):
    people = "FROM c WHERE name = 'people without criteria to reside'"
    assert one(view, f"SELECT count(*) {people}") == (149_482,)
    assert one(view, f"SELECT count(*) {people} AND organisation = 'organisation not given'") == (
        243,
    )
    empty = one(
        view,
        "SELECT count(*) FROM (SELECT organisation, from_at FROM c "
        "WHERE name IN ('people without criteria to reside', 'discharges') "
        "GROUP BY organisation, from_at HAVING count(value) = 0) AS none",
    )
    assert empty == (1_517,)


REASONS = {
    "Capacity": 36_254,
    "Interface process": 30_760,
    "Hospital process": 20_668,
    "Care transfer hub process": 13_517,
    "Wellbeing concerns": 5_553,
}


def test_delays_have_37_reasons_in_five_groups(view):
    delays = "FROM c WHERE name = 'people whose discharge is delayed'"
    assert one(
        view,
        "SELECT count(*), count(DISTINCT organisation), count(DISTINCT from_at), "
        f'count(DISTINCT "by"), count(*) FILTER (WHERE value IS NULL) {delays}',
    ) == (52_651, 119, 12, 37, 259)
    groups = ask(view, f"SELECT split_part(\"by\", ' - ', 1), sum(value) {delays} GROUP BY 1")
    assert dict(groups) == REASONS


def test_organisations_have_their_names(view):
    names = view.query(
        "SELECT DISTINCT d.name AS code, o.title FROM present_organisations AS o "
        "JOIN dictionary AS d ON d.code = o.organisation"
    )
    known = dict(zip(names["code"].to_pylist(), names["title"].to_pylist(), strict=True))
    assert known["R1F"] == "Isle of Wight NHS Trust"
    assert "ENG" not in known
