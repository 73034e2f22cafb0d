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
from wholeflow.events.declared import kinds
from wholeflow.journeys import columns

NEEDS = {
    "count": (("stays", "handoffs"), ("at",)),
    "level": (("census",), ()),
    "duration": (("stays", "handoffs"), ("begin", "end")),
    "within": (("stays",), ("begin", "end", "within_minutes")),
    "returns": (("stays",), ("settings", "to_settings", "within_days")),
    "moves": (("stays",), ("settings", "to_settings")),
    "hours": (("stretches",), ()),
    "home": (("stays",), ("settings", "within_days", "before")),
}
"""The tables that each family of measures takes, and what it must be told."""

BEFORE = ("death", "now")
"""Before what days at home are counted."""


@dataclass(frozen=True)
class Definition:
    """A measure: its words, and what its family needs to work it out.

    ``table`` holds the rows that it is about; ``settings`` and ``holds`` keep those
    of some kinds of place (empty: all). ``begin`` and ``end`` name instants, ``at``
    the one that a count is made at. ``ends`` keeps stays that ended in some ways (empty:
    in any). ``within_minutes`` is the standard, ``also_minutes`` are further times that
    are told beside it. ``before`` says which days at home are counted. ``counts`` names
    published figures that answer the same question where there are no events.
    docs/guides/add-a-measure.md tells of each.
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
    ends: tuple[str, ...] = ()
    within_minutes: int = 0
    also_minutes: tuple[int, ...] = ()
    within_days: int = 0
    before: str = ""
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
        for minutes in (self.within_minutes, self.within_days, *self.also_minutes):
            if type(minutes) is not int or minutes < 0:
                raise self._fault(
                    "within_minutes, also_minutes or within_days", "is not a whole number"
                )
        for name in ("also_minutes", "ends"):
            if getattr(self, name) and self.family != "within":
                raise self._fault(name, "is for the family within only")
        if self.before and self.before not in BEFORE:
            raise unknown("time that days at home are counted before", self.before, list(BEFORE))
        self._check_names()

    def _check_names(self) -> None:
        instants = [f.name for f in columns(self.table) if f.type == "instant"]
        lists = (
            (f"instant of {self.table}", [self.at, self.begin, self.end], instants),
            ("setting", [*self.settings, *self.to_settings], list(choices("settings"))),
            ("layer", self.holds, list(choices("holds"))),
            ("way to end", self.ends, end_kinds()),
        )
        for what, names, known in lists:
            for name in names:
                if name and name not in known:
                    raise unknown(what, name, known)

    def _fault(self, key: str, what: str) -> InputError:
        return InputError(
            f"in the definition, {key} {what}",
            where=self.name,
            repair="docs/guides/add-a-measure.md shows a whole one.",
        )


def end_kinds() -> list[str]:
    """The ways in which a stay can have ended: as recorded, or by inference (rule §8)."""
    return [*(kind.name for kind in kinds().values() if kind.ends), "moved on", "discharged"]


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
