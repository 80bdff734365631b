"""What an ensemble's networks say of the labelled pits that they were not taught with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moedal_gui.core.card import EnsembleCard
from moedal_gui.core.errors import ExpertError, TrainingError
from moedal_gui.core.score import SCORED_CLASSES
from moedal_gui.infer.stacker import probabilities
from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project
from moedal_gui.store.registry import read_card
from moedal_gui.store.training_folder import TrainingFolder

SIGNAL = SCORED_CLASSES[0]
COLUMNS = ("oof_class", "oof_score", "oof_candidate")


def with_out_of_fold(project: Project, table: pd.DataFrame, scored: RunRecord | None = None) -> pd.DataFrame:
    """The table of pits with ``oof_class`` and ``oof_score`` where the project's current ensemble learnt from them.

    Where the scores of the run ``scored`` are that ensemble's, ``oof_candidate`` says what they would be had it not
    been taught with the pit.

    A fold judges only what it was not shown, so a label that surprises it may be wrong. The table is given back as it
    was where nothing was trained here, or its training is gone.
    """
    entry = project.experts.current()
    if entry is None or not len(table):
        return table
    try:
        said = held_back(project, read_card(entry.folder))
    except (ExpertError, TrainingError, KeyError, IndexError):
        return table
    own = said.reindex(table["pit_id"].astype("int64"))
    if scored is not None and (scored.parameters["ensemble"], scored.parameters["version"]) == (
        entry.name,
        entry.version,
    ):
        table = table.assign(oof_candidate=own["oof_candidate"].to_numpy(dtype=float))
    return table.assign(
        oof_class=own["oof_class"].fillna("").to_numpy(dtype=object), oof_score=own["oof_score"].to_numpy(dtype=float)
    )


def held_back(project: Project, card: EnsembleCard) -> pd.DataFrame:
    """Class and probability of every example by the folds that did not see it, indexed by pit id.

    Raises
    ------
    TrainingError
        The training's folder is gone or damaged.
    """
    folder = TrainingFolder(project.path / "training" / str(card.training.get("folder", "")))
    arrays, words = folder.frozen()
    if words["kind"] != "pits":
        return pd.DataFrame(columns=list(COLUMNS))
    count = len(arrays["ids"])
    logits = {e.name: np.full((count, len(e.answers)), np.nan) for e in card.experts}
    for expert in card.experts:
        for fold in (f.fold for f in expert.folds if f.learned):
            outputs = folder.fold(expert.name, fold).outputs()
            logits[expert.name][outputs["rows"]] = outputs["logits"]
    known = np.all([np.isfinite(values).all(axis=1) for values in logits.values()], axis=0)
    answers = {e.name: e.answers for e in card.experts}
    judged = probabilities(card.stacker, {name: values[known] for name, values in logits.items()}, answers)
    best = judged.argmax(axis=1)
    signal = card.classes.index(SIGNAL) if SIGNAL in card.classes else None
    candidate = judged[:, signal] if signal is not None else np.full(len(judged), np.nan)
    return pd.DataFrame(
        {
            "oof_candidate": candidate,
            "oof_class": np.array(card.classes, dtype=object)[best],
            "oof_score": judged[np.arange(len(best)), best],
        },
        index=pd.Index(arrays["ids"][known].astype(np.int64), name="pit_id"),
    )
