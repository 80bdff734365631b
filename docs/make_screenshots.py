"""Takes the pictures of the documentation from the real window: ``python docs/make_screenshots.py PROJECT [SCAN]``.

A display is needed (a virtual one will do). PROJECT is opened as it is; the demo foil is meant.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PICTURES = Path(__file__).resolve().parent / "pictures"


def main(project: Path, scan: Path | None) -> None:
    """Take every picture."""
    from PySide6.QtTest import QTest

    from moedal_gui.app.workbench import Workbench
    from moedal_gui.ui.main import application_of, make_window

    PICTURES.mkdir(exist_ok=True)
    application_of(["pictures"])
    with tempfile.TemporaryDirectory() as folder:
        workbench = Workbench(Path(folder) / "settings.json", Path(folder) / "copies")
        workbench.settings.change(annotator="ada", theme="light")
        window = make_window(workbench)
        window.resize(1500, 920)
        QTest.qWait(300)
        window.grab().save(str(PICTURES / "start.png"))

        def until(so: Callable[[], object]) -> None:
            while not so():
                QTest.qWait(20)
            QTest.qWait(900)

        if scan is not None:
            window.open_path(scan)
            page = window.pages.currentWidget()
            until(lambda: page._preview is not None and page._preview.done)  # type: ignore[attr-defined]
            window.grab().save(str(PICTURES / "import.png"))
            page.left.emit()  # type: ignore[attr-defined]
        window.open_path(project)
        until(lambda: workbench.session.pits is not None and window.canvas and window.canvas.picture_is_shown)
        names = workbench.session.sheet.names if workbench.session.sheet else ()
        workbench.go_to_field(names[len(names) // 3])
        until(lambda: window.canvas and window.canvas.picture_is_shown)
        pits, canvas = workbench.session.pits, window.canvas
        assert pits is not None and canvas is not None
        row = pits.nearest(canvas.view.x, canvas.view.y, 400.0)
        if row is not None:
            workbench.selection.pick(int(pits.ids[row]))
        QTest.qWait(600)
        window.grab().save(str(PICTURES / "window.png"))
        canvas.grab().save(str(PICTURES / "canvas.png"))
        for name, panel in window.panels.items():
            window.show_panel(name)
            if name == "candidates":
                window.actions_.run("candidate.next")
            QTest.qWait(700)
            panel.grab().save(str(PICTURES / f"panel-{name}.png"))
        workbench.settings.change(theme="dark")
        window.show_panel("labelling")
        workbench.session.show(picture="slope")
        until(lambda: canvas.picture_is_shown)
        window.grab().save(str(PICTURES / "window-dark.png"))
        window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
