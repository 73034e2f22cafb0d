"""Bad input: a clear refusal or a counted reject, never a silent change and never a value told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wholeflow.core.errors import InputError, RequestError, WholeflowError
from wholeflow.events import EventLog, table_names
from wholeflow.governance.pseudonyms import Key
from wholeflow.journeys import journeys
from wholeflow.sources import read
from wholeflow.store import LoadResult, Store, load, open_store

KEY = Key(b"k" * 32)
PERSON = "9434765919"
WORD = "kumquat"
"""A person's identifier and a value of hers: no message may hold either."""

MAPPING = """
source = "acute"
times = ["%Y-%m-%d %H:%M"]
place = [{ place = "ED", setting = "ed" }]

[[file]]
feed = "ed-book"
match = ["ed*"]
key = ["visit"]

[file.each]
person = { column = "patient" }
ref = { column = "visit" }
place = "ED"

[[file.says]]
kind = "arrived"
at = { column = "arrived" }

[[file.says]]
kind = "left"
at = { column = "left" }
reason = { column = "outcome", codes = { H = "home", W = "ward" } }
"""
OUTCOME = """kind = "left"
at = { column = "left" }
reason = { column = "outcome", codes = { H = "home", W = "ward" } }"""
CLOSED = """kind = { column = "outcome", codes = { H = "left", W = "left" } }
at = { column = "left" }"""
HEADER = "visit,patient,arrived,left,outcome"
GOOD = [
    f"v1,{PERSON},2024-07-01 09:00,2024-07-01 12:00,H",
    "v2,Ben,2024-07-01 10:00,2024-07-01 13:00,W",
]


