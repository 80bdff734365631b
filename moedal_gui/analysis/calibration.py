"""Whether a probability means what it says: the reliability curve, its expected error, and the confusion of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.bootstrap import REPLICAS, SEED, Floats, band
from moedal_gui.analysis.intervals import Fraction, fraction

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """One row per bin of the score that holds a pit.

    Attributes
    ----------
    said
        Mean score of the bin's pits.
    seen
        Share of them that is signal; ``seen_low`` and ``seen_high`` its 95 % interval.
    count
        Pits of the bin.
    error, error_low, error_high
        Expected calibration error: mean distance of said and seen, weighted by count (Guo et al., ICML 2017), and its
        bootstrap interval.
    """

    said: Floats
    seen: Floats
    seen_low: Floats
    seen_high: Floats
    count: npt.NDArray[np.int64]
    error: float
    error_low: float
    error_high: float


@dataclass(frozen=True)
class Confusion:
    """Labels against the classes decided on.

    ``counts`` is (labels, classes); ``classes`` may hold an empty name for pits that were not decided on.
    """

    labels: tuple[str, ...]
    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]

    def share(self, row: int, column: int) -> Fraction:
        """Share of a label's pits that were given a class."""
        return fraction(int(self.counts[row, column]), int(self.counts[row].sum()))

    @property
    def right(self) -> Fraction:
        """Share of all pits whose class is their label."""
        same = sum(
            int(self.counts[r, self.classes.index(name)]) for r, name in enumerate(self.labels) if name in self.classes
        )
        return fraction(same, int(self.counts.sum()))


def reliability(
    scores: Floats,
    signal: npt.NDArray[np.bool_],
    *,
    bins: int = BINS,
    replicas: int = REPLICAS,
    seed: int = SEED,
) -> Reliability | None:
    """Reliability of scores (N,) in [0, 1] in bins of equal width; None without a score."""
    known = np.isfinite(scores)
    scores, signal = scores[known], signal[known].astype(float)
    if len(scores) == 0:
        return None
    place = np.clip((scores * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    total = np.bincount(place, scores, minlength=bins)
    hits = np.bincount(place, signal, minlength=bins)
    full = np.flatnonzero(count)
    inside = [fraction(int(hits[b]), int(count[b])) for b in full]
    low, high = _error_interval(place, scores - signal, bins, replicas, seed)
    return Reliability(
        total[full] / count[full], hits[full] / count[full],
        np.array([f["low"] for f in inside], float), np.array([f["high"] for f in inside], float),
        count[full], float(np.abs(total - hits).sum() / len(scores)), low, high,
    )  # fmt: skip


def _error_interval(
    place: npt.NDArray[np.int64], gap: Floats, bins: int, replicas: int, seed: int
) -> tuple[float, float]:
    """Bootstrap interval of the expected calibration error, from sums per bin of pits drawn again."""
    random = np.random.default_rng(seed)
    order = np.argsort(place, kind="stable")
    gap, place = gap[order], place[order]
    starts = np.searchsorted(place, np.arange(bins))
    errors = np.empty(replicas)
    block = max(1, 2_000_000 // max(len(gap), 1))
    for first in range(0, replicas, block):
        size = min(block, replicas - first)
        times = random.multinomial(len(gap), np.full(len(gap), 1.0 / len(gap)), size=size)
        edge = np.concatenate([np.zeros((size, 1)), np.cumsum(times * gap, axis=1)], axis=1)
        sums = np.diff(edge[:, np.append(starts, len(gap))], axis=1)
        errors[first : first + size] = np.abs(sums).sum(axis=1) / len(gap)
    low, high = band(errors)
    return float(low), float(high)


def confusion(labels: npt.ArrayLike, classes: npt.ArrayLike, names: Sequence[str]) -> Confusion:
    """Count labels (N,) against classes (N,); ``names`` gives the order, others and pits without label are left out."""
    label, given = np.asarray(labels, dtype=object), np.asarray(classes, dtype=object)
    rows = tuple(n for n in names if (label == n).any())
    columns = tuple(n for n in names if (given[np.isin(label, rows)] == n).any() or n in rows)
    counts = np.array(
        [[int(((label == r) & (given == c)).sum()) for c in columns] for r in rows], dtype=np.int64
    ).reshape(len(rows), len(columns))
    return Confusion(rows, columns, counts)
