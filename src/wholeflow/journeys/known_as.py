"""Who is who: numbers that are linked, directly or through others, are one person (rule §25)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def persons(numbers: np.ndarray, same_as: np.ndarray) -> pa.Table:
    """The person of each number that is linked to another.

    ``numbers`` and ``same_as``: pseudonyms, a pair for each link. Returns ``number`` and
    ``person``, the smallest pseudonym among all that are linked together, so that the
    order of links changes nothing.

    >>> persons(np.array([7, 9]), np.array([5, 7])).to_pydict()
    {'number': [5, 7, 9], 'person': [5, 5, 5]}
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    known, places = np.unique(np.concatenate([numbers, same_as]), return_inverse=True)
    links = coo_matrix(
        (np.ones(len(numbers), np.int8), (places[: len(numbers)], places[len(numbers) :])),
        shape=(len(known), len(known)),
    )
    _, group = connected_components(links, directed=False)
    first = np.full(int(group.max()) + 1 if len(group) else 0, len(known))
    np.minimum.at(first, group, np.arange(len(known)))
    return pa.table(
        {"number": known.astype(np.int64), "person": known[first[group]].astype(np.int64)}
    )
