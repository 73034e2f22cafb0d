"""Laws of maps, ways and pathways: what must hold for any records."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spec.tables import KEY

import wholeflow as wf
from wholeflow.core.time import HOUR
from wholeflow.diagnosis import (
    LogFile,
    Pathway,
    Step,
    conform,
    log_file,
    process_map,
    variants,
)
from wholeflow.diagnosis.alignment import AGAIN, COST, DONE, EXTRA, Meant, align
from wholeflow.diagnosis.ways import journeys_of_arcs
from wholeflow.journeys import Journeys, journeys
from wholeflow.store import open_store

BEGIN = 1_719_820_800_000_000  # 1 July 2024, 09:00

Row = dict[str, Any]


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Cases of a few activities each, with begin and end; ties and overlaps too."""
    rows = []
    for case in range(draw(st.integers(1, 6))):
        for _ in range(draw(st.integers(1, 6))):
            start = draw(st.integers(0, 40))
            length = draw(st.integers(0, 12))
            rows.append(
                {
                    "case": f"case {case}",
                    "what": draw(st.sampled_from(["A", "B", "C"])),
                    "start": BEGIN + start * HOUR,
                    "end": BEGIN + (start + length) * HOUR,
                }
            )
    return rows


def in_file(rows: list[Row], path: Any) -> LogFile:
    """The rows as one log file."""
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows)
    for name in ("start", "end"):
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us", tz="UTC")))
    pq.write_table(table, path)
    return log_file(path, case="case", activity="what", start="start", end="end")


def in_store(rows: list[Row]) -> Journeys:
    """The same rows as stays of a store, whose arrival names the activity."""
    events = []
    for number, row in enumerate(rows):
        stay = {
            "person": row["case"], "need": row["case"], "ref": f"{number}",
            "place": f"at {row['what']}", "sequence": number,
        }  # fmt: skip
        events.append({**stay, "at": row["start"], "kind": "arrived", "activity": row["what"]})
        events.append({**stay, "at": row["end"], "kind": "left"})
    store = open_store()
    wf.load(store, wf.EventLog.from_rows("book", events=events), key=KEY)
    return journeys(store)


def arcs_of(found: Any) -> dict[tuple[str | None, str | None], tuple[Any, ...]]:
    """Each arc with its figures; how journeys stopped and people aside."""
    names = ("times", "journeys", "waits", "wait_mean_hours", "wait_p50_hours", "wait_p90_hours",
             "overlaps", "overlap_mean_hours")  # fmt: skip
    return {
        (row["from"], row["to"]): tuple(
            round(row[name], 6) if isinstance(row[name], float) else row[name] for name in names
        )
        for row in found.rows.to_pylist()
    }


def naive(rows: list[Row]) -> dict[tuple[str | None, str | None], tuple[int, int, int, int]]:
    """Times, cases, waits and overlaps of each arc, worked out slowly and plainly."""
    cases = defaultdict(list)
    for row in rows:
        cases[row["case"]].append(row)
    found: dict[Any, list[Any]] = defaultdict(lambda: [0, set(), 0, 0])
    for name, own in cases.items():
        own.sort(key=lambda row: row["start"])  # a sort that keeps the order of ties
        names = [None, *(row["what"] for row in own), None]
        for turn in range(len(names) - 1):
            arc = found[names[turn], names[turn + 1]]
            arc[0] += 1
            arc[1].add(name)
            if 0 < turn < len(own):
                apart = own[turn]["start"] - own[turn - 1]["end"]
                arc[2 if apart >= 0 else 3] += 1
    return {arc: (n, len(own), waits, overlaps) for arc, (n, own, waits, overlaps) in found.items()}


@settings(max_examples=20)
@given(rows=logs())
def test_a_map_is_what_following_each_case_by_hand_gives(rows, tmp_path_factory):
    found = arcs_of(process_map(in_file(rows, tmp_path_factory.mktemp("log") / "log.parquet")))
    assert {arc: (f[0], f[1], f[2], f[6]) for arc, f in found.items()} == naive(rows)


