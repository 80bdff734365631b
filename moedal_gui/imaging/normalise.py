"""The one normalisation of the program: background 0, pits of about 1 in every channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.background import shortest_half, unrounded
from moedal_gui.imaging.flat_field import ChannelFlat, FlatField, estimate_flat_field, grid_to_picture

__all__ = ["FlatField", "estimate_flat_field", "normalise", "usable_channels"]

Float32 = npt.NDArray[np.float32]
GAIN_RANGE = (0.2, 5.0)
SAMPLE_STEP = 4
_LEAST_GROUND = 0.05


def _core_mean(sample: npt.NDArray[np.float64]) -> float:
    """Mode of a sample: mean of what lies within 1.5 deviations of its shortest half."""
    centre, width = shortest_half(sample)
    # The shortest half of a normal distribution spans 1.349 deviations.
    reach = max(1.5 * float(width) / 1.349, 1e-6)
    near = sample[np.abs(sample - centre) <= reach]
    return float(near.mean()) if near.size else float(centre)


def _normalise_channel(picture: npt.NDArray[np.generic], flat: ChannelFlat) -> Float32:
    raw = np.nan_to_num(np.asarray(picture, dtype=np.float32))
    if not flat.usable:
        return np.zeros_like(raw)
    background = grid_to_picture(flat.background, raw.shape)
    every = (slice(None, None, SAMPLE_STEP),) * 2
    sample = unrounded(np.nan_to_num(picture[every]))
    if flat.divides:
        ratio = raw / background
        sample = (sample / background[every]).ravel()
        # Beside the sheet there is no ground to tell the gain by, however much of the field that is.
        ground = sample[(sample >= GAIN_RANGE[0]) & (sample <= GAIN_RANGE[1])]
        gain = float(np.clip(_core_mean(ground if ground.size > _LEAST_GROUND * sample.size else sample), *GAIN_RANGE))
        scale = float(np.median(background[every])) / flat.contrast
        return np.asarray((ratio / gain - 1.0) * scale, dtype=np.float32)
    difference = raw - background
    offset = _core_mean((sample - background[every]).ravel())
    return np.asarray((difference - offset) / flat.contrast, dtype=np.float32)


def normalise(stack: npt.NDArray[np.generic], flat: FlatField) -> Float32:
    """Bring a raw field onto the common scale.

    Where the ground is grey: ``(raw / (gain * background) - 1) * median(background) / contrast`` with the field's own
    gain; where it is nearly black: ``(raw - background - offset) / contrast``. Background becomes 0 and a typical
    pit deviates by about 1 in every channel, whatever lamp strength, vignetting, gain drift and bit depth.
    A dead or saturated channel becomes 0. Never NaN or infinite.

    Parameters
    ----------
    stack
        Raw pixels (C, H, W), 8 or 16 bit (floats are taken too).
    flat
        Flat field of the same scan with as many channels.

    Returns
    -------
    float32 (C, H, W).

    Raises
    ------
    DetectionError
        The numbers of channels differ.
    """
    if stack.shape[0] != len(flat.channels):
        what = f"The field has {stack.shape[0]} channels, the flat field {len(flat.channels)}"
        raise DetectionError(what, "", "estimate the flat field from this scan")
    return np.stack([_normalise_channel(p, f) for p, f in zip(stack, flat.channels, strict=True)])


def usable_channels(flat: FlatField) -> tuple[bool, ...]:
    """Which channels carry a picture: not black, not saturated, not noise alone."""
    return tuple(channel.usable for channel in flat.channels)
