"""What each organisation of Riverford wrote down: its own files, layouts and clocks.

The layouts differ on purpose, and a few rows are wrong on purpose, as in real feeds.
With `truth` the folder also holds what truly happened and which rows are wrong.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from wholeflow.core.errors import RequestError
from wholeflow.sources.demo.clock import END_DAY, FIRST_DAY, ORIGIN, local_time
from wholeflow.sources.demo.history import History, Sizes, Stay
from wholeflow.sources.demo.place import (
    AMBULANCE,
    ASSESSMENT_UNIT,
    ED,
    HOME_CARE,
    SOCIAL_WORK,
    WARDS,
    WILLOW,
    simulate,
)

FEWEST = 100
_ED_FILE, _WARD_FILE = "hospital/ed.csv", "hospital/ward_stays.csv"
Row = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """One file: where it goes, its header and its rows (of text, as written)."""

    path: str
    header: tuple[str, ...]
    rows: list[Row]

    def column(self, name: str) -> int:
        """The position of a column."""
        return self.header.index(name)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that is wrong on purpose."""

    file: str
    row_key: str
    fault: str


def write_records(
    folder: Path, *, people: int = 1500, seed: int = 1, truth: bool = False
) -> list[Path]:
    """Write the records of Riverford's nine months into a folder; returns the files.

    The same people and seed give the same bytes. With `truth` also what truly happened.
    """
    if people < FEWEST:
        raise RequestError(
            f"an example place of {people} people is too small to have queues",
            repair=f"Ask for {FEWEST} people or more.",
        )
    rng = np.random.default_rng(seed)
    history = simulate(people, rng)
    tables = [write(history) for write in _FILES]
    faults = plant_faults({table.path: table for table in tables}, rng)
    if truth:
        tables += [_true_stays(history), _fault_list(faults)]
    paths = [_write(Path(folder), table) for table in tables]
    if truth:
        paths.append(_write_bytes(Path(folder) / "truth/README.txt", _README.encode()))
    return paths


# ---- how instants are written ------------------------------------------------------------------


def _written(at: int | None, pattern: str) -> str:
    return "" if at is None else local_time(at).strftime(pattern)


def british(at: int | None) -> str:
    """`09/09/2024 13:03`, local."""
    return _written(at, "%d/%m/%Y %H:%M")


def british_day(at: int | None) -> str:
    """`09/09/2024`, local."""
    return _written(at, "%d/%m/%Y")


def iso_local(at: int | None) -> str:
    """`2024-09-09T13:03`, local, without offset."""
    return _written(at, "%Y-%m-%dT%H:%M")


def iso_local_seconds(at: int | None) -> str:
    """`2024-09-09T13:03:00`, local, without offset."""
    return _written(at, "%Y-%m-%dT%H:%M:%S")


def iso_offset(at: int | None) -> str:
    """`2024-09-09T13:03:00+01:00`."""
    return "" if at is None else local_time(at).isoformat()


