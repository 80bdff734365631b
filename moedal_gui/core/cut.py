"""A rule that picks pits; every view asks it for its own mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.decision import EVEN, Weights, decide
from moedal_gui.core.score import SCORED_CLASSES

Mask = npt.NDArray[np.bool_]


class Cut(Protocol):
    """Anything that says of each row of a table whether it is picked."""

    def mask(self, table: pd.DataFrame) -> Mask:
        """Boolean per row."""
        ...


@dataclass(frozen=True)
class Nothing:
    """Picks no pit."""

    def mask(self, table: pd.DataFrame) -> Mask:
        """All False."""
        return np.zeros(len(table), dtype=bool)


@dataclass(frozen=True)
class ByIdentity:
    """Picks pits by id."""

    pit_ids: frozenset[int]

    def mask(self, table: pd.DataFrame) -> Mask:
        """True where ``pit_id`` is one of ours."""
        return np.asarray(table["pit_id"].isin(list(self.pit_ids)), dtype=bool)


@dataclass(frozen=True)
class Between:
    """Picks rows whose column lies in [low, high]; a bound of None is open."""

    column: str
    low: float | None = None
    high: float | None = None

    def mask(self, table: pd.DataFrame) -> Mask:
        """True inside the bounds; missing values are never picked."""
        values = np.asarray(table[self.column], dtype=float)
        with np.errstate(invalid="ignore"):
            above = np.ones(len(values), bool) if self.low is None else values >= self.low
            below = np.ones(len(values), bool) if self.high is None else values <= self.high
        return np.asarray(above & below & np.isfinite(values), dtype=bool)


@dataclass(frozen=True)
class OneOf:
    """Picks rows whose column equals one of some values (*same kind*)."""

    column: str
    values: frozenset[str]

    def mask(self, table: pd.DataFrame) -> Mask:
        """True where the column's value is one of ours."""
        return np.asarray(table[self.column].isin(list(self.values)), dtype=bool)


@dataclass(frozen=True)
class Lasso:
    """Picks rows inside a polygon drawn over two columns.

    ``vertices`` is a closed polygon ((x, y), ...); the even-odd rule decides for crossed ones.
    """

    x_column: str
    y_column: str
    vertices: tuple[tuple[float, float], ...]

    def mask(self, table: pd.DataFrame) -> Mask:
        """True inside the polygon."""
        x = np.asarray(table[self.x_column], dtype=float)
        y = np.asarray(table[self.y_column], dtype=float)
        inside = np.zeros(len(x), dtype=bool)
        corners = np.asarray(self.vertices, dtype=float)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if y0 == y1:
                continue
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return inside


@dataclass(frozen=True)
class Passing:
    """Picks rows that pass a working point: a score of at least the threshold; without a score none does."""

    threshold: float
    column: str = "score_candidate"

    def mask(self, table: pd.DataFrame) -> Mask:
        """True where the score is at least the threshold."""
        return Between(self.column, self.threshold).mask(table)


@dataclass(frozen=True)
class Decided:
    """Picks rows that a weighted decision gives one class (a region of the ternary plot)."""

    name: str
    weights: Weights = EVEN

    def mask(self, table: pd.DataFrame) -> Mask:
        """True where the largest weighted score is that class's."""
        scores = table[[f"score_{name}" for name in SCORED_CLASSES]].to_numpy(float)
        return np.asarray(decide(scores, self.weights) == SCORED_CLASSES.index(self.name), dtype=bool)
