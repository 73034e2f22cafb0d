"""Stays, handoffs, journeys, the map, variants and the census of a large store, by operator.

    python benchmarks/journeys.py [--events 1e6 1e7] [--keep FOLDER] [--json]

The events are made up (make_intervals.py): intervals at 30 places, each an arrival and a
departure, so that half as many rows are loaded as there are events. Each size is a process of
its own, which opens a store that is there and works everything out as ``wholeflow`` does; the
exact quantiles of waits at handoffs are those of the map. With --keep the stores stay in a
folder and are used again.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys

HERE = Path(__file__).parent
PLACES = 35
"""Seven kinds of place at five sites; the target speaks of 30 places."""

WANTED = ("stays", "handoffs", "journeys", "census", "transitions", "variants")
"""The derived tables that are asked for; what they rest on is worked out on the way."""


def main() -> None:
    """Measure each size and print what every operator took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=float, nargs="*", default=(1e6, 1e7))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        print(json.dumps(worked_out(options.store)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for events in options.events:
            store = made_up(options.keep or Path(temporary), int(events))
            busy = os.getloadavg()[0]
            said = subprocess.run(
                [sys.executable, __file__, "--store", store], capture_output=True, check=True
            ).stdout
            told = {"events": int(events), "others_at_work": busy, **json.loads(said)}
            print(json.dumps(told) if options.json else lines(told), flush=True)


def made_up(folder: Path, events: int) -> Path:
    """A store of so many made-up events."""
    from make_intervals import write_intervals

    store = folder / f"{events}.duckdb"
    if not store.exists():
        log = folder / "events.parquet"
        write_intervals(log, events // 2, places=PLACES)
        with wf.open(store) as opened:
            wf.load(opened, wf.read(log, mapping=HERE / "intervals.toml"), key=Key(b"0" * 32))
        log.unlink()
    return store


def worked_out(path: Path) -> dict[str, object]:
    """Seconds, processor seconds and peak memory of every operator, and of all."""
    steps: dict[str, dict[str, float]] = {}
    put = Journeys._put

    def timed(view: Journeys, name: str, body: str, *, adds: bool = False) -> None:
        """Make or add to a table, and add up what it takes over the buckets of people."""
        begin, before = time.perf_counter(), processor()
        put(view, name, body, adds=adds)
        step = steps.setdefault(name, {"operator": name, "seconds": 0.0, "processor_seconds": 0.0})
        step["seconds"] += time.perf_counter() - begin
        step["processor_seconds"] += processor() - before
        step["peak_mb"] = peak()

    Journeys._put = timed
    start, used = time.perf_counter(), processor()
    with wf.open(path) as store:
        view = wf.journeys(store)
        for name in WANTED:
            view.query(f"SELECT count(*) FROM {name}")
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": processor() - used,
        "peak_mb": peak(),
        "steps": list(steps.values()),
    }


def processor() -> float:
    """Seconds of all cores that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lines(told: dict) -> str:
    """One size in words, the operators that took longest first."""
    slow = sorted(told["steps"], key=lambda step: -step["seconds"])
    steps = [
        f"  {step['operator']:20} {step['seconds']:6.1f} s "
        f"{step['processor_seconds']:7.1f} processor s   peak so far {step['peak_mb']:6,.0f} MB"
        for step in slow
        if step["seconds"] >= 0.05
    ]
    whole = (
        f"{told['events']:,} events: {told['seconds']:.1f} s, "
        f"{told['processor_seconds']:.1f} processor s, {told['peak_mb']:,.0f} MB; "
        f"others at work {told['others_at_work']:.1f}"
    )
    return "\n".join([whole, *steps])


if __name__ == "__main__":
    main()
