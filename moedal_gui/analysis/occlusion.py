"""Which pixels and which planes a score hangs on: hide them, and see how far it falls (Zeiler and Fergus, ECCV 2014)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.float32]
Score = Callable[[Planes], npt.NDArray[np.floating]]
"""Batch (N, C, S, S) -> score (N,)."""

_BATCH = 64


@dataclass(frozen=True)
class Occlusion:
    """What hiding does to a score.

    Attributes
    ----------
    score
        With nothing hidden.
    pixels
        (S, S): mean fall of the score over the windows that hide a pixel; negative where hiding raises it.
    planes
        (C,): fall of the score when one plane is made flat.
    """

    score: float
    pixels: npt.NDArray[np.float64]
    planes: npt.NDArray[np.float64]


def occlusion(planes: Planes, score: Score, *, window: int | None = None, step: int | None = None) -> Occlusion:
    """Hide square after square of a crop (C, S, S), and plane after plane.

    Hidden is what is replaced by the plane's median, which a pit's surroundings have.

    Parameters
    ----------
    window
        Side of the square, px; a quarter of the crop by default.
    step
        Distance of the squares, px; half a window by default.
    """
    channels, side, _ = planes.shape
    window = window or max(side // 4, 3)
    step = step or max(window // 2, 1)
    flat = np.median(planes.reshape(channels, -1), axis=1).astype(np.float32)
    corners = _corners(side, window, step)
    whole, dropped = planes[None], np.repeat(planes[None], channels, axis=0)
    for c in range(channels):
        dropped[c, c] = flat[c]
    fixed = _scored(np.concatenate([whole, dropped]), score)
    falls = np.empty(len(corners))
    for first in range(0, len(corners), _BATCH):
        part = corners[first : first + _BATCH]
        batch = np.repeat(planes[None], len(part), axis=0)
        for n, (y, x) in enumerate(part):
            batch[n, :, y : y + window, x : x + window] = flat[:, None, None]
        falls[first : first + len(part)] = fixed[0] - _scored(batch, score)
    total, times = np.zeros((side, side)), np.zeros((side, side))
    for (y, x), fall in zip(corners, falls, strict=True):
        total[y : y + window, x : x + window] += fall
        times[y : y + window, x : x + window] += 1.0
    return Occlusion(float(fixed[0]), total / np.maximum(times, 1.0), fixed[0] - fixed[1:])


def _corners(side: int, window: int, step: int) -> list[tuple[int, int]]:
    starts = list(range(0, max(side - window, 0) + 1, step))
    if starts[-1] != side - window:
        starts.append(max(side - window, 0))
    return [(y, x) for y in starts for x in starts]


def _scored(batch: Planes, score: Score) -> npt.NDArray[np.float64]:
    return np.asarray(score(batch), dtype=float).reshape(len(batch))
