"""How many people are there over time, as a line of steps, and what is read from it exactly.

All in whole microseconds: an area is the sum of people times time, with nothing rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]


class Span(NamedTuple):
    """What is read from the line in one or more spans of time: area and time in microseconds.

    ``peak_at`` is the first instant at which the most people were there.
    """

    area: int
    lasted: int
    peak: int
    peak_at: int


@dataclass(frozen=True)
class Line:
    """People inside from each change on, in order of time, up to ``last`` (not included)."""

    at: Instants
    inside: Instants
    last: int

    def inside_at(self, instants: Instants) -> Instants:
        """How many are there at each instant; nobody before the first change."""
        found = np.searchsorted(self.at, instants, side="right") - 1
        return np.where(found < 0, 0, self.inside[np.maximum(found, 0)])

    def area_until(self, instants: Instants) -> Instants:
        """People times time from the first change up to each instant."""
        lasted = np.diff(self.at)
        before = np.concatenate([[0], np.cumsum(self.inside[:-1] * lasted)])
        found = np.maximum(np.searchsorted(self.at, instants, side="right") - 1, 0)
        since = np.maximum(instants - self.at[found], 0)
        return np.asarray(before[found] + self.inside[found] * since)

    def spans(self, from_at: Instants, to_at: Instants) -> list[Span]:
        """What is read in each span; they are in order, do not overlap and are not empty."""
        areas = self.area_until(to_at) - self.area_until(from_at)
        points = np.union1d(self.at, from_at)
        points = points[(points >= from_at[0]) & (points < to_at[-1])]
        of = np.searchsorted(from_at, points, side="right") - 1
        is_in = points < to_at[of]
        points, of = points[is_in], of[is_in]
        levels = self.inside_at(points)
        firsts = np.searchsorted(of, np.arange(len(from_at)))
        peaks = np.maximum.reduceat(levels, firsts)
        tops = np.flatnonzero(levels == peaks[of])
        peak_at = points[tops[np.searchsorted(of[tops], np.arange(len(from_at)))]]
        columns = (areas, to_at - from_at, peaks, peak_at)
        return [Span(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def together(spans: list[Span]) -> Span:
    """Several spans as one: areas and times added, the highest peak, the first time of it."""
    peak = max(one.peak for one in spans)
    return Span(
        sum(one.area for one in spans),
        sum(one.lasted for one in spans),
        peak,
        min(one.peak_at for one in spans if one.peak == peak),
    )
