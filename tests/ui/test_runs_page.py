"""Runs: two methods tried on a scan, and the way back to the first."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.parts.runs_page import RunsPage

pytestmark = pytest.mark.window


def _other_pits(workbench: Workbench) -> str:
    """Another run of the scan on screen, with no pit in it; it is the current one from now on."""
    project, scan = workbench.session.project, workbench.session.sheet.record
    run = project.catalogue.open_run("preselect", scan.scan_id, {"method": "blob"}, "other", "test")
    project.catalogue.finish_run(run.run_id, {"pits": 0})
    workbench.session.refresh()
    return run.name


def test_an_earlier_run_is_made_current_again_and_its_pits_are_on_screen(window: MainWindow, until) -> None:
    session, jobs = window.workbench.session, window.workbench.jobs
    first, found = session.pits.run, len(session.pits)
    other = _other_pits(window.workbench)
    until(lambda: session.pits.run == other)
    window.actions_.run("runs.show")
    page = window.actions_.dialogs.open[-1]
    assert isinstance(page, RunsPage)
    names = [page.table.item(row, 0).text() for row in range(page.table.rowCount())]
    page.table.selectRow(names.index(other))
    assert not page.use.isEnabled() and "current" in page.note.text()
    page.table.selectRow(names.index(first))
    QTest.mouseClick(page.use, Qt.MouseButton.LeftButton)
    until(lambda: jobs.all() and not jobs.active() and session.pits.run == first)
    assert len(session.pits) == found
    until(lambda: "current" in page.table.item(names.index(first), 5).text())
    assert page.table.item(names.index(other), 5).text() == ""
    page.close()
