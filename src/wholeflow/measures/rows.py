"""The rows that measures are about: stays and handoffs, with when their records are complete from.

``complete_at`` is the latest ``complete_from`` mark that concerns a stay (rule §28), absent
where there is none; that of a handoff is that of the stay to which it leads.
"""

from __future__ import annotations

import pyarrow as pa

from wholeflow.core.sql import quoted
from wholeflow.journeys import Journeys
from wholeflow.measures.marks import COMPLETE_FROM, marks

EARLY = "from before the time that their records are complete from (§28)"
"""Why what ended (in counts and shares: what began) before a mark is left out."""

_PLAIN = "SELECT s.*, CAST(NULL AS BIGINT) AS complete_at FROM stays AS s"

_MARKED = """
SELECT s.*, c.complete_at FROM stays AS s LEFT JOIN (
    SELECT s.stay, max(m.at) AS complete_at
    FROM stays AS s
    JOIN complete AS m
        ON (m.place IS NULL OR m.place = s.place) AND (m.source IS NULL OR m.source = s.source)
    GROUP BY s.stay
) AS c ON c.stay = s.stay
"""

_PRESENCES = """
SELECT s.* REPLACE (p.from_at AS present_from, p.to_at AS present_to)
FROM ({stays}) AS s
LEFT JOIN presences AS p ON p.stay = s.stay
"""

_HANDOFFS = """
SELECT h.*, s.stay, s.place, s.source, s.setting, s.holds, s.begin_at, s.complete_at,
       s.to_the_day OR f.to_the_day AS to_the_day
FROM handoffs AS h
JOIN ({stays}) AS s ON s.stay = h.to_stay
JOIN stays AS f ON f.stay = h.from_stay
"""


def rows_of(journeys: Journeys, table: str) -> str:
    """SQL for the rows of ``stays``, ``presences`` or ``handoffs``, in brackets.

    ``presences`` are stays, one row for each time that the person was there without a break, and
    one for a stay whose person never was. A handoff has ``stay``, ``place``, ``source``,
    ``setting``, ``holds`` and ``begin_at`` of the stay to which it leads.
    """
    stays = _MARKED if _register_complete(journeys) else _PLAIN
    shapes = {"stays": "{stays}", "presences": _PRESENCES, "handoffs": _HANDOFFS}
    return f"({shapes[table].format(stays=stays)})"


def _register_complete(journeys: Journeys) -> bool:
    """Make the marks that records are complete visible as ``complete``; False: there are none."""
    found = [mark for mark in marks(journeys) if mark.kind == COMPLETE_FROM]
    if not found:
        return False
    names = {name for mark in found for name in (mark.place, mark.feed) if name}
    wanted = ", ".join(quoted(name) for name in ("", *sorted(names)))
    known = journeys.query(f"SELECT name, code FROM dictionary WHERE name IN ({wanted})")
    codes: dict[str | None, int | None] = {None: None}
    codes |= {row["name"]: row["code"] for row in known.to_pylist()}
    rows = {
        "place": pa.array([codes[mark.place] for mark in found], pa.int32()),
        "source": pa.array([codes[mark.feed] for mark in found], pa.int32()),
        "at": pa.array([mark.at for mark in found], pa.int64()),
    }
    journeys.engine.register("complete", pa.table(rows))
    return True