def iso_utc(at: int | None) -> str:
    """`2024-09-09T12:03:00Z`."""
    return "" if at is None else (ORIGIN + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(letter: str, number: int) -> str:
    return f"{letter}{number:06d}"


# ---- the files of each organisation ------------------------------------------------------------


def gp_contacts(history: History) -> Table:
    """Riverford GP group."""
    rows = [
        [_key("G", i), c.person.nhs_number, c.person.practice, iso_local(c.seen), c.outcome]
        for i, c in enumerate(sorted(history.contacts, key=lambda c: c.seen), 1)
    ]
    header = ("contact_id", "nhs_number", "practice", "seen", "outcome")
    return Table("gp/contacts.csv.gz", header, rows)


def ambulance_calls(history: History) -> Table:
    """Riverford Ambulance Service."""
    rows = []
    for call in history.calls:
        instants = (call.called, call.at_scene, call.at_hospital, call.handed_over, call.clear)
        times = [iso_offset(at) for at in instants]
        rows.append([_key("C", call.number), call.person.nhs_number, *times, call.outcome])
    header = ("call_id", "nhs_number", "called", "at_scene", "at_hospital", "handed_over")
    return Table("ambulance/calls.csv", (*header, "clear", "outcome"), rows)


def emergency_department(history: History) -> Table:
    """Riverford General Hospital: the emergency department."""
    rows = []
    for i, stay in enumerate(history.attendances, 1):
        times = [british(at) for at in (stay.arrived, stay.started, stay.ready, stay.left)]
        call = _key("C", stay.call.number) if stay.call else ""
        rows.append([_key("A", i), stay.person.nhs_number, *times, stay.went_to, call])
    header = ("attendance_id", "nhs_number", "arrived", "seen", "ready", "departed")
    return Table(_ED_FILE, (*header, "outcome", "call_id"), rows)


def ward_stays(history: History) -> Table:
    """Riverford General Hospital: the wards."""
    rows = []
    for i, stay in enumerate(history.ward_stays, 1):
        keys = [_key("W", i), _key("S", stay.spell), stay.person.nhs_number, stay.place]
        times = [british(at) for at in (stay.asked, stay.arrived, stay.ready, stay.left)]
        # A wait for another ward's bed shows in the next row's bed_requested, not here.
        waits = [what for what in stay.waited_for if stay.place in WARDS][:1]
        rows.append([*keys, *times, stay.went_to, *(waits or [""])])
    header = ("stay_id", "spell_id", "nhs_number", "ward", "bed_requested", "came_in", "ready")
    return Table(_WARD_FILE, (*header, "went_out", "went_to", "waits_for"), rows)


def social_work(history: History) -> Table:
    """Riverford Council: the social work team's cases."""
    rows = []
    for case in history.cases:
        instants = (case.referred, case.allocated, case.started, case.completed)
        times = [british(at) for at in instants]
        rows.append([_key("K", case.number), case.person.nhs_number, *times, case.outcome])
    header = ("case_id", "nhs_number", "referred", "allocated", "assessment_started")
    return Table("council/social_work.csv", (*header, "assessment_completed", "outcome"), rows)


def council_messages(history: History) -> Table:
    """Riverford Council: what was told to and by the social work team."""
    rows = []
    for i, message in enumerate(history.messages, 1):
        case = message.case
        keys = [_key("M", i), _key("K", case.number), case.person.nhs_number]
        times = [iso_local_seconds(at) for at in (message.sent, message.received, message.acted)]
        rows.append([*keys, message.kind, message.from_place, message.to_place, *times])
    header = ("message_id", "case_id", "nhs_number", "kind", "from_place", "to_place")
    return Table("council/messages.csv", (*header, "sent", "received", "acted"), rows)


def home_care(history: History) -> Table:
    """Bluebell Home Care, which writes down days only."""
    rows = []
    for i, package in enumerate(history.packages, 1):
        days = [british_day(at) for at in (package.requested, package.started, package.ended)]
        number = package.person.nhs_number
        rows.append([_key("P", i), number, *days, str(package.visits), package.reason])
    header = ("package_id", "nhs_number", "requested", "started", "ended", "visits_a_day")
    return Table("homecare/packages.csv", (*header, "reason_ended"), rows)


def willow(history: History) -> Table:
    """Riverford Community Hospital: the Willow ward."""
    rows = []
    for i, stay in enumerate(history.willow_stays, 1):
        instants = (stay.asked, stay.accepted, stay.arrived, stay.ready, stay.left)
        times = [iso_local(at) for at in instants]
        rows.append([_key("R", i), stay.person.nhs_number, *times, stay.went_to])
    header = ("stay_id", "nhs_number", "referred", "accepted", "came_in", "ready", "went_out")
    return Table("community/willow.csv", (*header, "went_to"), rows)


def capacity(history: History) -> Table:
    """How much there is of each resource, the same for the whole period."""
    days = [day.strftime("%d/%m/%Y") for day in (FIRST_DAY, END_DAY)]
    rows = [[name, at, *days, str(n)] for name, at, n in _resources(history.sizes)]
    header = ("resource", "place", "from_date", "to_date", "amount")
    return Table("system/capacity.csv", header, rows)


def _resources(sizes: Sizes) -> list[tuple[str, str, int]]:
    wards = zip(WARDS, sizes.wards, strict=True)
    return [
        ("ED cubicles", ED, sizes.cubicles),
        ("ED clinicians", ED, sizes.clinicians),
        (f"{ASSESSMENT_UNIT} beds", ASSESSMENT_UNIT, sizes.assessment_unit),
        *((f"{ward} beds", ward, beds) for ward, beds in wards),
        ("social workers", SOCIAL_WORK, sizes.social_workers),
        ("home-care packages", HOME_CARE, sizes.packages),
        (f"{WILLOW} beds", WILLOW, sizes.willow),
    ]


_FILES: tuple[Callable[[History], Table], ...] = (
    gp_contacts,
    ambulance_calls,
    emergency_department,
    ward_stays,
    social_work,
    council_messages,
    home_care,
    willow,
    capacity,
)


# ---- blemishes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blemish:
    """A way for a row to be wrong, how often, and how to make it so (on a copy of the row)."""

    fault: str
    file: str
    times: int
    fits: Callable[[Table, Row], bool]
    spoil: Callable[[Table, Row], Row]


def plant_faults(tables: Mapping[str, Table], rng: np.random.Generator) -> list[Fault]:
    """Spoil a fixed number of rows, each of another person, and say which."""
    spared: set[str] = set()
    faults = []
    for blemish in BLEMISHES:
        table = tables[blemish.file]
        chosen = _choose_rows(table, blemish, spared, rng)
        faults += [_spoil(table, i, blemish) for i in chosen]
    return faults


def _choose_rows(
    table: Table, blemish: Blemish, spared: set[str], rng: np.random.Generator
) -> list[int]:
    """Some rows that a blemish fits, of people not spared; these are spared from now on."""
    person = table.column("nhs_number")
    chosen: list[int] = []
    for i in rng.permutation(len(table.rows)).tolist():
        row = table.rows[i]
        if row[person] not in spared and blemish.fits(table, row):
            chosen.append(i)
            spared.add(row[person])
        if len(chosen) == blemish.times:
            break
    return sorted(chosen)


def _spoil(table: Table, i: int, blemish: Blemish) -> Fault:
    row = blemish.spoil(table, table.rows[i])
    if blemish.fault == "duplicate row":
        table.rows.append(row)
    else:
        table.rows[i] = row
    return Fault(table.path, row[0], blemish.fault)


def _has(*columns: str) -> Callable[[Table, Row], bool]:
    return lambda table, row: all(row[table.column(name)] for name in columns)


def _with(name: str, change: Callable[[str], str]) -> Callable[[Table, Row], Row]:
    def spoil(table: Table, row: Row) -> Row:
        at = table.column(name)
        return [*row[:at], change(row[at]), *row[at + 1 :]]

    return spoil


def _other_format(text: str) -> str:
    day, clock = text.split()
    return "-".join(reversed(day.split("/"))) + " " + clock


def _departed_the_year_before(text: str) -> str:
    # The commonest slip of a typed date: the last year, here sure to be before any arrival.
    day, clock = text.split()
    return f"{day[:6]}{int(day[6:]) - 1} {clock}"


BLEMISHES = (
    Blemish("duplicate row", _ED_FILE, 3, _has("departed"), lambda _, row: list(row)),
    Blemish(
        "departed before arrived",
        _ED_FILE,
        2,
        _has("departed"),
        _with("departed", _departed_the_year_before),
    ),
    Blemish(
        "date in another format", _ED_FILE, 2, _has("departed"), _with("arrived", _other_format)
    ),
    Blemish("unknown code", _ED_FILE, 1, _has("departed"), _with("outcome", lambda _: "xyz")),
    Blemish(
        "went_out lost", _WARD_FILE, 2, _has("went_out", "ready"), _with("went_out", lambda _: "")
    ),
)


# ---- the truth ---------------------------------------------------------------------------------

_README = """\
Made up. stays.csv: every true stay, in UTC (home care, social work: caseloads; no GP contacts).
faults.csv: the rows of the organisations' files that were spoilt on purpose.
"""


@dataclass(frozen=True, slots=True)
class TrueStay:
    """One stay as it truly was, in a place of any kind."""

    nhs_number: str
    place: str
    arrived: int
    started: int | None
    ready: int | None
    left: int | None
    waited_for: str = ""

    @property
    def wait(self) -> int | None:
        """Minutes before care started; of one who left before it, the whole stay."""
        until = self.left if self.started is None else self.started
        return None if until is None else until - self.arrived

    @property
    def care(self) -> int | None:
        """Minutes from start to ready; of one who left or died before, to the end."""
        until = self.left if self.ready is None else self.ready
        if until is None:
            return None
        return 0 if self.started is None else until - self.started

    @property
    def delay(self) -> int | None:
        """Minutes from ready to leaving."""
        if self.left is None:
            return None
        return 0 if self.ready is None else self.left - self.ready

    def row(self) -> Row:
        """As written."""
        instants = (self.arrived, self.started, self.ready, self.left)
        minutes = ("" if m is None else str(m) for m in (self.wait, self.care, self.delay))
        texts = (iso_utc(at) for at in instants)
        return [self.nhs_number, self.place, *texts, *minutes, self.waited_for]


def true_stays(history: History) -> list[TrueStay]:
    """Every stay, in the order of arrival."""
    stays = [
        *_body_stays([*history.attendances, *history.ward_stays, *history.willow_stays]),
        *_ambulance_stays(history),
        *_caseload_stays(history),
    ]
    return sorted(stays, key=lambda stay: (stay.arrived, stay.nhs_number, stay.place))


def _body_stays(stays: Iterable[Stay]) -> Iterable[TrueStay]:
    for s in stays:
        # Someone referred to Willow and not in it yet has no stay there yet.
        if s.arrived is not None:
            number, why = s.person.nhs_number, "; ".join(s.waited_for)
            yield TrueStay(number, s.place, s.arrived, s.started, s.ready, s.left, why)


def _ambulance_stays(history: History) -> Iterable[TrueStay]:
    for c in history.calls:
        # The person's stay ends at the hospital door; the wait there is the department's.
        left = c.at_hospital if c.outcome == "conveyed" else c.clear
        yield TrueStay(c.person.nhs_number, AMBULANCE, c.called, c.at_scene, left, left)


def _caseload_stays(history: History) -> Iterable[TrueStay]:
    for c in history.cases:
        number, end = c.person.nhs_number, c.completed
        yield TrueStay(number, SOCIAL_WORK, c.referred, c.started, end, end)
    for p in history.packages:
        ready = None if p.started is None else p.ended
        yield TrueStay(p.person.nhs_number, HOME_CARE, p.requested, p.started, ready, p.ended)


def _true_stays(history: History) -> Table:
    header = ("nhs_number", "place", "arrived", "started", "ready", "left")
    minutes = ("wait_minutes", "care_minutes", "delay_minutes", "waited_for")
    rows = [stay.row() for stay in true_stays(history)]
    return Table("truth/stays.csv", (*header, *minutes), rows)


def _fault_list(faults: Iterable[Fault]) -> Table:
    rows = [[fault.file, fault.row_key, fault.fault] for fault in faults]
    return Table("truth/faults.csv", ("file", "row_key", "fault"), rows)


# ---- writing -----------------------------------------------------------------------------------


def _write(folder: Path, table: Table) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table.header, *table.rows])
    content = text.getvalue().encode()
    if table.path.endswith(".gz"):
        # No time of writing in the file: the same place gives the same bytes.
        content = gzip.compress(content, mtime=0)
    return _write_bytes(folder / table.path, content)


def _write_bytes(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
