"""One log file to its map, its variants and its durations: what the whole process takes, by size.

    python benchmarks/process_maps.py [EVENTS.parquet ...] [--rows 1e5 1e6 1e7] [--json]
                                      [--pm4py PYTHON] [--times 3]

Each size is a process of its own, ``wholeflow map EVENTS.parquet``, from the start of Python to
the printed answer. EVENTS.parquet has case_id, activity, start and end; without a file, made-up
ones are written first (make_intervals.py). With --pm4py the Python of an environment that has
pm4py and pyarrow does the same by turns (it is AGPL and never part of ours): the answers must
be the same, and the ratio of the medians is told.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1e5, 1e6, 1e7)

OURS = ["-m", "wholeflow.cli", "map", "EVENTS", "--case", "case_id", "--activity", "activity",
        "--start", "start", "--end", "end", "--json"]  # fmt: skip

PM4PY = """
import json, sys, pandas, pm4py
columns = ["case_id", "activity", "start", "end"]
log = pandas.read_parquet(sys.argv[1], columns=columns)
log["case_id"] = log["case_id"].astype(str)
log.columns = ["case:concept:name", "concept:name", "start_timestamp", "time:timestamp"]
log = pm4py.format_dataframe(log, start_timestamp_key="start_timestamp")
arcs, _, _ = pm4py.discover_dfg(log)
pm4py.discover_performance_dfg(log)
variants = pm4py.get_variants(log)
print(json.dumps([sorted([*arc, n] for arc, n in arcs.items()), len(variants)]))
"""


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=Path, nargs="*")
    parser.add_argument("--rows", type=float, nargs="*", default=SIZES)
    parser.add_argument("--pm4py", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for source in options.events or [int(rows) for rows in options.rows]:
        with tempfile.TemporaryDirectory() as name:
            measured = measure(source, Path(name), options.times, options.pm4py)
        found.append(measured)
        if not options.json:
            print(line(measured), flush=True)
    if options.json:
        print(json.dumps({"machine": machine(), "sizes": found}))


def measure(source: Path | int, folder: Path, times: int, pm4py: Path | None) -> dict[str, float]:
    """Map one file several times, by turns with pm4py where it is there."""
    events = source if isinstance(source, Path) else made_up(folder, source)
    ours, theirs = [], []
    busy = os.getloadavg()[0]
    for _ in range(times):
        ours.append(process([sys.executable, *OURS], events))
        if pm4py:
            theirs.append(process([str(pm4py), "-c", PM4PY, "EVENTS"], events))
            same(ours[-1]["said"], theirs[-1]["said"])
    told = json.loads(ours[0]["said"])
    seconds = statistics.median(one["seconds"] for one in ours)
    peer = statistics.median(one["seconds"] for one in theirs) if theirs else None
    return {
        "rows": sum(row["times"] for row in told["rows"] if row["end"] != "entered"),
        "cases": told["journeys"],
        "variants": told["variants"]["variants"],
        "seconds": seconds,
        "fastest": min(one["seconds"] for one in ours),
        "slowest": max(one["seconds"] for one in ours),
        "processor_seconds": statistics.median(one["processor_seconds"] for one in ours),
        "peak_mb": max(one["peak_mb"] for one in ours),
        "pm4py_seconds": peer,
        "pm4py_peak_mb": max((one["peak_mb"] for one in theirs), default=None),
        "ratio": None if peer is None else peer / seconds,
        "others_at_work": busy,
    }


def process(command: list[str], events: Path) -> dict[str, float | str]:
    """What a process of its own took, and what it said."""
    command = [str(events) if word == "EVENTS" else word for word in command]
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    said = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"a measured process failed ({status}): {command[:3]}")
    return {
        "said": said.strip().splitlines()[-1],
        "seconds": time.perf_counter() - start,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }


def same(ours: str, theirs: str) -> None:
    """Refuse to compare what is not the same answer."""
    told, (arcs, variants) = json.loads(ours), json.loads(theirs)
    between = [row for row in told["rows"] if row["end"] == "between"]
    mine = sorted([row["from"], row["to"], row["times"]] for row in between)
    if mine != arcs or told["variants"]["variants"] != variants:
        raise SystemExit("pm4py finds another map, or other variants")


def made_up(folder: Path, rows: int) -> Path:
    """A file of made-up events."""
    from make_intervals import write_intervals

    return write_intervals(folder / "events.parquet", rows)


def machine() -> dict[str, str | int]:
    """Where and with what this was measured."""
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "cores": os.cpu_count() or 0,
        "memory_gib": memory,
        "python": sys.version.split()[0],
        "duckdb": duckdb.__version__,
    }


def line(one: dict[str, float]) -> str:
    """One size in words."""
    peer = ""
    if one["ratio"] is not None:
        peer = (
            f"  pm4py {one['pm4py_seconds']:6.1f} s ({one['ratio']:.1f} times), "
            f"{one['pm4py_peak_mb']:,.0f} MB"
        )
    return (
        f"{one['rows']:>12,} rows  {one['cases']:,} cases  {one['variants']:,} variants  "
        f"{one['seconds']:5.1f} s ({one['fastest']:.1f} to {one['slowest']:.1f})  "
        f"{one['processor_seconds']:5.1f} processor s  {one['peak_mb']:6,.0f} MB{peer}  "
        f"others at work {one['others_at_work']:.1f}"
    )


if __name__ == "__main__":
    main()
