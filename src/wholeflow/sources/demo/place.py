"""Riverford, a small made-up place: its people, its queues and what truly happened there.

Every person is a story (a generator) that waits for an instant or for a place in a pool. Waits and
delays are never drawn: they arise because a pool is full. Read `life` first, then `attend`,
`admit` and `leave_with_support`; what organisations write down about it is in `records`.

Time is whole UTC minutes (`clock`); what can be waited for is in `queues`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Sequence
from datetime import date, timedelta

import numpy as np

from wholeflow.sources.demo.clock import (
    DAY,
    END,
    FIRST_DAY,
    HOUR,
    START,
    after_office_minutes,
    instant,
    local_time,
    office_opens,
)
from wholeflow.sources.demo.history import (
    Call,
    Case,
    Contact,
    History,
    Message,
    Package,
    Person,
    Sizes,
    Stay,
)
from wholeflow.sources.demo.queues import Engine, Pool, Step, Story, Take, Until

ED, ASSESSMENT_UNIT, WARDS = "Emergency department", "Assessment unit", ("Alder", "Birch", "Cedar")
SOCIAL_WORK, HOME_CARE, WILLOW, AMBULANCE = "Social work", "Home care", "Willow", "Ambulance"
PRACTICES = ("Riverside Surgery", "Mill Lane Surgery")

# Shares of need by hour of the local day and weight by weekday (Monday first): busy late mornings,
# quiet nights, heavy Mondays, as in emergency departments everywhere.
HOURS = (2, 2, 1, 1, 1, 2, 3, 4, 6, 8, 9, 9, 9, 8, 8, 8, 8, 8, 8, 7, 6, 5, 4, 3)
WEEKDAYS = (1.2, 1.05, 1.0, 1.0, 1.0, 0.9, 0.95)
WARD_SHARES = (0.40, 0.35, 0.25)
_VISITS = (0.25, 0.3, 0.25, 0.2)  # shares of packages with 1, 2, 3 and 4 visits a day
OFFICE = (9 * HOUR, 17 * HOUR)
SURGERY = (8 * HOUR + 30, 18 * HOUR)


class World:
    """What the stories share: the clock, the dice, the pools and the history being made."""

    def __init__(self, history: History, rng: np.random.Generator) -> None:
        sizes = history.sizes
        self.engine, self.rng, self.history = Engine(START), rng, history
        self.cubicles, self.clinicians = Pool(sizes.cubicles), Pool(sizes.clinicians)
        self.beds = {ASSESSMENT_UNIT: Pool(sizes.assessment_unit), WILLOW: Pool(sizes.willow)}
        self.beds |= {ward: Pool(n) for ward, n in zip(WARDS, sizes.wards, strict=True)}
        self.social_workers, self.slots = Pool(sizes.social_workers), Pool(sizes.packages)
        self.spells = 0

    @property
    def now(self) -> int:
        """The present minute."""
        return self.engine.now

    def chance(self, share: float) -> bool:
        """True for this share of times."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> int:
        """Some whole number of minutes between two."""
        return round(low + (high - low) * self.rng.random())

    def around(self, median: float, spread: float) -> int:
        """Some minutes around a median, with a long right tail (lognormal)."""
        return max(1, round(median * math.exp(spread * self.rng.standard_normal())))

    def about(self, mean: float) -> int:
        """Some minutes, exponential."""
        return max(1, round(mean * self.rng.standard_exponential()))

    def choose(self, shares: Sequence[float]) -> int:
        """Which of several, by their shares."""
        at, total = self.rng.random() * sum(shares), 0.0
        for which, share in enumerate(shares):
            total += share
            if at < total:
                return which
        return len(shares) - 1

    def moment_in_week_from(self, day: date) -> int:
        """Some instant of the seven days from a day, by weekday and hour of need."""
        weights = tuple(WEEKDAYS[(day.weekday() + ahead) % 7] for ahead in range(7))
        day += timedelta(days=self.choose(weights))
        return instant(day, self.choose(HOURS) * HOUR + self.between(0, HOUR - 1))

    def by_day(self, at: int, opens: int, closes: int) -> int:
        """This instant if it is within these hours of a day, else some instant of the next."""
        wall = local_time(at)
        if opens * HOUR <= wall.hour * HOUR + wall.minute < closes * HOUR:
            return at
        day = wall.date() if wall.hour < opens else wall.date() + timedelta(days=1)
        return instant(day, self.between(opens * HOUR, closes * HOUR - 1))


