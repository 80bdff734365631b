"""How a detector is trained; loads no torch, so that any process may say it."""

from __future__ import annotations

from dataclasses import dataclass

WIDTHS_TO_BOXES = (24, 48, 80, 128, 160)
"""Of the network that learns from boxes: what a box holds may be anything, and has to be told from much else."""
STEPS_A_ROUND = 50
"""Steps of one round: after each the training can be taken up again."""


@dataclass(frozen=True)
class DetectorSettings:
    """Settings of a detector's training.

    Attributes
    ----------
    surfaces
        2: pits of either surface apart; 1: all alike.
    window_px
        Side of the windows it learns from, a multiple of 16.
    boxed
        Whether pits are known as well as boxes are drawn by hand: centres are vague, and nothing is taught of where tips point.
    widths
        Channels of each level of the network; empty: what suits what it looks at.
    """

    surfaces: int = 2
    steps: int = 4000
    batch: int = 8
    window_px: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    boxed: bool = False
    widths: tuple[int, ...] = ()
    seed: int = 0
