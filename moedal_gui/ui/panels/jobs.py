"""Jobs: what runs, how far it is, how long it takes, and a way to stop it."""

from __future__ import annotations

import time
from html import escape
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.jobs import Job
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import icon
from moedal_gui.ui.widgets.empty import EmptyState

_GAP = "  "
_WORDS = {
    "waiting": "waits its turn",
    "running": "",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class JobsPanel(Panel):
    """The jobs of this sitting, newest first."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self.rows: dict[int, JobRow] = {}
        self.empty = EmptyState()
        self.empty.say(
            "Nothing runs. Long steps such as pre-selection appear here, with progress and a way to stop them."
        )
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(8, 8, 8, 8)
        self._list.setSpacing(6)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(area)
        self._clock = QTimer(self, interval=500)
        self._clock.timeout.connect(self._tick)
        relay.listen(workbench.jobs.changed, self.apply)
        self.refresh()

    def refresh(self) -> None:
        """Build the list anew."""
        for row in self.rows.values():
            row.hide()  # it goes when the event loop comes round, and until then nobody shall see it
            row.deleteLater()
        self.rows = {}
        for job in reversed(self._workbench.jobs.all()):
            self._add(job)
        self._stack.setCurrentIndex(1 if self.rows else 0)

    def apply(self, old: Job | None, new: Job | None) -> None:
        """A job stands otherwise; both None when the history was cleared."""
        del old
        if new is None:
            self.refresh()
            return
        if new.number not in self.rows:
            self._add(new)
            self._stack.setCurrentIndex(1)
        self.rows[new.number].show_job(new)
        if new.active and not self._clock.isActive():
            self._clock.start()

    def _add(self, job: Job) -> None:
        row = JobRow(job)
        row.cancelAsked.connect(self._workbench.jobs.cancel)
        self.rows[job.number] = row
        self._list.insertWidget(0, row)

    def _tick(self) -> None:
        active = self._workbench.jobs.active()
        for job in active:
            if job.number in self.rows:
                self.rows[job.number].show_job(job)
        if not active:
            self._clock.stop()


class JobRow(QFrame):
    """One job."""

    cancelAsked = Signal(int)

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._job = job
        self.title = QLabel()
        self.title.setProperty("role", "head")
        self.state = QLabel()
        self.state.setProperty("role", "dim")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop after the step under way; what is done stays, and the same job goes on from there")
        self.cancel.clicked.connect(lambda: self.cancelAsked.emit(job.number))
        self.copy = QPushButton(icon("copy", 14), "Copy")
        self.copy.setAccessibleName("Copy as command")
        self.copy.setToolTip(f"Copy as command: {job.command}")
        self.copy.setVisible(bool(job.command))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(job.command))
        # The words give way in a narrow panel, the buttons do not.
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addWidget(self.state, 1)
        head.addWidget(self.copy)
        head.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 7, 8, 8)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addWidget(self.sentence)
        self.show_job(job)

    def show_job(self, job: Job) -> None:
        """Take up another state of the job."""
        self._job = job
        self.title.setText(job.title)
        self.setAccessibleName(f"{job.title}: {job.status}")
        self.state.setText(_state_text(job))
        self.bar.setVisible(job.active)
        # A bar that swings says that something is done: not while the job waits for the one before it.
        self.bar.setRange(0, job.total or (1 if job.status == "waiting" else 0))
        self.bar.setValue(job.done)
        self.cancel.setVisible(job.active)
        self.cancel.setEnabled(not job.stopping)
        self.cancel.setText("Stopping…" if job.stopping else "Cancel")
        table = job.status == "done" and _has_table(job.sentence)
        self.sentence.setTextFormat(Qt.TextFormat.RichText if table else Qt.TextFormat.PlainText)
        self.sentence.setText(_with_table(job.sentence) if table else job.sentence)
        self.sentence.setVisible(bool(job.sentence))
        role = {"failed": "bad", "cancelled": "warning"}.get(job.status, "")
        if self.sentence.property("role") != role:
            self.sentence.setProperty("role", role)
            self.sentence.style().polish(self.sentence)


def _has_table(sentence: str) -> bool:
    """Whether two lines in a row have the wide gaps of a table."""
    wide = [_GAP in line for line in sentence.splitlines()]
    return any(a and b for a, b in pairwise(wide))


def _with_table(sentence: str) -> str:
    """Words whose lines of a table are in letters all as wide, so that columns stand below each other."""
    lines = [
        f"<div style='white-space:pre-wrap; font-family:monospace'>{escape(line)}</div>"
        if _GAP in line
        else f"<div>{escape(line) or '&nbsp;'}</div>"
        for line in sentence.splitlines()
    ]
    return "".join(lines)


def _state_text(job: Job) -> str:
    if job.status != "running":
        took = f" in {_time(job.ended - job.began)}" if job.ended and job.began and job.status == "done" else ""
        return _WORDS[job.status] + took
    if not job.total:
        return "getting ready"
    left = job.seconds_left(time.monotonic())
    tail = f", {_time(left)} left" if left is not None else ""
    return f"{job.done} of {job.total}{tail}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
