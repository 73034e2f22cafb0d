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
    if not len(numbers):
        return pa.table({"number": pa.array([], pa.int64()), "person": pa.array([], pa.int64())})
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
    person = known[first[group]]
    return pa.table({"number": known.astype(np.int64), "person": person.astype(np.int64)})


def clashing(
    known: pa.Table, numbers: np.ndarray, same_as: np.ndarray, national: np.ndarray
) -> np.ndarray:
    """Which links by likeness would make one person of two with NHS numbers (rule §26).

    ``known``: who is who by recorded links. ``numbers`` and ``same_as``: the links by
    likeness, the likeliest first; ``national``: the NHS numbers. A link counts as used for
    those after it unless it clashes.

    >>> nobody = persons(np.array([], int), np.array([], int))
    >>> clashing(nobody, np.array([1, 2]), np.array([2, 3]), np.array([1, 3])).tolist()
    [False, True]
    """
    group: dict[int, int] = {}

    def root(person: int) -> int:
        while (above := group.setdefault(person, person)) != person:
            person = above
        return person

    numbered = set(_person_of(known, national).tolist())
    clashes = np.zeros(len(numbers), bool)
    pairs = zip(_person_of(known, numbers), _person_of(known, same_as), strict=True)
    for place, (one, other) in enumerate(pairs):
        first, second = root(int(one)), root(int(other))
        clashes[place] = first != second and first in numbered and second in numbered
        if not clashes[place] and first != second:
            group[second] = first
            if second in numbered:
                numbered.add(first)
    return clashes


def _person_of(known: pa.Table, numbers: np.ndarray) -> np.ndarray:
    """The person of each number; one that is not linked is its own."""
    among = known["number"].to_numpy()
    if not len(among):
        return numbers
    place = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    found = known["person"].to_numpy()[place]
    return np.where(among[place] == numbers, found, numbers)
