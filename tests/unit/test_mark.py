"""Marks: signed, signed again, taken back, refused; from Python and from the terminal."""

import json

import pytest
from typer.testing import CliRunner

import wholeflow as wf
from wholeflow import api
from wholeflow.cli import app
from wholeflow.core.errors import WholeflowError
from wholeflow.core.time import parse_instant
from wholeflow.governance.pseudonyms import Key
from wholeflow.measures.marks import marks

KEY = Key(b"k" * 32)
PLACES = [{"place": "ED", "setting": "ed"}, {"place": "Ward", "setting": "ward"}]
SIGNED = {"at": "2024-06-03", "who": "ED matron", "why": "streaming at the door", "key": KEY}


def events(first="2024-01-01", days=180):
    start = parse_instant(f"{first} 10:00")
    day = 86_400_000_000
    for n in range(days):
        for hours, kind in ((0, "arrived"), (3 + n % 3, "left")):
            at = start + n * day + hours * 3_600_000_000
            yield {"person": f"p{n}", "place": "ED", "at": at, "kind": kind}


def log(**how):
    return wf.EventLog.from_rows("ed-book", events=list(events()), places=PLACES, **how)


@pytest.fixture
def store():
    opened = wf.open()
    wf.load(opened, log(), key=KEY)
    return opened


def standing(store):
    return marks(wf.journeys(store))


def test_a_mark_is_a_record_of_the_feed_marks(store):
    told = api.mark(store, "step", place="ED", measure="four_hours", **SIGNED)
    assert standing(store) == (told,)
    assert (told.kind, told.at) == ("step", parse_instant("2024-06-03"))
    assert (told.place, told.measure, told.who) == ("ED", "four_hours", "ED matron")
    found = store.query(
        "SELECT d.name, r.recorded_at FROM records AS r JOIN dictionary AS d ON d.code = r.source "
        "WHERE d.name = 'marks'"
    ).to_pylist()
    assert len(found) == 1
    assert found[0]["recorded_at"] is not None


@pytest.mark.parametrize("value", [78, 1.5, -0.1])
def test_a_target_of_a_share_is_no_percentage(store, value):
    with pytest.raises(WholeflowError, match="between 0 and 1"):
        api.mark(store, "target", measure="four_hours", value=value, **SIGNED)
    assert api.mark(store, "target", measure="four_hours", value=0.78, **SIGNED).value == 0.78
    assert api.mark(store, "target", measure="wait", value=4, **SIGNED).value == 4


def test_a_mark_signed_again_is_changed_and_taken_back_it_is_gone(store):
    api.mark(store, "step", **SIGNED)
    api.mark(store, "step", **{**SIGNED, "why": "two more consultants"})
    assert [one.why for one in standing(store)] == ["two more consultants"]
    api.mark(store, "step", **{**SIGNED, "at": "2024-06-10"})
    assert len(standing(store)) == 2
    gone = api.mark(store, "step", at="2024-06-03", withdraw=True, key=KEY)
    assert gone.why == "two more consultants"
    assert [one.at for one in standing(store)] == [parse_instant("2024-06-10")]
    with pytest.raises(WholeflowError, match="no such mark"):
        api.mark(store, "step", at="2024-06-03", withdraw=True, key=KEY)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("stepp", {}, "no kind of mark called 'stepp'.*\n.*baseline"),
        ("step", {"who": " "}, "needs who"),
        ("step", {"why": ""}, "needs why"),
        ("step", {"at": "yesterday"}, "not a time"),
        ("step", {"place": "Wardd"}, "no place called 'Wardd'.*\n.*Ward"),
        ("step", {"measure": "four_hour"}, "no measure called"),
        ("step", {"value": 3.0}, "only a target has a value"),
        ("step", {"feed": "ed-book"}, "only complete_from"),
        ("target", {"measure": "four_hours"}, "needs a value"),
        ("target", {"value": 0.95}, "one of a measure"),
        ("complete_from", {"measure": "stay"}, "for every measure"),
        ("complete_from", {"feed": "ed-boook"}, "no feed called 'ed-boook'.*\n.*ed-book"),
        ("complete_from", {"feed": "marks"}, "no feed called 'marks'"),
    ],
)
def test_a_mark_that_could_never_count_is_refused(kind, given, words, store):
    with pytest.raises(WholeflowError, match=words):
        api.mark(store, kind, **{**SIGNED, **given})
    assert standing(store) == ()


