"""What a flow map shows: which places become boxes, which moves become arcs, and what is left out.

    transitions -> places kept or merged by setting -> boxes and arcs -> the largest arcs

No move is lost on the way: those drawn and those not drawn add up to all moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from wholeflow.events.declared import choices
from wholeflow.publish.words import other_places

MOST_BOXES = 14
MOST_ARCS = 40
SMALL_SHARE = 0.01
"""Arcs with a smaller share of the moves are not drawn where there are more than MOST_ARCS."""

ENDINGS = ("left", "died", "open", "lost")
NOWHERE = "Place not recorded"


class PlaceFacts(NamedTuple):
    """A place as a flow map needs it."""

    place: str
    setting: str
    organisation: str | None
    holds: str


@dataclass(frozen=True)
class Box:
    """A place, or the smaller places of one setting together."""

    title: str
    setting: str
    organisation: str
    holds: str
    places: tuple[str, ...]
    entered: int
    ends: Mapping[str, int]
    within: int

    @property
    def is_merged(self) -> bool:
        """True when it stands for several places."""
        return len(self.places) > 1


@dataclass(frozen=True)
class Arc:
    """Moves from one box to another; ``wait_hours`` is the median known wait, None: none known.

    ``is_about`` says that the median was put together from those of several pairs of places.
    """

    source: str
    target: str
    moves: int
    waits: int
    wait_hours: float | None
    is_about: bool


@dataclass(frozen=True)
class FlowChoice:
    """Boxes in their natural order, arcs from the largest, and what is not drawn."""

    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]
    moves: int
    not_drawn_moves: int
    not_drawn_arcs: int

    @property
    def drawn_moves(self) -> int:
        """Every move that an arc, a way in or a way out stands for."""
        inside = sum(box.entered + sum(box.ends.values()) + box.within for box in self.boxes)
        return inside + sum(arc.moves for arc in self.arcs)


Row = Mapping[str, Any]


def choose(transitions: pa.Table, places: Sequence[tuple[str, str, str | None, str]]) -> FlowChoice:
    """The boxes and arcs of the observed past (run 0)."""
    rows = [row for row in transitions.to_pylist() if row["run"] == 0]
    facts = {PlaceFacts(*place).place: PlaceFacts(*place) for place in places}
    sizes = _sizes(rows)
    title_of = _titles(sizes, facts)
    boxes = _boxes(rows, title_of, facts, sizes)
    arcs = _arcs(rows, title_of)
    drawn = _large_enough(arcs)
    left_out = arcs[len(drawn) :]
    return FlowChoice(
        tuple(boxes),
        tuple(drawn),
        sum(row["moves"] for row in rows),
        sum(arc.moves for arc in left_out),
        len(left_out),
    )


def _name(place: str | None) -> str:
    return NOWHERE if place is None else place


def _sizes(rows: Sequence[Row]) -> dict[str, int]:
    """Moves into and out of each place."""
    sizes: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["end"] != "entered":
            sizes[_name(row["from_place"])] += row["moves"]
        if row["end"] in ("between", "entered"):
            sizes[_name(row["to_place"])] += row["moves"]
    return sizes


def _setting(place: str, facts: Mapping[str, PlaceFacts]) -> str:
    return facts[place].setting if place in facts else "other"


def _titles(sizes: Mapping[str, int], facts: Mapping[str, PlaceFacts]) -> dict[str, str]:
    """The title of the box of each place: its own, or that of the merged rest of its setting."""
    ranked = sorted(sizes, key=lambda place: (-sizes[place], place))
    for kept in range(min(MOST_BOXES, len(ranked)), -1, -1):
        titles = _merge(ranked, kept, facts)
        if len(set(titles.values())) <= MOST_BOXES:
            break
    return titles


def _merge(ranked: Sequence[str], kept: int, facts: Mapping[str, PlaceFacts]) -> dict[str, str]:
    titles = {place: place for place in ranked[:kept]}
    rest: dict[str, list[str]] = defaultdict(list)
    for place in ranked[kept:]:
        rest[_setting(place, facts)].append(place)
    for setting, several in rest.items():
        title = several[0] if len(several) == 1 else other_places(setting, len(several))
        titles |= dict.fromkeys(several, title)
    return titles


def _boxes(
    rows: Sequence[Row],
    title_of: Mapping[str, str],
    facts: Mapping[str, PlaceFacts],
    sizes: Mapping[str, int],
) -> list[Box]:
    members: dict[str, list[str]] = defaultdict(list)
    for place, title in title_of.items():
        members[title].append(place)
    made = [_box(title, inside, rows, facts) for title, inside in members.items()]
    order = list(choices("settings"))
    weight = {box.title: sum(sizes[place] for place in box.places) for box in made}
    return sorted(made, key=lambda b: (order.index(b.setting), b.is_merged, -weight[b.title]))


def _box(
    title: str, inside: Sequence[str], rows: Sequence[Row], facts: Mapping[str, PlaceFacts]
) -> Box:
    own = set(inside)
    entered = within = 0
    ends = dict.fromkeys(ENDINGS, 0)
    for row in rows:
        comes, goes = _name(row["to_place"]) in own, _name(row["from_place"]) in own
        if row["end"] == "entered":
            entered += row["moves"] * comes
        elif row["end"] == "between":
            within += row["moves"] * (comes and goes)
        elif goes:
            ends[row["end"]] += row["moves"]
    known = [facts[place] for place in inside if place in facts]
    organisations = {fact.organisation for fact in known if fact.organisation}
    holds = {fact.holds for fact in known} or {"body"}
    return Box(
        title,
        _setting(inside[0], facts),
        organisations.pop() if len(organisations) == 1 else "",
        holds.pop() if len(holds) == 1 else "body",
        tuple(inside),
        entered,
        ends,
        within,
    )


def _arcs(rows: Sequence[Row], title_of: Mapping[str, str]) -> list[Arc]:
    """Arcs between different boxes, the largest first."""
    pairs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["end"] == "between":
            ends = title_of[_name(row["from_place"])], title_of[_name(row["to_place"])]
            pairs[ends].append(row)
    arcs = [
        Arc(
            source,
            target,
            sum(row["moves"] for row in joined),
            sum(row["waits"] for row in joined),
            _median(joined),
            sum(row["waits"] > 0 for row in joined) > 1,
        )
        for (source, target), joined in pairs.items()
        if source != target
    ]
    return sorted(arcs, key=lambda arc: (-arc.moves, arc.source, arc.target))


def _median(rows: Sequence[Row]) -> float | None:
    """The median wait where most are known.

    Of several pairs of places, the weighted median of their medians.
    """
    if 2 * sum(row["waits"] for row in rows) < sum(row["moves"] for row in rows):
        return None  # the few that are known say little of the rest
    known = sorted(
        (row["wait_p50_hours"], row["waits"]) for row in rows if row["wait_p50_hours"] is not None
    )
    half, seen = sum(waits for _, waits in known) / 2, 0
    for hours, waits in known:
        seen += waits
        if seen >= half:
            return float(hours)
    return None


def _large_enough(arcs: list[Arc]) -> list[Arc]:
    if len(arcs) <= MOST_ARCS:
        return arcs
    least = SMALL_SHARE * sum(arc.moves for arc in arcs)
    return [arc for arc in arcs if arc.moves >= least] or arcs[:MOST_ARCS]
