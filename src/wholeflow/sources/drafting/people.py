"""Who the rows are about, as the person, the traits and the ties to other files."""

from __future__ import annotations

from wholeflow.governance.nhs_number import NHS_NUMBER
from wholeflow.sources.drafting import names
from wholeflow.sources.drafting.roles import Roles
from wholeflow.sources.drafting.shared import Shared, Tie, generic
from wholeflow.sources.drafting.stays import percent
from wholeflow.sources.drafting.writing import Guess, cell, listed, table, text


def person(roles: Roles, shared: Shared, prefix: str = "") -> list[str]:
    """The cells that name the person, the fullest of its own numbers first."""
    own = sorted(roles.persons, key=lambda column: -roles.looks[column].share)
    cells = [cell(prefix + c, scheme=text(shared.scheme(roles, c))) for c in own]
    if roles.nhs:
        cells.append(cell(prefix + roles.nhs, scheme=text(NHS_NUMBER)))
    if prefix:
        return cells
    for tie in shared.ties[roles.feed]:
        if tie.use == "person":
            cells.append(cell(tie.column, scheme=text(names.slug(tie.there))))
    if shared.shared_by(roles):
        cells.append(cell(roles.key[0], scheme=text(names.slug(roles.key[0]))))
    return cells


def joined(roles: Roles, shared: Shared) -> Tie | None:
    """The tie to the file that knows the person, where this one does not."""
    ties = [tie for tie in shared.ties[roles.feed] if tie.use == "join"]
    return ties[0] if ties else None


def add_person(guess: Guess, roles: Roles, shared: Shared) -> bool:
    """Write who the rows are about; False when nothing tells."""
    tie = joined(roles, shared)
    if tie:
        on = text(tie.column) if tie.column == tie.there else table({tie.column: text(tie.there)})
        guess.keys["join"] = f"[{{ feed = {text(tie.other.feed)}, on = {on} }}]"
        guess.notes["join"] = f"no column names the person; {tie.other.feed} does, by {tie.column}"
        cells = person(tie.other, shared, f"{tie.other.feed}.")
    else:
        cells = person(roles, shared)
    if not cells:
        return False
    several = ",\n  ".join(cells)
    guess.each["person"] = cells[0] if len(cells) == 1 else f"[\n  {several},\n]"
    words = _why(roles, shared)
    if words:
        guess.notes["person"] = words
    return True


def _why(roles: Roles, shared: Shared) -> str:
    parts = []
    for column in roles.persons:
        parts.append(f"{column} is filled in {percent(roles.looks[column].share)} of rows")
        if roles.looks[column].holds_names:
            parts.append(f"decide: {column} seems to hold names, which two people may share")
        if generic(column):
            parts.append("decide: whose number it is; give its scheme the name of the organisation")
    if roles.nhs:
        look = roles.looks[roles.nhs]
        parts.append(
            f"{roles.nhs} is filled in {percent(look.share)} of rows, {percent(look.nhs)} of these "
            "with a right check digit"
        )
    parts += [
        f"{tie.column} is the key of {tie.other.feed} and ties the two numbers of a person"
        for tie in shared.ties[roles.feed]
        if tie.use == "person"
    ]
    if shared.shared_by(roles):
        parts.append(f"another file names {roles.key[0]}")
    return "; ".join(parts)


def add_traits(guess: Guess, roles: Roles) -> None:
    """Write what people are compared by; kept as keyed hashes only."""
    found = {}
    for trait, column in roles.traits.items():
        look = roles.looks[column]
        formats = look.formats.chosen
        is_time = trait == "birth_date" and not look.native_time
        more = {"format": text(formats[0]) if len(formats) == 1 else listed(formats)}
        found[trait] = cell(column, **(more if is_time else {}))
    if found:
        guess.keys["traits"] = table(found)
        guess.notes["traits"] = "compared when people are linked, kept as keyed hashes only"
