"""Files written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wholeflow.core.errors import RequestError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write under; what was at ``path`` before stays until all of it is there.

    Raises RequestError when the file can't be written.
    """
    made = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        yield made
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise RequestError(
            f"the file can't be written: {error.strerror or 'the disk may be full'}",
            where=str(path),
            repair="Name a file in a folder that you may write in, on a disk with room.",
        ) from error
    finally:
        with suppress(OSError):  # it is not there any more, or never could be
            made.unlink(missing_ok=True)
