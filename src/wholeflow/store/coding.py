"""Coding: the names and identifiers of a chunk become the integers that a store keeps.

Names from open lists get the codes of the dictionary, identifiers their pseudonyms. Each
distinct text of a column is looked up or hashed once for the chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.events import EventLog, TableSpec, table
from wholeflow.store import contents
from wholeflow.store.engine import Engine
from wholeflow.store.shown import Shown

SEPARATOR = "\x1f"
OF_RECORDS = ("id", "source", "recorded_at", "run", "period")
"""Common columns that belong to the record and not to each thing that it says."""

ALSO_SAID = ("withdrawn", "period")
"""Columns of the record that are part of what it says."""

KEYED = "keyed_hash(words)"
PLAIN = f"CAST('0x' || left(md5(words), {contents.BITS // 4}) AS BIGINT)"
"""SQL for the hash of a text that is no secret: the first 60 bits of its MD5."""

Integers = npt.NDArray[np.int64]
Words = dict[str, pa.DictionaryArray]
"""Columns of texts, each distinct text once."""

Hashes = dict[tuple[str, str], pa.Array]
"""By table and column."""


@dataclass(frozen=True)
class Coded:
    """What a chunk says, in integers, and its records, numbered from 0 in order of line.

    ``tables`` have ``record``, ``part`` and those of their own columns that hold anything.
    """

    tables: Mapping[str, pa.Table]
    records: pa.Table

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(rows.num_rows for rows in self.tables.values())

    @staticmethod
    def joined(several: Sequence[Coded]) -> Coded:
        """Several as one, their records numbered on."""
        tables: dict[str, list[pa.Table]] = {}
        records: list[pa.Table] = []
        first = 0
        for one in several:
            for name, rows in one.tables.items():
                tables.setdefault(name, []).append(_numbered_on(rows, first))
            records.append(_numbered_on(one.records, first))
            first += one.records.num_rows
        return Coded(
            {
                name: pa.concat_tables(rows, promote_options="default")
                for name, rows in tables.items()
            },
            pa.concat_tables(records),
        )


class Coder:
    """Knows the codes of a store's dictionary during a load, and gives new names theirs.

    The macro ``keyed_hash`` must be there.
    """

    def __init__(self, engine: Engine, shown: Shown, *, keep_ids: bool) -> None:
        self._engine = engine
        self._shown = shown
        self._keep_ids = keep_ids
        known = engine.query("SELECT name, code FROM dictionary")
        pairs = zip(known["name"].to_pylist(), known["code"].to_pylist(), strict=True)
        self._codes: dict[str, int] = dict(pairs)
        engine.execute("CREATE TEMP TABLE met_ids AS FROM kept_ids LIMIT 0")

    def code(self, name: str) -> int | None:
        """The code of a name; None for an empty one."""
        return int(self._codes_of([name])[0]) if name else None

    def feeds(self, log: EventLog) -> list[int]:
        """The codes of the feeds that speak in a log."""
        met = {name for rows in log.tables.values() for name in rows["source"].unique().to_pylist()}
        return [int(code) for code in self._codes_of(sorted(met))]

    def coded(self, log: EventLog, file: int) -> Coded | None:
        """What a log says, in integers; None when it says nothing."""
        tables = {name: rows for name, rows in log.tables.items() if rows.num_rows}
        if not tables:
            return None
        spoken = np.concatenate([rows["line"].to_numpy() for rows in tables.values()])
        lines, firsts, numbers = np.unique(spoken, return_index=True, return_inverse=True)
        heads = {name: _at(tables, name, firsts) for name in OF_RECORDS}
        keys = pc.binary_join_element_wise(heads["source"], heads["id"], SEPARATOR)
        words = {name: _distinct(table(name), rows) for name, rows in tables.items()}
        self._codes_of(sorted(_names(words)))
        of_keys, hashes = self._hashes(keys, words)
        heads["withdrawn"] = _any_withdrawn(tables, numbers, len(lines))
        digests, said = [], {}
        ends = np.cumsum([rows.num_rows for rows in tables.values()])
        for (name, rows), record in zip(tables.items(), np.split(numbers, ends), strict=False):
            values = {one: heads[one].take(pa.array(record)) for one in ALSO_SAID}
            values |= _values(table(name), rows, words, hashes)
            digests.append(contents.of_rows(name, values))
            said[name] = self._said(table(name), rows, record, words[name], hashes)
        content = contents.of_records(np.concatenate(digests), numbers, len(lines))
        records = {
            "record": np.arange(len(lines)),
            "source": self._coded(heads["source"].dictionary_encode()),
            "id": pc.coalesce(of_keys, content),
            **{name: heads[name] for name in ("run", "recorded_at", "withdrawn", "period")},
            "content": content,
            "file": np.full(len(lines), file, np.int32),
            "line": lines,
        }
        return Coded(said, pa.table(records))

    def close(self) -> None:
        """Write the identifiers that the load met, where they are kept, and forget them."""
        self._engine.execute(
            "INSERT INTO kept_ids SELECT DISTINCT m.pseudonym, m.identifier FROM met_ids AS m "
            "ANTI JOIN kept_ids AS k ON k.pseudonym = m.pseudonym"
        )
        self._engine.execute("DROP TABLE met_ids")

    def _said(
        self, spec: TableSpec, rows: pa.Table, record: Integers, words: Words, hashes: Hashes
    ) -> pa.Table:
        """The rows of one table with those of its columns that hold anything."""
        said = {"record": pa.array(record), "part": rows["part"]}
        for f in spec.own:
            kind = f.type.partition(":")[0]
            if rows[f.name].null_count == rows.num_rows:
                continue
            if kind == "identifier":
                said[f.name] = hashes[spec.name, f.name].take(words[f.name].indices)
            elif kind == "code":
                said[f.name] = self._coded(words[f.name])
            else:
                said[f.name] = words.get(f.name, rows[f.name])
        return pa.table(said)

    def _hashes(self, keys: pa.Array, words: Mapping[str, Words]) -> tuple[pa.Array, Hashes]:
        """The hashes of the records' keys, and of the distinct texts of each table and column."""
        secret: dict[tuple[str, str], pa.Array] = {("", ""): keys}
        plain: dict[tuple[str, str], pa.Array] = {}
        for name, columns in words.items():
            identifiers = {f.name for f in table(name).fields_of_type("identifier")}
            for column, texts in columns.items():
                to = secret if column in identifiers else plain
                to[name, column] = texts.dictionary
        hashes = self._hashed(plain, PLAIN) | self._hashed(secret, KEYED)
        if self._keep_ids:
            self._keep(secret, hashes)
        return hashes.pop(("", "")), hashes

    def _hashed(self, texts: Hashes, sql: str) -> Hashes:
        """Texts by table and column to their hashes, in the same order."""
        words = pa.chunked_array(list(texts.values()), pa.string())
        numbered = pa.table({"number": np.arange(len(words)), "words": words})
        self._shown.show("incoming_words", numbered)
        found = self._engine.query(f"SELECT number, {sql} AS hash FROM incoming_words")
        self._shown.hide("incoming_words")
        order = pc.sort_indices(found["number"])
        hashes = found["hash"].combine_chunks().take(order)
        starts = np.cumsum([0, *(len(one) for one in texts.values())])
        return {
            at: hashes.slice(start, len(one))
            for (at, one), start in zip(texts.items(), starts, strict=False)
        }

    def _keep(self, texts: Hashes, hashes: Hashes) -> None:
        for at, identifiers in texts.items():
            if at != ("", ""):
                met = pa.table({"pseudonym": hashes[at], "identifier": identifiers})
                self._shown.show("incoming_ids", met)
                self._engine.execute("INSERT INTO met_ids FROM incoming_ids")

    def _coded(self, words: pa.DictionaryArray) -> pa.Array:
        """The codes of a column of names."""
        return pa.array(self._codes_of(words.dictionary.to_pylist()), pa.int32()).take(
            words.indices
        )

    def _codes_of(self, names: list[str]) -> Integers:
        """The codes of names; new ones are written to the dictionary, in order of name."""
        new = sorted({name for name in names if name not in self._codes})
        if new:
            codes = np.arange(len(new)) + len(self._codes) + 1
            self._codes.update(zip(new, codes.tolist(), strict=True))
            self._shown.show("incoming_names", pa.table({"code": codes, "name": new}))
            self._engine.execute("INSERT INTO dictionary FROM incoming_names")
        return np.array([self._codes[name] for name in names], np.int64)


