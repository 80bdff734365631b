"""Spatial resolution: the core of residuals on a flat ground of accidents."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.bootstrap import SEED, band
from moedal_gui.analysis.registration import voted_shift

Floats = npt.NDArray[np.float64]

LEAST_RESIDUALS = 20
_REPLICAS = 200
_ROUNDS = 60
_CORE_PX = 4.0
_FINEST_PX = 0.02


def common_offset(truth: Floats, found: Floats) -> tuple[float, float] | None:
    """The shift (px) that brings true places (N, 2) onto found ones (M, 2), up to 60 px; None where there is none.

    The most voted difference of all near pairs, then the median of the cluster about it, twice.
    """
    start = voted_shift(found, truth)
    if start is None:
        return None
    from scipy.spatial import cKDTree

    offset = np.asarray(start, float)
    for _ in range(2):
        distance, index = cKDTree(found).query(truth + offset, distance_upper_bound=_CORE_PX)
        near = np.isfinite(distance)
        if not near.any():
            break
        offset = np.median(found[np.asarray(index)[near]] - truth[near], axis=0)
    return (float(offset[0]), float(offset[1]))


def core_sigma(residuals: Floats, reach: float) -> dict[str, Any]:
    """Sigma of the Gaussian core of residuals (N,) between -reach and reach, and its 95 % interval.

    A Gaussian on a flat ground, by expectation and maximisation (Dempster, Laird, Rubin, J. R. Stat. Soc. B 39 (1977) 1), on
    the residuals and on 200 resamplings of them.

    Returns
    -------
    ``value``, ``low``, ``high`` (px) and ``mean``; None each for fewer than 20 residuals.
    """
    if len(residuals) < LEAST_RESIDUALS:
        return {"value": None, "low": None, "high": None, "mean": None}
    random = np.random.default_rng(SEED)
    again = residuals[random.integers(0, len(residuals), (_REPLICAS, len(residuals)))]
    mean, sigma = _core(residuals[None], reach)
    low, high = band(_core(again, reach)[1])
    return {"value": float(sigma[0]), "low": float(low), "high": float(high), "mean": float(mean[0])}


def _core(rows: Floats, reach: float) -> tuple[Floats, Floats]:
    """Mean and sigma of the core of each row of residuals (R, N)."""
    mean = np.median(rows, axis=1, keepdims=True)
    spread = np.median(np.abs(rows - mean), axis=1, keepdims=True)
    sigma = np.maximum(1.4826 * spread, _FINEST_PX)
    share = np.full_like(mean, 0.8)
    for _ in range(_ROUNDS):
        core = share * np.exp(-0.5 * ((rows - mean) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
        own = core / (core + (1 - share) / (2 * reach))
        total = np.maximum(own.sum(axis=1, keepdims=True), 1e-9)
        mean = (own * rows).sum(axis=1, keepdims=True) / total
        before = sigma
        sigma = np.maximum(np.sqrt((own * (rows - mean) ** 2).sum(axis=1, keepdims=True) / total), _FINEST_PX)
        share = np.clip(total / rows.shape[1], 0.01, 0.999)
        if np.abs(sigma - before).max() < 1e-4:
            break
    return mean[:, 0], sigma[:, 0]
