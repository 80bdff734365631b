"""Pits most like a pit, in the space of what the experts say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def nearest_rows(
    features: Floats, row: int, among: npt.NDArray[np.bool_], count: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Rows among some that lie nearest a row of features (N, F), and their distances, nearest first.

    A feature missing at either end is left out of that distance; a pit that shares none is never near.
    """
    gap = features - features[row]
    known = np.isfinite(gap)
    shared = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.sqrt((np.where(known, gap, 0.0) ** 2).sum(axis=1) / shared)
    distance[(shared == 0) | ~among] = np.inf
    distance[row] = np.inf
    order = np.argsort(distance, kind="stable")[:count]
    order = order[np.isfinite(distance[order])]
    return order.astype(np.int64), distance[order]
