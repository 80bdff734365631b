"""Examples: what a network is shown, one row a pit or picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Examples:
    """Inputs of one recipe.

    Attributes
    ----------
    pictures
        Shape (N, V, C, S, S): V crops an example (`Recipe.views`), C planes, S px.
    numbers
        Shape (N, K): `Recipe.numbers`; K is 0 for a ``pit`` recipe.
    """

    pictures: Float32
    numbers: Float32

    def __len__(self) -> int:
        return len(self.pictures)

    def taken(self, rows: npt.NDArray[Any]) -> Examples:
        """Some of the rows, by index or mask."""
        return Examples(self.pictures[rows], self.numbers[rows])
