"""check finds what is planted, and nothing in clean records."""

import pytest

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key

KEY = Key(b"k" * 32)
PLACES = [
    {"place": "ED", "setting": "ed", "organisation": "Trust"},
    {"place": "Ward", "setting": "ward", "organisation": "Trust"},
]


def event(person, place, at, kind, **more):
    return {"person": person, "place": place, "at": at, "kind": kind, **more}


CLEAN = [
    event("a", "ED", "2024-05-01 09:00", "arrived"),
    event("a", "ED", "2024-05-01 12:00", "left"),
    event("a", "Ward", "2024-05-01 12:00", "arrived"),
    event("a", "Ward", "2024-05-09 12:00", "left"),
]

PLANTED = {
    "clock-order": [
        event("b", "ED", "2024-05-02 09:00", "arrived", ref="x"),
        event("b", "ED", "2024-05-02 08:00", "left", ref="x"),
    ],
    "overlaps": [
        event("b", "ED", "2024-05-02 09:00", "arrived"),
        event("b", "Ward", "2024-05-02 10:00", "arrived"),
        event("b", "ED", "2024-05-02 11:00", "left"),
        event("b", "Ward", "2024-05-02 12:00", "left"),
    ],
    "missing-ends": [
        event("b", "ED", "2024-05-02 09:00", "arrived"),
        event("b", "Ward", "2024-05-02 10:00", "arrived"),
        event("b", "Ward", "2024-05-02 12:00", "left"),
    ],
    "missing-begins": [event("b", "Ward", "2024-05-02 12:00", "left")],
    "open-long": [event("b", "ED", "2024-05-02 12:00", "arrived")],
    "duplicates": [
        event("b", "Ward", "2024-05-02 11:00", "arrived"),
        event("b", "Ward", "2024-05-02 11:30", "contact", id="1"),
        event("b", "Ward", "2024-05-02 11:30", "contact", id="2"),
        event("b", "Ward", "2024-05-02 12:00", "left"),
    ],
    "unknown-places": [
        event("b", "Mystery", "2024-05-02 11:00", "arrived"),
    ],
    "ties": [
        event("b", "Ward", "2024-05-02 11:00", "arrived"),
        event("b", "Ward", "2024-05-02 11:30", "contact", activity="x-ray"),
        event("b", "Ward", "2024-05-02 11:30", "contact", activity="blood"),
        event("b", "Ward", "2024-05-02 12:00", "left"),
    ],
    "day-only": [
        event("b", "Ward", "2024-05-02", "arrived", precision="day"),
        event("b", "Ward", "2024-05-03 12:00", "left"),
    ],
}
COUNTS = {"ties": 2, "duplicates": 1}
BESIDES = {"duplicates": {"ties"}}
"""Findings that a planted fault brings along."""


def checked(events):
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("feed", events=events, places=PLACES), key=KEY)
    return wf.check(store)


def test_clean_records_pass_every_check():
    result = checked(CLEAN)
    assert result.findings == ()
    assert result.verdict == f"All {result.asked} checks passed."


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_nothing_else(name):
    found = {finding.name: finding.count for finding in checked([*CLEAN, *PLANTED[name]]).findings}
    assert found.pop(name) == COUNTS.get(name, 1)
    assert set(found) <= BESIDES.get(name, set())


def test_the_feeds_are_counted():
    feeds = checked(CLEAN).feeds.to_pylist()
    assert [(row["feed"], row["records"], row["people"]) for row in feeds] == [("feed", 8 - 2, 1)]


def test_findings_never_hold_an_identifier():
    result = checked([*CLEAN, *(row for rows in PLANTED.values() for row in rows)])
    pseudonyms = {f"{KEY.pseudonym(p):015x}" for p in ("a", "b")}
    assert not any(p in str(result) for p in pseudonyms)


def test_a_date_far_from_all_others_is_found():
    far = [
        event("b", "ED", "2099-05-02 09:00", "arrived"),
        event("b", "ED", "2099-05-02 10:00", "left"),
    ]
    found = {finding.name: finding.count for finding in checked([*CLEAN, *far]).findings}
    assert found["far-dates"] == 2


def test_a_feed_that_shares_nobody_is_found():
    store = wf.open()
    for feed, person in (("one", "a"), ("two", "a"), ("three", "z")):
        events = [event(person, "ED", "2024-05-01 09:00", "contact")]
        wf.load(store, wf.EventLog.from_rows(feed, events=events, places=PLACES), key=KEY)
    found = {finding.name: finding.where for finding in wf.check(store).findings}
    assert found["lone-feeds"] == "three (1)"


def test_a_row_refused_for_two_reasons_counts_once(tmp_path):
    (tmp_path / "map.toml").write_text(
        'source = "s"\ntimes = ["%Y-%m-%d"]\n[[file]]\nfeed = "s"\nmatch = ["*.csv"]\n'
        '[[file.says]]\nkind = "arrived"\nperson = { column = "p" }\nplace = "ED"\n'
        'at = { column = "a" }\nsequence = { column = "n" }\n'
    )
    (tmp_path / "x.csv").write_text("p,a,n\n,yesterday,1.5\nb,2024-05-01,1\n")
    store = wf.open()
    wf.load(store, wf.read(tmp_path / "x.csv", mapping=tmp_path / "map.toml"), key=KEY)
    result = wf.check(store)
    assert next(f.count for f in result.findings if f.name == "rejected-rows") == 1
    assert result.feeds["rejected"].to_pylist() == [1]
    assert {row["field"] for row in store.rejects().to_pylist()} == {"p", "a", "n"}
