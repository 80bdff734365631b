"""The line at the bottom: where the cursor is, how dense it is there, who labels, what cannot be written, what runs."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

from moedal_gui.app.jobs import Job
from moedal_gui.app.search import places_of
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay


class Status(QStatusBar):
    """``commandAsked`` carries a command's id, ``panelAsked`` a panel's."""

    commandAsked = Signal(str)
    panelAsked = Signal(str)

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self.setSizeGripEnabled(False)
        self.place = QLabel()
        self.place.setAccessibleName("Place of the cursor")
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self.read_only = QPushButton("Read only", flat=True)
        self.read_only.setAccessibleName("The project is open for reading only")
        self.read_only.clicked.connect(lambda: self.commandAsked.emit("help.doctor"))
        self.job = QPushButton(flat=True)
        self.job.setToolTip("Show the jobs")
        self.job.clicked.connect(lambda: self.panelAsked.emit("jobs"))
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedSize(110, 8)
        self.bar.setAccessibleName("Progress of the job")
        self.person = QPushButton(flat=True)
        self.person.setAccessibleName("Who labels")
        self.person.setToolTip("Who labels: kept with every label")
        self.person.clicked.connect(lambda: self.commandAsked.emit("annotator.ask"))
        self.addWidget(self.place, 1)
        for widget in (self.count, self.job, self.bar, self.read_only, self.person):
            self.addPermanentWidget(widget)
        relay.listen(workbench.session.pointed, self._point)
        relay.listen(workbench.session.project_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.session.pits_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.selection.changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.settings.changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.jobs.changed, self.apply)
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        workbench = self._workbench
        project, pits = workbench.session.project, workbench.session.pits
        self.read_only.setVisible(project is not None and not project.writable)
        self.read_only.setToolTip(f"Labels and jobs are refused. {workbench.session.read_only_reason}")
        self.person.setText(f"Labels: {workbench.settings.now.annotator or 'say who'}")
        selected = int(workbench.selection.cut.mask(pits.table).sum()) if pits is not None else 0
        texts = [f"{len(pits):,} pits" if pits is not None else "", f"{selected:,} selected" if selected > 1 else ""]
        self.count.setText("   ".join(t for t in texts if t))
        if project is None:
            self.place.setText("")
        self.apply(None, None)

    def apply(self, old: Job | None, new: Job | None) -> None:
        """A job stands otherwise."""
        del old, new
        active = self._workbench.jobs.active()
        self.job.setVisible(bool(active))
        self.bar.setVisible(bool(active))
        if active:
            running = next((j for j in active[::-1] if j.status == "running"), active[-1])
            waiting = len(active) - 1
            self.job.setText(running.title + (f" (+{waiting})" if waiting else ""))
            self.bar.setRange(0, running.total)
            self.bar.setValue(running.done)

    def _point(self, place: tuple[float, float] | None) -> None:
        sheet, pits = self._workbench.session.sheet, self._workbench.session.pits
        if place is None or sheet is None:
            self.place.setText("")
            return
        texts = places_of(*place, sheet)
        if pits is not None and len(pits):
            row = pits.nearest(*place, 80.0)
            density = float(pits.table["density_per_mm2"].to_numpy(float)[row]) if row is not None else np.nan
            if np.isfinite(density):
                texts.append(f"{density:.1f} pits/mm²")
        self.place.setText("     ".join(texts))
