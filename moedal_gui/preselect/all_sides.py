"""Planes looked at from several sides: what a network says of them turned and mirrored, turned back and averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from moedal_gui.core.detector_card import MAPS, STRIDE
from moedal_gui.imaging.symmetry import Element, apply, group, inverse

Float32 = npt.NDArray[np.float32]

_VECTORS = (("offset_x", "offset_y"), ("sense_x", "sense_y"))


def from_all_sides(maps: Callable[[Float32], Float32], planes: Float32) -> Float32:
    """Mean of the maps of a picture's eight symmetries, each turned back.

    Parameters
    ----------
    maps
        Takes planes (P, H, W) to maps, as `moedal_gui.core.detector_card` has them.
    planes
        Shape (P, H, W), none of them a direction: one picture, that no lamp lights from one side.

    Returns
    -------
    Shape (surfaces * 8 + 1, ceil(H / 2), ceil(W / 2)).
    """
    return _mean(maps, planes, group(()))


def from_both_ends(maps: Callable[[Float32], Float32], planes: Float32) -> Float32:
    """Mean of the maps of slopes as they are and turned by half, turned back.

    Parameters
    ----------
    maps
        Takes planes (5, H, W) to maps, as `moedal_gui.core.detector_card` has them.
    planes
        Shape (5, H, W), as the view ``slope`` has them: the second and third are a direction, and turn with the field.

    Returns
    -------
    Shape (surfaces * 8 + 1, ceil(H / 2), ceil(W / 2)).
    """
    return _mean(maps, planes, [e for e in group(()) if not e.mirrored and e.angle_deg % 180.0 == 0.0])


def _mean(maps: Callable[[Float32], Float32], planes: Float32, elements: Sequence[Element]) -> Float32:
    # Cells of a turned picture lie on those of the picture only where both sides are whole cells.
    spare = [(0, 0), *((0, -length % STRIDE) for length in planes.shape[1:])]
    whole = np.pad(planes, spare, mode="edge")
    total = sum(_turned_back(maps(_turned(whole, e)), e) for e in elements)
    return np.asarray(total / len(elements), dtype=np.float32)


def _turned(planes: Float32, element: Element) -> Float32:
    """Planes turned; where there are slopes they turn with them."""
    answer = np.array(apply(element, planes), dtype=np.float32)
    if len(planes) > 1:
        answer[1:3] = np.einsum("ij,jhw->ihw", element.matrix.astype(np.float32), answer[1:3])
    return answer


def _turned_back(maps: Float32, element: Element) -> Float32:
    """Maps of a turned picture as maps of the picture itself: cells go back, and so do the directions in them."""
    answer = np.asarray(apply(inverse(element), maps), dtype=np.float32)
    back = element.matrix.T.astype(np.float32)
    count = len(MAPS)
    for first in range(0, len(maps) - 1, count):
        named = dict(zip(MAPS, answer[first : first + count], strict=True))
        for x, y in _VECTORS:
            named[x], named[y] = (back[k, 0] * named[x] + back[k, 1] * named[y] for k in (0, 1))
        # A stretch is a symmetric tensor without trace: (along, across; across, -along).
        along, across = named["stretch_x"], named["stretch_y"]
        tensor = np.stack([np.stack([along, across]), np.stack([across, -along])])
        tensor = np.einsum("ai,ijhw,bj->abhw", back, tensor, back)
        named["stretch_x"], named["stretch_y"] = tensor[0, 0], tensor[0, 1]
        answer[first : first + count] = [named[name] for name in MAPS]
    return answer
