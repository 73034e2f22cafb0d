"""Logs of other tools, in and out: XES (IEEE 1849) and OCEL 2.0; tables as CSV and Parquet."""

from wholeflow.exchange.exporting import export_log
from wholeflow.exchange.reading import doubts_of, read_log

__all__ = ["doubts_of", "export_log", "read_log"]
