"""Grey values as an evenly lit scan would have them, so that a mosaic shows the foil and not the lamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from moedal_gui.app.shading import Float32
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.normalise import normalise


def even_light(stack: npt.NDArray[np.generic], flat: FlatField, channels: Sequence[int]) -> Float32:
    """Take vignetting and each field's own gain out of raw pictures; the grey scale stays that of the camera.

    Parameters
    ----------
    stack
        Raw pictures (K, h, w) of one field, at any level.
    flat
        Flat field of the whole scan.
    channels
        For each picture, its channel.

    Returns
    -------
    float32 (K, h, w): the ground has the same grey value everywhere. Dead and saturated channels stay as they are.
    """
    chosen = tuple(flat.channels[i] for i in channels)
    even = normalise(stack, FlatField(chosen))
    for number, channel in enumerate(chosen):
        if channel.usable:
            even[number] *= np.float32(channel.contrast)
            even[number] += np.float32(np.median(channel.background))
        else:
            even[number] = stack[number]
    return even


def level_ground(stack: npt.NDArray[np.generic], grounds: Sequence[float]) -> Float32:
    """Bring the ground of raw pictures (K, h, w) to given grey values: what can be done before there is a flat field."""
    values = stack.astype(np.float32)
    shift = np.asarray(grounds, np.float32) - np.median(values, axis=(1, 2))
    return np.asarray(values + shift[:, None, None], dtype=np.float32)
