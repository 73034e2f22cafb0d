"""The icons of Making Data Count: what a chart over time says at a glance, each with its words.

Variation: usual, better, worse, or unusual where no direction is better; assurance: whether the
target will be met while nothing changes. Letters and shapes tell them apart without colour.
Source: NHS England, Making Data Count (variation and assurance icons); drawn anew here.
"""

from __future__ import annotations

from dataclasses import dataclass

from wholeflow.measures.over_time import OverTime, assurance
from wholeflow.publish import svg

SIZE = 44.0
USUAL = ((10, 26), (16, 18), (22, 25), (28, 18), (34, 24))
RISING = ((11, 32), (17, 31), (23, 29), (28, 21), (33, 13))
"""Points of the little line in an icon of variation; falling is rising upside down."""

ASSURANCE = {
    "met": ("P", "accent", "The target will be met in nearly every period while nothing changes."),
    "missed": ("F", "high", "The target will be missed in nearly every period."),
    "by chance": ("?", "soft", "Whether a period meets the target is chance."),
}


@dataclass(frozen=True)
class Icon:
    """An icon with its words."""

    svg: str
    words: str


def icons(judged: OverTime, id_: str) -> tuple[Icon, ...]:
    """The icon of variation at the latest period, and of assurance where there is a target."""
    last = judged.parts[-1].chart
    if last is None:
        return ()
    found = [_variation(judged, id_)]
    value = judged.targets[-1][1].value if judged.targets else None
    if value is not None and (told := assurance(last, value, judged.improves)):
        letter, colour, words = ASSURANCE[told]
        found.append(_icon([_letter(letter, colour, SIZE / 2, 30, 24)], colour, words, f"{id_}-a"))
    return tuple(found)


def _variation(judged: OverTime, id_: str) -> Icon:
    latest = judged.latest
    if latest is None:
        words = "Common cause variation: the latest figure is no more than chance."
        return _icon(_line(USUAL, "soft"), "soft", words, f"{id_}-v")
    is_high = latest["side"] == "high"
    where, letter = ("high or rising", "H") if is_high else ("low or falling", "L")
    points = RISING if is_high else tuple((x, SIZE - y) for x, y in RISING)
    if judged.improves not in ("up", "down"):
        colour, meaning = "ink", "neither better nor worse by itself"
    elif is_high == (judged.improves == "up"):
        colour, meaning = "accent", "improving"
    else:
        colour, meaning = "high", "concerning"
    words = f"Special cause variation, {meaning}: the latest figure is {where}."
    y = 23.0 if is_high else 31.0
    return _icon([*_line(points, colour), _letter(letter, colour, 14, y, 13)], colour, words,
                 f"{id_}-v")  # fmt: skip


def _line(points: tuple[tuple[float, float], ...], colour: str) -> list[str]:
    way = " ".join(f"{x},{y}" for x, y in points)
    dots = (svg.element("circle", cx=x, cy=y, r=2.6, fill=svg.paint(colour)) for x, y in points)
    line = svg.element("polyline", points=way, fill="none", stroke=svg.paint(colour),
                       stroke_width=1.6)  # fmt: skip
    return [line, *dots]


def _letter(letter: str, colour: str, x: float, y: float, size: float) -> str:
    return svg.text(letter, x, y, font_size=size, font_weight=700, text_anchor="middle",
                    fill=svg.paint(colour))  # fmt: skip


def _icon(inner: list[str], colour: str, words: str, id_: str) -> Icon:
    ring = svg.element("circle", cx=SIZE / 2, cy=SIZE / 2, r=SIZE / 2 - 2, fill=svg.paint("card"),
                       stroke=svg.paint(colour), stroke_width=2.5)  # fmt: skip
    drawn = svg.document([ring, *inner], width=SIZE, height=SIZE, title=words, description=words,
                         id_=id_)  # fmt: skip
    return Icon(drawn, words)
