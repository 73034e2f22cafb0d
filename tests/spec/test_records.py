"""§6-§7: versions, corrections, withdrawals and the books of a load."""

from itertools import permutations

import pytest
from tests.spec.tables import KEY, at, expect, log_of, put, recorded, shown

from wholeflow.events import EventLog
from wholeflow.journeys import journeys
from wholeflow.store import Chunk, FileFacts, Reject, load, open_store

TOLD = """
    id | recorded_at      | withdrawn | person | at               | kind    | place
    1  | 2024-07-01 10:00 |           | Ann    | 2024-07-01 09:00 | arrived | Ward 1
    1  | 2024-07-02 10:00 |           | Ann    | 2024-07-01 09:30 | arrived | Ward 2
    2  | 2024-07-03 10:00 |           | Ben    | 2024-07-03 09:00 | arrived | Ward 1
    2  | 2024-07-04 10:00 | yes       | Ben    | 2024-07-03 09:00 | arrived | Ward 1
"""


def told(rows: str = TOLD, order=None):
    store = open_store()
    events = recorded("events", rows)
    for number in order or range(len(events)):
        put(store, EventLog.from_rows("ward-book", events=[events[number]]), f"row {number}")
    return store


def test_s6_the_latest_version_of_a_record_is_the_present_one_and_a_withdrawn_one_is_absent():
    expect(
        journeys(told()),
        "stays",
        """
        person | place  | begin_at
        Ann    | Ward 2 | 2024-07-01 09:30
    """,
    )


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        ("2024-07-01 09:59", []),
        ("2024-07-01 10:00", [("Ann", "Ward 1")]),
        ("2024-07-02 09:59", [("Ann", "Ward 1")]),
        ("2024-07-02 10:00", [("Ann", "Ward 2")]),
        ("2024-07-03 12:00", [("Ann", "Ward 2"), ("Ben", "Ward 1")]),
        ("2024-07-04 10:00", [("Ann", "Ward 2")]),
    ],
)
def test_s6_a_past_view_uses_what_was_recorded_up_to_it(as_of, known):
    found = shown(journeys(told(), as_of=as_of), "stays", ["person", "place"])
    assert sorted((row["person"], row["place"]) for row in found) == known


def test_s6_a_record_without_recorded_at_was_always_known():
    store = told("""
        id | recorded_at      | person | at               | kind    | place
        1  |                  | Ann    | 2024-07-01 09:00 | arrived | Ward 1
        1  | 2024-07-02 10:00 | Ann    | 2024-07-01 09:00 | arrived | Ward 2
    """)
    expect(journeys(store, as_of="2024-07-01 12:00"), "stays", "person | place\nAnn | Ward 1")
    expect(journeys(store), "stays", "person | place\nAnn | Ward 2")


def test_s6_two_views_of_one_store_do_not_disturb_each_other():
    store = told()
    now, then = journeys(store), journeys(store, as_of="2024-07-01 12:00")
    before = shown(now, "stays", ["person", "place"])
    assert shown(then, "stays", ["person", "place"]) == [{"person": "Ann", "place": "Ward 1"}]
    assert shown(now, "stays", ["person", "place"]) == before
    expect(now, "census", "place | inside\nWard 2 | 1")


def test_s6_versions_may_arrive_in_any_order():
    wanted = shown(journeys(told()), "stays", ["person", "place", "begin_at"])
    for order in [(3, 2, 1, 0), (1, 0, 3, 2), (2, 0, 3, 1), (1, 3, 0, 2)]:
        assert (
            shown(journeys(told(order=order)), "stays", ["person", "place", "begin_at"]) == wanted
        )


