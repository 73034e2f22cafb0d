"""The disclosure gate: which numbers people outside may see, and which are hidden.

    counts that a page would show, and what adds up to what -> those shown, rounded, or hidden

A small number is hidden. So are others, until nothing that is shown, taken together, tells more
of it than that it is small. Policies: NHS Digital, HES analysis guide (small numbers, 2018);
hiding others: Willenborg and de Waal, Elements of Statistical Disclosure Control (2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from wholeflow.core.errors import unknown

BASE = 5
"""Numbers that are shown are rounded to the nearest multiple of this."""

Key = Any
"""What a number is known by: anything hashable."""

LEAST = {"hes": 8, "lt5_round5": 5}
"""The smallest number that each policy shows: that of Hospital Episode Statistics, and 5."""

HIDDEN = "*"
"""What stands for a hidden number."""


@dataclass(frozen=True)
class Policy:
    """What may be shown: numbers of ``least`` or more, of so many people, rounded to fives."""

    name: str
    least: int

    @property
    def meaning(self) -> str:
        """The policy in plain words, for the page."""
        return (
            f"{HIDDEN} stands for 1 to {self.least - 1}, or for a number hidden so that nobody can "
            f"work such a one out; other numbers are rounded to the nearest {BASE} and nought "
            f"stays nought. Shares and charts are worked out from what is shown, so that a point "
            f"may seem unusual, or usual, by rounding alone; times are told "
            f"only where {self.least} people or more lie on either side, to the nearest "
            f"{BASE} minutes. “Not known” may mean hidden."
        )

    def hides(self, value: int, people: int) -> bool:
        """True for a number too small, or about too few people, to be shown."""
        return value > 0 and min(value, people) < self.least

    def tells(self, people: int) -> bool:
        """True when so many people, on the side with fewer, are enough for a percentile."""
        return people >= self.least

    def rounded(self, value: float) -> int:
        """The nearest multiple of five.

        >>> [policies()["hes"].rounded(value) for value in (8, 12, 13, 0)]
        [10, 10, 15, 0]
        """
        return BASE * int((value + BASE / 2) // BASE)

    def hours(self, value: float | None) -> float | None:
        """A length of time to the nearest five minutes."""
        return None if value is None else round(value * 60 / BASE) * BASE / 60


def policies() -> dict[str, Policy]:
    """The policies by name."""
    return {name: Policy(name, least) for name, least in LEAST.items()}


def find_policy(name: str) -> Policy:
    """The policy of that name; RequestError where there is none."""
    if name not in policies():
        raise unknown("disclosure policy", name, list(policies()))
    return policies()[name]


class Count(NamedTuple):
    """A true number, how many people it is about, and whether the page would show it at all.

    One that is never shown still must not be found: how many others there were, say.
    """

    value: int
    people: int
    is_shown: bool = True


class Sum(NamedTuple):
    """A number that is the sum of others, by their keys."""

    total: Key
    parts: tuple[Key, ...]


def protect(
    counts: Mapping[Key, Count], sums: Sequence[Sum], policy: Policy
) -> dict[Key, int | None]:
    """What may be shown of each count: rounded, or None for a star in its place.

    What is not among the result has no place on the page at all, not even a star or a nought:
    numbers that are never shown, and the parts of a small total. Every small number, shown or
    not, keeps its secret: all that is shown and every sum together allow it to be 1, and allow it
    to be the largest of the small ones. Numbers that would tell more are hidden too, the smallest
    first. ValueError where a sum does not hold.
    """
    _check(counts, sums)
    page = _Page(counts, list(sums), policy)
    page.hide_small()
    for group in page.together():
        page.hide_what_tells(group)
    return {
        key: policy.rounded(one.value) if key in page.shown else None
        for key, one in counts.items()
        if key in page.shown or key in page.starred
    }


def _check(counts: Mapping[Key, Count], sums: Sequence[Sum]) -> None:
    for one in sums:
        if counts[one.total].value != sum(counts[part].value for part in one.parts):
            raise ValueError(f"{one.total} is not the sum of its parts")


@dataclass
class _Page:
    """What a page shows so far."""

    counts: Mapping[Key, Count]
    sums: list[Sum]
    policy: Policy
    shown: set[Key] = field(default_factory=set)
    starred: set[Key] = field(default_factory=set)
    small: list[Key] = field(default_factory=list)

    def hide_small(self) -> None:
        """Show all but the small numbers; of a small total leave out the parts too."""
        for key, one in self.counts.items():
            if self.policy.hides(*one[:2]):
                self.small.append(key)
            if one.is_shown:
                (self.starred if self.policy.hides(*one[:2]) else self.shown).add(key)
        small, before = set(self.small), -1
        while before != len(self.shown) + len(self.starred):
            before = len(self.shown) + len(self.starred)
            for told in self.sums:
                if told.total in small:
                    self.shown -= set(told.parts)
                    self.starred -= set(told.parts)

    def together(self) -> list[list[int]]:
        """The sums that share numbers, by their places in ``sums``."""
        group = list(range(len(self.sums)))

        def root(at: int) -> int:
            while group[at] != at:
                group[at] = at = group[group[at]]
            return at

        seen: dict[Key, int] = {}
        for at, one in enumerate(self.sums):
            for key in (one.total, *one.parts):
                group[root(at)] = root(seen.setdefault(key, at))
        found: dict[int, list[int]] = {}
        for at in range(len(self.sums)):
            found.setdefault(root(at), []).append(at)
        return list(found.values())

    def hide_what_tells(self, group: Sequence[int]) -> None:
        """Hide further numbers of sums that hang together until no small one is told."""
        sums = [self.sums[at] for at in group]
        keys = list(dict.fromkeys(key for one in sums for key in (one.total, *one.parts)))
        among = set(keys)
        small = [key for key in self.small if key in among]
        while told := self._told(keys, sums, small):
            mended, before = set[Key](), len(self.shown)
            for key in told:
                if key not in mended:
                    mended |= self._hide_near(key, sums, keys)
            if len(self.shown) == before:  # the stars tell it: none of them has a place here
                self.starred -= set(keys)
                return
            small = told  # what hides more tells no more of the others

    def _hide_near(self, key: Key, sums: Sequence[Sum], keys: Sequence[Key]) -> set[Key]:
        """Hide the smallest number that is shown beside one that is told, else the next of all.

        Returns all beside it: hiding one number may be enough for several of them.
        """
        beside = {k: None for one in sums if key in (one.total, *one.parts)
                  for k in (one.total, *one.parts)}  # fmt: skip
        for among in (beside, keys):
            left = [k for k in among if k in self.shown and self.counts[k].value]
            if left:
                chosen = min(left, key=lambda k: self.counts[k].value)
                self.shown.discard(chosen)
                self.starred.add(chosen)
                break
        return set(beside)

    def _told(self, keys: Sequence[Key], sums: Sequence[Sum], small: Sequence[Key]) -> list[Key]:
        """The small numbers of which what is shown tells more than that they are small."""
        if not small:
            return []
        known = _Known(keys, sums, [self._range(key) for key in keys])
        least = self.policy.least - 1
        low = known.unreached(small, [1.0] * len(small), up=False)
        highest = [float(max(least, self.counts[key].value)) for key in small]
        high = known.unreached(small, [float(least)] * len(small), up=True, most=highest)
        return list(dict.fromkeys([*low, *high]))

    def _range(self, key: Key) -> tuple[float, float]:
        """What a reader knows of a number by itself."""
        one, half = self.counts[key], BASE // 2
        if key not in self.shown:
            return (1.0 if key in self.starred else 0.0), np.inf
        if not one.value:
            return 0.0, 0.0
        said = self.policy.rounded(one.value)
        return float(max(said - half, self.policy.least)), float(said + half)


class _Known:
    """What a reader knows: ranges of whole numbers, and what adds up to what."""

    def __init__(
        self, keys: Sequence[Key], sums: Sequence[Sum], ranges: Sequence[tuple[float, float]]
    ) -> None:
        from scipy.sparse import lil_array

        self.at = {key: number for number, key in enumerate(keys)}
        matrix = lil_array((len(sums), len(keys)))
        for row, one in enumerate(sums):
            matrix[row, self.at[one.total]] += 1
            for part in one.parts:
                matrix[row, self.at[part]] -= 1
        self.matrix = matrix.tocsr()
        self.low = np.array([low for low, _ in ranges])
        self.high = np.array([high for _, high in ranges])

    def unreached(
        self,
        asked: Sequence[Key],
        goals: Sequence[float],
        *,
        up: bool,
        most: Sequence[float] | None = None,
    ) -> list[Key]:
        """Those that can't be as low (or high) as their goal, whatever the others are.

        One answer of the whole system can show it of many: only the rest are asked singly.
        """
        where = np.array([self.at[key] for key in asked])
        wanted, sign = np.array(goals), -1.0 if up else 1.0
        highest = np.full(len(asked), np.inf) if most is None else np.array(most)
        left = np.arange(len(asked))
        together = True  # as long as one answer shows it of several; then one by one
        missed = []
        while len(left):
            chosen = left if together else left[:1]
            answer = self._solve(where[chosen], sign, highest[chosen])
            reached = np.zeros(len(left), bool)
            if answer is not None:
                reached = _reaches(answer[where[left]], wanted[left], up)
            if not together and not reached[0]:
                missed.append(asked[int(left[0])])
                reached[0] = True
            together &= bool(reached.any())
            left = left[~reached]
        return missed

    def _solve(self, where: np.ndarray, sign: float, highest: np.ndarray) -> np.ndarray | None:
        """Whole numbers that fit, those at some places as small, or as large, as can be."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        goal, high = np.zeros(len(self.low)), self.high.copy()
        goal[where] = sign
        high[where] = np.minimum(high[where], highest)
        solved = milp(
            goal,
            integrality=np.ones(len(goal)),
            bounds=Bounds(self.low, high),
            constraints=LinearConstraint(self.matrix, 0, 0),
        )
        return None if solved.x is None else np.round(solved.x)


def _reaches(values: np.ndarray, goals: np.ndarray, up: bool) -> np.ndarray:
    return values >= goals if up else values <= goals
