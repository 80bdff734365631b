"""One expert from its ONNX file: examples in, logits out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from moedal_gui.core.card import ExpertCard
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.imaging.planes import PlaneElement, plane_group
from moedal_gui.infer.session import open_session

Float32 = npt.NDArray[np.float32]
_BATCH = 64  # examples at once: larger ones fall out of the cache


class Expert:
    """A trained network, all its folds in one file.

    Parameters
    ----------
    card
        What the ensemble's card says of it.
    path
        Its ONNX file, already found to be the card's.
    threads
        Cores one call may use; 0 for all.
    """

    def __init__(self, card: ExpertCard, path: Path, threads: int = 0) -> None:
        self.card = card
        self._session = open_session(path, f"The network of {card.name} cannot be read", threads)
        self._inputs = [i.name for i in self._session.get_inputs()]

    @property
    def elements(self) -> tuple[PlaneElement, ...]:
        """The exact symmetries it is asked in; one where the network sees them all by itself."""
        found = plane_group(self.card.recipe, resampling=False)
        return found[:1] if self.card.network == "equivariant" else found

    def refuse(self, examples: Examples, recipe: Recipe) -> None:
        """Refuse crops that were made by another recipe.

        Raises
        ------
        ExpertError
            They were.
        """
        mine = self.card.recipe
        shape = (mine.views, mine.channels, mine.size, mine.size)
        if recipe != mine or examples.pictures.shape[1:] != shape or examples.numbers.shape[1] != len(mine.numbers):
            raise ExpertError(
                f"The expert {self.card.name} does not know crops of this recipe",
                f"{recipe.hash} instead of {mine.hash}",
                "make the crops with the recipe on its card",
            )

    def logits(self, examples: Examples) -> tuple[Float32, Float32]:
        """Mean logits (N, answers) and those of every fold (F, N, answers)."""
        means, folds = [], []
        for start in range(0, len(examples), _BATCH):
            rows = slice(start, start + _BATCH)
            words = {
                "pictures": np.ascontiguousarray(examples.pictures[rows], dtype=np.float32),
                "numbers": np.ascontiguousarray(examples.numbers[rows], dtype=np.float32),
            }
            mean, each = self._session.run(["logits", "fold_logits"], {name: words[name] for name in self._inputs})
            means.append(mean)
            folds.append(each)
        if not means:
            count = len(self.card.answers)
            return np.zeros((0, count), np.float32), np.zeros((max(1, len(self.card.folds)), 0, count), np.float32)
        return np.concatenate(means), np.concatenate(folds, axis=1)
