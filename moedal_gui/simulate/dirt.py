"""What lies on a foil and is no pit: dust, scratches, bubbles, fibres, fingerprints."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
FINE = 8


@dataclass(frozen=True)
class Dirt:
    """Dirt of one field.

    Attributes
    ----------
    absorption
        Shape (H, W), share of light taken, the same under every lamp.
    glow
        Shape (H, W), light scattered towards the camera, the same under every lamp, in units of the contrast.
    relief
        Shape (H * scale, W * scale), px: grooves (positive) and bumps (negative) that lamps do see.
    """

    absorption: Float32
    glow: Float32
    relief: Float32


def _outline(rng: np.random.Generator, radius: float, corners: int = 9) -> npt.NDArray[np.float64]:
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.5, 1.3, corners)
    return np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1)


def _fill(picture: Float32, points: npt.NDArray[np.float64], value: float) -> None:
    layer = np.zeros_like(picture)
    cv2.fillPoly(layer, [np.rint(points * FINE).astype(np.int32)], value, cv2.LINE_AA, 3)
    np.maximum(picture, layer, out=picture)


def _line(picture: Float32, points: npt.NDArray[np.float64], value: float, width: int) -> None:
    layer = np.zeros_like(picture)
    cv2.polylines(layer, [np.rint(points * FINE).astype(np.int32)], False, value, width, cv2.LINE_AA, 3)
    np.maximum(picture, layer, out=picture)


def _wander(rng: np.random.Generator, shape: tuple[int, int], length: float, bend: float) -> npt.NDArray[np.float64]:
    steps = max(int(length / 4), 2)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, bend, steps))
    start = rng.uniform(0, 1, 2) * (shape[1], shape[0])
    return np.asarray(start + 4.0 * np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0))


def _dust(rng: np.random.Generator, dirt: Dirt, scale: int) -> None:
    height, width = dirt.absorption.shape
    centre = rng.uniform(0, 1, 2) * (width, height)
    points = centre + _outline(rng, rng.uniform(1.5, 9.0))
    if rng.random() < 0.8:
        _fill(dirt.absorption, points, float(rng.uniform(0.3, 0.85)))
    else:
        _fill(dirt.glow, points, float(rng.uniform(0.3, 1.0)))


def _scratch(rng: np.random.Generator, dirt: Dirt, scale: int) -> None:
    points = _wander(rng, dirt.absorption.shape, rng.uniform(30, 400), 0.01)
    groove = np.zeros_like(dirt.relief)
    _line(groove, points * scale, 1.0, 1)
    dirt.relief[...] += cv2.GaussianBlur(groove, (0, 0), scale * rng.uniform(0.5, 1.0)) * rng.uniform(0.5, 2.0)


def _bubble(rng: np.random.Generator, dirt: Dirt, scale: int) -> None:
    height, width = dirt.absorption.shape
    centre = np.rint(rng.uniform(0, 1, 2) * (width, height) * FINE).astype(int)
    radius = int(rng.uniform(4, 22) * FINE)
    layer = np.zeros_like(dirt.absorption)
    cv2.circle(layer, (int(centre[0]), int(centre[1])), radius, float(rng.uniform(0.3, 0.7)), 2, cv2.LINE_AA, 3)
    np.maximum(dirt.absorption, layer, out=dirt.absorption)
    shine = (int(centre[0] - radius // 3), int(centre[1] - radius // 3))
    cv2.circle(dirt.glow, shine, FINE, float(rng.uniform(0.3, 1.0)), -1, cv2.LINE_AA, 3)


def _fibre(rng: np.random.Generator, dirt: Dirt, scale: int) -> None:
    points = _wander(rng, dirt.absorption.shape, rng.uniform(40, 300), 0.12)
    _line(dirt.absorption, points, float(rng.uniform(0.2, 0.6)), int(rng.integers(1, 3)))


def _fingerprint(rng: np.random.Generator, dirt: Dirt, scale: int) -> None:
    height, width = dirt.absorption.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre_x, centre_y = rng.uniform(-0.2, 1.2) * width, rng.uniform(-0.2, 1.2) * height
    distance = np.hypot(x - centre_x, 1.3 * (y - centre_y)) + 6.0 * np.sin(x / 40.0)
    inside = np.exp(-((np.hypot(x - centre_x, y - centre_y) / rng.uniform(60, 160)) ** 4))
    ridges = 0.5 + 0.5 * np.sin(2 * np.pi * distance / rng.uniform(9, 16))
    dirt.absorption[...] = np.maximum(dirt.absorption, rng.uniform(0.04, 0.12) * inside * ridges)


_KINDS = ((_dust, 1.0), (_scratch, 0.25), (_bubble, 0.25), (_fibre, 0.2), (_fingerprint, 0.04))


def draw_dirt(rng: np.random.Generator, shape: tuple[int, int], scale: int, amount: float) -> Dirt:
    """Dirt of one field.

    Parameters
    ----------
    shape
        Height and width of the field, px.
    scale
        Samples per px of the relief.
    amount
        Mean number of dust grains; the other kinds are rarer.
    """
    empty = np.zeros(shape, np.float32)
    dirt = Dirt(empty, empty.copy(), np.zeros((shape[0] * scale, shape[1] * scale), np.float32))
    for draw, share in _KINDS:
        for _ in range(int(rng.poisson(amount * share))):
            draw(rng, dirt, scale)
    return dirt
