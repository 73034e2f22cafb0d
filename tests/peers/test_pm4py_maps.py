"""pm4py finds the same map, the same variants and the same alignments, on every log given.

It is AGPL: it lives in an environment of its own, which `make test` sets up, and runs in a
process of its own. Where it differs:

- without a time zone it takes local times as they stand, so that waits across a change of the
  clocks are an hour out (so do we without --zone);
- it knows one time of each row when it says how long a case took: from the first end to the
  last end, ours from the first start (asked with a column of starts, 2.7.23 fails);
- of activities that overlap it puts first what ends first, we what starts first: given the
  starts for its times it has our map; an overlap is to it a wait below nought, to us none.
"""

import gzip
import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from tests.reference.test_five_organisations import EXAMPLE, ORGANISATIONS

import wholeflow as wf
from wholeflow.diagnosis import Step, log_file, process_map
from wholeflow.diagnosis.alignment import Meant, align
from wholeflow.diagnosis.ways import words
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import journeys
from wholeflow.sources.demo import write_records

pytestmark = [pytest.mark.peers, pytest.mark.slow]

READ = """
import json, sys, pandas, pm4py
path, case, activity, start, end = sys.argv[1:6]
log = pandas.read_csv(path, keep_default_na=False, dtype=str)  # a case may be called NA
log = log[log[case] != ""]
for column in {start, end}:
    log[column] = pandas.to_datetime(log[column], utc=True, format="ISO8601")
names = {case: "case:concept:name", activity: "concept:name", end: "time:timestamp"}
log = log.rename(columns={**names, **({start: "start_timestamp"} if start != end else {})})
log = pm4py.format_dataframe(log, case_id="case:concept:name", activity_key="concept:name",
    timestamp_key="time:timestamp", start_timestamp_key="start_timestamp")
"""

READ_XES = """
import json, sys, pm4py
log = pm4py.read_xes(sys.argv[1])
"""

MAP = """
arcs, starts, ends = pm4py.discover_dfg(log)
times, _, _ = pm4py.discover_performance_dfg(log)
variants = pm4py.get_variants(log)
bare = log[["case:concept:name", "concept:name", "time:timestamp"]].copy()
bare.attrs = {}  # with a column of starts it can't tell how long cases took
print(json.dumps({"arcs": [[*arc, n] for arc, n in arcs.items()], "starts": starts, "ends": ends,
    "waits": [[*arc, t["mean"], t["median"]] for arc, t in times.items()],
    "variants": [[" > ".join(way), n] for way, n in variants.items()],
    "hours": [seconds / 3600 for seconds in pm4py.get_all_case_durations(bare)]}, default=float))
"""

ALIGN = """
tree = pm4py.parse_process_tree(sys.argv[6])
groups = log.groupby("case:concept:name", sort=False)["concept:name"]
ways = {case: tuple(own) for case, own in groups}
examples = {way: case for case, way in ways.items() if len(way) <= 16}
log = log[log["case:concept:name"].isin(examples.values())]
cases = list(dict.fromkeys(log["case:concept:name"]))
found = pm4py.conformance_diagnostics_alignments(log, *pm4py.convert_to_petri_net(tree))
print(json.dumps([[ways[case], one["fitness"]] for case, one in zip(cases, found)], default=float))
"""


