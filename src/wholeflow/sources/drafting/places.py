"""Which columns say where: the place, where from, where to, which was wanted, which team."""

from __future__ import annotations

from dataclasses import dataclass

from wholeflow.core.sql import named
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.roles import NO_NUMBER, PLACES, Roles
from wholeflow.store import Engine

YES_OR_NO = {"y", "n", "yes", "no", "true", "false", "0", "1", "t", "f"}
HALF = 0.5


@dataclass
class Where:
    """The columns that say where."""

    place: str = ""
    from_place: str = ""
    to_place: str = ""
    wanted_place: str = ""
    team: str = ""
    organisation: str = ""

    def used(self) -> list[str]:
        """The columns that have a part here."""
        found = [self.place, self.from_place, self.to_place, self.wanted_place, self.team,
                 self.organisation]  # fmt: skip
        return [column for column in found if column]


def where(engine: Engine, roles: Roles, columns: list[str]) -> Where:
    """The columns that say where, among columns of codes."""
    result = Where()
    able = [c for c in columns if not _is_yes_or_no(roles, c)]
    able = [c for c in able if not set(names.words_of(c)) & NO_NUMBER - {"name"}]
    scored = {c: names.scores(c, {*PLACES, "organisation", "reason", "by"}) for c in able}
    says = {c: max(s, key=lambda role: s[role]) for c, s in scored.items() if s}
    for role in ("wanted_place", "from_place", "to_place"):
        found = _surest(roles, scored, [c for c in says if says[c] == role], role)
        setattr(result, role, found)
    at = [c for c in able if says.get(c) in ("place", "first_place")]
    at = [c for c in at if c not in result.used()]
    sure = {c: max(scored[c].get("place", 0), scored[c].get("first_place", 0)) for c in at}
    rank = sorted(at, key=lambda c: (-sure[c], -roles.looks[c].share, not _is_code(c), len(c)))
    whole = [c for c in rank if roles.looks[c].share >= HALF]
    result.place = (whole or rank or [""])[0]
    teams = [c for c in able if says.get(c) == "team" or "team" in scored[c]]
    teams = [c for c in teams if c not in result.used()]
    result.team = _surest(roles, scored, teams, "team")
    if not result.place and {"team", "service"} & set(names.words_of(result.team)):
        result.place, result.team = result.team, ""
    owners = [c for c in able if "organisation" in scored[c] and c not in result.used()]
    if not result.place:
        runs = [c for c in owners if "provider" in names.words_of(c)]
        result.place = _surest(roles, scored, runs, "organisation")
        owners = [c for c in owners if c != result.place]
    if result.place and owners:
        owner = _surest(roles, scored, owners, "organisation")
        if owner and _follows(engine, roles, result.place, owner):
            result.organisation = owner
    return result


def _surest(
    roles: Roles, scored: dict[str, dict[str, float]], columns: list[str], role: str
) -> str:
    """The column that says it most surely; of equals the fuller, then the code."""
    ranked = sorted(
        columns,
        key=lambda c: (-scored[c].get(role, 0.0), -roles.looks[c].share, not _is_code(c)),
    )
    return ranked[0] if ranked else ""


def _is_code(column: str) -> bool:
    return bool({"code", "id", "number"} & set(names.words_of(column)))


def _is_yes_or_no(roles: Roles, column: str) -> bool:
    look = roles.looks[column]
    words = {code.lower() for code, _ in look.codes}
    return look.distinct <= 2 and bool(words) and words <= YES_OR_NO


def _follows(engine: Engine, roles: Roles, one: str, other: str) -> bool:
    """True when every value of one column goes with one value of the other."""
    found = engine.query(
        f"SELECT max(n) AS most FROM (SELECT count(DISTINCT nullif(trim({named(other)}), '')) AS n "
        f"FROM {named(roles.table)} GROUP BY trim({named(one)}) HAVING trim({named(one)}) <> '')"
    ).to_pylist()[0]
    return int(found["most"] or 0) <= 1
