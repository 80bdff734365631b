"""A detector from boxed pictures and from labels, and a pre-selection with it, by the words a person says."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moedal_gui.core.errors import ArgumentError, ExpertError, PictureError, TrainingError
from moedal_gui.formats.boxes import read_boxes
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.store.registry import read_detector_card
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks import info, ingest, preselect, use
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.labels import label_import
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.training import train
from moedal_gui.tasks.training.detector_set import from_boxes, learnt_from
from moedal_gui.tasks.training.detectors import chosen_detector, detector_in_force
from moedal_gui.tasks.training.train_parameters import TrainParameters

SIDE = 96


def boxed(folder: Path, count: int, seed: int = 0, larger: int = 1) -> Path:
    """Grey pictures with dark discs, every disc boxed."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    side = SIDE * larger
    y, x = np.mgrid[:side, :side]
    for k in range(count):
        picture = random.normal(150, 5, (side, side))
        lines = []
        for cx, cy, r in larger * random.uniform((10, 10, 4), (SIDE - 10, SIDE - 10, 8), (6, 3)):
            picture -= 90.0 / (1.0 + np.exp(2.0 * np.minimum(np.hypot(x - cx, y - cy) - r, 50.0)))
            lines.append(f"15 {(cx + 0.5) / side} {(cy + 0.5) / side} {2 * r / side} {2 * r / side}")
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"p{k}.png")
        (folder / f"p{k}.txt").write_text("\n".join(lines))
    return folder


def test_boxes_are_read_and_other_text_is_skipped(tmp_path):
    folder = boxed(tmp_path / "b", 2)
    (folder / "classes.txt").write_text("track\n")
    (folder / "notes.md").write_text("no boxes")
    (folder / "bad.png").write_bytes(b"\x89PNG and nothing else")
    (folder / "bad.txt").write_text("0 .5 .5 .1 .1")
    (folder / "odd.png").write_bytes((folder / "p0.png").read_bytes())
    (folder / "odd.txt").write_text("0 here and there")
    pictures, damaged = read_boxes(folder)
    assert [p.path.name for p in pictures] == ["p0.png", "p1.png"]
    assert damaged == ("bad.png", "odd.png")
    assert pictures[0].boxes.shape == (6, 4)
    for x, y, width, height in pictures[0].boxes:
        assert width == pytest.approx(height)
        assert pictures[0].picture[round(y), round(x)] < 110
    (tmp_path / "empty").mkdir()
    with pytest.raises(PictureError, match="no picture with a text file"):
        read_boxes(tmp_path / "empty")


