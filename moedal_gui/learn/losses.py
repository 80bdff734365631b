"""Losses, and how classes of unequal size are brought into balance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from moedal_gui.learn.settings import TrainingSettings

LossOf = Callable[[Tensor, Tensor], Tensor]
_SIGNAL = "candidate"


def class_weights(targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float64]:
    """The square root of how rare each class is, 1 on average over the examples.

    The root and not the whole: a class of ten examples would shake the training, and the calibration that follows
    brings back the true frequencies anyway.
    """
    counts = np.maximum(np.bincount(targets, minlength=classes), 1).astype(np.float64)
    weights = np.sqrt(counts.sum() / counts)
    return np.asarray(weights / np.average(weights, weights=counts), np.float64)


def loss_of(settings: TrainingSettings, answers: Sequence[str], targets: npt.NDArray[np.int64]) -> LossOf:
    """The loss of these settings as a function of logits (N, classes) and targets (N,).

    ``focal`` leaves out what is known already (Lin et al., arXiv:1708.02002); ``signal-price`` multiplies what a lost
    candidate costs (the first answer where no candidate is asked for).
    """
    weights = np.ones(len(answers))
    if settings.balance == "weights":
        weights = class_weights(targets, len(answers))
    if settings.loss == "signal-price":
        weights = weights.copy()
        weights[answers.index(_SIGNAL) if _SIGNAL in answers else 0] *= settings.signal_price
    weight = torch.tensor(weights, dtype=torch.float32)

    def cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
        return functional.cross_entropy(logits, wanted, weight=weight, label_smoothing=settings.smoothing)

    def focal(logits: Tensor, wanted: Tensor) -> Tensor:
        known = functional.log_softmax(logits, dim=1).gather(1, wanted[:, None])[:, 0]
        share = weight[wanted]
        return -(share * (1.0 - known.exp()) ** settings.focal_gamma * known).sum() / share.sum()

    return focal if settings.loss == "focal" else cross_entropy


def epoch_order(
    targets: npt.NDArray[np.int64], settings: TrainingSettings, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """In which order an epoch shows the examples; with ``sampling`` every class comes equally often."""
    if settings.balance != "sampling":
        return random.permutation(len(targets))
    counts = np.bincount(targets)
    chance = 1.0 / counts[targets]
    return random.choice(len(targets), size=len(targets), p=chance / chance.sum())
