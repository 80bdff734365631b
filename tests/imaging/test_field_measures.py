"""Dirt, sharpness and slope energy rise and fall with what they are named after."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from moedal_gui.imaging.field_measures import field_measures
from moedal_gui.imaging.harmonics import SlopeField


def ground(seed: int = 0, noise: float = 0.05) -> SlopeField:
    random = np.random.default_rng(seed)
    return SlopeField(*(random.normal(0, noise, (200, 240)).astype(np.float32) for _ in range(3)))


def with_pits(field: SlopeField, count: int, blur: float = 0.6, seed: int = 1) -> SlopeField:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:200, :240].astype(np.float32)
    slopes = np.zeros((2, 200, 240), np.float32)
    for cx, cy in random.uniform((10, 10), (230, 190), (count, 2)):
        away = np.hypot(x - cx, y - cy) + 1e-6
        inside = away < 7
        slopes[0][inside], slopes[1][inside] = ((cx - x) / away)[inside], ((cy - y) / away)[inside]
    smooth = [cv2.GaussianBlur(s, (0, 0), blur) for s in slopes]
    return replace(field, slope_x=field.slope_x + smooth[0], slope_y=field.slope_y + smooth[1])


def test_bare_ground_has_neither_slope_nor_dirt():
    found = field_measures(ground())
    assert found["slope_energy"] < 5e-4
    assert found["dirt"] < 1e-3
    assert "sharpness" not in found


def test_pits_give_slope_energy_in_step_with_their_number_and_are_no_dirt():
    few, many = (field_measures(with_pits(ground(), n)) for n in (10, 40))
    assert many["slope_energy"] == pytest.approx(4 * few["slope_energy"], rel=0.35)
    assert many["dirt"] < 2e-3


def test_dust_is_dirt():
    field = ground()
    mean = field.mean.copy()
    cv2.circle(mean, (60, 60), 10, -0.8, -1)
    assert field_measures(replace(field, mean=mean))["dirt"] == pytest.approx(np.pi * 100 / (200 * 240), rel=0.3)


def test_sharpness_falls_out_of_focus():
    values = [field_measures(with_pits(ground(noise=0.02), 30, blur))["sharpness"] for blur in (0.5, 1.0, 2.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.5 * values[2]
