"""Journeys: a view of a store as of one instant, worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core import time
from wholeflow.core.errors import RequestError, UnsupportedError, unknown
from wholeflow.events.declared import LIKENESS, SHARED_NUMBER, kinds
from wholeflow.governance.pseudonyms import DIGITS, show
from wholeflow.journeys import buckets, operators
from wholeflow.journeys.known_as import clashing, persons
from wholeflow.journeys.last_events import make_observed_ends
from wholeflow.store import REPLACED_FILES, Engine, Store

GAP_DAYS = 30
DIRECT_HOURS = 4
"""The longest time on the way between two stays of one handoff (rule §14)."""

LATE_DAYS = 7
"""How long after somebody came a message may still be sent for that handoff (rule §37)."""

LINKS = {"likely": 0.9, "certain": 1.0}
"""Which links between numbers of people are used, by their least probability (rule §25)."""

ACROSS_PEOPLE = ("census",)
"""Derived tables that compare people at one instant, refused on shifted clocks."""


@dataclass(frozen=True)
class Journeys:
    """Stays, handoffs, journeys and census of a store, as of one instant.

    Nothing is worked out until a table is asked for; each is worked out once.
    ``as_of`` is the instant whose knowledge is used, None for all that is known.
    Stays without a recorded need are one journey when no more than ``gap_days``
    lie between them (rule §16). ``links`` says which links between numbers of people
    are used: ``likely`` ones, or ``certain`` ones only (rule §25).
    """

    store: Store
    engine: Engine
    as_of: int | None = None
    zone: str = time.LONDON
    gap_days: int = GAP_DAYS
    links: str = "likely"
    _made: set[str] = field(default_factory=set, repr=False, compare=False)
    _buckets: list[int] = field(default_factory=list, repr=False, compare=False)
    _edges: list[tuple[int, int]] = field(default_factory=list, repr=False, compare=False)

    @property
    def is_shared(self) -> bool:
        """True when people's times can be compared (rule §5)."""
        return self.store.has_shared_clock

    def need_shared_clock(self, what: str) -> None:
        """Refuse what compares people in time where dates were moved for each person."""
        if not self.is_shared:
            raise UnsupportedError(
                f"{what} can't be worked out: in this store dates were moved for each person",
                repair="Durations, handoffs and returns of one person can be measured (rule §5).",
            )

    def table(self, name: str) -> pa.Table:
        """A derived table with names, pseudonyms and hours as people read them.

        Instants stay integers (UTC microseconds). Raises UnsupportedError for a
        census where clocks are shifted.
        """
        return self._shown(name, "true")

    def _shown(self, name: str, where: str) -> pa.Table:
        fields = operators.columns(name)
        selected, joins = [], []
        for f in fields:
            if f.type == "code":
                joins.append(
                    f'LEFT JOIN dictionary AS d_{f.name} ON d_{f.name}.code = t."{f.name}"'
                )
                selected.append(f'd_{f.name}.name AS "{f.name}"')
            else:
                selected.append(f't."{f.name}"')
        rows = self.query(
            f"SELECT {', '.join(selected)} FROM {name} AS t {' '.join(joins)} "
            f"WHERE {where} ORDER BY ALL NULLS LAST"
        )
        return self._named(rows, [f.name for f in fields if f.type == "identifier"])

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> pa.Table:
        """The answer to plain SQL on the derived tables, as Arrow.

        Names are codes there: join ``dictionary`` to show them.
        """
        for name in operators.OPERATORS:
            if any(name in part for part in sql.replace('"', " ").split()):
                self._make(name)
        return self.engine.query(sql, parameters)

    def body(self, name: str, *, among: str = "true") -> str:
        """The SQL that makes a derived table, with the settings of this view.

        Present tables, and operators that are worked out in shares, can be made of those rows only
        that are ``among`` them (SQL).
        """
        settings = {**self._settings(), "is_among": among}
        if name in operators.PRESENT:
            settings["is_hiding"] = self._has_rows("hidden")
            if operators.KNOWN_AS in operators.PRESENT[name]:
                settings["is_linked"] = self._has_rows(operators.KNOWN_AS)
        return operators.sql(name, settings, self.engine.dialect)

    def _has_rows(self, name: str) -> str:
        self._make(name)
        found = self.engine.query(f"SELECT 1 AS one FROM {name} LIMIT 1")
        return "true" if found.num_rows else "false"

    def has_made(self, names: Iterable[str]) -> bool:
        """True when these derived tables stand already."""
        return self._made.issuperset(names)

    def beside(self, engine: Engine, made: Iterable[str]) -> Journeys:
        """The same view in another session, where these derived tables stand already."""
        engine.register("kinds", _kinds())
        return replace(self, engine=engine, _made=set(made), _buckets=[1], _edges=[])

    def _make(self, name: str) -> None:
        if name in self._made:
            return
        if name in ACROSS_PEOPLE:
            self.need_shared_clock(f"a {name}")
        if name in buckets.IN_PASSING and not self.has_made(buckets.KEPT) and self._is_large():
            self._work_through()  # first of all: it lets go of tables that are asked for here too
            if name in buckets.KEPT:
                return
        for needed in operators.OPERATORS[name]:
            self._make(needed)
        if name == "present_events":
            self.engine.register("kinds", _kinds())
        if name == operators.KNOWN_AS:
            self._put(name, self._who_is_who())
        elif name in buckets.BY_PERSON and self._is_large():
            for number, (first, last) in enumerate(self._ranges()):
                self._put(name, buckets.of_bucket(self.body(name), first, last), adds=number > 0)
        elif name in buckets.IN_SHARES and self._is_large():
            for number, share in enumerate(buckets.shares(name, self._buckets[0])):
                self._put(name, self.body(name, among=share), adds=number > 0)
        else:
            self._put(name, self.body(name))
        self._made.add(name)

    def _put(self, name: str, body: str, *, adds: bool = False) -> None:
        """Make a derived table of what SQL answers, or add to it."""
        if adds:
            self.engine.add_rows(name, self._numbered_on(name, body))
        elif name == "present_events" and self._is_large():  # a copy would be as large as the store
            self.engine.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {body}")
        else:
            self.engine.make_table(name, body)

    def _numbered_on(self, name: str, body: str) -> str:
        """Rows of a further bucket, numbered on from those that are there when they are added."""
        columns = buckets.NUMBERED.get(name, ())
        if not columns:
            return body
        so_far = f"(SELECT coalesce(max(n.{columns[0]}), 0) FROM {name} AS n)"
        numbers = [f"{column} + {so_far} AS {column}" for column in columns]
        return f"SELECT * REPLACE ({', '.join(numbers)}) FROM ({body}) AS bucket"

    def _work_through(self) -> None:
        """Make the stays and steps of a large store, from the events of some people at a time."""
        for needed in ("present_events", "place_facts", "date_limits"):
            self._make(needed)
        make_observed_ends(self.engine, self.body)
        bodies = {name: self.body(name) for name in buckets.IN_PASSING}
        adds = False
        for first, last, events in self._cut():
            for name, body in bodies.items():
                some = buckets.of_bucket(body, first, last, events=events)
                self._put(name, some, adds=adds and name in buckets.KEPT)
            adds = True
        for name in buckets.PASSING:
            self.engine.execute(f"DROP TABLE {name}")
        self._made.update(("observed_ends", *buckets.KEPT))

    def _cut(self) -> Iterator[tuple[int, int, str]]:
        """The ranges of the buckets, each with the table that its events are read from."""
        ranges = self._ranges()
        if len(ranges) <= buckets.AT_HAND:
            yield from ((*edges, "present_events") for edges in ranges)
            return
        for begin in range(0, len(ranges), buckets.AT_HAND):
            some = ranges[begin : begin + buckets.AT_HAND]
            near = f"e.person BETWEEN {some[0][0]} AND {some[-1][1]}"
            self.engine.make_table(
                "events_at_hand", f"SELECT * FROM present_events AS e WHERE {near}"
            )
            yield from ((*edges, "events_at_hand") for edges in some)
        self.engine.execute("DROP TABLE events_at_hand")

    def _is_large(self) -> bool:
        """True for a store whose events are too many to be worked through at once."""
        if not self._buckets:
            events = self.engine.query("SELECT count(*) AS n FROM ledger.events")["n"][0].as_py()
            self._buckets.append(-(-events // buckets.EVENTS))
        return self._buckets[0] > 1

    def _ranges(self) -> list[tuple[int, int]]:
        """The buckets of people, always the same ones."""
        if not self._edges:
            self._make("present_events")
            self.engine.take_more_memory()
            self._edges.extend(buckets.ranges(self.engine, self._buckets[0]))
        return self._edges

    def _who_is_who(self) -> str:
        recorded = self._links(f"l.method <> '{LIKENESS}'")
        known = persons(recorded["person"].to_numpy(), recorded["same_as"].to_numpy())
        alike = self._links(f"l.method = '{LIKENESS}'")
        if alike.num_rows:
            national = self.engine.query(
                "SELECT DISTINCT t.nhs_number AS number FROM present_traits AS t "
                "WHERE t.nhs_number IS NOT NULL"
            )
            pairs = alike["person"].to_numpy(), alike["same_as"].to_numpy()
            clashes = clashing(known, *pairs, national["number"].to_numpy())
            self._refuse(alike.filter(pa.array(clashes)))
            used = pa.concat_tables([recorded, alike.filter(pa.array(~clashes))])
            known = persons(used["person"].to_numpy(), used["same_as"].to_numpy())
        self.engine.register("linked", known)
        return "SELECT number, person FROM linked"

    def _links(self, of: str) -> pa.Table:
        """The links that are used, the likeliest first."""
        return self.engine.query(
            f"SELECT l.person, l.same_as FROM links AS l WHERE l.used AND {of} "
            "ORDER BY l.probability DESC, l.person, l.same_as"
        )

    def _refuse(self, clashes: pa.Table) -> None:
        """Note the links by likeness that would make one person of two NHS numbers."""
        if clashes.num_rows:
            self.engine.register("clashing", clashes)
            self.engine.make_table(
                "links",
                "SELECT l.run, l.person, l.same_as, l.method, l.probability, l.from_at, "
                "l.used AND c.person IS NULL AS used, "
                "CASE WHEN c.person IS NULL THEN l.doubt ELSE 'two NHS numbers' END AS doubt, "
                "l.source, l.id, l.recorded_at FROM links AS l "
                "LEFT JOIN (SELECT DISTINCT c.person, c.same_as FROM clashing AS c) AS c "
                f"ON c.person = l.person AND c.same_as = l.same_as AND l.method = '{LIKENESS}'",
            )
            self.engine.unregister("clashing")

    def _settings(self) -> dict[str, str]:
        return {
            "always": str(time.ALWAYS),
            "code": str(operators.CODE),
            "for_ever": str(time.FOR_EVER),
            "as_of": str(time.FOR_EVER if self.as_of is None else self.as_of),
            "as_of_or_null": "CAST(NULL AS BIGINT)" if self.as_of is None else str(self.as_of),
            "gap": str(self.gap_days * time.DAY),
            "direct": str(DIRECT_HOURS * time.HOUR),
            "late": str(LATE_DAYS * time.DAY),
            "hour": f"{time.HOUR}e0",
            "day": str(time.DAY),
            "month": str(31 * time.DAY),
            "is_shared": "true" if self.is_shared else "false",
            "replaced_files": REPLACED_FILES,
            "surely": str(LINKS[self.links]),
            "shared": self._code(SHARED_NUMBER),
        }

    def _code(self, name: str) -> str:
        """The code of a name in SQL; -1 where the store does not know it."""
        found = self.engine.query("SELECT code FROM dictionary WHERE name = ?", [name])
        return str(found["code"][0].as_py() if found.num_rows else -1)

    def observed_to(self) -> int:
        """The end of observation: ``as_of``, else the last recorded event (rule §9)."""
        if self.as_of is not None:
            return self.as_of
        return self._edge("max(s.observed_to)")

    def observed_from(self) -> int:
        """The begin of the first stay; stays in an impossible order tell nothing of it."""
        return self._edge("min(s.begin_at)")

    def _edge(self, which: str) -> int:
        found = self.query(f"SELECT {which} AS edge FROM stays AS s WHERE s.in_order AND s.run = 0")
        return int(found["edge"][0].as_py() or 0)

    def has_events(self) -> bool:
        """True when the view holds any person's event."""
        self._make("present_events")
        return bool(self.engine.query("SELECT 1 FROM present_events LIMIT 1").num_rows)

    def counts(self) -> pa.Table:
        """Published counts as known in this view, names shown; no value: it was not published."""
        return self.query(
            "SELECT n.name, p.name AS place, o.name AS organisation, c.from_at, c.to_at, c.value, "
            'b.name AS "by", c."is" FROM present_counts AS c '
            "JOIN dictionary AS n ON n.code = c.name "
            "LEFT JOIN dictionary AS p ON p.code = c.place "
            "LEFT JOIN dictionary AS o ON o.code = c.organisation "
            'LEFT JOIN dictionary AS b ON b.code = c."by" '
            "ORDER BY 1, 4, 3, 7"
        )

    def person(self, shown: str) -> pa.Table:
        """The steps of one person, known by pseudonym (or identifier where ids are kept)."""
        return self._shown("steps", f"t.person = {self.person_of(shown)}").sort_by("rank")

    def shown(self, person: str) -> str:
        """The pseudonym of a person, however they were named; for the log of looks."""
        return show(self.person_named(person))

    def person_of(self, shown: str) -> int:
        """Whom a pseudonym, or an identifier where ids are kept, is one number of.

        Raises RequestError where the view has nothing of them.
        """
        person = self.person_named(shown)
        found = self.query(f"SELECT 1 FROM present_events AS e WHERE e.person = {person} LIMIT 1")
        if not found.num_rows:
            raise RequestError(
                "there is no such person in this store",
                repair="Use a pseudonym as `wholeflow journeys STORE` shows them.",
            )
        return person

    def person_named(self, shown: str) -> int:
        """Whom a pseudonym or kept identifier is one number of, known to this view or not."""
        number = self._pseudonym(shown)
        found = self.query("SELECT k.person FROM known_as AS k WHERE k.number = ?", (number,))
        return int(found["person"][0].as_py()) if found.num_rows else number

    def _pseudonym(self, shown: str) -> int:
        kept = self.query("SELECT pseudonym FROM kept_ids WHERE identifier = ?", (shown,))
        if kept.num_rows:
            return int(kept["pseudonym"][0].as_py())
        is_pseudonym = len(shown) == DIGITS and not set(shown) - set("0123456789abcdef")
        return int(shown, 16) if is_pseudonym else -1

    def _named(self, rows: pa.Table, identifiers: list[str]) -> pa.Table:
        kept: dict[int, str] = {}
        if identifiers and self.store.about("ids") == "kept":
            pairs = self.store.query("SELECT pseudonym, identifier FROM kept_ids").to_pylist()
            kept = {pair["pseudonym"]: pair["identifier"] for pair in pairs}
        for name in identifiers:
            unique = rows[name].unique()
            shown = pa.array(
                [None if p is None else kept.get(p, show(p)) for p in unique.to_pylist()],
                pa.string(),
            )
            places = pc.index_in(rows[name], value_set=unique)
            column = shown.take(places.combine_chunks())
            rows = rows.set_column(rows.column_names.index(name), name, column)
        return rows


def _kinds() -> pa.Table:
    return pa.table(
        {
            "kind": [kind.name for kind in kinds().values()],
            "stage": pa.array([kind.stage for kind in kinds().values()], pa.int32()),
            "turn": pa.array([kind.turn for kind in kinds().values()], pa.int32()),
            "ends": [kind.ends for kind in kinds().values()],
            "number": pa.array(range(1, len(kinds()) + 1), pa.int32()),
        }
    )


def journeys(
    store: Store,
    *,
    as_of: str | int | None = None,
    zone: str = time.LONDON,
    gap_days: int = GAP_DAYS,
    links: str = "likely",
) -> Journeys:
    """A lazy view of a store, as of an instant (ISO text in local time, or an integer)."""
    if links not in LINKS:
        raise unknown("way of using links", links, list(LINKS))
    if gap_days < 0:
        raise RequestError(
            "gap_days can't be negative", repair="Use 30, or another number of days."
        )
    instant = time.parse_instant(as_of, zone) if isinstance(as_of, str) else as_of
    view = Journeys(store, store.engine.session(), instant, zone, gap_days, links)
    if instant is not None:
        view.need_shared_clock("a past view")
    return view
