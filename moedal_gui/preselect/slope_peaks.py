"""Where a slope field converges or diverges: first places of pits, on several scales."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

SCALES_PX = tuple(float(s) for s in 1.0 * 1.35 ** np.arange(9))
RADIUS_PER_SCALE = 1.55
ANSWER_OF_UNIT_CONE = 0.78
LINE_STEPS = (2.0, 3.5, 5.0, 6.5, 8.0, 9.5)
LONGEST_CREASE_PX = 24.0
LINE_SHARE = 0.45


@dataclass(frozen=True)
class Peaks:
    """Candidate places, strongest first; each field of shape (n,).

    Attributes
    ----------
    x_px, y_px
        Whole pixels.
    radius_px
        Radius of the pit that would answer most on the scale of the peak.
    sign
        +1 where the slope field converges (near surface at polarity "lit"), -1 where it diverges.
    snr
        Response over the standard deviation that white noise gives.
    amplitude
        Slope of the wall of a pit of that radius that would answer so.
    """

    x_px: npt.NDArray[np.int64]
    y_px: npt.NDArray[np.int64]
    radius_px: npt.NDArray[np.float64]
    sign: npt.NDArray[np.int64]
    snr: npt.NDArray[np.float64]
    amplitude: npt.NDArray[np.float64]

    def take(self, rows: npt.NDArray[np.generic]) -> Peaks:
        """Some of the peaks."""
        return Peaks(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _kernels(sigma: float) -> tuple[Float32, Float32, float]:
    """Gaussian, its derivative times sigma, and the response's deviation for unit white noise in both components."""
    reach = max(int(np.ceil(3.5 * sigma)), 2)
    t = np.arange(-reach, reach + 1, dtype=np.float64)
    smooth = np.exp(-0.5 * (t / sigma) ** 2)
    smooth /= smooth.sum()
    edge = -t / sigma * smooth
    noise = float(np.sqrt(2.0 * (smooth**2).sum() * (edge**2).sum()))
    return smooth.astype(np.float32), edge.astype(np.float32), noise


def convergence(slope_x: Float32, slope_y: Float32, sigma: float) -> tuple[Float32, float]:
    """Minus the divergence of the slope field, smoothed on one scale.

    Returns
    -------
    response, noise
        Shape (H, W), positive where the field converges; its standard deviation for unit white noise.
    """
    smooth, edge, noise = _kernels(sigma)
    # filter2D correlates: -t weighs the left side positive, so a field pointing inwards answers positive.
    across = cv2.sepFilter2D(slope_x, cv2.CV_32F, edge, smooth, borderType=cv2.BORDER_REFLECT)
    along = cv2.sepFilter2D(slope_y, cv2.CV_32F, smooth, edge, borderType=cv2.BORDER_REFLECT)
    return across + along, noise


def _local_maxima(response: Float32, reach: int) -> npt.NDArray[np.bool_]:
    size = 2 * reach + 1
    highest = cv2.dilate(response, np.ones((size, size), np.uint8))
    return np.asarray(response >= highest)


def _on_a_line(response: Float32, x: Whole, y: Whole, sigma: float) -> npt.NDArray[np.bool_]:
    """Which peaks belong to a groove: from them the response goes on in some direction much farther than wide.

    The crease of a slanting pit is a line too, but no longer than the pit; between two pits the response drops below
    zero.
    """
    angle = np.linspace(0.0, 2 * np.pi, 80, endpoint=False)
    reach = np.maximum(np.array(LINE_STEPS) * sigma, np.array(LINE_STEPS) / LINE_STEPS[-1] * LONGEST_CREASE_PX)
    lowest = np.full((x.size, angle.size), np.inf, dtype=np.float32)
    for far in reach:
        far_x = np.rint(x[:, None] + far * np.cos(angle)).astype(int)
        far_y = np.rint(y[:, None] + far * np.sin(angle)).astype(int)
        inside = (far_x >= 0) & (far_x < response.shape[1]) & (far_y >= 0) & (far_y < response.shape[0])
        value = response[np.clip(far_y, 0, response.shape[0] - 1), np.clip(far_x, 0, response.shape[1] - 1)]
        lowest = np.minimum(lowest, np.where(inside, value, -np.inf))
    return np.asarray(lowest.max(axis=1, initial=-np.inf) > LINE_SHARE * response[y, x])


def find_peaks(slope_x: Float32, slope_y: Float32, noise: float, least_snr: float) -> Peaks:
    """Local extrema of the convergence in place and scale.

    Parameters
    ----------
    slope_x, slope_y
        Shape (H, W).
    noise
        Standard deviation of one pixel of one component.
    least_snr
        Smallest signal-to-noise kept.
    """
    answers = [convergence(slope_x, slope_y, sigma) for sigma in SCALES_PX]
    # Divided by the noise all scales compare; a disc of walls answers most on the scale that fits it.
    ratios = np.stack([answer / (factor * noise) for answer, factor in answers])
    rows: list[npt.NDArray[np.float64]] = []
    for k, sigma in enumerate(SCALES_PX):
        lower, upper = ratios[max(k - 1, 0)], ratios[min(k + 1, len(SCALES_PX) - 1)]
        for sign in (1, -1):
            here = sign * ratios[k]
            peak = _local_maxima(here, max(round(sigma), 1)) & (here > least_snr)
            peak &= (here >= sign * lower) & (here >= sign * upper)
            y, x = np.nonzero(peak)
            lone = ~_on_a_line(here, x, y, sigma)
            x, y = x[lone], y[lone]
            size, side = np.full(x.size, RADIUS_PER_SCALE * sigma), np.full(x.size, sign)
            wall = here[y, x] * answers[k][1] * noise / ANSWER_OF_UNIT_CONE
            rows.append(np.stack([x, y, size, side, here[y, x], wall], axis=1))
    table = np.concatenate(rows)
    x, y, radius, side, snr, wall = table[np.argsort(-table[:, 4], kind="stable")].T
    return Peaks(x.astype(np.int64), y.astype(np.int64), radius, side.astype(np.int64), snr, wall)
