"""Which files of a folder are read, and years of two digits."""

import pytest

import wholeflow as wf
from wholeflow.core.errors import InputError
from wholeflow.core.time import parse_instant
from wholeflow.governance.pseudonyms import Key

MAPPING = """
source = "desk"
separator = "|"
times = ["%d-%b-%y"]

[[file]]
feed = "desk"
match = ["*.psv"]

[file.each]
person = { column = "who" }

[[file.says]]
kind = "arrived"
place = "Desk"
at = { column = "came" }
"""


def test_a_folder_gives_what_the_mapping_names_whatever_its_ending(tmp_path):
    (tmp_path / "desk.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/desk.psv").write_text("who|came\nAnn|03-Sep-25\nBen|03-Sep-71\n", "utf-8")
    store = wf.open()
    reading = wf.read(tmp_path / "in", mapping=tmp_path / "desk.toml")
    assert wf.load(store, reading, key=Key(b"k" * 32)).loaded == 2
    came = store.query("SELECT e.at AS came FROM ledger.events AS e ORDER BY 1")["came"].to_pylist()
    assert came == [parse_instant("1971-09-03 00:00"), parse_instant("2025-09-03 00:00")]


def test_a_birth_date_needs_four_digits_of_its_year(tmp_path):
    traits = 'traits = { birth_date = { column = "born", format = "%d/%m/%y" } }\n'
    text = MAPPING.replace("[file.each]", traits + "[file.each]")
    (tmp_path / "desk.toml").write_text(text, encoding="utf-8")
    (tmp_path / "desk.psv").write_text("who|came|born\nAnn|03-Sep-25|01/02/37\n", "utf-8")
    with pytest.raises(InputError, match="two digits"):
        wf.read(tmp_path / "desk.psv", mapping=tmp_path / "desk.toml")
