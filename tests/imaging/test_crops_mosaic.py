from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.crops import cut_crops
from moedal_gui.imaging.mosaic import halve, overlap_shift


def test_crops_are_copies_of_pixels():
    stack = np.arange(2 * 20 * 30, dtype=np.uint16).reshape(2, 20, 30)
    crops = cut_crops(stack, [(10.4, 8.0), (12.5, 5.0)], 6)
    assert crops.shape == (2, 2, 6, 6)
    assert crops.dtype == np.uint16
    assert np.array_equal(crops[0], stack[:, 5:11, 7:13])
    assert np.array_equal(crops[1], stack[:, 2:8, 10:16])


@given(st.floats(-30, 60), st.floats(-30, 60), st.integers(1, 9))
def test_crops_at_any_place_have_the_size_asked(x, y, size):
    stack = np.ones((3, 20, 30), dtype=np.uint8)
    for fill in ("edge", "zero"):
        assert cut_crops(stack, [(x, y)], size, fill).shape == (1, 3, size, size)


def test_edges_are_repeated_or_zero():
    stack = np.full((1, 8, 8), 5, dtype=np.uint8)
    assert cut_crops(stack, [(0, 0)], 4, "edge").min() == 5
    assert cut_crops(stack, [(0, 0)], 4, "zero")[0, 0].sum() == 4 * 5
    assert not cut_crops(stack, [(100, 0)], 4).any()
    assert cut_crops(stack, np.empty((0, 2)), 4).shape == (0, 1, 4, 4)


@pytest.mark.parametrize(("centres", "size"), [([(np.nan, 1)], 4), ([(1, 1)], 0)])
def test_nonsense_is_refused(centres, size):
    with pytest.raises(DetectionError):
        cut_crops(np.zeros((1, 8, 8)), centres, size)


def test_halving_keeps_mean_and_type():
    picture = np.random.default_rng(0).integers(0, 255, (3, 64, 80), dtype=np.uint8)
    half = halve(picture)
    assert half.shape == (3, 32, 40)
    assert half.dtype == np.uint8
    assert half.mean() == pytest.approx(picture.mean(), abs=0.6)
    assert halve(np.full((5, 7), 255, np.uint8)).tolist() == np.full((3, 4), 255).tolist()
    assert halve(np.array([[0.0, 1.0], [2.0, 3.0]])).item() == 1.5


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, -2), (-1, 4)])
def test_shift_between_overlaps(dx, dy):
    from scipy.ndimage import gaussian_filter

    big = gaussian_filter(np.random.default_rng(3).normal(size=(80, 300)), 1.5)
    first, second = big[20:40, 20:280], big[20 - dy : 40 - dy, 20 - dx : 280 - dx]
    shift = overlap_shift(first, second)
    assert (shift.x_px, shift.y_px) == pytest.approx((dx, dy), abs=0.35)
    assert shift.correlation > 0.95
    assert overlap_shift(np.zeros((5, 5)), np.zeros((5, 5))).correlation == 0.0
