"""check: what is wrong or missing in the records, with a plain verdict on each feed.

Each finding is one file in ``findings/``: its words, and SQL that returns
``place_or_feed`` and ``n``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from wholeflow.journeys.view import Journeys

SEVERITIES = ("error", "warning", "note")
SHOWN = 5


@dataclass(frozen=True)
class Question:
    """What a finding asks of the records."""

    name: str
    title: str
    severity: str
    rule: str
    meaning: str
    repair: str
    sql: str


@dataclass(frozen=True)
class Finding:
    """Something found: what it means, where it is and what to do."""

    name: str
    title: str
    severity: str
    rule: str
    count: int
    meaning: str
    repair: str
    where: str

    def __str__(self) -> str:
        return (
            f"{self.severity}: {self.title}: {self.count:,} ({self.rule})\n"
            f"  where: {self.where}\n  means: {self.meaning}\n  to do: {self.repair}"
        )


@dataclass(frozen=True)
class Check:
    """The feeds of a store and what was found in them, the worst first."""

    feeds: pa.Table
    findings: tuple[Finding, ...]
    asked: int

    @property
    def verdict(self) -> str:
        """One sentence: is anything wrong."""
        counts = {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}
        if not self.findings:
            return f"All {self.asked} checks passed."
        found = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items() if n)
        return f"{self.asked} checks: {found}."

    def __str__(self) -> str:
        lines = [
            f"{row['feed']}: {row['records']:,} records, {row['people']:,} people"
            + (f", {row['rejected']:,} rows rejected" if row["rejected"] else "")
            for row in self.feeds.to_pylist()
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings), self.verdict])

    def as_dict(self) -> dict[str, Any]:
        """The check for ``--json``: verdict, feeds, findings."""
        return {
            "verdict": self.verdict,
            "feeds": self.feeds.to_pylist(),
            "findings": [vars(finding) for finding in self.findings],
        }


@cache
def questions() -> tuple[Question, ...]:
    """Every finding that is looked for, the worst first."""
    folder = files("wholeflow.journeys").joinpath("findings")
    found = [
        Question(entry.name.removesuffix(".toml"), **tomllib.loads(entry.read_text("utf-8")))
        for entry in folder.iterdir()
    ]
    return tuple(sorted(found, key=lambda q: (SEVERITIES.index(q.severity), q.name)))


def check(journeys: Journeys) -> Check:
    """Look for every finding in a view of journeys."""
    findings = [finding for question in questions() if (finding := _ask(journeys, question))]
    return Check(_feeds(journeys), tuple(findings), len(questions()))


def _ask(journeys: Journeys, question: Question) -> Finding | None:
    rows = journeys.query(question.sql).to_pylist()
    rows = sorted(rows, key=lambda row: (-row["n"], row["place_or_feed"]))
    if not rows:
        return None
    where = ", ".join(f"{row['place_or_feed']} ({row['n']:,})" for row in rows[:SHOWN])
    if len(rows) > SHOWN:
        where += f" and {len(rows) - SHOWN} more"
    return Finding(
        question.name,
        question.title,
        question.severity,
        question.rule,
        sum(row["n"] for row in rows),
        question.meaning,
        question.repair,
        where,
    )


def _feeds(journeys: Journeys) -> pa.Table:
    return journeys.query(
        """
        WITH told AS (
            SELECT e.source, count(DISTINCT e.person) AS people
            FROM present_events AS e GROUP BY e.source
        ),
        kept AS (
            SELECT r.source, count(*) AS records
            FROM records AS r WHERE r.line > 0 GROUP BY r.source
        ),
        refused AS (
            SELECT r.source, count(DISTINCT (r.file, r.line)) AS rejected
            FROM rejects AS r GROUP BY r.source
        )
        SELECT d.name AS feed, coalesce(k.records, 0) AS records, coalesce(t.people, 0) AS people,
               coalesce(f.rejected, 0) AS rejected, s.clock, s.title, s.licence
        FROM kept AS k
        FULL JOIN refused AS f ON f.source = k.source
        JOIN dictionary AS d ON d.code = coalesce(k.source, f.source)
        LEFT JOIN sources AS s ON s.source = k.source
        LEFT JOIN told AS t ON t.source = k.source
        ORDER BY d.name
        """
    )