def _at(tables: Mapping[str, pa.Table], name: str, firsts: Integers) -> pa.Array:
    """A common column, at the first row of each record."""
    chunks = [chunk for rows in tables.values() for chunk in rows[name].chunks]
    return pa.chunked_array(chunks).combine_chunks().take(pa.array(firsts))


def _distinct(spec: TableSpec, rows: pa.Table) -> Words:
    """The texts of a table with each distinct one once."""
    return {
        f.name: rows[f.name].combine_chunks().dictionary_encode()
        for f in spec.fields_of_type("code", "choice", "identifier", "text")
        if rows[f.name].null_count < rows.num_rows
    }


def _values(
    spec: TableSpec, rows: pa.Table, words: Mapping[str, Words], hashes: Hashes
) -> dict[str, pa.Array]:
    """What the rows of a table say in columns of its own: numbers, and hashes for texts."""
    return {
        name: hashes[spec.name, name].take(words[spec.name][name].indices)
        if name in words[spec.name]
        else rows[name].combine_chunks()
        for name in (f.name for f in spec.own)
        if rows[name].null_count < rows.num_rows
    }


def _names(words: Mapping[str, Words]) -> set[str]:
    """The distinct names of all tables."""
    return {
        text
        for name in words
        for f in table(name).fields_of_type("code")
        if f.name in words[name]
        for text in words[name][f.name].dictionary.to_pylist()
    }


def _any_withdrawn(tables: Mapping[str, pa.Table], numbers: Integers, count: int) -> pa.Array:
    """For each record whether any row of it takes it back."""
    gone = np.concatenate([np.asarray(rows["withdrawn"], np.bool_) for rows in tables.values()])
    found = np.zeros(count, np.bool_)
    found[numbers[gone]] = True
    return pa.array(found)


def _numbered_on(rows: pa.Table, first: int) -> pa.Table:
    """Rows whose records are numbered from another first one."""
    return rows.set_column(0, "record", pc.add(rows["record"], first))
