"""Pathway: the sequence that was meant, from a store or from a small file."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from wholeflow.core.errors import InputError, RequestError
from wholeflow.journeys import Journeys

KEYS = ("place", "activity", "within_hours", "after", "optional", "repeats")
AFTER = ("end", "start")
SHAPE = 'Write steps such as [[step]] with place = "Ward 1" and within_hours = 4.'

IN_STORE = """
    SELECT p.name AS pathway, t.step, d.name AS place, t.within_hours
    FROM present_pathways AS t
    JOIN dictionary AS p ON p.code = t.pathway
    JOIN dictionary AS d ON d.code = t.place
    ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Step:
    """One step of a pathway.

    ``of`` are the places, or activities, any of which is this step. ``within_hours`` is how soon
    it is meant to start ``after`` the end, or the start, of the step before it. An ``optional``
    step may be left out, one that ``repeats`` may come several times running.
    """

    of: tuple[str, ...]
    within_hours: float | None = None
    after: str = "end"
    optional: bool = False
    repeats: bool = False

    @property
    def title(self) -> str:
        """The step in words."""
        return " or ".join(self.of)


@dataclass(frozen=True)
class Pathway:
    """What was meant: steps in order, all of them places or all of them activities.

    With ``ignore_others`` whatever is none of its steps is passed over; else it is extra.
    """

    name: str
    over: str
    steps: tuple[Step, ...]
    ignore_others: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.ignore_others, bool):
            raise InputError(
                "ignore_others is true or false", where=self.name, repair="Use true or false."
            )
        for number, step in enumerate(self.steps, 1):
            where = f"{self.name}, step {number}"
            if not step.of or not all(isinstance(name, str) and name for name in step.of):
                raise InputError("this step names nothing", where=where, repair=SHAPE)
            hours = step.within_hours
            if hours is not None and not (_is_number(hours) and hours >= 0):
                raise InputError(
                    "within_hours is not a number of hours", where=where, repair="Use 4 or 0.5."
                )
            if step.after not in AFTER:
                raise InputError(
                    f"after is {step.after!r}", where=where, repair="Use end or start."
                )
            if not (isinstance(step.optional, bool) and isinstance(step.repeats, bool)):
                raise InputError(
                    "optional and repeats are true or false", where=where, repair="Use true."
                )
        if not any(not step.optional for step in self.steps):
            raise InputError(
                "a pathway needs a step that is not optional", where=self.name, repair=SHAPE
            )

    def as_dict(self) -> dict[str, Any]:
        """The pathway for ``--json``: name, over, ignore_others, steps."""
        steps = [{**vars(step), "of": list(step.of)} for step in self.steps]
        return {**vars(self), "steps": steps}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def stored_pathway(journeys: Journeys, name: str | None = None) -> Pathway:
    """The pathway of that name in the store, or the only one there is.

    Rows with the same step are places of which any will do.
    """
    rows = journeys.query(IN_STORE).to_pylist()
    known = sorted({row["pathway"] for row in rows})
    if not known:
        raise RequestError(
            "this store holds no pathway",
            repair="Name a file: wholeflow conform STORE PATHWAY.toml",
        )
    if name is None and len(known) > 1:
        raise RequestError("which pathway?", repair=f"Name one of: {', '.join(known)}.")
    chosen = name or known[0]
    if chosen not in known:
        raise RequestError(
            f"there is no pathway called {chosen!r} in this store",
            repair=f"Use one of: {', '.join(known)}; or a file that ends in .toml or .csv.",
        )
    return _of_rows(chosen, [row for row in rows if row["pathway"] == chosen])


def read_pathway(path: Path) -> Pathway:
    """A pathway from a TOML or CSV file (docs/guides/map-a-process.md)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the pathway can't be read", where=str(path), repair="Check the path; use UTF-8."
        ) from error
    if path.suffix.lower() == ".csv":
        return _of_csv(text, path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("the pathway is not TOML", where=path.name, repair=SHAPE) from error
    for key in raw:
        if key not in ("pathway", "ignore_others", "step"):
            raise InputError(f"a pathway has no {key!r}", where=path.name, repair=SHAPE)
    steps = raw.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise InputError("the steps are not [[step]] tables", where=path.name, repair=SHAPE)
    made = _of_steps(str(raw.get("pathway", path.stem)), steps, path.name)
    return replace(made, ignore_others=raw.get("ignore_others", False))


def _of_csv(text: str, path: Path) -> Pathway:
    """A CSV file with a line for each step, its columns named as in the table ``pathways``."""
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text)))
    names = {row.get("pathway") or path.stem for row in rows}
    if len(names) > 1:
        raise InputError(
            "this file holds several pathways", where=path.name, repair="Use a file for each."
        )
    for row in rows:
        if None in row or None in row.values():
            raise InputError("a line has too many or too few cells", where=path.name, repair=SHAPE)
        if row.get("within_hours"):
            row["within_hours"] = _number(row["within_hours"], path.name)
        row["step"] = _number(row.get("step") or "", path.name)
        for flag in ("optional", "repeats"):
            if row.get(flag):
                row[flag] = {"yes": True, "true": True, "no": False, "false": False}.get(
                    row[flag].lower(), row[flag]
                )
    rows.sort(key=lambda row: row["step"])
    return _of_rows(names.pop() if names else path.stem, rows, path.name)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            "step and within_hours are numbers", where=where, repair="Use 1, 2 or 0.5."
        ) from error


def _of_rows(name: str, rows: Iterable[Mapping[str, Any]], where: str = "") -> Pathway:
    """A pathway of rows in order; rows of one step are what may stand for each other."""
    steps = []
    for _, group in groupby(rows, key=lambda row: row["step"]):
        several = list(group)
        step = {key: several[0][key] for key in KEYS if several[0].get(key) not in (None, "")}
        for key in ("place", "activity"):
            if key in step:
                step[key] = [row[key] for row in several]
        steps.append(step)
    return _of_steps(name, steps, where or name)


def _of_steps(name: str, steps: list[dict[str, Any]], where: str) -> Pathway:
    kinds = {key for step in steps for key in ("place", "activity") if key in step}
    if len(kinds) != 1:
        raise InputError("the steps are places or activities", where=where, repair=SHAPE)
    kind = kinds.pop()
    made = []
    for number, step in enumerate(steps, 1):
        for key in step:
            if key not in KEYS:
                raise InputError(
                    f"a step has no {key!r}", where=f"{where}, step {number}", repair=SHAPE
                )
        of = step.get(kind, ())
        rest = {key: value for key, value in step.items() if key != kind}
        made.append(Step(tuple(of) if isinstance(of, list) else (of,), **rest))
    return Pathway(name, "places" if kind == "place" else "activities", tuple(made))
