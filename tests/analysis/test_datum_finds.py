"""Finds at the datum points: pin holes, and pits that only lie near them."""

from __future__ import annotations

import pandas as pd

from moedal_gui.analysis.datum_finds import finds_at_datum
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.scan import DatumPoint


def _placement(mirrored: bool = False, loose: frozenset[str] = frozenset()) -> ScanPlacement:
    centres = {"1": (319.5, 239.5), "2": (919.5, 239.5)}  # field 2 begins 600 px farther right
    sizes = dict.fromkeys(centres, (640, 480))
    return ScanPlacement("f", "px", ((1.0, 0.0), (0.0, 1.0)), centres, sizes, mirrored, loose)


def _pits(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["field", "x_px", "y_px", "minor_px"])
    return table.assign(pit_id=range(1, len(table) + 1))


def test_a_hole_is_known_in_every_field_that_shows_it() -> None:
    pits = _pits(("1", 612.0, 100.0, 28.0), ("2", 14.0, 103.0, 28.0), ("2", 40.0, 103.0, 12.0))
    assert finds_at_datum(pits, _placement(), [DatumPoint("1", 611.0, 101.0)]) == {1, 2}
    assert finds_at_datum(pits, _placement(loose=frozenset({"1", "2"})), [DatumPoint("1", 611.0, 101.0)]) == {1}


def test_a_pit_beside_a_datum_point_stays() -> None:
    pits = _pits(("1", 300.0, 100.0, 12.0), ("1", 320.0, 100.0, 40.0))
    assert not finds_at_datum(pits, _placement(), [DatumPoint("1", 304.5, 100.0)])
    assert not finds_at_datum(pits, _placement(), [DatumPoint("9", 300.0, 100.0)])


def test_datum_points_are_never_flopped() -> None:
    pits = _pits(("1", 639.0 - 100.0, 50.0, 20.0))
    assert finds_at_datum(pits, _placement(mirrored=True), [DatumPoint("1", 100.0, 50.0)]) == {1}
