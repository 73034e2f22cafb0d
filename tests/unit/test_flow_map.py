"""The flow map loses no move and no place, and holds whatever a place is called."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholeflow.events.declared import choices
from wholeflow.journeys import columns
from wholeflow.publish import flow_map
from wholeflow.publish.flow_choice import MOST_ARCS, MOST_BOXES, choose

SVG = "{http://www.w3.org/2000/svg}"
TYPES = {"integer": pa.int64(), "code": pa.string(), "text": pa.string(), "number": pa.float64()}
SCHEMA = pa.schema([(f.name, TYPES[f.type]) for f in columns("transitions")])

Move = tuple[str | None, str | None, str, int]
PLACES = [
    ("A&E", "ed", "North", "body"),
    ("Ward 1", "ward", "North", "body"),
    ("District nurses", "community", "South", "caseload"),
]


def transitions(moves: Sequence[Move], waits: int = 0) -> pa.Table:
    rows = [
        {
            "run": 0, "from_place": came, "to_place": went, "end": end, "moves": n, "people": n,
            "waits": min(waits, n) if end == "between" else 0, "wait_total_hours": 0.0,
            "wait_p50_hours": 3.0 if waits else None, "wait_p90_hours": 9.0 if waits else None,
        }
        for came, went, end, n in moves
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def of_class(drawing: str, name: str) -> list[str]:
    """The titles of all groups of a class."""
    root = ET.fromstring(drawing)  # noqa: S314 - our own text
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") == name]
    return [g.findtext(f"{SVG}title") or "" for g in groups]


def written(drawing: str) -> str:
    root = ET.fromstring(drawing)  # noqa: S314 - our own text
    return " ".join(text.text or "" for text in root.iter(f"{SVG}text"))


SMALL: list[Move] = [
    (None, "A&E", "entered", 1050),
    ("A&E", "Ward 1", "between", 700),
    ("Ward 1", "A&E", "between", 20),
    ("Ward 1", "Ward 1", "between", 90),
    ("Ward 1", "District nurses", "between", 200),
    ("A&E", None, "left", 340),
    ("Ward 1", None, "died", 12),
    ("District nurses", None, "open", 188),
]


def test_it_says_what_it_is() -> None:
    root = ET.fromstring(flow_map(transitions(SMALL), PLACES))  # noqa: S314 - our own text
    assert root.get("role") == "img"
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc")


def test_each_place_is_a_box_and_each_pair_an_arc() -> None:
    drawing = flow_map(transitions(SMALL), PLACES)
    assert len(of_class(drawing, "box")) == 3
    assert len(of_class(drawing, "arc")) == 3
    for words in ("A&E", "Ward 1", "District nurses", "1,050", "700", "90 within", "12 died"):
        assert words in written(drawing)


def test_an_arc_says_its_moves_and_its_wait() -> None:
    drawing = flow_map(transitions(SMALL, waits=400), PLACES)
    assert "A&E to Ward 1: 700 moves, median wait 3 h (400 recorded)" in of_class(drawing, "arc")
    assert "700 · 3 h" in written(drawing)


def test_a_wait_that_few_moves_have_is_not_drawn() -> None:
    drawing = flow_map(transitions(SMALL, waits=15), PLACES)
    assert "A&E to Ward 1: 700 moves, wait not known" in of_class(drawing, "arc")


def test_without_a_known_wait_it_says_so() -> None:
    assert "No wait between places is recorded." in written(flow_map(transitions(SMALL), PLACES))


def test_columns_follow_the_natural_order_of_settings() -> None:
    boxes = choose(transitions(SMALL), PLACES[::-1]).boxes
    order = list(choices("settings"))
    assert [box.setting for box in boxes] == sorted((b.setting for b in boxes), key=order.index)


@pytest.mark.parametrize("name", ["<b>&", 'the "best" ward', "Ward's", "]]>", "–→☃"])
def test_a_place_may_be_called_anything(name: str) -> None:
    moves: list[Move] = [(None, name, "entered", 5), (name, "B", "between", 5)]
    drawing = flow_map(transitions(moves), [(name, "ward", None, "body")])
    assert any(title.startswith(f"{name}: 5 came in") for title in of_class(drawing, "box"))
    assert "<b>" not in drawing


def test_the_smaller_places_of_a_setting_share_a_box() -> None:
    names = [f"Ward {at}" for at in range(35)]
    moves: list[Move] = [(None, name, "entered", 100 - at) for at, name in enumerate(names)]
    choice = choose(transitions(moves), [(name, "ward", "North", "body") for name in names])
    assert len(choice.boxes) == MOST_BOXES
    assert choice.boxes[-1].title == "other wards (22)"
    assert sorted(place for box in choice.boxes for place in box.places) == sorted(names)


def test_moves_that_are_not_drawn_are_counted_in_the_drawing() -> None:
    names = [f"Place {at}" for at in range(8)]
    moves: list[Move] = [
        (a, b, "between", 500 if a == "Place 0" else 1) for a in names for b in names if a != b
    ]
    assert len(moves) > MOST_ARCS
    drawing = flow_map(transitions(moves), [(name, "ward", None, "body") for name in names])
    assert len(of_class(drawing, "arc")) == 7
    assert "Not drawn: 49 moves on 49 small lines (each under 1% of the moves)." in written(drawing)


def test_simulated_runs_are_not_mixed_with_the_past() -> None:
    past = transitions(SMALL)
    run = past.set_column(0, "run", pa.array([1] * past.num_rows))
    assert flow_map(pa.concat_tables([past, run]), PLACES) == flow_map(past, PLACES)


def test_nothing_to_draw_is_said() -> None:
    assert "No moves are recorded." in written(flow_map(transitions([]), []))


some_places = st.one_of(st.none(), st.sampled_from([f"P{at}" for at in range(40)]))
some_ends = st.sampled_from(["between", "entered", "left", "died", "open", "lost"])
some_moves = st.lists(st.tuples(some_places, some_places, some_ends, st.integers(1, 10_000)))


@given(some_moves, st.integers(0, 5))
def test_drawn_and_not_drawn_moves_are_all_moves(moves: list[Move], waits: int) -> None:
    settings = list(choices("settings"))
    places = [(f"P{at}", settings[at % len(settings)], None, "body") for at in range(30)]
    table = transitions(moves, waits)
    choice = choose(table, places)
    assert choice.moves == sum(n for *_, n in moves)
    assert choice.drawn_moves + choice.not_drawn_moves == choice.moves
    assert len(choice.boxes) <= max(MOST_BOXES, len(settings))
    assert len(of_class(flow_map(table, places), "arc")) == len(choice.arcs)
