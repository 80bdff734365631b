"""Efficiency and purity against the distance a match may have, with a line that is dragged to choose one.

Drawn by pyqtgraph, which is loaded with the first curve and not with the window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy

from moedal_gui.ui.theme import DARK, Tones, tones_in_force

Floats = npt.NDArray[np.float64]
# Okabe and Ito's, and for the light ground their darker ones; each curve has a symbol and a stroke of its own.
_LINES = (
    ("efficiency", "#56B4E9", "#0072B2", "o", Qt.PenStyle.SolidLine),
    ("purity", "#E69F00", "#B05A00", "s", Qt.PenStyle.DashLine),
    ("by accident", "#CC79A7", "#A04A7A", "t", Qt.PenStyle.DotLine),
)


class CutCurve(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """``cutMoved`` carries the distance the line lies at, a whole number of px, while it is dragged and after."""

    cutMoved = Signal(float)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.getPlotItem().setContentsMargins(0, 6, 12, 0)
        self._legend = self.addLegend(offset=(-8, -34), labelTextSize="8pt")
        self._curves: list[pg.PlotDataItem] = []
        self._bands: list[pg.FillBetweenItem] = []
        for name, _dark, _light, symbol, _style in _LINES:
            low, high = pg.PlotDataItem(), pg.PlotDataItem()
            band = pg.FillBetweenItem(low, high)
            curve = pg.PlotDataItem(symbol=symbol, symbolSize=5, name=name)
            for item in (band, curve):
                self.addItem(item)
            self._curves.append(curve)
            self._bands.append(band)
        self.line = pg.InfiniteLine(angle=90, movable=True)
        self.line.sigPositionChanged.connect(lambda _line: self._moved())
        self.addItem(self.line)
        self._cut = float("nan")

    def sizeHint(self) -> QSize:
        """Broad enough to read."""
        return QSize(320, 200)

    def minimumSizeHint(self) -> QSize:
        """What a narrow dock leaves."""
        return QSize(160, 170)

    def show_curves(self, cuts: Floats, efficiency: Floats, purity: Floats, accidental: Floats) -> None:
        """Show both curves (N, 3) with their bands, and the share (N,) that accident would match."""
        nothing = np.full((len(cuts), 3), np.nan)
        nothing[:, 0] = accidental
        for values, curve, band in zip((efficiency, purity, nothing), self._curves, self._bands, strict=True):
            curve.setData(cuts, values[:, 0])
            band.curves[0].setData(cuts, np.nan_to_num(values[:, 1], nan=0.0))
            band.curves[1].setData(cuts, np.nan_to_num(values[:, 2], nan=0.0))
            band.setVisible(bool(np.isfinite(values[:, 1]).any()))
        with QSignalBlocker(self.line):  # the bounds alone choose nothing
            self.line.setBounds((float(cuts[0]), float(cuts[-1])))
        self.setXRange(float(cuts[0]), float(cuts[-1]), padding=0.03)
        self.setYRange(0.0, 1.0, padding=0.03)
        self.dress()

    def show_cut(self, cut_px: float) -> None:
        """Put the line somewhere."""
        self._cut = cut_px
        self.line.setValue(cut_px)

    def dress(self) -> None:
        """Take up the theme."""
        tone = tones_in_force()
        self.setBackground(tone.panel)
        for side, words in (("left", "share"), ("bottom", "distance cut, px")):
            axis = self.getAxis(side)
            axis.setPen(tone.line)
            axis.setTextPen(tone.dim)
            self.setLabel(side, words, color=tone.dim)
        for _sample, label in self._legend.items:
            label.setText(label.text, color=tone.text)
        for (_name, dark, light, _symbol, style), curve, band in zip(_LINES, self._curves, self._bands, strict=True):
            colour = QColor(_of(tone, dark, light))
            curve.setPen(pg.mkPen(colour, width=2, style=style))
            curve.setSymbolBrush(colour)
            curve.setSymbolPen(colour)
            fill = QColor(colour)
            fill.setAlpha(52)
            band.setBrush(fill)
        # The legend's samples are drawn from the curves' own options.
        self._legend.update()
        self.line.setPen(pg.mkPen(tone.text, width=1.6))
        self.line.setHoverPen(pg.mkPen(tone.accent, width=3))

    def _moved(self) -> None:
        cut = float(round(self.line.value()))
        if cut != self._cut:
            self._cut = cut
            self.cutMoved.emit(cut)


def _of(tone: Tones, dark: str, light: str) -> str:
    return dark if tone is DARK else light
