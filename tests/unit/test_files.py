"""What the formats of files give: cells as text, records counted, nothing swallowed.

Workbooks are written out here as ECMA-376 describes them, not by a library that may
share a mistake with another.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholeflow.core.errors import InputError
from wholeflow.sources import files

WORD = "kumquat"
"""What a cell holds: no message may."""

Cells = list[dict[str, object]]
Rejects = list[tuple[int, str, str]]


def read(path: Path, **how: object) -> tuple[Cells, Rejects]:
    """Rows and rejects of a whole file."""
    encoding, separator = how.pop("encoding", "utf-8"), how.pop("separator", ",")
    found = list(files.pieces(path, encoding, separator, **how))
    rows = [row for piece in found for row in piece.rows.to_pylist()]
    rejects = [(r.line, r.field, r.reason) for piece in found for r in piece.rejects]
    assert sum(piece.read for piece in found) == len(rows) + len(rejects)
    assert all(WORD not in str(piece.rejects) for piece in found)
    assert all(reject.repair for piece in found for reject in piece.rejects)
    return rows, rejects


def refused(path: Path, *words: str, **how: object) -> InputError:
    """The error that reading the file raises."""
    with pytest.raises(InputError) as caught:
        files.column_names(path, how.pop("encoding", "utf-8"), how.pop("separator", ","), **how)
        read(path, **how)
    told = str(caught.value)
    assert caught.value.where.startswith(path.name)
    assert caught.value.repair
    assert WORD not in told
    for word in words:
        assert word in told
    return caught.value


@pytest.fixture
def write(tmp_path: Path) -> Iterator[object]:
    def written(content: str | bytes, name: str = "a.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


# --- folders ---


def test_files_of_a_folder_are_found_and_those_that_programs_leave_behind_are_not(write, tmp_path):
    for name in ("b.csv", "a.xlsx", "c.ndjson.gz", "d.parquet", "e.xls", "f.pdf"):
        write("x", name)
    for name in ("~$a.xlsx", "._b.csv", ".hidden.csv"):
        write("x", name)
    (tmp_path / "folder.csv").mkdir()
    names = [path.name for path in files.find_files([tmp_path])]
    assert names == ["a.xlsx", "b.csv", "c.ndjson.gz", "d.parquet", "e.xls"]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.xlsx", "a.parquet"])
def test_a_file_that_may_not_be_opened_is_refused(write, monkeypatch, name):
    path = write("x", name)

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    refused(path, "can't be opened")


# --- CSV ---


def test_cells_of_csv_are_text_as_it_stands(write):
    rows, rejects = read(write('a,b\n0012,1.0\nNA,"x, ""y"""\n" ",\n,5\' 6"\n'))
    assert rows == [
        {"a": "0012", "b": "1.0", "line": 2},
        {"a": "NA", "b": 'x, "y"', "line": 3},
        {"a": "", "b": "5' 6\"", "line": 4},
    ]
    assert rejects == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_marks_and_encodings_change_nothing(write, end, last, encoding):
    text = end.join(["a,b", "1,Zo\xeb", "2,", *([""] if last else [])])
    rows, rejects = read(write(text.encode(encoding)), encoding=encoding.removesuffix("-sig"))
    assert rows == [{"a": "1", "b": "Zo\xeb", "line": 2}, {"a": "2", "b": "", "line": 3}]
    assert rejects == []


def test_line_ends_may_be_mixed(write):
    rows, _ = read(write("a,b\r1,2\n3,4\r\n5,6"))
    assert [(row["a"], row["line"]) for row in rows] == [("1", 2), ("3", 3), ("5", 4)]


def test_a_file_that_begins_with_the_mark_of_utf_8_is_utf_8(write):
    path = write("a,b\n1,Zo\xeb\n".encode("utf-8-sig"))
    assert read(path, encoding="cp1252")[0] == [{"a": "1", "b": "Zo\xeb", "line": 2}]


