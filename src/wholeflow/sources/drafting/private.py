"""Which values of a column may tell of a person, and so must not stand in a draft.

Too much is held back rather than too little: no list of names is complete.
"""

from __future__ import annotations

import re
from functools import cache

from wholeflow.sources.drafting import names

STREETS = (
    "street|road|rd|lane|ln|close|avenue|ave|drive|crescent|gardens|grove|terrace|way|court|mews|"
    "square|hill|view|cottage|flat|villas?|park|row|rise|walk"
)
POSTCODE = r"\b[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}\b"
ADDRESS = re.compile(rf"{POSTCODE}|\d.*\b(?:{STREETS})\b|\b(?:{STREETS})\b.*\d", re.I | re.S)
TOLD = re.compile(
    r"\b(?:mr|mrs|ms|miss|mx|dr)\b"  # a title
    r"|(?:\d[ -]?){7}"  # a number of a person or a telephone
    r"|\d[/.-]\d{1,2}[/.-]\d{2}"  # a date of birth
    r"|@|^\s*[\[{]",  # an address of e-mail; JSON
    re.I,
)
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
MEDICINE = re.compile(
    r"medic|med$|surg|cardi|coron|neuro|onco|ha?emat|ortho|trauma|vascul|gyn|obstet|matern|paed|"
    r"pediatr|geriatr|elder|frail|rehab|respir|renal|gastro|derma|ophth|psych|stroke|acute|transpl|"
    r"endocr|stepdown|.*(?:ology|atrics|therapy|iatry|[a-z]icu)$"
)
OTHER_WORDS = frozenset({
    "the", "and", "or", "with", "without", "by", "in", "no", "not", "did", "being", "after",
    "before", "am", "pm", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "north", "south",
    "east", "west", "upper", "lower", "left", "right", "day", "night", "house", "lodge", "hall",
    "centre", "center", "wing", "floor", "suite", "building", "hub", "room", "majors", "minors",
    "resus", "blood", "plan", "package", "packages", "meals",
})  # fmt: skip
HEADS = frozenset({
    "hospital", "infirmary", "ward", "unit", "clinic", "centre", "center", "surgery", "practice",
    "department", "team", "service", "hospice", "wing", "suite", "trust", "lounge",
})  # fmt: skip
"""Words after which a place may have two names, as the John Radcliffe Hospital has."""


def tells(value: str) -> str:
    """What a value may be: the ``name`` or ``address`` of a person, something ``else``, or ''.

    >>> tells("Mary Jones"), tells("3 Elm Road"), tells("Oak House"), tells("Ward 3")
    ('name', 'address', '', '')
    """
    if ADDRESS.search(value):
        return "address"
    if TOLD.search(value):
        return "else"
    return "name" if _is_name(value) else ""


def _is_name(value: str) -> bool:
    """True for two capitalised words side by side that no place or event is spoken of with.

    In small letters only where there is nothing else.
    """
    words = WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value))
    strange = "".join(".?"[_is_strange(word)] for word in words)
    if value.islower():
        return 1 < len(words) < 4 and "." not in strange
    is_place = words[-1:] and words[-1].lower() in HEADS and not re.search(r"[,;:(/]", value)
    return "??" in strange and not is_place


def _is_strange(word: str) -> bool:
    """True for a word that may be of a name: letters only, and none that is known."""
    plain = word.lower()
    is_letters = not any(sign.isdigit() for sign in plain)
    is_known = len(plain) > 1 and (plain in _ordinary() or MEDICINE.match(plain))
    return is_letters and not is_known


@cache
def _ordinary() -> frozenset[str]:
    return names.vocabulary() | OTHER_WORDS
