"""Micrographs with one channel: etch pits as transmitted or reflected light shows them, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.simulate.dirt import draw_dirt

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

X, Y, MAJOR, MINOR, AZIMUTH = range(5)
_MARGIN_PX = 60
_PITS_AT_MOST = 2500
_SHARE = {"round": (0.03, 0.9), "oblique": (0.03, 0.6), "needle": (0.02, 0.25)}
"""Share of the picture that mouths would cover if none lay on another, from sparse to very dense."""


@dataclass(frozen=True)
class Look:
    """How the pits of one picture look.

    Attributes
    ----------
    depth
        Share of the light that the wall of a pit takes.
    edge
        Width of the mouth's edge, in half axes.
    slant
        How much darker the rim is than the middle (positive), or lighter.
    spot, spot_size
        Strength and size of the bright middle; its place towards the tip is `spot_away`.
    halo
        Brightness of the fringe round the mouth.
    facing, facing_rad
        How much a wall that faces the light differs from one that does not, and where the light comes from.
    joined
        1: where pits overlap the darker one is seen; 0: both take their share.
    """

    depth: float
    edge: float
    slant: float
    spot: float
    spot_size: float
    spot_away: float
    halo: float
    facing: float
    facing_rad: float
    joined: float


def draw_look(rng: np.random.Generator) -> Look:
    """The look of one picture, from wide ranges."""
    return Look(
        depth=float(rng.uniform(0.15, 0.9)),
        edge=float(rng.uniform(0.05, 0.5)),
        slant=float(rng.uniform(-0.5, 0.8)),
        spot=float(rng.uniform(0.0, 1.1)) if rng.random() < 0.7 else 0.0,
        spot_size=float(rng.uniform(0.12, 0.65)),
        spot_away=float(rng.uniform(0.0, 0.4)),
        halo=float(rng.uniform(0.0, 0.35)) if rng.random() < 0.5 else 0.0,
        facing=float(rng.uniform(0.0, 1.2)) if rng.random() < 0.3 else 0.0,
        facing_rad=float(rng.uniform(0.0, 2 * np.pi)),
        joined=float(rng.random() < 0.6),
    )


def draw_pits(rng: np.random.Generator, kind: str, size: int) -> Floats:
    """Rows of x, y, half major and half minor axis (px), azimuth (rad) of one kind, those just outside too."""
    typical = float(np.exp(rng.uniform(np.log(3.0), np.log(34.0 if kind == "round" else 16.0))))
    spread = float(rng.uniform(0.02, 0.35))
    wide = size + 2 * _MARGIN_PX
    length = {"round": 1.0, "oblique": 1.6, "needle": 4.0}[kind]
    covered = float(np.exp(rng.uniform(*np.log(_SHARE[kind]))))
    count = int(np.clip(covered * wide**2 / (np.pi * typical**2 * length), 1, _PITS_AT_MOST))
    minor = typical * np.exp(rng.normal(0.0, spread, count))
    if kind == "round":
        stretch = 1.0 + np.abs(rng.normal(0.0, rng.uniform(0.0, 0.2), count))
    elif kind == "oblique":
        stretch = rng.uniform(1.0, rng.uniform(1.3, 3.0), count)
    else:
        minor = np.clip(0.4 * minor, 1.8, 6.0)
        stretch = rng.uniform(2.0, 8.0, count)
    place = rng.uniform(-_MARGIN_PX, size + _MARGIN_PX, (2, count))
    if rng.random() < 0.3:
        place = _gathered(rng, place)
    return np.stack([*place, np.minimum(minor * stretch, 55.0), minor, rng.uniform(0, 2 * np.pi, count)], axis=1)


def _gathered(rng: np.random.Generator, place: Floats) -> Floats:
    """Some pits beside others, as in groups."""
    moved = rng.random(place.shape[1]) < 0.5
    near = rng.integers(place.shape[1], size=int(moved.sum()))
    place[:, moved] = place[:, near] + rng.normal(0.0, rng.uniform(8.0, 40.0), (2, len(near)))
    return place


def _part(pit: Floats, size: int, reach: float) -> tuple[slice, slice, Floats, Floats] | None:
    """Rows, columns, and along and across the pit in half axes, of the pixels it may change."""
    far = reach * pit[MAJOR] + 3.0
    xa, xb = max(int(pit[X] - far), 0), min(int(pit[X] + far) + 2, size)
    ya, yb = max(int(pit[Y] - far), 0), min(int(pit[Y] + far) + 2, size)
    if xa >= xb or ya >= yb:
        return None
    dx, dy = np.arange(xa, xb) - pit[X], (np.arange(ya, yb) - pit[Y])[:, None]
    cosine, sine = np.cos(pit[AZIMUTH]), np.sin(pit[AZIMUTH])
    return slice(ya, yb), slice(xa, xb), (dx * cosine + dy * sine) / pit[MAJOR], (dy * cosine - dx * sine) / pit[MINOR]


def _edge(inside: Floats, width: float) -> Floats:
    share = np.clip(inside / width + 0.5, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


def taken_by(kind: str, pit: Floats, along: Floats, across: Floats, look: Look, own: float) -> Floats:
    """Share of the light that one pit takes at each place (negative where it is brighter than the ground)."""
    if kind == "needle":
        body = np.maximum(np.abs(along) - 1.0 + pit[MINOR] / pit[MAJOR], 0.0) * pit[MAJOR] / pit[MINOR]
        apart = np.hypot(body, across)
        fade = np.clip(0.5 + 0.5 * look.slant * along, 0.15, 1.0)
        return np.asarray(look.depth * own * fade * _edge(1.0 - apart, 2 * look.edge + 0.5))
    apart = np.hypot(along, across)
    wall = look.depth * own * np.clip(1.0 + look.slant * (np.minimum(apart, 1.0) - 1.0), 0.1, 1.5)
    middle = np.exp(-((along - look.spot_away) ** 2 + across**2) / (2 * look.spot_size**2))
    wall = wall * (1.0 - look.spot * middle)
    if look.facing:
        lit = np.cos(look.facing_rad - pit[AZIMUTH]) * along + np.sin(look.facing_rad - pit[AZIMUTH]) * across
        wall = wall - look.facing * look.depth * lit
    fringe = look.halo * look.depth * np.exp(-(((apart - 1.12) / 0.1) ** 2))
    return np.asarray(wall * _edge(1.0 - apart, look.edge) - fringe)


def _lines(rng: np.random.Generator, size: int) -> Float32:
    """Scratches and cracks (H, W): share of the light they take, negative where they shine."""
    layer = np.zeros((size, size), np.float32)
    for _ in range(int(rng.poisson(rng.choice([0.0, 4.0, 25.0])))):
        start, angle = rng.uniform(0, size, 2), float(rng.uniform(0, 2 * np.pi))
        bends = np.cumsum(rng.normal(0.0, rng.choice([0.0, 0.05, 0.4]), 12)) + angle
        steps = rng.uniform(5, 90) * np.stack([np.cos(bends), np.sin(bends)], axis=1)
        points = np.rint(8 * (start + np.cumsum(steps, axis=0))).astype(np.int32)
        mark = np.zeros_like(layer)
        width = int(rng.choice([1, 1, 1, 2, 4, 12], p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05]))
        cv2.polylines(mark, [points], False, 1.0, width, cv2.LINE_AA, 3)
        layer += mark * np.float32(rng.uniform(-0.15, 0.3) if width < 4 else rng.uniform(0.2, 0.8))
    return layer


def uneven_and_grain(rng: np.random.Generator, size: int) -> tuple[Float32, Float32]:
    """Two layers (H, W) of about zero mean: what changes over a sixth of the picture, and over a few px."""
    coarse = rng.normal(0.0, 1.0, (6, 6)).astype(np.float32)
    uneven = np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    grain = np.asarray(cv2.GaussianBlur(rng.normal(0.0, 1.0, (size, size)).astype(np.float32), (0, 0), 2.0))
    return uneven, grain


def packed(rng: np.random.Generator, grey: npt.NDArray[np.uint8], worst: int) -> npt.NDArray[np.uint8]:
    """A picture as JPEG of a quality from ``worst`` on leaves it."""
    content = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(worst, 95))])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _ground(rng: np.random.Generator, size: int) -> Float32:
    """Bare ground: uneven light, grain of the material."""
    uneven, grain = uneven_and_grain(rng, size)
    return np.asarray(1.0 + rng.uniform(0.0, 0.08) * uneven + rng.uniform(0.0, 0.06) * grain, dtype=np.float32)


def draw_micrograph(
    rng: np.random.Generator, size: int
) -> tuple[npt.NDArray[np.uint8], Float32, npt.NDArray[np.bool_]]:
    """One picture (H, W), its pits as rows of x, y, half axes (px), azimuth (rad), 0; and where dirt lies (H, W)."""
    kind = str(rng.choice(["round", "oblique", "needle"], p=[0.5, 0.2, 0.3]))
    look, pits = draw_look(rng), draw_pits(rng, kind, size)
    taken = np.zeros((size, size), np.float32)
    for pit in pits[rng.permutation(len(pits))]:
        part = _part(pit, size, 1.5)
        if part is None:
            continue
        rows, columns, along, across = part
        mine = taken_by(kind, pit, along, across, look, float(np.exp(rng.normal(0.0, 0.2)))).astype(np.float32)
        there = taken[rows, columns]
        both = np.where(np.abs(mine) > np.abs(there), mine, there) if look.joined else there + mine * (1.0 - there)
        taken[rows, columns] = both
    dirt = draw_dirt(rng, (size, size), 1, float(rng.choice([0.0, 4.0, 20.0])))
    lines = _lines(rng, size)
    polarity = -1.0 if rng.random() < 0.3 else 1.0
    ground = float(rng.uniform(0.1, 0.4) if polarity < 0 else rng.uniform(0.25, 0.8))
    picture = ground * _ground(rng, size) * np.clip(1.0 - polarity * taken, 0.02, 4.0) * np.clip(1.0 - lines, 0.05, 2.0)
    picture = picture * (1.0 - dirt.absorption) + 0.3 * ground * dirt.glow
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.6))), dtype=np.float32)
    noisy = blurred + rng.normal(0.0, rng.uniform(0.001, 0.03), blurred.shape)
    dirty = (dirt.absorption > 0.15) | (dirt.glow > 0.15) | (np.abs(lines) > 0.1)
    grey = np.clip(255.0 * noisy, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        grey = packed(rng, grey, 40)
    return grey, seen_pits(kind, pits, look, size), np.asarray(dirty)


def seen_pits(kind: str, pits: Floats, look: Look, size: int) -> Float32:
    """Pits that can be told: those that lie nearly whole under a larger one are none of the picture's."""
    keep = np.ones(len(pits), dtype=bool)
    order = np.argsort(-pits[:, MINOR])
    place = pits[:, :2]
    for k, row in enumerate(order):
        larger = order[:k][keep[order[:k]]]
        apart = np.hypot(*(place[larger] - place[row]).T)
        keep[row] = not np.any(apart < (0.35 if kind != "needle" else 0.8) * pits[larger, MINOR])
    inside = np.all((place > -20) & (place < size + 20), axis=1)
    rows = pits[keep & inside]
    if kind == "needle":
        rows[:, MINOR] = np.maximum(rows[:, MINOR], 2.0)
    return np.concatenate([rows, np.zeros((len(rows), 1))], axis=1).astype(np.float32)
