"""Training from a folder of crops: from pictures to calibrated scores of other pictures, and what is said on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from moedal_gui.core.errors import ArgumentError, CancelledError, MoedalError, TrainingError
from moedal_gui.core.task import Outcome
from moedal_gui.store.project import Project
from moedal_gui.store.training_folder import trainings
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.score_pictures import picture_scores
from moedal_gui.tasks.training.train import plan
from moedal_gui.tasks.training.train_parameters import TrainParameters


def draw(folder: Path, count: int = 24, seed: int = 0, shuffled: bool = False) -> Path:
    """Bright dots and bright bars at any angle, on grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:16, :16] - 7.5
    for name in ("bar", "dot"):
        (folder / name).mkdir(parents=True)
    for n in range(2 * count):
        angle = random.uniform(0, np.pi)
        across = x * np.sin(angle) - y * np.cos(angle)
        along = x * np.cos(angle) + y * np.sin(angle)
        kind = "bar" if n % 2 else "dot"
        shape = np.exp(-(across**2) / 2 - along**2 / (40 if kind == "bar" else 2))
        picture = random.normal(20, 4, (16, 16)) + 180 * shape
        given = random.choice(["bar", "dot"]) if shuffled else kind
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / given / f"{n:03d}.png")
    return folder


def words(folder: Path, **rest: object) -> TrainParameters:
    quick: dict[str, object] = {"folds": 2, "epochs": 8, "width": 4, "batch": 6, "learning_rate": 1e-2}
    return TrainParameters(from_=f"crops:{folder}", **(quick | rest))  # type: ignore[arg-type]


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here: processes of their own are tried out by the tests that end them."""
    monkeypatch.setattr("moedal_gui.tasks.training.training_plan.apart", lambda work, *rest: work(*rest))


def trained(path: Path, parameters: TrainParameters) -> Outcome:
    with Project.open(path, write=True, create=True) as project:
        return run(plan(project, parameters), workers=1)


@pytest.mark.usefixtures("one_process")
def test_from_a_folder_of_crops_to_scores_of_another(tmp_path: Path) -> None:
    outcome = trained(tmp_path / "p.moedal", words(draw(tmp_path / "crops")))
    values = json.loads(json.dumps(outcome.values))
    assert values["learns"] and values["ensemble"] == "pictures/1" and values["classes"] == ["bar", "dot"]
    assert values["balanced_accuracy"]["value"] > 0.8
    assert {"value", "low", "high"} == set(values["experts"][0]["accuracy"])
    assert [f["status"] for f in values["experts"][0]["folds"]] == ["learned", "learned"]
    assert np.sum(values["confusion"]) == 48
    with Project.open(tmp_path / "p.moedal") as project:
        entry = project.experts.current()
        assert entry is not None
        card = project.experts.card(entry.title)
    assert card.experts[0].onnx_difference < 1e-4 and card.training["counts"] == {"bar": 24, "dot": 24}
    assert card.calibration["expected_calibration_error"] < 0.3 and card.made
    rows = picture_scores(entry.folder, draw(tmp_path / "others", seed=9))
    right = [Path(row["path"]).parent.name == row["class"] for row in rows]
    assert len(rows) == 48 and np.mean(right) > 0.8
    assert Path(rows[0]["path"]).is_file() and sum(rows[0]["scores"].values()) == pytest.approx(1.0)
    again = trained(tmp_path / "p.moedal", words(tmp_path / "crops"))
    assert again.values["ensemble"] == "pictures/1"
    other = trained(tmp_path / "p.moedal", words(tmp_path / "crops", seed=4))
    assert other.values["ensemble"] == "pictures/2"


@pytest.mark.usefixtures("one_process")
def test_shuffled_labels_make_no_ensemble(tmp_path: Path) -> None:
    outcome = trained(tmp_path / "p.moedal", words(draw(tmp_path / "crops", 60, shuffled=True), epochs=3))
    assert outcome.values["learns"] is False and outcome.values["ensemble"] is None
    assert outcome.sentence.startswith("Nothing was learnt")
    with Project.open(tmp_path / "p.moedal") as project:
        assert project.experts.entries() == ()


@pytest.mark.usefixtures("one_process")
def test_training_on_from_an_older_ensemble_says_what_changed(tmp_path: Path) -> None:
    draw(tmp_path / "crops")
    trained(tmp_path / "p.moedal", words(tmp_path / "crops", name="old"))
    random = np.random.default_rng(3)
    for n in range(12):
        noise = random.integers(0, 60, (16, 16), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "crops" / ("bar" if n % 2 else "dot") / f"new{n}.png")
    outcome = trained(tmp_path / "p.moedal", words(tmp_path / "crops", name="new", start="old", epochs=3))
    change = outcome.values["change_on_old"]["classes"]
    assert change["examples"] == 48
    assert change["before"]["accuracy"]["value"] > 0.8 and 0.0 <= change["after"]["accuracy"]["value"] <= 1.0
    with Project.open(tmp_path / "p.moedal") as project:
        assert project.experts.card("new").training["start"] == "old/1"


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    crops = draw(tmp_path / "crops", 4)
    cases: list[tuple[TrainParameters, type[MoedalError], str]] = [
        (TrainParameters(from_="boxes:" + str(crops)), MoedalError, "no picture with a text file of boxes"),
        (TrainParameters(what="detector"), TrainingError, "no labels to teach a detector"),
        (TrainParameters(from_="crops:" + str(tmp_path / "no")), ArgumentError, "no such folder"),
        (TrainParameters(from_=str(crops)), ArgumentError, "not understood"),
        (words(crops, recipe="slope"), ArgumentError, "speak of pits"),
        (words(crops, name="../up"), ArgumentError, "cannot be called"),
        (words(crops, folds=1), TrainingError, "folds cannot be 1"),
        (words(crops, folds=5), TrainingError, "8 examples are too few"),
        (words(crops, network="ring"), TrainingError, "no rim planes"),
    ]
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        for parameters, kind, said in cases:
            with pytest.raises(kind, match=said):
                plan(project, parameters)


def test_without_torch_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moedal_gui.tasks.training.training_plan.importlib.util.find_spec", lambda _name: None)
    with (
        Project.open(tmp_path / "p.moedal", write=True, create=True) as project,
        pytest.raises(TrainingError, match=r"needs torch and onnx: pip install 'moedal-gui\[train\]'"),
    ):
        plan(project, words(draw(tmp_path / "crops", 4)))


def test_a_cancel_comes_through_and_the_same_words_go_on(tmp_path: Path) -> None:
    parameters = words(draw(tmp_path / "crops"), epochs=300, patience=300)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        begun = time.monotonic()
        with pytest.raises(CancelledError):
            run(plan(project, parameters), cancelled=lambda: time.monotonic() - begun > 5.0)
        assert time.monotonic() - begun < 60.0
        (folder,) = trainings(project.path / "training")
        assert folder.fold("classes", 0).result() is None


def test_a_killed_training_goes_on(tmp_path: Path) -> None:
    draw(tmp_path / "crops")
    command = [
        sys.executable, "-m", "moedal_gui", "train", str(tmp_path / "p.moedal"), "--from", f"crops:{tmp_path / 'crops'}",
        "--folds", "2", "--epochs", "16", "--patience", "16", "--width", "4", "--batch", "8", "--json",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    curve = tmp_path / "p.moedal" / "training"
    while not any(len(path.read_text().splitlines()) > 3 for path in curve.rglob("curve.jsonl")):
        assert time.monotonic() < end and child.poll() is None
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["learns"]
