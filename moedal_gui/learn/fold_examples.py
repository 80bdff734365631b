"""The examples of one fold of one expert: what is learnt from and what is held back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import ExpertRow
from moedal_gui.core.recipe import Recipe
from moedal_gui.learn.training_set import TrainingSet, training_set_from
from moedal_gui.store.training_folder import TrainingFolder

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FoldExamples:
    """One fold.

    Attributes
    ----------
    train, train_targets
        What is learnt from.
    held, held_rows
        Every example held back and its row in the set, whether or not it is an example of an answer.
    asked, asked_targets
        Those held back that the expert's question is about.
    """

    fold: int
    expert: ExpertRow
    recipe: Recipe
    train: Examples
    train_targets: Whole
    held: Examples
    held_rows: Whole
    asked: Examples
    asked_targets: Whole

    @property
    def classes(self) -> int:
        """How many answers there are."""
        return len(self.expert.answers)


def fold_examples(folder: TrainingFolder, expert: str, fold: int) -> FoldExamples:
    """Read one fold from a training's folder.

    Raises
    ------
    TrainingError
        The set is damaged, or has no such expert.
    """
    arrays, words = folder.frozen()
    training_set = training_set_from(arrays, words)
    try:
        folds = np.asarray(words["split"], dtype=np.int64)
    except (KeyError, ValueError, TypeError) as error:
        raise TrainingError(
            "The split of the training set cannot be read", folder.path, "begin the training anew"
        ) from error
    row = next((e for e in training_set.experts if e.name == expert), None)
    if row is None or len(folds) != len(training_set):
        raise TrainingError(f"The training set knows no expert {expert}", folder.path, "begin the training anew")
    return of_fold(training_set, row, folds, fold)


def of_fold(training_set: TrainingSet, expert: ExpertRow, folds: Whole, fold: int) -> FoldExamples:
    """Split a set: fold number ``fold`` is held back."""
    targets = training_set.targets(expert)
    examples = training_set.examples[expert.view]
    held = np.flatnonzero(folds == fold)
    train = np.flatnonzero((folds != fold) & (targets >= 0))
    asked = held[targets[held] >= 0]
    return FoldExamples(
        fold, expert, training_set.recipes[expert.view], examples.taken(train), targets[train], examples.taken(held), held,
        examples.taken(asked), targets[asked],
    )  # fmt: skip
