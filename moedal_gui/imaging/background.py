"""Robust background of one picture: what the bare foil looks like where pits and dirt do not cover it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.generic]

CELL_PX = 32
PEAK_BLOCK_PX = 16
PEAK_OVER_NOISE = 4.0
_GOLDEN = (5.0**0.5 - 1.0) / 2.0


def shortest_half(samples: Floats) -> tuple[Floats, Floats]:
    """Mean and width of the shortest half of the samples along the last axis.

    A robust mode: up to half of the samples may lie to one side, as bright pits on a black ground do.

    Parameters
    ----------
    samples
        Shape (..., n).

    Returns
    -------
    centre, width
        Shape (...), in the unit of the samples.
    """
    ordered = np.sort(samples, axis=-1)
    count = ordered.shape[-1]
    half = max(count // 2, 1)
    widths = ordered[..., half - 1 :] - ordered[..., : count - half + 1]
    start = np.argmin(widths, axis=-1)[..., None]
    running = np.concatenate([np.zeros((*ordered.shape[:-1], 1)), np.cumsum(ordered, axis=-1)], axis=-1)
    total = np.take_along_axis(running, start + half, -1) - np.take_along_axis(running, start, -1)
    return (total / half)[..., 0], np.take_along_axis(widths, start, -1)[..., 0]


def unrounded(picture: Picture) -> Floats:
    """A picture of whole grey levels with each pixel moved within its level, evenly and always alike; others as they are.

    Where the noise is about a level, a mode would jump from one to the next.
    """
    values = np.asarray(picture, dtype=np.float64)
    if not np.issubdtype(np.asarray(picture).dtype, np.integer):
        return values
    within = np.modf(np.arange(values.size, dtype=np.float64) * _GOLDEN)[0] - 0.5
    return np.asarray(values + within.reshape(values.shape))


def pixel_noise(picture: Picture) -> float:
    """Standard deviation of the noise of one pixel, from differences of neighbours in a row.

    Never less than half a grey level, the rounding of the camera.
    """
    values = np.asarray(picture[::2], dtype=np.float64)
    steps = np.abs(values[:, 1:] - values[:, :-1])
    return max(float(np.median(steps)) / 0.9539, 0.5) if steps.size else 0.5


def cell_counts(picture: Picture, cell_px: int = CELL_PX) -> tuple[int, int]:
    """Rows and columns of square cells in a picture; at least one."""
    return max(picture.shape[0] // cell_px, 1), max(picture.shape[1] // cell_px, 1)


def cell_backgrounds(picture: Picture, cell_px: int = CELL_PX) -> tuple[Floats, Floats, Floats, Floats]:
    """Background of square cells of a picture.

    Parameters
    ----------
    picture
        Shape (H, W), any real type.
    cell_px
        Side of a cell.

    Returns
    -------
    value, width
        Shape (rows, columns): shortest-half mean and width of each cell.
    y, x
        Shapes (rows,) and (columns,): centres of the cells as a fraction of the picture, 0 to 1.
    """
    height, width_px = picture.shape
    rows, columns = cell_counts(picture, cell_px)
    side_y, side_x = min(cell_px, height), min(cell_px, width_px)
    part = unrounded(picture[: rows * side_y, : columns * side_x])
    cells = part.reshape(rows, side_y, columns, side_x)[:, ::2, :, ::2]
    value, width = shortest_half(cells.transpose(0, 2, 1, 3).reshape(rows, columns, -1))
    y = (np.arange(rows) * side_y + (side_y - 1) / 2) / max(height - 1, 1)
    x = (np.arange(columns) * side_x + (side_x - 1) / 2) / max(width_px - 1, 1)
    return value, width, y, x


def contrast_peaks(difference: Floats, noise: float, block_px: int = PEAK_BLOCK_PX) -> Floats:
    """Heights of what stands out of the background, one per block in which something does.

    Their median says how strongly a channel shows pits, whatever the number of pits.

    Parameters
    ----------
    difference
        Shape (H, W): picture minus background, lightly smoothed.
    noise
        Standard deviation of one raw pixel.

    Returns
    -------
    Shape (n,), largest absolute difference of each block above `PEAK_OVER_NOISE` times the noise.
    """
    height, width = difference.shape
    rows, columns = height // block_px, width // block_px
    if rows == 0 or columns == 0:
        return np.empty(0)
    part = np.abs(difference[: rows * block_px, : columns * block_px])
    peaks = part.reshape(rows, block_px, columns, block_px).max(axis=(1, 3)).ravel()
    return np.asarray(peaks[peaks > PEAK_OVER_NOISE * noise])
