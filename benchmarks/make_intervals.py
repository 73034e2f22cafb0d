"""Made-up events for the benchmarks: people's cases as intervals at places, on a shared clock."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HOUR = 3_600_000_000
START = 1_672_531_200_000_000  # 1 January 2023
STEPS = 5
PLACES = ["GP", "Ambulance", "ED", "Assessment unit", "Ward", "Rehabilitation", "Home care"]


PART = 10_000_000
"""Rows that are drawn at once; a part has people, cases and events of its own."""


def write_intervals(path: Path, rows: int, seed: int = 7, *, places: int = 350) -> Path:
    """Write ``rows`` intervals of cases of five steps each; the same seed, the same rows.

    ``places`` is how many places there are in all, seven kinds or more.
    """
    sites = -(-places // len(PLACES))
    with pq.ParquetWriter(path, intervals(0, seed).schema) as writer:
        for number, first in enumerate(range(0, rows, PART)):
            table = intervals(min(PART, rows - first), seed + 1000 * number, first, sites)
            writer.write_table(table, row_group_size=500_000)
    return path


def intervals(rows: int, seed: int, first: int = 0, sites: int = 50) -> pa.Table:
    """Intervals whose events, cases and people are numbered from ``first``.

    Each of ``sites`` sites has a place of every kind.
    """
    draw = np.random.default_rng(seed)
    cases = -(-rows // STEPS)
    begin = START + draw.integers(0, 2 * 365 * 24, cases)[:, None] * HOUR
    lengths = (draw.gamma(1.2, 6.0, (cases, STEPS)) * HOUR).astype(np.int64) + 60_000_000
    ends = begin + np.cumsum(lengths, axis=1)
    starts = ends - lengths
    place = draw.integers(0, len(PLACES), (cases, STEPS))
    site = draw.integers(0, sites, (cases, 1))
    names = np.array([f"{p} {s}" for p in PLACES for s in range(sites)])
    return pa.table(
        {
            "event_id": first + np.arange(cases * STEPS)[:rows],
            "case_id": first + np.repeat(np.arange(cases), STEPS)[:rows],
            "person_id": first + np.repeat(draw.integers(0, cases // 3 + 1, cases), STEPS)[:rows],
            "location": names[(place * sites + site).ravel()][:rows],
            "activity": np.array(PLACES)[place.ravel()][:rows],
            "start": pa.array(starts.ravel()[:rows], pa.timestamp("us", tz="UTC")),
            "end": pa.array(ends.ravel()[:rows], pa.timestamp("us", tz="UTC")),
        }
    )
