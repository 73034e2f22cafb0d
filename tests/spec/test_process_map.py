# ruff: noqa: E501 (drawn tables are as wide as they are)
"""What a map says: what follows what, and after how long (§31), and which ways there are (§32)."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spec.tables import KEY, drawn, log_of, put, worked_out
from typer.testing import CliRunner

import wholeflow as wf
from wholeflow.cli import app
from wholeflow.core.errors import InputError, RequestError, UnsupportedError
from wholeflow.diagnosis import Filters, log_file, process_map, variants
from wholeflow.journeys import journeys
from wholeflow.store import open_store

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

PLACES = """
    place       | holds
    ED          | body
    Ward        | body
    Home care   | caseload
"""


def hours(value):
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def expect(found, text):
    """The rows of a result are those drawn, in this order; hours as people write them."""
    names = list(drawn(text)[0]) if drawn(text) else []
    shown = [
        {
            name: hours(row[name])
            if name.endswith("_hours")
            else ("" if row[name] is None else str(row[name]))
            for name in names
        }
        for row in found.to_pylist()
    ]
    assert shown == drawn(text)


def test_an_arc_says_how_often_and_how_long_after():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | Registration
        Ann    | 2024-07-01 09:30 | contact | ED    | Blood test
        Ann    | 2024-07-01 12:00 | left    | ED    | Release
        Ben    | 2024-07-02 09:00 | arrived | ED    | Registration
        Ben    | 2024-07-02 11:30 | contact | ED    | Blood test
        Ben    | 2024-07-02 12:00 | contact | ED    | Blood test
        Ben    | 2024-07-02 13:00 | left    | ED    | Release
    """)
    found = process_map(view, "activities")
    # Registration to Blood test: 0.5 and 2.5 h, so mean and median 1.5, and by §19 p90 0.5 + 0.9 x 2.
    # Blood test to Release: 2.5 and 1 h.
    expect(
        found.rows,
        """
        from         | to           | end     | times | people | journeys | waits | wait_mean_hours | wait_p50_hours | wait_p90_hours
        Blood test   | Release      | between | 2     | 2      | 2        | 2     | 1.75            | 1.75           | 2.35
        Registration | Blood test   | between | 2     | 2      | 2        | 2     | 1.5             | 1.5            | 2.3
        Release      |              | ended   | 2     | 2      | 2        | 0     |                 |                |
                     | Registration | entered | 2     | 2      | 2        | 0     |                 |                |
        Blood test   | Blood test   | between | 1     | 1      | 1        | 1     | 0.5             | 0.5            | 0.5
    """,
    )
    assert found.journeys == 2
    assert found.durations["p50_hours"] == 3.5


def test_the_activity_of_a_stay_lasts_until_the_person_leaves():
    """A departure without a name of its own ends what the arrival began."""
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | Emergency care
        Ann    | 2024-07-01 12:00 | left    | ED    |
        Ann    | 2024-07-01 14:00 | arrived | Ward  | Ward care
        Ann    | 2024-07-03 14:00 | left    | Ward  | Ward care
    """)
    found = process_map(view, "activities")
    expect(
        found.rows,
        """
        from           | to             | end     | times | waits | wait_mean_hours | overlaps
        Emergency care | Ward care      | between | 1     | 1     | 2               | 0
        Ward care      |                | ended   | 1     | 0     |                 | 0
                       | Emergency care | entered | 1     | 0     |                 | 0
    """,
    )
    assert found.durations["mean_hours"] == 53


def test_milestones_that_bear_names_of_their_own_are_moments():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | Arrival
        Ann    | 2024-07-01 10:00 | started | ED    | Seen
        Ann    | 2024-07-01 12:00 | left    | ED    |
        Ann    | 2024-07-01 12:30 | arrived | Ward  | On the ward
        Ann    | 2024-07-02 12:30 | left    | Ward  | Discharge
    """)
    expect(
        process_map(view, "activities").rows,
        """
        from        | to          | end     | wait_mean_hours
        Arrival     | Seen        | between | 1
        Discharge   |             | ended   |
        On the ward | Discharge   | between | 24
        Seen        | On the ward | between | 2.5
                    | Arrival     | entered |
    """,
    )


