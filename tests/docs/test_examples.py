"""Every example of the manual and the README runs, in the order of its page."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page):
    return BLOCK.findall(page.read_text("utf-8"))


EXAMPLES = [page for page in PAGES if blocks(page) and "made" not in page.parts]


@pytest.mark.slow  # `make check` leaves it to `make test`
@pytest.mark.parametrize("page", EXAMPLES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "key"))
    names = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), names)  # noqa: S102 - our own manual
        elif language == "console":
            for line in text.splitlines():
                if line.startswith("$ wholeflow "):
                    run(shlex.split(line)[2:])
        else:
            check_toml(text)


def run(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "wholeflow.cli", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def check_toml(text):
    """A mapping, a finding or a definition: each is read as the program reads it."""
    from wholeflow.journeys.asking import Question
    from wholeflow.measures.definition import parse_definition
    from wholeflow.sources.mapping_file import parse_mapping

    if "[[file]]" in text:
        assert parse_mapping(text, "the manual").files
    elif "severity" in text:
        assert Question("the manual", **tomllib.loads(text)).title
    else:
        assert parse_definition(text, "the manual").name
