"""What tests of the window do again and again."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from moedal_gui.core.task import Outcome, Plan
from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow


def screen_place(window: MainWindow, row: int) -> QPoint:
    pits = window.workbench.session.pits
    return QPoint(*(round(v) for v in window.canvas.view.to_screen(float(pits.x[row]), float(pits.y[row]))))


def bring_near(window: MainWindow, row: int, until) -> None:
    pits = window.workbench.session.pits
    window.workbench.session.go_to(float(pits.x[row]), float(pits.y[row]), 300.0)
    until(lambda: window.canvas.overlay.scene is not None and row in window.canvas.overlay.scene.rows)


def lonely(window: MainWindow, linked: bool) -> int:
    """A pit with no other near it, so that a click can mean no other."""
    pits = window.workbench.session.pits
    for row in range(len(pits)):
        apart = np.hypot(pits.x - pits.x[row], pits.y - pits.y[row])
        apart[row] = np.inf
        if apart.min() > 30 and (pits.partner[row] >= 0) == linked:
            return row
    raise AssertionError("no such pit")


def press(window: MainWindow, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key on the canvas, after the window has taken note of what was there before."""
    QTest.qWait(20)
    QTest.keyClick(window.canvas.overlay, key, held)


def labels_on_disk(path: Path) -> list[str]:
    with Project.open(path) as project:
        return [str(word) for word in project.labels.in_force()["label"]]


def slow_plan(units: int = 400) -> Plan[int, int]:
    def work(unit: int) -> int:
        time.sleep(0.02)
        return unit

    return Plan(tuple(range(units)), work, lambda _unit, _result: None, lambda: Outcome("all done"))
