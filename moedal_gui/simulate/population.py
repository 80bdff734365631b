"""What has gone through a foil: tracks that stop, tracks that do not, recoils, stars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from moedal_gui.core.etching import partner_distance
from moedal_gui.simulate.etching import etched

SMALLEST_PX, LARGEST_PX = 3.0, 40.0


@dataclass(frozen=True)
class Etch:
    """Bulk layer removed per side and distance of the two etched surfaces, both in px; range of dips, degrees."""

    h_px: float
    surfaces_apart_px: float
    dip_range_deg: tuple[float, float]
    V_typical: float


def draw_etch(
    rng: np.random.Generator,
    h_px: float | None,
    surfaces_apart_px: float | None,
    dip_range_deg: tuple[float, float] | None,
) -> Etch:
    """Draw what is not given."""
    h = float(rng.uniform(6.0, 16.0))
    apart = float(rng.uniform(45.0, 110.0))
    steepness = float(rng.uniform(1.5, 2.8))
    return Etch(h_px or h, surfaces_apart_px or apart, dip_range_deg or (38.0, 90.0), steepness)


def draw_cones(rng: np.random.Generator, count: int, etch: Etch) -> pd.DataFrame:
    """Pits of constant-rate tracks of random V, dip and azimuth whose mouths are 3 to 40 px."""
    parts: list[pd.DataFrame] = []
    found = 0
    while found < count or not parts:
        V = 1.0 + rng.lognormal(np.log(etch.V_typical - 1.0), 0.5, 4 * count + 16)
        low, high = (np.sin(np.radians(d)) for d in etch.dip_range_deg)
        dip = np.arcsin(np.sqrt(rng.uniform(low**2, high**2, V.size)))
        exists = V * np.sin(dip) > 1.05
        V, dip = V[exists], dip[exists]
        pits = etched(V, dip, etch.h_px).assign(V=V, dip_rad=dip)
        parts.append(pits[(pits["minor_px"] >= SMALLEST_PX) & (pits["major_px"] <= LARGEST_PX)])
        found += len(parts[-1])
    pits = pd.concat(parts, ignore_index=True).iloc[:count].copy()
    pits["azimuth_deg"] = rng.uniform(0.0, 360.0, count)
    pits["rounding"] = 0.0
    return pits


def stopping(rng: np.random.Generator, count: int, etch: Etch, share_top: float) -> pd.DataFrame:
    """Range-in (top) and range-out (bottom) pits; some stopped early and are over-etched, with blunt tips."""
    pits = draw_cones(rng, count, etch)
    pits["surface"] = np.where(rng.random(count) < share_top, "top", "bottom")
    pits["label"] = pits["surface"]
    blunt = rng.random(count) < 0.3
    pits["rounding"] = np.where(blunt, rng.uniform(0.1, 0.9, count), 0.0)
    pits["depth_px"] *= np.where(blunt, rng.uniform(0.5, 1.0, count), 1.0)
    return pits


def recoils(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Misc pits: shallow dull bowls from 4 px across."""
    minor = rng.uniform(4.0, 12.0, count)
    major = minor * rng.uniform(1.0, 1.3, count)
    surface = np.where(rng.random(count) < 0.5, "top", "bottom")
    columns = {
        "major_px": major,
        "minor_px": minor,
        "depth_px": minor * rng.uniform(0.12, 0.3, count),
        "tip_offset_px": major * rng.uniform(0.0, 0.15, count),
        "azimuth_deg": rng.uniform(0.0, 360.0, count),
        "rounding": rng.uniform(0.4, 1.0, count),
    }
    return pd.DataFrame(columns).assign(surface=surface, label="misc")


def signal_pairs(rng: np.random.Generator, count: int, etch: Etch, size_px: tuple[float, float]) -> pd.DataFrame:
    """Tracks that go through: an entry and an exit pit of one V, dip and line, T'/tan d apart along it.

    The tip of the exit pit points back towards the entry.
    """
    entry = draw_cones(rng, count, etch)
    entry["x_px"] = rng.uniform(0, size_px[0], count)
    entry["y_px"] = rng.uniform(0, size_px[1], count)
    entry = entry.assign(surface="top", label="candidate", pair=np.arange(1, count + 1))
    return _with_exits(entry, etch)


