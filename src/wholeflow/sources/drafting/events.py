"""Files of what happened to people: rows of stays, of contacts, or of events one by one."""

from __future__ import annotations

import re
from dataclasses import replace

from wholeflow.events import choices
from wholeflow.sources.drafting import names, stays
from wholeflow.sources.drafting.people import joined
from wholeflow.sources.drafting.places import Where, where
from wholeflow.sources.drafting.roles import ASIDE, CHAIN, PLACES
from wholeflow.sources.drafting.sayings import Writer
from wholeflow.sources.drafting.stays import BEGINS, Milestone
from wholeflow.sources.drafting.writing import Said, cell, listed, text, time_cell

OUTCOMES = {
    "code_cancelled": "cancelled",
    "code_did_not_attend": "did_not_attend",
    "code_reneged": "reneged",
    "code_died": "died",
    "code_declined": "declined",
}
"""Kinds of event that codes of an outcome speak of."""

AT_THE_END = ("reneged", "died", "declined")
ALL = 0.98
HALF = 0.5
MOST_TYPES = 60


def events(writer: Writer) -> None:
    """Write what happened."""
    _Events(writer).write()


class _Events:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.roles = writer.roles
        self.guess = writer.guess
        self.where = Where()
        self.type = ""
        self.main: list[Milestone] = []
        self.reasons: dict[str, str] = {}
        self.outcome: tuple[str, dict[str, list[str]]] = ("", {})

    def write(self) -> None:
        writer = self.writer
        writer.key()
        writer.people()
        self.where = where(writer.engine, self.roles, writer.codes_left())
        writer.used |= set(self.where.used())
        self._ties()
        self.type = self._find_type()
        writer.used |= {column for time in self.roles.times for column in time.columns}
        if self.roles.sequence:
            self.guess.each["sequence"] = cell(self.roles.sequence)
            writer.used.add(self.roles.sequence)
        if self.type and len(self.roles.times) == 1 and self._is_log():
            self._log()
        else:
            self._milestones()
        self._places()

    def _is_log(self) -> bool:
        """True when people have many rows: each is one event of theirs."""
        person = next(iter([*self.roles.persons, self.roles.nhs]), "")
        look = self.roles.looks.get(person)
        return look is None or look.filled > 2 * look.distinct

    # What ties rows

    def _ties(self) -> None:
        ties = self.writer.shared.ties[self.roles.feed]
        for tie in ties:
            if tie.use == "own":
                self.writer.used.add(tie.column)
                self.guess.left_out.append((tie.column, "names an earlier row of this file"))
        near = next((tie.column for tie in ties if tie.use in ("within", "join")), "")
        tied = {tie.column for tie in ties}
        loose = [c for c in self.roles.things if c not in self.writer.used | tied]
        wanted = near or next(iter(loose), "")
        own = self.roles.key[0] if len(self.roles.key) == 1 else ""
        own = "" if own in (*self.roles.persons, self.roles.nhs) else own
        if wanted and self._is_contacts() and near:
            self._tie("ref", wanted, "what is done belongs to the stay with this number")
        else:
            if own:
                self._tie("ref", own, "")
            if wanted:
                self._tie("need", wanted, f"rows with the same {wanted} are one journey")
            elif own and self.writer.shared.has_need(self.roles):
                self._tie("need", own, "rows of other files belong to it")

    def _tie(self, field: str, column: str, why: str) -> None:
        self.guess.each[field] = cell(column)
        self.writer.used.add(column)
        if why:
            self.guess.notes[field] = why

    def _is_contacts(self) -> bool:
        says = {names.best(t.name, {*CHAIN, *ASIDE}) for t in self.roles.times}
        return says <= {"contact", ""}

    # What sort of rows they are

    def _find_type(self) -> str:
        """The column that says what sort of event a row is of, if there is one."""
        able = [
            c
            for c in self.writer.codes_left()
            if 2 <= self.roles.looks[c].distinct <= MOST_TYPES
            and self.roles.looks[c].share > ALL
            and names.best(c, {"activity", "reason", "by"}) == "activity"
        ]
        sure = {c: names.scores(c, {"activity"})["activity"] for c in able}
        found = max(able, key=lambda c: sure[c], default="")
        self.writer.used.add(found)
        return found

    def _log(self) -> None:
        """One event a row: its kind by the words of its type."""
        codes = [code for code, _ in self.roles.looks[self.type].codes]
        groups: dict[tuple[str, str], list[str]] = {}
        for code in codes:
            kind = names.best(code, {*CHAIN, *ASIDE}) or "contact"
            setting = names.setting_of([code]) if kind in (*BEGINS, "left") else ""
            groups.setdefault((kind, "" if self.where.place else setting), []).append(code)
        time = self.roles.times[0]
        self.guess.each["at"] = time_cell(time, self.writer.usual)
        self.guess.each["activity"] = cell(self.type)
        if self.where.team:
            self.guess.each["team"] = cell(self.where.team)
        told = [group for group in groups if group[0] != "contact"]
        for kind, setting in told:
            conditions = {"when": {self.type: listed(groups[kind, setting])}}
            said = Said({"kind": text(kind)}, "by its words", True, conditions)
            if setting:
                said.fields["place"] = text(self._named_place(setting))
            elif kind in BEGINS and not self.where.place:
                said.fields["place"] = cell(self.type)
            self.guess.says.append(said)
        others = [code for group in told for code in groups[group]]
        unshown = self.roles.looks[self.type].unshown
        if len(others) < len(codes) or unshown:
            words = "; ".join(filter(None, ["all else is something done for the person", unshown]))
            conditions = {"unless": {self.type: listed(others)}} if others else {}
            self.guess.says.append(Said({"kind": text("contact")}, words, True, conditions))
        if self.where.place:
            self.guess.each["place"] = cell(self.where.place)
        self._attributes(self.guess.says[:1])

    def _named_place(self, setting: str) -> str:
        name = re.split("[,.;]", choices("settings")[setting])[0]
        self.declare(name, setting)
        return name

    # Rows of stays

    def _milestones(self) -> None:
        times = stays.milestones(self.writer.engine, self.roles, self.roles.times)
        self.outcome = self._find_outcome(times)
        self.reasons = self._find_reasons(times)
        self.writer.used |= {self.outcome[0], *self.reasons.values()}
        main = [m for m in times if not m.about] or times
        begin = next((m for m in main if m.kind in BEGINS), main[0])
        self.main = main
        said = [(m, self._said(m)) for m in times]
        self._units(next(one for m, one in said if m is begin))
        self._attributes([next(one for m, one in said if m is begin)])
        for milestone, one in said:
            for by_outcome in self._by_outcome(one, milestone, times):
                self.guess.says += self._by_place(by_outcome, milestone)

    def _said(self, milestone: Milestone) -> Said:
        kind, time = milestone.kind, milestone.time
        found = self.where if milestone in self.main else Where()
        fields = {"kind": text(kind), "at": time_cell(time, self.writer.usual)}
        if self.type:
            fields["activity"] = cell(self.type)
        elif kind in ("contact", "declined", "cancelled"):
            fields["activity"] = text(names.plain(time.name))
        if (kind in BEGINS or len(self.roles.times) == 1) and found.from_place:
            fields["from_place"] = cell(found.from_place)
        if kind in ("referred", "arrived") and found.wanted_place:
            fields["wanted_place"] = cell(found.wanted_place)
        if kind in ("left", "contact") and found.to_place and self._is_end(milestone):
            fields["to_place"] = cell(found.to_place)
        if found.team:
            fields["team"] = cell(found.team)
        if kind in self.reasons:
            fields["reason"] = cell(self.reasons[kind])
        return Said(fields, f"{' and '.join(time.columns)}: {milestone.why}", milestone.decide)

    def _is_end(self, milestone: Milestone) -> bool:
        return milestone.kind == "left" or len(self.roles.times) == 1

    def _find_outcome(self, times: list[Milestone]) -> tuple[str, dict[str, list[str]]]:
        """The column whose codes say that it ended otherwise, and these codes by kind."""
        there = {milestone.kind for milestone in times}
        for column in self.roles.codes:
            found: dict[str, list[str]] = {}
            for code, _ in self.roles.looks[column].codes:
                kind = OUTCOMES.get(names.best(code, OUTCOMES), "")
                if kind and kind not in there and (kind not in AT_THE_END or "left" in there):
                    found.setdefault(kind, []).append(code)
            if found and column not in (self.where.place, self.where.from_place):
                return column, found
        return "", {}

    def _by_outcome(self, said: Said, milestone: Milestone, times: list[Milestone]) -> list[Said]:
        column, kinds = self.outcome
        first = milestone is times[0]
        wanted = {
            kind: codes
            for kind, codes in kinds.items()
            if (milestone.kind == "left" if kind in AT_THE_END else first)
        }
        if not wanted:
            return [said]
        others = [
            replace(
                _when(said, column, listed(codes)),
                fields={**said.fields, "kind": text(kind)},
                why=f"the codes of {column} that say so",
                decide=True,
            )
            for kind, codes in wanted.items()
        ]
        every = [code for codes in wanted.values() for code in codes]
        return [_but(said, column, every), *others]

    def _find_reasons(self, times: list[Milestone]) -> dict[str, str]:
        """The column that says why, for each kind of event that has one."""
        there = [milestone.kind for milestone in times]
        found: dict[str, tuple[bool, float, str]] = {}
        for column in [*self.writer.codes_left(), self.outcome[0]]:
            sure = names.scores(column, {"reason", "by"}) if column else {}
            if (
                not sure
                or "nhs" in names.words_of(column)
                or max(sure, key=lambda says: sure[says]) != "reason"
            ):
                continue
            kind = names.best(column, {*CHAIN, *ASIDE})
            if kind not in there:
                kind = "left" if "left" in there else there[0]
            rank = (self.roles.looks[column].share >= HALF, sure["reason"], column)
            found[kind] = max(rank, found.get(kind, rank))
        return {kind: column for kind, (_, _, column) in found.items()}

    def _units(self, begin: Said) -> None:
        for column in [
            c for c in self.roles.numbers if names.best(c, {"units", "duration"}) == "units"
        ]:
            begin.fields["units"] = cell(column)
            if {"week", "day"} & set(names.words_of(column)):
                per = "week" if "week" in names.words_of(column) else "day"
                begin.fields["per"] = text(per)
            self.writer.used.add(column)
            return

    def _attributes(self, said: list[Said]) -> None:
        """The other codes and figures, kept as they are with the begin."""
        kept = []
        for column in [*self.writer.codes_left(), *self.roles.numbers]:
            look = self.roles.looks[column]
            if column in self.writer.used:
                continue
            self.writer.used.add(column)
            if look.distinct == 1 and look.share > ALL:
                self.guess.left_out.append((column, "the same in every row"))
            else:
                kept.append(column)
        for one in said if kept else []:
            one.fields["attributes"] = listed(kept)

    # Places

    def _by_place(self, said: Said, milestone: Milestone) -> list[Said]:
        """The saying with its place; twice where the column of the place is blank in many rows."""
        if milestone.about:
            return [_with(said, "place", text(self._named_place(milestone.about)))]
        place = self.where.place
        if not place or self.roles.looks[place].share >= ALL:
            self.guess.each.setdefault("place", cell(place) if place else self._feed_place())
            return [said]
        if place in said.conditions.get("when", {}):
            return [said]
        if "ref" in self.guess.each and milestone.kind not in BEGINS:
            return [said]  # its place is where its ref begins (rule §3)
        filled = _with(_when(said, place, "true"), "place", cell(place))
        blank = _with(_when(said, place, "false"), "place", self._feed_place())
        return [filled, replace(blank, why=f"the same where {place} is blank", decide=True)]

    def _feed_place(self) -> str:
        name = names.plain(self.roles.feed).capitalize()
        self.declare(name, self._setting())
        if self.writer.shared.has_need(self.roles):  # its people are in the places of other files
            self.guess.places[name]["holds"] = text("caseload")
        self.guess.notes["place"] = "decide: no column says where; the feed stands for a place"
        return text(name)

    def _setting(self) -> str:
        return names.setting_of([self.roles.feed, " ".join(self.roles.looks)])

    def _places(self) -> None:
        """Declare the places that the rows name, with the setting that their names speak of."""
        place, owner = self.where.place, self.where.organisation
        if not place:
            return
        setting = names.setting_of([place, self.roles.feed, " ".join(self.roles.looks)])
        if owner and not joined(self.roles, self.writer.shared):
            fields = {"table": text("places"), "place": cell(place)}
            fields |= {"organisation": cell(owner), "setting": text(setting or "other")}
            self.guess.says.append(
                Said(fields, f"who runs each {place}", True, {"when": {place: "true"}})
            )
            return
        look = self.roles.looks[place]
        if look.unshown:
            mark = "decide: " if look.hidden else ""
            self.guess.about.append(f"{mark}{look.unshown}.")
        is_of_places = names.best(place, {*PLACES, "organisation", "person"}) != "person"
        for code, _ in look.codes if is_of_places else ():
            self.declare(code, names.setting_of([code]) or setting)

    def declare(self, place: str, setting: str) -> None:
        """A place to list at the top of the mapping."""
        entry = {"place": text(place), "setting": text(setting or "other")}
        if names.holds_of(setting) == "caseload":
            entry["holds"] = text("caseload")
        self.guess.places.setdefault(place, entry)


def _with(said: Said, name: str, value: str) -> Said:
    return replace(said, fields={**said.fields, name: value})


def _when(said: Said, column: str, wanted: str) -> Said:
    when = {**said.conditions.get("when", {}), column: wanted}
    return replace(said, conditions={**said.conditions, "when": when})


def _but(said: Said, column: str, codes: list[str]) -> Said:
    unless = {**said.conditions.get("unless", {}), column: listed(codes)}
    return replace(said, conditions={**said.conditions, "unless": unless})
