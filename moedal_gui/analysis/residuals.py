"""What is left between two scans of a foil after registration: their mutual partner pits, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.matching import mutual
from moedal_gui.analysis.registration import ACCIDENTAL_SHIFT_PX

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

REACH_PX = 6.0
FEWEST = 5
BIN_PX = 0.25
_WANTED = 14.0  # partners a cell, where there are enough
_MOST_CELLS = 30
_FEWEST_CELLS = 4


@dataclass(frozen=True)
class Partners:
    """Pits of two scans that are each other's nearest, within `REACH_PX`.

    Attributes
    ----------
    places
        (N, 2): place of a's pit, frame units.
    offsets
        (N, 2): b minus a, px.
    accidental
        Lengths (px) of the offsets that accident gives: b shifted by 300 px either way along x.
    trials
        How many such shifts ``accidental`` is from.
    """

    places: Floats
    offsets: Floats
    accidental: Floats
    trials: int

    @property
    def lengths(self) -> Floats:
        """|b - a| in px, (N,)."""
        return np.asarray(np.hypot(*self.offsets.T), float)


def partners(a: Floats, b: Floats, pixel: float, reach_px: float = REACH_PX) -> Partners:
    """Mutual nearest neighbours of places (N, 2) and (M, 2) of one frame; ``pixel`` is the frame's unit per px."""
    rows, columns = mutual(a, b, reach_px * pixel)
    steps = (ACCIDENTAL_SHIFT_PX * pixel, -ACCIDENTAL_SHIFT_PX * pixel)
    lengths = []
    for step in steps:
        shifted = b + np.array([step, 0.0])
        i, j = mutual(a, shifted, reach_px * pixel)
        lengths.append(np.hypot(*(shifted[j] - a[i]).T) / pixel)
    offsets = (b[columns] - a[rows]) / pixel
    return Partners(a[rows], offsets.reshape(-1, 2), np.concatenate(lengths), len(steps))


@dataclass(frozen=True)
class Grid:
    """Square cells over a part of a frame: its corner and the cell's side in frame units, rows and columns."""

    origin: tuple[float, float]
    cell: float
    rows: int
    columns: int

    @property
    def centres(self) -> Floats:
        """Middle of each cell, (rows * columns, 2), row by row."""
        y, x = np.indices((self.rows, self.columns))
        return np.asarray(np.stack([x.ravel() + 0.5, y.ravel() + 0.5], axis=1) * self.cell + np.asarray(self.origin))

    def cells_of(self, places: Floats) -> Whole:
        """Number of the cell each place (N, 2) lies in; places outside go to the nearest one."""
        index = np.floor((places - np.asarray(self.origin)) / self.cell).astype(np.int64)
        column = np.clip(index[:, 0], 0, self.columns - 1)
        return np.asarray(np.clip(index[:, 1], 0, self.rows - 1) * self.columns + column)


def grid_for(low: Floats, high: Floats, count: int) -> Grid:
    """Cells over a box (corners in frame units) that hold about 14 of ``count`` places each, 4 to 30 along the longer side."""
    extent = np.maximum(high - low, 1e-6)
    wanted = np.sqrt(float(np.prod(extent)) * _WANTED / max(count, 1))
    longest = float(extent.max())
    cell = float(np.clip(wanted, longest / _MOST_CELLS, longest / _FEWEST_CELLS))
    columns, rows = (int(n) for n in np.maximum(np.ceil(extent / cell), 1))
    spare = (np.array([columns, rows]) * cell - extent) / 2
    return Grid((float(low[0] - spare[0]), float(low[1] - spare[1])), cell, rows, columns)


@dataclass(frozen=True)
class ResidualField:
    """Medians of the offsets per cell, all (rows, columns); NaN where fewer than `FEWEST` partners lie.

    Attributes
    ----------
    dx, dy, length
        Medians of the offsets' components and of their lengths, px.
    counts
        Partners in each cell.
    """

    grid: Grid
    dx: Floats
    dy: Floats
    length: Floats
    counts: Whole


def residual_field(found: Partners, grid: Grid, fewest: int = FEWEST) -> ResidualField:
    """Medians per cell: a few wrong partners do not move them."""
    shape = (grid.rows, grid.columns)
    total = grid.rows * grid.columns
    cells = grid.cells_of(found.places)
    counts = np.bincount(cells, minlength=total)
    values = np.full((3, total), np.nan)
    order = np.argsort(cells, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    three = np.vstack([found.offsets.T, found.lengths])
    for cell in np.flatnonzero(counts >= fewest):
        rows = order[starts[cell] : starts[cell + 1]]
        values[:, cell] = np.median(three[:, rows], axis=1)
    dx, dy, length = values.reshape(3, *shape)
    return ResidualField(grid, dx, dy, length, counts.reshape(shape).astype(np.int64))


def histogram(found: Partners, reach_px: float = REACH_PX) -> tuple[Floats, Whole, Floats]:
    """Edges (px), partners per bin, and how many of them accident gives per bin."""
    edges = np.arange(0.0, reach_px + BIN_PX / 2, BIN_PX)
    counts, _ = np.histogram(found.lengths, edges)
    accidents, _ = np.histogram(found.accidental, edges)
    return edges, counts.astype(np.int64), accidents / max(found.trials, 1)


def arrow_scale(field: ResidualField, pixel: float) -> tuple[float, float]:
    """How much arrows are magnified, and the round length (px) of the arrow that stands beside them to say so.

    Nine of ten arrows are no longer than a cell; the magnification is 1, 2 or 5 times a power of ten. ``pixel`` is the
    frame's unit per px. Both are 1 where there is no arrow.
    """
    drawn = np.hypot(field.dx, field.dy)
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    if not drawn.size:
        return 1.0, 1.0
    longest = float(np.quantile(drawn, 0.9))
    return _round_down(field.grid.cell / pixel / longest), _round_down(longest)


def _round_down(value: float) -> float:
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (5.0, 2.0, 1.0) if step * power <= value * 1.0001))
