"""The operators give the same rows on Spark as on DuckDB, and those that people drew by hand.

The SQL is the same, but for the expressions that each engine has its own; so what could differ
without a word is looked at: quantiles, the order of lists, rounding, absent values in an order.
"""

from __future__ import annotations

import math
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.peers.spark import SparkEngine, start
from tests.spec import (
    test_away,
    test_clock_census,
    test_handoffs,
    test_information,
    test_journeys,
    test_known_as,
    test_one_person,
    test_records,
    test_whole_way,
)

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys
from wholeflow.journeys.operators import DERIVED, OPERATORS, PRESENT
from wholeflow.sources.demo import write_records
from wholeflow.store import Store
from wholeflow.store.engine import DuckDBEngine

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.xdist_group("spark")]
"""One worker, so that Spark is started once."""

KEY = Key(b"k" * 32)

GOLDEN = {
    test_known_as.test_s26_a_clash_by_likeness_is_noted_among_the_links: {"links", "known_as"},
    test_known_as.test_s26_of_traits_told_equally_often_those_that_are_known_describe_a_number: {
        "described_numbers",
    },
    test_records.test_s6_a_record_without_recorded_at_was_always_known: {"stays"},
    test_whole_way.test_a_way_that_meets_no_hospital_is_worked_out_just_the_same: {
        "stays", "handoffs", "census", "journeys",
    },
    test_handoffs.test_waits_of_a_transition_are_summed_over_its_handoffs: {"transitions"},
    test_handoffs.test_s14_a_request_that_bounced_is_one_handoff_asked_for_from_the_first: {
        "handoffs", "bounces", "journeys",
    },
    test_away.test_s40_a_resident_in_hospital_is_counted_there_and_not_in_the_home: {
        "absences", "presences", "census", "stretches", "stays",
    },
    test_clock_census.test_s17_who_comes_at_the_instant_is_there_and_who_leaves_at_it_is_not: {
        "census",
    },
    test_information.test_s37_a_message_travels_with_a_handoff_or_with_nobody: {"information"},
    test_one_person.test_s36_every_hour_of_a_journey_is_one_thing: {"stretches"},
    test_one_person.test_s36_a_journey_takes_as_long_as_its_parts_together: {"journey_hours"},
    test_journeys.test_steps_between_stays_belong_to_the_journey_whose_time_holds_them: {"steps"},
    test_journeys.test_a_variant_is_the_activities_of_a_journey_in_order: {"variants"},
}  # fmt: skip
"""Tests whose rows were drawn by hand, and the tables whose rows they draw."""

QUANTILES = ("p50_hours", "wait_p50_hours", "wait_p90_hours")
"""Columns whose last bits depend on how an engine writes the line between two values."""

ORGANISATIONS = ("ambulance", "acute", "council", "community", "providers", "aggregate")
PLACE = Path(__file__).parents[2] / "examples/five-organisations/place.toml"
ONE_IN = 16


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Local Spark, where Java and pyspark are here."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java (17 or later), which is not here")
    folder = Path(sys.prefix) / "spark"
    if not folder.is_dir():
        pytest.skip("Spark is not installed: `make test` does that where Java is")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.delenv("SPARK_HOME", raising=False)  # another Spark
        patch.delenv("SPARK_CONF_DIR", raising=False)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = start(tmp_path_factory.mktemp("spark"))
        yield session
        session.stop()


@pytest.fixture
def on_spark(spark, monkeypatch, tmp_path):
    """Every view made now is worked out by Spark; returns the tables that it has told rows of."""
    told: set[str] = set()
    engines = iter(range(100))
    ask = Journeys.query

    def query(self, sql, parameters=()):
        rows = ask(self, sql, parameters)
        if rows.num_rows and isinstance(self.engine, SparkEngine):
            told.update(re.findall(r"\bFROM (\w+)", sql))
        return rows

    monkeypatch.setattr(Journeys, "query", query)
    monkeypatch.setattr(
        DuckDBEngine,
        "session",
        lambda store: SparkEngine(spark, store, tmp_path / f"copy {next(engines)}"),
    )
    return told


def test_every_derived_table_has_rows_drawn_by_hand():
    assert set().union(*GOLDEN.values()) >= set(DERIVED)


@pytest.mark.parametrize("drawn", GOLDEN, ids=lambda drawn: drawn.__name__)
def test_rows_drawn_by_hand_are_those_of_spark(drawn, on_spark):
    drawn()
    assert on_spark >= GOLDEN[drawn]


def test_riverford_is_the_same_on_spark_and_on_duckdb(spark, tmp_path):
    write_records(tmp_path / "records", people=300, seed=1, truth=False)
    with wf.open() as store:
        wf.load(store, wf.read(tmp_path / "records", source="demo"), key=KEY)
        # one number for each person, no request was declined, and nobody is away with a place kept
        never = {"links", "bounces", "absences"}
        assert told_alike(store, spark, tmp_path) == set(DERIVED) - never


def test_five_organisations_are_the_same_on_spark_and_on_duckdb(spark, tmp_path, shared):
    five = shared / "data/five-organisations"
    with wf.open() as store:
        wf.load(store, wf.read([five / name for name in ORGANISATIONS], mapping=PLACE), key=KEY)
        keep_some(store)
        assert told_alike(store, spark, tmp_path) == set(DERIVED) - {"absences"}


def keep_some(store: Store) -> None:
    """Forget all but one person in sixteen, with all of their numbers."""
    who = wf.journeys(store).query("SELECT k.number, k.person FROM known_as AS k")
    store.engine.register("who", who)
    for name in ("events", "messages", "same_person", "traits"):
        store.engine.execute(
            f"DELETE FROM ledger.{name} AS t WHERE coalesce("
            f"(SELECT w.person FROM who AS w WHERE w.number = t.person), t.person) % {ONE_IN} <> 0"
        )
    store.engine.unregister("who")


def told_alike(store: Store, spark: Any, folder: Path) -> set[str]:
    """The derived tables that have rows; all operators have the same on both engines."""
    here = wf.journeys(store)
    there = Journeys(store, SparkEngine(spark, store.engine, folder / "copy"))
    told = set()
    for name in OPERATORS:
        if name not in PRESENT:
            found, wanted = (rows_of(view, name) for view in (there, here))
            assert_same(name, found, wanted)
            told |= {name} if wanted else set()
    return told & set(DERIVED)


def rows_of(view: Journeys, name: str) -> list[dict[str, Any]]:
    """Every column of every row, in an order that quantiles have no part in."""
    rows = view.query(f"SELECT * FROM {name}").to_pylist()
    return sorted(rows, key=lambda row: [(v is None, v or 0) for v in exact(row).values()])


def exact(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in QUANTILES}


def assert_same(name: str, found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Equal rows; quantiles to twelve digits."""
    assert len(found) == len(wanted), name
    for one, other in zip(found, wanted, strict=True):
        assert list(one) == list(other), name
        assert exact(one) == exact(other), name
        for column in set(QUANTILES) & set(one):
            assert one[column] == other[column] or math.isclose(
                one[column], other[column], rel_tol=1e-12
            ), (name, column)
