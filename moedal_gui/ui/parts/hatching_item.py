"""Hatched cells over a plot's map: lines as fine and as even at every zoom, for they are drawn in the screen's pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QBrush, QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from moedal_gui.ui.parts.map_colours import outline


class HatchingItem(pg.GraphicsObject):  # type: ignore[misc] # pyqtgraph has no types
    """Draws cells (rows, columns) in brushes; its transform says where the cells lie."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[QPainterPath, QBrush]] = []
        self._bounds = QRectF()

    def show_cells(self, parts: list[tuple[npt.NDArray[np.bool_], QBrush]]) -> None:
        """Draw each of these in its brush, and nothing else."""
        self.prepareGeometryChange()
        self._parts = [(outline(cells), brush) for cells, brush in parts if cells.any()]
        shapes = [cells.shape for cells, _ in parts]
        self._bounds = QRectF(0, 0, max(s[1] for s in shapes), max(s[0] for s in shapes)) if shapes else QRectF()
        self.update()

    def boundingRect(self) -> QRectF:
        """All cells."""
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Bring the cells to the screen and fill them there."""
        place = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        for path, brush in self._parts:
            painter.setBrushOrigin(place.map(QPointF(0, 0)))
            painter.fillPath(place.map(path), brush)
        painter.restore()
