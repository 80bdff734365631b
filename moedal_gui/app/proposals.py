"""Labels that the ensemble proposes; they become labels only when a person confirms them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.pits import PitSheet
from moedal_gui.core.score import SCORED_CLASSES


@dataclass(frozen=True)
class Proposals:
    """What is proposed, surest first.

    Attributes
    ----------
    rows
        Rows of the pit sheet.
    names, probability
        Class proposed for each, and how surely.
    """

    rows: npt.NDArray[np.int64]
    names: tuple[str, ...]
    probability: npt.NDArray[np.float64]

    def name_of(self, row: int) -> str:
        """Class proposed for a row; empty where none is."""
        found = np.flatnonzero(self.rows == row)
        return self.names[int(found[0])] if len(found) else ""


def proposals_of(pits: PitSheet, codes: npt.NDArray[np.int8], least: float) -> Proposals:
    """Opinions on unlabelled pits whose calibrated probability is at least ``least``."""
    scores = np.nan_to_num(pits.scores, nan=-1.0)
    best = scores.max(axis=1, initial=-1.0)
    rows = np.flatnonzero((codes < 0) & (best >= least))
    rows = rows[np.argsort(-best[rows], kind="stable")].astype(np.int64)
    names = tuple(SCORED_CLASSES[k] for k in scores[rows].argmax(axis=1).tolist()) if len(rows) else ()
    return Proposals(rows, names, best[rows])


def origin_of(ensemble: str, probability: float) -> str:
    """What a confirmed label says of where it came from (JSON)."""
    return json.dumps({"proposed_by": ensemble or "ensemble", "probability": f"{probability:.4f}"})
