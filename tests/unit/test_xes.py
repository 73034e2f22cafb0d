"""XES (IEEE 1849): what the standard lets a file say is kept, and the way into a store."""

import csv
import gzip
import json
from collections import Counter

import pytest
from typer.testing import CliRunner

import wholeflow as wf
from wholeflow.cli import app
from wholeflow.core.errors import InputError, RequestError
from wholeflow.exchange import export_log, read_log
from wholeflow.exchange.present import Present
from wholeflow.exchange.xes import Attribute, Element, Event, Trace, read_pieces, write_pieces
from wholeflow.governance.pseudonyms import Key

KEY = Key(b"k" * 32)

# Written by hand after the standard: every kind of element and of attribute.
WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<log xes.version="1.0" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="?"/></global>
  <classifier name="Name and turn" scope="event" keys="concept:name lifecycle:transition"/>
  <string key="concept:name" value="Clinic &amp; &#10;ward"><id key="made by" value="x-1"/></string>
  <trace>
    <string key="concept:name" value="NA"/>
    <float key="cost" value="12"><string key="currency" value="GBP"/></float>
    <event>
      <string key="concept:name" value="Seen"/>
      <date key="time:timestamp" value="2024-07-01T10:00:00.000+02:00"/>
      <int key="bed" value="007"/>
      <boolean key="urgent" value="1"/>
      <float key="crp" value="85"/>
      <float key="none" value="NaN"/>
      <list key="signs"><string key="why" value="heart"/><values>
        <string key="sign" value="fast"/><string key="sign" value="faint"/>
      </values></list>
      <container key="box"><int key="a" value="1"/></container>
    </event>
  </trace>
  <event><string key="concept:name" value="Backup"/><date key="time:timestamp"
    value="2024-07-01T12:00:00.000+01:00"/></event>
