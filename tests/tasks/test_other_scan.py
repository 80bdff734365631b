"""Scans without datum points tied by their pits, and one scan as the truth of another, on places alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.core.label import Label
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, pits_import
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.placement.placing import placement_of

SIZE = np.array([640, 480])
COLUMNS, ROWS = 4, 3
MISSED, FALSE, TWICE = 12, 9, 5
BEAM = np.array([-10.0, 7.0])


def _in_fields(places: np.ndarray) -> list[list[float]]:
    """[field, x, y] of places on a grid of fields without overlap."""
    column, row = np.clip(places // SIZE, 0, [COLUMNS - 1, ROWS - 1]).astype(int).T
    local = np.minimum(places - np.stack([column, row], axis=1) * SIZE, SIZE - 1)
    return [[int(c * ROWS + r + 1), float(x), float(y)] for c, r, (x, y) in zip(column, row, local, strict=True)]


def _scan(folder: Path, name: str, stage: tuple[float, float]) -> Path:
    folder.mkdir()
    centres = {
        str(c * ROWS + r + 1): [
            stage[0] + c * SIZE[0] + (SIZE[0] - 1) / 2, stage[1] + r * SIZE[1] + (SIZE[1] - 1) / 2,
        ]
        for c in range(COLUMNS) for r in range(ROWS)
    }  # fmt: skip
    (folder / "positions.json").write_text(json.dumps({name: {k: [float(x) for x in v] for k, v in centres.items()}}))
    (folder / "scan.toml").write_text(
        f'foil = "F"\nscan = "{name}"\npixel_size_um = 2.0\nfield_size_px = [640, 480]\n'
        f'[positions]\nfile = "positions.json"\nkey = "{name}"\nunit = "px"\ny_axis = "down"\n'
    )
    return folder


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans without datum of 200 pits: the second, turned by 3 degrees, misses some, adds some, sees some twice."""
    at = tmp_path_factory.mktemp("tied")
    rng = np.random.default_rng(8)
    extent = SIZE * [COLUMNS, ROWS]
    cells = rng.permutation(np.stack(np.meshgrid(np.arange(20), np.arange(12)), axis=-1).reshape(-1, 2))
    spots = (cells + 0.5) * [100.0, 90.0] + rng.uniform(-25, 25, (240, 2)) + [280.0, 180.0]
    pits, others = spots[:200], spots[200 : 200 + FALSE]
    angle = np.deg2rad(3.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = np.vstack(
        [pits[MISSED:] + rng.normal(0, 0.8, (200 - MISSED, 2)), others, pits[-TWICE:] + np.array([5.0, 0.0])]
    )
    found = (found - extent / 2) @ turn.T + extent / 2
    (at / "pits.json").write_text(json.dumps({"a": _in_fields(pits), "b": _in_fields(found)}))
    scans = (_scan(at / "a", "a", (0.0, 0.0)), _scan(at / "b", "b", (9000.0, -4000.0)))
    with Project.open(at / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters(scans)))
        run(pits_import.plan(project, pits_import.PitsImportParameters(at / "pits.json", "found")))
        said = run(register.plan(project, register.RegisterParameters()))
        pair = said.values["pairs"][0]
        assert pair["tied_by"] == "pits" and pair["datum"] is None and "tied by the pits" in said.sentence
        assert pair["refined"]["within_2px"] > 0.85
        a, b = (placement_of(project, project.catalogue.scan(name)) for name in ("a", "b"))
        assert a.frame == b.frame
    return at / "p.moedal"


def _evaluated(project: Project, **words: object) -> dict:  # type: ignore[type-arg]
    return dict(run(evaluate.plan(project, evaluate.EvaluateParameters(**words))).values)  # type: ignore[arg-type]


def test_misses_false_finds_and_fragments_are_counted(tied: Path) -> None:
    with Project.open(tied) as project:
        told = _evaluated(project, truth_scan="a")
    assert (told["true"], told["matched"], told["found"]) == (200, 200 - MISSED, 200 - MISSED + FALSE + TWICE)
    assert [len(told[name]) for name in ("misses", "false_finds", "fragments")] == [MISSED, FALSE, TWICE]
    lost = json.loads((tied.parent / "pits.json").read_text())["a"][:MISSED]
    assert {(m["field"], m["x_px"]) for m in told["misses"]} == {(str(f), round(x, 3)) for f, x, _ in lost}
    assert all(m["pit_id"] > 0 for m in told["misses"])
    assert all(m["expected"]["scan"] == "b" and 0 <= m["expected"]["x_px"] <= 640 for m in told["misses"])
    for axis in ("x", "y"):
        sigma = told["resolution_px"][axis]
        assert sigma["low"] < 0.8 < sigma["high"] and sigma["high"] - sigma["low"] < 0.35
    assert [c["cut_px"] for c in told["cuts"]] == [float(c) for c in range(2, 21)]
    assert all(x["matched"] <= y["matched"] for x, y in zip(told["cuts"], told["cuts"][1:], strict=False))
    assert sum(f["true"] for f in told["per_field"].values()) == 200 and told["candidates_true"] == 0


def test_an_offset_is_searched_or_taken_as_given(tied: Path) -> None:
    with Project.open(tied) as project:
        assert np.abs(_evaluated(project, truth_scan="a")["scans"][0]["offset_px"]).max() < 0.5
        given = _evaluated(project, truth_scan="a", offset_px="-10,7")
        assert given["matched"] < 20
        with pytest.raises(ArgumentError, match="leaves no pit of a on any picture"):
            _evaluated(project, truth_scan="a", offset_px="1e9,0")
    assert given["scans"][0]["offset_px"] == BEAM.tolist() and not given["scans"][0]["offset_searched"]


def test_labels_serve_as_truth_too(tied: Path) -> None:
    with Project.open(tied, write=True) as project:
        with pytest.raises(NotFoundError):
            _evaluated(project, truth_scan="a", truth_of="labels")
        seen = json.loads((tied.parent / "pits.json").read_text())["a"][MISSED : MISSED + 34]
        words = ["top"] * 30 + ["maybe"] * 4
        project.labels.give([
            Label("F", "a", str(f), x, y, word, "", "ada") for word, (f, x, y) in zip(words, seen, strict=True)
        ])  # fmt: skip
        told = _evaluated(project, truth_scan="a", truth_of="labels")
    assert told["true"] == 30 and told["matched"] == 30


def test_words_that_do_not_go_together_are_refused(tied: Path) -> None:
    with Project.open(tied) as project:
        for words in (
            {}, {"truth_scan": "a", "truth": Path("t.csv")}, {"truth_scan": "a", "offset_px": "seven"},
            {"truth": Path("t.csv"), "offset_px": "1,2"},
        ):  # fmt: skip
            with pytest.raises(ArgumentError):
                evaluate.plan(project, evaluate.EvaluateParameters(**words))  # type: ignore[arg-type]
        with pytest.raises(NotFoundError):
            _evaluated(project, truth_scan="a", scan="a")