def test_an_overlap_is_counted_apart_and_is_no_wait():
    """Somebody boards: the ward's care has begun while the emergency department's goes on."""
    view = worked_out("""
        person | at               | kind    | place | ref | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | a   | Emergency care
        Ann    | 2024-07-01 11:00 | arrived | Ward  | b   | Ward care
        Ann    | 2024-07-01 14:00 | left    | ED    | a   |
        Ann    | 2024-07-02 09:00 | left    | Ward  | b   |
        Ben    | 2024-07-01 09:00 | arrived | ED    | c   | Emergency care
        Ben    | 2024-07-01 12:00 | left    | ED    | c   |
        Ben    | 2024-07-01 13:00 | arrived | Ward  | d   | Ward care
        Ben    | 2024-07-02 09:00 | left    | Ward  | d   |
    """)
    found = process_map(view, "activities")
    between = found.rows.to_pylist()[0]
    assert (between["from"], between["to"], between["times"]) == ("Emergency care", "Ward care", 2)
    assert (between["waits"], between["wait_mean_hours"]) == (1, 1.0)
    assert (between["overlaps"], between["overlap_mean_hours"]) == (1, 3.0)
    assert any("overlaps" in limit for limit in found.limits)


def test_where_others_have_an_end_a_missing_one_is_unknown_and_not_the_begin():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | ED    | Emergency care
        Ann    | 2024-07-01 12:00 | left    | ED    |
        Ann    | 2024-07-01 13:00 | arrived | Ward  | Ward care
        Ben    | 2024-07-01 09:00 | arrived | ED    | Emergency care
        Ben    | 2024-07-01 13:00 | arrived | Ward  | Ward care
    """)
    found = process_map(view, "activities")
    between = found.rows.to_pylist()[0]
    assert (between["times"], between["waits"], between["overlaps"]) == (2, 1, 0)
    assert between["wait_mean_hours"] == 1
    assert any("1 of 2 times the wait is not known" in limit for limit in found.limits)


def test_times_known_to_the_day_are_told_of():
    view = worked_out("""
        person | at               | kind    | place | activity | precision
        Ann    | 2024-07-01 00:00 | arrived | Ward  | In       | day
        Ann    | 2024-07-03 10:00 | left    | Ward  | Out      | instant
    """)
    for found in (process_map(view), process_map(view, "activities"), variants(view)):
        assert any("1 stays are known to the day only" in limit for limit in found.limits)


def test_what_a_map_can_not_show_is_counted():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | Ward  | Ward care
        Ann    | 2024-07-01 10:00 | started | Ward  |
        Ann    | 2024-07-03 10:00 | left    | Ward  |
        Ben    | 2024-07-01 09:00 | contact | Lab   | Test
    """)
    left_out = process_map(view, "activities").left_out
    assert left_out["events, departures aside, that name no activity"] == 1
    assert left_out["events that are part of no journey"] == 1


def test_filters_that_leave_nothing_say_so():
    found = process_map(worked_out(JOURNEYS), filters=Filters(from_at="2030-01-01"))
    assert (found.journeys, found.rows.num_rows) == (0, 0)
    assert found.says.startswith("Nothing to show. Left out: 3 journeys that began before")


def test_a_journey_that_goes_on_is_open_and_not_ended():
    view = worked_out("""
        person | at               | kind    | place | activity
        Ann    | 2024-07-01 09:00 | arrived | Ward  | In
        Ben    | 2024-07-01 09:00 | arrived | Ward  | In
        Ben    | 2024-07-02 09:00 | left    | Ward  | Out
    """)
    ends = {
        (r["from"], r["end"]): r["times"] for r in process_map(view, "activities").rows.to_pylist()
    }
    assert ends[("In", "open")] == 1
    assert ends[("Out", "ended")] == 1


