"""Reading: the files of a source and the mapping that says what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import InputError, RequestError
from wholeflow.events import EventLog, table
from wholeflow.events.log import log_schema
from wholeflow.sources import files
from wholeflow.sources.cells import MACROS
from wholeflow.sources.joins import joined, prepare
from wholeflow.sources.mapping import Condition, FileMapping, Mapping, Saying, Value
from wholeflow.sources.mapping_file import read_mapping, shipped_mapping
from wholeflow.sources.opening import column_names, pieces
from wholeflow.sources.translate import translate
from wholeflow.store import Chunk
from wholeflow.store.engine import DuckDBEngine


@dataclass(frozen=True)
class Reading:
    """Files with the layout of each; its chunks are read when it is loaded."""

    mapping: Mapping
    files: tuple[tuple[Path, FileMapping], ...]
    ignored: tuple[Path, ...] = ()
    """Files of the folders given that no layout fits."""

    def chunks(self) -> Iterator[Chunk]:
        """What the files say, in pieces of bounded size."""
        engine = DuckDBEngine(":memory:")
        try:
            places = _Places(self.mapping)
            engine.execute(MACROS)
            prepared = set()
            for path, layout in self.files:
                if not layout.says:  # it is there to be looked up
                    continue
                if layout.feed not in prepared:
                    prepare(engine, self.mapping, layout, self.files)
                    prepared.add(layout.feed)
                yield from _chunks(engine, self.mapping, path, layout, places)
        finally:
            engine.close()

    def explain(self) -> str:
        """In words: which files are read and what each row says."""
        lines = [
            f"{self.mapping.title}: times are local time of {self.mapping.zone}, clock "
            f"{self.mapping.clock.replace('_', ' ')}."
        ]
        for path, layout in self.files:
            key = ", ".join(layout.key) or "all that the row says"
            keeper = f", kept by {layout.organisation}" if layout.organisation else ""
            lines.append(
                f"{path.name} is {layout.feed}{keeper}; people are known by {layout.people}; "
                f"a record is named by {key}; each row says"
            )
            lines += [f"  {words}" for words in _about_rows(layout)]
            if not layout.says:
                lines.append("  nothing of its own: other files look it up")
            lines += [f"  {_in_words(saying)}" for saying in layout.says]
        lines += [f"not read, as no layout fits: {path.name}" for path in self.ignored]
        return "\n".join(lines)


def read(
    paths: str | Path | Sequence[str | Path],
    *,
    source: str | None = None,
    mapping: str | Path | None = None,
) -> Reading:
    """The files that a source's mapping knows, among paths and folders.

    ``source`` names a shipped mapping; ``mapping`` is a TOML file. Raises
    InputError when no file fits, when a named file fits none, or when a file
    lacks a column that the mapping reads.
    """
    if (source is None) == (mapping is None):
        raise RequestError(
            "say either which source the files come from or which mapping to use",
            repair="Name one of the two: --source mimic (one that comes with wholeflow), or "
            "--mapping my-mapping.toml.",
        )
    rules = shipped_mapping(source) if source else read_mapping(Path(mapping or ""))
    given = [Path(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]
    fitting, ignored = [], []
    for path in files.find_files(given, lambda path: bool(rules.layouts_for(path))):
        layouts = rules.layouts_for(path)
        for layout in layouts:
            _check_columns(path, layout)
            fitting.append((path, layout))
        if not layouts and path in given:
            raise _fits_nothing(rules, str(path))
        if not layouts:
            ignored.append(path)
    if not fitting:
        raise _fits_nothing(rules, ", ".join(str(path) for path in given))
    return Reading(rules, tuple(fitting), tuple(ignored))


def _fits_nothing(rules: Mapping, where: str) -> InputError:
    patterns = [pattern for layout in rules.files for pattern in layout.match]
    return InputError(
        f"no layout of source {rules.source} fits",
        where=where,
        repair=f"It reads files named: {', '.join(patterns)}.",
    )


def _check_columns(path: Path, layout: FileMapping) -> None:
    there = column_names(path, layout)
    missing = _missing(path, layout, there)
    other = next((mark for mark in ";\t|" if len(there) == 1 and mark in there[0]), None)
    if missing and other:
        raise InputError(
            f"the columns are separated by {other!r}, not by {layout.separator!r}",
            where=path.name,
            repair=f"Say separator = {json.dumps(other)} in the mapping.",
        )
    if missing:
        raise InputError(
            f"the file lacks the column {', '.join(missing)}",
            where=path.name,
            repair=_what_there_is(there, layout),
        )


def _missing(path: Path, layout: FileMapping, there: list[str]) -> list[str]:
    """The columns that a file should have and has not.

    In JSON what is blank may be left out: only its key, or all of its columns, can be missed.
    """
    missing = [column for column in layout.columns() if column not in there]
    if files.is_sparse(path) and len(missing) < len(layout.columns()):
        return [column for column in missing if column in layout.key]
    return missing


def _what_there_is(there: list[str], layout: FileMapping) -> str:
    """The columns of a file; of one without any that the mapping knows only their number.

    Its first line may be no header but a person's row.
    """
    if set(there) & set(layout.columns()):
        return f"It has: {', '.join(there)}. Mend the mapping or the export."
    return f"It has {len(there)} columns. Is its first line the header? Mend the mapping."


def _chunks(
    engine: DuckDBEngine, mapping: Mapping, path: Path, layout: FileMapping, places: _Places
) -> Iterator[Chunk]:
    file = files.facts(path)
    about = {
        "title": mapping.title,
        "licence": mapping.licence,
        "organisation": layout.organisation,
    }
    is_first = True
    recorded: dict[int, int] = {}
    for piece in pieces(path, layout, layout.columns()):
        looked_up = replace(piece, rows=joined(engine, layout, piece.rows))
        said = translate(engine, mapping, layout, looked_up)
        tables = said.tables
        if layout.replaces:
            _check_extract(path, layout, tables, recorded)
        for name, rows in places.declare(tables, is_first).items():
            tables[name] = pa.concat_tables([tables[name], rows]) if name in tables else rows
        is_first = False
        log = EventLog(tables, mapping.clock, mapping.zone, about)
        yield Chunk(log, file, piece.read, said.rejects, layout.feed, said.doubts)


def _check_extract(
    path: Path, layout: FileMapping, tables: dict[str, pa.Table], recorded: dict[int, int]
) -> None:
    """An extract that replaces a period tells one time of recording for it, else InputError.

    ``recorded`` holds what it told of each period so far.
    """
    for rows in tables.values():
        pairs = rows.select(["period", "recorded_at"]).group_by(["period", "recorded_at"])
        for row in pairs.aggregate([]).to_pylist():
            period, at = row["period"], row["recorded_at"]
            if None not in (period, at) and recorded.setdefault(period, at) != at:
                raise InputError(
                    f"one extract tells several times of recording, and {layout.feed} replaces "
                    "older ones: only the newest rows would count",
                    where=path.name,
                    repair="Give recorded_at the column with the date of the extract, not that "
                    "of a row's last change; or leave `replaces` out.",
                )


class _Places:
    """Declares places and organisations as they are first met."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._known = {place["place"] for place in mapping.places}
        self._line = 0

    def declare(self, tables: dict[str, pa.Table], is_first: bool) -> dict[str, pa.Table]:
        """Rows to add to ``places`` and ``organisations``; each is declared once."""
        places = list(self._mapping.places) if is_first and not self._line else []
        organisations = list(self._mapping.organisations) if is_first and not self._line else []
        if self._mapping.unlisted_places is not None and "events" in tables:
            met = tables["events"]["place"].unique().drop_null().to_pylist()
            new = sorted(set(met) - self._known)
            self._known |= set(new)
            places += [{**self._mapping.unlisted_places, "place": place} for place in new]
        return {
            **self._rows("places", "place", places),
            **self._rows("organisations", "organisation", organisations),
        }

    def _rows(self, name: str, key: str, rows: list[dict[str, str]]) -> dict[str, pa.Table]:
        numbered = []
        for row in rows:
            self._line -= 1
            source = {"source": self._mapping.source, "id": f"{name}|{row[key]}"}
            numbered.append({**row, **source, "line": self._line})
        if not numbered:
            return {}
        return {name: pa.Table.from_pylist(numbered, schema=log_schema(table(name)))}


