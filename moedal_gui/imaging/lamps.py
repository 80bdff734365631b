"""Which lamps serve: those that carry a picture, in the scan and in one field, and whether they surround the foil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.flat_field import OUT_BELOW, SATURATED_SHARE, FlatField, stuck_share
from moedal_gui.imaging.harmonics import harmonic_matrix

_STEP = 3
_NOISE_ALONE = 3.0
_BRIGHTEST = 99.9  # per cent of a channel's pixels: what is brighter is not looked at
_NOISE_RISES = 4.5  # noises that these lie above the ground where the channel shows nothing
_CLEAR, _DULL = 8.0, 0.3  # noises that pits rise where channels show some; share of a pit's usual contrast


def out_here(stack: npt.NDArray[Any], flat: FlatField) -> tuple[bool, ...]:
    """Which channels of a raw field (C, H, W) are not to be used there, though the scan's flat field has them.

    Saturated ones, and black ones: a camera's noise near black is not one value only, so a channel whose ground is grey
    elsewhere is black too where it has under a fifth of that light and varies by no more than noise. Each is judged by itself:
    the other lamps may be out as well. Where the ground is nearly black by nature its light tells nothing: there a channel is
    out where it shows no more than noise though the others show pits, each measured by what it shows of pits elsewhere.
    """
    thin = stack[:, ::_STEP, ::_STEP].reshape(len(stack), -1)
    light, spread = thin.mean(axis=1, dtype=np.float64), thin.std(axis=1, dtype=np.float64)
    black = [
        c.divides and level < OUT_BELOW * float(np.median(c.background)) and varies < _NOISE_ALONE * c.noise
        for level, varies, c in zip(light, spread, flat.channels, strict=True)
    ]
    stuck = [stuck_share(p) > SATURATED_SHARE for p in stack]
    noise, contrast = (np.array([getattr(c, name) for c in flat.channels]) for name in ("noise", "contrast"))
    rises = np.percentile(thin, _BRIGHTEST, axis=1) - np.median(thin, axis=1)
    serving = [c.usable and not dark and not s for c, dark, s in zip(flat.channels, black, stuck, strict=True)]
    dull = np.zeros(len(stack), dtype=bool)
    if sum(serving) > 2 and float(np.median((rises / noise)[serving])) > _CLEAR:
        usual = float(np.median((rises / contrast)[serving]))
        dull = (rises < _NOISE_RISES * noise) & (rises < _DULL * usual * contrast)
        dull &= [not c.divides for c in flat.channels]
    return tuple(bool(a) or b or bool(c) for a, b, c in zip(black, stuck, dull, strict=True))


def usable_flat(
    stack: npt.NDArray[Any], description: ScanDescription, flat: FlatField, missing: Sequence[int]
) -> FlatField:
    """The scan's flat field for one field: channels that are missing (steps) or carry no picture there are not to be used."""
    gone = [c.step in missing or out for c, out in zip(description.channels, out_here(stack, flat), strict=True)]
    both = zip(flat.channels, gone, strict=True)
    return FlatField(tuple(replace(c, usable=c.usable and not out) for c, out in both))


def usable_rim(description: ScanDescription, flat: FlatField | None) -> tuple[int, ...]:
    """Indices of the rim channels that have an azimuth and carry a picture; all that have one where no flat field is known."""
    lit = [c.usable for c in flat.channels] if flat is not None else [True] * len(description.channels)
    channels = enumerate(description.channels)
    return tuple(i for i, c in channels if c.kind == "rim" and c.azimuth_deg is not None and lit[i])


def slope_ring(description: ScanDescription, flat: FlatField | None) -> tuple[int, ...]:
    """`usable_rim` where these lamps surround the foil well enough for slopes; else none."""
    rim = usable_rim(description, flat)
    try:
        harmonic_matrix([description.channels[i].azimuth_deg or 0.0 for i in rim])
    except DetectionError:
        return ()
    return rim
