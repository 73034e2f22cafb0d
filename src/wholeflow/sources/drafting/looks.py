"""How a column looks: how full, how varied, and what its cells are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache

from wholeflow.core.sql import named, quoted
from wholeflow.events.declared import read_rows
from wholeflow.sources.cells import MACROS
from wholeflow.sources.drafting import dates, names, private
from wholeflow.sources.drafting.samples import Sample
from wholeflow.store import Engine

SHOWN_FROM = 5
"""A code that stands in fewer rows is not shown in a draft."""

FEW = 60
"""A column with at most so many values may be a list of codes."""

LONG = 40
"""Cells longer than this on average are free text."""

EXAMPLES = 500
MOSTLY = 0.9
TELLING = 0.2
"""The share of values telling of people from which no value of a column is shown."""


@dataclass(frozen=True)
class Look:
    """What the cells of a column look like.

    ``filled`` and ``distinct`` are counts, blank words not counted as filled; ``is_a``
    is ``empty``, ``time``, ``clock`` (an hour without a day), ``number``, ``code`` (few
    values), ``number of a thing`` (many values of one shape) or ``text``. ``codes`` are
    the values that stand in enough rows to be shown and tell of no person; ``rare`` and
    ``hidden`` count the others. ``persons`` and ``addresses`` are the shares of its
    commonest values that may be names or addresses of people.
    """

    name: str
    rows: int
    filled: int = 0
    distinct: int = 0
    is_a: str = "empty"
    formats: dates.Formats = field(default_factory=dates.Formats)
    native_time: bool = False
    blanks: tuple[str, ...] = ()
    weak_blanks: tuple[str, ...] = ()
    codes: tuple[tuple[str, int], ...] = ()
    rare: int = 0
    hidden: int = 0
    persons: float = 0.0
    addresses: float = 0.0
    figures: float = 0.0
    nhs: float = 0.0
    years: tuple[int, int] = (0, 0)
    is_whole: bool = False
    longest: int = 0
    trouble: str = ""

    @property
    def share(self) -> float:
        """The share of rows in which the column is filled."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def holds_names(self) -> bool:
        """True when most of its values may be names of people."""
        return self.persons >= 0.5

    @property
    def unshown(self) -> str:
        """How many of its values a draft does not show, in words, or nothing."""
        words = []
        if self.hidden:
            words.append(
                f"{self.hidden} values of {self.name} are not shown, as they may be names or "
                "addresses of people"
            )
        if self.rare:
            words.append(
                f"{self.rare} values of {self.name} stand in fewer than {SHOWN_FROM} rows each, "
                "or are of many, and are not shown"
            )
        return "; ".join(words)

    @property
    def is_few(self) -> bool:
        """True when its values come again and again."""
        return 0 < self.distinct <= FEW and self.filled >= SHOWN_FROM * self.distinct


@cache
def _blank_words() -> dict[str, bool]:
    return {row["word"]: row["sure"] == "yes" for row in read_rows(names.PACKAGE, "blanks.csv")}


def looks(engine: Engine, sample: Sample, table: str) -> list[Look]:
    """Every column of a sample that is registered with the engine under ``table``."""
    engine.execute(MACROS)
    found = [_look(engine, table, name) for name in sample.rows.column_names]
    found = [_natively(look, sample) for look in found]
    return _settle_order(found)


def _natively(look: Look, sample: Sample) -> Look:
    """A column that the file itself says holds times."""
    kind = str(sample.native.field(look.name).type)
    if not kind.startswith("timestamp") or look.is_a == "empty":
        return look
    return replace(look, is_a="time", native_time=True, trouble="")


def _settle_order(found: list[Look]) -> list[Look]:
    """Dates that could be British or American are what another column shows."""
    settled = [look.formats for look in found if dates.turns(look.formats)]
    settled = [formats for formats in settled if not formats.unsettled]
    if not settled:
        return found
    is_american = all(formats.american for formats in settled)
    return [
        replace(look, formats=dates.settled(look.formats, is_american))
        if look.formats.unsettled
        else look
        for look in found
    ]


