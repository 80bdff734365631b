"""Fitted pits of one field as a picture: drawing them, taking them away, cutting windows round them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.ellipse_fit import Fits, Windows, fit
from moedal_gui.preselect.pit_model import BLUR, PARAMETERS, X, Y, depths, half_axes, slope_fields

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

WINDOW_SIZES = (13, 17, 21, 25, 33, 41, 57, 73)
FINE_BELOW_PX = 3.0
THINNED_FROM_PX = 25
NOBODY = -1


@dataclass(frozen=True)
class Pits:
    """Fitted pits of a field.

    Attributes
    ----------
    parameters
        Shape (n, 8) as in `pit_model`, with x and y in px of the field.
    amplitude
        Shape (n,), slope of the wall; negative where the field diverges.
    """

    parameters: Floats
    amplitude: Floats

    def take(self, rows: npt.NDArray[np.generic]) -> Pits:
        """Some of the pits."""
        return Pits(self.parameters[rows], self.amplitude[rows])

    def joined(self, other: Pits) -> Pits:
        """These pits, then others."""
        return Pits(np.concatenate([self.parameters, other.parameters]), np.append(self.amplitude, other.amplitude))

    def __len__(self) -> int:
        return self.amplitude.size


def no_pits() -> Pits:
    """An empty set."""
    return Pits(np.empty((0, PARAMETERS)), np.empty(0))


def window_sizes(reach_px: Floats) -> Whole:
    """Index of the smallest window that holds each reach."""
    halves = np.array([(size - 1) // 2 for size in WINDOW_SIZES])
    return np.minimum(np.searchsorted(halves, reach_px), len(WINDOW_SIZES) - 1)


def reach(parameters: Floats) -> Floats:
    """How far from its centre a pit shows, px."""
    return np.asarray(1.08 * half_axes(parameters)[0] + 2.2 * np.hypot(np.exp(parameters[:, BLUR]), 0.6) + 1.5)


def groups(parameters: Floats) -> Iterator[tuple[Whole, int, int]]:
    """Pits that share a window size and a fineness: rows, window size, samples per px."""
    size = window_sizes(reach(parameters))
    fine = half_axes(parameters)[1] < FINE_BELOW_PX
    for k in np.unique(size):
        for scale in (1, 2):
            rows = np.nonzero((size == k) & (fine == (scale == 2)))[0]
            if rows.size:
                yield rows, WINDOW_SIZES[int(k)], scale


@dataclass(frozen=True)
class Frame:
    """Where windows lie: whole-pixel centres (n,), side, and the field's (H, W)."""

    x: Whole
    y: Whole
    size: int
    shape: tuple[int, int]

    @staticmethod
    def around(x_px: Floats, y_px: Floats, size: int, shape: tuple[int, int]) -> Frame:
        """Windows centred on the nearest pixels."""
        return Frame(np.rint(x_px).astype(np.int64), np.rint(y_px).astype(np.int64), size, shape)

    @property
    def index(self) -> tuple[Whole, Whole, npt.NDArray[np.bool_]]:
        """Rows and columns (n, W, W) of each window in the field, clipped, and which lie inside."""
        steps = np.arange(self.size) - self.size // 2
        rows = (self.y[:, None] + steps)[:, :, None] + np.zeros_like(steps)[None, None, :]
        columns = (self.x[:, None] + steps)[:, None, :] + np.zeros_like(steps)[None, :, None]
        inside = (rows >= 0) & (rows < self.shape[0]) & (columns >= 0) & (columns < self.shape[1])
        return np.clip(rows, 0, self.shape[0] - 1), np.clip(columns, 0, self.shape[1] - 1), inside

    def local(self, parameters: Floats) -> Floats:
        """Parameters with x and y from the middle of the window."""
        moved = parameters.copy()
        moved[:, X] -= self.x
        moved[:, Y] -= self.y
        return moved

    def whole(self, parameters: Floats) -> Floats:
        """Parameters with x and y in the field; undoes `local`."""
        moved = parameters.copy()
        moved[:, X] += self.x
        moved[:, Y] += self.y
        return moved


