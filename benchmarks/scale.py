"""What a campaign of foils costs: steps of one small foil measured, the rest arithmetic that docs/scale.md spells out."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.linking import draw
from moedal_gui.analysis.links import link as pair
from moedal_gui.analysis.pairing import Geometry
from moedal_gui.core.task import Plan
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, ingest, link, preselect, report, score
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
_COLUMNS, _ROWS = 4, 2
_PITS = (20.0, 80.0)
_SIDE_BYTES, _FOILS, _SIDES = 1.5e9, 1000, 2
_FIELD_PX, _CHANNELS = 640 * 480, 10
_WORKERS = (1, 16, 256)
_APART_PX, _BULK_PX, _PAIR_PITS = 70.0, 15.0, 50


@dataclass(frozen=True)
class Measured:
    """Of one foil in a process of its own; seconds of the processor and of the clock, a step and a field."""

    steps: dict[str, tuple[float, float]]
    fields: int
    pits: int
    input_bytes: int
    project_bytes: int
    peak_bytes: int
    whole_link: tuple[float, int, int]
    load: float


def measure() -> list[str]:
    """Measure, write docs/scale.md, and say the main figures."""
    with tempfile.TemporaryDirectory() as folder:
        words = SimulationParameters(seed=5, columns=_COLUMNS, rows=_ROWS, pits_low=_PITS[0], pits_high=_PITS[1])
        simulate_foil(Path(folder) / "scans", words)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        child = [sys.executable, "-m", "benchmarks.scale", folder]
        said = json.loads(subprocess.run(child, stdout=subprocess.PIPE, text=True, check=True).stdout)
    found = Measured(**said, load=load)
    PAGE.write_text("\n".join(page(found)) + "\n", encoding="utf-8")
    total = sum(cpu for cpu, _ in found.steps.values())
    return [
        f"- {total:.2f} s of one core a field, {found.project_bytes / found.fields / 1e6:.2f} MB a field on disk,"
        f" {found.peak_bytes / 2**20:.0f} MiB at the peak: what that makes of a campaign is in [scale.md](scale.md)"
    ]


def _worked(folder: Path) -> dict[str, Any]:
    """In the process: the steps that a worker of `batch` takes, one after another, with one process."""
    scans = tuple(sorted(p for p in (folder / "scans").iterdir() if p.is_dir()))
    steps: dict[str, tuple[float, float]] = {}
    with Project.open(folder / "foil.moedal", write=True, create=True) as project:

        def take(name: str, *plans: Callable[[], Plan[Any, Any]]) -> None:
            cpu, clock = time.process_time(), time.perf_counter()
            for plan in plans:
                run(plan(), workers=1)
            steps[name] = (time.process_time() - cpu, time.perf_counter() - clock)

        take("ingest", lambda: ingest.plan(project, ingest.IngestParameters(scans)))
        take("preselect", lambda: preselect.plan(project, preselect.PreselectParameters()))
        take("register", lambda: register.plan(project, register.RegisterParameters()))
        take("link", lambda: link.plan(project, link.LinkParameters()))
        take("score", lambda: score.plan(project, score.ScoreParameters()))
        pits = export.ExportParameters("pits", folder / "pits.csv")
        page = report.ReportParameters(folder / "report.html")
        take("export and report", lambda: export.plan(project, pits), lambda: report.plan(project, page))
        fields = sum(len(project.catalogue.fields(s.scan_id)) for s in project.catalogue.scans())
        found = sum(r.summary["pits"] for r in project.catalogue.runs("preselect"))
    peak = _peak_bytes()
    return {
        "steps": {name: (cpu / fields, clock / fields) for name, (cpu, clock) in steps.items()}, "fields": fields, "pits": found,
        "input_bytes": _bytes(folder / "scans"), "project_bytes": _bytes(folder / "foil.moedal"), "peak_bytes": peak,
        "whole_link": _whole_link(),
    }  # fmt: skip


def _whole_link() -> tuple[float, int, int]:
    """Links of as many pits as a whole side has: seconds of one core, pits, and the peak after them, bytes."""
    top, bottom, *_ = draw(np.random.default_rng(7), _PAIR_PITS, 0.03, fields_a_side())
    started = time.process_time()
    pair(top, bottom, Geometry(_BULK_PX, _APART_PX))
    return time.process_time() - started, len(top) + len(bottom), _peak_bytes()


def _bytes(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _peak_bytes() -> int:
    """Most memory this process ever held; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def fields_a_side(channels: int = _CHANNELS) -> int:
    """How many fields the bytes of one side are, as bare pixels."""
    return round(_SIDE_BYTES / (_FIELD_PX * channels))


