"""Pictures whose pits are far larger than any the detector was taught on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.imaging.shrink import shrunk
from moedal_gui.preselect.methods import detect
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector

ONE = ScanDescription("F", "s", (Channel(1, "single"),))
CENTRES = [
    (130.0, 120.0),
    (420.0, 160.0),
    (200.0, 430.0),
    (480.0, 430.0),
    (700.0, 130.0),
    (690.0, 400.0),
    (330.0, 300.0),
]


def discs(diameter: float, side: tuple[int, int] = (560, 820)):
    """Dark, soft-edged discs on grey ground."""
    y, x = np.mgrid[: side[0], : side[1]]
    picture = np.full(side, 190.0)
    for cx, cy in CENTRES:
        picture -= 130.0 / (1.0 + np.exp(0.8 * (np.hypot(x - cx, y - cy) - diameter / 2)))
    picture += np.random.default_rng(3).normal(0.0, 2.5, side)
    return picture.clip(0, 255).astype(np.uint8)[None]


@pytest.mark.parametrize("diameter", [24.0, 150.0])
def test_pits_of_one_picture_are_found_whatever_their_size(diameter: float) -> None:
    stack = discs(diameter)
    entry = shipped_detector("picture")
    assert entry is not None
    learned = detector_of(entry.folder)
    found = detect(stack, ONE, estimate_flat_field([stack]), "heatmap", learned)
    for cx, cy in CENTRES:
        away = np.hypot(found["x_px"] - cx, found["y_px"] - cy)
        assert away.min() < 0.1 * diameter, (cx, cy)
        nearest = found.loc[away.idxmin()]
        assert np.sqrt(nearest["major_px"] * nearest["minor_px"]) == pytest.approx(diameter, rel=0.2)
    assert len(found) <= len(CENTRES) + 2


@given(
    factor=st.sampled_from([1, 2, 4]),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    x=st.integers(0, 39),
    y=st.integers(0, 39),
)
def test_a_place_of_a_shrunken_picture_is_where_it_was(factor: int, height: int, width: int, x: int, y: int) -> None:
    x, y = min(x, width - 1), min(y, height - 1)
    planes = np.zeros((1, height, width), np.float32)
    planes[0, y, x] = 1.0
    small = shrunk(planes, factor)
    assert small.shape == (1, -(-height // factor), -(-width // factor))
    row, column = np.argwhere(small[0] == small.max())[0]
    for found, true in ((column, x), (row, y)):
        assert abs((found + 0.5) * factor - 0.5 - true) <= (factor - 1) / 2
