"""pm4py reads the logs that we write, and we read those that it writes.

It is AGPL: it lives in an environment of its own, which `make test` sets up, and runs in a
process of its own.
"""

import json
import subprocess

import pytest

from wholeflow.exchange.ocel import Row, object_log, read_ocel, write_ocel
from wholeflow.exchange.xes import Attribute, Element, Event, Trace, read_pieces, write_pieces

pytestmark = pytest.mark.peers

OCEL = """
import json, sys, pm4py
source, *targets = sys.argv[1:]
read = {"sqlite": pm4py.read_ocel2_sqlite, "jsonocel": pm4py.read_ocel2_json}
write = {"sqlite": pm4py.write_ocel2_sqlite, "jsonocel": pm4py.write_ocel2_json}
log = read[source.rpartition(".")[2]](source)
for target in targets:
    write[target.rpartition(".")[2]](log, target)
print(json.dumps({"events": len(log.events), "objects": len(log.objects),
    "links": sorted(map(list, log.relations[["ocel:eid", "ocel:oid", "ocel:qualifier"]].values)),
    "o2o": sorted(map(list, log.o2o[["ocel:oid", "ocel:oid_2", "ocel:qualifier"]].values)),
    "changes": len(log.object_changes),
    "times": sorted(str(at) for at in log.events["ocel:timestamp"])}))
"""

XES = """
import json, sys, pm4py
log = pm4py.read_xes(sys.argv[1])
pm4py.write_xes(log, sys.argv[2])
names = ["case:concept:name", "concept:name", "time:timestamp", "age", "urgent"]
print(json.dumps([[str(value) for value in row] for row in log[names].values]))
"""


def run(python, script, *arguments):
    done = subprocess.run(
        [python, "-c", script, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def log():
    """Everything that pm4py can keep: it knows no attribute value that is taken away."""
    p1 = [("frailty", 0, 4), ("frailty", 1_719_833_400_000_000, 6), ("name", 0, "Zoë")]
    return object_log(
        {
            "Visit": {"miles": "float", "note": "string", "wounds": "integer"},
            "Van serviced": {"paid": "boolean", "booked": "time"},
        },
        {"patient": {"frailty": "integer", "name": "string"}, "nurse": {}},
        [
            Row(
                f"e{n}",
                "Visit",
                1_719_833_400_000_000 + n * 1_000_000,
                (("miles", 0, n / 3), ("note", 0, "a 'b' \"c\""), ("wounds", 0, n)),
                (("p1", "visited"), ("n1", "by"), ("n1", "driven by")),
            )
            for n in range(3)
        ]
        + [
            Row(
                "e9",
                "Van serviced",
                1_719_833_500_000_000,
                (("paid", 0, True), ("booked", 0, "2024-07-01T11:00:00Z")),
                (("n1", "by"),),
            )
        ],
        [
            Row("p1", "patient", 0, tuple(p1), (("n1", "named nurse"), ("n1", "friend"))),
            Row("n1", "nurse", 0),
        ],
    )


@pytest.mark.parametrize("form", ["jsonocel", "sqlite"])
def test_pm4py_reads_our_object_log_and_we_read_its(form, log, pm4py_python, tmp_path):
    write_ocel(log, tmp_path / f"ours.{form}")
    theirs = [tmp_path / "theirs.jsonocel", tmp_path / "theirs.sqlite"]
    said = run(pm4py_python, OCEL, tmp_path / f"ours.{form}", *theirs)
    assert (said["events"], said["objects"], said["changes"]) == (4, 2, 1)
    width = 2 if form == "jsonocel" else 3  # from JSON it keeps one qualifier of a pair
    for key, rows in (("links", log.events), ("o2o", log.objects)):
        ours = {(row.id, *link)[:width] for row in rows for link in row.links}
        assert {tuple(link[:width]) for link in said[key]} == ours
    assert said["times"][0].startswith("2024-07-01 11:30:00")
    columns = ["id", "type"] if form == "jsonocel" else ["id", "type", "links"]
    for path in theirs:
        back = read_ocel(path)
        for part in ("events", "objects"):
            there, here = getattr(log, part), getattr(back, part)
            for column in [*columns, *(("at",) if part == "events" else ())]:
                one, other = ([getattr(row, column) for row in rows] for rows in (here, there))
                assert one == other, (path.name, column)
        assert numbers(back) == numbers(log)


def numbers(log):
    """Attributes that are numbers: pm4py writes whole ones as floats."""
    return [
        {name: float(text) for name, _, text in row.attributes if name in ("miles", "wounds")}
        for row in log.events
    ]


def test_pm4py_reads_our_xes_log_and_we_read_its(pm4py_python, tmp_path):
    def event(name, at, age):
        return Event(
            (
                Attribute("string", "concept:name", name),
                Attribute("date", "time:timestamp", at),
                Attribute("int", "age", age),
                Attribute("boolean", "urgent", "true"),
            )
        )

    trace = Trace(
        (Attribute("string", "concept:name", "NA"),),
        (
            event("Seen & <sent>", "2024-07-01T10:00:00.000+01:00", "7"),
            event("Ü", "2024-07-01T11:00:00.250+01:00", "8"),
        ),
    )
    said = {"name": "Time", "prefix": "time", "uri": "http://www.xes-standard.org/time.xesext"}
    extension = Element("extension", tuple(said.items()))
    header = Element("log", (("xes.version", "1849.2016"),))
    write_pieces([header, extension, trace], tmp_path / "ours.xes")
    said = run(pm4py_python, XES, tmp_path / "ours.xes", tmp_path / "theirs.xes")
    assert [row[:2] + row[3:] for row in said] == [
        ["NA", "Seen & <sent>", "7", "True"], ["NA", "Ü", "8", "True"],
    ]  # fmt: skip
    assert said[0][2] == "2024-07-01 09:00:00+00:00"
    theirs = read_pieces(tmp_path / "theirs.xes")
    (back,) = (piece for piece in theirs if isinstance(piece, Trace))
    assert [{a.key: a.value for a in e.attributes}["concept:name"] for e in back.events] == [
        "Seen & <sent>", "Ü",
    ]  # fmt: skip
