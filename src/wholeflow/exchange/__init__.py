"""Logs of other tools, in and out: XES (IEEE 1849) and OCEL 2.0; tables as CSV and Parquet."""

from wholeflow.exchange.exporting import FORMS, export_log
from wholeflow.exchange.ocel import ObjectLog, object_log, read_ocel, write_ocel
from wholeflow.exchange.reading import read_log
from wholeflow.exchange.xes import XesLog, read_xes, write_xes

__all__ = [
    "FORMS",
    "ObjectLog",
    "XesLog",
    "export_log",
    "object_log",
    "read_log",
    "read_ocel",
    "read_xes",
    "write_ocel",
    "write_xes",
]
