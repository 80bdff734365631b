"""Real windows on a display, over a small project of their own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from small_foil import make_foil

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.main import application_of, make_window
from moedal_gui.ui.main_window import MainWindow

Until = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def foil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A scan folder and a project, to be copied before they are written to."""
    return make_foil(tmp_path_factory.mktemp("foil"))


@pytest.fixture
def project_path(foil: tuple[Path, Path], tmp_path: Path) -> Path:
    """A project of this test's own."""
    return Path(shutil.copytree(foil[1], tmp_path / "foil.moedal"))


@pytest.fixture
def application(display: str) -> QApplication:
    """The one application."""
    del display
    return application_of(["test"])


@pytest.fixture
def until(application: QApplication) -> Until:
    """Let the window live until something is so."""

    def wait(so: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < end, "it never came to be so"
            application.processEvents()
            # Qt's own waiting would keep Python's other threads from working.
            time.sleep(0.003)

    return wait


@pytest.fixture
def empty_window(application: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """A window without a project; somebody labels already."""
    workbench = Workbench(tmp_path / "settings.json", tmp_path / "copies")
    workbench.settings.change(annotator="ada")
    window = make_window(workbench)
    window.resize(1300, 820)
    application.processEvents()
    yield window
    window.close_at_once()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(empty_window: MainWindow, project_path: Path, until: Until) -> MainWindow:
    """A window with the small project on screen, its pits and picture there."""
    empty_window.open_path(project_path)
    until(lambda: empty_window.workbench.session.pits is not None)
    canvas = empty_window.canvas
    assert canvas is not None
    until(lambda: canvas.picture_is_shown)
    return empty_window
