"""Conformance: how far journeys went as a pathway meant them to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import HOUR
from wholeflow.diagnosis.alignment import Alignment, Meant, align
from wholeflow.diagnosis.deviations import LATE, Deviation, deviations, timed_steps, words
from wholeflow.diagnosis.kept import Filters, keep, named_codes, not_known
from wholeflow.diagnosis.pathway import Pathway, read_pathway, stored_pathway
from wholeflow.diagnosis.seen import check, coarse, over_places, unused
from wholeflow.journeys import Journeys, operators
from wholeflow.measures.shares import wilson

RULES = ("§16", "§31", "§33")

SCHEMA = pa.schema(
    [
        ("deviation", pa.string()),
        ("what", pa.string()),
        ("step", pa.int64()),
        ("journeys", pa.int64()),
        ("people", pa.int64()),
        ("times", pa.int64()),
        ("share", pa.float64()),
        ("still_open", pa.int64()),
        ("words", pa.string()),
    ]
)

NOT_MEANT = (
    "Nobody recorded which journeys were meant to take this pathway: every one that came to any of "
    "its steps is compared. --journeys-through narrows them."
)


@dataclass(frozen=True)
class Fit:
    """Of so many journeys: how many went as meant, how many of them in time, mean fitness."""

    journeys: int
    as_meant: int
    in_time: int
    mean_fitness: float | None

    def as_dict(self) -> dict[str, float | None]:
        """The figures, with shares and the 95 % range (Wilson) of the share as meant."""
        n = self.journeys
        low, high = wilson(self.as_meant, n)
        return {
            **vars(self),
            "share": self.as_meant / n if n else None,
            "low": low,
            "high": high,
            "in_time_share": self.in_time / n if n else None,
        }


@dataclass(frozen=True)
class Conformance:
    """How far journeys went as a pathway meant them to.

    ``every`` tells of all journeys that came to any of its steps, ``over`` of those that are
    over. A row is a deviation: ``deviation`` (skipped, extra, in another order, too late),
    ``what``, ``step`` (its number), ``journeys`` and ``people`` that have it, ``times``, ``share``
    of the journeys, ``still_open`` (of them still under way: they may yet come to the step), and
    plain ``words``. ``each`` has every journey with its fitness and how many steps were late.
    """

    pathway: Pathway
    every: Fit
    over: Fit
    rows: pa.Table
    each: pa.Table
    left_out: Mapping[str, int]
    limits: tuple[str, ...]

    @property
    def says(self) -> str:
        """The result in a few plain sentences."""
        fit = self.every.as_dict()
        said = [
            f"{self.every.journeys:,} journeys came to a step of the pathway {self.pathway.name}.",
            f"{fit['share']:.1%} of them ({self.every.as_meant:,}; 95 % range {fit['low']:.1%} to "
            f"{fit['high']:.1%}) went as it was meant, {fit['in_time_share']:.1%} also in time.",
            f"Mean fitness {fit['mean_fitness']:.2f} (1: all as meant).",
        ]
        most = [f"{row['words']} ({row['journeys']:,})" for row in self.rows.to_pylist()[:3]]
        if most:
            said.append(f"Most often: {'; '.join(most)}.")
        left = [f"Left out: {n:,} {reason}." for reason, n in self.left_out.items() if n]
        return " ".join([*said, *left])

    def as_dict(self) -> dict[str, Any]:
        """The result for ``--json``: pathway, every, over, rows, left_out, limits, says."""
        return {
            "pathway": self.pathway.as_dict(),
            "every": self.every.as_dict(),
            "over": self.over.as_dict(),
            "rules": list(RULES),
            "rows": self.rows.to_pylist(),
            "left_out": dict(self.left_out),
            "limits": list(self.limits),
            "says": self.says,
        }


class Way(NamedTuple):
    """A way that journeys went: the names of what is compared, its turns, and its alignment."""

    events: tuple[str, ...]
    turns: tuple[int, ...]
    alignment: Alignment


def conform(
    journeys: Journeys,
    pathway: Pathway | str | Path | None = None,
    *,
    through: str | None = None,
) -> Conformance:
    """Compare journeys with a pathway: one made here, of a file, or of the store by name (§33).

    Without a name, the only pathway of the store. ``through``: only journeys in which this
    activity or place occurs. Raises InputError for a file that is no pathway, RequestError for
    a name that is not there, and UnsupportedError where no journey came to any of its steps.
    """
    meant = _pathway(journeys, pathway)
    check(journeys, meant.over)
    kept = keep(journeys, meant.over, Filters(through=through))
    ways = _ways(journeys, meant)
    gone = _gone(journeys, meant, kept.journeys)
    concerned = np.isin(gone["example"].to_numpy(), list(ways))
    if not concerned.any():
        raise UnsupportedError(
            f"no journey came to any step of the pathway {meant.name}",
            repair="Check the names of its steps, and what --journeys-through leaves.",
        )
    left_out = {
        **kept.left_out,
        "journeys that came to none of its steps": int((~concerned).sum()),
        **unused(journeys, meant.over),
    }
    return _told(journeys, meant, ways, gone.filter(pa.array(concerned)), left_out)


def _pathway(journeys: Journeys, pathway: Pathway | str | Path | None) -> Pathway:
    if isinstance(pathway, Pathway):
        return pathway
    if pathway is None or Path(pathway).suffix.lower() not in (".toml", ".csv"):
        return stored_pathway(journeys, None if pathway is None else str(pathway))
    return read_pathway(Path(pathway))


def _ways(journeys: Journeys, pathway: Pathway) -> dict[int, Way]:
    """The ways that came to any step, each by the journey that is its example."""
    steps = _steps(journeys, pathway)
    wanted = frozenset[int]().union(*(step.codes for step in steps))
    named = journeys.query("SELECT d.code, d.name FROM dictionary AS d").to_pydict()
    names = dict(zip(named["code"], named["name"], strict=True))
    rows = _ask(
        journeys, pathway, f"SELECT c.example, c.way FROM ({COUNTS}) AS c WHERE c.run = 0"
    ).to_pydict()
    found = {}
    for example, way in zip(rows["example"], rows["way"], strict=True):
        told = [divmod(step, operators.CODE) for step in way]
        if wanted.isdisjoint(code for _, code in told):
            continue
        if pathway.ignore_others:
            told = [(turn, code) for turn, code in told if code in wanted]
        turns, trace = zip(*told, strict=True)
        found[example] = Way(tuple(names[code] for code in trace), turns, align(trace, steps))
    return found


def _steps(journeys: Journeys, pathway: Pathway) -> list[Meant]:
    """The steps by code; a name that the records don't know is refused, for it may be misspelt."""
    if pathway.over == "places":
        kind, known = "place", "SELECT p.place AS code FROM place_facts AS p"
    else:
        kind, known = "activity", "SELECT DISTINCT a.activity AS code FROM activities AS a"
    codes = named_codes(journeys, known)
    for name in (name for step in pathway.steps for name in step.of):
        if name not in codes:
            raise not_known(kind, name, list(codes))
    return [
        Meant(frozenset(codes[name] for name in step.of), step.optional, step.repeats)
        for step in pathway.steps
    ]


