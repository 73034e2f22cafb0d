"""Laws of exchange: what is written is what is read, and a store loses nothing on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wholeflow.events import EventLog
from wholeflow.exchange import export_log, read_log
from wholeflow.exchange.ocel import Row, object_log, read_ocel, write_ocel
from wholeflow.exchange.ocel_out import to_ocel
from wholeflow.exchange.present import Present
from wholeflow.exchange.values import spelled
from wholeflow.exchange.xes import Attribute, Element, Event, Trace, read_pieces, write_pieces
from wholeflow.governance.nhs_number import with_scheme
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import journeys
from wholeflow.sources.cells import MACROS, WRONG_CHECK_DIGIT
from wholeflow.sources.people import NHS_NUMBER
from wholeflow.store import Chunk, FileFacts, load, open_store

pytestmark = pytest.mark.slow
KEY = Key(b"k" * 32)
examples = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])

few = settings(examples, max_examples=15)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = st.sampled_from(["total items", "", "é\"'", "ocel:x", "select", "a;b", "🛏", "Ward"])
instants = st.one_of(st.just(0), st.integers(-(10**15), 4 * 10**15))
kinds = st.sampled_from(["string", "integer", "float", "boolean", "time"])
values = {
    "string": words,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "time": st.datetimes().map(lambda at: at.isoformat()),
}
types = st.dictionaries(
    st.sampled_from(["order", "Order", "map_type", "object", "Place Order", "", "person", "…"]),
    st.dictionaries(names, kinds, max_size=4),
    min_size=1,
    max_size=4,
)


@st.composite
def object_logs(draw):
    event_types, object_types = draw(types), draw(types)
    ids = draw(st.lists(words, max_size=5, unique=True))
    links = st.lists(st.tuples(st.sampled_from(ids), words), max_size=4) if ids else st.just([])

    def attributes(declared, is_object):
        chosen = draw(st.lists(st.sampled_from(sorted(declared)), max_size=4)) if declared else []
        if not is_object:
            return [(name, 0, draw(values[declared[name]])) for name in dict.fromkeys(chosen)]
        return [
            (name, draw(instants), draw(st.one_of(st.none(), values[declared[name]])))
            for name in chosen
        ]

    def things(named, declared, is_object):
        for name in named:
            kind = draw(st.sampled_from(sorted(declared)))
            at = 0 if is_object else draw(instants)
            said = attributes(declared[kind], is_object)
            yield Row(name, kind, at, tuple(said), tuple(draw(links)))

    events = list(things(draw(st.lists(words, max_size=5, unique=True)), event_types, False))
    return object_log(event_types, object_types, events, things(ids, object_types, True))


@examples
@given(log=object_logs(), data=st.data())
def test_an_object_log_is_read_as_it_was_written(log, data, tmp_path):
    forms = data.draw(st.permutations(["log.json", "log.sqlite", "again.jsonocel"]))
    there = log
    for name in forms:
        write_ocel(there, tmp_path / name)
        there = read_ocel(tmp_path / name)
        assert there == log


xml_text = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("\t\n\r<&>\"'")),
    max_size=6,
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
xes_values = {
    "string": xml_text,
    "id": xml_text,
    "int": st.integers().map(str),
    "float": st.floats().map(lambda n: spelled("float", n)),
    "boolean": st.sampled_from(["true", "false"]),
    "date": st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
}


def simple(children):
    return st.one_of(
        [
            st.builds(Attribute, st.just(kind), xml_text, value, children)
            for kind, value in xes_values.items()
        ]
    )


def collections(children):
    inside = st.lists(children, max_size=3).map(tuple)
    lists = st.builds(
        Attribute, st.just("list"), xml_text, st.none(), inside, st.one_of(st.none(), inside)
    )
    return st.one_of(
        simple(inside),
        lists,
        st.builds(Attribute, st.just("container"), xml_text, st.none(), inside),
    )


attributes = st.lists(st.recursive(simple(st.just(())), collections, max_leaves=4), max_size=4).map(
    tuple
)
events = st.builds(Event, attributes)
headers = st.sampled_from([(), (("xes.version", "1.0"), ("openxes.version", "1.0RC7"))]).map(
    lambda said: Element("log", said)
)
scopes = st.sampled_from([(), (("scope", "trace"),), (("scope", "event"),)])
traces = st.builds(Trace, attributes, st.lists(events, max_size=3).map(tuple))


def told(*names):
    return st.tuples(*(st.tuples(st.just(name), xml_text) for name in names))


pieces = st.one_of(
    st.builds(Element, st.just("extension"), told("name", "prefix", "uri")),
    st.builds(Element, st.just("global"), scopes, attributes),
    st.builds(
        Element,
        st.just("classifier"),
        st.builds(lambda said, scope: said + scope, told("name", "keys"), scopes),
    ),
    simple(st.just(())),
    traces,
    events,
)
xes_logs = st.builds(
    lambda header, inside: [header, *inside], headers, st.lists(pieces, max_size=6)
)


@examples
@given(log=xes_logs, name=st.sampled_from(["log.xes", "log.xes.gz"]))
def test_an_xes_log_is_read_as_it_was_written(log, name, tmp_path):
    write_pieces(log, tmp_path / name)
    assert list(read_pieces(tmp_path / name)) == log


def stored(log: EventLog):
    store = open_store()
    lines = {n for rows in log.tables.values() for n in rows["line"].unique().to_pylist()}
    books = load(store, [Chunk(log, FileFacts("log", "h"), len(lines))], key=KEY, keep_ids=True)
    assert books.rejected == books.already == 0
    return journeys(store, zone=log.zone)


@few
@given(log=object_logs(), scheme=st.sampled_from([None, "nhs-number"]))
def test_a_foreign_object_log_comes_back_from_a_store(log, scheme, tmp_path):
    write_ocel(log, tmp_path / "log.json")
    person = next(iter(log.object_types))
    seen = stored(
        read_log(tmp_path / "log.json", person=person, scheme=scheme, keep_attributes=True)
    )
    assert to_ocel(seen) == log


def columns_of(seen, name="events"):
    """The rows of a table as shown, records numbered by what they say instead of their hash."""
    rows = list(Present(seen).rows(name, "id, run, part"))
    records: dict[str, list[str]] = {}
    for row in rows:
        said = {key: value for key, value in row.items() if key != "id"}
        records.setdefault(f"{row['source']}{row['id']}{row['run']}", []).append(repr(said))
    return sorted(records.values())


optional = {
    "person": st.sampled_from(["p1", "p2", "10", ""]),
    "place": st.sampled_from(["ED", "Ward: 1", "p1"]),
    "ref": st.sampled_from(["10", "s2"]),
    "need": st.sampled_from(["10", "n2"]),
    "from_place": st.sampled_from(["ED", "home"]),
    "to_place": st.sampled_from(["ED", "home"]),
    "wanted_place": st.sampled_from(["ED"]),
    "sequence": st.integers(-9, 9),
    "activity": st.sampled_from(["Triage", "arrived", "contact", ""]),
    "team": st.sampled_from(["A", "Ω"]),
    "waits_for": st.sampled_from(["bed"]),
    "reason": st.sampled_from(["1", ""]),
    "units": st.floats(allow_nan=False, allow_infinity=False).map(lambda n: n + 0.0),
    "per": st.sampled_from(["week", "day"]),
    "recorded_at": st.integers(0, 10**15),
    "period": st.integers(0, 9),
    "attributes": st.sampled_from(
        ['{"age":3,"sex":"F"}', '{"age":"3"}', '{"age": 3}', '{"age":null}', "{}", '{"n":{"m":1}}',
         '{"age":1.5,"ok":true}', '{"big":99999999999999999999}', '{"wholeflow:kind":"left"}']
    ),
}  # fmt: skip


@st.composite
def event_rows(draw):
    rows = []
    for number, parts in enumerate(draw(st.lists(st.integers(1, 2), max_size=5))):
        chosen = draw(st.sets(st.sampled_from(["recorded_at", "period"])))
        record = {name: draw(optional[name]) for name in sorted(chosen)}
        record |= {"id": str(number), "run": draw(st.sampled_from([0, 0, 2]))}
        record["source"] = draw(st.sampled_from(["ward-book", "ocel", "xes"]))
        for part in range(parts):
            there = draw(st.sets(st.sampled_from(sorted(set(optional) - set(record)))))
            said = {
                name: draw(optional[name]) for name in sorted(there - {"recorded_at", "period"})
            }
            said["precision"] = draw(st.sampled_from(["instant", "day"]))
            said["person"] = draw(optional["person"])
            said["kind"] = draw(st.sampled_from(["arrived", "left", "contact"]))
            rows.append({**record, **said, "part": part, "at": draw(st.integers(0, 10**15))})
    return rows


@few
@given(rows=event_rows(), form=st.sampled_from(["ocel", "ocel-sqlite", "xes"]))
def test_every_column_of_events_comes_back_from_our_own_log(rows, form, tmp_path):
    places = [
        {"place": "ED", "setting": "ed", "organisation": "Trust", "id": "places|ED"},
        {"place": "Rota", "holds": "caseload", "inside": False, "id": "places|Rota"},
    ]  # fmt: skip
    seen = stored(EventLog.from_rows("ward-book", events=rows, places=places))
    for path in export_log(seen, tmp_path, form):
        again = stored(read_log(path, keep_attributes=True))
        assert columns_of(again) == columns_of(seen)
        if form != "xes":
            assert columns_of(again, "places") == columns_of(seen, "places")
            assert not list(Present(again).rows("objects", "object"))


dates = st.datetimes(
    datetime(1970, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.sampled_from([UTC, ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")]),
)


@st.composite
def timed_events(draw):
    named = [Attribute("string", "concept:name", draw(st.sampled_from(["A", "B"])))]
    at = draw(dates)
    date = Attribute("date", "time:timestamp", at.isoformat(timespec="milliseconds"))
    others = draw(attributes)
    taken = {"concept:name", "time:timestamp"}
    return Event((*named, date, *(one for one in others if one.key not in taken)))


case_names = st.sampled_from(["NA", "NA", "943 476 5919", "", None])


@st.composite
def cases(draw):
    name = draw(case_names)
    said = [one for one in draw(attributes) if not one.key.startswith("wholeflow:")]
    if name is not None:
        at = draw(st.integers(0, len(said)))
        said.insert(at, Attribute("string", "concept:name", name))
    return Trace(tuple(said), tuple(draw(st.lists(timed_events(), max_size=3))))


@few
@given(
    traces=st.lists(cases(), max_size=4),
    loose=st.lists(timed_events(), max_size=2),
    head=attributes,
    scheme=st.sampled_from([None, "nhs-number"]),
)
def test_a_foreign_xes_log_comes_back_from_a_store(traces, loose, head, scheme, tmp_path):
    log = [Element("log", (("xes.version", "1.0"),)), *head, *traces, *loose]
    write_pieces(log, tmp_path / "in.xes")
    seen = stored(read_log(tmp_path / "in.xes", scheme=scheme, keep_attributes=True))
    (path,) = export_log(seen, tmp_path / "out", "xes")
    assert as_set(read_pieces(path)) == as_set(log)


def as_set(pieces):
    """A log with the attributes of each event, and the traces, in a fixed order."""

    def fixed(event):
        return sorted(map(repr, event.attributes))

    pieces = list(pieces)
    traces = [piece for piece in pieces if isinstance(piece, Trace)]
    return (
        [piece for piece in pieces if not isinstance(piece, Trace | Event)],
        sorted(repr((t.attributes, [fixed(e) for e in t.events])) for t in traces),
        sorted(fixed(piece) for piece in pieces if isinstance(piece, Event)),
    )


@given(
    number=st.one_of(
        st.from_regex(r"[0-9]{10}", fullmatch=True),
        st.sampled_from(["943 476 5919", "943-476-5919", "9434765918", "4444444444", "", "x"]),
        st.text("0123456789 -\u2010\u00a0x", max_size=13),
    )
)
def test_a_log_names_people_as_mappings_do(number):
    connection = duckdb.connect()
    connection.execute(MACROS)
    digits, is_right = connection.execute(
        "SELECT nhs_digits(x), coalesce(is_nhs_number(nhs_digits(x)), false) FROM (SELECT ? AS x)",
        [number],
    ).fetchone()
    scheme = NHS_NUMBER if is_right else f"{NHS_NUMBER}, {WRONG_CHECK_DIGIT}"
    assert with_scheme(NHS_NUMBER, number) == f"{scheme}:{digits}"
