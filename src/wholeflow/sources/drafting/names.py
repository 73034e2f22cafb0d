"""What the names of columns and files say: their words, and what such words are used for.

``words.csv`` lists phrases by what they say of a column; ``short.csv`` spells out
what is often cut short. No name is taken from one organisation's files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from wholeflow.events.declared import read_rows

PACKAGE = "wholeflow.sources.drafting"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
FILLING = {"date", "time", "at", "on", "of", "the", "and", "for"}
"""Words that say little about which time or thing a column holds."""


@dataclass(frozen=True)
class Phrase:
    """Words that say something: each a choice, in this order, other words between them.

    ``is_whole``: only where the name has no other words (`=` in the file).
    """

    says: str
    strength: int
    words: tuple[frozenset[str], ...]
    is_whole: bool = False

    def score(self, tokens: tuple[str, ...]) -> float:
        """How surely a name with these words says it; 0 where it does not.

        The last word of an English name tells most: an arrival end is an end.
        """
        if self.is_whole and len(tokens) != len(self.words):
            return 0.0
        found = -1
        for word in self.words:
            found = next((i for i in range(found + 1, len(tokens)) if tokens[i] in word), -1)
            if found < 0:
                return 0.0
        telling = [i for i, token in enumerate(tokens) if token not in FILLING]
        place = sum(i <= found for i in telling) / max(len(telling), 1)
        return self.strength + 0.5 * (len(self.words) - 1) + 0.9 * place


@cache
def phrases() -> tuple[Phrase, ...]:
    """Every phrase of ``words.csv``."""
    return tuple(_phrase(row["says"], row) for row in read_rows(PACKAGE, "words.csv"))


@cache
def _settings() -> tuple[Phrase, ...]:
    return tuple(_phrase(row["setting"], row) for row in read_rows(PACKAGE, "settings.csv"))


def _phrase(says: str, row: dict[str, str]) -> Phrase:
    is_whole = row["words"].startswith("= ")
    words = row["words"].removeprefix("= ").split()
    choices = tuple(frozenset(word.split("|")) for word in words)
    return Phrase(says, int(row["strength"]), choices, is_whole)


def scores(name: str, wanted: Collection[str]) -> dict[str, float]:
    """How surely a name says each of the things wanted; those that it does not say are absent."""
    tokens = words_of(name)
    found: dict[str, float] = {}
    for phrase in phrases():
        score = phrase.score(tokens) if phrase.says in wanted else 0.0
        if score > found.get(phrase.says, 0.0):
            found[phrase.says] = score
    return found


def best(name: str, wanted: Collection[str]) -> str:
    """What a name says most surely among the things wanted, or an empty text."""
    found = scores(name, wanted)
    return max(found, key=lambda says: found[says]) if found else ""


def setting_of(texts: Iterable[str]) -> str:
    """The kind of setting that texts speak of, the first text that does first."""
    for text in texts:
        tokens = words_of(text)
        found = {p.says: p.score(tokens) for p in _settings()}
        for phrase in _settings():
            found[phrase.says] = max(found[phrase.says], phrase.score(tokens))
        setting = max(found, key=lambda says: found[says])
        if found[setting] > 0:
            return setting
    return ""


@cache
def holds_of(setting: str) -> str:
    """Whether a setting of that kind mostly holds bodies or a caseload."""
    for row in read_rows(PACKAGE, "settings.csv"):
        if row["setting"] == setting:
            return row["holds"]
    return "body"


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, spelt out: ``AdmDttm`` is admission date time.

    >>> words_of("AdmDttm")
    ('admission', 'date', 'time')
    >>> words_of("source_of_admission")
    ('admission', 'source')
    """
    pieces = [piece for part in WORD.findall(name) for piece in _apart(part.lower())]
    found: list[str] = []
    for piece, after in pairwise([*pieces, "of"]):
        is_none = piece == "no" and after != "of"  # no delay, and not number of a delay
        found += [piece] if is_none else _short().get(piece, piece).split()
    while "of" in found[1:-1]:
        where = found.index("of", 1)
        found = [*found[where + 1 :], *found[:where]]
    return tuple(found)


@cache
def _short() -> dict[str, str]:
    return {row["short"]: row["words"] for row in read_rows(PACKAGE, "short.csv")}


@cache
def vocabulary() -> frozenset[str]:
    """Every word that something is known of."""
    listed = [*phrases(), *_settings()]
    spoken = {word for phrase in listed for choice in phrase.words for word in choice}
    return frozenset(spoken | set(_short()) | FILLING)


def _apart(word: str) -> list[str]:
    """A word that is several run together: dischtime is disch and time."""
    if word in vocabulary() or len(word) < 5:
        return [word]
    ways: dict[int, list[str]] = {0: []}
    for end in range(2, len(word) + 1):
        for start in [s for s in ways if end - s >= 2 and word[s:end] in vocabulary()]:
            way = [*ways[start], word[start:end]]
            if end not in ways or len(way) < len(ways[end]):
                ways[end] = way
    return ways.get(len(word), [word])


def slug(name: str) -> str:
    """A name in small letters and hyphens, for feeds and schemes.

    >>> slug("LA_Person Unique")
    'la-person-unique'
    """
    parts = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower())
    return "-".join(parts) or "file"


def plain(name: str) -> str:
    """A name as plain words, for activities and titles.

    >>> plain("Seen_For_Treatment")
    'seen for treatment'
    """
    return slug(name).replace("-", " ")
