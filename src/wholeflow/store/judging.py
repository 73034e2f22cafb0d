"""Judging: which records of a load are new, which are there already, and which lose (rule §6).

Of the records with one version key the one whose content has the smallest digest is
kept. What is judged here is in ``incoming_records``, and what the records say in
``incoming_NAME`` for each table. Records of the load that were not kept are remembered
in ``passed``, so that it makes no difference how a load is cut into pieces.
"""

from __future__ import annotations

import pyarrow as pa

from wholeflow.core.errors import StoreError
from wholeflow.events import TableSpec, table_names
from wholeflow.store.engine import Engine
from wholeflow.store.shown import Shown

SAME_KEY = (
    "k.id = i.id AND k.source = i.source AND k.run = i.run "
    "AND k.recorded_at IS NOT DISTINCT FROM i.recorded_at"
)
COMMON = ("id", "source", "recorded_at", "withdrawn", "run", "period")
"""Columns of a table that come from the record."""

_KEY = "source, id, run, recorded_at"
_PASSED = f"{_KEY}, content, file, line"


def begin(engine: Engine) -> None:
    """Make what the judging of a load needs."""
    engine.execute(
        "CREATE TEMP TABLE passed (source INTEGER, id BIGINT, run BIGINT, recorded_at BIGINT, "
        "content BIGINT, file INTEGER, line BIGINT)"
    )


def end(engine: Engine) -> None:
    """Forget what the judging of a load needed."""
    engine.execute("DROP TABLE passed")


def judge(engine: Engine, shown: Shown) -> None:
    """Show each incoming record in ``judged`` with its verdict: loaded, already or rejected.

    ``displaces`` is true of a loaded record that another makes way for, ``repeated`` of
    one that its file says at another line too. Raises StoreError where a mapping
    declares a place otherwise than the store does.
    """
    shown.show("judged", engine.query(_VERDICTS))
    _refuse_other_declarations(engine)
    engine.execute(
        f"INSERT INTO passed SELECT {_PASSED} FROM judged "
        "WHERE verdict = 'rejected' OR (verdict = 'already' AND NOT in_file)"
    )


def displace(engine: Engine, shown: Shown) -> bool:
    """Remove records that lose to an incoming one from the store; they are then in ``losers``.

    Answers whether there are any.
    """
    losers = engine.query(
        f"SELECT k.* FROM records AS k JOIN judged AS i ON {SAME_KEY} WHERE i.displaces"
    )
    if not losers.num_rows:
        return False
    shown.show("losers", losers)
    engine.execute(f"INSERT INTO passed SELECT {_PASSED} FROM losers")
    for name in ["records", *(f"ledger.{n}" for n in table_names())]:
        engine.execute(f"DELETE FROM {name} AS k USING losers AS i WHERE {SAME_KEY}")
    return True


_VERDICTS = f"""
WITH known AS (
    SELECT i.record, min(k.content) AS least, bool_or(k.content = i.content) AS said,
           bool_or(k.content = i.content AND k.file = i.file) AS in_file,
           bool_or(k.content = i.content AND k.file = i.file AND k.line <> i.line) AS repeated
    FROM (
        SELECT {_PASSED} FROM records UNION ALL SELECT {_PASSED} FROM passed
    ) AS k JOIN incoming_records AS i ON {SAME_KEY}
    GROUP BY i.record
),
disputed AS (
    SELECT {_KEY} FROM incoming_records GROUP BY ALL HAVING count(*) > 1
),
rivals AS (
    SELECT i.record, min(i.content) OVER same_key AS least,
           row_number() OVER copies > 1 AS said, row_number() OVER in_file > 1 AS in_file,
           first_value(i.line) OVER in_file <> i.line AS repeated
    FROM incoming_records AS i SEMI JOIN disputed AS k ON {SAME_KEY}
    WINDOW same_key AS (PARTITION BY i.source, i.id, i.run, i.recorded_at),
        copies AS (PARTITION BY i.source, i.id, i.run, i.recorded_at, i.content ORDER BY i.record),
        in_file AS (
            PARTITION BY i.source, i.id, i.run, i.recorded_at, i.content, i.file ORDER BY i.record
        )
)
SELECT i.*,
       CASE WHEN k.said OR r.said THEN 'already'
            WHEN least(k.least, r.least, i.content) < i.content THEN 'rejected'
            ELSE 'loaded' END AS verdict,
       k.least IS NOT NULL AND verdict = 'loaded' AS displaces,
       coalesce(k.in_file OR r.in_file, false) AS in_file,
       coalesce(k.repeated OR r.repeated, false) AND i.line > 0 AS repeated
FROM incoming_records AS i
LEFT JOIN known AS k ON k.record = i.record
LEFT JOIN rivals AS r ON r.record = i.record
"""


def _refuse_other_declarations(engine: Engine) -> None:
    """A mapping may not declare a place otherwise than the store does (its rows have no line)."""
    other = "line <= 0 AND (verdict = 'rejected' OR displaces)"
    if engine.query(f"SELECT 1 FROM judged WHERE {other} LIMIT 1").num_rows:
        raise StoreError(
            "the mapping declares a place or organisation otherwise than this store does",
            repair="Load all records with the new mapping into a new store, or keep the old words.",
        )


def write(engine: Engine, spec: TableSpec, rows: pa.Table) -> int:
    """Write what the loaded records say in one table; the number of rows."""
    own = [f.name for f in spec.own if f.name in rows.column_names]
    columns = ", ".join(f'"{name}"' for name in (*COMMON, "part", *own))
    taken = [*(f"j.{name}" for name in COMMON), "i.part", *(f'i."{name}"' for name in own)]
    incoming = f"FROM incoming_{spec.name} AS i"
    engine.execute(
        f"INSERT INTO ledger.{spec.name} ({columns}) SELECT {', '.join(taken)} {incoming} "
        "JOIN judged AS j ON j.record = i.record AND j.verdict = 'loaded'"
    )
    others = "SEMI JOIN judged AS j ON j.record = i.record AND j.verdict <> 'loaded'"
    left_out = engine.query(f"SELECT count(*) AS n {incoming} {others}")
    return int(rows.num_rows) - int(left_out["n"][0].as_py())
