"""From light to grey values: vignetting, gain, channel shift, noise, rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.scan import Channel

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """What differs from camera to camera.

    Attributes
    ----------
    lean
        How much brighter the picture is on the side towards the lamp, share per half width.
    bowl
        How much darker the corners are.
    gain_drift
        Standard deviation of the gain from field to field.
    shifts_px
        Shift of each channel, (C, 2).
    photons
        Photons at full scale.
    read_noise
        Share of full scale.
    bits
        8 or 16.
    """

    lean: float
    bowl: float
    gain_drift: float
    shifts_px: tuple[tuple[float, float], ...]
    photons: float
    read_noise: float
    bits: Literal[8, 16]


def draw_camera(rng: np.random.Generator, channels: int, bits: Literal[8, 16] | None) -> Camera:
    """Camera of one scan, drawn from wide ranges; channels are shifted by up to 1 px."""
    reach = rng.uniform(0.0, 1.0)
    distance, angle = reach * np.sqrt(rng.random(channels)), rng.uniform(0, 2 * np.pi, channels)
    depth: Literal[8, 16] = 16 if rng.random() < 0.3 else 8
    return Camera(
        lean=float(rng.uniform(0.0, 0.25)),
        bowl=float(rng.uniform(0.0, 0.25)),
        gain_drift=float(rng.uniform(0.0, 0.08)),
        shifts_px=tuple((float(d * np.cos(a)), float(d * np.sin(a))) for d, a in zip(distance, angle, strict=True)),
        photons=float(rng.uniform(3000, 20000)),
        read_noise=float(rng.uniform(0.002, 0.008)),
        bits=bits or depth,
    )


def vignette(shape: tuple[int, int], channel: Channel, camera: Camera) -> Float32:
    """Share of light that arrives, (H, W), 1 in the middle; leans towards the lamp of a rim channel."""
    y = np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[None, :]
    light = 1.0 - 0.5 * camera.bowl * (x * x + y * y)
    if channel.azimuth_deg is not None:
        angle = math.radians(channel.azimuth_deg)
        light = light + camera.lean * (x * math.cos(angle) + y * math.sin(angle))
    return np.asarray(np.maximum(light, 0.05), dtype=np.float32)


def _shifted(picture: Float32, shift: tuple[float, float]) -> Float32:
    if shift == (0.0, 0.0):
        return picture
    affine = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(picture, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def expose(
    rng: np.random.Generator, pictures: Float32, channels: tuple[Channel, ...], camera: Camera
) -> npt.NDArray[Any]:
    """Raw grey values of ideal pictures.

    Parameters
    ----------
    pictures
        Shape (C, H, W), share of full scale.

    Returns
    -------
    uint8 or uint16, same shape.
    """
    field_gain = float(rng.normal(1.0, camera.gain_drift))
    top = 2**camera.bits - 1
    raw = []
    for picture, channel, shift in zip(pictures, channels, camera.shifts_px, strict=True):
        light = _shifted(picture, shift) * vignette(picture.shape, channel, camera)
        light = light * np.float32(field_gain * rng.normal(1.0, 0.3 * camera.gain_drift))
        spread = np.sqrt(np.maximum(light, 0.0) / camera.photons + camera.read_noise**2)
        noisy = light + spread * rng.standard_normal(light.shape, dtype=np.float32)
        raw.append(np.clip(np.rint(noisy * top), 0, top))
    return np.stack(raw).astype(np.uint8 if camera.bits == 8 else np.uint16)
