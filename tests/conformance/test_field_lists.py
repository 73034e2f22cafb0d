"""The field lists of the national layouts: whole, and holding all that the mappings read."""

import re

import pytest

from wholeflow.events.declared import read_rows
from wholeflow.sources.mapping_file import shipped_mapping

NATIONAL = ["ambulance", "apc", "cld", "csds", "ecds"]
TYPES = {"code", "date", "identifier", "instant", "integer", "number", "text", "time"}
NEEDED = {"mandatory", "required", "optional", "pilot"}


def layout(name):
    return list(read_rows("wholeflow.sources", f"field_lists/{name}.csv"))


def code_lists():
    found = {}
    for row in read_rows("wholeflow.sources", "field_lists/code_lists.csv"):
        assert row["meaning"].endswith(".")
        assert row["code"] not in found.setdefault(row["list"], {}), row
        found[row["list"]][row["code"]] = row["meaning"]
    return found


def loosely(text):
    """Without case, spaces and dashes, as mappings match codes."""
    return re.sub(r"[\s\u2010-\u2014\u2212-]", "", text).casefold()


def test_every_national_layout_says_where_it_is_from():
    about = {
        row["layout"]: row for row in read_rows("wholeflow.sources", "field_lists/where_from.csv")
    }
    assert sorted(about) == NATIONAL
    assert all(row["title"] and row["from"] and row["licence"] for row in about.values())


@pytest.mark.parametrize("name", NATIONAL)
def test_a_field_list_is_whole(name):
    rows = layout(name)
    fields = [(row["feed"], row["column"]) for row in rows]
    assert len(fields) == len(set(fields))
    assert {feed for feed, _ in fields} == {file.feed for file in shipped_mapping(name).files}
    lists = code_lists()
    for row in rows:
        assert row["field"], row
        assert row["type"] in TYPES, row
        assert row["required"] in NEEDED, row
        assert row["meaning"].endswith("."), row
        assert not row["codes"] or row["codes"] in lists, row


@pytest.mark.parametrize("name", NATIONAL)
def test_every_column_that_a_mapping_reads_is_in_the_field_list(name):
    known = {(row["feed"], row["column"]) for row in layout(name)}
    for file in shipped_mapping(name).files:
        looked_up = {
            (join.feed, column) for join in file.joins for column in join.wanted(file.used())
        }
        assert {(file.feed, column) for column in file.columns()} | looked_up <= known


@pytest.mark.parametrize("name", NATIONAL)
def test_every_code_that_a_mapping_names_is_in_its_list(name):
    of_column = {row["column"]: row["codes"] for row in layout(name) if row["codes"]}
    lists = code_lists()
    checked = 0
    for file in shipped_mapping(name).files:
        named = [
            (condition.column, condition.values)
            for said in file.says
            for condition in (*said.when, *said.unless)
        ]
        named += [
            (value.columns[0], [code for code, _ in value.codes])
            for said in file.says
            for _, value in said.fields
            if value.columns
        ]
        for column, codes in named:
            there = {loosely(code) for code in lists.get(of_column.get(column, ""), {})}
            if there:
                assert {loosely(code) for code in codes if code} <= there, column
                checked += len(codes)
    assert checked


def test_every_code_list_is_used():
    used = {row["codes"] for name in NATIONAL for row in layout(name)}
    assert set(code_lists()) == used - {""}
