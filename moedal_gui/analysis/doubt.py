"""How doubtful a pit is: to the ensemble, between its experts, and against its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from moedal_gui.core.expert import EXPERTS

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]


def entropy(scores: Floats) -> Floats:
    """Entropy of scores (N, K) over its largest value, 0 to 1; NaN where there is no score."""
    known = np.isfinite(scores)
    p = np.where(known, np.clip(scores, 1e-12, 1.0), 1.0)
    terms = -(np.where(known, scores, 0.0) * np.log(p)).sum(axis=1)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 1, terms / np.log(np.maximum(count, 2)), np.nan)


def margin(scores: Floats) -> Floats:
    """Largest score less the second of (N, K); NaN where fewer than two are known."""
    two = np.sort(np.where(np.isfinite(scores), scores, -np.inf), axis=1)[:, -2:]
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(two[:, 0]), two[:, 1] - two[:, 0], np.nan)


def disagreement(experts: Mapping[str, Floats], surface: Words, classes: Sequence[str]) -> Floats:
    """1 less the support of the class best supported by every expert that speaks of it; NaN where nobody speaks.

    A class has the support of the expert that gives it least. 0: one class has all its experts behind it; near 1: every
    class is denied by some expert.

    Parameters
    ----------
    experts
        Name of an expert -> its probability (N,) of its first answer, NaN where it did not look.
    surface
        Surface of each pit, which decides whether an expert's answer takes it in.
    """
    rows = {row.name: row for row in EXPERTS}
    best = np.full(len(surface), np.nan)
    for name in classes:
        support = np.full(len(surface), np.nan)
        for expert, first in experts.items():
            row = rows.get(expert)
            if row is None:
                continue
            for side in ("top", "bottom", ""):
                answer = row.answer_of(name, side)
                if answer is None or (len(row.answers) > 2 and answer > 0):
                    continue
                here = surface == side
                support[here] = np.fmin(support[here], (first if answer == 0 else 1.0 - first)[here])
        best = np.fmax(best, support)
    return 1.0 - best


def contradiction(scores: Mapping[str, Floats], label: Words) -> Floats:
    """Largest score of another class less the score of the label's own; NaN without label or score.

    Positive: the ensemble speaks against the label, 1 with full confidence.
    """
    own, other = np.full(len(label), np.nan), np.full(len(label), np.nan)
    for name, score in scores.items():
        mine = label == name
        own[mine] = score[mine]
        other[~mine] = np.fmax(other[~mine], score[~mine])
    return other - own
