"""Small sets whose classes can be seen in their crops, and settings that learn them in seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import EXPERTS, ExpertRow
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe
from moedal_gui.learn.folds import split
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.training_folder import TrainingFolder

SIZE = 12
PIT = Recipe(planes=("slope",), size=SIZE)
PAIR = Recipe(planes=("slope",), size=SIZE, view="pair")
QUICK = TrainingSettings(width=4, folds=2, epochs=6, patience=6, batch=16, learning_rate=1e-2, dropout=0.0, noise=0.05)
STANDARD = tuple(row for row in EXPERTS if row.name in ("top-bottom", "candidate-top", "candidate-bottom"))
TOP_BOTTOM = STANDARD[:1]


def drawn_set(count: int = 120, seed: int = 0, experts: tuple[ExpertRow, ...] = TOP_BOTTOM) -> TrainingSet:
    """Pits of both surfaces, a third of each with a partner: walls fall inwards at the top, outwards at the bottom."""
    random = np.random.default_rng(seed)
    surfaces = np.array(["top", "bottom"])[np.arange(count) % 2]
    signal = np.arange(count) % 3 == 0
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    pictures = random.normal(0.0, 0.15, (count, 1, 3, SIZE, SIZE))
    for n in range(count):
        hill = np.exp(-(x**2 + y**2) / random.uniform(6.0, 10.0)) * (1.0 if surfaces[n] == "top" else -1.0)
        pictures[n, 0, 1] += hill * x
        pictures[n, 0, 2] += hill * y
    numbers = random.normal(size=(count, len(PAIR_NUMBERS)))
    numbers[:, PAIR_NUMBERS.index("found")] = signal + random.normal(0.0, 0.2, count)
    pairs = np.concatenate([pictures, random.normal(0.0, 0.15, pictures.shape)], axis=1)
    pairs[signal, 1, 1:] -= pairs[signal, 0, 1:]
    return TrainingSet(
        experts=experts,
        recipes={"pit": PIT, "pair": PAIR},
        examples={
            "pit": Examples(pictures.astype(np.float32), np.zeros((count, 0), np.float32)),
            "pair": Examples(pairs.astype(np.float32), numbers.astype(np.float32)),
        },
        labels=np.where(signal, "candidate", surfaces),
        surfaces=surfaces,
        groups=np.arange(count) // 2,
        ids=np.array([f"pit {n}" for n in range(count)]),
        densities=random.uniform(100.0, 900.0, count),
        provenance={"text": "drawn", "annotators": ["ada"]},
    )


def shuffled(training_set: TrainingSet, seed: int = 1) -> TrainingSet:
    """The same crops under labels that have nothing to do with them."""
    order = np.random.default_rng(seed).permutation(len(training_set))
    return replace(
        training_set,
        labels=training_set.labels[order],
        surfaces=training_set.surfaces[order],
        groups=np.arange(len(order)),
    )


def frozen(path: Path, training_set: TrainingSet, settings: TrainingSettings = QUICK) -> TrainingFolder:
    """A training's folder, ready for its folds."""
    folder = TrainingFolder(path)
    folds = split(training_set, settings.folds, settings.seed).tolist()
    words = {
        **training_set.to_plain(),
        "settings": settings.to_plain(),
        "split": folds,
        "start": "",
        "folder": path.name,
    }
    folder.freeze(training_set.to_arrays(), words)
    return folder
