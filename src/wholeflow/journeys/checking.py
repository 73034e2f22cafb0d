"""check: what is wrong or missing in the records, with a plain verdict on each feed.

``asking`` finds every faulty thing; here they are added up for each feed, with the
first rows concerned, and put into words, the worst first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import unknown
from wholeflow.journeys.asking import SEVERITIES, Question, answers, ask, located_rows, questions
from wholeflow.journeys.feeds import Feed, feeds
from wholeflow.journeys.view import Journeys

SHOWN = 5
"""How many places or rows a line of text names before it counts the rest."""

KEPT = 1000
"""How many row numbers of a feed a finding holds; ``Check.rows`` has them all."""

WITH_CARE = 0.05
"""A feed is usable with care where an error or warning concerns more than this share."""

NOT_AS_IT_IS = 0.5
"""A feed is not usable as it is where an error concerns more than this share."""

SHARE_OF = {
    "rows": """
        SELECT r.source, count(*) AS n
        FROM (SELECT k.source, k.file, k.line FROM records AS k WHERE k.line > 0
              UNION SELECT j.source, j.file, j.line FROM current_rejects AS j) AS r
        GROUP BY r.source
    """,
    "stays": "SELECT s.source, count(*) AS n FROM stays AS s GROUP BY s.source",
    "people": "SELECT e.source, count(DISTINCT e.person) AS n FROM present_events AS e "
    "GROUP BY e.source",
    "places": "SELECT CAST(NULL AS INTEGER) AS source, count(*) AS n FROM place_facts",
}
"""For each thing that findings count: how many of it each feed has. SQL that returns a
column ``of`` says so itself."""


@dataclass(frozen=True)
class Row:
    """A row of a file at fault, and what is said about it."""

    file: str
    line: int
    about: str


@dataclass(frozen=True)
class Part:
    """A finding in one feed: how many of how many, what about, and in which rows.

    ``about`` has the most frequent things said, each with its number, and ``others`` counts
    those not among them; ``rows`` has the first rows of all that are ``located``.
    """

    feed: str
    organisation: str
    count: int
    of: int
    about: tuple[tuple[str, int], ...]
    others: int
    rows: tuple[Row, ...]
    located: int

    @property
    def title(self) -> str:
        """The feed with the organisation that keeps it."""
        return _title(self.organisation, self.feed)

    @property
    def share(self) -> float | None:
        """The share of the feed's things that is at fault."""
        return self.count / self.of if self.of else None

    @property
    def where(self) -> str:
        """The places, periods or reasons, the most frequent first."""
        told = [f"{about} ({n:,})" for about, n in self.about[:SHOWN] if about]
        more = len(self.about) - SHOWN + self.others
        return "; ".join(told) + (f" and {more:,} more" if more > 0 and told else "")

    @property
    def lines(self) -> str:
        """The first row numbers, file by file."""
        first: dict[str, list[int]] = {}
        for row in self.rows[:SHOWN]:
            first.setdefault(row.file, []).append(row.line)
        told = [f"{file} {_lines(numbers)}" for file, numbers in first.items()]
        more = self.located - min(SHOWN, len(self.rows))
        return "; ".join(told) + (f" and {more:,} more" if more > 0 and told else "")

    def as_dict(self) -> dict[str, Any]:
        """The part for ``--json``."""
        return {
            "feed": self.feed,
            "organisation": self.organisation,
            "count": self.count,
            "of": self.of,
            "share": self.share,
            "about": [{"about": about, "count": n} for about, n in self.about],
            "rows": [vars(row) for row in self.rows],
            "rows_in_all": self.located,
        }


