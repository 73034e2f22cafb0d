"""A mapping proposed from files and the data dictionary."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as shipped
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import InputError
from wholeflow.events.declared import read_rows
from wholeflow.sources.drafting import dates, names
from wholeflow.sources.drafting.events import events
from wholeflow.sources.drafting.figures import figures
from wholeflow.sources.drafting.looks import looks
from wholeflow.sources.drafting.roles import Roles, roles_of, time_says
from wholeflow.sources.drafting.samples import Sample, sample
from wholeflow.sources.drafting.sayings import Writer
from wholeflow.sources.drafting.shared import Shared, shared_columns
from wholeflow.sources.drafting.stays import letters
from wholeflow.sources.drafting.writing import Guess, comment, listed, table, text
from wholeflow.sources.files import find_files
from wholeflow.sources.mapping_file import parse_mapping
from wholeflow.store import Engine
from wholeflow.store.engine import DuckDBEngine

KNOWN_SHARE = 0.6
"""The share of a file's columns that a national layout must name for it to be mentioned."""

FAR = 2100
"""Dates after this year were moved to hide whose they are."""


@dataclass
class _File:
    """Files of one layout: what is looked at, and what they are called."""

    samples: list[Sample]
    feed: str
    match: str


def draft(paths: Sequence[Path]) -> str:
    """A mapping of these files as TOML text that ``parse_mapping`` accepts.

    ``paths`` are files, or folders of them. What somebody must decide is marked
    ``decide:``. InputError where a file can't be read as a table.
    """
    samples, passed_over = _samples([Path(path) for path in paths])
    found = _files(samples)
    if not found:
        raise InputError("there is no file to draft from", repair="Name a file, or a folder.")
    engine = DuckDBEngine(":memory:")
    try:
        roles = [_roles(engine, number, file) for number, file in enumerate(found)]
        shared = shared_columns(engine, roles)
        guesses = [
            _guess(engine, file, one, shared, keeper)
            for file, one, keeper in zip(found, roles, _keepers(found), strict=True)
        ]
    finally:
        engine.close()
    _refuse_nothing(found, guesses)
    written = _written(found, roles, guesses, passed_over)
    parse_mapping(written, "the draft")
    return written


def _refuse_nothing(found: list[_File], guesses: list[Guess]) -> None:
    """InputError where the rows of no file can be kept as they are, with the reasons."""
    if any(guess.says for guess in guesses):
        return
    reasons = [guess.about[-1].removeprefix("decide: ") for guess in guesses]
    raise InputError(
        "nothing can be drafted from these columns",
        where=", ".join(file.samples[0].path.name for file in found),
        repair=" ".join(dict.fromkeys(reasons)),
    )


def _samples(paths: Sequence[Path]) -> tuple[list[Sample], list[str]]:
    """What to look at in each file; in folders what is no table is passed over."""
    found, passed_over = [], []
    for path in find_files(list(paths)):
        try:
            one = sample(path)
            if path not in paths and len(one.rows.column_names) < 2:
                passed_over.append(path.name)
                continue
            found.append(one)
        except InputError:
            if path in paths:
                raise
            passed_over.append(path.name)
    return found, passed_over


def _files(samples: list[Sample]) -> list[_File]:
    """The files by layout: several extracts of one feed are one."""
    grouped: dict[tuple[str, tuple[str, ...]], list[Sample]] = {}
    for one in samples:
        _refuse_data_as_header(one)
        key = (_pattern(one.path), tuple(one.rows.column_names))
        grouped.setdefault(key, []).append(one)
    folders = {one.path.parent.name for one in samples}
    stems = Counter(_stem(group[0].path) for group in grouped.values())
    result = []
    for (pattern, _), group in grouped.items():
        path = group[0].path
        is_alone = len(group) == 1
        feed = names.slug(_stem(path))
        folder = names.slug(path.parent.name) if path.parent.name else ""
        if (len(folders) > 1 or stems[_stem(path)] > 1) and not feed.startswith(folder):
            feed = f"{folder}-{feed}"
        result.append(_File(group, feed, path.name if is_alone else pattern))
    return _with_own_names(result)


def _keepers(found: list[_File]) -> list[str]:
    """Who keeps each file, by its folder, where files lie in several."""
    folders = [file.samples[0].path.parent.name for file in found]
    return folders if len(set(folders)) > 1 else [""] * len(found)


def _with_own_names(found: list[_File]) -> list[_File]:
    taken = Counter(file.feed for file in found)
    for number, file in enumerate(found, 1):
        if taken[file.feed] > 1:
            file.feed = f"{file.feed}-{number}"
    return found


def _stem(path: Path) -> str:
    """The name of a file without endings and without the figures of its date."""
    stem = re.sub(r"(\.gz)?$", "", path.name.lower()).rpartition(".")[0] or path.name
    return re.sub(r"[-_ .]*\d{4}[-_]?\d{0,2}[-_]?\d{0,2}$", "", stem) or stem


def _pattern(path: Path) -> str:
    """The name of a file with a star for the figures in it."""
    stem, dot, ending = path.name.partition(".")
    return re.sub(r"\d+([-_]\d+)*", "*", stem) + dot + ending


def _refuse_data_as_header(found: Sample) -> None:
    """InputError where the first line seems to be a record: it would be shown as names."""
    cells = found.rows.column_names
    figures = [c for c in cells if re.fullmatch(r"[\d .,/:-]{3,}", c)]
    is_person = any(re.fullmatch(r"\d{3}[ -]?\d{3}[ -]?\d{4}", cell) for cell in cells)
    if is_person or dates.candidates(cells) or len(figures) * 3 >= len(cells):
        raise InputError(
            "the first line seems to hold a record and not the names of columns",
            where=found.path.name,
            repair="Export it with a header; a table with a column for each month needs a row "
            "for each month.",
        )


