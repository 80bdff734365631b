"""Folds keep neighbours together, and what cannot be learnt from is refused in one sentence."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_examples import STANDARD, drawn_set
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.core.errors import RecipeError, TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.learn.folds import fold_of, split
from moedal_gui.learn.training_set import TrainingSet, check, trainable, training_set_from, warnings


def few(training_set: TrainingSet, rows: np.ndarray) -> TrainingSet:
    return replace(
        training_set,
        examples={view: e.taken(rows) for view, e in training_set.examples.items()},
        **{name: getattr(training_set, name)[rows] for name in ("labels", "surfaces", "groups", "ids", "densities")},
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_group_is_never_split_and_every_label_is_spread(data: st.DataObject) -> None:
    count = data.draw(st.integers(10, 200))
    folds = data.draw(st.integers(2, 6))
    seed = data.draw(st.integers(0, 99))
    random = np.random.default_rng(seed)
    labels = random.choice(["candidate", "top", "bottom"], count, p=[0.1, 0.3, 0.6])
    groups = random.integers(0, max(folds, count // 2), count)
    chosen = fold_of(labels, groups, folds, seed)
    assert chosen.shape == (count,) and set(chosen) <= set(range(folds))
    for group in set(groups):
        assert len(set(chosen[groups == group])) == 1
    assert np.array_equal(chosen, fold_of(labels, groups, folds, seed))
    largest = int(np.bincount(groups).max())
    for label in set(labels):
        counts = np.bincount(chosen[labels == label], minlength=folds)
        assert counts.max() - counts.min() <= 2 * largest + 1


def test_examples_of_an_older_training_keep_their_folds() -> None:
    training_set = drawn_set()
    old = {f"pit {n}": (n // 2) % 5 for n in range(60)}
    chosen = split(training_set, 5, 3, old)
    assert all(chosen[n] == old[f"pit {n}"] for n in range(60))


def test_what_is_taken_apart_comes_back_the_same() -> None:
    training_set = drawn_set(experts=STANDARD)
    again = training_set_from(training_set.to_arrays(), training_set.to_plain())
    assert again.hash == training_set.hash and again.recipes == training_set.recipes
    assert [again.targets(e).tolist() for e in again.experts] == [training_set.targets(e).tolist() for e in STANDARD]
    changed = replace(training_set, labels=np.roll(training_set.labels, 1))
    assert changed.hash != training_set.hash


def test_what_cannot_be_learnt_from_is_refused() -> None:
    training_set = drawn_set()
    check(training_set, 5)
    with pytest.raises(TrainingError, match="no labels"):
        check(few(training_set, np.zeros(0, int)), 5)
    with pytest.raises(TrainingError, match="3 examples are too few for 5 folds"):
        check(few(training_set, np.arange(3)), 5)
    with pytest.raises(TrainingError, match="All 120 labels say top"):
        check(replace(training_set, labels=np.full(120, "top")), 5)
    with pytest.raises(TrainingError, match="too much of one place"):
        check(replace(training_set, groups=np.zeros(120, np.int64)), 5)
    pictures = training_set.examples["pit"].pictures.copy()
    pictures[7, 0, 0, 0, 0] = np.nan
    spoilt = {**training_set.examples, "pit": Examples(pictures, training_set.examples["pit"].numbers)}
    with pytest.raises(RecipeError, match="pit 7"):
        check(replace(training_set, examples=spoilt), 5)


def test_scarce_classes_and_idle_experts_are_named() -> None:
    training_set = drawn_set(60, experts=STANDARD)
    told = warnings(training_set)
    assert any("candidate has 20 examples; 480 more" in line for line in told)
    only_sides = replace(training_set, labels=training_set.surfaces)
    assert [e.name for e in trainable(only_sides)] == ["top-bottom"]
    assert any("candidate-top is left out" in line for line in warnings(only_sides))
