"""Places that stand out: chance finds as few as it is allowed to, a planted one is found where it lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.regions import find_regions


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_an_even_foil_and_a_gradient_give_no_more_than_chance_may(slope):
    random, hits = np.random.default_rng(3), 0
    for _ in range(120):
        ground = np.exp(random.normal(0.0, 0.3, (20, 24)) + np.linspace(0.0, slope, 24))
        hits += bool(find_regions({"a": ground, "b": ground[::-1]}, np.ones(ground.shape, bool)).regions)
    assert hits <= 13  # 5 % of 120 are 6; so many or fewer come in 99.8 % of such trials


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 16), st.integers(0, 19), st.integers(0, 2**16))
def test_a_planted_one_is_found_where_it_lies_in_one_piece(row, column, seed):
    ground = np.exp(np.random.default_rng(seed).normal(0.0, 0.2, (18, 22)))
    ground[row : row + 2, column : column + 2] *= 12.0
    found = find_regions({"slope_energy": ground}, np.ones(ground.shape, bool))
    first = found.regions[0]
    assert {(row + i, column + j) for i in (0, 1) for j in (0, 1)} <= {tuple(t) for t in first.tiles.tolist()}
    assert first.measure == "slope_energy" and first.z > found.threshold and first.probability < 0.05
    assert all(one.z <= first.z for one in found.regions)


def test_nothing_is_said_of_tiles_that_are_not_asked_about_or_were_not_measured():
    ground = np.exp(np.random.default_rng(1).normal(0.0, 0.2, (18, 22)))
    ground[4, 4] *= 50.0
    among = np.ones(ground.shape, bool)
    among[4, 4] = False
    assert not find_regions({"a": ground}, among).regions
    gone = np.where(np.arange(22) < 10, np.nan, ground)
    assert all((one.tiles[:, 1] >= 10).all() for one in find_regions({"a": gone}, np.ones(gone.shape, bool)).regions)
    assert find_regions({"a": ground}, np.zeros(ground.shape, bool)).tested == 0
