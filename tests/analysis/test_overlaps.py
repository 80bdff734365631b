"""Fields moved to where their overlaps say they lie."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from moedal_gui.analysis.overlaps import Seam, adjusted, neighbours, seam

SIZE = np.array([160, 120])


def _corners(columns: int, rows: int) -> np.ndarray:
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij"), axis=-1).reshape(-1, 2)
    return grid * (SIZE - [20, 15]) + [0.3, 0.6] * grid


def _photographed(places: np.ndarray, seed: int) -> list[np.ndarray]:
    """Pictures (1, H, W) of one smooth random foil whose corners really lie at ``places``."""
    rng = np.random.default_rng(seed)
    foil = gaussian_filter(rng.normal(0, 1, (500, 620)), 2.5)
    foil /= foil.std()
    y, x = np.indices(SIZE[::-1], dtype=float)
    pictures = [map_coordinates(foil, [y + 15 + p[1], x + 15 + p[0]], order=3) for p in places]
    return [(p + rng.normal(0, 0.1, p.shape))[None] for p in pictures]


def test_known_misplacements_are_recovered() -> None:
    corners = _corners(4, 3)
    rng = np.random.default_rng(1)
    true = rng.normal(0, 0.8, corners.shape)
    pictures = _photographed(corners + true, 2)
    pairs = neighbours(corners, np.tile(SIZE, (len(corners), 1)))
    assert len(pairs) == 3 * 3 + 4 * 2
    seams = [
        s
        for p in pairs
        if (s := seam(p, pictures[p.first][:, *p.first_window], pictures[p.second][:, *p.second_window]))
    ]
    assert len(seams) >= 15
    found = adjusted(len(corners), seams)
    left = [
        np.hypot(*(true - d)[p.second] - (true - d)[p.first]) for d in (0 * true, found.displacement) for p in pairs
    ]
    assert np.median(left[len(pairs) :]) < 0.25 * np.median(left[: len(pairs)])
    assert found.after_px < found.before_px


def test_pictures_without_common_structure_move_nothing() -> None:
    corners = _corners(3, 3)
    rng = np.random.default_rng(3)
    for pictures in ([rng.normal(0, 1, (1, *SIZE[::-1])) for _ in corners], [np.ones((1, *SIZE[::-1]))] * len(corners)):
        pairs = neighbours(corners, np.tile(SIZE, (len(corners), 1)))
        seams = [seam(p, pictures[p.first][:, *p.first_window], pictures[p.second][:, *p.second_window]) for p in pairs]
        assert not any(seams)
    assert not adjusted(9, []).displacement.any()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 999), st.integers(0, 16))
def test_one_wrong_seam_does_not_drag_the_fields(seed: int, wrong: int) -> None:
    corners = _corners(4, 3)
    true = np.random.default_rng(seed).normal(0, 0.5, corners.shape)
    seams = []
    for k, p in enumerate(neighbours(corners, np.tile(SIZE, (len(corners), 1)))):
        shift = true[p.second] - true[p.first] + (np.array([5.0, -4.0]) if k == wrong else 0.0)
        seams.append(Seam(p.first, p.second, (float(shift[0]), float(shift[1])), (0.1, 0.1), p.beside))
    error = adjusted(len(corners), seams).displacement - true
    before = -true
    assert np.std(error, axis=0).max() < max(np.std(before, axis=0).max(), 0.3)


def test_a_field_without_seams_stays() -> None:
    seams = [Seam(0, 1, (0.8, 0.0), (0.1, 0.1), True), Seam(1, 2, (-0.6, 0.3), (0.1, 0.1), True)]
    assert not adjusted(4, seams).displacement[3].any()
