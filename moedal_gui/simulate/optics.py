"""How the two etched surfaces look under a ring of lamps, from behind, and under the halo."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.scan import Channel, Polarity

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Optics:
    """What differs from microscope to microscope.

    Attributes
    ----------
    polarity
        "lit": the wall of a near pit that faces the lamp is bright; "inverted": the other one.
    deflection
        By how much of its slope a wall turns the light; about the refractive index of the plastic less one.
    lamp_tilt_rad
        Angle of the lamps from the vertical.
    specular
        0: only diffuse light, 1: only the specular lobe.
    lobe_rad
        Width of the specular lobe.
    ground
        Grey of the bare foil under a rim lamp, share of full scale.
    contrast
        Grey of a typical wall over the ground, share of full scale.
    saturation
        Steepness at which brightness stops to grow.
    near_blur_px, far_blur_px
        Standard deviations of the blur of the two surfaces.
    far_strength
        Contrast of the far surface relative to the near one.
    lamp_strengths
        One factor per channel.
    """

    polarity: Polarity
    deflection: float
    lamp_tilt_rad: float
    specular: float
    lobe_rad: float
    ground: float
    contrast: float
    saturation: float
    near_blur_px: float
    far_blur_px: float
    far_strength: float
    lamp_strengths: tuple[float, ...]


def draw_optics(rng: np.random.Generator, channels: int) -> Optics:
    """Optics of one scan, drawn from wide ranges."""
    near = float(rng.uniform(0.5, 1.2))
    dark_field = rng.random() < 0.25
    return Optics(
        polarity="lit" if rng.random() < 0.5 else "inverted",
        deflection=float(rng.uniform(0.2, 0.5)),
        lamp_tilt_rad=float(np.radians(rng.uniform(25, 65))),
        specular=float(rng.uniform(0.4, 0.8) if dark_field else rng.uniform(0.0, 0.6)),
        lobe_rad=float(rng.uniform(0.25, 0.6)),
        ground=float(rng.uniform(0.02, 0.06) if dark_field else rng.uniform(0.2, 0.5)),
        contrast=float(rng.uniform(0.12, 0.35)),
        saturation=float(rng.uniform(0.7, 3.0)),
        near_blur_px=near,
        far_blur_px=near + float(rng.uniform(0.5, 2.0)),
        far_strength=float(rng.uniform(0.5, 0.95)),
        lamp_strengths=tuple(float(s) for s in rng.uniform(0.85, 1.15, channels)),
    )


def slopes(depths: Float32, scale: int) -> tuple[Float32, Float32]:
    """Gradient of a depth map whose samples stand 1/scale px apart."""
    right = cv2.filter2D(depths, -1, np.array([[-0.5, 0.0, 0.5]], np.float32) * scale)
    down = cv2.filter2D(depths, -1, np.array([[-0.5], [0.0], [0.5]], np.float32) * scale)
    return right, down


def lamp_response(slope: Float32, flatness: Float32, optics: Optics) -> Float32:
    """Brightness of walls over the ground, about -1 to 1.

    Parameters
    ----------
    slope
        Rise of the wall towards the lamp (gradient of the depth along the lamp's direction).
    flatness
        Vertical part of the surface normal, 1/sqrt(1 + |gradient|^2).

    Returns
    -------
    Mixture of Lambert's law and a Gaussian lobe about the mirror direction, less the value of the bare foil,
    compressed by tanh.
    """
    tilt = optics.lamp_tilt_rad
    # Plain floats: numpy's own would turn the arrays into doubles.
    cosine, sine = math.cos(tilt), math.sin(tilt)
    diffuse = np.maximum((cosine + sine * slope) * flatness, 0.0) / cosine - 1.0
    cosine, sine = math.cos(0.5 * tilt), math.sin(0.5 * tilt)
    sharpness = 1.0 / optics.lobe_rad**2
    bare = math.exp(sharpness * (cosine - 1.0))
    glare = (np.exp(sharpness * ((cosine + sine * slope) * flatness - 1.0)) - bare) / max(1.0 - bare, 0.1)
    mixed = (1.0 - optics.specular) * diffuse + optics.specular * glare
    return np.asarray(np.tanh(mixed / optics.saturation) * optics.saturation, dtype=np.float32)


def shrink(picture: Float32, scale: int) -> Float32:
    """Mean of scale x scale samples."""
    height, width = picture.shape
    return np.asarray(
        cv2.resize(picture, (width // scale, height // scale), interpolation=cv2.INTER_AREA), dtype=np.float32
    )


def blur(picture: Float32, sigma_px: float) -> Float32:
    """Gaussian blur."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


@dataclass(frozen=True)
class Surfaces:
    """Depth maps (H * scale, W * scale) of the surface near the camera and the far one, and the foil between them."""

    near: Float32
    far: Float32
    scale: int
    apart_px: float

    @property
    def hole(self) -> Float32:
        """Share of each pixel (H, W) where the pits of both sides meet: etched through."""
        return shrink((self.near + self.far >= self.apart_px).astype(np.float32), self.scale)


@dataclass(frozen=True)
class _Walls:
    """Slopes of one surface on the fine grid, with its sign and blur in the picture.

    `sloping` marks the samples that are not flat; `right`, `down`, `flatness` hold those only.
    """

    sloping: npt.NDArray[np.bool_]
    right: Float32
    down: Float32
    flatness: Float32
    facing: float
    sigma_px: float
    strength: float


def _both_walls(surfaces: Surfaces, optics: Optics) -> tuple[_Walls, ...]:
    sign = 1.0 if optics.polarity == "lit" else -1.0
    sides = (
        (surfaces.near, sign, optics.near_blur_px, 1.0),
        (surfaces.far, -sign, optics.far_blur_px, optics.far_strength),
    )
    walls = []
    for depths, facing, sigma, strength in sides:
        right, down = (optics.deflection * slope for slope in slopes(depths, surfaces.scale))
        sloping = (right != 0.0) | (down != 0.0)
        right, down = right[sloping], down[sloping]
        flatness = np.asarray(1.0 / np.sqrt(1.0 + right**2 + down**2), dtype=np.float32)
        walls.append(_Walls(sloping, right, down, flatness, facing, sigma, strength))
    return tuple(walls)


def _spread(values: Float32, wall: _Walls, scale: int) -> Float32:
    """Values of the sloping samples as a picture (H, W), zero where the surface is flat."""
    fine = np.zeros(wall.sloping.shape, np.float32)
    fine[wall.sloping] = values
    return blur(shrink(fine, scale), wall.sigma_px)


def _rim(walls: tuple[_Walls, ...], hole: Float32, scale: int, optics: Optics, azimuth_deg: float) -> Float32:
    angle = math.radians(azimuth_deg)
    total = np.zeros((1, 1), np.float32)
    for wall in walls:
        along_x, along_y = wall.facing * math.cos(angle), wall.facing * math.sin(angle)
        response = lamp_response(wall.right * along_x + wall.down * along_y, wall.flatness, optics)
        total = total + wall.strength * _spread(response, wall, scale)
    lit = optics.ground + optics.contrast * total
    return np.asarray(np.maximum(lit * (1.0 - hole), 0.2 * optics.ground), dtype=np.float32)


def _scattered(walls: tuple[_Walls, ...], scale: int) -> Float32:
    """How much light the walls throw out of the straight way, 0 to 1."""
    total = np.zeros((1, 1), np.float32)
    for wall in walls:
        square = 1.0 / wall.flatness**2 - 1.0
        steep = np.asarray(square / (0.1 + square), dtype=np.float32)
        total = total + _spread(steep, wall, scale)
    return np.asarray(np.minimum(total, 1.0), dtype=np.float32)


def render(surfaces: Surfaces, optics: Optics, channels: tuple[Channel, ...]) -> Float32:
    """Ideal pictures of a field.

    Returns
    -------
    Shape (C, H, W), share of full scale, before dirt and camera.
    """
    walls, hole = _both_walls(surfaces, optics), surfaces.hole
    scattered = _scattered(walls, surfaces.scale)
    pictures = []
    for channel, strength in zip(channels, optics.lamp_strengths, strict=True):
        if channel.kind == "rim" and channel.azimuth_deg is not None:
            picture = _rim(walls, hole, surfaces.scale, optics, channel.azimuth_deg)
        elif channel.kind == "halo":
            picture = np.float32(0.05) + np.float32(0.5) * scattered * (1.0 - hole)
        else:
            through = blur(hole, optics.near_blur_px)
            ground = np.float32(0.7) * (1.0 - np.float32(0.75) * scattered)
            picture = ground * (1.0 - through) + np.float32(0.95) * through
        pictures.append(strength * picture)
    return np.stack(pictures).astype(np.float32)
