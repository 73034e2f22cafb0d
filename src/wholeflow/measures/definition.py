"""What a measure means, as data: one TOML file each in ``definitions/``."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, unknown
from wholeflow.events import choices
from wholeflow.journeys import columns

NEEDS = {
    "count": (("stays", "handoffs"), ("at",)),
    "level": (("census",), ()),
    "duration": (("stays", "handoffs"), ("begin", "end")),
    "within": (("stays",), ("begin", "end", "within_minutes")),
    "returns": (("stays",), ("settings", "to_settings", "within_days")),
}
"""The tables that each family of measures takes, and what it must be told."""


@dataclass(frozen=True)
class Definition:
    """A measure: its words, and what its family needs to work it out.

    ``table`` holds the rows that it is about; ``settings`` and ``holds`` keep those
    of some kinds of place (empty: all). ``begin`` and ``end`` name instants, ``at``
    the one that a count is made at. ``counts`` names published figures that answer
    the same question where there are no events.
    """

    name: str
    version: str
    title: str
    family: str
    unit: str
    meaning: str
    rules: tuple[str, ...]
    table: str
    improves: str = ""
    at: str = ""
    begin: str = ""
    end: str = ""
    settings: tuple[str, ...] = ()
    to_settings: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    within_minutes: int = 0
    within_days: int = 0
    counts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.family not in NEEDS:
            raise unknown("family of measures", self.family, list(NEEDS))
        tables, needed = NEEDS[self.family]
        if self.table not in tables:
            raise unknown(f"table for family {self.family}", self.table, list(tables))
        for name in needed:
            if not getattr(self, name):
                raise self._fault(name, "is missing")
        for name in ("within_minutes", "within_days"):
            if not isinstance(getattr(self, name), int):
                raise self._fault(name, "is not a whole number")
        if (self.settings or self.holds) and self.table != "stays":
            raise self._fault("settings", "and holds are of stays only")
        instants = [f.name for f in columns(self.table) if f.type == "instant"]
        for name in (self.at, self.begin, self.end):
            if name and name not in instants:
                raise unknown(f"instant of {self.table}", name, instants)
        for name in (*self.settings, *self.to_settings):
            if name not in choices("settings"):
                raise unknown("setting", name, list(choices("settings")))
        for name in self.holds:
            if name not in choices("holds"):
                raise unknown("layer", name, list(choices("holds")))

    def _fault(self, key: str, what: str) -> InputError:
        return InputError(
            f"in the definition, {key} {what}",
            where=self.name,
            repair="docs/guides/add-a-measure.md shows a whole one.",
        )


@cache
def definitions() -> dict[str, Definition]:
    """The measures that come with wholeflow, by name."""
    shipped = files("wholeflow.measures").joinpath("definitions")
    texts = [entry.read_text(encoding="utf-8") for entry in shipped.iterdir()]
    found = [parse_definition(text, "a shipped definition") for text in texts]
    return {definition.name: definition for definition in sorted(found, key=lambda d: d.name)}


def read_definition(path: Path) -> Definition:
    """A measure of your own, from a TOML file like the shipped ones."""
    if not path.exists():
        raise InputError(
            "there is no such definition file", where=str(path), repair="Check the path."
        )
    return parse_definition(path.read_text(encoding="utf-8"), path.name)


def parse_definition(text: str, where: str) -> Definition:
    """A measure from TOML text; InputError names the key at fault."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"the definition is not TOML: {error}", where=where, repair="Mend that line."
        ) from error
    known = {f.name: f for f in fields(Definition)}
    for key in raw:
        if key not in known:
            raise InputError(
                f"a measure's definition has no {key!r}",
                where=where,
                repair=f"Use: {', '.join(known)}.",
            )
    for name, field in known.items():
        if field.default is MISSING and name not in raw:
            raise InputError(
                f"the definition lacks {name!r}",
                where=where,
                repair="Add it; see the shipped ones.",
            )
    return Definition(**{key: _frozen(value) for key, value in raw.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return tuple(value.items()) if isinstance(value, dict) else value