def test_a_map_of_places_has_the_handoffs_for_arcs():
    view = worked_out(
        """
        person | at               | kind     | place     | from_place
        Ann    | 2024-07-01 09:00 | arrived  | ED        |
        Ann    | 2024-07-01 12:00 | left     | ED        |
        Ann    | 2024-07-01 12:30 | arrived  | Ward      |
        Ann    | 2024-07-02 09:00 | referred | Home care | Ward
        Ann    | 2024-07-04 12:30 | left     | Ward      |
        Ann    | 2024-07-06 12:30 | started  | Home care |
        Ann    | 2024-07-20 12:30 | left     | Home care |
        Ben    | 2024-07-01 09:00 | arrived  | ED        |
        Ben    | 2024-07-01 10:00 | died     | ED        |
    """,
        PLACES,
    )
    found = process_map(view)
    expect(
        found.rows,
        """
        from      | to        | end     | times | people | waits | wait_mean_hours | handoff_waits | handoff_wait_p50_hours
                  | ED        | entered | 2     | 2      | 0     |                 | 0             |
        ED        | Ward      | between | 1     | 1      | 1     | 0.5             | 0             |
        ED        |           | died    | 1     | 1      | 0     |                 | 0             |
        Home care |           | left    | 1     | 1      | 0     |                 | 0             |
        Ward      | Home care | between | 1     | 1      | 1     | 48              | 1             | 99.5
    """,
    )


def test_between_places_an_end_that_nobody_recorded_leaves_the_wait_unknown():
    """That somebody moved on shows where they are, not when they left (§8)."""
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-01 13:00 | arrived | Ward
        Ann    | 2024-07-02 13:00 | left    | Ward
    """)
    found = process_map(view)
    between = next(row for row in found.rows.to_pylist() if row["end"] == "between")
    assert (between["times"], between["waits"], between["overlaps"]) == (1, 0, 0)
    assert any("1 of 1 times the wait is not known" in limit for limit in found.limits)


JOURNEYS = """
    person | at               | kind    | place | activity
    Ann    | 2024-07-01 09:00 | arrived | ED    | In
    Ann    | 2024-07-01 12:00 | left    | ED    | Out
    Ben    | 2024-07-02 09:00 | arrived | ED    | In
    Ben    | 2024-07-02 10:00 | contact | Lab   | Test
    Ben    | 2024-07-02 12:00 | left    | ED    | Out
    Cat    | 2024-07-03 00:00 | arrived | Ward  | In
    Cat    | 2024-07-03 12:00 | left    | Ward  | Out
"""


@pytest.fixture(scope="module")
def three():
    return worked_out(JOURNEYS)


@pytest.mark.parametrize("over", ["activities", "places"])
@pytest.mark.parametrize(
    ("filters", "journeys", "reason", "left_out"),
    [
        (Filters(from_at="2024-07-02"), 2, "journeys that began before 2 July 2024, 00:00", 1),
        (Filters(to_at="2024-07-03"), 2, "journeys that began at or after 3 July 2024, 00:00", 1),
        (Filters(place="Ward"), 1, "journeys that did not come to Ward", 2),
        (Filters(through="Test"), 1, "journeys that did not pass through Test", 2),
        (Filters(through="ED"), 2, "journeys that did not pass through ED", 1),
    ],
)
def test_a_filter_says_how_many_journeys_it_leaves_out(
    three, over, filters, journeys, reason, left_out
):
    found = process_map(three, over, filters)
    assert found.journeys == journeys
    assert found.left_out[reason] == left_out
    assert f"Left out: {left_out} {reason}." in found.says
    entered = [row["times"] for row in found.rows.to_pylist() if row["end"] == "entered"]
    assert sum(entered) == journeys


def test_filters_are_told_with_the_map(three):
    asked = Filters(from_at="2024-07-02", through="In", least=2)
    told = process_map(three, "activities", asked).as_dict()
    assert told["filters"] == {"from_at": "2024-07-02", "through": "In", "least": 2}
    assert told["left_out"]["journeys that did not pass through In"] == 0


def test_the_map_of_a_place_has_its_arcs_and_makes_up_none(three):
    """Ben's test is elsewhere: it is still what follows, and his coming is not joined to his end."""
    rows = process_map(three, "activities", Filters(place="Lab")).rows.to_pylist()
    assert {(row["from"], row["to"]) for row in rows} == {("In", "Test"), ("Test", "Out")}


