"""Where fields really lie, from what neighbouring pictures show twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from moedal_gui.imaging.strip_shift import StripShift, strip_shift

Floats = npt.NDArray[np.float64]
Window = tuple[slice, slice]

STAGE_SIGMA_PX = 2.0
LEAST_CORRELATION = 0.5
_ALONE = 0.8
_COMMON_SIGMA_PX = 1.0
_LARGEST_SIGMA_PX = 0.4
_LEAST_SIDES_PX = (8, 64)
_FINEST_PX = 0.1
_RIVAL = 0.9
_NOISE_FACTOR = 3.0  # noise of neighbouring px is alike
_CUT_PX = 0.5
_ROUNDS = 12


@dataclass(frozen=True)
class Neighbours:
    """Two fields that show a common stretch.

    Attributes
    ----------
    first, second
        Row numbers of the fields.
    first_window, second_window
        Rows and columns of the common stretch in each picture, by the stage, of one shape.
    rest_px
        What the stage says beyond whole px: second's corner minus first's, minus the whole px.
    beside
        True where the second lies right or left of the first, False where above or below.
    """

    first: int
    second: int
    first_window: Window
    second_window: Window
    rest_px: tuple[float, float]
    beside: bool


@dataclass(frozen=True)
class Seam:
    """How far the second of two fields lies from where the stage has it against the first, px, with 1 sigma an axis."""

    first: int
    second: int
    shift_px: tuple[float, float]
    sigma_px: tuple[float, float]
    beside: bool


@dataclass(frozen=True)
class Adjustment:
    """Displacement (N, 2) of each field from its stage place, px, and the seams' median misfit before and after."""

    displacement: Floats
    seams: int
    before_px: float
    after_px: float


def neighbours(corners: Floats, sizes: npt.NDArray[np.intp]) -> list[Neighbours]:
    """Pairs of fields that overlap along a whole side.

    Parameters
    ----------
    corners
        (N, 2): top left corner of each field by the stage, px as the camera sees them.
    sizes
        (N, 2): width and height, px.
    """
    if len(corners) < 2:
        return []
    reach = float(np.hypot(*sizes.max(axis=0)))
    found = []
    for i, j in sorted(map(tuple, cKDTree(corners).query_pairs(reach, output_type="ndarray").tolist())):
        offset = corners[j] - corners[i]
        whole = np.rint(offset).astype(int)
        low = np.maximum(whole, 0)
        high = np.minimum(sizes[i], whole + sizes[j])
        side = high - low
        if min(side) < _LEAST_SIDES_PX[0] or max(side) < _LEAST_SIDES_PX[1]:
            continue
        ours = (slice(low[1], high[1]), slice(low[0], high[0]))
        theirs = (slice(low[1] - whole[1], high[1] - whole[1]), slice(low[0] - whole[0], high[0] - whole[0]))
        rest = offset - whole
        found.append(Neighbours(i, j, ours, theirs, (float(rest[0]), float(rest[1])), bool(side[0] < side[1])))
    return found


def seam(pair: Neighbours, first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> Seam | None:
    """Measure one pair from its two windows (C, H, W), channel by channel; None where the pictures do not convince.

    A channel convinces where the two correlate, clearly more than at any other hill of correlation, and where the structure
    fixes the shift in both directions. Channels that convince must agree; a single one must correlate strongly.
    """
    told = [m for a, b in zip(first, second, strict=True) if (m := _convincing(a, b)) is not None]
    if not told or (len(told) == 1 and told[0].correlation < _ALONE):
        return None
    shifts = np.array([m.shift_px for m in told])
    if np.ptp(shifts, axis=0).max() > _CUT_PX:
        return None
    sigmas = np.hypot(_NOISE_FACTOR * np.array([m.sigma_px for m in told]), _FINEST_PX)
    weights = sigmas**-2
    shift = (weights * shifts).sum(axis=0) / weights.sum(axis=0)
    # Channels show the same foil: what one cannot know of it the other cannot either.
    sigma = sigmas.min(axis=0)
    dx, dy = -shift - pair.rest_px
    return Seam(pair.first, pair.second, (float(dx), float(dy)), (float(sigma[0]), float(sigma[1])), pair.beside)


def _convincing(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> StripShift | None:
    found = strip_shift(first, second)
    if found is None or found.correlation < LEAST_CORRELATION or found.rival > _RIVAL * found.correlation:
        return None
    return found if _NOISE_FACTOR * max(found.sigma_px) <= _LARGEST_SIGMA_PX else None


def adjusted(count: int, seams: Sequence[Seam]) -> Adjustment:
    """Displacements of ``count`` fields that suit the seams best.

    Least squares with the stage as prior (2 px a field) and Cauchy weights, so that a wrong seam pulls little. What all seams
    beside or below share is the camera's angle and scale, no field's misplacement, and is let free. Fields without seams, and
    all fields where the seams would not fit better than before, stay.
    """
    still = np.zeros((count, 2))
    if not seams:
        return Adjustment(still, 0, 0.0, 0.0)
    first, second = (np.array([getattr(s, name) for s in seams]) for name in ("first", "second"))
    wanted, sigma = np.array([s.shift_px for s in seams]), np.array([s.sigma_px for s in seams])
    below = np.array([not s.beside for s in seams], dtype=np.intp)
    rows = np.arange(len(seams))
    ones = np.ones(len(seams))
    design = coo_matrix(
        (np.concatenate([ones, -ones, ones]), (np.tile(rows, 3), np.concatenate([second, first, count + below]))),
        shape=(len(seams), count + 2),
    ).tocsr()
    prior = np.concatenate([np.full(count, STAGE_SIGMA_PX**-2), np.full(2, _COMMON_SIGMA_PX**-2)])
    solved = [_axis(design, prior, wanted[:, k], sigma[:, k]) for k in (0, 1)]
    displacement = np.stack([s[:count] for s in solved], axis=1)
    common = np.stack([s[count:] for s in solved], axis=1)[below]
    before = float(np.median(np.hypot(*(wanted - np.median(wanted, axis=0)).T)))
    after = float(np.median(np.hypot(*(wanted - common - (displacement[second] - displacement[first])).T)))
    if after > before:
        return Adjustment(still, len(seams), before, before)
    return Adjustment(displacement, len(seams), before, after)


def _axis(design: csr_matrix, prior: Floats, wanted: Floats, sigma: Floats) -> Floats:
    from scipy.sparse import diags

    solution = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        weight = sigma**-2 / (1 + ((wanted - design @ solution) / _CUT_PX) ** 2)
        normal = (design.T @ diags(weight) @ design + diags(prior)).tocsc()
        solution = np.asarray(spsolve(normal, design.T @ (weight * wanted)), float)
    return solution
