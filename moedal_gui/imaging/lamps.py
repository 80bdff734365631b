"""Which channels carry no picture in one field, though they do in others: a lamp went out, or blinded the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.imaging.flat_field import SATURATED_SHARE, FlatField, stuck_share

Floats = npt.NDArray[np.float64]

_STEP = 3
_LEAST_LIGHT, _LEAST_SPREAD = 0.1, 0.15
_CLEAR = 3.0


def out_here(stack: npt.NDArray[Any], flat: FlatField) -> tuple[bool, ...]:
    """Which channels of a raw field (C, H, W) are not to be used there, though the scan's flat field has them.

    Black or saturated ones, and those that give under a tenth of their light, or vary far less than the noise and pits of
    the others, while the others are as ever: a camera's noise near black is not one value only.
    """
    thin = stack[:, ::_STEP, ::_STEP]
    stuck = [stuck_share(p) > SATURATED_SHARE for p in stack]
    ground = np.array([float(np.median(c.background)) if c.divides else np.nan for c in flat.channels])
    light = np.median(thin.reshape(len(stack), -1), axis=1) / np.where(ground > 0.0, ground, np.nan)
    spread = np.std(thin.reshape(len(stack), -1), axis=1, dtype=np.float64)
    clear = spread > _CLEAR * np.array([c.noise for c in flat.channels])
    lives = np.array([c.usable for c in flat.channels]) & ~np.array(stuck)
    dark = _far_below(light, lives & np.isfinite(light), _LEAST_LIGHT)
    still = _far_below(spread, lives & clear, _LEAST_SPREAD)
    return tuple(bool(a or b or c) for a, b, c in zip(stuck, dark, still, strict=True))


def _far_below(values: Floats, among: npt.NDArray[np.bool_], share: float) -> npt.NDArray[np.bool_]:
    """Which values are under a share of what most channels have; none where fewer than half can be compared."""
    if among.sum() <= len(values) // 2:
        return np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(values < share * float(np.median(values[among])))