def test_rare_arcs_are_left_out_with_their_number(three):
    found = process_map(three, "activities", Filters(least=2))
    assert {row["times"] for row in found.rows.to_pylist()} == {2, 3}
    # In to Test and Test to Out, once each
    assert found.left_out["arcs with fewer than 2 times (2 times in all)"] == 2


@pytest.mark.parametrize(
    ("over", "filters", "words"),
    [
        ("things", Filters(), "no kind of map called 'things'"),
        ("places", Filters(place="Wrad"), "no place called 'Wrad'"),
        ("activities", Filters(through="Tets"), "no activity or place called 'Tets'"),
        ("places", Filters(from_at="yesterday"), "not a time"),
    ],
)
def test_a_map_of_what_is_not_there_is_refused(three, over, filters, words):
    with pytest.raises(RequestError, match=words):
        process_map(three, over, filters)


def test_a_misspelt_name_is_answered_with_those_most_like_it(three):
    with pytest.raises(RequestError) as refused:
        process_map(three, "places", Filters(place="Wrad"))
    assert "Ward" in refused.value.repair


def test_a_map_of_activities_that_nobody_named_is_refused():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
    """)
    with pytest.raises(UnsupportedError, match="name no activity"):
        process_map(view, "activities")
    assert process_map(view).journeys == 1


def test_an_empty_store_has_no_map():
    with pytest.raises(UnsupportedError, match="no person's events"):
        process_map(journeys(open_store()))


def test_on_shifted_clocks_there_is_a_map_and_no_period():
    store = open_store()
    put(store, log_of(JOURNEYS, clock="shifted_per_person"))
    view = journeys(store)
    assert process_map(view, "activities").journeys == 3
    with pytest.raises(UnsupportedError, match="dates were moved for each person"):
        process_map(view, "activities", Filters(from_at="2024-07-02"))


# Variants


def some(people, way, first="2024-07-01"):
    """Rows of so many people who went one way, an hour apart."""
    return [
        {
            "person": f"{way} {number}", "at": f"{first} {9 + turn:02d}:00", "kind": "contact",
            "activity": activity, "need": f"{way} {number}",
        }
        for number in range(people)
        for turn, activity in enumerate(way)
    ]  # fmt: skip


def of_rows(rows):
    """A view of contacts; each person has a stay, without which a need is no journey."""
    begins = [
        {**row, "kind": "arrived", "place": "ED", "activity": None}
        for row in rows
        if row["at"].endswith("09:00")
    ]
    store = open_store()
    wf.load(store, wf.EventLog.from_rows("book", events=begins + rows), key=KEY)
    return journeys(store)


def test_ways_are_counted_and_the_rare_ones_told_together():
    rows = some(8, "ABC") + some(5, "AC") + some(4, "ACB") + some(1, "B") + some(2, "ABCA")
    found = variants(of_rows(rows))
    # 20 journeys: 8 + 5 are 65 %, with the four of ACB 85 %: three ways cover 80 %.
    expect(
        found.rows,
        """
        variant                            | steps | journeys | people | share | coverage | p50_hours
        A > B > C                          | 3     | 8        | 8      | 0.4   | 0.4      | 2
        A > C                              | 2     | 5        | 5      | 0.25  | 0.65     | 1
        3 ways of fewer than 5 people each |       | 7        |        | 0.35  | 1.0      |
    """,
    )
    assert (found.count, found.journeys, found.for_most, found.rare) == (5, 20, 3, 3)


def test_ways_below_the_top_are_one_row():
    rows = some(8, "ABC") + some(6, "AC") + some(5, "AB")
    found = variants(of_rows(rows), top=1)
    expect(
        found.rows,
        """
        variant                             | journeys
        A > B > C                           | 8
        2 other ways of 5 people or more each | 11
    """,
    )


def test_a_way_of_many_journeys_of_few_people_is_rare():
    """Four people who come again and again could be known by it."""
    rows = [row for day in range(1, 4) for row in some(4, "AB", f"2024-0{day + 1}-01")]
    for row in rows:
        row["need"] += row["at"][:10]
    found = variants(of_rows(rows))
    expect(
        found.rows,
        """
        variant                            | journeys
        1 ways of fewer than 5 people each | 12
    """,
    )


def test_ways_over_places_are_in_order_of_coming():
    view = worked_out(
        """
        person | at               | kind     | place
        Ann    | 2024-07-01 09:00 | arrived  | ED
        Ann    | 2024-07-01 10:00 | referred | Home care
        Ann    | 2024-07-01 12:00 | left     | ED
        Ann    | 2024-07-01 12:00 | arrived  | Ward
        Ann    | 2024-07-02 12:00 | left     | Ward
        Ann    | 2024-07-03 12:00 | started  | Home care
    """,
        PLACES,
    )
    assert variants(view, "places").count == 1
    ways = process_map(view).rows.to_pylist()
    assert {row["from"] for row in ways if row["end"] == "between"} <= {"ED", "Ward"}


def test_top_is_at_least_one(three):
    with pytest.raises(RequestError, match="top is 1 or more"):
        variants(three, top=0)


# One log file

LOG = """case,what,from,to
1,A,2024-03-30 23:00:00,2024-03-30 23:30:00
1,B,2024-03-31 03:30:00,2024-03-31 04:00:00
2,A,2024-03-01 10:00:00,2024-03-01 11:00:00
2,B,2024-03-01 12:00:00,2024-03-01 13:00:00
NA,A,2024-03-01 10:00:00,2024-03-01 10:30:00
"""
NAMES = {"case": "case", "activity": "what", "start": "from", "end": "to"}


def written(path, text=LOG):
    path.write_text(text, encoding="utf-8")
    return path


def arc(found, one="A", other="B"):
    rows = found.rows.to_pylist()
    return next(row for row in rows if (row["from"], row["to"]) == (one, other))


def test_a_log_file_is_mapped_without_a_store(tmp_path):
    log = log_file(written(tmp_path / "log.csv"), **NAMES)
    found = process_map(log)
    assert (log.rows, found.journeys) == (5, 3)  # a case called NA is a case
    assert (arc(found)["times"], arc(found)["journeys"]) == (2, 2)
    assert arc(found)["wait_mean_hours"] == 2.5  # 4 h as the times stand, and 1 h
    assert "people" not in found.rows.column_names
    assert variants(log).count == 2
    assert any("taken as they stand" in limit for limit in found.limits)


def test_local_times_of_a_log_go_with_the_clocks(tmp_path):
    """In the night to 31 March 2024 the clocks went forward: one hour less than they show."""
    log = log_file(written(tmp_path / "log.csv"), **NAMES, zone="Europe/London")
    found = process_map(log)
    assert arc(found)["wait_mean_hours"] == 2  # 3 h and 1 h
    assert not any("taken as they stand" in limit for limit in found.limits)


def test_times_with_an_offset_are_taken_at_their_word(tmp_path):
    text = "case,what,at\n1,A,2024-07-01T10:00:00+01:00\n1,B,2024-07-01T10:00:00Z\n"
    names = {"case": "case", "activity": "what", "start": "at"}
    for zone in (None, "Europe/Amsterdam"):
        log = log_file(written(tmp_path / "log.csv", text), **names, zone=zone)
        assert arc(process_map(log))["wait_mean_hours"] == 1


def test_a_time_that_no_clock_showed_is_left_out(tmp_path):
    text = LOG + "3,A,2024-03-31 01:30:00,2024-03-31 03:30:00\n"
    log = log_file(written(tmp_path / "log.csv", text), **NAMES, zone="Europe/London")
    assert log.left_out["rows whose start is no time"] == 1
    assert process_map(log).journeys == 3


def test_rows_that_cannot_be_used_are_counted(tmp_path):
    text = LOG + ",A,2024-03-01 10:00,\n4,,2024-03-01 10:00,\n4,A,01/03/2024,\n"
    text += "5,A,2024-03-01 10:00,2024-03-01 09:00\n5,B,2024-03-01 12:00,\n"
    log = log_file(written(tmp_path / "log.csv", text), **NAMES)
    assert log.rows == 10
    assert {reason: n for reason, n in log.left_out.items() if n} == {
        "rows without a case": 1,
        "rows without an activity": 1,
        "rows whose start is no time": 1,
        "ends that are not recorded, are no time or lie before the start": 2,
    }
    found = process_map(log)
    assert (arc(found)["times"], arc(found)["waits"]) == (3, 2)


def test_without_ends_waits_are_from_start_to_start(tmp_path):
    names = {name: NAMES[name] for name in ("case", "activity", "start")}
    found = process_map(log_file(written(tmp_path / "log.csv"), **names))
    assert arc(found)["wait_mean_hours"] == 3.25
    assert any("from start to start" in limit for limit in found.limits)


def test_rows_of_one_time_keep_the_order_of_the_file(tmp_path):
    rows = "".join(f"{case},{what},2024-07-01\n" for case in range(500) for what in "ZYX")
    names = {"case": "case", "activity": "what", "start": "at"}
    log = log_file(written(tmp_path / "log.csv", f"case,what,at\n{rows}"), **names)
    assert variants(log).rows["variant"].to_pylist() == ["Z > Y > X"]


@pytest.mark.parametrize("kind", ["gzip", "parquet", "names to be quoted"])
def test_a_log_is_read_from_each_kind_of_file(kind, tmp_path):
    table = pa.Table.from_pylist(drawn(LOG.replace(",", " | ")))
    names = NAMES
    if kind == "gzip":
        path = tmp_path / "log.csv.gz"
        path.write_bytes(gzip.compress(LOG.encode()))
    elif kind == "parquet":
        path = tmp_path / "a[1]*'s.parquet"
        times = [
            (name, table[name].cast(pa.timestamp("ns"))) for name in ("from", "to")
        ]  # nanoseconds, as pandas writes them
        columns = {"case": table["case"].fill_null("NA"), "what": table["what"], **dict(times)}
        pq.write_table(pa.table(columns), path)
    else:
        path = tmp_path / "log.parquet"
        names = {"case": 'c"a', "activity": "wh at", "start": "select", "end": "end"}
        pq.write_table(table.rename_columns(list(names.values())), path)
    log = log_file(path, **names)
    assert arc(process_map(log))["times"] == 2
    assert arc(process_map(log))["wait_mean_hours"] == 2.5


def test_a_log_can_be_filtered(tmp_path):
    log = log_file(written(tmp_path / "log.csv"), **NAMES)
    found = process_map(log, filters=Filters(through="B", to_at="2024-03-15"))
    assert found.journeys == 1
    assert arc(found)["journeys"] == 1
    assert found.left_out["journeys that did not pass through B"] == 1
    nothing = process_map(log, filters=Filters(from_at="2030-01-01"))
    assert (nothing.journeys, nothing.rows.num_rows) == (0, 0)


@pytest.mark.parametrize(
    ("name", "text", "columns", "error", "words"),
    [
        ("log.csv", LOG, {"case": "csae"}, RequestError, "no column called 'csae'"),
        ("log.csv", "case,what,from,to\n1,A,soon,\n", {}, InputError, "no row of this log"),
        ("log.csv", "case,what,from,to\n", {}, InputError, "it has none"),
        ("log.parquet", "no Parquet", {}, InputError, "can't be read as a log"),
        ("log.docx", "no log", {}, InputError, "Parquet or CSV"),
        ("log.csv", None, {}, InputError, "no such file"),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path, name, text, columns, error, words):
    path = tmp_path / name
    if text is not None:
        written(path, text)
    with pytest.raises(error, match=words) as refused:
        log_file(path, **{**NAMES, **columns})
    assert "soon" not in str(refused.value)


def test_a_column_of_numbers_is_no_column_of_times(tmp_path):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"case": [1], "what": ["A"], "from": [20240701], "to": [0]}), path)
    with pytest.raises(RequestError, match="'from' holds no times"):
        log_file(path, **NAMES)


def test_a_log_file_has_no_places(tmp_path):
    log = log_file(written(tmp_path / "log.csv"), **NAMES)
    with pytest.raises(UnsupportedError, match="no places"):
        process_map(log, "places")
    with pytest.raises(RequestError, match="no places"):
        process_map(log, filters=Filters(place="Ward"))


# From the terminal


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    path = tmp_path_factory.mktemp("place") / "place.duckdb"
    with open_store(path) as store:
        put(store, log_of(JOURNEYS, PLACES))
    return path


def told(*arguments):
    """What a command prints."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert not done.exception, done.exception
    return done.output


