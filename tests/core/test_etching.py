"""Mouth ellipse from track and back."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from moedal_gui.core.etching import mouth_axes, pit_depth, track_from_mouth


@given(st.floats(1.05, 6.0), st.floats(0.3, np.pi / 2), st.floats(2.0, 60.0))
def test_the_inverse_gives_the_track_back(V: float, dip: float, h: float) -> None:
    assume(V * np.sin(dip) > 1.02)
    major, minor = mouth_axes(V, dip, h)
    assert major >= minor * (1 - 1e-9)
    back_V, back_dip = track_from_mouth(major, minor, h)
    assert np.isclose(back_V, V, rtol=1e-6)
    assert np.isclose(np.sin(back_dip), np.sin(dip), rtol=1e-6)


def test_below_the_critical_angle_there_is_no_pit() -> None:
    major, minor = mouth_axes(1.5, np.deg2rad(30), 10.0)
    assert np.isnan(major) and np.isnan(minor)


def test_a_vertical_track_leaves_a_circle_as_a_cone_must() -> None:
    major, minor = mouth_axes(2.0, np.pi / 2, 10.0)
    assert np.isclose(major, minor)
    # radius = depth times the tangent of the cone's half angle, whose sine is 1 / V
    assert np.isclose(major / 2, pit_depth(2.0, np.pi / 2, 10.0) * np.tan(np.arcsin(1 / 2.0)))
