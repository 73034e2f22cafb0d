"""Reading a log of another tool into an :class:`EventLog`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wholeflow.core.errors import RequestError
from wholeflow.core.time import LONDON
from wholeflow.events import EventLog
from wholeflow.exchange import ocel_in, xes_in
from wholeflow.exchange.ocel import JSON_ENDINGS, SQLITE_ENDINGS, ObjectLog, read_ocel
from wholeflow.exchange.records import RECORD, Rows

PERSON = "person"


def read_log(
    path: str | Path,
    *,
    person: str | None = None,
    place: str | None = None,
    kinds: Mapping[str, str] | None = None,
    source: str | None = None,
    zone: str = LONDON,
    clock: str = "shared",
) -> EventLog:
    """An XES log (``.xes``, ``.xes.gz``) or an OCEL 2.0 log (JSON, SQLite) as declared tables.

    ``person`` is the type of object that people are; in XES a case is a person. Every event
    is a ``contact`` unless ``kinds`` gives another kind for its activity. ``place`` is what
    names where an event was: a type of object, in XES the key of an attribute. ``source``
    names the feed, else ``xes`` or ``ocel``. ``zone`` is the local time of dates without an
    offset. An event that concerns no person is kept and is part of no journey. A log that
    wholeflow wrote says all of this itself.

    Raises InputError for a file that is no such log, RequestError for a type, activity or
    kind that does not exist.
    """
    file = Path(path)
    name = file.name.lower()
    about = {"title": file.name.partition(".")[0]}
    if name.endswith((".xes", ".xes.gz")):
        if person is not None:
            raise RequestError(
                "in an XES log a person is a case", repair="Leave out which object is the person."
            )
        rows = Rows(source or xes_in.SOURCE)
        xes_in.FromXes(file, rows, kinds or {}, place, zone).fill()
    elif name.endswith((*JSON_ENDINGS, *SQLITE_ENDINGS)):
        rows = Rows(source or ocel_in.SOURCE)
        log = read_ocel(file)
        ocel_in.FromOcel(log, rows, kinds or {}, _person(log, person), place).fill()
    else:
        raise RequestError(
            "the ending of the name tells no kind of log that can be read",
            where=str(path),
            repair=f"XES: .xes, .xes.gz; OCEL 2.0: {', '.join((*JSON_ENDINGS, *SQLITE_ENDINGS))}.",
        )
    return rows.log(zone, clock, about)


def _person(log: ObjectLog, named: str | None) -> str:
    if named is not None:
        return named
    is_foreign = any(RECORD not in said for said in log.event_types.values())
    if is_foreign and PERSON not in log.object_types:
        raise RequestError(
            "say which type of object the people are",
            repair=f"Use one of: {', '.join(log.object_types) or 'the log declares none'}.",
        )
    return PERSON
