"""Counts of pits against what chance spreads: a test of the scan, and the doubt of a density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2 as chi2_distribution

Floats = npt.NDArray[np.float64]

_FEWEST_EXPECTED = 3.0


@dataclass(frozen=True)
class Spread:
    """Counts per field against one Poisson mean.

    ``chi2`` has ``degrees`` degrees of freedom; ``probability``: how often chance alone gives as much or more.
    """

    chi2: float
    degrees: int
    probability: float


def spread_of(counts: npt.ArrayLike) -> Spread | None:
    """Test counts per field of equal size for one common mean; None for fewer than two fields or too few pits.

    Dispersion test of Fisher: ``sum (n - mean)^2 / mean`` follows chi2 with one degree less than there are fields.
    """
    n = np.asarray(counts, dtype=float)
    mean = float(n.mean()) if n.size else 0.0
    if n.size < 2 or mean < _FEWEST_EXPECTED:
        return None
    value = float(((n - mean) ** 2).sum() / mean)
    return Spread(value, n.size - 1, float(chi2_distribution.sf(value, n.size - 1)))


def poisson_bounds(counts: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Central interval of a Poisson mean (Garwood, Biometrika 28 (1936) 437)."""
    n = np.asarray(counts, dtype=float)
    tail = 0.5 * (1.0 - level)
    low = np.where(n > 0, 0.5 * chi2_distribution.ppf(tail, 2.0 * np.maximum(n, 1e-12)), 0.0)
    return np.asarray(low), np.asarray(0.5 * chi2_distribution.ppf(1.0 - tail, 2.0 * (n + 1.0)))


def unrelated_in_reach(other_per_px2: npt.ArrayLike, reach_px: float) -> Floats:
    """Mean number of unrelated pits of the other surface within a pit's reach: n pi R^2."""
    return np.asarray(np.asarray(other_per_px2, dtype=float) * np.pi * reach_px**2)
