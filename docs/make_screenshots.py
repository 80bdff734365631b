"""Takes the pictures of the documentation from the real window.

``python docs/make_screenshots.py [--project PROJECT] [--scan SCAN]`` writes every picture to docs/pictures;
``--only FILE.png`` saves the window with the project in it to that file, and nothing else. Without a display a
virtual one is started (Linux; Xvfb is needed).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from moedal_gui.ui.main_window import MainWindow

PICTURES = Path(__file__).resolve().parent / "pictures"
DEMO = PICTURES.parents[1] / "demo"
LONGEST_WAIT_S = 120.0


def main(words: list[str]) -> int:
    """Take what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(description="Pictures of the real window")
    parser.add_argument(
        "--project", type=Path, default=DEMO / "demo.moedal", help="project to open; the demo foil is meant"
    )
    parser.add_argument("--scan", type=Path, default=DEMO / "scans" / "c1", help="scan to show on the import page")
    parser.add_argument("--only", type=Path, help="save the window to this file alone")
    chosen = parser.parse_args(words)
    if not chosen.project.is_dir():
        sys.stderr.write(f"There is no project {chosen.project}: build the demo foil first (`moedal-gui demo`)\n")
        return 1
    try:
        with _display(), _window() as window:
            _take_all(window, chosen.project, chosen.scan) if chosen.only is None else _take_one(
                window, chosen.project, chosen.only
            )
    except (TimeoutError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


@contextmanager
def _display() -> Iterator[None]:
    """A display of our own where there is none."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield
        return
    if not shutil.which("Xvfb"):
        raise RuntimeError("There is no display, and Xvfb is not installed: run packaging/system_libraries.sh as root")
    read, write = os.pipe()
    size = ["-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), *size], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    try:
        if not number:
            raise RuntimeError("Xvfb did not start: try it by hand to see why")
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait(10)


@contextmanager
def _window() -> Iterator[MainWindow]:
    """A window with settings of its own, so that nobody's are touched."""
    from moedal_gui.app.workbench import Workbench
    from moedal_gui.ui.main import application_of, make_window

    application = application_of(["pictures"])
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(Path(folder) / "settings.json", Path(folder) / "copies")
        workbench.settings.change(annotator="ada", theme="light")
        window = make_window(workbench)
        window.resize(1500, 920)
        _live(0.3)
        try:
            yield window
        finally:
            window.close()
            application.processEvents()


def _live(seconds: float) -> None:
    """Let the window live a while; Qt's own waiting would keep Python's other threads from working."""
    from PySide6.QtCore import QCoreApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.01)


def _until(so: Callable[[], object]) -> None:
    end = time.monotonic() + LONGEST_WAIT_S
    while not so():
        if time.monotonic() > end:
            raise TimeoutError("The window did not show what was asked for in time")
        _live(0.02)
    _live(0.9)


def _save(widget: object, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path), "PNG"):  # type: ignore[attr-defined]
        raise RuntimeError(f"{path} cannot be written: name another file")


def _open(window: MainWindow, project: Path) -> None:
    """The project with its pits and picture, a field in view and a pit in front."""
    window.open_path(project)
    session = window.workbench.session
    if session.project is None:
        raise RuntimeError(f"{project} cannot be opened: {'; '.join(window.toasts.texts())}")
    _until(lambda: session.pits is not None and window.canvas is not None and window.canvas.picture_is_shown)
    sheet, pits, canvas = session.sheet, session.pits, window.canvas
    assert sheet is not None and pits is not None and canvas is not None
    _to_a_field(window)
    _until(lambda: canvas.picture_is_shown)
    row = pits.nearest(canvas.view.x, canvas.view.y, 400.0)
    if row is not None:
        window.workbench.selection.pick(int(pits.ids[row]))
    _until(lambda: canvas.picture_is_shown)


def _to_a_field(window: MainWindow) -> None:
    sheet = window.workbench.session.sheet
    assert sheet is not None
    window.workbench.go_to_field(sheet.names[len(sheet.names) // 3])


def _take_one(window: MainWindow, project: Path, file: Path) -> None:
    _open(window, project)
    _save(window, file)


def _take_all(window: MainWindow, project: Path, scan: Path) -> None:
    _save(window, PICTURES / "start.png")
    if scan.is_dir():
        _take_import(window, scan)
    _open(window, project)
    _save(window, PICTURES / "window.png")
    canvas = window.canvas
    assert canvas is not None
    _save(canvas, PICTURES / "canvas.png")
    _take_datum(window)
    for name, panel in window.panels.items():
        window.reset_layout()
        window.show_panel(name)
        if name == "candidates":
            window.actions_.run("candidate.next")
        if name == "clean_to_dirty":
            _compare(window)
        _until(lambda: canvas.picture_is_shown)
        _heighten(window, panel)
        _live(0.8)
        _save(panel, PICTURES / f"panel-{name}.png")
    window.reset_layout()
    _to_a_field(window)
    window.workbench.settings.change(theme="dark")
    for name in ("labelling", "density"):
        window.show_panel(name)
    window.workbench.session.show(picture="slope")
    _until(lambda: canvas.picture_is_shown)
    _save(window, PICTURES / "window-dark.png")


def _take_datum(window: MainWindow) -> None:
    """The datum points of the scan shown, one of them beside its hole."""
    from dataclasses import replace

    from moedal_gui.ui.parts.datum_dialog import DatumDialog

    draft = window.workbench.datum
    window.actions_.run("datum.set")
    _until(lambda: draft.check is not None)
    (dialog,) = (d for d in window.actions_.dialogs.open if isinstance(d, DatumDialog))
    if len(draft.points) > 1:
        first, wrong, *rest = draft.points
        draft.take([first, replace(wrong, x_px=wrong.x_px + 30.0, y_px=wrong.y_px + 20.0), *rest])
        dialog.table.selectRow(1)
        _until(lambda: draft.check is not None)
    _save(dialog, PICTURES / "datum.png")
    for _ in range(2):  # the first is told that the points are not kept
        dialog.reject()


def _compare(window: MainWindow) -> None:
    """Let the first two scans that can be compared be so."""
    from moedal_gui.app.clean_to_dirty import Asked

    state = window.workbench.clean_to_dirty
    for truth, others in list(state.scans().items())[:1]:
        state.start(Asked(truth, others[0]))
        _until(lambda: state.now is not None)


def _heighten(window: MainWindow, panel: QWidget) -> None:
    """Give a panel's dock most of the window's height: plots are looked at so, not as small as they begin."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QDockWidget

    above = panel.parentWidget()
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    if isinstance(above, QDockWidget):
        window.resizeDocks([above], [int(0.62 * window.height())], Qt.Orientation.Vertical)


def _take_import(window: MainWindow, scan: Path) -> None:
    from moedal_gui.ui.import_page.page import ImportPage

    window.open_path(scan)
    page = window.pages.currentWidget()
    assert isinstance(page, ImportPage)
    _until(lambda: page.is_done)
    page.project.setText("foil.moedal")  # not where this machine happens to keep it
    _save(window, PICTURES / "import.png")
    page.left.emit()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
