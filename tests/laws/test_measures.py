"""Laws of measures: parts add to wholes, nobody is lost, names of weeks change nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_conservation import BEGIN, BODIES, END, KEY, LISTS, Row, events

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.time import DAY, HOUR, local
from wholeflow.events import EventLog
from wholeflow.journeys import Journeys, journeys
from wholeflow.journeys.one_journey import PARTS
from wholeflow.measures import Result, definitions, measure
from wholeflow.measures.census import Line, together
from wholeflow.measures.durations import percentiles
from wholeflow.measures.marks import Mark, signed
from wholeflow.measures.survival import first_at_most, product_limit
from wholeflow.measures.units import HOURS, SPANS
from wholeflow.store import Chunk, FileFacts, Store, load, open_store

pytestmark = pytest.mark.slow

SETTINGS = {"ED": "ed", "Ward": "ward", "Rehab": "critical", "Social work": "social_work",
            "Home care": "home_care"}  # fmt: skip
FEEDS = ("ward-book", "register")
SEGMENTS = ("healthy", "frail")
WEEK = 7 * DAY


def store_of(rows: Sequence[Row], facts: Sequence[Row] = ()) -> Store:
    """A store of events of two feeds, with settings and facts of people."""
    places: list[Row] = [
        {"place": place, "setting": setting, "organisation": f"of {setting}",
         "holds": "body" if place in BODIES else "caseload"}
        for place, setting in SETTINGS.items()
    ]  # fmt: skip
    store = open_store()
    for number, feed in enumerate(FEEDS):
        own = [row for row in rows if int(row["id"]) % len(FEEDS) == number]
        if not number:
            log = EventLog.from_rows(feed, events=own, places=places, person_facts=facts)
            own = own + places + list(facts)
        else:
            log = EventLog.from_rows(feed, events=own)
        load(store, [Chunk(log, FileFacts(feed, feed), len(own))], key=KEY, keep_ids=True)
    return store


def view_of(
    rows: Sequence[Row], facts: Sequence[Row] = (), *, shift: int = 0, marks: Sequence[Mark] = ()
) -> Journeys:
    """The view as of one instant, in UTC: there every week has 168 different hours."""
    moved = [{**row, "at": row["at"] + shift} for row in rows]
    store = store_of(moved, facts)
    for mark in marks:
        log = signed(mark, now=BEGIN, zone="Europe/London")
        load(store, [Chunk(log, FileFacts("marks", "marks"), 1)], key=KEY, keep_ids=True)
    return journeys(store, as_of=END + shift, zone="UTC")


@st.composite
def segments(draw: st.DrawFn) -> list[Row]:
    """Facts of some people, from some time on."""
    return [
        {"person": f"person {number}", "fact": "segment", "value": draw(st.sampled_from(SEGMENTS)),
         "from_at": draw(st.sampled_from([None, BEGIN, BEGIN + 500 * HOUR]))}
        for number in draw(st.sets(st.integers(1, 6)))
    ]  # fmt: skip


SUMS = {
    "arrivals": ("n",),
    "occupancy": ("person_hours",),
    "stay": ("n", "ended", "open", "cut_short", "total_hours"),
    "wait": ("n", "ended", "open", "cut_short", "total_hours"),
    "delay": ("n", "ended", "open", "cut_short", "total_hours"),
    "handoff_wait": ("n", "ended", "open", "cut_short", "total_hours"),
    "four_hours": ("n", "met", "hours_over"),
    "returns": ("n", "met"),
    "moves": ("n", "moves", "unmoved"),
    "hours": ("total_hours", *(f"{part}_hours" for part in PARTS)),
    "home_90": ("n", "home_days"),
    "days_at_home": ("n", "home_days"),
}
"""What of each measure adds up."""

GROUPS = ("place", "organisation", "setting", "source", "segment", *SPANS, *HOURS)


def measured(view: Journeys, name: str, by: Sequence[str] = ()) -> Result | None:
    try:
        return measure(view, name, by)
    except UnsupportedError:  # nobody stayed in such a place, or nobody has left it
        return None


def sums(result: Result, names: Sequence[str]) -> dict[str, float]:
    rows = result.rows.to_pylist()
    return {name: sum(row[name] or 0 for row in rows) for name in names}


laws = settings(max_examples=5)


@laws
@given(rows=events(), facts=segments(), by=st.sampled_from(GROUPS))
def test_the_parts_of_every_measure_add_to_the_whole(rows, facts, by):
    facts = [*facts, {"person": "nobody", "fact": "segment", "value": "frail"}]
    view = view_of(rows, facts)
    for name, figures in SUMS.items():
        whole, parts = measured(view, name), measured(view, name, [by])
        assert (whole is None) == (parts is None), name
        if whole and parts:
            assert sums(parts, figures) == pytest.approx(sums(whole, figures), rel=1e-9), name


@laws
@given(rows=events())
def test_every_stay_counts_or_is_left_out_for_a_reason(rows):
    view = view_of(rows)
    stays = view.table("stays").to_pylist()
    for name in ("arrivals", "stay", "wait", "delay"):
        result = measure(view, name)
        assert sums(result, ["n"])["n"] + sum(result.left_out.values()) == len(stays), name
    came = [s for s in stays if s["setting"] == "ed"]
    result = measured(view, "four_hours")
    assert bool(came) == bool(result)
    if result:
        assert sums(result, ["n"])["n"] + sum(result.left_out.values()) == len(came)
    handoffs = view.table("handoffs").num_rows
    result = measure(view, "handoff_wait")
    assert sums(result, ["n"])["n"] + sum(result.left_out.values()) == handoffs


@laws
@given(rows=events())
def test_the_area_under_the_census_is_the_time_that_people_were_there(rows):
    """Arrivals x mean time there = mean number x time observed, place by place."""
    view = view_of(rows)
    there: Counter[str] = Counter()
    for stay in view.table("stays").to_pylist():
        if stay["present_from"] is not None and stay["place"] is not None:
            until = END if stay["present_to"] is None else stay["present_to"]
            there[stay["place"]] += until - stay["present_from"]
    for row in measure(view, "occupancy", ["place"]).rows.to_pylist():
        assert row["person_hours"] == there.pop(row["place"]) / HOUR  # exactly, in microseconds
        assert row["mean"] * row["hours_observed"] == pytest.approx(row["person_hours"], rel=1e-12)
    assert not any(there.values())


def micros(rows: Sequence[Row]) -> Counter[str]:
    """Whole microseconds of each part in all rows of a result of hours."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update({part: round(row[f"{part}_hours"] * HOUR) for part in PARTS})
    return found


