"""The ground between the pits: etching leaves it a little uneven."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

GRAIN_PX = (0.8, 6.0)


def rough_ground(
    rng: np.random.Generator, shape: tuple[int, int], scale: int, roughness: float, grain_px: float
) -> Float32:
    """Heights of a Gaussian surface.

    Parameters
    ----------
    shape
        Height and width of the picture, px.
    scale
        Samples a px.
    roughness
        Root mean square of the slope along one direction.
    grain_px
        Standard deviation of the bell that smooths it, px: bumps are about twice as far apart.

    Returns
    -------
    Shape (H * scale, W * scale), px.
    """
    noise = rng.normal(0.0, 1.0, (shape[0] * scale, shape[1] * scale)).astype(np.float32)
    heights = cv2.GaussianBlur(noise, (0, 0), grain_px * scale, borderType=cv2.BORDER_REFLECT)
    steps = np.diff(heights, axis=1) * scale
    return np.asarray(heights * (roughness / max(float(np.sqrt((steps**2).mean())), 1e-12)), dtype=np.float32)
