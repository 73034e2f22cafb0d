"""The engine that a store stands on, and DuckDB as the one that ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from wholeflow.core.errors import StoreError

STORAGE_VERSION = "v1.4.0"
"""The oldest DuckDB that opens our files; newer ones open them too."""


MEMORY = "750MB"
"""What DuckDB may use before it works from disk; docs/benchmarks.md has the measurements."""


class Engine(Protocol):
    """What the operators need of a database, and no more."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query, as Arrow."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that answers nothing."""

    def register(self, name: str, rows: pa.Table) -> None:
        """Make Arrow rows visible to SQL under a name."""

    def unregister(self, name: str) -> None:
        """Forget rows that were registered."""

    def transaction(self) -> Any:
        """A context in which all statements take effect, or none."""

    def session(self) -> Engine:
        """The same data with its own temporary tables; closed with this engine."""

    def close(self) -> None:
        """Let go of the file."""


class DuckDBEngine:
    """DuckDB in this process, on a file or in memory; it never goes to the network."""

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        config: dict[str, Any] = {
            "storage_compatibility_version": STORAGE_VERSION,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        try:
            self._connection = duckdb.connect(path, read_only=read_only, config=config)
        except duckdb.IOException as error:
            raise _cannot_open(path, str(error)) from error
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute(f"SET memory_limit = '{MEMORY}'")
        self._sessions: list[DuckDBEngine] = []

    def session(self) -> DuckDBEngine:
        """The same data with its own temporary tables; closed with this engine."""
        other = object.__new__(DuckDBEngine)
        other._connection = self._connection.cursor()
        other._sessions = []
        self._sessions.append(other)
        return other

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query, as Arrow."""
        with _interruptible():
            return pa.table(self._connection.sql(sql, params=list(parameters)))

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that answers nothing."""
        with _interruptible():
            self._connection.execute(sql, list(parameters))

    def register(self, name: str, rows: pa.Table) -> None:
        """Make Arrow rows visible to SQL under a name."""
        self._connection.register(name, rows)

    def unregister(self, name: str) -> None:
        """Forget rows that were registered."""
        self._connection.unregister(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context in which all statements take effect, or none."""
        self._connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        for session in self._sessions:
            session.close()
        self._connection.close()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C inside a query is Ctrl-C, and not DuckDB's own error of that meaning."""
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


def _cannot_open(path: str, message: str) -> StoreError:
    if "lock" in message.lower():
        return StoreError(
            "another process holds this store open",
            where=path,
            repair="Close the other wholeflow, notebook or database tool, then try again.",
        )
    if Path(path).exists():
        return StoreError(
            "this file is not a wholeflow store, or it is damaged",
            where=path,
            repair="Name a store made with `wholeflow load`, or load the records into a new file.",
        )
    return StoreError(
        "the store can't be opened or made here",
        where=path,
        repair="Check that the folder exists and that you may write in it.",
    )
