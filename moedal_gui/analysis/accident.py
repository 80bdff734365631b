"""Whether two scans' pits lie on each other more than accident would have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from moedal_gui.analysis.matching import mutual

Floats = npt.NDArray[np.float64]

_GATE_PX = (2.0, 6.0)
_OF_SPACING = 0.2
_FREE = 2  # pairs that a turn and a shift can always be made to fit
_CHANCE = 1e-4
_LEAST_PAIRS = 6
_LEAST_RATIO = 1.3
_RINGS = (8.0, 14.0, 20.0)
_DIRECTIONS = 8


@dataclass(frozen=True)
class Beyond:
    """Pairs of mutual neighbours, and what copies shifted a little have of them.

    ``matched``: pairs found; ``expected``: mean over the shifted copies; ``real``: whether accident is ruled out.
    """

    matched: int
    expected: float
    real: bool


def gate_for(a: Floats, b: Floats) -> float:
    """How near two pits (px) must lie to count as a pair: 6 px, less where pits are dense."""
    density = max(len(p) / max(float(np.prod(np.ptp(p, axis=0))), 1.0) for p in (a, b))
    return float(np.clip(_OF_SPACING / np.sqrt(density), *_GATE_PX))


def judged(a: Floats, b: Floats, trials: float) -> Beyond:
    """Compare places (N, 2) and (M, 2), px, brought together by the best of ``trials`` attempts.

    The number of pairs is held against a Poisson law about the mean of 24 copies of b shifted by 8 to 20 gates, made wider
    where those scatter more than Poisson (pits in clumps); the chance is multiplied by ``trials``.
    """
    if min(len(a), len(b)) < _LEAST_PAIRS:
        return Beyond(0, 0.0, False)
    gate = gate_for(a, b)
    matched = len(mutual(a, b, gate)[0])
    angle = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    steps = [r * gate * np.array([np.cos(t), np.sin(t)]) for r in _RINGS for t in angle]
    copies = np.array([len(mutual(a, b + step, gate)[0]) for step in steps], float)
    expected = float(copies.mean())
    wider = max(1.0, float(copies.var()) / max(expected, 1.0))
    chance = float(poisson.logsf((matched - _FREE) / wider - 1, max(expected, 0.05) / wider))
    real = (
        matched >= _LEAST_PAIRS
        and matched > _LEAST_RATIO * float(copies.max())
        and chance + np.log(max(trials, 1.0)) < np.log(_CHANCE)
    )
    return Beyond(matched, expected, bool(real))
