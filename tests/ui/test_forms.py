"""Forms of tasks: every field has a name and help for people, and what the project knows can be picked."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from moedal_gui.app.commands import COMMANDS
from moedal_gui.tasks.table import row_of
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.parts.task_dialog import TaskDialog

pytestmark = pytest.mark.window
_VERBS = sorted({c.verb for c in COMMANDS if c.verb})


def _dialog(window: MainWindow, verb: str) -> TaskDialog:
    return TaskDialog(row_of(verb), window.workbench.session.project, {}, window)


@pytest.mark.parametrize("verb", _VERBS)
def test_every_field_of_a_form_has_a_name_for_people_and_says_what_nothing_means(verb: str) -> None:
    for one in fields(row_of(verb).parameters):
        if "parameter" in one.metadata:
            meta = one.metadata["parameter"]
            assert meta.label, one.name
            assert one.default is not None or meta.unset, one.name


def test_the_runs_of_the_project_can_be_picked_and_nothing_picked_means_the_current_one(window: MainWindow) -> None:
    dialog = _dialog(window, "link")
    (box,) = dialog.form.findChildren(QComboBox)
    assert box.currentText() == "the current pits" and dialog.form.value().run is None
    box.setCurrentText(window.workbench.session.pits.run)
    assert dialog.form.value().run == window.workbench.session.pits.run
    assert f"--run {window.workbench.session.pits.run}" in dialog.line.text()


def test_an_ensemble_can_be_picked_or_another_project_typed(window: MainWindow) -> None:
    dialog = _dialog(window, "score")
    box = next(b for b in dialog.form.findChildren(QComboBox) if b.isEditable())
    assert dialog.form.value().ensemble is None and box.count() > 0
    box.setCurrentIndex(0)
    assert dialog.form.value().ensemble == box.itemText(0)
    box.setEditText("/elsewhere/other.moedal")
    assert dialog.form.value().ensemble == "/elsewhere/other.moedal"


def test_rare_settings_are_folded_away_and_help_follows_the_keyboard(window: MainWindow) -> None:
    dialog = _dialog(window, "train")
    dialog.show()
    QTest.qWait(30)
    label = next(one for one in dialog.form.findChildren(QLabel) if one.text() == "Learning rate")
    assert not label.isVisible()
    dialog.more.click()
    assert label.isVisible()
    dialog.activateWindow()
    first = dialog.form.findChildren(QComboBox)[0]
    first.setFocus()
    QTest.qWait(30)
    assert dialog.help.text()
    dialog.close()
