"""Local Spark as the engine of a view: the tables of a store go over to it as Parquet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from wholeflow.events import table, table_names
from wholeflow.store import Engine, schema

LOG4J = """
appender.c.type = Console
appender.c.name = console
appender.c.target = SYSTEM_ERR
appender.c.layout.type = PatternLayout
rootLogger.level = error
rootLogger.appenderRef.c.ref = console
"""

JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
"""Much is run once and little of it often, so that compiling it well would not pay."""

SETTINGS = {
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
}
"""Names between double quotes are all that the SQL needs; the others keep Spark small and quick."""


def start(folder: Path) -> Any:
    """Spark on two cores, which writes below ``folder`` only and reports errors only."""
    from pyspark.sql import SparkSession

    (folder / "log4j2.properties").write_text(LOG4J, encoding="utf-8")
    log = f"-Dlog4j2.configurationFile=file:{folder}/log4j2.properties"
    settings = {
        **SETTINGS,
        "spark.driver.extraJavaOptions": f"{JAVA} -Djava.io.tmpdir={folder} {log}",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    builder = SparkSession.builder.master("local[2]").appName("wholeflow")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class SparkEngine:
    """What a view asks of an engine, answered by Spark from a copy of a store.

    The copy is as the store was when the engine was made. Spark knows one store at a time, so
    only the newest engine may be asked.
    """

    dialect = "spark"
    _newest: ClassVar[SparkEngine | None] = None

    def __init__(self, spark: Any, store: Engine, folder: Path) -> None:
        self._spark = spark.newSession()
        self._names: set[str] = set()
        self._spark.sql("CREATE DATABASE IF NOT EXISTS ledger")
        for name, columns in schema.BOOKS.items():
            self._copy(store, name, columns, folder / name)
        for name in table_names():
            self._copy(store, f"ledger.{name}", schema.columns_of(table(name)), folder / name)
        SparkEngine._newest = self

    def _copy(self, store: Engine, name: str, columns: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        store.execute(f"COPY {name} TO '{folder}/rows.parquet'")
        self._spark.sql(f"DROP TABLE IF EXISTS {name}")
        columns = columns.replace("VARCHAR", "STRING")
        self._spark.sql(f"CREATE TABLE {name} ({columns}) USING parquet LOCATION '{folder}'")
        self._names.add(name)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The answer to a query, as Arrow."""
        assert SparkEngine._newest is self, "another store has taken the place of this one"
        return self._spark.sql(sql, args=list(parameters) or None).toArrow()

    def make_table(self, name: str, query: str) -> None:
        """Keep the answer to a query as a temporary table, in place of any of that name.

        So are its named parts meanwhile that are read more than once: Spark would work out each
        again wherever it is read, and those that it reads.
        """
        parts, rest = parts_of(query)
        taken = self._names & {part for part, _ in parts}
        assert not taken, f"parts of {name} have names of tables: {taken}"
        for part, body in parts:
            if len(re.findall(rf"(?:FROM|JOIN) {part}\b", query)) > 1:
                self.register(part, self.query(body))
            else:
                self._spark.sql(body).createOrReplaceTempView(part)
        self.register(name, self.query(rest))
        for part, _ in parts:
            self.unregister(part)

    def register(self, name: str, rows: pa.Table) -> None:
        """Make Arrow rows visible to SQL under a name; shuffled, for a cluster keeps no order."""
        shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))
        self._spark.createDataFrame(shuffled).createOrReplaceTempView(name)
        self._names.add(name)

    def unregister(self, name: str) -> None:
        """Forget rows that were registered."""
        self._spark.catalog.dropTempView(name)
        self._names.discard(name)


NEXT_PART = re.compile(r"\s*(?:WITH|,)\s+(\w+) AS \(")


def parts_of(query: str) -> tuple[list[tuple[str, str]], str]:
    """The named parts of a query (WITH), and what it makes of them.

    >>> parts_of("WITH a AS (SELECT 1), b AS (SELECT (2) AS n) SELECT * FROM a, b")
    ([('a', 'SELECT 1'), ('b', 'SELECT (2) AS n')], ' SELECT * FROM a, b')
    """
    parts = []
    rest = re.sub(r"^--.*\n", "", query, flags=re.MULTILINE)
    while found := NEXT_PART.match(rest):
        end = _end_of(rest, found.end())
        parts.append((found[1], rest[found.end() : end]))
        rest = rest[end + 1 :]
    return parts, rest


def _end_of(text: str, start: int) -> int:
    """Where the bracket closes that was opened just before ``start``."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    raise ValueError("a bracket that was opened is never closed")
