"""What one field tells of the scan as a whole: dirt, sharpness, and how much slope there is, pits or not."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.imaging.harmonics import SlopeField

Float32 = npt.NDArray[np.float32]

_CLEAR = 6.0  # deviations of the noise that a dirty pixel stands out by
_MORE_THAN_SLOPE = 1.5
_FINE_PX, _COARSE_PX = 1.0, 3.0


def field_measures(field: SlopeField) -> dict[str, float]:
    """Measures of one field.

    Returns
    -------
    ``dirt``: share of pixels that every lamp shows darker or brighter than the ground, more than they slope;
    ``slope_energy``: mean square of the slope field beyond its noise, in units of a typical pit's contrast;
    ``sharpness``: amplitude of what is finer than 1 px over that between 1 and 3 px, beyond the noise; it falls when
    the near surface is out of focus. Missing where nothing stands out of the noise.
    """
    slopes = (field.slope_x, field.slope_y)
    noise = float(np.mean([_noise(s) for s in slopes]))
    power = slopes[0] ** 2 + slopes[1] ** 2
    found = {"slope_energy": max(float(np.mean(power)) - 2.0 * noise**2, 0.0)}
    strength = np.abs(cv2.GaussianBlur(field.mean, (0, 0), 1.0))
    sloping = np.sqrt(cv2.GaussianBlur(power, (0, 0), 1.5))
    ground = _noise(field.mean)
    dirty = (strength > max(_CLEAR * ground / 3.0, 0.15)) & (strength > _MORE_THAN_SLOPE * sloping)
    found["dirt"] = float(dirty.mean())
    sharp = _sharpness(slopes, noise)
    return found if sharp is None else {**found, "sharpness": sharp}


def _noise(picture: Float32) -> float:
    """Standard deviation of one pixel, from differences of neighbours."""
    return max(float(np.median(np.abs(picture[:, 1:] - picture[:, :-1]))) / 0.9539, 1e-6)


def _sharpness(slopes: tuple[Float32, Float32], noise: float) -> float | None:
    fine = coarse = 0.0
    for picture in slopes:
        near, far = (cv2.GaussianBlur(picture, (0, 0), s) for s in (_FINE_PX, _COARSE_PX))
        fine += float(np.mean((picture - near) ** 2)) - _white(0.0, _FINE_PX) * noise**2
        coarse += float(np.mean((near - far) ** 2)) - _white(_FINE_PX, _COARSE_PX) * noise**2
    if coarse < 0.2 * noise**2 or fine <= 0.0:
        return None
    return float(np.sqrt(fine / coarse))


def _white(fine_px: float, coarse_px: float) -> float:
    """Variance that unit white noise keeps between two Gaussian blurs (sums of squared weights)."""
    own = 1.0 if fine_px == 0.0 else 1.0 / (4.0 * np.pi * fine_px**2)
    both = 1.0 / (2.0 * np.pi * coarse_px**2) if fine_px == 0.0 else 1.0 / (2.0 * np.pi * (fine_px**2 + coarse_px**2))
    return float(own - 2.0 * both + 1.0 / (4.0 * np.pi * coarse_px**2))
