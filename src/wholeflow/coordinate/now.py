"""Now: who is ready to leave or waits at an instant, for what, and whose turn it is (§34, §35)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from wholeflow.core.errors import UnsupportedError, unknown
from wholeflow.core.sql import fill
from wholeflow.core.time import ALWAYS, DAY, HOUR, local, show_hours, show_instant
from wholeflow.governance.pseudonyms import show
from wholeflow.journeys import Journeys
from wholeflow.journeys.asking import questions

FRESH = DAY
"""How near to the machine's clock the end of observation must be for that clock to be used."""

OLD_HOURS = 24
"""From which age on a feed makes a list for today doubtful."""

ASKED = "as asked for"
CLOCK = "by the machine's clock, for the records reach to within a day of it"
END = "the end of observation: the last event recorded"

READY = "ready to leave"
NOT_TOLD = "not told"
NOT_RECORDED = "not recorded"

WAYS = {
    1: "record",
    2: "own place",
    3: "open request",
    4: "open message",
    5: "care under way",
}
"""How it is known what somebody waits for, the surest first (§35)."""

CERTAIN_WAYS = (1, 2)
"""The ways that rest on a record of this very wait; the others infer it."""

SCHEMA = pa.schema(
    [
        ("person", pa.string()),
        ("state", pa.string()),
        ("place", pa.string()),
        ("organisation", pa.string()),
        ("body_place", pa.string()),
        ("since_at", pa.int64()),
        ("hours", pa.float64()),
        ("days", pa.float64()),
        ("waits_for", pa.string()),
        ("reason", pa.string()),
        ("told_by", pa.string()),
        ("next_step", pa.string()),
        ("next_step_is", pa.string()),
        ("feed", pa.string()),
        ("feed_hours", pa.float64()),
        ("last_at", pa.int64()),
        ("last_place", pa.string()),
        ("last_activity", pa.string()),
        ("to_the_day", pa.bool_()),
        ("doubt", pa.string()),
    ]
)
"""The columns of the list; docs/guides/who-waits-today.md says what each means."""


@dataclass(frozen=True)
class FeedAge:
    """A feed and when it was last heard of: its last event, message or recording."""

    feed: str
    heard_at: int
    hours: float

    def __str__(self) -> str:
        return f"{self.feed}: {show_hours(self.hours)} old"

    @property
    def is_old(self) -> bool:
        """True when the feed is more than a day old."""
        return self.hours > OLD_HOURS


