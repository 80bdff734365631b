"""What goes wrong in a lab: repaired files, stuck fields, two foils with one name, stale links, kills while a project is made."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from moedal_gui.core.errors import ArgumentError, DescriptionError, NotFoundError, TableError
from moedal_gui.formats.reading import inspect
from moedal_gui.store.project import Project
from moedal_gui.tasks import candidate_table, export, ingest, link, pits_import, preselect, report
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.labels import label_import, label_table
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import all_pits


def _ingest(path: Path, *scans: Path) -> Project:
    project = Project.open(path, write=True, create=True)
    run(ingest.plan(project, ingest.IngestParameters(scans)))
    return project


def test_a_repaired_picture_is_taken_at_the_next_ingest(foil: Path, tmp_path: Path) -> None:
    scan = Path(shutil.copytree(foil / "c1", tmp_path / "c1"))
    broken = next(scan.glob("*_s2_3.png"))
    whole = broken.read_bytes()
    broken.write_bytes(whole[:200])
    with _ingest(tmp_path / "p.moedal", scan) as project:
        record = project.catalogue.scan("c1")
        assert [r.field for r in project.catalogue.field_rows(record.scan_id) if r.missing] == ["2"]
        again = run(ingest.plan(project, ingest.IngestParameters((scan,)))).values["scans"][0]
        assert again["new_fields"] == 0 and again["problems"] == 1
        broken.write_bytes(whole)
        mended = run(ingest.plan(project, ingest.IngestParameters((scan,)))).values["scans"][0]
        assert mended["new_fields"] == 1 and mended["problems"] == 0
        row = next(r for r in project.catalogue.field_rows(record.scan_id) if r.field == "2")
        assert row.missing == () and row.batch is not None
        assert np.array_equal(project.images.read(row.batch, row.slot)[2], np.asarray(Image.open(broken)))


def test_the_pixel_size_of_the_other_scans_is_offered_and_not_taken_unasked(foil: Path, tmp_path: Path) -> None:
    picture = tmp_path / "bare.png"
    Image.fromarray(np.full((60, 80), 120, np.uint8)).save(picture)
    with _ingest(tmp_path / "p.moedal", foil / "c1") as project:
        known = project.catalogue.scan("c1").description.pixel_size_um
        told = run(ingest.plan(project, ingest.IngestParameters((picture,))))
        assert f"--pixel-size-um {known:g}" in told.sentence
        assert project.catalogue.scan("bare").description.pixel_size_um is None
        told = run(ingest.plan(project, ingest.IngestParameters((picture,), pixel_size_um=known)))
        assert "--pixel-size-um" not in told.sentence
        assert project.catalogue.scan("bare").description.pixel_size_um == known


def test_what_changed_in_a_description_and_what_is_odd_of_a_scan_is_said(foil: Path, tmp_path: Path) -> None:
    scan = Path(shutil.copytree(foil / "c1", tmp_path / "c1"))
    with _ingest(tmp_path / "p.moedal", scan) as project:
        same = run(ingest.plan(project, ingest.IngestParameters((scan,))))
        assert same.values["scans"][0]["changed"] == {} and "changed" not in same.sentence
        before = project.catalogue.scan("c1").description.pixel_size_um
        other = run(ingest.plan(project, ingest.IngestParameters((scan,), pixel_size_um=2.5, orientation="reverse")))
        assert other.values["scans"][0]["changed"] == {
            "pixel_size_um": [before, 2.5],
            "orientation": ["normal", "reverse"],
        }
        assert "orientation from normal to reverse" in other.sentence
        assert f"pixel_size_um from {before} to 2.5" in other.sentence
        lamps = run(ingest.plan(project, ingest.IngestParameters((scan,), azimuths="1,2,3,4,5,6,7,8"))).sentence
        assert "channels" in lamps and "{" not in lamps
        text = (scan / "positions.json").read_text(encoding="utf-8")
        places = json.loads(text)
        places["c1"]["3"][0] += 0.25
        (scan / "positions.json").write_text(json.dumps(places), encoding="utf-8")
        assert "positions of 1 field" in run(ingest.plan(project, ingest.IngestParameters((scan,)))).sentence
        (scan / "positions.json").write_text(text, encoding="utf-8")
    right = (scan / "scan.toml").read_text(encoding="utf-8")
    (scan / "scan.toml").write_text(right.replace("datum = [", 'datum = [["nowhere", 1.0, 2.0], ', 1), encoding="utf-8")
    for file in scan.glob("*_s2_*.png"):
        Image.open(file).crop((0, 0, 300, 240)).save(file)
    with Project.open(tmp_path / "q.moedal", write=True, create=True) as project:
        told = run(ingest.plan(project, ingest.IngestParameters((scan,))))
        assert "1 of 6 pictures are not 320 x 240 px as the others: 2" in told.sentence
        assert "nowhere" in told.sentence and told.values["scans"][0]["notes"] == list(
            project.catalogue.scan("c1").notes
        )
        (scan / "scan.toml").write_text(right, encoding="utf-8")
        run(ingest.plan(project, ingest.IngestParameters((scan,))))
        assert not any("nowhere" in note for note in project.catalogue.scan("c1").notes)


@pytest.mark.parametrize("value", [0, 255])
def test_one_stuck_field_does_not_take_the_good_ones_with_it(foil: Path, tmp_path: Path, value: int) -> None:
    scan = tmp_path / "c1"
    scan.mkdir()
    for file in (foil / "c1").iterdir():
        if "_s1_" in file.name or "_s2_" in file.name or file.suffix in (".toml", ".json"):
            shutil.copy(file, scan / file.name)
    alone = _ingest(tmp_path / "a.moedal", scan)
    run(preselect.plan(alone, preselect.PreselectParameters()))
    usual = (all_pits(alone)["field"] == "1").sum()
    alone.close()
    for file in scan.glob("*_s2_*.png"):
        Image.fromarray(np.full((240, 320), value, np.uint8)).save(file)
    with _ingest(tmp_path / "b.moedal", scan) as project:
        run(preselect.plan(project, preselect.PreselectParameters()))
        pits = all_pits(project)
        assert (pits["field"] == "2").sum() == 0
        assert (
            abs((pits["field"] == "1").sum() - usual) <= 0.2 * usual + 1
            and pits["surface"].isin(["top", "bottom"]).all()
        )


def test_scans_of_one_name_on_two_foils_are_never_mixed(foil: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(foil / "c1", tmp_path / "c1"))
    text = (other / "scan.toml").read_text()
    own = inspect(foil / "c1").description.foil
    (other / "scan.toml").write_text(text.replace(f'foil = "{own}"', 'foil = "OTHER"'))
    with _ingest(tmp_path / "p.moedal", foil / "c1", other) as project:
        run(preselect.plan(project, preselect.PreselectParameters(scan="OTHER/c1")))
        with pytest.raises(ArgumentError):
            preselect.plan(project, preselect.PreselectParameters(scan="c1"))
        figures = run(evaluate.plan(project, evaluate.EvaluateParameters(foil / "truth_c1.csv"))).values
        assert figures["found"] == 0  # the truth is of the foil that has no pits yet
        nameless = pd.read_csv(foil / "truth_c1.csv", dtype=str).drop(columns="foil")
        nameless.to_csv(tmp_path / "nameless.csv", index=False)
        with pytest.raises(TableError, match="More than one foil"):
            evaluate.plan(project, evaluate.EvaluateParameters(tmp_path / "nameless.csv"))
        with pytest.raises(TableError, match="More than one foil"):
            label_import.plan(project, label_import.LabelImportParameters(tmp_path / "nameless.csv"))


def test_links_stay_with_the_pits_they_were_made_from(project_copy: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        before = candidate_table.candidate_table(project, everything=True)
        name = before["run"].iloc[0]
        (tmp_path / "p.json").write_text('{"c1": [[1, 10, 20], [2, 30, 40]]}')
        run(pits_import.plan(project, pits_import.PitsImportParameters(tmp_path / "p.json", "theirs")))
        after = candidate_table.candidate_table(project, everything=True)
        assert after[["entry_pit", "exit_pit"]].equals(before[["entry_pit", "exit_pit"]])
        done = run(export.plan(project, export.ExportParameters("candidates", tmp_path / "c.csv", run=name)))
        assert "run link again" in done.sentence
        run(report.plan(project, report.ReportParameters(tmp_path / "r.html")))
        assert "run link again" in (tmp_path / "r.html").read_text()
        with pytest.raises(NotFoundError):
            run(export.plan(project, export.ExportParameters("pits", tmp_path / "x.csv", run="register-3")))
        run(link.plan(project, link.LinkParameters(run=project.catalogue.runs("preselect")[0].name)))


def test_importing_labels_without_a_time_twice_changes_nothing_and_keeps_what_they_say(
    project_copy: Path, tmp_path: Path
) -> None:
    with Project.open(project_copy, write=True) as project:
        pit = all_pits(project).iloc[0]
        row = {"scan": pit["scan"], "field": pit["field"], "x_px": pit["x_px"], "y_px": pit["y_px"]}
        (tmp_path / "a.json").write_text(
            json.dumps([{**row, "label": "top", "annotator": "NA", "remark": "dull", "pass": 1}])
        )
        words = label_import.LabelImportParameters(tmp_path / "a.json")
        assert run(label_import.plan(project, words)).values["added"] == 1
        assert run(label_import.plan(project, words)).values["added"] == 0
        run(export.plan(project, export.ExportParameters("labels", tmp_path / "out.csv")))
        given = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
        assert given.loc[0, ["annotator", "remark", "pass", "when"]].tolist() == ["NA", "dull", "1", ""]


def test_the_newer_label_counts_whichever_is_imported_last(project_copy: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        pit = all_pits(project).iloc[0]
        for when, word in (("2026-05-01T10:00:00Z", "top"), ("2020-05-01T10:00:00Z", "misc")):
            table = pd.DataFrame(
                [
                    {
                        "scan": pit["scan"],
                        "field": pit["field"],
                        "x_px": pit["x_px"],
                        "y_px": pit["y_px"],
                        "label": word,
                        "annotator": "carl",
                        "when": when,
                    }
                ]
            )
            table.to_csv(tmp_path / "l.csv", index=False)
            run(label_import.plan(project, label_import.LabelImportParameters(tmp_path / "l.csv")))
        assert label_table.label_table(project)["label"].tolist() == ["top"]


def test_a_project_whose_making_was_cut_short_is_made_at_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "p.moedal"
    Project.open(path, write=True, create=True).close()
    (path / "project.json").unlink()
    (path / "catalogue.sqlite-wal").write_bytes(b"")
    Project.open(path, write=True, create=True).close()


def test_one_description_never_widens_what_another_may_name(tmp_path: Path) -> None:
    scan = tmp_path / "lab" / "scan"
    scan.mkdir(parents=True)
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "lab" / "s1.png")
    (scan / "scan.toml").write_text('files = "../s{field}.png"\n')
    (tmp_path / "mine.toml").write_text('foil = "X"\n')
    with pytest.raises(DescriptionError, match="outside"):
        inspect(scan, describe=tmp_path / "mine.toml")
    (scan / "scan.toml").write_text('files = "s{field}.png"\n')
    (scan / "s1.png").symlink_to(tmp_path / "lab" / "s1.png")
    with pytest.raises(DescriptionError, match="outside"):
        inspect(scan)


def test_odd_words_of_a_description_are_said(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "s1.png")
    (tmp_path / "scan.toml").write_text(
        'files = "s{field}.png"\npolariti = "lit"\ndatum = [[1, 2, 3], [77, 1, 1]]\n[positions]\nfile = "p.json"\n'
    )
    (tmp_path / "p.json").write_text('{"a": {"1": [0, 0], "2": ["x", 1]}}')
    notes = " ".join(inspect(tmp_path).notes)
    assert "polariti" in notes and "77" in notes and "direction" in notes and "no pair of numbers" in notes
    (tmp_path / "p.json").unlink()
    assert "missing" in " ".join(inspect(tmp_path).notes)


def test_interleaved_grey_samples_are_channels_not_colour(tmp_path: Path) -> None:
    import tifffile

    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 8)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", planarconfig="contig")
    source = inspect(tmp_path / "a.tif")
    assert len(source.description.channels) == 8 and not source.notes
    stack = source.read_field("1").stack
    assert stack is not None and np.array_equal(stack, np.moveaxis(pixels, -1, 0))


def test_a_label_taken_back_stays_back_on_the_scan_of_the_other_side(project_copy: Path) -> None:
    from moedal_gui.core.label import Label

    with Project.open(project_copy, write=True) as project:
        pits = all_pits(project)
        pit = pits[pits["twin_id"].notna() & (pits["scan"] == "c1")].iloc[0]
        twin = pits.set_index("pit_id").loc[pit["twin_id"]]
        ends = [(e["foil"], e["scan"], e["field"], e["x_px"], e["y_px"]) for e in (pit, twin)]
        project.labels.give([Label(*ends[0], "top", pit["surface"], "ada")])
        assert (all_pits(project)["label"] == "top").sum() == 2
        project.labels.give([Label(*ends[1], "", pit["surface"], "ada")])
        assert (all_pits(project)["label"] != "").sum() == 0
        project.labels.give([Label(*ends[0], "misc", pit["surface"], "bob")])
        assert (all_pits(project)["label"] == "misc").sum() == 2
