"""A task's form: its parameters, its command line, and a button that starts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.command_line import command_line
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.project import Project
from moedal_gui.tasks.row import TaskRow
from moedal_gui.ui.widgets.form import Form

_NEW_FILES = ("output", "out")
_SHARE_OF_SCREEN, _LEAST_ROOM = 0.55, 420


class TaskDialog(QDialog):
    """Asks for a task's parameters. After `exec`, ``chosen`` holds them."""

    def __init__(self, row: TaskRow, project: Project | None, known: Mapping[str, Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._row, self._project = row, project
        self.chosen: Any = None
        self.setWindowTitle(row.title)
        self.setMinimumWidth(520)
        explain = QLabel(row.explain, wordWrap=True)
        explain.setProperty("role", "dim")
        self.form = Form(row.parameters, known, _choices(project), self._browse)
        self.line = QLineEdit(readOnly=True)
        self.line.setAccessibleName("The same as a command")
        self.line.setToolTip("What to type in a terminal to get the same")
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = QPushButton(row.title)
        self.start.setProperty("main", "true")
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.AcceptRole)
        copy = QPushButton("Copy as command")
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.line.text()))
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for widget in (explain, self._scrolled(), self.problem, self.line, buttons):
            layout.addWidget(widget)
        # Only in the dialog does the word count; without it, Return presses the first button there is.
        self.start.setDefault(True)
        self.form.changed.connect(self.refresh)
        self.refresh()

    def _scrolled(self) -> QWidget:
        """The form, which scrolls where it is taller than the screen has room for."""
        screen = self.screen()
        room = int(screen.availableGeometry().height() * _SHARE_OF_SCREEN) if screen is not None else _LEAST_ROOM
        if self.form.sizeHint().height() <= room:
            return self.form
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.form)
        area.setMinimumHeight(room)
        return area

    def refresh(self) -> None:
        """Show the command line, or what is missing."""
        try:
            chosen = self.form.value()
        except (ValueError, MoedalError) as error:
            self.problem.setText(str(error))
            self.line.setText("")
        else:
            self.problem.setText("")
            self.line.setText(
                command_line(self._row, self._project.path if self._project is not None else None, chosen)
            )
            self.line.setCursorPosition(0)
        self.problem.setVisible(bool(self.problem.text()))
        self.start.setEnabled(not self.problem.text())

    def _accept(self) -> None:
        try:
            self.chosen = self.form.value()
        except (ValueError, MoedalError) as error:
            self.problem.setText(str(error))
            return
        self.accept()

    def _browse(self, name: str, there: str) -> str:
        at = there or str(self._project.path.parent if self._project is not None else Path.home())
        if name in _NEW_FILES:
            return QFileDialog.getSaveFileName(self, "File to write", at)[0]
        return QFileDialog.getOpenFileName(self, "File to read", at)[0]


def _choices(project: Project | None) -> dict[str, tuple[str, ...]]:
    """What the project knows that a parameter may name."""
    if project is None:
        return {}
    scans = tuple(s.scan for s in project.catalogue.scans())
    return {"scan": scans, "stage_of": scans}
