"""Geometry of an etched track: mouth ellipse from etch-rate ratio and dip, and back.

Symbols as in the field: h = bulk layer removed per side, V = v_track / v_bulk, d = dip angle to the surface,
T' = distance of the two etched surfaces, m and M = minor and major full axes of the mouth.
Source: Somogyi and Szalay, Nucl. Instr. Meth. 109 (1973) 211, constant V.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def mouth_axes(V: npt.ArrayLike, dip_rad: npt.ArrayLike, bulk_etch: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Full axes of the mouth of a conical pit.

    Parameters
    ----------
    V, dip_rad, bulk_etch
        Etch-rate ratio, dip to the surface in radians, bulk layer h removed; broadcast together.

    Returns
    -------
    major, minor
        In the unit of ``bulk_etch``; NaN where V sin d <= 1 (no pit exists).
    """
    ratio, dip, h = (np.asarray(a, dtype=float) for a in (V, dip_rad, bulk_etch))
    with np.errstate(invalid="ignore", divide="ignore"):
        etched = ratio * np.sin(dip)
        minor = 2 * h * np.sqrt(np.where(etched > 1, (etched - 1) / (etched + 1), np.nan))
        major = 2 * h * np.sqrt(np.where(etched > 1, ratio**2 - 1, np.nan)) / (etched + 1)
    return major, minor


def track_from_mouth(major: npt.ArrayLike, minor: npt.ArrayLike, bulk_etch: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Etch-rate ratio V and dip (radians) from the mouth's full axes; the inverse of `mouth_axes`.

    NaN where the minor axis reaches 2h or exceeds the major axis by more than rounding.
    """
    h2 = 2 * np.asarray(bulk_etch, dtype=float)
    a = np.asarray(major, dtype=float) / h2
    b = np.minimum(np.asarray(minor, dtype=float) / h2, a)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = np.where(b < 1, 1 - b**2, np.nan)
        V = np.sqrt(1 + 4 * a**2 / rest**2)
        sine = np.minimum((1 + b**2) / (V * rest), 1.0)
    return V, np.arcsin(sine)


def pit_depth(V: npt.ArrayLike, dip_rad: npt.ArrayLike, bulk_etch: npt.ArrayLike) -> Floats:
    """Depth of the sharp tip under the etched surface, h (V sin d - 1)."""
    return np.asarray(bulk_etch) * (np.asarray(V) * np.sin(dip_rad) - 1.0)


def partner_distance(dip_rad: npt.ArrayLike, surfaces_apart: npt.ArrayLike) -> Floats:
    """Lateral distance T' / tan d from entry to exit, in the unit of ``surfaces_apart``."""
    return np.asarray(surfaces_apart) / np.tan(np.asarray(dip_rad, dtype=float))
