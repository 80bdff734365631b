"""The unit of a training, one fold of one expert, and how it ends; loads no torch, so that any process may make it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from moedal_gui.learn.settings import TrainingSettings

Status = Literal["learned", "learned on the second try", "does not learn"]


@dataclass(frozen=True)
class FoldUnit:
    """One fold to train; small, so that it travels to another process.

    Attributes
    ----------
    folder
        The training's folder, with the frozen set in it.
    start
        Weights to begin from (an npz with every fold's), or None.
    """

    folder: Path
    expert: str
    fold: int
    settings: TrainingSettings
    seed: int
    start: Path | None = None


@dataclass(frozen=True)
class FoldResult:
    """How a fold ended; `status` tells whether it is fit for the ensemble."""

    expert: str
    fold: int
    status: Status
    epochs: int
    best_epoch: int
    validation_loss: float
    balanced_accuracy: float
    examples: int
    seconds: float
    seed: int
