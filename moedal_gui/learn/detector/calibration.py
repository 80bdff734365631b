"""How often a detector is right, by how sure it is: measured on fields it has not learnt from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from moedal_gui.analysis.intervals import fraction, harmonic_mean
from moedal_gui.analysis.matching import one_to_one
from moedal_gui.core.detector_card import DetectorCard
from moedal_gui.imaging.detector_planes import View
from moedal_gui.learn.detector.examples import AZIMUTH, MAJOR, MINOR, SURFACE, TaughtField, X, Y
from moedal_gui.preselect.heatmap import LearnedDetector, detect_by_heatmap

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

LEAST_TOLERANCE_PX = 4.0
TOLERANCE_OF_MINOR = 0.8
_KNOTS = 40
_HOPELESS = 0.02
_AS_GOOD = 0.001
_LEAST_LOGIT, _MOST_LOGIT = -6.0, 8.0
_SHARES = (0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
_LISTED_PER_FIELD = 300.0
_BANDS_PER_FIELD = (0.0, 60.0, 150.0, 300.0, 600.0, np.inf)
_FIELD_PX = 640.0 * 480.0
_NAMES = ("near", "far")


@dataclass(frozen=True)
class Found:
    """Everything a detector finds on held back fields, however unsure.

    Attributes
    ----------
    logit
        Shape (n,).
    right
        Shape (n,): whether a true pit of that surface lies there, one for one.
    field
        Shape (n,): index of the field.
    true
        Number of true pits of each field.
    per_field
        True pits of each field per 640 x 480 px.
    """

    logit: Floats
    right: npt.NDArray[np.bool_]
    field: npt.NDArray[np.int64]
    true: npt.NDArray[np.int64]
    per_field: Floats


def plain_card(view: View, surfaces: int) -> DetectorCard:
    """A card whose probability is the plain sigmoid: what is known before anything is measured."""
    logits = np.linspace(_LEAST_LOGIT, _MOST_LOGIT, _KNOTS)
    knots = tuple((float(z), float(1.0 / (1.0 + np.exp(-z)))) for z in logits)
    return DetectorCard("", "", view, surfaces, "", "", knots, 0.5)


def look(learned: LearnedDetector, fields: Sequence[TaughtField], shrink: int = 1, boxed: bool = False) -> Found:
    """Find the pits of held back fields and say which are true; tolerances are in px from before they were shrunk.

    ``learned``: with a `plain_card`, whose probabilities are those of the logits, to be calibrated; with its own card, logits are those of
    its calibrated probabilities. ``boxed``: of the pits only boxes are known.
    """
    surfaces = learned.card.surfaces
    logit, right, index, true, crowd = [], [], [], [], []
    for k, field in enumerate(fields):
        planes = np.asarray(field.planes, dtype=np.float32)
        # Names stand for the surfaces near and far, whatever the foil calls them.
        table = detect_by_heatmap(planes, learned, _NAMES[:surfaces], 0.0)  # type: ignore[arg-type]
        height, width = planes.shape[1:]
        x, y = field.pits[:, X], field.pits[:, Y]
        pits = field.pits[(x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)]
        if field.known is not None:
            at = np.rint(table[["y_px", "x_px"]].to_numpy()).astype(int)
            rows, columns = np.clip(at[:, 0], 0, height - 1), np.clip(at[:, 1], 0, width - 1)
            table = table[field.known[rows, columns]].reset_index(drop=True)
        good = np.zeros(len(table), dtype=bool)
        for side in range(surfaces):
            those = np.flatnonzero(table["surface"].to_numpy() == _NAMES[side])
            mine = pits[pits[:, SURFACE] == side] if surfaces > 1 else pits
            good[those[matched(mine, table[["x_px", "y_px"]].to_numpy()[those], shrink, boxed)[1]]] = True
        chance = np.clip(table["probability"].to_numpy(), 1e-4, 1 - 1e-4)
        logit.append(np.log(chance / (1.0 - chance)))
        right.append(good)
        index.append(np.full(len(table), k, dtype=np.int64))
        true.append(len(pits))
        crowd.append(len(pits) * _FIELD_PX / (height * width * shrink**2))
    return Found(
        np.concatenate(logit), np.concatenate(right), np.concatenate(index), np.array(true, np.int64), np.array(crowd)
    )


def matched(pits: Float32, found: Floats, shrink: int = 1, boxed: bool = False) -> tuple[Integers, Integers]:
    """Pits and rows of ``found`` that are the same: one for one within `LEAST_TOLERANCE_PX` or 0.8 of the half minor axis.

    ``boxed``: of half the shorter side of the box, whatever lies in it.
    """
    if not len(pits) or not len(found):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    half = pits[:, MINOR].astype(np.float64)
    if boxed:
        cosine, sine = np.cos(pits[:, AZIMUTH]), np.sin(pits[:, AZIMUTH])
        half = np.minimum(
            np.hypot(pits[:, MAJOR] * cosine, pits[:, MINOR] * sine),
            np.hypot(pits[:, MAJOR] * sine, pits[:, MINOR] * cosine),
        )
    reach = np.maximum(LEAST_TOLERANCE_PX / shrink, TOLERANCE_OF_MINOR * half)
    rows, columns = one_to_one(pits[:, [X, Y]].astype(np.float64), found, float(reach.max()))
    near = np.hypot(*(pits[rows][:, [X, Y]] - found[columns]).T) <= reach[rows]
    return rows[near], columns[near]


def calibrated(found: Found) -> tuple[tuple[float, float], ...]:
    """Points of the calibration: share that is right by logit, rising (isotonic regression), smoothed into knots."""
    if len(found.logit) < _KNOTS:
        return plain_card("slope", 1).probability
    order = np.argsort(found.logit, kind="stable")
    rising = isotonic_regression(found.right[order].astype(float)).x
    # Most of what is found is hopeless: the points stand where there is something to tell.
    worth = np.cumsum(rising + _HOPELESS)
    cuts = np.searchsorted(worth, np.linspace(0.0, worth[-1], _KNOTS + 1)[1:-1])
    parts = [p for p in np.split(np.arange(len(order)), cuts) if len(p)]
    logits = np.array([found.logit[order][p].mean() for p in parts])
    chances = np.array([rising[p].mean() for p in parts])
    logits, first = np.unique(logits, return_index=True)
    # A step of the regression is no step of the truth: what is certain on so few is not certain.
    return tuple((float(z), float(np.clip(p, 1e-4, 0.9999))) for z, p in zip(logits, chances[first], strict=True))


def thresholds(found: Found, chance: Floats) -> dict[str, float]:
    """Least probabilities: at the best F1 (to within a thousandth), and those that keep a share of the pits.

    What is kept is counted in fields of no more than 300 pits per 640 x 480 px, where a list of pits can be had; in all, where there
    are none such.
    """
    order = np.argsort(-chance, kind="stable")
    f1 = 2.0 * np.cumsum(found.right[order]) / np.maximum(np.arange(len(order)) + 1 + int(found.true.sum()), 1)
    # F1 hardly changes about its best: the end where fewer pits are lost.
    points = {"best_f1": float(chance[order][np.flatnonzero(f1 >= f1.max() - _AS_GOOD)[-1]]) if len(order) else 0.5}
    listed = found.per_field <= _LISTED_PER_FIELD
    listed = listed if found.true[listed].sum() else np.ones_like(listed)
    order = order[listed[found.field[order]]]
    hits = np.cumsum(found.right[order])
    for share in _SHARES:
        reached = np.flatnonzero(hits >= share * found.true[listed].sum())
        if reached.size:
            points[f"keeps_{share:.2f}"] = float(chance[order][reached[0]])
    return points


def figures(found: Found, chance: Floats, least: float) -> Mapping[str, Any]:
    """Efficiency, purity and F1 at a threshold: overall, and by pits per 640 x 480 field."""
    answer: dict[str, Any] = _figures(found, chance >= least, np.ones(len(found.true), dtype=bool))
    bands = []
    for low, high in itertools.pairwise(_BANDS_PER_FIELD):
        inside = (found.per_field >= low) & (found.per_field < high)
        if inside.any():
            upper = float(high) if np.isfinite(high) else None
            bands.append({"low_per_field": low, "high_per_field": upper, **_figures(found, chance >= least, inside)})
    return {**answer, "bands": bands}


def _figures(found: Found, told: npt.NDArray[np.bool_], fields: npt.NDArray[np.bool_]) -> dict[str, Any]:
    here = told & fields[found.field] if len(found.field) else told
    hits = int((here & found.right).sum())
    efficiency, purity = fraction(hits, int(found.true[fields].sum())), fraction(hits, int(here.sum()))
    return {
        "fields": int(fields.sum()),
        "efficiency": efficiency,
        "purity": purity,
        "f1": harmonic_mean(efficiency, purity),
    }
