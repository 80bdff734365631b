"""Scores made up for the pits on screen, so that what decides by them can be tried without a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from moedal_gui.analysis.ternary import project
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.session import Loaded
from moedal_gui.app.why import WhyQuestion
from moedal_gui.app.workbench import Workbench

NAMES = ("candidate", "top", "bottom", "misc")


def truth_of(pits: PitSheet) -> np.ndarray:
    """Index in `NAMES` of what each pit is: linked ones are candidates, every ninth of the others is dirt."""
    kind = np.where(np.isfinite(pits.table["pair_id"].to_numpy(float)), 0, np.where(pits.surface == 1, 1, 2))
    return np.where((np.arange(len(pits)) % 9 == 4) & (kind != 0), 3, kind)


def scored(pits: PitSheet, seed: int = 5, sharp: float = 3.0, misc: bool = True) -> PitSheet:
    """The same pits with scores that are right more often than not."""
    random = np.random.default_rng(seed)
    kind, count = truth_of(pits), len(pits)
    logits = random.normal(0.0, 1.2, (count, 4))
    logits[np.arange(count), kind] += sharp
    if not misc:
        logits[:, 3] = -np.inf
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    found = project(scores[:, :3])
    columns = {f"score_{name}": scores[:, k] if name != "misc" or misc else np.nan for k, name in enumerate(NAMES)}
    table = pits.table.assign(
        **columns, score_uncertainty=random.uniform(0.0, 0.3, count), x_ternary=found.x, y_ternary=found.y,
        **{"class": np.array(NAMES, dtype=object)[scores.argmax(axis=1)]},
    )  # fmt: skip
    pair = scores[:, 0] / (scores[:, 0] + scores[:, 1] + scores[:, 2])
    experts = pd.DataFrame({
        "pit_id": pits.ids,
        "top-bottom": np.clip(scores[:, 1] + 0.5 * scores[:, 0], 0, 1),
        "candidate-top": np.where(pits.surface == 1, pair, np.nan),
        "candidate-bottom": np.where(pits.surface == 2, pair, np.nan),
        "misc-others": scores[:, 3] if misc else np.nan,
    })  # fmt: skip
    return replace(pits, table=table, expert_scores=experts, ensemble="ensemble-5")


def give_scores(workbench: Workbench, seed: int = 5, sharp: float = 3.0, misc: bool = True) -> PitSheet:
    """Put scores on the pits on screen, as scoring them would."""
    session = workbench.session
    assert session.pits is not None
    session.take(session._reader.generation, Loaded(scored(session.pits, seed, sharp, misc), session.candidates))
    return session.pits


def give_labels(workbench: Workbench, count: int, wrong: int = 0) -> None:
    """Label the first pits, both kinds among them, by what they are; some of them wrongly."""
    labelling = workbench.labelling
    kind = truth_of(labelling.pits)
    rows = np.concatenate([np.flatnonzero(kind == 0)[: count // 2], np.flatnonzero(kind != 0)[: count - count // 2]])
    named = {int(r): NAMES[kind[r]] for r in rows}
    for row in rows[:wrong].tolist():
        named[row] = "misc"
    assert labelling.confirm(named, {})


def question(workbench: Workbench):
    """A source of questions: a made-up network that looks at the middle of the second plane."""

    def source(row: int) -> WhyQuestion:
        planes = workbench.crops.get(row).planes[:4].astype(np.float32)
        ground = np.median(planes[1])

        def score(batch: np.ndarray) -> np.ndarray:
            inside = np.abs(batch[:, 1, 28:44, 28:44] - ground).mean(axis=(1, 2))
            return 1.0 / (1.0 + np.exp(-(inside - 6.0) / 3.0))

        return WhyQuestion(planes, ("lamp 0°", "lamp 45°", "lamp 90°", "lamp 135°"), score, "candidate")

    return source
