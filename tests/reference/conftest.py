"""The place of five organisations: its records, and what truly happened, counted."""

from __future__ import annotations

import csv

import pytest


@pytest.fixture(scope="module")
def five(shared):
    return shared / "data/five-organisations"


@pytest.fixture(scope="module")
def counts(five):
    """The facts to reproduce, by name and breakdown."""
    with (five / "truth/truth_counts.csv").open(encoding="utf-8") as file:
        return {(row["name"], row["by"]): float(row["value"]) for row in csv.DictReader(file)}
