# ruff: noqa: E501 (questions are as wide as they are)
"""`wholeflow sql` and `wholeflow today` as people type them: what they answer and what they refuse."""

from __future__ import annotations

import csv
import io
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from wholeflow import api
from wholeflow.core.errors import RequestError, UnsupportedError
from wholeflow.events import EventLog
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import columns
from wholeflow.store import open_store

pytestmark = pytest.mark.slow

NHS_NUMBER = "9434765919"
HIDDEN = "Penelope Winterbourne"
EVENTS = [
    {"person": NHS_NUMBER, "at": at, "kind": kind, "place": place, "attributes": json.dumps({"n": HIDDEN})}
    for at, kind, place in [
        ("2024-07-01 09:00", "arrived", "ED"),
        ("2024-07-01 10:00", "started", "ED"),
        ("2024-07-01 13:00", "left", "ED"),
        ("2024-07-01 13:00", "arrived", "Ward"),
        ("2024-07-01 13:00", "started", "Ward"),
        ("2024-08-02 09:00", "ready", "Ward"),
    ]
]  # fmt: skip
PLACES = [
    {"place": "ED", "setting": "ed", "organisation": "Trust"},
    {"place": "Ward", "setting": "ward", "organisation": "Trust"},
]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A store that keeps the identifiers of its one person."""
    path = tmp_path_factory.mktemp("sql") / "place.duckdb"
    with api.open(path) as opened:
        log = EventLog.from_rows("book", events=EVENTS, places=PLACES)
        api.load(opened, log, key=Key(b"k" * 32), keep_ids=True)
    return path


@pytest.fixture(scope="module")
def asked(store):
    """The store as opened for reading in Python."""
    with open_store(store, must_exist=True) as opened:
        yield opened


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wholeflow.cli", *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


# --- what is answered -----------------------------------------------------------------------------


def test_names_pseudonyms_local_times_and_hours_are_shown(store):
    done = run("sql", store, "SELECT person, place, arrived_at, stay_hours FROM stays ORDER BY stay",
               "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert (first["place"], second["place"]) == ("ED", "Ward")
    assert first["arrived_at"] == "2024-07-01T09:00:00+01:00"
    assert first["stay_hours"] == 4
    assert len(first["person"]) == 15
    assert set(first["person"]) <= set("0123456789abcdef")


def test_csv_has_a_line_for_each_row_and_words_a_table(store):
    question = "SELECT place, count(*) AS n FROM stays GROUP BY place ORDER BY place"
    rows = list(csv.DictReader(io.StringIO(run("sql", store, question, "--csv").stdout)))
    assert rows == [{"place": "ED", "n": "1"}, {"place": "Ward", "n": "1"}]
    assert run("sql", store, question).stdout.split() == ["place", "n", "ED", "1", "Ward", "1"]


def test_a_past_view_and_certain_links_can_be_asked(store):
    question = "SELECT count(*) AS n FROM stays"
    for options, wanted in (
        ([], 2),
        (["--as-of", "2024-07-01T12:00"], 1),
        (["--links", "certain"], 2),
    ):
        assert json.loads(run("sql", store, question, "--json", *options).stdout) == [{"n": wanted}]


def test_two_may_ask_while_a_third_reads(store):
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; from wholeflow.store import open_store; "
         "s = open_store(sys.argv[1], must_exist=True); print('open', flush=True); "
         "sys.stdin.read()", str(store)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "open\n"
        assert run("sql", store, "SELECT count(*) FROM stays").returncode == 0
    finally:
        holder.communicate("")


@pytest.mark.parametrize("name", [
    "stays", "handoffs", "journeys", "census", "transitions", "variants", "steps", "links",
    "present_events", "present_messages", "present_capacity", "present_places",
    "about", "sources", "files", "batches", "records", "rejects", "doubts", "calendar",
])  # fmt: skip
def test_every_table_can_be_asked(asked, name):
    assert api.sql(asked, f"SELECT * FROM {name}").num_columns > 1


def test_derived_tables_are_those_of_python_with_the_same_columns_and_values(asked):
    shown = api.journeys(asked).table("stays")
    told = api.sql(asked, "SELECT * FROM stays ORDER BY stay")
    assert told.column_names == shown.column_names
    for name in set(shown.column_names) - {"person"}:
        assert told[name].to_pylist() == shown.sort_by("stay")[name].to_pylist(), name


def test_local_time_comes_from_the_calendar(asked):
    """08:00 UTC is 09:00 in London on 1 July; quarters of an hour are instants by 900 s."""
    rows = api.sql(asked, """
        SELECT c.hour, c.day, c.week, c.month, c.financial_year, c.weekday
        FROM stays AS s JOIN calendar AS c ON c.quarter_hour = s.arrived_at // 900000000
        WHERE s.place = 'ED'
    """)  # fmt: skip
    assert rows.to_pylist() == [{
        "hour": 9, "day": "2024-07-01", "week": "2024-07-01", "month": "2024-07",
        "financial_year": "2024/25", "weekday": 0,
    }]  # fmt: skip


def test_what_json_can_not_hold_comes_as_numbers_and_texts(asked):
    rows = api.sql(asked, """
        SELECT sum(stay) AS whole, sum(stay) / 2.0 AS part, 12.50::DECIMAL(6, 2) AS money,
               DATE '2024-02-29' AS day, [1, 2] AS list, {'a': 1} AS record, NULL AS nothing,
               170141183460469231731687303715884105727::HUGEINT AS huge, true AS flag
        FROM stays
    """)  # fmt: skip
    assert json.loads(json.dumps(rows.to_pylist())) == [{
        "whole": 3, "part": 1.5, "money": 12.5, "day": "2024-02-29", "list": "[1, 2]",
        "record": '{"a": 1}', "nothing": None, "huge": 1.7014118346046923e38, "flag": True,
    }]  # fmt: skip


def test_columns_of_one_name_are_all_there(asked):
    rows = api.sql(asked, "SELECT place, place, place FROM stays WHERE place = 'ED'")
    assert len(set(rows.column_names)) == 3
    assert set(rows.to_pylist()[0].values()) == {"ED"}


def test_columns_of_a_table_can_be_listed(asked):
    rows = api.sql(asked, "SELECT column_name FROM (DESCRIBE handoffs)")
    assert rows["column_name"].to_pylist() == [f.name for f in columns("handoffs")]


def test_a_long_question_can_be_stopped_from_the_keyboard(store):
    question = "SELECT sum(r.range * s.stay) FROM range(1000000000000) AS r, stays AS s"
    asking = subprocess.Popen([sys.executable, "-m", "wholeflow.cli", "sql", str(store), question])
    try:
        time.sleep(5)  # it is at work by then; if it is not, there is as much to stop
        assert asking.poll() is None
        asking.send_signal(signal.SIGINT)
        assert asking.wait(timeout=30) == -signal.SIGINT
    finally:
        asking.kill()


def test_large_tables_are_copied_whole(asked, monkeypatch):
    """Piece by piece: of pieces of two rows none is lost and none comes twice."""
    from wholeflow.journeys import plain_sql

    whole = api.sql(asked, 'SELECT * FROM present_events ORDER BY "at", kind').to_pylist()
    monkeypatch.setattr(plain_sql, "ROWS_AT_ONCE", 2)
    assert api.sql(asked, 'SELECT * FROM present_events ORDER BY "at", kind').to_pylist() == whole
    assert len(whole) == len(EVENTS)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [
    "INSERT INTO stays SELECT * FROM stays", "UPDATE stays SET place = 'x'", "DELETE FROM stays",
    "CREATE TABLE mine AS SELECT * FROM stays", "CREATE TEMP VIEW v AS SELECT 1", "DROP TABLE stays",
    "ALTER TABLE stays ADD COLUMN x INT", "COPY stays TO '{out}'", "COPY (SELECT 1) TO '{out}'",
    "EXPORT DATABASE '{out}'", "ATTACH '{store}' AS other", "DETACH memory", "USE memory",
    "INSTALL httpfs", "LOAD httpfs", "SET threads = 1", "RESET threads", "PRAGMA database_list",
    "CALL pragma_version()", "BEGIN", "CHECKPOINT", "VACUUM", "PREPARE p AS SELECT 1",
    "SET enable_external_access = true", "SET VARIABLE x = 1",
    "SELECT 1 FROM stays; SELECT 2 FROM stays", "SELECT 1 FROM stays; DROP TABLE stays", "", "-- no",
])  # fmt: skip
def test_only_one_select_is_answered(asked, store, tmp_path, question):
    before = store.read_bytes()
    with pytest.raises(RequestError) as refused:
        api.sql(asked, question.format(out=tmp_path / "out", store=store))
    assert refused.value.what.startswith(("only SELECT", "one question"))
    assert refused.value.repair
    assert list(tmp_path.iterdir()) == []
    assert store.read_bytes() == before


@pytest.mark.parametrize("question", [
    "SELECT * FROM read_csv('{file}')", "SELECT * FROM '{file}'", "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')", "SELECT * FROM glob('/*')", "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM read_json('https://example.org/x.json')", "SELECT * FROM stays, read_text('{file}')",
    "SELECT (SELECT content FROM read_text('{file}')) FROM stays", "SELECT * FROM sniff_csv('{file}')",
])  # fmt: skip
def test_no_file_and_no_address_is_read(asked, tmp_path, question):
    file = tmp_path / "secret.csv"
    file.write_text(f"name\n{HIDDEN}\n", encoding="utf-8")
    with pytest.raises(RequestError) as refused:
        api.sql(asked, question.format(file=file))
    assert HIDDEN not in str(refused.value)


hidden_in_python = duckdb.sql("SELECT 42 AS leaked")


@pytest.mark.parametrize("name", [
    "kept_ids", "present_traits", "present_same_person", "present_object_facts", "known_as",
    "dictionary", "ledger.events", "main.kept_ids", "temp.known_as", "hidden_in_python", "rows",
])  # fmt: skip
def test_what_tells_who_somebody_is_is_not_there(asked, name):
    rows = api.journeys(asked).table("stays")  # a variable, which SQL of DuckDB could read
    assert rows.num_rows
    for question in (f"SELECT * FROM {name}", f"SELECT 1 FROM stays WHERE EXISTS (FROM {name})"):
        with pytest.raises(RequestError, match="does not exist") as refused:
            api.sql(asked, question)
        assert "There are these tables: about, absences" in refused.value.repair


def test_nothing_that_can_be_asked_holds_an_identifier_or_an_attribute(asked):
    from wholeflow.journeys.plain_sql import offered

    assert asked.query("SELECT identifier FROM kept_ids").num_rows  # there is something to hide
    for name in offered():
        told = json.dumps(api.sql(asked, f"SELECT * FROM {name}").to_pylist())
        assert NHS_NUMBER not in told, name
        assert HIDDEN not in told, name


def test_a_record_can_not_be_followed_to_its_row_in_a_file(asked):
    """With file, line and id, whoever has the file would know whose pseudonym is whose."""
    names = set(api.sql(asked, "SELECT * FROM records").column_names)
    assert not names & {"id", "line", "content"}


@pytest.mark.parametrize(("question", "what", "where", "repair"), [
    ("SELECT plce FROM stays", '"plce" not found', "line 1, column 8", "stays has stay, run, person"),
    ("SELECT place\nFROM stayz", "stayz does not exist", "line 2, column 6", "There are these tables"),
    ("SELEC 1", 'syntax error at or near "SELEC"', "line 1, column 1", "There are these tables"),
    ("SELECT é, plce FROM stays", '"é" not found', "line 1, column 8", "stays has"),
    ("SELECT 'é', plce FROM stays", '"plce" not found', "line 1, column 13", "stays has"),
    ("SELECT place, count(*) FROM stays", "must appear in the GROUP BY", "line 1, column 8", "stays"),
    ("SELECT 1", "names no table", "", "There are these tables"),
    ("SELECT * FROM query_table('sta' || 'ys')", "names no table", "", "There are these tables"),
])  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_there_is(asked, question, what, where, repair):
    with pytest.raises(RequestError) as refused:
        api.sql(asked, question)
    assert what in refused.value.what
    assert refused.value.where == where
    assert repair in refused.value.repair


@pytest.mark.parametrize("question", [
    "SELECT CAST(place AS INTEGER) FROM stays", "SELECT error(place) FROM stays",
    "SELECT * FROM stays WHERE place = 1", "SELECT strptime(place, '%Y') FROM stays",
    "SELECT json(place) FROM stays", "SELECT place::DATE FROM stays",
])  # fmt: skip
def test_a_value_that_does_not_fit_is_told_without_the_value(asked, question):
    with pytest.raises(RequestError) as refused:
        api.sql(asked, question)
    told = str(refused.value).replace(question, "")
    assert "Ward" not in told
    assert refused.value.repair


def test_a_table_hidden_behind_another_is_not_taken_for_an_empty_one(asked):
    """The words of the question name one table; the one that it reads is named by no word."""
    with pytest.raises(RequestError):
        api.sql(asked, "SELECT count(*) FROM query_table('sta' || 'ys') -- not journeys")


def test_moved_dates_refuse_what_compares_people():
    opened = api.open()
    log = EventLog.from_rows("moved", clock="shifted_per_person", events=EVENTS)
    api.load(opened, log, key=Key(b"k" * 32))
    assert api.sql(opened, "SELECT count(*) AS n FROM stays").to_pylist() == [{"n": 2}]
    for name in ("census", "calendar"):
        with pytest.raises(UnsupportedError, match="dates were moved"):
            api.sql(opened, f"SELECT * FROM {name}")


def test_a_store_goes_on_as_before_after_a_question(tmp_path):
    """The engine of the question has its own settings: files can still be loaded by the store's."""
    with api.open(tmp_path / "s.duckdb") as opened:
        api.sql(opened, "SELECT count(*) FROM stays")
        log = EventLog.from_rows("book", events=EVENTS, places=PLACES)
        assert api.load(opened, log, key=Key(b"k" * 32)).loaded == 8
        assert api.sql(opened, "SELECT count(*) AS n FROM stays").to_pylist() == [{"n": 2}]


