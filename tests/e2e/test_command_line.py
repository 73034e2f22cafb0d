"""The command line as a person or a script uses it."""

import csv
import html
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wholeflow.journeys.asking import questions

pytestmark = pytest.mark.slow

VERBS = ["load", "check", "journeys", "measure", "map", "report", "demo"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A demo of 300 people, made once by the command itself."""
    folder = tmp_path_factory.mktemp("demo")
    done = run("demo", "--dir", folder, "--people", 300, "--truth", "--json")
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "folder": folder}


def run(*arguments, key=None, text=True):
    environment = {**os.environ, "COLUMNS": "100"}
    if key:
        environment["WHOLEFLOW_KEY_FILE"] = str(key)
    return subprocess.run(
        [sys.executable, "-m", "wholeflow.cli", *map(str, arguments)],
        capture_output=True, text=text, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_demo_goes_the_whole_way(demo):
    books = demo["load"]
    assert books["read"] == books["loaded"] + books["already"] + books["rejected"]
    assert books["already"] == 3  # planted: rows written twice
    assert books["rejected"] == 3  # planted: two dates in another format, an unknown code
    assert demo["check"]["verdict"].startswith(f"{len(questions())} checks: 2 errors")
    page = (demo["folder"] / "riverford.html").read_text("utf-8")
    assert "Internal: not for publication" in page
    assert (demo["folder"] / "records/truth/stays.csv").exists()


def test_the_demo_says_its_five_sentences_and_where_the_page_is(tmp_path):
    done = run("demo", "--dir", tmp_path / "demo", "--people", 100)
    lines = done.stdout.splitlines()
    assert [line[:2] for line in lines if line[1:2] == "."] == ["1.", "2.", "3.", "4.", "5."]
    assert lines[-1].startswith(f"report: {tmp_path / 'demo' / 'riverford.html'}")
    page = (tmp_path / "demo/riverford.html").read_text("utf-8")
    assert html.escape(lines[-4][3:], quote=False) in page


def test_a_report_for_publication_says_so_and_an_unknown_policy_is_refused(demo, tmp_path):
    page = tmp_path / "public.html"
    assert run("report", demo["store"], "--policy", "hes", "--out", page).returncode == 0
    assert "For publication, by the policy hes" in page.read_text("utf-8")
    told = json.loads(run("report", demo["store"], "--policy", "hes", "--json").stdout)
    assert told["stamp"] == "For publication, by the policy hes"
    refused = run("report", demo["store"], "--policy", "hess", "--out", tmp_path / "no.html")
    assert refused.returncode == 1 and "hes, lt5_round5" in refused.stderr
    assert not (tmp_path / "no.html").exists()


@pytest.mark.parametrize("what", ["hours", "waits", "time", "week", "journey"])
def test_one_chart_of_the_report_is_drawn_and_stamped(demo, what, tmp_path):
    drawing = tmp_path / "one.svg"
    done = run("plot", demo["store"], what, "--out", drawing)
    assert done.returncode == 0, done.stderr
    drawn = drawing.read_text("utf-8")
    assert drawn.startswith("<svg") and "Internal: not for publication" in drawn


def test_a_chart_that_there_is_not_or_that_may_not_be_published_is_refused(demo, tmp_path):
    drawing = tmp_path / "one.svg"
    refused = run("plot", demo["store"], "flwo", "--out", drawing)
    assert refused.returncode == 1 and "hours, journey, time, waits, week" in refused.stderr
    refused = run("plot", demo["store"], "journey", "--policy", "hes", "--out", drawing)
    assert refused.returncode == 1 and "not for publication" in refused.stderr
    assert not drawing.exists()


def test_the_demo_can_be_made_again_where_it_is(demo):
    done = run("demo", "--dir", demo["folder"], "--people", 300, "--json")
    again = json.loads(done.stdout)["load"]
    assert again["loaded"] == 0
    assert again["read"] == again["already"] + again["rejected"]


def test_loading_prints_the_books(demo, tmp_path):
    done = run("load", tmp_path / "s.duckdb", demo["folder"] / "records", "--source", "demo",
               key=tmp_path / "key")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("read ")
    assert "Loading" not in done.stderr  # no progress in a pipe
    assert "made a new key" in done.stderr
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_explain_loads_nothing(demo, tmp_path):
    done = run(
        "load", tmp_path / "s.duckdb", demo["folder"] / "records", "--source", "demo", "--explain"
    )
    assert "each row says" in done.stdout
    assert not (tmp_path / "s.duckdb").exists()


def test_another_key_is_refused(demo, tmp_path):
    done = run("load", demo["store"], demo["folder"] / "records", "--source", "demo",
               key=tmp_path / "other")  # fmt: skip
    assert done.returncode == 1
    assert "key" in done.stderr
    assert "to do:" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["journeys"],
        ["measure", "arrivals", "occupancy", "stay", "wait", "handoff_wait", "returns"],
        ["measure", "four_hours", "--by", "month"],
        ["measure", "hours", "home_90", "days_at_home"],
        ["measure", "hours", "--by", "organisation,month"],
        ["map"],
    ],
    ids=" ".join,
)
def test_results_come_as_words_and_as_json(demo, arguments):
    verb, *rest = arguments
    words = run(verb, demo["store"], *rest)
    assert words.returncode == 0, words.stderr
    assert words.stdout.strip()
    as_json = run(verb, demo["store"], *rest, "--json")
    assert json.loads(as_json.stdout)
    assert as_json.stderr == ""


def test_tables_come_as_csv(demo):
    done = run("measure", demo["store"], "stay", "--by", "place", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["place"] for row in rows} >= {"Emergency department", "Home care"}
    assert all(
        int(row["n"]) == int(row["ended"]) + int(row["open"]) + int(row["cut_short"])
        for row in rows
    )


def test_one_persons_steps_are_in_order_and_the_person_is_a_pseudonym(demo):
    journeys = json.loads(run("journeys", demo["store"], "--json").stdout)
    person = max(journeys, key=lambda row: row["stays"])["person"]
    assert len(person) == 15
    steps = run("journeys", demo["store"], "--person", person, "--csv").stdout.splitlines()
    at = steps[0].split(",").index("at")
    instants = [step.split(",")[at] for step in steps[1:]]
    assert instants == sorted(instants)
    assert "nhs-number" not in json.dumps(journeys)


def test_one_persons_journeys_are_told_hour_by_hour_and_the_look_is_logged(demo):
    journeys = json.loads(run("journeys", demo["store"], "--json").stdout)
    person = max(journeys, key=lambda row: row["stays"])["person"]
    looks = Path(f"{demo['store']}.looks.csv")
    before = len(looks.read_text("utf-8").splitlines()) if looks.exists() else 1
    done = run("journeys", demo["store"], "--person", person, "--why", "a complaint")
    assert "Where the hours went:" in done.stdout
    told = json.loads(run("journeys", demo["store"], "--person", person, "--json").stdout)
    for journey in told:
        assert sum(journey["hours"].values()) == pytest.approx(journey["elapsed_hours"])
    lines = looks.read_text("utf-8").splitlines()
    assert len(lines) == before + 2
    assert "a complaint" in lines[-2]
    assert person in lines[-1]


def test_one_persons_journeys_are_drawn_and_the_look_is_logged_first(demo, tmp_path):
    journeys = json.loads(run("journeys", demo["store"], "--json").stdout)
    person = max(journeys, key=lambda row: row["stays"])["person"]
    looks = Path(f"{demo['store']}.looks.csv")
    drawing = tmp_path / "one.svg"
    done = run("journeys", demo["store"], "--person", person, "--chart", drawing)
    assert done.returncode == 0, done.stderr
    text = drawing.read_text("utf-8")
    assert text.startswith("<svg") and "<title" in text and "<desc" in text
    assert person not in text
    before = looks.read_text("utf-8").splitlines()
    assert person in before[-1]
    refused = run("journeys", demo["store"], "--person", person, "--chart", tmp_path / "one.png")
    assert refused.returncode == 1 and "SVG" in refused.stderr
    assert not (tmp_path / "one.png").exists()
    assert run("journeys", demo["store"], "--chart", drawing).returncode == 1


def test_the_census_is_told_at_a_time_and_at_a_clock_time_of_every_day(demo):
    once = json.loads(run("census", demo["store"], "--at", "2024-11-05T03:00", "--json").stdout)
    assert {row["at"] for row in once} == {"2024-11-05T03:00:00+00:00"}
    every = json.loads(run("census", demo["store"], "--at", "03:00", "--json").stdout)
    assert [row for row in every if row["at"] == once[0]["at"]] == once
    assert "mean" in run("census", demo["store"], "--at", "03:00").stdout
    refused = run("census", demo["store"], "--at", "1999-01-01T03:00")
    assert refused.returncode == 1 and "do not reach" in refused.stderr


def test_the_rules_that_are_chosen_judge_and_are_named(demo, tmp_path):
    chart = tmp_path / "c.svg"
    words = ["measure", demo["store"], "arrivals", "--by", "week", "--rules", "nhsr_0_2"]
    done = run(*words, "--chart", chart)
    assert "(NHSRplotthedots 0.2 rules)" in done.stdout
    assert "NHSRplotthedots 0.2:" in chart.read_text("utf-8")
    (told,) = json.loads(run(*words, "--json").stdout)
    assert told["over_time"][0]["preset"] == "nhsr_0_2"
    assert "Making Data Count" not in done.stdout + chart.read_text("utf-8")


def test_the_map_and_a_chart_are_drawn(demo, tmp_path):
    assert run("map", demo["store"], "--out", tmp_path / "map.svg").returncode == 0
    done = run("measure", demo["store"], "arrivals", "--by", "week", "--chart", tmp_path / "c.svg")
    assert done.returncode == 0, done.stderr
    less = run("map", demo["store"], "--least", "20", "--out", tmp_path / "less.svg")
    assert less.returncode == 0, less.stderr
    for name in ("map.svg", "less.svg", "c.svg"):
        drawing = (tmp_path / name).read_text("utf-8")
        assert drawing.startswith("<svg")
        assert "var(" not in drawing  # word processors and converters would paint it black


def test_a_chart_of_several_groups_has_one_for_each_below_the_other(demo, tmp_path):
    words = ["measure", demo["store"], "occupancy", "--by", "month,setting"]
    done = run(*words, "--chart", tmp_path / "c.svg")
    assert done.returncode == 0, done.stderr
    drawing = (tmp_path / "c.svg").read_text("utf-8")
    for setting in ("ed", "ward", "home_care"):
        assert (
            drawing.count(f">Occupancy by month: {setting}, ") == 2
        )  # above it, and its own title
    refused = run("measure", demo["store"], "arrivals", "--by", "place", "--chart", "c.svg")
    assert refused.returncode == 1 and "by day, week or month" in refused.stderr


def test_the_facts_of_the_report_are_printed(demo, tmp_path):
    told = json.loads(run("report", demo["store"], "--json").stdout)
    assert len(told["sentences"]) == 5 and told["sections"][0]["id"] == "flow"
    both = run("report", demo["store"], "--csv", "--out", tmp_path / "place.html")
    assert both.stdout.startswith("section,table,row,column,value,shown\n")
    assert both.stderr.startswith("wrote ") and (tmp_path / "place.html").stat().st_size > 10_000
    refused = run("report", demo["store"])
    assert refused.returncode == 1 and "--out place.html" in refused.stderr


def test_what_can_not_be_meant_is_refused(demo, tmp_path):
    nobody = run("journeys", demo["store"], "--person", "")
    assert nobody.returncode == 1 and "no such person" in nobody.stderr
    period = ["--from", "2025-01-01", "--to", "2024-12-01"]
    backwards = run("map", demo["store"], *period, "--out", tmp_path / "map.svg")
    assert backwards.returncode == 1 and "ends before it begins" in backwards.stderr


def test_a_past_view_knows_less(demo):
    now = json.loads(run("measure", demo["store"], "arrivals", "--json").stdout)
    then = json.loads(
        run("measure", demo["store"], "arrivals", "--as-of", "2024-10-01", "--json").stdout
    )
    assert 0 < then[0]["rows"][0]["n"] < now[0]["rows"][0]["n"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere.duckdb"], "no such store"),
        (["measure", "{store}", "wiat"], "no measure called 'wiat'"),
        (["measure", "{store}", "stay", "--by", "colour"], "no grouping called 'colour'"),
        (["measure", "{store}", "stay", "wait", "--chart", "x.svg"], "one measure"),
        (["measure", "{store}", "stay", "--rules", "spc"], "no preset called 'spc'"),
        (["journeys", "{store}", "--person", "nobody"], "no such person"),
        (["check", "{store}", "--as-of", "yesterday"], "not a time"),
        (["report", "{store}", "--out", "place.docx"], "HTML"),
        (["load", "{new}", "nowhere.csv", "--source", "demo"], "no such file"),
        (["load", "{new}", "{page}", "--source", "demo"], "no layout"),
        (["load", "{page}", "{records}", "--source", "demo"], "not a wholeflow store"),
        (["load", "{new}", "{records}", "--source", "demmo"], "no source called 'demmo'"),
        (["load", "{new}", "{records}"], "which source"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:1]),
)  # fmt: skip
def test_a_refusal_says_what_where_and_what_to_do_and_exits_1(demo, tmp_path, arguments, words):
    fill = {"store": demo["store"], "new": tmp_path / "new.duckdb",
            "page": demo["report"], "records": demo["folder"] / "records"}  # fmt: skip
    done = run(*(a.format(**fill) for a in arguments), key=tmp_path / "key")
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stderr
    assert "to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_exits_2():
    assert run("measure").returncode == 2
    assert run("fly").returncode == 2


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example(verb):
    done = run(verb, "--help")
    assert done.returncode == 0
    assert f"Example: wholeflow {verb}" in " ".join(done.stdout.split())


def test_a_store_that_another_process_holds_is_refused(demo):
    script = (
        "import sys, duckdb, time; c = duckdb.connect(sys.argv[1]); "
        "print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, demo["store"]], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        done = run("check", demo["store"])
        assert done.returncode == 1
        assert f"process {holder.pid} " in done.stderr
    finally:
        holder.kill()
        holder.wait()


def test_a_load_that_is_killed_leaves_the_store_as_it_was(demo, tmp_path):
    store = tmp_path / "s.duckdb"
    key = tmp_path / "key"
    assert (
        run("load", store, demo["folder"] / "records/gp", "--source", "demo", key=key).returncode
        == 0
    )
    before = json.loads(run("check", store, "--json").stdout)
    loader = subprocess.Popen(
        [sys.executable, "-m", "wholeflow.cli", "load", str(store), str(demo["folder"] / "records"),
         "--source", "demo"],
        env={**os.environ, "WHOLEFLOW_KEY_FILE": str(key)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(0.9)
    loader.kill()
    loader.wait()
    after = json.loads(run("check", store, "--json").stdout)
    everything = json.loads(run("load", store, demo["folder"] / "records", "--source", "demo",
                                "--json", key=key).stdout)  # fmt: skip
    assert after == before or everything["loaded"] == 0
    assert (
        everything["loaded"] + everything["already"] + everything["rejected"] == everything["read"]
    )


def test_a_load_that_is_stopped_from_the_keyboard_says_so_and_leaves_nothing(demo, tmp_path):
    loader = subprocess.Popen(
        [sys.executable, "-m", "wholeflow.cli", "load", str(tmp_path / "s.duckdb"),
         str(demo["folder"] / "records"), "--source", "demo"],
        env={**os.environ, "WHOLEFLOW_KEY_FILE": str(tmp_path / "key")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not (tmp_path / "key").exists() and time.monotonic() < until:
        time.sleep(0.01)  # the key is made when loading begins
    loader.send_signal(signal.SIGINT)
    _, complaint = loader.communicate(timeout=60)
    assert "Traceback" not in complaint
    if loader.returncode == 0:  # a fast machine had done already
        assert (tmp_path / "s.duckdb").exists()
        return
    assert loader.returncode == 130
    assert "stopped; the store is as it was before" in complaint
    assert not (tmp_path / "s.duckdb").exists()


def test_two_readers_may_look_at_once(demo):
    reader = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from wholeflow.store import open_store; "
         "s = open_store(sys.argv[1], must_exist=True); print('open', flush=True); time.sleep(60)",
         demo["store"]],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert reader.stdout.readline() == "open\n"
        assert run("check", demo["store"]).returncode == 0
    finally:
        reader.kill()
        reader.wait()
