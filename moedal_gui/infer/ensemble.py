"""An ensemble: experts and their stacker, from crops to calibrated scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.card import EnsembleCard
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.infer.expert import Expert
from moedal_gui.infer.stacker import Float64, probabilities

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """What an ensemble says of N examples.

    Attributes
    ----------
    probabilities
        Shape (N, classes), calibrated.
    uncertainty
        Shape (N,): standard deviation of the probability of the class it settles on, over the exact symmetries of
        the crops (over the folds, where a network sees all symmetries by itself).
    logits
        Of every expert, (N, answers): mean over folds and symmetries.
    """

    classes: tuple[str, ...]
    probabilities: Float64
    uncertainty: Float64
    logits: Mapping[str, Float32]

    def chosen(self) -> npt.NDArray[np.str_]:
        """The likeliest class of each example."""
        if not len(self.probabilities):
            return np.zeros(0, dtype=np.str_)
        return np.array(self.classes)[self.probabilities.argmax(axis=1)]

    def table(self) -> pd.DataFrame:
        """A row an example: ``score_<class>``, ``score_uncertainty`` and ``class``."""
        columns = {f"score_{name}": self.probabilities[:, k] for k, name in enumerate(self.classes)}
        return pd.DataFrame({**columns, "score_uncertainty": self.uncertainty, "class": self.chosen()})


class Ensemble:
    """Experts that are ready to judge.

    Parameters
    ----------
    card
        Its card.
    folder
        Where the ONNX files lie; `store.registry` has made sure that they are the card's.
    threads
        Cores one call may use; 0 for all.
    """

    def __init__(self, card: EnsembleCard, folder: Path, threads: int = 0) -> None:
        self.card = card
        self.experts = tuple(Expert(expert, folder / expert.file, threads) for expert in card.experts)

    @property
    def recipes(self) -> dict[str, Recipe]:
        """The recipe of each view: crops are to be made by these."""
        return self.card.recipes

    def scores(
        self,
        examples: Mapping[str, Examples],
        recipes: Mapping[str, Recipe] | None = None,
        turns: int | None = None,
    ) -> Scores:
        """Judge examples.

        Parameters
        ----------
        examples
            By view, row for row the same pits.
        recipes
            What they were made by; taken to be the card's own when left out.
        turns
            At most so many of the exact symmetries are looked at; all by default. Fewer is quicker.

        Raises
        ------
        ExpertError
            A view is missing, or was made by another recipe.
        """
        told = recipes if recipes is not None else self.recipes
        looks: dict[str, list[Float32]] = {}
        for expert in self.experts:
            view = expert.card.view
            if view not in examples or view not in told:
                raise ExpertError(f"The expert {expert.card.name} needs crops of the view {view}", "", "make them too")
            expert.refuse(examples[view], told[view])
            looks[expert.card.name] = _looks(expert, examples[view], turns)
        means: dict[str, Float32] = {n: np.asarray(np.stack(p).mean(axis=0), np.float32) for n, p in looks.items()}
        judged = self._judged(means)
        top = judged.argmax(axis=1) if len(judged) else np.zeros(0, np.int64)
        rounds = max(len(parts) for parts in looks.values())
        seen = [
            self._judged({n: p[r % len(p)] for n, p in looks.items()})[np.arange(len(top)), top] for r in range(rounds)
        ]
        return Scores(self.card.classes, judged, np.std(np.stack(seen), axis=0), means)

    def _judged(self, logits: Mapping[str, Float32]) -> Float64:
        answers = {expert.name: expert.answers for expert in self.card.experts}
        return probabilities(self.card.stacker, logits, answers)


def _looks(expert: Expert, examples: Examples, turns: int | None) -> list[Float32]:
    """Logits of each look: a look a symmetry, or a look a fold where one symmetry says it all."""
    elements = expert.elements
    if len(elements) == 1:
        return list(expert.logits(examples)[1])
    return [expert.logits(element.applied(examples))[0] for element in elements[: turns or len(elements)]]
