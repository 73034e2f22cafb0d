"""The tables of a store, made from the declared tables, and the books beside them.

Names and identifiers are stored as integers: open lists of names through
``dictionary``, identifiers as pseudonyms. ``records`` has one line for each
version of each record, ``rejects`` one for each row that could not be used,
``doubts`` one for each thing to doubt in a row that was used.
"""

from __future__ import annotations

from collections.abc import Iterator

from wholeflow.core.errors import StoreError
from wholeflow.events import TableSpec, table, table_names
from wholeflow.store.engine import Engine

VERSION = 2
"""The version of this layout; a store says which one it has."""

SQL_TYPES = {
    "record": "BIGINT",
    "identifier": "BIGINT",
    "code": "INTEGER",
    "choice": "VARCHAR",
    "text": "VARCHAR",
    "instant": "BIGINT",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
}

BOOKS = {
    "about": "name VARCHAR, value VARCHAR",
    "dictionary": "code INTEGER, name VARCHAR",
    "kept_ids": "pseudonym BIGINT, identifier VARCHAR",
    "sources": "source INTEGER, clock VARCHAR, zone VARCHAR, title VARCHAR, licence VARCHAR, "
    "organisation VARCHAR",
    "files": "file INTEGER, sha256 VARCHAR, name VARCHAR, source INTEGER, batch INTEGER",
    "batches": "batch INTEGER, loaded_at BIGINT, read BIGINT, loaded BIGINT, already BIGINT, "
    "rejected BIGINT",
    "records": "source INTEGER, id BIGINT, run BIGINT, recorded_at BIGINT, withdrawn BOOLEAN, "
    "content BIGINT, file INTEGER, line BIGINT, batch INTEGER, "
    "period BIGINT",
    "rejects": "file INTEGER, source INTEGER, line BIGINT, field VARCHAR, reason VARCHAR, "
    "repair VARCHAR",
    "doubts": "file INTEGER, source INTEGER, line BIGINT, field VARCHAR, doubt VARCHAR",
}


def make(engine: Engine) -> None:
    """Make every table of an empty store."""
    with engine.transaction():
        for statement in statements():
            engine.execute(statement)
        engine.execute("INSERT INTO about VALUES ('layout', ?)", [str(VERSION)])


def statements() -> Iterator[str]:
    """The statements that make an empty store."""
    for name, columns in BOOKS.items():
        yield f"CREATE TABLE {name} ({columns})"
    yield "CREATE SCHEMA ledger"
    for name in table_names():
        yield f"CREATE TABLE ledger.{name} ({columns_of(table(name))})"


def columns_of(spec: TableSpec) -> str:
    """Column definitions of a declared table as stored."""
    return ", ".join(f'"{f.name}" {SQL_TYPES[f.type.partition(":")[0]]}' for f in spec.fields)


def check_version(engine: Engine, where: str) -> int:
    """The layout of a store, no newer than ours; refuses a file that is no store."""
    names = engine.query("SELECT table_name FROM duckdb_tables()")["table_name"].to_pylist()
    if "about" not in names or "records" not in names:
        raise StoreError(
            "this database is not a wholeflow store",
            where=where,
            repair="Name a store made with `wholeflow load`, or a new file.",
        )
    found = engine.query("SELECT value FROM about WHERE name = 'layout'")["value"].to_pylist()
    if len(found) != 1 or not str(found[0]).isdigit():
        raise StoreError(
            "this store does not say which layout it has",
            where=where,
            repair="Put it back from a copy, or load the records into a new store.",
        )
    layout = int(found[0])
    if layout > VERSION:
        raise StoreError(
            f"this store was made by a newer wholeflow (layout {layout}); "
            f"this one reads layout {VERSION}",
            where=where,
            repair="Install the newer wholeflow, or load the records into a new store with this "
            "one.",
        )
    return layout
