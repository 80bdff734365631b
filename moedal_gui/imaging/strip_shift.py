"""The shift between two pictures of one narrow strip of foil, where a window would leave too little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter
from scipy.ndimage import shift as interpolated

Floats = npt.NDArray[np.float64]

REACH_PX = 4
_ROUNDS = 3
_LEAST_SIDE_PX = 4
_LARGEST_STEP_PX = 1.0  # the whole shift of highest correlation is never farther off


@dataclass(frozen=True)
class StripShift:
    """How far content moved between two strips.

    Attributes
    ----------
    shift_px
        What was at (x, y) of the first is at (x, y) + shift of the second.
    sigma_px
        1 sigma of each coordinate by the noise and by the structure that fixes it.
    correlation
        Normalised correlation of the two at the nearest whole shift, planes taken off.
    rival
        The same at the next best hill of correlation; -1 where there is none.
    """

    shift_px: tuple[float, float]
    sigma_px: tuple[float, float]
    correlation: float
    rival: float


def strip_shift(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> StripShift | None:
    """Whole shift of highest correlation, then least squares on gradients (Lucas, Kanade, IJCAI 1981, 674).

    Parameters
    ----------
    first, second
        Shape (H, W), the same for both.

    Returns
    -------
    StripShift or None
        None where the strips are flat, too narrow, or fit best at more than 3 px.
    """
    a, b = (np.asarray(p, dtype=np.float64) for p in (first, second))
    height, width = a.shape
    reach_x, reach_y = (min(REACH_PX, (side - _LEAST_SIDE_PX) // 2) for side in (width, height))
    if min(reach_x, reach_y) < 1:
        return None
    table = np.full((2 * reach_y + 1, 2 * reach_x + 1), -1.0)
    core = _plain(a[reach_y : height - reach_y, reach_x : width - reach_x])
    strength = float((core**2).sum())
    if strength <= 0:
        return None
    flat = _plain(b)
    for dy in range(-reach_y, reach_y + 1):
        for dx in range(-reach_x, reach_x + 1):
            other = flat[reach_y + dy : height - reach_y + dy, reach_x + dx : width - reach_x + dx]
            mean = other.mean()
            spread = float(np.vdot(other, other)) - other.size * mean**2
            if spread > 0:  # core has mean zero
                table[dy + reach_y, dx + reach_x] = float(np.vdot(core, other)) / np.sqrt(strength * spread)
    top_y, top_x = np.unravel_index(int(np.argmax(table)), table.shape)
    if top_y in (0, 2 * reach_y) or top_x in (0, 2 * reach_x):
        return None
    correlation = float(table[top_y, top_x])
    hills = table == maximum_filter(table, 3, mode="nearest")
    hills[top_y, top_x] = False
    fine = _fine(a, b, int(top_x) - reach_x, int(top_y) - reach_y)
    if fine is None:
        return None
    return StripShift(*fine, correlation, float(table[hills].max(initial=-1.0)))


def _plain(picture: Floats) -> Floats:
    """The picture without its plane of least squares: light that leans is no structure."""
    y, x = (np.arange(n) - (n - 1) / 2 for n in picture.shape)
    centred = picture - picture.mean()
    lean_y = float((centred.mean(axis=1) * y).sum() / max((y**2).sum(), 1e-9))
    lean_x = float((centred.mean(axis=0) * x).sum() / max((x**2).sum(), 1e-9))
    return np.asarray(centred - lean_y * y[:, None] - lean_x * x[None, :])


def _fine(a: Floats, b: Floats, dx: int, dy: int) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Shift and sigma from the gradients of what both show, interpolated anew after each step."""
    height, width = a.shape
    a = a[max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)]
    b = b[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
    y, x = np.indices(a.shape, dtype=float)
    more = np.zeros(2)
    inside = (slice(1, -1), slice(1, -1))  # what is interpolated at the border is not measured
    for _ in range(_ROUNDS):
        back = interpolated(b, (-more[1], -more[0]), order=3, mode="nearest")
        gy, gx = np.gradient((a + back) / 2)
        terms = [gx, gy, a, np.ones_like(a), x, y]
        design = np.stack([t[inside].ravel() for t in terms], axis=1)
        wanted = (back - a)[inside].ravel()
        normal = design.T @ design
        try:
            inverse = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            return None
        solution = inverse @ (design.T @ wanted)
        more = more - solution[:2]
        if np.abs(more).max() > _LARGEST_STEP_PX:
            return None
    noise = float(((wanted - design @ solution) ** 2).sum()) / max(len(wanted) - design.shape[1], 1)
    sigma = np.sqrt(np.maximum(np.diag(inverse)[:2] * noise, 0))
    return (dx + float(more[0]), dy + float(more[1])), (float(sigma[0]), float(sigma[1]))
