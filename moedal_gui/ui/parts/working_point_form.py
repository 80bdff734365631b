"""Moving the working point: by slider, by the signal it keeps, by the rescans it costs."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.analysis.working_point import Rescan
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.confusion_view import percent_of

_STEPS = 1000
_REACH = 7.0


class WorkingPointForm(QWidget):
    """Asks `app.deciding` for another threshold and shows what passes."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench, self._deciding = workbench, workbench.deciding
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.valueChanged.connect(lambda place: self._deciding.move_to(threshold_at(place)))
        self.threshold = QDoubleSpinBox(decimals=4, minimum=0.0, maximum=1.0, singleStep=0.01)
        self.threshold.valueChanged.connect(self._deciding.move_to)
        self.keep = QDoubleSpinBox(decimals=1, minimum=0.0, maximum=100.0, singleStep=0.5, suffix="% of signal")
        self.keep.setValue(99.0)
        self.keep.valueChanged.connect(lambda percent: self._deciding.keep_signal(percent / 100.0))
        self.most = QSpinBox(minimum=0, maximum=10_000_000, singleStep=10, suffix=" stops")
        self.most.valueChanged.connect(self._deciding.at_most)
        self.seconds = QDoubleSpinBox(decimals=1, minimum=0.1, maximum=3600.0, suffix=" s")
        self.sides = QSpinBox(minimum=1, maximum=2, suffix=" sides")
        self.planes = QSpinBox(minimum=1, maximum=200, suffix=" planes")
        self.summary = QLabel(wordWrap=True)
        self.summary.setAccessibleName("What passes")
        for control, tip in (
            (self.slider, "The least candidate score that passes, finer towards both ends"),
            (self.threshold, "The least candidate score that passes"),
            (self.keep, "Share of the labelled candidates that is to pass; Enter puts the border there"),
            (self.most, "Places a rescan may go to; the two ends of a link are one; Enter puts the border there"),
            (self.seconds, "Seconds at one stop for each side and focal plane, the way there included"),
            (self.sides, "Sides of the foil that are looked at"),
            (self.planes, "Focal planes at each stop"),
        ):
            control.setToolTip(tip)
            control.setAccessibleName(tip)
            if isinstance(control, QSpinBox | QDoubleSpinBox):
                # Nothing happens to a number half typed.
                control.setKeyboardTracking(False)
                control.lineEdit().setTextMargins(5, 0, 0, 0)
            if control not in (self.slider, self.threshold):
                control.setMinimumWidth(56)
                control.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for field, name in (
            (self.seconds, "rescan_seconds"),
            (self.sides, "rescan_sides"),
            (self.planes, "rescan_planes"),
        ):
            field.valueChanged.connect(lambda value, name=name: workbench.settings.change(**{name: value}))
        self._build()
        relay.listen(self._deciding.threshold_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.settings.changed, lambda _old, _new: self.refresh())

    def refresh(self) -> None:
        """Take up the border and what passes, where somebody looks."""
        if not self.isVisible():
            return
        settings, threshold = self._workbench.settings.now, self._deciding.threshold
        found = self._deciding.passing(Rescan(settings.rescan_seconds, settings.rescan_sides, settings.rescan_planes))
        fields = (self.slider, self.threshold, self.most, self.seconds, self.sides, self.planes)
        blocked = [QSignalBlocker(field) for field in fields]
        self.slider.setValue(place_of(threshold))
        self.threshold.setValue(min(threshold, 1.0))
        self.seconds.setValue(settings.rescan_seconds)
        self.sides.setValue(settings.rescan_sides)
        self.planes.setValue(settings.rescan_planes)
        if found is not None:
            self.most.setValue(found.stops)
            band = f" at {self._deciding.band} density" if self._deciding.band else ""
            known = found.efficiency["value"] is not None
            quality = (
                f"Keeps {percent_of(found.efficiency)} of the labelled signal; purity {percent_of(found.purity)} of the "
                f"labelled that pass; rejects {percent_of(found.rejection)} of the others."
                if known
                else "How much signal that keeps is not known without labels."
            )
            self.summary.setText(
                f"<b>{found.pits:,}</b> pits pass{band}: <b>{found.stops:,}</b> stops, <b>{hours(found.hours)}</b> of "
                f"stage time. {quality}"
            )
        del blocked

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        line = QHBoxLayout()
        line.addWidget(self.slider, 1)
        line.addWidget(self.threshold)
        layout.addLayout(line)
        layout.addWidget(self.summary)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(5)
        rows: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            ("Keep", (self.keep,)),
            ("At most", (self.most,)),
            ("A stop takes", (self.seconds, self.sides, self.planes)),
        )
        for row, (words, fields) in enumerate(rows):
            caption = QLabel(words)
            caption.setProperty("role", "dim")
            caption.setBuddy(fields[0])
            grid.addWidget(caption, row, 0)
            for column, field in enumerate(fields):
                grid.addWidget(field, row, 1 + column, 1, 1 if len(fields) > 1 else 3)
        for column in (1, 2, 3):
            grid.setColumnStretch(column, 1)
        layout.addLayout(grid)


def threshold_at(place: int) -> float:
    """Threshold of a place of the slider: even steps of the log-odds, the ends 0 and 1."""
    if place in (0, _STEPS):
        return float(place == _STEPS)
    return 1.0 / (1.0 + math.exp(_REACH * (1.0 - 2.0 * place / _STEPS)))


def place_of(threshold: float) -> int:
    """Place of the slider for a threshold."""
    if threshold <= 0.0 or threshold >= 1.0:
        return _STEPS if threshold >= 1.0 else 0
    odds = math.log(threshold / (1.0 - threshold))
    return min(max(round((odds / _REACH + 1.0) / 2.0 * _STEPS), 1), _STEPS - 1)


def hours(value: float) -> str:
    """Stage time in words."""
    return f"{value * 60:.0f} min" if value < 1.0 else f"{value:.1f} h" if value < 100 else f"{value:,.0f} h"
