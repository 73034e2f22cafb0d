"""Arrow rows that SQL sees under a name while a transaction lasts.

DuckDB keeps everything that was registered in a transaction until that ends, even what
was unregistered. So what is registered here is a holder, once for each name, and the
rows that it holds are let go of when others take their place.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from wholeflow.store.engine import Engine


class _Holder:
    """Something that gives the rows it holds to whoever reads Arrow."""

    rows: pa.Table

    def __arrow_c_schema__(self) -> Any:
        return self.rows.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.rows.__arrow_c_stream__(requested_schema)


class Shown:
    """The rows that an engine is shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._holders: dict[str, _Holder] = {}

    def show(self, name: str, rows: pa.Table) -> None:
        """Make rows visible to SQL under a name, in the place of those shown before."""
        if name in self._holders:
            self._holders[name].rows = rows
            return
        holder = _Holder()
        holder.rows = rows
        self._engine.register(name, holder)
        self._holders[name] = holder

    def hide(self, *names: str) -> None:
        """Let go of the rows under these names."""
        for name in names:
            self._holders[name].rows = self._holders[name].rows.schema.empty_table()

    def close(self) -> None:
        """Let go of everything."""
        for name in self._holders:
            self.hide(name)
            self._engine.unregister(name)
        self._holders.clear()
