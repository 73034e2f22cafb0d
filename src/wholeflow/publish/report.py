"""The report: one page that needs no network and no script, for screen, phone and paper."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from wholeflow.core.time import show_instant
from wholeflow.core.whole_file import whole_file
from wholeflow.journeys import Finding, Journeys
from wholeflow.publish.facts import Facts
from wholeflow.publish.sections import (
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

STAMP = "Internal: not for publication"


def page(journeys: Journeys, *, title: str, findings: Sequence[Finding], made_at: int) -> str:
    """The report on a view of journeys as one self-contained HTML page.

    ``findings`` are those of ``check``; ``made_at`` is the instant shown as when it was made.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    facts = Facts(journeys)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_text("report.html.j2"))
    return template.render(
        title=title,
        stamp=STAMP,
        covered=covered(facts),
        version=_version(),
        made_at=show_instant(made_at, journeys.zone),
        sentences=five_sentences(facts),
        sections=sections(facts, findings),
        style=Markup(_text("report.css")),  # noqa: S704 - our own file
        drawn=Markup,  # svg is escaped where it is drawn
    )


def sections(facts: Facts, findings: Sequence[Finding]) -> list[Section]:
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
        quality_section(findings),
        definitions_section(),
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
