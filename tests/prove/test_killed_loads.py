"""Proof: killed at 200 random instants, a load leaves its store as it was before or after it.

Two loads, one whose changes all go through the log of changes and one so large that DuckDB
writes its rows into the file beforehand; half of the instants are spread over the whole run,
half over its last part, where it takes effect. Migrations are killed at 40 more.

Each instant is noted in ``results/`` when it is over, so that a proof that was stopped goes on
where it was. Notes of other code of the store, or of another DuckDB, are done again.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest
from tests.e2e import killing
from tests.e2e.killing import Killed, When

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="instants are told by /proc (Linux)"),
]

RESULTS = Path(__file__).with_name("results")
STORE = Path(__file__).parents[2] / "src/wholeflow/store"
LAST_PART = 0.75
OVER = 1.05
"""Some instants lie after the end, for the work of a load varies."""

PAUSE = 0.02
"""Seconds: while a process waits for the disk it does no work, and is to be killed then too."""

Instant = tuple[float, float]
"""A share of the work, and seconds after that."""


def instants(count: int, seed: int) -> list[Instant]:
    """Instants of a run: half anywhere, half in its last part."""
    drawn = random.Random(seed)  # noqa: S311
    starts = [0.0] * (count // 2) + [LAST_PART] * (count - count // 2)
    return [(drawn.uniform(start, OVER), drawn.uniform(0, PAUSE)) for start in starts]


def code() -> str:
    """Tells versions of the store's code apart."""
    files = sorted([*STORE.glob("*.py"), *STORE.glob("upgrades/*.sql")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def proof(name: str, when: list[Instant], kill: Callable[[When], Killed]) -> list[Killed]:
    """Kill at each instant that is not noted yet; all that is noted."""
    path = RESULTS / f"{name}.jsonl"
    made_with = json.dumps({"code": code(), "duckdb": duckdb.__version__, "instants": len(when)})
    noted = path.read_text("utf-8").splitlines() if path.exists() else []
    if noted[:1] != [made_with]:
        noted = [made_with]
        path.write_text(made_with + "\n", "utf-8")
    for instant in when[len(noted) - 1 :]:
        noted.append(json.dumps(asdict(kill(killing.after(*instant)))))
        with path.open("a", encoding="utf-8") as file:
            file.write(noted[-1] + "\n")
    return [Killed(**json.loads(line)) for line in noted[1:]]


@pytest.mark.parametrize(("rows", "count", "seed"), [(20_000, 100, 1), (80_000, 100, 2)])
def test_a_load_killed_at_any_instant_leaves_the_store_whole(rows, count, seed, tmp_path):
    ground = killing.prepare(tmp_path, rows)
    found = proof(
        f"killed_loads_{rows}",
        instants(count, seed),
        lambda when: killing.kill_a_load(ground, when, "killed"),
    )
    assert len(found) == count
    assert [one for one in found if not one.is_sound] == []
    phases = Counter(one.phase for one in found)
    assert min(phases["before"], phases["within"], phases["after"]) >= 5, phases
    assert sum(one.left_a_log for one in found) >= 3  # some fell while it took effect


def test_a_migration_killed_at_any_instant_leaves_the_store_whole(tmp_path):
    ground = killing.prepare_old(tmp_path)
    found = proof(
        "killed_migrations",
        instants(40, 3),
        lambda when: killing.kill_a_migration(ground, when, "killed"),
    )
    assert len(found) == 40
    assert [one for one in found if not one.is_sound] == []
    phases = Counter(one.phase for one in found)
    assert min(phases["within"], phases["after"]) >= 3, phases
