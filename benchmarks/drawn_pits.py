"""Crops of pits under eight lamps, as many of each class as one labelling campaign had, for timing alone."""

from __future__ import annotations

import numpy as np

from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import EXPERTS
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe
from moedal_gui.learn.training_set import TrainingSet

CAMPAIGN = {"candidate": 259, "top": 199, "bottom": 811, "misc": 80, "other": 44}
AZIMUTHS = tuple(float(a) for a in range(0, 360, 45))
PIT = Recipe(planes=("rim",), size=28, azimuths_deg=AZIMUTHS)
PAIR = Recipe(planes=("rim",), size=28, azimuths_deg=AZIMUTHS, view="pair")
STANDARD = ("top-bottom", "candidate-top", "candidate-bottom")


def drawn_pits(seed: int = 0) -> TrainingSet:
    """1393 pits: bright walls facing the lamp at the top, facing away at the bottom, on grain."""
    random = np.random.default_rng(seed)
    labels = np.repeat(list(CAMPAIGN), list(CAMPAIGN.values()))
    count = len(labels)
    surfaces = np.where(labels == "top", "top", np.where(labels == "bottom", "bottom", ""))
    surfaces[surfaces == ""] = random.choice(["top", "bottom"], int((surfaces == "").sum()))
    y, x = np.mgrid[:28, :28] - 13.5
    phi = np.radians(AZIMUTHS)[:, None, None]
    pictures = random.normal(0.0, 0.4, (count, 1, 8, 28, 28)).astype(np.float32)
    for n in range(count):
        hill = np.exp(-(x**2 + y**2) / random.uniform(20.0, 60.0)) * (1.0 if surfaces[n] == "top" else -1.0)
        pictures[n, 0] += 0.3 * hill * (x * np.cos(phi) + y * np.sin(phi))
    numbers = random.normal(size=(count, len(PAIR_NUMBERS))).astype(np.float32)
    signal = labels == "candidate"
    numbers[:, PAIR_NUMBERS.index("found")] = signal + random.normal(0.0, 0.7, count)
    other = random.normal(0.0, 0.4, pictures.shape).astype(np.float32)
    other[signal] -= 0.5 * pictures[signal]
    return TrainingSet(
        experts=tuple(row for row in EXPERTS if row.name in STANDARD),
        recipes={"pit": PIT, "pair": PAIR},
        examples={
            "pit": Examples(pictures, np.zeros((count, 0), np.float32)),
            "pair": Examples(np.concatenate([pictures, other], axis=1), numbers),
        },
        labels=labels,
        surfaces=surfaces,
        groups=np.arange(count),
        ids=np.array([str(n) for n in range(count)]),
        densities=np.full(count, np.nan),
    )