def page(found: Measured) -> list[str]:
    """The page docs/scale.md."""
    a_field = sum(cpu for cpu, _ in found.steps.values())
    a_foil = fields_a_side() * _SIDES
    seconds = a_foil * a_field
    project = found.project_bytes / found.fields
    files = found.input_bytes / found.fields
    lines = [
        "# What a campaign costs", "",
        f"A campaign of {_FOILS} foils, {_SIDE_BYTES / 1e9:.1f} GB a side, {_FOILS * _SIDES * _SIDE_BYTES / 1e12:.0f} TB together, taken through"
        " `batch`.", "Written by `python -m benchmarks scale`: one small foil is measured, the rest is arithmetic.", "",
        "## Measured", "",
        f"One simulated foil, both sides, {found.fields} fields of 640 x 480 with {_CHANNELS} channels of 8 bit, {found.pits / found.fields:.0f} pits a"
        f" field, one process ({platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; load {found.load:.1f} at the start).", "",
        "| step | seconds of one core a field | seconds of the clock a field |", "|---|---|---|",
        *(f"| {name} | {cpu:.3f} | {clock:.3f} |" for name, (cpu, clock) in found.steps.items()),
        f"| **together** | **{a_field:.2f}** | {sum(clock for _, clock in found.steps.values()):.2f} |", "",
        f"- Disk: {project / 1e6:.2f} MB a field in the project, for {_FIELD_PX * _CHANNELS / 1e6:.2f} MB of pixels (PNG: {files / 1e6:.2f} MB).",
        f"- Memory: {found.peak_bytes / 2**20:.0f} MiB at the peak of that process.",
        f"- Links of a whole side, drawn: {found.whole_link[1]} pits in {found.whole_link[0]:.1f} s of one core, the peak then"
        f" {found.whole_link[2] / 2**20:.0f} MiB.", "",
    ]  # fmt: skip
    if found.load > 0.5:
        lines += ["The machine was busy: the clock's seconds are too long, and the core's may be. **Run it again on a quiet machine.**", ""]  # fmt: skip
    return [
        *lines,
        *_arithmetic(a_field, a_foil, seconds, project),
        *_campaign(found, seconds, project * a_foil),
        *_caveats(),
    ]


def _arithmetic(a_field: float, a_foil: int, seconds: float, project: float) -> list[str]:
    side = _SIDE_BYTES / 1e9
    return [
        "## One foil", "",
        *(f"- Fields a side, {c} channels: {side:.1f} GB / (640 x 480 x {c} bytes = {_FIELD_PX * c / 1e6:.2f} MB) = {fields_a_side(c)}."
          for c in (10, 8)),
        f"- Fields a foil, 10 channels: {fields_a_side()} x {_SIDES} = {a_foil}.",
        f"- Time: {a_foil} fields x {a_field:.2f} s = {seconds:.0f} s = {seconds / 3600:.2f} h on one core.",
        f"- Disk: {a_foil} fields x {project / 1e6:.2f} MB = {a_foil * project / 1e9:.1f} GB, beside the {side * _SIDES:.1f} GB it was read from.",
        "",
    ]  # fmt: skip


def _campaign(found: Measured, seconds: float, disk: float) -> list[str]:
    peak = max(found.peak_bytes, found.whole_link[2])
    lines = [
        f"## {_FOILS} foils", "",
        f"A foil is one unit of work, so {_FOILS} foils on W workers take ceil({_FOILS} / W) times the {seconds / 3600:.2f} h of one. A worker is one"
        " core. What is read and written a second is the pixels and the project of a foil, times W, over its time.", "",
        "| workers | rounds | hours | days | disk, TB | memory, GiB | read and written, MB/s |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for workers in _WORKERS:
        rounds = math.ceil(_FOILS / workers)
        hours = rounds * seconds / 3600
        traffic = workers * (_SIDE_BYTES * _SIDES + disk) / seconds / 1e6
        lines.append(
            f"| {workers} | {rounds} | {hours:.1f} | {hours / 24:.1f} | {_FOILS * disk / 1e12:.1f} | {workers * peak / 2**30:.1f} | {traffic:.0f} |"
        )
    return [*lines, ""]


def _caveats() -> list[str]:
    return [
        "## Assumed", "",
        "- 1.5 GB a side are bare pixels of 8 bit. Were they PNG files, they would hold about as many times more fields as PNG is smaller.",
        "- A field costs what it costs here: as many pits, as many channels. Dense fields cost more (see [measured figures](benchmarks.md)).",
        "- Every step takes time in proportion to the number of fields. Links were drawn at the size of a side to see that they stay small; the",
        "  fixed part of the report is counted with every field, so that it is overrated.",
        "- Cores are as fast as this one, and do not slow each other down.", "",
        "## Not measured", "",
        "- Disks and networks: the hours hold while the last column of the table is less than what they give.",
        "- A whole foil of 1.5 GB a side in one go, and more than two workers at a time.",
        "- The look at every input file when a batch is called again: one question to the file system a file.",
        "- The memory of `register`, `export` and `report` with as many pits as a whole foil has.",
        "- Workers that die: a foil that was under way goes on from the field it was at.",
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_worked(Path(sys.argv[1]))))
