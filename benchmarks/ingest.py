"""Ingest beside bare decoding of the same files."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.loop import run

_ROUNDS = 3
_COLUMNS, _ROWS = 8, 8


def measure() -> list[str]:
    """Lines of a table: seconds and ratio, medians of a few rounds."""
    with tempfile.TemporaryDirectory() as folder:
        scans = simulate_foil(
            Path(folder) / "scans", SimulationParameters(seed=5, columns=_COLUMNS, rows=_ROWS, both_sides=False)
        )
        bare, whole = [], []
        for number in range(_ROUNDS):
            bare.append(_decode(scans[0]))
            whole.append(_ingest(scans[0], Path(folder) / f"{number}.moedal"))
        fields = _COLUMNS * _ROWS
        ratios = np.array(whole) / np.array(bare)
        return [
            f"| step | seconds for {fields} fields of 10 pictures | fields per second |", "|---|---|---|",
            f"| bare decoding (Pillow, one thread) | {np.median(bare):.2f} | {fields / np.median(bare):.1f} |",
            f"| ingest: decoding, checksummed HDF5 with all levels, fsync, flat field | {np.median(whole):.2f} | {fields / np.median(whole):.1f} |",
            f"| **ratio** | **{np.median(ratios):.2f}** ({ratios.min():.2f} to {ratios.max():.2f}) | |",
        ]  # fmt: skip


def _decode(scan: Path) -> float:
    started = time.perf_counter()
    for file in sorted(scan.glob("*.png")):
        with Image.open(file) as image:
            np.asarray(image)
    return time.perf_counter() - started


def _ingest(scan: Path, project_path: Path) -> float:
    started = time.perf_counter()
    with Project.open(project_path, write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((scan,))))
    return time.perf_counter() - started
