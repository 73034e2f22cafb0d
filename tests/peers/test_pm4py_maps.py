"""pm4py finds the same map, the same variants and the same alignments.

It is AGPL: it lives in an environment of its own, ``pm4py`` beside ``bin`` of this one, and runs
in a process of its own. Where it differs: without a time zone it takes local times as they
stand, so that waits across a change of the clocks are an hour out (so do we without --zone); its
durations of cases go from the first end to the last end, ours from the first start.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

import wholeflow as wf
from wholeflow.diagnosis import Step, log_file, process_map
from wholeflow.diagnosis.alignment import Meant, align
from wholeflow.diagnosis.ways import words
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import journeys

pytestmark = [pytest.mark.peers, pytest.mark.slow]

READ = """
import json, sys, pandas, pm4py
path, case, activity, start, end = sys.argv[1:6]
log = pandas.read_csv(path, keep_default_na=False, dtype=str)  # a case may be called NA
for column in {start, end}:
    log[column] = pandas.to_datetime(log[column], utc=True)
names = {case: "case:concept:name", activity: "concept:name", end: "time:timestamp"}
log = log.rename(columns={**names, **({start: "start_timestamp"} if start != end else {})})
log = pm4py.format_dataframe(log, case_id="case:concept:name", activity_key="concept:name",
    timestamp_key="time:timestamp", start_timestamp_key="start_timestamp")
"""

MAP = """
arcs, starts, ends = pm4py.discover_dfg(log)
times, _, _ = pm4py.discover_performance_dfg(log)
variants = pm4py.get_variants(log)
print(json.dumps({"arcs": [[*arc, n] for arc, n in arcs.items()], "starts": starts, "ends": ends,
    "waits": [[*arc, t["mean"], t["median"]] for arc, t in times.items()],
    "variants": [[" > ".join(way), n] for way, n in variants.items()]}, default=float))
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
def pm4py():
    python = Path(sys.prefix) / "pm4py/bin/python"
    if not python.exists():
        pytest.skip("pm4py is not installed in an environment of its own")

    def run(script, *arguments):
        command = [python, "-c", READ + script, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def sepsis(shared):
    return shared / "data/sepsis/sepsis.csv.gz"


@pytest.fixture(scope="module")
def made(shared, tmp_path_factory):
    """The made-up log of a whole system, 99,992 rows with begin and end, as CSV."""
    folder = tmp_path_factory.mktemp("made")
    script = shared / "data/bench/make_events.py"
    subprocess.run([sys.executable, script, "1e5", folder], check=True, capture_output=True)
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


def test_the_map_of_a_log_with_begin_and_end_is_pm4pys(made, pm4py):
    columns = {"case": "case_id", "activity": "activity", "start": "start", "end": "end"}
    theirs = pm4py(MAP, made, *columns.values())
    log = log_file(made, **columns)
    same(process_map(log), theirs)
    assert ways_of(log) == dict(map(tuple, theirs["variants"]))
    assert (len(theirs["arcs"]), len(theirs["variants"])) == (57, 3779)


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
