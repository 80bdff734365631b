"""Signal efficiency against background rejection and purity, with bootstrap bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.bootstrap import REPLICAS, SEED, Counts, Floats, band, resampled

_GRID = np.linspace(0.0, 1.0, 101)
_MOST_STEPS = 512


@dataclass(frozen=True)
class Roc:
    """Curves over the labelled pits.

    Attributes
    ----------
    threshold
        (K,) falling; the first one lets nothing pass.
    efficiency, rejection, purity
        (K,): share of signal that passes, share of background that does not, share of signal among what passes (NaN
        where nothing does).
    grid
        Abscissa of the bands: rejection of the ROC's, efficiency of the purity's.
    efficiency_low, efficiency_high
        95 % band of the efficiency at each rejection of ``grid``.
    purity_low, purity_high
        95 % band of the purity at each efficiency of ``grid``.
    area, area_low, area_high
        Area under the ROC: the probability that a signal scores above a background (ties count half).
    signal, background
        Labelled pits of each.
    """

    threshold: Floats
    efficiency: Floats
    rejection: Floats
    purity: Floats
    grid: Floats
    efficiency_low: Floats
    efficiency_high: Floats
    purity_low: Floats
    purity_high: Floats
    area: float
    area_low: float
    area_high: float
    signal: int
    background: int


def roc(scores: Floats, signal: npt.NDArray[np.bool_], *, replicas: int = REPLICAS, seed: int = SEED) -> Roc | None:
    """Curves of scores (N,) of which some are signal; None where signal or background is missing."""
    known = np.isfinite(scores)
    scores, signal = scores[known], signal[known]
    n_signal, n_background = int(signal.sum()), int((~signal).sum())
    if n_signal == 0 or n_background == 0:
        return None
    steps = _steps(scores)
    passing = np.stack([_binned(scores[signal], steps), _binned(scores[~signal], steps)])
    efficiency, rejection, purity, area = _curves(passing[0][None], passing[1][None])
    random = np.random.default_rng(seed)
    drawn = _curves(resampled(passing[0], random, replicas), resampled(passing[1], random, replicas))
    effs = np.stack([_at(_GRID, 1.0 - r, e) for e, r in zip(drawn[0], drawn[1], strict=True)])
    purs = np.stack([np.interp(_GRID, e, p) for e, p in zip(drawn[0], drawn[2], strict=True)])
    area_low, area_high = band(drawn[3])
    return Roc(
        np.concatenate([[np.inf], steps]), efficiency[0], rejection[0], purity[0], _GRID, *band(effs), *band(purs),
        float(area[0]), float(area_low), float(area_high), n_signal, n_background,
    )  # fmt: skip


def _at(grid: Floats, false: Floats, efficiency: Floats) -> Floats:
    """Efficiency at a rejection: the best one that rejects at least so much."""
    # Interpolated along the false positive rate, which rises with the efficiency.
    return np.interp(1.0 - grid, false, efficiency)


def _steps(scores: Floats) -> Floats:
    """Falling thresholds: every score that occurs, or as many quantiles of them as a screen can show."""
    every = np.unique(scores)
    if len(every) > _MOST_STEPS:
        picked = np.unique(np.linspace(0, len(every) - 1, _MOST_STEPS).astype(np.int64))
        every = every[picked]
    return np.asarray(every[::-1], dtype=float)


def _binned(scores: Floats, steps: Floats) -> Counts:
    """How many scores begin to pass at each falling step."""
    rising = steps[::-1]
    place = np.clip(np.searchsorted(rising, scores, side="right") - 1, 0, len(rising) - 1)
    return np.bincount(place, minlength=len(rising))[::-1].astype(np.int64)


def _curves(signal: Counts, background: Counts) -> tuple[Floats, Floats, Floats, Floats]:
    """Efficiency, rejection, purity (B, K + 1) and area (B,) from counts (B, K) per step."""
    start = np.zeros((len(signal), 1))
    kept = np.concatenate([start, np.cumsum(signal, axis=1)], axis=1)
    wrong = np.concatenate([start, np.cumsum(background, axis=1)], axis=1)
    efficiency, false = kept / kept[:, -1:], wrong / wrong[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        purity = kept / (kept + wrong)
    # Before anything passes there is no purity: the curve begins with the first one there is.
    begins = np.isfinite(purity).argmax(axis=1)
    purity = np.where(np.isfinite(purity), purity, np.take_along_axis(purity, begins[:, None], axis=1))
    area = (np.diff(false, axis=1) * (efficiency[:, 1:] + efficiency[:, :-1]) / 2).sum(axis=1)
    return efficiency, 1.0 - false, purity, area
