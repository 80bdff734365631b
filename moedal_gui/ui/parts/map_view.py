"""A map of numbers over the foil, drawn by pyqtgraph, which is loaded with the first map and not with the window."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QTransform

from moedal_gui.ui.parts.hatching_item import HatchingItem
from moedal_gui.ui.parts.map_colours import hatching
from moedal_gui.ui.parts.plot_dress import dress_axes
from moedal_gui.ui.theme import tones_in_force

_PLAIN = "viridis"
_PARTED = "CET-CBD1"  # told apart by every kind of colour vision
_ABOVE_BAR_PX = 7
_BAR_WORDS_PX = 62  # room for the numbers beside the colours, and for what they count


class MapView(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """Shows one array; ``clicked`` carries the place in the map's own unit."""

    clicked = Signal(float, float)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setMinimumHeight(90)
        self.invertY(True)
        self.setAspectLocked(True)
        self.setMenuEnabled(False)
        self.hideButtons()
        self._image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self._image)
        self._bar = pg.ColorBarItem(colorMap=pg.colormap.get(_PLAIN), interactive=False, width=12)
        self._bar.setImageItem(self._image, insert_in=self.getPlotItem())
        self.hatched = self.hatched_down = False
        self._bar.axis.setWidth(_BAR_WORDS_PX)
        self._bar.axis.enableAutoSIPrefix(False)
        # The label of the scale's end stands half above its bar.
        self.getPlotItem().layout.setContentsMargins(0, _ABOVE_BAR_PX, 0, 0)
        self._counted = ""
        self._hatch = HatchingItem()
        self.addItem(self._hatch)
        self.scene().sigMouseClicked.connect(lambda event: self._click(event.scenePos()))

    def show_map(
        self,
        values: npt.NDArray[np.float64],
        origin: tuple[float, float],
        cell: float,
        unit: str,
        most: float | None = None,
        both_ways: bool = False,
        counted: str = "",
    ) -> None:
        """Show values (rows, columns) whose corner lies at ``origin``, cells ``cell`` wide, lengths in ``unit``.

        ``most`` ends the scale of the values; by default their largest does. With ``both_ways`` the scale runs as far below 0
        as above, in colours that part at 0. ``counted`` says beside the colours what they count.
        """
        finite = np.abs(values[np.isfinite(values)])
        self._image.setImage(values, autoLevels=False)
        self._bar.setColorMap(pg.colormap.get(_PARTED if both_ways else _PLAIN))
        self._bar.setVisible(bool(finite.size))
        end = most or max(float(finite.max()) if finite.size else 1.0, 1e-6)
        self._bar.setLevels((-end if both_ways else 0.0, end))
        self._image.setTransform(QTransform.fromTranslate(*origin).scale(cell, cell))
        self._hatch.setTransform(QTransform.fromTranslate(*origin).scale(cell, cell))
        self._counted = counted
        self.setLabel("left", f"x, y ({unit})")  # of both, beside the map: docks are wide and low
        self.dress()
        # Not the hatching: it is still that of the map before, and may be far larger.
        self.autoRange(items=[self._image], padding=0.02)

    def hatch(
        self,
        cells: npt.NDArray[np.bool_],
        others: npt.NDArray[np.bool_] | None = None,
        ink: str = "",
    ) -> None:
        """Draw rising lines over some of the cells of the map shown, and falling ones over others (see `hatching`)."""
        falling_cells = np.zeros_like(cells) if others is None else others
        self.hatched, self.hatched_down = bool(cells.any()), bool(falling_cells.any())
        self._hatch.show_cells([(cells, hatching(False, ink)), (falling_cells, hatching(True, ink))])

    def dress(self) -> None:
        """Take up the theme."""
        tone = tones_in_force()
        dress_axes(self)
        self._bar.axis.setTextPen(tone.dim)
        self._bar.axis.setLabel(self._counted, color=tone.dim)

    def _click(self, place: QPointF) -> None:
        box = self.getPlotItem().vb
        if QRectF(box.sceneBoundingRect()).contains(place):
            at = box.mapSceneToView(place)
            self.clicked.emit(float(at.x()), float(at.y()))
