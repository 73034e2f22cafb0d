"""Marks: what people sign on a place and its figures, read from a view and made ready to load.

A mark is a record of the feed ``marks``, loaded as every other record is: signed again it is
changed, withdrawn it counts no longer, and neither destroys what was known before (rule §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wholeflow.core import time
from wholeflow.core.errors import RequestError, unknown
from wholeflow.events import EventLog, choices, table
from wholeflow.journeys import Journeys
from wholeflow.measures.definition import definitions, read_definition
from wholeflow.store import Store

FEED = "marks"
"""The feed that marks are records of."""

COMPLETE_FROM = "complete_from"


@dataclass(frozen=True)
class Mark:
    """What somebody signed: of what kind, from when, why, and what it concerns.

    ``at`` is an instant. ``place``, ``measure`` and ``feed`` say what the mark concerns, all of
    them where absent; ``value`` is that of a target, in the unit of its measure (a share as 0.95).
    ``who`` is a role and not a name.
    """

    kind: str
    at: int
    who: str
    why: str
    place: str | None = None
    measure: str | None = None
    feed: str | None = None
    value: float | None = None

    def says(self, zone: str = time.LONDON) -> str:
        """The mark in words.

        >>> print(Mark("step", 1_719_820_800_000_000, "matron", "two more porters").says())
        step from 1 July 2024, 09:00: two more porters (signed by: matron)
        """
        named = [name for name in (self.place, self.measure, self.feed) if name]
        concerns = f" for {', '.join(named)}" if named else ""
        value = "" if self.value is None else f" of {self.value:g}"
        kind = self.kind.replace("_", " ").removesuffix(" from")
        when = time.show_instant(self.at, zone)
        return f"{kind}{value}{concerns} from {when}: {self.why} (signed by: {self.who})"

    def as_dict(self, zone: str = time.LONDON) -> dict[str, Any]:
        """The mark for ``--json``, its instant as local time."""
        return {**vars(self), "at": time.local(self.at, zone).isoformat()}


def marks(journeys: Journeys) -> tuple[Mark, ...]:
    """The marks that stand in a view, in order of time.

    On shifted clocks there are none, for no instant concerns two people there (rule §5).
    """
    if not journeys.is_shared:
        return ()
    own = table(FEED).own
    codes = [f.name for f in own if f.type == "code"]
    joins = [f'LEFT JOIN dictionary AS d_{name} ON d_{name}.code = m."{name}"' for name in codes]
    columns = [
        f'd_{f.name}.name AS "{f.name}"' if f.name in codes else f'm."{f.name}"' for f in own
    ]
    rows = journeys.query(
        f"SELECT {', '.join(columns)} FROM present_marks AS m {' '.join(joins)} "
        "WHERE m.run = 0 ORDER BY m.at, m.kind, m.id"
    )
    return tuple(Mark(**row) for row in rows.to_pylist())


def signed(mark: Mark, *, now: int, zone: str, withdrawn: bool = False) -> EventLog:
    """A mark as a log to load, recorded at ``now`` (an instant); or the record to withdraw it."""
    names = (mark.kind, str(mark.at), mark.place, mark.measure, mark.feed)
    row: dict[str, Any] = {"id": "\x1f".join(name or "" for name in names), "recorded_at": now}
    if withdrawn:
        row["withdrawn"] = True
    else:
        row |= {name: value for name, value in vars(mark).items() if value is not None}
    return EventLog.from_rows(FEED, zone=zone, marks=[row])


def checked(journeys: Journeys, mark: Mark) -> Mark:
    """The mark, unless it could never count: then RequestError, or UnsupportedError (rule §5)."""
    journeys.need_shared_clock("a mark at an instant")
    _known("kind of mark", mark.kind, list(choices("mark_kinds")))
    for name in ("who", "why"):
        if not getattr(mark, name).strip():
            raise RequestError(f"a mark needs {name}", repair=f"Give --{name} in a few words.")
    _check_keys(mark)
    if mark.place is not None:
        _known("place", mark.place, _names(journeys, "place", "place_facts"))
    if mark.feed is not None:
        feeds = _names(journeys, "source", "sources")
        _known("feed", mark.feed, [feed for feed in feeds if feed != FEED])
    return mark


def standing(journeys: Journeys, mark: Mark) -> Mark:
    """The mark of that kind, time, place, measure and feed as it stands in a view."""
    key = ("kind", "at", "place", "measure", "feed")
    for one in marks(journeys):
        if all(getattr(one, name) == getattr(mark, name) for name in key):
            return one
    raise RequestError(
        "there is no such mark to take back",
        repair="Give its kind, time, place, measure and feed as `wholeflow mark STORE` lists them.",
    )


def feed_zone(store: Store) -> str | None:
    """The time zone that earlier marks were loaded with, which a feed keeps; None without any."""
    found = store.query(
        "SELECT s.zone FROM sources AS s JOIN dictionary AS d ON d.code = s.source "
        "WHERE d.name = ?",
        (FEED,),
    )
    return str(found["zone"][0].as_py()) if found.num_rows else None


def measure_name(given: str | None) -> str | None:
    """The name of a measure that comes with wholeflow, or of one in a definition file."""
    if given is None or given in definitions():
        return given
    if given.endswith(".toml"):
        return read_definition(Path(given)).name
    raise unknown("measure", given, list(definitions()))


def _check_keys(mark: Mark) -> None:
    """A target has a value and a measure; what is complete has no measure; a feed is complete."""
    rules = (
        (mark.kind == "target" and mark.value is None, "a target needs a value", "Give --value."),
        (mark.value is not None and not 0 <= mark.value <= 1 and _is_share(mark.measure),
         "a target of a share lies between 0 and 1", "Give 95 % as --value 0.95."),
        (mark.kind != "target" and mark.value is not None,
         "only a target has a value", "Leave --value out."),
        (mark.kind == "target" and mark.measure is None,
         "a target is one of a measure", "Give --measure."),
        (mark.kind == COMPLETE_FROM and mark.measure is not None,
         "records are complete for every measure", "Leave --measure out."),
        (mark.kind != COMPLETE_FROM and mark.feed is not None,
         "only complete_from concerns a feed", "Leave --feed out, or name a place."),
    )  # fmt: skip
    for is_wrong, what, repair in rules:
        if is_wrong:
            raise RequestError(what, repair=repair)


def _is_share(measure: str | None) -> bool:
    return measure in definitions() and definitions()[measure].unit == "share"


def _known(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise unknown(what, name, list(known))


def _names(journeys: Journeys, column: str, of: str) -> list[str]:
    found = journeys.query(
        f"SELECT DISTINCT d.name FROM {of} AS t JOIN dictionary AS d ON d.code = t.{column} "
        "ORDER BY d.name"
    )
    return [str(name) for name in found["name"].to_pylist()]