@dataclass(frozen=True)
class Today:
    """The list of those who are ready to leave or wait at an instant, longest wait first.

    ``at_is`` says why this instant; rows with a ``doubt`` come last and enter no count.
    People are pseudonyms, whatever the store keeps.
    """

    at: int
    at_is: str
    zone: str
    rows: pa.Table
    feeds: tuple[FeedAge, ...]
    left_out: Mapping[str, int]
    limits: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many people are on the list."""
        return len(self.rows["person"].unique())

    @property
    def says(self) -> str:
        """The list in a few plain sentences."""
        sure = [row for row in self.rows.to_pylist() if not row["doubt"]]
        lines = [f"As of {show_instant(self.at, self.zone)} ({self.at_is}): {_how_many(sure)}"]
        if sure:
            lines += [_longest(sure[0]), _whose_turn(sure)]
        perhaps = self.rows.num_rows - len(sure)
        if perhaps:
            lines.append(
                f"Last on the list, and in no count: {perhaps} who may be gone, for nobody "
                "recorded the end of their stay."
            )
        lines += [f"Left out: {count:,} {what}." for what, count in self.left_out.items() if count]
        return "\n".join([*lines, self._how_old()])

    def _how_old(self) -> str:
        old = [feed for feed in self.feeds if feed.is_old]
        if not old:
            return "Every feed was heard of in the last 24 hours."
        names = {feed.feed for feed in old}
        resting = sum(name in names for name in self.rows["feed"].to_pylist())
        told = "; ".join(str(feed) for feed in old)
        return (
            f"Old, so the list may be wrong: {told}. {resting} of {self.rows.num_rows} rows rest "
            "on these: who began or left since is still listed, and who came since is not."
        )

    def as_dict(self) -> dict[str, Any]:
        """The list for ``--json``, its instants as local time."""
        sure = [row for row in self.rows.to_pylist() if not row["doubt"]]
        return {
            "at": local(self.at, self.zone).isoformat(),
            "at_is": self.at_is,
            "ready": len(_ready(sure)),
            "waiting": len(_waiting(sure)),
            "rows": [
                {
                    name: local(value, self.zone).isoformat()
                    if name.endswith("_at") and isinstance(value, int)
                    else value
                    for name, value in row.items()
                }
                for row in self.rows.to_pylist()
            ],
            "next_steps": [
                {"next_step": name, "next_step_is": how, "rows": count}
                for (name, how), count in _turns(sure)
            ],
            "feeds": [
                {"feed": f.feed, "heard_at": local(f.heard_at, self.zone).isoformat(),
                 "hours": f.hours, "is_old": f.is_old}
                for f in self.feeds
            ],
            "left_out": dict(self.left_out),
            "limits": list(self.limits),
            "says": self.says,
        }  # fmt: skip


Row = dict[str, Any]


def _ready(rows: Sequence[Row]) -> set[str]:
    return {row["person"] for row in rows if row["state"] == READY}


def _waiting(rows: Sequence[Row]) -> set[str]:
    return {row["person"] for row in rows} - _ready(rows)


def _how_many(rows: Sequence[Row]) -> str:
    ready, waiting = len(_ready(rows)), len(_waiting(rows))
    if not ready and not waiting:
        return "nobody is recorded as ready to leave or waiting."
    are = "1 person is" if ready == 1 else f"{ready:,} people are"
    wait = "1 more waits" if waiting == 1 else f"{waiting:,} more wait"
    return f"{are} ready to leave and still there; {wait}."


def _longest(row: Row) -> str:
    return f"Longest: {show_hours(row['hours'])}, {row['state']}, {row['place'] or 'no place'}."


def _turns(rows: Sequence[Row]) -> list[tuple[tuple[str, str], int]]:
    turns = Counter((row["next_step"] or "", row["next_step_is"]) for row in rows)
    return sorted(turns.items(), key=lambda turn: (-turn[1], turn[0]))


def _whose_turn(rows: Sequence[Row]) -> str:
    known = [
        f"{name} {count:,} ({how})" for (name, how), count in _turns(rows) if how != NOT_RECORDED
    ]
    unknown_turns = sum(row["next_step_is"] == NOT_RECORDED for row in rows)
    if unknown_turns:
        known.append(f"{NOT_RECORDED} for {unknown_turns:,}")
    return f"Whose next step: {'; '.join(known)}."


def default_instant(journeys: Journeys, clock: int) -> tuple[int, str]:
    """The instant that a list for today is of when nobody names one, and why.

    The end of observation of the view; the machine's ``clock`` only where the two are no more
    than a day apart, for a list as of now needs records as of now.
    """
    last = journeys.observed_to()
    return (clock, CLOCK) if abs(clock - last) <= FRESH else (last, END)


def today(journeys: Journeys, at: int, at_is: str, place: str | None = None) -> Today:
    """Who is ready to leave or waits at an instant, as known in a view (rules §34 and §35).

    ``place`` keeps those whose stay or body is there and those who wait for it. Raises
    UnsupportedError on shifted clocks and where nothing is recorded by then.
    """
    journeys.need_shared_clock("who waits at one instant")
    if not journeys.has_events():
        raise UnsupportedError(
            "no event is recorded by then", repair="Load records, or name a later time."
        )
    settings = {"at": str(at), "always": str(ALWAYS)}
    for name in ("waiting_now", "awaited_now"):
        body = fill("wholeflow.coordinate", f"sql/{name}.sql", settings)
        journeys.query(f"SELECT 1 FROM ({body}) AS t LIMIT 0")  # makes the tables that it reads
        journeys.engine.make_table(name, body)
    feeds = _feeds(journeys, settings, at)
    found = journeys.query(fill("wholeflow.coordinate", "sql/worklist.sql", settings)).to_pylist()
    rows = _rows(found, _awaited(journeys), _perhaps_gone(journeys), feeds, at)
    if place is not None:
        _need_place(journeys, place)
        found = [wait for wait in found if place in (wait["place"], wait["body_place"])]
        rows = [row for row in rows if place in _places_of(row)]
    return Today(
        at,
        at_is,
        journeys.zone,
        pa.Table.from_pylist(rows, SCHEMA),
        feeds,
        _left_out(journeys),
        _limits(rows, found),
    )


def _feeds(journeys: Journeys, settings: Mapping[str, str], at: int) -> tuple[FeedAge, ...]:
    told = journeys.query(fill("wholeflow.coordinate", "sql/feed_ages.sql", settings))
    return tuple(
        FeedAge(row["feed"], row["heard_at"], (at - row["heard_at"]) / HOUR)
        for row in told.to_pylist()
    )


def _awaited(journeys: Journeys) -> dict[int, list[Row]]:
    """For each waiting stay the ways of knowing what it waits for, the surest first."""
    told = journeys.query(
        "SELECT a.stay, a.way, d.name AS awaited, a.asked_stay, o.name AS owner "
        "FROM awaited_now AS a LEFT JOIN dictionary AS d ON d.code = a.awaited "
        "LEFT JOIN dictionary AS o ON o.code = a.owner ORDER BY a.stay, a.turn"
    )
    found: dict[int, list[Row]] = {}
    for row in told.to_pylist():
        found.setdefault(row["stay"], []).append(row)
    return found


def _perhaps_gone(journeys: Journeys) -> dict[int, str]:
    """Why a stay's end is missing rather than still to come, as ``check`` finds it."""
    question = next(q for q in questions() if q.name == "missing-ends")
    rows = journeys.query(question.sql).to_pylist()
    return {row["stay"]: row["about"].rpartition(", ")[2] for row in rows}


