"""What the program has, the manual describes."""

import re
import sys
from pathlib import Path

import click
import typer

import wholeflow
from wholeflow.cli import app

ROOT = Path(__file__).parents[2]


def commands():
    """Every command by its words; ``mapping draft`` is the one of two."""
    found = dict(typer.main.get_command(app).commands)
    group = found.pop("mapping")
    return {**found, **{f"mapping {name}": one for name, one in group.commands.items()}}


def test_every_verb_of_python_is_a_verb_of_the_terminal_and_the_other_way_round():
    verbs = {
        "census", "check", "demo", "draft", "export", "journeys", "link", "load", "map", "mark",
        "measure", "plot", "report", "conform", "sql", "today", "variants",
    }  # fmt: skip
    assert {name.split()[-1] for name in commands()} == verbs
    assert verbs <= set(wholeflow.__all__)


def test_every_option_has_help_and_every_command_an_example():
    for name, command in commands().items():
        assert command.help, name
        assert command.epilog.startswith(f"Example: wholeflow {name}"), name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.name}"


def test_public_names_are_there_and_documented():
    for name in wholeflow.__all__:
        meaning = getattr(wholeflow, name).__doc__ or ""
        # a dataclass without a docstring gets its signature for one
        assert meaning.split("\n")[0].endswith("."), name


def test_every_verb_has_a_place_in_the_reference():
    sys.path.insert(0, str(ROOT / "docs"))
    import reference_pages

    assert set(reference_pages.VERBS) == set(commands())


def test_every_word_of_the_glossary_is_explained_once():
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    words = re.findall(r"^([a-z][a-z ,-]+)\n  ", text, re.MULTILINE)
    assert len(words) > 20
    assert len(words) == len(set(words))
