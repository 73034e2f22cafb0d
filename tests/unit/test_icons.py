"""Icons of Making Data Count: which a chart gets is told by hand from its last points."""

import pyarrow as pa
import pytest

from wholeflow.measures import definitions
from wholeflow.measures.judging import judge
from wholeflow.measures.marks import Mark
from wholeflow.publish.icons import icons

WEEKS = [f"2024-{month:02d}" for month in range(1, 13)] + [f"2025-{m:02d}" for m in range(1, 13)]
LEVEL = [0.7, 0.74, 0.69, 0.72, 0.71, 0.73, 0.7, 0.72] * 2
TARGET = 1_704_067_200_000_000  # 1 January 2024


def judged(values, target=None):
    rows = pa.table({"month": WEEKS[: len(values)], "share": values})
    marks = []
    if target is not None:
        marks = [Mark("target", TARGET, "board", "agreed", measure="four_hours", value=target)]
    (one,) = judge(definitions()["four_hours"], rows, ("month",), marks=marks)
    return one


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ([], "Common cause variation"),
        ([0.95], "Special cause variation, improving"),  # shares within four hours should rise
        ([0.45], "Special cause variation, concerning"),
    ],
)
def test_the_latest_figure_makes_the_icon_of_variation(last, words):
    (icon,) = icons(judged(LEVEL + last), "fig-x")
    assert icon.words.startswith(words)


@pytest.mark.parametrize(("target", "letter"), [(0.5, ">P<"), (0.95, ">F<"), (0.72, ">?<")])
def test_a_target_below_between_or_above_the_limits_makes_the_icon_of_assurance(target, letter):
    """The limits are near 0.63 and 0.80: the mean is 0.71, moving ranges are some 0.03."""
    _, icon = icons(judged(LEVEL, target), "fig-x")
    assert letter in icon.svg and 'role="img"' in icon.svg


def test_high_and_low_differ_without_colour():
    drawn = [icons(judged([*LEVEL, last]), "fig-x")[0].svg for last in (0.95, 0.45)]
    assert ">H<" in drawn[0] and ">L<" in drawn[1]
    assert drawn[0].count("polyline") == 1
