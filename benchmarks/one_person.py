"""One person's story: from a view that is worked out, from their events alone, and as a command.

    python benchmarks/one_person.py STORE.duckdb [--people 15] [--whole]

Prints medians of seconds and of processor seconds. Both ways must tell the same before either is
measured. Without --whole the store is not worked out, which takes long where it is large.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import wholeflow as wf
from wholeflow.governance.pseudonyms import show
from wholeflow.journeys.one_person import READS


def main() -> None:
    """Measure a store and print a line for each way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--people", type=int, default=15)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    with wf.open(options.store) as store:
        people = somebody(store, options.people)
        alone = [measured(lambda p=p: wf.journeys_of(wf.journeys(store), p)) for p in people]
        if options.whole:
            whole = wf.journeys(store)
            for name in READS:
                whole.query(f"SELECT 1 FROM {name} LIMIT 1")
            for person in people:
                told = str(wf.journeys_of(whole, person)[0])
                assert told == str(wf.journeys_of(wf.journeys(store), person)[0])
            say(
                "from a view worked out",
                [measured(lambda p=p: wf.journeys_of(whole, p)) for p in people],
            )
    say("from their events alone", alone)
    say("wholeflow journeys --person", [command(options.store, p) for p in people[:5]])
    print(f"others at work: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def somebody(store, many: int) -> list[str]:
    """Some people of the store, the same each time."""
    rows = store.query(
        "SELECT DISTINCT person FROM ledger.events WHERE person IS NOT NULL AND kind <> 'contact' "
        "ORDER BY person LIMIT 5000"
    )
    dice = random.Random(1)  # noqa: S311 - a choice of people needs no secret dice
    known = wf.journeys(store)
    chosen = dice.sample(rows["person"].to_pylist(), many)
    return [show(known.person_named(show(person))) for person in chosen]


def measured(work) -> tuple[float, float]:
    """Seconds and processor seconds of some work."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


def command(store: Path, person: str) -> tuple[float, float]:
    """Seconds and processor seconds of the whole process."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "wholeflow.cli", "journeys", str(store), "--person", person],
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"a measured process failed ({status})")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def say(what: str, found: list[tuple[float, float]]) -> None:
    """One way in words."""
    seconds, busy = (median(one) * 1000 for one in zip(*found, strict=True))
    print(f"{what:30} {seconds:7.0f} ms  {busy:7.0f} processor ms")


if __name__ == "__main__":
    main()
