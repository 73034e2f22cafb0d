"""The verb: work out a measure on a view of journeys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wholeflow.core.errors import UnsupportedError, unknown
from wholeflow.journeys import Journeys
from wholeflow.measures.counts import count
from wholeflow.measures.definition import Definition, definitions, read_definition
from wholeflow.measures.durations import duration
from wholeflow.measures.home import home
from wholeflow.measures.hours import hours
from wholeflow.measures.judging import judge
from wholeflow.measures.levels import level
from wholeflow.measures.marks import marks
from wholeflow.measures.moves import moves
from wholeflow.measures.result import Result
from wholeflow.measures.returns import returns
from wholeflow.measures.shares import within
from wholeflow.measures.spc import PRESET, presets

FAMILIES: dict[str, Callable[[Journeys, Definition, Sequence[str]], Result]] = {
    "count": count,
    "level": level,
    "duration": duration,
    "within": within,
    "returns": returns,
    "moves": moves,
    "hours": hours,
    "home": home,
}
"""How each family of measures is worked out."""


def measure(
    journeys: Journeys, name: str | Definition, by: Sequence[str] = (), *, rules: str = PRESET
) -> Result:
    """A measure by name, by its own definition or by a definition file, grouped.

    ``by``: place, organisation, setting, source, from_place, to_place, reason, waits_for, a fact
    of people such as segment (rule §29), and one of day, week, month, quarter, financial_year,
    hour_of_day, hour_of_week. By day, week or month the result is also judged over time, with the
    marks that people signed (rule §30), by the preset that ``rules`` names. Raises RequestError
    for a name, grouping or preset that does not exist and UnsupportedError for what these data
    cannot tell.
    """
    if rules not in presets():
        raise unknown("preset", rules, list(presets()))
    definition = name if isinstance(name, Definition) else _find(name)
    if not journeys.has_events() and not definition.counts:
        raise UnsupportedError(
            f"{definition.title} can't be measured: this store holds no person's events",
            repair="Load records of people; published counts alone tell totals.",
        )
    groups = [by] if isinstance(by, str) else by
    result = FAMILIES[definition.family](journeys, definition, groups)
    signed = marks(journeys)
    judged = judge(
        definition, result.rows, result.by, marks=signed, zone=journeys.zone, preset=rules
    )
    return replace(result, over_time=judged)


def _find(name: str) -> Definition:
    if name.endswith(".toml"):
        return read_definition(Path(name))
    if name not in definitions():
        raise unknown("measure", name, list(definitions()))
    return definitions()[name]
