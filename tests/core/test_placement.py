"""Pixels to the foil and back, whatever the turn, flop and correction."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from moedal_gui.core.placement import Correction, ScanPlacement

angles = st.floats(-np.pi, np.pi)
small = st.floats(-3.0, 3.0)


def _placement(turn: float, mirrored: bool, reverse: bool, bend: list[float]) -> ScanPlacement:
    c, s = 6.45 * np.cos(turn), 6.45 * np.sin(turn)
    sign = -1 if reverse else 1
    correction = Correction((0.0, 0.0), 20000.0, 1, ((bend[0], bend[1]), (bend[2], bend[3]), (bend[4], bend[5])))
    return ScanPlacement(
        "foil", "um", ((c * sign, -s), (s * sign, c)), {"1": (100.0, -5000.0), "2": (4000.0, 9000.0)}, {"1": (640, 480), "2": (640, 480)},
        mirrored=mirrored, correction=correction,
    )  # fmt: skip


@given(
    angles, st.booleans(), st.booleans(), st.lists(small, min_size=6, max_size=6), st.floats(0, 639), st.floats(0, 479)
)
def test_there_and_back(turn: float, mirrored: bool, reverse: bool, bend: list[float], x: float, y: float) -> None:
    placement = _placement(turn, mirrored, reverse, bend)
    place = placement.to_frame(["2"], [x], [y])
    assert np.allclose(placement.to_pixel("2", place), [[x, y]], atol=1e-6)


@given(angles, st.booleans(), st.booleans(), st.floats(0, 359.9))
def test_an_azimuth_turns_with_the_pixels(turn: float, mirrored: bool, reverse: bool, azimuth: float) -> None:
    placement = _placement(turn, mirrored, reverse, [0.0] * 6)
    step = np.deg2rad(azimuth)
    a, b = placement.to_frame(["1", "1"], [300.0, 300.0 + np.cos(step)], [200.0, 200.0 + np.sin(step)])
    seen = np.rad2deg(np.arctan2(*(b - a)[::-1])) % 360
    assert abs((placement.direction(azimuth) - seen + 180) % 360 - 180) < 1e-6


def test_a_datum_point_is_never_flopped() -> None:
    placement = _placement(0.0, True, False, [0.0] * 6)
    pit, datum = placement.to_frame(["1"], [0.0], [0.0]), placement.to_frame(["1"], [0.0], [0.0], flop=False)
    assert pit[0, 0] - datum[0, 0] == 639 * 6.45
