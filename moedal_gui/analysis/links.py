"""Entry-exit pairs: evidence, one-to-one choice, and how many of them accident explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.chance import LIKELY, scores_beside
from moedal_gui.analysis.matching import assign
from moedal_gui.analysis.pairing import Geometry, Mouths, Pairs, Population, near_pairs, population_of, weigh

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

SHIFT_PX = 300.0
FEW_RIVALS, MANY_RIVALS = 15.0, 30.0
WANTED_PURITY, LEAST_SCORE = (0.90, 0.82), (1.0 / 3.0, 0.1)
"""Of the links that pass so many are expected to be tracks, and each at least so probably, where a pit has few unrelated pits
within reach and where it has many. A track that is lost costs more than a place looked at in vain, and the more pits each
might belong to, the more tracks a pure list would lose."""
EVEN = 0.5
_FLOOR = -4.0  # pairs with less evidence than this are never linked
_SURE = 4.5
_ROUNDS = 3
_FEWEST_SURE = 6
_LEAST_SCALE = 0.65
_PRIOR_LINKS = 8.0  # how many links the errors assumed at first are worth
SHIFTS = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (0.7, 0.7), (-0.7, 0.7))


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
    rivals
        How many pits of the lower surface lie within reach of a pit of the upper one, in the median.
    geometry
        As used, calibrated on the links themselves.
    """

    pairs: Pairs
    score: Floats
    expected_accidents: float
    geometry: Geometry
    rivals: float

    @property
    def passes(self) -> npt.NDArray[np.bool_]:
        """Which links are in the list of candidates."""
        crowd = (FEW_RIVALS, MANY_RIVALS)
        return passing(
            self.score,
            float(np.interp(self.rivals, crowd, WANTED_PURITY)),
            float(np.interp(self.rivals, crowd, LEAST_SCORE)),
        )


def link(top: Mouths, bottom: Mouths, geometry: Geometry) -> Linking:
    """Pair top pits with bottom pits, frame by frame, all frames weighed together.

    The errors of the axes and their bias are measured on the surest links and used in a second pass, so that the
    evidence follows what the detector really achieves on this scan.
    """
    population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
    calibrated = calibrate(top, bottom, geometry, population)
    chosen = _choose(top, bottom, calibrated, population)
    shifted = [_edges(top, other, calibrated, population) for other in _shifted(top, bottom)]
    score = _scores(chosen, shifted, (len(top), len(bottom)))
    rivals = float(np.median(bottom.density)) * np.pi * calibrated.reach**2 if len(bottom) else 0.0
    return Linking(chosen, score, float((1 - score).sum()), calibrated, rivals)


def _scores(chosen: Pairs, shifted: list[Pairs], counts: tuple[int, int]) -> Floats:
    """Probability of each link to be one track.

    Accidents are what is linked with one surface shifted. True tracks stand in their way: they keep their two pits unless
    an accident fits better. So links that are probably true take part in the choice beside the shifted pairs.
    """
    true = chosen.evidence >= LIKELY
    score = np.zeros(len(chosen))
    for _ in range(_ROUNDS):
        score = scores_beside(chosen.evidence, [_beside(_taken(chosen, true), pairs, counts) for pairs in shifted])
        true = score >= EVEN
    return score


def _beside(true: Pairs, shifted: Pairs, counts: tuple[int, int]) -> Floats:
    """Evidence of the shifted pairs that are chosen where true ones are to be had as well."""
    top, bottom = (np.concatenate([getattr(true, end), getattr(shifted, end)]) for end in ("top", "bottom"))
    evidence = np.concatenate([true.evidence, shifted.evidence])
    _, first = np.unique(top * counts[1] + bottom, return_index=True)
    rows = _assigned(top[first], bottom[first], evidence[first], counts)
    picked = first[rows]
    return evidence[picked[picked >= len(true)]]


def _shifted(top: Mouths, bottom: Mouths) -> list[Mouths]:
    """The bottom pits displaced to where no true partner can be."""
    return [displaced(top, bottom, np.array(step)) for step in SHIFTS]


def displaced(top: Mouths, bottom: Mouths, step: Floats) -> Mouths:
    """Bottom pits moved by ``step`` times `SHIFT_PX`, wrapped round each frame's area.

    In small frames by two fifths of the frame, so that there and back are two different shifts.
    """
    places = bottom.places.copy()
    for number in np.unique(bottom.frame):
        mine = bottom.of_frame(number)
        both = np.concatenate([top.places[top.of_frame(number)], bottom.places[mine]])
        low = both.min(axis=0)
        extent = np.maximum(np.ptp(both, axis=0), 1.0)
        places[mine] = low + np.mod(bottom.places[mine] + np.minimum(SHIFT_PX, 0.4 * extent) * step - low, extent)
    return replace(bottom, places=places)


def passing(score: Floats, purity: float, least: float) -> npt.NDArray[np.bool_]:
    """The most links, best first, whose expected purity is at least ``purity``; none less probable than ``least``.

    Where tracks stand out clearly, purity alone would let accidents in until its bound is reached.
    """
    order = np.argsort(-score, kind="stable")
    running = np.cumsum(score[order]) / np.arange(1, len(score) + 1)
    good = np.flatnonzero(running >= purity)
    picked = np.zeros(len(score), dtype=bool)
    if len(good):
        picked[order[: good[-1] + 1]] = True
    return picked & (score >= least)


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
    pairs = _edges(top, bottom, geometry, population)
    return _taken(pairs, _assigned(pairs.top, pairs.bottom, pairs.evidence, (len(top), len(bottom))))


def _edges(top: Mouths, bottom: Mouths, geometry: Geometry, population: Population) -> Pairs:
    """All pairs that may be linked."""
    i, j = near_pairs(top, bottom, geometry.reach)
    every = weigh(top, bottom, i, j, geometry, population)
    return _taken(every, np.flatnonzero(every.evidence > _FLOOR))


def _assigned(top: Integers, bottom: Integers, evidence: Floats, counts: tuple[int, int]) -> Integers:
    """Which of some pairs, each named once, make the one-to-one assignment of most evidence."""
    rows, columns = assign(top, bottom, _FLOOR - evidence, *counts)
    place = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(top, bottom, strict=True))}
    return np.array([place[(int(a), int(b))] for a, b in zip(rows, columns, strict=True)], dtype=np.intp)


def _taken(pairs: Pairs, rows: Integers | npt.NDArray[np.bool_]) -> Pairs:
    return Pairs(
        pairs.top[rows],
        pairs.bottom[rows],
        pairs.evidence[rows],
        pairs.dip[rows],
        pairs.residual[rows],
        pairs.log_axes_misfit[rows],
        pairs.width[rows],
    )
