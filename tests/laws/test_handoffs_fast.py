# ruff: noqa: E501, S311 (SQL as wide as in the operators; made-up histories need no secret dice)
"""Handoffs and steps take time that grows with the stays of a person, and not with their square.

What must come out is said here as the rules read: each stay is compared with every other of its person.
"""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wholeflow.core.sql import filled, text_of
from wholeflow.core.time import DAY, HOUR, MINUTE
from wholeflow.events import EventLog
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, journeys
from wholeflow.journeys.operators import OPERATORS
from wholeflow.store import Chunk, FileFacts, load, open_store

KEY = Key(b"k" * 32)
BEGIN = 1_719_820_800_000_000  # 1 July 2024, 09:00
BODIES, LISTS, SPELL = ("ED", "Ward", "Rehab"), ("Social work", "Home care"), "Spell"
KINDS = ["arrived"] * 5 + ["left"] * 4 + ["started", "ready", "contact", "referred", "accepted"]
KINDS += ["waits_for", "reneged", "died", "declined", "declined"]

Row = dict[str, Any]

AS_IT_READS = {
    "handoffs": (
        "marks AS (",
        "timed AS (",
        """
before AS (
    SELECT t.stay, f.stay AS from_stay, t.need IS NOT NULL OR t.begin_at <= f.seen_to + $gap AS counts, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.begin_at DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey
       AND f.place = t.from_place AND f.stay <> t.stay AND NOT f.frames AND f.begin_at <= t.begin_at
),
after AS (
    SELECT t.stay, min(f.stay) AS from_stay
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey
       AND f.place = t.from_place AND f.stay <> t.stay AND NOT f.frames
       AND (f.begin_at <= coalesce(t.arrived_at, t.started_at, t.seen_to)
            OR f.begin_at < t.seen_to AND f.seen_to <= t.seen_to)
       AND coalesce(f.from_place, -1) <> t.place
    WHERE t.stay NOT IN (SELECT b.stay FROM before AS b)
    GROUP BY t.stay
),
named AS (
    SELECT b.stay, b.from_stay FROM before AS b WHERE b.choice = 1 AND b.counts
    UNION ALL
    SELECT a.stay, a.from_stay FROM after AS a
),
sent AS (
    SELECT t.stay, f.stay AS from_stay,
           t.begin_at <= f.end_at + $direct + greatest(t.slack, f.slack) AS counts, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.begin_at DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey
       AND f.to_place = t.place AND f.stay <> t.stay AND NOT f.frames
       AND NOT t.frames AND f.begin_at <= t.begin_at
),
bodies AS (
    SELECT t.stay, f.stay AS from_stay, row_number() OVER (
               PARTITION BY t.stay ORDER BY coalesce(f.end_at, f.seen_to) DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.holds = 'body'
       AND f.stay < t.stay AND f.end_kind NOT IN ('lost', 'died')
       AND t.begin_at <= coalesce(f.end_at, f.seen_to) + $direct
    WHERE t.holds = 'body'
),
hosts AS (
    SELECT t.stay, f.stay AS from_stay, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.present_from DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.holds = 'body'
       AND f.present_from <= t.begin_at AND coalesce(f.present_to, f.seen_to) >= t.begin_at
    WHERE t.holds = 'caseload' AND NOT t.frames
),
lists AS (
    SELECT t.stay, f.stay AS from_stay,
           t.begin_at <= f.end_at + $direct + greatest(t.slack, f.slack) AS counts, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.end_at DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.holds = 'caseload'
       AND f.end_at <= t.begin_at AND f.stay <> t.stay AND NOT f.frames
    WHERE t.holds = 'caseload' AND NOT t.frames
),
pairs AS (
    SELECT t.*, coalesce(n.from_stay, s.from_stay) IS NOT NULL OR t.holds = 'body' AS moves_over,
           coalesce(n.from_stay, s.from_stay, b.from_stay, h.from_stay, l.from_stay) AS from_stay
    FROM begun AS t
    LEFT JOIN named AS n ON n.stay = t.stay
    LEFT JOIN sent AS s ON s.stay = t.stay AND s.choice = 1 AND s.counts
    LEFT JOIN bodies AS b ON b.stay = t.stay AND b.choice = 1
    LEFT JOIN hosts AS h ON h.stay = t.stay AND h.choice = 1
    LEFT JOIN lists AS l ON l.stay = t.stay AND l.choice = 1 AND l.counts
),
        """,
    ),
    "steps": (
        "placed AS (",
        None,
        """
loose AS (
    SELECT v.run, v.person, v.rank,
           coalesce(max(CASE WHEN p.need IS NOT NULL THEN p.journey END), max(p.journey)) AS journey
    FROM placed_events AS v
    JOIN spans AS p ON p.run = v.run AND p.person = v.person AND v.at BETWEEN p.from_at AND p.to_at
    WHERE v.need IS NULL
    GROUP BY v.run, v.person, v.rank
)
SELECT v.run, v.person, coalesce(s.journey, n.journey, l.journey) AS journey, s.stay, v.rank, v.at,
       v.kind, v.activity, v.place, v.team, v.source
FROM placed_events AS v
LEFT JOIN stays AS s
    ON s.run = v.run AND s.person = v.person AND s.visit_end = v.visit_end
   AND s.visit_arrival = v.visit_arrival
   AND coalesce(s.visit_ref, -1) = coalesce(v.visit_ref, -1)
   AND coalesce(s.place, -1) = coalesce(v.place, -1)
LEFT JOIN needs AS n ON n.run = v.run AND n.person = v.person AND n.need = v.need
LEFT JOIN loose AS l ON l.run = v.run AND l.person = v.person AND l.rank = v.rank
        """,
    ),
}
"""Where the quick part of an operator begins and ends, and what stands for it here."""


