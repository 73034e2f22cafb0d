"""The product-limit curve of durations, some of which go on or were not watched from their begin.

Kaplan and Meier 1958; with delayed entry (left truncation) Lynden-Bell 1971 and Klein and
Moeschberger 2003, section 4.6: who is known only because they were still there at some time
counts among those at risk from that time on, and no earlier. Ranges: Greenwood's variance on
the log-log scale (Kalbfleisch and Prentice 1980).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""

NEVER_LATE = -1.0
"""The entry of who was watched from the begin: they are at risk at duration 0 too."""

EQUAL_WITHIN = 1e-12


class Curve(NamedTuple):
    """The share that lasts longer than each duration at which any ended, with its 95 % range.

    ``is_whole`` is False when everybody at risk had ended at a duration that others reached only
    later: from there on nothing is known, and the curve stops before it.
    """

    times: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    is_whole: bool


def product_limit(
    lasted: np.ndarray, ended: np.ndarray, entered: np.ndarray | None = None
) -> Curve:
    """The curve of durations: how long each lasted or was seen to, and whether it ended then.

    ``entered`` is the duration at which each came to be watched (0: from the begin); who has
    not lasted longer than that tells nothing and is left out.

    >>> curve = product_limit(np.array([2.0, 3.0, 5.0]), np.array([True, True, False]))
    >>> curve.times.tolist(), curve.share.round(3).tolist()
    ([2.0, 3.0], [0.667, 0.333])
    """
    entries = np.zeros(len(lasted)) if entered is None else np.asarray(entered, float)
    tells = (entries <= 0) | (lasted > entries)
    lasted, ended, entries = lasted[tells], ended[tells], entries[tells]
    entries = np.sort(np.where(entries <= 0, NEVER_LATE, entries))
    times, deaths = np.unique(lasted[ended], return_counts=True)
    gone = np.searchsorted(np.sort(lasted), times, side="left")
    at_risk = np.searchsorted(entries, times, side="left") - gone
    share = np.cumprod(1 - deaths / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        spread = Z * np.sqrt(variance) / np.log(share)
        low, high = share ** np.exp(-spread), share ** np.exp(spread)
    known = np.isfinite(low) & np.isfinite(high) & (share > 0)
    bounds = [np.where(known, bound, share) for bound in (low, high)]
    empty = np.flatnonzero(share <= EQUAL_WITHIN)
    is_whole = not len(empty) or not bool((entries >= times[empty[0]]).any())
    kept = slice(None if is_whole else int(empty[0]))
    return Curve(
        times[kept], share[kept], bounds[0][kept], bounds[1][kept], at_risk[kept], is_whole
    )


def first_at_most(times: np.ndarray, survival: np.ndarray, share: float) -> float | None:
    """The first time at which survival is at most a share; None when it stays above."""
    reached = np.flatnonzero(survival <= share + EQUAL_WITHIN)
    return float(times[reached[0]]) if len(reached) else None
