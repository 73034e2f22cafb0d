"""What DuckDB and the operating system say went wrong with a store, in words that help.

Their own messages may hold values of a row, so only ours are shown.
"""

from __future__ import annotations

import errno
import re
import tempfile
from pathlib import Path

from wholeflow.core.errors import StoreError

_LOCKED = r"Conflicting lock|used by another process"
_OTHERWISE_OPEN = r"different configuration than existing connections"
_FULL = r"No space left|File too large|quota exceeded|failed to offload data block"
_FULL_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_WORDS = (
    (
        r"Could not set lock",
        "this disk does not let a file be locked, so a store is not safe on it",
        "Put the store on a disk of this machine.",
    ),
    (
        r"WAL does not match database",
        "the log of changes beside this store (its name with .wal) belongs to another store",
        "Put the log back beside its own store. Without it this store opens as it was when it was "
        "last closed.",
    ),
    (
        r"replaying WAL|Corrupt WAL",
        "the log of changes beside this store (its name with .wal) is damaged",
        "Put the store and its log back from a copy; or move the log away, and the store opens "
        "without its last load: then load that again.",
    ),
    (
        r"storage version|newer version of DuckDB",
        "this store was written by a newer DuckDB",
        "Install a newer duckdb, or load the records into a new store.",
    ),
    (
        r"[Cc]orrupt database|checksum|Could not read enough bytes",
        "this store is damaged: its bytes are not those that were written",
        "Put it back from a copy, or load the records into a new store.",
    ),
    (
        r"has been invalidated",
        "an earlier fault stopped work on this store",
        "Open it again; it is as it was before what failed.",
    ),
)
"""Said by DuckDB (its source, 1.4 to 2.0), what that means, and what to do."""


def of_engine(message: str, where: str) -> StoreError | None:
    """What a message of DuckDB on a store means; None when it is of no kind known here."""
    if re.search(_LOCKED, message):
        return locked(message, where)
    if re.search(_OTHERWISE_OPEN, message):
        return StoreError(
            "this process holds the store open already, in another way",
            where=where,
            repair="Close it first: it is open for reading, or for writing, not for both.",
        )
    if re.search(_FULL, message):
        return disk_full(where)
    for pattern, what, repair in _WORDS:
        if re.search(pattern, message):
            return StoreError(what, where=where, repair=repair)
    return None


def of_spilling(message: str) -> StoreError | None:
    """What a message of DuckDB on data in memory means, where it is of the disk."""
    return disk_full(tempfile.gettempdir()) if re.search(_FULL, message) else None


def of_opening(message: str, where: str) -> StoreError:
    """What a message of DuckDB means that came when a store was opened."""
    known = of_engine(message, where)
    if known:
        return known
    path = Path(where)
    if path.is_dir():
        return StoreError(
            "this is a folder, not a store", where=where, repair="Name a file, such as its"
            " name with .duckdb.",
        )  # fmt: skip
    if path.is_file() and path.stat().st_size == 0:
        return StoreError(
            "this file is empty, not a store",
            where=where,
            repair="Delete it: a load makes a new store where there is no file.",
        )
    if "Permission denied" in message or "Read-only file system" in message:
        return StoreError(
            "this store may not be read, or not be written",
            where=where,
            repair="Ask its owner for the right to, or copy it into a folder of your own.",
        )
    if path.exists():
        return StoreError(
            "this file is not a wholeflow store, or it is damaged",
            where=where,
            repair="Name a store made with `wholeflow load`, or load the records into a new file.",
        )
    return cannot_make(where)


def of_system(error: OSError, where: str) -> StoreError:
    """What the operating system said when a store was made."""
    return disk_full(where) if error.errno in _FULL_CODES else cannot_make(where)


def cannot_make(where: str) -> StoreError:
    """A store can't be made there."""
    return StoreError(
        "the store can't be opened or made here",
        where=where,
        repair="Check that the folder exists and that you may write in it.",
    )


def disk_full(where: str) -> StoreError:
    """What was being done was not done."""
    return StoreError(
        "the disk is full, or a limit on the size of files is reached",
        where=where,
        repair="Make room on that disk and do it again; records that are in the store already "
        "are not loaded twice.",
    )


def locked(message: str, where: str) -> StoreError:
    """Another process has the store: which one, where DuckDB says."""
    found = re.search(r"\(PID (\d+)\)", message)
    name = process_name(int(found[1])) if found else ""
    who = f"process {found[1]}{name and f' ({name})'}" if found else "another process"
    return StoreError(
        f"{who} holds this store open",
        where=where,
        repair="Close it, or wait until it is done, then try again. Several may read a store at "
        "once, but whoever writes in it has it alone.",
    )


def process_name(pid: int) -> str:
    """What a process of this machine is called: ``wholeflow load``, ``jupyter-lab``.

    No more of its command line is told, for that may name a person. Empty where the
    system (Linux's /proc) does not tell.
    """
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    words = line.rstrip("\0").split("\0")
    program, rest = Path(words[0]).name, words[1:]
    if program.startswith("python"):
        while rest and rest[0].startswith("-") and rest[0] not in ("-c", "-m"):
            rest = rest[1:]
        if rest[:1] == ["-m"]:
            rest = rest[1:]
        if rest and rest[0] != "-c":
            program, rest = Path(rest[0]).name, rest[1:]
    if program.partition(".")[0] == "wholeflow":
        return " ".join(["wholeflow", *(word for word in rest[:1] if word.isalpha())])
    return program
