"""The formats that a column of times is written in, by the evidence of its cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wholeflow.core.sql import quoted
from wholeflow.store import Engine

DAYS = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"\d{1,2}/[A-Za-z]{3,9}/\d{4}", ("%d/%b/%Y", "%d/%B/%Y")),
    (r"\d{1,2}-[A-Za-z]{3,9}-\d{4}", ("%d-%b-%Y", "%d-%B-%Y")),
    (r"\d{1,2} [A-Za-z]{3,9} \d{4}", ("%d %b %Y", "%d %B %Y")),
    (r"\d{1,2}[A-Za-z]{3}\d{4}", ("%d%b%Y",)),
    (r"[A-Za-z]{3,9} \d{1,2}, \d{4}", ("%b %d, %Y", "%B %d, %Y")),
    (r"[A-Za-z]{3,9} \d{1,2} \d{4}", ("%b %d %Y", "%B %d %Y")),
    (r"\d{8}", ("%Y%m%d", "%d%m%Y")),
    (r"\d{4}-\d{1,2}", ("%Y-%m",)),
    (r"\d{1,2}/\d{4}", ("%m/%Y",)),
    (r"[A-Za-z]{3,9} \d{4}", ("%b %Y", "%B %Y")),
    (r"[A-Za-z]{3,9}-\d{4}", ("%b-%Y", "%B-%Y")),
    (r"RTT-[A-Za-z]{3,9}-\d{4}", ("RTT-%B-%Y",)),  # as NHS England publishes waiting times
)
CLOCKS = (
    (r"\d{1,2}:\d{2}", "%H:%M"),
    (r"\d{1,2}:\d{2}:\d{2}", "%H:%M:%S"),
    (r"\d{1,2}:\d{2}:\d{2}\.\d{1,6}", "%H:%M:%S.%f"),
    (r"\d{1,2}:\d{2} [AaPp][Mm]", "%I:%M %p"),
    (r"\d{1,2}:\d{2}[AaPp][Mm]", "%I:%M%p"),
    (r"\d{1,2}:\d{2}:\d{2} [AaPp][Mm]", "%I:%M:%S %p"),
    (r"\d{4}", "%H%M"),
    (r"\d{6}", "%H%M%S"),
)
BETWEEN = (" ", "T", "", ", ", " at ")
OFFSETS = ((r"", ""), (r"Z", "Z"), (r"[+-]\d{2}(?::?\d{2})?", "%z"), (r" [+-]\d{2}:?\d{2}", " %z"))
TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2}(?!\d)")
ENOUGH = 0.9
"""The share of a column's cells that must be times for it to be a column of times."""

CELLS = 5
"""So many cells must be written in a format; of fewer than twice as many, half."""

NO_DATES = ("0001-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01",
            "2299-12-31", "2999-12-31", "9999-12-31")  # fmt: skip
"""Dates that systems write for no date."""


@dataclass(frozen=True)
class Formats:
    """The formats of a column: those chosen, the share of its cells that they read.

    ``unsettled``: every cell could be a British or an American date. ``american``:
    some cell shows that months come first. ``mixed``: some cells can only be British,
    others only American.
    """

    chosen: tuple[str, ...] = ()
    share: float = 0.0
    unread: int = 0
    unsettled: bool = False
    american: bool = False
    mixed: bool = False

    @property
    def is_day(self) -> bool:
        """True when no format has an hour."""
        return not any(re.search("%[HI]", form) for form in self.chosen)

    @property
    def has_offset(self) -> bool:
        """True when every format says how far it is from UTC."""
        return bool(self.chosen) and all("%z" in f or f.endswith("Z") for f in self.chosen)


def candidates(values: Iterable[str]) -> list[str]:
    """The formats that some of these values may be written in."""
    shapes = dict.fromkeys(re.sub(r"\d", "9", value) for value in values)
    return list(dict.fromkeys(form for shape in shapes for form in _formats_of(shape)))


