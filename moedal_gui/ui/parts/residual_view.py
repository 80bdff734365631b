"""Maps and histogram of what is left between two registered scans.

Drawn by pyqtgraph, which is loaded with the first map and not with the window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from moedal_gui.ui.parts.map_view import MapView
from moedal_gui.ui.theme import tones_in_force

Floats = npt.NDArray[np.float64]
_HEAD = 0.32  # length of an arrow's head over that of the arrow
_SPREAD_RAD = 0.45
_ROOM_PX = 9.0
_UNDER = 0.12  # room under the middle of the words on the scale, over the height of all


class ResidualView(MapView):
    """A map with arrows over it; what is told of their scale stands under the map."""

    def __init__(self) -> None:
        super().__init__()
        # Dark below and light above, so that arrows are seen on every colour.
        self._shafts = [pg.PlotCurveItem(connect="pairs") for _ in range(2)]
        self._key = [pg.PlotCurveItem(connect="pairs")]
        self._said = pg.TextItem(anchor=(0, 0.5))
        for item in (*self._shafts, *self._key, self._said):
            self.addItem(item)
        self._apart = 0.0
        box = self.getPlotItem().vb
        box.sigRangeChanged.connect(lambda *_: self._thin())
        box.sigResized.connect(lambda *_: self._thin())
        self.forget_arrows()

    def show_arrows(
        self, places: Floats, steps: Floats, apart: float, key: tuple[float, float, float], told: str
    ) -> None:
        """Draw arrows from places (N, 2), ``apart`` from each other, by steps (N, 2), all in the map's unit.

        They are hidden while the map is too small to tell them apart. ``key`` is the place of an arrow that shows the scale and its length along x; ``told`` says what it stands for.
        """
        tone = tones_in_force()
        lines = _arrows(places, steps)
        for item, pen in zip(self._shafts, (("#000000", 3.4), ("#ffffff", 1.5)), strict=True):
            item.setData(*lines.T, pen=pg.mkPen(pen[0], width=pen[1]))
        x, y, length = key
        self._key[0].setData(
            *_arrows(np.array([[x, y]]), np.array([[length, 0.0]])).T, pen=pg.mkPen(tone.text, width=2)
        )
        self._said.setText(told, color=tone.text)
        self._said.setPos(x + length * 1.25, y)
        self._apart = apart
        for item in (*self._key, self._said):
            item.setVisible(True)
        box = self.getPlotItem().vb
        across, down = box.childrenBounds(items=[self._image, *self._shafts, *self._key])
        # Words have no size in the map's unit; a low panel must not cut them off.
        down[1] = max(down[1], y + _UNDER * (down[1] - down[0]))
        box.setRange(xRange=across, yRange=down, padding=0.02)
        self._thin()

    def forget_arrows(self) -> None:
        """Draw none."""
        self._apart = 0.0
        for item in (*self._shafts, *self._key):
            item.setData([], [])
        for item in (*self._shafts, *self._key, self._said):
            item.setVisible(False)

    def _thin(self) -> None:
        """Hide the arrows where the screen has no room for them."""
        across = self._apart / max(float(self.getPlotItem().vb.viewPixelSize()[0]), 1e-12)
        for item in self._shafts:
            item.setVisible(across >= _ROOM_PX)

    @property
    def arrow_count(self) -> int:
        """How many arrows are drawn over the map."""
        x, _ = self._shafts[0].getData()
        return 0 if x is None else len(x) // 6


def _arrows(starts: Floats, steps: Floats) -> Floats:
    """Ends of line pieces, (6 N, 2): a shaft and two barbs each."""
    ends = starts + steps
    parts = [starts, ends]
    for turn in (np.pi - _SPREAD_RAD, np.pi + _SPREAD_RAD):
        c, s = np.cos(turn), np.sin(turn)
        parts += [ends, ends + _HEAD * steps @ np.array([[c, s], [-s, c]])]
    return np.stack(parts, axis=1).reshape(-1, 2)


class HistogramView(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Distances of partner pits, what accident gives, and the line they should stay below."""

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setMinimumHeight(90)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self._bars = pg.BarGraphItem(x=[], height=[], width=1.0)
        self._accidents = pg.PlotDataItem(stepMode="center")
        self._line = pg.InfiniteLine(
            angle=90, label="{value:g} px", labelOpts={"position": 0.97, "anchors": [(0, 0), (0, 0)]}
        )
        self._said = pg.LegendItem(offset=(-8, 30))
        self._said.setParentItem(self.getPlotItem().vb)
        for item in (self._bars, self._accidents, self._line):
            self.addItem(item)

    def show_bins(self, edges: Floats, counts: npt.NDArray[np.int64], accidents: Floats, line_px: float) -> None:
        """Show counts between edges (px), what accident gives of them, and a line."""
        width = np.diff(edges)
        self._bars.setOpts(x=edges[:-1] + width / 2, height=counts, width=width * 0.92)
        self._accidents.setData(edges, accidents)
        self._line.setPos(line_px)
        self.dress()
        top = float(max(counts.max(initial=1), accidents.max(initial=0.0)))
        self.setRange(xRange=(float(edges[0]), float(edges[-1])), yRange=(0.0, top * 1.05), padding=0.01)

    def dress(self) -> None:
        """Take up the theme."""
        tone = tones_in_force()
        self.setBackground(tone.panel)
        for side, words in (("left", "partners"), ("bottom", "distance, px")):
            axis = self.getAxis(side)
            axis.setPen(tone.line)
            axis.setTextPen(tone.dim)
            self.setLabel(side, words, color=tone.dim)
        fill = QColor(tone.accent)
        self._bars.setOpts(brush=fill, pen=pg.mkPen(None))
        self._accidents.setPen(pg.mkPen(tone.warning, width=2, style=Qt.PenStyle.DashLine))
        self._line.setPen(pg.mkPen(tone.text, width=1.4, style=Qt.PenStyle.DotLine))
        self._line.label.setColor(tone.text)
        self._said.clear()
        self._said.setLabelTextColor(tone.text)
        self._said.addItem(self._bars, "partner pits")
        self._said.addItem(self._accidents, "one scan shifted by 300 px")