COUNTS = operators.sql("way_counts", {})


def _ask(journeys: Journeys, pathway: Pathway, sql: str) -> pa.Table:
    """The answer to SQL on activities in turn; for a pathway of places they are the places."""
    return journeys.query(sql if pathway.over == "activities" else over_places(sql))


def _gone(journeys: Journeys, pathway: Pathway, kept: str) -> pa.Table:
    """Every kept journey with its person, the example of its way, and whether it goes on."""
    return _ask(
        journeys,
        pathway,
        "SELECT w.journey, w.person, c.example, j.is_open "
        f"FROM ways AS w JOIN ({COUNTS}) AS c ON c.run = w.run AND c.way = w.way "
        "JOIN journeys AS j ON j.journey = w.journey "
        f"WHERE w.run = 0 AND w.journey IN ({kept}) ORDER BY w.journey",
    )


TIMED = """
    SELECT g.journey, m.step,
           s.start_at - CASE WHEN m.from_start THEN b.start_at ELSE b.end_at END AS took
    FROM timed_steps AS m
    JOIN timed_journeys AS g ON g.example = m.example
    JOIN activities AS s ON s.journey = g.journey AND s.turn = m.turn
    LEFT JOIN activities AS b ON b.journey = g.journey AND b.turn = m.turn_before
"""
"""How long after the step before it each step with a time limit came; NULL: nobody can tell."""

TIMED_STEPS = pa.schema(
    [
        ("example", pa.int64()),
        ("step", pa.int64()),
        ("turn", pa.int64()),
        ("turn_before", pa.int64()),
        ("from_start", pa.bool_()),
    ]
)


def _took(
    journeys: Journeys, pathway: Pathway, ways: Mapping[int, Way], gone: pa.Table
) -> pa.Table:
    """``journey``, ``step`` from 0 and ``took`` of every step whose time is to be judged."""
    rows = [
        {
            "example": example,
            "step": step,
            "turn": way.turns[event],
            "turn_before": None if before is None else way.turns[before],
            "from_start": pathway.steps[step].after == "start",
        }
        for example, way in ways.items()
        for step, before, event in timed_steps(pathway, way.alignment)
    ]
    journeys.engine.register("timed_steps", pa.Table.from_pylist(rows, schema=TIMED_STEPS))
    journeys.engine.register("timed_journeys", gone.select(["journey", "example"]))
    found = _ask(journeys, pathway, TIMED)
    for name in ("timed_steps", "timed_journeys"):
        journeys.engine.unregister(name)
    return found


