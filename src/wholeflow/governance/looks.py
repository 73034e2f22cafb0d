"""Looks: who looked at the records of single people, when, and why.

The log is a CSV file beside the store, ``STORE.looks.csv``, which only grows. A look is written
before anything is shown; one that can't be written is refused. Several processes may write at
once: each line is one write at the end of the file, under a lock where the system has one.
"""

from __future__ import annotations

import csv
import errno
import io
import os
import stat
import sys
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import StoreError

if sys.platform != "win32":
    import fcntl

ENDING = ".looks.csv"


@dataclass(frozen=True)
class Look:
    """One look: when (UTC, ISO), whose account, by which command, at whom, and why.

    ``whom`` is a pseudonym, or ``list of N`` people; never an identifier.
    """

    at: str
    who: str
    command: str
    whom: str
    why: str


COLUMNS = tuple(f.name for f in fields(Look))


def look(at: datetime, who: str, command: str, whom: str, why: str = "") -> Look:
    """A look at an instant, each of its words on one line."""
    words = (" ".join(text.split()) for text in (who, command, whom, why))
    return Look(at.astimezone(UTC).isoformat(timespec="seconds"), *words)


def looks_file(store: str | Path) -> Path:
    """Where the looks at a store are logged: beside the file itself, whatever links name it."""
    return Path(os.path.realpath(store) + ENDING)


def note(store: str | Path, seen: Look) -> None:
    """Add a look to the log of a store. Raises StoreError when it can't be written."""
    path = looks_file(store)
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _append(handle, seen)
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError(
            f"the look can't be logged, so it is refused: {error.strerror or 'no reason told'}",
            where=str(path),
            repair="Ask the owner of the store for the right to write this file, and see that "
            "its disk has room.",
        ) from error


def _append(handle: int, seen: Look) -> None:
    """Write the line of a look, and before the first one the names of the columns; or nothing."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "this is not a file")
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX)  # it ends when the file is closed
    size = os.fstat(handle).st_size
    line = _line(*astuple(seen))
    if not size:
        line = _line(*COLUMNS) + line
    elif _last_byte(handle) != b"\n":  # a line that a fall of the machine cut short
        line = b"\n" + line
    if os.write(handle, line) != len(line):
        os.ftruncate(handle, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(handle)


def _last_byte(handle: int) -> bytes:
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1)


def _line(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def read_looks(store: str | Path) -> pa.Table:
    """Every look at a store in the order in which they were logged; none where there is no log.

    Raises StoreError when the log can't be read, or has a line that is no look.
    """
    path = looks_file(store)
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            "the log of looks can't be read",
            where=str(path),
            repair="Ask the owner of the store for the right to read it.",
        ) from error
    rows = list(csv.reader(io.StringIO(text)))[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS):
            raise StoreError(
                "a line of the log of looks is damaged",
                where=f"{path}, line {number}",
                repair="Compare it with a copy, and mend or mark the line.",
            )
    columns = zip(*rows, strict=True) if rows else [[] for _ in COLUMNS]
    return pa.table(
        {name: pa.array(cells, pa.string()) for name, cells in zip(COLUMNS, columns, strict=True)}
    )
