"""Alignment: the cheapest way to read what happened as what was meant.

An event that is no step is a move on the log, a step without an event a move on the model; each
costs one, and an event that is its step costs nothing (Adriansyah 2014, Aligning observed and
modeled behavior). A pathway is one sequence, so dynamic programming over events and steps finds
the least cost, as for an edit distance without replacement (Wagner and Fischer 1974).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

DONE, AGAIN, EXTRA, LEFT_OUT, SKIPPED = "done", "again", "extra", "left out", "skipped"
"""What a move is: a step that was done, done again where it may repeat, an event that is no step,
a step that was left out as it may be, a step that was skipped."""

COST = {DONE: 0, AGAIN: 0, EXTRA: 1, LEFT_OUT: 0, SKIPPED: 1}
USES_EVENT, USES_STEP = (DONE, AGAIN, EXTRA), (DONE, LEFT_OUT, SKIPPED)


@dataclass(frozen=True)
class Meant:
    """A step as the alignment needs it: the codes of which any is the step, and its freedoms."""

    codes: frozenset[int]
    optional: bool = False
    repeats: bool = False


class Move(NamedTuple):
    """One move: what it is, and the positions from 0 of its event and its step; None: none."""

    kind: str
    event: int | None
    step: int | None


@dataclass(frozen=True)
class Alignment:
    """The moves in order, their cost, and the worst cost there is.

    The worst is to skip every step that must be and to take every event for an extra one.
    """

    moves: tuple[Move, ...]
    cost: int
    worst: int

    @property
    def fitness(self) -> float:
        """1 - cost / worst: 1 where what happened is what was meant, 0 where nothing of it is."""
        return 1.0 if not self.worst else 1 - self.cost / self.worst


def align(trace: Sequence[int], steps: Sequence[Meant]) -> Alignment:
    """The cheapest alignment of a trace with the steps of a pathway.

    Of several that cost the same, the one whose last moves come first in ``COST``.

    >>> ward, home = Meant(frozenset({1})), Meant(frozenset({2}))
    >>> [(move.kind, move.event, move.step) for move in align([1, 3], [ward, home]).moves]
    [('done', 0, 0), ('skipped', None, 1), ('extra', 1, None)]
    """
    costs = _costs(trace, steps)
    moves, events, done = [], len(trace), len(steps)
    while events or done:
        kind = min(
            (kind for kind in COST if _can_be(kind, trace, steps, events, done)),
            key=lambda kind: COST[kind] + _before(kind, costs, events, done),
        )
        events -= kind in USES_EVENT
        done -= kind in USES_STEP
        moves.append(
            Move(
                kind,
                events if kind in USES_EVENT else None,
                done if kind in USES_STEP else done - 1 if kind == AGAIN else None,
            )
        )
    must = sum(not step.optional for step in steps)
    return Alignment(tuple(reversed(moves)), costs[-1][-1], len(trace) + must)


def _costs(trace: Sequence[int], steps: Sequence[Meant]) -> list[list[int]]:
    """The least cost to align the first events (rows) with the first steps (columns)."""
    costs = [[0]]
    for step in steps:
        costs[0].append(costs[0][-1] + (not step.optional))
    for event in trace:
        above = costs[-1]
        row = [above[0] + 1]
        for number, step in enumerate(steps, 1):
            least = min(above[number] + 1, row[-1] + (not step.optional))
            if event in step.codes:
                least = min(least, above[number - 1])
                if step.repeats:
                    least = min(least, above[number])
            row.append(least)
        costs.append(row)
    return costs


def _can_be(
    kind: str, trace: Sequence[int], steps: Sequence[Meant], events: int, done: int
) -> bool:
    """Whether the last move, of so many events and steps, can be of this kind."""
    if kind == EXTRA:
        return events > 0
    if not done:
        return False
    step = steps[done - 1]
    if kind in (LEFT_OUT, SKIPPED):
        return step.optional == (kind == LEFT_OUT)
    return events > 0 and trace[events - 1] in step.codes and (kind == DONE or step.repeats)


def _before(kind: str, costs: list[list[int]], events: int, done: int) -> int:
    """The least cost of all moves before a last one of this kind."""
    return costs[events - (kind in USES_EVENT)][done - (kind in USES_STEP)]
