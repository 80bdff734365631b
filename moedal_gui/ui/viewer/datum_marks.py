"""How datum points look, wherever they are drawn."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

_ARM_PX = 12.0
_GAP_PX = 3.0
_SHADOW, _INK = QColor(0, 0, 0, 200), QColor("#F0E442")


def draw_datum(painter: QPainter, place: QPointF, number: str, wanted: bool = False) -> None:
    """A cross with an open middle and the point's number; dashed where it is only expected (``wanted``)."""
    style = Qt.PenStyle.DotLine if wanted else Qt.PenStyle.SolidLine
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(_SHADOW, 4), QPen(_INK, 2, style)):
        painter.setPen(pen)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(place + QPointF(x, y) * _GAP_PX, place + QPointF(x, y) * _ARM_PX)
        if wanted:
            painter.drawEllipse(place, _ARM_PX, _ARM_PX)
    for offset, ink in ((QPointF(11, -7), _SHADOW), (QPointF(10, -8), _INK)):
        painter.setPen(ink)
        painter.drawText(place + offset, number)
