"""Files of figures: so many in a period, so many at a time, and how much there is room for."""

from __future__ import annotations

from wholeflow.core.sql import named, quoted
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.places import Where, where
from wholeflow.sources.drafting.roles import Time
from wholeflow.sources.drafting.sayings import Writer
from wholeflow.sources.drafting.writing import Said, cell, text, time_cell

SIZES = {"capacity", "available", "total", "funded", "maximum", "max", "staffed", "open"}
MOST_BY = 4


def figures(writer: Writer) -> None:
    """Write what the figures are."""
    _Figures(writer).write()


def _is_about_another(column: str) -> tuple[bool, bool, bool]:
    """Ranks the columns of organisations: who gave the care before who paid, codes before names."""
    words = names.words_of(column)
    return "commissioner" in words, "parent" in words, "code" not in words


class _Figures:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.roles = writer.roles
        self.guess = writer.guess
        self.time = self._period()
        self.span = self._span()
        self.where = Where()
        self.by: list[str] = []

    def write(self) -> None:
        writer, roles = self.writer, self.roles
        codes = [c for c in [*roles.codes, *roles.things] if roles.looks[c].distinct > 1]
        single = [c for c in [*roles.codes, *roles.things] if roles.looks[c].distinct == 1]
        self.where = where(writer.engine, roles, [*codes, *single])
        if not self.where.place:
            owners = [c for c in [*codes, *single] if names.best(c, {"organisation"})]
            owners.sort(key=_is_about_another)
            self.where.place = next(iter(owners), "")
        self.by = self._dimensions([c for c in codes if c != self.where.place])
        roles.key = (*self.time.columns, *([self.where.place] * bool(self.where.place)), *self.by)
        roles.repeated = 0
        writer.key()
        writer.used |= {*self.time.columns, self.where.place, *self.by}
        self._each()
        for column in roles.numbers:
            self.guess.says.append(self._said(column))
            writer.used.add(column)
        for column in [*codes, *single]:
            if column not in writer.used:
                why = (
                    "the same in every row" if column in single else "says no more than the others"
                )
                self.guess.left_out.append((column, why))
                writer.used.add(column)
        for time in roles.times:
            writer.used |= set(time.columns)

    def _period(self) -> Time:
        times = self.roles.times
        return max(times, key=lambda t: names.scores(t.name, {"period"}).get("period", 0.0))

    def _span(self) -> str:
        """How long the periods are: a month, a week or a day; nothing for an instant."""
        if not self.time.look.formats.is_day and not self.time.look.native_time:
            return ""
        if self.time.formats and not any("%d" in form for form in self.time.formats):
            return "month"
        column = named(self.time.name)
        tries = ", ".join(f"try_strptime(trim({column}), {quoted(f)})" for f in self.time.formats)
        moment = f"coalesce({tries}, NULL)" if tries else f"try_cast({column} AS TIMESTAMP)"
        found = self.writer.engine.query(
            f"SELECT max(day({moment})) AS day, count(DISTINCT dayofweek({moment})) AS weekdays, "
            f"count(DISTINCT {moment}) AS days, count(DISTINCT month({moment})) AS months, "
            f"max(month({moment}) % 3) AS last, min(month({moment}) % 3) AS first "
            f"FROM {named(self.roles.table)}"
        ).to_pylist()[0]
        if found["day"] == 1 and found["days"] > 2 and found["months"] == 1:
            return "year"
        if found["day"] == 1 and found["days"] > 2 and found["first"] == found["last"] == 1:
            return "quarter"
        if found["day"] == 1:
            return "month"
        return "week" if found["weekdays"] == 1 and found["days"] > 2 else "day"

    def _dimensions(self, columns: list[str]) -> list[str]:
        """The fewest further columns that tell the figures of one place and period apart."""
        chosen: list[str] = []
        base = [*self.time.columns, *([self.where.place] if self.where.place else [])]
        reached = self._different(base)
        total = self._different(list(self.roles.looks))
        while reached < total and len(chosen) < MOST_BY:
            rest = [c for c in columns if c not in chosen]
            counts = {c: self._different([*base, *chosen, c]) for c in rest}
            best = max(counts, key=lambda c: (counts[c], "code" in names.words_of(c)), default="")
            if not best or counts[best] <= reached:
                break
            chosen.append(best)
            reached = counts[best]
        return chosen

    def _different(self, columns: list[str]) -> int:
        wanted = ", ".join(named(column) for column in columns)
        found = self.writer.engine.query(
            f"SELECT count(*) AS n FROM (SELECT DISTINCT {wanted} FROM {named(self.roles.table)})"
        )
        return int(found.to_pylist()[0]["n"])

    def _each(self) -> None:
        each = self.guess.each
        each["from_at"] = time_cell(self.time, self.writer.usual)
        each["to_at"] = time_cell(self.time, self.writer.usual, plus=text(self.span or "day"))
        if self.by:
            each["by"] = cell(*self.by)
        if self.where.place:
            is_whole = bool(
                {"organisation", "trust", "council"} & set(names.words_of(self.where.place))
            )
            sizes = any(self._says(column) == "capacity" for column in self.roles.numbers)
            each["organisation" if is_whole and not sizes else "place"] = cell(self.where.place)
        words = f"Figures of {self.span}s." if self.span else "Figures at a time."
        self.guess.about.append(words)

    def _said(self, column: str) -> Said:
        says = self._says(column)
        if says == "capacity":
            return self._capacity(column)
        fields = {"table": text("counts"), "name": text(names.plain(column))}
        if says == "level" or not self.span:
            fields["is"] = text("level")
            fields["value"] = cell(column)
            return Said(fields, f"{column}: so many at a time, by its name")
        fields["value"] = cell(column)
        return Said(fields, f"decide: {column} is taken as so many in the period, to be added up")

    def _says(self, column: str) -> str:
        return names.best(column, {"capacity", "level"})

    def _capacity(self, column: str) -> Said:
        words = [word for word in names.plain(column).split() if word not in SIZES]
        fields = {"table": text("capacity"), "resource": text(" ".join(words) or column)}
        if "hours" in words and self.span:
            fields |= {"is": text("rate"), "per": text(self.span)}
        fields["amount"] = cell(column)
        return Said(fields, f"decide: {column} is taken as how much there is room for")
