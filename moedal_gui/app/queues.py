"""The orders in which pits are put before a person, and why each one comes now."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.diversity import binned, spread_out
from moedal_gui.analysis.doubt import contradiction, disagreement, entropy, margin
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Whole
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
QueueName = Literal[
    "as found", "most uncertain", "ensemble entropy", "smallest margin", "expert disagreement", "symmetry spread",
    "most signal-like", "random audit", "probably mislabelled",
]  # fmt: skip
Needs = Literal["", "scores", "experts", "spread", "labels"]

CONFIDENT = 0.5
"""From which lead of another class a label is probably wrong."""


@dataclass(frozen=True)
class QueueRow:
    """One order: what it is, what it needs, and whether it walks through labelled pits."""

    explain: str
    needs: Needs = ""
    review: bool = False


QUEUES: dict[QueueName, QueueRow] = {
    "as found": QueueRow("Field by field in reading order, as the microscope went"),
    "most uncertain": QueueRow("Pits whose surface is hardest to tell first, faint ones before strong ones"),
    "ensemble entropy": QueueRow("Unlabelled pits that the ensemble can say least about, look-alikes apart", "scores"),
    "smallest margin": QueueRow("Unlabelled pits whose two likeliest classes are closest, look-alikes apart", "scores"),
    "expert disagreement": QueueRow("Unlabelled pits that no class has all its experts behind", "experts"),
    "symmetry spread": QueueRow("Unlabelled pits whose score changes most when the crop is turned and mirrored", "spread"),
    "most signal-like": QueueRow("Unlabelled pits most like a candidate first", "scores"),
    "random audit": QueueRow("Pits drawn blindly, the same ones each time for the same person: a fair sample of all"),
    "probably mislabelled": QueueRow("Labelled pits that the ensemble is sure are something else, surest first",
                                     "labels", review=True),
}  # fmt: skip

_MISSING: dict[Needs, str] = {
    "scores": "This queue needs scores: score the pits with an ensemble first.",
    "experts": "This queue needs what each expert says: score the pits with an ensemble of experts first.",
    "spread": "This queue needs the spread over the symmetries: score the pits first.",
    "labels": "This queue compares labels with scores: label some pits and score them first.",
}


@dataclass(frozen=True)
class Queue:
    """Rows of a pit sheet in the order they are shown, and the place of each row in it.

    ``doubt`` is what the order goes by, per row of the sheet; ``review`` queues walk through labelled pits.
    """

    name: QueueName
    order: Whole
    place: Whole
    doubt: Floats
    review: bool = False


def missing(name: QueueName, pits: PitSheet, codes: Codes) -> str:
    """What a queue needs and does not have, a sentence; empty where it can be walked."""
    needs = QUEUES[name].needs
    spread = "score_uncertainty" in pits.table and bool(
        np.isfinite(pits.table["score_uncertainty"].to_numpy(float)).any()
    )
    there = {
        "": True, "scores": pits.scored, "experts": bool(pits.opinions), "spread": spread,
        "labels": pits.scored and bool((codes >= 0).any()),
    }[needs]  # fmt: skip
    return "" if there else _MISSING[needs]


def make_queue(
    name: QueueName,
    pits: PitSheet,
    keep: npt.NDArray[np.bool_] | None = None,
    *,
    codes: Codes | None = None,
    annotator: str = "",
) -> Queue:
    """Order the pits; ``keep`` picks those that take part (all by default)."""
    codes = np.full(len(pits), -1, np.int8) if codes is None else codes
    doubt = doubts(pits) if name == "as found" else _VALUES[name](pits, codes)
    if name == "as found":
        order = np.lexsort((pits.ids, pits.table["field_id"].to_numpy())).astype(np.int64)
    elif name == "random audit":
        seed = zlib.crc32(annotator.encode())
        order = np.random.default_rng(seed).permutation(np.argsort(pits.ids)).astype(np.int64)
    else:
        order = np.argsort(-np.nan_to_num(doubt, nan=-np.inf), kind="stable").astype(np.int64)
        order = order[_takes_part(name, doubt, codes)[order]]
    if keep is not None:
        order = order[keep[order]]
    if QUEUES[name].needs in ("scores", "experts", "spread") and name != "most signal-like":
        order = spread_out(order, _features(pits))
    place = np.full(len(pits), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return Queue(name, order, place, doubt, QUEUES[name].review)


def doubts(pits: PitSheet) -> Floats:
    """How doubtful each pit is, 0 to 1: half from the surface's confidence, half from the signal-to-noise rank."""
    if len(pits) == 0:
        return np.zeros(0)
    sure = pits.table["surface_score"].to_numpy(float)
    surface = np.where(np.isfinite(sure), 2.0 * (1.0 - np.clip(sure, 0.5, 1.0)), 1.0)
    faint = 1.0 - pits.table["snr"].rank(pct=True).fillna(0.0).to_numpy(float)
    return np.asarray(0.5 * surface + 0.5 * faint)


def disputes(pits: PitSheet) -> Floats:
    """How far each pit is from having all experts behind one class."""
    surface = np.array(["", "top", "bottom"], dtype=object)[pits.surface]
    return disagreement(pits.opinions, surface, SCORED_CLASSES)


def contradictions(pits: PitSheet, codes: Codes) -> Floats:
    """How surely another class than its label is likelier, per pit.

    Where the table has ``oof_class`` and ``oof_score`` (class and probability by networks that never saw the pit), these
    count: what is left of 1 is the most that the label's own class can have.
    """
    label = np.array([*CLASSES, ""], dtype=object)[codes.astype(int)]
    found = contradiction(dict(zip(SCORED_CLASSES, pits.scores.T, strict=True)), label)
    fair = fair_rows(pits) & np.isfinite(found)
    if fair.any():
        sure = pits.table["oof_score"].to_numpy(float)
        against = pits.table["oof_class"].to_numpy(dtype=object) != label
        found[fair] = np.where(against, 2.0 * sure - 1.0, -sure)[fair]
    return found


def fair_rows(pits: PitSheet) -> npt.NDArray[np.bool_]:
    """Pits that have a score by networks that never saw them."""
    if "oof_score" not in pits.table or "oof_class" not in pits.table:
        return np.zeros(len(pits), bool)
    return np.asarray(np.isfinite(pits.table["oof_score"].to_numpy(float)))


_VALUES: dict[QueueName, Callable[[PitSheet, Codes], Floats]] = {
    "most uncertain": lambda pits, _codes: doubts(pits),
    "ensemble entropy": lambda pits, _codes: entropy(pits.scores),
    "smallest margin": lambda pits, _codes: -margin(pits.scores),
    "expert disagreement": lambda pits, _codes: disputes(pits),
    "symmetry spread": lambda pits, _codes: pits.table["score_uncertainty"].to_numpy(float),
    "most signal-like": lambda pits, _codes: pits.scores[:, 0],
    "random audit": lambda pits, _codes: np.zeros(len(pits)),
    "probably mislabelled": contradictions,
}


def _takes_part(name: QueueName, doubt: Floats, codes: Codes) -> npt.NDArray[np.bool_]:
    if not QUEUES[name].needs:
        return np.ones(len(doubt), bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(doubt >= CONFIDENT if QUEUES[name].review else np.isfinite(doubt) & (codes < 0))


def _features(pits: PitSheet) -> Whole:
    """What makes two pits look alike: field, size, score and surface, in few steps."""
    size = np.sqrt(pits.major * pits.minor)
    field = pits.table["field_id"].to_numpy(np.int64)
    return np.stack([field, binned(size, 4), binned(pits.scores[:, 0], 6), pits.surface.astype(np.int64)], axis=1)
