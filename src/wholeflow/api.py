"""The verbs, as in the terminal: open, read, load, check, journeys, measure, map, report, demo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wholeflow.core.errors import RequestError
from wholeflow.core.time import LONDON, instant
from wholeflow.events import EventLog
from wholeflow.governance.pseudonyms import Key, default_key_file, read_key
from wholeflow.journeys import GAP_DAYS, Check, Journeys, Linked
from wholeflow.journeys import check as check_journeys
from wholeflow.journeys import journeys as view
from wholeflow.journeys import link as link_people
from wholeflow.measures import Definition, Result
from wholeflow.measures import measure as measure_journeys
from wholeflow.sources import Reading, read
from wholeflow.sources.files import facts
from wholeflow.store import Chunk, FileFacts, LoadResult, Store, open_store
from wholeflow.store import load as load_chunks


def open(path: str | Path = ":memory:") -> Store:
    """A store: a DuckDB file, made where there is none, or in memory without a path.

    >>> store = open()
    """
    return open_store(path)


def load(
    store: Store,
    records: Reading | EventLog,
    *,
    key: Key | None = None,
    keep_ids: bool = False,
    tell: Callable[[int], None] | None = None,
) -> LoadResult:
    """Load what was read, or a log, into a store; all of it or nothing.

    ``key`` makes the pseudonyms; without one, that of the key file (made when it
    is first needed). ``keep_ids`` also keeps identifiers as they are. ``tell`` is told now
    and then how many rows have been read. The result is the books: read = loaded + already +
    rejected.

    >>> log = EventLog.from_rows("ward-book", events=[
    ...     {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward 1"}])
    >>> print(load(open(), log, key=Key(b"0" * 32)))
    read 1 = loaded 1 + already 0 + rejected 0
      1 to events
    """
    chunks = [_chunk(records)] if isinstance(records, EventLog) else records.chunks()
    return load_chunks(
        store,
        chunks if tell is None else _told(chunks, tell),
        key=key or read_key(default_key_file(), may_make=store.about("key fingerprint") is None),
        keep_ids=keep_ids,
        now=datetime.now(UTC),
    )


def _told(chunks: Iterable[Chunk], tell: Callable[[int], None]) -> Iterator[Chunk]:
    rows = 0
    for chunk in chunks:
        rows += chunk.read
        tell(rows)
        yield chunk


def _chunk(log: EventLog) -> Chunk:
    from wholeflow.exchange import doubts_of

    lines = {line for rows in log.tables.values() for line in rows["line"].unique().to_pylist()}
    file = FileFacts(log.about.get("file", "rows in memory"), log.about.get("sha256", ""))
    return Chunk(log, file, len(lines), doubts=doubts_of(log))


def draft(paths: Sequence[str | Path]) -> str:
    """A draft of a mapping for files: TOML that loads at once where they name people and times.

    What you must decide is marked ``# decide:``. Raises InputError for files that can't be
    read or in which nothing can be mapped.
    """
    from wholeflow.sources.drafting import draft as draft_mapping

    return draft_mapping([Path(path) for path in paths])


def read_log(
    path: str | Path,
    *,
    person: str | None = None,
    place: str | None = None,
    kinds: Mapping[str, str] | None = None,
    source: str | None = None,
    scheme: str | None = None,
    keep_attributes: bool = False,
) -> EventLog:
    """A log of another tool, XES or OCEL 2.0 (JSON, SQLite), to load into a store.

    ``person`` is the type of object that people are (in XES a case is a person), ``place``
    what names where an event was: a type of object, in XES the key of an attribute.
    ``kinds`` gives the kind of event for names of activities; the others are contacts.
    ``source`` names the feed, else the form and the file do: ``xes-sepsis``. ``scheme`` is
    that of people's numbers, such as ``nhs-number``, else the feed. Attributes of people and
    names of staff are left out (``about["left out"]`` says how many) unless
    ``keep_attributes``; with them and kept ids, ``export`` gives the log back.
    """
    from wholeflow.exchange import read_log as read_exchanged

    log = read_exchanged(
        path,
        person=person,
        place=place,
        kinds=kinds,
        source=source,
        scheme=scheme,
        keep_attributes=keep_attributes,
    )
    file = facts(Path(path))
    return replace(log, about={**log.about, "file": file.name, "sha256": file.sha256})


def export(of: Store | Journeys, to: str | Path, as_: str) -> tuple[Path, ...]:
    """Write a store into a folder for other tools.

    ``as_`` is ``csv`` or ``parquet`` (tables), ``xes``, ``ocel`` (JSON) or ``ocel-sqlite``.
    """
    from wholeflow.exchange import export_log

    return export_log(_view(of), to, as_)


def link(store: Store) -> Linked:
    """Link people without a shared number by likeness, in place of earlier such links (rule §26).

    Needs the extra ``link``. Raises UnsupportedError where it, or traits, are missing.
    """
    return link_people(store)


def journeys(
    store: Store,
    *,
    as_of: str | int | None = None,
    gap_days: int = GAP_DAYS,
    links: str = "likely",
) -> Journeys:
    """A lazy view of people's journeys in a store, as of an instant (rule §6, §16).

    ``links``: ``likely`` takes linked numbers for one person where that is at least
    90 % sure, ``certain`` only where it is sure (rule §25).
    """
    return view(store, as_of=as_of, zone=local_zone(store), gap_days=gap_days, links=links)


def local_zone(store: Store) -> str:
    """The local time that results are shown in: the sources' own where they agree."""
    zones = store.query("SELECT DISTINCT zone FROM sources")["zone"].to_pylist()
    return str(zones[0]) if len(zones) == 1 else LONDON


def check(of: Store | Journeys) -> Check:
    """What is wrong or missing in the records, with a verdict on each feed."""
    return check_journeys(_view(of))


def measure(of: Store | Journeys, name: str | Definition, by: Sequence[str] = ()) -> Result:
    """A measure by name, own definition or definition file, grouped by names."""
    return measure_journeys(_view(of), name, by)


def map(of: Store | Journeys, to: str | Path | None = None) -> str:
    """The flow map of a store as SVG, also written to a file where one is named."""
    from wholeflow.publish import draw_map, write

    if to is not None:
        _need_svg(Path(to))
    svg = draw_map(_view(of))
    if to is not None:
        write(svg, Path(to))
    return svg


def chart(result: Result, to: str | Path) -> Path:
    """Draw a measure over time, with the limits of its XmR chart, into an SVG file."""
    from wholeflow.publish import draw_over_time, write

    _need_svg(Path(to))
    write(draw_over_time(result), Path(to))
    return Path(to)


def _need_svg(path: Path) -> None:
    if path.suffix.lower() != ".svg":
        raise RequestError(
            "a drawing is written as SVG", where=str(path), repair="Name a file such as map.svg."
        )


def report(of: Store | Journeys, to: str | Path, *, title: str | None = None) -> Path:
    """One self-contained page about the place, written whole or not at all."""
    from wholeflow.publish import page, write

    seen = _view(of)
    target = Path(to)
    if target.suffix.lower() not in (".html", ".htm"):
        raise RequestError(
            "a report is written as HTML",
            where=str(target),
            repair="Name a file such as place.html.",
        )
    text = page(
        seen,
        title=title or place_title(seen.store),
        findings=check_journeys(seen).findings,
        made_at=instant(datetime.now(UTC)),
    )
    write(text, target)
    return target


def place_title(store: Store) -> str:
    """What the place in a store is called: the titles of its sources."""
    found = store.query("SELECT DISTINCT title FROM sources WHERE title <> '' ORDER BY title")
    return " and ".join(found["title"].to_pylist()) or Path(store.path).stem


@dataclass(frozen=True)
class Demo:
    """What the demo made: its folder, store, report, and the books of the load."""

    folder: Path
    store: Path
    report: Path
    load: LoadResult
    check: Check
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(
            [
                str(self.load),
                self.check.verdict,
                *self.sentences,
                f"store:  {self.store}",
                f"report: {self.report}  (open it in a browser)",
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """The demo for ``--json``: folder, store, report, load, check, sentences."""
        return {
            "folder": str(self.folder),
            "store": str(self.store),
            "report": str(self.report),
            "load": self.load.as_dict(),
            "check": self.check.as_dict(),
            "sentences": list(self.sentences),
        }


def demo(
    folder: str | Path = "demo", *, people: int = 1500, seed: int = 1, truth: bool = False
) -> Demo:
    """The whole way on a made-up place: records of six organisations in, a report out.

    The key that makes the pseudonyms lies beside the store in the folder, for
    nobody in it exists.
    """
    from wholeflow.sources.demo import write_records

    home = Path(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(
            "the folder of the demo can't be made", where=str(home), repair="Name another folder."
        ) from error
    write_records(home / "records", people=people, seed=seed, truth=truth)
    path = home / "riverford.duckdb"
    with open(path) as store:
        books = load(store, read(home / "records", source="demo"), key=read_key(home / "demo.key"))
        seen = journeys(store)
        sentences = tuple(measure(seen, name).says for name in ("arrivals", "handoff_wait"))
        written = report(seen, home / "riverford.html")
        return Demo(home, path, written, books, check(seen), sentences)


def _view(of: Store | Journeys) -> Journeys:
    return of if isinstance(of, Journeys) else journeys(of)


__all__ = [
    "check",
    "demo",
    "draft",
    "export",
    "journeys",
    "link",
    "load",
    "map",
    "measure",
    "open",
    "read",
    "read_log",
    "report",
]
