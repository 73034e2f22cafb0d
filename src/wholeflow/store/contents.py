"""Digests of what records say, to tell whether two say the same.

Each value of a row is mixed with the name of its column by SplitMix64 (Steele, Lea and
Flood 2014, doi 10.1145/2660193.2660195) and the mixed values are added up: what is absent
adds nothing, so a new column of a table changes no digest. The sum is mixed again, and
the rows of a record are added up in any order. Texts enter as hashes. No step depends on
the version of a library, nor on the codes of names, which depend on the order of loading.
A digest tells contents apart by accident in all but one of 10^18 pairs; it hides nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BITS = 60

Words = npt.NDArray[np.uint64]


def mixed(numbers: Words) -> Words:
    """The output of SplitMix64 for each state.

    >>> int(mixed(np.array([1234567], np.uint64))[0])
    6457827717110365317
    """
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def of_rows(table: str, values: Mapping[str, pa.Array]) -> Words:
    """The digest of each row of a table: numbers, flags, and hashes of texts by column."""
    count = len(next(iter(values.values())))
    total = np.full(count, _seed(table), np.uint64)
    for column, array in values.items():
        if array.null_count == count:
            continue
        numbers = mixed(_bits(array) ^ _seed(f"{table}.{column}"))
        if array.null_count:
            numbers[np.asarray(array.is_null())] = 0
        total += numbers
    return mixed(total)


def of_records(rows: Words, record: npt.NDArray[np.int64], count: int) -> pa.Array:
    """The digest of each of ``count`` records, from its rows' and the record of each row."""
    total = np.zeros(count, np.uint64)
    np.add.at(total, record, rows)
    return pa.array((total >> np.uint64(64 - BITS)).astype(np.int64))


@cache
def _seed(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def _bits(array: pa.Array) -> Words:
    """Values as 64 bits."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int64())
    filled = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(filled + 0).view(np.uint64)  # -0.0 and 0.0 are one number
