"""Training-free detector on the slope field of a ring of lamps: find, fit, take away, look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections
from moedal_gui.core.scan import Surface
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.preselect.dirt_rejection import chained, leftovers, probabilities
from moedal_gui.preselect.ellipse_fit import Fits, Windows, first_guesses, fit
from moedal_gui.preselect.pit_field import (
    THINNED_FROM_PX,
    WINDOW_SIZES,
    Frame,
    Pits,
    Search,
    belongs,
    cut,
    draw,
    groups,
    no_pits,
    owners,
    reach,
    refit,
    window_sizes,
)
from moedal_gui.preselect.pit_model import AZIMUTH, BLUR, LENGTH, PARAMETERS, X, Y, half_axes, slope_fields
from moedal_gui.preselect.slope_peaks import Peaks, find_peaks

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

LEAST_SNR = 6.0
ROUNDS = 3
START_BLUR_PX = (1.1, 1.1)
DOUBTFUL = 1.6
MISFIT_SHARE = 0.25
HOPELESS = 0.25
WILD = 3.0
FEWEST_TO_CALIBRATE = 4
MOST_TO_CALIBRATE = 12
LEAST_PROBABILITY = 0.5
SMALLEST_FIELD_PX = 16
FAINT_SNR = 30.0
TEXTURE_PX = 18.0
LEAST_EXPLAINED = 0.4


def slope_noise(slopes: Float32) -> float:
    """Standard deviation of the noise of one pixel of one component, from differences of neighbours."""
    steps = np.abs(slopes[:, :, 1:] - slopes[:, :, :-1])
    return max(float(np.median(steps)) / 0.9539, 1e-6)


def dominant(peaks: Peaks) -> Whole:
    """Rows of the peaks that are no side lobe of a stronger one."""
    kept = np.zeros(peaks.snr.size, dtype=bool)
    for row in range(peaks.snr.size):
        others = np.nonzero(kept[:row])[0]
        distance = np.hypot(peaks.x_px[others] - peaks.x_px[row], peaks.y_px[others] - peaks.y_px[row])
        # Within a pit's own lobes; wherever pits are nearer than this the next round finds the weaker one.
        kept[row] = not np.any(distance < peaks.radius_px[others] + 0.8 * peaks.radius_px[row] + 2.0)
    return np.nonzero(kept)[0]


def standing_out(peaks: Peaks, model: Float32) -> npt.NDArray[np.bool_]:
    """Which peaks of the residual are more than the misfit of pits (2, H, W) taken away before."""
    strength = cv2.GaussianBlur(np.hypot(model[0], model[1]), (0, 0), 1.5)
    busy = cv2.dilate(strength, np.ones((5, 5), np.uint8))
    return np.asarray(peaks.amplitude > MISFIT_SHARE * busy[peaks.y_px, peaks.x_px])


def fit_peaks(search: Search, rest: Float32, peaks: Peaks, rows: Whole, freedom: float) -> Pits:
    """Fit new pits at peaks of what is left of a slope field, as whichever surface explains it better."""
    parameters, amplitude = np.zeros((rows.size, PARAMETERS)), np.zeros(rows.size)
    radius = peaks.radius_px[rows]
    # Room for the long ones: the peak tells the minor axis rather than the major one.
    sizes = window_sizes(1.7 * radius + 3.5)
    for k in np.unique(sizes):
        chosen = np.nonzero(sizes == k)[0]
        these = rows[chosen]
        frame = Frame.around(
            peaks.x_px[these].astype(float), peaks.y_px[these].astype(float), WINDOW_SIZES[int(k)], search.shape
        )
        data, inside = cut(rest, frame)
        scale = 2 if k == 0 else 1
        blur = np.where(peaks.sign[these] > 0, search.sigma_px[0], search.sigma_px[1])
        windows = Windows(data, inside.astype(np.float32), blur, freedom, search.noise, scale)
        if WINDOW_SIZES[int(k)] >= THINNED_FROM_PX:
            windows = windows.thinned()
        answer = _better_surface(windows, peaks.radius_px[these], search.sigma_px)
        parameters[chosen], amplitude[chosen] = frame.whole(answer.parameters), answer.amplitude
    return Pits(parameters, amplitude)


def _better_surface(windows: Windows, radius: Floats, sigma_px: tuple[float, float]) -> Fits:
    """Fit as a converging and, where that is not clearly worse, as a diverging pit; keep the better."""
    inward, outward = first_guesses(windows, radius)
    choose = inward.misfit <= outward.misfit
    first, second = _either(choose, inward, outward), _either(~choose, inward, outward)
    answer = _fit_with_blur(windows, first, sigma_px)
    doubtful = np.nonzero(second.misfit < DOUBTFUL * first.misfit)[0]
    if doubtful.size:
        other = _fit_with_blur(
            windows.take(doubtful),
            Fits(second.parameters[doubtful], second.amplitude[doubtful], second.misfit[doubtful]),
            sigma_px,
        )
        better = doubtful[other.misfit < answer.misfit[doubtful]]
        won = other.misfit < answer.misfit[doubtful]
        answer.parameters[better] = other.parameters[won]
        answer.amplitude[better] = other.amplitude[won]
        answer.misfit[better] = other.misfit[won]
    return answer


def _either(choose: npt.NDArray[np.bool_], one: Fits, other: Fits) -> Fits:
    return Fits(
        np.where(choose[:, None], one.parameters, other.parameters),
        np.where(choose, one.amplitude, other.amplitude),
        np.where(choose, one.misfit, other.misfit),
    )


def _fit_with_blur(windows: Windows, guess: Fits, sigma_px: tuple[float, float]) -> Fits:
    sigma = np.where(guess.amplitude > 0, sigma_px[0], sigma_px[1])
    guess.parameters[:, BLUR] = np.log(sigma)
    total = (windows.slopes**2 * windows.weights[:, None]).sum(axis=(1, 2, 3)) / windows.noise**2
    hopeful = np.nonzero(guess.misfit < (1.0 - HOPELESS) * total)[0]
    some = Fits(guess.parameters[hopeful], guess.amplitude[hopeful], guess.misfit[hopeful])
    better = fit(replace(windows.take(hopeful), sigma_px=sigma[hopeful]), some, 5)
    answer = Fits(guess.parameters.copy(), guess.amplitude.copy(), guess.misfit.copy())
    answer.parameters[hopeful], answer.amplitude[hopeful] = better.parameters, better.amplitude
    answer.misfit[hopeful] = better.misfit
    return answer


@dataclass(frozen=True)
class Quality:
    """How well each pit explains its place; each of shape (n,).

    Attributes
    ----------
    snr
        Amplitude over its standard deviation under white noise.
    explained
        Share of the slope field's square, inside the mouth and just outside, that the pit accounts for.
    absorption
        Root mean square of the mean picture inside the mouth over the amplitude: large for dirt.
    """

    snr: Floats
    explained: Floats
    absorption: Floats


def quality(search: Search, pits: Pits, mean: Float32) -> Quality:
    """Judge fitted pits against the slope field."""
    owner = owners(pits, search.shape)
    rest = search.slopes - draw(pits, search.shape, owner)
    snr, explained, absorption = (np.zeros(len(pits)) for _ in range(3))
    for rows, size, scale in groups(pits.parameters):
        p, a = pits.parameters[rows], pits.amplitude[rows]
        frame = Frame.around(p[:, X], p[:, Y], size, search.shape)
        left, _ = cut(rest, frame)
        mine = belongs(owner, pits, rows, frame)
        own = slope_fields(frame.local(p), size, scale) * a[:, None, None, None].astype(np.float32)
        own *= mine[:, None]
        strength = (own**2).sum(axis=1)
        # The footprint: where the pit itself says that something is to be seen.
        foot = mine & (strength > 0.02 * strength.max(axis=(1, 2), keepdims=True))
        power = ((left + own) ** 2).sum(axis=1)
        misfit = (left**2).sum(axis=1)
        pixels = np.maximum(foot.sum(axis=(1, 2)), 1)
        floor = 2.0 * search.noise**2 * pixels
        unexplained = np.maximum((misfit * foot).sum(axis=(1, 2)) - floor, 0.0)
        explained[rows] = 1.0 - unexplained / np.maximum((power * foot).sum(axis=(1, 2)) - floor, 1e-9)
        snr[rows] = np.sqrt(strength.sum(axis=(1, 2))) / search.noise
        y, x, _ = frame.index
        absorption[rows] = np.sqrt((mean[y, x] ** 2 * foot).sum(axis=(1, 2)) / pixels) / np.abs(a)
    return Quality(snr, explained, absorption)


def calibrated(search: Search, pits: Pits, seen: Quality) -> Search:
    """Blur of converging and diverging pits: medians over the well seen pits."""
    good = (seen.explained > 0.7) & (seen.snr > 20) & (half_axes(pits.parameters)[1] > 2.5)
    blur = list(search.sigma_px)
    for side, sign in enumerate((1.0, -1.0)):
        those = good & (np.sign(pits.amplitude) == sign)
        if those.sum() >= FEWEST_TO_CALIBRATE:
            blur[side] = float(np.exp(np.median(pits.parameters[those, BLUR])))
    return replace(search, sigma_px=(blur[0], blur[1]))


def _calibrated_again(search: Search, pits: Pits, mean: Float32) -> Search:
    """Blur from a free fit of the largest and clearest pits, beside their neighbours: small ones cannot tell it."""
    seen = quality(search, pits, mean)
    worth = np.where(seen.explained > 0.7, strengths(pits) * half_axes(pits.parameters)[1], 0.0)
    rows = np.zeros(0, dtype=np.int64)
    for sign in (1.0, -1.0):
        side = np.where(np.sign(pits.amplitude) == sign, worth, 0.0)
        rows = np.append(rows, np.argsort(-side)[: min(MOST_TO_CALIBRATE, int((side > 0).sum()))])
    if rows.size == 0:
        return search
    chosen = refit(search, pits, rows, 0.7, 4, False).take(rows)
    return calibrated(search, chosen, quality(search, chosen, mean))


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
        apart = np.hypot(
            peaks.x_px[:, None] - self.places[None, :, 0], peaks.y_px[:, None] - self.places[None, :, 1]
        )
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


def strengths(pits: Pits) -> Floats:
    """About the signal-to-noise of pits, up to a factor."""
    major, minor = half_axes(pits.parameters)
    return np.abs(pits.amplitude) * np.sqrt(major * minor)


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
            search = _calibrated_again(search, fresh, mean)
        fresh = _no_leftovers(pits, fresh)
        pits = pits.joined(fresh)
        pits = _settle(search, pits, mean, crowded(pits, len(fresh)), True)
    pits = _settle(search, pits, mean, np.arange(len(pits)), False)
    return pits, quality(search, pits, mean), search


def texture(search: Search, pits: Pits, snr: Floats) -> Floats:
    """Local deviation of what the strong pits leave over, in units of the noise, at each pit; shape (n,), 1 or more.

    Fingerprints and rough foil raise it, a lone faint pit hardly does.
    """
    strong = pits.take(np.nonzero(snr > FAINT_SNR)[0])
    rest = search.slopes - draw(strong, search.shape, owners(strong, search.shape))
    power = 0.5 * (rest[0] ** 2 + rest[1] ** 2) / search.noise**2
    # Capped, so that the misfit of one strong pit does not silence its neighbours.
    local = cv2.GaussianBlur(np.minimum(power, 8.0), (0, 0), TEXTURE_PX)
    x = np.clip(np.rint(pits.parameters[:, X]).astype(int), 0, search.shape[1] - 1)
    y = np.clip(np.rint(pits.parameters[:, Y]).astype(int), 0, search.shape[0] - 1)
    return np.asarray(np.sqrt(np.maximum(local[y, x], 1.0)), dtype=np.float64)


def detect_by_divergence(
    rim: Float32, azimuths_deg: Sequence[float], surfaces: tuple[Surface, Surface], least_noise: float = 1e-6
) -> pd.DataFrame:
    """Pits of one field from its normalised rim channels.

    Parameters
    ----------
    rim
        Shape (N, H, W), normalised, three lamps or more.
    azimuths_deg
        Directions towards the lamps.
    surfaces
        Names of the surface whose pits make the slope field converge, and of the other.
    least_noise
        Smallest deviation of a pixel of the rim channels to believe in: a clipped field seems to have none.

    Returns
    -------
    Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`, most probable first.
    """
    field = first_harmonic(rim, azimuths_deg)
    slopes = np.stack([field.slope_x, field.slope_y])
    if min(slopes.shape[1:]) < SMALLEST_FIELD_PX or not slopes.any():
        return empty_detections()
    floor = least_noise * float(np.sqrt(2.0 / len(azimuths_deg)))
    start = Search(slopes, max(slope_noise(slopes), floor), START_BLUR_PX)
    pits, seen, search = search_pits(start, field.mean)
    clear = seen.snr / texture(search, pits, seen.snr) ** 3
    chance = probabilities(clear, seen.explained, seen.absorption, pits.parameters[:, LENGTH])
    chance[chained(pits)] = 0.0
    height, width = slopes.shape[1:]
    x, y = pits.parameters[:, X], pits.parameters[:, Y]
    chance[(x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)] = 0.0
    order = np.argsort(-chance, kind="stable")
    kept = order[chance[order] >= LEAST_PROBABILITY]
    return _table(pits.take(kept), seen.snr[kept], seen.explained[kept], chance[kept], surfaces)


def _table(
    pits: Pits, snr: Floats, explained: Floats, chance: Floats, surfaces: tuple[Surface, Surface]
) -> pd.DataFrame:
    major, minor = half_axes(pits.parameters)
    inward = pits.amplitude > 0
    columns = {
        "x_px": pits.parameters[:, X],
        "y_px": pits.parameters[:, Y],
        "surface": np.where(inward, surfaces[0], surfaces[1]),
        "surface_score": 1.0 - 0.5 * np.exp(-0.12 * snr * np.clip(explained, 0.0, 1.0)),
        "probability": chance,
        "major_px": 2.0 * major,
        "minor_px": 2.0 * minor,
        "azimuth_deg": np.degrees(pits.parameters[:, AZIMUTH]) % 360.0,
        "snr": snr,
    }
    return pd.DataFrame(columns).astype(DETECTION_COLUMNS)[list(DETECTION_COLUMNS)]
