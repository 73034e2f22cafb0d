"""The machine's own time zone enters no result."""

import os
import subprocess
import sys

import pytest

MAPPING = """
source = "desk"
zone = "Europe/London"
times = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M"]

[[file]]
feed = "desk"
match = ["desk.csv"]

[[file.says]]
kind = "arrived"
person = { column = "who" }
place = "Desk"
at = { column = "came" }
"""
ROWS = "who,came\nAnn,2024-07-01 09:00\nBen,2024-07-01T09:00:00+01:00\nCat,2024-01-01 09:00\n"
SCRIPT = """
import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
store = wf.open()
wf.load(store, wf.read("desk.csv", mapping="desk.toml"), key=Key(b"k" * 32))
print(sorted(store.query("SELECT e.at AS at_ FROM ledger.events AS e")["at_"].to_pylist()))
"""
JULY, JANUARY = 1_719_820_800_000_000, 1_704_099_600_000_000  # 08:00 and 09:00 UTC, by hand


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata"])
def test_local_and_offset_times_of_one_column_are_the_same_on_every_machine(tmp_path, zone):
    (tmp_path / "desk.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "desk.csv").write_text(ROWS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([JANUARY, JULY, JULY])
