"""Blur of the two surfaces, learnt from the field itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.pit_field import Pits, Search, refit
from moedal_gui.preselect.pit_model import BLUR, half_axes
from moedal_gui.preselect.quality import Quality, quality

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

FEWEST_TO_CALIBRATE = 4
MOST_TO_CALIBRATE = 12


def calibrated(search: Search, pits: Pits, seen: Quality) -> Search:
    """Blur of converging and diverging pits: medians over the well seen pits."""
    good = (seen.explained > 0.7) & (seen.snr > 20) & (half_axes(pits.parameters)[1] > 2.5)
    blur = list(search.sigma_px)
    for side, sign in enumerate((1.0, -1.0)):
        those = good & (np.sign(pits.amplitude) == sign)
        if those.sum() >= FEWEST_TO_CALIBRATE:
            blur[side] = float(np.exp(np.median(pits.parameters[those, BLUR])))
    return replace(search, sigma_px=(blur[0], blur[1]))


def calibrated_again(search: Search, pits: Pits, mean: Float32) -> Search:
    """Blur from a free fit of the largest and clearest pits, beside their neighbours: small ones cannot tell it."""
    seen = quality(search, pits, mean)
    worth = np.where(seen.explained > 0.7, strengths(pits) * half_axes(pits.parameters)[1], 0.0)
    rows = np.zeros(0, dtype=np.int64)
    for sign in (1.0, -1.0):
        side = np.where(np.sign(pits.amplitude) == sign, worth, 0.0)
        rows = np.append(rows, np.argsort(-side)[: min(MOST_TO_CALIBRATE, int((side > 0).sum()))])
    if rows.size == 0:
        return search
    chosen = refit(search, pits, rows, 0.7, 4, False).take(rows)
    return calibrated(search, chosen, quality(search, chosen, mean))


def strengths(pits: Pits) -> Floats:
    """About the signal-to-noise of pits, up to a factor."""
    major, minor = half_axes(pits.parameters)
    return np.abs(pits.amplitude) * np.sqrt(major * minor)
