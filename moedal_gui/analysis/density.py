"""How many pits lie where, how many stand alone, and how far the method carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.placement import ScanPlacement

Floats = npt.NDArray[np.float64]

_CELL_PX = 80.0
_SMOOTH_CELLS = 1.5
_REACH_CELLS = 8  # farther than the smoothing reaches
_LEAST_COVER = 0.02
# Isolated fractions at which the method changes: above the first almost every pit stands alone, below the second an
# unrelated pit lies within nearly every pit's reach (exp(-chi) with chi = .25 and 1.5).
REGIME_BORDERS = (0.78, 0.22)

REGIMES = ("low", "medium", "high")


@dataclass(frozen=True)
class DensityMap:
    """Pits per unit area on a grid over one frame of a scan.

    Attributes
    ----------
    counts, cover
        (rows, columns): pits, and the share of each cell that some picture covers.
    density
        Smoothed pits per px^2 of covered area; NaN where nothing was scanned.
    own
        What one pit in a cell adds to the density there.
    origin, cell
        Frame place of the grid's corner, and the cell's side, in frame units.
    pixel
        Frame units per px.
    unit
        ``um`` or ``px``.
    """

    counts: Floats
    cover: Floats
    density: Floats
    own: Floats
    origin: tuple[float, float]
    cell: float
    pixel: float
    unit: str

    @property
    def cell_px(self) -> float:
        """Side of a cell in px."""
        return self.cell / self.pixel

    @property
    def per_mm2(self) -> Floats | None:
        """Density in pits per mm2; None without a pixel size."""
        return self.density / (self.pixel / 1000.0) ** 2 if self.unit == "um" else None

    def at(self, places: Floats) -> Floats:
        """Density per px^2 at places (N, 2) of the frame; NaN outside."""
        return self._read(self.density, places)

    def beside(self, places: Floats) -> Floats:
        """Density per px^2 of the other pits, at the places (N, 2) of pits that were counted; NaN outside.

        Never less than one pit on all the area that was scanned: where there is no other, there might have been one.
        """
        least = 1.0 / max(float(self.cover.sum()) * self.cell_px**2, 1.0)
        return np.maximum(self._read(self.density, places) - self._read(self.own, places), least)

    def _read(self, grid: Floats, places: Floats) -> Floats:
        if grid.size == 0 or len(places) == 0:
            return np.full(len(places), np.nan)
        index = np.floor((places - np.asarray(self.origin)) / self.cell).astype(int)
        column = np.clip(index[:, 0], 0, grid.shape[1] - 1)
        row = np.clip(index[:, 1], 0, grid.shape[0] - 1)
        return np.asarray(grid[row, column])


def density_map(
    places: Floats, placement: ScanPlacement, fields: Iterable[str], cell_px: float = _CELL_PX
) -> DensityMap:
    """Count places (N, 2) on a grid over the given fields, and smooth counts and cover alike.

    Dividing smoothed counts by smoothed cover leaves borders and holes unbiased.
    """
    from scipy.ndimage import gaussian_filter

    pixel = placement.scale
    cell = cell_px * pixel
    boxes = np.array([_corners(placement, name) for name in fields]).reshape(-1, 4, 2)
    if len(boxes) == 0:
        empty = np.zeros((0, 0))
        return DensityMap(empty, empty, empty, empty, (0.0, 0.0), cell, pixel, placement.unit)
    origin = boxes.min(axis=(0, 1))
    columns, rows = (np.maximum(1, np.ceil((boxes.max(axis=(0, 1)) - origin) / cell)).astype(int)).tolist()
    cover = _cover(boxes, origin, cell, (rows, columns))
    index = np.floor((places - origin) / cell).astype(int)
    inside = ((index >= 0) & (index < [columns, rows])).all(axis=1)
    counts = np.zeros((rows, columns))
    np.add.at(counts, (index[inside, 1], index[inside, 0]), 1.0)
    smooth_cover = gaussian_filter(cover, _SMOOTH_CELLS, mode="constant")
    smooth = gaussian_filter(counts, _SMOOTH_CELLS, mode="constant")
    alone = np.zeros((2 * _REACH_CELLS + 1,) * 2)
    alone[_REACH_CELLS, _REACH_CELLS] = 1.0
    peak = float(gaussian_filter(alone, _SMOOTH_CELLS, mode="constant").max())
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.where(cover > _LEAST_COVER, smooth_cover * cell_px**2, np.nan)
        density, own = smooth / area, peak / area
    return DensityMap(counts, cover, density, own, (float(origin[0]), float(origin[1])), cell, pixel, placement.unit)


def _corners(placement: ScanPlacement, name: str) -> Floats:
    width, height = placement.size_px[name]
    x, y = np.array([0, width - 1, width - 1, 0]), np.array([0, 0, height - 1, height - 1])
    return placement.to_frame([name] * 4, x, y)


def _cover(boxes: Floats, origin: Floats, cell: float, shape: tuple[int, ...]) -> Floats:
    """Share of each cell inside any box (fields are taken as upright boxes; they are turned by a degree or two)."""
    fine = 4
    grid = np.zeros((shape[0] * fine, shape[1] * fine), dtype=bool)
    low = np.floor((boxes.min(axis=1) - origin) / cell * fine).astype(int)
    high = np.ceil((boxes.max(axis=1) - origin) / cell * fine).astype(int)
    for (x0, y0), (x1, y1) in zip(low, high, strict=True):
        grid[y0:y1, x0:x1] = True
    return np.asarray(grid.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3)), float)


def field_map(found: DensityMap, placement: ScanPlacement, values: Mapping[str, float]) -> Floats:
    """A value of each field on the grid of a map (rows, columns): where fields overlap their mean, NaN elsewhere."""
    total, count = np.zeros(found.cover.shape), np.zeros(found.cover.shape)
    for name, value in values.items():
        if not np.isfinite(value) or found.cover.size == 0:
            continue
        share = _cover(_corners(placement, name)[None], np.asarray(found.origin), found.cell, found.cover.shape)
        total += share * value
        count += share
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > _LEAST_COVER, total / count, np.nan)


def isolated_fraction(per_px2: npt.ArrayLike, diameter_px: npt.ArrayLike) -> Floats:
    """Share of pits with no other within a diameter, exp(-n pi D^2) at n pits per px^2 of diameter D."""
    n, d = np.asarray(per_px2, float), np.asarray(diameter_px, float)
    return np.exp(-n * np.pi * d**2)


def outside_trained(per_mm2: npt.ArrayLike, trained: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Whether densities lie outside those an ensemble has seen examples of; never where they are not known."""
    value = np.asarray(per_mm2, float)
    with np.errstate(invalid="ignore"):
        return np.asarray((value < trained[0]) | (value > trained[1]))


def regime(isolated: npt.ArrayLike, borders: tuple[float, float] = REGIME_BORDERS) -> npt.NDArray[np.object_]:
    """``low``, ``medium`` or ``high`` density by isolated fraction; empty where that is not known."""
    value = np.asarray(isolated, float)
    word = np.where(value >= borders[0], "low", np.where(value >= borders[1], "medium", "high")).astype(object)
    word[~np.isfinite(value)] = ""
    return word
