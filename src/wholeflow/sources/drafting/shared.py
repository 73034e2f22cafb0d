"""What several files have in common: numbers of people, and of things that tie their rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wholeflow.core.sql import named, quoted
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.roles import PEOPLE_WORDS, Roles
from wholeflow.store import Engine

MOST = 200_000
"""Values of a column that are compared."""

SAME = 0.5
ALIKE = 0.05
"""Shares of the smaller column's values that stand in the other, for names that differ and for
names that agree."""


@dataclass(frozen=True)
class Tie:
    """A column that holds the key of another file.

    ``use`` is ``join`` (the other file knows the person), ``person`` (both know the
    person by numbers of their own, and this ties them), ``within`` (both know them by
    the same number) or ``own`` (an earlier row of the same file).
    """

    column: str
    other: Roles
    use: str

    @property
    def there(self) -> str:
        """The column of the other file."""
        return self.other.key[0]


@dataclass
class Shared:
    """The schemes of numbers of people by file and column, and ties between files."""

    schemes: dict[tuple[str, str], str] = field(default_factory=dict)
    ties: dict[str, list[Tie]] = field(default_factory=dict)

    def scheme(self, roles: Roles, column: str) -> str:
        """The scheme of a person's number."""
        return self.schemes[roles.feed, column]

    def shared_by(self, roles: Roles) -> bool:
        """True when another file ties its people to this file's key."""
        ties = [tie for found in self.ties.values() for tie in found]
        return any(tie.use == "person" and tie.other is roles for tie in ties)

    def has_need(self, roles: Roles) -> bool:
        """True when rows of other files belong to rows of this one."""
        ties = [tie for found in self.ties.values() for tie in found]
        return any(tie.use in ("within", "join") and tie.other is roles for tie in ties)


class _Values:
    """The values of columns, each read once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, roles: Roles, column: str) -> frozenset[str]:
        if (roles.table, column) not in self._read:
            words = ", ".join(quoted(w) for w in roles.looks[column].blanks) or "''"
            found = self._engine.query(
                f"SELECT DISTINCT trim({named(column)}) AS v FROM {named(roles.table)} "
                f"WHERE trim({named(column)}) NOT IN ('', {words}) LIMIT {MOST}"
            )
            self._read[roles.table, column] = frozenset(found["v"].to_pylist())
        return self._read[roles.table, column]


def shared_columns(engine: Engine, found: list[Roles]) -> Shared:
    """What the files have in common."""
    values = _Values(engine)
    result = Shared(_schemes(engine, values, found))
    for roles in found:
        result.ties[roles.feed] = _ties(engine, values, result, roles, found)
    return result


def _people(roles: Roles) -> list[str]:
    return [column for column in (*roles.persons, roles.old, roles.kept) if column]


def _schemes(engine: Engine, values: _Values, found: list[Roles]) -> dict[tuple[str, str], str]:
    """A name for each set of numbers that people are known by."""
    columns = [(roles, column) for roles in found for column in _people(roles)]
    groups: list[list[tuple[Roles, str]]] = []
    for roles, column in columns:
        home = next(
            (g for g in groups if any(_are_one(engine, values, *one, roles, column) for one in g)),
            None,
        )
        if home is None:
            groups.append([(roles, column)])
        else:
            home.append((roles, column))
    wanted = [_scheme_name(group) for group in groups]
    taken = Counter(wanted)
    schemes: dict[tuple[str, str], str] = {}
    for group, name in zip(groups, wanted, strict=True):
        scheme = name if taken[name] == 1 else f"{group[0][0].feed}-{name}"
        schemes |= {(roles.feed, column): scheme for roles, column in group}
    return schemes


def _scheme_name(group: list[tuple[Roles, str]]) -> str:
    plainest = [c for r, c in group if c not in (r.old, r.kept)] or [group[0][1]]
    return names.slug(Counter(plainest).most_common(1)[0][0])


def _are_one(
    engine: Engine, values: _Values, roles: Roles, column: str, others: Roles, other: str
) -> bool:
    """True when two columns hold numbers of one kind."""
    if roles is others:
        return {column, other} == {roles.old, roles.kept}
    share = _overlap(values.of(roles, column), values.of(others, other))
    one, two = set(names.words_of(column)), set(names.words_of(other))
    telling = one & two - {"id", "number", "patient", "person"}
    enough = ALIKE if column == other or (telling and (one <= two or two <= one)) else SAME
    if share < enough:
        return False
    return _agree(engine, roles, column, others, other)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the smaller set that is in the other; nothing where short figures prove none."""
    smaller, larger = sorted((one, other), key=len)
    if not smaller:
        return 0.0
    if all(value.isdigit() and len(value) < 4 for value in smaller):
        return 0.0
    return len(smaller & larger) / len(smaller)


def _agree(engine: Engine, roles: Roles, column: str, others: Roles, other: str) -> bool:
    """False when the same number goes with other NHS numbers or birth dates: it is chance."""
    for mine, theirs in (
        (roles.nhs, others.nhs),
        (roles.traits.get("birth_date", ""), others.traits.get("birth_date", "")),
    ):
        if not mine or not theirs:
            continue
        formats = roles.looks[mine].formats.chosen, others.looks[theirs].formats.chosen
        if mine != roles.nhs and formats[0] != formats[1]:
            continue
        found = engine.query(
            f"SELECT avg(CASE WHEN trim(a.{named(mine)}) = trim(b.{named(theirs)}) THEN 1.0 "
            f"ELSE 0 END) AS same, count(*) AS n "
            f"FROM (SELECT DISTINCT {named(column)} AS k, {named(mine)} FROM {named(roles.table)}) "
            f"a JOIN (SELECT DISTINCT {named(other)} AS k, {named(theirs)} "
            f"FROM {named(others.table)}) b ON trim(a.k) = trim(b.k) "
            f"WHERE trim(a.{named(mine)}) <> '' AND trim(b.{named(theirs)}) <> ''"
        ).to_pylist()[0]
        if found["n"] >= 5:
            return bool(found["same"] >= SAME)
    return True


def _ties(
    engine: Engine, values: _Values, shared: Shared, roles: Roles, found: list[Roles]
) -> list[Tie]:
    """The columns of a file that hold keys, of another file or its own."""
    ties = []
    for column in roles.things:
        if roles.key == (column,):
            continue
        for other in sorted(found, key=lambda one: one is not roles):
            if len(other.key) != 1 or other.key[0] not in other.things:
                continue
            share = _overlap(values.of(roles, column), values.of(other, other.key[0]))
            alike = column == other.key[0]
            if share >= (ALIKE if alike else SAME):
                ties.append(Tie(column, other, _use(shared, roles, other)))
                break
    return ties


def _use(shared: Shared, roles: Roles, other: Roles) -> str:
    if other is roles:
        return "own"
    mine, theirs = _people(roles), _people(other)
    if not mine and not roles.nhs:
        return "join" if theirs or other.nhs else "within"
    both = {shared.scheme(roles, c) for c in mine} & {shared.scheme(other, c) for c in theirs}
    return "within" if both or not (mine and theirs) else "person"


def generic(column: str) -> bool:
    """True when a name says that it is a person's number and not whose."""
    return set(names.words_of(column)) <= PEOPLE_WORDS | {"id", "number"}