def _look(engine: Engine, table: str, name: str) -> Look:
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE column_values AS SELECT v, count(*) AS n FROM "
        f"(SELECT nullif(trim({named(name)}), '') AS v FROM {named(table)}) GROUP BY v"
    )
    rows = int(engine.query("SELECT sum(n) AS n FROM column_values").to_pylist()[0]["n"] or 0)
    engine.execute("DELETE FROM column_values WHERE v IS NULL")
    present = _present_blanks(engine)
    look = _values(engine, Look(name, rows), present)
    settled = look.is_a in ("time", "clock", "number") or look.is_a == "empty"
    weak = [word for word in present if not _blank_words()[word]]
    if weak and not settled and not _stand_out(engine, weak):
        # Such a word may be a value here, as the person who is called NA.
        kept = [word for word in present if _blank_words()[word]]
        look = _values(engine, Look(name, rows), kept)
        return replace(look, weak_blanks=tuple(weak), blanks=tuple(kept))
    return replace(look, blanks=(*present, *look.blanks))


def _present_blanks(engine: Engine) -> list[str]:
    words = ", ".join(quoted(word) for word in _blank_words())
    found = engine.query(f"SELECT v FROM column_values WHERE v IN ({words}) ORDER BY n DESC, v")
    return [str(word) for word in found["v"].to_pylist()]


def _stand_out(engine: Engine, words: list[str]) -> bool:
    """True when all other values hold figures: a word among them stands for none."""
    listed = ", ".join(quoted(word) for word in _blank_words())
    found = engine.query(
        "SELECT count(*) AS n, count(*) FILTER (regexp_matches(v, '[0-9]')) AS figures "
        f"FROM column_values WHERE v NOT IN ({listed})"
    ).to_pylist()[0]
    return bool(found["n"] >= SHOWN_FROM and found["n"] == found["figures"])


def _values(engine: Engine, look: Look, left_out: list[str]) -> Look:
    words = ", ".join(quoted(word) for word in left_out) or "NULL"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE some_values AS SELECT v, n FROM column_values "
        f"WHERE v NOT IN ({words})"
        if left_out
        else "CREATE OR REPLACE TEMP TABLE some_values AS SELECT v, n FROM column_values"
    )
    facts = engine.query(FACTS).to_pylist()[0]
    look = replace(
        look,
        filled=int(facts["filled"] or 0),
        distinct=int(facts["different"]),
        nhs=float(facts["nhs"] or 0.0),
        longest=int(facts["longest"] or 0),
        figures=float(facts["figures"] or 0.0),
        is_whole=facts["wholes"] == 1,
    )
    if not look.filled:
        return look
    return _kind(engine, _with_codes(engine, look), facts)


FACTS = r"""
SELECT sum(n) AS filled, count(*) AS different, max(length(v)) AS longest,
    sum(n * length(v)) / sum(n) AS mean_length,
    sum(n) FILTER (contains(v, ' ')) / sum(n) AS spaced,
    sum(n) FILTER (isfinite(try_cast(v AS DOUBLE))
        AND NOT regexp_matches(v, '^-?0[0-9]')) / sum(n) AS numbers,
    sum(n) FILTER (try_cast(v AS BIGINT) IS NOT NULL) / sum(n) AS wholes,
    min(try_cast(v AS DOUBLE)) AS low, max(try_cast(v AS DOUBLE)) AS high,
    sum(n) FILTER (regexp_matches(v, '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$')
        OR regexp_matches(v, '^([01][0-9]|2[0-3])[0-5][0-9]$')) / sum(n) AS clocks,
    sum(n) FILTER (length(nhs_digits(v)) = 10 AND is_nhs_number(nhs_digits(v)))
        / sum(n) AS nhs,
    sum(n) FILTER (regexp_matches(v, '[0-9]')) / sum(n) AS figures
FROM some_values
"""


def _with_codes(engine: Engine, look: Look) -> Look:
    """The values that may be shown, and how many may not, as they are rare or tell of people."""
    rows = engine.query(f"SELECT v, n FROM some_values ORDER BY n DESC, v LIMIT {EXAMPLES}")
    found = [(str(row["v"]), int(row["n"])) for row in rows.to_pylist()]
    told = {value: private.tells(value) for value, _ in found}
    kinds = list(told.values())
    common = [pair for pair in found if look.is_few and pair[1] >= SHOWN_FROM]
    is_telling = len(kinds) - kinds.count("") >= TELLING * len(kinds)
    codes = tuple(pair for pair in common if not is_telling and not told[pair[0]])
    return replace(
        look,
        codes=codes,
        rare=look.distinct - len(common),
        hidden=len(common) - len(codes),
        persons=kinds.count("name") / len(kinds),
        addresses=kinds.count("address") / len(kinds),
    )


