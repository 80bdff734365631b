"""Foils: the tree, and what a person has looked at."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from window_steps import press

from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.foils import FoilsPanel

pytestmark = pytest.mark.window


def test_page_down_walks_the_unseen_fields(window: MainWindow) -> None:
    sheet, seen = window.workbench.session.sheet, window.workbench.seen
    for _ in sheet.names:
        press(window, Qt.Key.Key_PageDown)
    assert seen.count(sheet.record.foil, sheet.record.scan) == len(sheet.names)
    press(window, Qt.Key.Key_PageDown)
    assert any("every field" in text for text in window.toasts.texts())


def test_the_tree_holds_every_field_with_its_pits(window: MainWindow) -> None:
    panel = window.panels["foils"]
    assert isinstance(panel, FoilsPanel)
    scan = panel.tree.topLevelItem(0).child(0)
    sheet, pits = window.workbench.session.sheet, window.workbench.session.pits
    assert [scan.child(n).text(0) for n in range(scan.childCount())] == list(sheet.names)
    assert sum(int(scan.child(n).text(1).replace(",", "")) for n in range(scan.childCount())) == len(pits)
