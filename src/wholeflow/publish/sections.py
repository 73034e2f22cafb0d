"""The sections below the five sentences: each has content, or one sentence saying why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import show_hours
from wholeflow.journeys.checking import Finding
from wholeflow.journeys.one_journey import PARTS
from wholeflow.measures import Definition, Result, definitions
from wholeflow.publish import flow_choice
from wholeflow.publish.bars import Wait, hours_figure, waits_figure
from wholeflow.publish.facts import ASKED_FOR, FEW, Facts
from wholeflow.publish.figure import Figure, Rows, rows
from wholeflow.publish.flow_map import TITLE as FLOW_TITLE
from wholeflow.publish.flow_map import describe, flow_map
from wholeflow.publish.story import TITLE as STORY_TITLE
from wholeflow.publish.story import stories
from wholeflow.publish.words import (
    counted,
    hours,
    how_many,
    left_out,
    listed,
    number,
    sentence,
    share,
)

TOP_PLACES = 12
MOST_ROWS = 15
MOST_MOVES = 400
NO_EVENTS = "This store holds no person’s events, and counts alone can’t tell this."
LEFT_OUT = (
    "Measures and places of too few people are left out, and some others, so that nobody can work "
    "those out."
)
TOO_FEW = "So few people that nothing of this may be published."
ENDS = {
    "between": "moved",
    "entered": "came in from outside",
    "left": "left",
    "died": "died",
    "open": "still there",
    "lost": "end not known",
}


@dataclass(frozen=True)
class TableBlock:
    """A table with its caption."""

    caption: str
    rows: Rows


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it, in this order; ``id`` names its place in the page."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[TableBlock, ...] = ()
    items: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def named_tables(self) -> Iterator[tuple[str, Rows]]:
        """Every table with its name, those that say what a figure shows first."""
        yield from ((figure.title, figure.table) for figure in self.figures)
        yield from ((block.caption, block.rows) for block in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """The section for ``--json``; a figure is told by its sentence and its table."""
        return {
            "id": self.id,
            "title": self.title,
            "paragraphs": list(self.paragraphs),
            "sentences": {figure.title: figure.sentence for figure in self.figures},
            "tables": {name: table.as_dicts() for name, table in self.named_tables()},
            "notes": list(self.notes),
            "items": list(self.items),
            "definitions": {one.name: one.meaning for one in self.definitions},
        }


def map_section(facts: Facts) -> Section:
    """The flow map and its table."""
    if not facts.has_events:
        return Section("flow", FLOW_TITLE, (NO_EVENTS,))
    if not (facts.is_internal or facts.transitions.num_rows):
        return Section("flow", FLOW_TITLE, (TOO_FEW,))
    choice = flow_choice.choose(facts.transitions, facts.places)
    drawing = flow_map(facts.transitions, facts.places)
    words = (
        "Boxes are places, from the first contact at the left to care at home at the right; "
        "lines are moves of people between them."
    )
    figure = Figure(FLOW_TITLE, describe(choice), drawing, _moves(facts))
    return Section("flow", FLOW_TITLE, (words,), (figure,))


def _moves(facts: Facts) -> Rows:
    moves = [row for row in facts.transitions.to_pylist() if row["run"] == 0]
    moves.sort(key=lambda row: (-row["moves"], row["from_place"] or "", row["to_place"] or ""))
    cells: list[tuple[str, ...]] = [
        (
            row["from_place"] or "not recorded",
            (row["to_place"] or "–") if row["end"] == "between" else _way(row),
            number(row["moves"]),
            hours(row["wait_p50_hours"]),
            number(row["people"]),
        )
        for row in moves[:MOST_MOVES]
    ]
    if rest := moves[MOST_MOVES:]:
        kinds = counted(len(rest), "smaller kind of move", "smaller kinds of move")
        cells.append((kinds, "–", number(sum(row["moves"] for row in rest)), "–", "–"))
    headings = ("From", "To", "Moves", "Median known wait", "People")
    return _without_last(rows(headings, cells, numeric_from=2), not facts.is_internal)


def _without_last(table: Rows, is_left_out: bool) -> Rows:
    """The table without its last column, which people outside don't see."""
    if not is_left_out:
        return table
    last = len(table.headings) - 1
    cells = tuple(row[:last] for row in table.cells)
    return Rows(table.headings[:last], cells, table.numeric - {last})


