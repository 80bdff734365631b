"""Counts against chance: a fair scan passes, a gradient does not, and intervals hold what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.count_statistics import poisson_bounds, spread_of, unrelated_in_reach


def test_chance_passes_and_a_gradient_does_not():
    random = np.random.default_rng(4)
    fair = [spread_of(random.poisson(40, 60)).probability for _ in range(200)]
    assert 0.01 <= np.mean(np.array(fair) < 0.05) <= 0.11
    gradient = random.poisson(np.linspace(20, 60, 60))
    assert spread_of(gradient).probability < 1e-4


def test_too_few_say_nothing():
    assert spread_of([12]) is None
    assert spread_of([0, 1, 0, 2]) is None


@given(st.floats(0.5, 200.0))
@settings(max_examples=20, deadline=None)
def test_the_interval_holds_the_mean_as_often_as_it_says(mean):
    counts = np.random.default_rng(1).poisson(mean, 2000)
    low, high = poisson_bounds(counts)
    assert np.mean((low <= mean) & (mean <= high)) >= 0.94


def test_unrelated_partners_grow_with_the_area_of_reach():
    assert unrelated_in_reach(1e-4, 200.0) == pytest.approx(4 * unrelated_in_reach(1e-4, 100.0))
