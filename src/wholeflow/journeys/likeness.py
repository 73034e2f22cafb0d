"""Likeness: people without a shared number, linked by their traits with a probability (rule §26).

Fellegi and Sunter's model (JASA 1969;64:1183), fitted by Splink on the pairs of numbers
that a shared NHS number already shows to be one person; where there are too few of them,
by expectation and maximisation. Traits are keyed hashes: they are compared, never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wholeflow.core.errors import UnsupportedError
from wholeflow.core.sql import fill
from wholeflow.events.declared import LIKENESS
from wholeflow.journeys.view import LINKS, Journeys, journeys
from wholeflow.store import Store, replace_links

BIRTH_DATE = ("birth_year", "birth_month", "birth_day")
OTHERS = ("sex", "postcode", "forename", "surname")
LEAST = 0.5
"""Links less likely than this are not kept."""

KNOWN_PAIRS = 200
"""So many pairs that are known to be one person teach how far their traits agree."""

RECALL = 0.9
"""The share of one person's records that agree in every trait, for Splink's prior."""

SEED = 1


@dataclass(frozen=True)
class Linked:
    """What linking by likeness did: how many people before and after, and the links made."""

    people_before: int
    people_after: int
    links: int
    likely: int

    def __str__(self) -> str:
        return (
            f"{self.people_before:,} people by their numbers, {self.people_after:,} with "
            f"{self.likely:,} links by likeness.\n{self.links - self.likely:,} more are alike, but "
            f"less than {LINKS['likely']:.0%} surely: they stay apart. "
            "`--links certain` leaves all of them apart."
        )

    def as_dict(self) -> dict[str, int]:
        """The outcome for ``--json``: people_before, people_after, links, likely."""
        return dict(vars(self))


def link(store: Store) -> Linked:
    """Link the people of a store by likeness, in place of the links of before (rule §26)."""
    surely = journeys(store, links="certain")
    found = likeness(surely)
    replace_links(store, LIKENESS, found)
    likely = pc.sum(pc.greater_equal(found["probability"], LINKS["likely"])).as_py() or 0
    return Linked(_people(surely), _people(journeys(store)), found.num_rows, int(likely))


def _people(seen: Journeys) -> int:
    found = seen.query("SELECT count(DISTINCT e.person) AS n FROM present_events AS e")
    return int(found["n"][0].as_py())


def likeness(seen: Journeys) -> pa.Table:
    """Links between numbers whose traits are alike: person, same_as, probability.

    A person without an NHS number is linked to the likeliest of those with one at most;
    where two are as likely, neither is likely. Raises UnsupportedError where Splink is not
    installed or too few traits are known.
    """
    numbers = seen.query("SELECT * FROM described_numbers ORDER BY unique_id")
    known = [name for name in OTHERS if numbers[name].null_count < numbers.num_rows]
    if not known or numbers["birth_year"].null_count == numbers.num_rows:
        raise UnsupportedError(
            "people can't be linked by likeness: the feeds tell no birth date with sex, postcode "
            "or name",
            repair="Add traits = { birth_date = ..., postcode = ... } to the files of the mapping.",
        )
    seen.engine.register("alike", _pairs(numbers, known))
    surely = {"surely": str(LINKS["likely"])}
    found = seen.engine.query(fill("wholeflow.journeys", "sql/likeliest.sql", surely))
    seen.engine.unregister("alike")
    return found.filter(pc.greater_equal(found["probability"], LEAST))


def _pairs(numbers: pa.Table, known: list[str]) -> pa.Table:
    """Pairs of numbers with the probability that they are one person."""
    splink, comparisons, refusals = _splink()
    try:
        return _learnt(splink, comparisons, numbers, known)
    except refusals as error:
        raise UnsupportedError(
            "people can't be linked by likeness: there are too few of them, or all are alike, so "
            "there is nothing to learn from",
            repair="Load more records first, or do without these links.",
        ) from error


def _learnt(splink: Any, comparisons: Any, numbers: pa.Table, known: list[str]) -> pa.Table:
    """The model taught by the numbers, and what it says of their pairs."""
    exact = splink.block_on(*BIRTH_DATE, *known)
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_birth_date(comparisons), *(comparisons.ExactMatch(name) for name in known)],
        blocking_rules_to_generate_predictions=[
            splink.block_on(*BIRTH_DATE),
            *(splink.block_on("birth_year", name) for name in known if name != "sex"),
        ],
        additional_columns_to_retain=["person"],
        retain_matching_columns=False,
    )
    database = splink.DuckDBAPI()
    linker = splink.Linker(database.register(numbers), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([exact], recall=RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    if _known_pairs(numbers) >= KNOWN_PAIRS:
        linker.training.estimate_m_from_label_column("nhs_number")
    else:  # each round learns what it does not block on
        for block in (splink.block_on(*BIRTH_DATE), splink.block_on(*known)):
            linker.training.estimate_parameters_using_expectation_maximisation(block)
    found = linker.inference.predict(threshold_match_probability=LEAST)
    return pa.table(found.as_pyarrow_table())


def _known_pairs(numbers: pa.Table) -> int:
    """How many numbers share their NHS number with another."""
    numbered = numbers["nhs_number"].drop_null()
    return len(numbered) - len(numbered.unique())


def _splink() -> tuple[Any, Any, tuple[type[Exception], ...]]:
    """Splink, its comparisons, and what it raises where it has nothing to learn from."""
    try:
        import splink
        import splink.comparison_library as comparisons
        from splink.internals.exceptions import SplinkException
    except ImportError as error:
        raise UnsupportedError(
            "linking by likeness needs Splink, which is not installed",
            repair="Install it: pip install 'wholeflow[link]'.",
        ) from error
    return splink, comparisons, (SplinkException, ValueError, ZeroDivisionError)


def _birth_date(comparisons: Any) -> Any:
    """Agreement of birth dates: in all parts, in two of three, in fewer; in none told."""
    missing = " OR ".join(f"{part}_{side} IS NULL" for part in BIRTH_DATE for side in "lr")
    same = [f"CAST({part}_l = {part}_r AS INTEGER)" for part in BIRTH_DATE]
    levels = [
        {"sql_condition": missing, "label_for_charts": "not told", "is_null_level": True},
        {"sql_condition": f"{' + '.join(same)} = 3", "label_for_charts": "the same"},
        {"sql_condition": f"{' + '.join(same)} = 2", "label_for_charts": "two parts the same"},
        {"sql_condition": "ELSE", "label_for_charts": "other"},
    ]  # fmt: skip
    return comparisons.CustomComparison(output_column_name="birth_date", comparison_levels=levels)
