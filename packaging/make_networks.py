"""Make the shipped networks: draw many foils, take each through the pipeline, label them with their truth, train.

    python packaging/make_networks.py FOLDER [--foils 48]

Every foil has its own lamps, optics, camera, etching, density and orientation. A foil that is whole is kept, so the
script goes on where it was stopped. The last foils are never trained on: the figures on the cards come from them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from moedal_gui.core.task import Plan
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, label_import, link, preselect
from moedal_gui.tasks.loop import run

_PITS_A_FIELD = (12.0, 260.0)
# The first foils are etched in any way, those from `_ANY` on about as the lab does it.
_ANY, _ANY_SHALLOWEST_DEG = 38, (30.0, 42.0)
_LAB_H_PX, _LAB_APART_PX, _LAB_SHALLOWEST_DEG = (11.0, 17.0), (55.0, 90.0), (34.0, 40.0)
_COLUMNS, _ROWS = 4, 3


def make_foil(project: Path, seed: int) -> None:
    """One foil as a labelled project; nothing when it is there."""
    if project.is_dir():
        return
    part = project.with_name(f"part-{project.name}")
    shutil.rmtree(part, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        parameters, sides = draw_parameters(seed)
        simulate_foil(folder, parameters)
        with Project.open(part, write=True, create=True) as opened:
            _do(ingest.plan(opened, ingest.IngestParameters(tuple(folder / s for s in sides))))
            _do(preselect.plan(opened, preselect.PreselectParameters()))
            _do(link.plan(opened, link.LinkParameters()))
            for side in sides:
                _do(label_import.plan(opened, label_import.LabelImportParameters(folder / f"truth_{side}.csv")))
    part.replace(project)


def draw_parameters(seed: int) -> tuple[SimulationParameters, tuple[str, ...]]:
    """What is drawn for a foil, and which of its scans are taken."""
    rng = np.random.default_rng([seed, 77])
    low, high = np.sort(np.exp(rng.uniform(*np.log(_PITS_A_FIELD), 2)))
    pits = 0.5 * (low + high) * _COLUMNS * _ROWS
    sides = (("c1",), ("cr",), ("c1", "cr"))[int(rng.choice(3, p=[0.65, 0.2, 0.15]))]
    lab = seed >= _ANY
    parameters = SimulationParameters(
        seed=100_000 + seed,
        columns=_COLUMNS,
        rows=_ROWS,
        pits_low=float(low),
        pits_high=float(high),
        candidates=int(np.clip(pits * rng.uniform(0.04, 0.16), 12, 300)),
        channels=(10, 8, 4)[int(rng.choice(3, p=[0.4, 0.3, 0.3]))],
        both_sides="cr" in sides,
        bits=None,
        h_px=float(rng.uniform(*_LAB_H_PX)) if lab else None,
        surfaces_apart_px=float(rng.uniform(*_LAB_APART_PX)) if lab else None,
        dip_range_deg=(float(rng.uniform(*(_LAB_SHALLOWEST_DEG if lab else _ANY_SHALLOWEST_DEG))), 90.0),
    )
    return parameters, sides


def _do(plan: Plan[Any, Any]) -> None:
    print(run(plan).sentence, flush=True)


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--foils", type=int, default=48)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(asked.foils):
        print(f"foil {seed}", flush=True)
        make_foil(asked.folder / f"foil-{seed:03d}.moedal", seed)


if __name__ == "__main__":
    main()
