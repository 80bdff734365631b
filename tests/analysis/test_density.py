"""Density of pits: what a pit counts for at its own place."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.density import density_map
from moedal_gui.core.placement import ScanPlacement

_FIELDS = {"1": (319.5, 239.5), "2": (919.5, 239.5)}
_PLACEMENT = ScanPlacement("f", "px", ((1.0, 0.0), (0.0, 1.0)), _FIELDS, dict.fromkeys(_FIELDS, (640, 480)))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(0, 99))
def test_the_density_beside_a_pit_is_that_of_the_others(count: int, seed: int) -> None:
    places = np.random.default_rng(seed).uniform((0, 0), (1238, 478), (count, 2))
    found = density_map(places, _PLACEMENT, _FIELDS)
    least = 1.0 / (found.cover.sum() * found.cell_px**2)
    for k in range(count):
        others = density_map(np.delete(places, k, axis=0), _PLACEMENT, _FIELDS).at(places[[k]])
        assert np.allclose(found.beside(places[[k]]), np.maximum(others, least), rtol=1e-6)


def test_a_lone_pit_has_no_more_than_one_other_on_all_that_was_scanned() -> None:
    found = density_map(np.array([[5.0, 5.0]]), _PLACEMENT, _FIELDS)
    assert found.at(np.array([[5.0, 5.0]]))[0] > 1e-5
    assert 1 / 700_000 < found.beside(np.array([[5.0, 5.0]]))[0] < 1 / 550_000
