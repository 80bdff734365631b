"""Density: a map, and a click that goes there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.density import DensityPanel

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
    assert window.workbench.settings.now.density_borders == (1.0, 1.0)
    assert "100% is so dense" in panel.caption.toolTip()


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
