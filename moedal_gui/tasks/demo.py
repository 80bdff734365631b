"""The demo: a simulated foil through the whole pipeline, made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moedal_gui import paths
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, link, preselect, score
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.simulate import SimulateParameters, draw

_SEED = 12
_STEPS = ("simulate", "ingest", "preselect", "register", "link", "score")
_MARK = "demo.json"
_WORDS = {"seed": _SEED, "columns": 5, "rows": 3, "pits_low": 20.0, "pits_high": 120.0, "candidates": 45}


@dataclass(frozen=True)
class DemoParameters:
    """What ``demo`` is told."""

    dir: Path | None = field(default=None, metadata=parameter("where the demo is kept"))
    headless: bool = field(default=False, metadata=parameter("do not open the workbench"))


def project_path(parameters: DemoParameters) -> Path:
    """Where the demo's project is."""
    return (parameters.dir or paths.demo_folder()) / "demo.moedal"


def plan(project: None, parameters: DemoParameters) -> Plan[str, Outcome]:
    """The steps that are not done yet; a demo that was cut short goes on."""
    del project
    target = project_path(parameters)
    folder = target.parent
    actions: dict[str, Callable[[], Outcome]] = {
        "simulate": lambda: _simulate(folder),
        "ingest": lambda: _on(target, lambda p: ingest.plan(p, ingest.IngestParameters(tuple(_scans(folder))))),
        "preselect": lambda: _on(target, lambda p: preselect.plan(p, preselect.PreselectParameters())),
        "register": lambda: _on(target, lambda p: register.plan(p, register.RegisterParameters())),
        "link": lambda: _on(target, lambda p: link.plan(p, link.LinkParameters())),
        "score": lambda: _on(target, lambda p: score.plan(p, score.ScoreParameters())),
    }
    done = _done(folder)
    outcomes: list[Outcome] = []

    def work(step: str) -> Outcome:
        return actions[step]()

    def commit(step: str, outcome: Outcome) -> None:
        outcomes.append(outcome)
        _mark(folder, [*_done(folder), step])

    def finish() -> Outcome:
        words = outcomes[-1].sentence if outcomes else "made before"
        return Outcome(
            f"The demo foil is in {target}: {words}",
            {"project": str(target), "steps": list(_STEPS), "made_now": bool(outcomes)},
        )

    return Plan(units=[s for s in _STEPS if s not in done], work=work, commit=commit, finish=finish, done=len(done))


def _on(target: Path, steps: Callable[[Project], Plan[Any, Any]]) -> Outcome:
    with Project.open(target, write=True, create=True) as project:
        return run(steps(project))


def _simulate(folder: Path) -> Outcome:
    scans = folder / "scans"
    part = folder / "scans.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    made = draw(SimulateParameters(part, both_sides=True, **_WORDS))  # type: ignore[arg-type]
    shutil.rmtree(scans, ignore_errors=True)
    part.replace(scans)
    return Outcome(f"{len(made)} scans")


def _scans(folder: Path) -> list[Path]:
    """The normal scan first: it names the frame."""
    found = [p.parent for p in sorted((folder / "scans").rglob("scan.toml"))]
    return sorted(
        found, key=lambda p: ('orientation = "reverse"' in (p / "scan.toml").read_text(encoding="utf-8"), p.name)
    )


def _done(folder: Path) -> list[str]:
    try:
        marked = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [s for s in _STEPS if s in marked.get("done", [])] if marked.get("words") == _WORDS else []


def _mark(folder: Path, done: list[str]) -> None:
    part = folder / f"{_MARK}.part"
    part.write_text(json.dumps({"words": _WORDS, "done": done}), encoding="utf-8")
    part.replace(folder / _MARK)
