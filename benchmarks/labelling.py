"""From key to label on disk and next crop on screen: the figure a person feels all day.

Run it alone: ``python -m benchmarks.labelling``. It makes a small simulated foil, opens the real window on it (a display
is needed) and presses class keys; every time is from the key event to the next crop painted, the label being on disk.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KEYS = 300


def measure() -> list[str]:
    """The figures as lines of a page."""
    handed, painted = times_of(KEYS)
    rows = (("label on disk, next crop handed to the screen", handed), ("the same, and the window painted", painted))
    return [
        f"{len(handed)} keys. Wanted: under 50 ms at the 99th percentile. Without a graphics card the window is painted by the",
        "processor, and the second line says more about Mesa than about the program.",
        "",
        "| from the key to | median ms | 99th percentile ms | most ms |",
        "|---|---|---|---|",
        *(f"| {name} | {np.median(t):.1f} | {np.percentile(t, 99):.1f} | {max(t):.1f} |" for name, t in rows),
    ]


def times_of(keys: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each key to the next crop handed to the screen, and to the screen painted."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ui"))
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from small_foil import make_foil

    from moedal_gui.app.workbench import Workbench
    from moedal_gui.ui.main import application_of, make_window

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _scan, project = make_foil(folder)
        application = application_of(["benchmark"])
        workbench = Workbench(folder / "settings.json", folder / "copies")
        workbench.settings.change(annotator="benchmark")
        window = make_window(workbench)
        window.open_path(project)
        while workbench.session.pits is None or window.canvas is None or not window.canvas.picture_is_shown:
            QTest.qWait(10)
        workbench.labelling.start()
        QTest.qWait(500)
        handed: list[float] = []
        painted: list[float] = []
        classes = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5)
        for number in range(min(keys, 3 * len(workbench.session.pits))):
            row = workbench.labelling.row
            begun = time.perf_counter()
            QTest.keyClick(window.canvas.overlay, classes[number % 5])
            handed.append(1000 * (time.perf_counter() - begun))
            window.panels["labelling"].crops.repaint()
            painted.append(1000 * (time.perf_counter() - begun))
            if workbench.labelling.row == row:
                workbench.labelling.step(1)
            # A person takes at least this long; meanwhile the next crops are cut.
            QTest.qWait(30)
        application.processEvents()
        window.close()
    return handed, painted


if __name__ == "__main__":
    print("\n".join(measure()))
