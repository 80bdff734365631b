"""What is seen of a picture from all sides lies where, and as, it is seen from one."""

import cv2
import numpy as np
import pytest

from moedal_gui.core.detector_card import MAPS
from moedal_gui.core.scan import ScanDescription
from moedal_gui.core.second_look import ANSWERS, FACTS, SIDE
from moedal_gui.imaging.normalise import estimate_flat_field
from moedal_gui.infer.detector import Detector, SecondLook
from moedal_gui.preselect.all_sides import from_all_sides, from_both_ends
from moedal_gui.preselect.methods import detector_planes
from moedal_gui.preselect.second_look import with_mirror_image
from moedal_gui.simulate.scan import SimulationParameters, simulate_field
from moedal_gui.store.registry import checked_detector
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


def test_slopes_turned_by_half_say_what_upright_ones_say():
    """Were the slopes or a direction not turned, the mean would be nothing, or of the other surface."""
    shipped = shipped_detector("slope")
    assert shipped is not None
    card = checked_detector(shipped.folder)
    maps = Detector(card, shipped.folder / card.file, threads=1).maps
    parameters = SimulationParameters(pits_low=300, pits_high=300, candidates=3, field_size=(223, 175))
    field = simulate_field(parameters, np.random.default_rng(8))
    described = ScanDescription("f", "s", field.channels, polarity=field.polarity)
    planes = detector_planes(field.stack, described, estimate_flat_field([field.stack]), "slope")
    one, both = maps(planes), from_both_ends(maps, planes)
    assert one.shape == both.shape
    for side in (0, len(MAPS)):
        middle = one[side] > 0.0
        assert middle.sum() >= 10
        for k, name in enumerate(MAPS):
            a, b = one[side + k][middle], both[side + k][middle]
            assert np.abs(a - b).mean() < 0.6 * max(a.std(), 0.4), (side, name)


def test_a_mouth_and_its_mirror_image_are_answered_alike():
    shipped = shipped_detector("slope")
    assert shipped is not None
    card = checked_detector(shipped.folder)
    answers = SecondLook(card, shipped.folder / card.second, threads=1).answers
    random = np.random.default_rng(3)
    pictures = np.abs(random.normal(0.0, 1.0, (40, 7, SIDE, SIDE))).astype(np.float32)
    pictures = np.apply_along_axis(lambda row: np.convolve(row, np.ones(5) / 5, "same"), 2, pictures).astype(np.float32)
    facts = random.normal(0.0, 0.5, (40, len(FACTS))).astype(np.float32)
    mirrored = pictures[:, :, ::-1].copy()
    mirrored[:, 2] *= -1.0
    one, other = (with_mirror_image(answers, p, facts) for p in (pictures, mirrored))
    across = [ANSWERS.index(name) for name in ("shift_v", "stretch_uv", "tip_v")]
    other[:, across] *= -1.0
    assert one == pytest.approx(other, abs=1e-4)
    assert np.abs(one[:, across]).max() > 1e-3


def test_what_is_the_same_from_all_sides_is_left_as_it_is():
    planes = needles((64, 48))

    def level(turned: np.ndarray) -> np.ndarray:
        maps = np.zeros((len(MAPS) + 1, turned.shape[1] // 2, turned.shape[2] // 2), np.float32)
        maps[0] = turned[0, ::2, ::2] + turned[0, 1::2, ::2] + turned[0, ::2, 1::2] + turned[0, 1::2, 1::2]
        return maps

    assert from_all_sides(level, planes) == pytest.approx(level(planes), abs=1e-5)
