"""A task's form: its parameters, its command line, and a button that starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
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
from moedal_gui.app.form_choices import choices_of, proposals_of
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.project import Project
from moedal_gui.tasks.row import TaskRow
from moedal_gui.ui.widgets.form import Form

_NEW_FILES = ("output", "out")
_SHARE_OF_SCREEN, _LEAST_ROOM = 0.48, 420
_HELP_LINES = 2


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
        self.form = Form(
            row.parameters, known, choices_of(project, row.verb), proposals_of(project, row.verb), self._browse
        )
        self.help = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.help.setProperty("role", "dim")
        self.help.setAccessibleName("What the field in front means")
        self.help.setMinimumHeight(_HELP_LINES * self.help.fontMetrics().lineSpacing())
        self.help.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.help.setVisible(bool(fields(row.parameters)))
        self.form.explained.connect(self.help.setText)
        self.more = QPushButton("More settings", flat=True)
        self.more.setToolTip("Settings that are rarely changed; as they stand they suit most trainings")
        self.more.setAutoDefault(False)
        self.more.setVisible(self.form.has_rare)
        self.more.clicked.connect(lambda _on=False: self._show_more(not self.form.shows_rare))
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
        self._area = self._scrolled()
        for widget in (explain, self._area, self.more, self.help, self.problem, self.line, buttons):
            layout.addWidget(widget)
        layout.setAlignment(self.more, Qt.AlignmentFlag.AlignLeft)
        # Only in the dialog does the word count; without it, Return presses the first button there is.
        self.start.setDefault(True)
        self.form.changed.connect(self.refresh)
        self.refresh()

    def _scrolled(self) -> QWidget:
        """The form, which scrolls where it is taller than the screen has room for, or can be made so."""
        if not self.form.has_rare and self.form.sizeHint().height() <= self._room():
            return self.form
        area = QScrollArea(widgetResizable=True)
        area.setObjectName("form")
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.form)
        area.setMinimumHeight(min(self.form.sizeHint().height() + 2, self._room()))
        return area

    def _room(self) -> int:
        screen = self.screen()
        return int(screen.availableGeometry().height() * _SHARE_OF_SCREEN) if screen is not None else _LEAST_ROOM

    def _show_more(self, on: bool) -> None:
        self.form.show_rare(on)
        self.more.setText("Fewer settings" if on else "More settings")
        self._area.setMinimumHeight(min(self.form.sizeHint().height() + 2, self._room()))
        self.adjustSize()

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
