"""One million events, Parquet to report: seconds and peak memory of each step.

    python benchmarks/million_events.py EVENTS.parquet [--json]

EVENTS.parquet has event_id, case_id, person_id, location, activity, start, end: one row for
each activity of a case. Without a file, made-up ones are written first (make_intervals.py).
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key

HERE = Path(__file__).parent


def main() -> None:
    """Run the steps and print what each took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        events = options.events or made_up(Path(folder), options.rows)
        steps = measured(events, Path(folder))
    if options.json:
        print(json.dumps(steps))
        return
    for name, step in steps.items():
        print(f"{name:10} {step['seconds']:6.1f} s   peak so far {step['peak_mb']:6,.0f} MB")


def made_up(folder: Path, rows: int) -> Path:
    """A file of made-up events."""
    from make_intervals import write_intervals

    return write_intervals(folder / "events.parquet", rows)


def measured(events: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Seconds of each step, and the peak memory of the process after it."""
    steps: dict[str, dict[str, float]] = {}

    def step(name: str, work):
        start = time.perf_counter()
        answer = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        steps[name] = {"seconds": time.perf_counter() - start, "peak_mb": peak}
        return answer

    store = wf.open(folder / "place.duckdb")
    reading = wf.read(events, mapping=HERE / "intervals.toml")
    books = step("load", lambda: wf.load(store, reading, key=Key(b"0" * 32)))
    seen = wf.journeys(store)
    step("journeys", lambda: seen.query("SELECT count(*) FROM journeys"))
    step("report", lambda: wf.report(seen, folder / "place.html", title="A million events"))
    store.close()
    total = sum(one["seconds"] for one in steps.values())
    peak = max(one["peak_mb"] for one in steps.values())
    steps["in all"] = {"seconds": total, "peak_mb": peak, "rows": books.read}
    return steps


if __name__ == "__main__":
    main()