@pytest.mark.slow
@settings(max_examples=12)
@given(rows=logs())
def test_a_store_and_a_file_of_the_same_rows_have_one_map(rows, tmp_path_factory):
    log = in_file(rows, tmp_path_factory.mktemp("log") / "log.parquet")
    view = in_store(rows)
    stored, filed = process_map(view, "activities"), process_map(log)
    assert arcs_of(stored) == arcs_of(filed)
    assert stored.durations == pytest.approx(filed.durations)
    ways, cases = variants(view), variants(log)
    assert (ways.count, ways.journeys, ways.for_most) == (
        cases.count,
        cases.journeys,
        cases.for_most,
    )


@settings(max_examples=20)
@given(rows=logs())
def test_whoever_comes_to_an_activity_goes_on_from_it(rows, tmp_path_factory):
    """At each activity as many arcs come in as go out: as many as it has rows."""
    found = process_map(in_file(rows, tmp_path_factory.mktemp("log") / "log.parquet"))
    came, went = Counter[str | None](), Counter[str | None]()
    for row in found.rows.to_pylist():
        came[row["to"]] += row["times"]
        went[row["from"]] += row["times"]
        assert row["waits"] + row["overlaps"] == (row["times"] if row["end"] == "between" else 0)
        assert row["wait_mean_hours"] is None or row["wait_mean_hours"] >= 0
    rows_of = Counter(row["what"] for row in rows)
    cases = len({row["case"] for row in rows})
    assert came == {**rows_of, None: cases}
    assert went == came


