"""Made-up small stores, and an attacker who has the published page and knows what adds up.

The attacker takes the page itself, rounding undone to all numbers that it allows, and the sums
that must hold: whoever came to places came to some place, who moved was handed over, whoever was
asked for and met is among those asked for. He then asks of each small number of the internal page
how small and how large it could be. Nothing of the gate's own bookkeeping is used.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from unittest import mock

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from tests.spec.tables import put

from wholeflow.events import EventLog
from wholeflow.governance.disclosure import Policy
from wholeflow.journeys import Journeys, journeys
from wholeflow.publish import reported
from wholeflow.store import open_store

SETTINGS = ("ed", "ward", "ward", "home_care", "social_work", "care_home")
LISTS = ("home_care", "social_work")
BEGIN = datetime(2024, 7, 1, 8, tzinfo=UTC)


def made_up(seed: int) -> Journeys:
    """A store of 2 to 6 places and 3 to 160 people, some of whom come often."""
    chance = random.Random(seed)  # noqa: S311
    settings = SETTINGS[: chance.randint(2, 6)]
    places = [
        {"place": f"P{n}", "setting": setting, "organisation": f"O{n % 2}",
         "holds": "caseload" if setting in LISTS else "body"}
        for n, setting in enumerate(settings)
    ]  # fmt: skip
    rows = []
    for person in range(chance.choice((3, 12, 40, 90, 160))):
        for visit in range(1 if chance.random() < 0.8 else chance.randint(2, 9)):
            rows += _visit(chance, f"p{person}", f"{person}-{visit}", places)
    store = open_store()
    put(store, EventLog.from_rows("book", events=rows, places=places))
    return journeys(store)


def _visit(chance, person, name, places):
    at = BEGIN + timedelta(hours=chance.randint(0, 24 * 60))
    rows = []
    asked = None
    for step in range(chance.choice((1, 1, 2, 2, 3, 4))):
        place = chance.choices(places, [4, *[2] * (len(places) - 1)])[0]["place"]
        ref = f"{name}-{step}"
        own = {"person": person, "place": place, "ref": ref}
        if asked:
            rows.append({**own, "kind": "referred", "at": asked.isoformat()})
        rows.append({**own, "kind": "arrived", "at": at.isoformat()})
        ready = at + timedelta(hours=chance.randint(1, 60))
        if chance.random() < 0.6:
            rows.append({**own, "kind": "ready", "at": ready.isoformat()})
        end = ready + timedelta(hours=chance.randint(0, 48))
        if chance.random() < 0.05:
            break
        kind = "died" if chance.random() < 0.03 else "left"
        rows.append({**own, "kind": kind, "at": end.isoformat()})
        if kind == "died":
            break
        asked = ready if chance.random() < 0.5 else None
        at = end + timedelta(hours=chance.choice((0, 0, 5)))
    return rows


def page(seen: Journeys, policy: Policy | None = None) -> dict:
    """The internal page, or the one for publication, as JSON has it; nothing is drawn for it."""
    blank = '<svg width="600" height="300" viewBox="0 0 600 300"></svg>'
    with mock.patch("vl_convert.vegalite_to_svg", return_value=blank):
        found = reported(seen, title="Made up", findings=(), made_at=0, policy=policy)
    return found.as_dict()


def numbers(page: dict) -> dict[tuple, tuple[float | None, float | None]]:
    """Every count of a page, None where it is hidden, and how many people it is about if told."""
    found: dict[tuple, tuple[float | None, float | None]] = {}
    sections = {section["id"]: section for section in page["sections"]}

    def rows(section, *headings):
        for name, table in sections[section]["tables"].items():
            for row in table:
                for heading in headings:
                    if heading in row:
                        label = tuple(v for v in row.values() if isinstance(v, str))
                        key = (section, name, label[: 2 if section == "flow" else 1], heading)
                        found[key] = row[heading], row.get("People")

    rows("flow", "Moves")
    rows("waits", "Known waits")
    rows("time", "Arrivals")
    rows("measures", "Met", "Of", "Number")
    rows("ways", "Journeys")
    said = " ".join([*page["sentences"], *sections["waits"]["paragraphs"]])
    for noun in ("person|people", "journey", "stay", "stay had not|stays had not", "handoff"):
        shown = re.search(rf"(\*|[\d,]+) (?:{noun})", said)
        if shown:
            digits = shown[1].replace(",", "")
            found["said", noun.split("|")[0]] = (None if digits == "*" else float(digits)), None
    return {key: told for key, told in found.items() if "other ways" not in str(key)
            and "ways of fewer" not in str(key)}  # fmt: skip


def sums(inside: dict) -> list[tuple[tuple, list[tuple], bool]]:
    """What adds up to what: a number, others that are part of it, and whether they are all."""
    moves = [key for key in inside if key[0] == "flow"]
    comes = [key for key in moves if "came in" in key[2][1] or _is_move(key)]
    series: dict[str, list[tuple]] = {}
    for key in inside:
        if key[0] == "time":
            series.setdefault(key[1].partition(": arrivals")[0], []).append(key)
    told = [
        (("said", "stay"), comes, True),
        (("said", "handoff"), [key for key in moves if _is_move(key)], True),
        (("said", "journey"), [key for key in inside if key[0] == "ways"], False),
        (("said", "stay"), [("said", "journey")], False),
        (("said", "journey"), [("said", "person")], False),
        (("begins",), [key for key in moves if "came in" in key[2][1]], True),
        (("begins",), [("said", "journey")], False),
    ]
    for key in inside:
        if key[-1] == "Of":
            told.append((key, [(*key[:-1], "Met")], False))
            told.append((("said", "stay"), [key], False))
        if key[0] == "waits":
            move = ("flow", "Flow map", tuple(key[2][0].split(" → ")), "Moves")
            told.append((move, [key], False))
    for place, keys in series.items():
        told.append(((place,), keys, False))
        told.append(((place,), [key for key in comes if _leads_to(key, place)], True))
        told += [((place,), [key], False) for key in inside
                 if key[0] == "measures" and key[2] == (place,)]  # fmt: skip
    return told


def _is_move(key: tuple) -> bool:
    """A row of the map that leads from a place to a place."""
    return not re.search(r"came in|^left|^died|^still there|^end not known", key[2][1])


def _leads_to(key: tuple, place: str) -> bool:
    return key[2][1].partition(" (")[0] == place


def found_out(inside: dict, outside: dict, policy: Policy) -> dict[tuple, tuple[float, float]]:
    """The small numbers of which the published page tells more than that they are small."""
    told = [one for one in sums(inside) if all(part in inside for part in one[1]) and one[1]]
    keys = list(dict.fromkeys([*inside, *(one[0] for one in told)]))
    at = {key: n for n, key in enumerate(keys)}
    low, high = np.zeros(len(keys)), np.full(len(keys), np.inf)
    for key in keys:
        if key in outside:
            low[at[key]], high[at[key]] = _said(outside[key][0], policy)
    rows, least, most = [], [], []
    for total, parts, is_all in told:
        value = inside.get(total, (None, None))[0]
        known = sum(inside[part][0] for part in parts)
        if value is not None and (known > value or (is_all and known != value)):
            continue  # not true of this store, so that nobody can rely on it
        row = np.zeros(len(keys))
        row[at[total]] = 1
        row[[at[part] for part in parts]] -= 1
        rows.append(row)
        least.append(0.0)
        most.append(0.0 if is_all else np.inf)
    small = [key for key, (value, _) in inside.items() if value and value < policy.least]
    limits = [LinearConstraint(np.array(rows), least, most)] if rows else []
    leaks = {}
    for key in small:
        ends = []
        for sign in (1.0, -1.0):
            goal = np.zeros(len(keys))
            goal[at[key]] = sign
            cut = high.copy()
            cut[at[key]] = min(high[at[key]], policy.least)
            solved = milp(goal, integrality=np.ones(len(keys)), bounds=Bounds(low, cut),
                          constraints=limits)  # fmt: skip
            ends.append(sign * round(solved.fun))
        if ends[0] > 1 or ends[1] < policy.least - 1:
            leaks[key] = tuple(ends)
    return leaks


def _said(shown: float | None, policy: Policy) -> tuple[float, float]:
    if shown is None:
        return 1.0, np.inf
    return (max(shown - 2, policy.least), shown + 2) if shown else (0.0, 0.0)


def shown_though_small(inside: dict, outside: dict, policy: Policy) -> list[tuple]:
    """Numbers on the published page that are small, or about few people, and should not be."""
    few = {key for key, (value, people) in inside.items()
           if value and min(value, people or value) < policy.least}  # fmt: skip
    return [key for key, (value, _) in outside.items()
            if value is not None and (key in few or 0 < value < policy.least)]  # fmt: skip
