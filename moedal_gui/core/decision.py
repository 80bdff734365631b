"""Which class a pit is given: the largest of its weighted scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DECIDED: tuple[str, ...] = ("candidate", "top", "bottom")
"""The corners of the ternary plot; the weights of a working point are in this order."""

Weights = tuple[float, float, float]
EVEN: Weights = (1.0, 1.0, 1.0)


def decide(scores: npt.NDArray[np.float64], weights: Weights = EVEN) -> npt.NDArray[np.int8]:
    """Index of the largest weighted score of each row (N, K); -1 where none is known.

    The weights belong to the first three columns (`DECIDED`); others, such as misc, count as they are. A class the
    ensemble does not have (NaN) is never chosen.
    """
    factors = np.ones(scores.shape[1])
    factors[: len(weights)] = weights
    weighted = np.where(np.isfinite(scores), scores * factors, -np.inf)
    known = np.isfinite(scores).any(axis=1)
    chosen = np.full(len(scores), -1, dtype=np.int8)
    chosen[known] = weighted[known].argmax(axis=1)
    return chosen
