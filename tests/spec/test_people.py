# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§25: who is who. Numbers of people, the links between them, and birth dates that speak against a link."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.spec.feeds import Desk

from wholeflow.core.errors import RequestError
from wholeflow.sources import read

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


MAPPING = """
source = "town"
times = ["%Y-%m-%d"]

[[file]]
feed = "book"
match = ["book*.csv"]
key = ["row"]
recorded_at = { column = "recorded" }
withdrawn = { state = "gone" }
traits = { birth_date = { column = "born", format = "%Y-%m-%d" } }

[file.each]
person = [
  { column = "acute", scheme = "acute" },
  { column = "council", scheme = "council" },
  { column = "nhs", scheme = "nhs-number" },
  { column = "call", scheme = "ambulance-call" },
]

[[file.says]]
kind = "contact"
at = { column = "day" }
activity = { column = "row" }

[[file]]
feed = "merges"
match = ["merges*.csv"]
key = ["row"]
recorded_at = { column = "recorded" }
withdrawn = { state = "gone" }

[[file.says]]
table = "same_person"
person = { column = "old", scheme = "acute" }
same_as = { column = "kept", scheme = "acute" }
method = "merge"
from_at = { column = "merged" }
"""

ANN, BEN, CAT = "9434765919", "4010232137", "9876543210"
"""Numbers with right check digits: the sums of digit times 10, 9, ... 2 are 299, 92 and 330, which
leave 2, 4 and 0 when divided by 11; 11 less that is 9, 7 and 11, which is written 0."""

COLUMNS = {"acute": "", "council": "", "nhs": "", "call": "", "born": "", "day": "2024-07-01", "recorded": "", "state": ""}  # fmt: skip


def book(*rows: dict[str, str]) -> list[dict[str, str]]:
    """Rows of the book: each has a name, and says what is given."""
    return [{"row": "", **COLUMNS, **row} for row in rows]


def row(name: str, **cells: str) -> dict[str, str]:
    return {"row": name, **cells}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, MAPPING)


# --- NHS numbers ----------------------------------------------------------------------------------