@laws
@given(
    rows=events(),
    facts=segments(),
    names=st.sets(st.sampled_from(["place", "organisation", "setting", "reason", "segment"])),
    unit=st.sampled_from(["", *SPANS, *HOURS]),
)
def test_hours_of_any_grouping_add_to_all_stretches_to_the_microsecond(rows, facts, names, unit):
    facts = [*facts, {"person": "nobody", "fact": "segment", "value": "frail"}]
    view = view_of(rows, facts)
    wanted = Counter(dict.fromkeys(PARTS, 0))
    for stretch in view.table("stretches").to_pylist():
        wanted[stretch["part"]] += stretch["to_at"] - stretch["from_at"]
    by = [*sorted(names), *([unit] if unit else [])]
    found = measure(view, "hours", by).rows.to_pylist()
    assert micros(found) == wanted
    for row in found:
        assert sum(row[f"{part}_hours"] for part in PARTS) == pytest.approx(row["total_hours"])
        assert row["care_share"] <= row["care_share_most"] + 1e-12


@laws
@given(rows=events(), unit=st.sampled_from(["day", "hour_of_day", "hour_of_week"]))
def test_every_hour_counts_where_it_passed(rows, unit):
    view = view_of(rows)
    wanted: dict[str, Counter[str]] = {}
    for stretch in view.table("stretches").to_pylist():
        at = stretch["from_at"]
        while at < stretch["to_at"]:
            after = min(at - at % HOUR + HOUR, stretch["to_at"])  # the view is in UTC
            when = local(at, "UTC")
            name = {"day": f"{when:%Y-%m-%d}", "hour_of_day": f"{when:%H}"}.get(unit)
            counted = wanted.setdefault(name or f"{when:%A %H}", Counter())
            counted[stretch["part"]] += after - at
            at = after
    found = measure(view, "hours", [unit]).rows.to_pylist()
    assert {row[unit]: +micros([row]) for row in found} == wanted


@st.composite
def one_after_another(draw: st.DrawFn) -> list[Row]:
    """People who are in one place after another, every coming and going recorded."""
    rows: list[Row] = []
    for person in range(draw(st.integers(1, 8))):
        at = BEGIN + draw(st.integers(0, 500 * 3600)) * 1_000_000
        for number in range(draw(st.integers(1, 4))):
            place = draw(st.sampled_from(BODIES))
            gone = at + draw(st.integers(1, 90 * 3600)) * 1_000_000
            for when, kind in ((at, "arrived"), (gone, "left")):
                row = {"id": str(len(rows)), "person": f"person {person}", "at": when}
                rows.append({**row, "kind": kind, "place": place, "ref": f"{person}.{number}"})
            at = gone + draw(st.integers(0, 90 * 3600)) * 1_000_000
    return rows


