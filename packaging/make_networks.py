"""Make the shipped networks: draw many foils, take each through the pipeline, label them with their truth, train.

    python packaging/make_networks.py FOLDER [--foils 50]

Every foil has its own lamps, optics, camera, etching, density and orientation. A foil that is whole is kept, so the
script goes on where it was stopped. Every eighth foil is never trained on.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from moedal_gui import paths
from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import expert_row
from moedal_gui.core.task import Plan
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, link, preselect
from moedal_gui.tasks.labels import label_import
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.training import labelled, training_plan

_PITS_A_FIELD = (12.0, 260.0)
# The first foils are etched in any way, those from `_ANY` on about as the lab does it.
_ANY, _ANY_SHALLOWEST_DEG = 38, (30.0, 42.0)
_LAB_H_PX, _LAB_APART_PX, _LAB_SHALLOWEST_DEG = (11.0, 17.0), (55.0, 90.0), (34.0, 40.0)
_COLUMNS, _ROWS = 4, 3
_MOST_A_FOIL = 1000
NAME = "pits"


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


def held_back(seed: int) -> bool:
    """Whether a foil is kept for the figures and never trained on."""
    return seed % 8 == 5


def training_set(folder: Path, seeds: range) -> TrainingSet:
    """The labelled pits of all foils that teach, one below the other; no foil counts more than another by far."""
    parts: list[TrainingSet] = []
    rng = np.random.default_rng(0)
    for seed in seeds:
        if held_back(seed):
            continue
        with Project.open(folder / f"foil-{seed:03d}.moedal") as project:
            found = labelled.training_set(project, labelled.LabelChoice())
        most = _MOST_A_FOIL if seed >= _ANY else _MOST_A_FOIL // 2
        part = _taken(found, np.sort(rng.permutation(len(found))[:most]))
        # Dull pits look too different under another microscope to be told apart by networks that never saw it: they
        # count as pits of their surface, and a person's own labels teach misc.
        parts.append(replace(part, labels=np.where(part.labels == "misc", part.surfaces, part.labels)))
        print(f"foil {seed}: {parts[-1].counts}", flush=True)
    first = parts[0]
    groups = np.concatenate([p.groups + 100_000 * k for k, p in enumerate(parts)])
    total = sum(len(p) for p in parts)
    return TrainingSet(
        experts=tuple(expert_row(name) for name in ("top-bottom", "candidate-top", "candidate-bottom", "signal-others")),
        recipes=first.recipes,
        examples={
            view: Examples(
                np.concatenate([p.examples[view].pictures for p in parts]),
                np.concatenate([p.examples[view].numbers for p in parts]),
            )
            for view in first.examples
        },
        labels=np.concatenate([p.labels for p in parts]),
        surfaces=np.concatenate([p.surfaces for p in parts]),
        groups=groups,
        ids=np.concatenate([[f"{k}/{i}" for i in p.ids] for k, p in enumerate(parts)]),
        densities=np.concatenate([p.densities for p in parts]),
        provenance={
            "text": "trained on simulation", "foils": len(parts), "pits": total,
            "physics": "lamps 4 or 8 at any zero and handedness, both polarities, both sides, any optics and camera; "
            "h 6 to 17 px, etched surfaces 45 to 110 px apart, dips from 30 degrees, 12 to 260 pits a field",
        },
    )  # fmt: skip


def _taken(found: TrainingSet, rows: np.ndarray) -> TrainingSet:
    return replace(
        found,
        examples={view: e.taken(rows) for view, e in found.examples.items()},
        labels=found.labels[rows], surfaces=found.surfaces[rows], groups=found.groups[rows], ids=found.ids[rows],
        densities=found.densities[rows],
    )  # fmt: skip


def train(folder: Path, foils: int) -> None:
    """Train the shipped ensemble on all foils, then on those etched about as the lab does, and put it into models/."""
    wide = TrainingSettings(folds=3, epochs=10, patience=4, batch=128, dropout=0.2)
    near = replace(wide, epochs=8, learning_rate=1e-3)
    with Project.open(folder / "networks.moedal", write=True, create=True) as project:
        _do(training_plan(project, training_set(folder, range(foils)), wide, "wide"))
        polish(project, folder, foils, near, "wide")


def polish(project: Project, folder: Path, foils: int, settings: TrainingSettings, start: str) -> None:
    """Go on from an ensemble with the foils etched about as the lab does; what comes of it is shipped."""
    taught = training_set(folder, range(_ANY, foils))
    _do(training_plan(project, taught, settings, NAME, start=project.experts.entry(start)))
    source = project.experts.entry(NAME).folder
    shutil.rmtree(paths.models() / NAME, ignore_errors=True)
    shutil.copytree(source, paths.models() / NAME / source.name)


def _do(plan: Plan[Any, Any]) -> None:
    print(run(plan).sentence, flush=True)


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--foils", type=int, default=50)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(asked.foils):
        print(f"foil {seed}", flush=True)
        make_foil(asked.folder / f"foil-{seed:03d}.moedal", seed)
    train(asked.folder, asked.foils)


if __name__ == "__main__":
    main()