def test_a_packed_file_is_read_whatever_its_name_and_in_several_members(write):
    path = write(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"))
    assert [row["a"] for row in read(path)[0]] == ["1", "3"]


def test_names_in_the_header_are_tidied_and_columns_without_one_left_out(write):
    path = write('\n,,,\n  id ,"Date of\nbirth",,Line,\n1,2,3,4,\n')
    assert files.column_names(path, "utf-8", ",") == ["id", "Date of birth", "Line_"]
    assert read(path)[0] == [{"id": "1", "Date of birth": "2", "Line_": "4", "line": 2}]


@pytest.mark.parametrize("header", ["id,ward,id", "id,ward,ID", "id,ward, id "])
def test_two_columns_of_one_name_are_refused_by_their_place(write, header):
    refused(write(f"{header}\n1,{WORD},2\n"), "columns 1 and 3")


def test_blank_lines_are_no_records_and_count_for_nothing(write):
    rows, rejects = read(write('a,b\n\n1,2\n,\n , \n"",\n3,4\n,,\n\n5,6\n7\n,\n\n\n'))
    assert [(row["a"], row["line"]) for row in rows] == [("1", 2), ("3", 3), ("5", 4)]
    assert rejects == [(5, "", "the row has 1 cells and the header 2")]


@pytest.mark.parametrize(
    "last",
    ["Total,,7", "TOTAL:,7,", ",Grand Total,7", "sum,,7", "Total 12,,", "Totals,7", "Total"],
)
def test_a_total_in_the_last_line_is_no_record(write, last):
    rows, rejects = read(write(f"site,at,n\nA,1,3\nB,2,4\n{last}\n,,\n\n"))
    assert [row["site"] for row in rows] == ["A", "B"]
    assert rejects == [(4, "", "a total at the end of the file, and no record")]


@pytest.mark.parametrize("name", ["Totally", "Summer", "Sumner", "Total care", "Subtotal"])
def test_a_name_that_begins_as_total_does_is_a_record(write, name):
    rows, rejects = read(write(f"site,n\nA,3\nTotal,3\n{name},4\n"))
    assert [row["site"] for row in rows] == ["A", "Total", name]
    assert rejects == []


def test_a_total_at_the_start_of_a_piece_is_found(write, monkeypatch):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", 8)
    rows, rejects = read(write("site,n\nA,3\nB,4\nTotal,7\n"))
    assert len(rows) == 2
    assert [line for line, _, _ in rejects] == [4]


@pytest.mark.parametrize("block", [40, 90, 1000])
def test_a_quote_that_is_never_closed_costs_its_own_row_only(write, monkeypatch, block):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
    rows = [f'{number},"w, {number}",x' for number in range(2, 40)]
    rows[10] = f'12,"{WORD},x'
    rows[20] = f'22,x,"{WORD}'
    rows[30] = f'32,"{WORD}"{WORD}",x'
    found, rejects = read(write("a,b,c\n" + "\n".join(rows) + "\n"))
    assert [row["line"] for row in found] == [n for n in range(2, 40) if n not in (12, 22, 32)]
    assert all(row["a"] == str(row["line"]) and row["c"] == "x" for row in found)
    assert rejects == [(n, "", "a quote in the row is never closed") for n in (12, 22, 32)]


def test_a_quote_that_is_never_closed_in_the_last_row_is_rejected(write):
    found, rejects = read(write(f'a,b\n1,2\n3,"{WORD}\n\n'))
    assert len(found) == 1
    assert rejects == [(3, "", "a quote in the row is never closed")]


def test_a_quote_that_is_never_closed_in_the_header_is_refused(write):
    refused(write(f'a,"b\n1,{WORD}\n'), "a quote in the header is never closed")


def test_nul_bytes_in_a_row_cost_that_row_only(write):
    found, rejects = read(write(f"a,b\n1,2\n3,{WORD}\0\n\0\0\0\n5,6\n"))
    assert [(row["a"], row["line"]) for row in found] == [("1", 2), ("5", 5)]
    reason = "the row holds NUL bytes, which are no text"
    assert rejects == [(3, "", reason), (4, "", reason)]


def test_a_line_longer_than_a_block_costs_that_line_only(write, monkeypatch):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", 100)
    found, rejects = read(write(f"a,b\n1,2\n3,{WORD * 100}\n5,6\n"))
    assert [(row["a"], row["line"]) for row in found] == [("1", 2), ("5", 4)]
    assert rejects == [(3, "", "the line is longer than any record")]


def test_a_line_of_seventeen_megabytes_costs_at_most_itself(write):
    found, rejects = read(write(f"a,b\n1,2\n3,{'x' * 17_000_000}\n5,6\n"))
    assert [row["line"] for row in found if row["line"] != 3] == [2, 4]
    assert len(found) + len(rejects) == 3


@pytest.mark.parametrize("bad", ["9", "9,9,9", '9,"x', '9,"x"y"', "9,\0"])
@pytest.mark.parametrize("block", [16, 64, 4096])
def test_one_broken_line_far_down_costs_itself_only(write, monkeypatch, bad, block):
    """The small sister of a file of 2 GB with one broken line."""
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
    lines = [f'{number},"{number}"' for number in range(2, 900)]
    lines[500] = bad
    rows, rejects = read(write("a,b\n" + "\n".join(lines) + "\n"))
    assert [line for line, _, _ in rejects] == [502]
    assert [row["line"] for row in rows] == [n for n in range(2, 900) if n != 502]
    assert all(row["a"] == row["b"] == str(row["line"]) for row in rows)


@pytest.mark.parametrize("block", [16, 4096, 16_777_216])
def test_the_line_of_wrong_bytes_is_named_however_far_down_they_lie(write, monkeypatch, block):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
    rows = [b"%d,x" % number for number in range(2, 2000)]
    rows[1000] = b"1002,Zo\xeb " + WORD.encode()
    refused(write(b"a,b\r\n" + b"\r\n".join(rows)), "not in utf-8", "line 1002")


def test_bytes_that_windows_does_not_know_are_refused_with_their_line(write):
    refused(write(b"a,b\n1,2\n3,\x81\n"), "not in cp1252", "line 3", encoding="cp1252")


def test_text_that_ends_within_a_letter_is_refused(write):
    refused(write("a,b\n1,Zo\xeb".encode()[:-1]), "not in utf-8", "line 2")


def test_a_title_above_the_header_is_refused_and_the_header_pointed_at(write):
    text = f"Attendances {WORD},,\n\nid,at,n\n1,2,3\n4,5,\n"
    refused(write(text), "a title and no header", "line 1", "seems to be line 3")


def test_a_header_above_rows_with_blank_cells_or_a_broken_one_is_a_header(write):
    path = write("id,at,n\n1,,\n2,,\n1,2,3,4,5,6,7,8\n3,,\n")
    assert files.column_names(path, "utf-8", ",") == ["id", "at", "n"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (b",,\n,,\n", "empty"),
        (b"PK\x03\x04" + b"\0" * 99, "a workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "password"),
        (b"PAR1" + b"\0" * 99, "Parquet"),
        (b"%PDF-1.7\n" + b"\0" * 99, "PDF"),
        (b"<!DOCTYPE html><table><tr><td>kumquat", "web page"),
        (b"\n <HTML><body>", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "web page or XML"),
        (b"\x7fELF\0\0\0\0\0", "binary"),
        (b"a\0b\0\n\0", "binary"),
    ],
)
def test_what_is_no_csv_is_refused_for_what_it_is(write, content, words):
    refused(write(content), words)


CELL = st.text(st.sampled_from('ab,"\n \xeb'), max_size=6)


@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12),
    st.integers(40, 100),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_writer_of_csv_quotes_comes_back(tmp_path_factory, cells, block, end):
    """RFC 4180: cells with a comma, quote or line break are quoted, quotes in them doubled."""
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in cells]
    path.write_bytes(end.join(["a,b,c", *(f"x,{','.join(row)}" for row in quoted), ""]).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
        rows, rejects = read(path)
    assert rejects == []
    assert [(row["b"], row["c"]) for row in rows] == cells


# --- JSON ---

RECORDS = """[
 {"id": 12345678901234567890, "nhs": 9991881654, "hours": 1.0, "cost": 1e3, "on": true,
  "who": {"given": "Ann", "line": 7}, "codes": ["a", {"b": 2.50}], "left": null, "line": "y"},
 {"id": "2", "left": "", "codes": [], "who": {}}
]"""


@pytest.mark.parametrize(
    ("name", "text", "how"),
    [
        ("a.json", RECORDS, {}),
        ("a.json", f'{{"made": "x", "codes": [1, 2], "data": {RECORDS}, "n": 2}}', {}),
        ("a.json", f'{{"a": {{"b": {RECORDS}}}, "c": [{{}}]}}', {"records": "a.b"}),
        ("a.ndjson", "\n\n".join(json.dumps(r) for r in [{"x": 1}]) + "\n", {}),
    ],
)
def test_records_of_json_come_from_wherever_their_list_is(write, name, text, how):
    rows, rejects = read(write(text, name), **how)
    assert rejects == []
    assert [row["line"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0].get("id", "12345678901234567890") == "12345678901234567890"


def test_cells_of_json_are_text_as_it_stands_under_dotted_names(write):
    path = write(RECORDS, "a.json")
    wanted = ["id", "nhs", "hours", "cost", "on", "who.given", "who", "codes.0", "codes.1.b"]
    wanted += ["codes", "left", "line_", "gone", "codes.7.b"]
    rows, _ = read(path, columns=wanted)
    assert rows[0] == {
        "id": "12345678901234567890",
        "nhs": "9991881654",
        "hours": "1.0",
        "cost": "1e3",
        "on": "true",
        "who.given": "Ann",
        "who": '{"given":"Ann","line":7}',
        "codes.0": "a",
        "codes.1.b": "2.50",
        "codes": '["a",{"b":2.50}]',
        "left": "",
        "line_": "y",
        "gone": "",
        "codes.7.b": "",
        "line": 1,
    }
    assert rows[1] == dict.fromkeys(wanted, "") | {"id": "2", "line": 2}


def test_the_columns_of_json_are_all_that_its_records_hold(write):
    names = files.column_names(write(RECORDS, "a.json"), "utf-8", ",")
    assert names[:6] == ["id", "nhs", "hours", "cost", "on", "who.given"]
    assert {"codes", "codes.0", "codes.1.b", "line_", "who.line"} <= set(names)


def test_encounters_of_fhir_are_read(shared):
    path = shared / "data" / "fhir" / "synthea-bulk" / "Encounter.ndjson"
    rows, rejects = read(path, columns=["id", "subject.reference", "type.0.coding.0.code"])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert rejects == []
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert [row["subject.reference"] for row in rows] == [
        line["subject"]["reference"] for line in lines
    ]
    codes = [line["type"][0]["coding"][0]["code"] for line in lines]
    assert [row["type.0.coding.0.code"] for row in rows] == codes


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl", "a.json", "a.ndjson.gz"])
def test_a_line_that_is_no_record_costs_itself_only(write, name):
    lines = [
        '{"id": 1}',
        '{"id": 2}',
        f'{{"id": "{WORD}',
        "",
        "[3]",
        '{"id": 4, "id": 5}',
        '{"id": 6}',
    ]
    content = "\r\n".join(lines).encode("utf-8-sig")
    rows, rejects = read(write(gzip.compress(content) if name.endswith("gz") else content, name))
    assert [(row["id"], row["line"]) for row in rows] == [("1", 1), ("2", 2), ("6", 6)]
    reason = "no JSON object that can be read"
    assert rejects == [(3, "", reason), (4, "", reason), (5, "", reason)]


@pytest.mark.parametrize("block", [30, 61, 1000])
def test_a_long_list_is_read_in_pieces(write, monkeypatch, block):
    monkeypatch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
    monkeypatch.setattr("wholeflow.sources.files.json_file.ROWS", 7)
    text = json.dumps({"n": 50, "items": [{"id": n, "x": {"y": [n]}} for n in range(50)]})
    rows, rejects = read(write(text, "a.json"))
    assert [row["id"] for row in rows] == [str(n) for n in range(50)]
    assert [row["x.y.0"] for row in rows] == [str(n) for n in range(50)]
    assert rejects == []


def test_an_item_that_is_no_object_is_rejected(write):
    rows, rejects = read(write('[{"id": 1}, 5, null, {"id": 2}]', "a.json"))
    assert [row["line"] for row in rows] == [1, 4]
    assert [line for line, _, _ in rejects] == [2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (RECORDS[:-1], "cut short"),
        (RECORDS[:100], "cut short"),
        ('{"a": [{"id": 1}', "cut short"),
        ('[{"id": 1},\n {"id": kumquat}]', "line 2"),
        ('[{"id": 1},\n\n {"id": 1 "kumquat"}, {}]', "line 3"),
        ('[{"id": 1}] kumquat', "can't be read"),
        ('{"a": 5}', "no list of records"),
        ('{"a": [{"x": 1}], "b": [{"x": 1}]}', "2 lists of records"),
        ("[" * 100_000, "can't be read"),
        ("id,b\n1,kumquat\n", "can't be read"),
        ("<html>", "web page"),
        ("PK\x03\x04", "a workbook or a zip"),
    ],
)
def test_json_that_is_broken_is_refused_for_what_is_wrong(write, text, words):
    refused(write(text, "a.json"), words)


def test_a_list_that_is_not_where_the_mapping_says_is_refused(write):
    refused(write('{"a": {"c": []}}', "a.json"), "under a.b", records="a.b")


def test_lines_of_json_cut_short_are_refused(write):
    refused(write('{"id": 1}\n{"id": "kum', "a.ndjson"), "cut short", "record 2")
    whole = gzip.compress(b'{"id": 1}\n' * 5000)
    refused(write(whole[:-9], "b.ndjson.gz"), "cut short")


# --- Excel ---

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
FORMATS = [
    "yyyy-mm-dd hh:mm:ss",
    "[h]:mm",
    "000 000 0000",
    '"day" 0',
    "[Red]dd/mm/yyyy;@",
    "mm:ss.0",
]
"""Their styles are 1 to 6; 7 is the built-in date 14, 8 the built-in time 22."""


def relations(*targets: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'


def workbook(
    path: Path, sheets: dict[str, str], texts: str = "", first_day: str = "", before: str = ""
) -> Path:
    """A workbook: the rows of each sheet as XML, and the texts that they share."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(sheets)
    )
    custom = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for n, code in enumerate(FORMATS)
    )
    styles = "".join(f'<xf numFmtId="{n}"/>' for n in [0, *range(164, 164 + len(FORMATS)), 14, 22])
    parts = [("worksheet", f"worksheets/s{n}.xml") for n in range(len(sheets))]
    parts += [("styles", "styles.xml"), ("sharedStrings", "/xl/shared.xml")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("_rels/.rels", relations(("officeDocument", "xl/workbook.xml")))
        zipped.writestr("xl/_rels/workbook.xml.rels", relations(*parts))
        zipped.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr {first_day}/>'
            f"<sheets>{listed}</sheets></workbook>",
        )
        zipped.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts><cellStyleXfs>'
            f'<xf numFmtId="0"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>',
        )
        zipped.writestr("xl/shared.xml", f'{before}<sst xmlns="{MAIN}">{texts}</sst>')
        for n, rows in enumerate(sheets.values()):
            zipped.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return path


def row(*cells: str, line: int | None = None) -> str:
    """A row of cells, each as XML or as text."""
    written = (
        c if c.startswith("<") else f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in cells
    )
    return f"<row{f' r={chr(34)}{line}{chr(34)}' if line else ''}>{''.join(written)}</row>"


def number(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


def one_cell(tmp_path: Path, cell: str, **how: str) -> object:
    path = workbook(tmp_path / "a.xlsx", {"s": row("a", "b") + row(cell, "x")}, **how)
    rows, rejects = read(path)
    assert rejects == []
    return rows[0]["a"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (number("9991881654"), "9991881654"),
        (number("9.991881654E9"), "9991881654"),
        (number("9991881654.0"), "9991881654"),
        (number("12345678901234567890"), "12345678901234567890"),
        (number("0.1"), "0.1"),
        (number("0.30000000000000004"), "0.3"),
        (number("-3.5"), "-3.5"),
        (number("12345", 3), "0000012345"),
        (number("12345", 4), "12345"),
        (number("45901.24375", 1), "2025-09-01 05:51:00"),
        (number("45901.243749999997", 1), "2025-09-01 05:51:00"),
        (number("45901", 1), "2025-09-01 00:00:00"),
        (number("45901.24375", 8), "2025-09-01 05:51:00"),
        (number("45901", 7), "2025-09-01"),
        (number("45901", 5), "2025-09-01"),
        (number("45901.5", 7), "2025-09-01 12:00:00"),
        (number("45901.24375"), "45901.24375"),
        (number("1", 7), "1900-01-01"),
        (number("59", 7), "1900-02-28"),
        (number("61", 7), "1900-03-01"),
        (number("1.2604166666666667", 2), "30:15:00"),
        (number("0.24375", 8), "1899-12-31 05:51:00"),
        (number("0.0010416666666666667", 6), "00:01:30"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="b"><v>0</v></c>', "FALSE"),
        ('<c t="d"><v>2025-09-01T05:51:00</v></c>', "2025-09-01 05:51:00"),
        ('<c t="str"><f>A1</f><v>x_x000D_y</v></c>', "x\ry"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="s"><v>1</v></c>', "rich text"),
        ('<c t="str"><f>B9</f><v></v></c>', ""),
        (number(""), ""),
        ("<c/>", ""),
        (" 0012 ", " 0012 "),
    ],
)
def test_a_cell_of_excel_is_the_text_that_it_shows(tmp_path, cell, text):
    """Serial days: 1 is 1 January 1900, and 60 the 29 February 1900 that never was (18.17.4.1)."""
    texts = "<si><t>no</t></si><si><r><t>rich </t></r><r><t>text</t></r><rPh><t>-</t></rPh></si>"
    assert one_cell(tmp_path, cell, texts=texts) == text


def test_days_may_count_from_1904(tmp_path):
    first = 'date1904="1"'
    assert one_cell(tmp_path, number("44439.25", 1), first_day=first) == "2025-09-01 06:00:00"


def test_rows_of_a_sheet_have_the_numbers_that_excel_shows(tmp_path):
    rows = row("id", "n", line=3) + row("A", "1", line=4) + row("", " ", line=6)
    rows += row("B", "2", line=9) + row("", "", line=900)
    found, rejects = read(workbook(tmp_path / "a.xlsx", {"s": rows}))
    assert [(r["id"], r["line"]) for r in found] == [("A", 4), ("B", 9)]
    assert rejects == []


def test_cells_that_are_left_out_of_a_row_are_blank(tmp_path):
    rows = '<row><c r="B1" t="str"><v>id</v></c><c r="AA1" t="str"><v>n</v></c></row>'
    rows += '<row><c r="AA2"><v>5</v></c></row>'
    found, _ = read(workbook(tmp_path / "a.xlsx", {"s": rows}))
    assert found == [{"id": "", "n": "5", "line": 2}]


def test_an_error_in_a_column_that_is_used_rejects_its_row(tmp_path):
    error = '<c t="e"><v>#N/A</v></c>'
    rows = row("id", "n", "m") + row("A", error, error) + row("B", "1", error)
    rows += row("C", "<c><f>A1</f></c>", "2")
    path = workbook(tmp_path / "a.xlsx", {"s": rows})
    found, rejects = read(path, columns=["id", "n"])
    assert found == [{"id": "B", "n": "1", "m": "", "line": 3}]
    assert rejects == [
        (2, "n", "n: the cell shows an error of the spreadsheet"),
        (4, "n", "n: the cell has a formula without a result"),
    ]
    assert [line for line, _, _ in read(path)[1]] == [2, 3, 4]


def test_a_date_that_excel_can_not_show_is_an_error(tmp_path):
    rows = row("id", "at") + row("A", number("1e12", 7))
    _, rejects = read(workbook(tmp_path / "a.xlsx", {"s": rows}))
    assert rejects == [(2, "at", "at: the cell shows an error of the spreadsheet")]


def test_a_stray_cell_in_the_last_column_and_row_costs_that_row_only(tmp_path):
    rows = row("id", "n") + row("A", "1")
    rows += '<row r="1048576"><c r="XFD1048576"><v>5</v></c></row>'
    found, rejects = read(workbook(tmp_path / "a.xlsx", {"s": rows}))
    assert len(found) == 1
    reason = "a cell right of the last column of the header is filled"
    assert rejects == [(1048576, "", reason)]


def test_a_total_below_a_table_of_excel_is_no_record(tmp_path):
    rows = row("site", "n") + row("A", "1") + row("Grand total", number("1"))
    found, rejects = read(workbook(tmp_path / "a.xlsx", {"s": rows}))
    assert len(found) == 1
    assert rejects == [(3, "", "a total at the end of the file, and no record")]


NOTES = row("Notes") + row("made up")
DATA = row("id", "n") + row("A", "1")
OTHER = row("id", "n", "m") + row("B", "2", "3")


def test_the_sheet_is_the_one_that_is_named_else_the_one_that_fits_else_the_first(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {"Empty": "", "About": NOTES, "Data": DATA, "More": OTHER})
    assert read(path, sheet=" data")[0][0]["id"] == "A"
    assert read(path, columns=["id", "m"])[0][0]["id"] == "B"
    assert files.column_names(path, "utf-8", ",", columns=["gone"]) == ["Notes"]
    assert files.column_names(path, "utf-8", ",") == ["Notes"]
    refused(path, "2 sheets of the workbook fit: Data, More", columns=["id", "n"])
    refused(path, "no sheet May", "Empty, About, Data, More", sheet="May")
    refused(path, "empty", sheet="Empty")


def test_a_title_above_the_header_of_a_sheet_is_refused(tmp_path):
    rows = row(WORD) + row("id", "n", "m", line=4) + row("A", "1", "2") + row("B", "1", "2")
    path = workbook(tmp_path / "a.xlsx", {"May": rows})
    refused(path, "a title and no header", "sheet May", "line 4")


def test_two_columns_of_one_name_in_a_sheet_are_refused(tmp_path):
    refused(workbook(tmp_path / "a.xlsx", {"May": row("id", "Id")}), "columns 1 and 2")


def test_a_workbook_that_is_none_is_refused_for_what_it_is(write, tmp_path):
    whole = workbook(tmp_path / "whole.xlsx", {"s": DATA * 500}).read_bytes()
    hollow = workbook(tmp_path / "hollow.xlsx", {}).read_bytes()
    damaged = bytearray(whole)
    damaged[whole.index(b"worksheets/s0.xml") + 25] ^= 0xFF
    text = tmp_path / "text.zip"
    with zipfile.ZipFile(text, "w") as zipped:
        zipped.writestr("readme.txt", WORD)
    for content, words in [
        (b"", "empty"),
        (whole[: len(whole) // 2], "damaged or cut short"),
        (whole[:-10], "damaged or cut short"),
        (bytes(damaged), "damaged or cut short"),
        (hollow, "empty"),
        (text.read_bytes(), "holds no Excel workbook"),
        (b"id,n\n1,kumquat\n", "name it .csv"),
        (b"<html><table>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 999, "password"),
    ]:
        refused(write(content, "a.xlsx"), words)
        refused(write(content, "a.xls"), words)


def test_references_to_what_a_workbook_lacks_are_damage(tmp_path):
    for cell in ('<c t="s"><v>9</v></c>', '<c s="99"><v>1</v></c>', "<c><v>x1</v></c>", "<c"):
        path = workbook(tmp_path / "a.xlsx", {"s": row("id", "n") + row("A", cell)})
        refused(path, "damaged or cut short")


def test_entities_that_grow_without_end_are_damage(tmp_path):
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol" * 10}">' for n in range(10))
    path = workbook(tmp_path / "a.xlsx", {"s": DATA}, before=f"<!DOCTYPE x [{lol}]>", texts="&l9;")
    refused(path, "damaged or cut short")


@given(st.data())
def test_any_damage_to_a_workbook_is_refused_or_does_not_matter(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("xlsx")
    path = workbook(folder / "a.xlsx", {"s": DATA + row("B", number("45901", 1))}, texts="<si/>")
    whole = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole))
    survives(path)


# --- Parquet ---


def test_parquet_keeps_its_types_and_objects_get_dotted_names(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"who": [{"id": 5, "in": {"at": "x"}}], "line": [7], "n": [1.5]})
    pq.write_table(table, path)
    assert files.column_names(path, "utf-8", ",") == ["who.id", "who.in.at", "line_", "n"]
    assert read(path)[0] == [{"who.id": 5, "who.in.at": "x", "line_": 7, "n": 1.5, "line": 1}]


def test_text_named_parquet_is_refused(write):
    refused(write("<html>", "a.parquet"), "web page")
    refused(write("", "a.parquet"), "empty")
    refused(write("id,n\n", "a.parquet"), "damaged")


# --- anything ---


def survives(path: Path) -> None:
    """Reading the file works, or is refused in our own words."""
    try:
        files.column_names(path, "utf-8", ",")
        read(path)
    except InputError as error:
        assert error.where and error.repair


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.ndjson", "a.xlsx", "a.parquet"])
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(st.sampled_from('ab1,;"\n\r\t\0 \xeb{}[]:.-'), max_size=60).map(str.encode),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=9,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.integers(20, 40),
)
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(
    tmp_path_factory, name, content, block
):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wholeflow.sources.files.text.BLOCK_BYTES", block)
        survives(path)
