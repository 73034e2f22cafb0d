# ruff: noqa: E501 (drawn tables are as wide as they are)
"""What the keys of a mapping mean: cells, conditions, joins, extracts that replace, places, figures."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spec.feeds import Desk
from tests.spec.tables import at, expect

from wholeflow.core.errors import InputError

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`


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
    assert desk.rejects() == [(5, "day and hour: a time in none of the declared formats")]
    assert len(desk.said("unsaid", "id")) == 1  # a blank first cell says no time


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


# --- rows that say nothing ----------------------------------------------------------------------------

DATED = 'recorded_at = { column = "noted" }'


def test_a_correction_that_empties_a_row_takes_away_what_the_row_said(tmp_path):
    desk = desk_of(tmp_path, file=DATED)
    desk.load(ed="""
        id | who | at               | noted
        1  | Ann | 2024-07-01 09:00 | 2024-07-02 12:00
        2  | Ben | 2024-07-01 10:00 | 2024-07-02 12:00
    """)  # fmt: skip
    desk.load(ed="""
        id | who | at               | noted
        1  | Ann |                  | 2024-07-03 12:00
    """)  # fmt: skip
    assert desk.said("events", "at") == [(at("2024-07-01 10:00"),)]
    then = desk.view(as_of="2024-07-02 13:00").query("SELECT e.at FROM present_events AS e")
    assert sorted(then["at"].to_pylist()) == [at("2024-07-01 09:00"), at("2024-07-01 10:00")]
    desk.load(ed="""
        id | who | at               | noted
        1  | Ann | 2024-07-01 09:05 | 2024-07-04 12:00
    """)  # fmt: skip
    assert desk.said("events", "at") == [(at("2024-07-01 09:05"),), (at("2024-07-01 10:00"),)]
    assert desk.said("unsaid", "id") == []


def test_a_row_that_the_mapping_leaves_out_still_tells_who_somebody_is(tmp_path):
    desk = Desk(tmp_path, """
        source = "town"
        times = ["%Y-%m-%d %H:%M"]
        [[file]]
        feed = "visits"
        match = ["visits*.csv"]
        key = ["id"]
        each = { person = [{ column = "nhs", scheme = "nhs-number" }, { column = "own" }], place = "Home" }
        [[file.says]]
        kind = "contact"
        at = { column = "at" }
        activity = { column = "what" }
        unless = { what = "cancelled" }
    """)  # fmt: skip
    desk.load(visits="""
        id | nhs        | own | at               | what
        1  | 9434765919 | A1  | 2024-07-01 09:00 | cancelled
        2  | 9434765919 |     | 2024-07-01 10:00 | meal
        3  |            | A1  | 2024-07-01 11:00 | wash
    """)  # fmt: skip
    assert desk.rejects() == []
    assert desk.people() == ["meal wash"]


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
    assert len(desk.said("unsaid", "id")) == 5


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
    assert books.written == {"unsaid": len(words)}


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
    assert sorted(reason for _, reason in desk.rejects()) == [
        "spell: the key is blank",
        "spells.who: blank, and it must be there",
    ]


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


def test_an_extract_that_tells_several_times_of_recording_is_refused(tmp_path):
    """They are the times of last change: all but the newest rows would silently be hidden."""
    changed = "id | who | at | extract\na | Ann | 2024-01-31 09:00 | 2024-02-01\n"
    changed += "b | Ben | 2024-01-05 09:00 | 2024-02-03"
    for number, replaces in enumerate((BY_EXTRACT('"all"'), BY_MONTH)):
        (tmp_path / str(number)).mkdir()
        desk = desk_of(tmp_path / str(number), NAMED, file=replaces)
        with pytest.raises(InputError) as told:
            desk.load(ed=changed)
        assert "one extract tells several times of recording" in told.value.what
        assert told.value.where == "ed.csv"
        assert desk.store.query("SELECT * FROM records").num_rows == 0


def test_an_extract_may_tell_a_time_of_recording_for_each_month_that_it_replaces(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=BY_MONTH)
    desk.load(
        ed="id | who | at | extract\na | Ann | 2024-01-31 09:00 | 2024-02-01\n"
        "b | Ben | 2024-02-05 09:00 | 2024-03-01"
    )
    assert reasons(desk) == ["a", "b"]


# --- keys -------------------------------------------------------------------------------------------

BY_TWO = ONE_FEED.replace('key = ["id"]', 'key = ["id", "part"]')


def test_keys_of_several_columns_differ_where_any_column_does(tmp_path):
    desk = Desk(tmp_path, BY_TWO.format(top="", file="", says=NAMED))
    books = desk.load(ed=[
        {"id": "x|y", "part": "z", "who": "Ann", "at": "2024-07-01 09:00"},
        {"id": "x", "part": "y|z", "who": "Ann", "at": "2024-07-02 09:00"},
        {"id": "x", "part": "", "who": "Ann", "at": "2024-07-03 09:00"},
        {"id": "", "part": "x", "who": "Ann", "at": "2024-07-04 09:00"},
    ])  # fmt: skip
    assert (books.loaded, books.rejected) == (4, 0)


def test_blanks_around_a_key_are_no_part_of_it(tmp_path):
    desk = desk_of(tmp_path, ARRIVED)
    for cell in ("7", " 7", "7  "):
        desk.load(ed=[{"id": cell, "who": "Ann", "at": "2024-07-01 09:00"}])
    assert desk.store.query("SELECT * FROM records WHERE line > 0").num_rows == 1


@pytest.mark.parametrize("blank", ["", "  ", "NULL"])
def test_a_row_whose_key_is_blank_is_refused(tmp_path, blank):
    desk = desk_of(tmp_path, NAMED, top='blank = ["NULL"]')
    books = desk.load(ed=[
        {"id": "1", "who": "Ann", "at": "2024-07-01 09:00"},
        {"id": blank, "who": "Ben", "at": "2024-07-01 10:00"},
        {"id": blank, "who": "Cat", "at": "2024-07-01 11:00"},
    ])  # fmt: skip
    assert (books.loaded, books.rejected) == (1, 2)
    assert desk.rejects() == [(3, "id: the key is blank"), (4, "id: the key is blank")]
    assert "`key`" in desk.store.query("SELECT repair FROM rejects")["repair"][0].as_py()


# --- rows that take back ----------------------------------------------------------------------------

TAKEN = 'recorded_at = { column = "extract", format = "%Y-%m-%d" }\nwithdrawn = { state = "gone" }'
SENT = "id | who | at | extract | state | ward\n1 | Ann | 2024-07-01 09:00 | 2024-07-02 | | A\n"
SENT += "2 | Ben | 2024-07-01 09:00 | 2024-07-02 | | A"


@pytest.mark.parametrize("rest", [" | ", "Ann | ", " | soon"])
def test_a_row_that_takes_its_record_back_needs_only_its_key(tmp_path, rest):
    desk = desk_of(tmp_path, NAMED, file=TAKEN)
    desk.load(ed=SENT)
    books = desk.load(
        ed=f"id | who | at | extract | state | ward\n1 | {rest} | 2024-07-03 | gone | "
    )
    assert (books.loaded, books.rejected) == (1, 0)
    assert reasons(desk) == ["2"]
    expect(
        desk.view(as_of="2024-07-02 12:00"), "stays", "begin_at\n2024-07-01 09:00\n2024-07-01 09:00"
    )


def test_a_row_that_takes_back_without_a_key_or_a_time_is_refused(tmp_path):
    desk = desk_of(tmp_path, NAMED, file=TAKEN)
    books = desk.load(ed=SENT + "\n | | | 2024-07-03 | gone | \n1 | | | soon | gone | ")
    assert (books.loaded, books.rejected) == (2, 2)
    assert [line for line, _ in desk.rejects()] == [4, 5]


def test_who_somebody_is_is_taken_back_by_the_key_alone(tmp_path):
    desk = Desk(tmp_path, """
        source = "town"
        [[file]]
        feed = "index"
        match = ["index.csv"]
        key = ["id"]
        recorded_at = { column = "extract", format = "%Y-%m-%d" }
        withdrawn = { state = "gone" }
        traits = { postcode = { column = "post" } }
        each = { person = [{ column = "number", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }] }
    """)  # fmt: skip
    desk.load(index="id|number|nhs|post|extract|state\n1|7|9434765919|AB1|2024-07-01|")
    books = desk.load(index="id|number|nhs|post|extract|state\n1||||2024-07-02|gone")
    assert (books.loaded, books.rejected) == (1, 0)
    assert desk.said("traits", "postcode") == []
    assert desk.said("same_person", "method") == []


# --- flags ------------------------------------------------------------------------------------------

SITES = """
source = "town"
[[file]]
feed = "sites"
match = ["sites.csv"]
key = ["site"]
[[file.says]]
table = "places"
place = { column = "site" }
setting = "ward"
inside = { column = "ours" }
"""


def test_flags_are_read_as_they_are_written(tmp_path):
    desk = Desk(tmp_path, SITES)
    words = ["Y", "n", "Yes", "NO", "true", "False", "1", "0"]
    desk.load(sites=[{"site": f"s{n}", "ours": word} for n, word in enumerate(words)])
    assert [flag for _, flag in desk.said("places", "place", "inside")] == [True, False] * 4


def test_a_flag_that_says_neither_refuses_its_row(tmp_path):
    desk = Desk(tmp_path, SITES)
    books = desk.load(sites="site | ours\na | Y\nb | maybe")
    assert (books.loaded, books.rejected) == (1, 1)
    assert desk.rejects() == [(3, "ours: a code that the mapping does not list")]


def test_a_flag_may_have_codes_or_be_the_same_for_every_row(tmp_path):
    codes = '{ column = "ours", codes = { NHS = "true", Private = "false" } }'
    desk = Desk(tmp_path, SITES.replace('{ column = "ours" }', codes))
    desk.load(sites="site | ours\na | nhs\nb | Private\nc | other")
    assert desk.said("places", "place", "inside") == [("a", True), ("b", False)]
    assert [line for line, _ in desk.rejects()] == [4]
    (tmp_path / "same").mkdir()
    desk = Desk(tmp_path / "same", SITES.replace('{ column = "ours" }', "false"))
    desk.load(sites="site | ours\na | Y")
    assert desk.said("places", "inside") == [(False,)]


# --- Parquet, whose columns have types --------------------------------------------------------------


def taken(desk: Desk, **tables: pa.Table) -> Desk:
    """The desk, with Parquet files loaded."""
    from wholeflow.sources import read

    home = desk.files()
    for name, rows in tables.items():
        pq.write_table(rows, home / f"{name}.parquet")
    desk.take(read(home, mapping=desk.mapping))
    return desk


PARQUET = ONE_FEED.replace("ed*.csv", "ed*.parquet")
MORNING = datetime(2024, 7, 1, 9, 30)


@pytest.mark.parametrize("times", [["%Y-%m-%d"], ["%Y-%m"], ["%Y-%m-%d %H:%M"], ["%Y"]])
@pytest.mark.parametrize(
    ("kind", "when", "precision"),
    [
        (pa.timestamp("us"), "2024-07-01 09:30", "instant"),
        (pa.timestamp("ms", "UTC"), "2024-07-01 10:30", "instant"),
        (pa.date32(), "2024-07-01", "day"),
        (pa.date64(), "2024-07-01", "day"),
    ],
)
def test_times_of_parquet_are_as_precise_as_their_column(tmp_path, times, kind, when, precision):
    """Formats are for text; a column of times does not use them."""
    mapping = PARQUET.format(top="", file=f"times = {times}", says=ARRIVED)
    cells = pa.array([MORNING.date() if pa.types.is_date(kind) else MORNING, None], kind)
    rows = pa.table({"id": ["1", "2"], "who": ["Ann", "Ben"], "at": cells})
    desk = taken(Desk(tmp_path, mapping), ed=rows)
    assert desk.said("events", "at", "precision") == [(at(when), precision)]


def test_a_time_of_parquet_that_no_clock_showed_is_refused_whatever_the_formats(tmp_path):
    mapping = PARQUET.format(top="", file='times = ["%Y-%m-%d"]', says=ARRIVED)
    gap = pa.array([datetime(2024, 3, 31, 1, 30)], pa.timestamp("us"))
    desk = taken(Desk(tmp_path, mapping), ed=pa.table({"id": ["1"], "who": ["Ann"], "at": gap}))
    assert [reason.partition(": ")[2] for _, reason in desk.rejects()] == [
        "a local time that no clock showed, as the clocks went forward"
    ]


@pytest.mark.parametrize("kind", [pa.float64(), pa.decimal128(21, 2), pa.int64(), pa.string()])
def test_numbers_of_parquet_are_those_of_csv(tmp_path, kind):
    """A gap in a column of whole numbers makes fractions of them: 9434765919.0."""
    top = 'times = ["%Y-%m-%d %H:%M"]'
    mapping = PARQUET.replace('times = ["%Y-%m-%d %H:%M"]\n', "").format(
        top=top, file="", says=NAMED
    ).replace('{ column = "who" }', '{ column = "who", scheme = "nhs-number" }')  # fmt: skip
    mapping = mapping.replace('"ed*.parquet"', '"ed*.parquet", "ed*.csv"')
    desk = Desk(tmp_path, mapping)
    numbers = [9434765919, 4010232137, None]
    cells = pa.array(numbers, pa.int64()).cast(kind)
    when = ["2024-07-01 09:00"] * 3
    taken(desk, ed=pa.table({"id": cells, "who": cells, "at": when}))
    assert [reason for _, reason in desk.rejects()] == [
        "id: the key is blank",
        "who: blank, and it must be there",
    ]
    assert desk.doubts() == []
    assert reasons(desk) == ["4010232137", "9434765919"]
    books = desk.load(
        ed=[{"id": n, "who": n, "at": t} for n, t in zip(numbers[:2], when, strict=False)]
    )
    assert (books.already, books.loaded) == (2, 0)


def test_fractions_of_parquet_stay_and_what_is_no_number_is_blank(tmp_path):
    cells = pa.array([0.1, 1e15, -2.5, float("nan"), 3.0, 1e300], pa.float64())
    rows = pa.table(
        {"id": list("abcdef"), "who": ["Ann"] * 6, "at": ["2024-07-01 09:00"] * 6, "why": cells}
    )
    says = ARRIVED + 'reason = { column = "why" }'
    desk = taken(Desk(tmp_path, PARQUET.format(top="", file="", says=says)), ed=rows)
    assert desk.said("events", "reason") == sorted(
        [("0.1",), ("1000000000000000",), ("-2.5",), (None,), ("3",), ("1e+300",)], key=repr
    )


CLOCKS = [
    (pa.array([MORNING], pa.timestamp("us")), "2024-07-01 09:30", "instant"),
    (pa.array([MORNING], pa.timestamp("us", "UTC")), "2024-07-01 10:30", "instant"),
    (pa.array([MORNING.date()], pa.date32()), "2024-07-01", "day"),
]


@pytest.mark.parametrize(("cells", "when", "precision"), CLOCKS)
def test_times_that_a_row_looks_up_stay_times(tmp_path, cells, when, precision):
    desk = Desk(tmp_path, """
        source = "wards"
        times = ["%d/%m/%Y %H:%M"]
        [[file]]
        feed = "wards"
        match = ["wards.parquet"]
        key = ["stay"]
        join = [{ feed = "spells", on = "spell" }]
        [[file.says]]
        kind = "arrived"
        person = { column = "spells.who" }
        at = { column = "spells.came" }
        [[file]]
        feed = "spells"
        match = ["spells*"]
    """)  # fmt: skip
    wards = pa.table({"stay": ["1", "2"], "spell": [7.0, None]})
    spells = pa.table({"spell": [7], "who": ["Ann"], "came": cells})
    taken(desk, wards=wards, spells=spells)
    assert desk.said("events", "at", "precision") == [(at(when), precision)]
    others = pa.table({"spell": ["8"], "who": ["Ben"], "came": ["01/07/2024 09:30"]})
    with pytest.raises(InputError, match="others as text") as told:
        taken(desk, wards=wards, spells=spells, spells2=others)
    assert told.value.where == "spells2.parquet"


NATIVE_DAY = pa.array([MORNING.date()] * 3, pa.date32())
MIDNIGHT = pa.array([datetime(2024, 7, 1)] * 3, pa.timestamp("ns"))
NATIVE_HOUR = pa.array([MORNING.time(), None, MORNING.time()], pa.time64("us"))


@pytest.mark.parametrize(
    ("day", "hour", "right"),
    [
        (NATIVE_DAY, ["09:30", None, "soon"], 2),
        (MIDNIGHT, ["09:30", "", "soon"], 2),
        (NATIVE_DAY, NATIVE_HOUR, 3),
        (["01/07/2024"] * 3, NATIVE_HOUR, 3),
        (["01/07/2024"] * 3, NATIVE_HOUR.cast(pa.time32("s")), 3),
    ],
)
def test_a_day_and_an_hour_in_two_columns_may_each_be_text_or_not(tmp_path, day, hour, right):
    says = """
        [[file.says]]
        kind = "arrived"
        at = { column = ["day", "hour"], format = ["%d/%m/%Y %H:%M", "%d/%m/%Y"] }
    """
    rows = pa.table({"id": list("abc"), "who": list("abc"), "day": day, "hour": hour})
    desk = taken(Desk(tmp_path, PARQUET.format(top="", file="", says=says)), ed=rows)
    found = [
        (at("2024-07-01 09:30"), "instant"),
        (at("2024-07-01"), "day"),
        (at("2024-07-01 09:30"), "instant"),
    ]
    assert desk.said("events", "at", "precision") == sorted(found[:right], key=repr)


def test_a_joined_file_is_read_once_for_all_files_that_look_it_up(tmp_path, monkeypatch):
    desk = joined(tmp_path)
    home = desk.files(wards=WARDS, spells=SPELLS)
    for number in range(3):
        (home / f"wards {number}.csv").write_bytes((home / "wards.csv").read_bytes())
    from wholeflow.sources import joins, read

    opened = []
    pieces = joins.pieces
    monkeypatch.setattr(
        joins, "pieces", lambda path, *rest: opened.append(path.name) or pieces(path, *rest)
    )
    desk.take(read(home, mapping=desk.mapping))
    assert opened == ["spells.csv"]


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
