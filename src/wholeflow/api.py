"""The verbs, as in the terminal: open, read, load, check, journeys, measure, map, report, demo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from wholeflow.core.errors import RequestError
from wholeflow.core.time import LONDON, instant, parse_instant
from wholeflow.diagnosis import Conformance, Filters, LogFile, Pathway, ProcessMap, Variants
from wholeflow.diagnosis import conform as conform_journeys
from wholeflow.diagnosis import log_file as open_log
from wholeflow.diagnosis import process_map as map_process
from wholeflow.diagnosis import variants as find_variants
from wholeflow.diagnosis.variants import TOP
from wholeflow.events import EventLog
from wholeflow.governance.looks import look, note, read_looks
from wholeflow.governance.pseudonyms import Key, default_key_file, read_key, show
from wholeflow.journeys import GAP_DAYS, Check, Journeys, Linked
from wholeflow.journeys import check as check_journeys
from wholeflow.journeys import journeys as view
from wholeflow.journeys import link as link_people
from wholeflow.journeys.clock_census import census_at as census_of
from wholeflow.journeys.one_journey import OneJourney
from wholeflow.journeys.one_person import journeys_of as of_person
from wholeflow.measures import Definition, Result
from wholeflow.measures import measure as measure_journeys
from wholeflow.measures.marks import Mark, checked, feed_zone, measure_name, signed, standing
from wholeflow.measures.spc import PRESET
from wholeflow.sources import Reading, read
from wholeflow.sources.files import facts
from wholeflow.store import Chunk, FileFacts, LoadResult, Store, open_store
from wholeflow.store import load as load_chunks
from wholeflow.store.engine import IN_MEMORY

if TYPE_CHECKING:
    from wholeflow.coordinate import Today
    from wholeflow.publish import Report


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


def journeys_of(of: Store | Journeys, person: str) -> tuple[OneJourney, ...]:
    """One person's journeys, every hour of them told (rule §36); ``person`` is a pseudonym.

    Where ids are kept, an identifier does too. Raises RequestError where nobody has it. A look
    at one person is to be logged first: :func:`log_look`; the command line does.
    """
    return of_person(_view(of), person)


def local_zone(store: Store) -> str:
    """The local time that results are shown in: the sources' own where they agree."""
    zones = store.query("SELECT DISTINCT zone FROM sources")["zone"].to_pylist()
    return str(zones[0]) if len(zones) == 1 else LONDON


def census(of: Store | Journeys, at: str) -> pa.Table:
    """How many people each place has at an instant, or at a clock time of every day (rule §17).

    ``at``: ``2024-11-05T03:00`` in local time, or ``03:00``. Columns ``place``, ``holds``, ``at``
    (UTC microseconds) and ``inside``, absent before the first person of a place.
    """
    return census_of(_view(of), at)


def check(of: Store | Journeys) -> Check:
    """What is wrong or missing in the records, with a verdict on each feed."""
    return check_journeys(_view(of))


def measure(
    of: Store | Journeys, name: str | Definition, by: Sequence[str] = (), *, rules: str = PRESET
) -> Result:
    """A measure by name, own definition or definition file, grouped by names.

    By day, week or month it is judged over time by the XmR preset that ``rules`` names:
    ``mdc_2024`` or ``nhsr_0_2`` (rule §30).
    """
    return measure_journeys(_view(of), name, by, rules=rules)


def mark(
    store: Store,
    kind: str,
    *,
    at: str,
    who: str = "",
    why: str = "",
    place: str | None = None,
    measure: str | None = None,
    value: float | None = None,
    feed: str | None = None,
    withdraw: bool = False,
    key: Key | None = None,
) -> Mark:
    """Sign something on the figures of a store: a step, a baseline, a target, a test, a note.

    ``complete_from`` says that everybody is recorded from then on (rule §28); the other kinds
    are of rule §30. ``at`` is ISO text in local time, ``who`` a role and not a name, ``value``
    that of a target in the unit of its measure (a share as 0.95). The same kind, time, place,
    measure and feed signed again changes the mark; ``withdraw`` takes it back.
    """
    seen = journeys(store)
    named = measure_name(measure)
    wanted = Mark(kind, parse_instant(at, seen.zone), who, why, place, named, feed, value)
    found = standing(seen, wanted) if withdraw else checked(seen, wanted)
    zone = feed_zone(store) or seen.zone
    log = signed(found, now=instant(datetime.now(UTC)), zone=zone, withdrawn=withdraw)
    load(store, log, key=key, keep_ids=store.about("ids") == "kept")
    return found


