"""Feeds drawn in text: files as organisations send them, their mapping, and a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.spec.tables import KEY, drawn

from wholeflow.events import table
from wholeflow.journeys import Journeys, journeys
from wholeflow.sources import Reading, read
from wholeflow.store import LoadResult, Store, load, open_store


class Desk:
    """A folder with a mapping, the files drawn for it, and a store to load them into."""

    def __init__(
        self, folder: Path, mapping: str, *, store: Store | None = None, keep_ids: bool = False
    ) -> None:
        self.folder = folder
        self.store = store or open_store()
        self.keep_ids = keep_ids
        self.mapping = folder / "mapping.toml"
        self.mapping.write_text(mapping, encoding="utf-8")
        self._times = 0

    def files(self, **tables: str | list[dict[str, Any]]) -> Path:
        """A new folder with a CSV file for each table, which is drawn or given as rows."""
        self._times += 1
        home = self.folder / f"export {self._times}"
        home.mkdir()
        for name, drawing in tables.items():
            rows = drawn(drawing) if isinstance(drawing, str) else drawing
            (home / f"{name}.csv").write_text("\n".join(_lines(rows)) + "\n", encoding="utf-8")
        return home

    def reading(self, **tables: str | list[dict[str, Any]]) -> Reading:
        """The drawn files, ready to be loaded."""
        return read(self.files(**tables), mapping=self.mapping)

    def load(self, **tables: str | list[dict[str, Any]]) -> LoadResult:
        """Load drawn files together; the books of the load."""
        return self.take(self.reading(**tables))

    def take(self, reading: Reading) -> LoadResult:
        """Load what was read; the books of the load."""
        books = load(self.store, reading.chunks(), key=KEY, keep_ids=self.keep_ids)
        assert books.read == books.loaded + books.already + books.rejected
        return books

    def view(self, **options: Any) -> Journeys:
        """The view of the store."""
        return journeys(self.store, **options)

    def people(self, **options: Any) -> list[str]:
        """The activities of each person's events: ['a b', 'c'] are two people with three events."""
        rows = self.view(**options).query(
            "SELECT e.person, d.name FROM present_events AS e "
            "JOIN dictionary AS d ON d.code = e.activity"
        )
        found: dict[int, set[str]] = {}
        for row in rows.to_pylist():
            found.setdefault(row["person"], set()).add(row["name"])
        return sorted(" ".join(sorted(names)) for names in found.values())

    def doubts(self) -> list[tuple[int, str, str]]:
        """Line, field and doubt of all that is doubted."""
        rows = self.store.query("SELECT line, field, doubt FROM doubts ORDER BY ALL")
        return [tuple(row.values()) for row in rows.to_pylist()]

    def rejects(self) -> list[tuple[int, str]]:
        """Line and reason of every row that could not be used."""
        rows = self.store.query("SELECT line, reason FROM rejects ORDER BY ALL")
        return [tuple(row.values()) for row in rows.to_pylist()]

    def said(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of a declared table as now known, codes as names."""
        view = self.view()
        rows = view.query(f"SELECT * FROM present_{name} AS t").to_pylist()
        names = {
            row["code"]: row["name"]
            for row in self.store.query("SELECT code, name FROM dictionary").to_pylist()
        }
        codes = _code_columns(name)
        return sorted(
            (tuple(names.get(row[c]) if c in codes else row[c] for c in columns) for row in rows),
            key=repr,
        )


def _code_columns(name: str) -> set[str]:
    return {field.name for field in table(name).fields if field.type == "code"}


def _lines(rows: list[dict[str, Any]]) -> Iterable[str]:
    names = list(rows[0])
    yield ",".join(names)
    for row in rows:
        yield ",".join(str(row[name]) for name in names)