def _rows(
    found: Sequence[Row],
    awaited: Mapping[int, list[Row]],
    gone: Mapping[int, str],
    feeds: Sequence[FeedAge],
    at: int,
) -> list[Row]:
    """The list, the longest wait first and who may be gone last."""
    ages = {feed.feed: feed.hours for feed in feeds}
    rows, explaining = [], set()
    for wait in found:
        if wait["state"] == NOT_TOLD:
            continue
        ways = awaited.get(wait["stay"], [])
        hours = (at - wait["since_at"]) / HOUR
        more = {
            "person": show(wait["person"]),
            "hours": hours,
            "days": hours / 24,
            "feed_hours": ages.get(wait["feed"]),
            "doubt": gone.get(wait["stay"]),
        }
        rows.append({**wait, **more, **_next_step(ways)})
        if not more["doubt"]:
            explaining |= _explaining(ways)
    kept = [row for row in rows if row["stay"] not in explaining]
    return sorted(
        kept, key=lambda r: (r["doubt"] is not None, -r["hours"], r["person"], r["place"] or "")
    )


def _explaining(ways: Sequence[Row]) -> set[int]:
    """The requests that explain why somebody is held, which have no row of their own."""
    asked = {way["asked_stay"] for way in ways if way["awaited"] == ways[0]["awaited"]}
    return asked - {0}


def _next_step(ways: Sequence[Row]) -> Row:
    """What is awaited by the surest way, and whose turn that makes it.

    Where the surest way does not tell whose turn it is, the next one that does is used; best
    one that awaits the same.
    """
    if not ways:
        return {"told_by": NOT_RECORDED, "next_step_is": NOT_RECORDED}
    surest = ways[0]
    owned = [way for way in ways if way["owner"]]
    turn = next((way for way in owned if way["awaited"] == surest["awaited"]), None)
    turn = turn or next(iter(owned), None)
    how = NOT_RECORDED if turn is None else "inferred"
    if turn is surest and turn["way"] in CERTAIN_WAYS:
        how = "recorded"
    return {
        "waits_for": surest["awaited"],
        "told_by": WAYS[surest["way"]],
        "next_step": turn and turn["owner"],
        "next_step_is": how,
    }


def _need_place(journeys: Journeys, place: str) -> None:
    known = journeys.query(
        "SELECT d.name FROM place_facts AS p JOIN dictionary AS d ON d.code = p.place"
    )
    if place not in known["name"].to_pylist():
        raise unknown("place", place, known["name"].to_pylist())


def _places_of(row: Row) -> tuple[str | None, ...]:
    """Where the stay is, where the body is, and what is waited for."""
    return row["place"], row["body_place"], row.get("waits_for")


def _left_out(journeys: Journeys) -> dict[str, int]:
    count = journeys.query(
        "SELECT count(*) AS n FROM stays AS s "
        "WHERE s.run = 0 AND NOT s.in_order AND s.end_kind = 'open'"
    )
    return {"with an impossible order of times (§11)": count["n"][0].as_py()}


def _limits(rows: Sequence[Row], found: Sequence[Row]) -> tuple[str, ...]:
    limits = []
    silent = [wait for wait in found if wait["state"] == NOT_TOLD]
    if silent:
        places = sorted({wait["place"] or "no place" for wait in silent})
        limits.append(
            f"For {len({wait['person'] for wait in silent}):,} more people nobody can say whether "
            f"they wait: {', '.join(places)} do not record when people are ready or care starts."
        )
    coarse = sum(row["to_the_day"] for row in rows)
    if coarse:
        limits.append(
            f"{coarse:,} of {len(rows):,} rows have times known to the day: up to a day out (§18)."
        )
    if any(row["next_step_is"] == "inferred" for row in rows):
        limits.append(
            "What is inferred (§35) comes from a request or message that nobody answered, or from "
            "care that began elsewhere, which may also mean that the person has left: ask first."
        )
    return tuple(limits)
