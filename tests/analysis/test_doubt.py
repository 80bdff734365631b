"""Doubt of the ensemble, between experts and against labels; orders without look-alikes; occlusion; neighbours."""

from __future__ import annotations

import time

import numpy as np

from moedal_gui.analysis.diversity import binned, spread_out
from moedal_gui.analysis.doubt import contradiction, disagreement, entropy, margin
from moedal_gui.analysis.neighbours import nearest_rows
from moedal_gui.analysis.occlusion import occlusion


def test_entropy_and_margin_of_sure_and_open_pits() -> None:
    scores = np.array([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, np.nan, 0.5], [np.nan] * 3])
    assert np.allclose(entropy(scores)[:3], [0.0, 1.0, 1.0])
    assert np.allclose(margin(scores)[:3], [1.0, 0.0, 0.0])
    assert np.isnan(entropy(scores)[3])
    assert np.isnan(margin(scores)[3])


def test_experts_disagree_when_no_class_has_them_all_behind_it() -> None:
    surface = np.array(["top", "top", "bottom"], dtype=object)
    experts = {
        "top-bottom": np.array([0.98, 0.98, 0.9]),
        "candidate-top": np.array([0.02, 0.5, 0.6]),
        "candidate-bottom": np.array([0.9, 0.9, 0.1]),
    }
    agreed, split, against = disagreement(experts, surface, ("candidate", "top", "bottom"))
    assert agreed < 0.05  # the expert of the other surface has no say
    assert 0.4 < split < 0.6
    assert against > 0.3
    assert np.isnan(disagreement({}, surface, ("top",))).all()


def test_a_label_that_the_ensemble_speaks_against_stands_out() -> None:
    scores = {"candidate": np.array([0.95, 0.95, 0.2]), "top": np.array([0.05, 0.05, 0.8])}
    label = np.array(["top", "candidate", ""], dtype=object)
    found = contradiction(scores, label)
    assert found[0] > 0.8
    assert found[1] < -0.8
    assert np.isnan(found[2])


def test_look_alikes_do_not_come_in_a_row() -> None:
    features = np.stack([np.repeat([0, 1, 2, 3], 10), np.repeat([0, 1, 0, 1], 10)], axis=1)
    order = spread_out(np.arange(40), features)
    assert sorted(order.tolist()) == list(range(40))
    kinds = features[order, 0]
    same = (kinds[1:12] == kinds[:11]).sum()
    assert same <= 2
    assert order[0] == 0
    begun = time.perf_counter()
    spread_out(np.arange(100_000), np.random.default_rng(1).integers(0, 4, (100_000, 4)))
    assert time.perf_counter() - begun < 1.0


def test_bins_hold_equal_shares() -> None:
    place = binned(np.array([1.0, 2, 3, 4, np.nan]), 2)
    assert place.tolist() == [0, 0, 1, 1, -1]


def test_occlusion_finds_what_the_score_hangs_on() -> None:
    planes = np.zeros((3, 24, 24), np.float32)
    planes[1, 4:8, 14:18] = 1.0

    def score(batch: np.ndarray) -> np.ndarray:
        return batch[:, 1, 4:8, 14:18].mean(axis=(1, 2))

    found = occlusion(planes, score, window=6, step=2)
    y, x = np.unravel_index(found.pixels.argmax(), found.pixels.shape)
    assert 3 <= y <= 9
    assert 12 <= x <= 19
    assert found.score == 1.0
    assert np.allclose(found.planes, [0.0, 1.0, 0.0])
    assert abs(found.pixels[20:, :6]).max() == 0.0


def test_neighbours_are_the_nearest_of_those_allowed() -> None:
    features = np.array([[0.0, 0.0], [0.1, np.nan], [0.5, 0.5], [0.05, 0.05], [np.nan, np.nan]])
    rows, distance = nearest_rows(features, 0, np.array([True, True, True, False, True]), 3)
    assert rows.tolist() == [1, 2]
    assert (np.diff(distance) > 0).all()
