"""Under even light the ground has one grey value, whatever the lamp and the field's own gain."""

from __future__ import annotations

import numpy as np

from moedal_gui.app.even_light import even_light, level_ground
from moedal_gui.imaging.flat_field import estimate_flat_field


def _field(gain: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    slope = np.linspace(0.8, 1.2, 320)[None, :]
    picture = 120.0 * gain * slope + random.normal(0, 1.5, (240, 320))
    for x, y in random.integers(20, 220, (12, 2)):
        picture[y - 4 : y + 5, x - 4 : x + 5] *= 0.5
    return np.clip(picture, 0, 255).astype(np.uint8)[None]


def test_steps_between_fields_and_vignetting_go_and_pits_stay() -> None:
    fields = [_field(gain, seed) for seed, gain in enumerate((0.85, 1.0, 1.15))]
    flat = estimate_flat_field(fields)
    even = [even_light(field, flat, (0,)) for field in fields]
    grounds = [float(np.median(e[0, :, part])) for e in even for part in (slice(0, 60), slice(-60, None))]
    assert np.ptp(grounds) < 4.0
    assert 100 < np.mean(grounds) < 140
    assert all(e.min() < 75 for e in even)


def test_without_a_flat_field_the_ground_is_levelled() -> None:
    levelled = level_ground(_field(0.85, 1), (120.0,))
    assert abs(float(np.median(levelled)) - 120.0) < 1e-3
