"""The report page: whole, quiet, readable on a phone and by a screen reader."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wholeflow.events import EventLog
from wholeflow.governance.disclosure import policies
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, check, journeys
from wholeflow.publish import Report, reported, write
from wholeflow.store import Chunk, FileFacts, load, open_store

MADE_AT = 1_735_732_800_000_000  # 1 January 2025, 12:00
HOUR = 3_600_000_000
START = 1_719_831_600_000_000  # 1 July 2024, 12:00

NO_VALUE = ("not known", "*")

PLACES = [
    {"place": "A&E <front door>", "setting": "ed", "organisation": "North Hospital"},
    {"place": "Ward 1", "setting": "ward", "organisation": "North Hospital"},
    {"place": "Reablement", "setting": "home_care", "organisation": "Council", "holds": "caseload"},
]


def events(people: int) -> Iterator[dict[str, Any]]:
    """People come to A&E, half of them to the ward, and every fourth to the council's list."""
    for at in range(people):
        begin = START + at * 20 * HOUR
        person = {"person": f"p{at}", "need": f"n{at}"}
        yield person | step("arrived", "A&E <front door>", begin)
        yield person | step("started", "A&E <front door>", begin + HOUR // 3)
        yield person | step("left", "A&E <front door>", begin + (2 + at % 4) * HOUR)
        if at % 2:
            yield person | step("arrived", "Ward 1", begin + (3 + at % 4) * HOUR)
            yield person | step("started", "Ward 1", begin + (3 + at % 4) * HOUR)
            yield person | step("ready", "Ward 1", begin + 60 * HOUR)
            yield person | step("left", "Ward 1", begin + (70 + at % 9) * HOUR)
        if at % 4 == 1:
            yield person | step("referred", "Reablement", begin + 50 * HOUR)
            yield person | step("started", "Reablement", begin + 90 * HOUR)


def step(kind: str, place: str, at: int) -> dict[str, Any]:
    return {"kind": kind, "place": place, "at": at}


def view(clock: str = "shared", **tables: Any) -> Journeys:
    log = EventLog.from_rows("ward-book", clock=clock, **tables)
    store = open_store()
    read = sum(table.num_rows for table in log.tables.values())
    load(store, [Chunk(log, FileFacts("book.csv", "0" * 64), read)], key=Key(b"0" * 32))
    return journeys(store)


def report(of: Journeys) -> str:
    return reported_of(of).html()


def reported_of(of: Journeys, policy: str = "") -> Report:
    found = check(of)
    return reported(
        of, title="A <small> place", findings=found.findings, verdicts=found.verdicts,
        made_at=MADE_AT, policy=policies().get(policy),
    )  # fmt: skip


def counts() -> list[dict[str, Any]]:
    months = [f"{2023 + at // 12}-{at % 12 + 1:02d}-01" for at in range(25)]
    return [
        {"name": name, "organisation": who, "from_at": first, "to_at": last, "value": 1000.0 + at}
        for name in ("attendances", "attendances over four hours")
        for who in ("RAA", "RBB")
        for at, (first, last) in enumerate(pairwise(months))
    ]


def among_many(places: int) -> Iterator[dict[str, Any]]:
    """Everybody comes to one home and moves on to another."""
    for at in range(3 * places):
        begin = START + at * 2 * HOUR
        person = {"person": f"p{at}", "need": f"n{at}"}
        yield person | step("arrived", f"Home {at % places}", begin)
        yield person | step("left", f"Home {at % places}", begin + 50 * HOUR)
        yield person | step("arrived", f"Home {at * 7 % places}", begin + 60 * HOUR)
        yield person | step("left", f"Home {at * 7 % places}", begin + 90 * HOUR)


VIEWS = {
    "shared": lambda: view(places=PLACES, events=events(120)),
    "one place": lambda: view(
        places=PLACES[1:2], events=[row for row in events(120) if row["place"] == "Ward 1"]
    ),
    "no hospital": lambda: view(
        places=PLACES[2:], events=[row for row in events(120) if row["place"] == "Reablement"]
    ),
    "300 places": lambda: view(
        places=[{"place": f"Home {at}", "setting": "care_home"} for at in range(300)],
        events=among_many(300),
    ),
    "one person": lambda: view(places=PLACES, events=events(1)),
    "shifted": lambda: view("shifted_per_person", places=PLACES, events=events(40)),
    "counts": lambda: view(counts=counts()),
    "empty": lambda: view(),
}


@pytest.fixture(scope="module", params=VIEWS)
def made(request: pytest.FixtureRequest) -> str:
    return report(VIEWS[request.param]())


@pytest.fixture(scope="module")
def rich() -> str:
    return report(VIEWS["shared"]())


class Outline(HTMLParser):
    """Headings, links, ids and labelled things of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "srcset", "data", "action") and value:
                self.targets.append(value)


class Cells(HTMLParser):
    """The cells of every table of a page but the first of each row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.told: list[str] = []
        self.is_inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_inside = tag == "td"
        if self.is_inside:
            self.told.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = False

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.told[-1] += data


# ---- what needs no browser


def test_a_page_needs_no_network_and_no_script(made: str) -> None:
    outline = Outline(made)
    assert all(target.startswith("#") for target in outline.targets), outline.targets
    assert not {"script", "link", "iframe", "img", "object"} & set(outline.tags)
    assert not re.search(r"@import|url\((?!#)", made)
    assert len(made.encode()) < 3_000_000


@pytest.mark.parametrize(("name", "policy"), [*((name, "") for name in VIEWS), ("shared", "hes")])
def test_every_number_of_a_page_is_that_of_its_json_and_csv(name: str, policy: str) -> None:
    told = reported_of(VIEWS[name](), policy)
    tidy = told.tidy().to_pylist()
    assert Cells(told.html()).told == [row["shown"] for row in tidy]
    for row in tidy:
        if row["value"] is not None and re.fullmatch(r"[\d,.]+%?", row["shown"]):
            digits = row["shown"].rstrip("%").replace(",", "")
            unit = 0.01 if row["shown"].endswith("%") else 1
            half = 0.5001 * 10 ** -len(digits.partition(".")[2]) * unit
            assert abs(float(digits) * unit - row["value"]) <= half, row
    cells = [
        value
        for section in told.as_dict()["sections"]
        for rows in section["tables"].values()
        for row in rows
        for value in list(row.values())[1:]
    ]
    assert cells == [
        row["value"] if row["value"] is not None or row["shown"] in NO_VALUE else row["shown"]
        for row in tidy
    ]
    json.dumps(told.as_dict(), allow_nan=False)


def test_one_event_more_changes_page_and_facts_together() -> None:
    rows = list(events(40))
    more = {"person": "one more"} | step("arrived", "Ward 1", START + HOUR)
    one, other = (reported_of(view(events=told, places=PLACES)) for told in (rows, [*rows, more]))
    for told, people in ((one, 40), (other, 41)):
        assert told.as_dict()["sentences"][1].startswith(f"{people} people made")
        assert f"<li>{people} people made" in told.html()
    new = [
        row["shown"]
        for row in other.tidy().to_pylist()
        if row["section"] == "flow" and row not in one.tidy().to_pylist()
    ]
    assert new == ["Ward 1 (came in from outside)", "1", "1", "still there", "1", "1"]
    assert Cells(other.html()).told == [row["shown"] for row in other.tidy().to_pylist()]


def test_headings_come_in_order(made: str) -> None:
    levels = Outline(made).headings
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_links_lead_somewhere(made: str) -> None:
    outline = Outline(made)
    assert len(outline.ids) == len(set(outline.ids))
    assert {target[1:] for target in outline.targets} <= set(outline.ids)


def test_every_drawing_has_role_title_and_description(made: str) -> None:
    drawings = re.findall(r"<svg[^>]*>.{0,400}", made, re.DOTALL)
    for drawing in drawings:
        assert re.match(r'<svg[^>]*role="img"[^>]*><title[^>]*>[^<]+</title><desc', drawing)


def test_every_table_has_caption_and_scopes(made: str) -> None:
    for table in re.findall(r"<table>.*?</table>", made, re.DOTALL):
        assert "<caption" in table and 'scope="col"' in table and 'scope="row"' in table


def test_the_stamp_and_the_five_sentences_come_first(rich: str) -> None:
    assert rich.index("Internal: not for publication") < rich.index("<h1>")
    summary = rich[rich.index("In five sentences") : rich.index("<nav")]
    assert summary.count("<li>") == 5
    assert "120 people made" in summary


def test_names_are_escaped(rich: str) -> None:
    assert "<front door>" not in rich and "A <small>" not in rich
    assert "A&amp;E &lt;front door&gt;" in rich


def test_no_pseudonym_is_shown() -> None:
    of = VIEWS["shared"]()
    people = of.table("journeys")["person"].to_pylist()
    text = report(of)
    assert not [person for person in people if person in text]


def test_shifted_clocks_show_no_date_and_no_series() -> None:
    text = report(VIEWS["shifted"]())
    assert not re.search(r"\b202\d\b", text.replace("1 January 2025", ""))
    assert "dates were moved for each person" in text


def test_what_counts_alone_cannot_tell_is_said_in_one_sentence() -> None:
    text = report(VIEWS["counts"]())
    assert text.count("This store holds no person’s events") == 6
    assert "Attendances a month, all organisations" in text


def test_the_same_view_gives_the_same_page(rich: str) -> None:
    assert report(VIEWS["shared"]()) == rich


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write("the first", target)
    with pytest.raises(UnicodeEncodeError):
        write("the second \ud800", target)
    assert target.read_text() == "the first"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