def _about_rows(layout: FileMapping) -> Iterator[str]:
    """What holds for every row of a layout, in words."""
    if layout.recorded_at:
        yield f"when it was recorded: {_told(layout.recorded_at)}"
    if layout.replaces and layout.replaces.value:
        of = f"each {layout.replaces.by} of {_told(layout.replaces.value)}"
        yield f"a newer extract replaces the rows of {of}"
    elif layout.replaces:
        yield "a newer extract replaces all of its rows"
    if layout.withdrawn:
        yield f"it is taken back when {' and '.join(map(_condition, layout.withdrawn))}"
    if layout.blank:
        yield f"words for blank are {', '.join(layout.blank)}"
    for join in layout.joins:
        on = " and ".join(f"whose {there} is this file's {here}" for here, there in join.on)
        yield f"it is read with the row of {join.feed} {on}"


def _told(value: Value) -> str:
    said = f"column {value.column}" if value.columns else f"{value.constant}"
    if value.scheme:
        said += f" ({value.scheme})"
    if value.codes:
        said += f" ({len(value.codes)} code{'' if len(value.codes) == 1 else 's'})"
    if value.formats:
        said += f" as {' or '.join(value.formats)}"
    if value.plus:
        said += f", plus a {value.plus}"
    return ", else ".join([said, *(_told(other) for other in value.others)])


def _in_words(saying: Saying) -> str:
    parts = [f"{field} = {_told(value)}" for field, value in saying.fields]
    when = f" when {' and '.join(map(_condition, saying.when))}" if saying.when else ""
    unless = f" unless {' or '.join(map(_condition, saying.unless))}" if saying.unless else ""
    return f"{saying.table}: {', '.join(parts)}{when}{unless}"


def _condition(condition: Condition) -> str:
    if condition.values:
        return f"{condition.column} is {' or '.join(condition.values)}"
    return f"{condition.column} is {'filled' if condition.filled else 'blank'}"
