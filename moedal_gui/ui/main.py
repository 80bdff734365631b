"""Opens the window."""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from moedal_gui import paths
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.constants_alive import keep_constants_alive
from moedal_gui.ui.exception_hook import catch_errors
from moedal_gui.ui.main_window import MainWindow

_LOG = logging.getLogger("moedal_gui")


def open_workbench(target: Path | None) -> int:
    """Run the window until it is closed.

    Parameters
    ----------
    target
        A project or a scan to open; None shows the start page.

    Returns
    -------
    The exit status.
    """
    application = application_of(sys.argv[:1])
    _keep_log()
    window = make_window(Workbench())
    if target is not None:
        # The window is on screen before anything heavy is loaded.
        QTimer.singleShot(0, lambda: window.open_path(target))
    else:
        QTimer.singleShot(400, _warm_up)
    return application.exec()


def application_of(words: list[str]) -> QApplication:
    """The one application, made if there is none."""
    keep_constants_alive()
    found = QApplication.instance()
    application = found if isinstance(found, QApplication) else QApplication(words)
    application.setApplicationName("moedal-gui")
    application.setApplicationDisplayName("")
    application.setDesktopFileName("moedal-gui")
    application.setStyle("Fusion")
    return application


def make_window(workbench: Workbench) -> MainWindow:
    """A window on screen, its errors shown in its corner."""
    window = MainWindow(workbench)
    if "geometry" not in workbench.settings.now.window:
        window.resize(1400, 880)
    window.show()
    if workbench.settings.problem:
        window.toasts.say("bad", workbench.settings.problem)
    catch_errors(window)
    return window


def _keep_log() -> None:
    try:
        paths.logs().mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            paths.logs() / "window.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _LOG.addHandler(handler)


def _warm_up() -> None:
    """Load what the first project will need while the person reads the start page; nothing of Qt is touched."""

    def load() -> None:
        import napari.components
        import pandas as pd

        del napari, pd

    threading.Thread(target=load, name="warm-up", daemon=True).start()
