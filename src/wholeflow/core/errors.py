"""The one tree of errors.

    WholeflowError          everything that wholeflow refuses, with a repair
    ├── InputError          a file, mapping or row that cannot be read
    ├── StoreError          a store that cannot be opened, or would not stay whole
    ├── RequestError        a question that cannot be asked (unknown name, wrong option)
    └── UnsupportedError    a question that these data cannot answer

A message says what is wrong, where, what was expected and what to do. It never
holds a person's values: names of files, lines, fields and places only.
"""

from __future__ import annotations


class WholeflowError(Exception):
    """What is wrong, where it is, and what to do about it.

    >>> print(InputError("the file is empty", where="ed.csv", repair="Export it again."))
    the file is empty
      where: ed.csv
      to do: Export it again.
    """

    def __init__(self, what: str, *, where: str = "", repair: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.repair = repair

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.repair:
            lines.append(f"  to do: {self.repair}")
        return "\n".join(lines)


class InputError(WholeflowError):
    """A file, a mapping or a row cannot be read."""


class StoreError(WholeflowError):
    """A store cannot be opened, or the request would leave it broken."""


class RequestError(WholeflowError):
    """The request names something that does not exist or does not fit."""


class UnsupportedError(WholeflowError):
    """The data in this store cannot support the answer."""


def unknown(kind: str, name: str, known: list[str]) -> RequestError:
    """An error for a name that does not exist, listing those that do.

    >>> print(unknown("measure", "wiat", ["stay", "wait"]))
    there is no measure called 'wiat'
      to do: Use one of: stay, wait.
    """
    return RequestError(
        f"there is no {kind} called {name!r}", repair=f"Use one of: {', '.join(sorted(known))}."
    )
