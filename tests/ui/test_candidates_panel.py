"""Candidates: the table, the canvas, and the verdict on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from window_steps import press

from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.candidates import CandidatesPanel

pytestmark = pytest.mark.window


def test_a_candidate_picked_in_the_table_comes_into_view(window: MainWindow, until) -> None:
    panel = window.panels["candidates"]
    assert isinstance(panel, CandidatesPanel)
    window.show_panel("candidates")
    window.canvas.go_to(-5000.0, -5000.0, 200.0)
    panel.table.selectRow(0)
    row = window.workbench.candidates.row
    entry = window.workbench.session.pits.row_of(window.workbench.candidates.ends(row)[0])
    until(lambda: window.canvas.overlay.focus_row == entry)
    x0, y0, x1, y1 = window.canvas.view.box
    assert x0 < window.workbench.session.pits.x[entry] < x1
    assert y0 < window.workbench.session.pits.y[entry] < y1


def test_a_verdict_is_on_disk_and_the_next_candidate_in_front(window: MainWindow, project_path: Path) -> None:
    window.actions_.run("candidate.next")
    first = window.workbench.candidates.row
    press(window, Qt.Key.Key_Y)
    with Project.open(project_path) as project:
        assert project.labels.verdicts()["verdict"].tolist() == ["accepted"]
    assert window.workbench.candidates.row != first
