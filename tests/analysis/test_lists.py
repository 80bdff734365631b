"""Counting, matching, routes, density."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.density import density_map, isolated_fraction, regime
from moedal_gui.analysis.evaluation import list_figures
from moedal_gui.analysis.intervals import fraction
from moedal_gui.analysis.matching import one_to_one
from moedal_gui.analysis.route import travel_length, travel_order
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.formats.point_list import read_points


@pytest.mark.parametrize(
    ("name", "efficiency", "purity"),
    [("FCN_front", 0.952, 0.930), ("FCN_aligned", 0.948, 0.976), ("DCC_front", 0.902, 0.758)],
)
def test_the_labs_tally_gives_the_labs_figures(real: Path, name: str, efficiency: float, purity: float) -> None:
    lists = real / "moedal_stage" / "lists"
    figures = list_figures(read_points(lists / f"{name}.json"), read_points(lists / "truth.json"), 15.0, "lab")
    assert round(figures["efficiency"]["value"], 3) == efficiency and round(figures["purity"]["value"], 3) == purity


points = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=14).map(
    lambda p: np.array(p, float).reshape(-1, 2)
)


@settings(deadline=None)
@given(points, points)
def test_one_to_one_pairs_as_many_as_can_be_at_the_least_distance(a: np.ndarray, b: np.ndarray) -> None:
    from scipy.optimize import linear_sum_assignment

    rows, columns = one_to_one(a, b, 8.0)
    assert len(set(rows)) == len(rows) and len(set(columns)) == len(columns)
    if not len(a) or not len(b):
        assert not len(rows)
        return
    distance = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    cost = np.where(distance <= 8.0, distance, 1e4)
    r, c = linear_sum_assignment(cost)
    wanted = cost[r, c] < 1e4
    assert len(rows) == wanted.sum()
    assert np.isclose(distance[rows, columns].sum(), cost[r, c][wanted].sum(), atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 80))
def test_a_route_visits_every_place_once_and_beats_the_list(seed: int, count: int) -> None:
    places = np.random.default_rng(seed).uniform(0, 1000, (count, 2))
    order = travel_order(places)
    assert sorted(order) == list(range(count))
    if count > 10:
        assert travel_length(places, order) < travel_length(places, np.arange(count))


def test_intervals_are_the_known_ones() -> None:
    assert fraction(0, 0)["value"] is None
    wilson = fraction(8, 10)
    assert wilson["low"] == pytest.approx(0.4902, abs=1e-3) and wilson["high"] == pytest.approx(0.9433, abs=1e-3)


def test_density_is_unbiased_at_borders_and_empty_where_nothing_was_scanned() -> None:
    rng = np.random.default_rng(0)
    placement = ScanPlacement(
        "f",
        "um",
        ((5.0, 0.0), (0.0, 5.0)),
        {"1": (1000.0, 1000.0), "2": (9000.0, 1000.0)},
        {"1": (640, 480), "2": (640, 480)},
    )
    fields = ["1"] * 3000 + ["2"] * 3000
    places = placement.to_frame(fields, rng.uniform(0, 639, 6000), rng.uniform(0, 479, 6000))
    found = density_map(places, placement, ["1", "2"])
    wanted = 3000 / (640 * 480)
    assert np.abs(np.median(found.at(places)) / wanted - 1) < 0.05
    corner = placement.to_frame(["1"], [3.0], [3.0])
    assert 0.6 < found.at(corner)[0] / wanted < 1.4
    assert np.isnan(found.at(np.array([[5000.0, 1000.0]]))[0])
    assert found.per_mm2 is not None and np.nanmedian(found.per_mm2) == pytest.approx(wanted / 0.005**2, rel=0.1)


def test_isolated_fractions_are_those_of_the_domain() -> None:
    chi = np.array([0.1, 0.5, 1.0, 2.0])
    assert np.round(isolated_fraction(chi / np.pi, 1.0), 2).tolist() == [0.90, 0.61, 0.37, 0.14]
    assert regime([0.9, 0.5, 0.1, np.nan]).tolist() == ["low", "medium", "high", ""]
