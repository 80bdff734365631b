"""One picture looked at smaller: pits larger than the detector knows are found where they are of a size it knows."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.imaging.shrink import shrunk
from moedal_gui.preselect.heatmap import LearnedDetector, detect_by_heatmap, without_faint

Float32 = npt.NDArray[np.float32]

_SMALLER = (2, 4)
_SMALLEST_SIDE_PX = 64
_SURE = 0.9
_LEAST_COVER, _MORE_COVER = 0.03, 1.6


def detect_in_picture(planes: Float32, learned: LearnedDetector) -> pd.DataFrame:
    """Pits of one picture (1, H, W), as `detect_by_heatmap` has them, without those that are grain.

    A detector that was taught on shrunken pictures looks at such. Others look at the picture whole, halved and quartered; a
    smaller one is believed where its sure pits cover far more ground: pits of one picture are much of a size, and what is
    found of large ones at the finer scale is rims and dust.
    """
    if learned.card.shrink is not None:
        return _finds(planes, learned, learned.card.shrink)
    best = _finds(planes, learned, 1)
    cover = _sure_cover(best, planes.shape[1:])
    for factor in _SMALLER:
        if min(planes.shape[1:]) < factor * _SMALLEST_SIDE_PX:
            break
        found = _finds(planes, learned, factor)
        covered = _sure_cover(found, planes.shape[1:])
        if covered > max(_LEAST_COVER, _MORE_COVER * cover):
            best, cover = found, covered
    return best


def _finds(planes: Float32, learned: LearnedDetector, factor: int) -> pd.DataFrame:
    """What is found in the picture shrunk by a factor, in px of the picture itself."""
    found = without_faint(detect_by_heatmap(shrunk(planes, factor), learned, (None,)))
    if factor == 1:
        return found
    places = (found[["x_px", "y_px"]] + 0.5) * factor - 0.5
    sizes = found[["major_px", "minor_px"]] * factor
    found = found.assign(**places, **sizes)
    height, width = planes.shape[1:]
    inside = found["x_px"].between(-0.5, width - 0.5) & found["y_px"].between(-0.5, height - 0.5)
    return found[inside].reset_index(drop=True)


def _sure_cover(found: pd.DataFrame, size: tuple[int, ...]) -> float:
    """Share of the picture that lies within the mouths of sure pits."""
    ground = np.zeros(size, np.uint8)
    mouths = found.loc[found["probability"] >= _SURE, ["x_px", "y_px", "major_px", "minor_px", "azimuth_deg"]]
    for x, y, major, minor, azimuth in mouths.itertuples(index=False):
        cv2.ellipse(ground, ((x, y), (major, minor), azimuth), 1, -1)
    return float(ground.mean())
