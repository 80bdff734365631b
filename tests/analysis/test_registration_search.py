"""Two scans brought together by their pits alone, and what is said where they do not belong together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.datum import datum_fits, mark_misfits
from moedal_gui.analysis.registration_search import Motion, search
from moedal_gui.analysis.tying import Side, tie

HOLES = np.array([[900.0, 1400.0], [6200.0, 9800.0], [11200.0, 1700.0]])


def _half_shared(seed: int, pits: int, side: float, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Two lists of which half the pits are the same; ``motion`` brings the second back onto the first."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, side, (pits, 2))
    same = a[: pits // 2] + rng.normal(0, 0.7, (pits // 2, 2))
    moved = np.vstack([same, rng.uniform(0, side, (pits - pits // 2, 2))])
    return a, (moved - motion.shift_px) @ motion.turn


@settings(max_examples=12, deadline=None)
@given(
    st.floats(-5.9, 5.9), st.booleans(), st.floats(-9e3, 9e3), st.floats(-9e3, 9e3), st.integers(30, 260),
    st.integers(0, 99),
)  # fmt: skip
def test_any_turn_and_shift_is_found(degrees: float, over: bool, x: float, y: float, pits: int, seed: int) -> None:
    motion = Motion(np.deg2rad(degrees) + (np.pi if over else 0.0), (x, y))
    a, b = _half_shared(seed, pits, 3000.0, motion)
    found = search(a, b)
    assert found is not None
    assert np.hypot(*(found.motion(b) - motion(b)).T).max() < 2.0
    rng = np.random.default_rng(seed)
    again = search(rng.permutation(a), rng.permutation(b))
    assert again is not None and np.allclose(again.motion(b), found.motion(b))


def test_scans_that_share_only_a_corner_are_tied() -> None:
    rng = np.random.default_rng(5)
    foil = rng.uniform(0, 4000, (900, 2))
    motion = Motion(0.02, (-700.0, 300.0))
    a, rest = foil[foil[:, 0] < 2400], foil[foil[:, 0] > 1600]
    found = search(a, (rest - motion.shift_px) @ motion.turn)
    assert found is not None and abs(found.motion.angle_rad - 0.02) < 1e-3


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 300))
def test_unrelated_pits_are_not_tied(seed: int, pits: int) -> None:
    rng = np.random.default_rng(seed)
    assert search(rng.uniform(0, 3000, (pits, 2)), rng.uniform(0, 3000, (pits, 2))) is None


def test_a_lattice_fits_in_many_ways_and_so_in_none() -> None:
    lattice = np.stack(np.meshgrid(np.arange(12) * 100.0, np.arange(12) * 100.0), axis=-1).reshape(-1, 2)
    assert search(lattice, lattice + np.array([17.0, 4.0])) is None


@given(st.integers(0, 2), st.floats(0, 2 * np.pi))
def test_a_wrong_datum_point_is_among_those_that_are_doubted(which: int, direction: float) -> None:
    wrong = HOLES.copy()
    wrong[which] += 200.0 * np.array([np.cos(direction), np.sin(direction)])
    fits = datum_fits(HOLES, Motion(0.02, (50.0, -80.0))(wrong))
    told = {f.left_out for f in fits}
    assert which in told
    right = next(f for f in fits if f.left_out == which)
    kept = np.delete(np.arange(3), which)
    assert np.allclose(right.motion(Motion(0.02, (50.0, -80.0))(wrong))[kept], HOLES[kept], atol=1.0)


@pytest.mark.parametrize("shift", [[200.0, 0.0], [0.0, 200.0]])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_pits_say_which_datum_point_is_wrong(which: int, shift: list[float]) -> None:
    rng = np.random.default_rng(3)
    a = rng.uniform(0, 12000, (600, 2))
    b = a + rng.normal(0, 0.7, a.shape)
    wrong = HOLES.copy()
    wrong[which] += shift
    # The frame of b is laid by its wrong points, as reading a scan would.
    theirs = Motion(0.015, (120.0, 60.0))
    told = tie(Side(a, HOLES), Side(theirs(b), theirs(wrong)))
    assert told.by == "datum" and told.datum is not None and told.datum.left_out == which
    assert np.hypot(*(told(theirs(b)) - a).T).max() < 5.0


def test_datum_points_that_are_all_wrong_give_way_to_the_pits() -> None:
    rng = np.random.default_rng(4)
    a = rng.uniform(0, 3000, (120, 2))
    told = tie(Side(a, HOLES), Side(a + np.array([500.0, 0.0]), HOLES))
    assert told.by == "pits" and told.agrees
    assert np.abs(told(a + np.array([500.0, 0.0])) - a).max() < 1.0
    assert tie(Side(a, None), Side(rng.uniform(0, 3000, (120, 2)), None)).by is None


@pytest.mark.parametrize("degrees", [-43.0, 75.0, 130.0])
def test_datum_points_in_a_wrong_order_turn_a_frame_by_anything_and_the_pits_still_tie_it(degrees: float) -> None:
    motion = Motion(np.deg2rad(degrees), (-900.0, 400.0))
    a, b = _half_shared(3, 200, 2500.0, motion)
    holes = HOLES[[1, 0, 2]]
    found = tie(Side(a, HOLES), Side(b, (holes - motion.shift_px) @ motion.turn))
    assert found.by == "pits" and found.agrees and not found.reflected
    assert np.hypot(*(found(b[:100]) - a[:100]).T).max() < 4.0


def test_a_scan_that_was_mirrored_by_mistake_is_told_from_one_of_another_foil() -> None:
    motion = Motion(0.03, (50.0, -20.0))
    a, b = _half_shared(4, 70, 1500.0, motion)
    mirrored = tie(Side(a, HOLES), Side(b * (-1.0, 1.0), HOLES))
    assert mirrored.reflected and not mirrored.agrees
    other, _ = _half_shared(5, 70, 1500.0, motion)
    strange = tie(Side(a, HOLES), Side(other, HOLES))
    assert not strange.reflected and not strange.agrees


@given(st.integers(0, 2), st.floats(-0.3, 0.3), st.floats(-900, 900), st.booleans())
def test_two_of_three_datum_points_are_laid_on_their_own_holes(
    missing: int, turn: float, x: float, other: bool
) -> None:
    motion = Motion(turn, (x, 40.0))
    some = motion(HOLES)[np.delete(np.arange(3), missing)]
    whole = motion(HOLES)
    kept = np.delete(HOLES, missing, axis=0)
    (fit,) = datum_fits(HOLES, some) if other else datum_fits(kept, whole)
    laid = fit.motion(some) if other else fit.motion(whole)[np.delete(np.arange(3), missing)]
    assert fit.left_out is None and np.allclose(laid, kept, atol=1e-6)


def test_a_list_that_lies_nowhere_on_the_longer_one_is_not_the_same_holes() -> None:
    assert datum_fits(HOLES, np.array([[0.0, 0.0], [321.0, 0.0]])) == []


def test_misfits_of_a_shorter_list_are_those_of_its_own_holes() -> None:
    some = HOLES[1:] + np.array([[0.0, 0.0], [6.0, 0.0]])
    found = mark_misfits(HOLES, some)
    assert len(found.fitted) == 2 and found.fitted.max() < 6.0 and not found.doubted
    found = mark_misfits(some, HOLES)
    assert np.isnan(found.fitted[0]) and np.nanmax(found.fitted) < 6.0