Found = dict[Deviation, tuple[np.ndarray, int]]
"""Each deviation with the positions of the journeys that have it, and how many times."""


def _told(
    journeys: Journeys,
    pathway: Pathway,
    ways: Mapping[int, Way],
    gone: pa.Table,
    left_out: Mapping[str, int],
) -> Conformance:
    """The result of the alignments, and of how long the steps took."""
    took = _took(journeys, pathway, ways, gone)
    hours = took["took"].to_numpy(zero_copy_only=False).astype(float) / HOUR
    allowed = np.array([step.within_hours or 0.0 for step in pathway.steps])
    is_late = hours > allowed[took["step"].to_numpy()]  # unknown is not a number, and not late
    numbers = gone["journey"].to_numpy()
    late_at = np.searchsorted(numbers, took["journey"].to_numpy()[is_late])
    late = np.bincount(late_at, minlength=len(numbers))
    examples, way = np.unique(gone["example"].to_numpy(), return_inverse=True)
    gone_ways = [ways[example] for example in examples.tolist()]
    found = _of_ways(pathway, gone_ways, way)
    late_steps = took["step"].to_numpy()[is_late]
    for step in np.unique(late_steps).tolist():
        which = late_at[late_steps == step]
        found[Deviation(LATE, pathway.steps[step].title, step + 1)] = which, len(which)
    fitness = np.array([one.alignment.fitness for one in gone_ways])[way]
    as_meant = np.array([one.alignment.cost == 0 for one in gone_ways])[way]
    is_open = gone["is_open"].to_numpy(zero_copy_only=False).astype(bool)
    figures = fitness, as_meant, as_meant & (late == 0)
    return Conformance(
        pathway,
        _fit(*figures),
        _fit(*(figure[~is_open] for figure in figures)),
        _rows(pathway, found, gone["person"].to_numpy(), is_open),
        pa.table({"journey": numbers, "fitness": fitness, "late": late}),
        left_out,
        (*_limits(pathway, int(is_open.sum()), int(np.isnan(hours).sum())), *coarse(journeys)),
    )


def _fit(fitness: np.ndarray, as_meant: np.ndarray, in_time: np.ndarray) -> Fit:
    mean = float(fitness.mean()) if len(fitness) else None
    return Fit(len(fitness), int(as_meant.sum()), int(in_time.sum()), mean)


def _of_ways(pathway: Pathway, ways: list[Way], way: np.ndarray) -> Found:
    """The deviations of the ways; ``way`` is the position of that of each journey."""
    counts: dict[Deviation, dict[int, int]] = defaultdict(dict)
    for number, one in enumerate(ways):
        for deviation, times in deviations(pathway, one.alignment, one.events).items():
            counts[deviation][number] = times
    sizes, found = np.bincount(way, minlength=len(ways)), {}
    for deviation, of_way in counts.items():
        times = sum(int(sizes[number]) * n for number, n in of_way.items())
        found[deviation] = np.flatnonzero(np.isin(way, list(of_way))), times
    return found


def _rows(pathway: Pathway, found: Found, person: np.ndarray, is_open: np.ndarray) -> pa.Table:
    """A row for each deviation, the one that most journeys have first."""
    rows: list[dict[str, Any]] = [
        {
            "deviation": deviation.kind,
            "what": deviation.what,
            "step": deviation.step,
            "journeys": len(which),
            "people": len(np.unique(person[which])),
            "times": times,
            "share": len(which) / len(person),
            "still_open": int(is_open[which].sum()),
            "words": words(pathway, deviation),
        }
        for deviation, (which, times) in found.items()
    ]
    rows.sort(key=lambda row: (-row["journeys"], row["words"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _limits(pathway: Pathway, still_open: int, unknown: int) -> tuple[str, ...]:
    said = [NOT_MEANT]
    if still_open:
        said.append(
            f"{still_open:,} of the journeys are still under way, or nobody recorded their end: "
            "steps that they have not come to count as skipped; `over` leaves them aside (§9)."
        )
    if unknown:
        said.append(
            f"{unknown:,} times nobody can tell whether a step was in time: the step before it was "
            "skipped, or its end is not recorded (§33)."
        )
    if pathway.steps[0].within_hours is not None:
        said.append("The first step has no step before it: its within_hours is not judged.")
    return tuple(said)
