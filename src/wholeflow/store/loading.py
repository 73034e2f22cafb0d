"""Loading: chunks of records into a store, whole or not at all.

A record is what one row of a source said; it may say several things. Its version
key is (source, id, run, recorded_at). Loading a record again changes nothing; a
record whose key is known with other content is rejected (rule §6). Which of two
such records is kept depends on their content only, so the order of loading
changes nothing, nor does the size of the chunks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from wholeflow.core.errors import RequestError, StoreError
from wholeflow.core.time import instant
from wholeflow.events import EventLog, table
from wholeflow.governance.pseudonyms import Key
from wholeflow.store import judging
from wholeflow.store.books import Books, LoadResult, Reject, refused_rows
from wholeflow.store.coding import Coded, Coder
from wholeflow.store.engine import Engine
from wholeflow.store.shown import Shown
from wholeflow.store.store import Store

ROWS_AT_ONCE = 2_000_000
"""Rows of tables that are judged and written together: each time, the store is searched once."""

CHUNKS_AHEAD = 3
"""Chunks that are read while others are written."""


@dataclass(frozen=True)
class FileFacts:
    """A file that records came from: name without folder, and SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file: what they said, and which of them could not be used.

    ``read`` counts the rows of the file in this chunk; every one of them is a
    line of ``log`` or of ``rejects``. Declared rows (places named by a mapping)
    have line 0 or less and are not counted. The chunks of a file come in order of
    line. Many rejects are better given as a table of line, field, reason and repair.
    """

    log: EventLog
    file: FileFacts
    read: int
    rejects: Sequence[Reject] | pa.Table = ()
    feed: str = ""
    doubts: pa.Table | None = None
    """What may be wrong with rows that are used: line, field, doubt."""


def load(
    store: Store,
    chunks: Iterable[Chunk],
    *,
    key: Key,
    keep_ids: bool = False,
    now: datetime | None = None,
) -> LoadResult:
    """Load chunks into a store in one transaction and return the books.

    Identifiers are pseudonymised with ``key`` on the way in; ``keep_ids`` also
    keeps them as they are. ``now`` is noted in the store's books and enters no
    result. Raises RequestError for another key than the store's, StoreError for
    declarations that the store has otherwise, and whatever reading a chunk raises;
    the store is then as it was. Chunks are read in a thread of their own while others
    are written.
    """
    engine = store.engine
    with _any_order(engine), engine.transaction():
        _agree_on_key(store, key, keep_ids)
        engine.execute(key.sql_macro())
        work = _Load(engine, keep_ids)
        with closing(_read_ahead(chunks)) as coming:
            for chunk in coming:
                work.add(chunk)
        books = work.close(now)
        engine.execute("DROP MACRO keyed_hash")  # it holds the key
    return books


@contextmanager
def _any_order(engine: Engine) -> Iterator[None]:
    """Rows may be written in any order: both cores then write."""
    engine.execute("SET preserve_insertion_order = false")
    again = "SET preserve_insertion_order = true"
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what went wrong before tells more
            engine.execute(again)
        raise
    engine.execute(again)


def _read_ahead(chunks: Iterable[Chunk]) -> Generator[Chunk]:
    """The chunks, the next ones read by another thread while one is worked on."""
    given = iter(chunks)
    with ThreadPoolExecutor(1) as reader:
        try:
            coming = deque(reader.submit(next, given, None) for _ in range(CHUNKS_AHEAD))
            while (chunk := coming.popleft().result()) is not None:
                coming.append(reader.submit(next, given, None))
                yield chunk
        finally:
            for waiting in coming:
                waiting.cancel()
            if isinstance(given, Generator):
                reader.submit(given.close).result()  # by the thread that began it


def _agree_on_key(store: Store, key: Key, keep_ids: bool) -> None:
    ids = "kept" if keep_ids else "pseudonyms"
    wanted = {"key fingerprint": key.fingerprint, "ids": ids}
    repairs = {
        "key fingerprint": "Name the key file that the store was begun with in the environment "
        "variable WHOLEFLOW_KEY_FILE; that of a demo is demo.key in its folder.",
        "ids": "Load every source of a store with --keep-ids, or none.",
    }
    words = {"key fingerprint": "key", "ids": "way of keeping identifiers"}
    for name, value in wanted.items():
        found = store.about(name)
        if found is None:
            store.engine.execute("INSERT INTO about VALUES (?, ?)", [name, value])
        elif found != value:
            raise RequestError(
                f"the store was begun with another {words[name]}",
                where=store.path,
                repair=repairs[name],
            )


class _Load:
    """A load under way: gathers chunks until there are enough to judge and write at once."""

    def __init__(self, engine: Engine, keep_ids: bool) -> None:
        self._engine = engine
        self._shown = Shown(engine)
        self._coder = Coder(engine, self._shown, keep_ids=keep_ids)
        self._books = Books(engine, self._shown)
        judging.begin(engine)
        self._files: dict[str, int] = {}
        self._feeds: set[tuple[int, str, str]] = set()
        self._waiting: list[Coded] = []

    def add(self, chunk: Chunk) -> None:
        """Take a chunk in; it is in the store at the latest when the load is closed."""
        feed = self._coder.code(chunk.feed)
        file = self._file(chunk.file, feed)
        self._note_sources(chunk.log)
        self._books.note(file, feed, chunk.read, refused_rows(chunk.rejects), chunk.doubts)
        coded = self._coder.coded(chunk.log, file)
        if coded:
            self._waiting.append(coded)
        if sum(one.rows for one in self._waiting) >= ROWS_AT_ONCE:
            self._write()

    def close(self, now: datetime | None) -> LoadResult:
        """Write what is waiting, and the books."""
        if self._waiting:
            self._write()
        self._coder.close()
        judging.end(self._engine)
        books = self._books.close(instant(now) if now else None)
        self._shown.close()
        return books

    def _write(self) -> None:
        gathered = Coded.joined(self._waiting)
        self._waiting = []
        self._shown.show("incoming_records", gathered.records)
        for name, rows in gathered.tables.items():
            self._shown.show(f"incoming_{name}", rows)
        judging.judge(self._engine, self._shown)
        self._books.note_judged(displaced=judging.displace(self._engine, self._shown))
        for name, rows in gathered.tables.items():
            count = judging.write(self._engine, table(name), rows)
            self._books.written[name] = self._books.written.get(name, 0) + count
        self._engine.execute(
            "INSERT INTO records SELECT source, id, run, recorded_at, withdrawn, content, file, "
            "line, ?, period FROM judged WHERE verdict = 'loaded'",
            [self._books.batch],
        )
        self._shown.hide("incoming_records", "judged", *(f"incoming_{n}" for n in gathered.tables))

    def _file(self, file: FileFacts, feed: int | None) -> int:
        """The number of a file, known by its content; this batch is the last that brought it."""
        if file.sha256 in self._files:
            return self._files[file.sha256]
        found = self._engine.query("SELECT file FROM files WHERE sha256 = ?", [file.sha256])
        if not found.num_rows:
            self._engine.execute(
                "INSERT INTO files (file, sha256, name) SELECT count(*) + 1, ?, ? FROM files",
                [file.sha256, file.name],
            )
            return self._file(file, feed)
        number = int(found["file"][0].as_py())
        self._engine.execute(
            "UPDATE files SET source = ?, batch = ? WHERE file = ?",
            [feed, self._books.batch, number],
        )
        self._files[file.sha256] = number
        return number

    def _note_sources(self, log: EventLog) -> None:
        """Note who speaks; a feed keeps the clock and zone of its first load."""
        for feed in self._coder.feeds(log):
            told = (feed, log.clock, log.zone)
            if told in self._feeds:
                continue
            found = self._engine.query("SELECT clock, zone FROM sources WHERE source = ?", [feed])
            if not found.num_rows:
                about = [log.about.get(name, "") for name in ("title", "licence", "organisation")]
                self._engine.execute(
                    "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?)", [*told, *about]
                )
            elif found.to_pylist() != [{"clock": log.clock, "zone": log.zone}]:
                raise StoreError(
                    "this store holds the same feed with another clock or time zone",
                    repair="Load it with the clock and zone of its first load, or into a new "
                    "store.",
                )
            self._feeds.add(told)
