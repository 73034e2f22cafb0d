"""Whole system flow in health and social care.

import wholeflow as wf
store = wf.open("place.duckdb")
wf.load(store, wf.read("export/", source="mimic"))
print(wf.check(store))
print(wf.measure(store, "stay", by=["place"]).says)
wf.report(store, to="place.html")
"""

from wholeflow.api import (
    check,
    demo,
    draft,
    export,
    journeys,
    link,
    load,
    map,
    measure,
    open,
    read,
    read_log,
    report,
)
from wholeflow.core.errors import WholeflowError
from wholeflow.events import EventLog

__version__ = "0.1.0"

__all__ = [
    "EventLog",
    "WholeflowError",
    "check",
    "demo",
    "draft",
    "export",
    "journeys",
    "link",
    "load",
    "map",
    "measure",
    "open",
    "read",
    "read_log",
    "report",
]
