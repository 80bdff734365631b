"""Opening and moving about with 1k, 100k and 1M pits, ours and napari's own layers in the same run.

A display is needed. Both draw on the same machine by the same OpenGL. A *move* is a step of the view with everything
painted; napari shows the mosaic as one picture and the pits as a Points layer, as a user of napari alone would.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

COUNTS = (1_000, 100_000, 1_000_000)
SIZE = (12_400, 11_600)
MOVES = 20


def measure() -> list[str]:
    """The figures as lines of a page."""
    from moedal_gui.ui.main import application_of

    application_of(["benchmark"])
    lines = [
        "| pits | ours: index ms | ours: move ms | napari: add layer ms | napari: move ms |",
        "|---|---|---|---|---|",
    ]
    for count in COUNTS:
        random = np.random.default_rng(1)
        places = random.uniform(0, SIZE, (count, 2))
        ours, theirs = _ours(places), _napari(places)
        lines.append(f"| {count:,} | {ours[0]:.0f} | {ours[1]:.1f} | {theirs[0]:.0f} | {theirs[1]:.1f} |")
    return lines


def _ours(places: np.ndarray) -> tuple[float, float]:
    """Milliseconds to index the pits, and to find and paint what one view shows (median over near and far views)."""
    from PySide6.QtWidgets import QApplication

    from moedal_gui.app.display import Display
    from moedal_gui.app.pits import PitSheet, _sort_into_cells
    from moedal_gui.ui.viewer.overlay import Overlay
    from moedal_gui.ui.viewer.scene import scene_of
    from moedal_gui.ui.viewer.screen import Screen
    from moedal_gui.ui.viewer.view import View

    begun = time.perf_counter()
    x, y = places[:, 0], places[:, 1]
    cells, starts, order = _sort_into_cells(x, y, SIZE)
    indexed = 1000 * (time.perf_counter() - begun)
    count = len(x)
    size, none = np.full(count, 10.0), np.full(count, -1)
    table = pd.DataFrame({"pit_id": np.arange(count)})
    surface = np.ones(count, np.int8)
    pits = PitSheet(table, x, y, size, size, size, surface, none, "", {}, starts, order, cells)
    screen = Screen()
    screen.resize(1000, 800)
    overlay = Overlay(screen.surface)
    overlay.resize(1000, 800)
    overlay.pits, overlay.codes, overlay.picked = pits, none.astype(np.int8), np.zeros(count, bool)
    screen.show()
    screen.show_picture(np.zeros((800, 1000, 3), np.uint8), 0.0, 0.0, 12.0)
    QApplication.processEvents()
    times = []
    for number in range(MOVES):
        zoom = (0.07, 0.3, 1.0, 3.0)[number % 4]
        view = View(SIZE[0] * (0.3 + 0.02 * number), SIZE[1] / 2, zoom, 1000, 800)
        begun = time.perf_counter()
        screen.look(view)
        overlay.scene = scene_of(view, None, pits, Display())
        overlay.update()
        screen.surface.repaint()
        QApplication.processEvents()
        times.append(1000 * (time.perf_counter() - begun))
    screen.shut()
    screen.close()
    return indexed, float(np.median(times))


def _napari(places: np.ndarray) -> tuple[float, float]:
    """Milliseconds to add the pits as a Points layer, and to move the camera and paint."""
    from napari.components import ViewerModel
    from napari.qt import QtViewer
    from PySide6.QtWidgets import QApplication

    model = ViewerModel()
    viewer = QtViewer(model)
    viewer.resize(1000, 800)
    viewer.show()
    QApplication.processEvents()
    begun = time.perf_counter()
    model.add_points(places[:, ::-1], size=10, face_color="transparent", border_color="orange")
    QApplication.processEvents()
    added = 1000 * (time.perf_counter() - begun)
    times: list[float] = []
    stop = time.perf_counter() + 8.0
    for number in range(MOVES):
        if len(times) >= 4 and time.perf_counter() > stop:
            break
        camera = model.scene.camera
        begun = time.perf_counter()
        camera.center = (0.0, SIZE[1] / 2, SIZE[0] * (0.3 + 0.02 * number))
        camera.zoom = (0.07, 0.3, 1.0, 3.0)[number % 4]
        viewer.canvas.native.repaint()
        QApplication.processEvents()
        times.append(1000 * (time.perf_counter() - begun))
    viewer.close()
    return added, float(np.median(times))


if __name__ == "__main__":
    print("\n".join(measure()))
