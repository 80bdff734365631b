"""A folder of crops as a training set: its sub-folders are the classes of one expert."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.expert import Answer, ExpertRow
from moedal_gui.core.recipe import Recipe
from moedal_gui.formats.crop_folder import examples_of, read_crops, recipe_of
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.registry import Entry, read_card


def crop_set(folder: Path, size: int | None = None, start: Entry | None = None) -> TrainingSet:
    """The training set of a folder of crops: one expert that knows all classes.

    Parameters
    ----------
    size
        Side of the crops in px; chosen by the pictures when left out.
    start
        An older ensemble to train on from: its recipe is kept.

    Raises
    ------
    PictureError
        There is no picture that can be read.
    TrainingError
        The folder has no sub-folders.
    """
    crops = read_crops(folder)
    if crops.complaint:
        logging.getLogger(__name__).warning(crops.complaint)
    inside = np.array([bool(name) for name in crops.classes])
    if not inside.any():
        raise TrainingError(
            "The crops are not in sub-folders", folder, "put the pictures of each class into one of its own"
        )
    kept = np.flatnonzero(inside)
    pictures = [crops.pictures[k] for k in kept]
    recipe = _old_recipe(start) or recipe_of(pictures, size)
    labels = np.array([crops.classes[k] for k in kept])
    answers = tuple(Answer(name, ((name, ""),)) for name in sorted(set(labels.tolist())))
    count = len(kept)
    return TrainingSet(
        experts=(ExpertRow("classes", "All classes at once", "pit", answers),),
        recipes={"pit": recipe},
        examples={"pit": examples_of(pictures, recipe)},
        labels=labels,
        surfaces=np.array([""] * count),
        groups=_same_pictures(pictures),
        ids=np.array([crops.paths[k] for k in kept]),
        densities=np.full(count, np.nan),
        kind="pictures",
        provenance={"text": f"trained on {count} pictures of {folder.name}", "damaged": len(crops.damaged)},
    )


def _old_recipe(start: Entry | None) -> Recipe | None:
    return read_card(start.folder).recipes.get("pit") if start is not None else None


def _same_pictures(pictures: list[np.ndarray[Any, np.dtype[np.float32]]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The same picture twice is one group, so that no fold is judged by what it was shown."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(p.tobytes(), len(seen)) for p in pictures], np.int64)
