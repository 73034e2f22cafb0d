"""Result: the figures of a measure, with what was left out and what they can't say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from wholeflow.core.time import show_date, show_hours
from wholeflow.measures.definition import Definition
from wholeflow.measures.over_time import OverTime
from wholeflow.measures.spc import presets
from wholeflow.measures.units import HOURS

FEW = 3
"""Groups up to which a result is told in words."""


@dataclass(frozen=True)
class Result:
    """Rows of figures, one for each group, and the words that belong to them.

    ``left_out`` counts what could not enter, by reason; ``limits`` are plain sentences about
    what the figures do not say, ``sure`` says how sure they are or why there is no range.
    ``over_time`` judges them by day, week or month, one series for each group. ``behind`` tells,
    by group, how many people lie on the side with fewer of each percentile, and how many ``met``
    or did not (``unmet``): what may be published rests on it (§41).
    """

    definition: Definition
    by: tuple[str, ...]
    rows: pa.Table
    left_out: Mapping[str, int]
    limits: tuple[str, ...] = ()
    sure: str = ""
    over_time: tuple[OverTime, ...] = ()
    behind: Mapping[tuple[str, ...], Mapping[str, int]] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """The result in one or two plain sentences."""
        first = self._ungrouped() if not self.by else self._grouped()
        return " ".join([first, *self._left_out()])

    @property
    def says_over_time(self) -> tuple[str, ...]:
        """What the charts say: of one series all of it, of several where the latest is unusual."""
        if len(self.over_time) < 2:
            return tuple(sentence for one in self.over_time for sentence in one.says)
        latest = [(one, one.latest) for one in self.over_time]
        unusual = [
            f"{', '.join(one.group.values())} ({found['rule']}, {found['side']})"
            for one, found in latest
            if found
        ]
        rules = presets()[self.over_time[0].preset].title
        told = "; ".join(unusual) or "none"
        return (
            f"{len(self.over_time):,} series, judged by {rules} rules. The latest figure is more "
            f"than chance in: {told}.",
        )

    def as_dict(self) -> dict[str, Any]:
        """The result for ``--json``: what was measured, the rows, and the words about them."""
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
            "sure": self.sure,
            "over_time": [series.as_dict() for series in self.over_time],
            "says": self.says,
        }

    def _grouped(self) -> str:
        groups = f"{self.definition.title}, by {' and '.join(self.by)}"
        if not 0 < self.rows.num_rows <= FEW:
            return " ".join([f"{groups}: {self.rows.num_rows} groups.", *self._busiest()])
        told = [
            f"{', '.join(str(row[name]) for name in self.by)}: {_words(row)}"
            for row in self.rows.to_pylist()
        ]
        return f"{groups}. {'; '.join(told)}."

    def _busiest(self) -> list[str]:
        """Of each group by hours, the hour with most and the one with fewest; none of many."""
        unit = next((name for name in self.by if name in HOURS), "")
        figure = next((name for name in ("mean", "per_hour") if name in self.rows.column_names), "")
        if not unit or not figure:
            return []
        found: dict[str, list[tuple[float, str]]] = {}
        for row in self.rows.to_pylist():
            if row[figure] is not None:
                group = ", ".join(row[name] for name in self.by if name != unit) or "All"
                found.setdefault(group, []).append((row[figure], row[unit]))
        if len(found) > FEW:
            return []
        words = "on average" if figure == "mean" else "an hour"
        return [
            f"{group}: most {words} in the hour {max(told)[1]} ({max(told)[0]:,.1f}), fewest in "
            f"{min(told)[1]} ({min(told)[0]:,.1f})."
            for group, told in found.items()
        ]

    def _ungrouped(self) -> str:
        if not self.rows.num_rows:
            return f"{self.definition.title}: nothing to measure."
        return f"{self.definition.title}: {_words(self.rows.to_pylist()[0])}."

    def _left_out(self) -> list[str]:
        return [
            f"Left out: {count:,} {reason}." for reason, count in self.left_out.items() if count
        ]


def _words(row: Mapping[str, Any]) -> str:
    if "care_share" in row:
        return _hours(row)
    if "home_share" in row:
        return _days_at_home(row)
    if "share" in row:
        return _share(row)
    if "p50_hours" in row and not row["n"]:
        return "can't be measured, for nobody's is known"
    if "p50_hours" in row:
        return (
            f"half within {show_hours(row['p50_hours'])}{_range(row, 'p50')}, nine in ten within "
            f"{show_hours(row['p90_hours'])}{_range(row, 'p90')} "
            f"({row['n']:,} in all, {row['open']:,} still open, {row['cut_short']:,} cut short)"
        )
    if "moves" in row:
        if not row["n"]:
            return "nothing to measure"
        return f"{row['mean']:.2f} on average ({row['moves']:,} moves in {row['n']:,} times)"
    if "mean" in row:
        midnight = row.get("midnight_mean")
        at_midnight = "" if midnight is None else f", {midnight:,.1f} at midnight"
        peak_at = datetime.fromisoformat(row["peak_at"])
        peak = f"{row['peak']:,} at most ({show_date(peak_at.date())}, {peak_at:%H:%M})"
        return f"{row['mean']:,.1f} on average{at_midnight}, {peak}"
    return f"{row['n']:,}"


def _share(row: Mapping[str, Any]) -> str:
    if row["share"] is None:
        return "nothing to measure"
    also = [
        f", {row[name]:.1%} within {name.rpartition('_')[2]}"
        for name in row
        if name.startswith("share_within_") and row[name] is not None
    ]
    return (
        f"{row['share']:.1%} ({row['met']:,} of {row['n']:,}; "
        f"95 % range {row['low']:.1%} to {row['high']:.1%}){''.join(also)}"
    )


def _hours(row: Mapping[str, Any]) -> str:
    """How the hours of a group divide, and what of them was care."""
    total = row["total_hours"]
    if not total:
        return "nothing to measure"
    parts = [
        f"{name.removesuffix('_hours').replace('unsplit', 'not split')} {hours / total:.1%}"
        for name, hours in row.items()
        if name.endswith("_hours") and name != "total_hours" and hours
    ]
    people = f" of {row['people']:,} people" if "people" in row else ""
    low = row.get("care_share_low")
    chance = "" if low is None else f" (95 % range {low:.1%} to {row['care_share_high']:.1%})"
    return (
        f"{show_hours(total)}{people}: {', '.join(parts)}. Care, the value-adding share, is at "
        f"least {row['care_share']:.1%}{chance} and at most {row['care_share_most']:.1%}"
    )


def _days_at_home(row: Mapping[str, Any]) -> str:
    if not row["n"]:
        return "nothing to measure"
    low = row["mean_low"]
    chance = "" if low is None else f" (95 % range {low:.1f} to {row['mean_high']:.1f})"
    days = row["days"] // row["n"]
    return (
        f"{row['mean']:.1f} of {days} days on average{chance}, {row['home_share']:.1%} "
        f"({row['n']:,} people)"
    )


def _range(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low_hours"], row[f"{name}_high_hours"]
    if low is None:
        return ""
    return f" (95 % range {show_hours(low)} to {'longer' if high is None else show_hours(high)})"