def _way(row: dict[str, Any]) -> str:
    """Where an entry or an ending leads to."""
    if row["end"] == "entered":
        return f"{row['to_place'] or 'not recorded'} ({ENDS['entered']})"
    where = f", to {row['to_place']}" if row["to_place"] else ""
    return f"{ENDS[row['end']]}{where}"


# Where the hours go


def hours_section(facts: Facts) -> Section:
    """Hours by part of the stay for the places with most of them."""
    title = "Where the hours go"
    if not facts.has_events:
        return Section("hours", title, (NO_EVENTS,))
    figures = []
    for holds, name, what in (
        ("body", "Hours in places", "in places"),
        ("caseload", "Hours on lists", "on lists"),
    ):
        groups = facts.hours_by_place(holds)
        if groups:
            figures.append(hours_figure(name, groups[:TOP_PLACES], what))
    few = "" if facts.is_internal else ", with those of few people"
    words: tuple[str, ...] = (
        "Waiting is from the beginning of a stay to the start of care, care from there to ready, "
        "delay from ready to the end (§13). Where start or ready is not recorded, the hours are "
        f"shown as not split{few}. People may be in a place and on a list at the same time, so the "
        "two are never added up.",
    )
    if not figures:
        words = ("No stay has a known length." if facts.is_internal else TOO_FEW,)
    said, tables = _whole_journeys(facts)
    words += said
    return Section("hours", title, words, tuple(figures), tables, notes=_more(facts))


def _whole_journeys(facts: Facts) -> tuple[tuple[str, ...], tuple[TableBlock, ...]]:
    """What the hours of whole journeys were, each counted once, and the value-adding share."""
    if not facts.is_internal:
        return (), ()
    row: dict[str, Any] = next(iter(facts.measured("hours").rows.to_pylist()), {})
    whole = row.get("total_hours")
    if not whole:
        return (), ()
    table = TableBlock("Hours of whole journeys, each counted once", _journey_rows(row, whole))
    if not row["care_hours"]:
        said = f"What of {show_hours(whole)} of whole journeys was care is not recorded."
        return (said,), (table,)
    low, high = row["care_share_low"], row["care_share_high"]
    chance = "" if low is None else f" (95% range {low:.1%} to {high:.1%})"
    said = (
        f"Of {show_hours(whole)} of whole journeys, first begin to last end, at least "
        f"{share(row['care_share'], 1)}{chance} was care, the share that adds value for the "
        f"person; at most {share(row['care_share_most'], 1)}, if all that is not split or not "
        "known was care too (§36, §38)."
    )
    return (said,), (table,)


def _journey_rows(row: dict[str, Any], whole: float) -> Rows:
    found = {part: row[f"{part}_hours"] for part in PARTS if row[f"{part}_hours"]}
    cells = [
        (PARTS[part].capitalize(), number(spent), share(spent / whole, 1))
        for part, spent in found.items()
    ]
    return rows(("Hours of whole journeys", "Hours", "Share"), cells)


def _more(facts: Facts) -> tuple[str, ...]:
    left = sum(max(0, len(facts.hours_by_place(h)) - TOP_PLACES) for h in ("body", "caseload"))
    if not left:
        return ()
    return (f"{counted(left, 'place')} with fewer hours {'is' if left == 1 else 'are'} not shown.",)


# Waits at handoffs


def waits_section(facts: Facts) -> Section:
    """Waits between places: how many are known, median, 90th percentile, how many unknown."""
    title = "Waits at handoffs"
    if not facts.has_events:
        return Section("waits", title, (NO_EVENTS,))
    known = [row for row in facts.handoffs if row["wait_p50_hours"] is not None]
    if not (known or facts.is_internal):
        return Section("waits", title, ("No wait is known of enough people to publish it.",))
    if not known:
        return Section("waits", title, (_no_wait(facts.sizes["handoffs"]),))
    many = [row for row in known if row["waits"] >= FEW] or known
    busiest = sorted(many, key=lambda row: -row["waits"])[:TOP_PLACES]
    shown = sorted(busiest, key=lambda row: -row["wait_p50_hours"])
    words = _waits_words(facts, len(shown), len(known))
    figure = waits_figure("Known waits by handoff", [_wait(row) for row in shown])
    figure = replace(figure, table=_without_last(figure.table, not facts.is_internal))
    return Section("waits", title, (words,), (figure,))