@pytest.mark.parametrize("question", ["DROP TABLE stays", "SELECT plce FROM stays"])
def test_a_refusal_on_the_terminal_says_what_where_and_what_to_do_and_exits_1(store, question):
    done = run("sql", store, question)
    assert done.returncode == 1
    assert "to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_columns_called_like_instants_that_hold_none_are_shown_as_they_are(store):
    done = run("sql", store, "SELECT place AS looked_at, 9223372036854775807 AS far_at FROM stays "
               "WHERE place = 'ED'", "--json")  # fmt: skip
    assert json.loads(done.stdout) == [{"looked_at": "ED", "far_at": "9223372036854775807"}]


# --- looks ----------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path) -> Path:
    """A store whose log of looks is still empty, and which keeps no identifiers."""
    with api.open(tmp_path / "s.duckdb") as opened:
        log = EventLog.from_rows("book", events=EVENTS, places=PLACES)
        api.load(opened, log, key=Key(b"k" * 32))
    return tmp_path / "s.duckdb"


def logged(store: Path) -> list[tuple[str, str, str]]:
    return [(row["command"], row["whom"], row["why"]) for row in api.looks(store).to_pylist()]


def test_whoever_looks_at_one_person_or_at_the_list_is_logged(own):
    person = json.loads(run("journeys", own, "--json").stdout)[0]["person"]
    run("sql", own, "SELECT count(*) FROM stays")
    assert logged(own) == []
    done = run("journeys", own, "--person", person, "--why", "asked by her daughter")
    assert done.returncode == 0, done.stderr
    done = run("today", own, "--at", "2024-08-03")
    assert done.returncode == 0, done.stderr
    assert "1 person is ready to leave" in done.stdout
    assert logged(own) == [
        ("journeys", person, "asked by her daughter"),
        ("today", "list of 1", ""),
    ]
    own_account = pwd.getpwuid(os.getuid()).pw_name
    assert set(api.looks(own)["who"].to_pylist()) == {own_account}


