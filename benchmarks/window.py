"""The real window on a small simulated foil, for the figures that a person feels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from moedal_gui.app.workbench import Workbench
    from moedal_gui.ui.main_window import MainWindow


def open_window(folder: Path) -> tuple[QApplication, Workbench, MainWindow]:
    """A window on a foil made in ``folder``, with settings of its own; the picture is still to come."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ui"))
    from small_foil import make_foil

    from moedal_gui.app.workbench import Workbench
    from moedal_gui.ui.main import application_of, make_window

    _scan, project = make_foil(folder)
    application = application_of(["benchmark"])
    workbench = Workbench(folder / "settings.json", folder / "copies")
    workbench.settings.change(annotator="benchmark")
    window = make_window(workbench)
    window.open_path(project)
    return application, workbench, window


def shown(workbench: Workbench, window: MainWindow) -> bool:
    """Whether pits and picture are there."""
    return workbench.session.pits is not None and window.canvas is not None and window.canvas.picture_is_shown