def through_next_sheet(above: pd.DataFrame, etch: Etch) -> pd.DataFrame:
    """The same tracks one sheet farther: sheets touch, so that their etched surfaces are two bulk layers apart."""
    entry = above[(above["pair"] > 0) & (above["surface"] == "top")]
    return _with_exits(_further(entry, etch.surfaces_apart_px + 2 * etch.h_px), etch)


def _with_exits(entry: pd.DataFrame, etch: Etch) -> pd.DataFrame:
    leaving = _further(entry, etch.surfaces_apart_px)
    leaving = leaving.assign(surface="bottom", azimuth_deg=(entry["azimuth_deg"] + 180.0) % 360.0)
    return pd.concat([entry, leaving], ignore_index=True)


def _further(entry: pd.DataFrame, depth_px: float) -> pd.DataFrame:
    """Where tracks are at another depth."""
    way = partner_distance(entry["dip_rad"].to_numpy(), depth_px)
    along = np.radians(entry["azimuth_deg"])
    return entry.assign(x_px=entry["x_px"] + way * np.cos(along), y_px=entry["y_px"] + way * np.sin(along))


def _star(rng: np.random.Generator, etch: Etch) -> pd.DataFrame:
    """Spallation: a few prongs leave one point, their pits lie within some px of it, tips towards it."""
    prongs = int(rng.integers(3, 6))
    pits = stopping(rng, prongs, etch, share_top=float(rng.random() < 0.5))
    directions = rng.uniform(0, 360) + 360.0 / prongs * np.arange(prongs) + rng.normal(0, 12, prongs)
    far = rng.uniform(8.0, 22.0, prongs)
    pits["azimuth_deg"] = (directions + 180.0) % 360.0
    pits["x_px"] = far * np.cos(np.radians(directions))
    pits["y_px"] = far * np.sin(np.radians(directions))
    return pits


def _places(
    rng: np.random.Generator, count: int, size_px: tuple[float, float], low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Random places whose density grows linearly along x from `low` to `high`."""
    share = rng.random(count)
    if abs(high - low) > 1e-9 * max(high, low, 1.0):
        slope = (high - low) / 2.0
        share = (np.sqrt(low**2 + 4.0 * slope * share * (low + slope)) - low) / (2.0 * slope)
    return share * size_px[0], rng.uniform(0, size_px[1], count)


def draw_population(
    rng: np.random.Generator,
    etch: Etch,
    size_px: tuple[float, float],
    per_field: tuple[float, float],
    field_area_px: float,
    candidates: int,
) -> pd.DataFrame:
    """All pits of a foil.

    Parameters
    ----------
    size_px
        Width and height of the foil.
    per_field
        Pits, both surfaces together, per field at the left and right end of the foil.
    field_area_px
        Area of a field, px^2.
    candidates
        Number of tracks that go through, on top of the others.

    Returns
    -------
    Columns of `moedal_gui.simulate.etching.PIT_COLUMNS` with surface, label, pair (0: none) and id from 1.
    """
    expected = 0.5 * sum(per_field) * size_px[0] * size_px[1] / field_area_px
    count = int(rng.poisson(expected))
    dull = int(rng.binomial(count, rng.uniform(0.04, 0.12)))
    stars = int(rng.binomial(max(count // 4, 0), 0.03))
    parts = [_star(rng, etch) for _ in range(stars)]
    scattered = max(count - dull - sum(len(p) for p in parts), 0)
    origin_x, origin_y = _places(rng, stars, size_px, *per_field)
    parts = [
        p.assign(x_px=p["x_px"] + x, y_px=p["y_px"] + y) for p, x, y in zip(parts, origin_x, origin_y, strict=True)
    ]
    lone = [stopping(rng, scattered, etch, float(rng.uniform(0.25, 0.6))), recoils(rng, dull)]
    for pits in lone:
        pits["x_px"], pits["y_px"] = _places(rng, len(pits), size_px, *per_field)
    parts += [p for p in lone if len(p)]
    parts += [signal_pairs(rng, candidates, etch, size_px)] if candidates else []
    if not parts:
        parts = [stopping(rng, 0, etch, 0.5).assign(x_px=0.0, y_px=0.0)]
    pits = pd.concat(parts, ignore_index=True)
    if "pair" not in pits:
        pits["pair"] = 0
    pits["pair"] = pits["pair"].fillna(0).astype(int)
    return pits.assign(id=np.arange(1, len(pits) + 1))
