"""The ternary plot's maps and borders, for any scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from moedal_gui.analysis.ternary import (
    CORNERS,
    meeting_point,
    project,
    regions,
    threshold_line,
    to_plane,
    to_shares,
    weights_at,
)
from moedal_gui.core.cut import Decided, Lasso, Passing
from moedal_gui.core.decision import DECIDED, decide

share = some.floats(0.001, 1.0)
weights = some.tuples(share, share, share)


@given(arrays(float, (7, 3), elements=share))
def test_places_and_shares_are_each_others_inverse(values: np.ndarray) -> None:
    shares = values / values.sum(axis=1, keepdims=True)
    assert np.allclose(to_shares(to_plane(shares)), shares, atol=1e-12)


def test_a_sure_class_lies_in_its_corner_and_an_open_one_in_the_middle() -> None:
    assert np.allclose(to_plane(np.eye(3)), CORNERS)
    assert np.allclose(to_plane(np.full((1, 3), 1 / 3))[0], CORNERS.mean(axis=0))


@given(weights)
def test_weights_follow_the_point_where_classes_meet(given_weights: tuple[float, float, float]) -> None:
    scaled = np.array(given_weights) / np.prod(given_weights) ** (1 / 3)
    share_there = (1 / scaled) / (1 / scaled).sum()
    back = np.array(weights_at(*meeting_point(given_weights)))
    if share_there.min() > 2e-3:
        assert np.allclose(back, scaled, rtol=1e-6)
    assert (back > 0).all()


@given(weights, arrays(float, (40, 3), elements=share))
def test_regions_hold_what_the_weighted_scores_decide(
    given_weights: tuple[float, float, float], values: np.ndarray
) -> None:
    shares = values / values.sum(axis=1, keepdims=True)
    weighted = np.sort(shares * np.array(given_weights), axis=1)
    clear = weighted[:, 2] > weighted[:, 1] * (1 + 1e-6)
    places = pd.DataFrame(to_plane(shares), columns=["x", "y"])
    chosen = decide(shares, given_weights)
    for k, polygon in enumerate(regions(given_weights)):
        middle = polygon.mean(axis=0)
        grown = tuple(map(tuple, middle + (polygon - middle) * (1 + 1e-9)))
        inside = Lasso("x", "y", grown).mask(places)
        rim = np.abs(to_shares(places.to_numpy())).min(axis=1) < 2e-3
        assert (inside == (chosen == k))[clear & ~rim].all()


def test_regions_cover_the_triangle_once() -> None:
    def area(polygon: np.ndarray) -> float:
        x, y = polygon.T
        return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2

    assert sum(area(p) for p in regions((2.0, 0.5, 1.0))) == pytest.approx(area(CORNERS))


def test_misc_is_left_out_and_a_class_the_ensemble_lacks_is_none() -> None:
    scores = np.array([[0.3, 0.1, 0.1], [np.nan, np.nan, np.nan], [0.6, np.nan, 0.2], [0.0, 0.0, 0.0]])
    found = project(scores, np.array([0.5, np.nan, 0.2, 1.0]))
    assert np.allclose(found.shares[0], [0.6, 0.2, 0.2])
    assert found.left_out[0] == 0.5
    assert np.allclose(found.shares[2], [0.75, 0.0, 0.25])
    assert np.isnan(found.x[[1, 3]]).all()


def test_the_line_of_a_threshold_has_that_share_all_along() -> None:
    ends = np.array(threshold_line(0.7))
    assert np.allclose(to_shares(ends)[:, 0], 0.7)


def test_cuts_of_a_decision_and_of_a_working_point() -> None:
    table = pd.DataFrame(
        {"score_candidate": [0.4, 0.4, np.nan, 0.9], "score_top": [0.5, 0.1, np.nan, 0.1], "score_bottom": [0.1, 0.5, np.nan, 0.0],
         "score_misc": np.nan}
    )  # fmt: skip
    assert Decided("candidate").mask(table).tolist() == [False, False, False, True]
    assert Decided("candidate", (2.0, 1.0, 1.0)).mask(table).tolist() == [True, True, False, True]
    assert Decided("misc").mask(table.assign(score_misc=0.6)).tolist() == [True, True, True, False]
    assert Passing(0.4).mask(table).tolist() == [True, True, False, True]
    assert DECIDED == ("candidate", "top", "bottom")