@pytest.fixture(scope="module")
def pm4py(pm4py_python):
    def run(script, *arguments, read=READ):
        command = [pm4py_python, "-c", read + script, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def sepsis(shared):
    return shared / "data/sepsis/sepsis.csv.gz"


@pytest.fixture(scope="module")
def made(shared, tmp_path_factory):
    """The made-up log of a whole system, some 20,000 rows with begin and end, as CSV."""
    folder = tmp_path_factory.mktemp("made")
    script = shared / "data/bench/make_events.py"
    subprocess.run([sys.executable, script, "2e4", folder], check=True, capture_output=True)
    columns = ["case_id", "activity", "start", "end"]
    table = pyarrow.parquet.read_table(folder / "events.parquet", columns=columns)
    pyarrow.csv.write_csv(table, folder / "events.csv")
    return folder / "events.csv"


def same(found, theirs, *, waits=True):
    """The map is theirs: arcs, starts, ends, and the waits of each arc."""
    rows = found.rows.to_pylist()
    between = {(row["from"], row["to"]): row for row in rows if row["end"] == "between"}
    assert {arc: row["times"] for arc, row in between.items()} == {
        (one, other): n for one, other, n in theirs["arcs"]
    }
    assert {r["to"]: r["times"] for r in rows if r["end"] == "entered"} == theirs["starts"]
    ends = Counter[str]()
    for row in rows:
        if row["end"] in ("ended", "open"):
            ends[row["from"]] += row["times"]
    assert ends == theirs["ends"]
    for one, other, mean, median in theirs["waits"] if waits else ():
        row = between[one, other]
        assert row["wait_mean_hours"] == pytest.approx(mean / 3600, abs=1e-6), (one, other)
        assert row["wait_p50_hours"] == pytest.approx(median / 3600, abs=1e-6), (one, other)


def ways_of(log):
    """Every way of a log file in words, with how many cases went it."""
    counts = log.query("SELECT c.way, c.journeys FROM way_counts AS c")
    names = log.query("SELECT d.code, d.name FROM dictionary AS d").to_pydict()
    told = words(counts["way"], dict(zip(names["code"], names["name"], strict=True)))
    return dict(zip(told, counts["journeys"].to_pylist(), strict=True))


def test_the_sepsis_map_and_its_variants_are_pm4pys(sepsis, pm4py):
    columns = {"case": "case_id", "activity": "activity", "start": "timestamp"}
    theirs = pm4py(MAP, sepsis, "case_id", "activity", "timestamp", "timestamp")
    log = log_file(sepsis, **columns)
    same(process_map(log), theirs)
    assert ways_of(log) == dict(map(tuple, theirs["variants"]))
    store = wf.open()
    wf.load(store, wf.read(sepsis, source="sepsis"), key=Key(b"s" * 32))
    view = journeys(store)
    same(process_map(view, "activities"), theirs, waits=False)  # the store knows the time zone
    rows = view.table("variants").to_pylist()
    assert {row["variant"]: row["journeys"] for row in rows} == ways_of(log)


def test_the_sepsis_log_as_xes_has_pm4pys_map_and_variants(shared, pm4py):
    """Both read the XES file; it has the rows of the other, with their offsets from UTC.

    Each event is told to be an arrival at its team, and one case is one journey.
    """
    path = shared / "data/sepsis/sepsis.xes.gz"
    theirs = pm4py(MAP, path, read=READ_XES)
    names = {name for arc in theirs["arcs"] for name in arc[:2]}
    log = wf.read_log(path, kinds=dict.fromkeys(names, "arrived"), place="org:group")
    store = wf.open()
    wf.load(store, log, key=Key(b"s" * 32))
    view = journeys(store, gap_days=10_000)
    found = process_map(view, "activities")
    same(found, theirs)
    rows = view.table("variants").to_pylist()
    assert {row["variant"]: row["journeys"] for row in rows} == dict(theirs["variants"])
    assert found.durations["mean_hours"] == pytest.approx(np.mean(theirs["hours"]), rel=1e-12)
    assert found.durations["p50_hours"] == pytest.approx(np.median(theirs["hours"]), rel=1e-12)


def test_the_mimic_transfers_have_pm4pys_map_and_variants(shared, pm4py, tmp_path):
    """The published file as it is: 54 rows are of no admission and so of no case."""
    packed = shared / "data/mimic-iv-demo/hosp/transfers.csv.gz"
    path = tmp_path / "transfers.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    columns = {"case": "hadm_id", "activity": "eventtype", "start": "intime"}
    log = log_file(path, **columns)
    assert log.left_out["rows without a case"] == 54
    theirs = pm4py(MAP, path, "hadm_id", "eventtype", "intime", "intime")
    same(process_map(log), theirs)
    assert ways_of(log) == dict(theirs["variants"])


def from_five_organisations(shared, _):
    store = wf.open()
    folder = shared / "data/five-organisations"
    reading = wf.read([folder / name for name in ORGANISATIONS], mapping=EXAMPLE)
    wf.load(store, reading, key=Key(b"s" * 32))
    return store


def from_mimic(shared, _):
    store = wf.open()
    reading = wf.read(shared / "data/mimic-iv-demo", source="mimic")
    wf.load(store, reading, key=Key(b"s" * 32))
    return store


def from_riverford(_, folder):
    write_records(folder, people=300, seed=1, truth=False)
    store = wf.open()
    wf.load(store, wf.read(folder, source="demo"), key=Key(b"s" * 32))
    return store


FLAT = """
    SELECT a.journey, d.name AS activity, a.start_at, a.end_at
    FROM activity_times AS a JOIN dictionary AS d ON d.code = a.activity
    WHERE a.journey IS NOT NULL AND a.run = 0 ORDER BY a.journey, a.start_at, a.rank
"""


def flat(view, path):
    """The activities of a view as a log file: a row each, the journey for its case."""
    rows = view.query(FLAT)
    for name in ("start_at", "end_at"):
        at = rows.column_names.index(name)
        texts = rows[name].cast(pa.timestamp("us")).cast(pa.string())
        rows = rows.set_column(at, name, pc.binary_join_element_wise(texts, "Z", ""))
    pyarrow.csv.write_csv(rows, path)
    return path


@pytest.mark.parametrize("stored", [from_five_organisations, from_mimic, from_riverford])
def test_the_map_of_a_store_and_its_variants_are_pm4pys(stored, shared, pm4py, tmp_path):
    """pm4py has the starts for its times, so that both put first what started first."""
    view = journeys(stored(shared, tmp_path / "records"))
    path = flat(view, tmp_path / "flat.csv")
    theirs = pm4py(MAP, path, "journey", "activity", "start_at", "start_at")
    same(process_map(view, "activities"), theirs, waits=False)  # ours are from the ends
    rows = view.table("variants").to_pylist()
    assert {row["variant"]: row["journeys"] for row in rows} == dict(theirs["variants"])
    columns = {"case": "journey", "activity": "activity", "start": "start_at"}
    same(process_map(log_file(path, **columns)), theirs)
    assert len(theirs["variants"]) > 50


def test_cases_last_from_the_first_start_and_pm4pys_from_the_first_end(made, pm4py):
    """The difference of each is how long what ended first took to end, from the first start."""
    columns = {"case": "case_id", "activity": "activity", "start": "start", "end": "end"}
    theirs = pm4py(MAP, made, *columns.values())["hours"]
    rows = pyarrow.csv.read_csv(made)
    first, ended, last = (
        rows.group_by("case_id").aggregate([(name, how)]).sort_by("case_id")[f"{name}_{how}"]
        .cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() / 3.6e9
        for name, how in (("start", "min"), ("end", "min"), ("end", "max"))
    )  # fmt: skip
    assert sorted(theirs) == pytest.approx(sorted(last - ended), abs=1e-6)
    found = process_map(log_file(made, **columns)).durations
    assert found["mean_hours"] == pytest.approx((last - first).mean(), abs=1e-6)
    apart = found["mean_hours"] - np.mean(theirs)
    assert apart == pytest.approx((ended - first).mean(), abs=1e-6)
    assert apart > 0.1


OVERLAPPING = """case,what,start,end
1,long,2024-07-01T09:00:00Z,2024-07-01T17:00:00Z
1,short,2024-07-01T10:00:00Z,2024-07-01T11:00:00Z
1,after,2024-07-01T18:00:00Z,2024-07-01T19:00:00Z
2,one,2024-07-01T09:00:00Z,2024-07-01T17:00:00Z
2,other,2024-07-01T10:00:00Z,2024-07-01T17:30:00Z
3,one,2024-07-01T09:00:00Z,2024-07-01T17:00:00Z
3,other,2024-07-01T18:00:00Z,2024-07-01T19:00:00Z
"""


def test_of_activities_that_overlap_pm4py_puts_first_what_ends_first(pm4py, tmp_path):
    """And an overlap of seven hours is to it a wait of seven hours below nought."""
    path = tmp_path / "log.csv"
    path.write_text(OVERLAPPING)
    theirs = pm4py(MAP, path, "case", "what", "start", "end")
    assert dict(theirs["variants"]) == {"short > long > after": 1, "one > other": 2}
    assert ["one", "other", 3600 * (1 - 7) / 2, 3600 * (1 - 7) / 2] in theirs["waits"]
    log = log_file(path, case="case", activity="what", start="start", end="end")
    assert ways_of(log) == {"long > short > after": 1, "one > other": 2}
    arcs = {row["from"]: row for row in process_map(log).rows.to_pylist() if row["to"]}
    one, long = arcs["one"], arcs["long"]
    assert (one["to"], one["waits"], one["wait_mean_hours"]) == ("other", 1, 1.0)
    assert (one["overlaps"], one["overlap_mean_hours"]) == (1, 7.0)
    assert (long["to"], long["overlaps"], long["overlap_mean_hours"]) == ("short", 1, 7.0)


def test_the_map_of_a_log_with_begin_and_end_is_pm4pys(made, pm4py):
    columns = {"case": "case_id", "activity": "activity", "start": "start", "end": "end"}
    theirs = pm4py(MAP, made, *columns.values())
    log = log_file(made, **columns)
    same(process_map(log), theirs)
    assert ways_of(log) == dict(map(tuple, theirs["variants"]))


TREE = (
    "->( 'ER Registration', 'ER Triage', 'ER Sepsis Triage', "
    "X( tau, *( X( 'Leucocytes', 'CRP', 'LacticAcid' ), tau ) ), X( 'IV Liquid', tau ), "
    "'IV Antibiotics', X( 'Admission NC', 'Admission IC' ) )"
)

STEPS = (
    Step(("ER Registration",)),
    Step(("ER Triage",)),
    Step(("ER Sepsis Triage",)),
    Step(("Leucocytes", "CRP", "LacticAcid"), optional=True, repeats=True),
    Step(("IV Liquid",), optional=True),
    Step(("IV Antibiotics",)),
    Step(("Admission NC", "Admission IC")),
)
"""The same pathway, in our words."""


def test_the_fitness_of_every_way_is_that_of_pm4pys_optimal_alignment(sepsis, pm4py):
    """The ways of at most 16 activities, for pm4py takes long with longer ones."""
    theirs = pm4py(ALIGN, sepsis, "case_id", "activity", "timestamp", "timestamp", TREE)
    assert len(theirs) > 500
    names = sorted({name for way, _ in theirs for name in way})
    codes = {name: code for code, name in enumerate(names)}
    steps = [
        Meant(frozenset(codes[name] for name in step.of), step.optional, step.repeats)
        for step in STEPS
    ]
    for way, fitness in theirs:
        found = align([codes[name] for name in way], steps).fitness
        assert found == pytest.approx(fitness, abs=1e-9), way