def test_s6_of_two_records_with_one_key_the_one_kept_does_not_depend_on_which_came_first():
    rows = """
        id | person | at               | kind    | place
        1  | Ann    | 2024-07-01 09:00 | arrived | Ward 1
        1  | Ann    | 2024-07-01 09:00 | arrived | Ward 2
        1  | Ann    | 2024-07-01 09:00 | arrived | Ward 3
    """
    kept, refused = set(), set()
    for order in permutations(range(3)):
        store = told(rows, order)
        kept |= {tuple(row.values()) for row in shown(journeys(store), "stays", ["place"])}
        lines = store.query(
            "SELECT f.name FROM rejects AS r JOIN files AS f ON f.file = r.file ORDER BY 1"
        )
        refused.add(tuple(lines["name"].to_pylist()))
    assert len(kept) == 1
    assert len(refused) == 1 and len(refused.pop()) == 2


def test_s6_a_record_that_gives_way_goes_whole_with_all_that_it_said():
    """The winner may say its things in other tables than the one that gives way."""
    arrival = recorded(
        "events",
        """
        id | person | at               | kind    | place
        1  | Ann    | 2024-07-01 09:00 | arrived | Ward 1
    """,
    )
    message = [{"id": "1", "person": "Ann", "kind": "letter"}]
    for first, second in [("events", "messages"), ("messages", "events")]:
        store = open_store()
        for name in (first, second):
            rows = arrival if name == "events" else message
            put(store, EventLog.from_rows("ward-book", **{name: rows}), name)
        said = [store.query(f"SELECT * FROM ledger.{n}").num_rows for n in ("events", "messages")]
        assert sum(said) == store.query("SELECT * FROM records").num_rows == 1


def test_s6_rows_with_one_id_are_one_record_that_says_several_things():
    log = EventLog.from_rows(
        "ward-book",
        events=recorded(
            "events",
            """
        id | part | person | at               | kind    | place
        1  | 0    | Ann    | 2024-07-01 09:00 | arrived | Ward 1
        1  | 1    | Ann    | 2024-07-01 12:00 | left    | Ward 1
    """,
        ),
    )
    store = open_store()
    load(store, [Chunk(log, FileFacts("x", "h"), read=1)], key=KEY, keep_ids=True)
    expect(journeys(store), "stays", "person | stay_hours\nAnn | 3")


def test_s6_the_same_record_again_is_already_there():
    store = open_store()
    log = log_of("person|at|kind|place\nAnn|2024-07-01 09:00|arrived|Ward")
    first, again = put(store, log), put(store, log, "a copy of the book")
    assert (first.loaded, first.already) == (1, 0)
    assert (again.loaded, again.already) == (0, 1)
    expect(journeys(store), "stays", "person\nAnn")


def test_s7_every_row_read_is_loaded_already_there_or_rejected():
    def chunk(line: int, row: str, *rejects: Reject) -> Chunk:
        header = "id | person | at | kind | place\n"
        log = EventLog.from_rows("ward-book", events=recorded("events", header + row))
        return Chunk(log, FileFacts(f"book {line}.csv", str(line)), 1 + len(rejects), rejects)

    damaged = Reject(9, "at", "at: blank, and it must be there", "Fill the cell at its source.")
    chunks = [
        chunk(1, "1 | Ann | 2024-07-01 09:00 | arrived | Ward", damaged),
        chunk(2, "1 | Ann | 2024-07-01 09:00 | arrived | Ward"),
        chunk(3, "1 | Ann | 2024-07-01 09:05 | arrived | Ward"),
        chunk(4, "2 | Ben | 2024-07-01 09:00 | arrived | Ward"),
    ]
    store = open_store()
    books = load(store, chunks, key=KEY, keep_ids=True)
    assert books.read == 5 == books.loaded + books.already + books.rejected
    assert books.already == 1
    assert sum(books.reasons.values()) == books.rejected
    assert store.query("SELECT line FROM rejects").num_rows == 2
    assert store.query("SELECT read FROM batches")["read"].to_pylist() == [5]
    expect(journeys(store), "steps", "person\nAnn\nBen")


def test_s7_the_views_end_where_the_records_end():
    store = told()
    assert journeys(store).observed_to() == at("2024-07-01 09:30")
    assert journeys(store, as_of="2024-07-08").observed_to() == at("2024-07-08")
