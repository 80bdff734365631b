from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_pictures import correlation, folder, grey, height_map
from scipy.ndimage import gaussian_filter

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.relief import integrate


@given(st.integers(3, 9), st.floats(0, 360), st.integers(0, 1000))
def test_even_lamps_give_the_textbook_sum(count, zero, seed):
    azimuths = zero + 360.0 / count * np.arange(count)
    stack = np.random.default_rng(seed).normal(size=(count, 3, 4))
    slope = first_harmonic(stack, list(azimuths))
    phi = np.radians(azimuths)
    assert np.allclose(slope.slope_x, 2 / count * np.tensordot(np.cos(phi), stack, 1), atol=1e-4)
    assert np.allclose(slope.slope_y, 2 / count * np.tensordot(np.sin(phi), stack, 1), atol=1e-4)
    assert np.allclose(slope.mean, stack.mean(axis=0), atol=1e-4)


def test_uneven_lamps_recover_a_linear_lobe():
    azimuths = [3.0, 80.0, 150.0, 300.0]
    phi = np.radians(azimuths)
    stack = (2.0 + 0.7 * np.cos(phi) - 0.2 * np.sin(phi))[:, None, None] * np.ones((4, 2, 2))
    slope = first_harmonic(stack, azimuths)
    assert np.allclose(slope.mean, 2.0, atol=1e-5)
    assert np.allclose(slope.slope_x, 0.7, atol=1e-5)
    assert np.allclose(slope.slope_y, -0.2, atol=1e-5)


@pytest.mark.parametrize("azimuths", [[0.0, 90.0], [10.0, 10.0, 10.0], [0.0, 1.0, 2.0], [0.0, 180.0, 360.0]])
def test_lamps_that_do_not_surround_are_refused(azimuths):
    with pytest.raises(DetectionError, match="lamps"):
        first_harmonic(np.zeros((len(azimuths), 3, 3)), azimuths)


def test_relief_of_a_known_surface():
    y, x = np.mgrid[:40, :60].astype(float)
    hill = 10.0 * np.exp(-((x - 20) ** 2 + (y - 25) ** 2) / 60.0) + 0.05 * x
    gradient_y, gradient_x = np.gradient(hill)
    relief = integrate(gradient_x.astype(np.float32), gradient_y.astype(np.float32))
    assert relief.mean() == pytest.approx(0.0, abs=1e-3)
    assert np.abs(relief - (hill - hill.mean())).max() < 0.2
    short = integrate(gradient_x.astype(np.float32), gradient_y.astype(np.float32), longest_px=30.0)
    assert abs(short[25, 20] - short[35, 50]) > 3.0


def test_slopes_of_a_real_grooved_plate():
    groove = folder("groove")
    heights, _ = height_map(groove / "heightmap.tmd")
    stack = np.stack([grey(groove / f"image0{k}.png") for k in range(1, 7)])
    levelled = np.stack([picture - gaussian_filter(picture, 40) for picture in stack])
    gradient = np.gradient(heights, axis=1)
    gradient -= gaussian_filter(gradient, 40)
    along = levelled - levelled.mean(axis=0)
    # The grooves run down the plate: lamps 1 and 4 stand along them and show little.
    across = [correlation(gradient, along[k]) for k in (1, 2, 4, 5)]
    assert np.abs(across).min() > 0.93
    assert np.sign(across).tolist() == [-1, -1, 1, 1]
    slope = first_harmonic(levelled, [270.0, 330.0, 30.0, 90.0, 150.0, 210.0])
    assert correlation(slope.slope_x, gradient) < -0.95
    relief = integrate(slope.slope_x, slope.slope_y, longest_px=200.0)
    truth = integrate(gradient.astype(np.float32), np.zeros(heights.shape, np.float32), longest_px=200.0)
    assert correlation(relief, truth) < -0.9
