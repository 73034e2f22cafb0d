"""OCEL 2.0: the published shapes, what the standard rules out, and the way into a store."""

import json
import sqlite3
from contextlib import closing

import pytest

import wholeflow as wf
from wholeflow.core.errors import InputError, RequestError, UnsupportedError
from wholeflow.exchange import export_log, read_log
from wholeflow.exchange.ocel import Row, object_log, read_ocel, write_ocel
from wholeflow.exchange.ocel_out import to_ocel
from wholeflow.exchange.present import Present
from wholeflow.governance.pseudonyms import Key

KEY = Key(b"k" * 32)
HOUR = 3_600_000_000

# A day of district nursing, written by hand in the shape of the specification's section on JSON.
NURSING = {
    "eventTypes": [
        {"name": "Referral made", "attributes": [{"name": "urgent", "type": "boolean"}]},
        {
            "name": "Visit",
            "attributes": [
                {"name": "miles", "type": "float"},
                {"name": "wounds", "type": "integer"},
                {"name": "booked for", "type": "time"},
                {"name": "note", "type": "string"},
            ],
        },
        {"name": "Van serviced", "attributes": []},
    ],
    "objectTypes": [
        {"name": "patient", "attributes": [{"name": "frailty", "type": "integer"}]},
        {"name": "nurse", "attributes": [{"name": "band", "type": "string"}]},
        {"name": "van", "attributes": []},
    ],
    "events": [
        {
            "id": "e1",
            "type": "Referral made",
            "time": "2024-07-01T09:00:00Z",
            "attributes": [{"name": "urgent", "value": True}],
            "relationships": [{"objectId": "p1", "qualifier": "referred"}],
        },
        {
            "id": "e2",
            "type": "Visit",
            "time": "2024-07-01T12:30:00.250+01:00",
            "attributes": [
                {"name": "miles", "value": 3},
                {"name": "wounds", "value": 2},
                {"name": "booked for", "value": "2024-07-01T12:00:00+01:00"},
                {"name": "note", "value": ""},
            ],
            "relationships": [
                {"objectId": "p1", "qualifier": "visited"},
                {"objectId": "p2", "qualifier": "visited"},
                {"objectId": "n1", "qualifier": "visited by"},
                {"objectId": "n1", "qualifier": "driven by"},
            ],
        },
        {"id": "e3", "type": "Van serviced", "time": "2024-07-02T08:00:00Z"},
    ],
    "objects": [
        {
            "id": "p1",
            "type": "patient",
            "attributes": [
                {"name": "frailty", "time": "1970-01-01T00:00:00Z", "value": 4},
                {"name": "frailty", "time": "2024-07-01T11:30:00Z", "value": 6},
                {"name": "frailty", "time": "2024-07-09T11:30:00Z", "value": None},
            ],
            "relationships": [
                {"objectId": "n1", "qualifier": "named nurse"},
                {"objectId": "n1", "qualifier": "friend"},
            ],
        },
        {"id": "p2", "type": "patient", "attributes": []},
        {
            "id": "n1",
            "type": "nurse",
            "attributes": [{"name": "band", "time": "1970-01-01T00:00:00Z", "value": "é 5"}],
        },
        {"id": "van '7'", "type": "van"},
    ],
}

# The minimal example of the published SQLite form, typed in from its page.
MINIMAL = """
CREATE TABLE "event" ("ocel_id" TEXT, "ocel_type" TEXT);
INSERT INTO event VALUES('e1','Create Order');
CREATE TABLE "event_object" ("ocel_event_id" TEXT, "ocel_object_id" TEXT, "ocel_qualifier" TEXT);
INSERT INTO event_object VALUES('e1','o1','order');
CREATE TABLE "object" ("ocel_id" TEXT, "ocel_type" TEXT);
INSERT INTO object VALUES('o1','Order');
CREATE TABLE "object_object" ("ocel_source_id" TEXT, "ocel_target_id" TEXT, "ocel_qualifier" TEXT);
CREATE TABLE "event_CreateOrder" ("ocel_id" TEXT, "ocel_time" TEXT, "total items" INTEGER);
INSERT INTO event_CreateOrder VALUES('e1','1970-01-01 00:00:00',1);
CREATE TABLE "event_map_type" ("ocel_type" TEXT, "ocel_type_map" TEXT);
INSERT INTO event_map_type VALUES('Create Order','CreateOrder');
CREATE TABLE "object_map_type" ("ocel_type" TEXT, "ocel_type_map" TEXT);
INSERT INTO object_map_type VALUES('Order','Order');
CREATE TABLE "object_Order" ("ocel_id" TEXT, "ocel_time" TEXT, "ocel_changed_field" TEXT,
                             "item" INTEGER);
INSERT INTO object_Order VALUES('o1','1970-01-01 00:00:00',NULL,1);
"""


