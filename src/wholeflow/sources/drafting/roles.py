"""What each column of a file may be for, from its name and its looks together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import combinations

from wholeflow.core.sql import named
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.looks import MOSTLY, Look
from wholeflow.store import Engine

CHAIN = ("referred", "accepted", "arrived", "started", "ready", "left")
"""The milestones of a stay in the order in which they happen (kinds.csv)."""

ASIDE = ("contact", "declined", "cancelled", "died")
NO_EVENT = ("recorded_at", "expected_at", "passed_over", "birth_date")
LETTERS = ("sent_at", "received_at", "acted_at")
TRAITS = ("birth_date", "sex", "postcode", "forename", "surname")
PLACES = ("wanted_place", "from_place", "to_place", "first_place", "place", "team")
PEOPLE_WORDS = {"patient", "person", "client", "nhs", "citizen", "subject", "resident", "user"}
PLACE_WORDS = {"site", "ward", "department", "clinic", "provider", "location", "practice", "team",
               "organisation", "trust", "commissioner"}  # fmt: skip
NO_NUMBER = {"type", "category", "class", "group", "frequency", "cost", "status", "reason",
             "method", "mode", "level", "kind", "outcome", "model", "flag", "indicator", "name",
             "count", "volume", "percent"}  # fmt: skip
"""Words for what is said about a thing: such a column is no number and no place."""

NUMBERS = ("number of a thing", "number")
OPEN = ("reason", "by", "status", "activity", "organisation", "kind_of_message", *PLACES)
"""What the columns of codes may say."""

HALF = 0.5
FEW_OF = 0.2
UNIQUE_PAIRS = 40
"""Pairs of columns that are tried as a key."""


@dataclass(frozen=True)
class Time:
    """A time of the rows: one column, or a day and an hour in two."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]
    look: Look

    @property
    def name(self) -> str:
        """The column, or the first of the two."""
        return self.columns[0]

    @property
    def is_day(self) -> bool:
        """True when some cells have no hour."""
        return any(not re.search("%[HI]", form) for form in self.formats)


@dataclass
class Roles:
    """The columns of one layout of file by what they may be for.

    ``left_out`` pairs a column with the reason. The rows are in the engine as ``table``.
    """

    table: str
    feed: str
    looks: dict[str, Look]
    nhs: str = ""
    persons: list[str] = field(default_factory=list)
    old: str = ""
    kept: str = ""
    things: list[str] = field(default_factory=list)
    traits: dict[str, str] = field(default_factory=dict)
    times: list[Time] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    sequence: str = ""
    withdrawn: str = ""
    recorded: Time | None = None
    key: tuple[str, ...] = ()
    repeated: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)

    @property
    def identifiers(self) -> list[str]:
        """Every column that names a person or a thing of theirs."""
        found = [self.nhs, self.old, self.kept, *self.persons, *self.things]
        return [column for column in found if column]


def roles_of(engine: Engine, table: str, feed: str, found: Iterable[Look]) -> Roles:
    """The roles of the columns of a file whose rows are in the engine."""
    roles = Roles(table, feed, {look.name: look for look in found})
    for look in roles.looks.values():
        _place(roles, look)
    _settle_merges(roles)
    _settle_names(roles)
    _pair_clocks(roles)
    _drop_expected(roles)
    _find_recorded(roles)
    _find_key(engine, roles)
    return roles


def _place(roles: Roles, look: Look) -> None:
    """Put one column where it belongs."""
    name = look.name
    out = _reason_to_leave_out(look)
    if out:
        roles.left_out.append((name, out))
        return
    trait = names.best(name, TRAITS)
    if trait == "birth_date" and "year" in names.words_of(name):
        trait = "birth_year"
    if trait and trait not in roles.traits and (trait != "birth_date" or look.is_a == "time"):
        roles.traits[trait] = name
    elif look.is_a == "time":
        formats = () if look.native_time else look.formats.chosen
        roles.times.append(Time((name,), formats, look))
    elif look.is_a == "clock":
        roles.times.append(Time((name,), ("",), look))
    elif _is_nhs_number(look) and not roles.nhs:
        roles.nhs = name
    elif _person_role(look):
        _place_person(roles, _person_role(look), name)
    else:
        _place_other(roles, look)