def _formats_of(shape: str) -> Iterator[str]:
    """The formats of a value whose figures are all nines."""
    for day, days in DAYS:
        start = re.match(day, shape)
        for rest in _hours_of(shape[start.end() :]) if start else ():
            yield from (form + rest for form in days)


def _hours_of(rest: str) -> Iterator[str]:
    """The formats of what follows a day: nothing, or an hour and perhaps its offset."""
    if not rest:
        yield ""
    for gap in BETWEEN:
        for clock, hour in CLOCKS if rest.startswith(gap) else ():
            start = re.match(clock, rest[len(gap) :])
            if start is None or (not gap and ":" in clock):
                continue
            end = rest[len(gap) + start.end() :]
            yield from (gap + hour + offset for zone, offset in OFFSETS if re.fullmatch(zone, end))


def formats_of(engine: Engine, values: str, examples: Sequence[str]) -> Formats:
    """The formats of the values in a table of the engine with columns ``v`` and ``n``.

    ``examples`` are some of the values, from which formats are guessed; what is
    guessed is tried on all.
    """
    forms = candidates(examples)
    if not forms:
        return Formats()
    tries = [f"try_strptime(v, {quoted(form)}) IS NOT NULL" for form in forms]
    fits = ", ".join(f"{test} AS f{number}" for number, test in enumerate(tries))
    names = ", ".join(f"f{number}" for number in range(len(forms)))
    rows = engine.query(
        f"SELECT {names}, sum(n) AS n FROM (SELECT n, {fits} FROM {values}) GROUP BY {names}"
    ).to_pylist()
    left = [({forms[i] for i in range(len(forms)) if r[f"f{i}"]}, int(r["n"])) for r in rows]
    return _choose(forms, left)


def _choose(forms: list[str], cells: list[tuple[set[str], int]]) -> Formats:
    """The fewest formats that read most; British before American where both read as much."""
    total = sum(n for _, n in cells)
    chosen: list[str] = []
    left, mixed = cells, False
    while True:
        reads = {form: sum(n for fit, n in left if form in fit) for form in forms}
        able = [form for form in forms if reads[form]]
        agreeing = [f for f in able if not any(_turned(f) and _contrary(f, c) for c in chosen)]
        mixed = mixed or len(agreeing) < len(able)
        agreeing = [form for form in agreeing if reads[form] >= min(CELLS, total / 2)]
        if not agreeing:
            break
        form = max(agreeing, key=lambda f: (reads[f], -forms.index(f)))
        chosen.append(form)
        left = [(fit, n) for fit, n in left if form not in fit]
    unread = sum(n for _, n in left)
    turning = [form for form in chosen if _turned(form)]
    unsettled = bool(turning) and all(
        _turned(form) in fit for form in turning for fit, _ in cells if form in fit
    )
    return Formats(
        tuple(chosen),
        1 - unread / total if total else 0.0,
        unread,
        unsettled,
        any(month_first(form) for form in chosen),
        mixed,
    )


def _turned(form: str) -> str:
    """A British format as Americans would write it, or the other way round; else nothing."""
    for mark in "/-.":
        british, american = f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y"
        for one, other in ((british, american), (american, british)):
            if one in form:
                return form.replace(one, other)
    return ""


def _contrary(one: str, other: str) -> bool:
    """True where one format puts the month first and the other the day."""
    return bool(_turned(other)) and month_first(one) != month_first(other)


def month_first(form: str) -> bool:
    """True where the month stands before the day, as figures."""
    return any(f"%m{mark}%d{mark}%Y" in form for mark in "/-.")


def turns(formats: Formats) -> bool:
    """True where day and month stand as figures, so that their order must be known."""
    return any(_turned(form) for form in formats.chosen)


def settled(formats: Formats, is_american: bool) -> Formats:
    """Formats that nothing of their own settled, read as another column shows."""
    chosen = tuple(
        _turned(form) if _turned(form) and month_first(form) != is_american else form
        for form in formats.chosen
    )
    return replace(formats, chosen=chosen, unsettled=False, american=is_american)
