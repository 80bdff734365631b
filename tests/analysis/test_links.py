"""Entry-exit pairs on tracks drawn here, with errors as a detector makes them."""

from dataclasses import replace

import numpy as np
import pytest

from moedal_gui.analysis.geometry_estimate import estimate_geometry
from moedal_gui.analysis.links import link, passing
from moedal_gui.analysis.pairing import Geometry, Mouths
from moedal_gui.core.etching import mouth_axes

H, APART = 14.0, 70.0


def _tracks(rng: np.random.Generator, count: int) -> np.ndarray:
    rows: list[tuple[float, float]] = []
    while len(rows) < count:
        dip, ratio = np.arcsin(np.sqrt(rng.uniform(np.sin(np.deg2rad(38)) ** 2, 1))), rng.uniform(1.2, 3.0)
        if ratio * np.sin(dip) > 1.05:
            rows.append((ratio, float(dip)))
    return np.array(rows).reshape(-1, 2)


def _mouths(
    rng: np.random.Generator, rows: list[tuple[float, ...]], error: float, area: float
) -> tuple[Mouths, np.ndarray]:
    table = np.array(rows)
    count = len(table)
    axes = np.log(table[:, 2:4]) + rng.normal(0, error, (count, 2))
    axes = np.stack([axes.max(axis=1), axes.min(axis=1)], axis=1)
    wobble = np.minimum(error / np.maximum(2 * (axes[:, 0] - axes[:, 1]), 0.02), 3.0)
    places = table[:, :2] + rng.normal(0, 0.4, (count, 2))
    return Mouths(
        places,
        axes,
        table[:, 4] + rng.normal(0, 1, count) * wobble,
        np.full(count, count / area),
        np.zeros(count, np.intp),
    ), table[:, 5]


def _foil(
    seed: int, per_field: int, fields: int, error: float, mouth_share: float
) -> tuple[Mouths, Mouths, np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(seed)
    width, height = 640.0 * fields, 960.0
    pairs = per_field * fields // 5
    top: list[tuple[float, ...]] = []
    bottom: list[tuple[float, ...]] = []
    for number, (ratio, dip) in enumerate(_tracks(rng, pairs)):
        major, minor = mouth_axes(ratio, dip, H)
        phi, place = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2) * [width, height]
        far = (APART + mouth_share * 2 * H / (ratio * np.sin(dip) + 1)) / np.tan(dip)
        other = place + far * np.array([np.cos(phi), np.sin(phi)])
        top.append((*place, float(major), float(minor), phi, number))
        bottom.append((*other, float(major), float(minor), phi + np.pi, number))
    for ratio, dip in _tracks(rng, 2 * per_field * fields - 2 * pairs):
        major, minor = mouth_axes(ratio, dip, H)
        side = top if rng.random() < 0.4 else bottom
        side.append(
            (*(rng.uniform(0, 1, 2) * [width, height]), float(major), float(minor), rng.uniform(0, 2 * np.pi), -1)
        )
    (a, ka), (b, kb) = _mouths(rng, top, error, width * height), _mouths(rng, bottom, error, width * height)
    return a, b, ka, kb, pairs


@pytest.mark.parametrize("mouth_share", [0.0, 1.0])
@pytest.mark.parametrize(
    ("per_field", "error", "efficiency", "purity"),
    [(20, 0.03, 0.93, 0.93), (100, 0.03, 0.93, 0.93), (100, 0.06, 0.75, 0.80)],
)
def test_the_ranking_finds_the_tracks(
    mouth_share: float, per_field: int, error: float, efficiency: float, purity: float
) -> None:
    top, bottom, ka, kb, pairs = _foil(5, per_field, 8, error, mouth_share)
    found = link(top, bottom, Geometry(H, APART))
    right = (ka[found.pairs.top] >= 0) & (ka[found.pairs.top] == kb[found.pairs.bottom])
    order = np.argsort(-found.score)
    eff, pure = np.cumsum(right[order]) / pairs, np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    assert np.any((eff >= efficiency) & (pure >= purity))
    assert len(set(found.pairs.top)) == len(found.pairs.top) and len(set(found.pairs.bottom)) == len(found.pairs.bottom)


def test_expected_accidents_are_about_those_there_are() -> None:
    top, bottom, ka, kb, _ = _foil(9, 100, 12, 0.03, 1.0)
    found = link(top, bottom, Geometry(H, APART))
    wrong = int(((ka[found.pairs.top] < 0) | (ka[found.pairs.top] != kb[found.pairs.bottom])).sum())
    assert 0.6 * wrong <= found.expected_accidents <= 1.6 * wrong
    picked = passing(found.score)
    right = (ka[found.pairs.top] >= 0) & (ka[found.pairs.top] == kb[found.pairs.bottom])
    assert right[picked].mean() >= 0.82


def test_where_there_are_no_tracks_hardly_any_passes() -> None:
    rng = np.random.default_rng(2)
    top, bottom, _, _, _ = _foil(11, 100, 6, 0.03, 1.0)
    scrambled = replace(bottom, places=rng.permutation(bottom.places))
    found = link(top, scrambled, Geometry(H, APART))
    assert passing(found.score).sum() <= 12


def test_etch_and_thickness_are_estimated_where_nobody_states_them() -> None:
    top, bottom, *_ = _foil(6, 40, 10, 0.03, 1.0)
    found = estimate_geometry(top, bottom, None, None)
    assert found is not None
    assert abs(found.bulk_etch / H - 1) < 0.15 and abs(found.surfaces_apart / APART - 1) < 0.2
