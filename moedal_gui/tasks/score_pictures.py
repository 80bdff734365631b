"""Scores of a folder of ordinary pictures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from moedal_gui.core.errors import ExpertError
from moedal_gui.formats.crop_folder import examples_of, read_crops
from moedal_gui.infer.ensemble import Ensemble
from moedal_gui.store.registry import checked


def picture_scores(ensemble_folder: Path, folder: Path, threads: int = 0) -> list[dict[str, Any]]:
    """What an ensemble says of every picture in a folder and below.

    Damaged pictures are left out, and the log says how many.

    Parameters
    ----------
    ensemble_folder
        A version's folder in a registry.
    threads
        Cores to use; 0 for all.

    Returns
    -------
    One row a picture: ``path`` (``folder`` joined with the file's path below it), ``class``, ``scores`` by class and
    ``uncertainty``.

    Raises
    ------
    ExpertError
        The ensemble is damaged, or judges pits.
    PictureError
        There is no picture to judge.
    """
    card = checked(ensemble_folder)
    if card.kind != "pictures":
        raise ExpertError(
            f"The ensemble {card.name} judges pits of scans and no ordinary pictures",
            ensemble_folder,
            "name one that was trained on crops",
        )
    crops = read_crops(folder)
    if crops.complaint:
        logging.getLogger(__name__).warning(crops.complaint)
    ensemble = Ensemble(card, ensemble_folder, threads)
    found = ensemble.scores({view: examples_of(crops.pictures, recipe) for view, recipe in card.recipes.items()})
    return [
        {
            "path": str(folder / path),
            "class": str(name),
            "scores": {c: float(p) for c, p in zip(found.classes, row, strict=True)},
            "uncertainty": float(doubt),
        }
        for path, name, row, doubt in zip(
            crops.paths, found.chosen(), found.probabilities, found.uncertainty, strict=True
        )
    ]