def owners(pits: Pits, shape: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Which pit is deepest at each pixel, per surface (2, H, W): row 0 converging, row 1 diverging, else `NOBODY`.

    Pits of one surface merge where they overlap: the deeper one is seen.
    """
    owner = np.full((2, *shape), NOBODY, dtype=np.int32)
    deepest = np.zeros((2, *shape), dtype=np.float32)
    for rows, size, _ in groups(pits.parameters):
        frame = Frame.around(pits.parameters[rows, X], pits.parameters[rows, Y], size, shape)
        place = np.arange(size, dtype=np.float32) - size // 2
        depth = depths(frame.local(pits.parameters[rows]).astype(np.float32), place)
        y, x, inside = frame.index
        for k, row in enumerate(rows):
            side = int(pits.amplitude[row] < 0)
            deeper = inside[k] & (depth[k] > deepest[side][y[k], x[k]])
            owner[side][y[k][deeper], x[k][deeper]] = row
            deepest[side][y[k][deeper], x[k][deeper]] = depth[k][deeper]
    return owner


def belongs(owner: npt.NDArray[np.int32], pits: Pits, rows: Whole, frame: Frame) -> npt.NDArray[np.bool_]:
    """Pixels (n, W, W) inside the field that no other pit of the same surface owns."""
    y, x, inside = frame.index
    side = (pits.amplitude[rows] < 0).astype(int)[:, None, None]
    holder = owner[side, y, x]
    return np.asarray(inside & ((holder == NOBODY) | (holder == rows[:, None, None])))


def draw(pits: Pits, shape: tuple[int, int], owner: npt.NDArray[np.int32]) -> Float32:
    """Slope field (2, H, W) of all pits together."""
    total = np.zeros((2, *shape), dtype=np.float32)
    for rows, size, scale in groups(pits.parameters):
        frame = Frame.around(pits.parameters[rows, X], pits.parameters[rows, Y], size, shape)
        fields = slope_fields(frame.local(pits.parameters[rows]), size, scale)
        fields *= pits.amplitude[rows, None, None, None].astype(np.float32)
        mine = belongs(owner, pits, rows, frame)
        y, x, _ = frame.index
        for component in range(2):
            np.add.at(total[component], (y[mine], x[mine]), fields[:, component][mine])
    return total


def cut(slopes: Float32, frame: Frame) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Windows (n, 2, W, W) of a slope field and which of their pixels lie inside it."""
    y, x, inside = frame.index
    return np.ascontiguousarray(slopes[:, y, x].transpose(1, 0, 2, 3)), inside


@dataclass(frozen=True)
class Search:
    """A field being searched.

    Attributes
    ----------
    slopes
        Shape (2, H, W), measured.
    noise
        Standard deviation of one pixel of one component.
    sigma_px
        Blur of converging and of diverging pits.
    """

    slopes: Float32
    noise: float
    sigma_px: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return (self.slopes.shape[1], self.slopes.shape[2])


def refit(search: Search, pits: Pits, rows: Whole, freedom: float, iterations: int, quick: bool) -> Pits:
    """Fit some pits again, with all the others taken away.

    Parameters
    ----------
    pits
        All pits of the field.
    rows
        Which to fit.
    freedom
        See `Windows`.
    quick
        Large pits on every second pixel only.
    """
    shape = search.shape
    owner = owners(pits, shape)
    rest = search.slopes - draw(pits, shape, owner)
    p, a = pits.parameters.copy(), pits.amplitude.copy()
    for chosen, size, scale in groups(p[rows]):
        these = rows[chosen]
        frame = Frame.around(p[these, X], p[these, Y], size, shape)
        windows, start = _windows(search, pits, these, frame, rest, owner, freedom, scale)
        if quick and size >= THINNED_FROM_PX:
            windows = windows.thinned()
        answer = fit(windows, start, iterations)
        p[these], a[these] = frame.whole(answer.parameters), answer.amplitude
    return Pits(p, a)


def _windows(
    search: Search,
    pits: Pits,
    rows: Whole,
    frame: Frame,
    rest: Float32,
    owner: npt.NDArray[np.int32],
    freedom: float,
    scale: int,
) -> tuple[Windows, Fits]:
    p, a = pits.parameters[rows], pits.amplitude[rows]
    local = frame.local(p)
    data, _ = cut(rest, frame)
    mine = belongs(owner, pits, rows, frame)
    own = slope_fields(local, frame.size, scale) * a[:, None, None, None].astype(np.float32)
    data += own * mine[:, None]
    blur = np.where(a < 0, search.sigma_px[1], search.sigma_px[0])
    windows = Windows(data, mine.astype(np.float32), blur, freedom, search.noise, scale)
    return windows, Fits(local, a, np.zeros(len(a)))
