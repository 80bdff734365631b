"""Places that stand out of their surroundings where pits are too many to be listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEVEL = 0.05
_REACH = 4  # tiles to either side that a tile is compared with
_LEFT_OUT = 1  # tiles round it that may belong to the same thing, and say nothing of its surroundings
_FEWEST = 20  # a corner of the map has 21
_MAD_TO_SIGMA = 1.4826
# The variance of a median absolute deviation of n normal values is that of a standard deviation of .37 n of them
# (Rousseeuw and Croux, J. Am. Stat. Assoc. 88 (1993) 1273).
_MAD_EFFICIENCY = 0.37
_LEAST_OF_USUAL = 0.5


@dataclass(frozen=True)
class Region:
    """Neighbouring tiles that stand out.

    Attributes
    ----------
    tiles
        (N, 2): row and column of each.
    measure
        What stands out most, and ``z`` by how many deviations of the surroundings.
    probability
        How often chance gives a tile as far out anywhere among all that were tested (family-wise).
    """

    tiles: npt.NDArray[np.intp]
    measure: str
    z: float
    probability: float


@dataclass(frozen=True)
class RegionSearch:
    """What a search found, and how it tested.

    Attributes
    ----------
    regions
        Farthest out first.
    tested
        Tiles times measures.
    threshold
        Deviations from which a tile stands out.
    mirrored
        Tiles that lie as far *below* their surroundings, where nothing of interest can be: what chance, or surroundings
        that are no normal ones, may have put above as well.
    """

    regions: tuple[Region, ...]
    tested: int
    threshold: float
    mirrored: int


def standing_out(values: Floats) -> tuple[Floats, Floats]:
    """How far each tile lies from its surroundings, in their deviations, and the degrees of freedom of that.

    Local median and median absolute deviation of the logarithm over 9 x 9 tiles without the middle 3 x 3; a deviation is
    never taken as less than half of what is usual on the map, so that an even patch does not make noise stand out.

    Parameters
    ----------
    values
        (rows, columns), positive; NaN where nothing was measured.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(values > 0, np.log(values), np.nan)
    around = _surroundings(logs)
    known = np.isfinite(around).sum(axis=2)
    enough = (known >= _FEWEST) & np.isfinite(logs)
    z = np.full(logs.shape, np.nan)
    if not enough.any():
        return z, known * _MAD_EFFICIENCY
    middle = np.nanmedian(around[enough], axis=1)
    spread = _MAD_TO_SIGMA * np.nanmedian(np.abs(around[enough] - middle[:, None]), axis=1)
    spread = np.maximum(spread, max(_LEAST_OF_USUAL * float(np.median(spread)), 1e-9))
    z[enough] = (logs[enough] - middle) / spread
    return z, known * _MAD_EFFICIENCY


def find_regions(measures: Mapping[str, Floats], among: Flags, level: float = LEVEL) -> RegionSearch:
    """Tiles that stand out of their surroundings in any measure, neighbours joined.

    A tile's deviation follows Student's t, for its scale is estimated; the threshold is Sidak's over every tile and
    measure tested (J. Am. Stat. Assoc. 62 (1967) 626), so that on an even foil ``level`` of all searches find anything.

    Parameters
    ----------
    measures
        (rows, columns) each, NaN where nothing was measured.
    among
        (rows, columns): tiles that are tested; the others serve as surroundings.
    """
    found = {name: standing_out(values) for name, values in measures.items()}
    tested = {name: among & np.isfinite(z) for name, (z, _) in found.items()}
    count = sum(int(some.sum()) for some in tested.values())
    if not count:
        return RegionSearch((), 0, float("nan"), 0)
    each = -np.expm1(np.log1p(-level) / count)
    above, below = np.zeros(among.shape, dtype=bool), 0
    thresholds = []
    for name, (z, freedom) in found.items():
        limit = np.where(tested[name], student.isf(each, np.maximum(freedom, 1.0)), np.inf)
        thresholds.append(float(limit[tested[name]].min(initial=np.inf)))
        above |= tested[name] & (z > limit)
        below += int((tested[name] & (z < -limit)).sum())
    groups, number = label(above, structure=np.ones((3, 3)))
    regions = [_region(np.argwhere(groups == k + 1), found, tested, count) for k in range(number)]
    return RegionSearch(tuple(sorted(regions, key=lambda r: -r.z)), count, min(thresholds), below)


def _region(
    tiles: npt.NDArray[np.intp], found: Mapping[str, tuple[Floats, Floats]], tested: Mapping[str, Flags], count: int
) -> Region:
    best: tuple[float, str, float] = (-np.inf, "", 1.0)
    rows, columns = tiles.T
    for name, (z, freedom) in found.items():
        values = np.where(tested[name][rows, columns], z[rows, columns], -np.inf)
        k = int(np.argmax(values))
        if values[k] > best[0]:
            one = float(student.sf(values[k], max(float(freedom[rows[k], columns[k]]), 1.0)))
            best = (float(values[k]), name, float(-np.expm1(count * np.log1p(-one))))
    return Region(tiles, best[1], best[0], best[2])


def _surroundings(logs: Floats) -> Floats:
    """(rows, columns, K): the tiles round each tile, NaN beyond the map and in the middle."""
    side = 2 * _REACH + 1
    padded = np.pad(logs, _REACH, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    ring = np.ones((side, side), dtype=bool)
    inner = slice(_REACH - _LEFT_OUT, _REACH + _LEFT_OUT + 1)
    ring[inner, inner] = False
    return np.asarray(windows[:, :, ring])
