"""What a definition of a measure may say, and what is refused."""

from dataclasses import fields
from pathlib import Path

import pytest
from tests.spec.tables import worked_out

from wholeflow.core.errors import WholeflowError
from wholeflow.measures import Definition, definitions, measure
from wholeflow.measures.definition import NEEDS, parse_definition

GUIDE = (Path(__file__).parents[2] / "docs/guides/add-a-measure.md").read_text("utf-8")
WARD = 'name = "own"\nversion = "1"\ntitle = "Own"\nunit = "hours"\nrules = ["§9"]\n'
WARD += 'meaning = "My own."\ntable = "stays"\n'
STAY = WARD + 'family = "duration"\nbegin = "begin_at"\nend = "end_at"\n'
WITHIN = WARD + 'family = "within"\nbegin = "begin_at"\nend = "end_at"\nwithin_minutes = 60\n'

PLACES = """
    place     | holds    | setting   | organisation
    ED        | body     | ed        | Trust
    Ward      | body     | ward      | Trust
    Home care | caseload | home_care | Sunrise
"""


def test_the_guide_tells_of_every_key_and_every_family():
    table = GUIDE.split("## Keys")[1].split("## Families")[0]
    for key in (field.name for field in fields(Definition)):
        assert f"`{key}`" in table, key
        assert f"\n{key} = " in GUIDE or f"\n[{key}]" in GUIDE, f"{key} is in no example"
    for family in NEEDS:
        assert f"| `{family}` |" in GUIDE, family
        assert f'family = "{family}"' in GUIDE, family


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STAY + 'colour = "red"\n', "has no 'colour'"),
        (STAY.replace('begin = "begin_at"\n', ""), "begin is missing"),
        (STAY.replace("begin_at", "began_at"), "no instant of stays called 'began_at'"),
        (STAY.replace("duration", "durations"), "no family of measures called"),
        (STAY.replace('"stays"', '"census"'), "no table for family duration"),
        (STAY + 'settings = ["wards"]\n', "no setting called 'wards'"),
        (STAY + 'holds = ["bodies"]\n', "no layer called"),
        (STAY + 'ends = ["left"]\n', "ends is for the family within only"),
        (STAY + "also_minutes = [5]\n", "also_minutes is for the family within only"),
        (WITHIN + 'ends = ["went"]\n', "no way to end called 'went'"),
        (WITHIN + "also_minutes = [1.5]\n", "not a whole number"),
        (WITHIN.replace("60", '"60"'), "not a whole number"),
    ],
)
def test_a_definition_that_says_something_else_is_refused(text, words):
    with pytest.raises(WholeflowError, match=words):
        parse_definition(text, "own.toml")


def test_settings_and_layers_keep_rows_of_every_table():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 11:00 | ready    | ED
        Ann    | 2024-07-01 12:00 | left     | ED
        Ann    | 2024-07-01 12:00 | arrived  | Ward
        Ann    | 2024-07-02 10:00 | referred | Home care
        Ann    | 2024-07-03 12:00 | left     | Ward
        Ann    | 2024-07-03 14:00 | started  | Home care
        Ann    | 2024-07-09 14:00 | left     | Home care
        """,
        PLACES,
    )
    wards = parse_definition(
        WARD.replace('"stays"', '"census"') + 'family = "level"\nsettings = ["ward"]\n', "own.toml"
    )
    rows = measure(view, wards).rows.to_pylist()
    assert [(row["holds"], row["person_hours"]) for row in rows] == [("body", 48.0)]
    home = parse_definition(
        STAY.replace('"stays"', '"handoffs"').replace("begin_at", "asked_at")
        .replace("end_at", "came_at") + 'settings = ["home_care"]\n',
        "own.toml",
    )  # fmt: skip
    rows = measure(view, home).rows.to_pylist()
    assert [(row["n"], row["total_hours"]) for row in rows] == [(1, 28.0)]
    assert measure(view, "handoff_wait").rows["n"].to_pylist() == [2]


def test_every_shipped_measure_tells_of_its_direction_in_a_word_that_is_known():
    assert {definition.improves for definition in definitions().values()} <= {"", "up", "down"}
