"""Places of several kinds on the foil, each with a colour and a shape of its own; a click tells which.

Drawn by pyqtgraph, which is loaded with the first map and not with the window.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtWidgets import QSizePolicy

from moedal_gui.ui.parts.plot_dress import dress_axes
from moedal_gui.ui.theme import DARK, tones_in_force

Floats = npt.NDArray[np.float64]
_REACH_PX = 14.0

KIND_MARKS: dict[str, tuple[str, str, str, str]] = {
    "missed": ("○", "o", "#E69F00", "#B05A00"),
    "false": ("×", "x", "#56B4E9", "#0072B2"),
    "fragment": ("△", "t1", "#CC79A7", "#A04A7A"),
}
"""Kind -> its sign in words, pyqtgraph's symbol, its colour on a dark and on a light ground (Okabe and Ito's)."""


class PlacesView(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """``picked`` carries the row of the place clicked."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.invertY(True)
        self.setAspectLocked(True)
        self.setMenuEnabled(False)
        self.hideButtons()
        self._fields = pg.PlotDataItem(connect="finite")
        self.addItem(self._fields)
        self._points = {kind: pg.ScatterPlotItem(size=9, symbol=mark[1]) for kind, mark in KIND_MARKS.items()}
        for item in self._points.values():
            self.addItem(item)
        self._rows: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._at: Floats = np.zeros((0, 2))
        self.scene().sigMouseClicked.connect(lambda event: self._click(event.scenePos()))

    def sizeHint(self) -> QSize:
        """Broad enough to read."""
        return QSize(320, 220)

    def minimumSizeHint(self) -> QSize:
        """What a narrow dock leaves."""
        return QSize(160, 170)

    def show_fields(self, borders: Floats, unit: str) -> None:
        """Outline fields, corners (M, 4, 2) in ``unit``, and bring all of them into view."""
        ring = np.concatenate([borders, borders[:, :1], np.full((len(borders), 1, 2), np.nan)], axis=1).reshape(-1, 2)
        self._fields.setData(ring[:, 0], ring[:, 1])
        self.setLabel("bottom", f"x, y ({unit})")
        self.dress()
        self.autoRange(padding=0.03)

    def show_places(self, places: Mapping[str, Floats], rows: Mapping[str, npt.NDArray[np.intp]]) -> None:
        """Show places (N, 2) of each kind; ``rows`` says which row each is."""
        empty = np.zeros((0, 2))
        for kind, item in self._points.items():
            at = places.get(kind, empty)
            item.setData(at[:, 0], at[:, 1])
        self._at = np.concatenate([empty, *places.values()])
        self._rows = np.concatenate([np.zeros(0, np.intp), *rows.values()])

    def dress(self) -> None:
        """Take up the theme."""
        tone = tones_in_force()
        dress_axes(self)
        self._fields.setPen(pg.mkPen(tone.line, width=1))
        for kind, (_sign, _symbol, dark, light) in KIND_MARKS.items():
            colour = dark if tone is DARK else light
            self._points[kind].setPen(pg.mkPen(colour, width=1.8))
            self._points[kind].setBrush(pg.mkBrush(colour) if kind == "false" else pg.mkBrush(None))

    def _click(self, place: QPointF) -> None:
        box = self.getPlotItem().vb
        if not QRectF(box.sceneBoundingRect()).contains(place) or not len(self._at):
            return
        at, size = box.mapSceneToView(place), box.viewPixelSize()
        apart = np.hypot((self._at[:, 0] - at.x()) / size[0], (self._at[:, 1] - at.y()) / size[1])
        nearest = int(np.argmin(apart))
        if apart[nearest] <= _REACH_PX:
            self.picked.emit(int(self._rows[nearest]))
