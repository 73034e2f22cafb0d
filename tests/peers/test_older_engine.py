"""A store that we write is a store that DuckDB 1.4 opens, and wholeflow runs on both."""

import os
import subprocess
import sys

import pytest

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key

pytestmark = pytest.mark.peers

READ = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(duckdb.__version__, connection.execute("SELECT count(*) FROM ledger.events").fetchone()[0])
"""

WHOLE_WAY = """
import sys, duckdb, wholeflow as wf
store = wf.open(sys.argv[1])
print(duckdb.__version__, wf.measure(store, "stay").says)
"""


def run(script, path, peers):
    environment = {**os.environ, "PYTHONPATH": str(peers)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().split(" ", 1)


@pytest.fixture
def path(tmp_path):
    events = [
        {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward 1"},
        {"person": "a", "at": "2024-07-03 11:30", "kind": "left", "place": "Ward 1"},
    ]
    with wf.open(tmp_path / "place.duckdb") as store:
        wf.load(store, wf.EventLog.from_rows("ward-book", events=events), key=Key(b"k" * 32))
    return tmp_path / "place.duckdb"


def test_duckdb_1_4_opens_a_store_that_we_wrote(path, peers):
    version, count = run(READ, path, peers)
    assert version.startswith("1.4.")
    assert count == "2"


def test_the_whole_way_gives_the_same_words_on_duckdb_1_4(path, peers):
    with wf.open(path) as store:
        expected = wf.measure(store, "stay").says
    version, says = run(WHOLE_WAY, path, peers)
    assert version.startswith("1.4.")
    assert says == expected
