"""Loading: chunks of records into a store, whole or not at all.

A record is what one row of a source said; it may say several things. Its version
key is (source, id, run, recorded_at). Loading a record again changes nothing; a
record whose key is known with other content is rejected (rule §6). Which of two
such records is kept depends on their content only, so the order of loading
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import RequestError, StoreError
from wholeflow.core.time import instant
from wholeflow.events import EventLog, TableSpec, table, table_names
from wholeflow.governance.pseudonyms import Key
from wholeflow.store.engine import Engine
from wholeflow.store.store import Store

CONFLICT = "another record with the same key says something else"
CONFLICT_REPAIR = (
    "Name a column that tells when each was recorded (recorded_at in the mapping), "
    "or more columns in its key."
)


_CONFLICT_WORDS = f"'', '{CONFLICT}', '{CONFLICT_REPAIR}'"
NEXT_BATCH = "(SELECT count(*) + 1 FROM batches)"


@dataclass(frozen=True)
class FileFacts:
    """A file that records came from: name without folder, and SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Reject:
    """A row that could not be used: where, why and what to do; never its values."""

    line: int
    field: str
    reason: str
    repair: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file: what they said, and which of them could not be used.

    ``read`` counts the rows of the file in this chunk; every one of them is a
    line of ``log`` or of ``rejects``. Declared rows (places named by a mapping)
    have line 0 and are not counted.
    """

    log: EventLog
    file: FileFacts
    read: int
    rejects: tuple[Reject, ...] = ()
    feed: str = ""


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
        lines += [f"  {count:,} to {name}" for name, count in self.written.items() if count]
        for reason, count in self.reasons.items():
            lines.append(f"  {count:,} rejected: {reason}; {self.repairs.get(reason, '')}")
        if not self.read:
            lines.append("  the files hold no rows")
        return "\n".join(lines)


def load(
    store: Store,
    chunks: Iterable[Chunk],
    *,
    key: Key,
    keep_ids: bool = False,
    now: datetime | None = None,
) -> LoadResult:
    """Load chunks into a store in one transaction and return the books.

    Identifiers are pseudonymised with ``key`` on the way in; ``keep_ids`` also
    keeps them as they are. ``now`` is noted in the store's books and enters no
    result. Raises RequestError for another key than the store's, StoreError for
    declarations that the store has otherwise, and whatever reading a chunk raises;
    the store is then as it was.
    """
    engine = store.engine
    total = LoadResult()
    with engine.transaction():
        _agree_on_key(store, key, keep_ids)
        engine.execute(key.sql_macro())
        for chunk in chunks:
            total = _add(total, _load_chunk(engine, chunk, keep_ids))
        engine.execute("DROP MACRO keyed_hash")  # it holds the key
        engine.execute(
            "INSERT INTO batches SELECT count(*) + 1, ?, ?, ?, ?, ? FROM batches",
            [now and instant(now), total.read, total.loaded, total.already, total.rejected],
        )
    return total


def _agree_on_key(store: Store, key: Key, keep_ids: bool) -> None:
    ids = "kept" if keep_ids else "pseudonyms"
    wanted = {"key fingerprint": key.fingerprint, "ids": ids}
    repairs = {
        "key fingerprint": "Name the key file that the store was begun with in the environment "
        "variable WHOLEFLOW_KEY_FILE; that of a demo is demo.key in its folder.",
        "ids": "Load every source of a store with --keep-ids, or none.",
    }
    words = {"key fingerprint": "key", "ids": "way of keeping identifiers"}
    for name, value in wanted.items():
        found = store.about(name)
        if found is None:
            store.engine.execute("INSERT INTO about VALUES (?, ?)", [name, value])
        elif found != value:
            raise RequestError(
                f"the store was begun with another {words[name]}",
                where=store.path,
                repair=repairs[name],
            )


def _add(a: LoadResult, b: LoadResult) -> LoadResult:
    return LoadResult(
        a.read + b.read,
        a.loaded + b.loaded,
        a.already + b.already,
        a.rejected + b.rejected,
        _add_counts(a.written, b.written),
        _add_counts(a.reasons, b.reasons),
        {**b.repairs, **a.repairs},
    )


def _add_counts(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in [*a, *(n for n in b if n not in a)]}


def _load_chunk(engine: Engine, chunk: Chunk, keep_ids: bool) -> LoadResult:
    tables = {name: rows for name, rows in chunk.log.tables.items() if rows.num_rows}
    for name, rows in tables.items():
        engine.register(f"incoming_{name}", rows)
    file = _file_number(engine, chunk.file)
    _learn_names(engine, tables, chunk.feed)
    _note_source(engine, chunk.log)
    _judge_records(engine, list(tables), file)
    _refuse_other_declarations(engine)
    displaced = _displace(engine)
    written = {name: _write(engine, table(name)) for name in tables}
    if keep_ids:
        _keep_identifiers(engine, tables)
    engine.execute(
        "INSERT INTO records SELECT source, id, run, recorded_at, withdrawn, content, file, "
        f"line, {NEXT_BATCH} FROM judged WHERE verdict = 'loaded'"
    )
    books = _close_books(engine, chunk, file, written, displaced)
    for name in tables:
        engine.unregister(f"incoming_{name}")
    return books


def _file_number(engine: Engine, file: FileFacts) -> int:
    found = engine.query("SELECT file FROM files WHERE sha256 = ?", [file.sha256])
    if found.num_rows:
        return int(found["file"][0].as_py())
    engine.execute(
        "INSERT INTO files SELECT count(*) + 1, ?, ? FROM files", [file.sha256, file.name]
    )
    return _file_number(engine, file)


def _learn_names(engine: Engine, tables: Mapping[str, pa.Table], feed: str) -> None:
    """Give every new name in the chunk a code."""
    columns = [
        f'SELECT DISTINCT "{column}" AS name FROM incoming_{name}'
        for name in tables
        for column in ["source", *(f.name for f in table(name).fields_of_type("code"))]
    ]
    columns.append("SELECT nullif(?, '') AS name")
    engine.execute(
        "INSERT INTO dictionary "
        "SELECT (SELECT count(*) FROM dictionary) + row_number() OVER (ORDER BY name), name "
        f"FROM ({' UNION '.join(columns)}) AS named "
        "WHERE name IS NOT NULL AND name NOT IN (SELECT name FROM dictionary)",
        [feed],
    )


def _note_source(engine: Engine, log: EventLog) -> None:
    told = " UNION ".join(
        f"SELECT DISTINCT d.code FROM incoming_{name} AS i JOIN dictionary AS d "
        "ON d.name = i.source"
        for name, rows in log.tables.items()
        if rows.num_rows
    )
    if not told:
        return
    other = engine.query(
        f"SELECT 1 FROM sources WHERE source IN ({told}) AND (clock <> ? OR zone <> ?)",
        [log.clock, log.zone],
    )
    if other.num_rows:
        raise StoreError(
            "this store holds the same feed with another clock or time zone",
            repair="Load it with the clock and zone of its first load, or into a new store.",
        )
    engine.execute(
        f"INSERT INTO sources SELECT t.code, ?, ?, ?, ? FROM ({told}) AS t "
        "WHERE t.code NOT IN (SELECT source FROM sources)",
        [log.clock, log.zone, log.about.get("title", ""), log.about.get("licence", "")],
    )


def _judge_records(engine: Engine, names: list[str], file: int) -> None:
    """Put each record of the chunk in ``judged`` with its verdict."""
    engine.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {_verdicts(names, file)}")


def _verdicts(names: list[str], file: int) -> str:
    if not names:
        return (
            "SELECT * , '' AS verdict, false AS displaces, 0::BIGINT AS known FROM records LIMIT 0"
        )
    parts = " UNION ALL ".join(_parts(table(name)) for name in names)
    return f"""
    WITH parts AS ({parts}),
    incoming AS (
        SELECT line, min(source) AS source_name, min(key) AS key, max(recorded_at) AS recorded_at,
               bool_or(withdrawn) AS withdrawn, min(run) AS run,
               CAST(sum(content) % {2**60} AS BIGINT) AS content
        FROM parts GROUP BY line
    ),
    named AS (
        SELECT d.code AS source, coalesce(i.key, i.content) AS id, i.run, i.recorded_at,
               i.withdrawn, i.content, {file} AS file, i.line
        FROM incoming AS i JOIN dictionary AS d ON d.name = i.source_name
    ),
    rivals AS (
        SELECT *, row_number() OVER same_key AS rank, first_value(content) OVER same_key AS best
        FROM named
        WINDOW same_key AS (PARTITION BY source, id, run, recorded_at ORDER BY content, line)
    )
    SELECT n.source, n.id, n.run, n.recorded_at, n.withdrawn, n.content, n.file, n.line,
           CASE WHEN r.content < n.best AND n.content <> r.content THEN 'rejected'
                WHEN r.content = n.content AND n.best = r.content THEN 'already'
                WHEN n.content > n.best THEN 'rejected'
                WHEN n.rank = 1 THEN 'loaded'
                ELSE 'already' END AS verdict,
           r.content IS NOT NULL AND r.content > n.best AS displaces,
           r.content AS known
    FROM rivals AS n LEFT JOIN records AS r
      ON r.source = n.source AND r.id = n.id AND r.run = n.run
     AND r.recorded_at IS NOT DISTINCT FROM n.recorded_at
    """


def _parts(spec: TableSpec) -> str:
    """Each row of an incoming table with the hash of all that it says."""
    unsaid = ("id", "part", "source", "recorded_at", "run")
    said = [f for f in spec.fields if f.name not in unsaid]
    words = ", ".join(f"coalesce(CAST(\"{f.name}\" AS VARCHAR), '~')" for f in said)
    return (
        "SELECT line, source, keyed_hash(source || chr(31) || id) AS key, recorded_at, withdrawn, "
        f"run, keyed_hash(concat_ws(chr(31), '{spec.name}', {words})) AS content "
        f"FROM incoming_{spec.name}"
    )


def _refuse_other_declarations(engine: Engine) -> None:
    """A mapping may not declare a place otherwise than the store does (its rows have no line)."""
    other = "line <= 0 AND (verdict = 'rejected' OR displaces)"
    if engine.query(f"SELECT 1 FROM judged WHERE {other} LIMIT 1").num_rows:
        raise StoreError(
            "the mapping declares a place or organisation otherwise than this store does",
            repair="Load all records with the new mapping into a new store, or keep the old words.",
        )


def _displace(engine: Engine) -> int:
    """Move records of the store that lose to one of the chunk to the rejects (rule §6).

    Answers how many of them this same load had counted as loaded.
    """
    same = (
        "l.source = j.source AND l.id = j.id AND l.run = j.run "
        "AND l.recorded_at IS NOT DISTINCT FROM j.recorded_at"
    )
    displaced = "judged AS j WHERE j.verdict = 'loaded' AND j.displaces"
    if not engine.query(f"SELECT 1 FROM {displaced} LIMIT 1").num_rows:
        return 0
    engine.execute(
        f"INSERT INTO rejects SELECT l.file, l.source, l.line, {_CONFLICT_WORDS} "
        f"FROM records AS l, {displaced} AND {same} EXCEPT SELECT * FROM rejects"
    )
    own = engine.query(
        f"SELECT count(*) AS n FROM records AS l, {displaced} AND {same} AND l.batch = {NEXT_BATCH}"
    )
    for name in ["records", *(f"ledger.{n}" for n in table_names())]:
        engine.execute(f"DELETE FROM {name} AS l USING {displaced} AND {same}")
    return int(own["n"][0].as_py())


def _write(engine: Engine, spec: TableSpec) -> int:
    """Write the loaded records' rows of one table, names and identifiers as integers."""
    joins, values = [], []
    for f in spec.own:
        kind = f.type.partition(":")[0]
        if kind == "code":
            joins.append(f'LEFT JOIN dictionary AS d_{f.name} ON d_{f.name}.name = i."{f.name}"')
            values.append(f"d_{f.name}.code")
        elif kind == "identifier":
            values.append(f'keyed_hash(i."{f.name}")')
        else:
            values.append(f'i."{f.name}"')
    loaded = (
        f"FROM incoming_{spec.name} AS i JOIN judged AS j "
        "ON j.line = i.line AND j.verdict = 'loaded'"
    )
    engine.execute(
        f"INSERT INTO ledger.{spec.name} SELECT j.id, i.part, j.source, i.recorded_at, "
        f"i.withdrawn, i.run, {', '.join(values)} {loaded} {' '.join(joins)}"
    )
    return int(engine.query(f"SELECT count(*) AS n {loaded}")["n"][0].as_py())