def test_a_measure_of_ones_own_can_be_marked(store, tmp_path):
    own = tmp_path / "six_hours.toml"
    own.write_text(
        'name = "six_hours"\nversion = "1"\ntitle = "Within six hours"\nfamily = "within"\n'
        'unit = "share"\nrules = ["§21"]\nmeaning = "As four_hours."\ntable = "stays"\n'
        'begin = "begin_at"\nend = "end_at"\nwithin_minutes = 360\n',
        encoding="utf-8",
    )
    told = api.mark(store, "step", measure=str(own), **SIGNED)
    assert told.measure == "six_hours"
    (judged,) = wf.measure(store, str(own), ["week"]).over_time
    assert len(judged.parts) == 2


def test_on_shifted_clocks_nothing_is_marked():
    store = wf.open()
    wf.load(store, log(clock="shifted_per_person"), key=KEY)
    with pytest.raises(WholeflowError, match="dates were moved for each person"):
        api.mark(store, "step", **SIGNED)
    assert standing(store) == ()


def test_a_store_that_keeps_ids_takes_marks_too():
    store = wf.open()
    wf.load(store, log(), key=KEY, keep_ids=True)
    api.mark(store, "note", **SIGNED)
    assert len(standing(store)) == 1


def test_a_feed_can_be_marked_complete(store):
    told = api.mark(store, "complete_from", feed="ed-book", **SIGNED)
    assert told.feed == "ed-book"
    assert standing(store) == (told,)


def test_a_mark_changes_nothing_that_was_observed():
    # The records end in 2019 but for one date in 2020, which cannot be right. That a mark is
    # recorded today tells nothing about when events can have happened (§9).
    store = wf.open()
    rows = [*events("2019-01-01"), {"person": "odd", "place": "ED", "at": "2020-11-01 10:00",
                                    "kind": "arrived"}]  # fmt: skip
    wf.load(store, wf.EventLog.from_rows("ed-book", events=rows, places=PLACES), key=KEY)
    before = wf.journeys(store).observed_to()
    assert before < parse_instant("2019-07-01")
    api.mark(store, "note", **SIGNED)
    assert wf.journeys(store).observed_to() == before


# The terminal


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "key"))
    with wf.open(tmp_path / "place.duckdb") as opened:
        wf.load(opened, log())
    return tmp_path / "place.duckdb"


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


WORDS = ("--at", "2024-04-08", "--who", "ED matron", "--why", "streaming")


def test_the_terminal_signs_lists_and_takes_back(path):
    said = run("mark", path, "step", *WORDS, "--place", "ED")
    assert (
        said == "marked: step for ED from 8 April 2024, 00:00: streaming (signed by: ED matron)\n"
    )
    (listed,) = json.loads(run("mark", path, "--json"))
    assert listed == {
        "kind": "step", "at": "2024-04-08T00:00:00+01:00", "place": "ED", "measure": None,
        "feed": None, "value": None, "who": "ED matron", "why": "streaming",
    }  # fmt: skip
    assert "streaming" in run("mark", path)
    taken = json.loads(
        run("mark", path, "step", "--at", "2024-04-08", "--place", "ED", "--withdraw", "--json")
    )
    assert taken["withdrawn"] is True
    assert json.loads(run("mark", path, "--json")) == []


def test_a_mark_without_a_time_is_refused(path):
    done = CliRunner().invoke(app, ["mark", str(path), "step", "--who", "a", "--why", "b"])
    assert isinstance(done.exception, WholeflowError)
    assert "needs a time" in str(done.exception)


def test_a_signed_step_is_in_the_result_and_on_the_chart(path, tmp_path):
    run("mark", path, "step", *WORDS)
    run("mark", path, "target", *WORDS, "--measure", "four_hours", "--value", "0.95")
    chart = tmp_path / "chart.svg"
    said = run("measure", path, "four_hours", "--by", "week", "--chart", chart)
    for words in (
        "anew since the signed step",
        "Making Data Count 2024: The rules",
        "Target 95.0%",
    ):
        assert words in said
    (result,) = json.loads(run("measure", path, "four_hours", "--by", "week", "--json"))
    (series,) = result["over_time"]
    assert [part["from"] for part in series["parts"]] == ["2024-01-01", "2024-04-08"]
    assert series["parts"][1]["begun_by"]["who"] == "ED matron"
    assert {mark["kind"] for mark in series["marks"]} == {"step", "target"}
    drawn = chart.read_text("utf-8")
    for words in ("streaming", "target 95.0%", "(1)", "Making Data Count 2024: The rules"):
        assert words in drawn
