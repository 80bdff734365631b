"""How well the ellipse of each single pit is known: worse where others lie on it, and where the detector is less sure.

How errors grow was measured on simulated fields of wide optics and density that the shipped detector has not learnt from:
48,000 pits, the scale of a Student's t distribution (3 degrees of freedom) of the errors of the axes' logarithms. Only
the growth is taken from there; how large the errors are is measured on the links of each foil.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from moedal_gui.analysis.pairing import Mouths

Floats = npt.NDArray[np.float64]

_SURE = 0.003  # one less the probability of a pit whose errors are the foil's own
_BY_DOUBT, _BY_SAME, _BY_OTHER = 0.34, 0.36, 0.21
_MOST_COVERED = 0.6
_BY_HAND = 0.95  # a pit put by hand is certain, the mouth fitted there is no better known than that of such a one
_LEAST_CHANCE, _MOST_CHANCE = 0.01, 0.9995
_RIM = 1.1  # a neighbour's rim disturbs a little beyond its mouth
_POINTS = 9
_CHUNK = 4096


def with_errors(top: Mouths, bottom: Mouths, chances: tuple[Floats, Floats]) -> tuple[Mouths, Mouths]:
    """Both surfaces' mouths with ``chance`` and ``error_growth``.

    Parameters
    ----------
    chances
        (n_top,) and (n_bottom,): calibrated probability of each pit to be one; NaN where nobody stated any.
    """
    answer = []
    for own, other, stated in ((top, bottom, chances[0]), (bottom, top, chances[1])):
        known = np.clip(np.nan_to_num(stated, nan=1.0 - _SURE), _LEAST_CHANCE, _MOST_CHANCE)
        growth = _BY_DOUBT * np.log((1.0 - np.where(stated >= 1.0, _BY_HAND, known)) / _SURE)
        growth += _BY_SAME * np.minimum(covered(own, own), _MOST_COVERED)
        growth += _BY_OTHER * np.minimum(covered(own, other), _MOST_COVERED)
        answer.append(replace(own, chance=np.where(np.isfinite(stated), known, 1.0), error_growth=np.exp(growth)))
    return answer[0], answer[1]


def covered(own: Mouths, others: Mouths) -> Floats:
    """Share (n,) of each mouth that lies under mouths of the others; ``own`` itself: under any but itself."""
    share = np.zeros(len(own))
    if not len(own) or not len(others):
        return share
    half_own, half_others = 0.5 * np.exp(own.log_axes), 0.5 * np.exp(others.log_axes)
    reach = float(half_own[:, 0].max() + _RIM * half_others[:, 0].max())
    tree = cKDTree(_apart(others, reach))
    unit = _disc()
    for first in range(0, len(own), _CHUNK):
        rows = np.arange(first, min(first + _CHUNK, len(own)))
        near = cKDTree(_apart(own, reach)[rows]).query_ball_tree(tree, reach)
        i = np.repeat(rows, [len(found) for found in near])
        k = np.fromiter((n for found in near for n in found), np.intp, len(i))
        different = (i != k) | (own is not others)
        i, k = i[different], k[different]
        close = np.hypot(*(own.places[i] - others.places[k]).T) < half_own[i, 0] + _RIM * half_others[k, 0]
        i, k = i[close], k[close]
        if not len(i):
            continue
        points = own.places[i][:, None] + _turned(unit * half_own[i][:, None], own.azimuth[i])
        local = _turned(points - others.places[k][:, None], -others.azimuth[k]) / (_RIM * half_others[k][:, None])
        inside = (local**2).sum(axis=2) <= 1.0
        starts = np.flatnonzero(np.r_[True, i[1:] != i[:-1]])
        share[i[starts]] = np.logical_or.reduceat(inside, starts, axis=0).mean(axis=1)
    return share


def _apart(mouths: Mouths, reach: float) -> Floats:
    """Frames stand apart along a third axis, farther than anything reaches."""
    return np.column_stack([mouths.places, mouths.frame * (10.0 * reach)])


def _disc() -> Floats:
    """Points (p, 2) spread evenly over the unit disc."""
    steps = (np.arange(_POINTS) - _POINTS // 2) / (0.5 * _POINTS)
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return points[(points**2).sum(axis=1) <= 1.0]


def _turned(vectors: Floats, angle: Floats) -> Floats:
    """Vectors (n, p, 2) turned by an angle (n,) in radians."""
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
