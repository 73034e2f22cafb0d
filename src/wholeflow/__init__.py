"""Whole system flow in health and social care.

import wholeflow as wf
store = wf.open("place.duckdb")
wf.load(store, wf.read("export/", source="mimic"))
print(wf.check(store))
print(wf.measure(store, "stay", by=["place"]).says)
wf.report(store, to="place.html")
"""

from wholeflow.api import (
    census,
    check,
    conform,
    demo,
    draft,
    export,
    journeys,
    journeys_of,
    link,
    load,
    log_file,
    log_look,
    looks,
    map,
    mark,
    measure,
    open,
    plot,
    process_map,
    read,
    read_log,
    report,
    reported,
    sql,
    today,
    variants,
)
from wholeflow.core.errors import WholeflowError
from wholeflow.events import EventLog

__version__ = "0.1.0"

__all__ = [
    "EventLog",
    "WholeflowError",
    "census",
    "check",
    "conform",
    "demo",
    "draft",
    "export",
    "journeys",
    "journeys_of",
    "link",
    "load",
    "log_file",
    "log_look",
    "looks",
    "map",
    "mark",
    "measure",
    "open",
    "plot",
    "process_map",
    "read",
    "read_log",
    "report",
    "reported",
    "sql",
    "today",
    "variants",
]
