"""check on logs made in Python: a clean one passes, nothing is said that names anybody."""

import json

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
FAULTY = [
    event("b", "ED", "2024-05-02 09:00", "arrived", ref="x"),
    event("b", "ED", "2024-05-02 08:00", "left", ref="x"),
    event("b", "Mystery", "2024-05-02 11:00", "arrived"),
    event("b", "Ward", "2024-05-03", "arrived", precision="day"),
]


def checked(events):
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("feed", events=events, places=PLACES), key=KEY)
    return wf.check(store)


def test_clean_records_pass_every_check():
    result = checked(CLEAN)
    assert result.findings == ()
    assert result.verdict == f"All {result.asked} checks passed."


def test_an_empty_store_passes_every_check():
    result = wf.check(wf.open())
    assert (result.feeds, result.findings) == ((), ())


def test_the_feeds_are_counted():
    (feed,) = checked(CLEAN).feeds
    assert (feed.name, feed.organisation, feed.records, feed.people) == ("feed", "Trust", 6, 1)


def test_the_worst_comes_first():
    found = [(one.severity, one.name) for one in checked([*CLEAN, *FAULTY]).findings]
    assert found == [
        ("error", "clock-order"),
        ("warning", "missing-ends"),
        ("warning", "unknown-places"),
        ("note", "day-only"),
    ]


def test_findings_never_hold_an_identifier():
    result = checked([*CLEAN, *FAULTY])
    told = str(result) + json.dumps(result.as_dict())
    assert not any(f"{KEY.pseudonym(p):015x}" in told for p in ("a", "b"))
    assert not any(str(KEY.pseudonym(p)) in told for p in ("a", "b"))


def test_a_date_far_after_all_others_is_found_in_a_store_of_six_events():
    far = [
        event("b", "ED", "2099-05-02 09:00", "arrived"),
        event("b", "ED", "2099-05-02 10:00", "left"),
    ]
    found = {finding.name: finding.count for finding in checked([*CLEAN, *far]).findings}
    assert found["future-dates"] == 2


def test_a_row_refused_for_two_reasons_counts_once(tmp_path):
    (tmp_path / "map.toml").write_text(
        'source = "s"\ntimes = ["%Y-%m-%d"]\n[[file]]\nfeed = "s"\nmatch = ["*.csv"]\n'
        '[[file.says]]\nkind = "arrived"\nperson = { column = "p" }\nplace = "ED"\n'
        'at = { column = "a" }\nsequence = { column = "n" }\n'
    )
    (tmp_path / "x.csv").write_text("p,a,n\nc,yesterday,1.5\nb,2024-05-01,1\n")
    store = wf.open()
    wf.load(store, wf.read(tmp_path / "x.csv", mapping=tmp_path / "map.toml"), key=KEY)
    result = wf.check(store)
    assert next(f.count for f in result.findings if f.name == "rejected-rows") == 1
    assert [feed.rejected for feed in result.feeds] == [1]
    assert {row["field"] for row in store.rejects().to_pylist()} == {"a", "n"}


def test_the_books_of_people_are_laid_at_no_feed_s_door():
    """A place whose moves and stays differ, made by taking a move out of the view's own table."""
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("feed", events=CLEAN, places=PLACES), key=KEY)
    seen = wf.journeys(store)
    seen.query("SELECT 1 FROM transitions")
    seen.engine.execute("""DELETE FROM transitions WHERE "end" = 'entered'""")
    (found,) = wf.check(seen).findings
    assert (found.name, found.count, found.of) == ("books-of-people", 1, 2)
    assert found.where == "all feeds together: 1 of 2 places (50.0%), ED (1)"
    assert wf.check(seen).rows("books-of-people").num_rows == 0


def test_each_feed_has_its_verdict_in_a_word():
    """One of ten stays ends before it begins: more than one in twenty is an error with care."""
    rows = []
    for n in range(10):
        begin, end = ("2024-07-02", "2024-07-01") if n == 0 else ("2024-07-01", "2024-07-02")
        own = {"person": f"p{n}", "place": "Ward", "ref": f"r{n}"}
        rows += [{**own, "kind": "arrived", "at": f"{begin} 09:00"},
                 {**own, "kind": "left", "at": f"{end} 09:00"}]  # fmt: skip
    store = wf.open()
    wf.load(store, wf.EventLog.from_rows("book", events=rows), key=KEY)
    assert wf.check(store).verdicts == (("book", "Usable with care"),)
