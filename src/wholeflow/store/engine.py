"""The engine that a store stands on, and DuckDB as the one that ships."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from wholeflow.store import faults
from wholeflow.store.spill import SpillFolder, is_ours, spill_folder

IN_MEMORY = ":memory:"

STORAGE_VERSION = "v1.4.0"
"""The oldest DuckDB that opens our files; newer ones open them too."""


MEMORY = "750MB"
"""What DuckDB may use before it works from disk; docs/benchmarks.md has the measurements."""

MEMORY_OF_LARGE = "2500MB"
"""The same where a store is so large that it is worked through in buckets."""


class Engine(Protocol):
    """What the operators need of a database, and no more."""

    dialect: str
    """Whose spelling it needs of the few expressions that engines do not share."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query, as Arrow."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that answers nothing."""

    def make_table(self, name: str, query: str) -> None:
        """Keep the answer to a query as a temporary table, in place of any of that name."""

    def add_rows(self, name: str, query: str) -> None:
        """Add the answer to a query to a temporary table."""

    def register(self, name: str, rows: pa.Table) -> None:
        """Make Arrow rows visible to SQL under a name."""

    def unregister(self, name: str) -> None:
        """Forget rows that were registered."""

    def transaction(self) -> Any:
        """A context in which all statements take effect, or none."""

    def session(self) -> Engine:
        """The same data with its own temporary tables; closed with this engine."""

    def take_more_memory(self) -> None:
        """Use as much memory as the work on a large store deserves."""

    def close(self) -> None:
        """Let go of the file."""


class DuckDBEngine:
    """DuckDB in this process, on a file or in memory; it never goes to the network.

    Raises StoreError, when it is made and by every method, where the disk is full, the file is
    damaged, or another process has it.
    """

    dialect = "duckdb"

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        self._path = path
        self._sessions: list[DuckDBEngine] = []
        self._spill: SpillFolder | None = None
        # by its own name, for the log of changes lies beside the name that was opened
        real = path if path == IN_MEMORY else os.path.realpath(path)
        config: dict[str, Any] = {
            "storage_compatibility_version": STORAGE_VERSION,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        try:
            with _private():
                self._connection = duckdb.connect(real, read_only=read_only, config=config)
        except duckdb.Error as error:
            raise faults.of_opening(str(error), path) from error
        try:
            self._settle(None if path == IN_MEMORY else Path(real))
        except BaseException:
            self.close()
            raise

    def _settle(self, store: Path | None) -> None:
        """Say how much memory may be used, and where what does not fit goes."""
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute(f"SET memory_limit = '{MEMORY}'")
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")  # else the machine's own enters
        now = Path(self.query("SELECT current_setting('temp_directory') AS d")["d"][0].as_py())
        if is_ours(now):  # this process has the same store open, and shares its folder
            self._spill = SpillFolder(now)
            return
        try:
            self._spill = spill_folder(store)
        except OSError as error:
            raise faults.of_system(error, self._path) from error
        self._connection.execute("SET temp_directory = ?", [str(self._spill.path)])

    def session(self) -> DuckDBEngine:
        """The same data with its own temporary tables; closed with this engine."""
        other = object.__new__(DuckDBEngine)
        other._path = self._path
        other._connection = self._connection.cursor()
        other._sessions = []
        other._spill = None
        self._sessions.append(other)
        return other

    def take_more_memory(self) -> None:
        """Use as much memory as the work on a large store deserves."""
        self.execute(f"SET memory_limit = '{MEMORY_OF_LARGE}'")

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query, as Arrow."""
        with self._told():
            return pa.table(self._connection.sql(sql, params=list(parameters)))

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement that answers nothing."""
        with self._told():
            self._connection.execute(sql, list(parameters))

    def make_table(self, name: str, query: str) -> None:
        """Keep the answer to a query as a temporary table, in place of any of that name."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def add_rows(self, name: str, query: str) -> None:
        """Add the answer to a query to a temporary table."""
        self.execute(f"INSERT INTO {name} {query}")

    def register(self, name: str, rows: pa.Table) -> None:
        """Make Arrow rows visible to SQL under a name."""
        self._connection.register(name, rows)

    def unregister(self, name: str) -> None:
        """Forget rows that were registered."""
        self._connection.unregister(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context in which all statements take effect, or none."""
        self.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # what went wrong before tells more
                self._connection.execute("ROLLBACK")
            raise
        with _private():
            self.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        for session in self._sessions:
            session.close()
        with _private():
            self._connection.close()
        if self._spill:
            self._spill.release()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of the store in our words; and Ctrl-C is Ctrl-C, not DuckDB's error of that."""
        try:
            yield
        except (duckdb.DataError, duckdb.ProgrammingError):
            raise  # of a statement and its values, not of the store
        except duckdb.Error as error:
            is_file = self._path != IN_MEMORY
            said = str(error)
            known = faults.of_engine(said, self._path) if is_file else faults.of_spilling(said)
            if known:
                raise known from error
            raise
        except RuntimeError as error:
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise


@contextmanager
def _private() -> Iterator[None]:
    """Files made now, such as the log of changes, can be read by their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
