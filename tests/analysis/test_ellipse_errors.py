"""Errors of single ellipses: what covers a mouth, and that links believe a covered or doubtful mouth less."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_tracks import APART, H, drawn_foil
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.analysis.ellipse_errors import covered, with_errors
from moedal_gui.analysis.links import link
from moedal_gui.analysis.pairing import Geometry, Mouths


def _mouths(rows: list[tuple[float, float, float, float, float, int]]) -> Mouths:
    table = np.array(rows, dtype=float).reshape(-1, 6)
    return Mouths(
        table[:, :2], np.log(2 * table[:, 2:4]), table[:, 4], np.full(len(table), 1e-4), table[:, 5].astype(np.intp)
    )


def test_a_mouth_is_covered_by_what_lies_on_it_and_by_nothing_else() -> None:
    one = _mouths([(0, 0, 10, 5, 0.3, 0)])
    assert covered(one, _mouths([(0, 0, 30, 30, 0, 0)])) == pytest.approx([1.0])
    assert covered(one, _mouths([(60, 0, 10, 5, 0, 0)])) == pytest.approx([0.0])
    assert covered(one, _mouths([(0, 0, 30, 30, 0, 1)])) == pytest.approx([0.0])  # another frame
    assert covered(one, one) == pytest.approx([0.0])
    # A long thin mouth beside it touches only when it points its way.
    across = [covered(one, _mouths([(0, 14, 12, 2, angle, 0)]))[0] for angle in (0.0, np.pi / 2)]
    assert across[0] == 0.0 < across[1]


@given(apart=st.floats(0.0, 40.0), turn=st.floats(0.0, 6.3), radius=st.floats(4.0, 12.0), other=st.floats(4.0, 12.0))
@settings(max_examples=60, deadline=None)
def test_the_covered_share_of_a_disc_is_that_of_the_lens(
    apart: float, turn: float, radius: float, other: float
) -> None:
    first = _mouths([(5, -3, radius, radius, turn, 0)])
    place = (5 + apart * np.cos(turn), -3 + apart * np.sin(turn))
    found = covered(first, _mouths([(*place, other, other, 0, 0)]))[0]
    big = 1.1 * other
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 201)] * 2), axis=-1).reshape(-1, 2)
    disc = grid[(grid**2).sum(axis=1) <= 1.0] * radius
    wanted = (np.hypot(*(disc - [apart, 0]).T) <= big).mean()
    # 69 points are looked at, and up to eleven of them lie on one ring.
    assert found == pytest.approx(wanted, abs=0.17)


def test_links_that_know_which_ellipses_are_bad_find_more_tracks() -> None:
    top, bottom, ours, theirs, pairs = drawn_foil(3, 150, 6, 0.02, 1.0)
    rng = np.random.default_rng(5)
    chances, spoilt = [], []
    for side in (top, bottom):
        bad = rng.random(len(side)) < 0.3
        chances.append(np.where(bad, 0.7, 0.998))
        axes = side.log_axes + np.where(bad[:, None], rng.normal(0, 0.15, (len(side), 2)), 0.0)
        axes = np.sort(axes, axis=1)[:, ::-1]
        spoilt.append(Mouths(side.places, axes, side.azimuth, side.density, side.frame))

    def right(upper: Mouths, lower: Mouths) -> tuple[float, float]:
        found = link(upper, lower, Geometry(H, APART))
        good = (ours[found.pairs.top] >= 0) & (ours[found.pairs.top] == theirs[found.pairs.bottom])
        picked = found.passes
        return good[picked].sum() / pairs, good[picked].mean()

    blind, seeing = right(*spoilt), right(*with_errors(spoilt[0], spoilt[1], (chances[0], chances[1])))
    assert seeing[0] > blind[0] + 0.01 and seeing[1] > 0.85


def test_who_states_no_chance_is_taken_as_sure() -> None:
    top, bottom, *_ = drawn_foil(1, 20, 1, 0.02, 1.0)
    nothing = (np.full(len(top), np.nan), np.full(len(bottom), np.nan))
    made = with_errors(top, bottom, nothing)
    assert made[0].chance is not None and (made[0].chance == 1.0).all()
    assert made[0].error_growth is not None and made[0].error_growth.min() == pytest.approx(1.0)
