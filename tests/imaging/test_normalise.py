from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.background import cell_backgrounds
from moedal_gui.imaging.normalise import FlatField, estimate_flat_field, normalise, usable_channels

HEIGHT, WIDTH = 240, 320


def _scene(seed: int, pits: int, ground: float, pit: float, *, gain: float = 1.0, lean: float = 0.3) -> np.ndarray:
    """One channel with a leaning vignette and square dents of both signs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    vignette = 1.0 + lean * (x / WIDTH - 0.5) - 0.3 * ((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2)
    light = np.full((HEIGHT, WIDTH), ground)
    for _ in range(pits):
        row, column = rng.integers(0, HEIGHT - 14), rng.integers(0, WIDTH - 14)
        light[row : row + 7, column : column + 14] = max(ground - pit, 0)
        light[row + 7 : row + 14, column : column + 14] = ground + pit
    return gain * vignette * light + rng.normal(0, 1.0, (HEIGHT, WIDTH))


def _camera(picture: np.ndarray, bits: int = 8) -> np.ndarray:
    top = 2**bits - 1
    scaled = picture * (257 if bits == 16 else 1)
    return np.clip(np.rint(scaled), 0, top).astype(np.uint16 if bits == 16 else np.uint8)


@pytest.mark.parametrize("fields", [1, 6])
@pytest.mark.parametrize("pits", [5, 60, 250])
@pytest.mark.parametrize("ground", [90.0, 4.0])
def test_background_becomes_zero_whatever_the_density(fields, pits, ground):
    scans = [_camera(_scene(s, pits, ground, 40.0, gain=1.0 + 0.1 * (s % 3)))[None] for s in range(fields)]
    flat = estimate_flat_field(scans)
    out = normalise(scans[0], flat)
    assert out.dtype == np.float32
    clean = _scene(0, 0, ground, 40.0)
    bare = normalise(_camera(clean)[None], flat)
    assert abs(float(np.median(bare))) < 0.06
    assert float(np.abs(bare[0].reshape(8, 30, 8, 40).mean(axis=(1, 3))).max()) < 0.2


def test_gain_bits_and_lamp_strength_drop_out():
    strong = [_camera(_scene(s, 40, 90.0, 40.0))[None] for s in range(4)]
    weak = [_camera(_scene(s, 40, 90.0, 40.0, gain=0.4), bits=16)[None] for s in range(4)]
    a = normalise(strong[0], estimate_flat_field(strong))
    b = normalise(weak[0], estimate_flat_field(weak))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98
    assert np.std(a) == pytest.approx(np.std(b), rel=0.1)


def test_dead_saturated_and_black_channels_become_zero():
    good = _camera(_scene(1, 40, 90.0, 40.0))
    stack = np.stack([good, np.zeros_like(good), np.full_like(good, 255)])
    flat = estimate_flat_field([stack])
    assert usable_channels(flat) == (True, False, False)
    out = normalise(stack, flat)
    assert np.isfinite(out).all()
    assert not out[1:].any()


def test_no_nan_from_a_black_field_under_a_good_flat():
    good = _camera(_scene(1, 40, 90.0, 40.0))[None]
    flat = estimate_flat_field([good])
    assert np.isfinite(normalise(np.zeros_like(good), flat)).all()


def test_json_round_trip_and_errors():
    good = _camera(_scene(1, 10, 90.0, 40.0))[None]
    flat = estimate_flat_field([good])
    assert FlatField.from_json(flat.to_json()) == flat
    with pytest.raises(DetectionError):
        normalise(np.zeros((2, 5, 5)), flat)
    with pytest.raises(DetectionError):
        estimate_flat_field([])


@given(level=st.floats(2.0, 200.0), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_ground_between_two_grey_levels_is_found_between_them(level, seed):
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (128, 128))
    picture = np.clip(np.rint(level + noise), 0, 255).astype(np.uint8)
    assert cell_backgrounds(picture)[0].mean() == pytest.approx(level, abs=0.25)
