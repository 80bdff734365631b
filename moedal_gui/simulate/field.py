"""One simulated field: from pits to raw pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.scan import Channel, Polarity, Surface
from moedal_gui.simulate.camera import Camera, draw_camera, expose
from moedal_gui.simulate.dirt import Dirt, draw_dirt
from moedal_gui.simulate.etching import depth_map
from moedal_gui.simulate.ground import GRAIN_PX, rough_ground
from moedal_gui.simulate.optics import Optics, Surfaces, draw_optics, render

SCALE = 2
MARGIN_PX = 45.0
ChannelCount = Literal[10, 8, 4, 1]
Bits = Literal[8, 16]


class SimulatedField(NamedTuple):
    """A field with its truth.

    Attributes
    ----------
    stack
        Raw pixels (C, H, W).
    channels, polarity
        What a scan.toml would say.
    truth
        `moedal_gui.simulate.truth.TRUTH_COLUMNS`.
    """

    stack: npt.NDArray[Any]
    channels: tuple[Channel, ...]
    polarity: Polarity
    truth: pd.DataFrame


@dataclass(frozen=True)
class Microscope:
    """Lamps, optics, camera, how dirty the foil is (grains of dust per field), and how rough (`ground.rough_ground`)."""

    channels: tuple[Channel, ...]
    optics: Optics
    camera: Camera
    dirt: float
    roughness: float = 0.0
    grain_px: float = 1.0


def draw_channels(rng: np.random.Generator, count: ChannelCount) -> tuple[Channel, ...]:
    """Channels whose lamp zero and handedness are drawn."""
    lamps = {10: 8, 8: 8, 4: 4, 1: 0}[count]
    zero, hand = float(rng.choice(np.arange(0, 360, 45))), float(rng.choice([-1, 1]))
    steps = 360.0 / lamps if lamps else 0.0
    rim = tuple(Channel(k + 1, "rim", (zero + hand * steps * k) % 360.0) for k in range(lamps))
    if count == 10:
        return (*rim, Channel(9, "backlit"), Channel(10, "halo"))
    return rim or (Channel(9, "backlit"),)


def draw_microscope(
    rng: np.random.Generator, count: ChannelCount, bits: Bits | None, roughness: float = 0.0
) -> Microscope:
    """Everything about the taking of pictures that is constant over a scan."""
    channels = draw_channels(rng, count)
    optics = draw_optics(rng, len(channels))
    camera = draw_camera(rng, len(channels), bits)
    dirt = float(rng.uniform(2.0, 14.0))
    # Drawn from a stream of its own: on rough ground the same seed has the same pits.
    grain = float(np.exp(rng.spawn(1)[0].uniform(*np.log(GRAIN_PX)))) if roughness else 1.0
    return Microscope(channels, optics, camera, dirt, roughness, grain)


def _add_dirt(pictures: npt.NDArray[np.float32], dirt: Dirt, optics: Optics) -> npt.NDArray[np.float32]:
    sigma = optics.near_blur_px
    absorbed, glow = (cv2.GaussianBlur(p, (0, 0), sigma) for p in (dirt.absorption, dirt.glow))
    return np.asarray(pictures * (1.0 - absorbed) + optics.contrast * glow, dtype=np.float32)


def _pin_holes(pictures: npt.NDArray[np.float32], holes: npt.NDArray[np.float64], kinds: tuple[str, ...]) -> None:
    for x, y, radius in holes:
        mask = np.zeros(pictures.shape[1:], np.float32)
        cv2.circle(mask, (round(x * 8), round(y * 8)), round(radius * 8), 1.0, -1, cv2.LINE_AA, 3)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), dtype=np.float32)
        for channel, kind in enumerate(kinds):
            pictures[channel] += mask * ((0.95 if kind == "backlit" else 0.01) - pictures[channel])


def photograph(
    rng: np.random.Generator,
    pits: pd.DataFrame,
    microscope: Microscope,
    near: Surface,
    size_px: tuple[int, int],
    surfaces_apart_px: float,
    holes: npt.NDArray[np.float64] | None = None,
    dirt: Dirt | None = None,
) -> npt.NDArray[Any]:
    """Raw pictures of one field.

    Parameters
    ----------
    pits
        Pits in the picture's px, those just outside too.
    near
        The surface that faces the camera.
    size_px
        Width and height.
    surfaces_apart_px
        Distance of the two etched surfaces: pits that meet make a hole.
    holes
        Pin holes as rows of x, y, radius in px.
    dirt
        What lies on the foil, on `SCALE` samples per px; drawn as dirty as the microscope says by default.

    Returns
    -------
    Shape (C, H, W), uint8 or uint16.
    """
    shape = (size_px[1], size_px[0])
    close = pits["x_px"].between(-MARGIN_PX, size_px[0] + MARGIN_PX)
    close &= pits["y_px"].between(-MARGIN_PX, size_px[1] + MARGIN_PX)
    maps = [depth_map(shape, pits[close & ((pits["surface"] == near) == is_near)], SCALE) for is_near in (True, False)]
    if dirt is None:
        dirt = draw_dirt(rng, shape, SCALE, microscope.dirt)
    if microscope.roughness:
        own = rng.spawn(1)[0]
        maps = [m + rough_ground(own, shape, SCALE, microscope.roughness, microscope.grain_px) for m in maps]
    surfaces = Surfaces(maps[0] + dirt.relief, maps[1], SCALE, surfaces_apart_px)
    pictures = _add_dirt(render(surfaces, microscope.optics, microscope.channels), dirt, microscope.optics)
    if holes is not None:
        _pin_holes(pictures, holes, tuple(c.kind for c in microscope.channels))
    return expose(rng, pictures, microscope.channels, microscope.camera)
