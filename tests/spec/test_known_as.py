"""§26: links by likeness that later come to speak for two people are not used."""

import numpy as np
import pyarrow as pa
from tests.spec.tables import KEY, put

from wholeflow.events import EventLog
from wholeflow.events.declared import LIKENESS
from wholeflow.journeys import journeys
from wholeflow.journeys.known_as import clashing, persons
from wholeflow.store import open_store, replace_links


def test_s26_links_by_likeness_that_have_come_to_join_two_nhs_numbers_are_not_used():
    """A and B were alike; later each gives an NHS number of its own."""
    numbers = np.array([1, 2, 4]), np.array([2, 3, 5])
    known = persons(np.array([1, 3]), np.array([101, 103]))
    assert clashing(known, *numbers, np.array([101, 103])).tolist() == [False, True, False]


def test_s26_a_clash_by_likeness_is_noted_among_the_links():
    store = open_store()
    rows = [
        {"person": "A", "same_as": "nhs A", "method": "shared number"},
        {"person": "B", "same_as": "nhs B", "method": "shared number"},
    ]
    traits = [{"person": name, "nhs_number": f"nhs {name}"} for name in "AB"]
    put(store, EventLog.from_rows("desk", same_person=rows, traits=traits))
    alike = {"person": [KEY.pseudonym("A")], "same_as": [KEY.pseudonym("B")], "probability": [0.97]}
    replace_links(store, LIKENESS, pa.table(alike))
    view = journeys(store)
    people = view.query("SELECT DISTINCT person FROM known_as")
    assert people.num_rows == 2
    doubted = view.query("SELECT doubt, used FROM links WHERE method = 'likeness'").to_pylist()
    assert doubted == [{"doubt": "two NHS numbers", "used": False}]


def test_s26_of_traits_told_equally_often_those_that_are_known_describe_a_number():
    store = open_store()
    months = [("A", None), ("A", "7"), ("B", None), ("B", None), ("B", "7")]
    traits = [
        {"id": f"{row}", "person": name, "birth_year": "1950", "birth_month": month}
        for row, (name, month) in enumerate(months)
    ]
    put(store, EventLog.from_rows("desk", traits=traits))
    described = journeys(store).query(
        "SELECT d.unique_id, d.birth_month IS NOT NULL AS is_told FROM described_numbers AS d"
    )
    assert {row["unique_id"]: row["is_told"] for row in described.to_pylist()} == {
        KEY.pseudonym("A"): True,
        KEY.pseudonym("B"): False,
    }
