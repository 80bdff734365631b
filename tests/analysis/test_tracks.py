"""Tracks through three sheets, drawn with known gap, offset and errors, among links that lead nowhere."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.tracks import Segments, continued, segments, tracks_through

APART, H, SIDE = 70.0, 12.0, np.array([2600.0, 1900.0])
NONE = np.array([0.0, 0.0])


def _slopes(rng: np.random.Generator, count: int) -> np.ndarray:
    dip = np.arcsin(np.sqrt(rng.uniform(np.sin(np.deg2rad(38)) ** 2, 1, count)))
    phi = rng.uniform(0, 2 * np.pi, count)
    return np.asarray((np.cos(phi), np.sin(phi)) / np.tan(dip)).T


def drawn_stack(
    seed: int, sheets: int, tracks: int, alone: int, gap: float = 2 * H, offset: np.ndarray = NONE, error: float = 0.7
) -> tuple[list[Segments], list[np.ndarray]]:
    """Links of each sheet, in an order of their own, and which track (or -1) each is."""
    rng = np.random.default_rng(seed)
    start, slope = rng.uniform(0, 1, (tracks, 2)) * SIDE, _slopes(rng, tracks)
    found, truth = [], []
    for sheet in range(sheets):
        entry = start + slope * sheet * (APART + gap) + offset * sheet
        other, lean = rng.uniform(0, 1, (alone, 2)) * SIDE, _slopes(rng, alone)
        entry, leave = np.vstack([entry, other]), np.vstack([entry + slope * APART, other + lean * APART])
        order = rng.permutation(len(entry))
        noisy = [(p + rng.normal(0, error, p.shape))[order] for p in (entry, leave)]
        found.append(Segments(*noisy, APART, H, error))
        truth.append(np.concatenate([np.arange(tracks), np.full(alone, -1)])[order])
    return found, truth


def _right(found: list, truth: list[np.ndarray]) -> np.ndarray:
    names = [{int(truth[t.first + k][row]) for k, row in enumerate(t.links)} for t in found]
    return np.array([len(n) == 1 and -1 not in n for n in names], bool)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999), st.floats(15, 60), st.floats(-25, 25), st.floats(-25, 25), st.integers(0, 250))
def test_tracks_through_three_sheets_are_found_whatever_the_gap(
    seed: int, gap: float, x: float, y: float, alone: int
) -> None:
    sheets, truth = drawn_stack(seed, 3, 40, alone, gap, np.array([x, y]))
    steps = [continued(a, b) for a, b in pairwise(sheets)]
    found = tracks_through(steps)
    right = _right(found, truth)
    whole = [t for t, good in zip(found, right, strict=True) if good and len(t.links) == 3]
    assert len(whole) >= 36 and (~right).sum() <= 4
    for step in steps:
        assert abs(step.joint.gap - gap) < 3 and np.hypot(*(np.array(step.joint.offset) - [x, y])) < 1.5
        assert len(set(step.upper)) == len(step.upper) and len(set(step.lower)) == len(step.lower)


@pytest.mark.parametrize("alone", [150, 600])
def test_expected_accidents_are_about_those_there_are(alone: int) -> None:
    expected, wrong, low = 0.0, 0, 0.0
    for seed in range(6):
        sheets, truth = drawn_stack(seed, 2, 25, alone, error=1.0)
        step = continued(*sheets)
        expected += step.expected_accidents
        same = truth[0][step.upper] == truth[1][step.lower]
        wrong += int((~same | (truth[0][step.upper] < 0)).sum())
        low += float((step.score < 0.5).sum())
    assert abs(expected - wrong) <= 4 + 0.5 * wrong


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 999), st.integers(5, 500))
def test_links_that_lead_nowhere_make_hardly_a_track(seed: int, alone: int) -> None:
    sheets, _ = drawn_stack(seed, 3, 0, alone)
    found = tracks_through([continued(a, b) for a, b in pairwise(sheets)])
    assert len(found) <= 2 and all(len(t.links) == 2 for t in found)


def test_a_few_tracks_in_clean_sheets_are_found_and_empty_sheets_give_none() -> None:
    sheets, truth = drawn_stack(3, 4, 6, 3)
    found = tracks_through([continued(a, b) for a, b in pairwise(sheets)])
    assert sum(len(t.links) == 4 for t in found) >= 5 and _right(found, truth).all()
    nothing = Segments(np.zeros((0, 2)), np.zeros((0, 2)), APART, H)
    assert tracks_through([continued(sheets[0], nothing), continued(nothing, sheets[1])]) == []


@given(st.floats(0.0, 1.0), st.floats(0.3, 1.2), st.floats(0.0, 6.28), st.floats(2.0, 22.0))
def test_crossings_lie_between_the_centres_of_the_mouths(share: float, cot: float, phi: float, minor: float) -> None:
    way = cot * np.array([[np.cos(phi), np.sin(phi)]])
    behind = share * H * (1 - (minor / (2 * H)) ** 2) / 2
    entry, leave = np.array([[5.0, 7.0]]) - way * behind, np.array([[5.0, 7.0]]) + way * (APART + behind)
    found = segments(entry, leave, np.array([[minor, minor]]), APART, H, share)
    assert np.allclose(found.entry, [[5.0, 7.0]]) and np.allclose(found.slope, way)