def is_right(text: str) -> bool:
    """The check digit of an NHS number, worked out another way: by the digit that it must be."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != 10 or set(digits) - set("0123456789") or len(set(digits)) == 1:
        return False
    left = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return left != 1 and int(digits[9]) == (11 - left) % 11


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("943 476 5919", True),  # the example of the NHS Data Dictionary
        ("9434765919", True),
        ("943-476-5919", True),
        ("9434765918", False),
        ("4349765919", False),  # two digits swapped
        ("9876543210", True),  # 330 leaves 0: the digit is 11, written 0
        ("9876544321", False),  # 339 leaves 9: the digit would be 2
        ("0000000060", False),  # 12 leaves 1: no digit is right
        ("0000000061", False),
        ("0000000051", True),  # 10 leaves 10: the digit is 1
        ("51", False),  # the same with its leading zeros lost
        ("943476591", False),
        ("94347659190", False),
        ("943476591X", False),
        ("+434765919", False),
        ("-9434765919", True),
        ("1111111111", False),
        ("0000000000", False),
        ("".join(chr(0xFF10 + int(digit)) for digit in "9434765919"), False),
        ("94347659.9", False),
        ("1e10000000", False),
        ("0x12345678", False),
        ("1_00000000", False),
        ("unknown", False),
    ],
)
def test_s25_an_nhs_number_counts_when_its_check_digit_is_right(desk, number, right):
    desk.load(book=book(row("a", acute="1", nhs=number), row("b", acute="2", nhs=number)))
    assert desk.people() == (["a b"] if right else ["a", "b"])
    assert desk.doubts() == (
        []
        if right
        else [(2, "nhs", "wrong check digit"), (3, "nhs", "wrong check digit")]
    )  # fmt: skip


NEARLY = st.one_of(
    st.text("0123456789", min_size=10, max_size=10),
    st.text("0123456789", min_size=8, max_size=12),
    st.text("0123456789 -+.eExX_", min_size=1, max_size=13),
    st.text("0123456789", min_size=9, max_size=9).map(
        lambda nine: nine + str((11 - sum(int(d) * (10 - p) for p, d in enumerate(nine)) % 11) % 11)[-1]
    ),
).map(str.strip).filter(bool)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(numbers=st.lists(NEARLY, min_size=500, max_size=600, unique=True))
def test_s25_thousands_of_numbers_are_judged_as_by_another_formula(numbers, tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("numbers"), MAPPING)
    desk.load(book=book(*(row(str(n), acute=f"n{n}", nhs=text) for n, text in enumerate(numbers))))
    wrong = {line for line, _, doubt in desk.doubts() if doubt == "wrong check digit"}
    assert wrong == {line for line, text in enumerate(numbers, 2) if not is_right(text)}


def test_s25_spaces_and_dashes_in_a_number_make_no_difference(desk):
    desk.load(book=book(
        row("a", nhs="943 476 5919"), row("b", nhs="9434765919"), row("c", nhs="943-476-5919"),
        row("d", nhs="943\u2013476\u20135919"), row("e", nhs="943\u00a0476\u00a05919"),
    ))  # fmt: skip
    assert desk.people() == ["a b c d e"]
    assert desk.doubts() == []


def test_s25_numbers_of_a_parquet_file_are_read_as_their_digits(tmp_path):
    desk = Desk(tmp_path, MAPPING.replace('"book*.csv"', '"book*.parquet"'))
    rows = book(row("a", acute="1"), row("b", acute="2"), row("c", acute="1"))
    for one, number in zip(rows, (int(ANN), int(ANN), 51), strict=True):
        one["nhs"] = number
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "book.parquet")
    desk.take(read(tmp_path / "book.parquet", mapping=desk.mapping))
    assert desk.people() == ["a b c"]
    assert desk.doubts() == [(3, "nhs", "wrong check digit")]


# --- lists of numbers -----------------------------------------------------------------------------


def test_s25_the_first_filled_number_is_the_person_and_the_others_link(desk):
    desk.load(book=book(
        row("a", acute="1", nhs=ANN), row("b", nhs=ANN), row("c", acute="1"),
        row("d", council="1"), row("e", nhs=BEN),
    ))  # fmt: skip
    assert desk.people() == ["a b c", "d", "e"]  # the council's 1 is not the hospital's 1


def test_s25_a_row_in_which_no_number_is_filled_is_refused(desk):
    desk.load(book=book(row("a"), row("b", nhs=ANN)))
    assert desk.people() == ["b"]
    assert [line for line, _ in desk.rejects()] == [2]


def test_s25_a_wrong_number_alone_is_a_person_of_its_own_and_no_one_else(desk):
    wrong = "9434765918"
    desk.load(book=book(
        row("a", nhs=wrong), row("b", nhs=ANN), row("c", acute="1", nhs=wrong),
        row("d", acute="2", nhs=wrong), row("e", acute="1", nhs=ANN),
    ))  # fmt: skip
    assert desk.people() == ["a", "b c e", "d"]
    assert desk.doubts() == [(n, "nhs", "wrong check digit") for n in (2, 4, 5)]


def test_s25_a_wrong_number_gives_way_to_a_later_right_number_of_the_row(desk):
    desk.load(book=book(row("a", nhs="9434765918", call="c1"), row("b", call="c1", nhs=ANN)))
    assert desk.people() == ["a b"]


def test_s25_numbers_linked_through_others_are_one_person(desk):
    desk.load(
        book=book(
            row("a", acute="A", nhs=ANN), row("b", acute="B"), row("c", acute="C"),
            row("d", council="7", nhs=ANN), row("e", council="7", call="x"), row("f", call="x"),
            row("g", acute="D"),
        ),
        merges="""
            row | old | kept | merged     | recorded | state
            m1  | B   | C    | 2024-01-01 |          |
            m2  | C   | A    | 2024-01-01 |          |
        """,
    )  # fmt: skip
    assert desk.people() == ["a b c d e f", "g"]


def test_s25_merges_may_go_in_circles_and_name_one_number_twice(desk):
    desk.load(
        book=book(row("a", acute="A"), row("b", acute="B"), row("c", acute="C"), row("d", acute="D")),
        merges="""
            row | old | kept | merged     | recorded | state
            m1  | A   | B    | 2024-01-01 |          |
            m2  | B   | C    | 2024-01-01 |          |
            m3  | C   | A    | 2024-01-01 |          |
            m4  | D   | D    | 2024-01-01 |          |
        """,
    )  # fmt: skip
    assert desk.people() == ["a b c", "d"]


# --- when links are known -------------------------------------------------------------------------


def test_s25_a_link_recorded_later_is_not_used_before(desk):
    desk.load(book=book(
        row("a", acute="1", recorded="2024-07-02"),
        row("b", nhs=ANN, recorded="2024-07-02"),
        row("c", acute="1", nhs=ANN, recorded="2024-07-05"),
    ))  # fmt: skip
    assert desk.people(as_of="2024-07-04 23:59") == ["a", "b"]
    assert desk.people(as_of="2024-07-05") == ["a b c"]
    assert desk.people() == ["a b c"]


def test_s25_a_merge_is_not_used_before_it_was_known(desk):
    """Since when a link is known is said by from_at, when its row was recorded by recorded_at."""
    desk.load(
        book=book(row("a", acute="A"), row("b", acute="B"), row("c", acute="C")),
        merges="""
            row | old | kept | merged     | recorded   | state
            m1  | A   | B    | 2024-07-05 |            |
            m2  | B   | C    | 2024-07-01 | 2024-07-08 |
        """,
    )
    assert desk.people(as_of="2024-07-04") == ["a", "b", "c"]
    assert desk.people(as_of="2024-07-05") == ["a b", "c"]
    assert desk.people(as_of="2024-07-07") == ["a b", "c"]
    assert desk.people(as_of="2024-07-08") == ["a b c"]


def test_s25_a_withdrawn_record_takes_its_link_back(desk):
    desk.load(book=book(
        row("a", acute="1"), row("b", nhs=ANN),
        row("c", acute="1", nhs=ANN, recorded="2024-07-02"),
    ))  # fmt: skip
    desk.load(book=book(row("c", acute="1", nhs=ANN, recorded="2024-07-04", state="gone")))
    assert desk.people(as_of="2024-07-03") == ["a b c"]
    assert desk.people() == ["a", "b"]


def test_s25_a_withdrawn_merge_is_undone(desk):
    desk.load(
        book=book(row("a", acute="A"), row("b", acute="B")),
        merges="""
            row | old | kept | merged     | recorded   | state
            m1  | A   | B    | 2024-07-01 | 2024-07-01 |
            m1  | A   | B    | 2024-07-01 | 2024-07-09 | gone
        """,
    )
    assert desk.people(as_of="2024-07-08") == ["a b"]
    assert desk.people() == ["a", "b"]


def test_s25_a_corrected_row_links_another_number(desk):
    desk.load(book=book(
        row("a", nhs=ANN), row("b", nhs=BEN),
        row("c", acute="1", nhs=ANN, recorded="2024-07-02"),
        row("c", acute="1", nhs=BEN, recorded="2024-07-04"),
    ))  # fmt: skip
    assert desk.people(as_of="2024-07-03") == ["a c", "b"]
    assert desk.people() == ["a", "b c"]


# --- how sure -------------------------------------------------------------------------------------

PROBABLE = """
source = "linkage"
people = "acute"
[[file]]
feed = "pairs"
match = ["pairs*.csv"]
key = ["one", "other"]
[[file.says]]
table = "same_person"
person = { column = "one" }
same_as = { column = "other" }
method = "another program"
probability = { column = "p" }
"""


@pytest.mark.parametrize(
    ("probability", "likely", "certain"),
    [("1", 1, 1), ("0.99", 1, 2), ("0.9", 1, 2), ("0.89", 2, 2)],
)
def test_s25_links_at_least_nine_in_ten_sure_are_likely_and_can_be_left_out(
    desk, tmp_path, probability, likely, certain
):
    desk.load(book=book(row("a", acute="A"), row("b", acute="B")))
    (tmp_path / "linkage").mkdir()
    linkage = Desk(tmp_path / "linkage", PROBABLE, store=desk.store)
    linkage.load(pairs=[{"one": "A", "other": "B", "p": probability}])
    assert len(desk.people()) == len(desk.people(links="likely")) == likely
    assert len(desk.people(links="certain")) == certain
    assert desk.view().table("links")["used"].to_pylist() == [likely == 1]


def test_s25_links_are_used_in_one_of_two_ways(desk):
    with pytest.raises(RequestError, match="certain"):
        desk.view(links="some")


# --- finding somebody -----------------------------------------------------------------------------


def test_s25_a_person_is_found_by_any_of_their_numbers(tmp_path):
    desk = Desk(tmp_path, MAPPING, keep_ids=True)
    desk.load(
        book=book(
            row("a", acute="A", nhs=ANN), row("b", council="7", nhs=ANN), row("c", acute="Z")
        ),
        merges="row | old | kept | merged     | recorded | state\nm1 | B | A | 2024-01-01 | |",
    )
    for number in ("acute:A", "acute:B", "council:7", f"nhs-number:{ANN}"):
        found = desk.view().person(number)
        assert sorted(found["activity"].to_pylist()) == ["a", "b"]
    assert desk.view().person("acute:Z")["activity"].to_pylist() == ["c"]
    with pytest.raises(RequestError):
        desk.view().person("acute:nobody")


def test_s25_a_person_is_found_by_any_of_their_pseudonyms(desk):
    desk.load(book=book(row("a", acute="A", nhs=ANN), row("b", council="7", nhs=ANN)))
    links = desk.view().table("links").select(["person", "same_as"]).to_pylist()
    numbers = {number for link in links for number in link.values()}
    assert len(numbers) == 3
    for number in numbers:
        assert desk.view().person(number).num_rows == 2


# --- birth dates that speak against a link --------------------------------------------------------


def sharers(*births: str) -> list[dict[str, str]]:
    """Rows of council people who share one NHS number; births are year-month-day."""
    return book(
        *(row(chr(97 + n), council=str(n), nhs=ANN, born=born) for n, born in enumerate(births))
    )


@pytest.mark.parametrize(
    ("births", "people"),
    [
        # most have one birth date and one another: a typing mistake gave two people one number
        (["1950-01-02", "1950-01-02", "1971-11-23"], ["a b", "c"]),
        (["1950-01-02", "1950-01-02", "1950-02-01"], ["a b c"]),  # day and month swapped
        (["1950-01-02", "1950-01-02", "1951-01-02"], ["a b c"]),  # one part differs
        (["1950-01-02", "1950-01-02", "1950-03-02"], ["a b c"]),
        (["1950-01-02", "1950-01-02", "1950-01-07"], ["a b c"]),
        (["1950-01-02", "1950-01-02", "1951-01-07"], ["a b", "c"]),  # two parts differ
        (["1950-01-02", "1950-01-02", "1950-03-07"], ["a b", "c"]),
        (["1950-01-02", "1950-01-02", "1951-02-01"], ["a b", "c"]),  # swapped, and another year
        (["1950-01-02", "1971-11-23"], ["a", "b"]),  # nobody is most: neither is believed
        (["1950-01-02", "1950-02-01"], ["a b"]),
        (["1950-01-02", ""], ["a b"]),
        (["1950-01-02", "1950-01-02", "", "1971-11-23"], ["a b c", "d"]),
        (["", ""], ["a b"]),
    ],
)
def test_s25_a_number_whose_birth_date_is_another_is_not_linked(desk, births, people):
    desk.load(book=sharers(*births))
    assert desk.people() == people
    cut = sum(
        link["doubt"] == "birth dates differ" for link in desk.view().table("links").to_pylist()
    )
    assert (cut > 0) == (len(people) > 1)


def test_s25_of_a_number_told_several_birth_dates_the_one_told_most_often_counts(desk):
    desk.load(book=book(
        row("a", council="1", nhs=ANN, born="1950-01-02"),
        row("b", council="1", nhs=ANN, born="1971-11-23"),
        row("c", council="1", nhs=ANN, born="1950-01-02"),
        row("d", acute="1", nhs=ANN, born="1950-01-02"),
    ))  # fmt: skip
    assert desk.people() == ["a b c d"]


def test_s25_birth_dates_told_of_the_number_itself_speak_too(desk):
    """Feeds that know people by the NHS number alone say when the one with that number was born."""
    desk.load(book=book(
        row("a", nhs=ANN, born="1950-01-02"),
        row("b", acute="1", nhs=ANN, born="1950-01-02"),
        row("c", council="1", nhs=ANN, born="1971-11-23"),
    ))  # fmt: skip
    assert desk.people() == ["a b", "c"]


def test_s25_a_merge_holds_whatever_the_birth_dates(desk):
    """Somebody decided it; only numbers that are shared can be shared by mistake."""
    desk.load(
        book=book(row("a", acute="A", born="1950-01-02"), row("b", acute="B", born="1971-11-23")),
        merges="row | old | kept | merged     | recorded | state\nm1 | B | A | 2024-01-01 | |",
    )
    assert desk.people() == ["a b"]


def test_s25_a_withdrawn_birth_date_no_longer_speaks(desk):
    desk.load(book=book(
        row("a", council="1", nhs=ANN, born="1950-01-02"),
        row("b", acute="1", nhs=ANN, born="1971-11-23", recorded="2024-07-02"),
    ))  # fmt: skip
    assert desk.people() == ["a", "b"]
    desk.load(book=book(row("b", acute="1", nhs=ANN, born="1950-01-02", recorded="2024-07-03")))
    assert desk.people() == ["a b"]
    assert desk.people(as_of="2024-07-02") == ["a", "b"]


@pytest.mark.slow
@example(["1950-01-02", "1971-11-23"])
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["1950-01-02", "1950-02-01", "1971-11-23", "1950-01-07", ""]), min_size=1, max_size=6))  # fmt: skip
def test_s25_nobody_is_linked_to_somebody_whose_birth_date_speaks_against_most(births):
    """Worked out another way: the birth dates that most sharers have; each sharer against them."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), MAPPING)
        desk.load(book=sharers(*births))
        told = [born for born in births if born]
        most = {b for b in told if told.count(b) == max(map(told.count, told))}

        def clash(one: str, other: str) -> bool:
            left, right = one.split("-"), other.split("-")
            if [left[0], left[2], left[1]] == right:
                return False
            return sum(x != y for x, y in zip(left, right, strict=True)) > 1

        linked = [
            n for n, born in enumerate(births) if not (born and any(clash(born, m) for m in most))
        ]
        alone = [chr(97 + n) for n in range(len(births)) if n not in linked]
        together = " ".join(chr(97 + n) for n in linked)
        assert desk.people() == sorted([*alone, *([together] if together else [])])