def lines(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


class Desk:
    """A folder with a mapping and a store to load into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store()
        self.mapping()

    def mapping(self, text: str = MAPPING) -> None:
        (self.folder / "ed.toml").write_text(text, encoding="utf-8")

    def file(self, content: str | bytes, name: str = "ed.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, path: Path) -> LoadResult:
        reading = read(path, mapping=self.folder / "ed.toml")
        books = load(self.store, reading.chunks(), key=KEY, keep_ids=True)
        assert books.read == books.loaded + books.already + books.rejected
        return books

    def rejects(self) -> list[tuple[int, str, str]]:
        """Line, field and reason of each row that could not be used."""
        rows = self.store.query("SELECT * FROM rejects ORDER BY line, field").to_pylist()
        for row in rows:
            keeps_quiet(str(row))
            assert row["repair"]
        return [(row["line"], row["field"], row["reason"]) for row in rows]

    def refuses(self, path: Path, *words: str) -> WholeflowError:
        """Loading the file is refused in clear words, and the store stays as it was."""
        before = contents(self.store)
        with pytest.raises(WholeflowError) as caught:
            self.load(path)
        assert contents(self.store) == before
        told = str(caught.value)
        keeps_quiet(told)
        assert caught.value.what and caught.value.where and caught.value.repair
        for word in words:
            assert word in told
        return caught.value


def keeps_quiet(told: str) -> None:
    assert PERSON not in told
    assert WORD not in told


def contents(store: Store) -> list[object]:
    names = ["records", "rejects", "files", "batches", "dictionary", "kept_ids"]
    names += [f"ledger.{name}" for name in table_names()]
    return [store.query(f"SELECT * FROM {name} ORDER BY ALL").to_pylist() for name in names]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_good_rows_load(desk):
    books = desk.load(desk.file(lines(*GOOD)))
    assert (books.read, books.loaded, books.rejected) == (2, 2, 0)
    stays = journeys(desk.store).table("stays")
    assert sorted(stays["person"].to_pylist()) == ["acute:9434765919", "acute:Ben"]
    assert stays["stay_hours"].to_pylist() == [3.0, 3.0]


# --- files that are refused whole ---


@pytest.mark.parametrize("content", ["", "\n\n", "   \n"])
def test_an_empty_file_is_refused(desk, content):
    desk.refuses(desk.file(content), "empty", "ed.csv")


def test_an_empty_gzip_file_is_refused(desk):
    desk.refuses(desk.file(gzip.compress(b""), "ed.csv.gz"), "empty", "ed.csv.gz")


def test_a_header_alone_loads_nothing_and_is_no_fault(desk):
    assert desk.load(desk.file(HEADER + "\n")).read == 0


def test_a_gzip_file_cut_short_is_refused(desk):
    rows = [f"v{n},{PERSON},2024-07-01 09:00,2024-07-01 12:00,H" for n in range(50_000)]
    whole = gzip.compress(lines(*rows).encode())
    for size in (len(whole) // 2, len(whole) - 4, 30):
        desk.refuses(desk.file(whole[:size], "ed.csv.gz"), "cut short", "ed.csv.gz")


def test_a_gzip_file_with_damaged_bytes_is_refused(desk):
    whole = bytearray(gzip.compress(lines(*GOOD).encode()))
    whole[20] ^= 0xFF
    desk.refuses(desk.file(bytes(whole), "ed.csv.gz"), "ed.csv.gz")


def test_a_picture_named_csv_is_refused(desk):
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4
    desk.refuses(desk.file(picture), "binary", "ed.csv")


def test_utf16_is_refused_and_the_repair_mends_it(desk):
    path = desk.file(lines(*GOOD).encode("utf-16"))
    error = desk.refuses(path, "UTF-16", "ed.csv")
    assert "encoding = 'utf-16'" in error.repair
    desk.mapping("encoding = 'utf-16'\n" + MAPPING)
    assert desk.load(path).loaded == 2


def test_windows_text_that_is_not_declared_is_refused_with_its_line(desk):
    rows = [*GOOD, f"v3,Zo\xeb {WORD},2024-07-01 10:00,2024-07-01 13:00,W"]
    path = desk.file(lines(*rows).encode("cp1252"))
    error = desk.refuses(path, "ed.csv, line 4")
    assert "cp1252" in error.repair
    desk.mapping("encoding = 'cp1252'\n" + MAPPING)
    assert desk.load(path).loaded == 3
    people = journeys(desk.store).table("stays")["person"].to_pylist()
    assert f"acute:Zo\xeb {WORD}" in people


def test_windows_text_far_down_a_file_leaves_nothing_of_it_in_the_store(desk):
    desk.load(desk.file(lines(*GOOD)))
    row = f"w{{}},{'x' * 200},2024-07-01 09:00,2024-07-01 12:00,H"
    rows = [row.format(number) for number in range(90_000)]
    content = lines(*rows).encode() + "w,Zo\xeb,2024-07-01 09:00,,\n".encode("cp1252")
    desk.refuses(desk.file(content, "ed-big.csv"), "ed-big.csv, line 90002")


def test_a_damaged_parquet_file_is_refused(desk):
    path = desk.folder / "ed.parquet"
    columns = {name: ["v1", "v2"] for name in HEADER.split(",")}
    pq.write_table(pa.table(columns), path)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"PAR1" + b"\0" * 40, whole[:4] + b"x" * 99, b""):
        desk.refuses(desk.file(damaged, "ed.parquet"), "ed.parquet")


def test_a_parquet_file_damaged_inside_is_refused(desk):
    path = desk.folder / "ed.parquet"
    columns = {name: [f"{name} {n}" for n in range(5000)] for name in HEADER.split(",")}
    pq.write_table(pa.table(columns), path)
    whole = bytearray(path.read_bytes())
    whole[100:2000] = b"\xff" * 1900
    desk.refuses(desk.file(bytes(whole), "ed.parquet"), "ed.parquet")


def test_a_missing_column_is_refused_by_its_name(desk):
    path = desk.file("visit,patient,arrived,left\nv1,a,2024-07-01 09:00,\n")
    error = desk.refuses(path, "outcome", "ed.csv")
    assert "visit, patient, arrived, left" in error.repair


def test_a_file_without_a_header_tells_nobodys_row(desk):
    error = desk.refuses(desk.file(GOOD[0] + "\n"), "lacks the column", "ed.csv")
    assert PERSON not in str(error)


def test_a_column_that_stands_twice_is_refused(desk):
    text = f"{HEADER},patient\nv1,Ann,2024-07-01 09:00,2024-07-01 12:00,H,Ben\n"
    desk.refuses(desk.file(text), "columns 2 and 6 have the same name", "ed.csv")


def test_another_separator_is_noticed(desk):
    error = desk.refuses(desk.file(lines(*GOOD).replace(",", ";")), "separated by ';'", "ed.csv")
    assert 'separator = ";"' in error.repair


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_each_other_separator_is_noticed_also_where_cells_hold_commas(desk, mark):
    rows = lines(*GOOD, "v3,Cat,x,y,z").replace(",", mark).replace("Ben", "Ben, B, C, D")
    error = desk.refuses(desk.file(rows), "separated by", "ed.csv")
    desk.mapping(f"{error.repair.removeprefix('Say ').partition(' in ')[0]}\n{MAPPING}")
    assert desk.load(desk.file(rows)).loaded == 2


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"<html><table><tr><td>" + PERSON.encode(), "ed.xls", "web page"),
        (b"<html><table><tr><td>" + PERSON.encode(), "ed.csv", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "ed.xls", "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "ed.xlsx", "password"),
        (b"PK\x03\x04" + b"\0" * 600, "ed.xlsx", "cut short"),
        (b"PK\x03\x04" + b"\0" * 600, "ed.csv", "workbook"),
        (lines(*GOOD).encode(), "ed.xlsx", "name it .csv"),
        (b"", "ed.xlsx", "empty"),
        (b"", "ed.json", "empty"),
        (b'[{"visit": "v1", "patient": "9434765919"', "ed.json", "cut short"),
        (b'{"visit": "v1"}\n{"visit": "9434765919', "ed.ndjson", "cut short"),
        (b'{"a": 1}', "ed.json", "no list of records"),
        (lines(*GOOD).encode(), "ed.parquet", "damaged"),
        (f"Attendances of {WORD},,,,\n,,,,\n{lines(*GOOD)}".encode(), "ed.csv", "a title"),
        (f'visit,patient,"arrived\n{GOOD[0]}\n'.encode(), "ed.csv", "never closed"),
    ],
)
def test_what_is_no_table_is_refused_for_what_it_is(desk, content, name, words):
    desk.refuses(desk.file(content, name), words, name)


def test_a_path_that_is_not_there_is_refused(desk):
    desk.refuses(desk.folder / "nowhere.csv", "no such file", "nowhere.csv")


def test_a_file_that_no_layout_fits_is_refused(desk):
    error = desk.refuses(desk.file(lines(*GOOD), "theatre.csv"), "theatre.csv")
    assert "ed*" in error.repair


def test_an_unknown_source_is_refused_with_the_known_ones(desk):
    with pytest.raises(RequestError, match="sepsis"):
        read(desk.file(lines(*GOOD)), source="nowhere")


def test_neither_source_nor_mapping_is_refused(desk):
    with pytest.raises(RequestError, match="mapping"):
        read(desk.file(lines(*GOOD)))


# --- mappings that are refused before a row is read ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("times =", "tmies ="), "tmies"),
        (('feed = "ed-book"', 'feed = "ed-book"\ncolour = "red"'), "colour"),
        (('place = "ED"\n\n', 'place = "ED"\nplaice = "ED"\n\n'), "plaice"),
        (('kind = "left"', 'kind = "left"\nwhy = "x"'), "why"),
        (('{ column = "left" }', '{ colum = "left" }'), "colum"),
        (('{ column = "left" }', '{ column = "left", plus = "fortnight" }'), "fortnight"),
        (('kind = "left"', 'kind = "gone"'), "gone"),
        (('kind = "left"', 'kind = { column = "outcome" }'), "codes"),
        (('kind = "left"', 'table = "evnets"\nkind = "left"'), "evnets"),
        (('person = { column = "patient" }', ""), "person"),
        (('setting = "ed"', 'setting = "castle"'), "castle"),
        (('setting = "ed"', 'seting = "ed"'), "seting"),
        (('source = "acute"', ""), "source"),
        (('source = "acute"', 'source = "acute'), "TOML"),
        (('source = "acute"', 'source = "acute"\nzone = "Europe/Lundon"'), "Lundon"),
        (('source = "acute"', 'source = "acute"\nclock = "sundial"'), "clock"),
        (('source = "acute"', 'source = "acute"\nencoding = "utf-99"'), "utf-99"),
        (('source = "acute"', 'source = "acute"\nseparator = "::"'), "separator"),
        (('times = ["%Y-%m-%d %H:%M"]', ""), "times"),
        (('times = ["%Y-%m-%d %H:%M"]', 'times = "%Y-%m-%d %H:%M"'), "times"),
        (("%Y-%m-%d %H:%M", "%Y-%m-%d %Q"), "%Q"),
        (("[[file]]", "[file]"), "file"),
        (('match = ["ed*"]', 'match = "ed*.csv"'), "match"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_faulty_mapping_is_refused_by_the_key_at_fault(desk, change, words):
    old, new = change
    assert old in MAPPING
    desk.mapping(MAPPING.replace(old, new))
    path = desk.file(lines(*GOOD))
    before = contents(desk.store)
    with pytest.raises(WholeflowError) as caught:
        desk.load(path)
    assert words in str(caught.value)
    assert caught.value.repair
    assert contents(desk.store) == before


def test_a_mapping_that_is_not_there_is_refused(desk):
    with pytest.raises(InputError, match="mapping file"):
        read(desk.file(lines(*GOOD)), mapping=desk.folder / "none.toml")


# --- rows that are rejected and counted ---


def test_a_row_with_too_few_or_too_many_cells_is_rejected_at_its_line(desk):
    short, long = f"v3,{PERSON}", f"v4,{PERSON},2024-07-01 09:00,2024-07-01 12:00,H,{WORD}"
    books = desk.load(desk.file(lines(GOOD[0], short, GOOD[1], long, "v5,Cat,2024-07-01,,")))
    assert (books.read, books.loaded, books.rejected) == (5, 2, 3)
    found = desk.rejects()
    assert [line for line, _, _ in found] == [3, 5, 6]
    assert "2 cells" in found[0][2] and "6" in found[1][2]


def test_lines_after_a_rejected_row_are_counted_right_in_every_piece_of_a_file(desk, monkeypatch):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", 600)
    rows = []
    for number in range(2, 102):
        good = f"v{number},p{number},2024-07-01 09:00,2024-07-01 12:00,H"
        rows.append({0: f"v{number},short", 3: good.replace("09:00", "9am")}.get(number % 7, good))
    books = desk.load(desk.file(lines(*rows)))
    wanted = [number for number in range(2, 102) if number % 7 in (0, 3)]
    assert [line for line, _, _ in desk.rejects()] == wanted
    assert (books.read, books.rejected) == (100, len(wanted))


def test_a_quoted_line_break_is_one_record(desk):
    text = lines(f'v1,"{PERSON}\nand more",2024-07-01 09:00,2024-07-01 12:00,H', "v2,Ben,x,,")
    books = desk.load(desk.file(text))
    assert (books.read, books.loaded) == (2, 1)
    assert [line for line, _, _ in desk.rejects()] == [3]


def test_a_blank_line_is_no_record_and_does_not_shift_the_others(desk):
    """``line`` counts records: the same number for a short row as for one with a bad cell."""
    rows = [GOOD[0], "", "v8,short", "", "v9,Ann,when?,,"]
    books = desk.load(desk.file(lines(*rows)))
    assert (books.read, books.loaded, books.rejected) == (3, 1, 2)
    assert [line for line, _, _ in desk.rejects()] == [3, 4]


def test_a_row_of_blank_cells_is_no_record(desk):
    books = desk.load(desk.file(lines(GOOD[0], ",,,,", " ,,, ,", "v9,Ann,when?,,", ",,,,", ",,")))
    assert (books.read, books.loaded, books.rejected) == (2, 1, 1)
    assert [line for line, _, _ in desk.rejects()] == [3]


@pytest.mark.parametrize(
    "total", ["Total,2,,,", "Grand total,,,,", ",Sum,,,", "Total", "TOTAL: 2,"]
)
def test_a_total_in_the_last_line_is_no_record(desk, total):
    books = desk.load(desk.file(lines(*GOOD, total, "", ",,,,")))
    assert (books.read, books.loaded, books.rejected) == (3, 2, 1)
    assert desk.rejects() == [(4, "", "a total at the end of the file, and no record")]


def test_one_broken_line_among_many_costs_itself_only(desk, monkeypatch):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", 4096)
    rows = [f'v{n},"p{n}",2024-07-01 09:00,2024-07-01 12:00,H' for n in range(2, 1002)]
    rows[600] = f'v602,"{PERSON},2024-07-01 09:00,2024-07-01 12:00,H'
    books = desk.load(desk.file(lines(*rows)))
    assert (books.read, books.loaded, books.rejected) == (1000, 999, 1)
    assert desk.rejects() == [(602, "", "a quote in the row is never closed")]


def test_nul_bytes_cost_their_row_only(desk):
    books = desk.load(desk.file(lines(GOOD[0], f"v3,{PERSON}\0,,,", GOOD[1])))
    assert (books.loaded, books.rejected) == (2, 1)
    assert [line for line, _, _ in desk.rejects()] == [3]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\n\n"])
def test_line_ends_of_any_kind_load(desk, end):
    assert desk.load(desk.file(lines(*GOOD).replace("\n", end))).loaded == 2


@pytest.mark.parametrize("name", ["ed.json", "ed.ndjson", "ed.jsonl.gz"])
def test_a_record_of_json_that_can_not_be_read_is_rejected(desk, name):
    records = [dict(zip(HEADER.split(","), row.split(","), strict=True)) for row in GOOD]
    texts = [json.dumps(records[0]), "7", json.dumps(records[1] | {"arrived": WORD})]
    text = f"[{','.join(texts)}]" if name == "ed.json" else "\n".join(texts)
    content = gzip.compress(text.encode()) if name.endswith("gz") else text
    books = desk.load(desk.file(content, name))
    assert (books.read, books.loaded, books.rejected) == (3, 1, 2)
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, ""), (3, "arrived")]


def test_a_blank_person_is_rejected(desk):
    books = desk.load(desk.file(lines("v1,,2024-07-01 09:00,2024-07-01 12:00,H", GOOD[1])))
    assert (books.loaded, books.rejected) == (1, 1)
    assert desk.rejects() == [(2, "patient", "patient: blank, and it must be there")]


def test_a_person_of_blanks_is_blank(desk):
    desk.load(desk.file(lines("v1,   ,2024-07-01 09:00,2024-07-01 12:00,H")))
    assert [field for _, field, _ in desk.rejects()] == ["patient"]


@pytest.mark.parametrize("name", ["NA", "null", "NaN", "None", "0", "-"])
def test_a_person_called_NA_is_a_person(desk, name):
    desk.load(desk.file(lines(f"v1,{name},2024-07-01 09:00,2024-07-01 12:00,H")))
    assert journeys(desk.store).table("stays")["person"].to_pylist() == [f"acute:{name}"]


def test_an_unknown_code_of_an_open_list_is_kept_and_noted(desk):
    row = f"v1,{PERSON},2024-07-01 09:00,2024-07-01 12:00,{WORD}"
    assert desk.load(desk.file(lines(row, GOOD[1]))).loaded == 2
    doubts = desk.store.query("SELECT line, field, doubt FROM doubts").to_pylist()
    assert doubts == [{"line": 2, "field": "outcome", "doubt": "unlisted code"}]


def test_an_unknown_code_of_a_closed_list_is_rejected_and_not_told(desk):
    desk.mapping(MAPPING.replace(OUTCOME, CLOSED))
    kinds = 'kind = { column = "outcome", codes = { H = "left", W = "left" } }'
    desk.mapping(MAPPING.replace('kind = "left"', kinds))
    row = f"v1,{PERSON},2024-07-01 09:00,2024-07-01 12:00,{WORD}"
    books = desk.load(desk.file(lines(row, GOOD[1])))
    assert (books.loaded, books.rejected) == (1, 1)
    assert desk.rejects() == [(2, "outcome", "outcome: a code that the mapping does not list")]
    assert books.reasons == {"outcome: a code that the mapping does not list": 1}


def test_an_unlisted_code_of_a_field_that_takes_any_name_is_a_doubt(desk):
    row = f"v1,{PERSON},2024-07-01 09:00,2024-07-01 12:00,{WORD}"
    books = desk.load(desk.file(lines(row, GOOD[1])))
    assert (books.loaded, books.rejected) == (2, 0)
    doubts = desk.store.query("SELECT line, field, doubt FROM doubts").to_pylist()
    assert doubts == [{"line": 2, "field": "outcome", "doubt": "unlisted code"}]


def test_a_row_with_one_bad_cell_is_rejected_whole(desk):
    desk.load(desk.file(lines(f"v1,{PERSON},2024-07-01 09:00,{WORD},H")))
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, "left")]
    assert desk.store.query("SELECT * FROM ledger.events").num_rows == 0


def test_a_row_with_two_bad_cells_is_one_rejected_row(desk):
    books = desk.load(desk.file(lines(f"v1,,{WORD},2024-07-01 12:00,{WORD}")))
    assert (books.read, books.rejected) == (1, 1)
    assert {line for line, _, _ in desk.rejects()} == {2}


def test_a_mended_row_loads_the_next_time(desk):
    desk.load(desk.file(lines(GOOD[0], "v2,Ben,2024-07-01 10:00,2024-07-01 13.00,W")))
    books = desk.load(desk.file(lines(*GOOD)))
    assert (books.already, books.loaded) == (1, 1)


def test_two_date_formats_in_one_column_load_when_declared_and_are_rejected_when_not(desk):
    path = desk.file(lines(GOOD[0], "v2,Ben,01/07/2024 10:00,01/07/2024 13:00,W"))
    assert desk.load(path).loaded == 1
    assert [(line, field) for line, field, _ in desk.rejects()] == [(3, "arrived"), (3, "left")]
    desk.mapping(MAPPING.replace('%H:%M"]', '%H:%M", "%d/%m/%Y %H:%M"]'))
    assert desk.load(path).loaded == 1
    assert journeys(desk.store).table("stays")["stay_hours"].to_pylist() == [3.0, 3.0]


def test_a_time_that_no_clock_showed_is_rejected(desk):
    books = desk.load(
        desk.file(
            lines(
                "v1,Ann,2024-03-31 00:59,2024-03-31 02:00,H",
                "v2,Ben,2024-03-31 01:00,2024-03-31 03:00,H",
                "v3,Cat,2024-03-31 00:30,2024-03-31 01:59,H",
            )
        )
    )
    assert (books.loaded, books.rejected) == (1, 2)
    assert [line for line, _, _ in desk.rejects()] == [3, 4]
    assert all("clocks went forward" in reason for _, _, reason in desk.rejects())
    assert journeys(desk.store).table("stays")["stay_hours"].to_pylist() == [1 / 60]


def test_a_time_shown_twice_is_loaded_as_the_first_of_the_two(desk):
    desk.load(desk.file(lines("v1,Ann,2024-10-27 01:30,2024-10-27 02:30,H")))
    assert desk.rejects() == []
    assert journeys(desk.store).table("stays")["stay_hours"].to_pylist() == [2.0]


def test_an_offset_is_taken_at_its_word(desk):
    desk.mapping(MAPPING.replace("%H:%M", "%H:%M%z"))
    desk.load(desk.file(lines("v1,Ann,2024-10-27 01:30+00:00,2024-10-27 01:30-01:00,H")))
    assert desk.rejects() == []
    assert journeys(desk.store).table("stays")["stay_hours"].to_pylist() == [1.0]


def test_a_departure_before_the_arrival_is_loaded_and_marked(desk):
    books = desk.load(desk.file(lines("v1,Ann,2024-07-01 12:00,2024-07-01 09:00,H", GOOD[1])))
    assert (books.loaded, books.rejected) == (2, 0)
    stays = journeys(desk.store).table("stays")
    rows = zip(stays["person"].to_pylist(), stays["in_order"].to_pylist(), strict=True)
    assert sorted(rows) == [("acute:Ann", False), ("acute:Ben", True)]


@pytest.mark.parametrize("year", ["24", "0024", "1899", "2300", "9999"])
def test_a_year_that_can_not_be_right_is_rejected(desk, year):
    desk.load(desk.file(lines(f"v1,{PERSON},{year}-07-01 09:00,,")))
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, "arrived")]


@pytest.mark.parametrize("cell", ["2024-02-30 09:00", "2024-07-01 25:00", "2024-07-01", "45474"])
def test_what_is_no_time_is_rejected(desk, cell):
    desk.load(desk.file(lines(f"v1,{PERSON},{cell},,")))
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, "arrived")]


def test_a_row_that_says_nothing_is_kept_as_such_and_counted(desk):
    books = desk.load(desk.file(lines("v1,Ann,,,", GOOD[1])))
    assert (books.read, books.loaded, books.rejected) == (2, 2, 0)
    assert books.written["unsaid"] == 1
    assert "1 to unsaid (rows that say nothing that the mapping names)" in str(books)


def test_a_row_that_says_nothing_is_rejected_where_no_key_names_it(desk):
    desk.mapping(MAPPING.replace('key = ["visit"]\n', ""))
    books = desk.load(desk.file(lines("v1,Ann,,,", GOOD[1])))
    assert (books.read, books.loaded, books.rejected) == (2, 1, 1)
    assert [line for line, _, _ in desk.rejects()] == [2]


def test_a_row_that_says_nothing_and_has_no_key_is_rejected(desk):
    books = desk.load(desk.file(lines(",Ann,,,", GOOD[1])))
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, "visit")]
    assert (books.read, books.loaded, books.rejected) == (2, 1, 1)


def test_two_rows_with_one_key_and_other_contents_are_a_conflict(desk):
    rows = [GOOD[0], f"v1,{PERSON},2024-07-01 09:00,2024-07-01 12:30,H"]
    books = desk.load(desk.file(lines(*rows)))
    assert (books.read, books.loaded, books.rejected) == (2, 1, 1)
    assert "same key" in desk.rejects()[0][2]


def test_a_number_that_is_none_is_rejected(desk):
    units = 'place = "ED"\nunits = { column = "outcome" }\n\n'
    desk.mapping(MAPPING.replace('place = "ED"\n\n', units))
    desk.load(desk.file(lines(f"v1,{PERSON},2024-07-01 09:00,,{WORD}")))
    assert [(line, field) for line, field, _ in desk.rejects()] == [(2, "outcome")]


def test_one_bad_file_among_good_ones_leaves_nothing_of_any(desk):
    good = desk.file(lines(*GOOD), "ed-a.csv")
    bad = desk.file(lines(f"v9,Zo\xeb {WORD},,,").encode("cp1252"), "ed-b.csv")
    before = contents(desk.store)
    with pytest.raises(WholeflowError) as caught:
        reading = read([good, bad], mapping=desk.folder / "ed.toml")
        load(desk.store, reading.chunks(), key=KEY)
    keeps_quiet(str(caught.value))
    assert contents(desk.store) == before


# --- rows in memory ---


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"colour": WORD}, "colour"),
        ({"at": None}, "at"),
        ({"at": WORD}, "at"),
        ({"kind": WORD}, "kind"),
        ({"person": None}, "person"),
        ({"precision": WORD}, "precision"),
        ({"sequence": WORD}, "sequence"),
        ({"units": WORD}, "units"),
        ({"at": 1.5}, "at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rows_in_memory_are_refused_by_row_and_column_and_no_value_is_told(row, words):
    good = {"person": PERSON, "at": "2024-07-01 09:00", "kind": "arrived", "place": "ED"}
    with pytest.raises(WholeflowError) as caught:
        EventLog.from_rows("book", events=[good, {**good, **row}])
    keeps_quiet(str(caught.value))
    assert words in caught.value.what
    assert caught.value.where == "row 2"
    assert caught.value.repair


def test_an_unknown_table_is_refused():
    with pytest.raises(RequestError, match="evnets"):
        EventLog.from_rows("book", evnets=[])