@laws
@given(rows=one_after_another())
def test_arrivals_times_mean_stay_is_the_area_under_the_census(rows):
    view = view_of(rows)
    stays = {r["place"]: r for r in measure(view, "stay", ["place"]).rows.to_pylist()}
    arrivals = {r["place"]: r["n"] for r in measure(view, "arrivals", ["place"]).rows.to_pylist()}
    census = measure(view, "occupancy", ["place"]).rows.to_pylist()
    assert {row["place"] for row in census} == set(stays) == set(arrivals)
    for row in census:
        stay = stays[row["place"]]
        mean_stay = stay["total_hours"] / stay["n"]
        assert arrivals[row["place"]] * mean_stay == pytest.approx(row["person_hours"], rel=1e-12)


@laws
@given(
    rows=one_after_another(),
    days=st.integers(1, 60),
    hours=st.integers(1, 900),
    away=st.sets(st.sampled_from([SETTINGS[place] for place in BODIES]), min_size=1),
)
def test_days_at_home_are_those_before_now_outside_the_places_that_are_away(
    rows, days, hours, away
):
    now, length = BEGIN + hours * HOUR, days * DAY
    early = [  # somebody in each place and feed shows that records reach back far enough
        {"id": str(1000 + number // 2 * 4 + number % 2 + (2 if later else 0)),
         "person": f"early {number // 2}", "kind": kind, "place": place,
         "at": BEGIN - 300 * DAY + number * HOUR + later, "ref": f"early {number}"}
        for number, place in enumerate([place for place in BODIES for _ in FEEDS])
        for kind, later in (("arrived", 0), ("left", HOUR))
    ]  # fmt: skip
    view = journeys(store_of([*early, *rows]), as_of=now, zone="UTC")
    own = replace(definitions()["days_at_home"], within_days=days, settings=tuple(sorted(away)))
    home = {row["person"]: length for row in [*early, *rows] if row["at"] <= now}
    for came, left in zip(rows[::2], rows[1::2], strict=True):
        if SETTINGS[came["place"]] in away and came["at"] <= now:
            inside = min(left["at"], now) - max(came["at"], now - length)
            home[came["person"]] -= max(inside, 0)
    result = measure(view, own)
    (row,) = result.rows.to_pylist()
    assert (row["n"], sum(result.left_out.values())) == (len(home), 0)
    assert row["home_days"] * DAY == pytest.approx(sum(home.values()), rel=1e-12)


def label_after(label: str, unit: str, weeks: int) -> str:
    """A day or week so many weeks later; hours of the week keep their names."""
    if unit in HOURS:
        return label
    return (date.fromisoformat(label) + timedelta(weeks=weeks)).isoformat()


@laws
@given(
    rows=events(),
    weeks=st.integers(-300, 300),
    unit=st.sampled_from(["", "day", "week", *HOURS]),
)
def test_a_shift_by_whole_weeks_changes_the_names_of_weeks_and_nothing_else(rows, weeks, unit):
    here, there = view_of(rows), view_of(rows, shift=weeks * WEEK)
    by = ["place", unit] if unit else ["place"]
    for name in SUMS:
        first, second = measured(here, name, by), measured(there, name, by)
        assert (first is None) == (second is None)
        if first is None or second is None:
            continue
        assert first.left_out == second.left_out
        wanted = first.rows.to_pylist()
        for row in wanted:
            if unit:
                row[unit] = label_after(row[unit], unit, weeks)
            row.pop("peak_at", None)
        found = second.rows.to_pylist()
        for row in found:
            row.pop("peak_at", None)
        assert found == wanted, name


@laws
@given(rows=events(), days=st.integers(0, 400))
def test_a_mark_from_before_the_first_record_changes_no_length(rows, days):
    early = Mark("complete_from", BEGIN - days * DAY, "information lead", "everybody is in it")
    plain, marked = view_of(rows), view_of(rows, marks=[early])
    for name, figures in SUMS.items():
        first, second = measured(plain, name, ["place"]), measured(marked, name, ["place"])
        assert (first is None) == (second is None)
        if first and second:
            assert sums(first, figures) == sums(second, figures), name
            assert first.left_out == second.left_out, name


@laws
@given(rows=events(), hours=st.integers(0, 2000))
def test_who_came_before_a_mark_counts_from_then_on(rows, hours):
    at = BEGIN + hours * HOUR
    view = view_of(rows, marks=[Mark("complete_from", at, "information lead", "all are in it")])
    whole = measure(view, "stay").rows.to_pylist()
    kept = [
        stay
        for stay in view.table("stays").to_pylist()
        if stay["in_order"] and stay["begin_at"] is not None
        and (stay["begin_at"] >= at or stay["seen_to"] > at)
    ]  # fmt: skip
    assert sum(row["n"] for row in whole) == len(kept)
    since = sum(max(0, stay["seen_to"] - max(at, stay["begin_at"])) for stay in kept)
    assert sum(row["total_hours"] for row in whole) == pytest.approx(since / HOUR, rel=1e-9)
    late = sum(stay["begin_at"] < at for stay in kept)
    assert sum(row["entered_late"] for row in whole) == late


# The product-limit curve

TIMES = st.integers(1, 12)


@st.composite
def durations(draw: st.DrawFn) -> list[tuple[int, bool, int]]:
    """How long each lasted, whether it ended, and the duration at which it came to be watched."""
    return [
        (lasted, draw(st.booleans()), draw(st.integers(0, lasted - 1) | st.just(0)))
        for lasted in draw(st.lists(TIMES, min_size=1, max_size=25))
    ]


def twin(sample: list[tuple[int, bool, int]]) -> dict[int, tuple[Fraction, int]]:
    """The product limit as its definition says it, in fractions: share and number at risk."""
    share, found = Fraction(1), {}
    for time in sorted({lasted for lasted, ended, _ in sample if ended}):
        at_risk = [one for one in sample if (one[2] == 0 or one[2] < time) and one[0] >= time]
        deaths = sum(ended for lasted, ended, _ in at_risk if lasted == time)
        share *= 1 - Fraction(deaths, len(at_risk))
        found[time] = share, len(at_risk)
    return found


def arrays(sample: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lasted, ended, entered = zip(*sample, strict=True)
    return np.array(lasted, float), np.array(ended, bool), np.array(entered, float)


@settings(max_examples=200)
@given(durations())
def test_the_curve_is_that_of_its_definition(sample):
    curve, wanted = product_limit(*arrays(sample)), twin(sample)
    empty = [time for time, (share, _) in wanted.items() if not share]
    late = empty and any(entered >= empty[0] for _, _, entered in sample)
    assert curve.is_whole == (not late)
    if late:
        wanted = {time: told for time, told in wanted.items() if time < empty[0]}
    assert curve.times.tolist() == list(wanted)
    assert curve.at_risk.tolist() == [n for _, n in wanted.values()]
    assert curve.share.tolist() == pytest.approx([float(s) for s, _ in wanted.values()], abs=1e-12)
    assert (curve.low <= curve.share + 1e-12).all()
    assert (curve.share <= curve.high + 1e-12).all()


@settings(max_examples=200)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60))
def test_without_censoring_the_curve_is_the_empirical_distribution(lasted):
    hours = np.array(lasted, float)
    curve = product_limit(hours, np.ones(len(hours), bool))
    wanted = [sum(hours > time) / len(hours) for time in curve.times]
    assert curve.share.tolist() == pytest.approx(wanted, abs=1e-12)
    ordered = sorted(lasted)
    half = ordered[(len(ordered) + 1) // 2 - 1]  # the first value by which half had ended
    assert first_at_most(curve.times, curve.share, 0.5) == half
    found = percentiles(hours, np.ones(len(hours), bool))
    assert found["p50_hours"] == pytest.approx(float(np.median(hours)))


@settings(max_examples=100)
@given(durations(), st.lists(TIMES, max_size=5))
def test_who_came_to_be_watched_after_everybody_had_gone_changes_no_share(sample, more):
    last = max(lasted for lasted, _, _ in sample)
    later = [(last + 1 + extra, True, last) for extra in more]
    before, after = product_limit(*arrays(sample)), product_limit(*arrays([*sample, *later]))
    for time, share in zip(after.times.tolist(), after.share.tolist(), strict=True):
        if time <= last:
            assert share == before.share[before.times.tolist().index(time)]


# The census as a line


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A line of steps that never falls below nought."""
    ats = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=12)))
    inside = draw(st.lists(st.integers(0, 9), min_size=len(ats), max_size=len(ats)))
    return Line(np.array(ats, np.int64), np.array(inside, np.int64), 101)


@settings(max_examples=200)
@given(lines(), st.sets(st.integers(0, 101), min_size=2, max_size=6))
def test_spans_of_the_census_are_those_counted_instant_by_instant(line, cuts):
    edges = np.array(sorted(cuts), np.int64)
    found = line.spans(edges[:-1], edges[1:])
    for one, (first, after) in zip(found, pairwise(edges.tolist()), strict=True):
        counted = line.inside_at(np.arange(first, after, dtype=np.int64)).tolist()
        assert (one.area, one.lasted, one.peak) == (sum(counted), after - first, max(counted))
        assert one.peak_at == first + counted.index(max(counted))
    (whole,) = line.spans(edges[:1], edges[-1:])
    assert together(found) == whole


def test_all_measures_are_under_these_laws() -> None:
    beside: set[str] = {"readmissions", "handover"}  # as returns, and as four_hours
    assert set(SUMS) | beside == set(definitions())
    assert {"Social work", "Home care"} == set(LISTS)
    kinds: dict[str, Any] = SETTINGS
    assert set(kinds) == {*BODIES, *LISTS}
