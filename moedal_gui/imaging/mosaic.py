"""Many fields as one picture: coarser levels, placement, and the shift between overlapping fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FINEST_SHIFT = 20


def halve(picture: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Mean of 2 x 2 pixels over the last two axes; an odd last row or column is repeated.

    Parameters
    ----------
    picture
        Shape (..., H, W).

    Returns
    -------
    Shape (..., ceil(H/2), ceil(W/2)), same type; whole numbers are rounded to nearest.
    """
    odd = [(0, 0)] * (picture.ndim - 2) + [(0, picture.shape[-2] % 2), (0, picture.shape[-1] % 2)]
    even: npt.NDArray[Any] = np.pad(picture, odd, mode="edge") if any(o for _, o in odd) else picture
    if picture.dtype.kind not in "ub":
        upper, lower = even[..., ::2, :], even[..., 1::2, :]
        quarters = upper[..., ::2] + upper[..., 1::2] + lower[..., ::2] + lower[..., 1::2]
        return np.asarray(quarters / 4, dtype=picture.dtype)
    # The narrowest type that holds four pixels and the half that rounds: memory traffic is what this costs.
    wide = np.uint16 if picture.dtype.itemsize == 1 else np.uint32
    pairs: npt.NDArray[Any] = even[..., ::2, :].astype(wide)
    pairs += even[..., 1::2, :]
    mean: npt.NDArray[Any] = pairs[..., ::2] + pairs[..., 1::2]
    mean += 2
    mean >>= 2
    return np.asarray(mean, dtype=picture.dtype)


@dataclass(frozen=True)
class Shift:
    """How far content moved from one picture to another, and how much of it agrees.

    Attributes
    ----------
    x_px, y_px
        What was at (x, y) of the first picture is at (x + x_px, y + y_px) of the second.
    correlation
        Normalised correlation of the two after the shift, -1 to 1.
    """

    x_px: float
    y_px: float
    correlation: float


def overlap_shift(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> Shift:
    """Shift between two pictures of the same stretch of foil, to 1/20 px.

    Phase correlation with an up-sampled peak (Guizar-Sicairos et al., Opt. Lett. 33 (2008) 156), by scikit-image.

    Parameters
    ----------
    first, second
        Shape (H, W), the same for both.
    """
    a, b = (picture.astype(np.float64) for picture in (first, second))
    if not np.ptp(a) or not np.ptp(b):
        return Shift(0.0, 0.0, 0.0)
    dx, dy = (round(v) for v in _phase_shift(a, b))
    common_a, common_b = _common_part(a, b, dx, dy)
    if min(common_a.shape) < 4:
        return Shift(float(dx), float(dy), 0.0)
    # The window of the first look leans towards no shift; the second look is at what both have in common.
    more_x, more_y = _phase_shift(common_a, common_b)
    spread = float(common_a.std() * common_b.std())
    covariance = float(((common_a - common_a.mean()) * (common_b - common_b.mean())).mean())
    return Shift(dx + more_x, dy + more_y, covariance / spread if spread > 0 else 0.0)


def _phase_shift(a: Floats, b: Floats) -> tuple[float, float]:
    from skimage.registration import phase_cross_correlation

    window = np.hanning(a.shape[0] + 2)[1:-1, None] * np.hanning(a.shape[1] + 2)[None, 1:-1]
    pair = ((picture - picture.mean()) * window for picture in (a, b))
    moved, _, _ = phase_cross_correlation(*pair, upsample_factor=FINEST_SHIFT, normalization=None)
    return -float(moved[1]), -float(moved[0])


def _common_part(a: Floats, b: Floats, dx: int, dy: int) -> tuple[Floats, Floats]:
    height, width = a.shape
    return (
        a[max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)],
        b[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)],
    )
