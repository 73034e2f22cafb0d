"""Loads and migrations that are killed at an instant, and what their store holds then.

The store holds a batch already; the load adds a second, from a file that takes a few seconds.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import wholeflow as wf
from wholeflow.governance.pseudonyms import read_key
from wholeflow.store import Store, open_store

MAPPING = """
source = "acute"
times = ["%Y-%m-%d %H:%M"]
place = [{ place = "Ward", setting = "ward" }]

[[file]]
feed = "stays"
match = ["*.csv"]
key = ["stay"]

[file.each]
person = { column = "patient" }
ref = { column = "stay" }
place = "Ward"

[[file.says]]
kind = "arrived"
at = { column = "came" }

[[file.says]]
kind = "left"
at = { column = "went" }
reason = { column = "why" }
"""


QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def rows(first: int, last: int) -> str:
    """Stays by number; one in a hundred has a time that nobody can read, and is rejected."""
    lines = ["stay,patient,came,went,why"]
    for n in range(first, last):
        day = f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
        went = "soon" if n % 100 == 7 else f"{day} {10 + n % 14:02d}:30"
        lines.append(f"s{n},p{n % (last // 3)},{day} 09:15,{went},why{n % 50}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Ground:
    """A folder with a store of one batch, a file to load into it, and what the two give."""

    folder: Path
    before: dict[str, tuple[int, int]]
    after: dict[str, tuple[int, int]]
    work: float
    """Seconds of the processor that the load takes when nobody kills it."""

    def command(self, store: Path) -> list[str]:
        """The command that loads the second batch."""
        second, mapping = self.folder / "second.csv", self.folder / "m.toml"
        return [
            sys.executable, "-m", "wholeflow.cli", "load",
            str(store), str(second), "--mapping", str(mapping),
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Where the command finds the key."""
        return {**os.environ, "WHOLEFLOW_KEY_FILE": str(self.folder / "key")}

    def copy(self, name: str) -> Path:
        """A copy of the store of one batch, in a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(self.folder / "first.duckdb", folder / "s.duckdb")
        return folder / "s.duckdb"

    def load_again(self, path: Path) -> None:
        """Load the second batch with nobody killing."""
        with open_store(path) as store:
            load(store, self.folder, "second.csv")

    def is_complete(self, path: Path) -> bool:
        """Whether a store holds both batches, however often they were loaded."""
        found = contents(path)
        return {**found, "batches": self.after["batches"]} == self.after and loaded(path) == loaded(
            self.folder / "both.duckdb"
        )


def load(store: Store, folder: Path, name: str) -> None:
    """Load a file of the ground."""
    reading = wf.read(folder / name, mapping=folder / "m.toml")
    wf.load(store, reading, key=read_key(folder / "key"))


def prepare(folder: Path, count: int) -> Ground:
    """A ground whose second batch has so many rows; the work of loading them."""
    (folder / "m.toml").write_text(MAPPING)
    (folder / "first.csv").write_text(rows(0, 2000))
    (folder / "second.csv").write_text(rows(1000, 1000 + count))
    with open_store(folder / "first.duckdb") as store:
        load(store, folder, "first.csv")
    ground = Ground(folder, contents(folder / "first.duckdb"), {}, 0)
    whole = ground.copy("whole")
    process = subprocess.Popen(ground.command(whole), env=ground.environment(), **QUIET)
    work = finish(process)
    shutil.copy(whole, folder / "both.duckdb")
    return Ground(folder, ground.before, contents(whole), work)


def finish(process: subprocess.Popen[Any]) -> float:
    """Let a process end; the seconds of the processor that it took."""
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


OF_THE_LOAD = {"batches": "* EXCLUDE (loaded_at)", "files": "* EXCLUDE (batch)"}
"""What is not of the records: the time of day of a load, and the last load that brought a file."""


def contents(path: Path) -> dict[str, tuple[int, int]]:
    """Every table of a store: how many rows, and a sum over what they hold.

    All but what is of the load and not of the records.
    """
    with open_store(path, must_exist=True) as store:
        found = {}
        for row in store.query(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT "
            "temporary ORDER BY ALL"
        ).to_pylist():
            columns = OF_THE_LOAD.get(row["table_name"], "*")
            said = store.query(
                f"SELECT count(*) AS n, CAST(coalesce(sum(hash(t)), 0) AS VARCHAR) AS total "
                f"FROM (SELECT {columns} FROM {row['schema_name']}.{row['table_name']}) AS t"
            ).to_pylist()[0]
            found[row["table_name"]] = (said["n"], int(said["total"]))
        return found


def loaded(path: Path) -> int:
    """The rows that all loads of a store have loaded, by its books."""
    with open_store(path, must_exist=True) as store:
        return int(store.query("SELECT sum(loaded) AS n FROM batches")["n"][0].as_py())


@dataclass(frozen=True)
class Killed:
    """What a process that was killed left."""

    share: float
    """How much of its work it had done, by the time of the processor that it had taken."""
    had_ended: bool
    held_the_store: bool
    left_a_log: bool
    store: str
    """``as before`` or ``as after``; else what it holds, which must not be."""
    again: str
    """``complete`` when doing it again gave the whole store and left nothing else."""

    @property
    def phase(self) -> str:
        """Killed before it had the store, within, or after its work had taken effect."""
        if self.store == "as after":
            return "after"
        return "within" if self.held_the_store else "before"

    @property
    def is_sound(self) -> bool:
        """Whether the store is whole."""
        return self.store in ("as before", "as after") and self.again == "complete"


When = Callable[[int, Path, float], bool]
"""Whether now is the instant: of a process, its store and the share of its work that is done."""


def kill_a_load(ground: Ground, when: When, name: str) -> Killed:
    """Kill a load at an instant; say what its store holds, then load again."""
    path = ground.copy(name)
    process = subprocess.Popen(ground.command(path), env=ground.environment(), **QUIET)
    share, held, had_ended = kill(process, path, when, ground.work)
    left_a_log = wal(path).exists()
    found = contents(path)
    store = {str(ground.before): "as before", str(ground.after): "as after"}.get(
        str(found), f"{found}"
    )
    ground.load_again(path)
    names = [file.name for file in path.parent.iterdir()]
    again = "complete" if ground.is_complete(path) and names == ["s.duckdb"] else f"{names}"
    shutil.rmtree(path.parent)
    return Killed(share, had_ended, held, left_a_log, store, again)


def kill(
    process: subprocess.Popen[Any], path: Path, when: When, work: float
) -> tuple[float, bool, bool]:
    """Kill a process: what share of its work was done, had it the store, had it ended."""
    share = 0.0
    while process.poll() is None and not when(process.pid, path, share):
        time.sleep(0.001)
        share = max(share, worked(process.pid) / work)
    held = holds(process.pid, path)
    process.kill()
    had_ended = process.wait() != -signal.SIGKILL
    return round(share, 4), held, had_ended


def worked(pid: int) -> float:
    """Seconds of the processor that a process has taken: other than a clock's, they do not depend
    on what else the machine does.
    """
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def after(share: float, seconds: float = 0.0) -> When:
    """The instant so many seconds after a share of the work is done."""
    passed: list[float] = []

    def is_now(pid: int, path: Path, done: float) -> bool:
        if done >= share and not passed:
            passed.append(time.monotonic())
        return bool(passed) and time.monotonic() >= passed[0] + seconds

    return is_now


def has_the_store(pid: int, path: Path, share: float) -> bool:
    """The instant at which a process has its store open."""
    return holds(pid, path)


def writes_its_log(pid: int, path: Path, share: float) -> bool:
    """The instant at which a load begins to take effect."""
    return wal(path).exists()


def wal(path: Path) -> Path:
    """The log of changes of a store."""
    return path.with_name(path.name + ".wal")


def holds(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    try:
        files = [os.path.realpath(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:  # it has ended
        return False
    return str(path) in files


LAYOUT_1 = Path(__file__).parents[1] / "unit/layout_1.sql"
MORE = """
INSERT INTO ledger.events SELECT e.* REPLACE (e.id + i AS id) FROM ledger.events AS e, range(20000)
AS t(i); INSERT INTO records SELECT r.* REPLACE (r.id + i AS id) FROM records AS r, range(5000) AS
t(i);
"""
MIGRATE = """
import sys
from wholeflow.store import open_store
print("ready", flush=True)
open_store(sys.argv[1]).close()
"""


@dataclass(frozen=True)
class OldGround:
    """A folder with a store of an older layout, and what it holds before and after migrating."""

    folder: Path
    before: str
    after: str
    work: float
    """Seconds of the processor that the migration takes, the start of its process included."""


def prepare_old(folder: Path) -> OldGround:
    """A store of layout 1 with some hundred thousand rows; the work of migrating it."""
    with closing(duckdb.connect(str(folder / "old.duckdb"))) as connection:
        connection.execute(LAYOUT_1.read_text("utf-8"))
        connection.execute(MORE)
    shutil.copy(folder / "old.duckdb", folder / "new.duckdb")
    process = start_migrating(folder / "new.duckdb")
    work = finish(process)
    process.communicate()
    return OldGround(folder, raw(folder / "old.duckdb"), raw(folder / "new.duckdb"), work)


def start_migrating(path: Path) -> subprocess.Popen[str]:
    """A process that is about to bring a store up to date."""
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATE, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill_a_migration(ground: OldGround, when: When, name: str) -> Killed:
    """Kill a migration at an instant; say what its store holds, then open it again."""
    path = ground.folder / name / "s.duckdb"
    path.parent.mkdir()
    shutil.copy(ground.folder / "old.duckdb", path)
    process = start_migrating(path)
    share, held, had_ended = kill(process, path, when, ground.work)
    process.communicate()
    left_a_log = wal(path).exists()
    found = raw(path)
    store = {ground.before: "as before", ground.after: "as after"}.get(found, found)
    open_store(path).close()
    names = [file.name for file in path.parent.iterdir()]
    again = "complete" if raw(path) == ground.after and names == ["s.duckdb"] else f"{names}"
    shutil.rmtree(path.parent)
    return Killed(share, had_ended, held, left_a_log, store, again)


def raw(path: Path) -> str:
    """What a store holds, of whatever layout: its tables, columns and a sum over its rows."""
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        names = connection.execute(
            "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index) "
            "FROM duckdb_columns() WHERE NOT internal GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        sums = [
            connection.execute(f"SELECT count(*), sum(hash(t)) FROM {name} AS t").fetchall()
            for name, _ in names
        ]
    return str([*zip(names, sums, strict=True)])
