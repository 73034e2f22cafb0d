"""XES (IEEE 1849): what the standard lets a file say is kept, and the way into a store."""

import csv
import gzip
import json
from collections import Counter

import pytest

import wholeflow as wf
from wholeflow.core.errors import InputError, RequestError
from wholeflow.exchange import XesLog, export_log, read_log, read_xes, write_xes
from wholeflow.exchange.present import Present
from wholeflow.exchange.xes import Attribute, Event, Trace
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
    log = read_xes(whole)
    assert dict(log.header.said) == {"xes.version": "1.0", "xes.features": "nested-attributes"}
    assert (log.extensions[0].prefix, log.globals[0].scope) == ("concept", "event")
    assert log.classifiers[0].keys == "concept:name lifecycle:transition"
    assert log.attributes == (
        Attribute(
            "string", "concept:name", "Clinic & \nward", (Attribute("id", "made by", "x-1"),)
        ),
    )
    (event,) = log.traces[0].events
    assert {a.key: a.value for a in event.attributes} == {
        "concept:name": "Seen", "time:timestamp": "2024-07-01T10:00:00.000+02:00", "bed": "7",
        "urgent": "true", "crp": "85.0", "none": "NaN", "signs": None, "box": None,
    }  # fmt: skip
    signs = event.attributes[6]
    assert [a.value for a in signs.children] == ["heart"]
    assert [a.value for a in signs.values] == ["fast", "faint"]
    assert log.traces[0].attributes[1].children == (Attribute("string", "currency", "GBP"),)
    assert log.events[0].attributes[0].value == "Backup"


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_what_is_read_is_written_and_read_again(name, whole, tmp_path):
    write_xes(read_xes(whole), tmp_path / name)
    assert read_xes(tmp_path / name) == read_xes(whole)
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
        read_xes(tmp_path / "bad.xes")
    assert "bad.xes line" in refused.value.where
    assert "secret" not in str(refused.value)
    if says.endswith(", int"):
        assert refused.value.where.endswith("line 2")


def test_a_cut_gzip_and_an_absent_file_are_refused(tmp_path):
    packed = gzip.compress(WHOLE.encode())
    (tmp_path / "cut.xes.gz").write_bytes(packed[: len(packed) // 2])
    for name in ("cut.xes.gz", "absent.xes"):
        with pytest.raises(InputError, match="read to its end"):
            read_xes(tmp_path / name)


def test_what_xml_cannot_say_is_refused_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "log.xes"
    write_xes(XesLog(), path)
    before = path.read_bytes()
    with pytest.raises(RequestError, match="control character"):
        write_xes(XesLog(attributes=(Attribute("string", "k", "a\x00b"),)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def stored(path, **said):
    store = wf.open()
    wf.load(store, read_log(path, **said), key=KEY, keep_ids=True)
    return wf.journeys(store)


def test_a_case_becomes_a_person_with_typed_attributes(whole):
    seen = stored(whole, kinds={"Seen": "started"}, place="concept:name")
    seen_event, backup = Present(seen).rows("events", "p.at")
    assert (seen_event["person"], seen_event["kind"]) == ("NA", "started")
    assert (seen_event["activity"], seen_event["place"]) == ("Seen", "Seen")
    assert (backup["person"], backup["kind"]) == (None, "contact")
    said = json.loads(seen_event["attributes"])
    assert (said["bed"], said["urgent"], said["crp"]) == (7, True, 85.0)
    assert said["none"] == {"type": "float", "value": "NaN"}
    assert said["signs"]["values"] == [["sign", "fast"], ["sign", "faint"]]


def test_a_store_gives_the_xes_log_back(whole, tmp_path):
    (path,) = export_log(stored(whole), tmp_path / "out", "xes")
    there, back = read_xes(whole), read_xes(path)
    assert (back.header, back.extensions, back.globals, back.classifiers) == (
        there.header, there.extensions, there.globals, there.classifiers,
    )  # fmt: skip
    assert back.attributes == there.attributes
    assert [t.attributes for t in back.traces] == [t.attributes for t in there.traces]
    for one, other in zip(
        [*back.traces[0].events, *back.events],
        [*there.traces[0].events, *there.events],
        strict=True,
    ):
        assert set(one.attributes) == set(other.attributes)


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
    log = read_xes(path)
    assert len({t.attributes[0].value for t in log.traces}) == len(log.traces) == 4
    said = Counter(
        a.value for t in log.traces for e in t.events for a in e.attributes if a.kind == "date"
    )
    assert said["2024-07-01T09:00:00.000+01:00"] == said["2024-01-01T10:00:00.000+00:00"] == 1


def test_an_event_without_a_time_and_a_wrong_request_are_refused(whole, tmp_path):
    timeless = Event((Attribute("string", "concept:name", "Seen"),))
    write_xes(XesLog(traces=(Trace((), (timeless,)),)), tmp_path / "timeless.xes")
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


def rows_of(log):
    for trace in log.traces:
        for event in trace.events:
            yield trace.attributes[0].value, {a.key: a.value for a in event.attributes}


@pytest.fixture(scope="module")
def sepsis(shared):
    return shared / "data/sepsis"


@pytest.mark.slow
def test_the_sepsis_log_says_what_its_table_says(sepsis, tmp_path):
    log = read_xes(sepsis / "sepsis.xes.gz")
    write_xes(log, tmp_path / "again.xes.gz")
    assert read_xes(tmp_path / "again.xes.gz") == log
    with gzip.open(sepsis / "sepsis.csv.gz", "rt", encoding="utf-8") as file:
        table = sorted(csv.DictReader(file), key=lambda row: int(row["event_order"]))
    events = list(rows_of(log))
    assert (len(log.traces), len(events), len(table)) == (1050, 15214, 15214)
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
    there, back = read_xes(path), read_xes(written)
    assert (back.header, back.attributes) == (there.header, there.attributes)

    def fixed(log):
        return {
            t.attributes: [
                frozenset((a.kind, a.key, a.value) for a in e.attributes) for e in t.events
            ]
            for t in log.traces
        }

    assert fixed(back) == fixed(there)
