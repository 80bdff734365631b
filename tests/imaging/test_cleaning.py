"""Cleaning: dirt and scratches are taken, pits are not, and what came in stays as it was."""

import cv2
import numpy as np
import pandas as pd
import pytest

from moedal_gui.imaging.cleaning import clean
from moedal_gui.imaging.harmonics import first_harmonic

AZIMUTHS = [0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0]
PITS = [(60, 60), (150, 70), (90, 160), (220, 180)]
SHAPE = (240, 320)


def ring(seed: int, noise: float = 0.04, pits: list[tuple[int, int]] = PITS, size: float = 60.0) -> np.ndarray:
    """Eight lamps over pits on noisy ground."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    slope_x, slope_y = np.zeros((2, *SHAPE), np.float32)
    for px, py in pits:
        inside = np.exp(-((((x - px) ** 2 + (y - py) ** 2) / size) ** 2))
        slope_x, slope_y = slope_x + inside * (x - px) / 8.0, slope_y + inside * (y - py) / 8.0
    phi = np.radians(AZIMUTHS)[:, None, None]
    field = slope_x * np.cos(phi) + slope_y * np.sin(phi)
    return (field + np.random.default_rng(seed).normal(0, noise, field.shape)).astype(np.float32)


def near_pits(reach: float) -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.min([np.hypot(x - px, y - py) for px, py in PITS], axis=0) < reach


@pytest.fixture(params=[1, 2, 3])
def dirty(request) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A dirty ring, and masks of the dust and of the scratch put on it."""
    field = ring(request.param)
    dust, line = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.float32)
    for at in ((30, 200), (260, 60), (180, 130)):
        cv2.circle(dust, at, 6, 1, -1)
    cv2.line(line, (20, 150), (300, 190), 1.0, 1)  # over two of the pits
    groove = cv2.GaussianBlur(line, (0, 0), 1.2)
    gy, gx = np.gradient(groove)
    phi = np.radians(AZIMUTHS)[:, None, None]
    field = field - 0.8 * dust + 2.5 * (gx * np.cos(phi) + gy * np.sin(phi))
    return field.astype(np.float32), dust > 0, cv2.dilate(line, np.ones((3, 3))) > 0


def test_dirt_and_scratches_are_taken_and_pits_are_not(dirty):
    field, dust, scratch = dirty
    before = field.copy()
    cleaned = clean(field, range(8), AZIMUTHS)
    assert (field == before).all()
    assert cleaned.dirt[dust].mean() > 0.95 and cleaned.scratches[scratch & ~near_pits(16.0)].mean() > 0.85
    assert not (cleaned.dirt | cleaned.scratches)[near_pits(6.0)].any()
    assert cleaned.shares["filled"] < 2.5 * (dust | scratch).mean() + 0.04
    found = first_harmonic(cleaned.field, AZIMUTHS)
    was = first_harmonic(field, AZIMUTHS)
    bare = scratch & ~near_pits(16.0)
    for mask, plane, old in ((dust, found.mean, was.mean), (bare, found.slope_y, was.slope_y)):
        assert np.abs(plane[mask]).mean() < 0.35 * np.abs(old[mask]).mean()
    pits = near_pits(7.0)
    assert np.allclose(found.slope_x[pits], was.slope_x[pits], atol=1e-5)


def test_small_pits_in_a_row_are_no_scratch():
    row = [(20 + 11 * k, 100 + 2 * k) for k in range(25)]
    cleaned = clean(ring(6, pits=row, size=12.0), range(8), AZIMUTHS)
    assert cleaned.scratches.mean() < 0.002


def test_noise_between_dense_pits_is_no_scratch():
    pits = [(x + y // 26 % 2 * 9, y + x // 26 % 3 * 4) for x in range(13, 320, 26) for y in range(13, 240, 26)]
    cleaned = clean(ring(7, noise=0.3, pits=pits), range(8), AZIMUTHS)
    assert cleaned.scratches.mean() < 0.04


def test_a_clean_ring_comes_out_as_it_went_in():
    field = ring(4, noise=0.0)
    cleaned = clean(field, range(8), AZIMUTHS)
    assert cleaned.shares["filled"] == 0.0 and np.allclose(cleaned.field, field, atol=1e-5)


def test_without_a_ring_dirt_is_not_told_from_pits():
    cleaned = clean(np.abs(ring(5)[:1]), (), ())
    assert not cleaned.dirt.any() and not cleaned.separated


def test_a_find_on_filled_ground_is_known(dirty):
    field, _, _ = dirty
    cleaned = clean(field, range(8), AZIMUTHS)
    places = pd.DataFrame({"x_px": [30.0, 60.0, -3.0], "y_px": [200.0, 60.0, 500.0], "minor_px": [10.0, 12.0, np.nan]})
    share = cleaned.share_filled(places)
    assert share[0] > 0.9 and share[1] == 0.0 and share[2] == 0.0
