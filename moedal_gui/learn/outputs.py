"""Logits of a network in torch, plain and over the symmetries of its input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.imaging.planes import plane_group
from moedal_gui.learn.settings import TrainingSettings

Float32 = npt.NDArray[np.float32]
_BATCH = 256


def logits_of(network: nn.Module, examples: Examples) -> Float32:
    """Shape (N, classes)."""
    network.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, max(len(examples), 1), _BATCH):
            rows = slice(start, start + _BATCH)
            pictures = np.ascontiguousarray(examples.pictures[rows])
            numbers = np.ascontiguousarray(examples.numbers[rows])
            if len(pictures):
                parts.append(network(torch.from_numpy(pictures), torch.from_numpy(numbers)).numpy())
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)


def turned_logits(network: nn.Module, examples: Examples, recipe: Recipe, settings: TrainingSettings) -> Float32:
    """Mean over the exact symmetries, as an ensemble scores; one look where the network sees them all by itself."""
    if settings.network == "equivariant":
        return logits_of(network, examples)
    parts = [logits_of(network, element.applied(examples)) for element in plane_group(recipe, resampling=False)]
    return np.mean(np.stack(parts), axis=0, dtype=np.float32)
