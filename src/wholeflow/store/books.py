"""The books of a load: read = loaded + already + rejected, and what was wrong with which row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from wholeflow.store.engine import Engine
from wholeflow.store.shown import Shown

CONFLICT = "another record with the same key says something else"
CONFLICT_REPAIR = (
    "Name a column that tells when each was recorded (recorded_at in the mapping), "
    "or more columns in its key."
)
REPEATED_ROW = "repeated row"
TOLD = {"unsaid": " (rows that say nothing that the mapping names)"}
"""What a table is for, where its name alone does not tell whoever loads."""
REJECTS = pa.schema(
    [("line", pa.int64()), ("field", pa.string()), ("reason", pa.string()), ("repair", pa.string())]
)

REPLACED_FILES = """
SELECT f.file FROM files AS f JOIN files AS n
ON n.name = f.name AND n.source = f.source AND n.batch > f.batch
"""
"""Files of which a later load brought another under the same name and for the same feed.

What was wrong with their rows is no longer current. The order of loads decides that, and it
enters no result.
"""


@dataclass(frozen=True)
class Reject:
    """A row that could not be used: where, why and what to do; never its values."""

    line: int
    field: str
    reason: str
    repair: str


@dataclass(frozen=True)
class LoadResult:
    """The books of a load, in rows of the files: read = loaded + already + rejected."""

    read: int = 0
    loaded: int = 0
    already: int = 0
    rejected: int = 0
    written: Mapping[str, int] = field(default_factory=dict)
    """Rows written to each table; one row of a file may say several things."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Rejected rows by reason."""
    repairs: Mapping[str, str] = field(default_factory=dict)
    """For each reason where it was first met and what to do."""

    def __post_init__(self) -> None:
        if self.read != self.loaded + self.already + self.rejected:
            raise AssertionError(f"the books of the load do not balance: {self}")

    def as_dict(self) -> dict[str, Any]:
        """The books for ``--json``: read, loaded, already, rejected, written, reasons, repairs."""
        parts = {name: dict(getattr(self, name)) for name in ("written", "reasons", "repairs")}
        return {**vars(self), **parts}

    def __str__(self) -> str:
        lines = [
            f"read {self.read:,} = loaded {self.loaded:,} + already {self.already:,} "
            f"+ rejected {self.rejected:,}"
        ]
        lines += [
            f"  {count:,} to {name}{TOLD.get(name, '')}"
            for name, count in self.written.items()
            if count
        ]
        for reason, count in self.reasons.items():
            lines.append(f"  {count:,} rejected: {reason}; {self.repairs.get(reason, '')}")
        if not self.read:
            lines.append("  the files hold no rows")
        return "\n".join(lines)


def refused_rows(rejects: Sequence[Reject] | pa.Table) -> pa.Table:
    """Rejects as a table, however they were given."""
    if isinstance(rejects, pa.Table):
        return rejects.select(REJECTS.names)
    return pa.Table.from_pylist([vars(one) for one in rejects], REJECTS)


