"""Scans of one foil that do not lie on each other are told, and nothing of one is taken for something of the other."""

import json
import shutil
from pathlib import Path

import pytest
from drawn_scans import drawn_pits, project_of

from moedal_gui.core.errors import NotFoundError
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, ingest, link, pits_import, preselect
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.mouths import foil_pits, scan_pits
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.placement.placing import placement_of


@pytest.fixture(scope="module")
def apart(foil: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose second scan is described as mirrored the wrong way."""
    at = tmp_path_factory.mktemp("apart")
    for name in ("c1", "cr"):
        shutil.copytree(foil / name, at / name)
    description = at / "cr" / "scan.toml"
    text = description.read_text(encoding="utf-8")
    assert "mirrored = false" in text
    description.write_text(text.replace("mirrored = false", "mirrored = true"), encoding="utf-8")
    with Project.open(at / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((at / "c1", at / "cr"))))
        run(preselect.plan(project, preselect.PreselectParameters()))
        told = run(register.plan(project, register.RegisterParameters()))
        assert "do not lie on each other" in told.sentence and told.doubtful
        run(link.plan(project, link.LinkParameters()))
    return at / "p.moedal"


def test_no_pit_is_taken_for_one_of_the_other_scan(apart: Path) -> None:
    with Project.open(apart) as project:
        scans = project.catalogue.scans()
        alone = [scan_pits(project, scan, None) for scan in scans]
        assert len(foil_pits(project, scans, None)) == sum(len(t) for t in alone if t is not None) > 60
        assert all_pits(project)["twin_id"].isna().all()


def test_nothing_is_placed_in_the_stage_of_the_other_scan(apart: Path, tmp_path: Path) -> None:
    with Project.open(apart) as project:
        words = export.ExportParameters("candidates", tmp_path / "c.csv", format="csv", all=True, stage_of="c1")
        with pytest.raises(NotFoundError, match="do not lie on each other"):
            run(export.plan(project, words))


def test_how_badly_they_lie_can_still_be_measured(apart: Path) -> None:
    with Project.open(apart) as project:
        told = run(evaluate.plan(project, evaluate.EvaluateParameters(truth_scan="c1"))).values
        assert told["true"] > 30 and told["efficiency"]["value"] < 0.6


def test_scans_that_lie_on_each_other_share_their_pits(worked: Path) -> None:
    with Project.open(worked) as project:
        assert all_pits(project)["twin_id"].notna().mean() > 0.5


def test_scans_of_different_parts_lie_beside_each_other(tmp_path: Path) -> None:
    at = project_of(tmp_path, {"a": (0.0, {}), "b": (1.0, {})}, drawn_pits())
    found = json.loads((tmp_path / "pits.json").read_text(encoding="utf-8"))
    halves = {"a": [p for p in found["a"] if p[0] <= 6], "b": [p for p in found["b"] if p[0] > 6]}
    assert min(len(pits) for pits in halves.values()) > 60
    (tmp_path / "halves.json").write_text(json.dumps(halves), encoding="utf-8")
    with Project.open(at, write=True) as project:
        run(pits_import.plan(project, pits_import.PitsImportParameters(tmp_path / "halves.json", "halves")))
        said = run(register.plan(project, register.RegisterParameters())).sentence
        one, other = (placement_of(project, scan) for scan in project.catalogue.scans())
    assert "hardly any part of the foil in common" in said and "do not lie on each other" not in said
    assert one.lies_on(other)
