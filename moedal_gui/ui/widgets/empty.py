"""What an empty panel says: what is missing, and a button for the next thing to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

READING = "The pits are being read…"


class EmptyState(QWidget):
    """A sentence and, where there is one, a button; ``asked`` is emitted when it is pressed."""

    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self._text.setProperty("role", "dim")
        self._button = QPushButton()
        self._button.clicked.connect(self.asked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 18)
        layout.addStretch(1)
        layout.addWidget(self._text)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        self.say("")

    def say(self, text: str, button: str = "", tip: str = "") -> None:
        """Take up another sentence and another button."""
        self._text.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._button.setToolTip(tip or button)
        self._button.setAccessibleName(button)
