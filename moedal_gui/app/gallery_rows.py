"""Which pits the gallery shows, and in which order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.doubt import entropy
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.proposals import proposals_of
from moedal_gui.app.queues import contradictions, fair_rows
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES

Whole = npt.NDArray[np.int64]

SHOWN: tuple[str, ...] = (
    "all pits", "without label", "selected on the canvas", "passing the working point", "proposals", "worst mistakes",
    *CLASSES,
)  # fmt: skip
NEEDS_SCORES: tuple[str, ...] = ("passing the working point", "proposals", "worst mistakes")

SORTS: dict[str, str] = {
    "queue": "as the queue", "snr": "signal-to-noise", "surface_score": "surest surface", "probability": "probability of a pit",
    "major_px": "major axis", "minor_px": "minor axis", "azimuth_deg": "azimuth", "density_per_mm2": "density",
    "score_candidate": "candidate score", "score_top": "top score", "score_bottom": "bottom score",
    "score_misc": "misc score", "score_uncertainty": "spread of the score", "entropy": "entropy", "mistake": "worst mistake first",
    "proposal": "surest proposal first",
}  # fmt: skip
_FALLING = ("score_candidate", "score_top", "score_bottom", "score_misc", "score_uncertainty", "entropy", "mistake")


def sorts_of(pits: PitSheet) -> list[str]:
    """Orders that these pits have values for."""
    scored = ("entropy", "mistake", "proposal")
    return [
        name
        for name in SORTS
        if name == "queue"
        or (name in scored and pits.scored)
        or (name in pits.table and bool(np.isfinite(pits.table[name].to_numpy(float)).any()))
    ]


def rows_shown(workbench: Workbench, pits: PitSheet, which: str, sort: str) -> Whole:
    """Rows of the pit sheet that the gallery shows, in order; pits without a value come last."""
    labelling, codes = workbench.labelling, workbench.labelling.codes_shown
    if which == "proposals":
        found = proposals_of(pits, labelling.codes, workbench.settings.now.proposal_probability).rows
        if sort in ("proposal", "queue"):
            return found
        keep = np.zeros(len(pits), bool)
        keep[found] = True
    elif which == "worst mistakes":
        with np.errstate(invalid="ignore"):
            keep = contradictions(pits, labelling.codes) > 0
    elif which == "selected on the canvas":
        keep = workbench.selection.cut.mask(pits.table)
    elif which == "passing the working point":
        keep = workbench.deciding.cut.mask(pits.table)
    elif which in CLASSES:
        keep = codes == CLASSES.index(which)
    else:
        keep = codes < 0 if which == "without label" else np.ones(len(pits), bool)
    order = _order(workbench, pits, sort)
    return order[keep[order]]


def opinions_of(workbench: Workbench, pits: PitSheet, which: str, rows: Whole) -> dict[int, tuple[str, float]]:
    """What the ensemble says of the rows shown, where that is the point of showing them: class and probability."""
    if which not in ("proposals", "worst mistakes"):
        return {}
    codes = workbench.labelling.codes
    scores = np.nan_to_num(pits.scores[rows], nan=-1.0)
    if which == "worst mistakes":
        labels = np.array([CLASSES[c] if c >= 0 else "" for c in codes[rows]], dtype=object)
        for number, name in enumerate(SCORED_CLASSES):
            scores[labels == name, number] = -1.0
    best = scores.argmax(axis=1) if len(rows) else np.zeros(0, np.int64)
    said = {int(r): (SCORED_CLASSES[int(k)], float(s[k])) for r, k, s in zip(rows, best, scores, strict=True)}
    if which == "worst mistakes":
        fair = fair_rows(pits)
        for row in rows[fair[rows]].tolist():
            said[row] = (str(pits.table["oof_class"].iat[row]), float(pits.table["oof_score"].to_numpy(float)[row]))
    return said


def _order(workbench: Workbench, pits: PitSheet, sort: str) -> Whole:
    queue, codes = workbench.labelling.queue, workbench.labelling.codes
    if sort == "queue":
        first = queue.order if queue is not None else np.zeros(0, np.int64)
        # What the queue leaves out comes after it.
        return np.concatenate([first, np.setdiff1d(np.arange(len(pits)), first)]).astype(np.int64)
    if sort == "proposal":
        values = -np.nan_to_num(pits.scores, nan=-1.0).max(axis=1, initial=-1.0)
    elif sort == "mistake":
        values = contradictions(pits, codes)
    elif sort == "entropy":
        values = entropy(pits.scores)
    else:
        values = pits.table[sort].to_numpy(float)
    return np.argsort(-values if sort in _FALLING else values, kind="stable").astype(np.int64)