@settings(max_examples=20)
@given(rows=logs(), seed=st.randoms(use_true_random=False))
def test_other_names_and_another_order_of_cases_change_nothing(rows, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    names = sorted({row["case"] for row in rows})
    other = dict(zip(names, seed.sample(range(1000), len(names)), strict=True))
    renamed = sorted(
        ({**row, "case": f"{other[row['case']]:03d}"} for row in rows), key=lambda row: row["case"]
    )
    one, two = (in_file(some, folder / f"{n}.parquet") for n, some in enumerate((rows, renamed)))
    assert arcs_of(process_map(one)) == arcs_of(process_map(two))
    assert variants(one).as_dict() == variants(two).as_dict()


ways = st.lists(
    st.tuples(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.integers(1, 50)),
    min_size=1, max_size=8, unique_by=lambda way: tuple(way[0]),
)  # fmt: skip


@given(ways)
def test_journeys_of_an_arc_are_those_of_the_ways_that_have_it(counted):
    wanted: Counter[tuple[int, int]] = Counter()
    for way, journeys_of_way in counted:
        for arc in {*zip([-1, *way], [*way, -1], strict=True)}:
            wanted[arc] += journeys_of_way
    packed = [[(turn + 1) * 2**32 + code for turn, code in enumerate(way)] for way, _ in counted]
    found = journeys_of_arcs(
        pa.chunked_array([packed]), np.array([journeys_of_way for _, journeys_of_way in counted])
    )
    assert found == wanted


# Pathways


@st.composite
def pathways(draw: st.DrawFn) -> list[Meant]:
    codes = st.frozensets(st.integers(0, 4), min_size=1, max_size=2)
    return draw(
        st.lists(st.builds(Meant, codes, st.booleans(), st.booleans()), min_size=1, max_size=5)
    )


traces = st.lists(st.integers(0, 5), max_size=7)


@st.composite
def as_designed(draw: st.DrawFn, steps: list[Meant]) -> list[int]:
    """A trace that the pathway means: optional steps or not, repeated ones once or more."""
    trace = []
    for step in steps:
        if step.optional and draw(st.booleans()):
            continue
        times = draw(st.integers(1, 3)) if step.repeats else 1
        trace += [draw(st.sampled_from(sorted(step.codes))) for _ in range(times)]
    return trace


@given(st.data())
def test_fitness_is_1_on_designed_traces(data):
    steps = data.draw(pathways())
    trace = data.draw(as_designed(steps))
    aligned = align(trace, steps)
    assert (aligned.fitness, aligned.cost) == (1.0, 0)


def least(trace: tuple[int, ...], steps: tuple[Meant, ...]) -> int:
    """The least cost by trying everything."""

    @cache
    def cost(event: int, step: int, is_in: bool) -> int:
        """From an event and a step on; ``is_in``: the step before has just been done."""
        ways = []
        if event < len(trace):
            ways.append(1 + cost(event + 1, step, is_in))
            if is_in and steps[step - 1].repeats and trace[event] in steps[step - 1].codes:
                ways.append(cost(event + 1, step, True))
            if step < len(steps) and trace[event] in steps[step].codes:
                ways.append(cost(event + 1, step + 1, True))
        if step < len(steps):
            ways.append((not steps[step].optional) + cost(event, step + 1, False))
        return min(ways, default=0)

    return cost(0, 0, False)


@given(traces, pathways())
def test_no_alignment_costs_less_than_the_one_found(trace, steps):
    aligned = align(trace, steps)
    assert aligned.cost == least(tuple(trace), tuple(steps))
    assert aligned.worst == len(trace) + sum(not step.optional for step in steps)
    assert 0 <= aligned.fitness <= 1


@given(traces, pathways())
def test_an_alignment_reads_every_event_and_every_step_once_and_in_order(trace, steps):
    moves = align(trace, steps).moves
    assert [m.event for m in moves if m.event is not None] == list(range(len(trace)))
    once = [m.step for m in moves if m.step is not None and m.kind != AGAIN]
    assert once == list(range(len(steps)))
    for move in moves:
        if move.kind in (DONE, AGAIN):
            assert trace[move.event] in steps[move.step].codes
    assert sum(COST[move.kind] for move in moves) == align(trace, steps).cost


@given(st.integers(2, 9), st.data())
def test_fitness_falls_with_every_deviation_that_is_injected(length, data):
    """Steps left out, foreign events put in, and neighbours exchanged, one after the other."""
    steps = [Meant(frozenset({code})) for code in range(length)]
    trace, before = list(range(length)), 1.0
    untouched = set(range(length))
    for _ in range(data.draw(st.integers(1, length))):
        kinds = ["foreign"]
        kinds += ["skip"] if len(untouched) > 1 else []
        pairs = [c for c in untouched if c + 1 in untouched]
        kinds += ["exchange"] if pairs else []
        kind = data.draw(st.sampled_from(kinds))
        if kind == "foreign":
            trace.insert(data.draw(st.integers(0, len(trace))), 99)
        elif kind == "skip":
            code = data.draw(st.sampled_from(sorted(untouched)))
            trace.remove(code)
            untouched.discard(code)
        else:
            code = data.draw(st.sampled_from(sorted(pairs)))
            one, other = trace.index(code), trace.index(code + 1)
            trace[one], trace[other] = trace[other], trace[one]
            untouched -= {code, code + 1}
        after = align(trace, steps).fitness
        assert after < before
        before = after


DEVIATING = {
    "A B C D E": 1,
    "A X B C D E": 1 - 1 / (6 + 5),  # a foreign event
    "A X B D E": 1 - 2 / (5 + 5),  # and C left out
    "A X B E D": 1 - 4 / (5 + 5),  # and neighbours exchanged
    "A X B E D X": 1 - 5 / (6 + 5),  # and another foreign event
    "X B E D X": 1 - 6 / (5 + 5),  # and A left out
}
"""Ways with one deviation more each, and the fitness of each by the formula of rule §33."""


def test_journeys_of_a_store_fit_as_designed_and_less_with_each_deviation():
    rows = [
        {"case": way, "what": what, "start": BEGIN + turn * HOUR, "end": BEGIN + turn * HOUR + 1}
        for way in DEVIATING
        for turn, what in enumerate(way.split())
    ]
    pathway = Pathway("As designed", "activities", tuple(Step((name,)) for name in "ABCDE"))
    found = conform(in_store(rows), pathway)
    fitness = sorted(found.each["fitness"].to_pylist(), reverse=True)
    assert fitness == pytest.approx(list(DEVIATING.values()))
    assert len(set(fitness)) == len(DEVIATING)
    assert found.every.as_meant == 1


@given(traces, pathways())
def test_an_event_that_no_step_means_never_helps(trace, steps):
    assert align([*trace, 99], steps).fitness <= align(trace, steps).fitness
    assert align([*trace, 99], steps).moves[-1].kind == EXTRA
