"""The command line of a task: what a person would type to get the same."""

from __future__ import annotations

import shlex
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from moedal_gui.core.task import Parameter
from moedal_gui.tasks.row import TaskRow

PROGRAM = "moedal-gui"


def command_line(row: TaskRow, project: Path | None, parameters: Any) -> str:
    """One line for a shell; parameters at their defaults are left out."""
    words = [PROGRAM, *row.verb.split()]
    if row.needs != "nothing" and project is not None:
        words.append(str(project))
    positional: list[str] = []
    options: list[str] = []
    for one in fields(parameters):
        meta = one.metadata.get("parameter")
        value = getattr(parameters, one.name)
        if not isinstance(meta, Parameter) or _is_default(one, value):
            continue
        texts = _texts(value)
        if meta.positional:
            positional += texts
        elif value is True:
            options.append(_flag(one.name))
        elif value is False:
            options.append(f"--no-{_flag(one.name)[2:]}")
        elif meta.many:
            options += [word for text in texts for word in (_flag(one.name), text)]
        else:
            options += [meta.short or _flag(one.name), ",".join(texts)]
    return shlex.join([*words, *positional, *options])


def _flag(name: str) -> str:
    return "--" + name.rstrip("_").replace("_", "-")


def _is_default(one: Any, value: Any) -> bool:
    if one.default is not MISSING:
        return bool(value == one.default)
    return one.default_factory is not MISSING and value == one.default_factory()


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, tuple | list):
        return [str(v) for v in value]
    return [str(value)]
