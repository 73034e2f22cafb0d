"""What is asked for its map: a view of a store, or one log file; and what it can't tell."""

from __future__ import annotations

import re

from wholeflow.core.errors import UnsupportedError, unknown
from wholeflow.core.sql import fill
from wholeflow.core.time import HOUR
from wholeflow.diagnosis.log_file import LogFile
from wholeflow.journeys import Journeys, operators

Seen = Journeys | LogFile

OVER = ("places", "activities")

PLACES = {"activity_times": "stops", "activities": "stops_in_turn", "ways": "routes"}
"""The relations in which the stays of a journey are told as its activities are."""

READ = re.compile(rf"\b(FROM|JOIN) ({'|'.join(PLACES)}) AS ")

STILL_OPEN = "SELECT j.journey FROM journeys AS j WHERE j.is_open"


def over_places(sql: str) -> str:
    """SQL on the activities of journeys, made to read the places that they came to.

    >>> over_places("SELECT a.turn FROM activities AS a")[-37:]
    'SELECT a.turn FROM stops_in_turn AS a'
    """
    settings = {"hour": f"{HOUR}.0"}
    parts = {
        "stops": fill("wholeflow.diagnosis", "sql/place_times.sql", {}),
        "stops_in_turn": _instead(operators.sql("activities", settings)),
        "routes": _instead(operators.sql("ways", settings)),
    }
    made = ", ".join(f"{name} AS ({body})" for name, body in parts.items())
    return f"WITH {made} {_instead(sql)}"


def _instead(sql: str) -> str:
    return READ.sub(lambda found: f"{found[1]} {PLACES[found[2]]} AS ", sql)


def check(of: Seen, over: str) -> None:
    """Refuse what these data can't be asked: no events, no activities, no places."""
    if over not in OVER:
        raise unknown("kind of map", over, list(OVER))
    if isinstance(of, LogFile):
        if over == "places":
            raise UnsupportedError(
                "a log file has no places of its own",
                repair="Name the column of places as the activity, or load the file into a store.",
            )
        return
    if not of.has_events():
        raise UnsupportedError(
            "there is nothing to map: this store holds no person's events",
            repair="Load records of people.",
        )
    if over == "activities" and not of.query("SELECT 1 AS one FROM activities LIMIT 1").num_rows:
        raise UnsupportedError(
            "the records name no activity",
            repair="Ask for places (--of places), or name an activity in the mapping.",
        )


def unused(of: Seen, over: str) -> dict[str, int]:
    """What the records hold and a map can't show, by reason."""
    if isinstance(of, LogFile):
        return dict(of.left_out)
    if over == "places":
        found = of.query(
            "SELECT count(*) AS n FROM stays AS s WHERE s.run = 0 AND s.begin_at IS NULL"
        )
        return {"stays that are not recorded to have begun": found["n"][0].as_py()}
    found = of.query(
        "SELECT count(CASE WHEN t.activity IS NULL AND NOT k.ends THEN 1 END) AS nameless, "
        "count(CASE WHEN t.activity IS NOT NULL AND t.journey IS NULL THEN 1 END) AS loose "
        "FROM steps AS t JOIN kinds AS k ON k.kind = t.kind WHERE t.run = 0"
    )
    return {
        "events, departures aside, that name no activity": found["nameless"][0].as_py(),
        "events that are part of no journey": found["loose"][0].as_py(),
    }


def going_on(of: Seen, journeys: str) -> tuple[str, ...]:
    """What is to be said of journeys that go on, of those that SQL answers."""
    if isinstance(of, LogFile):
        return (*of.limits, "A case counts as over after its last row.")
    found = of.query(
        f"SELECT count(*) AS n FROM ({STILL_OPEN}) AS o WHERE o.journey IN ({journeys})"
    )["n"][0].as_py()
    if not found:
        return ()
    return (
        f"{found:,} journeys are still under way, or nobody recorded their end: what is known of "
        "them so far counts (§9).",
    )


def coarse(of: Seen) -> tuple[str, ...]:
    """What is to be said of times that are known to the day only."""
    if isinstance(of, LogFile):
        return ()
    found = of.query("SELECT count(*) AS n FROM stays AS s WHERE s.run = 0 AND s.to_the_day")
    days = found["n"][0].as_py()
    if not days:
        return ()
    return (
        f"{days:,} stays are known to the day only: their order within a day, and times from and "
        "to them by up to a day, are not sure (§18).",
    )
