"""Bootstrap over counts: how much a curve would move had other pits been labelled (Efron, Ann. Stat. 7 (1979) 1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

REPLICAS = 300
SEED = 20_241
_QUANTILES = (2.5, 97.5)


def resampled(counts: npt.NDArray[np.integer], random: np.random.Generator, replicas: int = REPLICAS) -> Counts:
    """Counts (replicas, K) drawn again from counts (K,): what a bootstrap over the single pits gives."""
    total = int(counts.sum())
    if total == 0:
        return np.zeros((replicas, len(counts)), np.int64)
    return random.multinomial(total, counts / total, size=replicas)


def band(values: Floats) -> tuple[Floats, Floats]:
    """Lower and upper 95 % bound of values (replicas, ...)."""
    low, high = np.nanpercentile(values, _QUANTILES, axis=0)
    return np.asarray(low), np.asarray(high)
