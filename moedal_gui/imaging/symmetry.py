"""Turning and mirroring pictures together with the lamps: the only place that turns a crop.

A picture turned without its lamps makes a top pit look like bottom pits; each `Element` therefore carries the
permutation of the channels and `apply` never does one without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError

DEFAULT_TOLERANCE_DEG = 3.0


@dataclass(frozen=True)
class Element:
    """One symmetry of a ring of lamps.

    A point p of the picture (x, y down, from its centre) goes to R(angle) p, after mirroring x -> -x if `mirrored`.

    Attributes
    ----------
    angle_deg
        Turn from +x towards +y (down), in [0, 360).
    mirrored
        Whether x is mirrored before the turn.
    permutation
        Channel k of the result is made from channel ``permutation[k]`` of the original.
    """

    angle_deg: float
    mirrored: bool
    permutation: tuple[int, ...]

    @property
    def exact(self) -> bool:
        """True when pixels only change places (a multiple of 90 degrees)."""
        return abs((self.angle_deg + 45.0) % 90.0 - 45.0) < 1e-9

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """The (2, 2) matrix that moves (x, y)."""
        angle = np.radians(self.angle_deg)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.asarray(np.round(turn @ np.diag([-1.0 if self.mirrored else 1.0, 1.0]), 12))


def _moved(azimuth_deg: float, angle_deg: float, mirrored: bool) -> float:
    return ((180.0 - azimuth_deg) if mirrored else azimuth_deg) + angle_deg


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def _permutation(azimuths: Sequence[float], angle: float, mirrored: bool, tolerance: float) -> tuple[int, ...] | None:
    moved = [_moved(azimuth, angle, mirrored) for azimuth in azimuths]
    chosen = []
    for azimuth in azimuths:
        source = min(range(len(moved)), key=lambda j: _apart(moved[j], azimuth))
        if _apart(moved[source], azimuth) > tolerance:
            return None
        chosen.append(source)
    return tuple(chosen) if len(set(chosen)) == len(chosen) else None


def group(
    azimuths_deg: Sequence[float], tolerance_deg: float = DEFAULT_TOLERANCE_DEG, resampling: bool = True
) -> tuple[Element, ...]:
    """All turns and mirrorings that map a set of lamps onto itself, the identity first.

    Parameters
    ----------
    azimuths_deg
        Directions towards the lamps, from +x towards +y (down), in the order of the channels. None at all (one
        picture without a direction) gives the eight turns of a square.
    tolerance_deg
        How far a lamp may land from another lamp's place.
    resampling
        False: only elements that move pixels without resampling (multiples of 90 degrees).

    Returns
    -------
    16 elements for 8 even lamps (8 without resampling), 8 for 4 even lamps, fewer for uneven ones.
    """
    first = azimuths_deg[0] if len(azimuths_deg) else 0.0
    targets = azimuths_deg if len(azimuths_deg) else (0.0, 90.0, 180.0, 270.0)
    turns = [_snapped(target - first, tolerance_deg) for target in targets]
    # One mirroring, the one nearest to an exact one, and all turns of it: so the set stays closed.
    mirrors = [target - _moved(first, 0.0, True) for target in targets]
    base = _snapped(min(mirrors, key=_off_exact), tolerance_deg)
    wanted = [(turn, False) for turn in turns] + [((turn + base) % 360.0, True) for turn in turns]
    elements = [
        Element(angle, mirrored, permutation)
        for angle, mirrored in wanted
        if (permutation := _permutation(azimuths_deg, angle, mirrored, tolerance_deg)) is not None
    ]
    kept = [e for e in elements if resampling or e.exact]
    return tuple(sorted(kept, key=lambda e: (e.mirrored, e.angle_deg)))


def _off_exact(angle_deg: float) -> float:
    return abs((angle_deg + 45.0) % 90.0 - 45.0)


def _snapped(angle_deg: float, tolerance_deg: float) -> float:
    """Lamps a little off their place shall not force resampling."""
    nearest = 45.0 * round(angle_deg / 45.0)
    angle = nearest if abs(angle_deg - nearest) <= tolerance_deg else round(angle_deg, 6)
    return angle % 360.0


def compose(after: Element, before: Element) -> Element:
    """The element that does `before` first and `after` then."""
    turn = -before.angle_deg if after.mirrored else before.angle_deg
    permutation = tuple(before.permutation[k] for k in after.permutation)
    return Element((after.angle_deg + turn) % 360.0, after.mirrored != before.mirrored, permutation)


def inverse(element: Element) -> Element:
    """The element that undoes another."""
    angle = element.angle_deg if element.mirrored else -element.angle_deg
    order = np.argsort(element.permutation)
    return Element(angle % 360.0, element.mirrored, tuple(int(k) for k in order))


def extended(element: Element, channels: int, rim: Sequence[int]) -> Element:
    """The same element for a stack that also holds channels without a direction (backlit, halo).

    Parameters
    ----------
    channels
        Number of channels of the whole stack.
    rim
        Index in the stack of each lamp, in the order the element was made for.
    """
    permutation = list(range(channels))
    for k, source in enumerate(element.permutation):
        permutation[rim[k]] = rim[source]
    return Element(element.angle_deg, element.mirrored, tuple(permutation))


def _move_pixels(stack: npt.NDArray[np.generic], element: Element) -> npt.NDArray[np.generic]:
    matrix = np.rint(element.matrix).astype(int)
    crosswise = matrix[0, 0] == 0
    moved = np.swapaxes(stack, -1, -2) if crosswise else stack
    if matrix[0].sum() < 0:
        moved = np.flip(moved, axis=-1)
    if matrix[1].sum() < 0:
        moved = np.flip(moved, axis=-2)
    return np.ascontiguousarray(moved)


def _resample(stack: npt.NDArray[np.generic], element: Element) -> npt.NDArray[np.generic]:
    height, width = stack.shape[-2:]
    centre = np.array([(width - 1) / 2.0, (height - 1) / 2.0])
    matrix = element.matrix
    affine = np.hstack([matrix, (centre - matrix @ centre)[:, None]])
    flat = stack.reshape(-1, height, width)
    turned = [
        cv2.warpAffine(picture, affine, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for picture in flat
    ]
    return np.stack(turned).reshape(stack.shape)


def apply(element: Element, stack: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Turn pictures and lamps together.

    Parameters
    ----------
    element
        An element of `group` for the lamps of this stack.
    stack
        Shape (..., C, H, W) with C the length of the element's permutation (any C when it has none).

    Returns
    -------
    Shape (..., C, H, W), or (..., C, W, H) after an odd number of quarter turns; the type of the stack.

    Raises
    ------
    DetectionError
        The stack has another number of channels than the element.
    """
    if element.permutation and stack.shape[-3] != len(element.permutation):
        what = f"A stack of {stack.shape[-3]} channels cannot be turned with {len(element.permutation)} lamps"
        raise DetectionError(what, "", "use symmetry.extended for channels without a direction")
    permuted = np.take(stack, element.permutation, axis=-3) if element.permutation else stack
    return _move_pixels(permuted, element) if element.exact else _resample(permuted, element)
