"""What a learned detector looks at: the same planes whatever the lamps, the polarity and the side of the foil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.harmonics import first_harmonic

Float32 = npt.NDArray[np.float32]
View = Literal["slope", "picture"]

PLANES: dict[str, tuple[str, ...]] = {
    "slope": ("mean", "slope_x", "slope_y", "backlit", "halo"),
    "picture": ("picture",),
}
"""Planes of each view. ``slope`` needs three rim lamps round the foil; a plane the scan has not is zero."""

LARGEST = 8.0


def slope_planes(field: Float32, description: ScanDescription, rim: Sequence[int], usable: Sequence[bool]) -> Float32:
    """Mean and slope field of the ring, backlit and halo.

    The slope field's sign is that of polarity "lit", so that pits of the surface near the camera converge.

    Parameters
    ----------
    field
        Normalised channels (C, H, W).
    description
        Azimuths, kinds and polarity.
    rim
        Indices of the rim channels to use.
    usable
        Which channels carry a picture.

    Returns
    -------
    float32 (5, H, W), within +-`LARGEST`.

    Raises
    ------
    DetectionError
        The lamps do not surround the foil.
    """
    found = first_harmonic(field[list(rim)], [description.channels[i].azimuth_deg or 0.0 for i in rim])
    sign = 1.0 if description.polarity == "lit" else -1.0
    planes = [found.mean, sign * found.slope_x, sign * found.slope_y]
    for kind in ("backlit", "halo"):
        chosen = [i for i, c in enumerate(description.channels) if c.kind == kind and usable[i]]
        planes.append(field[chosen[0]] if chosen else np.zeros_like(found.mean))
    return np.asarray(np.clip(np.stack(planes), -LARGEST, LARGEST), dtype=np.float32)


def picture_planes(picture: Float32) -> Float32:
    """One normalised picture (H, W) as the planes (1, H, W) of the view ``picture``.

    The inverse hyperbolic sine keeps faint pits as they are and brings black ones, a dozen times as strong, near.
    """
    return np.asarray(np.clip(np.arcsinh(picture[None]), -LARGEST, LARGEST), dtype=np.float32)
