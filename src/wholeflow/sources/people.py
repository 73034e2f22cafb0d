"""Who the people of a row are: the numbers that name one person, and traits to compare by.

A row that gives several numbers of a person says that they are one person's; both
become rows of declared tables (``same_person``, ``traits``) like all else that the
row says, so that versions and withdrawals hold for them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wholeflow.events.declared import SHARED_NUMBER
from wholeflow.governance.nhs_number import NHS_NUMBER
from wholeflow.sources.mapping import Condition, Saying, Value

TRAITS = ("birth_date", "birth_year", "sex", "postcode", "forename", "surname")
"""What a mapping may name as traits."""

DATE_PARTS = {"year": "birth year", "month": "birth month or day", "day": "birth month or day"}
"""The parts of a birth date with their schemes: month and day share one, to know them swapped."""


def who_people_are(
    says: Sequence[Saying], each: Value | None, traits: Mapping[str, Value]
) -> Iterator[Saying]:
    """The sayings that tell who people are, for rows that say ``says``.

    ``each`` is the person of every row, whose ``traits`` it tells. The numbers of a person
    whom only some rows are about are linked in these rows only. Without ``says`` the file
    is an index of people.
    """
    for person, when, unless in _people(says, each, is_told=bool(traits) or not says):
        for other in person.others:
            yield Saying(
                "same_person",
                (("person", person), ("same_as", other), ("method", Value(SHARED_NUMBER))),
                when,
                unless,
                is_own=False,
            )
    if each and traits:
        numbers = [v for v in (each, *each.others) if v.scheme == NHS_NUMBER]
        national = [("nhs_number", replace(number, others=())) for number in numbers]
        told = (("person", each), *_compared(traits), *national)
        yield Saying("traits", told, is_own=False)


About = tuple[Value, tuple[Condition, ...], tuple[Condition, ...]]


def _people(says: Sequence[Saying], each: Value | None, *, is_told: bool) -> list[About]:
    """The people whom the sayings are about, with the conditions of each; each once."""
    found: dict[About, None] = {}
    for said in says:
        person = dict(said.fields).get("person")
        if person == each and person:
            found[person, (), ()] = None
        elif person:
            found[person, said.when, said.unless] = None
    if each and is_told:
        found[each, (), ()] = None
    always = {person for person, *conditions in found if not any(conditions)}
    return [about for about in found if not any(about[1:]) or about[0] not in always]


def _compared(traits: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """The traits in the parts that are compared: of a birth date the year, month and day."""
    for name, value in traits.items():
        if name == "birth_date":
            for part, scheme in DATE_PARTS.items():
                yield f"birth_{part}", replace(value, scheme=scheme, take=part)
        else:
            yield name, replace(value, scheme=name.replace("_", " "))
