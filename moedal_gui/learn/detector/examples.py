"""What the detector learns from: windows of fields, turned and changed at random, and the maps that are right there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, rfft2

from moedal_gui.core.detector_card import MAPS, STRIDE
from moedal_gui.imaging.detector_planes import LARGEST

Float32 = npt.NDArray[np.float32]

X, Y, MAJOR, MINOR, AZIMUTH, SURFACE = range(6)
"""Columns of a table of pits (n, 6): px, px, half axes in px, radians, 0 near the camera or 1 far."""

_WIDEST_CELLS = 2.0
_VAGUE, _LEAST_VAGUE_CELLS, _VAGUE_ALONG_CELLS, _VAGUE_ACROSS_CELLS = 0.25, 1.0, 4.0, 2.0
_TAUGHT_SHAPE = 0.3
_ROUGH, _ROUGH_PX, _LUMPY = 0.5, (0.8, 8.0), 1.0 / 3.0
ROUGHNESS = (0.004, 0.12)
"""From the smoothest to the roughest ground: root mean square of its slopes, those of a typical pit being 1."""


@dataclass(frozen=True)
class TaughtField:
    """One field whose pits are known.

    Attributes
    ----------
    planes
        Shape (P, H, W).
    pits
        Shape (n, 6), those just outside too.
    dirt
        Shape (H, W), True where dirt lies; None where nobody knows.
    known
        Shape (H, W), False where nobody has looked for pits; None: everywhere known.
    name
        Which picture it is, for what was taught to be told from what was not.
    """

    planes: npt.NDArray[np.floating]
    pits: Float32
    dirt: npt.NDArray[np.bool_] | None = None
    known: npt.NDArray[np.bool_] | None = None
    name: str = ""


@dataclass(frozen=True)
class Targets:
    """What is right for one window of h x w cells.

    Attributes
    ----------
    heat
        Shape (S, h, w): 1 in the cell of a centre, falling off round it; of boxed pits a hill.
    shape
        Shape (S, 7, h, w): the other `MAPS`, where `near` is set.
    near
        Shape (S, h, w): weight of `shape`; 1 in a centre's cell, less in those round it.
    dirt
        Shape (h, w): share of dirt, or -1 where nobody knows.
    seen
        Shape (h, w): 0 where nobody has looked for pits.
    """

    heat: Float32
    shape: Float32
    near: Float32
    dirt: Float32
    seen: Float32


def targets(pits: Float32, surfaces: int, cells: tuple[int, int]) -> tuple[Float32, Float32, Float32]:
    """Heat, shape and near of `Targets` for pits in px of the window; later rows win where centres share a cell."""
    height, width = cells
    heat = np.zeros((surfaces, height, width), np.float32)
    shape = np.zeros((surfaces, len(MAPS) - 1, height, width), np.float32)
    near = np.zeros((surfaces, height, width), np.float32)
    nearest = np.full((surfaces, height, width), np.inf, np.float32)
    for row in pits:
        side = int(row[SURFACE]) if surfaces > 1 else 0
        # The middle of cell k lies at STRIDE * k + (STRIDE - 1) / 2 px.
        x, y = ((float(v) - 0.5 * (STRIDE - 1)) / STRIDE for v in (row[X], row[Y]))
        sigma = float(np.clip(0.2 * row[MINOR] / STRIDE, 0.6, _WIDEST_CELLS))
        reach = int(3 * sigma) + 1
        cx, cy = round(x), round(y)
        xa, xb, ya, yb = max(cx - reach, 0), min(cx + reach + 1, width), max(cy - reach, 0), min(cy + reach + 1, height)
        if xa >= xb or ya >= yb:
            continue
        dx, dy = x - np.arange(xa, xb, dtype=np.float32), y - np.arange(ya, yb, dtype=np.float32)
        around = np.exp(
            -((cx - np.arange(xa, xb))[None, :] ** 2 + (cy - np.arange(ya, yb))[:, None] ** 2) / (2 * sigma**2)
        )
        window = heat[side, ya:yb, xa:xb]
        np.maximum(window, around.astype(np.float32), out=window)
        _shape_of(row, (cx, cy), (dx, dy), (xa, ya), shape[side], near[side], nearest[side])
    return heat, shape, near


def _shape_of(
    row: Float32, cell: tuple[int, int], away: tuple[Float32, Float32], corner: tuple[int, int],
    shape: Float32, near: Float32, nearest: Float32,
) -> None:  # fmt: skip
    """Offset, size and directions in the cell of the centre and the eight round it, unless another centre is nearer."""
    fixed = _fixed(row)
    for j in range(max(cell[1] - 1, corner[1]), min(cell[1] + 2, corner[1] + len(away[1]))):
        for i in range(max(cell[0] - 1, corner[0]), min(cell[0] + 2, corner[0] + len(away[0]))):
            dx, dy = away[0][i - corner[0]], away[1][j - corner[1]]
            distance = dx * dx + dy * dy
            if distance < nearest[j, i]:
                nearest[j, i] = distance
                near[j, i] = 1.0 if (i, j) == cell else 0.3
                shape[:, j, i] = (dx, dy, *fixed)


def _fixed(row: Float32) -> tuple[float, ...]:
    """Size, stretch and sense of one pit, as `MAPS` have them."""
    stretch = float(np.log(row[MAJOR] / row[MINOR]))
    angle = float(row[AZIMUTH])
    sense = float(np.tanh(3.0 * stretch))
    return (
        0.5 * float(np.log(row[MAJOR] * row[MINOR])),
        stretch * np.cos(2 * angle), stretch * np.sin(2 * angle), sense * np.cos(angle), sense * np.sin(angle),
    )  # fmt: skip


def boxed_targets(pits: Float32, surfaces: int, cells: tuple[int, int]) -> tuple[Float32, Float32, Float32]:
    """Heat, shape and near of `Targets` for pits that are known as well as boxes are drawn by hand.

    The heat is a hill as long and as broad as a quarter of the mouth: how near to the middle of the box a cell lies, no more is
    known. The shape is taught wherever a pit's hill is the highest, by its height.
    """
    height, width = cells
    heat = np.zeros((surfaces, height, width), np.float32)
    shape = np.zeros((surfaces, len(MAPS) - 1, height, width), np.float32)
    near = np.zeros((surfaces, height, width), np.float32)
    for row in pits:
        side = int(row[SURFACE]) if surfaces > 1 else 0
        x, y = ((float(v) - 0.5 * (STRIDE - 1)) / STRIDE for v in (row[X], row[Y]))
        along, across = (
            float(np.clip(_VAGUE * row[half] / STRIDE, _LEAST_VAGUE_CELLS, most))
            for half, most in ((MAJOR, _VAGUE_ALONG_CELLS), (MINOR, _VAGUE_ACROSS_CELLS))
        )
        reach = int(3 * along) + 1
        cx, cy = round(x), round(y)
        xa, xb, ya, yb = max(cx - reach, 0), min(cx + reach + 1, width), max(cy - reach, 0), min(cy + reach + 1, height)
        if xa >= xb or ya >= yb:
            continue
        dx, dy = np.meshgrid(x - np.arange(xa, xb, dtype=np.float32), y - np.arange(ya, yb, dtype=np.float32))
        cosine, sine = np.cos(row[AZIMUTH]), np.sin(row[AZIMUTH])
        square = ((cosine * dx + sine * dy) / along) ** 2 + ((cosine * dy - sine * dx) / across) ** 2
        hill = np.exp(-0.5 * square).astype(np.float32)
        part = (slice(ya, yb), slice(xa, xb))
        mine = (hill > heat[side][part]) & (hill > _TAUGHT_SHAPE)
        for k, value in enumerate((dx, dy, *_fixed(row))):
            np.copyto(shape[side, k][part], value, where=mine, casting="same_kind")
        np.copyto(near[side][part], hill, where=mine)
        np.maximum(heat[side][part], hill, out=heat[side][part])
    return heat, shape, near


def window(
    field: TaughtField, size: int, surfaces: int, rng: np.random.Generator, slopes: bool, boxed: bool = False
) -> tuple[Float32, Targets]:
    """A window of a field, turned, scaled and changed at random, with its targets.

    Parameters
    ----------
    size
        Side of the window, px.
    slopes
        Whether planes 1 and 2 are a vector that turns with the picture.
    boxed
        Whether pits are known as well as boxes are drawn by hand: the targets are those of `boxed_targets`.

    Returns
    -------
    Planes (P, size, size) and targets of size / 2 cells a side.
    """
    height, width = field.planes.shape[1:]
    angle = float(rng.choice(4)) * np.pi / 2
    zoom = 1.0
    if rng.random() < 0.5:
        angle = float(rng.uniform(0, 2 * np.pi))
        zoom = float(np.exp(rng.uniform(np.log(0.75), np.log(1.35))))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1.0])
    half = 0.5 * size / zoom
    centre = np.array([_between(rng, half, width), _between(rng, half, height)])
    middle = 0.5 * (size - 1)
    matrix = np.column_stack([turn, middle - turn @ centre])
    exact = zoom == 1.0 and abs(np.cos(angle) * np.sin(angle)) < 1e-9
    how = cv2.INTER_NEAREST if exact else cv2.INTER_CUBIC
    if exact:
        # Whole pixels onto whole pixels.
        matrix[:, 2] = np.rint(matrix[:, 2])
    rows, columns = (_part(c, 0.75 * size / zoom + 4.0, n) for c, n in zip(centre[::-1], (height, width), strict=True))
    # Only the part that is seen is read: fields are large and kept in half precision.
    near = matrix.copy()
    near[:, 2] += matrix[:, :2] @ (columns.start, rows.start)
    seen_part = np.asarray(field.planes[:, rows, columns], dtype=np.float32)
    planes = np.stack([cv2.warpAffine(p, near, (size, size), flags=how) for p in seen_part])
    if slopes:
        unit = turn / zoom
        vx, vy = planes[1].copy(), planes[2].copy()
        planes[1], planes[2] = unit[0, 0] * vx + unit[0, 1] * vy, unit[1, 0] * vx + unit[1, 1] * vy
    planes = changed(planes, rng, slopes)
    pits = _moved(field.pits, matrix, turn, zoom)
    heat, shape, near = (boxed_targets if boxed else targets)(pits, surfaces, (size // STRIDE, size // STRIDE))
    inside = np.ones((height, width), np.float32) if field.known is None else field.known.astype(np.float32)
    seen = _cells(cv2.warpAffine(inside, matrix, (size, size), flags=cv2.INTER_NEAREST))
    dirt = np.full_like(seen, -1.0)
    if field.dirt is not None:
        dirt = _cells(cv2.warpAffine(field.dirt.astype(np.float32), matrix, (size, size), flags=cv2.INTER_NEAREST))
        dirt[seen < 1.0] = -1.0
    return planes.astype(np.float32), Targets(heat, shape, near, dirt, (seen == 1.0).astype(np.float32))


def _between(rng: np.random.Generator, half: float, length: int) -> float:
    """Middle of a window: within a field where it fits, else so that the field lies within the window."""
    ends = (half - 0.5, length - half - 0.5)
    return float(rng.uniform(min(ends), max(ends)))


def _part(centre: float, reach: float, length: int) -> slice:
    return slice(max(int(centre - reach), 0), min(int(centre + reach) + 1, length))


def _cells(picture: npt.NDArray[np.generic]) -> Float32:
    side = picture.shape[0] // STRIDE
    return np.asarray(picture.reshape(side, STRIDE, side, STRIDE).mean(axis=(1, 3)), dtype=np.float32)


def _moved(pits: Float32, matrix: npt.NDArray[np.float64], turn: npt.NDArray[np.float64], zoom: float) -> Float32:
    moved = pits.copy()
    moved[:, [X, Y]] = pits[:, [X, Y]] @ matrix[:, :2].T + matrix[:, 2]
    way = np.stack([np.cos(pits[:, AZIMUTH]), np.sin(pits[:, AZIMUTH])], axis=1) @ turn.T
    moved[:, AZIMUTH] = np.arctan2(way[:, 1], way[:, 0])
    moved[:, [MAJOR, MINOR]] *= zoom
    return moved


def changed(planes: Float32, rng: np.random.Generator, slopes: bool) -> Float32:
    """Planes under another gain, lobe, blur and noise; of slopes, on rougher ground, and backlit and halo sometimes absent."""
    planes = np.asarray(planes * np.float32(np.exp(rng.uniform(np.log(0.6), np.log(1.7)))), dtype=np.float32)
    if slopes:
        if rng.random() < _ROUGH:
            strength = float(np.exp(rng.uniform(*np.log(ROUGHNESS))))
            planes[1:3] += strength * rough_slopes(planes.shape[1:], rng)
        if rng.random() < 0.5:
            planes[3:] = 0.0
        if rng.random() < 0.15:
            planes[0] = 0.0
        if rng.random() < 0.3:
            bent = np.float32(rng.uniform(0.5, 2.5))
            planes[1:3] /= np.sqrt(1.0 + (planes[1] ** 2 + planes[2] ** 2) / bent**2)
    if rng.random() < 0.3:
        sigma = float(rng.uniform(0.3, 0.9))
        planes = np.stack([cv2.GaussianBlur(p, (0, 0), sigma) for p in planes])
    if rng.random() < 0.6:
        noise = rng.normal(0.0, float(rng.uniform(0.0, 0.15)), planes.shape).astype(np.float32)
        if rng.random() < 0.3:
            noise = 2.0 * np.stack([np.asarray(cv2.GaussianBlur(n, (0, 0), 1.0), dtype=np.float32) for n in noise])
        # A plane that is not there stays so.
        planes = np.asarray(planes + noise * np.any(planes, axis=(1, 2), keepdims=True), dtype=np.float32)
    return np.asarray(np.clip(planes, -LARGEST, LARGEST), dtype=np.float32)


def rough_slopes(size: tuple[int, ...], rng: np.random.Generator) -> Float32:
    """Slopes (2, H, W), of mean square 1 a component, of a surface as etching leaves it: uneven over a few px, with or without grain.

    A Gaussian surface of any correlation length; one in three has bumps or dimples that stand out.
    """
    lengths = np.exp(rng.uniform(*np.log(_ROUGH_PX))) * np.exp(rng.uniform(-0.6, 0.6) * np.array([1.0, -1.0]))
    angle = float(rng.uniform(0.0, np.pi))
    ky, kx = (2 * np.pi * f for f in (np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :]))
    along, across = kx * np.cos(angle) + ky * np.sin(angle), ky * np.cos(angle) - kx * np.sin(angle)
    smooth = np.exp(-0.5 * ((lengths[0] * along) ** 2 + (lengths[1] * across) ** 2)).astype(np.float32)
    wave = rfft2(rng.normal(0.0, 1.0, size).astype(np.float32)) * smooth
    if rng.random() < _LUMPY:
        height = irfft2(wave, size)
        wave = rfft2(np.exp(rng.choice((-1.0, 1.0)) * height / height.std()).astype(np.float32))
    slopes = np.stack([irfft2(1j * k * wave, size) for k in (kx, ky)])
    return np.asarray(slopes / np.sqrt((slopes**2).mean()), dtype=np.float32)


def batch(
    fields: Sequence[TaughtField],
    count: int,
    size: int,
    surfaces: int,
    rng: np.random.Generator,
    slopes: bool,
    boxed: bool = False,
) -> tuple[Float32, Targets]:
    """Windows of fields drawn at random; every array with the window as first axis."""
    chosen = rng.integers(len(fields), size=count)
    made = [window(fields[int(k)], size, surfaces, rng, slopes, boxed) for k in chosen]
    parts = [t for _, t in made]
    return np.stack([p for p, _ in made]), Targets(
        *(np.stack([getattr(t, name) for t in parts]) for name in ("heat", "shape", "near", "dirt", "seen"))
    )
