from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.preselect.ellipse_fit import Fits, Windows, fit
from moedal_gui.preselect.pit_field import Pits, draw, owners
from moedal_gui.preselect.pit_model import AZIMUTH, TIP, X, Y, depths, half_axes, slope_fields
from moedal_gui.preselect.slope_peaks import find_peaks


def _parameters(**changes: float) -> np.ndarray:
    values = {
        "x": 0.2, "y": -0.3, "size": np.log(7.0), "length": 0.3, "azimuth": 0.7, "tip": 0.5, "steep": -0.5,
        "blur": np.log(1.1),
    }  # fmt: skip
    return np.array([list((values | changes).values())])


def test_axes_of_the_parameters():
    major, minor = half_axes(_parameters())
    assert major[0] * minor[0] == pytest.approx(49.0)
    assert major[0] / minor[0] == pytest.approx(np.exp(0.3))


@given(st.floats(0, 6.28), st.floats(0, 0.9), st.floats(0, 0.8))
@settings(max_examples=25)
def test_slopes_point_to_the_tip_and_sum_to_nothing(azimuth, tip, length):
    p = _parameters(azimuth=azimuth, tip=tip, length=length, steep=-3.0)
    fields = slope_fields(p, 57, 1)
    # Without saturation it is the gradient of a depth of finite support.
    assert np.abs(fields.sum(axis=(2, 3))).max() < 0.02 * np.abs(fields).sum()
    place = np.arange(57.0) - 28.0
    major, _ = half_axes(p)
    tip_x, tip_y = (p[0, k] + tip * major[0] * f(azimuth) for k, f in ((X, np.cos), (Y, np.sin)))
    inward = fields[0, 0] * (tip_x - place[None, :]) + fields[0, 1] * (tip_y - place[:, None])
    assert inward.sum() > 0.9 * np.abs(inward).sum()


def test_depth_is_greatest_at_the_tip():
    p = _parameters(tip=0.6, azimuth=0.0).astype(np.float32)
    place = np.arange(41, dtype=np.float32) - 20
    depth = depths(p, place)[0]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    assert place[column] == pytest.approx(0.2 + 0.6 * half_axes(p)[0][0], abs=1.0)
    assert place[row] == pytest.approx(-0.3, abs=1.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("tip", [0.1, 0.6, 1.3])
@pytest.mark.parametrize("size", [3.0, 7.0, 13.0])
def test_a_noisy_pit_is_measured_to_a_few_percent(sign, tip, size):
    rng = np.random.default_rng(4)
    truth = _parameters(tip=tip, size=np.log(size))
    window = 57 if size > 10 else 25
    data = sign * slope_fields(truth, window, 2) + rng.normal(0, 0.03, (1, 2, window, window))
    start = truth + np.array([[0.8, -0.6, 0.15, -0.2, 0.4, 0.1, 0.3, 0.0]])
    weights = np.ones((1, window, window), np.float32)
    windows = Windows(data.astype(np.float32), weights, np.array([1.1]), 0.15, 0.03, 2)
    answer = fit(windows, Fits(start, np.array([sign]), np.zeros(1)), 12)
    measured, expected = np.concatenate(half_axes(answer.parameters)), np.concatenate(half_axes(truth))
    assert measured == pytest.approx(expected, rel=0.1 if size < 5 else 0.03)
    assert answer.parameters[0, [X, Y]] == pytest.approx(truth[0, [X, Y]], abs=0.3)
    turn = (answer.parameters[0, AZIMUTH] - truth[0, AZIMUTH] + np.pi) % (2 * np.pi) - np.pi
    assert abs(turn) < (0.35 if tip < 0.3 else 0.12)
    assert np.sign(answer.amplitude[0]) == sign
    assert answer.parameters[0, TIP] >= 0.0


def test_thinned_windows_show_the_same_pit():
    truth = _parameters(size=np.log(12.0))
    whole = slope_fields(truth, 57, 1)
    thin = slope_fields(truth, 29, 0.5)
    assert np.corrcoef(whole[..., ::2, ::2].ravel(), thin.ravel())[0, 1] > 0.97


def test_merged_pits_are_drawn_once_and_crossed_ones_added():
    p = np.concatenate([_parameters(x=40.0, y=40.0), _parameters(x=46.0, y=40.0)])
    shape = (80, 90)
    same, crossed = Pits(p, np.array([1.0, 1.0])), Pits(p, np.array([1.0, -1.0]))
    assert set(np.unique(owners(same, shape)[0])) == {-1, 0, 1}
    one = [
        draw(Pits(p[[k]], np.array([a])), shape, owners(Pits(p[[k]], np.array([a])), shape))
        for k, a in ((0, 1.0), (1, -1.0))
    ]
    assert np.allclose(draw(crossed, shape, owners(crossed, shape)), one[0] + one[1], atol=1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_peaks_tell_sign_and_radius_but_not_lines(sign):
    rng = np.random.default_rng(0)
    slopes = rng.normal(0, 0.02, (2, 120, 160)).astype(np.float32)
    p = _parameters(x=50.0, y=60.0, tip=0.2, length=0.1)
    pits = Pits(p, np.array([sign]))
    slopes += draw(pits, (120, 160), owners(pits, (120, 160)))
    # A scratch: slopes that converge on a line.
    slopes[0, 5:115, 119] += 0.5
    slopes[0, 5:115, 121] -= 0.5
    peaks = find_peaks(slopes[0], slopes[1], 0.02, 6.0)
    best = int(np.argmax(np.where(peaks.x_px < 90, peaks.snr, 0.0)))
    assert (peaks.x_px[best], peaks.y_px[best]) == pytest.approx((50, 60), abs=3)
    assert peaks.sign[best] == sign
    assert 4.0 < peaks.radius_px[best] < 11.0
    on_scratch = (np.abs(peaks.x_px - 120) < 3) & (peaks.snr > 12) & (np.abs(peaks.y_px - 60) < 40)
    assert not on_scratch.any()
