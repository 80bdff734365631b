"""Scores: what an ensemble says of a pit."""

from __future__ import annotations

SCORED_CLASSES: tuple[str, ...] = ("candidate", "top", "bottom", "misc")
"""Classes with a column of their own in the table of pits."""

SCORE_COLUMNS: tuple[str, ...] = (*(f"score_{name}" for name in SCORED_CLASSES), "score_uncertainty")
"""Calibrated probabilities (missing for classes the ensemble does not know), and their spread over the symmetries."""
