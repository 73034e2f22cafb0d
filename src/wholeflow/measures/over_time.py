"""OverTime: a measure over time with the limits that judge it, the marks, and words (§30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wholeflow.core import time
from wholeflow.measures import units
from wholeflow.measures.marks import Mark
from wholeflow.measures.spc import XmR, presets, rules_in_words
from wholeflow.measures.spc.xmr import EQUAL_WITHIN

DAILY = (
    "Days differ by the day of the week and follow the day before, so that limits for days mark "
    "too much or too little: judge by week where you can."
)


FOLLOWS = {
    "care_share": "the share of care in all hours",
    "p50_hours": "the median",
    "mean": "the mean",
}
"""What a chart follows where the title of the measure does not say it."""


@dataclass(frozen=True)
class Part:
    """Periods in a row that one set of limits judges, and the marks that set it.

    ``chart`` is absent where there are too few values for limits; ``frozen_by`` is the mark
    after whose periods the limits no longer change.
    """

    names: tuple[str, ...]
    values: tuple[float | None, ...]
    chart: XmR | None
    begun_by: Mark | None = None
    frozen_by: Mark | None = None


@dataclass(frozen=True)
class OverTime:
    """One series of a result over time: its parts, and the marks that concern it.

    ``group`` names what the series is of (empty: the whole); ``marks`` stand each with the name
    of its period; ``unit`` is that of time, ``measured_in`` that of the values, ``figure`` the
    column of the result that they are.
    """

    title: str
    group: Mapping[str, str]
    unit: str
    measured_in: str
    improves: str
    preset: str
    parts: tuple[Part, ...]
    marks: tuple[tuple[str, Mark], ...]
    zone: str = time.LONDON
    figure: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every period, in order."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def targets(self) -> tuple[tuple[str, Mark], ...]:
        """The targets with the period that each holds from."""
        return tuple((name, mark) for name, mark in self.marks if mark.kind == "target")

    @property
    def signals(self) -> list[dict[str, str]]:
        """The points that are more than chance: period, rule and side."""
        return [
            {"period": name, "rule": point.signal, "side": point.side}
            for part in self.parts
            if part.chart
            for name, point in zip(part.names, part.chart.points, strict=True)
            if point.signal
        ]

    @property
    def latest(self) -> dict[str, str] | None:
        """The signal of the last period; None where it has none."""
        last = self.signals[-1] if self.signals else None
        return last if last and last["period"] == self.names[-1] else None

    @property
    def rules(self) -> dict[str, str]:
        """What each rule means that marked a point."""
        fired = {signal["rule"] for signal in self.signals}
        words = rules_in_words(self.preset).items()
        return {rule: meaning for rule, meaning in words if rule in fired}

    @property
    def assurance(self) -> str:
        """Whether the last target will be met while nothing changes, in a sentence."""
        chart = self.parts[-1].chart
        if not self.targets or chart is None:
            return ""
        value = self.targets[-1][1].value
        told = assurance(chart, 0.0 if value is None else value, self.improves)
        return f"Target {self.show(value)}: {ASSURANCES[told]}" if told else ""

    @property
    def says(self) -> tuple[str, ...]:
        """The series in plain sentences: limits, the latest point, signals, marks, the rules."""
        last = self.parts[-1].chart
        follows = FOLLOWS.get(self.figure)
        sentences = [
            f"The chart follows {follows} of each {self.unit}." if follows else "",
            *(self.limits_in_words(part) for part in self.parts),
            last.says if last else "",
            f"More than chance: {', '.join(self.signals_in_words()) or 'no point'}.",
            *(f"{rule.capitalize()}: {meaning}" for rule, meaning in self.rules.items()),
            *(f"Marked: {mark.says(self.zone)}." for _, mark in self.marks),
            self.assurance,
            DAILY if self.unit == "day" else "",
            f"{presets()[self.preset].title}: {presets()[self.preset].meaning}",
        ]
        return tuple(sentence for sentence in sentences if sentence)

    def signals_in_words(self) -> list[str]:
        """The points that are more than chance, those in a row that one rule marks together."""
        runs: list[list[dict[str, str]]] = []
        at = {name: number for number, name in enumerate(self.names)}
        for one in self.signals:
            before = runs[-1][-1] if runs else None
            is_next = before and at[one["period"]] == at[before["period"]] + 1
            if before and is_next and all(one[key] == before[key] for key in ("rule", "side")):
                runs[-1].append(one)
            else:
                runs.append([one])
        return [f"{self.called(run[0]['period'], run[-1]['period'])} ({run[0]['rule']}, "
                f"{run[0]['side']})" for run in runs]  # fmt: skip

    def called(self, first: str, last: str) -> str:
        """A period, or several in a row, as people write them."""
        words = units.called(first, self.unit)
        return words if first == last else f"{words} to {units.called(last, self.unit)}"

    def limits_in_words(self, part: Part) -> str:
        """The periods of a part with their limits, and why they begin and end there."""
        words = self.called(part.names[0], part.names[-1])
        periods = f"{words[0].upper()}{words[1:]}"
        because = f", anew since the signed {part.begun_by.kind}" if part.begun_by else ""
        if part.chart is None:
            return f"{periods}: too few figures side by side for limits{because}."
        frozen = f" from its first {part.chart.baseline} figures" if part.frozen_by else ""
        limits = self.usual(part.chart)
        return f"{periods}: {self.show(part.chart.mean)} on average, {limits}{frozen}{because}."

    def usual(self, chart: XmR) -> str:
        """The limits, without one that no figure can reach."""
        low, high = self.show(chart.lower), self.show(chart.upper)
        if chart.lower < 0:
            return f"usually up to {high}"
        if self.measured_in == "share" and chart.upper > 1:
            return f"usually {low} or more"
        return f"usually between {low} and {high}"

    def show(self, value: float | None) -> str:
        """A value as people read it."""
        if value is None:
            return "not known"
        if self.measured_in == "share":
            return f"{value:.1%}"
        if self.measured_in == "hours":
            return time.show_hours(value) if value >= 0 else f"-{time.show_hours(-value)}"
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"

    def as_dict(self) -> dict[str, Any]:
        """The series for ``--json``."""
        return {
            "of": dict(self.group),
            "unit": self.unit,
            "figure": self.figure,
            "preset": self.preset,
            "preset_title": presets()[self.preset].title,
            "preset_meaning": presets()[self.preset].meaning,
            "parts": [_part_as_dict(part, self.zone) for part in self.parts],
            "signals": self.signals,
            "rules": self.rules,
            "marks": [
                {"period": name, **mark.as_dict(self.zone), "says": mark.says(self.zone)}
                for name, mark in self.marks
            ],
            "assurance": self.assurance,
            "says": list(self.says),
        }


def _part_as_dict(part: Part, zone: str) -> dict[str, Any]:
    chart = part.chart
    limits = ("mean", "lower", "upper", "baseline")
    marks = {"begun_by": part.begun_by, "frozen_by": part.frozen_by}
    return {
        "from": part.names[0],
        "to": part.names[-1],
        "periods": len(part.names),
        **{name: getattr(chart, name) if chart else None for name in limits},
        **{name: mark and mark.as_dict(zone) for name, mark in marks.items()},
    }


# Targets

ASSURANCES = {
    "met": "it will be met in nearly every period while nothing changes.",
    "missed": "it will be missed in nearly every period while nothing changes.",
    "by chance": "whether a period meets it is chance while nothing changes.",
}


def assurance(chart: XmR, target: float, improves: str) -> str:
    """Whether a target is met, missed or hit by chance while nothing changes; empty: no direction.

    A target on a limit is within them. Source: NHS England, Making Data Count; NHSRplotthedots.
    """
    near = EQUAL_WITHIN * max(abs(chart.upper), abs(chart.lower), abs(target))
    if improves not in ("up", "down"):
        return ""
    if target > chart.upper + near:
        return "missed" if improves == "up" else "met"
    if target < chart.lower - near:
        return "met" if improves == "up" else "missed"
    return "by chance"
