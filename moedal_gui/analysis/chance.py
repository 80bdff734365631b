"""How probable it is that a pair is no accident, measured by pairing with one side displaced."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]

LIKELY = 3.0
"""Evidence from which a pair is taken for real before accidents are measured."""


def chance_scores(evidence: Floats, shifted: list[Floats], n_top: int, n_bottom: int) -> tuple[Floats, float]:
    """Probability of each pair to be real, and the number of accidents among them.

    Parameters
    ----------
    evidence
        (N,): logarithms of likelihood ratios of the pairs chosen.
    shifted
        The same of pairs chosen after one side was displaced, once for each displacement.
    n_top, n_bottom
        How many there are on either side.

    Notes
    -----
    Links found with one surface shifted are accidents by construction. Among the links of the data, the odds of track
    against accident are taken as exp(b s - a) in the evidence s, and a and b are fitted so that the data's links are
    distributed as accidents times (1 + those odds). A shifted surface leaves every pit free for an accident; in truth
    the ends of tracks are taken, so accidents are fewer by the share of pits that are free: solved in turn.
    """
    if len(evidence) == 0:
        return np.zeros(0), 0.0
    free, score = 1.0, np.zeros(0)
    for _ in range(4):
        score = scores_beside(evidence, shifted, free)
        real = float(score.sum())
        free = max(0.05, (1 - real / n_top) * (1 - real / n_bottom))
    return score, float((1 - score).sum())


def scores_beside(evidence: Floats, shifted: list[Floats], free: float = 1.0) -> Floats:
    """Probability of each pair to be real, where accidents are ``free`` times as many as with one side displaced."""
    if len(evidence) == 0:
        return np.zeros(0)
    shape = _fitted_odds(evidence, np.concatenate(shifted), free / len(shifted), (LIKELY, 1.0))
    return _probability(evidence, shape)


def _probability(evidence: Floats, shape: tuple[float, float]) -> Floats:
    return np.asarray(expit(shape[1] * evidence - shape[0]), float)


def _fitted_odds(real: Floats, accidents: Floats, weight: float, start: tuple[float, float]) -> tuple[float, float]:
    """Maximum likelihood of (a, b), with a mild prior that keeps b near 1 and a where a few tracks would put it."""

    from scipy.optimize import minimize

    def cost(parameters: Floats) -> float:
        a, b = parameters
        of_real = np.log(weight) + np.logaddexp(0.0, np.clip(b * real - a, -300, 300))
        of_accident = np.log(weight) + np.logaddexp(0.0, np.clip(b * accidents - a, -300, 300))
        fit = np.logaddexp(0.0, -of_real).sum() + np.logaddexp(0.0, of_accident).sum()
        return float(fit + 0.5 * ((b - 1.0) / 0.4) ** 2 + 0.5 * ((a - LIKELY) / 4.0) ** 2)

    best = minimize(
        cost, np.asarray(start), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4, "maxiter": 400}
    )
    a, b = best.x
    return float(a), float(max(b, 0.1))
