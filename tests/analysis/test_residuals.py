"""What is left between two scans, cell by cell, and datum points held against each other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.datum import by_place, by_shape, mark_misfits
from moedal_gui.analysis.registration_search import Motion
from moedal_gui.analysis.residuals import FEWEST, arrow_scale, grid_for, histogram, partners, residual_field

HOLES = np.array([[900.0, 1400.0], [6200.0, 9800.0], [11200.0, 1700.0]])


def _spread(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = rng.permutation(np.stack(np.meshgrid(np.arange(40), np.arange(30)), axis=-1).reshape(-1, 2))[:count]
    return np.asarray((cells + 0.5) * 60.0 + rng.uniform(-15, 15, (count, 2)))


@settings(max_examples=20, deadline=None)
@given(st.integers(60, 900), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(0.2, 9.0), st.integers(0, 99))
def test_a_common_offset_is_told_in_px_in_every_full_cell(
    count: int, dx: float, dy: float, pixel: float, seed: int
) -> None:
    a = _spread(seed, count)
    rng = np.random.default_rng(seed)
    wild = rng.random(count) < 0.15  # wrong partners, which a median does not mind
    b = a + np.array([dx, dy]) + np.where(wild[:, None], rng.uniform(-2, 2, (count, 2)), 0.0)
    found = partners(a * pixel, b * pixel, pixel)
    field = residual_field(found, grid_for((a * pixel).min(axis=0), (a * pixel).max(axis=0), count))
    full = field.counts >= FEWEST
    assert field.counts.sum() == len(found.places) == count
    assert np.isnan(field.dx[~full]).all() and np.isfinite(field.dx[full]).all()
    assert np.median(np.abs(field.dx[full] - dx)) < 0.2 and np.median(np.abs(field.dy[full] - dy)) < 0.2
    assert histogram(found)[1].sum() == count


def test_nine_of_ten_arrows_stay_within_a_cell() -> None:
    a = _spread(1, 800)
    found = partners(a, a + np.random.default_rng(2).normal(0, 0.5, a.shape), 1.0)
    field = residual_field(found, grid_for(a.min(axis=0), a.max(axis=0), len(a)))
    magnified, key = arrow_scale(field, 1.0)
    lengths = np.hypot(field.dx, field.dy)[np.isfinite(field.dx)] * magnified
    assert 0.85 <= np.mean(lengths <= field.grid.cell) < 1.0 and key * magnified <= field.grid.cell


@given(st.integers(0, 2), st.floats(0, 2 * np.pi), st.floats(-0.1, 0.1))
def test_without_the_wrong_mark_the_others_fit(which: int, direction: float, turn: float) -> None:
    wrong = HOLES.copy()
    wrong[which] += 300.0 * np.array([np.cos(direction), np.sin(direction)])
    told = mark_misfits(HOLES, Motion(turn, (70.0, -20.0))(wrong))
    assert told.rest[which] < 1e-6 and which in told.doubted
    assert abs(told.alone[which] - 300.0) < 1.0
    assert told.fitted.max() > 30.0
    right = mark_misfits(HOLES, Motion(turn, (70.0, -20.0))(HOLES))
    assert right.fitted.max() < 1e-6 and right.doubted == ()


@given(st.integers(3, 6), st.integers(0, 5), st.integers(0, 2), st.floats(0, 2 * np.pi))
def test_the_majority_names_the_scan_that_is_wrong(scans: int, bad: int, which: int, direction: float) -> None:
    bad %= scans
    points = [Motion(0.01 * k, (50.0 * k, 0.0))(HOLES) for k in range(scans)]
    points[bad] = points[bad].copy()
    points[bad][which] += 300.0 * np.array([np.cos(direction), np.sin(direction)])
    told = by_shape([*points, None])
    assert told.wrong == {bad} and not told.undecided
    assert not by_shape([p for k, p in enumerate(points) if k != bad]).wrong


def test_without_a_majority_nobody_is_blamed() -> None:
    other = HOLES + np.array([[0.0, 0.0], [0.0, 0.0], [60.0, 0.0]])
    assert by_shape([HOLES, other]).undecided == {0, 1} and not by_shape([HOLES, other]).wrong
    assert by_shape([HOLES, other, HOLES, other]).undecided == {0, 1, 2, 3}
    assert by_place([HOLES, HOLES + 100.0, HOLES]).wrong == {1} and not by_shape([HOLES, HOLES + 100.0, HOLES]).wrong
