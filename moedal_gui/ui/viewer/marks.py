"""Marker stamps: one small picture per class, surface and state, drawn once."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from moedal_gui.ui.theme import MARKS, Shape

STAMP_PX = 15


def shape_path(shape: Shape, x: float, y: float, radius: float) -> QPainterPath:
    """Outline of a marker shape round a centre."""
    path = QPainterPath()
    if shape == "circle":
        path.addEllipse(QPointF(x, y), radius * 0.86, radius * 0.86)
    elif shape == "square":
        side = radius * 0.8
        path.addRect(QRectF(x - side, y - side, 2 * side, 2 * side))
    else:
        path.addPolygon(QPolygonF([QPointF(x + dx * radius, y + dy * radius) for dx, dy in _corners(shape)]))
        path.closeSubpath()
    return path


def _corners(shape: Shape) -> list[tuple[float, float]]:
    if shape == "diamond":
        return [(0, -1.1), (0.85, 0), (0, 1.1), (-0.85, 0)]
    if shape == "up":
        return [(0, -1), (0.95, 0.75), (-0.95, 0.75)]
    if shape == "down":
        return [(0, 1), (0.95, -0.75), (-0.95, -0.75)]
    turn = [math.pi * (k / 5 - 0.5) for k in range(10)]
    return [
        (math.cos(a) * (1.12 if k % 2 == 0 else 0.5), math.sin(a) * (1.12 if k % 2 == 0 else 0.5))
        for k, a in enumerate(turn)
    ]


@lru_cache(maxsize=64)
def stamp(name: str, filled: bool, ratio: float = 2.0) -> QPixmap:
    """A marker as a picture of `STAMP_PX`; filled for a label, hollow for a surface that was only proposed."""
    mark = MARKS.get(name, MARKS[""])
    pixmap = QPixmap(int(STAMP_PX * ratio), int(STAMP_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = shape_path(mark.shape, STAMP_PX / 2, STAMP_PX / 2, 4.6)
    painter.setPen(QPen(QColor(0, 0, 0, 140), 2.6))
    painter.drawPath(path)
    painter.setPen(QPen(QColor(mark.colour), 1.5))
    painter.setBrush(QBrush(QColor(mark.colour)) if filled else Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.end()
    return pixmap


def swatch(name: str, size: int = 16) -> QPixmap:
    """A class's marker as an icon for buttons and lists."""
    mark = MARKS.get(name, MARKS[""])
    pixmap = QPixmap(size * 2, size * 2)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 120), 0.8))
    painter.setBrush(QColor(mark.colour))
    painter.drawPath(shape_path(mark.shape, size / 2, size / 2, size * 0.42))
    painter.end()
    return pixmap
