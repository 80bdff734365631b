"""How long a training takes: the standard recipe on one labelling campaign's number of crops."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.drawn_pits import drawn_pits
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.store.project import Project
from moedal_gui.tasks.loop import run, worker_count
from moedal_gui.tasks.training import training_plan


def measure() -> list[str]:
    """Train three experts of five folds and say how long it took."""
    settings = TrainingSettings()
    training_set = drawn_pits()
    with (
        tempfile.TemporaryDirectory() as home,
        Project.open(Path(home) / "b.moedal", write=True, create=True) as project,
    ):
        begun = time.perf_counter()
        told = run(training_plan(project, training_set, settings, "experts")).values
        seconds = time.perf_counter() - begun
    epochs = sum(fold["epochs"] for expert in told["experts"] for fold in expert["folds"])
    lines = [
        f"- {len(training_set)} crops of 8 x 28 x 28, three experts of two answers, {settings.folds} folds, network"
        f" {settings.network}, on {worker_count()} cores: {seconds / 60:.1f} min ({epochs} epochs)"
    ]
    lines += [
        f"- {expert['name']}: balanced accuracy {expert['balanced_accuracy']['value']:.3f} on drawn pits"
        for expert in told["experts"]
    ]
    return lines
