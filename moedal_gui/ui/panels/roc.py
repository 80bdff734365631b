"""ROC: efficiency against rejection and purity, calibration, confusion; the working point and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.background import Latest
from moedal_gui.app.curves import Curves, curves_of
from moedal_gui.app.deciding import BANDS
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.parts.working_point_form import WorkingPointForm
from moedal_gui.ui.parts.working_point_names import WorkingPointNames
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.confusion_view import ConfusionView, percent_of
from moedal_gui.ui.widgets.empty import READING, EmptyState

if TYPE_CHECKING:
    from moedal_gui.ui.parts.curve_view import CurveView

_TABS = (
    ("ROC", "Signal efficiency against background rejection, with its 95% band"),
    ("Purity", "Purity against signal efficiency, with its 95% band; of the labelled pits"),
    ("Calibration", "Whether pits of score p are signal in a share p of cases"),
    ("Confusion", "Labels against the classes inside the border of the ternary plot"),
)
_ROC, _PURITY, _CALIBRATION, _CONFUSION = range(4)


class RocPanel(Panel):
    """Curves over the labelled pits of the scan on screen, and the working point. ``commandAsked`` carries an id."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._reader = Latest("curves")
        self._found: Curves | None = None
        self._behind = True
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setAccessibleName("Curve shown")
        for number, (title, tip) in enumerate(_TABS):
            self.tabs.addTab(title)
            self.tabs.setTabToolTip(number, tip)
        self.tabs.currentChanged.connect(lambda _i: self._show())
        self.band = QComboBox()
        self.band.addItem("All densities", "")
        for name in BANDS:
            self.band.addItem(f"{name.capitalize()} density", name)
        self.band.setAccessibleName("Density band")
        self.band.setToolTip("Of pits at which density: by the share of pits that stand alone there")
        self.band.activated.connect(lambda _i: workbench.deciding.look_at_band(self.band.currentData()))
        self.curve: CurveView | None = None
        self.confusion = ConfusionView()
        self.said = QLabel(wordWrap=True)
        self.said.setProperty("role", "dim")
        self.missing = QLabel(wordWrap=True)
        self.missing.setProperty("role", "warning")
        self.form = WorkingPointForm(workbench, relay)
        self.names = WorkingPointNames(workbench, relay)
        self._drawn = QWidget()
        self._plots = QStackedLayout(self._drawn)
        self._plots.addWidget(QWidget())
        self._plots.addWidget(self.confusion)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        self._soon = QTimer(self, singleShot=True, interval=300)
        self._soon.timeout.connect(self._ask)
        listen = relay.listen
        listen(workbench.session.sheet_changed, lambda _old, _new: self.refresh())
        listen(workbench.deciding.pits_taken, self.refresh)
        listen(workbench.session.failed, lambda _sentence: self.refresh())
        listen(workbench.labelling.changed, lambda _change: self._labels_changed())
        listen(workbench.deciding.weights_changed, lambda _old, _new: self._soon.start())
        listen(workbench.deciding.band_changed, lambda _old, _new: self.refresh())
        listen(workbench.deciding.threshold_changed, self.apply)
        listen(self._reader.answered, self._answered)
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        deciding = self._workbench.deciding
        if not deciding.scored:
            self._say_what_next()
            self._reader.drop()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self.band.setCurrentIndex(max(self.band.findData(deciding.band), 0))
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        """Take up what happened while nobody looked."""
        super().showEvent(event)
        self.form.refresh()
        if self._behind:
            self.refresh()

    def apply(self, old: float, new: float) -> None:
        """The threshold lies elsewhere."""
        del old, new
        self._show_mark()

    def shut(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _built(self) -> QWidget:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.setSpacing(5)
        layout.addWidget(self.tabs)
        layout.addWidget(self._drawn, 1)
        layout.addWidget(self.missing)
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.band)
        layout.addLayout(row)
        line = QFrame()
        line.setProperty("role", "line")
        layout.addWidget(line)
        layout.addWidget(self.form)
        layout.addWidget(self.names)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        return area

    def _labels_changed(self) -> None:
        if self._workbench.deciding.scored:
            self._soon.start()

    def _ask(self) -> None:
        deciding, pits = self._workbench.deciding, self._workbench.session.pits
        self._behind = not self.isVisible()
        sample = deciding.sample() if not self._behind else None
        if sample is None or pits is None:
            return
        self.form.refresh()
        weights, band = deciding.weights, deciding.band
        self._reader.ask(lambda _wanted: curves_of(sample, pits, weights, band))

    def _answered(self, generation: int, found: Curves) -> None:
        if self._reader.is_newest(generation):
            self._found = found
            self._show()

    def _show(self) -> None:
        found, tab = self._found, self.tabs.currentIndex()
        if found is None:
            return
        self.missing.setText(found.said)
        self.missing.setVisible(bool(found.said))
        self.said.setText("")
        there = bool(found.confusion.labels) if tab == _CONFUSION else found.roc is not None
        if tab == _CALIBRATION:
            there = found.reliability is not None
        self._drawn.setVisible(there)
        if not there:
            return
        if tab == _CONFUSION:
            self._plots.setCurrentWidget(self.confusion)
            self.confusion.show_table(found.confusion)
            self.said.setText(f"{percent_of(found.confusion.right)} have their label's class")
            return
        view = self._curve_view()
        self._plots.setCurrentWidget(view)
        if tab == _CALIBRATION and found.reliability is not None:
            r = found.reliability
            view.show_points(r.said, r.seen, r.seen_low, r.seen_high, ("candidate score", "share that is signal"))
            self.said.setText(f"Expected error {r.error:.3f} ({r.error_low:.3f}–{r.error_high:.3f})")
        elif found.roc is not None:
            self._show_roc(view, found, tab)
        self._show_mark()

    def _show_roc(self, view: CurveView, found: Curves, tab: int) -> None:
        r = found.roc
        assert r is not None  # asked for where there is one
        if tab == _ROC:
            band = (r.grid, r.efficiency_low, r.efficiency_high)
            view.show_curve(r.rejection, r.efficiency, band, ("background rejection", "signal efficiency"))
            self.said.setText(f"Area {r.area:.3f} ({r.area_low:.3f}–{r.area_high:.3f})")
        else:
            band = (r.grid, r.purity_low, r.purity_high)
            view.show_curve(r.efficiency, r.purity, band, ("signal efficiency", "purity"))
            self.said.setText(f"Among {r.signal:,} signal and {r.background:,} others labelled")
        self.said.setToolTip(f"{r.signal:,} labelled candidate, {r.background:,} labelled otherwise; maybe is left out")

    def _show_mark(self) -> None:
        view, found, tab = self.curve, self._found, self.tabs.currentIndex()
        if view is None or found is None or found.roc is None or tab == _CONFUSION:
            return
        if tab == _CALIBRATION:
            view.show_mark(float("nan"), float("nan"))
            return
        r = found.roc
        # Thresholds fall; the last one that is not below ours is where we stand.
        here = int(np.searchsorted(-r.threshold, -self._workbench.deciding.threshold, side="right")) - 1
        x, y = (r.rejection, r.efficiency) if tab == _ROC else (r.efficiency, r.purity)
        view.show_mark(float(x[here]), float(y[here]))

    def _curve_view(self) -> CurveView:
        if self.curve is None:
            from moedal_gui.ui.parts.curve_view import CurveView

            self.curve = CurveView()
            self.curve.setAccessibleName("Curve of the labelled pits")
            self.curve.setToolTip("Click the curve to put the working point there")
            self.curve.clicked.connect(self._click)
            self._plots.addWidget(self.curve)
        return self.curve

    def _click(self, x: float, y: float) -> None:
        r, tab = (self._found.roc if self._found is not None else None), self.tabs.currentIndex()
        if r is None or tab == _CALIBRATION:
            return
        along, across = (r.rejection, r.efficiency) if tab == _ROC else (r.efficiency, r.purity)
        nearest = int(((along - x) ** 2 + (across - y) ** 2)[1:].argmin()) + 1
        self._workbench.deciding.move_to(float(r.threshold[nearest]), "chosen on a curve")

    def _say_what_next(self) -> None:
        session = self._workbench.session
        if session.sheet is None:
            self.empty.say("Open a project to choose its working point.", "Open project…", "Open a project")
        elif session.pits is None and session.reading:
            self.empty.say(READING)
        elif session.pits is None:
            self.empty.say("No pits yet. Pre-select them, then score them.", "Pre-select pits…", "Find pits")
        else:
            self.empty.say(
                "Nothing has scored these pits. Score them with an ensemble; with labelled pits there are curves, and "
                "without them the number that pass and the stage time they cost.",
                "Score pits…",
                "Score every pit",
            )

    def _next_thing(self) -> None:
        session = self._workbench.session
        sheet, pits = session.sheet, session.pits
        self.commandAsked.emit("project.open" if sheet is None else "task.preselect" if pits is None else "task.score")
