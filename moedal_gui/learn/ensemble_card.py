"""Writing the card of an ensemble from what its folds brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from moedal_gui import __version__
from moedal_gui.core.card import EnsembleCard, ExpertCard
from moedal_gui.core.label import now
from moedal_gui.learn.performance import bands, confusion, figures, reliability, roc, thresholds
from moedal_gui.learn.stacking import Stacked
from moedal_gui.learn.training_set import TrainingSet, warnings

Whole = npt.NDArray[np.int64]
_SIGNAL = "candidate"


def ensemble_card(
    *,
    name: str,
    version: str,
    training_set: TrainingSet,
    words: Mapping[str, Any],
    experts: tuple[ExpertCard, ...],
    stacked: Stacked,
    rows: Whole,
    seconds: float,
    left_out: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> EnsembleCard:
    """The card of an ensemble.

    Parameters
    ----------
    words
        What the training's set.json says (its hash, settings and provenance).
    rows
        Rows of the set that ``stacked`` speaks of: those that every expert held back.
    left_out
        Experts that learnt nothing.
    changes
        With transfer, what training on changed on the old examples.
    """
    classes = training_set.classes
    targets = np.array([classes.index(label) for label in training_set.labels[rows]], np.int64)
    chosen = stacked.held_out.argmax(axis=1)
    densities = training_set.densities[rows]
    known = training_set.densities[np.isfinite(training_set.densities)]
    curve: dict[str, Any] = {}
    points: dict[str, float] = {}
    if _SIGNAL in classes:
        signal, score = targets == classes.index(_SIGNAL), stacked.held_out[:, classes.index(_SIGNAL)]
        curve, points = roc(signal, score), thresholds(signal, score)
    provenance = dict(words.get("provenance", {}))
    return EnsembleCard(
        name=name,
        version=version,
        kind=training_set.kind,
        classes=classes,
        experts=experts,
        stacker=stacked.card,
        training={
            **provenance,
            "hash": words["hash"],
            "examples": len(training_set),
            "counts": training_set.counts,
            "folder": words.get("folder", ""),
            "warnings": list(warnings(training_set)),
            "learnt_nothing": list(left_out),
            "start": words.get("start", ""),
            "change_on_old": dict(changes or {}),
        },
        density_range=(float(known.min()), float(known.max())) if len(known) else None,
        metrics=figures(targets, chosen, classes),
        bands=bands(densities, targets, chosen, classes),
        calibration=reliability(targets, stacked.held_out),
        confusion=confusion(targets, chosen, len(classes)),
        roc=curve,
        working_point=points,
        versions={
            "program": __version__, "torch": torch.__version__, "onnx": onnx.__version__, "numpy": np.__version__,
        },
        seconds=round(seconds, 1),
        made=now(),
        provenance=str(provenance.get("text", "")),
    )  # fmt: skip
