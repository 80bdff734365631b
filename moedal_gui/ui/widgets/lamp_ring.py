"""The ring of lamps as a wheel to turn and flip."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

_SNAP_DEG = 5.0


class LampRing(QWidget):
    """Lamps by their direction in the picture; dragging one asks to turn them all (``turnAsked``, degrees)."""

    turnAsked = Signal(float)
    flipAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lamps: list[tuple[str, float]] = []
        self._assumed = False
        self._grip: float | None = None
        self._turned = 0.0
        self.setFixedSize(168, 168)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Ring of lamps")
        self.setToolTip("Drag to turn the ring, double click to flip it; Left, Right and F do the same")

    def show_lamps(self, lamps: Sequence[tuple[str, float]], assumed: bool) -> None:
        """Take up names and directions (degrees from +x towards +y, which is down)."""
        self._lamps, self._assumed = list(lamps), assumed
        self.update()

    def sizeHint(self) -> QSize:
        """Square."""
        return QSize(168, 168)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring, the foil in its middle, and each lamp with its step."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        middle, radius = QPointF(self.width() / 2, self.height() / 2), self.width() / 2 - 18
        line = QColor("#E69F00") if self._assumed else palette.highlight().color()
        painter.setPen(QPen(line, 1.5, Qt.PenStyle.DashLine if self._assumed else Qt.PenStyle.SolidLine))
        painter.drawEllipse(middle, radius, radius)
        painter.setPen(QPen(palette.mid().color(), 1))
        painter.setBrush(palette.alternateBase())
        painter.drawRect(QRectF(middle.x() - 30, middle.y() - 22, 60, 44))
        painter.setPen(palette.placeholderText().color())
        painter.drawText(QRectF(middle.x() - 30, middle.y() - 22, 60, 44), Qt.AlignmentFlag.AlignCenter, "picture")
        for name, azimuth in self._lamps:
            angle = math.radians(azimuth + self._turned)
            place = middle + QPointF(math.cos(angle), math.sin(angle)) * radius
            painter.setPen(QPen(line, 1.5))
            painter.setBrush(palette.base())
            painter.drawEllipse(place, 12, 12)
            painter.setPen(palette.text().color())
            painter.drawText(QRectF(place.x() - 14, place.y() - 12, 28, 24), Qt.AlignmentFlag.AlignCenter, name)
        if self.hasFocus():
            painter.setPen(QPen(palette.highlight().color(), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        self._grip, self._turned = self._angle(event.position()), 0.0

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn along."""
        if self._grip is not None:
            raw = (self._angle(event.position()) - self._grip + 180.0) % 360.0 - 180.0
            self._turned = round(raw / _SNAP_DEG) * _SNAP_DEG
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask for the turn."""
        del event
        turned, self._grip, self._turned = self._turned, None, 0.0
        if turned:
            self.turnAsked.emit(turned)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the flip."""
        del event
        self.flipAsked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn by the arrow keys, flip by F."""
        step = {Qt.Key.Key_Left: -45.0, Qt.Key.Key_Right: 45.0}.get(Qt.Key(event.key()))
        if step is not None:
            self.turnAsked.emit(step)
        elif event.key() == Qt.Key.Key_F:
            self.flipAsked.emit()
        else:
            super().keyPressEvent(event)

    def _angle(self, place: QPointF) -> float:
        return math.degrees(math.atan2(place.y() - self.height() / 2, place.x() - self.width() / 2))
