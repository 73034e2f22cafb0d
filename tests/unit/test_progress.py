"""How far a load has come is told to whoever asks."""

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key

MAPPING = """
source = "desk"
times = ["%Y-%m-%d %H:%M"]

[[file]]
feed = "desk"
match = ["*.csv"]

[[file.says]]
kind = "arrived"
person = { column = "who" }
place = "Desk"
at = { column = "came" }
"""


def test_the_rows_read_so_far_are_told(tmp_path):
    (tmp_path / "desk.toml").write_text(MAPPING, encoding="utf-8")
    for name, people in (("a", ["Ann", "Ben"]), ("b", ["Cat"])):
        rows = [f"{who},2024-07-01 09:00" for who in people]
        (tmp_path / f"{name}.csv").write_text("\n".join(["who,came", *rows]), encoding="utf-8")
    told: list[int] = []
    reading = wf.read(tmp_path, mapping=tmp_path / "desk.toml")
    wf.load(wf.open(), reading, key=Key(b"k" * 32), tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 3
