"""The foot of the gallery while it shows proposals: how sure they must be, and confirming them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QWidget


class ProposalBar(QWidget):
    """``leastAsked`` carries a probability, ``confirmAsked`` whether all that are shown are meant."""

    leastAsked = Signal(float)
    confirmAsked = Signal(bool)

    def __init__(self, least: float) -> None:
        super().__init__()
        self.least = QDoubleSpinBox(decimals=1, minimum=50.0, maximum=100.0, singleStep=0.5, suffix="%")
        self.least.setValue(least * 100.0)
        self.least.setKeyboardTracking(False)
        self.least.lineEdit().setTextMargins(5, 0, 0, 0)
        self.least.setAccessibleName("Least probability of a proposal")
        self.least.setToolTip("Only opinions at least so sure are proposed")
        self.least.valueChanged.connect(lambda percent: self.leastAsked.emit(percent / 100.0))
        words = QLabel(
            "Proposed, not given: a proposal becomes your label when you confirm it, and is never trained on before."
        )
        words.setProperty("role", "dim")
        words.setWordWrap(True)
        self.some = QPushButton("Confirm selected")
        self.some.setToolTip("Give the selected pits the labels proposed for them (Enter)")
        self.some.clicked.connect(lambda: self.confirmAsked.emit(False))
        self.all = QPushButton("Confirm all shown")
        self.all.setToolTip("Give every pit shown the label proposed for it; one undo takes them all back")
        self.all.clicked.connect(lambda: self.confirmAsked.emit(True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("At least"))
        row.addWidget(self.least)
        row.addWidget(words, 1)
        row.addWidget(self.some)
        row.addWidget(self.all)

    def show_counts(self, selected: int, shown: int) -> None:
        """Say how many each button means."""
        self.some.setText(f"Confirm selected ({selected:,})")
        self.some.setEnabled(selected > 0)
        self.all.setText(f"Confirm all shown ({shown:,})")
        self.all.setEnabled(shown > 0)
