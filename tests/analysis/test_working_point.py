"""Where to draw the line."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from moedal_gui.analysis.working_point import (
    Rescan,
    passing,
    stop_scores,
    threshold_for_efficiency,
    threshold_for_stops,
)

scores_ = some.lists(some.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=40)


@given(scores_, some.integers(0, 40))
def test_at_most_so_many_stops_and_no_fewer_than_ties_allow(values: list[float], most: int) -> None:
    stops = np.sort(np.array(values))[::-1]
    threshold = threshold_for_stops(stops, most)
    count = int((stops >= threshold).sum())
    assert count <= most
    lower = stops[stops < threshold]
    if len(lower):
        assert (stops >= lower.max()).sum() > most


@given(scores_, some.floats(0.0, 1.0))
def test_at_least_so_much_signal_is_kept(values: list[float], efficiency: float) -> None:
    signal = np.array(values)
    threshold = threshold_for_efficiency(signal, efficiency)
    assert (signal >= threshold).mean() >= efficiency - 1e-9
    assert threshold_for_efficiency(np.array([np.nan]), 0.9) is None


def test_two_ends_of_a_link_are_one_stop() -> None:
    scores, pair = np.array([0.9, 0.2, 0.6, np.nan]), np.array([5.0, 5.0, np.nan, np.nan])
    assert stop_scores(scores, pair).tolist() == [0.9, 0.6]


def test_what_passes_is_counted_with_intervals_and_hours() -> None:
    scores = np.array([0.9, 0.8, 0.4, 0.7, np.nan])
    signal = np.array([True, False, True, False, True])
    background = np.array([False, True, False, False, False])
    stops = stop_scores(scores, np.full(5, np.nan))
    found = passing(scores, stops, signal, background, 0.7, Rescan(seconds=6, sides=2, planes=5))
    assert (found.pits, found.stops) == (3, 3)
    assert found.hours == 3 * 60 / 3600
    assert (found.efficiency["value"], found.purity["value"], found.rejection["value"]) == (0.5, 0.5, 0.0)
    assert found.efficiency["low"] < 0.5 < found.efficiency["high"]
