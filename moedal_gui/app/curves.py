"""The curves a person decides by, drawn from the labelled pits off the screen's thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.calibration import Confusion, Reliability, confusion, reliability
from moedal_gui.analysis.roc import Roc, roc
from moedal_gui.app.deciding import Sample
from moedal_gui.app.pits import PitSheet
from moedal_gui.core.decision import Weights, decide
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES

FEW = 20


@dataclass(frozen=True)
class Curves:
    """Curves of one density band; None where labels are missing.

    ``said`` is what to know about them, a sentence.
    """

    roc: Roc | None
    reliability: Reliability | None
    confusion: Confusion
    said: str


def classes_of(pits: PitSheet, weights: Weights) -> npt.NDArray[np.object_]:
    """Class of each pit inside the border; empty without a score."""
    return np.array([*SCORED_CLASSES, ""], dtype=object)[decide(pits.scores, weights)]


def counts_of(pits: PitSheet, weights: Weights) -> dict[str, int]:
    """How many pits the border gives each class."""
    chosen = decide(pits.scores, weights)
    return {name: int((chosen == code).sum()) for code, name in enumerate(SCORED_CLASSES)}


def curves_of(sample: Sample, pits: PitSheet, weights: Weights, band: str) -> Curves:
    """Curves of the pits of a density band (all for an empty name)."""
    keep = np.ones(len(sample.codes), bool) if not band else sample.band == band
    part = sample.of_band(band)
    labelled = part.signal | part.background
    scores, signal = part.fair[labelled], part.signal[labelled]
    words = np.array([*CLASSES, ""], dtype=object)[part.codes.astype(int)]
    table = confusion(words, classes_of(pits, weights)[keep], SCORED_CLASSES)
    return Curves(roc(scores, signal), reliability(scores, signal), table, missing_labels(part))


def missing_labels(sample: Sample) -> str:
    """Which labels are missing for curves, or for curves that mean something; empty when there are enough."""
    scored = np.isfinite(sample.scores)
    signal, background = int((sample.signal & scored).sum()), int((sample.background & scored).sum())
    if signal and background:
        few = [f"{n} {word}" for n, word in ((signal, "candidate"), (background, "other")) if n < FEW]
        return f"Only {' and '.join(few)} labels: the bands are wide." if few else ""
    wanted = []
    if not signal:
        wanted.append(f"{FEW} labelled candidate")
    if not background:
        wanted.append(f"{FEW} labelled top, bottom or misc")
    return (
        f"A curve needs pits of known class. Missing in this scan: {' and '.join(wanted)}. "
        "The border can be moved without them; how much signal it keeps is not known then."
    )
