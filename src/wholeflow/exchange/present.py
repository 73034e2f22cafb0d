"""The present rows of a store's tables, with names and pseudonyms as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.time import ALWAYS, FOR_EVER
from wholeflow.events import Field, table
from wholeflow.governance.pseudonyms import show
from wholeflow.journeys import Journeys

_ROWS = 50_000


class Present:
    """Tables of a view: the rows that count, each number of a person replaced by the person."""

    def __init__(self, journeys: Journeys) -> None:
        self._journeys = journeys
        self._names = journeys.store.query("SELECT code, name FROM dictionary")
        is_kept = journeys.store.about("ids") == "kept"
        kept = "SELECT DISTINCT pseudonym, identifier FROM kept_ids"
        self._kept = journeys.store.query(f"{kept} WHERE {str(is_kept).lower()}")

    def rows(self, name: str, order: str) -> Iterator[dict[str, Any]]:
        """The rows of a declared table one by one, in an order in SQL."""
        for shown in self.tables(name, order):
            yield from shown.to_pylist()

    def tables(self, name: str, order: str = "ALL") -> Iterator[pa.Table]:
        """The rows of a declared table in pieces of bounded size."""
        columns = [f'"{f.name}"' for f in table(name).fields]
        body = f"SELECT {', '.join(columns)} FROM present_{name}"
        if name == "events":
            body += f" UNION ALL {self._of_nobody(columns)}"
        found = self._journeys.query(f"SELECT * FROM ({body}) AS p ORDER BY {order}")
        for batch in found.to_batches(max_chunksize=_ROWS):
            yield self._shown(pa.Table.from_batches([batch]), table(name).fields)

    def _of_nobody(self, columns: list[str]) -> str:
        """Present events that concern no person; ``present_events`` leaves them out."""
        until = FOR_EVER if self._journeys.as_of is None else self._journeys.as_of
        return (
            f"SELECT {', '.join(f't.{column}' for column in columns)} FROM ledger.events AS t "
            "LEFT JOIN hidden AS h ON h.source = t.source AND h.id = t.id AND h.run = t.run "
            f"AND h.recorded_at = coalesce(t.recorded_at, {ALWAYS}) "
            "WHERE t.person IS NULL AND h.id IS NULL "
            f"AND t.at <= {until} AND coalesce(t.recorded_at, {ALWAYS}) <= {until}"
        )

    def _shown(self, rows: pa.Table, fields: Sequence[Field]) -> pa.Table:
        for at, f in enumerate(fields):
            if f.type == "code":
                named = self._named(rows[f.name])
            elif f.type in ("identifier", "record"):
                named = self._pseudonyms(rows[f.name])
            else:
                continue
            rows = rows.set_column(at, f.name, named)
        return rows

    def _named(self, codes: pa.ChunkedArray) -> pa.ChunkedArray:
        places = pc.index_in(codes, value_set=self._names["code"].combine_chunks())
        return pc.take(self._names["name"].combine_chunks(), places)

    def _pseudonyms(self, numbers: pa.ChunkedArray) -> pa.ChunkedArray:
        unique = numbers.unique()
        places = pc.index_in(unique, value_set=self._kept["pseudonym"].combine_chunks())
        kept = pc.take(self._kept["identifier"].combine_chunks(), places)
        digits = pa.array([None if n is None else show(n) for n in unique.to_pylist()], pa.string())
        return pc.take(pc.coalesce(kept, digits), pc.index_in(numbers, value_set=unique))
