# ruff: noqa: E501 (a case is a line)
"""Reading a mapping file: what each new key may be, and what is said of one that is wrong."""

from __future__ import annotations

import copy
import json
import tomllib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wholeflow.core.errors import InputError, WholeflowError
from wholeflow.sources.mapping import Mapping
from wholeflow.sources.mapping_file import parse_mapping

TEXT = """
source = "town"
times = ["%Y-%m-%d"]
blank = ["NULL"]
place = [{ place = "ED", setting = "ed" }]
organisation = [{ organisation = "Trust", sector = "acute" }]

[[file]]
feed = "wards"
organisation = "Trust"
match = ["wards*.csv"]
key = ["stay"]
recorded_at = { column = "extract" }
replaces = { column = "start", by = "month" }
withdrawn = { state = "deleted" }
join = [{ feed = "spells", on = { spell_no = "spell" } }]
traits = { birth_date = { column = "born" }, sex = { column = "sex", codes = { 1 = "male" } } }

[file.each]
person = [{ column = "spells.who", scheme = "acute" }, { column = "nhs", scheme = "nhs-number" }]

[[file.says]]
when = { kind = ["A", "B"] }
unless = { gone = true }
kind = "arrived"
at = { column = ["start", "hour"], format = ["%Y-%m-%d %H:%M", "%Y-%m-%d"] }
reason = { column = "why", codes = { F = "fall" } }
attributes = ["bed"]

[[file]]
feed = "spells"
match = ["spells*.csv"]

[[file.says]]
table = "same_person"
person = { column = "old", scheme = "acute" }
same_as = { column = "kept", scheme = "acute" }
method = "merge"
from_at = { column = "start", plus = "week" }
"""
GOOD = tomllib.loads(TEXT)


def toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def parsed(raw: dict[str, Any]) -> Mapping:
    text = "\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in raw.items())
    return parse_mapping(text, where="town.toml")


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good mapping with something else at a path such as `file.0.join`; None: nothing."""
    raw = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    there: Any = raw
    for step in way:
        there = there[int(step)] if step.isdigit() else there[step]
    if value is None:
        del there[last]
    else:
        there[int(last) if last.isdigit() else last] = value
    return raw


def test_the_good_mapping_is_good():
    mapping = parsed(GOOD)
    assert mapping == parse_mapping(TEXT, where="town.toml")
    wards = mapping.layout("wards")
    assert wards.organisation == "Trust"
    assert wards.joins[0].on == (("spell_no", "spell"),)
    assert wards.columns() == (
        "stay", "state", "kind", "gone", "nhs", "start", "hour", "why", "bed", "born", "sex",
        "extract", "spell_no",
    )  # fmt: skip
    assert wards.used().count("spells.who") == 1


@pytest.mark.parametrize(
    ("path", "value", "what", "repair"),
    [
        ("file.0.organisation", ["Trust"], "wards.organisation is not a text", "organisation = "),
        ("file.0.sheet", 3, "wards.sheet is not a text", "sheet = "),
        ("file.0.people", 3, "wards.people is not a text", "people = "),
        ("file.0.replaces", "some", "wards.replaces says no span", "'all'"),
        ("file.0.replaces", {"column": "start"}, "wards.replaces says no span", "month"),
        ("file.0.replaces", {"column": "start", "by": "decade"}, "wards.replaces says no span", "month"),
        ("file.0.replaces", {"by": "month"}, "wards.replaces.column is missing", "column"),
        ("file.0.recorded_at", None, "wards.replaces needs to know what is newer", "recorded_at"),
        ("file.0.key", None, "wards.replaces needs to know what is newer", "key"),
        ("file.0.withdrawn", "deleted", "wards.withdrawn is no table", "column"),
        ("file.0.says.0.unless", ["A"], "wards.unless is no table", "unless = "),
        ("file.0.says.0.when", "A", "wards.when is no table", "when = "),
        ("file.0.join", {"feed": "spells", "on": "spell"}, "join is not a list", "join"),
        ("file.0.join.0", "spells", "wards.join is not a list of tables", "feed"),
        ("file.0.join.0.feed", "wards", "which is no other feed of this mapping", "spells"),
        ("file.0.join.0.feed", "beds", "which is no other feed of this mapping", "spells"),
        ("file.0.join.0.on", None, "wards.join does not say on which column", "on = "),
        ("file.0.join.0.on", {}, "wards.join does not say on which column", "on = "),
        ("file.0.join", [{"feed": "spells", "on": "spell"}] * 2, "wards.join names 'spells' twice", "once"),
        ("file.0.join.0.by", "spell", "wards.join.by is not known here", "on"),
        ("file.0.traits", "born", "wards.traits is no table", "traits"),
        ("file.0.traits.height", {"column": "h"}, "wards.traits.height is not known here", "postcode"),
        ("file.0.traits.birth_date", {"column": "b", "format": "%d/%m/%y"}, "a year of two digits", "four"),
        ("file.0.each.person", None, "wards.person is missing", "It means"),
        ("file.0.each.person", [], "wards.person can't be a list", "two or more"),
        ("file.0.each.person", [{"column": "a"}], "wards.person can't be a list", "two or more"),
        ("file.0.each.person", "Ann", "can't be the same for every row", "column"),
        ("file.0.each.person.0", "Ann", "can't be the same for every row", "column"),
        ("file.0.each.person.0", [{"column": "a"}, {"column": "b"}], "can't be a list", "cell"),
        ("file.0.each.person.0.scheme", 7, "wards.person.scheme is not a text", "scheme"),
        ("file.0.says.0.reason", [{"column": "a"}, {"column": "b"}], "can't be a list", "person"),
        ("file.0.says.0.at.scheme", "acute", "is no identifier and has no scheme", "scheme"),
        ("file.0.says.0.reason.scheme", "acute", "is no identifier and has no scheme", "scheme"),
        ("file.0.says.0.at.column", [], "wards.at.column is missing", "column"),
        ("file.0.says.0.at.column", ["a", 1], "wards.at.column is missing", "column"),
        ("file.0.says.0.at.plus", "fortnight", "can't add a 'fortnight'", "week"),
        ("file.0.says.0.at.plus", ["day"], "can't add a", "week"),
        ("file.0.says.0.at.format", 7, "wards.at.format is not a text or a list", "format"),
        ("file.0.says.0.reason.codes", ["F"], "wards.reason.codes is no table", "codes"),
        ("file.0.says.0.attributes", ["nhs"], "would keep the identifiers in nhs", "Leave"),
        ("file.0.says.0.attributes", ["spells.old"], "would keep the identifiers in spells.old", "Leave"),
        ("file.0.join.0.on", {"bed": "old"}, "would keep the identifiers in bed", "Leave"),
        ("file.0.says.0.attributes", "bed", "wards.attributes is not a list", "attributes"),
        ("file.0.says.0.kind", "came", "can't be 'came'", "arrived"),
        ("file.0.says", {"kind": "arrived"}, "wards.says is not a list", "says"),
        ("file.0.says.0", "arrived", "wards.says is not a list of tables", "[[file.says]]"),
        ("file.0.says.0.table", "evnts", "no table called 'evnts'", "events"),
        ("zone", "Europe/Londn", "'Europe/Londn'", "Europe/London"),
        ("file.0.blank", "NULL", "blank is not a list", "blank"),
        ("file.0.times", "%Y-%m-%d", "times is not a list", "times"),
        ("file.0.key", ["a", 1], "wards.key is not a list of texts", "key"),
        ("file.0.match", "wards.csv", "wards.match is not a list", "match"),
        ("file.1.feed", "wards", "which is no other feed", "feed = 'spells'"),
        ("file.0.says.0.when.kind", [], "wards.when.kind lists no value", "true"),
        ("file.0.withdrawn.state", [], "wards.withdrawn.state lists no value", "true"),
        ("encoding", 5, "encoding can't be 5", "utf-8"),
        ("encoding", ["utf-8"], "encoding can't be ['utf-8']", "utf-8"),
        ("encoding", "base64", "encoding can't be 'base64'", "utf-8"),
        ("file.1.says.0", {"table": "places", "place": "A", "setting": "ward", "inside": "maybe"}, "spells.inside can't be 'maybe'", "true"),
        ("title", 7, "title is not a text", "title"),
        ("people", 7, "people is not a text", "people"),
        ("zone", 7, "zone is not a text", "zone"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_what_to_do(path, value, what, repair):
    with pytest.raises(InputError) as told:
        parsed(changed(path, value))
    assert what in told.value.what
    assert told.value.where == "town.toml"
    assert repair in told.value.repair


def test_two_files_of_one_feed_are_refused():
    raw = copy.deepcopy(GOOD)
    raw["file"].append({**raw["file"][1], "match": ["other*.csv"]})
    with pytest.raises(InputError) as told:
        parsed(raw)
    assert told.value.what == "in the mapping, file 'spells' is declared twice"


def test_a_file_says_something_or_others_look_it_up_or_it_is_an_index_of_people():
    looked_up = parsed(changed("file.1.says", None))
    assert looked_up.layout("spells").says == ()
    index = parsed(changed("file.0.says", None))
    assert {said.table for said in index.layout("wards").says} == {"same_person", "traits"}
    raw = changed("file.1.says", None)
    raw["file"][0].pop("join")
    raw["file"][0]["each"]["person"][0]["column"] = "who"
    with pytest.raises(InputError) as told:
        parsed(raw)
    assert told.value.what == "in the mapping, spells.says is missing"


def test_a_trait_may_be_the_same_for_every_row():
    """A maternity feed is about women."""
    parsed(changed("file.0.traits.sex", "female"))


def paths(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a mapping."""
    found = [way] if way else []
    if isinstance(value, dict | list):
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inside in steps:
            found += paths(inside, (*way, step))
    return found


JUNK = st.one_of(
    st.sampled_from(["", "all", "nhs", "%Q", "day", -1, 0, 2.5, True, False, [], {}, [[]], [{}]]),
    st.sampled_from([["a", 1], {"a": {}}, {"column": "x"}, {"column": ["x", ""]}, [{"column": "x"}]]),
    st.text(max_size=3),
)  # fmt: skip


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(way=st.sampled_from(paths(GOOD)), junk=JUNK, drop=st.booleans(), extra=st.booleans())
def test_whatever_stands_in_a_mapping_it_is_read_or_refused_in_words(way, junk, drop, extra):
    raw = copy.deepcopy(GOOD)
    there: Any = raw
    for step in way[:-1]:
        there = there[step]
    if drop:
        del there[way[-1]]
    elif extra and isinstance(there, dict):
        there["new"] = junk
    else:
        there[way[-1]] = junk
    try:
        parsed(raw)
    except WholeflowError as refusal:
        assert refusal.where and refusal.repair
