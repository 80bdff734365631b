from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_pictures import correlation, folder, grey

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging import symmetry
from moedal_gui.imaging.harmonics import first_harmonic

EIGHT = tuple(45.0 * k for k in range(8))
FOUR = (0.0, 90.0, 180.0, 270.0)

lamp_sets = st.tuples(st.sampled_from([3, 4, 6, 8]), st.integers(0, 359), st.sampled_from([1, -1])).map(
    lambda t: tuple((t[1] + t[2] * 360.0 / t[0] * k) % 360.0 for k in range(t[0]))
)


def test_sizes_of_the_group():
    assert len(symmetry.group(EIGHT)) == 16
    assert len(symmetry.group(EIGHT, resampling=False)) == 8
    assert len(symmetry.group(FOUR)) == 8
    assert len(symmetry.group(())) == 8
    assert len(symmetry.group((0.0, 30.0, 110.0))) == 1
    assert symmetry.group(EIGHT)[0] == symmetry.Element(0.0, False, tuple(range(8)))


def test_tolerance_decides_whether_uneven_lamps_have_symmetries():
    uneven = (1.0, 89.0, 181.5, 270.0)
    assert len(symmetry.group(uneven, tolerance_deg=5.0)) == 8
    assert len(symmetry.group(uneven, tolerance_deg=0.1)) < 8


@given(lamp_sets)
def test_it_is_a_group(azimuths):
    elements = symmetry.group(azimuths)
    assert len(elements) == len({(round(e.angle_deg, 3), e.mirrored) for e in elements})
    for a in elements:
        assert symmetry.compose(a, symmetry.inverse(a)).permutation == tuple(range(len(azimuths)))
        for b in elements:
            c = symmetry.compose(a, b)
            match = [e for e in elements if e.permutation == c.permutation and e.mirrored == c.mirrored]
            assert len(match) == 1
            assert abs((match[0].angle_deg - c.angle_deg + 180.0) % 360.0 - 180.0) < 1e-6


@given(st.sampled_from([EIGHT, FOUR, (), tuple(-a % 360 for a in EIGHT)]), st.integers(0, 2**31), st.data())
def test_exact_elements_compose_and_invert_on_pixels(azimuths, seed, draw):
    elements = symmetry.group(azimuths, resampling=False)
    a, b = draw.draw(st.sampled_from(elements)), draw.draw(st.sampled_from(elements))
    stack = np.random.default_rng(seed).integers(0, 255, (max(len(azimuths), 1), 5, 7), dtype=np.uint8)
    once = symmetry.apply(symmetry.compose(a, b), stack)
    assert np.array_equal(once, symmetry.apply(a, symmetry.apply(b, stack)))
    assert np.array_equal(symmetry.apply(symmetry.inverse(a), symmetry.apply(a, stack)), stack)


@given(st.sampled_from(symmetry.group(EIGHT, resampling=False)))
def test_the_slope_turns_as_a_vector(element):
    stack = np.random.default_rng(1).normal(size=(8, 6, 6)).astype(np.float32)
    before, after = first_harmonic(stack, EIGHT), first_harmonic(symmetry.apply(element, stack), EIGHT)
    alone = symmetry.Element(element.angle_deg, element.mirrored, (0, 1))
    moved = symmetry.apply(alone, np.stack([before.slope_x, before.slope_y]))
    turned = np.einsum("ij,jhw->ihw", alone.matrix, moved)
    assert np.allclose(turned, [after.slope_x, after.slope_y], atol=1e-5)


def test_channels_without_direction_stay_in_place():
    quarter = next(e for e in symmetry.group(FOUR) if e.angle_deg == 90.0 and not e.mirrored)
    whole = symmetry.extended(quarter, 6, (0, 1, 2, 3))
    assert whole.permutation[4:] == (4, 5)
    assert whole.permutation[:4] == quarter.permutation


def test_wrong_number_of_channels_is_refused():
    with pytest.raises(DetectionError):
        symmetry.apply(symmetry.group(EIGHT)[1], np.zeros((4, 5, 5)))


def test_a_real_ball_under_eight_lamps():
    ball = folder("multilight/ball3")
    tilts = re.search(r"tilts = \[([^]]*)\]", (ball / "TiltSlant.txt").read_text())
    azimuths = [-float(v) % 360.0 for v in tilts.group(1).split(",")]  # type: ignore[union-attr]
    stack = np.stack([grey(ball / f"ball{k}.bmp") for k in range(8)])[:, :, 100:700]
    centre = grey(ball / "mask.bmp")[:, 100:700]
    rows, columns = np.nonzero(centre > 128)
    half = int(0.5 * (rows.max() - rows.min()))
    y0, x0 = round(rows.mean()) - half, round(columns.mean()) - half
    stack = stack[:, y0 : y0 + 2 * half + 1, x0 : x0 + 2 * half + 1]
    for element in symmetry.group(azimuths):
        together = correlation(symmetry.apply(element, stack), stack)
        assert together > (0.98 if element.exact else 0.95), element
        if element.angle_deg in (90.0, 270.0) and not element.mirrored:
            alone = symmetry.Element(element.angle_deg, element.mirrored, tuple(range(8)))
            assert correlation(symmetry.apply(alone, stack), stack) < 0.4