def sizes_for(people: int) -> Sizes:
    """Resources for a population.

    Beds and staff are the mean load plus some square roots of it: that keeps waits alike in a
    small and a large place, where equal use would not. Home care is a fixed share of what is
    asked for, a bit short; some get better or find other help while they wait, so it holds.
    """

    def staffed(per_person: float, roots: float, fewest: int = 2) -> int:
        load = per_person * people
        return max(fewest, round(load + roots * math.sqrt(load)))

    alder, birch, cedar = (staffed(0.0115 * share, 0.8) for share in WARD_SHARES)
    return Sizes(
        cubicles=staffed(0.0013, 1.5),
        clinicians=staffed(0.0004, 0.6, fewest=1),
        assessment_unit=staffed(0.0024, 1.2),
        wards=(alder, birch, cedar),
        social_workers=staffed(0.0004, 0.6, fewest=1),
        packages=max(2, round(0.0088 * people)),
        willow=staffed(0.0020, 0.3),
    )


def simulate(people: int, rng: np.random.Generator) -> History:
    """Nine months of Riverford: what truly happened to everyone."""
    history = History(sizes_for(people), _populate(people, rng))
    world = World(history, rng)
    _take_over_packages(world)
    for person in history.people:
        world.engine.start(life(world, person), _first_need(world))
    world.engine.run(END)
    return history


def _first_need(world: World) -> int:
    # The rest of a time between needs, so that the first week is as busy as the last. What falls
    # before the first day is drawn again: an exponential time has no memory.
    while True:
        day = local_time(START - 7 * DAY + world.about(105 * DAY)).date()
        first = world.moment_in_week_from(day)
        if first >= START:
            return first


def nhs_number(nine_digits: int) -> str | None:
    """The NHS number with its check digit, or None if these nine digits have none."""
    digits = [int(digit) for digit in f"{nine_digits:09d}"]
    weighted = zip(range(10, 1, -1), digits, strict=True)
    check = 11 - sum(weight * digit for weight, digit in weighted) % 11
    return None if check == 10 else f"{nine_digits:09d}{check % 11}"


def _populate(people: int, rng: np.random.Generator) -> list[Person]:
    # 999 is the range set aside for made-up people.
    numbers = (nhs_number(999_000_000 + int(tail)) for tail in rng.permutation(1_000_000))
    known = itertools.islice((number for number in numbers if number is not None), people)
    return [
        Person(number, PRACTICES[int(rng.random() < 0.4)], frail=bool(rng.random() < 0.45))
        for number in known
    ]


def _take_over_packages(world: World) -> None:
    """Bluebell's contract begins on the first morning with the clients of the agency before it.

    So home care is as full on the first day as later, and no record is older than the period.
    """
    morning = instant(FIRST_DAY, 8 * HOUR)
    frail = [person for person in world.history.people if person.frail]
    for person in frail[: round(0.9 * world.slots.free)]:
        world.slots.free -= 1
        package = Package(person, morning, 1 + world.choose(_VISITS), started=morning)
        world.history.packages.append(package)
        person.package = package
        world.engine.start(_package_runs(world, package), morning + world.about(28 * DAY) + 2 * DAY)


# ---- the stories -----------------------------------------------------------------------------


def life(world: World, person: Person) -> Story:
    """Needs, one after another; about one in eight leaves hospital and is back within 30 days."""
    soon = False
    while person.alive:
        person.in_need = True
        in_hospital = yield from need(world, person, soon)
        person.in_need = False
        if not person.alive:
            return
        soon = in_hospital and world.chance(0.12)
        if soon:
            gap = world.between(1 * DAY, 23 * DAY)
        else:
            gap = (31 * DAY if in_hospital else 3 * DAY) + world.about(90 * DAY)
        day = local_time(world.now + gap).date()
        yield Until(world.moment_in_week_from(day))


def need(world: World, person: Person, soon: bool) -> Generator[Step, bool, bool]:
    """One need: GP, ambulance or straight to hospital. True if it led to hospital."""
    route = world.choose((0.0 if soon else 0.5, 0.3, 0.2))
    if route == 0:
        sent = yield from see_gp(world, person)
        if sent:
            yield from attend(world, person, None)
        return sent
    if route == 1:
        call = yield from call_ambulance(world, person, always_conveyed=soon)
        if call.outcome == "conveyed":
            yield from attend(world, person, call)
        return call.outcome == "conveyed"
    yield from attend(world, person, None)
    return True


def see_gp(world: World, person: Person) -> Generator[Step, bool, bool]:
    """A contact in surgery hours; True if sent to the emergency department, and once there."""
    opens = office_opens(world.now, *SURGERY)
    if opens > world.now:
        opens += world.between(0, 8 * HOUR)
    yield Until(opens)
    sent = world.chance(0.3)
    contact = Contact(person, world.now, "sent to ED" if sent else "advice")
    world.history.contacts.append(contact)
    if sent:
        yield Until(world.now + world.between(45, 240))
    return sent


