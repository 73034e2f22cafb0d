"""The report of a large store: for use inside, and for publication by a policy.

    python benchmarks/report.py [--stays 1e6] [--keep FOLDER] [--json]

The stays are made up (make_intervals.py). Each page is a process of its own, which opens the
store, works out its journeys, checks and measures, and writes the page, as ``wholeflow report``
does.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from journeys import made_up

MEASURED = """
import json, os, resource, sys, time
begin = time.perf_counter()
import wholeflow as wf
store, out, policy = sys.argv[1:]
with wf.open(store) as opened:
    page = wf.report(opened, out, policy=policy)
spent = os.times()
print(json.dumps({
    "seconds": time.perf_counter() - begin, "processor_seconds": spent.user + spent.system,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "page_kb": page.stat().st_size / 1024,
}))
"""


def main() -> None:
    """Time a page for each policy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stays", type=float, default=1e6)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        store = made_up(options.keep or Path(temporary), int(2 * options.stays))
        for policy in ("", "hes"):
            busy = os.getloadavg()[0]
            command = [sys.executable, "-c", MEASURED, store, Path(temporary) / "p.html", policy]
            said = subprocess.run(command, capture_output=True, check=True).stdout
            told = {"policy": policy or "internal", "others_at_work": busy, **json.loads(said)}
            words = ", ".join(
                f"{name} {value:,.1f}" if isinstance(value, float) else str(value)
                for name, value in told.items()
            )
            print(json.dumps(told) if options.json else words, flush=True)


if __name__ == "__main__":
    main()
