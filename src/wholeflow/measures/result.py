"""Result: the figures of a measure, with what was left out and what they can't say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from wholeflow.core.time import show_hours
from wholeflow.measures.definition import Definition


@dataclass(frozen=True)
class Result:
    """Rows of figures, one for each group, and the words that belong to them.

    ``left_out`` counts what could not enter, by reason; ``limits`` are plain
    sentences about what the figures do not say.
    """

    definition: Definition
    by: tuple[str, ...]
    rows: pa.Table
    left_out: Mapping[str, int]
    limits: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The result in one or two plain sentences."""
        first = self._ungrouped() if not self.by else self._grouped()
        return " ".join([first, *self._left_out()])

    def as_dict(self) -> dict[str, Any]:
        """The result for ``--json``: measure, version, unit, by, rows, left_out, limits, says."""
        return {
            "measure": self.definition.name,
            "version": self.definition.version,
            "title": self.definition.title,
            "unit": self.definition.unit,
            "rules": list(self.definition.rules),
            "by": list(self.by),
            "rows": self.rows.to_pylist(),
            "left_out": dict(self.left_out),
            "limits": list(self.limits),
            "says": self.says,
        }

    def _grouped(self) -> str:
        return f"{self.definition.title}, by {' and '.join(self.by)}: {self.rows.num_rows} groups."

    def _ungrouped(self) -> str:
        if not self.rows.num_rows:
            return f"{self.definition.title}: nothing to measure."
        return f"{self.definition.title}: {_words(self.rows.to_pylist()[0])}."

    def _left_out(self) -> list[str]:
        return [
            f"Left out: {count:,} {reason}." for reason, count in self.left_out.items() if count
        ]


def _words(row: Mapping[str, Any]) -> str:
    if "share" in row:
        if row["share"] is None:
            return "nothing to measure"
        return (
            f"{row['share']:.1%} ({row['met']:,} of {row['n']:,}; "
            f"95 % range {row['low']:.1%} to {row['high']:.1%})"
        )
    if "p50_hours" in row:
        return (
            f"half within {show_hours(row['p50_hours'])}, nine in ten within "
            f"{show_hours(row['p90_hours'])} ({row['n']:,} in all, {row['open']:,} still open)"
        )
    if "mean" in row:
        return f"{row['mean']:,.1f} on average, {row['peak']:,} at most"
    return f"{row['n']:,}"
