"""What the times of a row are: the milestones of one stay, or of several, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from wholeflow.core.sql import named, quoted
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.roles import ASIDE, CHAIN, LETTERS, Roles, Time
from wholeflow.store import Engine

BEGINS = ("referred", "arrived", "started")


@dataclass(frozen=True)
class Milestone:
    """A time with the kind of event that it is, the words why, and the setting that it is of."""

    time: Time
    kind: str
    why: str
    decide: bool = False
    about: str = ""


def milestones(engine: Engine, roles: Roles, times: list[Time]) -> list[Milestone]:
    """What each time is, in the order in which the times happen in the rows."""
    chained = [time for time in times if _aside(time) == ""]
    before = _order(engine, roles, times)
    found: list[Milestone] = []
    for about, group in _stays(chained):
        ordered = sorted(group, key=lambda t: (_rank(t, group, before), _stage(t)))
        found += _assigned(ordered, before, about)
    for time in times:
        aside = _aside(time)
        if aside:
            found.append(Milestone(time, aside, "by its name"))
    return sorted(found, key=lambda m: (_rank(m.time, times, before), times.index(m.time)))


def _aside(time: Time) -> str:
    """The kind of a time that is no milestone of a stay, or nothing."""
    says = names.best(time.name, {*CHAIN, *ASIDE})
    return says if says in ASIDE else ""


def _order(engine: Engine, roles: Roles, times: list[Time]) -> dict[tuple[str, str], float]:
    """For pairs of times the share of rows, of those with both, in which one is no later."""
    pairs = [(a, b) for a in times for b in times if a is not b]
    if not pairs:
        return {}
    shares = ", ".join(
        f"avg(CASE WHEN {one} <= {other} THEN 1.0 WHEN {one} > {other} THEN 0.0 END) AS s{number}"
        for number, (one, other) in enumerate(_both(a, b) for a, b in pairs)
    )
    row = engine.query(f"SELECT {shares} FROM {named(roles.table)}").to_pylist()[0]
    return {
        (a.name, b.name): float(row[f"s{number}"])
        for number, (a, b) in enumerate(pairs)
        if row[f"s{number}"] is not None
    }


def _both(one: Time, other: Time) -> tuple[str, str]:
    """SQL of two times to compare, by their days where one has only days."""
    if one.is_day or other.is_day:
        return f"CAST({_moment(one)} AS DATE)", f"CAST({_moment(other)} AS DATE)"
    return _moment(one), _moment(other)


def _moment(time: Time) -> str:
    """SQL of the time as it is written; an offset counts."""
    parts = [f"nullif(trim({named(column)}), '')" for column in time.columns]
    text = f"concat_ws(' ', {', '.join(parts)})"
    if time.look.native_time:
        return f"try_cast(rtrim({text}, 'Z') AS TIMESTAMP)"
    tries = ", ".join(f"try_strptime({text}, {quoted(form)})" for form in time.formats)
    return f"CAST(coalesce({tries}, NULL) AS TIMESTAMP)"


def _stage(time: Time) -> int:
    """Where its name would place a time among the milestones, for times that often coincide."""
    says = names.best(time.name, CHAIN)
    return CHAIN.index(says) if says else 0


def _rank(time: Time, times: list[Time], before: dict[tuple[str, str], float]) -> float:
    """How many of the times mostly come before this one."""
    others = [other for other in times if other is not time]
    return sum(
        before.get((other.name, time.name), 0.0) > before.get((time.name, other.name), 0.0)
        for other in others
    )


def _stays(times: list[Time]) -> list[tuple[str, list[Time]]]:
    """The times by the stay that they are of: rows may tell of two, such as ED and ward."""
    groups: dict[str, list[Time]] = {}
    for time in times:
        groups.setdefault(names.setting_of([time.name]), []).append(time)
    own = {s: group for s, group in groups.items() if s and _is_stay(group)}
    rest = [time for time in times if not any(time in group for group in own.values())]
    if not own or (len(own) == 1 and not _is_stay(rest)):
        return [("", times)]
    return [*own.items(), *([("", rest)] if rest else [])]


def _is_stay(times: list[Time]) -> bool:
    """True when there are both a begin and an end."""
    says = [names.best(time.name, CHAIN) for time in times]
    return "left" in says and any(kind in says for kind in BEGINS)


def _assigned(
    ordered: list[Time], before: dict[tuple[str, str], float], about: str
) -> list[Milestone]:
    """The times of one stay as milestones: the surest reading that keeps the natural order."""
    kinds = _best_reading(ordered)
    found: list[Milestone] = []
    alone = "the only time of the row" if len(ordered) == 1 else "no milestone of a stay"
    for time, kind in zip(ordered, kinds, strict=True):
        if kind:
            found.append(Milestone(time, kind, _why(time, kind, ordered, before), about=about))
        else:
            found.append(Milestone(time, "contact", alone, decide=True, about=about))
    return found


def _best_reading(ordered: list[Time]) -> list[str]:
    """A milestone or nothing for each time, each milestone once and in the order of stages."""
    ways: dict[int, tuple[float, list[str]]] = {-1: (0.0, [])}
    for time in ordered:
        sure = names.scores(time.name, CHAIN)
        following: dict[int, tuple[float, list[str]]] = {}
        for last, (score, kinds) in ways.items():
            steps = [(last, 0.0, "")]
            steps += [
                (number, sure[kind], kind)
                for number, kind in enumerate(CHAIN)
                if number > last and kind in sure
            ]
            for number, more, kind in steps:
                if score + more > following.get(number, (-1.0, []))[0]:
                    following[number] = (score + more, [*kinds, kind])
        ways = following
    kinds = max(ways.values(), key=lambda way: way[0])[1]
    return _with_a_begin(ordered, kinds)


def _with_a_begin(ordered: list[Time], kinds: list[str]) -> list[str]:
    """Where names tell no begin or end, the first time begins and the last ends."""
    silent = [not names.scores(time.name, CHAIN) for time in ordered]
    if len(kinds) > 1 and silent[0] and not any(kind in BEGINS for kind in kinds):
        kinds = ["arrived", *kinds[1:]]
    if len(kinds) > 1 and silent[-1] and "left" not in kinds:
        kinds = [*kinds[:-1], "left"]
    return kinds


def _why(time: Time, kind: str, ordered: list[Time], before: dict[tuple[str, str], float]) -> str:
    by_name = kind in names.scores(time.name, CHAIN)
    reason = "by its name" if by_name else "by its place among the times"
    place = ordered.index(time)
    if place == 0:
        return reason
    share = before.get((ordered[place - 1].name, time.name))
    if share is None:
        return reason
    return f"{reason}; no earlier than {ordered[place - 1].name} in {percent(share)} of rows"


def letters(roles: Roles) -> dict[str, Time]:
    """The times of messages: when each was sent, received and acted on."""
    found: dict[str, Time] = {}
    for time in roles.times:
        says = names.best(time.name, LETTERS)
        if says and says not in found:
            found[says] = time
    return found


def percent(share: float) -> str:
    """A share in words; never 100 % of what has exceptions.

    >>> percent(0.9996), percent(1.0), percent(0.0004)
    ('99.9 %', '100 %', 'under 0.1 %')
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    shown = min(share * 100, 99.9) if share < 1 else 100.0
    return f"{shown:.1f}".removesuffix(".0") + " %"
