"""Density: a map, and a click that goes there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from window_steps import press

from moedal_gui.app.session import Loaded
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.density import DensityPanel
from moedal_gui.ui.parts.map_colours import UNTRAINED, coloured

pytestmark = pytest.mark.window


def test_a_click_on_the_map_goes_there(window: MainWindow, until) -> None:
    panel = window.panels["density"]
    assert isinstance(panel, DensityPanel)
    window.show_panel("density")
    until(lambda: panel.map is not None and panel.map.isVisible())
    assert "/mm" in panel.caption.text()
    QTest.qWait(100)
    window.canvas.go_to(-9000.0, -9000.0, 300.0)
    box = panel.map.getPlotItem().vb.sceneBoundingRect()
    place = panel.map.mapFromScene(box.center())
    QTest.mouseClick(panel.map.viewport(), Qt.MouseButton.LeftButton, pos=place)
    size = window.workbench.session.sheet.size
    until(lambda: 0 < window.canvas.view.x < size[0] and 0 < window.canvas.view.y < size[1])


def test_the_borders_move_the_hatching_and_are_kept(window: MainWindow, until) -> None:
    panel = window.panels["density"]
    assert isinstance(panel, DensityPanel)
    window.show_panel("density")
    until(lambda: panel.map is not None and panel.map.isVisible())
    panel.high.setValue(0.0)
    assert not panel.map.hatched
    panel.high.setValue(1.0)
    assert panel.map.hatched
    assert panel.low.value() == 1.0
    assert window.workbench.session.project.density_borders.now == (1.0, 1.0)
    assert "100% is so dense" in panel.caption.toolTip()
    assert "100% too dense" in panel.caption.text(), "where no list is valid is said without a search for it"


def test_every_map_can_be_chosen_and_says_what_it_is(window: MainWindow, until) -> None:
    panel = window.panels["density"]
    assert isinstance(panel, DensityPanel)
    window.show_panel("density")
    until(lambda: panel.map is not None and panel.map.isVisible())
    seen = set()
    for index in range(panel.kind.count()):
        panel.kind.setCurrentIndex(index)
        seen.add(panel.map.toolTip().split(";")[0])
    assert len(seen) == panel.kind.count() >= 6


def _overlay(window: MainWindow) -> QImage:
    """The sheet over the picture, alone."""
    overlay = window.canvas.overlay
    image = QImage(overlay.size(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    overlay.render(painter, QPoint(0, 0), QRegion(), QWidget.RenderFlag(0))
    painter.end()
    return image


def test_a_key_lays_the_map_over_the_canvas_in_the_plots_own_colours(window: MainWindow, until) -> None:
    until(lambda: window.workbench.maps.now is not None)
    window.workbench.session.show(pits=False, links=False)
    canvas, maps = window.canvas, window.workbench.maps
    canvas.fit()
    sheet = window.workbench.session.sheet
    inside = [round(v) for v in canvas.view.to_screen(sheet.size[0] * 0.5, sheet.size[1] * 0.5)]
    assert _overlay(window).pixelColor(*inside).alpha() == 0
    press(window, Qt.Key.Key_H)
    assert canvas.overlay.heat is not None and window.panels["density"].over.isChecked()
    heat, shown = canvas.overlay.heat, canvas.overlay.heat.shown
    rows, columns = np.nonzero(maps.now.every.cover > 0.99)
    image = _overlay(window)
    opacity = window.workbench.settings.now.heat_opacity
    for row, column in list(zip(rows, columns, strict=True))[::7]:
        place = heat.to_screen(canvas.view).map(QPointF(column + 0.5, row + 0.5))
        seen = image.pixelColor(round(place.x()), round(place.y()))
        meant = coloured(shown.values, shown.most).pixelColor(int(column), int(row))
        assert abs(seen.alphaF() - opacity) < 0.02
        assert max(abs(seen.red() - meant.red()), abs(seen.green() - meant.green())) <= 6
    beside = [round(v) for v in canvas.view.to_screen(sheet.size[0] * 0.5, sheet.size[1] + 60.0)]
    assert image.pixelColor(*beside).alpha() == 0  # nothing was scanned there
    before = shown.kind.key
    window.panels["density"].kind.setCurrentIndex(2)
    assert canvas.overlay.heat.shown.kind.key != before
    press(window, Qt.Key.Key_H)
    assert canvas.overlay.heat is None


def test_both_hatchings_are_drawn_and_named(window: MainWindow, until) -> None:
    session = window.workbench.session
    until(lambda: window.workbench.maps.now is not None)
    pits = replace(session.pits, trained_density=(0.0, 1e-3))
    session.take(session._reader.generation, Loaded(pits, session.candidates))
    until(lambda: window.workbench.maps.now is not None)
    window.workbench.maps.move_borders((1.0, 1.0))
    session.show(heat=True)
    until(lambda: window.canvas.overlay.heat is not None and len(window.canvas.overlay.heat.legend) == 2)
    panel = window.panels["density"]
    assert panel.map.hatched and panel.map.hatched_down and "trained" in panel.map.toolTip()
    window.workbench.maps.move_borders((0.5, 0.0))
    assert window.canvas.overlay.heat.legend == (UNTRAINED,)


def test_a_region_is_gone_to_and_marked_as_looked_at(window: MainWindow, until) -> None:
    session, state = window.workbench.session, window.workbench.regions
    record, catalogue = session.sheet.record, session.project.catalogue
    listed = window.panels["density"].regions
    nothing = catalogue.open_run("regions", record.scan_id, {"first": 1}, "test", "test")
    catalogue.finish_run(nothing.run_id, {"regions": [], "tested": 100, "threshold": 5.0, "mirrored": 0})
    session.refresh()
    until(lambda: "nothing stands out" in listed.said.text())
    found = catalogue.open_run("regions", record.scan_id, {}, "test", "test")
    rows = [
        {"region_id": n, "field": session.sheet.names[n], "x_px": 200.0 + 90 * n, "y_px": 150.0, "width_px": 80, "height_px": 40,
         "x_um": None, "y_um": None, "area_mm2": 0.1, "measure": "slope_energy", "z": 9.0 - n, "probability": 0.001, "corners_um": None}
        for n in (1, 2)
    ]  # fmt: skip
    catalogue.finish_run(found.run_id, {"regions": rows, "tested": 100, "threshold": 5.0, "mirrored": 0})
    session.refresh()
    until(lambda: len(state.table) == 2)
    window.show_panel("density")
    until(listed.table.isVisible)
    cell = listed.table.visualRect(listed.model.index(1, 0)).center()
    QTest.mouseClick(listed.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    row = session.sheet.row_of(session.sheet.names[2])
    meant = [float(v[0]) for v in session.sheet.to_plane(np.array([row]), [380.0], [150.0])]
    assert (window.canvas.view.x, window.canvas.view.y) == pytest.approx(meant)
    assert window.canvas.overlay.region_in_front == 1
    press(window, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert state.table["looked_at_by"].tolist() == ["", "ada"] and "1 seen" in listed.said.text()
    press(window, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert state.row == 0  # the one that nobody has looked at
    press(window, Qt.Key.Key_F)
    assert session.display.film


def test_another_scan_fills_the_map_whatever_was_hatched_before(application) -> None:
    from moedal_gui.ui.parts.map_view import MapView

    view = MapView()
    view.resize(400, 300)
    view.show()
    wide = np.ones((60, 80))
    view.show_map(wide, (0.0, 0.0), 1.0, "mm")
    view.hatch(wide > 0)
    view.show_map(np.ones((6, 8)), (0.0, 0.0), 1.0, "mm")
    (x0, x1), (y0, y1) = view.viewRange()
    assert min(x1 - x0, y1 - y0) < 12, "the new map is small in a corner of the old one's place"
    view.close()