def _place_person(roles: Roles, role: str, name: str) -> None:
    if role == "old_person" and not roles.old:
        roles.old = name
    elif role == "kept_person" and not roles.kept:
        roles.kept = name
    else:
        roles.persons.append(name)


def _settle_merges(roles: Roles) -> None:
    """An old number without a new one, or the other way round, is a number like others."""
    if roles.old and roles.kept:
        return
    for name in (roles.old, roles.kept):
        if name:
            is_person = bool(set(names.words_of(name)) & PEOPLE_WORDS)
            (roles.persons if is_person else roles.things).append(name)
    roles.old = roles.kept = ""


def _settle_names(roles: Roles) -> None:
    """A column of names says who somebody is only where no number does."""
    called = [column for column in roles.persons if roles.looks[column].holds_names]
    if called and (roles.nhs or len(called) < len(roles.persons)):
        roles.persons = [column for column in roles.persons if column not in called]
        roles.left_out += [(column, "names the person") for column in called]


def _place_other(roles: Roles, look: Look) -> None:
    name = look.name
    says = names.best(name, {"sequence", "withdrawn", "thing_id", "units", "duration", *PLACES})
    if says == "sequence" and look.is_a in NUMBERS and not roles.sequence:
        roles.sequence = name
    elif says == "withdrawn" and look.distinct <= 3:
        roles.withdrawn = name
    elif look.is_a == "number of a thing" and _is_thing(look):
        roles.things.append(name)
    elif look.is_a == "number" and not _is_coded(look):
        roles.numbers.append(name)
    else:
        roles.codes.append(name)


def _is_thing(look: Look) -> bool:
    """True for a number of an attendance or stay; one of a place comes again and again."""
    is_place = bool(set(names.words_of(look.name)) & PLACE_WORDS)
    return not is_place or look.distinct >= FEW_OF * look.filled


def _is_coded(look: Look) -> bool:
    """True where figures are codes, as those of national lists are."""
    says = names.best(look.name, {*OPEN, "capacity", "level", "units", "duration", "thing_id"})
    return look.is_few and look.is_whole and says in (*OPEN, "thing_id")


def _reason_to_leave_out(look: Look) -> str:
    """Why a column is not for the store, or nothing."""
    if look.is_a == "empty":
        return "blank in every row"
    if look.trouble:
        return look.trouble
    says = names.scores(look.name, {"staff", "contact_details", "free_text", "full_name",
                                    "about_person", "person", *TRAITS, *PLACES})  # fmt: skip
    surest = max(says, key=lambda role: says[role]) if says else ""
    if look.is_a == "time":
        return ""
    told = {
        "staff": "names staff",
        "contact_details": "an address or number of the person",
        "full_name": "names the person",
        "free_text": "free text, which stays out unless you name it in `attributes`",
        "about_person": "about the person; name it in `attributes` if the work needs it",
    }
    if surest in ("free_text", "staff") and look.is_a == "number":
        return ""
    if surest in told:
        return told[surest]
    if look.addresses >= HALF and surest in (*PLACES, ""):
        return "addresses, perhaps of people"
    if look.is_a == "text" and not surest and not names.best(look.name, {*PLACES, "thing_id"}):
        return "free text, which stays out unless you name it in `attributes`"
    return ""


def _is_nhs_number(look: Look) -> bool:
    words = names.best(look.name, {"nhs_number", "person", "old_person", "kept_person"})
    by_name = words == "nhs_number" and look.is_a in (*NUMBERS, "text")
    return by_name or (look.nhs >= 0.8 and look.distinct >= 20)


def _person_role(look: Look) -> str:
    tokens = set(names.words_of(look.name))
    if tokens & PLACE_WORDS and not tokens & PEOPLE_WORDS:
        return ""
    role = names.best(look.name, {"person", "old_person", "kept_person", "thing_id", "place"})
    if role not in ("person", "old_person", "kept_person") or tokens & NO_NUMBER:
        return ""
    is_code = look.is_few and look.is_a == "code" and not look.holds_names
    return "" if is_code and (look.figures < MOSTLY or look.distinct < 3) else role


