"""Crops as pictures: channels with the contrast of their scan, relief in grey."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moedal_gui.app.shading import Limits, limits_of

Bytes = npt.NDArray[np.uint8]


def channel_picture(raw: npt.NDArray[np.generic], limits: Limits | None) -> Bytes:
    """One channel of a crop as 8-bit grey."""
    return _scaled(raw, limits or limits_of(raw))


def relief_picture(relief: npt.NDArray[np.float32]) -> Bytes:
    """The relief of a crop, lit by its own range; symmetric about the flat ground so that up and down stay apart."""
    reach = float(np.percentile(np.abs(relief - np.median(relief)), 99.5)) or 1.0
    middle = float(np.median(relief))
    return _scaled(relief, (middle - reach, middle + reach))


def known_limits(contrast: Mapping[str, Limits], prefix: str, keys: list[str]) -> list[Limits | None]:
    """The remembered contrast of each channel, None where there is none."""
    return [contrast.get(f"{prefix}{key}") for key in keys]


def _scaled(values: npt.NDArray[np.generic], limits: Limits) -> Bytes:
    low, high = limits
    scaled = (np.asarray(values, dtype=np.float32) - low) * (255.0 / max(high - low, 1e-9))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def tinted(plane: npt.NDArray[np.generic], effect: npt.NDArray[np.float64]) -> Bytes:
    """A plane (S, S) in grey, (S, S, 3), tinted by what it does to a score: orange raises it, blue lowers it."""
    grey = channel_picture(plane, None).astype(np.float32)[..., None]
    reach = float(np.abs(effect).max()) or 1.0
    share = (np.clip(np.abs(effect) / reach, 0.0, 1.0) ** 0.8 * 0.62)[..., None].astype(np.float32)
    colour = np.where(
        (effect >= 0)[..., None], np.array((230, 140, 0), np.float32), np.array((60, 150, 230), np.float32)
    )
    return np.clip(grey * (1.0 - share) + colour * share, 0, 255).astype(np.uint8)
