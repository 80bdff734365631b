"""Pits of a second simulator, written from the physics of etching alone: it shares no line with `moedal_gui.simulate`.

Every point of a latent track, once the etchant has reached it along the track, sends out a sphere that grows at the bulk
rate; the etched surface is the lowest of all spheres and of the plane a bulk layer down (Fleischer, Price and Walker, Nuclear
Tracks in Solids, 1975). Cones, rounded pits of tracks that ended, and pits that eat each other all come out of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

SAMPLING = 2
"""Points of a surface per px of the picture."""
THROUGH_PX = 1e9
"""Range of a track that does not end in the foil."""
_STEP_PX = 0.3
_LEAST_RATIO, _LEAST_ETCHED, _LEAST_MINOR_PX = 1.12, 1.12, 3.6
_SHALLOWEST_PX, _FEWEST_POINTS = 0.01, 12
_AROUND_PX = 30.0


@dataclass(frozen=True)
class Etching:
    """How one foil was etched and what went through it.

    Attributes
    ----------
    bulk_px
        Layer taken off each side.
    apart_px
        Distance of the etched surfaces.
    ratio, ratio_spread
        Typical etch rate along the track over that of the bulk, and how far that spreads (of its logarithm less one).
    growth
        By which share the ratio changes over the etched length.
    shallowest_deg
        Smallest dip.
    through, rounded, dull
        Shares: of pits that belong to tracks through the foil; of the others, those of tracks that end in the cone, and
        those that ended before the etching did.
    """

    bulk_px: float
    apart_px: float
    ratio: float
    ratio_spread: float
    growth: float
    shallowest_deg: float
    through: float
    rounded: float
    dull: float
    near_share: float


@dataclass(frozen=True)
class Pit:
    """One pit: the depth of its wall below the new surface, px, and its mouth there (full axes, px)."""

    near: bool
    corner: tuple[int, int]
    depth: Float32
    x: float
    y: float
    major: float
    minor: float


@dataclass(frozen=True)
class _Track:
    """Where a track crosses the original surface (px), dip and azimuth (radians), ratio of rates, its change, range (px)."""

    x: float
    y: float
    dip: float
    azimuth: float
    ratio: float
    growth: float
    range_px: float


def draw_etching(rng: np.random.Generator, bulk_px: float) -> Etching:
    """Etching and population of one foil."""
    u = rng.uniform
    return Etching(
        bulk_px, apart_px=u(40, 110), ratio=u(1.6, 3.2), ratio_spread=u(0.08, 0.35), growth=u(-0.1, 0.25),
        shallowest_deg=u(32, 50), through=u(0.25, 0.6), rounded=u(0, 0.5), dull=u(0, 0.15), near_share=u(0.35, 0.65),
    )  # fmt: skip


def draw_pits(rng: np.random.Generator, etching: Etching, side: int, count: int) -> list[Pit]:
    """Pits of both surfaces of a square of ``side`` px, so many with their middle within."""
    pits: list[Pit] = []
    inside = 0
    while inside < count:
        found = _draw_some(rng, etching, side)
        pits += found
        inside += sum(0 <= pit.x < side and 0 <= pit.y < side for pit in found)
    return pits


def _draw_some(rng: np.random.Generator, etching: Etching, side: int) -> list[Pit]:
    """One pit, the two of a track, or none where the draw etches to nothing."""
    # As many tracks an area cross the foil at a dip as its sine times its cosine says.
    dip = float(np.arcsin(np.sqrt(rng.uniform(np.sin(np.radians(etching.shallowest_deg)) ** 2, 1.0))))
    azimuth = float(rng.uniform(0, 2 * np.pi))
    ratio = max(_LEAST_RATIO, 1 + (etching.ratio - 1) * float(np.exp(rng.normal(0, etching.ratio_spread))))
    x, y = (float(v) for v in rng.uniform(-_AROUND_PX, side + _AROUND_PX, 2))
    if ratio * np.sin(dip) < _LEAST_ETCHED:
        return []
    through = rng.random() < etching.through / (2 - etching.through)
    near = through or rng.random() < etching.near_share
    range_px = THROUGH_PX if through else _range(rng, etching, ratio, dip)
    here = _Track(x, y, dip, azimuth, ratio, etching.growth, range_px)
    pits = [_pit(here, etching.bulk_px, near)]
    if through:
        way = (etching.apart_px + 2 * etching.bulk_px) / np.tan(dip)
        there = _Track(
            x + way * np.cos(azimuth), y + way * np.sin(azimuth), dip, azimuth + np.pi,
            ratio * (1 + float(rng.normal(0, 0.03))), etching.growth, THROUGH_PX,
        )  # fmt: skip
        pits.append(_pit(there, etching.bulk_px, False))
    return [pit for pit in pits if pit is not None] if None not in pits else []


def _range(rng: np.random.Generator, etching: Etching, ratio: float, dip: float) -> float:
    """How far a track that ends in the foil goes: to where the etching stops, short of it, or beyond."""
    if rng.random() < etching.dull:
        return float(rng.uniform(0.5, 1.4) * etching.bulk_px / np.sin(dip))
    if rng.random() < etching.rounded:
        return float(rng.uniform(0.45, 0.95) * ratio * etching.bulk_px)
    return THROUGH_PX


def _pit(track: _Track, bulk_px: float, near: bool) -> Pit | None:
    """What etching makes of a track; None where nothing that deserves the name is left."""
    down, along = np.sin(track.dip), np.cos(track.dip)
    ways = np.arange(0.0, 1.3 * track.ratio * (1 + 2 * abs(track.growth)) * bulk_px + 1.0, _STEP_PX)
    ratio = np.maximum(1.02, track.ratio * (1 + track.growth * ways / (track.ratio * bulk_px)))
    radius = bulk_px - np.concatenate([[0.0], np.cumsum(_STEP_PX / ratio)[:-1]])
    # Spheres that have begun, and that reach below the new surface.
    kept = (radius > 0) & (ways <= track.range_px) & (ways * down + radius > bulk_px + 0.02)
    if not kept.any():
        return None
    ways, radius = ways[kept], radius[kept]
    x, y = track.x + ways * along * np.cos(track.azimuth), track.y + ways * along * np.sin(track.azimuth)
    above = np.maximum(bulk_px - ways * down, 0.0)
    cut = np.sqrt(np.maximum(radius**2 - above**2, 0.0))
    gx, gy = (_points((v - cut).min() - 1, (v + cut).max() + 1) for v in (x, y))
    depth = np.zeros((len(gy), len(gx)), np.float32)
    for k in range(len(ways)):
        square = radius[k] ** 2 - (_px(gx)[None, :] - x[k]) ** 2 - (_px(gy)[:, None] - y[k]) ** 2
        wall = np.where(square > 0, ways[k] * down + np.sqrt(np.maximum(square, 0)) - bulk_px, 0.0)
        np.maximum(depth, wall, out=depth, casting="same_kind")
    return _with_mouth(depth, gx, gy, near)


def _with_mouth(depth: Float32, gx: npt.NDArray[np.intp], gy: npt.NDArray[np.intp], near: bool) -> Pit | None:
    """A pit with the ellipse whose second moments are those of the mouth."""
    rows, columns = np.nonzero(depth > _SHALLOWEST_PX)
    if len(rows) < _FEWEST_POINTS:
        return None
    x, y = _px(gx)[columns], _px(gy)[rows]
    moments = np.cov(np.stack([x, y])) + np.eye(2) / (12 * SAMPLING**2)
    minor, major = 4 * np.sqrt(np.linalg.eigvalsh(moments))
    if minor < _LEAST_MINOR_PX:
        return None
    return Pit(near, (int(gx[0]), int(gy[0])), depth, float(x.mean()), float(y.mean()), float(major), float(minor))


def _points(low: float, high: float) -> npt.NDArray[np.intp]:
    return np.arange(int(np.floor(low * SAMPLING)), int(np.ceil(high * SAMPLING)) + 1)


def _px(points: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Points of a surface in px of the picture, whose pixel 0 covers the first two."""
    return points / SAMPLING - 0.25
