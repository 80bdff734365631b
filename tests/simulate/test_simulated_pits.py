from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moedal_gui.simulate.etching import depth_map, etched, ray_coordinate


def _pit(**changes: float) -> pd.DataFrame:
    values = {
        "x_px": 30.0, "y_px": 25.0, "major_px": 20.0, "minor_px": 14.0, "azimuth_deg": 0.0, "depth_px": 8.0,
        "tip_offset_px": 4.0, "rounding": 0.0,
    }  # fmt: skip
    return pd.DataFrame([values | changes])


@given(st.floats(1.2, 4.0), st.floats(0.3, 1.57), st.floats(2.0, 20.0))
def test_axes_and_depth_follow_the_equations(V, dip, h):
    if V * np.sin(dip) < 1.05:
        with pytest.raises(ValueError, match="must exceed"):
            etched([1.01], [0.3], h)
        return
    pit = etched([V], [dip], h).iloc[0]
    etched_rate = V * np.sin(dip)
    assert pit["minor_px"] == pytest.approx(2 * h * np.sqrt((etched_rate - 1) / (etched_rate + 1)))
    assert pit["depth_px"] == pytest.approx(h * (etched_rate - 1))
    assert pit["tip_offset_px"] / (0.5 * pit["major_px"]) == pytest.approx(
        np.sin(2 * dip) / np.sin(2 * np.arcsin(1 / V)), abs=1e-6
    )


@given(st.floats(0, 2 * np.pi), st.floats(0, 0.95))
def test_rays_run_from_tip_to_rim(angle, tip):
    rim = np.array([np.cos(angle), np.sin(angle)]) * 0.9999
    for share in (0.25, 0.5, 0.75):
        u, v = tip + share * (rim[0] - tip), share * rim[1]
        assert ray_coordinate(np.array([u]), np.array([v]), tip)[0] == pytest.approx(share, abs=2e-3)
    assert ray_coordinate(np.array([1.5]), np.array([0.0]), tip)[0] > 1.0


def test_a_pit_is_deepest_at_its_tip_and_ends_at_its_mouth():
    depths = depth_map((50, 60), _pit(), scale=2)
    row, column = np.unravel_index(int(depths.argmax()), depths.shape)
    assert ((column + 0.5) / 2 - 0.5, (row + 0.5) / 2 - 0.5) == pytest.approx((34.0, 25.0), abs=0.3)
    assert depths.max() == pytest.approx(8.0, abs=0.5)
    area = (depths > 0).sum() / 4
    assert area == pytest.approx(np.pi / 4 * 20 * 14, rel=0.03)


def test_overlapping_pits_merge_by_the_deeper_one():
    one, two = _pit(), _pit(x_px=38.0, azimuth_deg=90.0)
    both = depth_map((50, 60), pd.concat([one, two]), scale=2)
    assert np.array_equal(both, np.maximum(depth_map((50, 60), one, 2), depth_map((50, 60), two, 2)))


def test_over_etched_tips_are_blunt():
    sharp, blunt = (depth_map((50, 60), _pit(rounding=r, tip_offset_px=0.0), 2) for r in (0.0, 0.8))
    curvature = [d[51, 61] - d[51, 65] for d in (sharp, blunt)]
    assert curvature[1] < 0.5 * curvature[0]


def test_a_pit_that_runs_under_its_rim_stays_inside_its_mouth():
    depths = depth_map((50, 60), _pit(tip_offset_px=14.0), scale=2)
    assert np.isfinite(depths).all()
    assert (depths > 0).sum() / 4 == pytest.approx(np.pi / 4 * 20 * 14, rel=0.05)
