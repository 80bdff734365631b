"""Efficiency and purity of two point lists; needs no project."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from moedal_gui.analysis.evaluation import list_figures
from moedal_gui.analysis.intervals import rounded
from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.point_list import read_points

TALLIES = ("one-to-one", "lab")


@dataclass(frozen=True)
class EvaluateListsParameters:
    """What ``evaluate-lists`` is told."""

    predicted: Path = field(metadata=parameter("points found: JSON [[x, y], ...] or CSV with x, y", positional=True))
    truth: Path = field(metadata=parameter("true points, likewise", positional=True))
    tolerance_px: float = field(default=15.0, metadata=parameter("farthest that a found point may lie from a true one"))
    tally: str = field(default="one-to-one", metadata=parameter("how points are counted", choices=TALLIES))


def plan(project: None, parameters: EvaluateListsParameters) -> Plan[None, None]:
    """Compare two files."""
    del project
    if not parameters.tolerance_px > 0:
        raise ArgumentError("--tolerance-px must be above zero", remedy="give a distance in px")
    return at_once(lambda: _evaluate(parameters))


def _evaluate(parameters: EvaluateListsParameters) -> Outcome:
    figures = list_figures(
        read_points(parameters.predicted), read_points(parameters.truth), parameters.tolerance_px, parameters.tally
    )
    sentence = (
        f"{figures['matched']} of {figures['true']} true points found, {figures['found']} in all: efficiency "
        f"{rounded(figures['efficiency']['value'])}, purity {rounded(figures['purity']['value'])} ({parameters.tally}, "
        f"{parameters.tolerance_px:g} px)"
    )
    return Outcome(sentence, figures)
