"""The verb: work out a measure on a view of journeys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wholeflow.core.errors import UnsupportedError, unknown
from wholeflow.journeys import Journeys
from wholeflow.measures.counts import count
from wholeflow.measures.definition import Definition, definitions, read_definition
from wholeflow.measures.durations import duration
from wholeflow.measures.levels import level
from wholeflow.measures.result import Result
from wholeflow.measures.returns import returns
from wholeflow.measures.shares import within

FAMILIES: dict[str, Callable[[Journeys, Definition, Sequence[str]], Result]] = {
    "count": count,
    "level": level,
    "duration": duration,
    "within": within,
    "returns": returns,
}
"""How each family of measures is worked out."""


def measure(journeys: Journeys, name: str | Definition, by: Sequence[str] = ()) -> Result:
    """A measure by name, by its own definition or by a definition file, grouped.

    ``by``: place, organisation, setting, source, from_place, to_place, or one of
    day, week, month, financial_year. Raises RequestError for a name or grouping
    that does not exist and UnsupportedError for what these data cannot tell.
    """
    definition = name if isinstance(name, Definition) else _find(name)
    if not journeys.has_events() and not definition.counts:
        raise UnsupportedError(
            f"{definition.title.lower()} can't be measured: this store holds no person's events",
            repair="Load records of people; published counts alone tell totals.",
        )
    return FAMILIES[definition.family](journeys, definition, [by] if isinstance(by, str) else by)


def _find(name: str) -> Definition:
    if name.endswith(".toml"):
        return read_definition(Path(name))
    if name not in definitions():
        raise unknown("measure", name, list(definitions()))
    return definitions()[name]
