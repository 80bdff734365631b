"""The live picture of the import page: slope or a channel, with the pits of both surfaces over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from moedal_gui.app.shading import Rgb
from moedal_gui.core.scan import DatumPoint
from moedal_gui.ui.theme import MARKS
from moedal_gui.ui.viewer.datum_marks import draw_datum
from moedal_gui.ui.viewer.marks import STAMP_PX, stamp
from moedal_gui.ui.widgets.pixels import to_image


class Look(QWidget):
    """Shows a field as large as fits; ``placed`` tells of a click in the pixels shown, which is
    how datum points are given: they are never flopped."""

    placed = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The field as it would be read, with its pits")
        self._image = QImage()
        self._pits = pd.DataFrame()
        self._datum: list[tuple[int, DatumPoint]] = []
        self._mirrored = False
        self.notice = ""

    def show_picture(self, rgb: Rgb | None) -> None:
        """Take up a picture, flopped already if the scan is mirrored."""
        self._image = QImage() if rgb is None else to_image(rgb)
        self.update()

    def show_pits(self, pits: pd.DataFrame, mirrored: bool) -> None:
        """Take up the pits, in stored pixels."""
        self._pits, self._mirrored = pits, mirrored
        self.update()

    def show_datum(self, points: list[tuple[int, DatumPoint]]) -> None:
        """Take up the pin holes of this field, each with its number, from 0."""
        self._datum = points
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it all."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#181a1e"))
        painter.setPen(QColor("#e8eaed"))
        if self._image.isNull():
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.notice or "Reading…")
            painter.end()
            return
        target = self._target()
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        painter.drawImage(target, self._image)
        scale = target.width() / self._image.width()
        for row in self._pits.to_dict("records"):
            self._paint_pit(painter, row, target, scale)
        for number, point in self._datum:
            place = QPointF(target.left() + (point.x_px + 0.5) * scale, target.top() + (point.y_px + 0.5) * scale)
            draw_datum(painter, place, str(number))
        if self.notice:
            painter.setPen(QColor("#ffffff"))
            painter.fillRect(QRectF(target.left(), target.top(), target.width(), 26), QColor(0, 0, 0, 170))
            painter.drawText(
                QRectF(target.left() + 8, target.top(), target.width() - 16, 26),
                Qt.AlignmentFlag.AlignVCenter,
                self.notice,
            )
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell the place."""
        if self._image.isNull():
            return
        target = self._target()
        x = (event.position().x() - target.left()) / target.width() * self._image.width() - 0.5
        y = (event.position().y() - target.top()) / target.height() * self._image.height() - 0.5
        if 0 <= x < self._image.width() and 0 <= y < self._image.height():
            self.placed.emit(x, y)

    def _paint_pit(self, painter: QPainter, row: dict[Any, Any], target: QRectF, scale: float) -> None:
        name = str(row["surface"]) if row["surface"] in ("top", "bottom") else ""
        place = self._on_screen(float(row["x_px"]), float(row["y_px"]), target, scale)
        size = float(np.nan_to_num(row["major_px"], nan=8.0)) * scale
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(MARKS[name].colour), 1.6))
        painter.drawEllipse(place, size / 2 + 1, size / 2 + 1)
        painter.drawPixmap(place + QPointF(size * 0.4, -size * 0.4 - STAMP_PX), stamp(name, False))

    def _on_screen(self, x: float, y: float, target: QRectF, scale: float) -> QPointF:
        if self._mirrored:
            x = self._image.width() - 1 - x
        return QPointF(target.left() + (x + 0.5) * scale, target.top() + (y + 0.5) * scale)

    def _target(self) -> QRectF:
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        wide, tall = self._image.width() * scale, self._image.height() * scale
        return QRectF((self.width() - wide) / 2, (self.height() - tall) / 2, wide, tall)
