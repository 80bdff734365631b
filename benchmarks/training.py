"""How long a training takes: the standard recipe on one labelling campaign's number of crops, beside a plain loop."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.drawn_pits import drawn_pits
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.project import Project
from moedal_gui.tasks.loop import run, worker_count
from moedal_gui.tasks.training.training_plan import training_plan


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
    for turned, words in ((True, "with the same turns"), (False, "without turns")):
        plain = sum(
            sum(fold["epochs"] for fold in expert["folds"])
            * plain_epoch(training_set, expert["name"], settings, turned)
            for expert in told["experts"]
        )
        lines.append(
            f"- a plain loop over the same networks, epochs and examples, {words} (no checkpoints, all cores):"
            f" {plain / 60:.1f} min, {plain / seconds:.2f} times as long"
        )
    lines += [
        f"- {expert['name']}: balanced accuracy {expert['balanced_accuracy']['value']:.3f} on drawn pits"
        for expert in told["experts"]
    ]
    return lines


def plain_epoch(
    training_set: TrainingSet, name: str, settings: TrainingSettings, turned: bool, epochs: int = 3
) -> float:
    """Seconds of one epoch of what a user would write: the same network and optimiser on four fifths of the examples."""
    import torch

    from moedal_gui.learn.augmentation import Augmentation
    from moedal_gui.learn.networks import build

    row = next(r for r in training_set.experts if r.name == name)
    targets = training_set.targets(row)
    asked = np.flatnonzero(targets >= 0)
    held, taught = asked[:: settings.folds], np.setdiff1d(asked, asked[:: settings.folds])
    examples = training_set.examples[row.view]
    wanted = torch.from_numpy(targets)
    network = build(training_set.recipes[row.view], settings, len(row.answers))
    network.learn_scale(examples.taken(taught), training_set.recipes[row.view])
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    random = np.random.default_rng(0)
    turns = Augmentation.of(training_set.recipes[row.view], settings, examples)
    begun = time.perf_counter()
    for _ in range(epochs):
        network.train()
        order = random.permutation(taught)
        for rows in np.array_split(order, max(1, len(order) // settings.batch)):
            part = turns.applied(examples.taken(rows), random) if turned else examples.taken(rows)
            logits = network(torch.from_numpy(part.pictures), torch.from_numpy(part.numbers))
            loss = torch.nn.functional.cross_entropy(logits, wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        network.eval()
        with torch.no_grad():
            network(torch.from_numpy(examples.pictures[held]), torch.from_numpy(examples.numbers[held]))
    return (time.perf_counter() - begun) / epochs
