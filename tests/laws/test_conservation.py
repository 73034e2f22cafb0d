"""Laws of flow: nobody is lost, nobody is counted twice, and parts add to wholes (§11-§17)."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wholeflow.core.time import DAY, HOUR, MINUTE
from wholeflow.events import EventLog
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import Journeys, journeys
from wholeflow.store import Chunk, FileFacts, load, open_store

pytestmark = pytest.mark.slow

KEY = Key(b"k" * 32)
BODIES, LISTS = ("ED", "Ward", "Rehab"), ("Social work", "Home care")
BEGIN = 1_719_820_800_000_000  # 1 July 2024, 09:00
END = BEGIN + 400 * DAY
KINDS = ["arrived"] * 5 + ["left"] * 4 + ["started", "ready", "contact", "referred", "accepted"]
KINDS += ["waits_for", "reneged", "died", "away", "away", "back"]

ENDS = ("open", "died", "lost")

Row = dict[str, Any]


@st.composite
def events(draw: st.DrawFn, people: int = 6) -> list[Row]:
    """What may be recorded of a few people: gaps, overlaps, ties and impossible orders too."""
    count = draw(st.integers(people, 6 * people))
    rows = []
    for number in range(count):
        hours = draw(st.integers(0, 70) | st.integers(0, 2000))
        odd = draw(st.sampled_from([0, 0, 0, 1, 7 * MINUTE + 13]))
        row = {
            "id": str(number),
            "person": f"person {draw(st.integers(1, people))}",
            "at": BEGIN + hours * HOUR + odd,
            "kind": draw(st.sampled_from(KINDS)),
            "place": draw(st.sampled_from([*BODIES, *BODIES, *LISTS, None])),
            "ref": draw(st.sampled_from([None, None, None, "r1", "r2"])),
            "need": draw(st.sampled_from([None, None, None, "hip"])),
            "from_place": draw(st.sampled_from([None, None, None, "ED", "Ward", "Social work"])),
            "activity": draw(st.sampled_from("xy")),
        }
        row["ref"] = row["ref"] and f"{row['person']} {row['ref']}"
        row["need"] = row["need"] and f"{row['person']} {row['need']}"
        rows.append(row)
    return rows


def view_of(rows: list[Row]) -> Journeys:
    places = [{"place": place, "holds": "body", "organisation": "Trust"} for place in BODIES]
    places += [{"place": place, "holds": "caseload", "organisation": place} for place in LISTS]
    for number, place in enumerate(places):
        place["id"] = f"place {number}"
    log = EventLog.from_rows("feed", events=rows, places=places)
    store = open_store()
    facts = FileFacts("rows.csv", "h")
    load(store, [Chunk(log, facts, len(rows) + len(places))], key=KEY, keep_ids=True)
    return journeys(store, as_of=END)


def stays_of(view: Journeys) -> list[Row]:
    return list(view.table("stays").to_pylist())


def times_there(view: Journeys) -> list[Row]:
    """From when to when somebody was counted in a place; ``to_at`` is absent while they are."""
    holds = {stay["stay"]: stay["holds"] for stay in stays_of(view)}
    times = view.table("presences").to_pylist()
    return [{**time, "holds": holds[time["stay"]]} for time in times]


laws = settings(max_examples=7)
"""The work of a view costs more than its people, so that few views of many people are looked at."""
CROWD = 24


@laws
@given(rows=events(CROWD))
def test_everybody_inside_came_in_and_has_not_gone_out(rows):
    view = view_of(rows)
    times = times_there(view)
    changes = view.table("census").to_pylist()
    assert changes == [] or min(change["inside"] for change in changes) >= 0
    by_place = defaultdict(list)
    for change in changes:
        by_place[change["place"]].append(change)
    for place, here in by_place.items():
        here.sort(key=lambda change: change["at"])
        inside = 0
        for change in here:
            inside += change["arrivals"] - change["departures"]
            assert change["inside"] == inside
            there = [
                time
                for time in times
                if time["place"] == place
                and time["from_at"] <= change["at"]
                and (time["to_at"] is None or change["at"] < time["to_at"])
            ]
            assert inside == len(there)
        open_now = [time for time in times if time["place"] == place and time["to_at"] is None]
        assert inside == len(open_now)


@laws
@given(rows=events(CROWD))
def test_who_is_still_there_is_an_open_stay_and_no_other(rows):
    for stay in stays_of(view_of(rows)):
        if stay["present_from"] is not None:
            assert (stay["present_to"] is None) == (stay["end_kind"] == "open")
        assert (stay["end_at"] is None) == (stay["end_kind"] == "open")


@laws
@given(rows=events(CROWD))
def test_every_stay_is_entered_once(rows):
    view = view_of(rows)
    stays = [stay for stay in stays_of(view) if stay["begin_at"] is not None]
    handoffs = view.table("handoffs").to_pylist()
    assert len({handoff["to_stay"] for handoff in handoffs}) == len(handoffs)
    assert all(handoff["from_stay"] != handoff["to_stay"] for handoff in handoffs)
    came = Counter()
    for move in view.table("transitions").to_pylist():
        if move["end"] in ("entered", "between"):
            came[move["to_place"]] += move["moves"]
    assert came == Counter(stay["place"] for stay in stays)


@laws
@given(rows=events(CROWD))
def test_every_stay_leads_on_or_ends_once_as_it_ended(rows):
    view = view_of(rows)
    followed = {handoff["from_stay"] for handoff in view.table("handoffs").to_pylist()}
    wanted = Counter(
        (stay["place"], stay["end_kind"] if stay["end_kind"] in ENDS else "left")
        for stay in stays_of(view)
        if stay["begin_at"] is not None and stay["stay"] not in followed
    )
    found = Counter()
    for move in view.table("transitions").to_pylist():
        if move["end"] not in ("entered", "between"):
            found[move["from_place"], move["end"]] += move["moves"]
    assert found == wanted


@laws
@given(rows=events(CROWD))
def test_in_less_out_is_the_change_at_every_place_between_any_two_instants(rows):
    """Who was handed over or entered, less who was handed on or left, is who more is there."""
    view = view_of(rows)
    stays = [s for s in stays_of(view) if s["begin_at"] is not None and s["in_order"]]
    handoffs = [h for h in view.table("handoffs").to_pylist() if h["in_order"]]
    came = {handoff["to_stay"]: handoff["to_place"] for handoff in handoffs}
    went = {handoff["from_stay"]: handoff["from_place"] for handoff in handoffs}
    assert len(came) == len(handoffs)  # nobody comes to one stay twice
    flows: dict[Any, Counter[int]] = defaultdict(Counter)
    for stay in stays:
        flows[came.get(stay["stay"], stay["place"])][stay["begin_at"]] += 1
        if stay["end_at"] is not None:
            flows[went.get(stay["stay"], stay["place"])][stay["end_at"]] -= 1
    for place, changes in flows.items():
        mine, there = [s for s in stays if s["place"] == place], 0
        for at in sorted(changes):
            there += changes[at]
            assert there == sum(
                s["begin_at"] <= at and (s["end_at"] is None or at < s["end_at"]) for s in mine
            )
        assert there == sum(stay["end_at"] is None for stay in mine)


@laws
@given(rows=events(CROWD))
def test_the_census_changes_by_those_who_came_and_went_at_every_instant(rows):
    """At each as many as came or went there, and between two of them nobody."""
    view = view_of(rows)
    moves: dict[Any, Counter[str]] = defaultdict(Counter)
    for time in times_there(view):
        moves[time["place"], time["from_at"]]["arrivals"] += 1
        if time["to_at"] is not None:
            moves[time["place"], time["to_at"]]["departures"] += 1
    census = {(row["place"], row["at"]): row for row in view.table("census").to_pylist()}
    assert set(census) == set(moves)
    for where, row in census.items():
        assert (row["arrivals"], row["departures"]) == (
            moves[where]["arrivals"], moves[where]["departures"],
        )  # fmt: skip


@laws
@given(rows=events(CROWD))
def test_a_body_stay_that_moved_on_is_followed_by_the_next_arrival_at_that_instant(rows):
    """Or by coming back to a place that was kept (§40)."""
    view = view_of(rows)
    stays = stays_of(view)
    begins = {(s["person"], s["begin_at"]) for s in stays if s["holds"] == "body"}
    begins |= {(time["person"], time["from_at"]) for time in times_there(view)}
    for stay in stays:
        if stay["end_kind"] == "moved on":
            assert (stay["person"], stay["end_at"]) in begins


@laws
@given(rows=events(CROWD))
def test_wait_care_delay_and_unsplit_hours_add_to_the_whole_stay(rows):
    for stay in stays_of(view_of(rows)):
        parts = [stay[f"{part}_hours"] for part in ("wait", "care", "delay", "unsplit")]
        if stay["in_order"] and stay["begin_at"] is not None:
            whole = (stay["seen_to"] - stay["begin_at"]) / HOUR
            assert sum(part or 0 for part in parts) == pytest.approx(whole, abs=1e-9)
            assert all(part is None or part >= 0 for part in parts)
            if stay["stay_hours"] is not None:
                assert stay["stay_hours"] == pytest.approx(whole, abs=1e-9)
        elif not stay["in_order"]:
            assert [*parts, stay["stay_hours"], stay["present_from"]] == [None] * 6


@laws
@given(rows=events(CROWD))
def test_the_area_under_the_census_is_the_time_that_people_were_present(rows):
    """Exactly, in whole microseconds: arrivals x mean stay = mean number inside x time."""
    view = view_of(rows)
    present = Counter()
    for time in times_there(view):
        until = END if time["to_at"] is None else time["to_at"]
        present[time["place"]] += until - time["from_at"]
    by_place = defaultdict(list)
    for change in view.table("census").to_pylist():
        by_place[change["place"]].append((change["at"], change["inside"]))
    area = Counter()
    for place, changes in by_place.items():
        line = [*sorted(changes), (END, 0)]
        area[place] = sum(inside * (until - at) for (at, inside), (until, _) in pairwise(line))
    assert area == present


@laws
@given(rows=events(CROWD))
def test_a_body_is_in_one_place_at_a_time(rows):
    by_person = defaultdict(list)
    for time in times_there(view_of(rows)):
        until = END if time["to_at"] is None else time["to_at"]
        assert time["from_at"] <= until
        if time["holds"] == "body" and time["from_at"] < until:
            by_person[time["person"]].append((time["from_at"], until))
    for spans in by_person.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


@laws
@given(rows=events(CROWD))
def test_every_event_is_a_step_once_and_every_step_of_a_stay_is_of_its_person(rows):
    view = view_of(rows)
    steps = view.table("steps").to_pylist()
    assert Counter((step["person"], step["at"], step["kind"]) for step in steps) == Counter(
        (row["person"], row["at"], row["kind"]) for row in rows
    )
    whose = {stay["stay"]: (stay["person"], stay["journey"]) for stay in stays_of(view)}
    assert all(whose[s["stay"]] == (s["person"], s["journey"]) for s in steps if s["stay"])
    of_journey = Counter(stay["journey"] for stay in stays_of(view))
    for journey in view.table("journeys").to_pylist():
        own = [step for step in steps if step["journey"] == journey["journey"]]
        assert journey["events"] == len(own)
        assert journey["stays"] == of_journey.pop(journey["journey"])
    assert not of_journey, "a stay is in no journey"
