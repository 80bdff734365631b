"""Reliability and confusion."""

from __future__ import annotations

import numpy as np
import pytest

from moedal_gui.analysis.calibration import confusion, reliability


def test_honest_scores_are_calibrated_and_overconfident_ones_are_not() -> None:
    random = np.random.default_rng(1)
    honest = random.random(20_000)
    signal = random.random(20_000) < honest
    good = reliability(honest, signal, replicas=60)
    bad = reliability(np.clip(honest * 1.6 - 0.3, 0, 1), signal, replicas=60)
    assert good.error < 0.02 < bad.error
    assert good.error_low <= good.error <= good.error_high * 1.5
    assert ((good.seen_low <= good.said) & (good.said <= good.seen_high)).mean() >= 0.7
    assert good.count.sum() == 20_000


def test_the_error_is_the_weighted_gap_of_the_bins() -> None:
    scores = np.array([0.05, 0.05, 0.95, 0.95])
    signal = np.array([False, True, True, True])
    found = reliability(scores, signal)
    assert found.error == pytest.approx(0.5 * 0.45 + 0.5 * 0.05)
    assert found.seen.tolist() == [0.5, 1.0]
    assert reliability(np.array([np.nan]), np.array([True])) is None


def test_confusion_counts_labels_against_classes() -> None:
    labels = ["candidate", "candidate", "top", "maybe", ""]
    classes = ["candidate", "top", "top", "top", "bottom"]
    found = confusion(labels, classes, ("candidate", "top", "bottom", "misc"))
    assert found.labels == ("candidate", "top")
    assert found.counts.tolist() == [[1, 1], [0, 1]]
    assert found.share(0, 1)["value"] == 0.5
    assert found.right["value"] == pytest.approx(2 / 3)
