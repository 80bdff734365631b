"""The search for pits in a slope field: fit the strong ones, take them away, look again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.calibration import calibrated, calibrated_again, strengths
from moedal_gui.preselect.dirt_rejection import leftovers
from moedal_gui.preselect.peak_fits import dominant, fit_peaks, standing_out
from moedal_gui.preselect.pit_field import Pits, Search, draw, no_pits, owners, reach, refit
from moedal_gui.preselect.pit_model import X, Y, half_axes
from moedal_gui.preselect.quality import Quality, quality
from moedal_gui.preselect.slope_peaks import Peaks, find_peaks

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

LEAST_SNR = 6.0
ROUNDS = 3
WILD = 3.0
LEAST_EXPLAINED = 0.4


def doubles(pits: Pits, strength: Floats) -> npt.NDArray[np.bool_]:
    """Which pits are a second description of a stronger one of the same surface."""
    order = np.argsort(-strength)
    drop = np.zeros(len(pits), dtype=bool)
    x, y = pits.parameters[:, X], pits.parameters[:, Y]
    _, minor = half_axes(pits.parameters)
    for rank, row in enumerate(order):
        stronger = order[:rank]
        stronger = stronger[~drop[stronger] & (pits.amplitude[stronger] * pits.amplitude[row] > 0)]
        distance = np.hypot(x[stronger] - x[row], y[stronger] - y[row])
        drop[row] = bool(np.any(distance < 0.5 * np.maximum(minor[stronger], minor[row])))
    return drop


@dataclass(frozen=True)
class Tried:
    """Peaks that were fitted before and came to nothing: place and radius, (n, 3)."""

    places: Floats

    def untried(self, peaks: Peaks) -> npt.NDArray[np.bool_]:
        """Which peaks are new; a hopeless one must not hide its neighbours for ever."""
        if not len(self.places):
            return np.ones(peaks.snr.size, dtype=bool)
        apart = np.hypot(peaks.x_px[:, None] - self.places[None, :, 0], peaks.y_px[:, None] - self.places[None, :, 1])
        ratio = peaks.radius_px[:, None] / self.places[None, :, 2]
        return np.asarray(~((apart < 2.5) & (ratio < 1.6) & (ratio > 0.7)).any(axis=1))

    def with_failed(self, peaks: Peaks, rows: Whole) -> Tried:
        """These and some more."""
        more = np.stack([peaks.x_px[rows], peaks.y_px[rows], peaks.radius_px[rows]], axis=1).astype(float)
        return Tried(np.concatenate([self.places, more]))


def _look(search: Search, pits: Pits, mean: Float32, freedom: float, tried: Tried) -> tuple[Pits, Tried]:
    """New pits in what the known ones leave over."""
    model = draw(pits, search.shape, owners(pits, search.shape))
    rest = search.slopes - model
    peaks = find_peaks(rest[0], rest[1], search.noise, LEAST_SNR)
    peaks = peaks.take(np.nonzero(standing_out(peaks, model) & tried.untried(peaks))[0])
    rows = dominant(peaks)
    fresh = fit_peaks(search, rest, peaks, rows, freedom)
    verdict = quality(replace(search, slopes=rest), fresh, mean)
    good = (verdict.explained > LEAST_EXPLAINED) & (verdict.snr > LEAST_SNR)
    return fresh.take(np.nonzero(good)[0]), tried.with_failed(peaks, rows[~good])


def _no_leftovers(pits: Pits, fresh: Pits) -> Pits:
    """New pits without those that only mend the misfit of a known one."""
    both = pits.joined(fresh)
    return fresh.take(np.nonzero(~leftovers(both, strengths(both))[len(pits) :])[0])


def _settle(search: Search, pits: Pits, mean: Float32, rows: Whole, quick: bool) -> Pits:
    """Fit pits beside their neighbours, then drop doubles and those that explain nothing."""
    again = refit(search, pits, rows, 0.15, 3, quick)
    # A fit that runs away on the few pixels its neighbours leave it is worse than the one before.
    wild = strengths(again) > WILD * strengths(pits)
    pits = Pits(
        np.where(wild[:, None], pits.parameters, again.parameters), np.where(wild, pits.amplitude, again.amplitude)
    )
    verdict = quality(search, pits, mean)
    drop = doubles(pits, verdict.snr) | leftovers(pits, verdict.snr)
    return pits.take(np.nonzero(~drop & (verdict.explained > LEAST_EXPLAINED))[0])


def crowded(pits: Pits, fresh: int) -> Whole:
    """Rows of the last `fresh` pits and of those they reach into."""
    x, y, size = pits.parameters[:, X], pits.parameters[:, Y], reach(pits.parameters)
    new = np.arange(len(pits) - fresh, len(pits))
    distance = np.hypot(x[:, None] - x[new], y[:, None] - y[new])
    return np.nonzero((distance < size[:, None] + size[new]).any(axis=1))[0]


def search_pits(search: Search, mean: Float32) -> tuple[Pits, Quality, Search]:
    """All that looks like a pit: the strong ones first, then what they leave over."""
    pits, tried = no_pits(), Tried(np.empty((0, 3)))
    for turn in range(ROUNDS):
        fresh, tried = _look(search, pits, mean, 0.7 if turn == 0 else 0.2, tried)
        if len(fresh) == 0:
            continue
        if turn == 0:
            search = calibrated(search, fresh, quality(search, fresh, mean))
            search = calibrated_again(search, fresh, mean)
        fresh = _no_leftovers(pits, fresh)
        pits = pits.joined(fresh)
        pits = _settle(search, pits, mean, crowded(pits, len(fresh)), True)
    pits = _settle(search, pits, mean, np.arange(len(pits)), False)
    return pits, quality(search, pits, mean), search
