"""How good a list is: efficiency and purity with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.intervals import fraction, harmonic_mean
from moedal_gui.analysis.matching import nearest, one_to_one

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


def list_figures(predicted: Floats, truth: Floats, tolerance: float, tally: str) -> dict[str, Any]:
    """Efficiency and purity of two point lists (N, 2) and (M, 2).

    Parameters
    ----------
    tally
        ``one-to-one``: most pairs within the tolerance, each point once. ``lab``: a true point counts as found when a
        prediction lies nearer than the tolerance; a prediction is false when it lies farther than that from any truth;
        purity is found true over itself plus false.
    """
    if tally == "lab":
        to_prediction, _ = nearest(truth, predicted)
        to_truth, _ = nearest(predicted, truth)
        matched = int((to_prediction < tolerance).sum())
        false = int((to_truth > tolerance).sum())
        purity = fraction(matched, matched + false)
    else:
        rows, _ = one_to_one(truth, predicted, tolerance)
        matched = len(rows)
        false = len(predicted) - matched
        purity = fraction(matched, len(predicted))
    efficiency = fraction(matched, len(truth))
    return {
        "true": len(truth), "found": len(predicted), "matched": matched, "false": false, "efficiency": efficiency, "purity": purity,
        "f1": harmonic_mean(efficiency, purity), "tolerance_px": tolerance, "tally": tally,
    }  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """True pits and found pits brought together.

    Attributes
    ----------
    truth, found
        Row indices of the pairs.
    """

    truth: npt.NDArray[np.intp]
    found: npt.NDArray[np.intp]


def match_pits(
    truth: Floats, truth_frame: Objects, found: Floats, found_frame: Objects, tolerance_px: float
) -> Matched:
    """One-to-one within each frame."""
    rows: list[npt.NDArray[np.intp]] = []
    columns: list[npt.NDArray[np.intp]] = []
    for frame in dict.fromkeys(truth_frame):
        if not frame:
            continue
        t, f = np.flatnonzero(truth_frame == frame), np.flatnonzero(found_frame == frame)
        a, b = one_to_one(truth[t], found[f], tolerance_px)
        rows.append(t[a])
        columns.append(f[b])
    empty = np.empty(0, np.intp)
    return Matched(np.concatenate([*rows, empty]), np.concatenate([*columns, empty]))


def score_figures(label: Objects, candidate: Floats, top: Floats, bottom: Floats) -> dict[str, Any]:
    """What the scores of matched pits are worth, by their true labels; empty where none is scored.

    Parameters
    ----------
    label
        (N,): true label of each matched pit.
    candidate, top, bottom
        (N,): its scores, NaN where it has none.

    Returns
    -------
    ``scored``; ``top_bottom_accuracy`` over the pits that are top or bottom; ``rejection_at_efficiency_95``: share of
    all others below the score that 95 % of the candidates reach.
    """
    known = np.isfinite(candidate)
    if not known.any():
        return {}
    sided = np.isin(label, ["top", "bottom"]) & np.isfinite(top) & np.isfinite(bottom)
    right = int(((top > bottom) == (label == "top"))[sided].sum())
    signal, others = known & (label == "candidate"), known & np.isin(label, ["top", "bottom", "misc"])
    below = 0
    if signal.any():
        below = int((candidate[others] < np.quantile(candidate[signal], 0.05)).sum())
    return {
        "scored": int(known.sum()), "top_bottom_accuracy": fraction(right, int(sided.sum())),
        "rejection_at_efficiency_95": fraction(below, int(others.sum()) if signal.any() else 0),
    }  # fmt: skip


def pit_figures(n_true: int, n_found: int, surfaces: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Counts and fractions of a detection; ``surfaces`` holds (true, found) of every matched pit."""
    matched = len(surfaces)
    told = [(t, f) for t, f in surfaces if t and f]
    efficiency, purity = fraction(matched, n_true), fraction(matched, n_found)
    return {
        "true": n_true, "found": n_found, "matched": matched, "efficiency": efficiency, "purity": purity,
        "f1": harmonic_mean(efficiency, purity), "surface_accuracy": fraction(sum(t == f for t, f in told), len(told)),
    }  # fmt: skip


def candidate_figures(n_true: int, n_found: int, matched: int, pairs_known: bool = True) -> dict[str, Any]:
    """Counts and fractions of a list of entry-exit pairs; no purity where the truth does not say which pits are pairs."""
    return {
        "candidates_true": n_true, "candidates_found": n_found, "candidates_matched": matched,
        "candidate_efficiency": fraction(matched, n_true), "candidate_purity": fraction(matched, n_found if pairs_known else 0),
    }  # fmt: skip
