"""The window as a person uses it: mouse and keys in, what is on disk and on screen out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton
from window_steps import press

from moedal_gui.app.commands import COMMANDS, conflicts, keys_in_force
from moedal_gui.store.project import Project
from moedal_gui.tasks.table import row_of
from moedal_gui.ui.import_page.page import ImportPage
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.parts.task_dialog import TaskDialog
from moedal_gui.ui.widgets.empty import READING

pytestmark = pytest.mark.window


def test_every_command_is_carried_out_by_something_and_every_key_is_one_commands(empty_window: MainWindow) -> None:
    assert {c.id for c in COMMANDS} == set(empty_window.actions_.handlers)
    assert conflicts(keys_in_force({})) == {}


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


def test_the_palette_runs_what_is_typed(window: MainWindow) -> None:
    palette = window.actions_.palette
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert palette.isVisible()
    QTest.keyClicks(palette.line, "field borders")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.workbench.session.display.outlines


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


def test_names_of_panels_grow_with_all_other_text(window: MainWindow, until) -> None:
    name = window.docks["foils"].titleBarWidget().name
    before = name.fontInfo().pointSizeF()
    try:
        window.workbench.settings.change(font_scale=1.5)
        until(lambda: name.fontInfo().pointSizeF() > 1.3 * before)
    finally:
        window.workbench.settings.change(font_scale=1.0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_worn(window: MainWindow, theme: str, until) -> None:
    window.actions_.run(f"theme.{theme}")
    until(lambda: (window.palette().window().color().lightness() < 128) == (theme == "dark"))


def drop(window: MainWindow, path: Path) -> bool:
    """Let a path fall on the middle of the window; whether the window took it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    held, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target = window.childAt(window.rect().center()) or window
    place = target.rect().center()
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, mime, held, keys)
    while True:
        QApplication.sendEvent(target, enter)
        if (enter.isAccepted() and target.acceptDrops()) or target is window:
            break
        target = target.parentWidget()
    fall = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, mime, held, keys)
    QApplication.sendEvent(target, fall)
    return target is window and fall.isAccepted()


def test_a_project_dropped_on_the_window_is_opened(empty_window: MainWindow, project_path: Path, until) -> None:
    assert drop(empty_window, project_path)
    until(lambda: empty_window.workbench.session.pits is not None)
    assert empty_window.workbench.session.project.path == project_path


def test_a_scan_dropped_on_the_canvas_is_looked_into_and_adds_no_layer(
    window: MainWindow, foil: tuple[Path, Path], until
) -> None:
    assert drop(window, foil[0])
    page = window.pages.currentWidget()
    assert isinstance(page, ImportPage)
    until(lambda: page.is_done)
    page.left.emit()
    assert window.pages.currentWidget() is window.canvas


def test_messages_that_come_together_can_all_be_read(empty_window: MainWindow) -> None:
    toasts = empty_window.toasts
    texts = [
        "Pit put (top, 19 x 16 px)",
        "A message that is so long that it takes more than one line of its card, " * 2,
    ]
    for text in texts:
        toasts.say("good", text)
    QApplication.processEvents()
    labels = [label for label in toasts.findChildren(QLabel) if label.text() in texts]
    assert len(labels) == 2
    for label in labels:
        assert label.isVisible() and label.height() >= label.heightForWidth(label.width())
    assert toasts.geometry().bottom() < empty_window.height()


def test_return_in_a_form_starts_the_job_and_browses_for_no_file(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda _parent, _title, at: (asked.append(at), ("", ""))[1])
    there = tmp_path / "list.csv"
    dialog = TaskDialog(row_of("export"), window.workbench.session.project, {"output": there}, window)
    dialog.show()
    QTest.qWait(20)
    QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)
    assert asked == []
    assert dialog.chosen is not None and dialog.chosen.output == there
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Browse…").click()
    assert asked == [str(there)], "the file that is named already is offered"


def test_nothing_is_said_to_lack_pits_while_they_are_read(
    empty_window: MainWindow, project_path: Path, monkeypatch: pytest.MonkeyPatch, until
) -> None:
    from moedal_gui.app import session as reading

    let_on, real = threading.Event(), reading.read_pits
    monkeypatch.setattr(reading, "read_pits", lambda *words: (let_on.wait(20), real(*words))[1])
    session, panels = empty_window.workbench.session, empty_window.panels
    try:
        empty_window.open_path(project_path)
        until(lambda: session.sheet is not None)
        for panel in ("labelling", "candidates", "density", "ternary", "roc"):
            assert READING in {label.text() for label in panels[panel].empty.findChildren(QLabel)}
        assert "reading" in panels["foils"].progress.text()
    finally:
        let_on.set()
    until(lambda: session.pits is not None)
    assert "pits" in panels["foils"].progress.text() and "reading" not in panels["foils"].progress.text()
