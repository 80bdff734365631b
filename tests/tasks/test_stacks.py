"""Tracks through a simulated stack of three sheets, from scan.toml to the exported list."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.candidate import TRACK_COLUMNS
from moedal_gui.core.errors import DescriptionError
from moedal_gui.formats.description import parse_description
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, info, ingest, link
from moedal_gui.tasks.candidate_table import candidate_table
from moedal_gui.tasks.loop import run

TRACKS = 16


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three sheets, their true pits measured as a detector would, linked."""
    at = tmp_path_factory.mktemp("stack")
    folders = simulate_foil(at / "scans", SimulationParameters(
        seed=21, columns=4, rows=3, pits_low=6, pits_high=9, candidates=TRACKS, channels=1, both_sides=False, sheets=3,
        field_size=(320, 240), h_px=10.0, surfaces_apart_px=60.0,
    ))  # fmt: skip
    rng = np.random.default_rng(2)
    with Project.open(at / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters(tuple(folders))))
        for scan in project.catalogue.scans():
            truth = pd.read_csv(at / "scans" / f"truth_{scan.scan}.csv", dtype={"field": str})
            truth[["x_px", "y_px"]] += rng.normal(0, 0.4, (len(truth), 2))
            truth[["major_px", "minor_px"]] *= np.exp(rng.normal(0, 0.03, (len(truth), 2)))
            _enter(project, scan.scan_id, truth.assign(surface_score=0.9, probability=0.9, snr=9.0))
        run(link.plan(project, link.LinkParameters()))
    return at


def _enter(project: Project, scan_id: int, pits: pd.DataFrame) -> None:
    made = project.catalogue.open_run("preselect", scan_id, {"method": "auto"}, "test", "test")
    for row in project.catalogue.fields(scan_id).itertuples():
        project.catalogue.add_pits(made.run_id, int(row.field_id), pits[pits["field"] == row.field])
    project.catalogue.finish_run(made.run_id, {"pits": len(pits)})


def _true_pairs(at: Path, project: Project) -> dict[int, float]:
    """Pit id -> number of the true track, NaN for none."""
    found: dict[int, float] = {}
    for scan in project.catalogue.scans():
        truth = pd.read_csv(at / "scans" / f"truth_{scan.scan}.csv", dtype={"field": str})
        pits = project.catalogue.pits(project.catalogue.current_run("preselect", scan.scan_id).run_id, merged=False)
        for name, group in pits.groupby("field"):
            mine = truth[truth["field"] == name]
            found |= dict(zip(group["pit_id"].tolist(), mine["pair"].tolist(), strict=True))
    return found


def _whole_tracks(at: Path) -> set[int]:
    """Numbers of the tracks of which all six ends were photographed."""
    parts = [pd.read_csv(f).dropna(subset="pair") for f in sorted((at / "scans").glob("truth_*.csv"))]
    seen = pd.concat(parts).groupby("pair")[["scan", "surface"]].apply(lambda g: len(g.drop_duplicates()))
    return set(seen.index[seen == 6].astype(int))


def test_tracks_are_those_that_went_through(stack: Path) -> None:
    with Project.open(stack / "p.moedal") as project:
        table, pair = candidate_table(project, everything=True), _true_pairs(stack, project)
        told = project.catalogue.current_run("link").summary["stacks"]
    (one,) = told
    assert [s["sheet"] for s in one["sheets"]] == [1, 2, 3] and one["expected_accidentals"] < 1
    tracks = table.dropna(subset="track_id")
    assert len(tracks) == sum(int(n) * count for n, count in one["through"].items()) > TRACKS
    for _, links in tracks.groupby("track_id"):
        ends = {pair[int(p)] for p in [*links["entry_pit"], *links["exit_pit"]]}
        assert len(ends) == 1 and np.isfinite(ends.pop())
        assert links["foil"].is_unique and (links["sheets"] == len(links)).all() and links["passes"].all()
    whole = _whole_tracks(stack)
    assert len(whole) >= 6 and int(one["through"]["3"]) >= 0.85 * len(whole)
    assert all(abs(j["gap_px"] - 20.0) < 4 for j in one["joints"])
    alone = table[table["track_id"].isna()]
    assert (alone["sheets"] == 1).all() and alone["track_accidental_probability"].isna().all()


def test_sheets_are_in_the_exported_list_and_in_what_info_says(stack: Path) -> None:
    with Project.open(stack / "p.moedal") as project:
        run(export.plan(project, export.ExportParameters("candidates", stack / "c.csv", format="csv")))
        run(export.plan(project, export.ExportParameters("candidates", stack / "c.json", format="json")))
        said = info.of_project(project)
    rows = list(csv.DictReader((stack / "c.csv").open(encoding="utf-8")))
    assert {r["sheets"] for r in rows} >= {"3"} and list(rows[0])[-3:] == list(TRACK_COLUMNS)
    assert {int(r["sheets"]) for r in json.loads((stack / "c.json").read_text())} >= {3}
    assert "through 3" in said.sentence and said.values["stacks"][0]["tracks"] > 0


def test_a_sheet_that_is_not_here_is_said(stack: Path, tmp_path: Path) -> None:
    at = Path(shutil.copytree(stack / "p.moedal", tmp_path / "p.moedal"))
    with Project.open(at, write=True) as project:
        middle = next(s for s in project.catalogue.scans() if s.description.sheet == 2)
        project.catalogue.remove_scan(middle.scan_id)
        told = run(link.plan(project, link.LinkParameters())).values["stacks"][0]
        assert told["tracks"] == 0 and told["joints"][0]["reason"] == "the sheet between them is not here"
        last = next(s for s in project.catalogue.scans() if s.description.sheet == 3)
        project.catalogue.remove_scan(last.scan_id)
        told = run(link.plan(project, link.LinkParameters())).values["stacks"][0]
        assert told["reason"] == "only one sheet of this stack is here"
        assert candidate_table(project, everything=True)["sheets"].isna().all()


@pytest.mark.parametrize("words", [{"sheet": 0}, {"sheet": "2"}, {"sheet": True}, {"stack": ""}, {"stack": 7}])
def test_a_wrong_place_in_the_stack_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(DescriptionError):
        parse_description(words, Path("scan.toml"))


def test_a_sure_track_makes_candidates_of_links_too_weak_alone() -> None:
    links = pd.DataFrame({"score": [0.2, 0.3, 0.95, 0.1], "passes": [False, False, True, False]})
    tracks = pd.DataFrame({"row": [0, 2, 1, 3], "score": [0.97, 0.97, 0.6, 0.6]})
    assert link.with_tracks(links, tracks).tolist() == [0.97, 0.6, 0.97, 0.6]
    assert links["passes"].tolist() == [True, False, True, False]
