"""What made what: every run of a project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moedal_gui.core.task import Outcome, Plan, at_once
from moedal_gui.store.project import Project


@dataclass(frozen=True)
class RunsParameters:
    """``runs`` needs no words."""


def plan(project: Project, parameters: RunsParameters) -> Plan[None, None]:
    """List them."""
    del parameters
    return at_once(lambda: _runs(project))


def _runs(project: Project) -> Outcome:
    names = {s.scan_id: s.scan for s in project.catalogue.scans()}
    current = {
        r.run_id
        for scan in [None, *names]
        for task in ("preselect", "register", "link")
        if (r := project.catalogue.current_run(task, scan))
    }
    rows = [
        {
            "name": r.name, "task": r.task, "scan": names.get(r.scan_id or -1), "state": "whole" if r.finished else "unfinished",
            "current": r.run_id in current and (r.task != "preselect" or r.scan_id is not None), "version": r.version, "parameters": dict(r.parameters),
            "input_hash": r.input_hash, "started": r.started, "finished": r.finished, "taken_up": r.taken_up,
            "pits": r.summary.get("pits"), "candidates": r.summary.get("candidates"),
        }
        for r in project.catalogue.runs()
    ]  # fmt: skip
    lines = [
        f"{'*' if r['current'] else ' '} {r['name']}  {r['scan'] or '-'}  {r['state']}  {r['started']}" for r in rows
    ]
    return Outcome("\n".join(lines) or "No runs yet", {"runs": rows})


def parameter_words(values: Mapping[str, Any]) -> str:
    """Plain values of a run in one line."""
    plain = {k: v for k, v in values.items() if isinstance(v, str | int | float) and v != ""}
    return ", ".join(f"{k.replace('_', ' ')} {v if isinstance(v, str) else json.dumps(v)}" for k, v in plain.items())
