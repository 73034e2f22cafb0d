"""Store: an open store, and how it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import StoreError
from wholeflow.store import faults, schema
from wholeflow.store.books import REPLACED_FILES
from wholeflow.store.engine import IN_MEMORY, DuckDBEngine, Engine
from wholeflow.store.migrations import migrate
from wholeflow.store.spill import folder_beside


@dataclass(frozen=True)
class Store:
    """An open store: where it is and the engine that holds it.

    Use it as a context manager, or call :meth:`close`; a store file has one
    owner at a time.
    """

    path: str
    engine: Engine

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> pa.Table:
        """The answer to a query on the stored tables, as Arrow."""
        return self.engine.query(sql, parameters)

    def rejects(self) -> pa.Table:
        """Every row that could not be used: file, line, field, reason, repair; never its values."""
        return self.query(
            "SELECT f.name AS file, r.line, r.field, r.reason, r.repair "
            "FROM rejects AS r JOIN files AS f ON f.file = r.file "
            f"WHERE r.file NOT IN ({REPLACED_FILES}) ORDER BY ALL"
        )

    def about(self, name: str) -> str | None:
        """What the store says about itself under a name."""
        found = self.engine.query("SELECT value FROM about WHERE name = ?", [name])
        return found["value"][0].as_py() if found.num_rows else None

    @property
    def has_shared_clock(self) -> bool:
        """True when no source moved dates for each person (rule §5)."""
        return "shifted_per_person" not in self.clocks()

    def clocks(self) -> list[str]:
        """The clocks of the sources in the store."""
        found = self.engine.query("SELECT DISTINCT clock FROM sources ORDER BY clock")
        return [str(clock) for clock in found["clock"].to_pylist()]

    def close(self) -> None:
        """Let go of the file."""
        self.engine.close()

    def remove_if_empty(self) -> None:
        """Delete the file if nothing was ever loaded; nobody else can have it open meanwhile."""
        if not self.query("SELECT 1 FROM batches LIMIT 1").num_rows:
            for name in (self.path, f"{self.path}.wal"):
                Path(name).unlink(missing_ok=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(path: str | Path = IN_MEMORY, *, must_exist: bool = False) -> Store:
    """Open a store file, or make it; without a path, a store in memory.

    One that ``must_exist`` is opened for reading; several processes may do that at once.
    A store of an older layout is brought up to date first. Raises StoreError when the file
    is no store, is of a newer layout, is damaged, is held by another process, or is absent
    though it ``must_exist``.
    """
    name = str(path)
    if name == IN_MEMORY:
        return _in_memory()
    if not os.path.exists(name):
        if must_exist:
            raise StoreError(
                "there is no such store",
                where=name,
                repair="Make one with `wholeflow load STORE PATH... --source NAME`.",
            )
        _make(Path(name))
    engine, layout = _open(name, read_only=must_exist)
    if layout == schema.VERSION:
        return Store(name, engine)
    if must_exist:
        engine.close()
        _renew(name, layout)
        engine, _ = _open(name, read_only=True)
    else:
        with _closing_on_failure(engine):
            migrate(engine, layout, name)
    return Store(name, engine)


def _in_memory() -> Store:
    engine = DuckDBEngine(IN_MEMORY)
    schema.make(engine)
    return Store(IN_MEMORY, engine)


def _make(path: Path) -> None:
    """Make an empty store: it appears whole, or not at all when the process is killed."""
    target = Path(os.path.realpath(path))
    log_of_changes = f"{target}.wal"
    if os.path.exists(log_of_changes) and os.path.getsize(log_of_changes):
        raise StoreError(
            "the log of changes of a store that is gone lies here",
            where=log_of_changes,
            repair="Put it back beside its own store, or delete it when you do not need its last "
            "load.",
        )
    try:
        folder = folder_beside(target)
        try:
            _make_in(folder.path, target)
        finally:
            folder.release()
    except OSError as error:
        raise faults.of_system(error, str(path)) from error
    except StoreError as error:  # it names the folder, which is gone
        raise StoreError(error.what, where=str(path), repair=error.repair) from error


def _make_in(folder: Path, target: Path) -> None:
    """Make a store in a folder, and give it its name when it is whole."""
    made = folder / "new"
    with closing(DuckDBEngine(str(made))) as engine:
        schema.make(engine)
        engine.execute("CHECKPOINT")  # closing does it too, but says nothing when it fails
    _move(made, target)


def _move(made: Path, target: Path) -> None:
    """Give a new store its name, unless another process has just made one of that name."""
    try:
        os.link(made, target)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        made.rename(target)


def _open(name: str, *, read_only: bool) -> tuple[DuckDBEngine, int]:
    """An engine on a store file, and the layout of the store."""
    engine = DuckDBEngine(name, read_only=read_only)
    with _closing_on_failure(engine):
        return engine, schema.check_version(engine, name)


def _renew(name: str, layout: int) -> None:
    """Bring a store up to date for somebody who only reads it."""
    try:
        open_store(name).close()
    except StoreError as error:
        raise StoreError(
            f"this store has layout {layout} and can't be brought to layout {schema.VERSION}: "
            f"{error.what}",
            where=name,
            repair=error.repair,
        ) from error


@contextmanager
def _closing_on_failure(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.close()
        raise
