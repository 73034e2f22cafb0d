"""Store: an open store, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import StoreError
from wholeflow.store import schema
from wholeflow.store.engine import DuckDBEngine, Engine

IN_MEMORY = ":memory:"


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
            "FROM rejects AS r JOIN files AS f ON f.file = r.file ORDER BY ALL"
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
    Raises StoreError when the file is no store, is of another layout, is held by
    another process, or is absent though it ``must_exist``.
    """
    name = str(path)
    exists = name != IN_MEMORY and Path(name).exists()
    if must_exist and not exists:
        raise StoreError(
            "there is no such store",
            where=name,
            repair="Make one with `wholeflow load STORE PATH... --source NAME`.",
        )
    engine = DuckDBEngine(name, read_only=must_exist)
    try:
        if exists:
            schema.check_version(engine, name)
        else:
            schema.make(engine)
            if name != IN_MEMORY:
                Path(name).chmod(0o600)  # it holds people's records
    except BaseException:
        engine.close()
        raise
    return Store(name, engine)
