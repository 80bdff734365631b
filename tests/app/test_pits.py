"""The index gives what a plain search would, whatever the view."""

from __future__ import annotations

import numpy as np
import pytest

from moedal_gui.app.pits import PitSheet, _sort_into_cells


def sheet_of(count: int, size: tuple[int, int]) -> PitSheet:
    import pandas as pd

    random = np.random.default_rng(1)
    x, y = random.uniform(0, size[0], count), random.uniform(0, size[1], count)
    cells, starts, order = _sort_into_cells(x, y, size)
    flat = np.full(count, 8.0)
    table = pd.DataFrame({"pit_id": np.arange(count)})
    return PitSheet(
        table, x, y, flat, flat, flat, np.zeros(count, np.int8), np.full(count, -1), "", {}, starts, order, cells
    )


@pytest.mark.parametrize(
    "box", [(0, 0, 900, 700), (100.5, 50, 130, 90), (-50, -50, 10, 10), (850, 650, 2000, 2000), (5000, 0, 6000, 10)]
)
def test_pits_in_a_box(box: tuple[float, float, float, float]) -> None:
    pits = sheet_of(3000, (900, 700))
    x0, y0, x1, y1 = box
    plain = np.flatnonzero((pits.x >= x0) & (pits.x < x1) & (pits.y >= y0) & (pits.y < y1))
    assert sorted(pits.rows_in(box)) == plain.tolist()
    assert pits.number_near(box) >= len(plain)


@pytest.mark.parametrize("side", [20.0, 64.0, 100.0, 300.0])
def test_counts_miss_no_pit(side: float) -> None:
    pits = sheet_of(3000, (900, 700))
    assert pits.counts_in((0, 0, 900, 700), side).counts.sum() == 3000


def test_the_nearest_pit_is_found_within_reach_or_inside_its_mouth() -> None:
    pits = sheet_of(500, (900, 700))
    assert pits.nearest(float(pits.x[7]) + 0.3, float(pits.y[7]), 2.0) == 7
    assert pits.nearest(-200.0, -200.0, 5.0) is None


def test_a_million_pits_answer_at_once() -> None:
    import time

    pits = sheet_of(1_000_000, (12_400, 11_600))
    begun = time.perf_counter()
    for k in range(50):
        pits.rows_in((k * 100, k * 100, k * 100 + 800, k * 100 + 600))
        pits.counts_in((0, 0, 12_400, 11_600), 400.0)
    assert (time.perf_counter() - begun) / 50 < 0.02