def _roles(engine: Engine, number: int, file: _File) -> Roles:
    name = f"rows_{number}"
    engine.register(name, pa.concat_tables([one.rows for one in file.samples]))
    both = file.samples[0]
    return roles_of(engine, name, file.feed, looks(engine, both, name))


def _guess(engine: Engine, file: _File, roles: Roles, shared: Shared, keeper: str) -> Guess:
    first = file.samples[0]
    guess = Guess(file.feed, about=[_told(file)], columns=list(roles.looks))
    guess.keys["match"] = listed([file.match])
    if keeper:
        guess.keys["organisation"] = text(keeper)
        guess.notes["organisation"] = "decide: who keeps this feed"
    if first.encoding != "utf-8":
        guess.keys["encoding"] = text(first.encoding)
    if first.separator != ",":
        guess.keys["separator"] = text(first.separator)
    national = _national(roles)
    if national:
        guess.about.append(national)
    _blank(guess, roles)
    writer = Writer(engine, roles, shared, guess)
    if not writer.has_person():
        writer.guess_person()
    if roles.old and roles.kept:
        writer.merges()
    elif not writer.has_person() and roles.numbers and roles.times:
        figures(writer)
    elif writer.has_person() and "sent_at" in letters(roles):
        writer.messages()
    elif writer.has_person() and not _is_about_people(roles):
        events(writer)
    elif writer.has_person():
        writer.facts()
    else:
        writer.nothing()
    writer.finish()
    return guess


def _is_about_people(roles: Roles) -> bool:
    """True when the rows tell who people are: of what happened only, perhaps, that they died."""
    says = {time_says(time) for time in roles.times}
    is_each = roles.key in {(column,) for column in (*roles.persons, roles.nhs)}
    return not says or (says == {"died"} and is_each)


def _told(file: _File) -> str:
    rows = sum(one.rows.num_rows for one in file.samples)
    whole = all(one.is_whole for one in file.samples)
    what = f"{rows:,} rows, all of it" if whole else f"{rows:,} rows of a bigger file"
    broken = sum(one.broken for one in file.samples)
    also = f"; {broken:,} more are no rows (other cells than the header, or a total)"
    hidden = sum(one.hidden for one in file.samples)
    keyed = f"; {hidden} names in its objects may be people's and are left out" if hidden else ""
    names_of = ", ".join(one.path.name for one in file.samples[:3])
    return f"{names_of}: {what}{also if broken else ''}{keyed}."


def _blank(guess: Guess, roles: Roles) -> None:
    words = list(dict.fromkeys(w for look in roles.looks.values() for w in look.blanks))
    taken = {w for c in roles.identifiers for w in roles.looks[c].weak_blanks}
    words = [word for word in words if word not in taken]
    if words:
        guess.keys["blank"] = listed(words)
        guess.notes["blank"] = "words and dates that stand where nothing is known"
    if taken:
        guess.about.append("decide: a number of people or things may be a word such as NA.")


def _national(roles: Roles) -> str:
    """Words about the national layout whose columns the file has, if there is one."""
    folder = shipped("wholeflow.sources").joinpath("field_lists")
    if not folder.is_dir():
        return ""
    mine = {names.slug(column) for column in roles.looks}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if not entry.name.endswith(".csv"):
            continue
        rows = read_rows("wholeflow.sources", f"field_lists/{entry.name}")
        theirs = {
            names.slug(row[name]) for row in rows for name in ("field", "column") if name in row
        }
        if len(mine & theirs) >= max(KNOWN_SHARE * len(mine), 4):
            layout = entry.name.removesuffix(".csv")
            return (
                f"decide: {len(mine & theirs)} of its {len(mine)} columns are named as in the "
                f"national layout {layout}: the mapping `{layout}` that ships may fit better."
            )
    return ""


def _written(
    found: list[_File], roles: list[Roles], guesses: list[Guess], passed_over: list[str]
) -> str:
    folders = {str(one.path.resolve().parent) for file in found for one in file.samples}
    together = Path(os.path.commonpath(folders)).name
    source = found[0].feed if len(found) == 1 else names.slug(together or "my-place")
    lines = [
        "# A draft made from the files by `wholeflow mapping draft`. Look at each `decide:`, and",
        "# then at what `wholeflow load --explain` says of it.",
        f"source = {text(source)}",
        f"title = {text(names.plain(source).capitalize())}",
        *_clock(roles),
    ]
    if passed_over:
        lines += comment(f"No tables, and passed over: {', '.join(passed_over)}.")
    places = {place: entry for guess in guesses for place, entry in guess.places.items()}
    lines += _places(places)
    for guess in guesses:
        lines += guess.lines()
    return "\n".join(lines) + "\n"


def _clock(roles: list[Roles]) -> list[str]:
    times = [time for one in roles for time in one.times]
    looks = [time.look for time in times]
    zoned = [look.formats.has_offset for look in looks if not look.formats.is_day]
    lines = []
    if any(not known for known in zoned):
        lines.append("# decide: times without an offset are taken as local time in Britain")
    lines.append('zone = "Europe/London"')
    if any(look.years[0] > FAR for look in looks):
        lines += comment("the years lie far ahead, so dates were moved for each person")
        lines.append('clock = "shifted_per_person"')
    return lines


def _places(places: dict[str, dict[str, str]]) -> list[str]:
    if not places:
        return []
    usual = Counter(entry["setting"] for entry in places.values()).most_common(1)[0][0]
    lines = ["", *comment("decide: the setting of each place is guessed from its name and column")]
    lines.append(f"unlisted_places = {{ setting = {usual} }}")
    return [*lines, "place = [", *(f"  {table(entry)}," for entry in places.values()), "]"]
