"""Real stage data: two sides of a sheet onto each other."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moedal_gui.analysis.doubles import doubles
from moedal_gui.analysis.registration import agreement, refine, stage_placement, tied
from moedal_gui.core.scan import DatumPoint, ScanDescription

PX = 6.4516


def _places(real: Path, scan: str) -> np.ndarray:
    folder = real / "moedal_stage"
    positions, pits, fiducials = (
        json.loads((folder / n).read_text()) for n in ("positions.json", "pits_local.json", "fiducials.json")
    )
    reverse = scan in fiducials["reverse_scans"]
    datum = tuple(DatumPoint(str(f), x, y) for f, x, y in fiducials["datum_points_image_x_y"][scan])
    description = ScanDescription(
        "F",
        scan,
        (),
        orientation="reverse" if reverse else "normal",
        mirrored=reverse,
        pixel_size_um=PX,
        stage_unit="inch",
        datum=datum,
    )
    fields = pd.DataFrame(
        [(k, 640, 480, *v) for k, v in positions[scan].items()],
        columns=["field", "width", "height", "stage_x", "stage_y"],
    )
    placement = stage_placement(description, fields)
    assert tied(placement, description)
    table = pd.DataFrame(pits[scan], columns=["field", "x_px", "y_px"])
    table = table.assign(field=table["field"].astype(str), pit_id=range(len(table)), surface=None, minor_px=np.nan)
    twice = doubles(table, placement)
    table = table[~table["pit_id"].isin(list(twice))]
    return placement.to_frame(table["field"], table["x_px"], table["y_px"])


def test_two_real_sides_agree_after_refinement(real: Path) -> None:
    a, b = _places(real, "c1"), _places(real, "cr")
    before = agreement(a, b, PX)
    correction = refine(a, b, PX)
    assert correction is not None
    after = agreement(a, b + correction(b), PX)
    assert before.within[2] >= 0.87
    assert after.within[2] >= 0.87 and after.within[0] >= 0.80 and after.rms_px < 0.9
    assert after.shifted_within_6px < 0.01


@pytest.mark.parametrize(("turn", "shift"), [(0.0, (-2.5, -4.3)), (0.003, (12.0, -9.0)), (-0.004, (0.0, 30.0))])
def test_refinement_survives_a_poor_datum(real: Path, turn: float, shift: tuple[float, float]) -> None:
    a, b = _places(real, "c1"), _places(real, "cr")
    c, s = np.cos(turn), np.sin(turn)
    moved = (b - b.mean(axis=0)) @ np.array([[c, s], [-s, c]]) + b.mean(axis=0) + np.array(shift) * PX
    correction = refine(a, moved, PX)
    assert correction is not None
    assert agreement(a, moved + correction(moved), PX).within[0] >= 0.80


def test_unrelated_pits_are_not_forced_onto_each_other() -> None:
    rng = np.random.default_rng(3)
    assert refine(rng.uniform(0, 5000, (400, 2)), rng.uniform(0, 5000, (400, 2)), 1.0) is None
