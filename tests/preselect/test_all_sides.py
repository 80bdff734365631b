"""What is seen of a picture from all sides lies where, and as, it is seen from one."""

import cv2
import numpy as np
import pytest

from moedal_gui.core.detector_card import MAPS
from moedal_gui.preselect.all_sides import from_all_sides
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector


def needles(size: tuple[int, int]) -> np.ndarray:
    """One plane with dark needles that lie every way."""
    random = np.random.default_rng(4)
    picture = random.normal(0.0, 0.05, size).astype(np.float32)
    for k in range(12):
        place = (30 + 50 * (k % 4), 30 + 50 * (k // 4))
        cv2.ellipse(picture, (place, (26, 8), 15.0 * k), -1.5, -1)
    return picture[None]


@pytest.mark.parametrize("size", [(176, 224), (175, 223)])
def test_all_sides_say_what_one_says(size):
    shipped = shipped_detector("picture")
    assert shipped is not None
    maps = detector_of(shipped.folder).maps
    planes = needles(size)
    one, every = maps(planes), from_all_sides(maps, planes)
    assert one.shape == every.shape
    middle = one[0] >= np.sort(one[0].ravel())[-60]
    for k, name in enumerate(MAPS[:6]):
        a, b = one[k][middle], every[k][middle]
        # A sign gone wrong would average to nothing.
        assert np.corrcoef(a, b)[0, 1] > 0.8 or np.abs(a - b).mean() < 0.15, name
        if name.startswith(("stretch", "offset")):
            assert np.polyfit(a, b, 1)[0] > 0.7, name


def test_what_is_the_same_from_all_sides_is_left_as_it_is():
    planes = needles((64, 48))

    def level(turned: np.ndarray) -> np.ndarray:
        maps = np.zeros((len(MAPS) + 1, turned.shape[1] // 2, turned.shape[2] // 2), np.float32)
        maps[0] = turned[0, ::2, ::2] + turned[0, 1::2, ::2] + turned[0, ::2, 1::2] + turned[0, 1::2, 1::2]
        return maps

    assert from_all_sides(level, planes) == pytest.approx(level(planes), abs=1e-5)