@pytest.mark.parametrize("larger", [1, 2, 5])
def test_pictures_of_large_pits_are_taught_in_a_size_that_suits(tmp_path, larger):
    folder = boxed(tmp_path / "b", 8, larger=larger)
    found = from_boxes(folder)
    assert found.shrink == {1: 1, 2: 1, 5: 2}[larger]
    for field in (*found.taught, *found.held):
        mouths = field.pits[:, 2:4]
        assert field.planes.shape == (1, -(-SIDE * larger // found.shrink), -(-SIDE * larger // found.shrink))
        # Where a neighbour shares the box the mouth is taken for a little longer.
        assert mouths.min() * found.shrink / larger >= 3.4 and mouths.max() * found.shrink / larger <= 9.5
        at = np.rint(field.pits[:, [1, 0]]).astype(int)
        assert field.planes[0, at[:, 0], at[:, 1]].mean() < -0.4, "in the middle of a disc it is dark"


def test_from_boxed_pictures_to_pits_of_another_picture(tmp_path):
    folder, other = boxed(tmp_path / "boxes", 8), boxed(tmp_path / "other", 2, seed=9)
    (folder / "more").mkdir()
    for part in ("png", "txt"):
        (folder / f"p7.{part}").rename(folder / "more" / f"p7.{part}")
    (folder / "bad.png").write_bytes(b"\x89PNG and nothing else")
    (folder / "bad.txt").write_text("0 .5 .5 .1 .1")
    words = TrainParameters(what="detector", from_=f"boxes:{folder}", epochs=2, batch=4, learning_rate=4e-3)
    with Project.open(tmp_path / "d.moedal", write=True, create=True) as project:
        outcome = run(train.plan(project, words))
        assert outcome.values["f1"]["value"] > 0.7
        assert outcome.values["view"] == "picture"
        assert "trained on 8 boxed pictures of boxes and 1 folder in it" in outcome.sentence
        assert "1 picture could not be read: bad.png" in outcome.sentence
        assert "detector detector 1: looks at picture; current" in info.of_project(project).sentence
        again = run(train.plan(project, words))
        assert again.values["detector"] == outcome.values["detector"] == "detector/1"
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((other,), scan="o")))
        run(preselect.plan(project, preselect.PreselectParameters()))
        shipped = project.catalogue.current_run("preselect", project.catalogue.scan("o").scan_id)
        assert shipped is not None and str(shipped.parameters["detector"]).startswith("pictures/")
        with pytest.raises(ExpertError, match="no detector called nobody"):
            preselect.plan(project, preselect.PreselectParameters(detector="nobody"))
        how = preselect.PreselectParameters(detector=str(tmp_path / "d.moedal"))
        found = run(preselect.plan(project, how)).values["scans"][0]
        run_of = project.catalogue.current_run("preselect", project.catalogue.scan("o").scan_id)
        assert run_of is not None and "detector/1" in str(run_of.parameters["detector"])
        assert 7 <= found["pits"] <= 16
        pits = project.catalogue.pits(run_of.run_id)
        assert pits["surface"].isna().all()
        with pytest.raises(ArgumentError, match="does not go with"):
            preselect.plan(project, preselect.PreselectParameters(method="blob", detector="x"))


@pytest.fixture(scope="module")
def foil(tmp_path_factory):
    """A tiny labelled foil: some pits found, all of them labelled with their truth."""
    home = tmp_path_factory.mktemp("foil")
    simulate_foil(home, SimulationParameters(seed=3, columns=2, rows=1, pits_low=40, pits_high=40, channels=4, candidates=4, both_sides=False, field_size=(256, 224)))  # fmt: skip
    with Project.open(home / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((home / "c1",))))
        run(preselect.plan(project, preselect.PreselectParameters(method="divergence")), workers=1)
    return home


def test_a_detector_needs_labels(foil):
    with (
        Project.open(foil / "p.moedal", write=True) as project,
        pytest.raises(TrainingError, match="no labels to teach a detector"),
    ):
        train.plan(project, TrainParameters(what="detector"))


def test_labels_teach_the_shipped_detector_and_missed_pits_count(foil):
    with Project.open(foil / "p.moedal", write=True) as project:
        run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv")))
        words = TrainParameters(what="detector", epochs=1, batch=2)
        plan = train.plan(project, words)
        outcome = run(plan)
        assert outcome.values["detector"] == "detector/1"
        how = preselect.PreselectParameters(method="heatmap", detector="detector")
        run(preselect.plan(project, how), workers=1)
        figures = run(
            evaluate.plan(project, evaluate.EvaluateParameters(foil / "truth_c1.csv", tolerance_px=5.0))
        ).values
        assert figures["f1"]["value"] > 0.8
        assert figures["surface_accuracy"]["value"] > 0.9
        better = detector_in_force(project, "slope")
        poor = run(
            train.plan(project, TrainParameters(what="detector", epochs=1, batch=2, learning_rate=1e-6, start="none"))
        )
        assert poor.values["detector"] == "detector/2" and better is not None
        assert poor.values["outdone_by"] == better.title == "detector/1"
        assert "detector/1, with f1" in poor.sentence and "stays in force" in poor.sentence
        assert detector_in_force(project, "slope") == better, "a poor one does not push a better one out"
        assert "detector detector 1: looks at slope; current" in info.of_project(project).sentence
        assert "slopes/" not in info.of_project(project).sentence
        assert "detector 2: looks at slope; detector/1 found more when it was made" in info.of_project(project).sentence
        assert chosen_detector(project, "detector/2", "slope").card.version == "2", "who names it gets it"
        told = run(use.plan(project, use.UseParameters("detector/2")))
        assert told.values["taken_up"] == ["detector/2"] and "looks from now on" in told.sentence
        assert detector_in_force(project, "slope").title == "detector/2", "and who insists on it"


