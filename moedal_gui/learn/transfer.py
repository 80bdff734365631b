"""Training on from an older ensemble: which weights a fold begins with, and what that changed on the old examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from moedal_gui.core.errors import TrainingError
from moedal_gui.learn.fold_examples import of_fold
from moedal_gui.learn.networks import build
from moedal_gui.learn.outputs import turned_logits
from moedal_gui.learn.performance import figures
from moedal_gui.learn.settings import settings_from_plain
from moedal_gui.learn.state import load_weights
from moedal_gui.learn.training_set import training_set_from
from moedal_gui.store.training_folder import TrainingFolder

_FIGURES = ("accuracy", "balanced_accuracy")


def change_on_old(folder: TrainingFolder, expert: str, folds: tuple[int, ...]) -> dict[str, Any]:
    """Accuracy on the old training's examples before and after, each judged by the fold that never saw it.

    A fold begins with the weights of the same old fold, and old examples stay in their folds (`folds.split`), so
    neither network was ever shown what it is judged by.

    Returns
    -------
    ``{"before": {...}, "after": {...}, "examples": n}``, or ``{"reason": ...}`` where the old examples are gone.
    """
    words = folder.words()
    try:
        old = TrainingFolder(folder.path.parent / str(words["start_training"]))
        arrays, old_words = old.frozen()
        old_set, old_folds = training_set_from(arrays, old_words), np.asarray(old_words["split"], np.int64)
    except (TrainingError, KeyError) as error:
        return {"reason": f"the examples of the older training are not here ({error})"}
    row = next((e for e in old_set.experts if e.name == expert), None)
    if row is None:
        return {"reason": "the older training had no such expert"}
    settings = settings_from_plain(words["settings"])
    targets, before, after = [], [], []
    for fold in folds:
        examples = of_fold(old_set, row, old_folds, fold)
        if not len(examples.asked_targets):
            continue
        try:
            logits = {}
            for when, place in (("before", old), ("after", folder)):
                network = build(examples.recipe, settings, examples.classes)
                load_weights(network, place.fold(expert, fold).weights())
                logits[when] = turned_logits(network, examples.asked, examples.recipe, settings)
        except TrainingError as error:
            return {"reason": str(error)}
        targets.append(examples.asked_targets)
        before.append(logits["before"].argmax(axis=1))
        after.append(logits["after"].argmax(axis=1))
    if not targets:
        return {"reason": "the older training held no examples back"}
    names, truth = tuple(a.name for a in row.answers), np.concatenate(targets)
    found = {w: figures(truth, np.concatenate(c), names) for w, c in (("before", before), ("after", after))}
    return {"examples": len(truth), **{when: {f: rows[f] for f in _FIGURES} for when, rows in found.items()}}