def _kind(engine: Engine, look: Look, facts: dict[str, float]) -> Look:
    """What the cells are: the surest first."""
    speaks_of_time = _speaks_of_time(look.name)
    timed = _as_time(engine, look, speaks_of_time)
    if timed:
        return timed
    if (facts["clocks"] or 0) >= MOSTLY and speaks_of_time:
        return replace(look, is_a="clock")
    trouble = _trouble(engine, look, facts, speaks_of_time)
    if trouble:
        return replace(look, is_a="text", trouble=trouble)
    is_named_number = names.best(look.name, {"thing_id", "person", "nhs_number"}) != ""
    if (facts["numbers"] or 0) >= MOSTLY and not (is_named_number and facts["wholes"] == 1):
        return replace(look, is_a="number")
    if look.is_few and not (is_named_number and look.distinct > FEW // 2):
        return replace(look, is_a="code")
    if facts["mean_length"] > LONG or ((facts["spaced"] or 0) > 0.5 and look.nhs < 0.5):
        return replace(look, is_a="text")
    if is_named_number or (facts["figures"] or 0) >= MOSTLY:
        return replace(look, is_a="number of a thing")
    return replace(look, is_a="code" if look.distinct <= 4 * FEW else "text")


def _speaks_of_time(name: str) -> bool:
    kinds = {"birth_date", "died", "period", "recorded_at", "expected_at", "sent_at"}
    words = set(names.words_of(name)) & {"date", "time", "at", "timestamp", "when", "day"}
    return bool(words) or bool(names.scores(name, kinds))


def _as_time(engine: Engine, look: Look, speaks_of_time: bool) -> Look | None:
    rows = engine.query(f"SELECT v FROM some_values ORDER BY n DESC, hash(v) LIMIT {EXAMPLES}")
    examples = [str(value) for value in rows["v"].to_pylist()]
    if not speaks_of_time:  # figures alone may be anything
        examples = [value for value in examples if not value.isdigit()]
    formats = dates.formats_of(engine, "some_values", examples)
    if formats.share < dates.ENOUGH:
        return None
    moment = ", ".join(f"try_strptime(v, {quoted(form)})" for form in formats.chosen)
    moment = f"coalesce({moment}, NULL)"
    none = ", ".join(quoted(day) for day in dates.NO_DATES)
    placeholders = engine.query(
        f"SELECT v FROM some_values WHERE strftime({moment}, '%Y-%m-%d') IN ({none}) "
        "ORDER BY n DESC LIMIT 5"
    )["v"].to_pylist()
    years = engine.query(
        f"SELECT quantile_disc(year({moment}), 0.02) AS low, quantile_disc(year({moment}), 0.98) "
        f"AS high FROM some_values WHERE strftime({moment}, '%Y-%m-%d') NOT IN ({none})"
    ).to_pylist()[0]
    if not speaks_of_time and not 1800 < (years["high"] or 0) < 2300:
        return None
    return replace(
        look,
        is_a="time",
        formats=formats,
        blanks=tuple(str(word) for word in placeholders),
        years=(int(years["low"] or 0), int(years["high"] or 0)),
    )


def _trouble(engine: Engine, look: Look, facts: dict[str, float], speaks_of_time: bool) -> str:
    """What makes a column of times unreadable, in words, or nothing."""
    if (facts["numbers"] or 0) >= MOSTLY and speaks_of_time:
        low, high = facts["low"] or 0, facts["high"] or 0
        if low > 20_000 and high < 80_000:
            return "days since 1900, as Excel stores dates: export them as dates"
        if low > 5e8:
            return "seconds or thousandths since 1970: export them as dates"
    rows = engine.query(f"SELECT v FROM some_values ORDER BY n DESC LIMIT {EXAMPLES}")
    texts = [str(value) for value in rows["v"].to_pylist()]
    short = sum(bool(re.match(dates.TWO_DIGIT_YEAR, text)) for text in texts)
    if texts and short >= MOSTLY * len(texts):
        return "dates with years of two digits, which can't be read: export them with four"
    return ""