@dataclass(frozen=True)
class Finding:
    """Something found: what it means, in which feeds and rows it is, and what to do."""

    question: Question
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """The name of its file in ``findings/``."""
        return self.question.name

    @property
    def title(self) -> str:
        """What was found, in a few words."""
        return self.question.title

    @property
    def severity(self) -> str:
        """One of ``error``, ``warning`` and ``note``."""
        return self.question.severity

    @property
    def meaning(self) -> str:
        """What it does to results."""
        return self.question.meaning

    @property
    def repair(self) -> str:
        """What to do about it."""
        return self.question.repair

    @property
    def count(self) -> int:
        """How many things are at fault."""
        return sum(part.count for part in self.parts)

    @property
    def of(self) -> int:
        """How many such things the feeds at fault have."""
        return sum(part.of for part in self.parts)

    @property
    def share(self) -> float | None:
        """The share of things at fault, in the feeds where any is."""
        return self.count / self.of if self.of else None

    @property
    def where(self) -> str:
        """The feeds at fault with how much of each."""
        return "; ".join(
            f"{part.title}: {_of(part.count, part.of, self.question.counts)}"
            + (f", {part.where}" if part.where else "")
            for part in self.parts
        )

    def __str__(self) -> str:
        asked = self.question
        parts = [
            f"  {part.title}: {_of(part.count, part.of, asked.counts)}"
            + "".join(f"\n    {told}" for told in (part.where, part.lines) if told)
            for part in self.parts
        ]
        head = f"{asked.severity}: {asked.title}: {_of(self.count, self.of, asked.counts)}"
        return "\n".join(
            [
                f"{head} ({asked.rule})",
                *parts,
                f"  means: {asked.meaning}",
                f"  to do: {asked.repair}",
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """The finding for ``--json``."""
        asked = ("name", "title", "severity", "rule", "counts", "meaning", "repair")
        return {
            **{name: getattr(self.question, name) for name in asked},
            "count": self.count,
            "of": self.of,
            "share": self.share,
            "where": self.where,
            "feeds": [part.as_dict() for part in self.parts],
        }


@dataclass(frozen=True)
class Check:
    """The feeds of a store and what was found in them, the worst first."""

    feeds: tuple[Feed, ...]
    findings: tuple[Finding, ...]
    asked: int
    left_out: int
    journeys: Journeys = field(repr=False, compare=False)

    @property
    def verdict(self) -> str:
        """One sentence: is anything wrong."""
        counts = {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}
        found = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items() if n)
        words = f"{self.asked} checks: {found}." if found else f"All {self.asked} checks passed."
        if self.left_out:
            words += f" {self.left_out} more compare people's times, which were moved here."
        return words

    def says(self, feed: Feed) -> str:
        """The verdict on one feed, in a sentence or two."""
        parts = self._parts(feed)
        clauses = [
            f"{part.count:,} {one.question.one if part.count == 1 else one.question.many}"
            for one, part in parts
        ]
        return f"{feed.says} {'; '.join([_word(feed, parts), *clauses])}."

    @property
    def verdicts(self) -> tuple[tuple[str, str], ...]:
        """Each feed by its title, and how far it can be used."""
        return tuple(
            (_title(feed.organisation, feed.name), _word(feed, self._parts(feed)))
            for feed in self.feeds
        )

    def _parts(self, feed: Feed) -> list[tuple[Finding, Part]]:
        return [(f, p) for f in self.findings for p in f.parts if p.feed == feed.name]

    def rows(self, name: str) -> pa.Table:
        """Every row at fault of one finding: feed, file, line, about.

        Raises RequestError where no check has that name. Read it before the store
        is closed.
        """
        names = [question.name for question in questions()]
        if name not in names:
            raise unknown("check", name, names)
        if name not in [finding.name for finding in self.findings]:
            return _NO_ROWS
        return self.journeys.query(
            "SELECT coalesce(d.name, '') AS feed, l.file_name AS file, l.line, l.about "
            f"FROM ({located_rows(self.journeys, name)}) AS l "
            "LEFT JOIN dictionary AS d ON d.code = l.source "
            "ORDER BY feed, l.file_name, l.line, l.about"
        )

    def __str__(self) -> str:
        told = [self.says(feed) for feed in self.feeds]
        return "\n".join([*told, *(str(finding) for finding in self.findings), self.verdict])

    def as_dict(self) -> dict[str, Any]:
        """The check for ``--json``: verdict, feeds, findings."""
        return {
            "verdict": self.verdict,
            "feeds": [{**feed.as_dict(), "says": self.says(feed)} for feed in self.feeds],
            "findings": [finding.as_dict() for finding in self.findings],
        }


_NO_ROWS = pa.table(
    {
        "feed": pa.array([], pa.string()),
        "file": pa.array([], pa.string()),
        "line": pa.array([], pa.int64()),
        "about": pa.array([], pa.string()),
    }
)


def _title(organisation: str, feed: str) -> str:
    return ", ".join(name for name in (organisation, feed) if name) or "all feeds together"


def _of(count: int, of: int, noun: str) -> str:
    """How many of how many.

    >>> _of(8, 3190, "rows"), _of(1, 0, "places"), _of(1, 300_000, "rows")
    ('8 of 3,190 rows (0.3%)', '1 of the places', '1 of 300,000 rows (under 0.1%)')
    """
    if not of:
        return f"{count:,} of the {noun}"
    share = count / of
    return f"{count:,} of {of:,} {noun} ({'under 0.1%' if share < 0.001 else f'{share:.1%}'})"


def _lines(numbers: Sequence[int]) -> str:
    return f"line{'' if len(numbers) == 1 else 's'} {', '.join(str(n) for n in numbers)}"


def _word(feed: Feed, parts: Sequence[tuple[Finding, Part]]) -> str:
    """How far a feed can be used, from the largest shares at fault."""
    worst = {severity: 0.0 for severity in SEVERITIES}
    for finding, part in parts:
        worst[finding.severity] = max(worst[finding.severity], part.share or 0.0)
    if not feed.records:
        return "Not usable: no row could be used" if feed.rejected else "Nothing to use"
    if worst["error"] > NOT_AS_IT_IS:
        return "Not usable as it is"
    if max(worst["error"], worst["warning"]) > WITH_CARE:
        return "Usable with care"
    return "Usable" if parts else "Usable; nothing was found"


def check(journeys: Journeys) -> Check:
    """Look for every finding in a view of journeys."""
    can_ask = [q for q in questions() if journeys.is_shared or q.needs != "shared clock"]
    for question in can_ask:
        ask(journeys, question)
    known = feeds(journeys, answers("clock-order"))
    findings = [finding for q in can_ask if (finding := _finding(journeys, q, known))]
    findings.sort(key=lambda f: (SEVERITIES.index(f.severity), -f.count, f.name))
    left_out = len(questions()) - len(can_ask)
    return Check(known, tuple(findings), len(can_ask), left_out, journeys)


def _finding(journeys: Journeys, question: Question, known: Sequence[Feed]) -> Finding | None:
    table = answers(question.name)
    counted = journeys.query(
        f"SELECT f.source, count(*) AS n, max(f.base) AS base FROM {table} AS f GROUP BY f.source"
    ).to_pylist()
    if not counted:
        return None
    shares = journeys.query(SHARE_OF[question.counts]) if question.counts in SHARE_OF else None
    all_of = {} if shares is None else dict(zip(*shares.to_pydict().values(), strict=True))
    about, rows = _about(journeys, table), _rows(journeys, question.name)
    feed_of = {feed.code: feed for feed in known}
    parts = []
    for row in counted:
        source, feed = row["source"], feed_of.get(row["source"])
        told, others = about[source]
        located, first = rows.get(source, (0, ()))
        parts.append(
            Part(
                feed=feed.name if feed else "",
                organisation=feed.organisation if feed else "",
                count=row["n"],
                of=int(row["base"] or all_of.get(source, 0)),
                about=told,
                others=others,
                rows=first,
                located=located,
            )
        )
    return Finding(question, tuple(sorted(parts, key=lambda p: (-p.count, p.feed))))


def _about(
    journeys: Journeys, table: str
) -> dict[int | None, tuple[tuple[tuple[str, int], ...], int]]:
    """For each feed what its faulty things are about, the most frequent first, and how many
    further ones there are."""
    rows = journeys.query(
        f"""
        SELECT c.source, c.about, c.n, c.kinds
        FROM (
            SELECT f.source, coalesce(f.about, '') AS about, count(*) AS n, row_number() OVER (
                       PARTITION BY f.source ORDER BY count(*) DESC, f.about
                   ) AS turn,
                   count(*) OVER (PARTITION BY f.source) AS kinds
            FROM {table} AS f
            GROUP BY f.source, f.about
        ) AS c
        WHERE c.turn <= {KEPT}
        ORDER BY c.source, c.turn
        """
    ).to_pylist()
    told: dict[int | None, list[tuple[str, int]]] = {}
    for row in rows:
        told.setdefault(row["source"], []).append((row["about"], row["n"]))
    kinds = {row["source"]: row["kinds"] for row in rows}
    return {source: (tuple(of), kinds[source] - len(of)) for source, of in told.items()}


def _rows(journeys: Journeys, name: str) -> dict[int | None, tuple[int, tuple[Row, ...]]]:
    """For each feed how many rows are at fault, and the first of them."""
    rows = journeys.query(
        f"""
        SELECT r.source, r.file_name, r.line, r.about, r.located
        FROM (
            SELECT l.*, row_number() OVER (
                       PARTITION BY l.source ORDER BY l.file_name, l.line, l.about
                   ) AS turn,
                   count(*) OVER (PARTITION BY l.source) AS located
            FROM ({located_rows(journeys, name)}) AS l
        ) AS r
        WHERE r.turn <= {KEPT}
        ORDER BY r.source, r.turn
        """
    ).to_pylist()
    told: dict[int | None, list[Row]] = {}
    for row in rows:
        told.setdefault(row["source"], []).append(Row(row["file_name"], row["line"], row["about"]))
    in_all = {row["source"]: row["located"] for row in rows}
    return {source: (in_all[source], tuple(of)) for source, of in told.items()}
