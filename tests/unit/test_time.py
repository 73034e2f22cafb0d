"""Local time against the zone database, and the calendar that periods are counted by."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wholeflow.core import time
from wholeflow.core.errors import RequestError

LONDON, AMSTERDAM = "Europe/London", "Europe/Amsterdam"
ZONES = st.sampled_from([LONDON, AMSTERDAM, "America/New_York", "Asia/Kathmandu", "UTC"])
MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2299, 12, 31))

NEAR = st.builds(
    lambda day, minutes, micro: day + timedelta(minutes=minutes, microseconds=micro),
    st.sampled_from(
        [
            datetime(2024, 3, 31),
            datetime(2024, 10, 27),
            datetime(1987, 3, 29),
            datetime(2037, 10, 25),
        ]
    ),
    st.integers(-60, 240),
    st.sampled_from([0, 1, 999_999]),
)
"""Times within hours of a change of the clocks."""


def wall_of(moment: datetime) -> int:
    return time.instant(moment.replace(tzinfo=UTC))


def read_by_zoneinfo(moment: datetime, zone: str) -> tuple[int, bool, bool]:
    """Instant of the first reading, whether no clock showed it, whether clocks showed it twice."""
    tz = ZoneInfo(zone)
    first, second = (moment.replace(tzinfo=tz, fold=fold) for fold in (0, 1))
    at = time.instant(first.astimezone(UTC))
    shown = first.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == moment
    twice = shown and first.utcoffset() != second.utcoffset()
    return at, not shown, twice


@given(zone=ZONES, moment=MOMENTS | NEAR)
@example(LONDON, datetime(2024, 3, 31, 0, 59, 59, 999_999))
@example(LONDON, datetime(2024, 3, 31, 1, 0))
@example(LONDON, datetime(2024, 3, 31, 1, 59, 59, 999_999))
@example(LONDON, datetime(2024, 3, 31, 2, 0))
@example(LONDON, datetime(2024, 10, 27, 0, 59, 59, 999_999))
@example(LONDON, datetime(2024, 10, 27, 1, 0))
@example(LONDON, datetime(2024, 10, 27, 2, 0))
@example(AMSTERDAM, datetime(2013, 10, 27, 2, 30))
@example(AMSTERDAM, datetime(2014, 3, 30, 2, 30))
@example(AMSTERDAM, datetime(1937, 7, 1, 0, 0, 10))
@example(LONDON, datetime(1968, 10, 27, 1, 0))
@example(LONDON, datetime(1941, 8, 10, 2, 30))
def test_clock_times_are_read_as_the_zone_database_reads_them(zone, moment):
    instants, gaps, repeats = time.wall_to_instant(np.array([wall_of(moment)]), zone)
    found = int(instants[0]), bool(gaps[0]), bool(repeats[0])
    assert found == read_by_zoneinfo(moment, zone)


@given(zone=ZONES, moments=st.lists(MOMENTS | NEAR, min_size=1, max_size=20))
def test_many_times_at_once_are_read_as_one_by_one(zone, moments):
    walls = np.array([wall_of(moment) for moment in moments])
    together = time.wall_to_instant(walls, zone)
    for number in range(len(walls)):
        alone = time.wall_to_instant(walls[number : number + 1], zone)
        assert [part[number] for part in together] == [part[0] for part in alone]


@pytest.mark.parametrize("zone", [LONDON, AMSTERDAM, "UTC"])
def test_segments_follow_each_other_without_a_gap_or_an_overlap(zone):
    segments = time.local_segments(zone)
    starts = [segment.local_from for segment in segments]
    assert starts == sorted(set(starts))
    assert not any(segment.is_gap and segment.is_repeated for segment in segments)


@given(moment=NEAR)
def test_iso_text_is_read_as_clock_times_are(moment):
    wanted, gap, _ = read_by_zoneinfo(moment, LONDON)
    if not gap:
        assert time.parse_instant(moment.isoformat(), LONDON) == wanted
        assert time.parse_instant(moment.isoformat(sep=" "), LONDON) == wanted


def test_iso_text_with_an_offset_is_taken_at_its_word():
    assert time.parse_instant("2024-10-27T01:30+00:00") == time.parse_instant("2024-10-27T01:30Z")
    assert time.parse_instant("2024-10-27T01:30Z") - time.parse_instant("2024-10-27T01:30") == (
        time.HOUR
    )


def test_what_is_no_time_and_what_is_no_zone_is_refused():
    with pytest.raises(RequestError):
        time.parse_instant("next week")
    with pytest.raises(RequestError, match="Lundon"):
        time.zone("Europe/Lundon")
    with pytest.raises(RequestError):
        time.zone("../../etc/passwd")


def test_instants_are_shown_in_local_time_to_the_end_of_the_calendar():
    assert time.show_instant(time.parse_instant("2024-07-01 09:05")) == "1 July 2024, 09:05"
    assert time.show_instant(time.parse_instant("2201-12-31 23:59")) == "31 December 2201, 23:59"
    assert time.local(time.parse_instant("9999-06-01 12:00")).year == 9999


def days_of(first: str, last: str, zone: str = LONDON) -> list[dict[str, object]]:
    end = time.parse_instant(last, zone) - 1
    start = time.parse_instant(first, zone) // time.QUARTER_HOUR
    return time.calendar(np.arange(start, end // time.QUARTER_HOUR + 1), zone).to_pylist()


@pytest.mark.parametrize(
    ("day", "after", "hours"),
    [
        ("2024-03-31", "2024-04-01", 23),
        ("2024-10-27", "2024-10-28", 25),
        ("2024-07-01", "2024-07-02", 24),
    ],
)
def test_a_day_has_the_hours_that_clocks_showed(day, after, hours):
    quarters = days_of(day, after)
    assert len(quarters) == hours * 4
    assert {row["day"] for row in quarters} == {day}
    shown = Counter(row["hour"] for row in quarters)
    usual = dict.fromkeys(range(24), 4)
    usual[1] = {23: 0, 24: 4, 25: 8}[hours]
    assert shown == Counter({hour: count for hour, count in usual.items() if count})


def test_weeks_begin_on_monday():
    rows = {row["day"]: row for row in days_of("2024-12-23", "2025-01-13")}
    assert rows["2024-12-30"]["weekday"] == 0 and rows["2025-01-05"]["weekday"] == 6
    assert rows["2024-12-29"]["week"] == "2024-12-23"
    for day in ("2024-12-30", "2024-12-31", "2025-01-01", "2025-01-05"):
        assert rows[day]["week"] == "2024-12-30"
    assert rows["2025-01-06"]["week"] == "2025-01-06"


def test_financial_years_begin_on_the_first_of_april():
    rows = {row["day"]: row["financial_year"] for row in days_of("2024-03-30", "2024-04-03")}
    assert rows["2024-03-31"] == "2023/24" and rows["2024-04-01"] == "2024/25"
    assert time.financial_year(date(1999, 12, 31)) == "1999/00"
    assert time.financial_year(date(2100, 1, 1)) == "2099/00"


def test_months_turn_at_local_midnight():
    quarters = days_of("2024-06-30", "2024-07-02")
    july = [row for row in quarters if row["month"] == "2024-07"]
    first = min(row["quarter_hour"] for row in july)
    assert first * time.QUARTER_HOUR == time.parse_instant("2024-07-01 00:00")
    assert len(july) == 96


@given(zone=ZONES, moment=st.datetimes(datetime(1973, 1, 1), datetime(2299, 1, 1)) | NEAR)
def test_the_calendar_says_what_the_zone_database_says(zone, moment):
    at = time.instant(moment.replace(tzinfo=UTC))
    (row,) = time.calendar(np.array([at // time.QUARTER_HOUR]), zone).to_pylist()
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert row["quarter_hour"] == at // time.QUARTER_HOUR
    assert (row["day"], row["hour"]) == (local.date().isoformat(), local.hour)
    assert row["weekday"] == local.weekday()
    assert row["month"] == f"{local:%Y-%m}"
    assert row["week"] == (local.date() - timedelta(days=local.weekday())).isoformat()
    assert row["financial_year"] == time.financial_year(local.date())
