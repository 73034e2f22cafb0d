"""Small tables drawn in text: what was recorded, and what follows from it by the rules.

A table is a line of column names and a line for each row; cells stand between bars,
an empty cell is absent. Times are local time in London, hours are written as people
write them, flags as yes and no.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import ndiff
from typing import Any

from wholeflow.core.time import local, parse_instant
from wholeflow.events import EventLog, table
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, columns, journeys
from wholeflow.store import Chunk, FileFacts, LoadResult, Store, load, open_store

KEY = Key(b"k" * 32)


def drawn(text: str) -> list[dict[str, str]]:
    """The rows of a drawn table, every cell as text."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return []
    names = [name.strip() for name in lines[0].split("|")]
    return [
        dict(zip(names, (cell.strip() for cell in line.split("|")), strict=True))
        for line in lines[1:]
    ]


def recorded(name: str, text: str) -> list[dict[str, Any]]:
    """The rows of a drawn declared table, each cell of its declared type."""
    types = {field.name: field.type for field in table(name).fields}
    return [
        {column: _cell(types[column], cell) for column, cell in row.items() if cell}
        for row in drawn(text)
    ]


def _cell(kind: str, cell: str) -> Any:
    if kind == "integer":
        return int(cell)
    if kind == "number":
        return float(cell)
    if kind == "flag":
        return cell == "yes"
    return cell


def log_of(
    events: str, places: str = "", *, source: str = "ward-book", clock: str = "shared", **more: str
) -> EventLog:
    """A log of drawn events, places and ``more`` tables."""
    drawings = {"events": events, "places": places, **more}
    rows = {name: recorded(name, drawing) for name, drawing in drawings.items()}
    return EventLog.from_rows(source, clock=clock, **rows)


def put(store: Store, log: EventLog, file: str = "book") -> LoadResult:
    """Load a log whose every row is a record of its own."""
    rows = sum(one.num_rows for one in log.tables.values())
    facts = FileFacts(f"{file}.csv", file)
    return load(store, [Chunk(log, facts, read=rows)], key=KEY, keep_ids=True)


def worked_out(events: str, places: str = "", **options: Any) -> Journeys:
    """The view of a store that holds the drawn events, places and other tables only."""
    view = {name: options.pop(name) for name in ("as_of", "gap_days") if name in options}
    store = open_store()
    put(store, log_of(events, places, **options))
    return journeys(store, **view)


@dataclass(frozen=True)
class _Shown:
    """Cells of a derived table as they are drawn."""

    kind: str

    def cell(self, value: Any) -> str:
        if value is None:
            return ""
        if self.kind == "instant":
            at = local(value)
            return f"{at:%Y-%m-%d %H:%M}" + ("+00:00" if at.fold else "")
        if self.kind == "flag":
            return "yes" if value else "no"
        if self.kind == "number":
            return f"{value:.6f}".rstrip("0").rstrip(".")
        return str(value)


def shown(view: Journeys, name: str, wanted: list[str]) -> list[dict[str, str]]:
    """Columns of a derived table as they are drawn."""
    how = {field.name: _Shown(field.type) for field in columns(name)}
    rows = view.table(name).select(wanted).to_pylist()
    return [{column: how[column].cell(row[column]) for column in wanted} for row in rows]


def expect(view: Journeys, name: str, text: str) -> None:
    """The derived table has the drawn rows and no others, in any order."""
    header = [column.strip() for column in text.strip().splitlines()[0].split("|")]
    found, wanted = _sorted(shown(view, name, header)), _sorted(drawn(text))
    assert found == wanted, "\n".join(["by the rules (-), found (+):", *ndiff(wanted, found)])


def _sorted(rows: list[dict[str, str]]) -> list[str]:
    return sorted(" | ".join(row.values()) for row in rows)


def at(text: str) -> int:
    """The instant of a local time."""
    return parse_instant(text)
