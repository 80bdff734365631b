"""How many pits an ensemble scores in a second, and what torch would take for the same."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.drawn_pits import drawn_pits
from moedal_gui.infer.ensemble import Ensemble
from moedal_gui.learn.networks import build
from moedal_gui.learn.outputs import turned_logits
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.store.project import Project
from moedal_gui.store.registry import checked
from moedal_gui.tasks.loop import run, worker_count
from moedal_gui.tasks.training.training_plan import training_plan

_SETTINGS = TrainingSettings(epochs=2)


def measure() -> list[str]:
    """Pits a second with all symmetries and all folds, and with fewer of them."""
    training_set = drawn_pits()
    with (
        tempfile.TemporaryDirectory() as home,
        Project.open(Path(home) / "b.moedal", write=True, create=True) as project,
    ):
        run(training_plan(project, training_set, _SETTINGS, "experts"))
        entry = project.experts.current()
        assert entry is not None, "the drawn pits were not learnt"
        one = Ensemble(checked(entry.folder), entry.folder, threads=1)
        every = Ensemble(checked(entry.folder), entry.folder)
        count = len(training_set)
        lines = [
            f"- {len(one.experts)} experts of {_SETTINGS.folds} folds, all symmetries: "
            f"{count / _seconds(lambda: one.scores(training_set.examples)):.0f} pits/s on one core,"
            f" {count / _seconds(lambda: every.scores(training_set.examples)):.0f} on {worker_count()}",
            f"- the same with two symmetries: {count / _seconds(lambda: one.scores(training_set.examples, turns=2)):.0f}"
            " pits/s on one core",
        ]
    torch.set_num_threads(1)
    networks = [
        (build(training_set.recipes[row.view], _SETTINGS, 2).eval(), row.view)
        for row in training_set.experts
        for _ in range(_SETTINGS.folds)
    ]

    def by_torch() -> None:
        for network, view in networks:
            turned_logits(network, training_set.examples[view], training_set.recipes[view], _SETTINGS)

    return [*lines, f"- the same networks in torch: {count / _seconds(by_torch):.0f} pits/s on one core"]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
