"""Every pit's best partner, on tracks drawn with errors as a detector makes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from drawn_tracks import APART, H, drawn_foil

from moedal_gui.analysis.links import link
from moedal_gui.analysis.pairing import Geometry, Mouths
from moedal_gui.analysis.partners import Partners, partners


def _both(top: Mouths, bottom: Mouths) -> tuple[Partners, Partners]:
    return partners(top, bottom, link(top, bottom, Geometry(H, APART)))


def test_nearly_every_end_of_a_track_names_its_other_end() -> None:
    top, bottom, of_top, of_bottom, _ = drawn_foil(3, 60, 8, 0.03, 1.0)
    ours, theirs = _both(top, bottom)
    for side, own, other in ((ours, of_top, of_bottom), (theirs, of_bottom, of_top)):
        ends = np.flatnonzero((own >= 0) & np.isin(own, other))
        named = side.partner[ends]
        right = (named >= 0) & (other[np.maximum(named, 0)] == own[ends])
        assert right.mean() >= 0.95
        step = np.hypot(*side.step[ends][right].T)
        assert step.max() <= 130.0
        others = np.flatnonzero(own < 0)
        assert np.median(side.evidence[ends]) > np.median(side.evidence[others]) + 5.0
        assert side.linked[ends].mean() > 0.9 and side.link_score[others].mean() < 0.15


def test_two_ends_agree_about_each_other() -> None:
    top, bottom, *_ = drawn_foil(4, 60, 6, 0.03, 1.0)
    ours, theirs = _both(top, bottom)
    linked = np.flatnonzero(ours.linked)
    back = theirs.partner[ours.partner[linked]]
    assert (back == linked).all()
    np.testing.assert_allclose(ours.step[linked], -theirs.step[ours.partner[linked]])
    np.testing.assert_allclose(ours.evidence[linked], theirs.evidence[ours.partner[linked]])


def test_without_its_partner_an_oblique_pit_points_to_where_it_would_be() -> None:
    top, bottom, of_top, of_bottom, _ = drawn_foil(5, 10, 10, 0.02, 1.0)
    real = _both(top, bottom)[0]
    tracks = np.flatnonzero((of_top >= 0) & (real.partner >= 0))
    tracks = tracks[of_bottom[real.partner[tracks]] == of_top[tracks]]
    far = tracks[np.hypot(*real.step[tracks].T) > 25.0]
    kept = ~np.isin(of_bottom, of_top[far])
    blind = _both(top, bottom.taken(kept))[0]
    lone = far[blind.partner[far] < 0]
    assert len(lone) >= 10
    away = np.hypot(*(blind.step[lone] - real.step[lone]).T)
    assert np.median(away) < 12.0


def test_the_whole_foil_turned_and_moved_gives_the_same_partners() -> None:
    top, bottom, *_ = drawn_foil(6, 40, 6, 0.03, 1.0)
    turn = np.deg2rad(30.0)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def moved(mouths: Mouths) -> Mouths:
        return replace(mouths, places=mouths.places @ matrix.T + [500.0, -90.0], azimuth=mouths.azimuth + turn)

    linking = link(top, bottom, Geometry(H, APART))
    here = partners(top, bottom, linking)
    there = partners(moved(top), moved(bottom), linking)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_array_equal(a.partner, b.partner)
        np.testing.assert_allclose(a.step @ matrix.T, b.step, atol=1e-6)
        np.testing.assert_allclose(a.evidence, b.evidence, atol=1e-6)


def test_an_empty_surface_leaves_nobody_with_a_partner() -> None:
    top, bottom, *_ = drawn_foil(7, 20, 3, 0.03, 1.0)
    linking = link(top, bottom, Geometry(H, APART))
    nothing = np.zeros(0, np.intp)
    empty = replace(linking, score=np.zeros(0), pairs=replace(linking.pairs, top=nothing, bottom=nothing))
    ours, theirs = partners(top, bottom.taken(nothing), empty)
    assert (ours.partner == -1).all() and np.isfinite(ours.step).all() and len(theirs.partner) == 0