def _no_wait(handoffs: int | None) -> str:
    if handoffs == 0:
        return "Nobody was handed over from one place to another."
    return (
        f"No wait is known at any of {counted(handoffs, 'handoff')}: "
        "nobody recorded when the next place was asked."
    )


def _wait(row: dict[str, Any]) -> Wait:
    unknown = row["moves"] - row["waits"]
    return Wait(_pair(row), row["waits"], row["wait_p50_hours"], row["wait_p90_hours"], unknown)


def _waits_words(facts: Facts, shown: int, known: int) -> str:
    words = [
        "A wait runs from when the next place was first asked until it had the person (§15). "
        f"Asking is recorded at {how_many(facts.sizes['asked'])} of "
        f"{counted(facts.sizes['handoffs'], 'handoff')}."
    ]
    if facts.sizes["waiting"]:
        words.append(
            f"{counted(facts.sizes['waiting'], 'wait')} had not ended when the records end: each "
            "counts as at least so long (§9)."
        )
    if known > shown:
        words.append(f"Shown are the {shown} kinds of handoff with most waits, of {known}.")
    return " ".join(words)


def _pair(row: dict[str, Any]) -> str:
    return f"{row['from_place'] or 'not recorded'} → {row['to_place'] or 'not recorded'}"


# Measures


def measures_section(facts: Facts) -> Section:
    """Shares and durations, each with how many it rests on."""
    results, notes = _measured(facts)
    tables = []
    shares = [r for r in results if r.definition.unit == "share"]
    table = _share_rows(shares)
    if table.cells:
        tables.append(TableBlock("Shares, with their 95% ranges", table))
    for result in results:
        if result.definition.unit == "hours" and result.rows.num_rows:
            caption = f"{result.definition.title}, by {_by(result)}"
            table = _without_last(_duration_rows(result), not facts.is_internal)
            tables += [TableBlock(caption, table)] if table.cells else []
    words = () if tables else ("None of the measures can be worked out from these records.",)
    if not facts.is_internal:
        words = (LEFT_OUT if tables else TOO_FEW,)
    return Section("measures", "Measures", words, tables=tuple(tables), notes=tuple(notes))


def _by(result: Result) -> str:
    return " and ".join(name.replace("_", " ") for name in result.by) or "all"


def _measured(facts: Facts) -> tuple[list[Result], list[str]]:
    """The results, and one note on each measure that needs one."""
    results, notes = [], []
    for name, by in ASKED_FOR:
        title = definitions()[name].title
        try:
            result = facts.measured(name, by)
        except UnsupportedError as error:
            said = sentence(error.what)
            notes.append(said if said.startswith(title) else f"{title}: {said}")
            continue
        results.append(result)
        if besides := _said(result):
            notes.append(f"{title}: {' '.join(besides)}")
    return results, notes


def _said(result: Result) -> list[str]:
    """What a result does not say, what was left out of it, and what is not shown."""
    said = [sentence(limit) for limit in result.limits]
    said += left_out(result.left_out)
    smaller = result.rows.num_rows - MOST_ROWS
    if smaller > 0:
        said.append(f"{counted(smaller, 'smaller row is', 'smaller rows are')} not shown.")
    return said


def _share_rows(results: Sequence[Result]) -> Rows:
    cells = []
    for result in results:
        for row in result.rows.to_pylist():
            if row["n"] == 0:
                continue  # nobody of whom it could be told
            span = "–" if row["low"] is None else f"{row['low']:.1%} to {row['high']:.1%}"
            cells.append(
                (
                    result.definition.title,
                    share(row["share"], 1),
                    span,
                    how_many(row["met"]),
                    how_many(row["n"]),
                )
            )
    return rows(("Measure", "Share", "95% range", "Met", "Of"), cells)


def _duration_rows(result: Result) -> Rows:
    found = sorted(result.rows.to_pylist(), key=lambda row: (-row["n"], str(row[result.by[0]])))
    found = [row for row in found if row["p50_hours"] is not None or row["ended"]]
    cells = [
        (
            row[result.by[0]] or "not recorded",
            hours(row["p50_hours"]),
            _range(row),
            hours(row["p90_hours"]),
            number(row["n"]),
            number(row["open"]),
        )
        for row in found[:MOST_ROWS]
    ]
    figures = ("Median", "95% range", "90th percentile", "Number", "Still open")
    return rows((_by(result).capitalize(), *figures), cells)


