"""Every panel of the window, in one plain table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay

Area = Literal["left", "right", "lower right", "bottom"]
Make = Callable[[Workbench, Relay], Panel]


@dataclass(frozen=True)
class PanelRow:
    """One panel: what it is called, where it stands at first, and how it is made."""

    id: str
    title: str
    tip: str
    area: Area
    make: Make
    key: str = ""


def _foils(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.foils import FoilsPanel

    return FoilsPanel(workbench, relay)


def _labelling(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.labelling import LabellingPanel

    return LabellingPanel(workbench, relay)


def _candidates(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.candidates import CandidatesPanel

    return CandidatesPanel(workbench, relay)


def _density(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.density import DensityPanel

    return DensityPanel(workbench, relay)


def _registration(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.registration import RegistrationPanel

    return RegistrationPanel(workbench, relay)


def _ternary(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.ternary import TernaryPanel

    return TernaryPanel(workbench, relay)


def _roc(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.roc import RocPanel

    return RocPanel(workbench, relay)


def _training(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.training import TrainingPanel

    return TrainingPanel(workbench, relay)


def _clean_to_dirty(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.clean_to_dirty import CleanToDirtyPanel

    return CleanToDirtyPanel(workbench, relay)


def _jobs(workbench: Workbench, relay: Relay) -> Panel:
    from moedal_gui.ui.panels.jobs import JobsPanel

    return JobsPanel(workbench, relay)


PANELS: tuple[PanelRow, ...] = (
    PanelRow("foils", "Foils", "Foils, scans and fields, and what you have looked at", "left", _foils, "Alt+1"),
    PanelRow("labelling", "Labelling", "The pit in front, the class keys, the queue", "right", _labelling, "Alt+2"),
    PanelRow("candidates", "Candidates", "Entry-exit pairs, ranked", "right", _candidates, "Alt+3"),
    PanelRow("density", "Density", "Pits per mm² over the scan", "lower right", _density, "Alt+4"),
    PanelRow("registration", "Registration", "How well the scans of a foil lie on each other, and where they do not",
             "lower right", _registration, "Alt+9"),
    PanelRow("ternary", "Ternary", "Every pit between candidate, top and bottom, and the border between them", "lower right",
             _ternary, "Alt+6"),
    PanelRow("roc", "ROC", "Efficiency, purity, calibration; the working point and the stage time it costs", "lower right",
             _roc, "Alt+7"),
    PanelRow("training", "Training", "Train experts beside your work, and the ensembles there are", "lower right",
             _training, "Alt+8"),
    PanelRow("clean_to_dirty", "Clean to dirty", "One scan of the foil as the truth of another: efficiency, purity, every mistake",
             "right", _clean_to_dirty, "Alt+0"),
    PanelRow("jobs", "Jobs", "What runs, how far, and how it ended", "lower right", _jobs, "Alt+5"),
)  # fmt: skip
