# ruff: noqa: E501 (drawn tables are as wide as they are)
"""What the keys of a mapping mean: cells, conditions, joins, extracts that replace, places, figures."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spec.feeds import Desk
from tests.spec.tables import at, expect

from wholeflow.core.errors import InputError

ONE_FEED = """
source = "ed"
times = ["%Y-%m-%d %H:%M"]
{top}

[[file]]
feed = "ed-book"
match = ["ed*.csv"]
key = ["id"]
{file}

[file.each]
person = {{ column = "who" }}
place = "ED"

{says}
"""

ARRIVED = '[[file.says]]\nkind = "arrived"\nat = { column = "at" }\n'


def desk_of(folder: Path, says: str = ARRIVED, *, top: str = "", file: str = "") -> Desk:
    return Desk(folder, ONE_FEED.format(top=top, file=file, says=says))


# --- cells of several columns -----------------------------------------------------------------------


def test_a_time_may_stand_in_two_columns_and_a_missing_hour_gives_a_day(tmp_path):
    desk = desk_of(tmp_path, """
        [[file.says]]
        kind = "arrived"
        at = { column = ["day", "hour"], format = ["%d/%m/%Y %H:%M", "%d/%m/%Y"] }
    """)  # fmt: skip
    desk.load(ed="""
        id | who | day        | hour
        1  | Ann | 01/07/2024 | 09:30
        2  | Ben | 02/07/2024 |
        3  | Cat |            | 10:00
        4  | Dan | 03/07/2024 | soon
    """)  # fmt: skip
    assert desk.said("events", "at", "precision") == [
        (at("2024-07-01 09:30"), "instant"),
        (at("2024-07-02"), "day"),
    ]
    assert [line for line, _ in desk.rejects()] == [4, 5]  # a blank first cell says no time
    assert desk.rejects()[1][1] == "day and hour: a time in none of the declared formats"


def test_a_code_may_stand_in_two_columns(tmp_path):
    desk = desk_of(tmp_path, ARRIVED + """
        reason = { column = ["group", "detail"], codes = { "A 1" = "fall" } }
    """)  # fmt: skip
    desk.load(ed="""
        id | who | at               | group | detail
        1  | Ann | 2024-07-01 09:00 | A     | 1
        2  | Ben | 2024-07-01 09:00 | B     |
    """)  # fmt: skip
    assert desk.said("events", "reason") == [("B",), ("fall",)]


def test_a_clock_of_twelve_hours_tells_the_instant(tmp_path):
    desk = desk_of(tmp_path, ARRIVED.replace('"at" }', '"at", format = "%d/%m/%Y %I:%M %p" }'))
    desk.load(ed="id | who | at\n1 | Ann | 01/07/2024 09:30 PM")
    assert desk.said("events", "at", "precision") == [(at("2024-07-01 21:30"), "instant")]


def test_columns_may_be_called_what_they_like(tmp_path):
    """Names such as `From;to`: a row that can't be used is refused under its column's name."""
    says = """
        [[file.says]]
        kind = "arrived"
        at = { column = "Time; of | arrival (it's \\"local\\")" }
    """
    desk = desk_of(tmp_path, says.replace("\\\\", "\\"))
    (tmp_path / "ed.csv").write_text(
        'id,who,"Time; of | arrival (it\'s ""local"")"\n1,Ann,soon\n', "utf-8"
    )
    from wholeflow.sources import read

    desk.take(read(tmp_path / "ed.csv", mapping=desk.mapping))
    assert [reason.partition(": ")[0] for _, reason in desk.rejects()] == [
        'Time; of | arrival (it\'s "local")'
    ]


# --- conditions -------------------------------------------------------------------------------------


def reasons(desk: Desk) -> list[str]:
    return [reason for (reason,) in desk.said("events", "reason")]


def test_when_all_must_hold_and_unless_none_may(tmp_path):
    desk = desk_of(tmp_path, ARRIVED + """
        reason = { column = "id" }
        when = { kind = ["walk in", "ambulance"], seen = true }
        unless = { kind = "ambulance", gone = true }
    """)  # fmt: skip
    desk.load(ed="""
        id | who | at               | kind      | seen | gone
        a  | Ann | 2024-07-01 09:00 | walk in   | yes  |
        b  | Ann | 2024-07-01 09:00 | walk in   |      |
        c  | Ann | 2024-07-01 09:00 | other     | yes  |
        d  | Ann | 2024-07-01 09:00 | ambulance | yes  |
        e  | Ann | 2024-07-01 09:00 | walk in   | yes  | yes
        f  | Ann | 2024-07-01 09:00 |           | yes  |
    """)  # fmt: skip
    assert reasons(desk) == ["a"]
    assert [line for line, _ in desk.rejects()] == [3, 4, 5, 6, 7]


def test_unless_blank_holds_for_rows_where_the_cell_is_filled(tmp_path):
    desk = desk_of(tmp_path, ARRIVED + 'reason = { column = "id" }\nunless = { seen = false }')
    desk.load(ed="""
        id | who | at               | seen
        a  | Ann | 2024-07-01 09:00 | yes
        b  | Ann | 2024-07-01 09:00 |
    """)  # fmt: skip
    assert reasons(desk) == ["a"]


WRITTEN = [
    "Pre-op  check",
    "PRE-OP CHECK",
    "pre-opcheck",
    "pre\u2010op check",
    "Pre\u2011op check",
    "Pre\u2013op check",
    "Pre\u2014op check",
    "Pre\u2212op check",
    "Pre-op\u00a0check",
    " Pre-op check ",
]


@pytest.mark.parametrize(
    "clause",
    ['when = { word = "Pre-op check" }', 'reason = { column = "word", codes = { "Pre-op check" = "x" } }'],
)  # fmt: skip
def test_words_match_without_regard_to_case_spaces_and_kinds_of_dash(tmp_path, clause):
    desk = desk_of(tmp_path, ARRIVED + clause)
    rows = [
        {"id": n, "who": "Ann", "at": "2024-07-01 09:00", "word": w} for n, w in enumerate(WRITTEN)
    ]
    books = desk.load(ed=rows)
    assert (books.loaded, desk.doubts()) == (len(WRITTEN), [])
    if "codes" in clause:
        assert set(reasons(desk)) == {"x"}


def test_words_that_differ_by_more_do_not_match(tmp_path):
    desk = desk_of(tmp_path, ARRIVED + 'when = { word = "Pre-op check" }')
    words = ["Pre op check", "Pre-op checks", "Pre-op", "", "Pré-op check"]
    rows = [
        {"id": n, "who": "Ann", "at": "2024-07-01 09:00", "word": w} for n, w in enumerate(words)
    ]
    books = desk.load(ed=rows)
    assert books.loaded == 0


def test_of_two_codes_that_differ_by_case_each_means_its_own(tmp_path):
    desk = desk_of(
        tmp_path,
        ARRIVED
        + 'reason = { column = "code", codes = { a = "small", A = "large", "b-c" = "dashed" } }',
    )
    desk.load(ed="""
        id | who | at               | code
        1  | Ann | 2024-07-01 09:00 | a
        2  | Ann | 2024-07-01 09:00 | A
        3  | Ann | 2024-07-01 09:00 | B - C
    """)  # fmt: skip
    assert reasons(desk) == ["dashed", "large", "small"]


# --- codes ------------------------------------------------------------------------------------------


def test_an_unlisted_code_of_an_open_list_is_kept_and_doubted(tmp_path):
    desk = desk_of(tmp_path, ARRIVED + 'reason = { column = "code", codes = { H = "home" } }')
    desk.load(ed="""
        id | who | at               | code
        1  | Ann | 2024-07-01 09:00 | H
        2  | Ben | 2024-07-01 09:00 | Q7
        3  | Cat | 2024-07-01 09:00 |
    """)  # fmt: skip
    assert desk.said("events", "reason") == [("Q7",), ("home",), (None,)]
    assert desk.doubts() == [(3, "code", "unlisted code")]


def test_an_unlisted_code_of_a_closed_list_rejects_its_row(tmp_path):
    desk = desk_of(tmp_path, """
        [[file.says]]
        kind = { column = "code", codes = { A = "arrived", L = "left" } }
        at = { column = "at" }
    """)  # fmt: skip
    desk.load(ed="""
        id | who | at               | code
        1  | Ann | 2024-07-01 09:00 | a
        2  | Ben | 2024-07-01 09:00 | Q7
        3  | Cat | 2024-07-01 09:00 |
    """)  # fmt: skip
    assert desk.said("events", "kind") == [("arrived",)]
    assert desk.rejects() == [
        (3, "code: a code that the mapping does not list"),
        (4, "code: blank, and it must be there"),
    ]


# --- joins ------------------------------------------------------------------------------------------

JOINED = """
source = "acute"
times = ["%Y-%m-%d %H:%M"]
blank = ["NULL"]

