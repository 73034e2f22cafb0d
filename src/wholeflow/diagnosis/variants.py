"""Variants: the ways that journeys went, how many went each, and how few ways cover most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from wholeflow.core.errors import RequestError
from wholeflow.core.time import show_hours
from wholeflow.diagnosis.log_file import LogFile
from wholeflow.diagnosis.seen import Seen, check, coarse, going_on, over_places, unused
from wholeflow.diagnosis.ways import words
from wholeflow.journeys import operators

FEW = 5
"""Ways of fewer people are told together: somebody may be known by an unusual one."""

MOST = 0.8
TOP = 20
"""How many ways have a row of their own, unless asked otherwise."""

RULES = ("§16", "§31", "§32")

SCHEMA = pa.schema(
    [
        ("variant", pa.string()),
        ("steps", pa.int64()),
        ("journeys", pa.int64()),
        ("people", pa.int64()),
        ("share", pa.float64()),
        ("coverage", pa.float64()),
        ("p50_hours", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Variants:
    """The ways that journeys went.

    A row is a way: ``variant`` (its activities in order), ``steps``, ``journeys``, ``people``,
    ``share`` of the journeys, ``coverage`` (share of this way and those above it), ``p50_hours``
    (half of them took at most this). The last rows hold the ways below the ``top``, and those
    of fewer than five people, together. ``count`` is how many ways there are, ``for_most`` how
    many of them, the most frequent first, cover 80 % of the journeys.
    """

    over: str
    rows: pa.Table
    count: int
    journeys: int
    for_most: int
    rare: int
    left_out: Mapping[str, int]
    limits: tuple[str, ...]

    @property
    def says(self) -> str:
        """The ways in a few plain sentences."""
        if not self.count:
            return "No way to show."
        said = [f"{self.journeys:,} journeys went {self.count:,} ways over {self.over}."]
        first = self.rows.to_pylist()[0]
        if first["steps"] is not None:
            said.append(
                f"The most frequent one has {first['journeys']:,} journeys ({first['share']:.1%}), "
                f"half of them took at most {show_hours(first['p50_hours'])}."
            )
        said.append(f"{self.for_most:,} ways cover {MOST:.0%} of the journeys.")
        if self.rare:
            who = "people" if "people" in self.rows.column_names else "cases"
            said.append(f"{self.rare:,} ways have fewer than {FEW} {who} each; they are one row.")
        left = [f"Left out: {n:,} {reason}." for reason, n in self.left_out.items() if n]
        return " ".join([*said, *left])

    def as_dict(self) -> dict[str, Any]:
        """The ways for ``--json``: over, variants, journeys, for_80_percent, rare, rows ..."""
        return {
            "over": self.over,
            "variants": self.count,
            "journeys": self.journeys,
            "for_80_percent": self.for_most,
            "rare": self.rare,
            "rules": list(RULES),
            "rows": self.rows.to_pylist(),
            "left_out": dict(self.left_out),
            "limits": list(self.limits),
            "says": self.says,
        }


def variants(of: Seen, over: str = "activities", top: int = TOP) -> Variants:
    """The ways that journeys went over activities, or over places (§32).

    ``top``: how many ways get a row of their own. Raises RequestError for what does not exist
    and UnsupportedError where the records name no activity.
    """
    if top < 1:
        raise RequestError("top is 1 or more", repair="Use 20, or another number of ways.")
    check(of, over)
    counts = _counts(of, over)
    journeys, few = counts["journeys"].to_numpy(), _few(of, counts)
    order = np.sort(journeys)[::-1]
    covered = np.searchsorted(np.cumsum(order), MOST * journeys.sum()) + 1
    return Variants(
        over,
        _rows(of, counts, few, top),
        len(journeys),
        int(journeys.sum()),
        min(int(covered), len(journeys)),
        int(few.sum()),
        unused(of, over),
        (*coarse(of), *going_on(of, "SELECT j.journey FROM journeys AS j WHERE j.run = 0")),
    )


def _counts(of: Seen, over: str) -> pa.Table:
    """Every way with its journeys, people and median hours."""
    counted = "way_counts" if isinstance(of, LogFile) else f"({operators.sql('way_counts', {})})"
    sql = (
        "SELECT c.way, c.steps, c.journeys, c.people, c.p50_hours "
        f"FROM {counted} AS c WHERE c.run = 0"
    )
    return of.query(sql if over == "activities" else over_places(sql))


def _few(of: Seen, counts: pa.Table) -> np.ndarray:
    """Which ways so few people went that they are told together; a log tells of cases only."""
    sizes = counts["journeys" if isinstance(of, LogFile) else "people"]
    return np.asarray(sizes.to_numpy() < FEW)


def _rows(of: Seen, counts: pa.Table, few: np.ndarray, top: int) -> pa.Table:
    """A row for each of the top ways, then those below them, then the rare ones."""
    journeys = counts["journeys"].to_numpy()
    total = int(journeys.sum())
    shown = _top(of, counts, few, top)
    rows = [{**row, "share": row["journeys"] / total} for row in shown]
    unit = "cases" if isinstance(of, LogFile) else "people"
    below = int((~few).sum()) - len(rows), int(journeys[~few].sum()) - _sum(rows)
    rare = int(few.sum()), int(journeys[few].sum())
    for (number, left), told in (
        (below, f"other ways of {FEW} {unit} or more each"),
        (rare, f"ways of fewer than {FEW} {unit} each"),
    ):
        if number:
            name = f"{number:,} {told}"
            rows.append({"variant": name, "journeys": left, "share": left / total})
    sofar = 0
    for row in rows:
        sofar += row["journeys"]
        row["coverage"] = sofar / total
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    return table.drop_columns(["people"]) if isinstance(of, LogFile) else table


def _top(of: Seen, counts: pa.Table, few: np.ndarray, top: int) -> list[dict[str, Any]]:
    """The most frequent ways in words, those of one size by their words."""
    journeys = np.where(few, 0, counts["journeys"].to_numpy())
    if not journeys.any():
        return []
    least = max(1, int(np.sort(journeys)[::-1][:top][-1]))
    chosen = counts.filter(pa.array(journeys >= least))
    named = of.query("SELECT d.code, d.name FROM dictionary AS d")
    text = words(chosen["way"], dict(zip(*named.to_pydict().values(), strict=True)))
    rows = chosen.drop_columns(["way"]).append_column("variant", pa.array(text)).to_pylist()
    return sorted(rows, key=lambda row: (-row["journeys"], row["variant"]))[:top]


def _sum(rows: list[dict[str, Any]]) -> int:
    return sum(row["journeys"] for row in rows)
