"""A curve with its band, points with their intervals, and a mark that says where one stands.

Drawn by pyqtgraph, which is loaded with the first curve and not with the window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy

from moedal_gui.ui.parts.plot_dress import dress_axes
from moedal_gui.ui.theme import tones_in_force

Floats = npt.NDArray[np.float64]


class CurveView(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Both axes run from 0 to 1; ``clicked`` carries a place."""

    clicked = Signal(float, float)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.getPlotItem().setContentsMargins(0, 8, 14, 0)
        self._low, self._high = pg.PlotDataItem(), pg.PlotDataItem()
        self._band = pg.FillBetweenItem(self._low, self._high)
        self._guide = pg.PlotDataItem([0, 1], [0, 1])
        self._curve = pg.PlotDataItem()
        self._errors = pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), top=np.zeros(0), bottom=np.zeros(0))
        self._mark = pg.ScatterPlotItem(size=11)
        for item in (self._band, self._guide, self._curve, self._errors, self._mark):
            self.addItem(item)
        self.scene().sigMouseClicked.connect(lambda event: self._click(event.scenePos()))

    def sizeHint(self) -> QSize:
        """Broad enough to read."""
        return QSize(320, 200)

    def minimumSizeHint(self) -> QSize:
        """What a narrow dock leaves."""
        return QSize(160, 170)

    def show_curve(
        self, x: Floats, y: Floats, band: tuple[Floats, Floats, Floats], words: tuple[str, str], low: float = 0.0
    ) -> None:
        """Show a curve and its band (abscissa, lower, upper); ``words`` name the axes, which begin at ``low``."""
        self._curve.setData(x, y, symbol=None, stepMode=None)
        self._low.setData(band[0], band[1])
        self._high.setData(band[0], band[2])
        self._errors.setVisible(False)
        self._guide.setVisible(False)
        self._band.setVisible(True)
        self._frame(words, low)

    def show_points(self, x: Floats, y: Floats, low: Floats, high: Floats, words: tuple[str, str]) -> None:
        """Show points with their intervals beside the line on which both axes agree."""
        self._curve.setData(x, y, symbol="o", symbolSize=6, stepMode=None)
        self._errors.setData(x=x, y=y, top=high - y, bottom=y - low, beam=0.015)
        self._errors.setVisible(True)
        self._guide.setVisible(True)
        self._band.setVisible(False)
        self._frame(words, 0.0)

    def show_mark(self, x: float, y: float) -> None:
        """Say where one stands; nowhere for NaN."""
        there = np.isfinite(x) and np.isfinite(y)
        self._mark.setData([x] if there else [], [y] if there else [])

    def _frame(self, words: tuple[str, str], low: float) -> None:
        self.dress()
        tone = tones_in_force()
        self.setLabel("bottom", words[0], color=tone.dim)
        self.setLabel("left", words[1], color=tone.dim)
        self.setRange(QRectF(low, low, 1.0 - low, 1.0 - low), padding=0.02)

    def dress(self) -> None:
        """Take up the theme."""
        tone = tones_in_force()
        dress_axes(self)
        fill = QColor(tone.accent)
        fill.setAlpha(58)
        self._band.setBrush(fill)
        for edge in (self._low, self._high):
            edge.setPen(pg.mkPen(None))
        self._curve.setPen(pg.mkPen(tone.accent, width=2))
        self._curve.setSymbolBrush(tone.accent)
        self._curve.setSymbolPen(tone.accent)
        self._errors.setOpts(pen=pg.mkPen(tone.accent, width=1.2))
        self._guide.setPen(pg.mkPen(tone.dim, width=1, style=Qt.PenStyle.DashLine))
        self._mark.setBrush(tone.text)
        self._mark.setPen(pg.mkPen(tone.panel, width=1.6))

    def _click(self, place: QPointF) -> None:
        box = self.getPlotItem().vb
        if QRectF(box.sceneBoundingRect()).contains(place):
            at = box.mapSceneToView(place)
            self.clicked.emit(float(at.x()), float(at.y()))