def call_ambulance(
    world: World, person: Person, *, always_conveyed: bool
) -> Generator[Step, bool, Call]:
    """A call, until at hospital or the crew has gone."""
    calls = world.history.calls
    call = Call(person, len(calls) + 1, world.now)
    calls.append(call)
    yield Until(world.now + world.around(22, 0.6))
    call.at_scene = world.now
    yield Until(world.now + world.between(25, 55))
    if always_conveyed or world.chance(0.75):
        yield Until(world.now + world.between(8, 25))
        call.at_hospital, call.outcome = world.now, "conveyed"
    else:
        call.clear, call.outcome = world.now, "see and treat"
    return call


def _crew_clears(world: World, call: Call) -> Story:
    call.clear = world.now
    return
    yield  # a story of one instant


def attend(world: World, person: Person, call: Call | None) -> Story:
    """The emergency department: a cubicle, then a clinician in it, tests, and on."""
    stay = Stay(person, ED, world.now, call=call)
    world.history.attendances.append(stay)
    # Who came by ambulance does not walk out; the others bear a wait of some hours.
    patience = None if call else world.now + world.around(5 * HOUR, 0.5)
    if not call:
        yield Until(world.now + world.between(5, 20))  # booking in and triage
    if not (yield Take(world.cubicles, patience)):
        return _leave(world, stay, "left before being seen")
    if call:
        # The crew stays with the person until there is a cubicle: the ambulance queue.
        call.handed_over = world.now
        world.engine.start(_crew_clears(world, call), world.now + world.between(8, 20))
    if not (yield Take(world.clinicians, patience)):
        return _leave(world, stay, "left before being seen", world.cubicles)
    stay.started = world.now
    yield Until(world.now + world.between(30, 100))
    world.engine.give_back(world.clinicians)
    yield Until(world.now + world.around(100, 0.6))
    yield from _after_tests(world, stay)


def _after_tests(world: World, stay: Stay) -> Story:
    if world.chance(0.006):
        return _die(world, stay, world.cubicles)
    stay.ready = world.now
    if not world.chance(0.6 if stay.person.frail else 0.3):
        return _leave(world, stay, "discharged", world.cubicles)
    yield Take(world.beds[ASSESSMENT_UNIT])
    if world.now > stay.ready:
        stay.waited_for = (f"{ASSESSMENT_UNIT} bed",)
    _leave(world, stay, "admitted", world.cubicles)
    yield from admit(world, stay.person, stay.ready)


def admit(world: World, person: Person, asked: int) -> Story:
    """A hospital spell: the assessment unit, for most then a ward, and home from there."""
    world.spells += 1
    _end_package(world, person, "admitted")
    spell, unit = world.spells, world.beds[ASSESSMENT_UNIT]
    stay = _come_in(world, person, ASSESSMENT_UNIT, asked, spell)
    yield Until(world.by_day(world.now + world.around(16 * HOUR, 0.5), 8, 21))
    if world.chance(0.02):
        return _die(world, stay, unit)
    stay.ready = world.now
    if world.chance(0.4):
        return _leave(world, stay, "home", unit)
    ward = WARDS[world.choose(WARD_SHARES)]
    yield Take(world.beds[ward])
    if world.now > stay.ready:
        stay.waited_for = (f"{ward} bed",)
    _leave(world, stay, ward, unit)
    yield from stay_on_ward(world, _come_in(world, person, ward, stay.ready, spell))


def stay_on_ward(world: World, stay: Stay) -> Story:
    """A ward stay; ward rounds find people ready to leave, so that is by day."""
    yield Until(world.by_day(world.now + world.around(4.5 * DAY, 0.7), 9, 16))
    bed = world.beds[stay.place]
    if world.chance(0.05):
        return _die(world, stay, bed)
    stay.ready = world.now
    if world.chance(0.5 if stay.person.frail else 0.2):
        yield from leave_with_support(world, stay)
    else:
        _leave(world, stay, "home", bed)


def leave_with_support(world: World, stay: Stay) -> Story:
    """Fit to leave, in the bed: an assessment, then home care or a Willow bed."""
    decision = None
    if world.chance(0.15):
        # Known to the council: asked for at once, without a new assessment.
        outcome = "home care" if world.chance(0.7) else "Willow"
    else:
        decision = yield from assess(world, stay)
        outcome = decision.case.outcome
    if outcome == "Willow":
        yield from go_to_willow(world, stay, decision)
    elif outcome == "home care":
        yield from go_home_with_care(world, stay, decision)
    else:
        _leave(world, stay, "home", world.beds[stay.place])


