"""Bulk etch and sheet thickness from the pits themselves, where nobody stated them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.links import displaced
from moedal_gui.analysis.pairing import Geometry, Mouths, near_pairs, population_of, weigh

Floats = npt.NDArray[np.float64]

_LEAST_EXCESS = 4.0  # standard deviations of the pairs' excess over accident below which nothing is claimed
_CLEAR = 3.0
_SHARE = 0.1  # share of pits taken to belong to a track before anything is known
_MOST_PITS = 500


def estimate_geometry(
    top: Mouths, bottom: Mouths, bulk_etch: float | None, surfaces_apart: float | None
) -> Geometry | None:
    """The h and T' (px) under which most pits find a partner that fits, over what accident gives.

    Parameters
    ----------
    top, bottom
        Pits of one foil.
    bulk_etch, surfaces_apart
        What is known already; None for what is to be found.

    Returns
    -------
    Geometry or None
        None where no choice stands clear of accident: then nothing may be linked.
    """
    top, bottom = _thinned(top, bottom)
    if len(top) < 2 or len(bottom) < 2:
        return None
    axes = np.concatenate([top.log_axes, bottom.log_axes])
    largest = float(np.exp(np.quantile(axes[:, 1], 0.995)))
    etches = np.array([bulk_etch]) if bulk_etch else largest / 2 * np.geomspace(1.02, 3.0, 9)
    gaps = np.array([surfaces_apart]) if surfaces_apart else np.geomspace(15.0, 400.0, 24)
    best = _best_of(top, bottom, [(float(h), float(t)) for h in etches for t in gaps])
    for factor in (1.12, 1.06, 1.03, 1.015):
        near_h = [best[0]] if bulk_etch else [best[0] / factor, best[0], best[0] * factor]
        near_t = [best[1]] if surfaces_apart else [best[1] / factor, best[1], best[1] * factor]
        best = _best_of(top, bottom, [(h, t) for h in near_h for t in near_t])
    geometry = Geometry(*best)
    return geometry if _gains(top, bottom, geometry)[1] > _LEAST_EXCESS else None


def _best_of(top: Mouths, bottom: Mouths, choices: list[tuple[float, float]]) -> tuple[float, float]:
    return max(choices, key=lambda choice: _gains(top, bottom, Geometry(*choice))[0])


def _gains(top: Mouths, bottom: Mouths, geometry: Geometry) -> tuple[float, float]:
    """What is gained by pairing over pairing with one surface shifted: log likelihood, and clear pairs in sigmas."""
    population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
    gains, counts = [], []
    for step in (np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        moved = displaced(top, bottom, step)
        i, j = near_pairs(top, moved, geometry.reach)
        best = np.full(len(top), -np.inf)
        np.maximum.at(best, i, weigh(top, moved, i, j, geometry, population).evidence)
        gains.append(float(np.log1p(_SHARE * np.exp(np.minimum(best, 50.0))).sum()))
        counts.append(int((best > _CLEAR).sum()))
    accident = (counts[1] + counts[2]) / 2
    return gains[0] - (gains[1] + gains[2]) / 2, (counts[0] - accident) / np.sqrt(accident + 4.0)


def _thinned(top: Mouths, bottom: Mouths) -> tuple[Mouths, Mouths]:
    """The pits left of a common line (in frame after frame), so that partners stay together in a part small enough."""
    longest = max((top, bottom), key=len)
    if len(longest) <= _MOST_PITS:
        return top, bottom
    key = np.sort(_reading_order(longest))[_MOST_PITS]
    return top.taken(_reading_order(top) < key), bottom.taken(_reading_order(bottom) < key)


def _reading_order(mouths: Mouths) -> Floats:
    return mouths.frame * 1e7 + mouths.places[:, 0]
