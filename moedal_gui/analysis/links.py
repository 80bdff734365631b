"""Entry-exit pairs: evidence, one-to-one choice, and how many of them accident explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from moedal_gui.analysis.matching import assign
from moedal_gui.analysis.pairing import Geometry, Mouths, Pairs, Population, near_pairs, population_of, weigh

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

SHIFT_PX = 300.0
WANTED_PURITY = 0.9
_FLOOR = -4.0  # pairs with less evidence than this are never linked
_SURE = 4.5
_FEWEST_SURE = 6
_LEAST_SCALE = 0.65
_PRIOR_LINKS = 8.0  # how many links the errors assumed at first are worth
_PRIOR_LEVEL = 3.0
_SHIFTS = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (0.7, 0.7), (-0.7, 0.7))


@dataclass(frozen=True)
class Linking:
    """All links of one foil.

    Attributes
    ----------
    pairs
        The one-to-one assignment.
    score
        Probability that a link is one track.
    expected_accidents
        How many links as good as these accident gives, from pairing with one surface shifted.
    geometry
        As used, calibrated on the links themselves.
    """

    pairs: Pairs
    score: Floats
    expected_accidents: float
    geometry: Geometry


def link(top: Mouths, bottom: Mouths, geometry: Geometry) -> Linking:
    """Pair top pits with bottom pits, frame by frame, all frames weighed together.

    The errors of the axes and their bias are measured on the surest links and used in a second pass, so that the
    evidence follows what the detector really achieves on this scan.
    """
    population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
    calibrated = calibrate(top, bottom, geometry, population)
    chosen = _choose(top, bottom, calibrated, population)
    shifted = [_choose(top, other, calibrated, population).evidence for other in _shifted(top, bottom)]
    score, accidents = _scores(chosen.evidence, shifted, len(top), len(bottom))
    return Linking(chosen, score, accidents, calibrated)


def _shifted(top: Mouths, bottom: Mouths) -> list[Mouths]:
    """The bottom pits displaced to where no true partner can be."""
    return [displaced(top, bottom, np.array(step)) for step in _SHIFTS]


def displaced(top: Mouths, bottom: Mouths, step: Floats) -> Mouths:
    """Bottom pits moved by ``step`` times `SHIFT_PX` (half the frame at most), wrapped round each frame's area."""
    places = bottom.places.copy()
    for number in np.unique(bottom.frame):
        mine = bottom.of_frame(number)
        both = np.concatenate([top.places[top.of_frame(number)], bottom.places[mine]])
        low = both.min(axis=0)
        extent = np.maximum(np.ptp(both, axis=0), 1.0)
        places[mine] = low + np.mod(bottom.places[mine] + np.minimum(SHIFT_PX, extent / 2) * step - low, extent)
    return replace(bottom, places=places)


def passing(score: Floats, purity: float = WANTED_PURITY) -> npt.NDArray[np.bool_]:
    """The most links, best first, whose expected purity is at least ``purity``."""
    order = np.argsort(-score, kind="stable")
    running = np.cumsum(score[order]) / np.arange(1, len(score) + 1)
    good = np.flatnonzero(running >= purity)
    picked = np.zeros(len(score), dtype=bool)
    if len(good):
        picked[order[: good[-1] + 1]] = True
    return picked


def calibrate(top: Mouths, bottom: Mouths, geometry: Geometry, population: Population) -> Geometry:
    """Bias and spread of the axes, and where the mouths' centres lie, from the surest links."""
    best = max(
        (replace(geometry, mouth_share=share) for share in (0.0, 1.0)),
        key=lambda g: _gain(_choose(top, bottom, g, population).evidence),
    )
    for _ in range(2):
        sure = _choose(top, bottom, best, population)
        rows = np.flatnonzero(sure.evidence > _SURE)
        if len(rows) < _FEWEST_SURE:
            return best
        misfit = sure.log_axes_misfit[rows].reshape(-1, 2, 2)
        middle = np.median(misfit, axis=0)
        # Four axes share three unknowns, so what is left over is narrower than the errors by about sqrt(3 / 4).
        off = 1.4826 * np.median(np.abs(misfit - middle) / sure.width[rows].reshape(-1, 2, 2), axis=0) / np.sqrt(0.75)
        trust = len(rows) / (len(rows) + _PRIOR_LINKS)
        # The surest links are those that happen to fit well: their scatter alone would make the others look wrong.
        scale = np.clip(np.asarray(best.scale) * off**trust, _LEAST_SCALE, 3.0)
        bias = np.asarray(best.bias) + trust * middle
        best = replace(best, bias=_pairs_of(bias), scale=_pairs_of(scale))
    return best


def _pairs_of(table: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = table.tolist()
    return ((a, b), (c, d))


def _gain(evidence: Floats) -> float:
    return float(np.maximum(evidence, 0.0).sum())


def _choose(top: Mouths, bottom: Mouths, geometry: Geometry, population: Population) -> Pairs:
    """The one-to-one assignment of most evidence."""
    i, j = near_pairs(top, bottom, geometry.reach)
    every = weigh(top, bottom, i, j, geometry, population)
    good = np.flatnonzero(every.evidence > _FLOOR)
    rows, columns = assign(every.top[good], every.bottom[good], _FLOOR - every.evidence[good], len(top), len(bottom))
    place = {(int(a), int(b)): int(n) for n, a, b in zip(good, every.top[good], every.bottom[good], strict=True)}
    kept = np.array([place[(int(a), int(b))] for a, b in zip(rows, columns, strict=True)], dtype=np.intp)
    return _taken(every, kept)


def _taken(pairs: Pairs, rows: Integers) -> Pairs:
    return Pairs(
        pairs.top[rows],
        pairs.bottom[rows],
        pairs.evidence[rows],
        pairs.dip[rows],
        pairs.residual[rows],
        pairs.log_axes_misfit[rows],
        pairs.width[rows],
    )


def _scores(evidence: Floats, shifted: list[Floats], n_top: int, n_bottom: int) -> tuple[Floats, float]:
    """Probability of each link to be a track, and the number of accidents among them.

    Links found with one surface shifted are accidents by construction. Among the links of the data, the odds of track
    against accident are taken as exp(b s - a) in the evidence s, and a and b are fitted so that the data's links are
    distributed as accidents times (1 + those odds). A shifted surface leaves every pit free for an accident; in truth
    the ends of tracks are taken, so accidents are fewer by the share of pits that are free: solved in turn.
    """
    accidents = np.concatenate(shifted)
    if len(evidence) == 0:
        return np.zeros(0), 0.0
    free, shape = 1.0, (_PRIOR_LEVEL, 1.0)
    for _ in range(4):
        shape = _fitted_odds(evidence, accidents, free / len(shifted), shape)
        real = float(_probability(evidence, shape).sum())
        free = max(0.05, (1 - real / n_top) * (1 - real / n_bottom))
    score = _probability(evidence, shape)
    return score, float((1 - score).sum())


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
        return float(fit + 0.5 * ((b - 1.0) / 0.4) ** 2 + 0.5 * ((a - _PRIOR_LEVEL) / 4.0) ** 2)

    best = minimize(
        cost, np.asarray(start), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4, "maxiter": 400}
    )
    a, b = best.x
    return float(a), float(max(b, 0.1))