def refused(*arguments):
    """The refusal of a command."""
    error = CliRunner().invoke(app, [str(argument) for argument in arguments]).exception
    assert isinstance(error, RequestError), error
    return error.what


def test_the_command_map_tells_the_same_as_python(place, three):
    said = json.loads(
        told("map", place, "--of", "activities", "--journeys-through", "Test", "--json")
    )
    wanted = process_map(three, "activities", Filters(through="Test")).as_dict()
    assert said == wanted
    words = told("map", place, "--of", "activities")
    assert process_map(three, "activities").says in words
    assert told("map", place, "--csv").startswith("from,to,end,times,people,journeys,waits")


def test_the_command_variants_tells_the_same_as_python(place, three):
    assert json.loads(told("variants", place, "--json")) == variants(three).as_dict()
    assert variants(three, "places").says in told("variants", place, "--of", "places")


def test_a_filtered_map_is_drawn_as_filtered(place, tmp_path):
    drawn_map = tmp_path / "map.svg"
    assert "wrote" in told("map", place, "--out", drawn_map, "--journeys-through", "Ward")
    svg = drawn_map.read_text("utf-8")
    assert "Ward" in svg
    assert "ED" not in svg
    told("map", place, "--out", drawn_map)
    assert "ED" in drawn_map.read_text("utf-8")