[[file]]
feed = "wards"
match = ["wards*"]
key = ["stay"]
join = [{ feed = "spells", on = { spell_no = "spell" } }]

[file.each]
person = { column = "spells.who" }
place = { column = "spells.site" }

[[file.says]]
kind = "arrived"
at = { column = "start" }
activity = { column = "stay" }

[[file.says]]
when = { "spells.state" = "open" }
kind = "ready"
at = { column = "spells.ready" }

[[file]]
feed = "spells"
match = ["spells*"]
key = ["spell"]
recorded_at = { column = "recorded", format = "%Y-%m-%d" }

[[file.says]]
table = "person_facts"
person = { column = "who" }
fact = "site"
value = { column = "site" }
"""

WARDS = """
    stay | spell_no | start
    w1   | 1        | 2024-07-01 09:00
    w2   | 2        | 2024-07-01 10:00
    w3   | 3        | 2024-07-01 11:00
    w4   |          | 2024-07-01 12:00
"""
SPELLS = """
    spell | who | site | state  | ready            | recorded
    1     | Ann | East | open   | 2024-07-02 09:00 | 2024-07-05
    2     | Ben | West | closed | 2024-07-02 10:00 | 2024-07-05
"""


def joined(folder: Path) -> Desk:
    return Desk(folder, JOINED)


def test_a_row_takes_person_place_time_and_condition_from_the_row_that_it_names(tmp_path):
    desk = joined(tmp_path)
    desk.load(wards=WARDS, spells=SPELLS)
    assert desk.said("events", "kind", "place", "at") == [
        ("arrived", "East", at("2024-07-01 09:00")),
        ("arrived", "West", at("2024-07-01 10:00")),
        ("ready", "East", at("2024-07-02 09:00")),
    ]


def test_a_row_that_names_no_row_of_the_joined_file_is_refused_with_the_reason(tmp_path):
    desk = joined(tmp_path)
    desk.load(wards=WARDS, spells=SPELLS)
    assert desk.rejects() == [(n, "spells.who: blank, and it must be there") for n in (4, 5)]


def test_a_word_that_stands_for_a_blank_joins_nothing(tmp_path):
    desk = joined(tmp_path)
    desk.load(
        wards="stay | spell_no | start\nw1 | NULL | 2024-07-01 09:00",
        spells="spell | who | site | state | ready | recorded\nNULL | Ann | East | open | | 2024-07-05",
    )
    assert desk.said("events", "kind") == []
    assert [reason for _, reason in desk.rejects()] == ["spells.who: blank, and it must be there"]


def test_of_several_rows_with_one_key_the_latest_recorded_counts(tmp_path):
    rows = """
        spell | who | site | state  | ready | recorded
        1     | Ann | East | closed |       | 2024-07-05
        1     | Ann | West | closed |       | 2024-07-06
        1     | Ann | Away | closed |       |
    """
    for order in (slice(None), slice(None, None, -1)):
        lines = rows.strip().splitlines()
        folder = tmp_path / str(order.step)
        folder.mkdir()
        desk = joined(folder)
        desk.load(wards=WARDS.rsplit("w2", 1)[0], spells="\n".join([lines[0], *lines[1:][order]]))
        assert [place for (place,) in desk.said("events", "place")] == ["West"]


def test_rows_of_one_key_that_contradict_each_other_refuse_the_row_that_names_them(tmp_path):
    desk = joined(tmp_path)
    desk.load(
        wards=WARDS.rsplit("w3", 1)[0],
        spells="""
            spell | who | site | state  | ready | recorded
            1     | Ann | East | closed |       | 2024-07-05
            1     | Cat | East | closed |       | 2024-07-05
            2     | Ben | West | closed |       | 2024-07-05
            2     | Ben | NULL | closed |       | 2024-07-05
        """,
    )
    assert desk.said("events", "place") == [("West",)]
    assert (2, "the joined file says two things about it") in desk.rejects()
    assert not any(line == 3 and "joined" in reason for line, reason in desk.rejects())


def test_a_withdrawn_row_of_the_joined_file_says_nothing(tmp_path):
    desk = Desk(tmp_path, JOINED.replace(
        'recorded_at = { column = "recorded"', 'withdrawn = { state = "deleted" }\nrecorded_at = { column = "recorded"'
    ))  # fmt: skip
    desk.load(
        wards=WARDS.rsplit("w3", 1)[0],
        spells="""
            spell | who | site | state   | ready | recorded
            1     | Ann | East | closed  |       | 2024-07-05
            1     | Ann | East | deleted |       | 2024-07-06
            2     | Ben | West | closed  |       | 2024-07-05
        """,
    )
    assert desk.said("events", "place") == [("West",)]
    assert desk.rejects() == [(2, "spells.who: blank, and it must be there")]


def test_the_joined_rows_may_be_spread_over_files_of_several_kinds(tmp_path):
    desk = joined(tmp_path)
    home = desk.files(wards=WARDS.replace("w4   |          ", "w4   | 4        "), spells=SPELLS)
    csv = (home / "spells.csv").read_bytes()
    (home / "spells 2.csv.gz").write_bytes(
        gzip.compress(csv.replace(b"1,Ann", b"3,Cat").replace(b"2,Ben", b"9,Eve"))
    )
    rows = pa.table(
        {
            "spell": [4],
            "who": ["Dan"],
            "site": ["North"],
            "state": ["closed"],
            "ready": [""],
            "recorded": ["2024-07-05"],
        }
    )
    pq.write_table(rows, home / "spells 3.parquet")
    from wholeflow.sources import read

    desk.take(read(home, mapping=desk.mapping))
    assert sorted(desk.said("events", "place", "activity"), key=str)[-1][0] is not None
    found = {
        activity: place for place, activity in desk.said("events", "place", "activity") if activity
    }
    assert found == {"w1": "East", "w2": "West", "w3": "East", "w4": "North"}


def test_two_files_may_be_joined_one_through_its_own_columns_each(tmp_path):
    desk = Desk(tmp_path, """
        source = "acute"
        times = ["%Y-%m-%d %H:%M"]

        [[file]]
        feed = "moves"
        match = ["moves.csv"]
        key = ["move"]
        join = [{ feed = "spells", on = "spell" }, { feed = "wards", on = { ward = "code", site = "site" } }]
        [file.each]
        person = { column = "spells.who" }
        place = { column = "wards.name" }
        [[file.says]]
        kind = "arrived"
        at = { column = "at" }

        [[file]]
        feed = "spells"
        match = ["spells.csv"]
        [[file.says]]
        table = "person_facts"
        person = { column = "who" }
        fact = "known"
        value = "yes"

        [[file]]
        feed = "wards"
        match = ["wards.csv"]
        [[file.says]]
        table = "places"
        place = { column = "name" }
        setting = "ward"
    """)  # fmt: skip
    desk.load(
        moves="""
            move | spell | ward | site | at
            1    | s1    | 01   | E    | 2024-07-01 09:00
            2    | s1    | 01   | W    | 2024-07-02 09:00
        """,
        spells="spell | who\ns1 | Ann",
        wards="code | site | name\n01 | E | East ward\n01 | W | West ward",
    )
    expect(
        desk.view(),
        "stays",
        "place | begin_at\nEast ward | 2024-07-01 09:00\nWest ward | 2024-07-02 09:00",
    )


def test_where_no_file_of_the_joined_feed_is_there_it_is_said_before_anything_is_loaded(tmp_path):
    """The rows could only be refused one by one, each for want of its person."""
    desk = joined(tmp_path)
    with pytest.raises(InputError) as told:
        desk.load(wards=WARDS)
    assert "spells" in str(told.value)


def test_a_file_that_is_only_looked_up_needs_to_say_nothing(tmp_path):
    desk = Desk(tmp_path, JOINED.partition("\n[[file.says]]\ntable = ")[0])
    books = desk.load(wards=WARDS.rsplit("w3", 1)[0], spells=SPELLS)
    assert (books.read, books.loaded) == (2, 2)
    assert len(desk.said("events", "place")) == 3
    assert "nothing of its own" in desk.reading(wards=WARDS, spells=SPELLS).explain()


def test_a_file_that_lacks_a_column_that_is_looked_up_is_named(tmp_path):
    desk = joined(tmp_path)
    with pytest.raises(InputError) as told:
        desk.load(
            wards=WARDS,
            spells="spell | who | site | state | recorded\n1 | Ann | East | open | 2024-07-05",
        )
    assert "ready" in str(told.value) and told.value.where == "spells.csv"


def test_a_file_may_be_an_index_of_people(tmp_path):
    """It says who people are and no more; a row that does not even say that is refused."""
    desk = Desk(tmp_path, """
        source = "town"
        times = ["%Y-%m-%d %H:%M"]
        [[file]]
        feed = "index"
        match = ["index.csv"]
        traits = { birth_date = { column = "born", format = "%Y-%m-%d" } }
        each = { person = [{ column = "number", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }] }
        [[file]]
        feed = "book"
        match = ["book.csv"]
        [[file.says]]
        kind = "contact"
        person = { column = "number", scheme = "acute" }
        at = { column = "at" }
        activity = { column = "name" }
        [[file]]
        feed = "calls"
        match = ["calls.csv"]
        [[file.says]]
        kind = "contact"
        person = { column = "nhs", scheme = "nhs-number" }
        at = { column = "at" }
        activity = { column = "name" }
    """)  # fmt: skip
    books = desk.load(
        index="number | nhs | born\n1 | 9434765919 | 1950-01-02\n2 | | 1950-01-02\n | | 1950-01-02",
        book="name | number | at\na | 1 | 2024-07-01 09:00",
        calls="name | nhs | at\nb | 943 476 5919 | 2024-07-01 09:00",
    )
    assert (books.loaded, books.rejected) == (4, 1)
    assert desk.people() == ["a b"]


# --- extracts that replace --------------------------------------------------------------------------

BY_EXTRACT = 'recorded_at = {{ column = "extract", format = "%Y-%m-%d" }}\nreplaces = {}\n'.format
NAMED = ARRIVED + 'reason = { column = "id" }\n'
BY_MONTH = BY_EXTRACT('{ column = "at", by = "month" }')


def extract(day: str, rows: str) -> str:
    """Rows of an extract: ids and times, as `a 01-31 09:00, b 02-01 10:00`."""
    lines = []
    for row in rows.split(","):
        name, when = row.strip().split(" ", 1)
        lines.append(f"{name} | who {name} | 2024-{when} | 2024-{day}")
    return "\n".join(["id | who | at | extract", *lines])


def test_a_newer_extract_replaces_all_of_its_feed(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=BY_EXTRACT('"all"'))
    desk.load(ed=extract("08-01", "a 01-01 09:00, b 02-01 09:00"))
    desk.load(ed=extract("09-01", "b 02-01 09:00, c 03-01 09:00"))
    assert reasons(desk) == ["b", "c"]
    expect(desk.view(as_of="2024-08-15"), "stays", "begin_at\n2024-01-01 09:00\n2024-02-01 09:00")


def test_an_older_extract_that_comes_after_the_newer_changes_nothing(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=BY_EXTRACT('"all"'))
    desk.load(ed=extract("09-01", "b 02-01 09:00, c 03-01 09:00"))
    desk.load(ed=extract("08-01", "a 01-01 09:00, b 02-01 09:00"))
    assert reasons(desk) == ["b", "c"]
    expect(desk.view(as_of="2024-08-15"), "stays", "begin_at\n2024-01-01 09:00\n2024-02-01 09:00")


@pytest.mark.parametrize(
    ("by", "left"),
    [
        ("day", ["a", "b", "d"]),
        ("week", ["b", "d"]),  # 15 February 2024 was a Thursday: a is of its week
        ("month", ["b", "d"]),
        ("quarter", ["d"]),
        ("year", ["d"]),
    ],
)
def test_a_newer_extract_replaces_the_periods_that_it_holds(tmp_path, by, left):
    desk = desk_of(tmp_path, NAMED, file=BY_EXTRACT(f'{{ column = "at", by = "{by}" }}'))
    desk.load(ed=extract("08-01", "a 02-14 09:00, b 01-31 23:59"))
    desk.load(ed=extract("09-01", "d 02-15 09:00"))
    assert reasons(desk) == left


def test_a_row_that_moved_to_another_month_is_there_once(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=BY_MONTH)
    desk.load(ed=extract("08-01", "a 01-31 23:50, b 01-05 09:00"))
    desk.load(ed=extract("09-01", "a 02-01 00:10"))  # only February is sent again
    assert reasons(desk) == ["a", "b"]
    desk.load(ed=extract("10-01", "b 01-05 09:00"))
    assert reasons(desk) == ["a", "b"]
    desk.load(ed=extract("11-01", "c 02-01 09:00, b 01-05 09:00"))
    assert reasons(desk) == ["b", "c"]
    expect(desk.view(as_of="2024-10-15"), "stays", "begin_at\n2024-01-05 09:00\n2024-02-01 00:10")


def test_months_begin_by_the_clock_of_the_source(tmp_path):
    """23:30 UTC on 30 June is July in London."""
    desk = desk_of(tmp_path, NAMED.replace("column = \"at\" }", 'column = "at", format = "%Y-%m-%d %H:%M%z" }'),
                   file=BY_EXTRACT('{ column = "at", format = "%Y-%m-%d %H:%M%z", by = "month" }'))  # fmt: skip
    desk.load(ed=extract("08-01", "a 06-30 23:30+0000, b 06-30 22:30+0000"))
    desk.load(ed=extract("09-01", "c 07-15 09:00+0000"))
    assert reasons(desk) == ["b", "c"]


def test_a_row_whose_period_cannot_be_read_is_refused(tmp_path):
    """Else no later extract could replace it; one that belongs to no period stays until it is mended."""
    desk = desk_of(
        tmp_path, NAMED, file=BY_EXTRACT('{ column = "month", format = "%Y-%m", by = "month" }')
    )
    books = desk.load(ed="""
        id | who | at               | month   | extract
        a  | Ann | 2024-07-01 09:00 | 2024-07 | 2024-08-01
        b  | Ben | 2024-07-01 09:00 | July    | 2024-08-01
        c  | Cat | 2024-07-01 09:00 |         | 2024-08-01
    """)  # fmt: skip
    assert (books.loaded, books.rejected) == (2, 1)
    assert desk.rejects() == [(3, "month: a time in none of the declared formats")]


def test_extracts_of_one_feed_do_not_replace_those_of_another(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=BY_EXTRACT('"all"'))
    desk.load(ed=extract("08-01", "a 01-01 09:00"))
    (tmp_path / "other").mkdir()
    other = Desk(
        tmp_path / "other",
        desk.mapping.read_text().replace('"ed-book"', '"mau-book"'),
        store=desk.store,
    )
    other.load(ed=extract("09-01", "b 01-01 09:00"))
    assert reasons(desk) == ["a", "b"]


# --- the end of a period ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plus", "start", "end"),
    [
        ("day", "2024-10-27", "2024-10-28"),  # a day of 25 hours
        ("week", "2024-10-21", "2024-10-28"),
        ("month", "2024-02-01", "2024-03-01"),
        ("month", "2024-12-01", "2025-01-01"),
        ("month", "2024-01-31", "2024-02-29"),
        ("quarter", "2024-10-01", "2025-01-01"),
        ("quarter", "2024-11-30", "2025-02-28"),
        ("year", "2024-04-01", "2025-04-01"),
        ("year", "2024-02-29", "2025-02-28"),
    ],
)
def test_plus_moves_a_date_on_by_a_period(tmp_path, plus, start, end):
    desk = Desk(tmp_path, f"""
        source = "beds"
        times = ["%Y-%m-%d"]
        [[file]]
        feed = "beds"
        match = ["beds.csv"]
        [[file.says]]
        table = "counts"
        name = "beds"
        from_at = {{ column = "from" }}
        to_at = {{ column = "from", plus = "{plus}" }}
        value = {{ column = "n" }}
    """)  # fmt: skip
    desk.load(beds=[{"from": start, "n": 5}])
    assert desk.said("counts", "from_at", "to_at") == [(at(start), at(end))]


# --- figures ----------------------------------------------------------------------------------------


def test_a_blank_figure_is_kept_as_not_published_and_never_nought(tmp_path):
    desk = Desk(tmp_path, """
        source = "published"
        times = ["%Y-%m"]
        blank = ["*"]
        [[file]]
        feed = "monthly"
        match = ["monthly.csv"]
        key = ["month"]
        [[file.says]]
        table = "counts"
        name = "attendances"
        from_at = { column = "month" }
        to_at = { column = "month", plus = "month" }
        value = { column = "n" }
    """)  # fmt: skip
    books = desk.load(
        monthly="month | n\n2024-01 | 7\n2024-02 | *\n2024-03 |\n2024-04 | 0\n2024-05 | many"
    )
    assert (books.loaded, books.rejected) == (4, 1)
    assert desk.said("counts", "value") == [(0.0,), (7.0,), (None,), (None,)]
    assert desk.rejects() == [(6, "n: not a number")]


# --- places that rows declare -----------------------------------------------------------------------


def test_rows_may_say_what_their_places_are_and_who_runs_them(tmp_path):
    desk = desk_of(tmp_path, """
        [[file.says]]
        kind = "started"
        place = { column = "site" }
        at = { column = "at" }

        [[file.says]]
        when = { kind = "care home" }
        table = "places"
        place = { column = "site" }
        organisation = { column = "provider" }
        setting = "care_home"

        [[file.says]]
        unless = { kind = "care home" }
        table = "places"
        place = { column = "site" }
        organisation = { column = "provider" }
        setting = "home_care"
        holds = "caseload"
    """)  # fmt: skip
    desk.load(ed="""
        id | who | at               | site | kind      | provider
        1  | Ann | 2024-07-01 09:00 | P1   | care home | Willow
        2  | Ben | 2024-07-01 09:00 | P2   | visits    | Sunrise
        3  | Cat | 2024-07-01 09:00 | P1   | Care Home | Willow
    """)  # fmt: skip
    expect(desk.view(), "stays", """
        place | setting   | organisation
        P1    | care_home | Willow
        P1    | care_home | Willow
        P2    | home_care | Sunrise
    """)  # fmt: skip


def test_a_feed_says_who_keeps_it(tmp_path):
    desk = desk_of(tmp_path, file='organisation = "Northmoor Trust"')
    desk.load(ed="id | who | at\n1 | Ann | 2024-07-01 09:00")
    found = desk.store.query("SELECT organisation FROM sources WHERE organisation <> ''")
    assert found["organisation"].to_pylist() == ["Northmoor Trust"]


# --- in words ---------------------------------------------------------------------------------------


def test_a_mapping_is_explained_in_words(tmp_path):
    desk = Desk(tmp_path, """
        source = "town"
        title = "A town"
        times = ["%d/%m/%Y %H:%M"]
        blank = ["NULL", "n/a"]
        [[file]]
        feed = "wards"
        organisation = "Northmoor Trust"
        match = ["wards.csv"]
        key = ["stay"]
        recorded_at = { column = "extract" }
        replaces = { column = "start", by = "month" }
        withdrawn = { state = "deleted" }
        join = [{ feed = "spells", on = { spell_no = "spell" } }]
        traits = { birth_date = { column = "born", format = "%d/%m/%Y" }, sex = { column = "sex", codes = { "1" = "male" } } }
        [file.each]
        person = [{ column = "spells.number", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }]
        [[file.says]]
        when = { kind = ["A", "B"] }
        unless = { gone = true }
        kind = "arrived"
        at = { column = ["start", "hour"], format = ["%d/%m/%Y %H:%M", "%d/%m/%Y"] }
        reason = { column = "why", codes = { F = "fall", S = "stroke" } }
        [[file]]
        feed = "spells"
        match = ["spells.csv"]
        replaces = "all"
        key = ["spell"]
        recorded_at = { column = "extract" }
        [[file.says]]
        table = "counts"
        name = "spells"
        from_at = { column = "from" }
        to_at = { column = "from", plus = "quarter" }
        value = { column = "n" }
    """)  # fmt: skip
    said = desk.reading(
        wards="stay|spell_no|extract|state|born|sex|nhs|kind|gone|start|hour|why\n1|||||||||||",
        spells="spell|number|extract|from|n\n1||||",
    ).explain()
    lines = said.splitlines()
    assert lines[0] == "A town: times are local time of Europe/London, clock shared."
    for words in (
        "wards.csv is wards",
        "kept by Northmoor Trust",
        "a record is named by stay",
        "when it was recorded: column extract as %d/%m/%Y %H:%M",
        "a newer extract replaces the rows of each month of column start as %d/%m/%Y %H:%M",
        "a newer extract replaces all of its rows",
        "it is taken back when state is deleted",
        "it is read with the row of spells whose spell is this file's spell_no",
        "words for blank are NULL, n/a",
        "person = column spells.number (acute), else column nhs (nhs-number)",
        "events: ",
        "at = column start and hour as %d/%m/%Y %H:%M or %d/%m/%Y",
        "reason = column why (2 codes)",
        "when kind is A or B unless gone is filled",
        "birth_year = column born (birth year)",
        "sex = column sex (sex) (1 code)",
        "same_as = column nhs (nhs-number), method = shared number",
        "plus a quarter",
    ):
        assert words in said, words