@pytest.fixture
def nursing(tmp_path):
    path = tmp_path / "nursing.jsonocel"
    path.write_text(json.dumps(NURSING), "utf-8")
    return path


def test_the_published_json_shape_is_read_whole(nursing):
    log = read_ocel(nursing)
    assert {name: len(said) for name, said in log.event_types.items()} == {
        "Referral made": 1, "Van serviced": 0, "Visit": 4,
    }  # fmt: skip
    visit = log.events[1]
    assert visit.at == 1_719_833_400_250_000  # 11:30:00.25 UTC
    assert {name: value for name, _, value in visit.attributes} == {
        "booked for": "2024-07-01T12:00:00+01:00", "miles": "3.0", "note": "", "wounds": "2",
    }  # fmt: skip
    assert visit.links == (
        ("n1", "driven by"), ("n1", "visited by"), ("p1", "visited"), ("p2", "visited"),
    )  # fmt: skip
    assert [value for *_, value in log.objects[1].attributes] == ["4", "6", None]


def test_the_published_minimal_sqlite_example_is_read(tmp_path):
    path = tmp_path / "minimal.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(MINIMAL)
    assert read_ocel(path) == object_log(
        {"Create Order": {"total items": "integer"}},
        {"Order": {"item": "integer"}},
        [Row("e1", "Create Order", 0, (("total items", 0, 1),), (("o1", "order"),))],
        [Row("o1", "Order", 0, (("item", 0, 1),))],
    )


def test_a_time_may_be_declared_as_a_date_as_pm4py_does(tmp_path):
    log = json.loads(json.dumps(NURSING).replace('"type": "time"', '"type": "date"'))
    (tmp_path / "log.json").write_text(json.dumps(log), "utf-8")
    assert read_ocel(tmp_path / "log.json").event_types["Visit"]["booked for"] == "time"


def test_objects_that_never_change_need_no_columns_of_change(tmp_path):
    path = tmp_path / "unchanging.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(MINIMAL)
        for column in ("ocel_time", "ocel_changed_field"):
            base.execute(f"ALTER TABLE object_Order DROP COLUMN {column}")
        base.commit()
    (order,) = read_ocel(path).objects
    assert order.attributes == (("item", 0, "1"),)


def test_what_is_written_as_sqlite_has_the_published_tables(nursing, tmp_path):
    write_ocel(read_ocel(nursing), tmp_path / "log.sqlite")
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as base:
        visit = base.execute('SELECT * FROM "event_Visit"').fetchall()
        frailty = base.execute('SELECT * FROM "object_Patient" WHERE ocel_id = ?', ("p1",))
        types = base.execute("SELECT * FROM event_map_type ORDER BY 1").fetchall()
        columns = base.execute('PRAGMA table_info("event_Visit")').fetchall()
        links = base.execute("SELECT * FROM object_object ORDER BY 3").fetchall()
        assert frailty.fetchall() == [
            ("p1", "1970-01-01 00:00:00", None, 4),
            ("p1", "2024-07-01 11:30:00", "frailty", 6),
            ("p1", "2024-07-09 11:30:00", "frailty", None),
        ]
    booked = "2024-07-01T12:00:00+01:00"
    assert visit == [("e2", "2024-07-01 11:30:00.250000", booked, 3.0, "", 2)]
    assert types[0] == ("Referral made", "ReferralMade")
    assert [(c[1], c[2]) for c in columns][1:4] == [
        ("ocel_time", "TIMESTAMP"), ("booked for", "TIMESTAMP"), ("miles", "REAL"),
    ]  # fmt: skip
    assert links == [("p1", "n1", "friend"), ("p1", "n1", "named nurse")]


def test_json_and_sqlite_say_the_same(nursing, tmp_path):
    log = read_ocel(nursing)
    write_ocel(log, tmp_path / "log.sqlite3")
    write_ocel(read_ocel(tmp_path / "log.sqlite3"), tmp_path / "again.json")
    assert read_ocel(tmp_path / "again.json") == log