def map(
    of: Store | Journeys, to: str | Path | None = None, *, filters: Filters | None = None
) -> str:
    """The flow map of a store as SVG, also written to a file where one is named.

    With ``filters`` it shows what :func:`process_map` over places shows with them.
    """
    from wholeflow.publish import draw_map, write

    if to is not None:
        _need_svg(Path(to))
    seen = _view(of)
    if filters is None or filters == Filters():
        svg = draw_map(seen)
    else:
        svg = draw_map(seen, map_process(seen, "places", filters).as_transitions())
    if to is not None:
        write(svg, Path(to))
    return svg


def log_file(
    path: str | Path,
    *,
    case: str,
    activity: str,
    start: str,
    end: str | None = None,
    zone: str | None = None,
) -> LogFile:
    """One log file, Parquet or CSV, to map without a store.

    The names are those of its columns. Without ``end`` each activity is a moment; times without
    an offset are local times of ``zone``, or without it taken as they stand.
    """
    return open_log(path, case=case, activity=activity, start=start, end=end, zone=zone)


def process_map(
    of: Store | Journeys | LogFile, over: str = "", *, filters: Filters | None = None
) -> ProcessMap:
    """What directly followed what, how often and how long after (rule §31).

    ``over``: ``places`` (handoffs) or ``activities``; a log file has activities only.
    """
    return map_process(of if isinstance(of, LogFile) else _view(of), over, filters)


def variants(
    of: Store | Journeys | LogFile, over: str = "activities", *, top: int = TOP
) -> Variants:
    """The ways that journeys went over activities or places, the most frequent first (rule §32)."""
    return find_variants(of if isinstance(of, LogFile) else _view(of), over, top)


def conform(
    of: Store | Journeys,
    pathway: Pathway | str | Path | None = None,
    *,
    through: str | None = None,
) -> Conformance:
    """How far journeys went as a pathway meant them to (rule §33).

    ``pathway``: a TOML or CSV file, the name of one in the store, or nothing where the store
    has one only. ``through``: only journeys in which this activity or place occurs.
    """
    return conform_journeys(_view(of), pathway, through=through)


def plot(
    of: Store | Journeys | Result | Sequence[OneJourney],
    to: str | Path,
    *,
    what: str = "",
    policy: str = "",
) -> Path:
    """Draw one chart into an SVG file.

    Of a store or view: ``what`` names one of the report (hours, waits, time, week, journey), for
    use inside unless a disclosure ``policy`` is named. A measure is drawn over time with the
    limits of its XmR chart; journeys, as :func:`journeys_of` gives them, in lanes. For the flow
    map see :func:`map`.
    """
    from wholeflow.governance.disclosure import find_policy
    from wholeflow.publish import draw_journeys, draw_over_time, draw_section, write

    _need_svg(Path(to))
    if isinstance(of, Store | Journeys):
        drawn = draw_section(_view(of), what, find_policy(policy) if policy else None)
    else:
        drawn = draw_over_time(of) if isinstance(of, Result) else draw_journeys(of)
    write(drawn, Path(to))
    return Path(to)


def _need_svg(path: Path) -> None:
    if path.suffix.lower() != ".svg":
        raise RequestError(
            "a drawing is written as SVG", where=str(path), repair="Name a file such as map.svg."
        )


def report(
    of: Store | Journeys, to: str | Path, *, title: str | None = None, policy: str = ""
) -> Path:
    """One self-contained page about the place, written whole or not at all.

    It is for use inside the organisations, and says so, unless ``policy`` names the disclosure
    policy (hes, lt5_round5) by which it may be published.
    """
    from wholeflow.publish import write

    target = Path(to)
    if target.suffix.lower() not in (".html", ".htm"):
        raise RequestError(
            "a report is written as HTML",
            where=str(target),
            repair="Name a file such as place.html.",
        )
    write(reported(of, title=title, policy=policy).html(), target)
    return target


