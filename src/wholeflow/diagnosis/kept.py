"""Which journeys a map shows, and how many each filter leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from wholeflow.core.errors import RequestError, unknown
from wholeflow.core.time import parse_instant, show_instant
from wholeflow.diagnosis.log_file import LogFile
from wholeflow.diagnosis.seen import Seen
from wholeflow.journeys import Journeys


@dataclass(frozen=True)
class Filters:
    """What a map is asked to show: all of it, unless something is named.

    Journeys that began from ``from_at`` on and before ``to_at`` (ISO text or instants), that
    came to ``place``, and in which ``through``, an activity or a place, occurs. Of those that
    came to ``place`` only the arcs from it and to it are shown. ``least``: arcs with at least
    so many.
    """

    from_at: str | int | None = None
    to_at: str | int | None = None
    place: str | None = None
    through: str | None = None
    least: int = 1

    def __post_init__(self) -> None:
        if self.least < 1:
            raise RequestError("least is 1 or more", repair="Use 1 to show every arc.")

    def as_dict(self) -> dict[str, str | int]:
        """The filters that were asked for, by name."""
        every = {name: value for name, value in vars(self).items() if value is not None}
        return {name: value for name, value in every.items() if (name, value) != ("least", 1)}


@dataclass(frozen=True)
class Kept:
    """The journeys that filters keep: SQL that answers them, and how many they left out."""

    journeys: str
    left_out: Mapping[str, int]


MOST_TOLD = 30
"""So many names are listed whole in an error."""

AT_PLACE = {
    "activities": "SELECT a.journey FROM activities AS a WHERE a.place = {code}",
    "places": "SELECT s.journey FROM stays AS s WHERE s.place = {code} AND s.begin_at IS NOT NULL",
}
"""The journeys that came to a place, for each kind of map."""

BEGUN = {
    "activities": "SELECT a.journey, a.start_at AS from_at FROM activities AS a "
    "WHERE a.turn = 1 AND a.run = 0",
    "places": "SELECT j.journey, j.from_at FROM journeys AS j WHERE j.run = 0",
}
"""Every journey that a map could show, with its begin."""


def keep(of: Seen, over: str, filters: Filters) -> Kept:
    """The journeys that the filters keep, and how many each of them leaves out, in turn.

    Raises RequestError for a place or an activity that is not there, and UnsupportedError for
    a period where dates were moved for each person (rule §5).
    """
    conditions = _conditions(of, over, filters)
    if not conditions:
        return Kept(f"SELECT b.journey FROM ({BEGUN[over]}) AS b", {})
    counts, before = [], "true"
    for number, condition in enumerate(conditions.values()):
        counts.append(f"count(*) FILTER (WHERE {before} AND NOT ({condition})) AS n{number}")
        before += f" AND {condition}"
    found = of.query(f"SELECT {', '.join(counts)} FROM ({BEGUN[over]}) AS b").to_pylist()[0]
    return Kept(
        f"SELECT b.journey FROM ({BEGUN[over]}) AS b WHERE {before}",
        dict(zip(conditions, found.values(), strict=True)),
    )


def _conditions(of: Seen, over: str, filters: Filters) -> dict[str, str]:
    """SQL for each filter on a journey ``b``, by the words for what it leaves out."""
    found = {}
    from_at, to_at = (_instant(of, at) for at in (filters.from_at, filters.to_at))
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise RequestError(
            "the period ends before it begins", repair="Give --to a later time than --from."
        )
    for at, sign, words in ((from_at, ">=", "before"), (to_at, "<", "at or after")):
        if at is not None:
            when = show_instant(at, of.zone)
            found[f"journeys that began {words} {when}"] = f"b.from_at {sign} {at}"
    if filters.place is not None:
        found[f"journeys that did not come to {filters.place}"] = (
            f"b.journey IN ({AT_PLACE[over].format(code=place_code(of, filters.place))})"
        )
    if filters.through is not None:
        found[f"journeys that did not pass through {filters.through}"] = (
            f"b.journey IN ({_through(of, filters.through)})"
        )
    return found


def _instant(of: Seen, at: str | int | None) -> int | None:
    if at is not None and isinstance(of, Journeys):
        of.need_shared_clock("a map of a period")
    return parse_instant(at, of.zone) if isinstance(at, str) else at


def place_code(of: Seen, name: str) -> int:
    """The code of a place that somebody came to."""
    if isinstance(of, LogFile):
        raise RequestError(
            "a log file has no places of its own",
            repair="Name the column of places as --activity, or load the file into a store.",
        )
    places = named_codes(of, "SELECT p.place AS code FROM place_facts AS p")
    if name not in places:
        raise not_known("place", name, list(places))
    return places[name]


def _through(of: Seen, name: str) -> str:
    """The journeys in which an activity or a place of this name occurs, as SQL."""
    known = named_codes(of, "SELECT DISTINCT a.activity AS code FROM activities AS a")
    parts = [f"SELECT a.journey FROM activities AS a WHERE a.activity = {known.get(name, -1)}"]
    if isinstance(of, Journeys):
        places = named_codes(of, "SELECT DISTINCT s.place AS code FROM stays AS s")
        parts.append(AT_PLACE["places"].format(code=places.get(name, -1)))
        known |= places
    if name not in known:
        raise not_known("activity or place", name, list(known))
    return " UNION ".join(parts)


def named_codes(of: Seen, codes: str) -> dict[str, int]:
    """The names of codes that SQL answers, each with its code."""
    rows = of.query(f"SELECT d.name, d.code FROM dictionary AS d JOIN ({codes}) AS c USING (code)")
    return dict(zip(rows["name"].to_pylist(), rows["code"].to_pylist(), strict=True))


def not_known(kind: str, name: str, known: list[str]) -> RequestError:
    """An error that lists the names, where these are many those most like the one asked for."""
    few = len(known) <= MOST_TOLD
    return unknown(
        kind, name, known if few else get_close_matches(name, known, 8, 0.3) or sorted(known)[:8]
    )
