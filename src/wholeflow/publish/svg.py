"""The few parts of SVG that our own drawings are made of, and the colours of every drawing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

COLOURS = {
    "ink": "#16202b",
    "soft": "#52606d",
    "line": "#c3cad1",
    "card": "#ffffff",
    "accent": "#0b5563",
    "high": "#a3310f",
    "wait": "#e2a13c",
    "care": "#a9d3cf",
    "delay": "#6d1f3a",
    "unsplit": "#e6e8eb",
    "on-delay": "#ffffff",
    "flow": "#8797a3",
    "flow-1": "#5b95a1",
    "flow-2": "#2f7683",
    "flow-3": "#17566a",
    "flow-4": "#062d3d",
}
"""Name and light value of each colour; the style sheet gives dark and print their own."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def paint(name: str) -> str:
    """A colour that follows light, dark and print, and stands alone outside a page."""
    return f"var(--wf-{name}, {COLOURS[name]})"


def alone(drawing: str) -> str:
    """A drawing with plain colours, for programs that read no style: word processors, converters.

    >>> alone('<path stroke="var(--wf-ink, #16202b)"/>')
    '<path stroke="#16202b"/>'
    """
    return re.sub(r"var\(--wf-[\w-]+, (#\w+)\)", r"\1", drawing)


def element(tag: str, inner: str = "", /, **attributes: object) -> str:
    """One element; names with ``_`` are written with ``-``, and values are escaped.

    >>> element("rect", x=1.25, stroke_width=2)
    '<rect x="1.25" stroke-width="2"/>'
    """
    words = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{words}>{inner}</{tag}>" if inner else f"<{tag}{words}/>"


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(words: str, x: float, y: float, /, **attributes: object) -> str:
    """A line of text at a point."""
    return element("text", escape(words), x=x, y=y, **attributes)


def titled(inner: str, title: str, /, **attributes: object) -> str:
    """A group that says what it is."""
    return element("g", f"<title>{escape(title)}</title>{inner}", **attributes)


def document(
    inner: Iterable[str], *, width: float, height: float, title: str, description: str, id_: str
) -> str:
    """A whole drawing: role, title and description first."""
    head = f'<title id="{id_}-t">{escape(title)}</title>'
    head += f'<desc id="{id_}-d">{escape(description)}</desc>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" id="{id_}" '
        f'aria-labelledby="{id_}-t {id_}-d" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="{escape(FONT)}" '
        f'font-size="13" fill="{paint("ink")}">{head}{"".join(inner)}</svg>'
    )


def identifier(title: str) -> str:
    """A name for an element, from its title.

    >>> identifier("Where the hours go: A & B")
    'fig-where-the-hours-go-a-b'
    """
    return "fig-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def wrap(words: str, letters: int, lines: int) -> list[str]:
    """Words in lines of at most so many letters; what does not fit ends in an ellipsis.

    >>> wrap("Cardiac Vascular Intensive Care Unit (CVICU)", 18, 2)
    ['Cardiac Vascular', 'Intensive Care…']
    """
    made = [""]
    for word in re.sub(r"([/-])(?=\w{4})", "\\1\u200b", words).replace("\u200b", " \u200b").split():
        joint = "" if word.startswith("\u200b") or not made[-1] else " "
        word = word.lstrip("\u200b")
        if made[-1] and len(made[-1]) + len(joint) + len(word) > letters:
            made.append(word)
        else:
            made[-1] += joint + word
    if len(made) > lines:
        made = [*made[: lines - 1], made[lines - 1] + "…"]
    return [line if len(line) <= letters + 1 else line[:letters] + "…" for line in made]


def patterns(id_: str) -> str:
    """Fills for what time may be that differ in black and white too; unknown is blank."""
    fills = {
        "wait": ("wait", '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke-width="1.6"/>'),
        "care": ("care", ""),
        "delay": ("delay", ""),
        "unsplit": (
            "unsplit",
            '<circle cx="2" cy="2" r=".9" stroke="none"/><circle cx="6" cy="6" r=".9" '
            'stroke="none"/>',
        ),
        "travelling": ("card", '<path d="M0 2H8M0 6H8" stroke-width="1.4"/>'),
        "unknown": ("card", ""),
    }
    made = [
        f'<pattern id="{id_}-{part}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{paint(colour)}"/>'
        f'<g stroke="{paint("ink")}" fill="{paint("ink")}" opacity=".55">{marks}</g></pattern>'
        for part, (colour, marks) in fills.items()
    ]
    return f"<defs>{''.join(made)}</defs>"
