"""Deviations: what an alignment says was skipped, extra, too late or in another order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from wholeflow.core.time import show_hours
from wholeflow.diagnosis.alignment import AGAIN, DONE, EXTRA, LEFT_OUT, SKIPPED, Alignment
from wholeflow.diagnosis.pathway import Pathway

LATE, OTHER_ORDER = "too late", "in another order"


class Deviation(NamedTuple):
    """What it is, of which place or activity, and at which step from 1 (None: at none)."""

    kind: str
    what: str
    step: int | None


def deviations(pathway: Pathway, alignment: Alignment, events: Sequence[str]) -> Counter[Deviation]:
    """The deviations of an alignment of ``events``, and how many times each.

    A step that is missing where it was meant and came as an extra event elsewhere was done in
    another order; such a pair is one deviation.
    """
    found: Counter[Deviation] = Counter()
    extra = Counter(
        events[move.event]
        for move in alignment.moves
        if move.kind == EXTRA and move.event is not None
    )
    for move in alignment.moves:
        if move.kind not in (SKIPPED, LEFT_OUT) or move.step is None:
            continue
        step = pathway.steps[move.step]
        elsewhere = next((name for name in step.of if extra[name]), None)
        if elsewhere:
            extra[elsewhere] -= 1
            found[Deviation(OTHER_ORDER, step.title, move.step + 1)] += 1
        elif move.kind == SKIPPED:
            found[Deviation(SKIPPED, step.title, move.step + 1)] += 1
    for name, times in extra.items():
        if times:
            found[Deviation(EXTRA, name, None)] += times
    return found


class TimedStep(NamedTuple):
    """A step with a time limit that was done: its first event, and the last of the step before.

    Steps that may be left out are passed over. ``before`` is None where the step before was
    skipped: then nobody can tell whether this one was in time.
    """

    step: int
    before: int | None
    event: int


def timed_steps(pathway: Pathway, alignment: Alignment) -> list[TimedStep]:
    """The steps of an alignment whose time is to be judged; the first step has none before it."""
    found: list[TimedStep] = []
    before: int | None = None
    for kind, event, step in alignment.moves:
        if kind == SKIPPED:
            before = None
        elif kind in (DONE, AGAIN) and event is not None and step is not None:
            if kind == DONE and step and pathway.steps[step].within_hours is not None:
                found.append(TimedStep(step, before, event))
            before = event
    return found


def words(pathway: Pathway, deviation: Deviation) -> str:
    """A deviation in plain words."""
    kind, what, number = deviation
    if kind == EXTRA:
        is_step = any(what in step.of for step in pathway.steps)
        return f"{what} came more often than was meant" if is_step else f"{what} was not meant"
    if kind == LATE and number is not None:
        step = pathway.steps[number - 1]
        limit = show_hours(step.within_hours)
        return f"{what} came later than {limit} after the {step.after} of the step before"
    return f"{what} was skipped" if kind == SKIPPED else f"{what} came in another order"
