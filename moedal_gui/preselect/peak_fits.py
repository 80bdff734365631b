"""First fits of pits at the peaks of a slope field, as whichever surface explains them better."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.ellipse_fit import Fits, Windows, first_guesses, fit
from moedal_gui.preselect.pit_field import THINNED_FROM_PX, WINDOW_SIZES, Frame, Pits, Search, cut, window_sizes
from moedal_gui.preselect.pit_model import BLUR, PARAMETERS
from moedal_gui.preselect.slope_peaks import Peaks

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

DOUBTFUL = 1.6
MISFIT_SHARE = 0.25
HOPELESS = 0.25


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
