"""Colours and hatchings of maps: the same in the plot, on the canvas and in their legends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QPixmap

COLOURS = "viridis"
_TILE = 12
TOO_DENSE, UNTRAINED = "A list of pits is not valid here", "The ensemble was trained on no such density"


def coloured(values: npt.NDArray[np.float64], most: float) -> QImage:
    """Values (rows, columns) from 0 to ``most`` as a picture; nothing is drawn where a value is NaN."""
    table = np.asarray(pg.colormap.get(COLOURS).getLookupTable(nPts=256, alpha=False), np.uint8)
    known = np.isfinite(values)
    index = np.clip(np.where(known, values, 0.0) / most * 255.0, 0, 255).astype(np.uint8)
    rgba = np.dstack([table[index], np.where(known, 255, 0).astype(np.uint8)])
    rows, columns = values.shape
    return QImage(rgba.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()


def hatching(falling: bool, ink: str = "") -> QBrush:
    """Slanting lines, rising, or falling to the right; white with a dark edge so that they stand out of any colour, or in one ink."""
    tile = QPixmap(_TILE, _TILE)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    # A line and its neighbours in the tiles beside, so that the pattern goes on over the seams.
    edged = (QPen(QColor(0, 0, 0, 130), 3.0), QPen(QColor(255, 255, 255, 230), 1.3))
    for pen in (QPen(QColor(ink), 1.3),) if ink else edged:
        painter.setPen(pen)
        for step in (-_TILE, 0, _TILE):
            ends = (0.0, _TILE) if falling else (_TILE, 0.0)
            painter.drawLine(QPointF(step - 1, ends[0] + (-1 if falling else 1)),
                             QPointF(step + _TILE + 1, ends[1] + (1 if falling else -1)))  # fmt: skip
    painter.end()
    return QBrush(tile)


def outline(cells: npt.NDArray[np.bool_]) -> QPainterPath:
    """Cells (rows, columns) as rectangles, neighbours in a row joined to one."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    edges = np.diff(np.pad(cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    for (row, first), (_, last) in zip(starts.tolist(), ends.tolist(), strict=True):
        path.addRect(first, row, last - first, 1)
    return path
