"""Texts and names as SQL writes them."""

from __future__ import annotations


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
