"""Entry-exit pairs on tracks drawn here, with errors as a detector makes them."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_tracks import APART, H, drawn_foil

from moedal_gui.analysis.geometry_estimate import sheet_geometry
from moedal_gui.analysis.links import FEW_RIVALS, MANY_RIVALS, link, passing
from moedal_gui.analysis.pairing import Geometry, Mouths


@pytest.mark.parametrize("mouth_share", [0.0, 1.0])
@pytest.mark.parametrize(
    ("per_field", "error", "efficiency", "purity"),
    [(20, 0.03, 0.93, 0.93), (100, 0.03, 0.93, 0.93), (100, 0.06, 0.75, 0.80)],
)
def test_the_ranking_finds_the_tracks(
    mouth_share: float, per_field: int, error: float, efficiency: float, purity: float
) -> None:
    top, bottom, ka, kb, pairs = drawn_foil(5, per_field, 8, error, mouth_share)
    found = link(top, bottom, Geometry(H, APART))
    right = (ka[found.pairs.top] >= 0) & (ka[found.pairs.top] == kb[found.pairs.bottom])
    order = np.argsort(-found.score)
    eff, pure = np.cumsum(right[order]) / pairs, np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    assert np.any((eff >= efficiency) & (pure >= purity))
    assert len(set(found.pairs.top)) == len(found.pairs.top) and len(set(found.pairs.bottom)) == len(found.pairs.bottom)


def test_expected_accidents_are_about_those_there_are() -> None:
    top, bottom, ka, kb, _ = drawn_foil(9, 100, 12, 0.03, 1.0)
    found = link(top, bottom, Geometry(H, APART))
    wrong = int(((ka[found.pairs.top] < 0) | (ka[found.pairs.top] != kb[found.pairs.bottom])).sum())
    assert 0.6 * wrong <= found.expected_accidents <= 1.6 * wrong
    picked = found.passes
    right = (ka[found.pairs.top] >= 0) & (ka[found.pairs.top] == kb[found.pairs.bottom])
    assert right[picked].mean() >= 0.82


def test_where_tracks_stand_out_nothing_passes_that_is_far_more_probably_an_accident() -> None:
    score = np.r_[np.full(50, 0.99), np.full(5, 0.3)]
    assert score.mean() > 0.9 and passing(score, 0.9, 1 / 3).tolist() == [True] * 50 + [False] * 5


def test_a_list_from_a_crowd_bears_more_accidents_so_that_it_keeps_its_tracks() -> None:
    lists = []
    for per_field in (60, 300):
        top, bottom, ka, kb, pairs = drawn_foil(4, per_field, 6, 0.04, 1.0)
        found = link(top, bottom, Geometry(H, APART))
        right = (ka[found.pairs.top] >= 0) & (ka[found.pairs.top] == kb[found.pairs.bottom])
        lists.append((right[found.passes].sum() / pairs, right[found.passes].mean(), found.rivals))
    (sparse, pure, few), (dense, mixed, many) = lists
    assert few < FEW_RIVALS and many > MANY_RIVALS
    assert sparse >= 0.9 and pure >= 0.9 and dense >= 0.85 and mixed >= 0.78


def test_errors_that_the_detector_states_of_each_pit_make_links_surer() -> None:
    top, bottom, ours, theirs, pairs = drawn_foil(3, 200, 6, 0.02, 1.0)
    rng = np.random.default_rng(5)
    told = []
    for side in (top, bottom):
        error = np.where(rng.random((len(side), 2)) < 0.3, 0.2, 0.02)
        axes = np.sort(side.log_axes + rng.normal(0, 1, error.shape) * error, axis=1)[:, ::-1]
        told.append(replace(side, log_axes=axes, stated_errors=error))

    def right(upper: Mouths, lower: Mouths) -> int:
        found = link(upper, lower, Geometry(H, APART))
        good = (ours[found.pairs.top] >= 0) & (ours[found.pairs.top] == theirs[found.pairs.bottom])
        return int(good[np.argsort(-found.score)[:pairs]].sum())

    nothing = [replace(side, stated_errors=np.full((len(side), 2), np.nan)) for side in told]
    silent = [replace(side, stated_errors=None) for side in told]
    assert right(*nothing) == right(*silent) < right(*told) - 0.02 * pairs


def test_where_there_are_no_tracks_hardly_any_passes() -> None:
    rng = np.random.default_rng(2)
    top, bottom, _, _, _ = drawn_foil(11, 100, 6, 0.03, 1.0)
    scrambled = replace(bottom, places=rng.permutation(bottom.places))
    found = link(top, scrambled, Geometry(H, APART))
    assert found.passes.sum() <= 12


@pytest.mark.parametrize("mouth_share", [0.0, 1.0])
def test_etch_and_thickness_are_estimated_with_intervals_where_nobody_states_them(mouth_share: float) -> None:
    top, bottom, *_ = drawn_foil(6, 40, 10, 0.03, mouth_share)
    found = sheet_geometry(top, bottom, None, None)
    assert found is not None and found.estimated and not found.departs
    assert abs(found.bulk_etch / H - 1) < 0.15 and abs(found.surfaces_apart / APART - 1) < 0.2
    for value, interval, true in (
        (found.bulk_etch, found.bulk_etch_interval, H),
        (found.surfaces_apart, found.surfaces_apart_interval, APART),
    ):
        assert interval is not None and interval[0] <= value <= interval[1]
        assert 0.97 * interval[0] <= true <= 1.03 * interval[1] and interval[1] < 1.5 * interval[0]


def test_what_was_stated_holds_where_the_pits_agree() -> None:
    top, bottom, *_ = drawn_foil(6, 40, 10, 0.03, 1.0)
    found = sheet_geometry(top, bottom, H, APART)
    assert found is not None and not found.departs and not found.estimated
    assert (found.weighed_by.bulk_etch, found.weighed_by.surfaces_apart) == (H, APART)


def test_pits_that_are_no_perfect_cones_are_paired_although_the_true_etching_was_stated() -> None:
    top, bottom, ours, theirs, pairs = drawn_foil(7, 60, 10, 0.03, 0.0)
    longer = [replace(side, log_axes=side.log_axes + np.log([1.2, 0.98])) for side in (top, bottom)]

    def right(geometry: Geometry) -> float:
        found = link(*longer, geometry)
        good = (ours[found.pairs.top] >= 0) & (ours[found.pairs.top] == theirs[found.pairs.bottom])
        return float(good[found.passes].sum() / pairs)

    sheet = sheet_geometry(longer[0], longer[1], H, APART)
    assert sheet is not None and sheet.departs and sheet.dips_as_stated
    assert (sheet.bulk_etch, sheet.surfaces_apart) == (H, APART)
    assert right(sheet.weighed_by) >= 0.9 and right(sheet.weighed_by) > right(Geometry(H, APART)) + 0.05


def test_tracks_too_rare_for_a_first_look_are_looked_for_among_more_pits() -> None:
    rng = np.random.default_rng(3)
    top, bottom, *_ = drawn_foil(6, 40, 10, 0.03, 1.0)
    far = [replace(side, places=side.places + np.array([1e5, 0.0])) for side in (top, bottom)]
    few = [
        side.taken(np.argsort(side.places[:, 0])[: min(len(side), 800)])
        for side in (
            replace(top, places=rng.permutation(top.places)),
            replace(bottom, places=rng.permutation(bottom.places)),
        )
    ]
    both = [_together(a, b) for a, b in zip(few, far, strict=True)]
    found = sheet_geometry(both[0], both[1], None, None)
    assert found is not None and abs(found.surfaces_apart / APART - 1) < 0.2


def test_no_geometry_is_made_up_where_there_are_no_tracks() -> None:
    rng = np.random.default_rng(2)
    top, bottom, *_ = drawn_foil(11, 60, 10, 0.03, 1.0)
    scrambled = replace(bottom, places=rng.uniform(0, 1, bottom.places.shape) * bottom.places.max(axis=0))
    assert sheet_geometry(top, scrambled, None, None) is None
    stated = sheet_geometry(top, scrambled, H, APART)
    assert stated is not None and not stated.departs and stated.weighed_by.bulk_etch == H


def _together(one: Mouths, other: Mouths) -> Mouths:
    parts = [
        np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("places", "log_axes", "azimuth", "density", "frame")
    ]
    return Mouths(*parts)
