"""Pictures of etched tracks that lie in a transparent crystal, among cracks, bubbles and scratches, drawn at random.

What a detector that learns from boxes begins with: long shafts that fade into the depth, dark heads, and much that is no track.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from micrographs import packed, uneven_and_grain

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_MARGIN_PX = 40
_PER_PX = 1.0 / 804.0**2
_SHIFT = 4  # binary places of a pixel in OpenCV's drawing
_SLICES = 4  # parts of a shaft, each blurred by its own depth
_HIDDEN = 0.5  # density of what lies over a track, from which on it is no longer told


@dataclass(frozen=True)
class Style:
    """How the tracks of one picture look.

    Attributes
    ----------
    length_px
        Longest shaft.
    width_px
        Of a shaft at its mouth.
    taper
        Width at the tip, as a share of that at the mouth.
    density
        Optical density of a shaft.
    hollow
        How much lighter the middle of a flat shaft is than its edges.
    defocus
        Blur, px a px of depth.
    halo
        Strength of the bright fringe.
    glint
        How often, and how strongly, the mouth shines on one side.
    """

    length_px: float
    width_px: float
    taper: float
    density: float
    hollow: float
    defocus: float
    halo: float
    glint: float


def draw_style(rng: np.random.Generator) -> Style:
    """The look of one picture, from wide ranges."""
    return Style(
        length_px=float(np.exp(rng.uniform(np.log(30.0), np.log(120.0)))),
        width_px=float(np.exp(rng.uniform(np.log(3.0), np.log(10.0)))),
        taper=float(rng.uniform(0.2, 1.0)),
        density=float(rng.uniform(0.5, 2.0)),
        hollow=float(rng.uniform(0.0, 0.8)),
        defocus=float(rng.uniform(0.0, 0.12)),
        halo=float(rng.uniform(0.0, 0.45)),
        glint=float(rng.uniform(0.0, 0.8)),
    )


def draw_track_picture(
    rng: np.random.Generator, size: int
) -> tuple[npt.NDArray[np.uint8], Float32, npt.NDArray[np.bool_]]:
    """One picture (H, W), its tracks as rows of x, y, half axes (px), azimuth (rad), 0; and where something else lies (H, W)."""
    style = draw_style(rng)
    wide = size + 2 * _MARGIN_PX
    count = int(rng.poisson(np.exp(rng.uniform(np.log(12.0), np.log(320.0))) * wide**2 * _PER_PX))
    density, glow = np.zeros((wide, wide), np.float32), np.zeros((wide, wide), np.float32)
    places = rng.uniform(0, wide, (count, 2))
    rows = [_draw_track(rng, style, place, density, glow) for place in places]
    other = _others(rng, wide)
    density_all = density + other
    density_all = density_all - np.float32(style.halo) * cv2.GaussianBlur(density_all, (0, 0), rng.uniform(1.5, 4.0))
    picture = _ground(rng, wide) * np.exp(-density_all) + glow * float(rng.uniform(0.1, 0.5))
    picture = picture * float(rng.uniform(0.25, 0.85))
    picture = np.asarray(
        cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), float(rng.uniform(0.4, 1.5))), np.float32
    )
    noisy = picture + rng.normal(0.0, rng.uniform(0.001, 0.02), picture.shape)
    inner = slice(_MARGIN_PX, _MARGIN_PX + size)
    grey = np.clip(255.0 * noisy[inner, inner], 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        grey = packed(rng, grey, 50)
    seen = np.array([r for r in rows if not _hidden(r, other)], np.float64).reshape(-1, 5)
    seen[:, :2] -= _MARGIN_PX
    near = np.all((seen[:, :2] > -20) & (seen[:, :2] < size + 20), axis=1)
    pits = np.concatenate([seen[near], np.zeros((int(near.sum()), 1))], axis=1).astype(np.float32)
    return grey, pits, np.asarray(other[inner, inner] > 0.3)


def _hidden(row: Floats, other: Float32) -> bool:
    x, y = (int(np.clip(round(float(v)), 0, other.shape[0] - 1)) for v in row[:2])
    return bool(other[y, x] > _HIDDEN)


def _draw_track(rng: np.random.Generator, style: Style, mouth: Floats, density: Float32, glow: Float32) -> Floats:
    """Lay one track over what is there; its row of x, y, half axes and azimuth of the part that is seen."""
    # Tracks of all directions cross a plane in proportion to the sine of their dip.
    dip = float(np.arcsin(np.sqrt(rng.uniform(0.0, 1.0))))
    whole = style.length_px * float(rng.uniform(0.35, 1.0))
    width = style.width_px * float(np.exp(rng.normal(0.0, 0.2)))
    length = max(whole * np.cos(dip), 0.4 * width)
    deepest = whole * np.sin(dip)
    azimuth = float(rng.uniform(0, 2 * np.pi))
    ahead = np.array([np.cos(azimuth), np.sin(azimuth)])
    beside = np.array([-ahead[1], ahead[0]])
    reach = int(length + 2 * width + 8 + 3 * style.defocus * deepest)
    xa, ya = (max(int(v) - reach, 0) for v in mouth)
    xb, yb = (min(int(v) + reach, density.shape[0]) for v in mouth)
    if xb - xa < 3 or yb - ya < 3:
        return np.array([-1e3, -1e3, 1.0, 1.0, 0.0])
    here = mouth - (xa, ya)
    layer = np.zeros((yb - ya, xb - xa), np.float32)
    strong = style.density * float(np.exp(rng.normal(0.0, 0.25)))
    # The steeper the track, the longer the way of light through it; it cannot be darker than dark.
    steep = strong * (0.6 + 0.8 * np.sin(dip))
    hollow = style.hollow * np.cos(dip) ** 2
    ends = np.linspace(0.0, 1.0, _SLICES + 1)
    seen = 1.0
    for k in range(_SLICES):
        a, b = ends[k] * length, ends[k + 1] * length + (0.5 if k + 1 < _SLICES else 0.0)
        half = [0.5 * width * (1.0 + (style.taper - 1.0) * e) for e in (ends[k], ends[k + 1])]
        corners = np.array([here + a * ahead + half[0] * beside, here + b * ahead + half[1] * beside,
                            here + b * ahead - half[1] * beside, here + a * ahead - half[0] * beside])  # fmt: skip
        part = np.zeros_like(layer)
        points = np.rint(corners * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(part, [points], float(steep * (1.0 - hollow)), cv2.LINE_AA, _SHIFT)
        if hollow > 0.1:
            for side in ((0, 1), (3, 2)):
                cv2.line(part, points[side[0]].tolist(), points[side[1]].tolist(), float(steep), 1, cv2.LINE_AA, _SHIFT)
        blur = style.defocus * deepest * 0.5 * (ends[k] + ends[k + 1])
        if blur > 0.4:
            part = np.asarray(cv2.GaussianBlur(part, (0, 0), blur), np.float32)
            if blur > 0.8 * width:
                seen = min(seen, float(ends[k + 1]))
        layer = np.maximum(layer, part) if blur < 0.4 else layer + np.maximum(part - layer, 0.0)
    if rng.random() < style.glint:
        side = here - ahead * (0.4 * width) + beside * rng.normal(0.0, 0.3 * width)
        spot = np.zeros_like(layer)
        cv2.circle(
            spot,
            np.rint(side * 2**_SHIFT).astype(int).tolist(),
            int(0.35 * width * 2**_SHIFT),
            1.0,
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )
        glow[ya:yb, xa:xb] += np.asarray(cv2.GaussianBlur(spot, (0, 0), 0.8), np.float32)
    density[ya:yb, xa:xb] += layer
    visible = length * seen
    middle = mouth + 0.5 * visible * ahead
    return np.array([*middle, max(0.5 * visible + 1.0, 0.5 * width), 0.5 * width + 0.5, azimuth])


def _others(rng: np.random.Generator, size: int) -> Float32:
    """Optical density (H, W) of all that is no track: specks, bubbles, chains, cracks, crystals, scratches."""
    layer = np.zeros((size, size), np.float32)
    area = size**2 * _PER_PX
    for _ in range(int(rng.poisson(rng.choice([0.0, 10.0, 60.0]) * area))):
        _spot(layer, rng, rng.uniform(0, size, 2), float(rng.uniform(0.8, 3.5)))
    for _ in range(int(rng.poisson(rng.choice([0.0, 3.0, 15.0]) * area))):
        _bubble(layer, rng, rng.uniform(0, size, 2), float(rng.uniform(2.0, 8.0)))
    for _ in range(int(rng.poisson(rng.choice([0.0, 2.0, 8.0]) * area))):
        points = _bent(rng, size, float(rng.choice([0.0, 0.1, 0.3])))
        own = float(rng.uniform(1.0, 5.0))
        step = own * float(rng.uniform(1.2, 4.0))
        for place in _along(points, step):
            _bubble(layer, rng, place + rng.normal(0, 0.4 * own, 2), own * float(rng.uniform(0.6, 1.4)))
    for _ in range(int(rng.poisson(rng.choice([0.0, 1.0, 4.0]) * area))):
        _line(
            layer, rng, _bent(rng, size, 0.3), float(rng.uniform(3.0, 22.0)), float(rng.uniform(0.8, 3.0)), rough=True
        )
    for _ in range(int(rng.poisson(rng.choice([0.0, 5.0, 20.0]) * area))):
        _line(layer, rng, _bent(rng, size, float(rng.choice([0.0, 0.0, 0.05]))), float(rng.uniform(1.0, 3.0)),
              float(rng.uniform(-0.15, 0.2)), rough=False)  # fmt: skip
    for _ in range(int(rng.poisson(rng.choice([0.0, 0.0, 4.0]) * area))):
        _crystal(layer, rng, rng.uniform(0, size, 2), float(rng.uniform(10.0, 40.0)))
    for _ in range(int(rng.poisson(rng.choice([0.0, 2.0, 6.0]) * area))):
        smear = np.zeros_like(layer)
        _line(
            smear, rng, _bent(rng, size, 0.1), float(rng.uniform(4.0, 20.0)), float(rng.uniform(0.1, 0.5)), rough=False
        )
        layer += cv2.GaussianBlur(smear, (0, 0), float(rng.uniform(4.0, 12.0)))
    return layer


def _spot(layer: Float32, rng: np.random.Generator, place: Floats, radius: float) -> None:
    """A grain: round, small or pale."""
    strength = float(rng.uniform(0.1, 1.2)) * (1.0 if radius < 2.0 else 0.4)
    _disc(layer, place, radius, strength, 1.0 if rng.random() < 0.5 else 0.5 * radius)


def _bubble(layer: Float32, rng: np.random.Generator, place: Floats, radius: float) -> None:
    """A ring with a lighter middle."""
    strength = float(rng.uniform(0.15, 0.9))
    _disc(layer, place, radius, strength, 0.7)
    _disc(layer, place, 0.6 * radius, -strength * float(rng.uniform(0.6, 1.5)), 0.7)


def _disc(layer: Float32, place: Floats, radius: float, strength: float, soft: float) -> None:
    reach = int(radius + 3 * soft + 2)
    xa, ya = (max(int(v) - reach, 0) for v in place)
    xb, yb = (min(int(v) + reach + 1, layer.shape[0]) for v in place)
    if xa >= xb or ya >= yb:
        return
    apart = np.hypot(np.arange(xa, xb) - place[0], (np.arange(ya, yb) - place[1])[:, None])
    layer[ya:yb, xa:xb] += np.float32(strength) / (
        1.0 + np.exp(np.clip((apart - radius) / (0.4 * soft), -30, 30))
    ).astype(np.float32)


def _bent(rng: np.random.Generator, size: int, bend: float) -> Floats:
    """Points (n, 2) of a line that wanders through the picture."""
    count = int(rng.integers(4, 40))
    angles = np.cumsum(rng.normal(0.0, bend, count)) + rng.uniform(0, 2 * np.pi)
    steps = rng.uniform(10, 40) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(rng.uniform(0, size, 2) + np.cumsum(steps, axis=0))


def _along(points: Floats, step: float) -> Floats:
    """Places (n, 2) every so many px along a line."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.arange(0.0, lengths[-1], step)
    return np.stack([np.interp(at, lengths, points[:, k]) for k in (0, 1)], axis=1)


