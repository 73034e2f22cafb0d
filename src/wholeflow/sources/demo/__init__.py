"""The made-up place Riverford that `wholeflow demo` runs on."""

from wholeflow.sources.demo.records import write_records

__all__ = ["write_records"]
