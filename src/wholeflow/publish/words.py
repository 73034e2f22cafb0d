"""How numbers, lengths of time, shares and settings are written for people in Britain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from wholeflow.core.time import show_date, show_hours
from wholeflow.governance.disclosure import HIDDEN

UNKNOWN = "not known"


class Said(str):
    """A value as people read it, which keeps the ``value`` for programs; None: not known.

    >>> said = Said("1,234", 1234)
    >>> said, said.value
    ('1,234', 1234)
    """

    __slots__ = ("value",)
    value: float | None

    def __new__(cls, words: str, value: float | None) -> Said:
        """Words for a value."""
        made = super().__new__(cls, words)
        made.value = value
        return made


SETTINGS: dict[str, tuple[str, str]] = {
    "home": ("Home", "homes"),
    "primary": ("Primary care", "primary care places"),
    "urgent": ("Urgent care", "urgent care places"),
    "ambulance": ("Ambulance", "ambulance services"),
    "ed": ("Emergency department", "emergency departments"),
    "assessment": ("Assessment", "assessment units"),
    "theatre": ("Theatre and recovery", "theatres"),
    "critical": ("Critical care", "critical care units"),
    "ward": ("Ward", "wards"),
    "hospital": ("Hospital spell", "hospital spells"),
    "mental_health": ("Mental health", "mental health places"),
    "outpatient": ("Outpatients", "clinics"),
    "discharge": ("Discharge", "discharge places"),
    "social_work": ("Social work", "social work teams"),
    "intermediate": ("Intermediate care", "intermediate care places"),
    "community": ("Community care", "community teams"),
    "home_care": ("Home care", "home care services"),
    "care_home": ("Care home", "care homes"),
    "voluntary": ("Voluntary sector", "voluntary services"),
    "other": ("Other", "other places"),
}
"""Each setting as a short title, and as several of them."""


def setting_title(setting: str) -> str:
    """A setting as a short title.

    >>> setting_title("ed"), setting_title("a_new_one")
    ('Emergency department', 'A new one')
    """
    fallback = setting.replace("_", " ").capitalize()
    return SETTINGS.get(setting, (fallback, ""))[0]


def other_places(setting: str, count: int) -> str:
    """The name of a box that stands for several places of one setting.

    >>> other_places("ward", 12)
    'other wards (12)'
    """
    several = SETTINGS.get(setting, ("", f"{setting.replace('_', ' ')} places"))[1]
    return f"other {several.removeprefix('other ')} ({count})"


def hours(value: float | None) -> Said:
    """A length of time in the unit that people would use; the value is in hours.

    >>> hours(30.5), hours(None)
    ('30 h 30 min', 'not known')
    """
    return Said(show_hours(value), value)


def number(value: float | None, digits: int = 0) -> Said:
    """A number with thousands separators.

    >>> number(1234567), number(12.345, 1), number(None)
    ('1,234,567', '12.3', 'not known')
    """
    return Said(UNKNOWN if value is None else f"{value:,.{digits}f}", value)


def how_many(value: float | None) -> Said:
    """How many there are; None: hidden from people outside.

    >>> how_many(1234), how_many(None)
    ('1,234', '*')
    """
    return Said(HIDDEN, None) if value is None else number(value)


def counted(value: int | None, one: str, several: str = "") -> str:
    """A number and its noun; None: hidden from people outside.

    >>> counted(1, "person", "people"), counted(2000, "stay"), counted(None, "stay")
    ('1 person', '2,000 stays', '* stays')
    """
    if value is None:
        return f"{HIDDEN} {several or one + 's'}"
    return f"{value:,} {one if value == 1 else several or one + 's'}"


def share(value: float | None, digits: int = 0) -> Said:
    """A share as a percentage; small but not nothing is said so.

    >>> share(0.5), share(0.0004), share(0.9997), share(0), share(None)
    ('50%', 'under 1%', 'over 99%', '0%', 'not known')
    """
    if value is None:
        return Said(UNKNOWN, None)
    smallest = 10.0 ** -(digits + 2)
    if 0 < value < smallest:
        return Said(f"under {smallest:.{digits}%}", value)
    if 1 - smallest < value < 1:
        return Said(f"over {1 - smallest:.{digits}%}", value)
    return Said(f"{value:.{digits}%}", value)


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words as a list in a sentence, the rest counted.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most:,} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def period(name: str, unit: str) -> str:
    """A calendar period as people write it: a day, a week or a month.

    >>> period("2024-07-01", "week"), period("2024-07", "month")
    ('week of 1 July 2024', 'July 2024')
    """
    if unit == "month":
        return f"{date.fromisoformat(name + '-01'):%B %Y}"
    words = show_date(date.fromisoformat(name))
    return f"week of {words}" if unit == "week" else words


def left_out(reasons: Mapping[str, int | None]) -> list[str]:
    """Sentences on what did not enter a result; None: how many is hidden from people outside.

    >>> left_out({"without a begin": 1200, "too early": 0})
    ['Left out: 1,200 without a begin.']
    >>> left_out({"without a begin": None, "too early": None})
    ['Left out, where there were any: without a begin; too early.']
    """
    told = [f"Left out: {n:,} {why.rstrip('.')}." for why, n in reasons.items() if n]
    hidden = [why.rstrip(".") for why, n in reasons.items() if n is None]
    return [*told, f"Left out, where there were any: {'; '.join(hidden)}."] if hidden else told


def sentence(text: str) -> str:
    """Text with a capital letter first and one full stop last.

    >>> sentence("there is none")
    'There is none.'
    """
    text = text.strip().replace("'", "’")
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")
