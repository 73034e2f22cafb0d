"""Bringing stores of older layouts up to date: one SQL file for each step, in ``upgrades/``.

A step is written once, with the names of its day, and never changed again. After it a store has
the tables and columns that a new store of that layout has, in the same order.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from wholeflow.core.sql import named, text_of
from wholeflow.store import contents
from wholeflow.store.coding import PLAIN
from wholeflow.store.engine import Engine
from wholeflow.store.schema import VERSION

log = logging.getLogger(__name__)

DIGESTS_SINCE = 2
"""The first layout with today's digests of what records say."""

RECORDS_AT_ONCE = 500_000

_OF_RECORDS = ("id", "part", "source", "recorded_at", "run")
"""Columns that are no part of what a record says."""

_SAME = (
    "o.id = t.id AND o.source = t.source AND o.run = t.run "
    "AND o.recorded_at IS NOT DISTINCT FROM t.recorded_at"
)


def migrate(engine: Engine, layout: int, where: str) -> None:
    """Bring a store of a layout to ours, step by step in one transaction."""
    with engine.transaction():
        for step in range(layout, VERSION):
            engine.execute(text_of("wholeflow.store", f"upgrades/{step}_to_{step + 1}.sql"))
        if layout < DIGESTS_SINCE:
            _digest_again(engine)
        engine.execute("UPDATE about SET value = ? WHERE name = 'layout'", [str(VERSION)])
    log.warning(
        "brought %s from layout %d to %d: an older wholeflow can't open it any more",
        where, layout, VERSION,
    )  # fmt: skip


def _digest_again(engine: Engine) -> None:
    """Give records the digests that a load works out today, so that it knows them again.

    A record that its source gave no id is named by its digest.
    """
    counted = engine.query("SELECT count(*) AS n FROM records")["n"][0].as_py()
    pieces = counted // RECORDS_AT_ONCE + 1
    tables = _ledger(engine)
    for piece in range(pieces):
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE some_records AS SELECT row_number() OVER () - 1 AS "
            "number, source, id, run, recorded_at, id = content AS is_nameless FROM records "
            f"WHERE id % {pieces} = {piece}"
        )
        engine.register("incoming_digests", _digests(engine, tables))
        target = "INSERT INTO digests" if piece else "CREATE TEMP TABLE digests AS"
        engine.execute(
            f"{target} SELECT o.*, d.digest FROM some_records AS o "
            "JOIN incoming_digests AS d ON d.number = o.number"
        )
        engine.unregister("incoming_digests")
    for name in tables:
        engine.execute(
            f"UPDATE ledger.{named(name)} AS t SET id = o.digest FROM digests AS o "
            f"WHERE o.is_nameless AND {_SAME}"
        )
    engine.execute(
        "UPDATE records AS t SET content = o.digest, id = CASE WHEN o.is_nameless THEN o.digest "
        f"ELSE t.id END FROM digests AS o WHERE {_SAME}"
    )
    engine.execute("DROP TABLE some_records; DROP TABLE digests")


def _ledger(engine: Engine) -> dict[str, dict[str, str]]:
    """The tables of what was said: the SQL type of each column that is part of it."""
    found = engine.query(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'ledger' ORDER BY table_name, column_index"
    ).to_pylist()
    tables: dict[str, dict[str, str]] = {}
    for row in found:
        columns = tables.setdefault(row["table_name"], {})
        if row["column_name"] not in _OF_RECORDS:
            columns[row["column_name"]] = row["data_type"]
    return tables


def _digests(engine: Engine, tables: Mapping[str, Mapping[str, str]]) -> pa.Table:
    """The digest of each of some records, by its number."""
    digests, numbers = [], []
    for name, columns in tables.items():
        rows = engine.query(_said(name, columns))
        if rows.num_rows:
            values = {column: rows[column].combine_chunks() for column in columns}
            digests.append(contents.of_rows(name, values))
            numbers.append(rows["number"].to_numpy())
    count = engine.query("SELECT count(*) AS n FROM some_records")["n"][0].as_py()
    if not digests:
        return pa.table({"number": pa.nulls(0, pa.int64()), "digest": pa.nulls(0, pa.int64())})
    found = contents.of_records(np.concatenate(digests), np.concatenate(numbers), count)
    return pa.table({"number": np.arange(count), "digest": found})


def _said(name: str, columns: Mapping[str, str]) -> str:
    """What some records say in one table: numbers as they are, texts and names as hashes.

    A stored INTEGER is the code of a name.
    """
    values, joins = [], []
    for column, kind in columns.items():
        value = f"t.{named(column)}"
        if kind == "INTEGER":
            names = named(f"d_{column}")
            joins.append(f"LEFT JOIN dictionary AS {names} ON {names}.code = {value}")
            value = f"{names}.name"
        if kind in ("INTEGER", "VARCHAR"):
            value = PLAIN.replace("words", value)
        values.append(f"{value} AS {named(column)}")
    return (
        f"SELECT o.number, {', '.join(values)} FROM ledger.{named(name)} AS t "
        f"JOIN some_records AS o ON {_SAME} {' '.join(joins)}"
    )