class Books:
    """Keeps the books while a load is under way, and writes them when it is closed."""

    def __init__(self, engine: Engine, shown: Shown) -> None:
        self._engine = engine
        self._shown = shown
        self._read = 0
        self._loaded = 0
        self._already = 0
        self._chunk = 0
        self.written: dict[str, int] = {}
        found = engine.query("SELECT count(*) + 1 AS batch FROM batches")
        self.batch = int(found["batch"][0].as_py())
        engine.execute(
            "CREATE TEMP TABLE refused (chunk BIGINT, number BIGINT, file INTEGER, "
            "source INTEGER, line BIGINT, field VARCHAR, reason VARCHAR, repair VARCHAR, "
            "is_own BOOLEAN)"
        )
        engine.execute("CREATE TEMP TABLE doubted AS FROM doubts LIMIT 0")

    def note(
        self, file: int, feed: int | None, read: int, rejects: pa.Table, doubts: pa.Table | None
    ) -> None:
        """Note what reading a chunk found: rows, rows that can't be used, and doubts."""
        self._read += read
        self._chunk += 1
        if rejects.num_rows:
            numbered = rejects.append_column("number", pa.array(np.arange(rejects.num_rows)))
            self._insert(
                "refused SELECT ?, number, ?, ?, line, field, reason, repair, true",
                numbered,
                [self._chunk, file, feed],
            )
        if doubts is not None and doubts.num_rows:
            self._insert("doubted SELECT ?, ?, line, field, doubt", doubts, [file, feed])

    def _insert(self, into: str, rows: pa.Table, values: list[int | None]) -> None:
        self._shown.show("incoming_notes", rows)
        self._engine.execute(f"INSERT INTO {into} FROM incoming_notes", values)

    def note_judged(self, *, displaced: bool) -> None:
        """Note the verdicts in ``judged``, and what is in ``losers`` when any were displaced."""
        counted = self._engine.query(
            "SELECT verdict, count(*) AS n FROM judged WHERE line > 0 GROUP BY verdict"
        ).to_pylist()
        verdicts = {row["verdict"]: row["n"] for row in counted}
        self._loaded += verdicts.get("loaded", 0)
        self._already += verdicts.get("already", 0)
        conflict = f"INSERT INTO refused SELECT NULL, NULL, file, source, line, '', '{CONFLICT}', "
        conflict += f"'{CONFLICT_REPAIR}', "
        if verdicts.get("rejected"):
            self._engine.execute(f"{conflict} true FROM judged WHERE verdict = 'rejected'")
        if displaced:
            self._engine.execute(f"{conflict} batch = {self.batch} FROM losers")
            own = f"SELECT count(*) AS n FROM losers WHERE batch = {self.batch}"
            self._loaded -= int(self._engine.query(own)["n"][0].as_py())
        self._engine.execute(
            f"INSERT INTO doubted SELECT file, source, line, '', '{REPEATED_ROW}' "
            "FROM judged WHERE repeated AND file NOT IN (SELECT file FROM files WHERE sha256 = '')"
        )

    def close(self, now: int | None) -> LoadResult:
        """Write the books of the load, what was refused and what is doubted, each once."""
        columns = "file, source, line, field, reason, repair"
        self._engine.execute(
            f"INSERT INTO rejects SELECT {columns} FROM refused EXCEPT FROM rejects"
        )
        self._engine.execute("INSERT INTO doubts FROM doubted EXCEPT FROM doubts")
        result = self._result()
        for name in ("refused", "doubted"):
            self._engine.execute(f"DROP TABLE {name}")
        self._engine.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)",
            [self.batch, now, result.read, result.loaded, result.already, result.rejected],
        )
        return result

    def _result(self) -> LoadResult:
        """A row with several faults counts once, under its first."""
        counted = self._engine.query(
            """
            WITH ranked AS (
                SELECT reason, chunk, line,
                       row_number() OVER (PARTITION BY chunk, line ORDER BY number) AS nth
                FROM refused WHERE is_own
            )
            SELECT reason, count(*) AS n FROM ranked WHERE nth = 1 OR chunk IS NULL
            GROUP BY reason ORDER BY min(coalesce(chunk, 0)), min(line), reason
            """
        ).to_pylist()
        firsts = self._engine.query(
            """
            SELECT DISTINCT ON (r.reason) r.reason, f.name, r.line, r.repair
            FROM refused AS r JOIN files AS f ON f.file = r.file WHERE r.is_own
            ORDER BY r.reason, r.file, r.line, r.repair
            """
        ).to_pylist()
        return LoadResult(
            read=self._read,
            loaded=self._loaded,
            already=self._already,
            rejected=sum(row["n"] for row in counted),
            written=self.written,
            reasons={row["reason"]: row["n"] for row in counted},
            repairs={
                row["reason"]: f"first at {row['name']} line {row['line']}. {row['repair']}"
                for row in firsts
            },
        )
