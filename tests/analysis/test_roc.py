"""ROC, purity and their bands."""

from __future__ import annotations

import time

import numpy as np
import pytest

from moedal_gui.analysis.roc import roc


def scored(count: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    signal = random.random(count) < 0.3
    scores = np.clip(random.normal(np.where(signal, 0.65, 0.35), 0.18), 0, 1)
    return scores, signal


def test_the_area_is_the_chance_that_signal_scores_higher() -> None:
    scores, signal = scored()
    scores = np.round(scores, 1)  # with ties
    found = roc(scores, signal)
    a, b = scores[signal][:, None], scores[~signal][None]
    assert found.area == pytest.approx(((a > b) + 0.5 * (a == b)).mean())
    assert found.area_low < found.area < found.area_high


def test_curves_count_what_passes() -> None:
    scores, signal = scored(60)
    found = roc(scores, signal)
    for k in range(1, len(found.threshold)):
        through = scores >= found.threshold[k]
        assert found.efficiency[k] == pytest.approx(through[signal].mean())
        assert found.rejection[k] == pytest.approx(1 - through[~signal].mean())
        assert found.purity[k] == pytest.approx(signal[through].mean())
    assert (found.efficiency[0], found.rejection[0]) == (0.0, 1.0)


def test_bands_hold_the_truth_and_shrink_with_more_labels() -> None:
    few, many = roc(*scored(100)), roc(*scored(4000))
    wide = [np.nanmean(r.efficiency_high - r.efficiency_low) for r in (few, many)]
    assert wide[1] < wide[0] / 2
    true_area = roc(*scored(100_000, seed=9), replicas=2).area
    hits = 0
    for seed in range(30):
        found = roc(*scored(200, seed=seed), replicas=200)
        hits += found.area_low <= true_area <= found.area_high
    assert hits >= 24


def test_it_is_repeatable_and_fast() -> None:
    scores, signal = scored(5000)
    begun = time.perf_counter()
    a, b = roc(scores, signal), roc(scores, signal)
    assert time.perf_counter() - begun < 2.0
    assert (a.area_low, a.area_high) == (b.area_low, b.area_high)


def test_one_kind_alone_has_no_curve() -> None:
    assert roc(np.array([0.1, 0.9]), np.array([True, True])) is None
    assert roc(np.array([np.nan, 0.9]), np.array([False, True])) is None