def test_the_command_map_looks_at_a_log_file(tmp_path):
    path = written(tmp_path / "log.csv")
    columns = ["--case", "case", "--activity", "what", "--start", "from", "--end", "to"]
    said = json.loads(told("map", path, *columns, "--json"))
    log = log_file(path, **NAMES)
    assert said == {**process_map(log).as_dict(), "variants": variants(log).as_dict()}
    assert variants(log).says in told("variants", path, *columns)
    for words in (process_map(log).says, variants(log).says):
        assert words in told("map", path, *columns)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["map", "{log}"], "no store but a file of rows"),
        (["map", "{log}", "--case", "case"], "needs --case, --activity and --start"),
        (
            ["map", "{log}", "--case", "case", "--activity", "what", "--start", "from", "--as-of",
             "2024-01-01"],
            "are of stores",
        ),
        (["map", "{place}", "--of", "activities", "--out", "x.svg"], "only the map of places"),
        (["map", "{place}", "--of", "things"], "no kind of map called 'things'"),
        (["map", "{place}", "--least", "0"], "1 or more"),
    ],
)  # fmt: skip
def test_what_a_map_can_not_be_asked_is_refused(place, tmp_path, arguments, words):
    log = written(tmp_path / "log.csv")
    assert words in refused(*(a.format(log=log, place=place) for a in arguments))
