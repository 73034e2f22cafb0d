"""Ways: lists of codes, each with its turn, as the operator ``ways`` writes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.journeys.operators import CODE

NOTHING = -1
"""Stands for what is before the first and after the last activity of a way."""


def codes(ways: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The codes of all ways behind each other, and the number of the way that each is in."""
    flat = ways.combine_chunks().flatten().to_numpy() & (CODE - 1)
    lengths = pc.list_value_length(ways).to_numpy()
    return flat, np.repeat(np.arange(len(lengths)), lengths)


def journeys_of_arcs(ways: pa.ChunkedArray, journeys: np.ndarray) -> dict[tuple[int, int], int]:
    """How many journeys have each arc, from the ways and how many journeys went each.

    An arc is a pair of codes; NOTHING stands before the first and after the last.
    """
    flat, way = codes(ways)
    if not len(flat):
        return {}
    first = np.diff(way, prepend=-1) > 0
    last = np.append(first[1:], True)
    came_from = np.concatenate([np.where(first, NOTHING, np.roll(flat, 1)), flat[last]])
    went_to = np.concatenate([flat, np.full(int(last.sum()), NOTHING)])
    owner = np.concatenate([way, way[last]])
    size, count = int(flat.max()) + 2, len(ways)
    once = np.sort(((came_from + 1) * size + went_to + 1) * count + owner)
    once = once[np.diff(once, prepend=-1) > 0]  # an arc counts once in a way
    starts = np.flatnonzero(np.diff(once // count, prepend=-1))
    sums = np.add.reduceat(journeys[once % count], starts)
    return {
        (arc // size - 1, arc % size - 1): total
        for arc, total in zip((once[starts] // count).tolist(), sums.tolist(), strict=True)
    }


def words(ways: pa.ChunkedArray, names: dict[int, str]) -> Sequence[str]:
    """Each way in words: ``ED > Ward > Home care``."""
    return [" > ".join(names[step % CODE] for step in way) for way in ways.to_pylist()]
