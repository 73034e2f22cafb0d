"""Tables on a terminal: whatever its width, no name and no number is cut."""

import re

import pyarrow as pa
import pytest

from wholeflow.cli import terminal

ROWS = pa.Table.from_pylist(
    [
        {
            "from_place": "Emergency department", "to_place": "Assessment unit",
            **{f"figure_{n}_hours": 1_234.5 + n for n in range(9)},
        },
        {
            "from_place": "Ambulance", "to_place": "Emergency department",
            **{f"figure_{n}_hours": 98_765.25 * n for n in range(9)},
        },
    ]
)  # fmt: skip
PEOPLE = pa.Table.from_pylist(
    [
        {
            "person": "0142de35b323a11", "state": "ready to leave", "place": "Alder",
            "since_at": "2025-03-19T15:01:00+00:00", "waited": "12.3 days",
            "waits_for": "Home care", "next_step": "Bluebell Home Care", "told_by": "open request",
        }
    ]
)  # fmt: skip


def drawn(rows, width, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PIPE_WIDTH", width)
    terminal.show_rows(rows, as_json=False, as_csv=False)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 100, 132, 300])
def test_no_number_is_cut_and_no_line_is_longer_than_the_terminal(width, capsys, monkeypatch):
    told = drawn(ROWS, width, capsys, monkeypatch)
    assert max(len(line.rstrip()) for line in told.splitlines()) <= width
    numbers = re.findall(r"[0-9,]+[.][0-9]+", told)
    expected = [f"{1_234.5 + n:,.2f}" for n in range(9)]
    expected += [f"{98_765.25 * n:,.2f}" for n in range(9)]
    assert sorted(numbers) == sorted(expected)


def test_every_piece_of_a_wide_table_says_what_its_rows_are_of(capsys, monkeypatch):
    pieces = drawn(ROWS, 80, capsys, monkeypatch).split("\n\n")
    assert len(pieces) > 1
    assert all("from place" in piece and "Ambulance" in piece for piece in pieces)


def test_a_table_that_fits_stays_one(capsys, monkeypatch):
    assert "\n\n" not in drawn(ROWS, 300, capsys, monkeypatch)


def test_people_and_times_are_whole_on_eighty_columns(capsys, monkeypatch):
    told = drawn(PEOPLE, 80, capsys, monkeypatch)
    assert max(len(line.rstrip()) for line in told.splitlines()) <= 80
    assert "19 Mar 2025 15:01" in told
    assert told.count("0142de35b323a11") == 2
