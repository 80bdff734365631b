"""Numbers to colours."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from moedal_gui.app.shading import NOTHING_RGB, lifted


@given(seed=st.integers(0, 100), brightest=st.integers(1, 255))
def test_a_dark_overview_is_lifted_and_a_bright_one_left(seed: int, brightest: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, brightest + 1, (20, 30, 3)).astype(np.uint8)
    seen = lifted(rgb)
    gain = seen.astype(float).sum() / max(rgb.sum(), 1)
    assert 0.99 <= gain <= 5.0
    assert brightest < 210 or np.array_equal(seen, rgb)
    assert brightest > 100 or brightest < 4 or gain > 1.8
    flat = rgb.reshape(-1).astype(int)
    assert (np.diff(seen.reshape(-1)[np.argsort(flat, kind="stable")].astype(int)) >= 0).all(), (
        "brighter stays brighter"
    )


def test_where_no_picture_is_nothing_is_lifted() -> None:
    rgb = np.full((20, 30, 3), NOTHING_RGB, np.uint8)
    assert np.array_equal(lifted(rgb), rgb)
    rgb[:2] = (60, 20, 0)
    seen = lifted(rgb)
    assert (seen[2:] == NOTHING_RGB).all() and seen[0, 0, 0] > 150
