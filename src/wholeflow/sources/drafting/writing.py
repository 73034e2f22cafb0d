"""The parts of a mapping as TOML text, each with the words why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wholeflow.sources.drafting.roles import Time

WIDTH = 96


def text(value: str) -> str:
    """A TOML string.

    >>> print(text("Cedar's"))
    "Cedar's"
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(values: Sequence[str]) -> str:
    """A TOML list of strings."""
    return f"[{', '.join(text(value) for value in values)}]"


def table(fields: Mapping[str, str]) -> str:
    """An inline table of keys and values that are TOML already."""
    return "{ " + ", ".join(f"{_key(name)} = {value}" for name, value in fields.items()) + " }"


def _key(name: str) -> str:
    plain = name.replace("_", "a").replace("-", "a")
    return name if plain.isascii() and plain.isalnum() else text(name)


def cell(*columns: str, **more: str) -> str:
    """A cell of one column or several."""
    column = text(columns[0]) if len(columns) == 1 else listed(columns)
    return table({"column": column, **more})


def time_cell(time: Time, usual: tuple[str, ...], **more: str) -> str:
    """A time, with its formats where they are not the usual ones of the file."""
    formats = {} if time.formats in ((), usual) else {"format": _formats(time.formats)}
    return cell(*time.columns, **formats, **more)


def _formats(formats: tuple[str, ...]) -> str:
    return text(formats[0]) if len(formats) == 1 else listed(formats)


def comment(words: str, indent: str = "") -> list[str]:
    """Words as comment lines of bounded width; what breaks lines in a name is left out."""
    lines, line = [], f"{indent}#"
    for word in words.split():
        if len(line) + 1 + len(word) > WIDTH and line != f"{indent}#":
            lines.append(line)
            line = f"{indent}#  "
        line += f" {word}"
    return [*lines, line]


@dataclass
class Said:
    """One thing that rows say, before it is written."""

    fields: dict[str, str]
    why: str = ""
    decide: bool = False
    conditions: dict[str, dict[str, str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Its TOML."""
        mark = "decide: " if self.decide else ""
        head = comment(f"{mark}{self.why}") if self.why else []
        conditions = [f"{name} = {table(tests)}" for name, tests in self.conditions.items()]
        pairs = [f"{name} = {value}" for name, value in self.fields.items()]
        return ["", *head, "[[file.says]]", *conditions, *pairs]


@dataclass
class Guess:
    """One ``[[file]]``, before it is written."""

    feed: str
    about: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    each: dict[str, str] = field(default_factory=dict)
    says: list[Said] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Its TOML; where its rows say nothing that can be kept, all of it as comments."""
        if not self.says:
            told = [*self.about, f"columns: {', '.join(self.columns)}"]
            return ["", *(line for words in told for line in comment(words))]
        lines = ["", *(line for words in self.about for line in comment(words)), "[[file]]"]
        lines.append(f"feed = {text(self.feed)}")
        lines += self._pairs(self.keys)
        if self.each:
            lines += ["", "[file.each]", *self._pairs(self.each)]
        lines += [line for said in self.says for line in said.lines()]
        if self.left_out:
            lines += ["", "# Not used:"]
            for column, why in self.left_out:
                lines += comment(f"{' '.join(column.split())}: {why}")
        return lines

    def _pairs(self, pairs: Mapping[str, str]) -> list[str]:
        lines = []
        for name, value in pairs.items():
            if name in self.notes:
                lines += comment(self.notes[name])
            lines.append(f"{name} = {value}")
        return lines
