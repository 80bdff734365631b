"""Labelling: one key, next pit, nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_steps import labels_on_disk, press

from moedal_gui.ui.main_window import MainWindow

pytestmark = pytest.mark.window


def test_a_key_labels_and_goes_on(window: MainWindow, project_path: Path) -> None:
    press(window, Qt.Key.Key_Space)
    first = window.workbench.labelling.row
    press(window, Qt.Key.Key_4)
    assert labels_on_disk(project_path).count("misc") >= 1
    assert window.workbench.labelling.codes[first] == 3
    assert window.workbench.labelling.row not in (first, None)
    press(window, Qt.Key.Key_U)
    assert labels_on_disk(project_path) == []
    assert window.workbench.labelling.codes[first] == -1
    assert window.workbench.labelling.row == first
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert "misc" in labels_on_disk(project_path)


def test_a_linked_pit_is_labelled_at_both_ends_unless_shift_is_held(window: MainWindow, project_path: Path) -> None:
    pits, labelling = window.workbench.session.pits, window.workbench.labelling
    row = int(np.flatnonzero(pits.partner >= 0)[0])
    other = int(pits.partner[row])
    window.workbench.selection.pick(int(pits.ids[row]))
    press(window, Qt.Key.Key_1)
    assert labels_on_disk(project_path) == ["candidate", "candidate"]
    assert labelling.codes[row] == labelling.codes[other] == 0
    window.workbench.selection.pick(int(pits.ids[row]))
    press(window, Qt.Key.Key_5, Qt.KeyboardModifier.ShiftModifier)
    assert labelling.codes[row] == 4
    assert labelling.codes[other] == 0


def test_keys_do_not_reach_the_window_while_somebody_types(window: MainWindow, project_path: Path) -> None:
    window.actions_.run("search.show")
    QTest.keyClicks(window.actions_.search.line, "12")
    assert window.actions_.search.line.text() == "12"
    assert labels_on_disk(project_path) == []


def test_labelling_from_far_comes_near_enough_to_see_the_pit(window: MainWindow) -> None:
    window.canvas.fit()
    press(window, Qt.Key.Key_Space)
    row = window.workbench.labelling.row
    assert row in window.canvas.overlay.scene.rows
    assert f"Pit {int(window.workbench.session.pits.ids[row])}" in window.panels["labelling"].head.text()
