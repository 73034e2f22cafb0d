"""Feeds: what each organisation sent, counted, with the time that it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wholeflow.core import time
from wholeflow.core.time import ALWAYS, FOR_EVER
from wholeflow.journeys.view import Journeys


@dataclass(frozen=True)
class Feed:
    """A feed of a store: whose it is, how much it holds and from when to when.

    ``code`` stands for its name in the tables of the store. ``from_at`` and ``to_at``
    (instants) leave out dates that can't be right; they are absent where dates were moved,
    and where the feed tells of no time.
    """

    code: int
    name: str
    organisation: str
    title: str
    licence: str
    clock: str
    records: int
    people: int
    rejected: int
    from_at: int | None
    to_at: int | None
    zone: str

    @property
    def says(self) -> str:
        """What there is, in a sentence."""
        name = ", ".join(part for part in (self.organisation, self.name) if part)
        words = f"{self.records:,} record{'' if self.records == 1 else 's'}"
        if self.people:
            words += f" of {self.people:,} {'person' if self.people == 1 else 'people'}"
        if self.from_at is not None and self.to_at is not None:
            first, last = (time.local(at, self.zone).date() for at in (self.from_at, self.to_at))
            words += f", {time.show_date(first)}"
            words += "" if first == last else f" to {time.show_date(last)}"
        return f"{name}: {words}."

    def as_dict(self) -> dict[str, Any]:
        """The feed for ``--json``, its instants as local time."""
        instants = {
            name: at and time.local(at, self.zone).isoformat()
            for name, at in (("from_at", self.from_at), ("to_at", self.to_at))
        }
        told = {name: value for name, value in vars(self).items() if name not in ("code", "name")}
        return {"feed": self.name, **told, **instants}


def feeds(journeys: Journeys, wrong: str) -> tuple[Feed, ...]:
    """Every feed of a view by organisation and name, those included none of whose rows
    could be used.

    ``wrong`` names a table of records (source, id, run) whose times tell nothing of when
    the feed begins and ends.
    """
    as_of = FOR_EVER if journeys.as_of is None else journeys.as_of
    rows = journeys.query(_FEEDS.format(wrong=wrong, always=ALWAYS, as_of=as_of)).to_pylist()
    found = [Feed(**row, zone=journeys.zone) for row in rows]
    return tuple(sorted(found, key=lambda feed: (feed.organisation, feed.name)))


_FEEDS = """
    WITH kept AS (
        SELECT r.source, count(*) AS records
        FROM records AS r
        WHERE r.line > 0 AND coalesce(r.recorded_at, {always}) <= {as_of}
        GROUP BY r.source
    ),
    refused AS (
        SELECT r.source, count(DISTINCT (r.file, r.line)) AS rejected
        FROM current_rejects AS r GROUP BY r.source
    ),
    told AS (
        SELECT e.source, e.at AS from_at, e.at AS to_at
        FROM present_events AS e
        JOIN date_limits AS l ON l.source = e.source AND e.at BETWEEN l.first_at AND l.last_at
        LEFT JOIN {wrong} AS w ON w.source = e.source AND w.id = e.id AND w.run = e.run
        WHERE e.run = 0 AND w.id IS NULL
        UNION ALL
        SELECT m.source, coalesce(m.sent_at, m.received_at, m.acted_at),
               coalesce(m.acted_at, m.received_at, m.sent_at)
        FROM present_messages AS m
        UNION ALL
        SELECT c.source, c.from_at, c.to_at - 1 FROM present_counts AS c
        UNION ALL
        SELECT c.source, c.from_at, coalesce(c.to_at - 1, c.from_at) FROM present_capacity AS c
        UNION ALL
        SELECT y.source, y.at, y.at FROM present_money AS y
    ),
    spans AS (
        SELECT t.source, min(t.from_at) AS from_at, max(t.to_at) AS to_at
        FROM told AS t GROUP BY t.source
    ),
    peopled AS (
        SELECT p.source, count(DISTINCT p.person) AS people
        FROM (SELECT e.source, e.person FROM present_events AS e
              UNION ALL SELECT m.source, m.person FROM present_messages AS m) AS p
        GROUP BY p.source
    ),
    owned AS (
        SELECT e.source, p.organisation, count(*) AS events,
               sum(count(*)) OVER (PARTITION BY e.source) AS total
        FROM present_events AS e
        JOIN place_facts AS p ON p.place = e.place AND p.organisation IS NOT NULL
        GROUP BY e.source, p.organisation
    ),
    owners AS (
        SELECT o.source, min(d.name) AS name
        FROM owned AS o JOIN dictionary AS d ON d.code = o.organisation
        WHERE o.events * 2 > o.total
        GROUP BY o.source
    )
    SELECT d.code, d.name,
           coalesce(nullif(s.organisation, ''), w.name, s.title, '') AS organisation,
           coalesce(s.title, '') AS title, coalesce(s.licence, '') AS licence,
           coalesce(s.clock, '') AS clock, coalesce(k.records, 0) AS records,
           coalesce(h.people, 0) AS people, coalesce(f.rejected, 0) AS rejected,
           CASE WHEN s.clock = 'shared' THEN p.from_at END AS from_at,
           CASE WHEN s.clock = 'shared' THEN p.to_at END AS to_at
    FROM kept AS k
    FULL JOIN refused AS f ON f.source = k.source
    JOIN dictionary AS d ON d.code = coalesce(k.source, f.source)
    LEFT JOIN sources AS s ON s.source = d.code
    LEFT JOIN spans AS p ON p.source = d.code
    LEFT JOIN peopled AS h ON h.source = d.code
    LEFT JOIN owners AS w ON w.source = d.code
"""
