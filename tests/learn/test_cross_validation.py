"""Folds become an ensemble whose card tells how good it is; what learnt nothing stays out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_examples import QUICK, STANDARD, drawn_set, frozen, shuffled

from moedal_gui.core.errors import TrainingError
from moedal_gui.learn.cross_validation import Assembled, assemble
from moedal_gui.learn.performance import balanced, figures, reliability, roc, thresholds
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.significance import beats_chance
from moedal_gui.learn.stacking import fit_stacker
from moedal_gui.learn.trainer import train_fold
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.learn.unit import FoldUnit
from moedal_gui.store.array_files import read_arrays
from moedal_gui.store.registry import Registry, checked


def made(home: Path, training_set: TrainingSet, settings: TrainingSettings = QUICK) -> Assembled:
    folder = frozen(home / "training" / "pits", training_set, settings)
    for row in training_set.experts:
        for fold in range(settings.folds):
            train_fold(FoldUnit(folder.path, row.name, fold, settings, 3 + fold))
    return assemble(folder, Registry(home / "experts", write=True), "pits")


def test_the_card_tells_what_there_is_to_know(tmp_path: Path) -> None:
    training_set = drawn_set(160, experts=STANDARD)
    found = made(tmp_path, training_set)
    assert found.entry is not None and found.entry.title == "pits/1"
    card = checked(found.entry.folder)
    assert card.classes == ("candidate", "top", "bottom") and card.kind == "pits" and card.provenance == "drawn"
    assert card.training["hash"] == training_set.hash and card.training["annotators"] == ["ada"]
    assert card.training["counts"] == training_set.counts and np.sum(card.confusion) == 160
    low, value, high = (card.metrics["balanced_accuracy"][k] for k in ("low", "value", "high"))
    assert low < value <= high and value > 0.7
    assert card.density_range is not None and 100.0 <= card.density_range[0] < card.density_range[1] <= 900.0
    assert sum(band["examples"] for band in card.bands) == 160 and len(card.bands) == 4
    assert card.roc["area"] > 0.8 and set(card.working_point) == {"best_f1", "keeps_0.99", "keeps_0.95", "keeps_0.90"}
    assert card.working_point["keeps_0.99"] <= card.working_point["keeps_0.90"]
    assert set(card.versions) == {"program", "torch", "onnx", "numpy"}
    assert {p.name for p in found.entry.folder.iterdir()} == {
        "card.json", *(f"{row.name}.onnx" for row in STANDARD), *(f"{row.name}.weights.npz" for row in STANDARD)
    }  # fmt: skip
    for expert in card.experts:
        assert expert.onnx_difference < 1e-4 and [fold.learned for fold in expert.folds] == [True, True]
        stored = read_arrays(found.entry.folder / expert.weights)[0]
        assert {name.split("/")[0] for name in stored} == {"fold-0", "fold-1"}


def test_an_expert_that_learns_nothing_stays_out(tmp_path: Path) -> None:
    training_set = drawn_set(240, experts=STANDARD)
    random = np.random.default_rng(0)
    noise = {
        view: type(e)(e.pictures, random.normal(size=e.numbers.shape).astype(np.float32))
        for view, e in training_set.examples.items()
    }
    pictures = noise["pair"].pictures.copy()
    pictures[:, 1] = 0.0
    noise["pair"] = replace(noise["pair"], pictures=pictures)
    found = made(tmp_path, replace(training_set, examples=noise))
    assert found.card is not None and [e.name for e in found.card.experts] == ["top-bottom"]
    assert set(found.card.training["learnt_nothing"]) == {"candidate-top", "candidate-bottom"}


def test_shuffled_labels_give_no_ensemble(tmp_path: Path) -> None:
    found = made(tmp_path, shuffled(drawn_set(300)), replace(QUICK, epochs=3))
    assert found.entry is None and found.card is None and not found.experts[0].learns
    assert Registry(tmp_path / "experts").entries() == ()


def test_a_training_that_is_not_done_is_not_assembled(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    with pytest.raises(TrainingError, match="is not done"):
        assemble(folder, Registry(tmp_path / "experts", write=True), "pits")


def test_the_stacker_is_calibrated_where_the_expert_is_too_sure() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 3000)
    logits = np.eye(3)[truth] * 1.5 + random.normal(0, 1, (3000, 3))
    names = ("a", "b", "c")
    too_sure = {"classes": 6.0 * logits}
    stacked = fit_stacker(too_sure, {"classes": names}, np.array(names)[truth], names, np.arange(3000) % 5)
    assert reliability(truth, stacked.held_out)["expected_calibration_error"] < 0.03
    assert (stacked.held_out.argmax(axis=1) == truth).mean() >= (logits.argmax(axis=1) == truth).mean() - 0.01


def test_an_expert_is_taken_at_its_word_where_examples_are_few() -> None:
    names = ("a", "b")
    logits = np.array([[3.0, 0.0], [0.0, 3.0]] * 4)
    labels = np.array(["a", "b"] * 4)
    stacked = fit_stacker({"e": logits}, {"e": names}, labels, names, np.arange(8) // 2 % 2)
    assert (np.array(names)[stacked.held_out.argmax(axis=1)] == labels).all()


def test_figures_have_honest_intervals() -> None:
    truth, chosen = np.array([0] * 50 + [1] * 10), np.array([0] * 48 + [1] * 2 + [1] * 9 + [0])
    found = figures(truth, chosen, ("a", "b"))
    assert found["accuracy"]["value"] == pytest.approx(57 / 60) and found["recall b"]["value"] == pytest.approx(0.9)
    assert found["balanced_accuracy"]["value"] == pytest.approx(0.93)
    wide = balanced(truth, chosen, 2)
    assert wide["low"] is not None and wide["high"] is not None and wide["high"] - wide["low"] > 0.1
    assert balanced(truth[:0], chosen[:0], 2)["value"] is None
    assert beats_chance(truth, chosen, 2) and not beats_chance(truth, np.zeros(60, int), 2)
    curve = roc(truth == 1, np.where(truth == 1, 0.9, 0.1))
    assert curve["area"] == pytest.approx(1.0) and curve["true"][-1] == 1.0
    assert thresholds(truth == 1, np.where(truth == 1, 0.9, 0.1))["best_f1"] == pytest.approx(0.9)
    assert thresholds(truth == 7, np.zeros(60)) == {}
