"""What the rows of a file say, as a part of a mapping: one way for each kind of file."""

from __future__ import annotations

from collections import Counter

from wholeflow.sources.drafting import names, people, stays
from wholeflow.sources.drafting.places import where
from wholeflow.sources.drafting.roles import CHAIN, Roles
from wholeflow.sources.drafting.shared import Shared
from wholeflow.sources.drafting.writing import Guess, Said, cell, listed, table, text, time_cell
from wholeflow.store import Engine

MOSTLY = 0.9
SHOWN = 12
"""A list of more codes than this is not worth a comment."""


class Writer:
    """Writes the part of one file and notes which columns it used."""

    def __init__(self, engine: Engine, roles: Roles, shared: Shared, guess: Guess) -> None:
        self.engine = engine
        self.roles = roles
        self.shared = shared
        self.guess = guess
        self.usual = _usual(roles)
        self.used: set[str] = set()
        if self.usual:
            guess.keys["times"] = listed(self.usual)
            guess.notes["times"] = _told(roles, self.usual)

    def has_person(self) -> bool:
        """True when the file or one joined to it says who."""
        return bool(self.roles.persons or self.roles.nhs or people.joined(self.roles, self.shared))

    def guess_person(self) -> None:
        """Take a number that comes again and again for the person's, where none is named so."""
        roles = self.roles
        looks = [roles.looks[c] for c in (*roles.things, *roles.numbers)]
        able = [
            look
            for look in looks
            if look.is_whole or look.is_a == "number of a thing"
            if look.longest >= 4 and look.share > MOSTLY and (look.name,) != roles.key
        ]
        if not able or not _tell_of_people(roles):
            return
        name = max(able, key=lambda look: look.distinct).name
        for group in (roles.things, roles.numbers):
            if name in group:
                group.remove(name)
        roles.persons.append(name)
        self.shared.schemes[roles.feed, name] = names.slug(name)
        self.guess.about.append(f"decide: nothing is called a person's number; taken: {name}")

    # What every kind of file has

    def key(self) -> None:
        """The key and the time of record."""
        roles = self.roles
        if roles.key:
            self.guess.keys["key"] = listed(roles.key)
            among = f", with {roles.recorded.name}" if roles.recorded else ""
            words = f"no two rows looked at have the same {' and '.join(roles.key)}{among}"
            if roles.repeated:
                words += f"; {roles.repeated} come again word for word"
            self.guess.notes["key"] = words
            self.used |= set(roles.key)
        else:
            self.guess.about.append("decide: no column or pair of columns names a row: give a key")
        if roles.recorded:
            self.used |= set(roles.recorded.columns)
            if roles.key:
                self.guess.keys["recorded_at"] = time_cell(roles.recorded, self.usual)
                self.guess.notes["recorded_at"] = "of each key the latest counts"
        if roles.withdrawn:
            taken = ["Y", "Yes", "1", "true", "D"]
            self.guess.keys["withdrawn"] = table({roles.withdrawn: listed(taken)})
            self.guess.notes["withdrawn"] = "decide: which words take a row back"
            self.used.add(roles.withdrawn)

    def people(self) -> None:
        """The person, traits, and what ties rows."""
        people.add_person(self.guess, self.roles, self.shared)
        tie = people.joined(self.roles, self.shared)
        self.used |= {*self.roles.persons, self.roles.nhs, tie.column if tie else ""}
        self.used |= {t.column for t in self.shared.ties[self.roles.feed] if t.use == "person"}
        if not tie:
            people.add_traits(self.guess, self.roles)
            self.used |= set(self.roles.traits.values())

    def finish(self) -> None:
        """Tell of the columns that nothing uses."""
        self.guess.left_out += self.roles.left_out
        told = {column for column, _ in self.guess.left_out}
        for column in self.roles.looks:
            if column not in self.used | told:
                self.guess.left_out.append((column, "decide: what it is for"))

    def codes_left(self) -> list[str]:
        """Columns of codes that nothing uses yet."""
        return [c for c in self.roles.codes if c not in self.used]

    def told_codes(self, column: str) -> str:
        """The codes of a column in words; those that are not shown are only counted."""
        look = self.roles.looks[column]
        if not look.codes or len(look.codes) > SHOWN:
            return look.unshown
        shown = ", ".join(text(code) for code, _ in look.codes)
        return "; ".join(filter(None, [f"{column} holds {shown}", look.unshown]))

    # Files of one kind each

    def merges(self) -> None:
        """Numbers of people that were given up for others."""
        roles = self.roles
        self.guess.about.append("Rows that say which number of a person was given up for which.")
        self.key()
        scheme = text(self.shared.scheme(roles, roles.kept))
        fields = {
            "table": text("same_person"),
            "person": cell(roles.old, scheme=scheme),
            "same_as": cell(roles.kept, scheme=scheme),
            "method": text("merge"),
        }
        if roles.times:
            fields["from_at"] = time_cell(roles.times[0], self.usual)
            self.used |= set(roles.times[0].columns)
        self.used |= {roles.old, roles.kept}
        self.guess.says.append(Said(fields, f"{roles.old} is now {roles.kept}"))

    def messages(self) -> None:
        """Information that was sent."""
        self.guess.about.append("Rows that say when information was sent, and when it came.")
        self.key()
        self.people()
        fields = {"table": text("messages")}
        kinds = [c for c in self.codes_left() if names.best(c, {"kind_of_message"})]
        kind = max(kinds, key=self._message_kind, default="")
        fields["kind"] = cell(kind) if kind else text(names.plain(self.roles.feed))
        self.used.add(kind)
        for says, time in stays.letters(self.roles).items():
            fields[says] = time_cell(time, self.usual)
            self.used |= set(time.columns)
        found = where(self.engine, self.roles, self.codes_left())
        for role in ("from_place", "to_place"):
            column = getattr(found, role)
            if column:
                fields[role] = cell(column)
                self.used.add(column)
        fields |= self._ref_of_ties()
        status = [c for c in self.codes_left() if names.best(c, {"status"})]
        if status:
            fields["status"] = cell(status[0])
            self.used.add(status[0])
        self.guess.says.append(Said(fields, self.told_codes(kind) if kind else ""))

    def _message_kind(self, column: str) -> float:
        return names.scores(column, {"kind_of_message"})["kind_of_message"]

    def _ref_of_ties(self) -> dict[str, str]:
        for tie in self.shared.ties[self.roles.feed]:
            if tie.use in ("within", "join"):
                self.used.add(tie.column)
                return {"ref": cell(tie.column)}
        return {}

    def facts(self) -> None:
        """A file of people without events: who they are."""
        roles = self.roles
        self.guess.about.append("Rows about people and not about what happened to them.")
        if any(look.trouble for look in roles.looks.values()):
            self.guess.about.append("decide: there are times that can't be read, named below")
        self.key()
        self.people()
        about = [c for c, why in roles.left_out if why.startswith("about the person")]
        column = roles.traits.get("sex") or next(iter(about), "")
        if not column:
            self.guess.about.append("decide: nothing here says what happened or a fact to keep")
            return
        fields = {"table": text("person_facts"), "fact": text(names.plain(column))}
        fields["value"] = cell(column)
        self.guess.says.append(Said(fields, "a fact to compare people by", decide=True))
        for time in roles.times:
            died = {"kind": text("died"), "at": time_cell(time, self.usual)}
            self.guess.says.append(Said(died, f"{time.name}: by its name"))
            self.used |= set(time.columns)
        roles.left_out = [pair for pair in roles.left_out if pair[0] != column]
        self.used.add(column)

    def nothing(self) -> None:
        """A file that no declared table can take as it is."""
        if self.roles.times:
            self.guess.about.append(
                "decide: nothing says who the rows are about. Join the person from another file "
                "(`join`), or count the rows first and map the figures to `counts`."
            )
        else:
            self.guess.about.append(
                "decide: nothing says when. Figures need the period that they are for, events a "
                "time; as it is, no row of this file can be loaded."
            )


