"""Vega-Lite specifications and the SVG that is drawn of them, with title and description.

Colours are named in ``svg.COLOURS``: a specification uses their light values, and the finished
SVG follows light, dark and print. Shapes, dashes and patterns say the same as colours do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from wholeflow.publish import svg
from wholeflow.publish.svg import COLOURS

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"

WIDTH = 640

LABEL_ROOM = 210

ROW_HEIGHT = 26

LETTER = 7.4
"""Width of a letter; the font that the reader's machine has is wider than the one measured here."""

MOST_LETTERS = 50

ON_DELAY = "#fffffe"
"""Stands for the colour ``on-delay``, whose light value is that of ``card`` too."""

PARTS = {"wait": "wait", "care": "care", "delay": "delay", "unsplit": "not split"}
"""The parts of a stay and their words, in the order of time."""


def to_svg(spec: Spec, title: str, description: str) -> str:
    """The drawing of a Vega-Lite specification, with role, title and description."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec)
    id_ = svg.identifier(title)
    drawn = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", drawn)
    drawn = re.sub(r'<path class="(?:background|foreground)"[^>]*display="none"[^>]*/>', "", drawn)
    size = re.search(r'width="(\d+)" height="(\d+)" viewBox="[^"]*"', drawn)
    if size is None:
        raise AssertionError("a drawing has a width and a height")
    body = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")]
    return svg.document(
        [svg.patterns(id_), _painted(body, id_)],
        width=float(size[1]),
        height=float(size[2]),
        title=title,
        description=description,
        id_=id_,
    )


def _painted(body: str, id_: str) -> str:
    """The light values of colours as colours that follow the page; parts get their pattern."""
    for name, value in COLOURS.items():
        if name in PARTS:
            body = body.replace(f'"{value}"', f'"url(#{id_}-{name})"')
        elif name not in ("card", "on-delay"):
            body = body.replace(f'"{value}"', f'"{escape(svg.paint(name))}"')
    body = body.replace(f'"{ON_DELAY}"', f'"{escape(svg.paint("on-delay"))}"')
    return body.replace('"#ffffff"', f'"{escape(svg.paint("card"))}"')


def specification(
    height: int | Mapping[str, int], layers: Sequence[Spec], data: Sequence[Spec], *, right: int
) -> Spec:
    """A whole specification: layers of marks on rows of data, with room at the ``right``."""
    axis = {
        "labelColor": COLOURS["ink"], "titleColor": COLOURS["soft"], "gridColor": COLOURS["line"],
        "domainColor": COLOURS["soft"], "tickColor": COLOURS["soft"], "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal", "gridOpacity": 0.5,
    }  # fmt: skip
    return {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": dict(height) if isinstance(height, Mapping) else height,
        "padding": {"left": 6, "right": right, "top": 8, "bottom": 6},
        "background": "transparent",
        "data": {"values": list(data)},
        "layer": list(layers),
        "config": {
            "aria": False,
            "font": svg.FONT,
            "view": {"stroke": None},
            "axis": axis,
            "text": {"fontSize": 12, "color": COLOURS["ink"]},
        },
    }


def layer(mark: str, look: Spec, /, **encoding: Spec) -> Spec:
    """A layer of marks with their look, and what each channel shows."""
    return {"mark": {"type": mark, **look}, "encoding": encoding}


def top_legend() -> Spec:
    """A legend above the chart, in the ink of the page."""
    ink = COLOURS["ink"]
    return {
        "orient": "top", "title": None, "labelColor": ink, "labelFontSize": 12, "labelLimit": 0,
    }  # fmt: skip


def row_axis(names: Sequence[str]) -> Spec:
    """An upright axis with a name for each row, in the order of the data."""
    longest = min(MOST_LETTERS, max(len(name) for name in names))
    axis: Spec = {"labelLimit": 0, "domain": False, "ticks": False, "labelPadding": 8}
    axis["minExtent"] = longest * LETTER + 14
    return {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": axis}


def short(name: str) -> str:
    """A name that has room beside its row."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