def as_it_reads(view: Journeys, name: str) -> list[Row]:
    """An operator's rows, everything compared with everything."""
    first, last, slow = AS_IT_READS[name]
    text = text_of("wholeflow.journeys", f"sql/{name}.sql")
    begin, end = text.index(first), text.index(last) if last else len(text)
    assert slow.strip() not in text
    sql = filled(text[:begin] + slow.strip() + "\n" + text[end:], view._settings())
    return rows_of(view, f"({sql})")


def rows_of(view: Journeys, rows: str) -> list[Row]:
    return list(view.query(f"SELECT * FROM {rows} AS t ORDER BY ALL").to_pylist())


def views_of(rows: list[Row]) -> list[Journeys]:
    """Views in which nothing known for thirty days, or for no time at all, ends a journey."""
    places = [{"place": place, "holds": "body", "organisation": "Trust"} for place in BODIES]
    places += [{"place": place, "holds": "caseload", "organisation": place} for place in LISTS]
    places += [
        {"place": SPELL, "holds": "caseload", "setting": "hospital", "organisation": "Trust"}
    ]
    for number, row in enumerate([*places, *rows]):
        row["id"] = str(number)
        for name in ("ref", "need"):
            if row.get(name):
                row[name] = f"{row['person']} {row[name]}"
    log = EventLog.from_rows("feed", events=rows, places=places)
    store = open_store()
    load(store, [Chunk(log, FileFacts("rows.csv", "h"), len(rows) + len(places))], key=KEY)
    return [journeys(store), journeys(store, gap_days=0)]


def recorded(dice: random.Random, person: str, days: int) -> Row:
    """An event of somebody: ties, gaps, overlaps and impossible orders come often."""
    return {
        "person": person,
        "at": BEGIN + dice.randint(0, days * 24) * HOUR + dice.choice([0, 0, 0, 1, 7 * MINUTE]),
        "kind": dice.choice(KINDS),
        "place": dice.choice([*BODIES, *BODIES, *LISTS, *LISTS, SPELL, None]),
        "ref": dice.choice([None, None, None, "r1", "r2", str(dice.random())]),
        "need": dice.choice([None, None, None, "hip", "knee", "eye"]),
        "from_place": dice.choice([None, None, "ED", "Ward", "Rehab", *LISTS]),
        "to_place": dice.choice([None, None, None, "ED", "Ward", *LISTS]),
        "precision": dice.choice(["instant"] * 9 + ["day"]),
        "activity": "x",
    }


