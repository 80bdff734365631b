"""First harmonic of the intensity round the lamp ring: mean and slope pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError

Float32 = npt.NDArray[np.float32]
LARGEST_CONDITION = 30.0


@dataclass(frozen=True)
class SlopeField:
    """First harmonic of a field, each of shape (H, W).

    Attributes
    ----------
    mean
        Mean over the lamps: absorption, dirt.
    slope_x, slope_y
        The harmonic's vector g; along a lamp's direction it is the brightening by that lamp.
    """

    mean: Float32
    slope_x: Float32
    slope_y: Float32


def harmonic_matrix(azimuths_deg: Sequence[float]) -> npt.NDArray[np.float64]:
    """The (3, N) matrix that turns N lamp intensities into mean, g_x and g_y by least squares.

    Raises
    ------
    DetectionError
        Fewer than three lamps, or lamps that do not surround the foil.
    """
    phi = np.radians(np.asarray(azimuths_deg, dtype=float))
    remedy = "use the blob method, or state the azimuths in scan.toml"
    if phi.size < 3:
        raise DetectionError(f"Slopes need at least three rim lamps, there are {phi.size}", "", remedy)
    design = np.stack([np.ones_like(phi), np.cos(phi), np.sin(phi)], axis=1)
    if np.linalg.cond(design) > LARGEST_CONDITION:
        raise DetectionError("The rim lamps stand too close together for slopes", list(azimuths_deg), remedy)
    return np.asarray(np.linalg.pinv(design))


def first_harmonic(stack: npt.NDArray[np.generic], azimuths_deg: Sequence[float]) -> SlopeField:
    """Fit mean + g_x cos(phi) + g_y sin(phi) to each pixel.

    For N evenly spaced lamps this is ``g = (2/N) sum I_k (cos phi_k, sin phi_k)`` (photometric stereo with a
    linear lobe, Woodham, Opt. Eng. 19 (1980) 139).

    Parameters
    ----------
    stack
        Rim channels (N, H, W), best normalised.
    azimuths_deg
        N directions towards the lamps, from +x towards +y (down), in the order of the stack.

    Raises
    ------
    DetectionError
        Fewer than three lamps, lamps close together, or a stack of another length.
    """
    if stack.shape[0] != len(azimuths_deg):
        raise DetectionError(f"{stack.shape[0]} rim pictures but {len(azimuths_deg)} azimuths", "", "check scan.toml")
    matrix = harmonic_matrix(azimuths_deg).astype(np.float32)
    flat = np.asarray(stack, dtype=np.float32).reshape(stack.shape[0], -1)
    mean, slope_x, slope_y = (matrix @ flat).reshape(3, *stack.shape[1:])
    return SlopeField(mean, slope_x, slope_y)
