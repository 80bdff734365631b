"""A working point: above which score a pit counts as signal, and how that was chosen."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_NAME = "default"


@dataclass(frozen=True)
class WorkingPoint:
    """A border that people have named.

    Attributes
    ----------
    column
        The column of the table of pits that is compared.
    threshold
        A pit passes when its score is at least this.
    weights
        Factors on the scores of candidate, top and bottom before the largest is taken: the border of the ternary
        plot.
    how
        What was asked for when it was chosen ("keep 99 % of signal").
    made, by
        When (UTC, ISO 8601) and by whom.
    """

    name: str
    column: str = "score_candidate"
    threshold: float = 0.5
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    how: str = ""
    made: str = ""
    by: str = ""
