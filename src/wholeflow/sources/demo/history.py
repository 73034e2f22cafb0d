"""What truly happened in Riverford: people, contacts, calls, stays, cases, messages, packages."""

from __future__ import annotations

from dataclasses import dataclass, field

# These are filled in as a person moves on, and not changed after `simulate` has returned.
# None means: not reached (yet).


@dataclass(slots=True)
class Person:
    """Someone who lives in Riverford."""

    nhs_number: str
    practice: str
    frail: bool
    alive: bool = True
    in_need: bool = False
    package: Package | None = None


@dataclass(slots=True)
class Contact:
    """A contact with a GP."""

    person: Person
    seen: int
    outcome: str


@dataclass(slots=True)
class Call:
    """An ambulance call."""

    person: Person
    number: int
    called: int
    at_scene: int | None = None
    at_hospital: int | None = None
    handed_over: int | None = None
    clear: int | None = None
    outcome: str = ""


@dataclass(slots=True)
class Stay:
    """One stay of a person's body in one place: the emergency department or a ward."""

    person: Person
    place: str
    arrived: int | None
    asked: int | None = None
    accepted: int | None = None
    started: int | None = None
    ready: int | None = None
    left: int | None = None
    went_to: str = ""
    waited_for: tuple[str, ...] = ()
    call: Call | None = None
    spell: int = 0


@dataclass(slots=True)
class Case:
    """A case of the council's social work team."""

    person: Person
    number: int
    referred: int
    allocated: int | None = None
    started: int | None = None
    completed: int | None = None
    outcome: str = ""


@dataclass(slots=True)
class Message:
    """Something one place told another about a case."""

    case: Case
    kind: str
    from_place: str
    to_place: str
    sent: int
    received: int | None = None
    acted: int | None = None


@dataclass(slots=True)
class Package:
    """A package of home care. One that ended before it started was no longer needed."""

    person: Person
    requested: int
    visits: int
    started: int | None = None
    ended: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of each resource."""

    cubicles: int
    clinicians: int
    assessment_unit: int
    wards: tuple[int, int, int]
    social_workers: int
    packages: int
    willow: int


@dataclass(frozen=True, slots=True)
class History:
    """All that truly happened, each list in the order of its beginnings."""

    sizes: Sizes
    people: list[Person]
    contacts: list[Contact] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    attendances: list[Stay] = field(default_factory=list)
    ward_stays: list[Stay] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    willow_stays: list[Stay] = field(default_factory=list)
