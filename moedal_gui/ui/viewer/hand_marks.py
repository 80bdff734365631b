"""How what people put right looks on the canvas: broken lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from moedal_gui.ui.viewer.view import View

DASHES: list[float] = [2.6, 2.2]
_WAITING_PX = 11.0
_SHADOW, _INK = QColor(0, 0, 0, 190), QColor("#ffffff")


def draw_hand_ring(painter: QPainter, x: float, y: float, radius: float) -> None:
    """A broken ring round the marker of a pit put by hand, where its mouth is too small to be drawn."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in _pens(1.6):
        painter.setPen(pen)
        painter.drawEllipse(QPointF(x, y), radius, radius)


def draw_waiting(painter: QPainter, view: View, places: Sequence[tuple[float, float]]) -> None:
    """Places a person pointed to where nothing has been measured yet: a broken ring round a dot."""
    for place in places:
        x, y = view.to_screen(*place)
        draw_hand_ring(painter, x, y, _WAITING_PX)
        painter.drawPoint(QPointF(x, y))


def draw_held(painter: QPainter, place: QPointF, major: float, minor: float, turn: float) -> None:
    """A pit in hand: its mouth as a broken ring at the cursor, axes in screen px."""
    painter.save()
    painter.translate(place)
    painter.rotate(turn)
    painter.setBrush(QColor(255, 255, 255, 30))
    for pen in _pens(2.0):
        painter.setPen(pen)
        painter.drawEllipse(QRectF(-major / 2, -minor / 2, major, minor))
    painter.restore()


def draw_thread(painter: QPainter, start: QPointF, end: QPointF) -> None:
    """A broken line from the pit that is to be linked to the cursor."""
    for pen in _pens(2.0):
        painter.setPen(pen)
        painter.drawLine(start, end)


def _pens(width: float) -> tuple[QPen, QPen]:
    ink = QPen(_INK, width)
    ink.setDashPattern(DASHES)
    return QPen(_SHADOW, width + 2.0), ink