def _line(
    layer: Float32, rng: np.random.Generator, points: Floats, width: float, strength: float, *, rough: bool
) -> None:
    """A crack or scratch; a rough one has teeth."""
    if rough:
        points = _along(points, 3.0)
        points = points + rng.normal(0.0, 0.15 * width, points.shape)
    mark = np.zeros_like(layer)
    cv2.polylines(
        mark, [np.rint(points * 2**_SHIFT).astype(np.int32)], False, 1.0, max(round(width), 1), cv2.LINE_AA, _SHIFT
    )
    if rough and rng.random() < 0.5:
        core = np.zeros_like(layer)
        cv2.polylines(
            core,
            [np.rint(points * 2**_SHIFT).astype(np.int32)],
            False,
            1.0,
            max(round(0.4 * width), 1),
            cv2.LINE_AA,
            _SHIFT,
        )
        mark -= np.float32(rng.uniform(0.3, 1.0)) * core
    layer += np.float32(strength) * mark


def _crystal(layer: Float32, rng: np.random.Generator, place: Floats, radius: float) -> None:
    """A grown-in crystal: a dark outline, a lighter body."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
    stretch = float(rng.uniform(0.3, 1.0))
    turn = float(rng.uniform(0, np.pi))
    shape = radius * np.stack([np.cos(angles), stretch * np.sin(angles)], axis=1)
    shape = shape @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + place
    points = [np.rint(shape * 2**_SHIFT).astype(np.int32)]
    body, edge = np.zeros_like(layer), np.zeros_like(layer)
    cv2.fillPoly(body, points, 1.0, cv2.LINE_AA, _SHIFT)
    cv2.polylines(edge, points, True, 1.0, int(rng.integers(2, 6)), cv2.LINE_AA, _SHIFT)
    layer += np.float32(rng.uniform(-0.1, 0.4)) * body + np.float32(rng.uniform(0.4, 1.5)) * edge


def _ground(rng: np.random.Generator, size: int) -> Float32:
    """Bare ground: uneven light, now and then a dark side, grain of the material."""
    uneven, grain = uneven_and_grain(rng, size)
    ground = 1.0 + rng.uniform(0.0, 0.15) * uneven + rng.uniform(0.0, 0.05) * grain
    if rng.random() < 0.25:
        angle = float(rng.uniform(0, 2 * np.pi))
        y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
        away = np.cos(angle) * x + np.sin(angle) * y + 0.05 * uneven - rng.uniform(0.2, 0.6)
        ground = ground * (1.0 - rng.uniform(0.5, 0.95) / (1.0 + np.exp(-np.clip(away * rng.uniform(10, 80), -30, 30))))
    return np.asarray(np.clip(ground, 0.02, 2.0), dtype=np.float32)
