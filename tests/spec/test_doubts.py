# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§2, §27 and the mapping's promise about identifiers: what is doubted, and that no value is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.spec.feeds import Desk
from tests.spec.tables import KEY

from wholeflow.core.errors import WholeflowError
from wholeflow.sources.mapping_file import read_mapping
from wholeflow.store import open_store

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


MAPPING = """
source = "ed"
times = ["%Y-%m-%d %H:%M"]
blank = ["NULL", "n/a"]

[[file]]
feed = "ed-book"
match = ["ed*.csv"]
key = ["id"]
traits = { birth_date = { column = "born", format = ["%d/%m/%Y", "%Y"] }, sex = { column = "sex", codes = { "1" = "male", "2" = "female" } }, postcode = { column = "postcode" } }

[file.each]
person = [{ column = "number", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }]
place = "ED"

[[file.says]]
kind = "arrived"
at = { column = "arrived" }

[[file.says]]
when = { outcome = "admitted" }
kind = "left"
at = { column = "left" }
reason = { column = "why", codes = { B = "bed found" } }

[[file.says]]
unless = { outcome = "admitted" }
kind = "left"
at = { column = "left" }
reason = { column = "why", codes = { H = "home" } }
"""

ROW = {
    "id": "1", "number": "77", "nhs": "", "arrived": "2024-07-01 09:00", "left": "", "outcome": "home",
    "why": "", "born": "", "sex": "", "postcode": "",
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, MAPPING)


def rows(*changed: dict[str, str]) -> list[dict[str, str]]:
    return [{**ROW, "id": str(number), **cells} for number, cells in enumerate(changed, 1)]


PLAIN = [{}] * 10
"""Rows without fault, beside which one with a word for blank is the exception."""


@pytest.mark.parametrize(
    ("cells", "doubts"),
    [
        ({}, []),
        ({"nhs": "9434765918"}, [("nhs", "wrong check digit")]),
        ({"left": "NULL"}, [("left", "blank word")]),
        ({"number": "n/a", "nhs": "9434765919"}, [("number", "blank word")]),
        ({"nhs": "n/a"}, [("nhs", "blank word")]),
        ({"left": "", "nhs": ""}, []),
        ({"left": "2024-07-01 10:00", "why": "H"}, []),
        ({"left": "2024-07-01 10:00", "why": "X"}, [("why", "unlisted code")]),
        ({"left": "2024-07-01 10:00", "why": "B"}, [("why", "unlisted code")]),
        ({"left": "2024-07-01 10:00", "why": "B", "outcome": "admitted"}, []),
        ({"arrived": "2024-10-27 01:30"}, [("arrived", "repeated hour")]),
        ({"arrived": "2024-10-27 00:59"}, []),
        ({"arrived": "2024-10-27 02:00"}, []),
        ({"born": "31/02/1950"}, [("born", "unread trait")]),
        ({"born": "1950"}, []),
        ({"born": "n/a"}, [("born", "blank word")]),
        ({"sex": "9"}, [("sex", "unlisted code")]),
        ({"sex": "1", "born": "02/01/1950", "postcode": "AB1"}, []),
    ],
)
def test_s27_a_row_that_may_be_wrong_is_used_and_doubted(desk, cells, doubts):
    books = desk.load(ed=rows(cells, *PLAIN))
    assert (books.loaded, books.rejected) == (11, 0)
    assert desk.doubts() == [(2, field, doubt) for field, doubt in doubts]


def test_s27_a_row_that_is_refused_is_not_doubted_too(desk):
    desk.load(ed=rows({"arrived": "soon", "nhs": "9434765918", "left": "NULL"}))
    assert len(desk.rejects()) == 1
    assert desk.doubts() == []


def test_s27_a_row_that_stands_twice_in_one_file_is_doubted(desk):
    books = desk.load(ed=[ROW, {**ROW, "id": "2"}, ROW])
    assert (books.loaded, books.already) == (2, 1)
    assert desk.doubts() == [(4, "", "repeated row")]