def test_an_account_can_not_be_feigned_by_a_variable(own, monkeypatch):
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    run("today", own, "--at", "2024-08-03")
    assert "somebody else" not in api.looks(own)["who"].to_pylist()


def test_nobody_is_looked_at_where_there_is_no_such_person(own):
    done = run("journeys", own, "--person", "0" * 15)
    assert done.returncode == 1
    assert "no such person" in done.stderr
    assert logged(own) == []


@pytest.mark.parametrize("command", [["today", "--at", "2024-08-03"], ["journeys", "--person"]])
def test_nothing_is_shown_where_the_look_can_not_be_logged(own, command):
    person = json.loads(run("journeys", own, "--json").stdout)[0]["person"]
    Path(f"{own}.looks.csv").mkdir()
    verb, *options = command
    done = run(verb, own, *options, *([person] if options[-1] == "--person" else []))
    assert done.returncode == 1
    assert "can't be logged, so it is refused" in done.stderr
    assert done.stdout == ""


def test_the_list_comes_as_words_json_and_csv(own):
    told = json.loads(run("today", own, "--at", "2024-08-03", "--json").stdout)
    assert set(told) == {"at", "at_is", "ready", "waiting", "rows", "next_steps", "feeds",
                         "left_out", "limits", "says"}  # fmt: skip
    assert told["rows"][0]["since_at"] == "2024-08-02T09:00:00+01:00"
    rows = list(
        csv.DictReader(io.StringIO(run("today", own, "--at", "2024-08-03", "--csv").stdout))
    )
    assert [row["place"] for row in rows] == ["Ward"]
    assert list(rows[0]) == list(told["rows"][0])
    words = run("today", own).stdout
    assert "the end of observation" in words
    assert "book: 0 min old" in words
