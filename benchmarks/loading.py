"""Loading at scale: seconds, processor seconds and peak memory of a whole process, by size.

    python benchmarks/loading.py [EVENTS.parquet ...] [--csv] [--rows 1e5 1e6 1e7] [--json]

Each size is loaded into a new store by a process of its own, from the start of Python to
the closed store. Beside it stands the floor: DuckDB alone, which copies the same file into
a table of a new database and neither checks, translates, hashes nor judges anything.
EVENTS.parquet has event_id, case_id, person_id, location, activity, start, end; without
a file, made-up ones are written first (make_intervals.py). With --csv the rows are written
as CSV before they are loaded. Add --rows 1e8 where there are 30 GB of disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

HERE = Path(__file__).parent
ZONE = "Europe/London"
SIZES = (1e5, 1e6, 1e7)

LOAD = """
import sys
import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
with wf.open(sys.argv[2]) as store:
    print(wf.load(store, wf.read(sys.argv[1], mapping=sys.argv[3]), key=Key(b"0" * 32)).read)
"""

FLOOR = """
import sys
import duckdb
with duckdb.connect(sys.argv[2]) as database:
    database.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    database.execute("CREATE TABLE events AS SELECT * FROM '" + sys.argv[1] + "'")
    print(database.execute("SELECT count(*) FROM events").fetchone()[0])
"""


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=Path, nargs="*")
    parser.add_argument("--rows", type=float, nargs="*", default=SIZES)
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for source in options.events or [int(rows) for rows in options.rows]:
        with tempfile.TemporaryDirectory() as name:
            measured = measure(source, Path(name), as_csv=options.csv)
        found.append(measured)
        if not options.json:
            print(line(measured), flush=True)
    if options.json:
        print(json.dumps({"machine": machine(), "sizes": found}))


def measure(source: Path | int, folder: Path, *, as_csv: bool) -> dict[str, float]:
    """Load and copy one file, and how the two compare."""
    events = source if isinstance(source, Path) else made_up(folder, source)
    if as_csv:
        events = written_as_csv(events, folder / "events.csv")
    busy = os.getloadavg()[0]
    loaded = process(LOAD, events, folder / "place.duckdb", HERE / "intervals.toml")
    floor = process(FLOOR, events, folder / "floor.duckdb")
    if loaded["rows"] != floor["rows"]:
        raise SystemExit(f"read {loaded['rows']:,} rows, and DuckDB {floor['rows']:,}")
    return {
        **loaded,
        "floor_seconds": floor["seconds"],
        "ratio": loaded["seconds"] / floor["seconds"],
        "megabytes_read": events.stat().st_size / 1e6,
        "megabytes_stored": (folder / "place.duckdb").stat().st_size / 1e6,
        "others_at_work": busy,
    }


def process(script: str, *arguments: Path) -> dict[str, float]:
    """What a process of its own took: rows, seconds, processor seconds, peak memory."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    said = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"a measured process failed ({status})")
    return {
        "rows": int(said),
        "seconds": time.perf_counter() - start,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }


def made_up(folder: Path, rows: int) -> Path:
    """A file of made-up events."""
    from make_intervals import write_intervals

    return write_intervals(folder / "events.parquet", rows)


def written_as_csv(events: Path, to: Path) -> Path:
    """The events as CSV, their times as local time to the second."""
    source = pq.ParquetFile(events)
    writer = None
    for batch in source.iter_batches(batch_size=500_000):
        rows = pa.table(batch)
        for name in ("start", "end"):
            at = rows.column_names.index(name)
            rows = rows.set_column(at, name, _local(rows[name]))
        writer = writer or pacsv.CSVWriter(to, rows.schema)
        writer.write_table(rows)
    if writer:
        writer.close()
    return to


def _local(times: pa.ChunkedArray) -> pa.ChunkedArray:
    if times.type.tz:
        times = pc.local_timestamp(times.cast(pa.timestamp("us", ZONE)))
    return pc.strftime(times.cast(pa.timestamp("s"), safe=False), "%Y-%m-%d %H:%M:%S")


def machine() -> dict[str, str | int]:
    """Where and with what this was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "cores": os.cpu_count() or 0,
        "memory_gib": memory,
        "python": sys.version.split()[0],
        "duckdb": duckdb.__version__,
        "pyarrow": pa.__version__,
    }


def line(one: dict[str, float]) -> str:
    """One size in words."""
    return (
        f"{one['rows']:>12,} rows  {one['seconds']:7.1f} s  "
        f"{one['processor_seconds']:7.1f} processor s  {one['peak_mb']:6,.0f} MB  "
        f"DuckDB alone {one['floor_seconds']:6.1f} s ({one['ratio']:.1f} times)  "
        f"others at work {one['others_at_work']:.1f}"
    )


if __name__ == "__main__":
    main()
