"""Do the pictures agree with what is said of the lamps and of the side that faces the camera?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.imaging.harmonics import SlopeField

Floats = npt.NDArray[np.float64]

_SMOOTH_PX = 1.5


@dataclass(frozen=True)
class RingEnergy:
    """Energy of the divergence and of the curl of slope fields; sums over fields add up."""

    divergence: float = 0.0
    curl: float = 0.0

    def __add__(self, other: RingEnergy) -> RingEnergy:
        return RingEnergy(self.divergence + other.divergence, self.curl + other.curl)

    @property
    def coherence(self) -> float:
        """1 for the slope of a surface, 0 for noise or lamps in a wrong order, -1 for a ring turned by 90 degrees.

        The slope of a height has no curl; lamps given a wrong azimuth turn each vector and mix the two.
        """
        total = self.divergence + self.curl
        return (self.divergence - self.curl) / total if total > 0 else 0.0


def ring_energy(slope: SlopeField) -> RingEnergy:
    """Energies of one field's slope, smoothed a little so that pixel noise does not drown the pits."""
    gx, gy = (cv2.GaussianBlur(np.asarray(s, np.float32), (0, 0), _SMOOTH_PX) for s in (slope.slope_x, slope.slope_y))
    dx_x, dx_y = cv2.Scharr(gx, cv2.CV_32F, 1, 0), cv2.Scharr(gy, cv2.CV_32F, 1, 0)
    dy_x, dy_y = cv2.Scharr(gx, cv2.CV_32F, 0, 1), cv2.Scharr(gy, cv2.CV_32F, 0, 1)
    divergence, curl = dx_x + dy_y, dx_y - dy_x
    # Background noise feeds both alike; taking its share away by the median keeps a thin field's figure honest.
    return RingEnergy(_above_noise(divergence), _above_noise(curl))


def _above_noise(values: npt.NDArray[np.float32]) -> float:
    square = np.square(values, dtype=np.float64)
    noise = float(np.median(square)) / 0.4549  # median of chi squared with one degree of freedom
    return float(np.maximum(square - 9 * noise, 0).sum())


def sharpness(slope: SlopeField, x_px: Floats, y_px: Floats, size_px: Floats) -> Floats:
    """Share of fine detail in the slope around each pit, (N,): the surface nearer to the camera has more.

    Energy in a band of fine scales over the energy below it, in a box of 1.4 times the mouth, both less what the
    background's noise gives there; times the mouth's size, since a rim grows with it and an area with its square.
    NaN where noise is all there is.
    """
    smooth = [cv2.GaussianBlur(np.asarray(s, np.float32), (0, 0), 0.7) for s in (slope.slope_x, slope.slope_y)]
    coarse = [cv2.GaussianBlur(s, (0, 0), 1.2) for s in smooth]
    fine = np.sum([np.square(a - b, dtype=np.float64) for a, b in zip(smooth, coarse, strict=True)], axis=0)
    rest = np.sum([np.square(b, dtype=np.float64) for b in coarse], axis=0)
    # The median of a sum of two squares is 1.386 of one's variance, its mean 2.
    noise_fine, noise_rest = (float(np.median(e)) * 2 / 1.386 for e in (fine, rest))
    result = np.full(len(x_px), np.nan)
    for n, (x, y, size) in enumerate(zip(x_px, y_px, size_px, strict=True)):
        half = max(3, round(0.7 * float(size)))
        box = (slice(max(0, round(y) - half), round(y) + half + 1), slice(max(0, round(x) - half), round(x) + half + 1))
        detail, whole = float((fine[box] - noise_fine).sum()), float((rest[box] - noise_rest).sum())
        if detail > 0 and whole > 5 * noise_rest * fine[box].size ** 0.5:
            result[n] = detail / whole * float(size)
    return result