def _keep_identifiers(engine: Engine, tables: Mapping[str, pa.Table]) -> None:
    columns = [
        f'SELECT DISTINCT "{f.name}" AS identifier FROM incoming_{name}'
        for name in tables
        for f in table(name).fields_of_type("identifier")
    ]
    if columns:
        engine.execute(
            "INSERT INTO kept_ids SELECT keyed_hash(identifier), identifier "
            f"FROM ({' UNION '.join(columns)}) AS kept WHERE identifier IS NOT NULL "
            "AND keyed_hash(identifier) NOT IN (SELECT pseudonym FROM kept_ids)"
        )


def _close_books(
    engine: Engine, chunk: Chunk, file: int, written: Mapping[str, int], displaced: int
) -> LoadResult:
    """The books of a chunk; records of this load that it displaced move to the rejected."""
    _write_rejects(engine, chunk.rejects, file, chunk.feed)
    rejects = [*chunk.rejects, *_conflicts(engine)]
    counted = engine.query(
        "SELECT verdict, count(*) AS n FROM judged WHERE line > 0 GROUP BY verdict"
    ).to_pylist()
    verdicts = {row["verdict"]: row["n"] for row in counted}
    reason_of = {reject.line: reject for reject in reversed(rejects)}
    reasons = {CONFLICT: displaced} if displaced else {}
    for reject in sorted(reason_of.values(), key=lambda one: one.line):
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1
    return LoadResult(
        read=chunk.read,
        loaded=verdicts.get("loaded", 0) - displaced,
        already=verdicts.get("already", 0),
        rejected=len(reason_of) + displaced,
        written=written,
        reasons=reasons,
        repairs={
            reject.reason: f"first at {chunk.file.name} line {reject.line}. {reject.repair}"
            for reject in sorted(rejects, key=lambda one: -one.line)
        },
    )


def _conflicts(engine: Engine) -> Iterator[Reject]:
    """Records of the chunk that lost to another of the same key, noted among the rejects."""
    lost = "FROM judged WHERE verdict = 'rejected' AND line > 0"
    engine.execute(
        f"INSERT INTO rejects SELECT file, source, line, {_CONFLICT_WORDS} {lost} "
        "EXCEPT SELECT * FROM rejects"
    )
    for line in engine.query(f"SELECT line {lost}")["line"].to_pylist():
        yield Reject(line, "", CONFLICT, CONFLICT_REPAIR)


def _write_rejects(engine: Engine, rejects: Sequence[Reject], file: int, feed: str) -> None:
    if not rejects:
        return
    engine.register("incoming_rejects", pa.Table.from_pylist([vars(one) for one in rejects]))
    engine.execute(
        "INSERT INTO rejects SELECT DISTINCT "
        f"{file}, (SELECT code FROM dictionary WHERE name = ?), line, field, reason, repair "
        "FROM incoming_rejects EXCEPT SELECT * FROM rejects",
        [feed],
    )
    engine.unregister("incoming_rejects")
