"""An ensemble judges what its folds never saw, and refuses what it does not know."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from drawn_examples import STANDARD, drawn_set

from moedal_gui.core.card import StackerCard
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.imaging.planes import plane_group
from moedal_gui.infer.ensemble import Ensemble
from moedal_gui.infer.stacker import probabilities, stacker_inputs
from moedal_gui.store.registry import Entry, checked


@pytest.fixture(scope="module")
def ensemble(entry: Entry) -> Ensemble:
    return Ensemble(checked(entry.folder), entry.folder, threads=1)


def test_it_recognises_new_pits_with_probabilities_that_add_up(ensemble: Ensemble) -> None:
    fresh = drawn_set(90, seed=77, experts=STANDARD)
    scores = ensemble.scores(fresh.examples, fresh.recipes)
    assert scores.classes == ("candidate", "top", "bottom")
    assert np.allclose(scores.probabilities.sum(axis=1), 1.0)
    assert (scores.chosen() == fresh.labels).mean() > 0.85
    assert scores.uncertainty.shape == (90,) and (scores.uncertainty >= 0.0).all() and scores.uncertainty.max() > 0.0
    assert {name: logits.shape for name, logits in scores.logits.items()} == {row.name: (90, 2) for row in STANDARD}
    assert list(scores.table().columns) == [
        "score_candidate",
        "score_top",
        "score_bottom",
        "score_uncertainty",
        "class",
    ]


def test_a_turned_pit_has_the_same_scores(ensemble: Ensemble) -> None:
    fresh = drawn_set(20, seed=5, experts=STANDARD)
    before = ensemble.scores(fresh.examples)
    element = plane_group(fresh.recipes["pit"], resampling=False)[3]
    turned = {**fresh.examples, "pit": element.applied(fresh.examples["pit"])}
    assert np.allclose(ensemble.scores(turned).probabilities, before.probabilities, atol=1e-5)


def test_fewer_turns_and_other_batches_say_nearly_the_same(ensemble: Ensemble) -> None:
    fresh = drawn_set(100, seed=6, experts=STANDARD)
    whole = ensemble.scores(fresh.examples)
    first = ensemble.scores({view: e.taken(np.arange(7)) for view, e in fresh.examples.items()})
    assert np.allclose(first.probabilities, whole.probabilities[:7], atol=1e-5)
    assert (ensemble.scores(fresh.examples, turns=2).chosen() == whole.chosen()).mean() > 0.9
    nothing = ensemble.scores({view: e.taken(np.zeros(0, int)) for view, e in fresh.examples.items()})
    assert nothing.probabilities.shape == (0, 3) and len(nothing.table()) == 0


def test_another_recipe_is_refused(ensemble: Ensemble) -> None:
    fresh = drawn_set(4, experts=STANDARD)
    others = {**fresh.recipes, "pit": Recipe(planes=("slope",), size=12, size_um=80.0)}
    with pytest.raises(ExpertError, match="does not know crops of this recipe"):
        ensemble.scores(fresh.examples, others)
    with pytest.raises(ExpertError, match="needs crops of the view pair"):
        ensemble.scores({"pit": fresh.examples["pit"]})
    small = Examples(fresh.examples["pit"].pictures[..., :8, :8], fresh.examples["pit"].numbers)
    with pytest.raises(ExpertError):
        ensemble.scores({**fresh.examples, "pit": small})


def test_a_file_that_is_no_network_is_refused(entry: Entry, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(entry.folder, folder)
    card = checked(folder)
    (folder / card.experts[0].file).write_bytes(b"no network at all")
    with pytest.raises(ExpertError, match="is not the file its card was written for"):
        checked(folder)
    with pytest.raises(ExpertError, match="cannot be read"):
        Ensemble(card, folder)


def test_what_the_partner_says_counts_on_its_own_surface() -> None:
    answers = {row.name: tuple(a.name for a in row.answers) for row in STANDARD}
    says = {
        "top-bottom": np.array([[5.0, -5.0], [-5.0, 5.0]]),
        "candidate-top": np.array([[2.0, 0.0], [2.0, 0.0]]),
        "candidate-bottom": np.array([[3.0, 0.0], [3.0, 0.0]]),
    }
    names, values = stacker_inputs(says, answers)
    assert names == ("top-bottom", "candidate-top", "candidate-bottom", "candidate-top*top", "candidate-bottom*bottom")
    assert values[0, 3:] == pytest.approx([2.0, 0.0], abs=1e-3) and values[1, 3:] == pytest.approx([0.0, 3.0], abs=1e-3)
    stacker = StackerCard(("candidate", "top"), ("other",), ((1.0,), (0.0,)), (0.0, 0.0))
    with pytest.raises(ExpertError, match="other experts"):
        probabilities(stacker, says, answers)
