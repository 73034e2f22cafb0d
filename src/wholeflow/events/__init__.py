"""What happened: the declared tables and the log of events built from them."""

from wholeflow.events.declared import Field, TableSpec, choices, table, table_names
from wholeflow.events.log import EventLog

__all__ = ["EventLog", "Field", "TableSpec", "choices", "table", "table_names"]
