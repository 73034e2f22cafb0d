"""Reports on records that real hospitals made: what they say, and what they must not claim."""

import html
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

FOLDERS = {"sepsis": "sepsis", "mimic": "mimic-iv-demo", "nhs-ae": "nhs-ae"}
SAYS = {
    "sepsis": ["1,050 people", "any delay, as no feed records when people were ready to leave",
               "dates were moved for each person"],
    "mimic": ["100 people", "174 waits", "any delay", "dates were moved for each person",
              "4 feeds"],
    "nhs-ae": ["274 organisations", "72,019,402 attendances", "8,295,237", "13,493,280",
               "1 April 2016 to 31 March 2019", "no person’s events"],
}  # fmt: skip
NEVER = {
    "sepsis": ["arrivals a week", "half waited"],
    "mimic": ["arrivals a week"],
    "nhs-ae": ["people made", "<figure><svg id=\"flow-map\""],
}  # fmt: skip


@pytest.fixture(scope="module", params=FOLDERS)
def made(request, shared, tmp_path_factory):
    """A report made by the commands of the README."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    run(
        "load",
        folder / "s.duckdb",
        shared / "data" / FOLDERS[name],
        "--source",
        name,
        folder=folder,
    )
    run("report", folder / "s.duckdb", "--out", folder / "r.html", folder=folder)
    return name, (folder / "r.html").read_text("utf-8")


def run(*arguments, folder):
    done = subprocess.run(
        [sys.executable, "-m", "wholeflow.cli", *map(str, arguments)],
        capture_output=True, text=True, env={"WHOLEFLOW_KEY_FILE": str(folder / "key")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_page_says_what_the_records_hold_and_what_they_cannot_say(made):
    name, page = made
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    words = re.sub(r"\s+", " ", words)
    for claim in SAYS[name]:
        assert claim in words, claim
    for claim in NEVER[name]:
        assert claim not in words, claim
    assert "Internal: not for publication" in words


def test_the_page_stands_alone(made):
    _, page = made
    assert len(page.encode()) < 3_000_000
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script" not in page
