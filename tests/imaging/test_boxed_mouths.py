"""Which way boxed pits lie is read from what is in their boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.imaging.boxed_mouths import mouths_in_boxes


def half_box(major: float, minor: float, angle: float) -> tuple[float, float]:
    """Half width and half height of the upright box round an ellipse."""
    return (
        float(np.hypot(major * np.cos(angle), minor * np.sin(angle))),
        float(np.hypot(major * np.sin(angle), minor * np.cos(angle))),
    )


def drawn(major: float, minor: float, angle: float, sign: float) -> np.ndarray:
    """A soft ellipse in the middle of 96 x 96 px of noise."""
    y, x = np.mgrid[:96, :96] - 47.5
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    away = np.hypot(along / major, across / minor)
    ground = np.random.default_rng(1).normal(0.0, 0.05, (96, 96))
    return (ground + sign / (1.0 + np.exp(8.0 * (away - 1.0)))).astype(np.float32)


@given(
    major=st.floats(12, 35), ratio=st.floats(2.5, 7.0), angle=st.floats(-1.5, 1.5), sign=st.sampled_from([-1.0, 1.0])
)
@settings(max_examples=60, deadline=None)
def test_a_long_pit_lies_as_it_was_drawn_and_fills_its_box(major, ratio, angle, sign):
    minor = max(major / ratio, 3.0)
    half = half_box(major, minor, angle)
    box = np.array([[47.5, 47.5, 2 * half[0], 2 * half[1]]])
    ((found_major, found_minor, found_angle),) = mouths_in_boxes(drawn(major, minor, angle, sign), box)
    assert half_box(found_major, found_minor, found_angle) == pytest.approx(half, rel=0.02, abs=0.3)
    off = (found_angle - angle + np.pi / 2) % np.pi - np.pi / 2
    assert abs(off) < np.radians(14)
    assert found_major == pytest.approx(major, rel=0.15)


def test_round_pits_and_boxes_beside_the_picture_stay_upright():
    picture = drawn(10.0, 10.0, 0.0, -1.0)
    boxes = np.array([[47.5, 47.5, 20.0, 20.0], [47.5, 47.5, 20.0, 22.0], [300.0, 300.0, 30.0, 10.0], [0.0, 0.0, 1, 1]])
    found = mouths_in_boxes(picture, boxes)
    assert found[:, :2].tolist() == [[10.0, 10.0], [11.0, 10.0], [15.0, 5.0], [0.5, 0.5]]
    assert found[:, 2] == pytest.approx([0.0, np.pi / 2, 0.0, 0.0])
    assert mouths_in_boxes(picture, np.empty((0, 4))).shape == (0, 3)
