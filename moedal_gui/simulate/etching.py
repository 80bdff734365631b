"""Etch pits as cones in the two surfaces of a foil, drawn into depth maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.etching import mouth_axes, pit_depth

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

PIT_COLUMNS = ("x_px", "y_px", "major_px", "minor_px", "azimuth_deg", "depth_px", "tip_offset_px", "rounding")
"""What is needed to draw a pit; lengths in px, ``tip_offset_px`` from the mouth's centre to the tip along the azimuth,
``rounding`` 0 for a sharp tip, about 1 for a bowl."""


def tip_offset(V: npt.ArrayLike, dip_rad: npt.ArrayLike, bulk_etch: npt.ArrayLike) -> Floats:
    """Lateral distance from the centre of the mouth to the tip of a conical pit.

    A cone of half-angle delta, sin(delta) = 1/V, whose axis dips by d, meets the surface between D cot(d - delta)
    and D cot(d + delta) behind its tip at depth D; the centre of the mouth lies half-way (plane geometry).

    Parameters
    ----------
    V, dip_rad, bulk_etch
        As in `moedal_gui.core.etching.mouth_axes`.

    Returns
    -------
    In the unit of ``bulk_etch``; may exceed half the major axis (the pit then runs under its own rim).
    """
    half_angle = np.arcsin(1.0 / np.asarray(V, dtype=float))
    dip = np.asarray(dip_rad, dtype=float)
    depth = pit_depth(V, dip_rad, bulk_etch)
    return np.asarray(0.5 * depth * (1.0 / np.tan(dip - half_angle) + 1.0 / np.tan(dip + half_angle)))


def etched(V: npt.ArrayLike, dip_rad: npt.ArrayLike, bulk_etch: npt.ArrayLike) -> pd.DataFrame:
    """Mouth, depth and tip of pits, one row each, with sharp tips.

    Raises
    ------
    ValueError
        A track etches no pit (V sin d <= 1).
    """
    if np.any(np.asarray(V) * np.sin(dip_rad) <= 1.0):
        raise ValueError("V sin(dip) must exceed 1 for a pit to exist")
    major, minor = mouth_axes(V, dip_rad, bulk_etch)
    depth = pit_depth(V, dip_rad, bulk_etch)
    offset = tip_offset(V, dip_rad, bulk_etch)
    return pd.DataFrame({"major_px": major, "minor_px": minor, "depth_px": depth, "tip_offset_px": offset})


def ray_coordinate(u: Floats, v: Floats, tip: float) -> Floats:
    """How far a point lies from the tip to the rim: 0 at the tip, 1 at the rim, more outside.

    In units where the mouth is the unit circle and the tip lies at (tip, 0), the cone's section at depth
    D (1 - s) is the circle of radius s about (tip (1 - s), 0); s solves |w + tip s| = s with w = (u - tip, v).
    For tip > 1 it is the floor of the pit, seen from above.
    """
    w_u = u - tip
    square = w_u * w_u + v * v
    lean = tip * w_u
    inner = lean * lean + (1.0 - tip * tip) * square
    below = np.sqrt(np.maximum(inner, 0.0)) - lean
    s = square / np.maximum(below, 1e-9)
    return np.asarray(np.where((u * u + v * v < 1.0) & (inner >= 0.0), np.minimum(s, 1.0), 1.0 + np.abs(s)))


def draw_pit(depth_map: Float32, pit: pd.Series[float], scale: int) -> None:
    """Deepen a depth map where one pit is deeper than what is there: overlapping pits merge as etching merges them.

    Parameters
    ----------
    depth_map
        Shape (H * scale, W * scale), px; changed in place.
    pit
        The `PIT_COLUMNS` of a pit.
    scale
        Samples per pixel along each axis.
    """
    half_major, half_minor = 0.5 * pit["major_px"], 0.5 * pit["minor_px"]
    # Sample (i, j) of the fine grid stands at ((j + 0.5) / scale - 0.5) pixels.
    centre_x, centre_y = ((pit[c] + 0.5) * scale - 0.5 for c in ("x_px", "y_px"))
    reach = half_major * scale + 1.0
    xa, xb = max(int(centre_x - reach), 0), min(int(centre_x + reach) + 2, depth_map.shape[1])
    ya, yb = max(int(centre_y - reach), 0), min(int(centre_y + reach) + 2, depth_map.shape[0])
    if xa >= xb or ya >= yb:
        return
    angle = np.radians(pit["azimuth_deg"])
    dx = (np.arange(xa, xb) - centre_x)[None, :] / scale
    dy = (np.arange(ya, yb) - centre_y)[:, None] / scale
    u = (dx * np.cos(angle) + dy * np.sin(angle)) / half_major
    v = (dy * np.cos(angle) - dx * np.sin(angle)) / half_minor
    s = ray_coordinate(u, v, float(pit["tip_offset_px"] / half_major))
    rounding = float(pit["rounding"])
    blunt = np.sqrt(1.0 + rounding**2)
    depth = pit["depth_px"] * (blunt - np.sqrt(s * s + rounding**2)) / max(blunt - rounding, 0.3)
    window = depth_map[ya:yb, xa:xb]
    np.maximum(window, np.where(s < 1.0, depth, 0.0).astype(np.float32), out=window)


def depth_map(shape: tuple[int, int], pits: pd.DataFrame, scale: int = 2) -> Float32:
    """Depth below one etched surface.

    Parameters
    ----------
    shape
        Height and width of the field in px.
    pits
        Rows with `PIT_COLUMNS`.
    scale
        Samples per pixel along each axis.

    Returns
    -------
    Shape (H * scale, W * scale), depth in px, 0 on the bare surface.
    """
    depths = np.zeros((shape[0] * scale, shape[1] * scale), dtype=np.float32)
    for _, pit in pits.iterrows():
        draw_pit(depths, pit, scale)
    return depths
