"""Texts and names as SQL writes them, and SQL files with their gaps filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def quoted(text: str) -> str:
    """A text.

    >>> quoted("Cedar's")
    "'Cedar''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """A name of a column or table.

    >>> named("at")
    '"at"'
    """
    return '"' + name.replace('"', '""') + '"'


def fill(package: str, path: str, values: Mapping[str, str]) -> str:
    """The SQL in a file of a package, each ``$name`` replaced by its value."""
    return filled(text_of(package, path), values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with each ``$name`` replaced by its value.

    >>> filled("SELECT $what", {"what": "1"})
    'SELECT 1'
    """
    return re.sub(r"\$(\w+)", lambda found: values[found[1]], text)


@cache
def text_of(package: str, path: str) -> str:
    """The text of a file that ships in a package."""
    return files(package).joinpath(path).read_text(encoding="utf-8")
