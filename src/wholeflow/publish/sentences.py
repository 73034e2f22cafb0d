"""The five sentences at the top of a report, and what it covers."""

from __future__ import annotations

from typing import Any

from wholeflow.core.time import local, show_date, show_hours
from wholeflow.publish.bars import Hours
from wholeflow.publish.facts import FEW, Facts, total
from wholeflow.publish.vega import PARTS
from wholeflow.publish.words import counted, how_many, listed, number, share

NOT_SPLIT = "as it is not recorded, or few people’s"
"""Why hours are not split on a page for people outside."""


def five_sentences(facts: Facts) -> list[str]:
    """What this place is, how many, where the hours went, the longest waits, what is unknown."""
    if not facts.has_events:
        return _of_counts(facts)
    return [
        _what_it_is(facts),
        _how_many(facts),
        _where_hours_went(facts),
        _longest_waits(facts),
        _unknown(facts),
    ]


def covered(facts: Facts) -> str:
    """The period that the records cover."""
    if facts.has_events and not facts.journeys.is_shared:
        return "Dates were moved for each person: no calendar period can be shown"
    if facts.period is None:
        return "No records"
    first, last = (local(at, facts.journeys.zone).date() for at in facts.period)
    return f"{show_date(first)} to {show_date(last)}"


def _what_it_is(facts: Facts) -> str:
    feeds = counted(len(facts.feeds), "feed")
    who = counted(len(facts.organisations), "organisation")
    names = f" ({listed(facts.organisations)})" if facts.organisations else ""
    return (
        f"The records come from {feeds} ({listed(facts.feeds, 5)}) and tell of "
        f"{counted(len(facts.places), 'place')} of {who}{names}."
    )


def _how_many(facts: Facts) -> str:
    sizes = facts.sizes
    goes_on = f"{counted(sizes['open'], 'stay')} had not ended"
    open_ = "all had ended" if sizes["open"] == 0 else goes_on
    when = "" if sizes["open"] is None else f"; {open_} when the records end"
    return (
        f"{counted(sizes['people'], 'person', 'people')} made "
        f"{counted(sizes['journeys'], 'journey')} with {counted(sizes['stays'], 'stay')}{when}."
    )


def _where_hours_went(facts: Facts) -> str:
    bodies, lists = (total(facts.hours_by_place(holds)) for holds in ("body", "caseload"))
    said = []
    if bodies.total:
        said.append(f"Of {show_hours(bodies.total)} in places, {_parts(bodies, facts)}")
    if lists.total:
        said.append(f"of {show_hours(lists.total)} on lists, {_parts(lists, facts)}")
    if not (said or facts.is_internal):
        return "Nowhere did so many people spend their time that its hours may be published."
    if not said:
        return "No stay has a known length, so nobody can say where the hours went."
    words = "; ".join(said)
    return words[0].upper() + words[1:] + "."


def _parts(hours: Hours, facts: Facts) -> str:
    """The shares of the parts, largest first; those of nothing are not named."""
    why = "as its start or ready is not recorded" if facts.is_internal else NOT_SPLIT
    words = {**PARTS, "unsplit": f"can’t be split, {why}"}
    sizes = {part: getattr(hours, part) / hours.total for part in PARTS}
    known = [part for part in sizes if sizes[part]]
    ranked = sorted(known, key=lambda part: (part == "unsplit", -sizes[part]))
    said = [
        f"{share(sizes[part])} {'was ' if part != 'unsplit' else ''}{words[part]}"
        for part in ranked
    ]
    return listed(said)


def _longest_waits(facts: Facts) -> str:
    known = [row for row in facts.handoffs if row["wait_p50_hours"] is not None]
    if not (known or facts.is_internal):
        return "No wait at a handoff is known of so many people that it may be published."
    if not known:
        return (
            "How long people waited at handoffs is not known: "
            "nobody recorded when the next place was asked."
        )
    many = [row for row in known if row["waits"] >= FEW]
    said = [_wait(row) for row in (many or known)[:3]]
    least = f" with {FEW} or more known waits" if many else ""
    return f"The longest waits at handoffs{least}: {listed(said)}."


def _wait(row: dict[str, Any]) -> str:
    return (
        f"from {row['from_place'] or 'a place not recorded'} to "
        f"{row['to_place'] or 'a place not recorded'} half waited "
        f"{show_hours(row['wait_p50_hours'])} or more (of {counted(row['waits'], 'wait')}"
        + (f", {number(row['open'])} still waiting)" if row["open"] else ")")
    )


def _unknown(facts: Facts) -> str:
    """What these records can't say."""
    sizes = facts.sizes
    gaps = []
    if not facts.journeys.is_shared:
        gaps.append(
            "how full places were or how numbers changed over time, "
            "as dates were moved for each person"
        )
    ready, stays, asked, handoffs = (
        sizes[name] for name in ("ready", "stays", "asked", "handoffs")
    )
    if ready == 0:
        gaps.append("any delay, as no feed records when people were ready to leave")
    elif ready and stays and ready < stays:
        without = share(1 - ready / stays)
        gaps.append(f"delay in the {without} of stays without a recorded ready")
    if sizes["started"] == 0:
        gaps.append("waits for care within a place, as no feed records when care started")
    if handoffs and asked is not None and handoffs > asked:
        every = counted(handoffs, "handoff")
        some = number(handoffs - asked) if facts.is_internal else "some"
        which = f"{some} of {every}" if asked else f"any of {every}"
        gaps.append(f"the wait at {which}, as nobody recorded asking")
    if sizes["rejected"] != 0:
        rows = counted(sizes["rejected"], "row") if sizes["rejected"] else "some rows"
        gaps.append(f"what {rows} held that could not be used (see data quality)")
    if not gaps:
        return "Start, ready and asking are recorded throughout: no gap in the milestones is known."
    return f"These records can’t say: {'; '.join(gaps)}."


def _of_counts(facts: Facts) -> list[str]:
    """The five sentences for a store without any person's event."""
    if not facts.counts.num_rows:
        return ["This store holds no records yet: load some, then make this page again."]
    totals = [f"{how_many(total)} {name}" for name, total in facts.totals.items()]
    said = f" ({listed(totals)})" if totals else ""
    return [
        f"This store holds published counts of {counted(len(facts.organisations), 'organisation')} "
        f"from {counted(len(facts.feeds), 'feed')} ({listed(facts.feeds, 5)}).",
        f"It holds {counted(facts.counts.num_rows, 'figure')}{said} and no person’s "
        "events, so people and journeys can’t be told apart.",
        "Where the hours went is not known: counts say how many, not for how long.",
        "Waits at handoffs are not known: counts do not follow anybody from place to place.",
        "These records can’t say who came back, who waited where or how places fed each other; "
        "they can show totals and how these changed over time.",
    ]
