"""Writes the pages of the reference that are made from what the program itself reads."""

import os
import re
from pathlib import Path

from typer.testing import CliRunner

from wholeflow.cli import app
from wholeflow.events import choices, table, table_names
from wholeflow.events.declared import common_fields, read_rows
from wholeflow.journeys import columns
from wholeflow.journeys.asking import questions
from wholeflow.journeys.operators import DERIVED
from wholeflow.measures import definitions
from wholeflow.measures.spc import presets
from wholeflow.sources.mapping_file import shipped_mapping, shipped_mappings

MADE = Path(__file__).parent / "reference" / "made"
VERBS = (
    "mapping draft", "load", "link", "check", "journeys", "census", "measure", "mark", "map",
    "variants", "conform", "plot", "report", "export", "demo", "today", "sql",
)  # fmt: skip


def write_pages() -> None:
    """Write every made page, leaving those that have not changed alone."""
    MADE.mkdir(exist_ok=True)
    pages = {
        "tables": tables_page(),
        "derived-tables": derived_page(),
        "lists": lists_page(),
        "measures": measures_page(),
        "checks": checks_page(),
        "sources": sources_page(),
        "commands": commands_page(),
    }
    for name, text in pages.items():
        path = MADE / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def rows_of(fields):
    lines = ["| column | type | unit | required | default | meaning |", "|---|---|---|---|---|---|"]
    for f in fields:
        need = "yes" if f.required else ""
        lines.append(f"| `{f.name}` | {f.type} | {f.unit} | {need} | {f.default} | {f.meaning} |")
    return "\n".join(lines)


def tables_page():
    parts = [
        "# Declared tables",
        "What happened, and what there is. The files that this page is made from also validate "
        "what comes in and fill the defaults. Every table has these columns:",
        rows_of(common_fields()),
    ]
    for name in table_names():
        own = table(name).own
        parts += [f"## {name}", rows_of(own) if own else "No columns but those of every table."]
    return "\n\n".join(parts) + "\n"


def derived_page():
    parts = [
        "# Derived tables",
        "Worked out from events when they are asked for, by the SQL files in "
        "`src/wholeflow/journeys/sql/`. `journeys.table(NAME)` shows them with names; "
        "`journeys.query(SQL)` reads them as they are. § numbers are [rules](../../rules.md).",
    ]
    for name in DERIVED:
        parts += [f"## {name}", rows_of(columns(name))]
    return "\n\n".join(parts) + "\n"


def lists_page():
    parts = ["# Closed lists", "The values that columns of type `choice` take."]
    names = [
        "kinds",
        *dict.fromkeys(r["list"] for r in read_rows("wholeflow.events", "tables/choices.csv")),
    ]
    for name in names:
        rows = [f"| `{value}` | {meaning} |" for value, meaning in choices(name).items()]
        parts += [f"## {name}", "\n".join(["| value | meaning |", "|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


def measures_page():
    parts = [
        "# Measures",
        "Each is a TOML file in `src/wholeflow/measures/definitions/`; a file of your own works as "
        "well: `wholeflow measure STORE my-measure.toml`.",
    ]
    for d in definitions().values():
        better = {"up": "higher is better", "down": "lower is better"}.get(d.improves, "neither")
        rules = ", ".join(d.rules)
        parts += [
            f"## {d.name}",
            f"**{d.title}**, version {d.version}, in {d.unit}; {better}. {d.meaning} "
            f"Rules: {rules}.",
        ]
    parts += ["## XmR presets", "Charts over time name the preset that judged them."]
    parts += [f"- `{name}`: {preset.title}. {preset.meaning}" for name, preset in presets().items()]
    return "\n\n".join(parts) + "\n"


def checks_page():
    parts = ["# Checks", "What `wholeflow check` looks for, the worst first."]
    for q in questions():
        parts += [f"## {q.name}", f"**{q.title}** ({q.severity}, {q.rule}). {q.meaning} {q.repair}"]
    return "\n\n".join(parts) + "\n"


def sources_page():
    parts = ["# Sources", "The mappings that come with wholeflow."]
    for name in shipped_mappings():
        m = shipped_mapping(name)
        files = "\n".join(
            f"- `{f.feed}` reads {', '.join(f.match)}: {len(f.columns())} columns" for f in m.files
        )
        parts += [
            f"## {name}",
            f"{m.title}. Local time: {m.zone}. Clock: {m.clock.replace('_', ' ')}. {m.licence}",
            files,
        ]
    return "\n\n".join(parts) + "\n"


def commands_page():
    os.environ["COLUMNS"] = "100"
    parts = [
        "# Commands",
        "Exit status: 0 done; 1 refused, with what, where and what to do; 2 wrong usage.",
    ]
    for verb in VERBS:
        text = CliRunner().invoke(app, [*verb.split(), "--help"], color=False).output
        text = re.sub(r"\x1b\[[0-9;]*m", "", text).strip("\n")
        parts += [f"## {verb}", f"```text\n{text}\n```"]
    return "\n\n".join(parts) + "\n"
