"""Small pages of the Help menu: doctor, messages, who labels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.doctor import Finding
from moedal_gui.app.settings import SettingsFile
from moedal_gui.ui.widgets.toasts import Message

_SIGNS = {"good": "✓", "warning": "!", "bad": "✗"}


class Page(QDialog):
    """A titled page with a Close button."""

    def __init__(self, title: str, parent: QWidget, size: tuple[int, int] = (720, 520)) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(*size)
        self.body = QVBoxLayout(self)
        self.body.setSpacing(10)

    def finish(self) -> None:
        """Add the button."""
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.body.addWidget(buttons)


def doctor_page(findings: Sequence[Finding], parent: QWidget) -> Page:
    """What was looked at, each with its remedy."""
    page = Page("Doctor", parent)
    inner = QWidget()
    layout = QVBoxLayout(inner)
    layout.setSpacing(12)
    for one in findings:
        head = QLabel(f"{_SIGNS[one.health]}  {one.subject}")
        head.setProperty("role", one.health)
        text = QLabel(one.sentence + (f"\n{one.remedy}" if one.remedy else ""), wordWrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setIndent(20)
        layout.addWidget(head)
        layout.addWidget(text)
    layout.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(inner)
    page.body.addWidget(area)
    page.finish()
    return page


def messages_page(history: Sequence[Message], parent: QWidget) -> Page:
    """Everything the window has said, newest first."""
    page = Page("Messages", parent)
    text = QPlainTextEdit(readOnly=True)
    text.setAccessibleName("Messages")
    text.setPlainText(
        "\n".join(f"{m.when}  {_SIGNS.get(m.kind, ' ')}  {m.text}" for m in reversed(history))
        or "Nothing was said yet."
    )
    page.body.addWidget(text)
    page.finish()
    return page


class PersonDialog(QDialog):
    """Asks who labels, and for which pass."""

    def __init__(self, settings: SettingsFile, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Who labels")
        self._settings = settings
        self.name = QLineEdit(settings.now.annotator, placeholderText="Your name or initials")
        self.name.setAccessibleName("Name of who labels")
        self.passing = QLineEdit(settings.now.pass_name, placeholderText="none")
        self.passing.setAccessibleName("Pass")
        self.passing.setToolTip("A name for this round of labelling, if there are several")
        note = QLabel("Kept with every label. Undo takes back your own labels only.", wordWrap=True)
        note.setProperty("role", "dim")
        form = QFormLayout()
        form.addRow("Name", self.name)
        form.addRow("Pass", self.passing)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setEnabled(bool(settings.now.annotator))
        self.name.textChanged.connect(lambda text: self._ok.setEnabled(bool(text.strip())))
        buttons.accepted.connect(self._keep)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)

    def _keep(self) -> None:
        self._settings.change(annotator=self.name.text().strip(), pass_name=self.passing.text().strip())
        self.accept()


def native(sequences: Sequence[str]) -> str:
    """Keys as this computer writes them."""
    return ", ".join(QKeySequence(s).toString(QKeySequence.SequenceFormat.NativeText) for s in sequences)