def _pair_clocks(roles: Roles) -> None:
    """Join an hour to the day that it belongs to; alone an hour is no time."""
    clocks = [time for time in roles.times if time.look.is_a == "clock"]
    for clock in clocks:
        roles.times.remove(clock)
        day = _day_of(roles, clock)
        if day is None:
            roles.left_out.append((clock.name, "an hour without a day"))
            continue
        hour = _clock_format(clock.look)
        both = [f"{form} {hour}" for form in day.formats]
        joined = Time((*day.columns, clock.name), (*both, *day.formats), day.look)
        roles.times[roles.times.index(day)] = joined


def _day_of(roles: Roles, clock: Time) -> Time | None:
    stem = set(names.words_of(clock.name)) - names.FILLING
    for time in roles.times:
        whole = len(time.columns) == 1 and time.look.formats.is_day and time.formats
        if whole and set(names.words_of(time.name)) - names.FILLING == stem:
            return time
    return None


def _clock_format(look: Look) -> str:
    if look.longest == 4:
        return "%H%M"
    return "%H:%M:%S" if look.longest > 5 else "%H:%M"


def _drop_expected(roles: Roles) -> None:
    """Times that were only expected are no events, unless the file has no others."""
    expected = [t for t in roles.times if time_says(t) in ("expected_at", "passed_over")]
    if len(expected) < len(roles.times):
        for time in expected:
            roles.times.remove(time)
            roles.left_out += [(c, "expected or planned, not what happened") for c in time.columns]


def time_says(time: Time, wanted: Collection[str] = ()) -> str:
    """What the name of a time says most surely."""
    return names.best(time.name, wanted or {*CHAIN, *ASIDE, *NO_EVENT, "merged_at", *LETTERS})


def _find_recorded(roles: Roles) -> None:
    """The time of the extract or of the last change, where there are other times too."""
    found = [time for time in roles.times if time_says(time) == "recorded_at"]
    if found and len(roles.times) > 1:
        sure = names.scores
        roles.recorded = max(
            found, key=lambda time: sure(time.name, {"recorded_at"})["recorded_at"]
        )
        roles.times.remove(roles.recorded)


def _find_key(engine: Engine, roles: Roles) -> None:
    """The columns that name a row: one, or the smallest pair; with a time of record also that.

    A row that comes again word for word does not count against a key.
    """
    rows = f"(SELECT DISTINCT * FROM {named(roles.table)})"
    total = _count(engine, f"SELECT count(*) AS n FROM {rows}")
    every = _count(engine, f"SELECT count(*) AS n FROM {named(roles.table)}")
    roles.repeated = every - total
    also = roles.recorded.columns if roles.recorded else ()
    for columns in _possible_keys(roles):
        wanted = ", ".join(named(column) for column in columns)
        filled = " AND ".join(f"trim({named(c)}) <> ''" for c in columns[:1])
        whole = ", ".join(named(column) for column in (*columns, *also))
        found = _count(
            engine,
            f"SELECT count(*) AS n FROM (SELECT DISTINCT {whole} FROM {rows} WHERE {filled})",
        )
        if total and found >= total * 0.998 and wanted:
            roles.key = tuple(columns)
            return


def _possible_keys(roles: Roles) -> list[tuple[str, ...]]:
    """Columns and pairs of columns to try, the likeliest first."""
    called = [c for c in roles.things if names.best(c, {"thing_id"})]
    things = [*called, *(c for c in roles.things if c not in called)]
    others = [c for c in roles.codes if roles.looks[c].is_a in ("code", "text")]
    people = [*roles.persons, *([roles.nhs] if roles.nhs else [])]
    days = [column for time in roles.times for column in time.columns]
    figures = [c for c in (*roles.numbers, roles.sequence) if c and names.best(c, {"thing_id"})]
    one = [(c,) for c in (*things, *figures, *people)]
    several = [*people, *things, *([roles.sequence] if roles.sequence else []), *days, *others]
    pairs = [(a, b) for a, b in combinations(several, 2)][:UNIQUE_PAIRS]
    return [*one, *pairs]


def _count(engine: Engine, sql: str) -> int:
    return int(engine.query(sql).to_pylist()[0]["n"] or 0)
