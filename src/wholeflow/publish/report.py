"""The report: one page that needs no network and no script, for screen, phone and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa

from wholeflow.core.time import show_instant
from wholeflow.core.whole_file import whole_file
from wholeflow.governance.disclosure import Policy
from wholeflow.journeys import Finding, Journeys
from wholeflow.publish.disclosed import DisclosedFacts
from wholeflow.publish.facts import Facts
from wholeflow.publish.sections import (
    INSIDE,
    Section,
    definitions_section,
    hours_section,
    map_section,
    measures_section,
    quality_section,
    story_section,
    waits_section,
    ways_section,
)
from wholeflow.publish.sentences import covered, five_sentences
from wholeflow.publish.trends import trends_section
from wholeflow.publish.week import week_section
from wholeflow.publish.words import Said

STAMP = "Internal: not for publication"
PUBLISHABLE = "For publication, by the policy"

TIDY = pa.schema(
    [
        ("section", pa.string()),
        ("table", pa.string()),
        ("row", pa.string()),
        ("column", pa.string()),
        ("value", pa.float64()),
        ("shown", pa.string()),
    ]
)


@dataclass(frozen=True)
class Report:
    """All that a page says, before it is drawn: sentences, and sections with figures and tables.

    ``period`` and ``made_at`` are in words; ``policy`` is empty where it is for use inside.
    """

    title: str
    policy: str
    stamp: str
    period: str
    made_at: str
    version: str
    sentences: tuple[str, ...]
    sections: tuple[Section, ...]

    def html(self) -> str:
        """The report as one self-contained HTML page."""
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(_text("report.html.j2"))
        return template.render(
            **vars(self),
            style=Markup(_text("report.css")),  # noqa: S704 - our own file
            drawn=Markup,  # svg is escaped where it is drawn
        )

    def as_dict(self) -> dict[str, Any]:
        """The same facts for ``--json``: of each cell its value, or its words where it has none."""
        told = {name: value for name, value in vars(self).items() if name != "sections"}
        return {**told, "sections": [section.as_dict() for section in self.sections]}

    def tidy(self) -> pa.Table:
        """The same facts for ``--csv``: a row for each cell of each table of the page.

        Columns: ``section``, ``table``, ``row`` (what its first cell says), ``column``, ``value``
        (absent where there is none, or it is not known) and ``shown``, its words on the page.
        """
        found = [
            {
                "section": section.id,
                "table": name,
                "row": str(cells[0]),
                "column": heading,
                "value": cell.value if isinstance(cell, Said) else None,
                "shown": str(cell),
            }
            for section in self.sections
            for name, table in section.named_tables()
            for cells in table.cells
            for heading, cell in zip(table.headings[1:], cells[1:], strict=True)
        ]
        return pa.Table.from_pylist(found, schema=TIDY)


def reported(
    journeys: Journeys,
    *,
    title: str,
    findings: Sequence[Finding],
    verdicts: Sequence[tuple[str, str]] = (),
    made_at: int,
    policy: Policy | None = None,
) -> Report:
    """The report on a view of journeys: for use inside, or by a policy for people outside.

    ``findings`` and ``verdicts`` are those of ``check``; ``made_at`` is the instant shown as when
    it was made.
    """
    facts = facts_for(journeys, policy)
    return Report(
        title,
        policy.name if policy else "",
        stamp(policy),
        covered(facts),
        show_instant(made_at, journeys.zone),
        _version(),
        tuple(five_sentences(facts)),
        tuple(sections(facts, findings, verdicts, INSIDE if policy is None else policy.meaning)),
    )


def facts_for(journeys: Journeys, policy: Policy | None) -> Facts:
    """The one gate: all facts for use inside, or those that a policy lets people outside see."""
    return Facts(journeys) if policy is None else DisclosedFacts(journeys, policy)


def stamp(policy: Policy | None) -> str:
    """What stands on each page about who may see it."""
    return STAMP if policy is None else f"{PUBLISHABLE} {policy.name}"


def sections(
    facts: Facts,
    findings: Sequence[Finding],
    verdicts: Sequence[tuple[str, str]],
    about_numbers: str,
) -> list[Section]:
    """Everything below the five sentences, in order."""
    return [
        map_section(facts),
        hours_section(facts),
        waits_section(facts),
        trends_section(facts),
        week_section(facts),
        measures_section(facts),
        ways_section(facts),
        story_section(facts),
        quality_section(facts, findings, verdicts),
        definitions_section(about_numbers),
    ]


def write(page_text: str, path: str | Path) -> Path:
    """Write a page whole or not at all; what was there before stays until it is complete."""
    target = Path(path)
    with whole_file(target) as made:
        made.write_text(page_text, encoding="utf-8")
    return target


def _text(name: str) -> str:
    return files("wholeflow.publish").joinpath("templates", name).read_text(encoding="utf-8")


def _version() -> str:
    try:
        return version("wholeflow")
    except PackageNotFoundError:
        return "not installed"