@pytest.mark.parametrize(("people", "least", "most"), [(2000, 2, 9), (600, 8, 24), (60, 40, 120)])
def test_thousands_of_histories_come_out_as_the_rules_read(people, least, most):
    dice = random.Random(people)
    rows = []
    for number in range(people):
        days = dice.choice([1, 8, 120])
        rows += [recorded(dice, f"p{number}", days) for _ in range(dice.randint(least, most))]
    for view in views_of(rows):
        for name in AS_IT_READS:
            assert rows_of(view, name) == as_it_reads(view, name), name
        assert len(rows_of(view, "handoffs")) > people / 8


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """What may be recorded of a few people, small enough to read when it fails."""
    places, needs = [*BODIES[:2], *LISTS, SPELL], [None, None, "hip", "knee"]
    return [
        {
            "person": draw(st.sampled_from(["Ann", "Ben", "Cat"])),
            "at": BEGIN + draw(st.sampled_from([*range(6), 30, 31, 800, 801, 900])) * HOUR,
            "kind": draw(
                st.sampled_from(["arrived", "left", "referred", "started", "contact", "declined"])
            ),
            "to_place": draw(st.sampled_from([None, None, *places])),
            "place": draw(st.sampled_from([*places, None])),
            "ref": draw(st.sampled_from([None, "r1", "r2", "r3", "r4"])),
            "need": draw(st.sampled_from(needs)),
            "from_place": draw(st.sampled_from([None, *places])),
            "activity": "x",
        }
        for _ in range(draw(st.integers(2, 40)))
    ]


@pytest.mark.slow
@settings(max_examples=10)
@given(rows=histories())
def test_any_history_comes_out_as_the_rules_read(rows):
    for view in views_of(rows):
        for name in AS_IT_READS:
            assert rows_of(view, name) == as_it_reads(view, name), name


def test_a_stay_follows_the_first_that_lies_within_it_though_a_longer_one_began_before():
    times = {("ED", "e"): (9, 20), ("Ward", "long"): (10, 22), ("Ward", "short"): (11, 12)}
    rows: list[Row] = [
        {"person": "Ann", "place": place, "ref": ref, "at": BEGIN + hour * HOUR, "kind": kind}
        for (place, ref), hours in times.items()
        for kind, hour in zip(("arrived", "left"), hours, strict=True)
    ]
    rows[0]["from_place"] = "Ward"
    view = views_of(rows)[0]
    assert rows_of(view, "handoffs") == as_it_reads(view, "handoffs")
    asked = "(SELECT h.to_stay, h.from_stay FROM handoffs AS h WHERE h.to_stay = 1)"
    assert rows_of(view, asked) == [{"to_stay": 1, "from_stay": 3}]


@pytest.mark.slow
@pytest.mark.parametrize("places", [("ED", "Ward"), LISTS])
@pytest.mark.parametrize("says_from", [False, True])
def test_one_number_with_twenty_thousand_stays_is_no_burden(places, says_from):
    """No step of the plan makes many more rows than there are stays: compared with each other they
    are 200 million pairs."""
    rows = []
    for number in range(20_000):
        here = {
            "person": "unknown",
            "place": places[number % 2],
            "ref": str(number),
            "from_place": places[1 - number % 2] if says_from else None,
        }
        at = BEGIN + number * DAY // 8
        rows += [{**here, "at": at, "kind": "arrived"}, {**here, "at": at + HOUR, "kind": "left"}]
    view = views_of(rows)[0]
    for name in OPERATORS["handoffs"]:
        view.query(f"SELECT 1 FROM {name} LIMIT 1")
    plan = view.engine.query(f"EXPLAIN (ANALYZE, FORMAT JSON) {view.body('handoffs')}")
    made = [int(n) for n in re.findall(r'"intermediate_rows": (\d+)', plan[1][0].as_py())]
    assert len(made) > 20 and max(made) < 10 * 20_000
    assert view.query("SELECT count(*) AS n FROM handoffs")["n"][0].as_py() == 19_999
