"""Pictures that lie otherwise in their fields than scan.toml says are named, and nothing is said of those that lie right."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_scans import SIZE, drawn_pits, in_fields, turned

from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, pits_import
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register

POSITIONS = {str(c * 4 + r + 1): [c * 640.0 + 319.5, r * 480.0 + 239.5] for c in range(4) for r in range(4)}


def _registered(at: Path, b: list[list[float]], datum: np.ndarray | None) -> tuple[str, bool, dict[str, Any]]:
    """Scan a as it is, and b with the pits that are given, [field, x, y]."""
    found = {"a": in_fields(drawn_pits() + np.random.default_rng(2).normal(0, 0.3, (200, 2))), "b": b}
    for name in found:
        folder = at / name
        folder.mkdir()
        (folder / "positions.json").write_text(json.dumps({name: POSITIONS}))
        stated = f"datum = {json.dumps(in_fields(datum))}\n" if datum is not None else ""
        (folder / "scan.toml").write_text(
            f'foil = "F"\nscan = "{name}"\npixel_size_um = 2.0\nfield_size_px = [640, 480]\n{stated}'
            f'[positions]\nfile = "positions.json"\nkey = "{name}"\nunit = "px"\ny_axis = "down"\n'
        )
    (at / "pits.json").write_text(json.dumps(found))
    with Project.open(at / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((at / "a", at / "b"))))
        run(pits_import.plan(project, pits_import.PitsImportParameters(at / "pits.json", "found")))
        told = run(register.plan(project, register.RegisterParameters()))
    return told.sentence, told.doubtful, dict(told.values)


@pytest.mark.parametrize(
    ("turn", "said"),
    [((-1, -1), "turned by 180 degrees"), ((-1, 1), "mirrored in x"), ((1, -1), "mirrored in y"), ((1, 1), "")],
)
def test_pictures_turned_in_their_fields_are_named(tmp_path: Path, turn: tuple[int, int], said: str) -> None:
    middle = 0.5 * (np.asarray(SIZE) - 1)
    b = [[f, *(np.array([x, y] - middle) * turn + middle)] for f, x, y in in_fields(turned(drawn_pits(), 0.3))]
    holes = np.array([[300.0, 200.0], [2300.0, 300.0], [2200.0, 1200.0]])
    sentence, doubtful, _ = _registered(tmp_path, b, holes)
    assert doubtful == bool(said), sentence
    assert (
        (f"of them {said}" in sentence and "check y_axis, orientation" in sentence and "disagree" not in sentence)
        if said
        else "check" not in sentence
    ), sentence


def test_a_mirrored_scan_without_datum_is_named(tmp_path: Path) -> None:
    mirrored = drawn_pits() * [-1, 1] + [4 * 640 - 1, 0]
    sentence, doubtful, values = _registered(tmp_path, in_fields(mirrored), None)
    assert doubtful and "only if one were mirrored" in sentence
    assert values["pairs"][0]["refined"] is None
