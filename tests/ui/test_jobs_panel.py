"""Jobs: rows that can be cancelled, and closing while one runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from window_steps import slow_plan

from moedal_gui.ui.main_window import MainWindow

pytestmark = pytest.mark.window


def test_a_job_is_cancelled_from_its_row_and_the_window_stays_alive(window: MainWindow, until) -> None:
    jobs = window.workbench.jobs
    number = jobs.start("Slow", slow_plan)
    until(lambda: jobs.all()[0].done > 2)
    row = window.panels["jobs"].rows[number]
    QTest.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
    until(lambda: jobs.all()[0].status == "cancelled")
    until(lambda: any("Cancelled" in text for text in window.toasts.texts()))


def test_closing_with_a_job_running_asks_once_and_may_be_refused(window: MainWindow, until) -> None:
    jobs = window.workbench.jobs
    jobs.start("Slow", slow_plan)
    until(lambda: jobs.all()[0].done > 0)
    asked: list[str] = []

    def answer(words: str) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        next(b for b in box.buttons() if words in b.text()).click()

    QTimer.singleShot(300, lambda: answer("Stay"))
    window.close()
    assert window.isVisible()
    assert jobs.active()
    QTimer.singleShot(300, lambda: answer("Cancel job"))
    window.close()
    assert not window.isVisible()
    assert len(asked) == 2
    assert jobs.all()[0].status == "cancelled"


def test_jobs_of_one_project_are_not_listed_over_the_next_and_none_is_left_behind_at_work(
    window: MainWindow, project_path: Path, until
) -> None:
    jobs, session = window.workbench.jobs, window.workbench.session
    other = Path(shutil.copytree(project_path, project_path.with_name("other.moedal")))
    first = session.project.path
    jobs.start("Slow", slow_plan)
    until(lambda: jobs.all()[0].done > 0)
    window.open_path(other)
    assert session.project.path == first
    assert any("running" in text for text in window.toasts.texts())
    jobs.cancel(jobs.all()[0].number)
    until(lambda: not jobs.active())
    assert window.panels["jobs"].rows
    window.open_path(other)
    assert session.project.path == other
    assert not jobs.all() and not window.panels["jobs"].rows
