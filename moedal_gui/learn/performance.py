"""How good a classifier is on examples it was not shown: fractions with intervals, calibration, ROC."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.intervals import Fraction, fraction
from moedal_gui.learn.significance import balanced_accuracy

Float64 = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_BANDS = 4


def figures(targets: Whole, chosen: Whole, classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, balanced accuracy, and recall and precision of each class, as fractions with 95 % intervals."""
    found: dict[str, Any] = {
        "accuracy": fraction(int((targets == chosen).sum()), len(targets)),
        "balanced_accuracy": balanced(targets, chosen, len(classes)),
    }
    for k, name in enumerate(classes):
        right = int(((targets == k) & (chosen == k)).sum())
        found[f"recall {name}"] = fraction(right, int((targets == k).sum()))
        found[f"precision {name}"] = fraction(right, int((chosen == k).sum()))
    return found


def balanced(targets: Whole, chosen: Whole, classes: int) -> Fraction:
    """Balanced accuracy with a 95 % interval from the Wilson variances of its recalls."""
    if not len(targets):
        return {"value": None, "low": None, "high": None}
    value = balanced_accuracy(targets, chosen, classes)
    parts = [fraction(int((chosen[targets == k] == k).sum()), int((targets == k).sum())) for k in range(classes)]
    known = [(p["value"] or 0.0, p["low"] or 0.0, p["high"] or 0.0) for p in parts if p["value"] is not None]
    down = np.sqrt(sum((v - low) ** 2 for v, low, _ in known)) / len(known)
    up = np.sqrt(sum((high - v) ** 2 for v, _, high in known)) / len(known)
    return {"value": value, "low": max(0.0, float(value - down)), "high": min(1.0, float(value + up))}


def confusion(targets: Whole, chosen: Whole, classes: int) -> tuple[tuple[int, ...], ...]:
    """Counts, a row a true class."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (targets, chosen), 1)
    return tuple(tuple(int(n) for n in row) for row in table)


def reliability(targets: Whole, probabilities: Float64, bins: int = 10) -> dict[str, Any]:
    """How often the likeliest class is right, by how sure it is; and the expected calibration error.

    The error is the mean of |right - sure| weighted by how many fall into a bin (Guo et al., arXiv:1706.04599).
    """
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    place = np.minimum((sure * bins).astype(int), bins - 1)
    curve = []
    error = 0.0
    for k in range(bins):
        inside = place == k
        if inside.any():
            mean = float(sure[inside].mean())
            curve.append(
                {
                    "sure": mean,
                    "right": dict(fraction(int(right[inside].sum()), int(inside.sum()))),
                    "count": int(inside.sum()),
                }
            )
            error += float(inside.mean()) * abs(float(right[inside].mean()) - mean)
    return {"curve": curve, "expected_calibration_error": error}


def roc(signal: npt.NDArray[np.bool_], score: Float64) -> dict[str, Any]:
    """Share of the others and of the signal at or above each threshold, and the area below the curve."""
    order = np.argsort(-score, kind="stable")
    hits, falls = np.cumsum(signal[order]), np.cumsum(~signal[order])
    last = np.append(np.diff(score[order]) != 0.0, True)
    true = np.append(0.0, hits[last] / max(int(signal.sum()), 1))
    false = np.append(0.0, falls[last] / max(int((~signal).sum()), 1))
    area = float(np.trapezoid(true, false)) if signal.any() and (~signal).any() else None
    thin = np.unique(np.linspace(0, len(true) - 1, min(len(true), 200)).astype(int))
    thresholds = np.append(1.0, score[order][last])
    return {
        "false": false[thin].tolist(), "true": true[thin].tolist(), "threshold": thresholds[thin].tolist(), "area": area,
    }  # fmt: skip


def thresholds(signal: npt.NDArray[np.bool_], score: Float64) -> dict[str, float]:
    """Thresholds on the signal's score: at best F1, and keeping 99, 95 and 90 % of the signal."""
    if not signal.any() or signal.all():
        return {}
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(signal[order])
    f1 = 2 * hits / (np.arange(len(order)) + 1 + signal.sum())
    found = {"best_f1": float(score[order][int(np.argmax(f1))])}
    kept = np.sort(score[signal])
    for share in (0.99, 0.95, 0.9):
        found[f"keeps_{share:.2f}"] = float(kept[int(np.floor((1.0 - share) * len(kept)))])
    return found


def bands(densities: Float64, targets: Whole, chosen: Whole, classes: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    """Accuracy and balanced accuracy by quarter of the density; nothing where densities are unknown."""
    known = np.isfinite(densities)
    if int(known.sum()) < 2 * _BANDS or np.ptp(densities[known]) == 0.0:
        return ()
    edges = np.quantile(densities[known], np.linspace(0.0, 1.0, _BANDS + 1))
    rows = []
    for k, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = known & (densities >= low) & ((densities < high) | ((k == _BANDS - 1) & (densities <= high)))
        if inside.any():
            found = figures(targets[inside], chosen[inside], classes)
            rows.append(
                {"low_per_mm2": float(low), "high_per_mm2": float(high), "examples": int(inside.sum()),
                 "accuracy": found["accuracy"], "balanced_accuracy": found["balanced_accuracy"]}
            )  # fmt: skip
    return tuple(rows)