def test_s27_the_same_file_again_raises_no_doubt_twice(desk):
    for _ in range(2):
        desk.load(ed=rows({"nhs": "9434765918"}, {"left": "NULL"}, *PLAIN))
    assert desk.doubts() == [(2, "nhs", "wrong check digit"), (3, "left", "blank word")]


@pytest.mark.parametrize(
    ("words", "others", "doubts"),
    [(1, 10, 1), (1, 9, 0), (2, 19, 2), (2, 18, 0), (30, 0, 0), (5, 100, 5)],
)
def test_s27_a_word_for_blank_is_doubted_where_it_is_rare(desk, words, others, doubts):
    """In a tenth of the rows or more it is how the file writes blank, and no doubt."""
    desk.load(ed=rows(*[{"left": "NULL"}] * words, *[{"left": "2024-07-01 10:00"}] * others))
    assert desk.rejects() == []
    assert [row[1:] for row in desk.doubts()] == [("left", "blank word")] * doubts


def test_s27_words_for_blank_are_rare_or_not_in_each_column(desk):
    desk.load(ed=rows({"left": "NULL", "sex": "NULL"}, *[{"sex": "NULL"}] * 20))
    assert desk.doubts() == [(2, "left", "blank word")]


def test_s27_a_word_is_as_rare_as_in_its_column_not_as_in_the_rows_that_it_is_read_of(desk):
    """Only one row in twenty says why, but all of them say NULL."""
    plain = {"why": "NULL"}
    desk.load(ed=rows({"why": "NULL", "left": "2024-07-01 10:00"}, *[plain] * 19))
    assert desk.doubts() == []


def test_s27_a_trait_that_cannot_be_read_leaves_the_other_traits(desk):
    desk.load(ed=rows({"born": "long ago", "sex": "1", "postcode": "AB1 2"}))
    ((year, sex, postcode),) = desk.said("traits", "birth_year", "sex", "postcode")
    assert year is None and sex is not None and postcode is not None


def test_traits_are_compared_without_regard_to_case_and_spaces(desk):
    desk.load(
        ed=rows({"postcode": "AB1 2CD", "number": "1"}, {"postcode": "ab12cd ", "number": "2"})
    )
    first, second = desk.said("traits", "postcode")
    assert first == second


def test_a_birth_year_is_no_birth_month_and_no_number(desk):
    """Each trait has hashes of its own, month and day share theirs to know them swapped."""
    desk.load(ed=rows({"born": "07/07/2007", "number": "7", "postcode": "7"}))
    ((person, *born, postcode),) = desk.said(
        "traits", "person", "birth_year", "birth_month", "birth_day", "postcode"
    )
    assert born[1] == born[2]
    assert len({person, *born, postcode}) == 4


def test_of_a_birth_date_only_the_parts_that_its_format_tells_are_compared(desk):
    """Somebody known to be born in 1950 was not born on the first of January."""
    desk.load(ed=rows(
        {"born": "1950", "number": "1", "nhs": "9434765919"},
        {"born": "23/11/1950", "number": "2", "nhs": "9434765919"},
        {"born": "23/11/1951", "number": "3", "nhs": "9434765919"},
    ))  # fmt: skip
    parts = desk.said("traits", "birth_year", "birth_month", "birth_day")
    assert [None in row for row in parts].count(True) == 1
    assert not any(None is row[0] for row in parts)
    assert len({row[0] for row in parts}) == 2
    assert len({row[0] for row in desk.said("events", "person")}) == 1


# --- nobody's value is told -------------------------------------------------------------------------

SECRETS = {
    "number": "H7712345",
    "nhs": "9434765919",
    "born": "23/11/1937",
    "postcode": "QX77 4ZZ",
    "why": "kumquat",
}
WORDS = [
    *SECRETS.values(),
    "943 476 5919",
    "1937-11-23",
    "19371123",
    "QX774ZZ",
    "qx774zz",
    "9434765918",
]
WORDS.remove("kumquat")  # a reason is no identifier and is kept
FAULTS = [
    {"arrived": "kumquat-1"},
    {"arrived": "2024-03-31 01:30"},
    {"arrived": "1812-01-01 00:00"},
    {"number": "", "nhs": "NULL"},
]


