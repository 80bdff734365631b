"""Candidates: the table, the canvas, and the verdict on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from window_steps import press

from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.candidates import _COLUMNS, CandidatesPanel
from moedal_gui.ui.widgets.frame_model import share

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
    verdicts = [column.name for column in _COLUMNS].index("verdict")
    table = window.panels["candidates"].table
    assert table.isColumnHidden(verdicts), "no verdict, no column for it"
    window.actions_.run("candidate.next")
    first = window.workbench.candidates.row
    press(window, Qt.Key.Key_Y)
    with Project.open(project_path) as project:
        assert project.labels.verdicts()["verdict"].tolist() == ["accepted"]
    assert window.workbench.candidates.row != first
    assert not table.isColumnHidden(verdicts)


def test_pits_read_anew_move_neither_the_canvas_nor_the_pit_in_front(window: MainWindow, until) -> None:
    workbench = window.workbench
    window.show_panel("candidates")
    window.panels["candidates"].table.selectRow(0)
    candidate = workbench.candidates.row
    until(lambda: window.canvas.overlay.focus_row is not None)
    window.actions_.run("selection.none")
    window.canvas.go_to(-5000.0, -5000.0, 200.0)
    before, box = workbench.session.pits, window.canvas.view.box
    workbench.session.refresh()
    until(lambda: workbench.session.pits is not before)
    assert workbench.candidates.row == candidate, "the candidate stays in focus"
    assert workbench.labelling.row is None, "a label must not fall on a pit nobody has chosen"
    assert window.canvas.view.box == box


def test_links_of_older_pits_are_told_shown_and_judged(window: MainWindow, project_path: Path, until) -> None:
    session, panel = window.workbench.session, window.panels["candidates"]
    assert isinstance(panel, CandidatesPanel)
    window.show_panel("candidates")
    assert panel.against.isHidden()
    catalogue, scan = session.project.catalogue, session.sheet.record.scan_id
    found = catalogue.open_run("preselect", scan, {"method": "blob"}, "test", "test")
    pits = session.pits.table.iloc[:5]
    catalogue.add_pits(found.run_id, int(pits["field_id"].iloc[0]), pits)
    catalogue.finish_run(found.run_id, {"pits": 5})
    before = session.pits
    session.refresh()
    until(lambda: session.pits is not before)
    assert "other pits" in panel.against.text() and not panel.against.isHidden()
    panel.table.selectRow(0)
    until(lambda: not panel.views["entry"].is_empty)
    press(window, Qt.Key.Key_Y)
    with Project.open(project_path) as project:
        assert project.labels.verdicts()["verdict"].tolist() == ["accepted"]


def test_what_is_not_certain_is_not_written_as_certain() -> None:
    write = share(3)
    assert [write(v) for v in (0.0, 0.0001, 0.0007, 0.25, 0.9997, 1.0, float("nan"), None)] == [
        "0.000", "< 0.001", "0.001", "0.250", "> 0.999", "1.000", "", "",
    ]  # fmt: skip


def test_every_column_is_read_whole_in_every_size_of_text(window: MainWindow, until) -> None:
    panel = window.panels["candidates"]
    window.show_panel("candidates")
    table, metrics = panel.table, panel.table.fontMetrics
    try:
        for scale in (1.0, 1.5):
            window.workbench.settings.change(font_scale=scale)
            until(lambda: abs(table.fontInfo().pointSizeF() - QApplication.font().pointSizeF()) < 0.1)
            for column in range(panel.model.columnCount()):
                if table.isColumnHidden(column):
                    continue
                head = panel.model.headerData(column, Qt.Orientation.Horizontal)
                assert table.columnWidth(column) >= metrics().horizontalAdvance(head) + 12, head
                assert table.columnWidth(column) >= table.sizeHintForColumn(column), head
                assert panel.model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    finally:
        window.workbench.settings.change(font_scale=1.0)