def assess(world: World, stay: Stay) -> Generator[Step, bool, Message]:
    """The social work case, from the ward's referral to the arrival of the decision."""
    stay.waited_for = ("assessment",)
    cases, now = world.history.cases, world.now
    case = Case(stay.person, len(cases) + 1, now)
    cases.append(case)
    referral = _send(world, case, "referral", stay.place, SOCIAL_WORK)
    # Most are read at once; some lie unread for a day or two.
    late = world.chance(0.08)
    yield Until(now + (world.between(1 * DAY, 2.5 * DAY) if late else world.between(2, 60)))
    referral.received = world.now
    yield Until(office_opens(world.now, *OFFICE))
    yield Take(world.social_workers)
    case.allocated = referral.acted = world.now
    yield Until(after_office_minutes(world.now, world.between(30, 150), *OFFICE))
    case.started = world.now
    yield Until(after_office_minutes(world.now, world.between(90, 300), *OFFICE))
    case.completed = world.now
    world.engine.give_back(world.social_workers)
    case.outcome = ("home care", "Willow", "no care needed")[world.choose((0.62, 0.26, 0.12))]
    return (yield from _tell(world, case, stay.place))


def _tell(world: World, case: Case, ward: str) -> Generator[Step, bool, Message]:
    """The result goes to the ward and the decision to who shall act on it."""
    result = _send(world, case, "assessment", SOCIAL_WORK, ward)
    to = {"home care": HOME_CARE, "Willow": WILLOW}.get(case.outcome, ward)
    decision = _send(world, case, "decision", SOCIAL_WORK, to)
    yield Until(world.now + world.between(5, 90))
    result.received = result.acted = decision.received = world.now
    if to == ward:
        decision.acted = world.now
    return decision


def _send(world: World, case: Case, kind: str, from_place: str, to_place: str) -> Message:
    message = Message(case, kind, from_place, to_place, world.now)
    world.history.messages.append(message)
    return message


def go_home_with_care(world: World, stay: Stay, decision: Message | None) -> Story:
    """Wait in the bed for a slot, then go home with care the day after it is found."""
    stay.waited_for += ("home care",)
    package = Package(stay.person, world.now, 1 + world.choose(_VISITS))
    world.history.packages.append(package)
    # Who waits long gets better, or the family steps in; this is what keeps the queue finite.
    found = yield Take(world.slots, world.now + 2 * DAY + world.about(16 * DAY))
    if decision:
        decision.acted = world.now
    if found:
        tomorrow = local_time(world.now).date() + timedelta(days=1)
        yield Until(instant(tomorrow, world.between(9 * HOUR, 15 * HOUR)))
        _start_package(world, package)
    else:
        yield Until(world.by_day(world.now, 10, 16))
        package.ended, package.reason = world.now, "independent"
    _leave(world, stay, "home with care" if found else "home", world.beds[stay.place])


def _start_package(world: World, package: Package) -> None:
    package.started = world.now
    package.person.package = package
    length = 5 * DAY + world.about(30 * DAY)
    world.engine.start(_package_runs(world, package), world.now + length)


def _package_runs(world: World, package: Package) -> Story:
    """The end of a package, unless an admission has ended it before."""
    if package.ended is None:
        died = world.chance(0.06) and not package.person.in_need
        package.person.alive = not died
        _end_package(world, package.person, "died" if died else "independent")
    return
    yield  # a story of one instant


def _end_package(world: World, person: Person, reason: str) -> None:
    if person.package is not None:
        person.package.ended, person.package.reason = world.now, reason
        person.package = None
        world.engine.give_back(world.slots)


def go_to_willow(world: World, stay: Stay, decision: Message | None) -> Story:
    """Wait in the bed for Willow to accept and to have a bed; rehabilitation; then home."""
    stay.waited_for += ("Willow bed",)
    willow = Stay(stay.person, WILLOW, None, asked=world.now)
    world.history.willow_stays.append(willow)
    yield Until(world.by_day(world.now + world.between(60, 300), 8, 18))
    willow.accepted = world.now
    if decision:
        decision.acted = world.now
    yield Take(world.beds[WILLOW])
    _leave(world, stay, WILLOW, world.beds[stay.place])
    willow.arrived = willow.started = world.now
    yield Until(world.by_day(world.now + world.around(13 * DAY, 0.5), 9, 16))
    if world.chance(0.03):
        return _die(world, willow, world.beds[WILLOW])
    willow.ready = world.now
    if world.chance(0.3):
        # Willow's therapists assess for home care themselves.
        yield from go_home_with_care(world, willow, None)
    else:
        _leave(world, willow, "home", world.beds[WILLOW])


def _come_in(world: World, person: Person, place: str, asked: int, spell: int) -> Stay:
    stay = Stay(person, place, world.now, asked=asked, started=world.now, spell=spell)
    world.history.ward_stays.append(stay)
    return stay


def _leave(world: World, stay: Stay, went_to: str, held: Pool | None = None) -> None:
    stay.left, stay.went_to = world.now, went_to
    if held is not None:
        world.engine.give_back(held)


def _die(world: World, stay: Stay, held: Pool) -> None:
    stay.person.alive = False
    _end_package(world, stay.person, "died")
    _leave(world, stay, "died", held)
