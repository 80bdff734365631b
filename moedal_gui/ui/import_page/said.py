"""One line of the import page: a value, and whether anybody has said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget


class SaidRow(QWidget):
    """``said`` carries a value the person gave, ``confirmed`` that the assumed one is right.

    Parameters
    ----------
    choices
        Value -> words; None for a number.
    offered
        A number to be taken with one press while none is known.
    """

    said = Signal(object)
    confirmed = Signal()

    def __init__(self, caption: str, tip: str, choices: Mapping[str, str] | None, offered: float | None = None) -> None:
        super().__init__()
        self.caption, self._offered = caption, offered
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.box: QComboBox | None = None
        self.line: QLineEdit | None = None
        control: QWidget
        if choices is not None:
            self.box = control = QComboBox()
            for value, words in choices.items():
                self.box.addItem(words, value)
            self.box.activated.connect(
                lambda _i: self.said.emit(self.box.currentData() if self.box is not None else None)
            )
        else:
            self.line = control = QLineEdit(placeholderText="not known")
            self.line.editingFinished.connect(self._read)
        control.setToolTip(tip)
        control.setAccessibleName(caption)
        row.addWidget(control, 1)
        self.confirm = QPushButton("Assumed: confirm")
        self.confirm.setToolTip(f"{caption} was not said by anybody; press if it is right")
        self.confirm.clicked.connect(self.confirmed)
        row.addWidget(self.confirm)
        self.take = QPushButton(f"Take {offered:g}" if offered is not None else "")
        self.take.setToolTip(f"{caption} of the other scans of this project; press if this one has the same")
        self.take.clicked.connect(lambda: self.said.emit(self._offered))
        row.addWidget(self.take)

    def show_value(self, value: Any, assumed: bool) -> None:
        """Take up a value."""
        if self.box is not None:
            self.box.setCurrentIndex(max(self.box.findData(value), 0))
        elif self.line is not None:
            self.line.setText("" if value is None else f"{value:g}")
        self.confirm.setVisible(assumed)
        self.take.setVisible(value is None and self._offered is not None)

    def _read(self) -> None:
        if self.line is None:
            return
        try:
            value = float(self.line.text().replace(",", "."))
        except ValueError:
            return
        if value > 0:
            self.said.emit(value)