def test_words_that_do_not_fit_are_refused(tmp_path):
    (tmp_path / "c").mkdir()
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        with pytest.raises(ArgumentError, match="whole pictures"):
            train.plan(project, TrainParameters(what="detector", from_=f"crops:{tmp_path / 'c'}"))
        with pytest.raises(ArgumentError, match="speak of experts"):
            train.plan(project, TrainParameters(what="detector", experts="top-bottom"))
        with pytest.raises(PictureError, match="no picture with a text file"):
            train.plan(project, TrainParameters(from_=f"boxes:{tmp_path / 'c'}"))


def test_a_cancelled_training_in_a_new_project_goes_on(tmp_path):
    """The first round is kept, and with it the project that was made for it."""
    folder = boxed(tmp_path / "boxes", 4)
    words = ["train", str(tmp_path / "new.moedal"), "--from", f"boxes:{folder}", "--epochs", "40", "--batch", "2"]
    program = [sys.executable, "-m", "moedal_gui", *words]
    process = subprocess.Popen(program, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("new.moedal/training/*/detector/fold-0/checkpoint.npz")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "Cancelled; run the same command again to go on" in said
    (kept,) = tmp_path.glob("new.moedal/training/*")
    steps = TrainingFolder(kept).fold("detector", 0).checkpoint()[1]["step"]
    assert 0 < steps < 2000


@pytest.mark.parametrize(
    ("name", "taught", "seen"),
    [
        ("F/a/1", ["F/a/1"], True),
        ("F/a/1", ["F/a/1#2"], True),
        ("F/a/1#0", ["F/a/1"], True),
        ("F/a/1#0", ["F/a/1#1"], False),
        ("F/a/1", ["F/a/11"], False),
    ],
)
def test_a_detector_is_not_judged_by_what_it_was_taught(name: str, taught: list[str], seen: bool) -> None:
    assert learnt_from(name, taught) == seen


def test_a_damaged_detector_does_not_stop_the_next(foil: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(foil / "p.moedal", tmp_path / "p.moedal"))
    card = home / "detectors" / "other" / "1" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text("{")
    # Whichever was put in force before: nobody has chosen one here.
    (home / "detectors" / "current.json").unlink(missing_ok=True)
    with Project.open(home, write=True) as project:
        run(label_import.plan(project, label_import.LabelImportParameters(foil / "truth_c1.csv")))
        outcome = run(train.plan(project, TrainParameters(what="detector", epochs=1, batch=2)))
    assert outcome.values["name"] == "detector" and outcome.values["version"]
    assert "held against no other: the one in force cannot be read" in outcome.sentence


def test_a_detector_keeps_what_it_and_the_one_before_it_were_taught(tmp_path: Path) -> None:
    first, second = boxed(tmp_path / "a", 8), boxed(tmp_path / "b", 8, seed=5)
    with Project.open(tmp_path / "d.moedal", write=True, create=True) as project:
        one = TrainParameters(what="detector", from_=f"boxes:{first}", epochs=1, batch=2)
        run(train.plan(project, one))
        run(train.plan(project, replace(one, from_=f"boxes:{second}", start="detector/1")))
        cards = [read_detector_card(e.folder).training["taught"] for e in project.detectors.entries()]
    assert len(cards[0]) == 6 and len(cards[1]) == 12 and set(cards[0]) < set(cards[1])
    moved = Path(shutil.copytree(first, tmp_path / "elsewhere" / "c"))
    assert {f.name for f in from_boxes(moved).taught} == set(cards[0]), "known again in another folder"
