"""Mouths that a learned detector proposes, measured again by fitting the slope field they explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.preselect.calibration import calibrated, strengths
from moedal_gui.preselect.pit_field import Pits, Search, refit
from moedal_gui.preselect.pit_model import AZIMUTH, BLUR, LENGTH, PARAMETERS, SIZE, STEEP, TIP, X, Y, half_axes
from moedal_gui.preselect.quality import quality, slope_noise

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

_START_BLUR_PX = 1.1
_FREEDOM = 0.15
_STEPS = 3
_FOR_BLUR, _FREE, _STEPS_FOR_BLUR, _LARGE_PX = 12, 0.7, 6, 8.0
_FARTHEST = 0.5
"""A fit that moves a mouth by more than this share of its half minor axis (or 1.5 px) is not believed."""
_FARTHEST_PX = 1.5
_OTHER_SIZE = 1.35
_LEAST_EXPLAINED = 0.35
_DIRT_ABSORPTION, _DIRT_EXPLAINED, _ONLY_DIRT = 3.0, 0.6, 10.0
"""What takes this many times more light under all lamps alike than it slopes is dirt: the first number where a pit does
not explain the slopes, the last in any case."""


def refitted(planes: Float32, table: pd.DataFrame, converging: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Pits with centre, axes and azimuth fitted to the slopes; those whose fit runs away keep what they had.

    What turns out to be dirt, the same under every lamp, is left out.

    Parameters
    ----------
    planes
        Planes (5, H, W) of the view ``slope``.
    table
        Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`.
    converging
        Shape (n,): pits of the surface near the camera.
    """
    if not len(table):
        return table
    slopes = np.ascontiguousarray(planes[1:3])
    start = _pits(table, converging)
    search = Search(slopes, slope_noise(slopes), (_START_BLUR_PX, _START_BLUR_PX))
    search = _with_blur(search, start, planes[0], table["probability"].to_numpy(float))
    every = np.arange(len(table))
    start.parameters[:, BLUR] = np.log(np.where(converging, *search.sigma_px))
    fitted = refit(search, start, every, _FREEDOM, _STEPS, True)
    seen = quality(search, fitted, planes[0])
    major, minor = half_axes(fitted.parameters)
    before_major, before_minor = 0.5 * table["major_px"].to_numpy(), 0.5 * table["minor_px"].to_numpy()
    moved = np.hypot(fitted.parameters[:, X] - table["x_px"], fitted.parameters[:, Y] - table["y_px"])
    ratio = np.sqrt(major * minor / (before_major * before_minor))
    good = moved < np.maximum(_FARTHEST_PX, _FARTHEST * before_minor)
    good &= (ratio < _OTHER_SIZE) & (ratio > 1.0 / _OTHER_SIZE) & (seen.explained > _LEAST_EXPLAINED)
    good &= strengths(fitted) > 0
    answer = table.copy()
    for name, values in (
        ("x_px", fitted.parameters[:, X]), ("y_px", fitted.parameters[:, Y]), ("major_px", 2.0 * major),
        ("minor_px", 2.0 * minor), ("azimuth_deg", np.degrees(fitted.parameters[:, AZIMUTH]) % 360.0), ("snr", seen.snr),
    ):  # fmt: skip
        answer[name] = np.where(good, values, table[name])
    dirt = (seen.absorption > _DIRT_ABSORPTION) & (seen.explained < _DIRT_EXPLAINED)
    dirt |= seen.absorption > _ONLY_DIRT
    return answer[~dirt].reset_index(drop=True)


def _with_blur(search: Search, start: Pits, mean: Float32, probability: Floats) -> Search:
    """Blur of either surface, from a free fit of its largest sure pits: a wrong blur passes for a wrong size."""
    _, minor = half_axes(start.parameters)
    rows = np.zeros(0, dtype=np.int64)
    for converging in (True, False):
        worth = np.where((start.amplitude > 0) == converging, probability * np.minimum(minor, _LARGE_PX), 0.0)
        rows = np.append(rows, np.argsort(-worth, kind="stable")[: min(_FOR_BLUR, int((worth > 0).sum()))])
    fitted = refit(search, start, rows, _FREE, _STEPS_FOR_BLUR, False).take(rows)
    return calibrated(search, fitted, quality(search, fitted, mean))


def _pits(table: pd.DataFrame, converging: npt.NDArray[np.bool_]) -> Pits:
    parameters = np.zeros((len(table), PARAMETERS))
    parameters[:, X], parameters[:, Y] = table["x_px"], table["y_px"]
    stretch = np.log(table["major_px"] / table["minor_px"])
    parameters[:, SIZE] = 0.5 * np.log(0.25 * table["major_px"] * table["minor_px"])
    parameters[:, LENGTH] = stretch
    parameters[:, AZIMUTH] = np.radians(table["azimuth_deg"])
    # The longer a mouth, the farther its tip lies from the middle.
    parameters[:, TIP] = np.tanh(2.0 * stretch)
    parameters[:, STEEP], parameters[:, BLUR] = -0.3, np.log(_START_BLUR_PX)
    return Pits(parameters, np.where(converging, 1.0, -1.0))