def told(store) -> str:
    """All that the books of a store say in words."""
    tables = ("rejects", "doubts", "files", "sources", "dictionary", "about")
    return "\n".join(str(store.query(f"SELECT * FROM {name}").to_pylist()) for name in tables)


def test_no_reject_and_no_doubt_tells_a_value(desk):
    changed = [{**SECRETS, **fault} for fault in FAULTS]
    changed += [
        {**SECRETS, "arrived": ""},
        {**SECRETS, "nhs": "9434765918", "left": "NULL", "sex": "female?", "born": "23.11.1937"},
    ]
    books = desk.load(ed=rows(*changed))
    assert books.rejected == len(FAULTS)
    words = told(desk.store) + str(books) + str(books.as_dict())
    for word in [*WORDS, "kumquat-1", "23.11.1937", "female?"]:
        assert word not in words


def test_no_byte_of_a_store_holds_an_identifier_or_a_trait(tmp_path):
    path = tmp_path / "place.duckdb"
    with open_store(path) as store:
        desk = Desk(tmp_path, MAPPING, store=store)
        people = [
            {
                **SECRETS,
                "number": f"H77{n:05}",
                "postcode": f"QX77 {n}ZZ",
                "why": "kumquat",
                "left": "2024-07-01 10:00",
            }
            for n in range(50)
        ]
        desk.load(
            ed=rows(
                {**SECRETS, "left": "2024-07-01 10:00"}, *people, {"nhs": "9434765918"}, *FAULTS
            )
        )
        beside = [p for p in tmp_path.rglob("*") if p.is_file() and "place" in str(p)]
        live = b"".join(p.read_bytes() for p in beside)
    closed = path.read_bytes()
    assert b"kumquat" in closed  # what is kept as it is can be found, so the search works
    for data in (live, closed):
        for word in [*WORDS, "H7700001", "H7700049", "QX77", KEY.secret.decode(), "kumquat-1"]:
            assert word.encode() not in data, word
            assert word.encode("utf-16-le") not in data, word


def test_a_folder_of_work_is_left_clean(tmp_path):
    path = tmp_path / "place.duckdb"
    with open_store(path) as store:
        Desk(tmp_path, MAPPING, store=store).load(ed=rows(SECRETS))
    left = sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("place"))
    assert left == ["place.duckdb"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('reason = { column = "why", codes = { B = "bed found" } }', 'reason = { column = "nhs" }'),
        ('reason = { column = "why", codes = { B = "bed found" } }', 'reason = { column = "born" }'),
        ('reason = { column = "why", codes = { B = "bed found" } }', 'attributes = ["postcode"]'),
        ('reason = { column = "why", codes = { B = "bed found" } }', 'attributes = ["number"]'),
        ('reason = { column = "why", codes = { B = "bed found" } }', 'team = { column = ["why", "nhs"] }'),
    ],
)  # fmt: skip
def test_a_column_that_identifies_somebody_goes_to_no_field_that_is_kept_as_it_is(
    tmp_path, old, new
):
    assert old in MAPPING
    desk = Desk(tmp_path, MAPPING.replace(old, new))
    with pytest.raises(WholeflowError, match="as they are"):
        desk.load(ed=rows({}))


@pytest.mark.parametrize(
    "kept",
    [
        'attributes = ["mrn"]',
        'attributes = ["extra"]',
        'attributes = ["org"]',
        'reason = { column = "mrn" }',
        'activity = { column = "mrn" }',
        'waits_for = { column = ["reason", "extra"] }',
        'place = { column = "org" }',
    ],
)
def test_every_column_of_a_composed_number_is_kept_out(tmp_path, kept):
    """The order of its columns proves nothing: a site may stand before the number."""
    with pytest.raises(WholeflowError, match="as they are"):
        composed(tmp_path, kept)


