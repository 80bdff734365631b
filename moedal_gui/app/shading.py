"""Numbers to colours: grey values with contrast, lamps as hues, slope direction as hue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]
Limits = tuple[float, float]
NOTHING_RGB = (24, 26, 30)
_LEAST_SHARE, _MOST_SHARE = 0.3, 99.8
_BRIGHT, _BRIGHT_SHARE, _MOST_GAIN = 200.0, 98.0, 5.0


def limits_of(values: npt.NDArray[np.generic]) -> Limits:
    """Grey values that make a picture readable: a robust lowest and highest of what is finite."""
    sample = np.asarray(values, dtype=np.float32).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    step = max(1, sample.size // 200_000)
    low, high = np.percentile(sample[::step], (_LEAST_SHARE, _MOST_SHARE))
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def grey(values: Float32, limits: Limits) -> Rgb:
    """Shape (H, W, 3); NaN (no picture there) becomes the ground's colour."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        scaled = np.clip((values - low) * (255.0 / max(high - low, 1e-9)), 0, 255)
    bare = ~np.isfinite(scaled)
    whole = np.where(bare, 0, scaled).astype(np.uint8)
    rgb = np.repeat(whole[..., None], 3, axis=-1)
    rgb[bare] = NOTHING_RGB
    return rgb


def hues(azimuths_deg: npt.ArrayLike) -> Float32:
    """Colours (..., 3) in [0, 1] of directions on the colour wheel."""
    angle = np.asarray(azimuths_deg, dtype=np.float32)[..., None] / 60.0
    offset = np.array([0.0, 4.0, 2.0], dtype=np.float32)
    return np.asarray(np.clip(np.abs((angle + offset) % 6.0 - 3.0) - 1.0, 0.0, 1.0), dtype=np.float32)


def lamps_as_hues(stack: Float32, azimuths_deg: Sequence[float], limits: Limits) -> Rgb:
    """Rim pictures (N, H, W), each in the hue of its lamp, summed so that a flat grey ground stays grey."""
    low, high = limits
    weights = hues(azimuths_deg)
    weights = weights / np.maximum(weights.sum(axis=0), 1e-6)
    with np.errstate(invalid="ignore"):
        mixed = np.tensordot(np.moveaxis(stack, 0, -1), weights, axes=1)
        scaled = np.clip((mixed - low) * (255.0 / max(high - low, 1e-9)), 0, 255)
    bare = np.asarray(~np.isfinite(scaled).all(axis=-1))
    rgb = np.where(bare[..., None], 0, scaled).astype(np.uint8)
    rgb[bare] = NOTHING_RGB
    return rgb


def slope_as_hue(slope_x: Float32, slope_y: Float32, limits: Limits) -> Rgb:
    """Direction of a slope field as hue, its size as brightness between the limits."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        # The root lifts faint pits out of the dark without burning out steep ones.
        size = np.sqrt(np.clip((np.hypot(slope_x, slope_y) - low) / max(high - low, 1e-9), 0, 1))
        colour = hues(np.rad2deg(np.arctan2(slope_y, slope_x)) % 360.0) * size[..., None]
    bare = np.asarray(~np.isfinite(size))
    rgb = (np.where(bare[..., None], 0, colour) * 255).astype(np.uint8)
    rgb[bare] = NOTHING_RGB
    return rgb


def lifted(rgb: Rgb) -> Rgb:
    """A picture (H, W, 3) made brighter, at most fivefold, until its brightest parts can be told from black.

    For overviews: slopes of many pits that share one of its px largely cancel. Where no picture is, nothing changes.
    """
    there = (rgb != np.array(NOTHING_RGB, dtype=np.uint8)).any(axis=-1)
    bright = float(np.percentile(rgb[there].max(axis=-1), _BRIGHT_SHARE)) if there.any() else _BRIGHT
    gain = min(_BRIGHT / max(bright, 1.0), _MOST_GAIN)
    if gain <= 1.0:
        return rgb
    brighter = np.minimum(rgb * np.float32(gain), 255.0)
    return np.asarray(np.where(there[..., None], brighter, rgb), dtype=np.uint8)
