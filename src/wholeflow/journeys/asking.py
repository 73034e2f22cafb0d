"""Asking the records: the questions behind findings, and the rows of files behind their answers.

Each question is one file in ``findings/``. Its SQL has one row for each faulty thing
and may say what is concerned in one of four ways: a ``stay``; a record (``source``,
``id``, ``run``); a row of a file (``source``, ``file``, ``line``); or a ``source`` alone.
``about`` is the place, period or reason; ``of``, where it is there, how many such things
the feed has. A question that asks for one kind of noted doubt (rule §27) names it as
``doubt`` in place of SQL.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pyarrow as pa

from wholeflow.core import time
from wholeflow.core.errors import unknown
from wholeflow.core.sql import quoted
from wholeflow.core.time import ALWAYS, FOR_EVER
from wholeflow.events import choices
from wholeflow.journeys.view import Journeys

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Question:
    """What a finding asks of the records.

    ``one`` and ``many`` finish a sentence that begins with a number; ``counts`` names
    the things counted; ``needs`` is ``shared clock`` where people's times are compared.
    """

    name: str
    title: str
    severity: str
    rule: str
    one: str
    many: str
    counts: str
    meaning: str
    repair: str
    sql: str
    needs: str = ""


@cache
def questions() -> tuple[Question, ...]:
    """Every finding that is looked for, the worst first."""
    folder = files("wholeflow.journeys").joinpath("findings")
    found = [
        _question(entry.name.removesuffix(".toml"), tomllib.loads(entry.read_text("utf-8")))
        for entry in folder.iterdir()
    ]
    return tuple(sorted(found, key=lambda q: (SEVERITIES.index(q.severity), q.name)))


def _question(name: str, told: dict[str, Any]) -> Question:
    """What a file in ``findings/`` asks: by its ``sql``, or for the rows with its ``doubt``."""
    if "doubt" in told:
        doubt = told.pop("doubt")
        if doubt not in choices("doubts"):
            raise unknown("doubt", doubt, list(choices("doubts")))
        told["sql"] = _DOUBTED.format(doubt=quoted(doubt))
    return Question(name, **told)


_DOUBTED = """
    SELECT u.source, u.file, u.line, min(u.field) AS about
    FROM current_doubts AS u
    WHERE u.doubt = {doubt}
    GROUP BY u.source, u.file, u.line
"""
"""The rows of which one thing is doubted, and the first field concerned."""


def ask(journeys: Journeys, question: Question) -> None:
    """Put one row for each faulty thing into a temporary table of the view.

    The table is called as :func:`answers` says: ``source`` (absent where no feed is to
    blame), ``about``, ``base`` (the ``of`` of the SQL), and the record (``id``, ``run``) or
    row (``file``, ``line``) concerned.
    """
    journeys.engine.register("local_clock", _local_clock(journeys.zone))
    told = journeys.query(f"SELECT * FROM ({question.sql}) AS t LIMIT 0").column_names
    base = 't."of"' if "of" in told else "NULL"
    if "stay" in told:
        body = _STAYS.format(sql=question.sql, base=base)
        journeys.query(f"SELECT 1 FROM ({body}) AS t LIMIT 0")  # makes the tables that it reads
    else:
        record = "t.id, t.run" if "id" in told else "NULL, NULL"
        row = "t.file, t.line" if "line" in told else "NULL, NULL"
        body = f"SELECT t.source, t.about, {base}, {record}, {row} FROM ({question.sql}) AS t"
    journeys.engine.execute(f"CREATE OR REPLACE TEMP TABLE {answers(question.name)} ({_COLUMNS})")
    journeys.engine.execute(f"INSERT INTO {answers(question.name)} {body}")


_COLUMNS = (
    "source INTEGER, about VARCHAR, base BIGINT, id BIGINT, run BIGINT, file INTEGER, line BIGINT"
)

_STAYS = """
    SELECT b.source, b.about, b.base, b.id, b.run, NULL, NULL
    FROM (
        SELECT s.stay, s.source, s.run, t.about, {base} AS base, v.id,
               row_number() OVER (PARTITION BY s.stay ORDER BY v.rank) AS choice
        FROM ({sql}) AS t
        JOIN stays AS s ON s.stay = t.stay
        JOIN placed_events AS v
            ON v.run = s.run AND v.person = s.person AND v.visit_end = s.visit_end
           AND v.visit_arrival = s.visit_arrival
           AND coalesce(v.visit_ref, -1) = coalesce(s.visit_ref, -1)
           AND coalesce(v.place, -1) = coalesce(s.place, -1)
        WHERE v.stage IS NOT NULL AND v.source = s.source
    ) AS b
    WHERE b.choice = 1
"""
"""Of each stay at fault the record that told of its beginning."""


def answers(name: str) -> str:
    """The temporary table of the things at fault that a question found.

    >>> answers("clock-order")
    'answers_clock_order'
    """
    return "answers_" + name.replace("-", "_")


def located_rows(journeys: Journeys, name: str) -> str:
    """SQL for the faulty things with the file and line that told of each."""
    as_of = FOR_EVER if journeys.as_of is None else journeys.as_of
    return f"""
        SELECT f.source, g.name AS file_name, coalesce(f.line, r.line) AS line,
               coalesce(f.about, '') AS about
        FROM {answers(name)} AS f
        LEFT JOIN (
            SELECT k.source, k.id, k.run, k.file, k.line, row_number() OVER (
                       PARTITION BY k.source, k.id, k.run
                       ORDER BY coalesce(k.recorded_at, {ALWAYS}) DESC
                   ) AS choice
            FROM records AS k
            WHERE coalesce(k.recorded_at, {ALWAYS}) <= {as_of}
              AND k.id IN (SELECT o.id FROM {answers(name)} AS o)
        ) AS r ON r.source = f.source AND r.id = f.id AND r.run = f.run AND r.choice = 1
        JOIN files AS g ON g.file = coalesce(f.file, r.file)
        WHERE coalesce(f.line, r.line) > 0
    """


@cache
def _local_clock(zone: str) -> pa.Table:
    """How far local time is ahead of UTC, and between which instants."""
    changes = [*time.clock_changes(zone), (FOR_EVER, 0)]
    return pa.table(
        {
            "from_at": [at for at, _ in changes[:-1]],
            "to_at": [after for _, (after, _) in pairwise(changes)],
            "ahead": [ahead for _, ahead in changes[:-1]],
        }
    )
