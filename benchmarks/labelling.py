"""From key to label on disk and next crop on screen: the figure a person feels all day.

Run it alone: ``python -m benchmarks.labelling``. It makes a small simulated foil, opens the real window on it (a display
is needed) and presses class keys; every time is from the key event to the next crop painted, the label being on disk.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.window import open_window, shown

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
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application, workbench, window = open_window(folder)
        while not shown(workbench, window):
            QTest.qWait(10)
        assert workbench.session.pits is not None and window.canvas is not None
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
