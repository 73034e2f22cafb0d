"""Whatever is registered passes the same checks: a new one is tested by being there."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

import wholeflow as wf
from wholeflow.core.errors import WholeflowError
from wholeflow.events import choices, table, table_names
from wholeflow.events.declared import read_rows
from wholeflow.events.log import log_schema
from wholeflow.governance.nhs_number import WRONG_CHECK_DIGIT
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import OPERATORS, columns
from wholeflow.journeys.asking import SEVERITIES, answers, ask, questions
from wholeflow.journeys.operators import DERIVED, KNOWN_AS
from wholeflow.measures import definitions
from wholeflow.measures.definition import NEEDS
from wholeflow.measures.measuring import FAMILIES
from wholeflow.sources.cells import BLANK_WORD, UNLISTED_CODE, UNREAD_TRAIT
from wholeflow.sources.mapping_file import shipped_mapping, shipped_mappings
from wholeflow.sources.translate import REPEATED_HOUR
from wholeflow.store.books import REPEATED_ROW

ROOT = Path(__file__).parents[2]
RULES = set(re.findall(r"^\*\*§(\d+)", (ROOT / "docs/rules.md").read_text("utf-8"), re.MULTILINE))
KEY = Key(b"k" * 32)
LINK = {"person": "c", "same_as": "c by another number", "method": "merge"}
LETTER = {"person": "a", "kind": "letter", "sent_at": "2024-05-03 12:00", "to_place": "Home care"}
PLACES = [
    {"place": "Ambulance", "setting": "ambulance", "organisation": "Ambulance"},
    {"place": "ED", "setting": "ed", "organisation": "Trust"},
    {"place": "Ward", "setting": "ward", "organisation": "Trust"},
    {"place": "Home care", "setting": "home_care", "organisation": "Agency", "holds": "caseload"},
]
EVENTS = [
    {
        "person": p,
        "place": place,
        "at": f"2024-{month:02d}-{day:02d} {hour:02d}:00",
        "kind": kind,
        "activity": kind,
    }
    for month in (5, 7)
    for p in ("a", "b", "c")
    for place, day, hour, kind in [
        ("Ambulance", 1, 7, "arrived"),
        ("Ambulance", 1, 8, "ready"),
        ("Ambulance", 1, 9, "left"),
        ("ED", 1, 9, "arrived"),
        ("ED", 1, 10, "started"),
        ("ED", 1, 12, "ready"),
        ("ED", 1, 14, "left"),
        ("Ward", 1, 14, "arrived"),
        ("Ward", 1, 14, "started"),
        ("Home care", 2, 9, "referred"),
        ("Home care", 2, 17, "declined"),
        ("Home care", 3, 9, "referred"),
        ("Ward", 3, 9, "ready"),
        ("Ward", 4, 9, "away"),
        ("Ward", 4, 17, "back"),
        ("Ward", 6, 9, "left"),
        ("Home care", 6, 10, "started"),
        ("Home care", 9, 10, "left"),
    ]
]
EVENTS.append({"person": "c", "at": "2024-08-02 09:00", "kind": "died", "activity": "died"})


@pytest.fixture(scope="module")
def seen():
    store = wf.open()
    log = wf.EventLog.from_rows(
        "six-months", events=EVENTS, places=PLACES, same_person=[LINK], messages=[LETTER]
    )
    wf.load(store, log, key=KEY)
    return wf.journeys(store)


@pytest.mark.parametrize("name", definitions())
def test_a_measure_has_words_rules_and_figures(name, seen):
    definition = definitions()[name]
    assert definition.family in FAMILIES
    assert definition.title
    assert definition.meaning.endswith(".")
    assert definition.rules
    assert {rule.removeprefix("§") for rule in definition.rules} <= RULES
    assert definition.unit in ("people", "hours", "share", "moves", "days")
    whole = wf.measure(seen, name)
    assert whole.rows.num_rows >= 1
    assert whole.says.endswith(".")
    assert wf.measure(seen, name, ["place", "month"]).rows.num_rows >= whole.rows.num_rows
    assert set(whole.as_dict()) == {
        "measure", "version", "title", "unit", "rules", "by", "rows", "left_out", "limits", "sure",
        "over_time", "says",
    }  # fmt: skip


@pytest.mark.parametrize("name", [n for n in definitions() if n not in ("returns", "readmissions")])
def test_parts_of_a_measure_add_to_the_whole(name, seen):
    figure = "total_hours" if definitions()[name].unit == "hours" else "n"
    if name == "occupancy":
        figure = "person_hours"
    whole = sum(wf.measure(seen, name).rows[figure].to_pylist())
    for by in (["place"], ["organisation"], ["month"], ["week"]):
        parts = sum(wf.measure(seen, name, by).rows[figure].to_pylist())
        assert parts == pytest.approx(whole, rel=1e-12), by


@pytest.mark.parametrize("name", definitions())
def test_a_grouping_that_does_not_exist_is_refused_with_those_that_do(name, seen):
    with pytest.raises(WholeflowError, match=r"no grouping.*\n.*place"):
        wf.measure(seen, name, ["colour"])


@pytest.mark.parametrize("question", questions(), ids=lambda q: q.name)
def test_a_check_has_words_a_rule_and_an_answer(question, seen):
    assert question.severity in SEVERITIES
    assert question.rule.removeprefix("§") in RULES
    assert question.meaning.endswith(".")
    assert question.repair.endswith(".")
    ask(seen, question)
    assert seen.query(f"SELECT * FROM {answers(question.name)}").num_rows >= 0


@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_table_has_the_declared_columns(name, seen):
    rows = seen.table(name)
    assert rows.column_names == [f.name for f in columns(name)]
    assert rows.num_rows > 0
    for f in columns(name):
        if f.required:
            assert rows[f.name].null_count == 0, f.name
        if f.type in ("instant", "integer"):
            assert pa.types.is_integer(rows.schema.field(f.name).type), f.name


def test_operators_name_those_that_they_read():
    folder = ROOT / "src/wholeflow/journeys/sql"
    for name, needs in OPERATORS.items():
        if name.startswith("present_") or name == KNOWN_AS:
            continue
        text = re.sub(r"--.*", "", (folder / f"{name}.sql").read_text("utf-8"))
        own = set(re.findall(r"^(?:WITH )?(\w+) AS \(", text, re.MULTILINE))
        read = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", text)) & set(OPERATORS) - own
        assert read == set(needs), name


@pytest.mark.parametrize("name", table_names())
def test_a_declared_table_is_whole(name):
    spec = table(name)
    names = [f.name for f in spec.fields]
    assert len(names) == len(set(names))
    for f in spec.fields:
        assert f.meaning.endswith("."), f.name
        if f.choice_list:
            assert choices(f.choice_list)
            assert not f.default or f.default in choices(f.choice_list)
    assert log_schema(spec).names == [*names, "line"]


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_is_whole(name):
    mapping = shipped_mapping(name)
    assert mapping.source == name
    assert mapping.title
    assert mapping.licence
    for layout in mapping.files:
        assert layout.says
        assert layout.key
    declared = {place["place"] for place in mapping.places}
    constant = {
        value.constant
        for layout in mapping.files
        for saying in layout.says
        for field, value in saying.fields
        if field == "place" and value.constant
    }
    assert constant <= declared


def test_every_rule_that_is_cited_exists():
    cited = set()
    for path in [*(ROOT / "src").rglob("*"), *(ROOT / "docs").rglob("*.md")]:
        if path.suffix in (".py", ".sql", ".toml", ".csv", ".md", ".j2") and path.is_file():
            cited |= set(re.findall(r"§(\d+)", path.read_text("utf-8")))
    assert cited <= RULES


def test_every_family_of_measures_says_what_it_needs():
    assert set(FAMILIES) == set(NEEDS)


def test_every_kind_of_event_has_a_meaning():
    assert all(
        row["meaning"].endswith(".") for row in read_rows("wholeflow.events", "tables/kinds.csv")
    )


def test_every_doubt_that_is_noted_is_declared_and_asked_for():
    noted = {
        WRONG_CHECK_DIGIT,
        BLANK_WORD,
        UNLISTED_CODE,
        UNREAD_TRAIT,
        REPEATED_HOUR,
        REPEATED_ROW,
    }
    folder = ROOT / "src/wholeflow/journeys/findings"
    asked = re.findall(
        r'^doubt = "(.+)"', "\n".join(p.read_text("utf-8") for p in folder.glob("*.toml")), re.M
    )
    assert noted == set(choices("doubts")) == set(asked)
