"""Whether something was learnt at all: balanced accuracy against chance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_SIGMAS = 3.0


def balanced_accuracy(targets: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64], classes: int) -> float:
    """Mean over the classes that occur of the share that is recognised."""
    shares = [float((chosen[targets == c] == c).mean()) for c in range(classes) if (targets == c).any()]
    return float(np.mean(shares)) if shares else 0.0


def spread_of_balanced_accuracy(targets: npt.NDArray[np.int64], classes: int, share: float = 0.5) -> float:
    """Standard deviation of the balanced accuracy when every class is recognised with probability ``share``."""
    counts = [int((targets == c).sum()) for c in range(classes)]
    present = [n for n in counts if n]
    return math.sqrt(sum(share * (1.0 - share) / n for n in present)) / max(len(present), 1)


def beats_chance(targets: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64], classes: int) -> bool:
    """Whether a balanced accuracy is so far above 1 / classes that chance does not explain it (3 sigma).

    With so few examples that even a perfect answer could not be, half of the way from chance to perfect is asked for.
    """
    present = sum(1 for c in range(classes) if (targets == c).any())
    if present < 2:
        return False
    chance = 1.0 / present
    needed = min(_SIGMAS * spread_of_balanced_accuracy(targets, classes), 0.5 * (1.0 - chance))
    return balanced_accuracy(targets, chosen, classes) - chance > needed