@pytest.mark.parametrize("field", ["place", "from_place", "to_place", "team"])
def test_whose_number_it_is_may_be_kept_as_place_or_team(tmp_path, field):
    desk = composed(tmp_path, f'{field} = {{ column = "mrn" }}')
    desk.load(beds="org | mrn | extra | day\n1 | Trust | x | 2024-07-01")
    assert desk.said("events", field) == [("Trust",)]


def test_of_a_reference_of_several_columns_the_first_identifies(tmp_path):
    desk = composed(tmp_path, 'ref = { column = ["stay", "kind"] }\nattributes = ["kind"]')
    desk.load(beds="org|mrn|extra|stay|kind|day\n1|Trust|x|2|bed|2024-07-01")
    with pytest.raises(WholeflowError, match="as they are"):
        composed(tmp_path, 'ref = { column = ["stay", "kind"] }\nattributes = ["stay"]').load(
            beds="org|mrn|extra|stay|kind|day\n1|Trust|x|2|bed|2024-07-01"
        )


def composed(folder: Path, kept: str) -> Desk:
    """A desk for a file whose people are known by three columns together."""
    desk = Desk(folder, f"""
        source = "beds"
        times = ["%Y-%m-%d"]
        [[file]]
        feed = "beds"
        match = ["beds.csv"]
        [[file.says]]
        kind = "arrived"
        person = {{ column = ["org", "mrn", "extra"] }}
        at = {{ column = "day" }}
        {kept}
    """)  # fmt: skip
    read_mapping(desk.mapping)
    return desk


def test_an_identifier_of_another_saying_is_kept_out_too(tmp_path):
    desk = Desk(tmp_path, """
        source = "beds"
        times = ["%Y-%m-%d"]
        [[file]]
        feed = "beds"
        match = ["ed.csv"]
        [[file.says]]
        kind = "arrived"
        person = { column = "nhs" }
        at = { column = "arrived" }
        [[file.says]]
        table = "counts"
        name = { column = "nhs" }
        from_at = { column = "arrived" }
        to_at = { column = "arrived", plus = "day" }
        value = "1"
    """)  # fmt: skip
    with pytest.raises(WholeflowError, match="as they are"):
        desk.load(ed=rows({}))


def test_an_identifier_of_a_joined_file_is_kept_out_too(tmp_path):
    desk = Desk(tmp_path, """
        source = "beds"
        times = ["%Y-%m-%d %H:%M"]
        [[file]]
        feed = "beds"
        match = ["ed.csv"]
        join = [{ feed = "spells", on = "id" }]
        [[file.says]]
        kind = "arrived"
        person = { column = "number" }
        at = { column = "arrived" }
        team = { column = "spells.who" }
        [[file]]
        feed = "spells"
        match = ["spells.csv"]
        [[file.says]]
        table = "same_person"
        person = { column = "who" }
        same_as = { column = "other" }
        method = "merge"
    """)  # fmt: skip
    with pytest.raises(WholeflowError, match="as they are"):
        desk.load(ed=rows({}), spells="id | who | other\n1 | Ann | Ben")


def test_numbers_of_people_whom_only_some_rows_are_about_are_linked_in_these_only(tmp_path):
    """A row about a baby names her mother's numbers too: they are one person's, not hers."""
    desk = Desk(tmp_path, """
        source = "births"
        times = ["%Y-%m-%d"]
        [[file]]
        feed = "births"
        match = ["births.csv"]
        [[file.says]]
        when = { about = "mother" }
        kind = "contact"
        person = [{ column = "number", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }]
        at = { column = "day" }
        activity = { column = "name" }
        [[file.says]]
        when = { about = "baby" }
        kind = "contact"
        person = { column = "number", scheme = "acute" }
        at = { column = "day" }
        activity = { column = "name" }
    """)  # fmt: skip
    desk.load(births="""
        name | about  | number | nhs        | day
        Ann  | mother | 1      | 9434765919 | 2024-07-01
        Bea  | baby   | 2      | 9434765919 | 2024-07-01
    """)  # fmt: skip
    assert desk.people() == ["Ann", "Bea"]