def _tell_of_people(roles: Roles) -> bool:
    """True when rows say when something began and ended, or what people are compared by."""
    spoken = [time for time in roles.times if names.best(time.name, CHAIN)]
    return bool(roles.traits) or len(spoken) > 1 or any(not time.is_day for time in spoken)


def _usual(roles: Roles) -> tuple[str, ...]:
    """The formats that most times of the file have."""
    times = [*roles.times, *([roles.recorded] if roles.recorded else [])]
    counted = Counter(time.formats for time in times if time.formats)
    return counted.most_common(1)[0][0] if counted else ()


def _told(roles: Roles, usual: tuple[str, ...]) -> str:
    """What to know about the formats of the times."""
    times = [time for time in roles.times if time.formats == usual] or roles.times
    looks = [time.look for time in times]
    words = []
    if any(look.formats.unsettled for look in looks):
        words.append("decide: no date shows whether days or months come first; taken as British")
    elif any(look.formats.american for look in looks):
        words.append("months come before days, as dates after the 12th show")
    elif any("%d/%m" in form or "%d-%m" in form for form in usual):
        words.append("days come before months, as dates after the 12th show")
    unread = [f"{look.formats.unread} of {look.name}" for look in looks if look.formats.unread]
    if unread:
        words.append(f"decide: cells in no format: {', '.join(unread)}; their rows are rejected")
    if any(look.formats.mixed for look in looks):
        words.append("decide: some dates can only be British and some only American")
    return "; ".join(words) or "every time that was looked at fits"
