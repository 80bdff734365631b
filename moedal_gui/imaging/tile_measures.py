"""What stretches of one field tell, tile by tile: how much slope there is, and how far it differs from its ground."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.imaging.harmonics import SlopeField

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

TILE_PX = 40
_GROUND_PX = 30.0
_DIFFERENT_SHARE = 95.0


def tile_measures(picture: Float32, slopes: SlopeField | None, tile_px: int = TILE_PX) -> dict[str, Floats]:
    """Measures of the tiles of a field, each (rows, columns); a rest narrower than a tile is left out.

    Parameters
    ----------
    picture
        (H, W), normalised: the mean over the lamps, or the best single channel.
    slopes
        The field's first harmonic; None where slopes cannot be had.

    Returns
    -------
    ``difference``: the 95th percentile of how far pixels lie from the ground round about, a Gaussian of 30 px;
    ``slope_energy``: mean square of the slopes, in the units of `imaging.field_measures`. The noise stays in it: what
    stands out is told from tiles alike, and a difference of two large numbers would only add to their scatter.
    """
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    away = np.abs(smooth - cv2.GaussianBlur(picture, (0, 0), _GROUND_PX))
    found = {"difference": np.percentile(_tiled(away, tile_px), _DIFFERENT_SHARE, axis=2)}
    if slopes is not None:
        found["slope_energy"] = _tiled(slopes.slope_x**2 + slopes.slope_y**2, tile_px).mean(axis=2)
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def _tiled(picture: Float32, tile_px: int) -> Float32:
    """(rows, columns, pixels) of the whole tiles of a picture."""
    rows, columns = (side // tile_px for side in picture.shape)
    cut = picture[: rows * tile_px, : columns * tile_px].reshape(rows, tile_px, columns, tile_px)
    return cut.transpose(0, 2, 1, 3).reshape(rows, columns, tile_px * tile_px)
