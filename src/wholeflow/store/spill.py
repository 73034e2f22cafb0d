"""Folders for what does not fit in memory: private, and gone when nobody uses them.

DuckDB spills rows of people's records. Its own folder can be read by everybody, and stays when
a process is killed. Ours can be read by their owner only. Whoever uses one holds a shared lock
on it, which ends with the process however that ends: a folder that can be locked alone is
nobody's, and is removed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

if sys.platform != "win32":
    import fcntl

MARK = ".tmp-"


class SpillFolder:
    """A folder that is in use until it is released, or until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.release = weakref.finalize(self, _release, path, _hold(path))
        """Let go of the folder; whoever lets go last removes it."""


def spill_folder(store: Path | None) -> SpillFolder:
    """A new folder beside a store; among the system's temporary files where none can be made there.

    Folders that killed processes left are cleared. Without a store: one for data in memory.
    Raises OSError where no folder can be made at all.
    """
    if store:
        try:
            return folder_beside(store)
        except OSError:  # a store on a disk that may only be read
            pass
    return _new(Path(tempfile.gettempdir()), "wholeflow" + MARK)


def folder_beside(store: Path) -> SpillFolder:
    """A new folder beside a store, on the same disk. Raises OSError where none can be made."""
    return _new(store.parent, store.name + MARK)


def is_ours(path: Path) -> bool:
    """Whether a folder was made here, and not by DuckDB."""
    return MARK in path.name


def _new(home: Path, prefix: str) -> SpillFolder:
    for path in home.iterdir():
        if path.name.startswith(prefix):
            _remove_unused(path)
    while True:
        folder = SpillFolder(Path(tempfile.mkdtemp(prefix=prefix, dir=home)))
        if folder.path.exists():  # nobody cleared it before it was locked
            return folder


def _release(path: Path, handle: int | None) -> None:
    if handle is not None:
        os.close(handle)
    _remove_unused(path)


if sys.platform == "win32":
    # Folders have no locks there, and files in use can't be removed: that is lock enough.

    def _hold(path: Path) -> int | None:
        return None

    def _remove_unused(path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)

else:

    def _hold(path: Path) -> int | None:
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        fcntl.flock(handle, fcntl.LOCK_SH)
        return handle

    def _remove_unused(path: Path) -> None:
        """Remove a folder unless somebody uses it, or it is another's."""
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            return
        finally:
            os.close(handle)
