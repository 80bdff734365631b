"""Write docs/reference.md from the three tables that tell the whole program: TASKS, COMMANDS, PANELS."""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields
from pathlib import Path

from moedal_gui.app.commands import COMMANDS
from moedal_gui.tasks.row import TaskRow
from moedal_gui.tasks.table import TASKS
from moedal_gui.ui.panels.table import PANELS

PAGE = Path(__file__).resolve().parent / "reference.md"


def text() -> str:
    """The page."""
    lines = ["# Reference", "", "Made from the program's own tables by `docs/make_reference.py`.", "", "## Verbs", ""]
    for row in TASKS:
        lines += [*_verb(row), ""]
    lines += ["## Commands", "", "| command | keys | what it does |", "|---|---|---|"]
    lines += [f"| {c.title} | {', '.join(c.keys) or '-'} | {c.tip} |" for c in COMMANDS]
    lines += ["", "## Panels", "", "| panel | what it shows |", "|---|---|"]
    lines += [f"| [{p.title}](panels/{p.id}.md) | {p.tip} |" for p in PANELS]
    return "\n".join(lines) + "\n"


def _verb(row: TaskRow) -> list[str]:
    project = "" if row.needs == "nothing" else " PROJECT"
    spoken = [f for f in fields(row.parameters) if "parameter" in f.metadata]
    places = [
        f.name.upper() + ("..." if f.metadata["parameter"].many else "")
        for f in spoken
        if f.metadata["parameter"].positional
    ]
    lines = [f"### `{' '.join([row.verb + project, *places])}`", "", row.explain, ""]
    for item in spoken:
        words = item.metadata["parameter"]
        name = item.name.upper() if words.positional else f"--{item.name.replace('_', '-')}"
        default = "" if item.default in (MISSING, None, False) else f" (default {item.default})"
        choices = f": {', '.join(words.choices)}" if words.choices else ""
        lines.append(f"- `{name}` {words.explain}{choices}{default}")
    return lines


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            0
            if PAGE.read_text(encoding="utf-8") == text()
            else "docs/reference.md is out of date: run docs/make_reference.py"
        )
    PAGE.write_text(text(), encoding="utf-8")
