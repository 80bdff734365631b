"""The canvas: hover, click, shapes, pictures, film and contrast."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_steps import bring_near, lonely, press, screen_place

from moedal_gui.core.cut import ByIdentity, Lasso
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.table import PANELS

pytestmark = pytest.mark.window


def test_the_picture_is_on_screen_and_every_panel_stands(window: MainWindow) -> None:
    image = window.canvas.screen_.grab().toImage()
    greys = {
        image.pixelColor(x, y).lightness() for y in range(0, image.height(), 30) for x in range(0, image.width(), 3)
    }
    assert len(greys) > 20
    assert all(window.docks[row.id].isVisible() or window.tabifiedDockWidgets(window.docks[row.id]) for row in PANELS)


def test_a_click_on_a_pit_selects_it_everywhere(window: MainWindow, until) -> None:
    row = lonely(window, linked=False)
    bring_near(window, row, until)
    QTest.mouseClick(window.canvas.overlay, Qt.MouseButton.LeftButton, pos=screen_place(window, row))
    pit = int(window.workbench.session.pits.ids[row])
    assert window.workbench.selection.focus == pit
    assert window.workbench.selection.cut == ByIdentity(frozenset({pit}))
    assert window.workbench.labelling.row == row
    assert window.canvas.overlay.picked.sum() == 1
    assert str(pit) in window.panels["labelling"].head.text()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.workbench.selection.focus is None


def test_a_rectangle_selects_by_a_rule(window: MainWindow) -> None:
    overlay = window.canvas.overlay
    window.canvas.fit()
    corner, opposite = QPoint(5, 5), QPoint(overlay.width() - 5, overlay.height() - 5)
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, corner)
    QTest.mouseMove(overlay, opposite)
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, opposite)
    assert isinstance(window.workbench.selection.cut, Lasso)
    assert overlay.picked.all()


def test_a_held_film_key_spins_and_stops(window: MainWindow, until) -> None:
    overlay, display = window.canvas.overlay, lambda: window.workbench.session.display
    QTest.keyPress(overlay, Qt.Key.Key_F)
    assert display().film
    until(lambda: window.canvas.picture.film.frame_count >= 3)
    QTest.keyRelease(overlay, Qt.Key.Key_F)
    assert not display().film


def test_contrast_is_remembered_for_each_channel(window: MainWindow, until) -> None:
    session, settings = window.workbench.session, window.workbench.settings
    key = session.contrast_key(session.display.picture)
    window.canvas.strip.contrastAsked.emit((40.0, 90.0))
    assert settings.now.contrast[key] == (40.0, 90.0)
    window.canvas.picture.step(1)
    until(lambda: window.canvas.picture_is_shown)
    window.canvas.picture.step(-1)
    until(lambda: window.canvas.picture_is_shown)
    assert settings.now.contrast[key] == (40.0, 90.0)


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier])
def test_a_lasso_selects_what_it_goes_round(window: MainWindow, until, held: Qt.KeyboardModifier) -> None:
    overlay = window.canvas.overlay
    row = lonely(window, linked=False)
    bring_near(window, row, until)
    if held == Qt.KeyboardModifier.NoModifier:
        press(window, Qt.Key.Key_T)
        assert overlay.tool == "lasso"
    middle = screen_place(window, row)
    corners = [middle + QPoint(dx, dy) for dx, dy in ((-25, -20), (30, -24), (34, 22), (4, 34), (-30, 24))]
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, held, corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(overlay, corner)
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, held, corners[-1])
    assert isinstance(window.workbench.selection.cut, Lasso)
    assert np.flatnonzero(overlay.picked).tolist() == [row]
    QTest.keyClick(overlay, Qt.Key.Key_Escape)
    assert not overlay.picked.any()
    assert overlay.tool == ""


def test_channels_are_shown_under_even_light_until_one_wants_them_as_stored(window: MainWindow, until) -> None:
    canvas = window.canvas
    assert window.workbench.session.display.even
    before = canvas.screen_.grab().toImage()
    press(window, Qt.Key.Key_E)
    until(lambda: not window.workbench.session.display.even)
    until(lambda: canvas.picture_is_shown)
    QTest.qWait(100)
    assert canvas.screen_.grab().toImage() != before
    assert not canvas.strip.even.isChecked()
