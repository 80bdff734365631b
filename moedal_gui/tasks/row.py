"""A row of the table of tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from moedal_gui.core.task import Plan

Needs = Literal["nothing", "reader", "writer", "maker"]


@dataclass(frozen=True)
class TaskRow:
    """One step of the pipeline: a subcommand, a form and a job in one.

    Attributes
    ----------
    verb
        The word on the command line; two words for a group (``label import``).
    title
        What menus and forms call it.
    explain
        One sentence of help.
    parameters
        A frozen dataclass whose fields carry `core.task.Parameter` metadata.
    plan
        ``plan(project, parameters)``; ``project`` is None where ``needs`` is ``nothing``.
    needs
        ``reader``, ``writer`` or ``maker`` (a writer that may create the project).
    """

    verb: str
    title: str
    explain: str
    parameters: type[Any]
    plan: Callable[[Any, Any], Plan[Any, Any]]
    needs: Needs = "reader"