def _range(row: dict[str, Any]) -> str:
    low, high = row["p50_low_hours"], row["p50_high_hours"]
    if low is None and high is None:
        return hours(None)
    return f"{show_hours(low)} to {'longer' if high is None else show_hours(high)}"


# One journey, data quality, definitions


def ways_section(facts: Facts) -> Section:
    """The most frequent ways over places, and how many of the journeys they cover."""
    title = "Ways that people went"
    if not facts.has_events:
        return Section("ways", title, (NO_EVENTS,))
    ways = facts.ways
    cells = [
        (
            row["variant"],
            number(row["journeys"]),
            share(row["share"], 1),
            share(row["coverage"], 1),
            hours(row["p50_hours"]),
            number(row["people"]),
        )
        for row in ways.rows.to_pylist()
    ]
    says = ways.says if facts.is_internal else "The ways that many people went, of all journeys."
    if not cells:
        return Section("ways", title, (ways.says if facts.is_internal else TOO_FEW,))
    headings = ("Way", "Journeys", "Share", "Share so far", "Half took at most", "People")
    shown = _without_last(rows(headings, cells), not facts.is_internal)
    table = TableBlock("The most frequent ways over places", shown)
    notes = [sentence(limit) for limit in ways.limits]
    notes += left_out(ways.left_out)
    return Section("ways", title, (says,), tables=(table,), notes=tuple(notes))


def story_section(facts: Facts) -> Section:
    """A typical journey and the longest one."""
    if not facts.has_events:
        return Section("journey", STORY_TITLE, (NO_EVENTS,))
    if not facts.is_internal:
        return Section("journey", STORY_TITLE, ("One person’s journey is not for publication.",))
    told = stories(facts.journeys)
    if not told:
        return Section("journey", STORY_TITLE, ("No journey holds a stay that takes time.",))
    figures = tuple(Figure(one.title, one.summary, one.svg, one.rows) for one in told)
    return Section("journey", STORY_TITLE, (), figures)


def quality_section(
    facts: Facts, findings: Sequence[Finding], verdicts: Sequence[tuple[str, str]]
) -> Section:
    """How far each feed can be used, and what was found; to people outside without counts."""
    title = "Data quality"
    feeds = TableBlock("How far each feed can be used", Rows(("Feed", "Verdict"), tuple(verdicts)))
    told = (feeds,) if verdicts else ()
    if not findings:
        words = "The checks found nothing wrong in these records."
        return Section("quality", title, (words,), tables=told)
    cells = [(f.title, f.severity, number(f.count), f.where, f.meaning, f.repair) for f in findings]
    headings = ("Finding", "Severity", "Count", "Where", "What it means", "What to do")
    table = Rows(headings, tuple(cells), frozenset({2}))
    if not facts.is_internal:
        plain = tuple((f.title, f.severity, f.meaning) for f in findings)
        table = Rows(("Finding", "Severity", "What it means"), plain)
    kinds = [
        counted(n, word)
        for word in ("error", "warning", "note")
        if (n := sum(f.severity == word for f in findings))
    ]
    words = f"The checks found {listed(kinds)}."
    return Section("quality", title, (words,), tables=(*told, TableBlock("Findings", table)))


INSIDE = (
    "Small numbers are shown as they are, so this page is for use inside the organisations only."
)

LIMITS = (
    "A description of what was recorded, not of what should have been done: it makes no forecast "
    "and shows no cause.",
    "What nobody recorded is unknown here, never zero.",
    "Chance alone moves every figure: read ranges and limits before differences.",
)


TOLD_OF = frozenset(name for name, _ in ASKED_FOR) | {"arrivals", "handoff_wait", "hours"}
"""The measures that a page tells of."""


def definitions_section(about_numbers: str) -> Section:
    """What each measure means, what numbers are shown, and what the page can't be used for."""
    known = tuple(one for one in definitions().values() if one.name in TOLD_OF)
    words = ("§ numbers are those of the rules of wholeflow (docs/rules.md).",)
    title = "Definitions and limits"
    return Section("definitions", title, words, items=(about_numbers, *LIMITS), definitions=known)