</log>
"""


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "whole.xes"
    path.write_text(WHOLE, "utf-8")
    return path


def test_every_element_and_type_is_read(whole):
    header, extension, default, classifier, own, trace, loose = read_pieces(whole)
    assert header.tag == "log"
    assert dict(header.said) == {"xes.version": "1.0", "xes.features": "nested-attributes"}
    assert (dict(extension.said)["prefix"], dict(default.said)) == ("concept", {"scope": "event"})
    assert default.children == (Attribute("string", "concept:name", "?"),)
    assert dict(classifier.said)["keys"] == "concept:name lifecycle:transition"
    assert own == Attribute(
        "string", "concept:name", "Clinic & \nward", (Attribute("id", "made by", "x-1"),)
    )
    (event,) = trace.events
    assert {a.key: a.value for a in event.attributes} == {
        "concept:name": "Seen", "time:timestamp": "2024-07-01T10:00:00.000+02:00", "bed": "7",
        "urgent": "true", "crp": "85.0", "none": "NaN", "signs": None, "box": None,
    }  # fmt: skip
    signs = event.attributes[6]
    assert [a.value for a in signs.children] == ["heart"]
    assert [a.value for a in signs.values] == ["fast", "faint"]
    assert trace.attributes[1].children == (Attribute("string", "currency", "GBP"),)
    assert loose.attributes[0].value == "Backup"


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_what_is_read_is_written_and_read_again(name, whole, tmp_path):
    write_pieces(read_pieces(whole), tmp_path / name)
    assert list(read_pieces(tmp_path / name)) == list(read_pieces(whole))
    is_packed = (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    assert is_packed == name.endswith(".gz")


BOMB = (
    '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><log><string key="k" value="&b;"/></log>'
)
WRONG = {
    "entities": (BOMB, "DTD"),
    "an outer DTD": ('<!DOCTYPE log SYSTEM "file:///etc/passwd"><log/>', "DTD"),
    "cut short": (WHOLE[:900], "not well-formed"),
    "empty": ("", "not well-formed"),
    "no XML": ("case;activity", "not well-formed"),
    "another XML": ("<html/>", "does not belong here"),
    "an unknown element": ("<log><thing/></log>", "does not belong here"),
    "a trace in a trace": ("<log><trace><trace/></trace></log>", "does not belong here"),
    "a nameless attribute": ('<log><int value="1"/></log>', "lacks its key"),
    "no value": ('<log><int key="k"/></log>', "no value"),
    "no number": ('<log>\n<int key="k" value="secret"/></log>', "not of its type, int"),
    "no date": ('<log><date key="k" value="1 July"/></log>', "not of its type, date"),
    "too deep": ("<log>" + '<int key="k" value="1">' * 101, "deeper than 100"),
    "two values": ('<log><list key="k"><values/><values/></list></log>', "two elements"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_log_is_refused_with_the_line(text, says, tmp_path):
    (tmp_path / "bad.xes").write_text(text, "utf-8")
    with pytest.raises(InputError, match=says) as refused:
        list(read_pieces(tmp_path / "bad.xes"))
    assert "bad.xes line" in refused.value.where
    assert "secret" not in str(refused.value)
    if says.endswith(", int"):
        assert refused.value.where.endswith("line 2")


def test_a_cut_gzip_and_an_absent_file_are_refused(tmp_path):
    packed = gzip.compress(WHOLE.encode())
    (tmp_path / "cut.xes.gz").write_bytes(packed[: len(packed) // 2])
    for name in ("cut.xes.gz", "absent.xes"):
        with pytest.raises(InputError, match="read to its end"):
            list(read_pieces(tmp_path / name))


def test_what_xml_cannot_say_is_refused_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "log.xes"
    write_pieces([Element("log")], path)
    before = path.read_bytes()
    with pytest.raises(RequestError, match="control character"):
        write_pieces([Element("log"), Attribute("string", "k", "a\x00b")], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def stored(path, **said):
    store = wf.open()
    wf.load(store, read_log(path, keep_attributes=True, **said), key=KEY, keep_ids=True)
    return wf.journeys(store)


def test_a_case_becomes_a_person_with_typed_attributes(whole):
    seen = stored(whole, kinds={"Seen": "started"}, place="concept:name")
    seen_event, backup = Present(seen).rows("events", "p.at")
    assert (seen_event["person"], seen_event["kind"]) == ("xes-whole:NA", "started")
    assert (seen_event["activity"], seen_event["place"]) == ("Seen", "Seen")
    assert (backup["person"], backup["kind"]) == (None, "contact")
    said = json.loads(seen_event["attributes"])
    assert (said["bed"], said["urgent"], said["crp"]) == (7, True, 85.0)
    assert said["none"] == {"type": "float", "value": "NaN"}
    assert said["signs"]["values"] == [["sign", "fast"], ["sign", "faint"]]


def as_sets(pieces):
    """A log with the attributes of each event as a set, traces in a fixed order."""

    def fixed(event):
        return frozenset(event.attributes)

    pieces = list(pieces)
    traces = [piece for piece in pieces if isinstance(piece, Trace)]
    return (
        [piece for piece in pieces if not isinstance(piece, Trace | Event)],
        sorted(
            ((t.attributes, [fixed(e) for e in t.events]) for t in traces),
            key=lambda one: repr(([a for a in one[0]], [sorted(map(repr, e)) for e in one[1]])),
        ),
        Counter(fixed(piece) for piece in pieces if isinstance(piece, Event)),
    )


def test_a_store_gives_the_xes_log_back(whole, tmp_path):
    (path,) = export_log(stored(whole), tmp_path / "out", "xes")
    assert as_sets(read_pieces(path)) == as_sets(read_pieces(whole))


TWICE = """<log><trace><string key="concept:name" value="NA"/><int key="age" value="{age}"/>
<event><string key="concept:name" value="Seen"/><string key="org:resource" value="Sister Webb"/>
<date key="time:timestamp" value="2024-07-0{day}T10:00:00.000+01:00"/></event></trace>
<trace><string key="concept:name" value="NA"/></trace>
<trace><string key="sex" value="F"/></trace><trace/>
<trace><string key="concept:name" value="943 476 5919"/><string key="patient name" value="Ada N"/>
<event><string key="concept:name" value="Seen"/>
<date key="time:timestamp" value="2024-07-03T10:00:00.000+01:00"/></event></trace>
<trace><string key="concept:name" value="NA"/><event><string key="concept:name" value="Left"/>
<date key="time:timestamp" value="2024-07-0{day}T11:00:00.000+01:00"/></event></trace></log>"""


def test_traces_of_one_name_stay_apart(tmp_path):
    (tmp_path / "twice.xes").write_text(TWICE.format(age=7, day=1), "utf-8")
    seen = stored(tmp_path / "twice.xes")
    people = Counter(row["person"] for row in Present(seen).rows("events", "id"))
    assert people == {"xes-twice:NA": 2, "xes-twice:943 476 5919": 1}
    (path,) = export_log(seen, tmp_path / "out", "xes")
    _, there, _ = as_sets(read_pieces(tmp_path / "twice.xes"))
    _, back, _ = as_sets(read_pieces(path))
    assert back == there


def test_two_logs_in_one_store_keep_their_cases(tmp_path):
    store = wf.open()
    for number, name in enumerate(("One.xes", "Two logs.xes"), 1):
        (tmp_path / name).write_text(TWICE.format(age=number, day=number), "utf-8")
        books = wf.load(store, read_log(tmp_path / name, keep_attributes=True), key=KEY)
        assert (books.already, books.rejected) == (0, 0)
    seen = wf.journeys(store)
    assert {row["source"] for row in Present(seen).rows("events", "id")} == {
        "xes-one", "xes-two-logs",
    }  # fmt: skip
    (path,) = export_log(seen, tmp_path / "out", "xes")
    _, traces, _ = as_sets(read_pieces(path))
    assert len(traces) == 12
    ages = [a.value for said, _ in traces for a in said if a.key == "age"]
    assert sorted(ages) == ["1", "2"]


def test_a_longer_extract_of_a_log_adds_what_is_new(tmp_path):
    path = tmp_path / "twice.xes"
    text = TWICE.format(age=7, day=1)
    store = wf.open()
    for added, (loaded, already) in (
        ("", (10, 0)),
        ('<trace><string key="concept:name" value="0"/></trace>', (1, 10)),
    ):
        path.write_text(text.replace("<log>", f"<log>{added}"), "utf-8")
        books = wf.load(store, read_log(path), key=KEY)
        assert (books.loaded, books.already, books.rejected) == (loaded, already, 0)


PLANTED = ("943 476 5919", "9434765919", "Ada N", "Sister Webb")


@pytest.mark.parametrize("keeps", [False, True])
def test_a_store_file_holds_no_name_or_number_unless_asked(keeps, tmp_path):
    (tmp_path / "twice.xes").write_text(TWICE.format(age=7, day=1), "utf-8")
    log = read_log(tmp_path / "twice.xes", scheme="nhs-number", keep_attributes=keeps)
    with wf.open(tmp_path / "place.duckdb") as store:
        wf.load(store, log, key=KEY, keep_ids=keeps)
    data = (tmp_path / "place.duckdb").read_bytes()
    assert {text for text in PLANTED if text.encode() in data} == (set(PLANTED) if keeps else set())
    assert b"Seen" in data
    told = "4 attributes of people and staff (4 values)"
    assert log.about.get("left out") == (None if keeps else told)


def test_the_terminal_names_the_feed_and_says_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "twice.xes").write_text(TWICE.format(age=7, day=1), "utf-8")
    words = ["load", str(tmp_path / "a.duckdb"), str(tmp_path / "twice.xes"), "--source", "xes"]
    words += ["--feed", "clinic", "--scheme", "nhs-number"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "left out: 4 attributes of people and staff (4 values); --keep-ids" in done.stderr
    with wf.open(tmp_path / "a.duckdb") as store:
        assert store.query(
            "SELECT DISTINCT name FROM dictionary WHERE code IN (SELECT source FROM sources)"
        )["name"].to_pylist() == ["clinic"]
        assert store.query("SELECT count(*) AS n FROM doubts")["n"].to_pylist() == [2]
    words[1] = str(tmp_path / "b.duckdb")
    done = CliRunner().invoke(app, [*words, "--keep-ids"])
    assert done.exit_code == 0
    assert "left out" not in done.output


def test_our_own_log_has_a_case_for_each_need(tmp_path):
    row = {"kind": "arrived", "place": "ED"}
    events = [
        {**row, "person": "a", "need": "1", "at": "2024-07-01 09:00"},
        {**row, "person": "a", "need": "2", "at": "2024-07-02 09:00", "activity": "came"},
        {**row, "person": "b", "need": "1", "at": "2024-07-01 10:00"},
        {**row, "person": "b", "at": "2024-01-01 10:00"},
    ]
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("ed", events=events), key=KEY, keep_ids=True)
    (path,) = export_log(wf.journeys(store), tmp_path, "xes")
    traces = [piece for piece in read_pieces(path) if isinstance(piece, Trace)]
    assert len({t.attributes[0].value for t in traces}) == len(traces) == 4
    said = Counter(
        a.value for t in traces for e in t.events for a in e.attributes if a.kind == "date"
    )
    assert said["2024-07-01T09:00:00.000+01:00"] == said["2024-01-01T10:00:00.000+00:00"] == 1


def test_an_event_without_a_time_and_a_wrong_request_are_refused(whole, tmp_path):
    timeless = Event((Attribute("string", "concept:name", "Seen"),))
    write_pieces([Element("log"), Trace((), (timeless,))], tmp_path / "timeless.xes")
    with pytest.raises(InputError, match="no date time:timestamp") as refused:
        read_log(tmp_path / "timeless.xes")
    assert refused.value.where == "timeless.xes, trace 1, event 1"
    for wrong, says in (
        ({"person": "case"}, "a person is a case"),
        ({"place": "org:group"}, "no event has the attribute"),
        ({"kinds": {"Sen": "contact"}}, "no activity in this log"),
    ):
        with pytest.raises(RequestError, match=says):
            read_log(whole, **wrong)
    with pytest.raises(RequestError, match="no kind of log"):
        read_log(tmp_path / "log.csv")


def rows_of(traces):
    for trace in traces:
        for event in trace.events:
            yield trace.attributes[0].value, {a.key: a.value for a in event.attributes}


@pytest.fixture(scope="module")
def sepsis(shared):
    return shared / "data/sepsis"


@pytest.mark.slow
def test_the_sepsis_log_says_what_its_table_says(sepsis, tmp_path):
    log = list(read_pieces(sepsis / "sepsis.xes.gz"))
    write_pieces(log, tmp_path / "again.xes.gz")
    assert list(read_pieces(tmp_path / "again.xes.gz")) == log
    with gzip.open(sepsis / "sepsis.csv.gz", "rt", encoding="utf-8") as file:
        table = sorted(csv.DictReader(file), key=lambda row: int(row["event_order"]))
    traces = [piece for piece in log if isinstance(piece, Trace)]
    events = list(rows_of(traces))
    assert (len(traces), len(events), len(table)) == (1050, 15214, 15214)
    assert Counter(case for case, _ in events)["NA"] == 24
    told = Counter(
        (case, e["concept:name"], e["time:timestamp"][:19], e.get("org:group"), e.get("crp"))
        for case, e in events
    )
    assert told == Counter(
        (
            row["case_id"],
            row["activity"],
            row["timestamp"].replace(" ", "T"),
            row["resource"] or None,
            str(float(row["crp"])) if row["crp"] else None,
        )
        for row in table
    )


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Europe/London"])
def test_the_sepsis_log_comes_back_from_a_store(zone, sepsis, tmp_path):
    path = sepsis / "sepsis.xes.gz"
    seen = stored(path, zone=zone, clock="shifted_per_person")
    (written,) = export_log(seen, tmp_path, "xes")
    assert as_sets(read_pieces(written)) == as_sets(read_pieces(path))
