"""What a detector says of a pit: the columns every detector fills, in this order."""

from __future__ import annotations

import pandas as pd

DETECTION_COLUMNS: dict[str, str] = {
    "x_px": "float64",
    "y_px": "float64",
    "surface": "str",
    "surface_score": "float64",
    "probability": "float64",
    "major_px": "float64",
    "minor_px": "float64",
    "azimuth_deg": "float64",
    "snr": "float64",
    "major_error": "float64",
    "minor_error": "float64",
}
"""Column -> dtype. ``surface`` is ``top``, ``bottom`` or missing (one-channel pictures); ``surface_score`` is the
probability that the surface named is right (0.5 to 1); ``major_px`` and ``minor_px`` are full axes of the mouth;
``azimuth_deg`` in [0, 360) points from the mouth's centre to the cone's tip, in the stored picture; ``major_error`` and
``minor_error`` are the standard deviations of the axes' logarithms as the detector states them, missing where it states none."""


def empty_detections() -> pd.DataFrame:
    """A table of no pits, with the right columns and types."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in DETECTION_COLUMNS.items()})
