"""Scans of one drawn foil as positions and pits alone, each lying its own way on the stage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, pits_import
from moedal_gui.tasks.loop import run

SIZE = np.array([640, 480])
COLUMNS, ROWS = 4, 3
HOLES = np.array([[330.0, 260.0], [1300.0, 1180.0], [2200.0, 300.0]])
PIXEL_UM = 2.0


def drawn_pits(count: int = 200, seed: int = 8) -> np.ndarray:
    """Places (count, 2) on the foil, px, none near another."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(np.stack(np.meshgrid(np.arange(20), np.arange(12)), axis=-1).reshape(-1, 2))
    return ((cells + 0.5) * [100.0, 90.0] + rng.uniform(-25, 25, (240, 2)) + [280.0, 180.0])[:count]


def project_of(
    at: Path,
    scans: dict[str, tuple[float, dict[int, tuple[float, float]]]],
    pits: np.ndarray,
    holes: np.ndarray = HOLES,
) -> Path:
    """A project of scans: name -> turn (degrees) and what is wrong (px) with which datum point."""
    found: dict[str, list[list[float]]] = {}
    folders = []
    rng = np.random.default_rng(1)
    for name, (degrees, wrong) in scans.items():
        seen = turned(pits, degrees) + rng.normal(0, 0.4, pits.shape)
        found[name] = in_fields(seen)
        marks = turned(holes, degrees)
        for point, off in wrong.items():
            marks[point] += off
        folders.append(_scan(at / name, name, in_fields(marks)))
    (at / "pits.json").write_text(json.dumps(found))
    with Project.open(at / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters(tuple(folders))))
        run(pits_import.plan(project, pits_import.PitsImportParameters(at / "pits.json", "found")))
    return at / "p.moedal"


def turned(places: np.ndarray, degrees: float) -> np.ndarray:
    """Places as a sheet turned about the middle of the scan shows them."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = SIZE * [COLUMNS, ROWS] / 2
    return np.asarray((places - middle) @ turn.T + middle)


def on_foil(places: np.ndarray, holes: np.ndarray = HOLES) -> np.ndarray:
    """Places in the foil's true frame, um."""
    along = (holes[-1] - holes[0]) / np.hypot(*(holes[-1] - holes[0]))
    return np.asarray((places - holes[0]) @ np.array([along, [-along[1], along[0]]]).T * PIXEL_UM)


def in_fields(places: np.ndarray) -> list[list[float]]:
    """[field, x, y] of places on a grid of fields without overlap."""
    column, row = np.clip(places // SIZE, 0, [COLUMNS - 1, ROWS - 1]).astype(int).T
    local = places - np.stack([column, row], axis=1) * SIZE
    return [[int(c * ROWS + r + 1), float(x), float(y)] for c, r, (x, y) in zip(column, row, local, strict=True)]


def _scan(folder: Path, name: str, datum: list[list[float]]) -> Path:
    folder.mkdir(parents=True)
    centres = {
        str(c * ROWS + r + 1): [c * 640.0 + 319.5, r * 480.0 + 239.5] for c in range(COLUMNS) for r in range(ROWS)
    }
    (folder / "positions.json").write_text(json.dumps({name: centres}))
    (folder / "scan.toml").write_text(
        f'foil = "F"\nscan = "{name}"\npixel_size_um = {PIXEL_UM}\nfield_size_px = [640, 480]\ndatum = {json.dumps(datum)}\n'
        f'[positions]\nfile = "positions.json"\nkey = "{name}"\nunit = "px"\ny_axis = "down"\n'
    )
    return folder
