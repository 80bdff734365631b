"""Bulk etch and sheet thickness from the pits themselves, where nobody stated them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.links import SHIFT_PX
from moedal_gui.analysis.pairing import Geometry, Mouths, near_pairs, population_of, weigh

Floats = npt.NDArray[np.float64]

_LEAST_EXCESS = 4.0  # standard deviations of the pairs' excess over accident below which nothing is claimed
_CLEAR = 3.0
_MOST_PITS = 1500


def estimate_geometry(
    top: Mouths, bottom: Mouths, bulk_etch: float | None, surfaces_apart: float | None
) -> Geometry | None:
    """The h and T' (px) under which most pits find a partner that fits, over what accident gives.

    Parameters
    ----------
    top, bottom
        Pits of one frame.
    bulk_etch, surfaces_apart
        What is known already; None for what is to be found.

    Returns
    -------
    Geometry or None
        None where no choice stands clear of accident: then nothing may be linked.
    """
    top, bottom = _thinned(top), _thinned(bottom)
    axes = np.concatenate([top.log_axes, bottom.log_axes])
    largest = float(np.exp(np.quantile(axes[:, 1], 0.995)))
    etches = np.array([bulk_etch]) if bulk_etch else largest / 2 * np.geomspace(1.02, 3.0, 9)
    gaps = np.array([surfaces_apart]) if surfaces_apart else np.geomspace(15.0, 400.0, 24)
    best = max(((_excess(top, bottom, Geometry(h, t)), h, t) for h in etches for t in gaps), key=lambda x: x[0])
    for factor in (1.15, 1.05, 1.02):
        near_h = [best[1]] if bulk_etch else best[1] * np.array([1 / factor, 1.0, factor])
        near_t = [best[2]] if surfaces_apart else best[2] * np.array([1 / factor, 1.0, factor])
        best = max(
            ((_excess(top, bottom, Geometry(float(h), float(t))), float(h), float(t)) for h in near_h for t in near_t),
            key=lambda x: x[0],
        )
    return Geometry(best[1], best[2]) if best[0] > _LEAST_EXCESS else None


def _excess(top: Mouths, bottom: Mouths, geometry: Geometry) -> float:
    """Standard deviations by which clear pairs outnumber those found with one surface shifted."""
    population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
    both = np.concatenate([top.places, bottom.places])
    low, extent = both.min(axis=0), np.maximum(np.ptp(both, axis=0), 1.0)
    counts = []
    for step in (
        np.zeros(2),
        np.minimum(SHIFT_PX, extent / 2) * [1.0, 0.0],
        np.minimum(SHIFT_PX, extent / 2) * [0.0, 1.0],
    ):
        moved = Mouths(
            low + np.mod(bottom.places + step - low, extent), bottom.log_axes, bottom.azimuth, bottom.density
        )
        i, j = near_pairs(top, moved, geometry.reach)
        evidence = weigh(top, moved, i, j, geometry, population).evidence
        counts.append(len(np.unique(i[evidence > _CLEAR])))
    accident = (counts[1] + counts[2]) / 2
    return float((counts[0] - accident) / np.sqrt(accident + 4.0))


def _thinned(mouths: Mouths) -> Mouths:
    """A compact part of a large scan, so that partners stay together."""
    if len(mouths) <= _MOST_PITS:
        return mouths
    order = np.argsort(mouths.places[:, 0], kind="stable")[:_MOST_PITS]
    return Mouths(mouths.places[order], mouths.log_axes[order], mouths.azimuth[order], mouths.density[order])
