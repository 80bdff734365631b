"""The window as a person uses it: mouse and keys in, what is on disk and on screen out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from moedal_gui.app.commands import COMMANDS, conflicts, keys_in_force
from moedal_gui.core.cut import ByIdentity, Lasso
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.candidates import CandidatesPanel
from moedal_gui.ui.panels.table import PANELS

pytestmark = pytest.mark.window


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


def test_every_command_is_carried_out_by_something_and_every_key_is_one_commands(empty_window: MainWindow) -> None:
    assert {c.id for c in COMMANDS} == set(empty_window.actions_.handlers)
    assert conflicts(keys_in_force({})) == {}


def test_the_picture_is_on_screen_and_every_panel_stands(window: MainWindow) -> None:
    image = window.canvas.screen_.grab().toImage()
    greys = {image.pixelColor(x, image.height() // 2).lightness() for x in range(0, image.width(), 7)}
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


def test_a_rectangle_selects_by_a_rule(window: MainWindow) -> None:
    overlay = window.canvas.overlay
    window.canvas.fit()
    corner, opposite = QPoint(5, 5), QPoint(overlay.width() - 5, overlay.height() - 5)
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, corner)
    QTest.mouseMove(overlay, opposite)
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, opposite)
    assert isinstance(window.workbench.selection.cut, Lasso)
    assert overlay.picked.all()


def test_go_to_finds_a_field_and_a_pit(window: MainWindow) -> None:
    search = window.actions_.search
    search.open()
    search.line.setText("field 3")
    QTest.keyClick(search.line, Qt.Key.Key_Return)
    sheet = window.workbench.session.sheet
    row = sheet.row_of("3")
    assert abs(window.canvas.view.x - (sheet.left[row] + sheet.width[row] / 2)) < 2
    assert window.workbench.seen.has(sheet.record.foil, sheet.record.scan, "3")
    pit = int(window.workbench.session.pits.ids[5])
    search.open()
    search.line.setText(f"pit {pit}")
    QTest.keyClick(search.line, Qt.Key.Key_Return)
    assert window.workbench.selection.focus == pit


def test_page_down_walks_the_unseen_fields(window: MainWindow) -> None:
    sheet, seen = window.workbench.session.sheet, window.workbench.seen
    for _ in sheet.names:
        press(window, Qt.Key.Key_PageDown)
    assert seen.count(sheet.record.foil, sheet.record.scan) == len(sheet.names)
    press(window, Qt.Key.Key_PageDown)
    assert any("every field" in text for text in window.toasts.texts())


def test_the_palette_runs_what_is_typed(window: MainWindow) -> None:
    palette = window.actions_.palette
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert palette.isVisible()
    QTest.keyClicks(palette.line, "field borders")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.workbench.session.display.outlines


def test_a_held_film_key_spins_and_stops(window: MainWindow, until) -> None:
    overlay, display = window.canvas.overlay, lambda: window.workbench.session.display
    QTest.keyPress(overlay, Qt.Key.Key_F)
    assert display().film
    until(lambda: window.canvas.film.frame_count >= 3)
    QTest.keyRelease(overlay, Qt.Key.Key_F)
    assert not display().film


def test_contrast_is_remembered_for_each_channel(window: MainWindow, until) -> None:
    session, settings = window.workbench.session, window.workbench.settings
    key = session.contrast_key(session.display.picture)
    window.canvas.strip.contrastAsked.emit((40.0, 90.0))
    assert settings.now.contrast[key] == (40.0, 90.0)
    window.canvas.step_picture(1)
    until(lambda: window.canvas.picture_is_shown)
    window.canvas.step_picture(-1)
    until(lambda: window.canvas.picture_is_shown)
    assert settings.now.contrast[key] == (40.0, 90.0)


def slow_plan(units: int = 400) -> Plan[int, int]:
    import time

    def work(unit: int) -> int:
        time.sleep(0.02)
        return unit

    return Plan(tuple(range(units)), work, lambda _unit, _result: None, lambda: Outcome("all done"))


def test_a_job_is_cancelled_from_its_row_and_the_window_stays_alive(window: MainWindow, until) -> None:
    jobs = window.workbench.jobs
    number = jobs.start("Slow", slow_plan)
    until(lambda: jobs.all()[0].done > 2)
    row = window.panels["jobs"]._rows[number]
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


def test_a_locked_project_is_read_and_says_so(empty_window: MainWindow, project_path: Path, until) -> None:
    with Project.open(project_path, write=True):
        empty_window.open_path(project_path)
        until(lambda: empty_window.workbench.session.pits is not None)
        assert empty_window.status.read_only.isVisible()
        assert any("reading only" in text for text in empty_window.toasts.texts())
        empty_window.workbench.labelling.start()
        press(empty_window, Qt.Key.Key_1)
        assert any("reading only" in text for text in empty_window.toasts.texts())
        assert not empty_window.menus.actions["task.preselect"].isEnabled()


def test_the_layout_can_be_reset(window: MainWindow) -> None:
    window.docks["labelling"].setFloating(True)
    window.docks["foils"].hide()
    window.actions_.run("layout.reset")
    assert not window.docks["labelling"].isFloating()
    assert window.docks["foils"].isVisible()


def test_every_control_says_what_it_is(window: MainWindow) -> None:
    silent = [
        button
        for button in window.findChildren(QPushButton)
        if button.isVisible() and not (button.toolTip() and (button.accessibleName() or button.text()))
    ]
    assert [b.text() for b in silent] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_worn(window: MainWindow, theme: str, until) -> None:
    window.actions_.run(f"theme.{theme}")
    until(lambda: (window.palette().window().color().lightness() < 128) == (theme == "dark"))
