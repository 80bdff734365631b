"""The way from scan folders to candidates, by tasks, on a simulated foil scanned from both sides."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.candidate import CANDIDATE_COLUMNS, PIT_COLUMNS
from moedal_gui.core.errors import ArgumentError, ExportError, NotFoundError, TableError
from moedal_gui.core.label import Label
from moedal_gui.store.project import Project
from moedal_gui.tasks import (
    candidate_table,
    export,
    info,
    ingest,
    link,
    pit_table,
    pits_import,
    preselect,
    remove,
    report,
)
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.labels import label_import, label_table
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.placement.placing import placement_of


def _export(project: Project, path: Path, what: str, **words: object) -> Path:
    run(export.plan(project, export.ExportParameters(what, path, **words)))  # type: ignore[arg-type]
    return path


def test_ingesting_again_adds_only_what_is_new(foil: Path, tmp_path: Path) -> None:
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        first = run(ingest.plan(project, ingest.IngestParameters((foil / "c1",))))
        again = ingest.plan(project, ingest.IngestParameters((foil / "c1",)))
        assert first.values["scans"][0]["new_fields"] == 6 and not again.units
        assert run(again).values["scans"][0]["new_fields"] == 0
        assert len(project.catalogue.scans()) == 1


def test_words_win_over_files_and_stay(foil: Path, tmp_path: Path) -> None:
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1",))))
        polarity = project.catalogue.scan("c1").description.polarity
        other = "lit" if polarity == "inverted" else "inverted"
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1",), polarity=other)))
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1",))))
        assert project.catalogue.scan("c1").description.polarity == other


def test_two_scans_cannot_share_one_name(foil: Path, tmp_path: Path) -> None:
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project, pytest.raises(ArgumentError):
        ingest.plan(project, ingest.IngestParameters((foil / "c1", foil / "cr"), scan="x"))


def test_pits_are_found_with_their_surface_and_doubles_are_merged(worked: Path, foil: Path) -> None:
    with Project.open(worked) as project:
        for scan in ("c1", "cr"):
            words = evaluate.EvaluateParameters(foil / f"truth_{scan}.csv", scan=scan)
            figures = run(evaluate.plan(project, words)).values
            assert figures["efficiency"]["value"] >= 0.85 and figures["purity"]["value"] >= 0.85
            assert figures["surface_accuracy"]["value"] >= 0.95
            assert sum(f["true"] for f in figures["per_field"].values()) == figures["true"]


def test_both_sides_land_on_each_other(worked: Path) -> None:
    with Project.open(worked) as project:
        pairs = project.catalogue.current_run("register").summary["pairs"]  # type: ignore[union-attr]
        assert pairs[0]["a"] == "c1" and pairs[0]["refined"]["within_2px"] > 0.8 and pairs[0]["refined"]["rms_px"] < 1.0


def test_tables_have_their_columns_and_a_pit_has_its_twin(worked: Path, tmp_path: Path) -> None:
    with Project.open(worked) as project:
        pits = pd.read_csv(_export(project, tmp_path / "pits.csv", "pits", all=True), dtype={"field": str})
        assert tuple(pits.columns) == PIT_COLUMNS and pits["pit_id"].is_unique
        twins = pits.dropna(subset=["twin_id"]).set_index("pit_id")
        assert len(twins) > 0.5 * len(pits)
        assert all(twins.loc[int(t), "twin_id"] == p for p, t in twins["twin_id"].items())
        candidates = pd.read_csv(_export(project, tmp_path / "c.csv", "candidates", all=True))
        assert tuple(candidates.columns) == CANDIDATE_COLUMNS
        side = pits.set_index("pit_id")["surface"]
        assert (side.loc[candidates["entry_pit"]] == "top").all() and (
            side.loc[candidates["exit_pit"]] == "bottom"
        ).all()
        assert candidates["entry_pit"].is_unique and candidates["exit_pit"].is_unique


@pytest.mark.parametrize("stage_of", [None, "c1", "cr"])
@pytest.mark.parametrize("unit", ["inch", "mm", "um"])
def test_stage_places_land_on_the_pits_again(worked: Path, tmp_path: Path, stage_of: str | None, unit: str) -> None:
    """Read back as a microscope would: from the stage's own positions of the scan's fields."""
    with Project.open(worked) as project:
        table = candidate_table.candidate_table(project, everything=True, stage_unit=unit, stage_of=stage_of)
        listed = pd.read_csv(
            _export(
                project, tmp_path / "s.csv", "candidates", format="stage", all=True, stage_unit=unit, stage_of=stage_of
            )
        )
        assert sorted(listed["name"]) == sorted(f"c{i}_{e}" for i in table["candidate_id"] for e in ("entry", "exit"))
        every = pit_table.all_pits(project).set_index("pit_id")
        per_um = {"inch": 25400.0, "mm": 1000.0, "um": 1.0}[unit]
        for row in listed.itertuples():
            number, end = str(row.name)[1:].split("_")
            candidate = table[table["candidate_id"] == int(number)].iloc[0]
            pit = every.loc[candidate[f"{end}_pit"]]
            scan = project.catalogue.scan(candidate[f"{end}_stage_scan"])
            fields, size = project.catalogue.fields(scan.scan_id), scan.description.pixel_size_um
            # the pit as that scan sees it: its own pixels, or its twin's
            seen = (
                pit
                if pit["scan"] == scan.scan
                else (every.loc[pit["twin_id"]] if np.isfinite(pit["twin_id"]) else None)
            )
            if seen is None:
                continue
            field = fields[fields["field"] == seen["field"]].iloc[0]
            x = (row.x * per_um - field["stage_x"] * 25400.0) / size + (field["width"] - 1) / 2
            y = -(row.y * per_um - field["stage_y"] * 25400.0) / size + (field["height"] - 1) / 2
            assert np.hypot(x - seen["x_px"], y - seen["y_px"]) < 4.0


def test_every_format_is_what_its_readers_expect(worked: Path, tmp_path: Path) -> None:
    with Project.open(worked) as project:
        count = len(candidate_table.candidate_table(project, everything=True))
        positions = json.loads(
            _export(project, tmp_path / "p.pos", "candidates", format="micromanager", all=True).read_text()
        )
        stops = positions["map"]["StagePositions"]["array"]
        assert positions["format"] == "Micro-Manager Property Map" and len(stops) == 2 * count
        assert stops[0]["DevicePositions"]["array"][0]["Position_um"]["type"] == "DOUBLE"
        shapes = json.loads(
            _export(project, tmp_path / "p.geojson", "candidates", format="geojson", all=True).read_text()
        )
        assert shapes["type"] == "FeatureCollection" and all(
            f["geometry"]["type"] == "LineString" for f in shapes["features"]
        )
        rows = json.loads(_export(project, tmp_path / "p.json", "pits", format="json", all=True).read_text())
        assert set(rows[0]) == set(PIT_COLUMNS) and rows[0]["score_candidate"] is None
        page = tmp_path / "r.html"
        run(report.plan(project, report.ReportParameters(page)))
        text = page.read_text()
        assert text.count("data:image/png;base64,") >= 4 and "http" not in text.split("<body>")[1]
        with pytest.raises(ArgumentError):
            export.plan(project, export.ExportParameters("labels", tmp_path / "x", format="stage"))
        with pytest.raises(ExportError):
            export.plan(project, export.ExportParameters("pits", tmp_path / "none" / "x.csv"))
        with pytest.raises(NotFoundError):
            export.plan(project, export.ExportParameters("pits", tmp_path / "x.csv", working_point="mine"))


def test_labels_go_in_once_and_come_out_the_same(project_copy: Path, foil: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        first = run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv"))).values
        again = run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv"))).values
        assert (
            first["added"] == first["read"]
            and again["added"] == 0
            and again["orphans"] == first["orphans"] < 0.2 * first["labels"]
        )
        out = _export(project, tmp_path / "labels.csv", "labels")
        truth, given = pd.read_csv(foil / "truth_c1.csv"), pd.read_csv(out)
        assert len(given) == truth["id"].nunique()  # a pit seen in two fields is one
        pits = pit_table.pit_table(project, project.catalogue.scan("c1"))
        assert (pits["label"] != "").sum() >= 0.8 * len(given)
        # the same labels serve the scan from the other side
        other = pit_table.pit_table(project, project.catalogue.scan("cr"))
        assert (other["label"] != "").sum() >= 0.6 * len(other)


def test_labels_outlive_a_new_preselection_and_the_removal_of_their_run(project_copy: Path, foil: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv")))
        before = len(label_table.label_table(project))
        name = project.catalogue.current_run("preselect", project.catalogue.scan("c1").scan_id).name  # type: ignore[union-attr]
        run(remove.plan(project, remove.RemoveParameters("run", name)))
        assert len(label_table.label_table(project)) == before
        run(remove.plan(project, remove.RemoveParameters("scan", "c1")))
        assert len(project.labels.in_force()) >= before
        assert [s.scan for s in project.catalogue.scans()] == ["cr"]


def test_a_label_moves_with_the_registration_not_away_from_its_pit(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        pits = pit_table.pit_table(project, project.catalogue.scan("cr"))
        pit = pits.iloc[3]
        project.labels.give(
            [Label(pit["foil"], "cr", pit["field"], pit["x_px"], pit["y_px"], "misc", pit["surface"], "ada")]
        )
        run(register.plan(project, register.RegisterParameters()))
        after = pit_table.pit_table(project, project.catalogue.scan("cr")).set_index("pit_id")
        assert after.loc[pit["pit_id"], "label"] == "misc" and (after["label"] != "").sum() == 1


def test_pit_ids_are_never_used_again(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        used = set(pit_table.all_pits(project)["pit_id"])
        for r in project.catalogue.runs("preselect"):
            project.catalogue.remove_run(r.run_id)
        run(preselect.plan(project, preselect.PreselectParameters(scan="c1")))
        assert not used & set(pit_table.all_pits(project)["pit_id"])


def test_pits_of_another_program_become_a_run(project_copy: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        (tmp_path / "p.json").write_text(json.dumps({"c1": [[1, 10, 20], [2, 30.5, 40], [99, 1, 1]]}))
        words = pits_import.PitsImportParameters(tmp_path / "p.json", "theirs")
        done = run(pits_import.plan(project, words)).values["scans"][0]
        assert (done["pits"], done["skipped"], done["run"]) == (2, 1, "theirs")
        assert run(pits_import.plan(project, words)).values["scans"][0]["pits"] == 2
        assert len(pit_table.pit_table(project, project.catalogue.scan("c1"), "theirs")) == 2
        linked = run(link.plan(project, link.LinkParameters()))
        assert linked.values["links"] >= 0
        (tmp_path / "bad.json").write_text('{"c1": [[1, 2]]}')
        with pytest.raises(TableError):
            pits_import.plan(project, pits_import.PitsImportParameters(tmp_path / "bad.json", "x"))


def test_truth_of_both_scans_in_one_file_says_what_one_alone_says(foil: Path, worked: Path, tmp_path: Path) -> None:
    one, other = ((foil / f"truth_{name}.csv").read_text(encoding="utf-8") for name in ("c1", "cr"))
    both = tmp_path / "both.csv"
    with Project.open(worked) as project:
        alone = run(evaluate.plan(project, evaluate.EvaluateParameters(foil / "truth_c1.csv"))).values
        for first, second in ((one, other), (other, one)):
            both.write_text(first + second.partition("\n")[2], encoding="utf-8")
            told = run(evaluate.plan(project, evaluate.EvaluateParameters(both))).values
            for name in ("candidate_efficiency", "candidate_purity"):
                assert told[name]["value"] == pytest.approx(alone[name]["value"]) and told[name]["value"] > 0.5
        with pytest.raises(TableError, match="are of c1, not of cr"):
            evaluate.plan(project, evaluate.EvaluateParameters(foil / "truth_c1.csv", scan="cr"))


def test_candidates_count_where_the_truth_has_no_pair(foil: Path, worked: Path, tmp_path: Path) -> None:
    truth = pd.read_csv(foil / "truth_c1.csv")
    with Project.open(worked) as project:
        many = run(evaluate.plan(project, evaluate.EvaluateParameters(foil / "truth_c1.csv"))).values[
            "candidates_found"
        ]
        for pairs, purity in ((truth.drop(columns="pair"), None), (truth.assign(pair=""), 0.0)):
            pairs.to_csv(tmp_path / "t.csv", index=False)
            told = run(evaluate.plan(project, evaluate.EvaluateParameters(tmp_path / "t.csv"))).values
            assert told["candidates_found"] == many > 0 and told["candidate_purity"]["value"] == purity
            fields = [f for f in told["per_field"].values() if f["candidates_found"]]
            assert fields and all(f["candidate_purity"]["value"] == purity for f in fields)


def test_labels_on_a_map_lie_on_the_foil(foil: Path, project_copy: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv")))
        run(export.plan(project, export.ExportParameters("labels", tmp_path / "l.geojson", format="geojson")))
        pits = all_pits(project)
    features = json.loads((tmp_path / "l.geojson").read_text(encoding="utf-8"))["features"]
    at = np.array([f["geometry"]["coordinates"] for f in features])
    away = np.hypot(*(at[:, None] - pits[["x_um", "y_um"]].to_numpy()[None]).transpose(2, 0, 1)).min(axis=1)
    assert len(at) > 50 and np.median(away) < 10.0


def test_positions_without_pictures_are_registered_and_exported(real: Path, tmp_path: Path) -> None:
    folder = real / "moedal_stage"
    fiducials = json.loads((folder / "fiducials.json").read_text())
    for scan in ("c1", "cr"):
        where = tmp_path / scan
        where.mkdir()
        (where / "positions.json").write_bytes((folder / "positions.json").read_bytes())
        reverse = scan in fiducials["reverse_scans"]
        (where / "scan.toml").write_text(
            f'foil = "NTD"\nscan = "{scan}"\norientation = "{"reverse" if reverse else "normal"}"\nmirrored = {str(reverse).lower()}\n'
            f"pixel_size_um = 6.4516\ndatum = {fiducials['datum_points_image_x_y'][scan]}\n"
            f'[positions]\nfile = "positions.json"\nkey = "{scan}"\nunit = "inch"\ny_axis = "up"\n'
        )
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1", tmp_path / "cr"))))
        run(pits_import.plan(project, pits_import.PitsImportParameters(folder / "pits_local.json", "lab")))
        told = run(register.plan(project, register.RegisterParameters()))
        pair = told.values["pairs"][0]
        assert not told.doubtful
        assert pair["refined"]["within_6px"] >= 0.87 and pair["refined"]["within_2px"] >= 0.80
        listed = pd.read_csv(_export(project, tmp_path / "s.csv", "pits", format="stage", stage_of="c1"))
        assert len(listed) > 6000 and listed["x"].between(3.0, 6.5).mean() > 0.99
        assert run(link.plan(project, link.LinkParameters())).values["candidates"] == 0
        assert info.of_project(project).values["scans"][0]["fields_with_pictures"] == 0


def test_fields_without_positions_have_frames_of_their_own(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a", "b"):
        Image.fromarray(np.full((60, 80), 99, np.uint8)).save(tmp_path / f"{name}.png")
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path,), pixel_size_um=2.0)))
        scan = project.catalogue.scans()[0]
        placement = placement_of(project, scan)
        assert placement.frame_of("a") != placement.frame_of("b")
        assert placement.to_frame(["b"], [10.0], [20.0]).tolist() == [[20.0, 40.0]]
        assert run(preselect.plan(project, preselect.PreselectParameters())).values["scans"][0]["pits"] == 0


def test_a_bulk_etch_that_the_pits_contradict_loses_no_candidates_and_is_told(
    project_copy: Path, foil: Path, tmp_path: Path
) -> None:
    with Project.open(project_copy, write=True) as project:
        before = run(link.plan(project, link.LinkParameters())).values
        stated = project.catalogue.scan("c1").description.bulk_etch_um
        assert stated is not None and "weighed_by_px" not in before["foils"][0]
        wrong = tmp_path / "wrong.toml"
        wrong.write_text(f"bulk_etch_um = {0.45 * stated}\n", encoding="utf-8")
        for scan in ("c1", "cr"):
            run(ingest.plan(project, ingest.IngestParameters((foil / scan,), describe=wrong)))
        outcome = run(link.plan(project, link.LinkParameters()))
        row = outcome.values["foils"][0]
        assert "the pits contradict the etching that was stated" in outcome.sentence and "weighed_by_px" in row
        assert outcome.doubtful and any("contradict" in words for words in info.doubts_of(project))
        assert outcome.values["candidates"] >= 0.8 * before["candidates"]
        assert row["bulk_etch_px"] == pytest.approx(0.45 * before["foils"][0]["bulk_etch_px"], abs=0.01)
        links = project.catalogue.links.of_run(project.catalogue.current_run("link").run_id, everything=True)  # type: ignore[union-attr]
        way = np.hypot(links["dx_px"], links["dy_px"])
        told = np.degrees(np.arctan2(row["surfaces_apart_px"], way))
        assert np.allclose(links["dip_deg"], told, atol=1e-6)


def test_scans_that_state_different_etchings_are_told(project_copy: Path, foil: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        other = tmp_path / "other.toml"
        other.write_text("bulk_etch_um = 999.0\n", encoding="utf-8")
        run(ingest.plan(project, ingest.IngestParameters((foil / "cr",), describe=other)))
        said = run(link.plan(project, link.LinkParameters())).sentence
    assert "its scans do not agree" in said and "999 by cr" in said