def reported(of: Store | Journeys, *, title: str | None = None, policy: str = "") -> Report:
    """What the report says, for programs: ``as_dict`` and ``tidy`` have the facts of its page.

    ``policy``: as for ``report``. Raises RequestError for a policy that does not exist.
    """
    from wholeflow.governance.disclosure import find_policy
    from wholeflow.publish import reported as reported_of

    seen = _view(of)
    found = check_journeys(seen)
    return reported_of(
        seen,
        title=title or place_title(seen.store),
        findings=found.findings,
        verdicts=found.verdicts,
        made_at=instant(datetime.now(UTC)),
        policy=find_policy(policy) if policy else None,
    )


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
                *(f"{number}. {told}" for number, told in enumerate(self.sentences, 1)),
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
    from wholeflow.publish import write
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
        found = reported(seen)
        written = write(found.html(), home / "riverford.html")
        return Demo(home, path, written, books, check(seen), found.sentences)


def today(
    of: Store,
    *,
    at: str | int | None = None,
    place: str | None = None,
    links: str = "likely",
) -> Today:
    """Who is ready to leave or waits at an instant, for what, whose turn it is (rules §34, §35).

    Without ``at`` the instant is the end of observation, or the machine's clock where the
    records reach to within a day of it; ``at_is`` of the result says which. ``place`` keeps
    those who are there or wait for it. Raises UnsupportedError on shifted clocks.
    """
    from wholeflow.coordinate import ASKED, CLOCK, default_instant
    from wholeflow.coordinate import today as list_of

    seen = journeys(of, links=links)
    seen.need_shared_clock("who waits at one instant")
    if at is None:
        when, why = default_instant(seen, instant(datetime.now(UTC)))
        known = journeys(of, as_of=when, links=links) if why == CLOCK else seen
        return list_of(known, when, why, place)
    known = journeys(of, as_of=at, links=links)
    return list_of(known, known.observed_to(), ASKED, place)


def sql(of: Store, text: str, *, as_of: str | int | None = None, links: str = "likely") -> pa.Table:
    """The answer to one SELECT on the derived tables, the present ones and the books.

    Names and pseudonyms are shown, instants are UTC microseconds, lengths hours. Nothing can be
    changed, no file read or written, no identifier seen. Raises RequestError for a mistake.

    >>> sql(open(), "SELECT count(*) AS n FROM stays").to_pylist()
    [{'n': 0}]
    """
    from wholeflow.journeys.plain_sql import answer

    return answer(journeys(of, as_of=as_of, links=links), text)


def looks(store: str | Path) -> pa.Table:
    """Who looked at single people's records in a store: at, who, command, whom, why."""
    return read_looks(store)


def log_look(store: Store, command: str, whom: str, *, who: str, why: str = "") -> None:
    """Log a look before anything is shown; a store in memory keeps no log.

    ``whom`` is a person as shown, or ``list of N``. Raises StoreError when the look can't be
    logged: then nothing may be shown.
    """
    if store.path != IN_MEMORY:
        kept = store.query("SELECT pseudonym FROM kept_ids WHERE identifier = ?", (whom,))
        pseudonym = show(kept["pseudonym"][0].as_py()) if kept.num_rows else whom
        note(store.path, look(datetime.now(UTC), who, command, pseudonym, why))


def _view(of: Store | Journeys) -> Journeys:
    return of if isinstance(of, Journeys) else journeys(of)


__all__ = [
    "check",
    "conform",
    "demo",
    "draft",
    "export",
    "journeys",
    "journeys_of",
    "link",
    "load",
    "log_file",
    "log_look",
    "looks",
    "map",
    "mark",
    "measure",
    "open",
    "plot",
    "process_map",
    "read",
    "read_log",
    "report",
    "sql",
    "today",
    "variants",
]
