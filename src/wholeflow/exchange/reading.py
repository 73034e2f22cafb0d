"""Reading a log of another tool into an :class:`EventLog`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import RequestError
from wholeflow.core.time import LONDON
from wholeflow.events import EventLog
from wholeflow.exchange import ocel_in, xes_in
from wholeflow.exchange.ocel import JSON_ENDINGS, SQLITE_ENDINGS, ObjectLog, read_ocel
from wholeflow.exchange.records import RECORD, Rows
from wholeflow.governance.nhs_number import WRONG_CHECK_DIGIT, is_wrong

_DOUBTS = pa.schema([("line", pa.int64()), ("field", pa.string()), ("doubt", pa.string())])


def read_log(
    path: str | Path,
    *,
    person: str | None = None,
    place: str | None = None,
    kinds: Mapping[str, str] | None = None,
    source: str | None = None,
    scheme: str | None = None,
    keep_attributes: bool = False,
    zone: str = LONDON,
    clock: str = "shared",
) -> EventLog:
    """An XES log (``.xes``, ``.xes.gz``) or an OCEL 2.0 log (JSON, SQLite) as declared tables.

    ``person`` is the type of object that people are; in XES a case is a person. Every event
    is a ``contact`` unless ``kinds`` gives another kind for its activity. ``place`` is what
    names where an event was: a type of object, in XES the key of an attribute. ``source``
    names the feed, else the form and the file: ``xes-sepsis``. ``scheme`` says whose numbers
    people are known by, such as ``nhs-number`` (rule §25), else the feed. Without
    ``keep_attributes`` attributes of people and names of staff are left out, and ``about``
    says how many under ``left out``. ``zone`` is the local time of dates without an offset.
    An event that concerns no person is kept and is part of no journey. A log that wholeflow
    wrote says whose its records are itself.

    Raises InputError for a file that is no such log, RequestError for a type, activity or
    kind that does not exist.
    """
    file = Path(path)
    name = file.name.lower()
    is_xes = name.endswith((".xes", ".xes.gz"))
    if not is_xes and not name.endswith((*JSON_ENDINGS, *SQLITE_ENDINGS)):
        raise RequestError(
            "the ending of the name tells no kind of log that can be read",
            where=str(path),
            repair=f"XES: .xes, .xes.gz; OCEL 2.0: {', '.join((*JSON_ENDINGS, *SQLITE_ENDINGS))}.",
        )
    stem = re.sub(r"[^\w.]+", "-", re.sub(r"\.xes(\.gz)?$|\.\w+$", "", name)).strip("-")
    rows = Rows(source or f"{'xes' if is_xes else 'ocel'}-{stem}", scheme, keep_attributes)
    if is_xes:
        if person is not None:
            raise RequestError(
                "in an XES log a person is a case", repair="Leave out which object is the person."
            )
        xes_in.FromXes(file, rows, kinds or {}, place, zone).fill()
    else:
        log = read_ocel(file)
        ocel_in.FromOcel(log, rows, kinds or {}, _person(log, person), place).fill()
    return rows.log(zone, clock, file.name.partition(".")[0])


def doubts_of(log: EventLog) -> pa.Table:
    """What may be wrong with rows of a log: NHS numbers with a wrong check digit (rule §25)."""
    rows = (
        log.tables["events"].select(["line", "person"]).to_pylist()
        if "events" in log.tables
        else []
    )
    lines = dict.fromkeys(row["line"] for row in rows if is_wrong(row["person"]))
    said = [{"line": n, "field": "person", "doubt": WRONG_CHECK_DIGIT} for n in lines]
    return pa.Table.from_pylist(said, schema=_DOUBTS)


def _person(log: ObjectLog, named: str | None) -> str:
    if named is not None:
        return named
    is_foreign = any(RECORD not in said for said in log.event_types.values())
    if is_foreign and "person" not in log.object_types:
        raise RequestError(
            "say which type of object the people are",
            repair=f"Use one of: {', '.join(log.object_types) or 'the log declares none'}.",
        )
    return "person"
