"""For every single pit: the partner it has, or the place where it would be, and how well the two fit.

Links are one-to-one and leave most pits without one; an expert asks of every pit how its best possible partner looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.links import Linking
from moedal_gui.analysis.pairing import Geometry, Mouths, near_pairs, population_of, predicted_displacement, weigh

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

_WORST, _BEST = -10.0, 30.0
_NEVER = -6.0  # evidence under which the predicted place tells more than the nearest opposite pit


@dataclass(frozen=True)
class Partners:
    """What each mouth of one surface has across, row by row.

    Attributes
    ----------
    partner
        (N,): row on the other surface, -1 where none fits.
    step
        (N, 2): px from the pit to its partner, or to where it would be.
    evidence, margin, rivalry
        (N,): evidence of the pair; by how much it beats the pit's second best; by how much it beats the partner's
        best other.
    link_score
        (N,): probability of the link to be a track; 0 for a pit that is not linked.
    linked
        (N,): whether the one-to-one assignment holds this pit.
    residual
        (N,): px from the place predicted from both mouths; 0 without partner.
    own_misfit, other_misfit
        (N,): cosine of the angle between a tip's direction and the line to the other pit.
    """

    partner: Integers
    step: Floats
    evidence: Floats
    margin: Floats
    rivalry: Floats
    link_score: Floats
    linked: npt.NDArray[np.bool_]
    residual: Floats
    own_misfit: Floats
    other_misfit: Floats


def partners(top: Mouths, bottom: Mouths, linking: Linking) -> tuple[Partners, Partners]:
    """Partners of the top pits and of the bottom pits, under the geometry that the linking found."""
    geometry = linking.geometry
    population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
    i, j = near_pairs(top, bottom, geometry.reach)
    every = weigh(top, bottom, i, j, geometry, population)
    ours = _Side(top, bottom, i, j, linking.pairs.top, linking.pairs.bottom, 0)
    theirs = _Side(bottom, top, j, i, linking.pairs.bottom, linking.pairs.top, 1)
    return (
        _partners(ours, every.evidence, every.residual, linking.score, geometry),
        _partners(theirs, every.evidence, every.residual, linking.score, geometry),
    )


@dataclass(frozen=True)
class _Side:
    """One surface's view of all near pairs and of the links."""

    own: Mouths
    other: Mouths
    row: Integers
    across: Integers
    linked_row: Integers
    linked_across: Integers
    surface: int


def _partners(side: _Side, evidence: Floats, residual: Floats, score: Floats, geometry: Geometry) -> Partners:
    count = len(side.own)
    best, first, second = _two_best(side.row, evidence, count)
    linked = np.zeros(count, dtype=bool)
    link_score = np.zeros(count)
    linked[side.linked_row], link_score[side.linked_row] = True, score
    chosen = np.where(first > _NEVER, best, -1)
    pair_of = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(side.row, side.across, strict=True))}
    for row, across in zip(side.linked_row, side.linked_across, strict=True):
        chosen[row] = pair_of.get((int(row), int(across)), chosen[row])
    has = chosen >= 0
    pair = np.maximum(chosen, 0)
    step = predicted_displacement(side.own, geometry, side.surface) if count else np.zeros((0, 2))
    values = {name: np.zeros(count) for name in ("evidence", "margin", "rivalry", "residual", "own", "other")}
    partner = np.full(count, -1, dtype=np.intp)
    if has.any():
        rows, pairs = np.flatnonzero(has), pair[has]
        partner[rows] = side.across[pairs]
        step[rows] = side.other.places[partner[rows]] - side.own.places[rows]
        values["evidence"][rows], values["residual"][rows] = evidence[pairs], residual[pairs]
        rest = np.where(pairs == best[rows], second[rows], first[rows])
        values["margin"][rows] = evidence[pairs] - rest
        across_best, across_first, across_second = _two_best(side.across, evidence, len(side.other))
        mine = across_best[partner[rows]] == pairs
        rival = np.where(mine, across_second[partner[rows]], across_first[partner[rows]])
        values["rivalry"][rows] = evidence[pairs] - rival
        direction = np.arctan2(step[rows, 1], step[rows, 0])
        values["own"][rows] = np.cos(side.own.azimuth[rows] - direction)
        values["other"][rows] = -np.cos(side.other.azimuth[partner[rows]] - direction)
    values["evidence"] = np.where(has, values["evidence"], np.maximum(first, _WORST))
    return Partners(
        partner, step, np.clip(values["evidence"], _WORST, _BEST), np.clip(values["margin"], _WORST, _BEST),
        np.clip(values["rivalry"], _WORST, _BEST), link_score, linked, values["residual"], values["own"], values["other"],
    )  # fmt: skip


def _two_best(row: Integers, evidence: Floats, count: int) -> tuple[Integers, Floats, Floats]:
    """Index of each row's best pair (-1 without any), its evidence and the second best's (the worst there is without)."""
    best = np.full(count, -1, dtype=np.intp)
    first, second = np.full(count, _WORST), np.full(count, _WORST)
    order = np.lexsort((-evidence, row))
    sorted_rows = row[order]
    leads = np.flatnonzero(np.r_[True, sorted_rows[1:] != sorted_rows[:-1]]) if len(order) else np.empty(0, np.intp)
    best[sorted_rows[leads]] = order[leads]
    first[sorted_rows[leads]] = evidence[order[leads]]
    follows = leads + 1
    follows = follows[follows < len(order)]
    follows = follows[sorted_rows[follows] == sorted_rows[follows - 1]]
    second[sorted_rows[follows]] = evidence[order[follows]]
    return best, first, second
