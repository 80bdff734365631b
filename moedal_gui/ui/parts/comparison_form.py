"""What is asked of a comparison: the scan that gives the truth, the one that is judged, the offset between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.clean_to_dirty import Asked, offset_of
from moedal_gui.app.jobs import Job


class ComparisonForm(QWidget):
    """Two scans, an offset, and the job that compares them.

    Signals
    -------
    asked
        The comparison is to be made.
    stopAsked
        It is to be given up.
    """

    asked = Signal()
    stopAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._scans: Mapping[str, Sequence[str]] = {}
        self.truth, self.scan, self.truth_of = QComboBox(), QComboBox(), QComboBox()
        for box, name, tip in (
            (self.truth, "Scan that gives the truth", "The clean scan: its pits, carried over, are the truth"),
            (self.scan, "Scan that is judged", "The dirty scan: what was found in it is judged"),
            (self.truth_of, "What of the truth's scan counts", "Its pits as found, or only what people labelled"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
        self.truth_of.addItem("pits", "pits")
        self.truth_of.addItem("labels", "labels")
        self.truth.currentIndexChanged.connect(lambda _i: self._fill_others())
        self.offset = QLineEdit(placeholderText="searched")
        self.offset.setAccessibleName("Offset of the beam, px")
        self.offset.setToolTip("X,Y in px added to the true pits, as in -10,7; empty: searched in the data")
        self.offset.setMaximumWidth(92)
        self.offset.returnPressed.connect(self.asked)
        self.go = QPushButton("Compare")
        self.go.setProperty("main", True)
        self.go.setToolTip("Match the pits of both scans; runs as a job  (Return in the offset)")
        self.go.clicked.connect(self.asked)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Progress of the comparison")
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Stop the comparison")
        self.stop.clicked.connect(self.stopAsked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(row_of(dim_label("Truth"), (self.truth, 1), self.truth_of))
        layout.addLayout(row_of(dim_label("Judged"), (self.scan, 1), dim_label("offset"), self.offset))
        layout.addLayout(row_of((self.bar, 1), self.stop, self.go))

    def take(self, scans: Mapping[str, Sequence[str]]) -> None:
        """Offer scans: each that may give the truth, with those it may judge."""
        self._scans = scans
        if [self.truth.itemText(k) for k in range(self.truth.count())] != list(scans):
            with QSignalBlocker(self.truth):
                self.truth.clear()
                self.truth.addItems(list(scans))
        self._fill_others()

    def said(self, cut_px: float) -> Asked:
        """What the person asks for.

        Raises
        ------
        MoedalError
            The offset is no pair of numbers.
        """
        offset = offset_of(self.offset.text())
        return Asked(
            self.truth.currentText(), self.scan.currentText(), str(self.truth_of.currentData()), offset, cut_px
        )

    def show_job(self, job: Job | None) -> None:
        """Show how far the comparison is."""
        self.bar.setVisible(job is not None)
        self.stop.setVisible(job is not None)
        self.go.setVisible(job is None)
        if job is not None:
            self.bar.setRange(0, job.total)
            self.bar.setValue(job.done)
            self.stop.setEnabled(not job.stopping)

    def _fill_others(self) -> None:
        others, before = self._scans.get(self.truth.currentText(), []), self.scan.currentText()
        self.scan.clear()
        self.scan.addItems(others)
        self.scan.setCurrentIndex(max(self.scan.findText(before), 0))


def row_of(*widgets: QWidget | tuple[QWidget, int]) -> QHBoxLayout:
    """Widgets beside each other; with a number, how much of what is left each takes."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    for one in widgets:
        widget, stretch = one if isinstance(one, tuple) else (one, 0)
        row.addWidget(widget, stretch)
    return row


def dim_label(words: str) -> QLabel:
    """A label in the dim tone."""
    label = QLabel(words)
    label.setProperty("role", "dim")
    return label