def test_types_whose_tables_would_share_a_name_get_their_own(tmp_path):
    types = {name: {} for name in ("map type", "Map_Type", "object", "place order", "Place Order")}
    things = [Row(name, name, 0) for name in types]
    log = object_log(types, types, things, things)
    write_ocel(log, tmp_path / "log.db")
    assert read_ocel(tmp_path / "log.db") == log


def test_sqlite_refuses_attributes_that_it_would_mix_up(tmp_path):
    log = object_log({"Visit": {"Miles": "float", "miles": "float"}}, {}, [], [])
    with pytest.raises(UnsupportedError, match="case only"):
        write_ocel(log, tmp_path / "log.sqlite")
    assert list(tmp_path.iterdir()) == []
    write_ocel(log, tmp_path / "log.json")
    assert read_ocel(tmp_path / "log.json") == log


def changed(part, number, **said):
    log = json.loads(json.dumps(NURSING))
    log[part][number] |= said
    return json.dumps(log)


WRONG = {
    "no JSON": ("{", "line 1"),
    "another JSON": ("[]", "eventTypes"),
    "a number that JSON has not": ('{"events": [NaN]}', "not JSON"),
    "an unknown type": (changed("events", 0, type="X"), "does not declare"),
    "no time": (changed("events", 1, time=None), "events, number 2"),
    "a broken time": (changed("events", 1, time="yesterday"), "ISO 8601"),
    "two with one id": (changed("events", 0, id="e2"), "same id"),
    "a link to nothing": (
        changed("events", 2, relationships=[{"objectId": "x", "qualifier": ""}]),
        "does not hold",
    ),
    "a value of another type": (
        changed("events", 1, attributes=[{"name": "wounds", "value": "many"}]),
        "integer",
    ),
    "an undeclared attribute": (
        changed("events", 1, attributes=[{"name": "colour", "value": "red"}]),
        "not declared",
    ),
    "a number beyond 64 bits": (
        changed("events", 1, attributes=[{"name": "wounds", "value": 2**63}]),
        "64 bits",
    ),
    "half a character": (changed("objects", 1, id="\ud800"), "half a character"),
    "a type of its own": (
        changed("eventTypes", 0, attributes=[{"name": "urgent", "type": "bool"}]),
        "not in the standard",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_log_is_refused_with_the_place(text, says, tmp_path):
    (tmp_path / "bad.json").write_text(text, "utf-8")
    with pytest.raises(InputError, match=says) as refused:
        read_ocel(tmp_path / "bad.json")
    assert "bad.json" in refused.value.where
    assert "many" not in str(refused.value)


@pytest.mark.parametrize(
    "spoil",
    [
        "DROP TABLE object_object",
        "UPDATE event_CreateOrder SET ocel_time = 'x'",
        "DELETE FROM event_CreateOrder",
        "INSERT INTO event_object VALUES ('e9', 'o1', '')",
        "UPDATE object_Order SET ocel_changed_field = 'colour'",
        "UPDATE event_map_type SET ocel_type_map = 'Other'",
        "UPDATE event_CreateOrder SET \"total items\" = x'00'",
    ],
)
def test_an_sqlite_file_that_breaks_the_standard_is_refused(spoil, tmp_path):
    path = tmp_path / "bad.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(MINIMAL)
        base.execute(spoil)
        base.commit()
    with pytest.raises(InputError, match=r"bad\.sqlite"):
        read_ocel(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "no.sqlite").write_bytes(b"not a database" * 100)
    for name, error in (
        ("no.sqlite", InputError),
        ("absent.db", InputError),
        ("a.xml", RequestError),
    ):
        with pytest.raises(error):
            read_ocel(tmp_path / name)
    with pytest.raises(RequestError, match="can't be written"):
        write_ocel(object_log({}, {}, [], []), tmp_path / "no.sqlite" / "log.json")


@pytest.fixture
def seen(nursing):
    store = wf.open()
    kinds = {"Referral made": "referred"}
    log = read_log(nursing, person="patient", kinds=kinds, keep_attributes=True)
    wf.load(store, log, key=KEY, keep_ids=True)
    return wf.journeys(store)


def test_an_object_log_becomes_events_of_people(seen):
    events = list(Present(seen).rows("events", "p.at, part"))
    assert [(e["person"], e["kind"], e["activity"]) for e in events] == [
        ("ocel-nursing:p1", "referred", "Referral made"),
        ("ocel-nursing:p1", "contact", "Visit"),
        ("ocel-nursing:p2", "contact", "Visit"),
        (None, "contact", "Van serviced"),
    ]
    assert json.loads(events[1]["attributes"]) == {
        "booked for": {"type": "time", "value": "2024-07-01T12:00:00+01:00"},
        "miles": 3.0,
        "note": "",
        "wounds": 2,
    }
    facts = Present(seen).rows("object_facts", "part")
    facts = sorted(facts, key=lambda row: (row["object"], row["part"]))
    assert [(f["object"], f["fact"], f["value"]) for f in facts] == [
        ("ocel-nursing:n1", "band", "é 5"), ("ocel-nursing:p1", "frailty", "4"),
        ("ocel-nursing:p1", "frailty", "6"), ("ocel-nursing:p1", "frailty", None),
    ]  # fmt: skip
    assert len(list(Present(seen).rows("objects", "object"))) == 4


def test_an_event_of_nobody_enters_no_journey(seen):
    assert seen.query("SELECT count(*) AS n FROM present_events")["n"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("form", "name"), [("ocel", "log.jsonocel"), ("ocel-sqlite", "log.sqlite")]
)
def test_a_store_gives_the_object_log_back(form, name, seen, nursing, tmp_path):
    (path,) = export_log(seen, tmp_path / "out", form)
    assert path.name == name
    back = read_ocel(path)
    kinds = {e.id: {a: v for a, _, v in e.attributes}.get("wholeflow:kind") for e in back.events}
    assert kinds == {"e1": "referred", "e2": None, "e3": None}
    plain = wf.open()
    wf.load(
        plain, read_log(nursing, person="patient", keep_attributes=True), key=KEY, keep_ids=True
    )
    (path,) = export_log(wf.journeys(plain), tmp_path / "out", form)
    assert read_ocel(path) == read_ocel(nursing)


def test_without_kept_ids_names_are_pseudonyms_and_nothing_else_is_lost(nursing):
    store = wf.open()
    wf.load(store, read_log(nursing, person="patient", keep_attributes=True), key=KEY)
    there, back = read_ocel(nursing), to_ocel(wf.journeys(store))
    assert back.event_types == there.event_types
    assert not {"p1", "p2", "n1", "van '7'"} & {thing.id for thing in back.objects}
    for part in ("events", "objects"):
        for what in ("links", "attributes"):
            told = [len(getattr(row, what)) for row in getattr(there, part)]
            assert sorted(len(getattr(row, what)) for row in getattr(back, part)) == sorted(told)


PLANTED = ("943 476 5919", "9434765919", "Ada Northmoor", "Sister Webb")


def planted_log():
    """The log of nursing with a number, a name of a patient and one of staff planted in it."""
    log = json.loads(json.dumps(NURSING).replace('"p1"', '"943 476 5919"'))
    log["objectTypes"][0]["attributes"].append({"name": "name", "type": "string"})
    called = {"name": "name", "time": "1970-01-01T00:00:00Z", "value": "Ada Northmoor"}
    log["objects"][0]["attributes"].append(called)
    log["eventTypes"][1]["attributes"].append({"name": "org:resource", "type": "string"})
    log["events"][1]["attributes"].append({"name": "org:resource", "value": "Sister Webb"})
    return json.dumps(log)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_store_file_holds_no_name_or_number_unless_asked(keeps, nursing, tmp_path):
    nursing.write_text(planted_log(), "utf-8")
    said = {"person": "patient", "scheme": "nhs-number", "keep_attributes": keeps}
    log = read_log(nursing, **said)
    with wf.open(tmp_path / "place.duckdb") as store:
        wf.load(store, log, key=KEY, keep_ids=keeps)
    data = (tmp_path / "place.duckdb").read_bytes()
    assert {text for text in PLANTED if text.encode() in data} == (set(PLANTED) if keeps else set())
    assert b"Van serviced" in data  # what happened is kept, and found so
    told = "3 attributes of people and staff (5 values)"
    assert log.about.get("left out") == (None if keeps else told)


def test_two_logs_with_the_same_ids_lie_in_one_store(nursing, tmp_path):
    other = json.loads(json.dumps(NURSING))
    other["objectTypes"][0]["attributes"][0]["type"] = "string"
    other["objects"][0]["attributes"] = [
        {"name": "frailty", "time": "1970-01-01T00:00:00Z", "value": "mild"}
    ]
    other["events"][0]["time"] = "2024-08-01T09:00:00Z"
    (tmp_path / "second.json").write_text(json.dumps(other), "utf-8")
    store = wf.open()
    for path in (nursing, tmp_path / "second.json"):
        books = wf.load(
            store, read_log(path, person="patient", keep_attributes=True), key=KEY, keep_ids=True
        )
        assert (books.already, books.rejected) == (0, 0)
    journeys = wf.journeys(store)
    assert (
        journeys.query("SELECT count(DISTINCT person) AS n FROM present_events")["n"][0].as_py()
        == 4
    )
    log = to_ocel(journeys)
    ids = [event.id for event in log.events]
    assert sorted(ids) == ["e1", "e2", "e3", *(f"ocel-second:e{n}" for n in (1, 2, 3))]
    said = {thing.id: [value for *_, value in thing.attributes] for thing in log.objects}
    assert (said["p1"], said["ocel-second:p1"]) == (["4", "6", None], ["mild"])


def test_a_named_feed_and_scheme_join_the_people_of_a_mapping(nursing):
    nursing.write_text(planted_log(), "utf-8")
    store = wf.open()
    log = read_log(nursing, person="patient", source="nurses", scheme="nhs-number")
    wf.load(store, log, key=KEY, keep_ids=True)
    mapped = [{"person": "nhs-number:9434765919", "at": 0, "kind": "arrived", "place": "ED"}]
    wf.load(store, wf.EventLog.from_rows("ed", events=mapped), key=KEY, keep_ids=True)
    rows = list(Present(wf.journeys(store)).rows("events", "p.at, source"))
    assert [row["source"] for row in rows if row["person"] == "nhs-number:9434765919"] == [
        "ed", "nurses", "nurses",
    ]  # fmt: skip
    wrong = next(row for row in rows if "p2" in (row["person"] or ""))
    assert wrong["person"] == "nhs-number, wrong check digit:p2"
    said = "SELECT field, doubt FROM doubts"
    assert store.query(said).to_pylist() == [{"field": "person", "doubt": "wrong check digit"}]


def test_the_log_is_the_past_as_it_was_known(nursing):
    store = wf.open()
    wf.load(store, read_log(nursing, person="patient"), key=KEY, keep_ids=True)
    past = to_ocel(wf.journeys(store, as_of="2024-07-01T12:00"))
    assert [event.id for event in past.events] == ["e1"]


def test_wrong_requests_are_refused_with_what_there_is(nursing, tmp_path):
    with pytest.raises(RequestError, match="nurse, patient, van"):
        read_log(nursing)
    for wrong in (
        {"person": "doctor"},
        {"person": "patient", "kinds": {"Vist": "contact"}},
        {"person": "patient", "kinds": {"Visit": "came"}},
        {"person": "patient", "place": "ward"},
    ):
        with pytest.raises(RequestError, match="there is no"):
            read_log(nursing, **wrong)
    with pytest.raises(RequestError, match="form to export"):
        export_log(wf.journeys(wf.open()), tmp_path, "xml")
    with pytest.raises(RequestError, match="this is a file"):
        export_log(wf.journeys(wf.open()), nursing, "ocel")


def test_a_type_of_object_can_name_the_place(nursing):
    log = read_log(nursing, person="patient", place="nurse")
    assert log.tables["events"]["place"].to_pylist() == [None, "n1", "n1", None]


def test_an_id_that_ours_would_take_is_refused(nursing):
    store = wf.open()
    log = json.loads(nursing.read_text("utf-8"))
    log["objects"].append({"id": "person:q", "type": "van"})
    nursing.write_text(json.dumps(log), "utf-8")
    wf.load(store, read_log(nursing, person="patient"), key=KEY, keep_ids=True)
    other = [{"person": "q", "at": 0, "kind": "arrived", "place": "ED"}]
    wf.load(store, wf.EventLog.from_rows("ed", events=other), key=KEY, keep_ids=True)
    with pytest.raises(UnsupportedError, match="one of ours"):
        to_ocel(wf.journeys(store))
