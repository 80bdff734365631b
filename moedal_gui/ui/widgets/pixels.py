"""A small picture, scaled in whole pixels as far as it goes, with a mark in its middle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget


class PixelView(QWidget):
    """Shows an (H, W) or (H, W, 3) uint8 picture and a caption; ``pressed`` tells of a click."""

    pressed = Signal()

    def __init__(self, side: int, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._image = QImage()
        self._caption = caption
        self._marked = False
        self.setMinimumSize(side, side)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(caption or "Picture of a pit")

    def sizeHint(self) -> QSize:
        """As large as asked for."""
        return QSize(self._side, self._side)

    def heightForWidth(self, width: int) -> int:
        """Square."""
        return width

    def show_array(self, array: npt.NDArray[np.uint8] | None) -> None:
        """Take up a picture; None shows none."""
        self._image = QImage() if array is None else to_image(array)
        self.update()

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture."""
        return self._image.isNull()

    def set_caption(self, caption: str) -> None:
        """Take up another caption."""
        self._caption = caption
        self.setAccessibleName(caption or "Picture of a pit")
        self.update()

    def set_marked(self, marked: bool) -> None:
        """Draw a frame round it, or none."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, its caption and its frame."""
        del event
        painter = QPainter(self)
        side = min(self.width(), self.height())
        aspect = self._image.height() / self._image.width() if not self._image.isNull() else 1.0
        wide, tall = (side, side * aspect) if aspect <= 1 else (side / aspect, side)
        target = QRectF((self.width() - wide) / 2, (self.height() - tall) / 2, wide, tall)
        if self._image.isNull():
            self._paint_nothing(painter, target)
        else:
            painter.fillRect(target, QColor(16, 17, 20))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, side < 2 * self._image.width())
            painter.drawImage(target, self._image)
            if self._caption:
                self._paint_caption(painter, target)
        if self._marked:
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.drawRect(target.adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_nothing(self, painter: QPainter, target: QRectF) -> None:
        """A frame and what would be seen there: a black square would pass for a picture."""
        palette = self.palette()
        painter.setPen(QPen(palette.mid().color(), 1, Qt.PenStyle.DashLine))
        painter.drawRect(target.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(palette.placeholderText().color())
        self._small(painter)
        words = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(target.adjusted(3, 3, -3, -3), words, self._caption)

    def _small(self, painter: QPainter) -> None:
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF() * 0.82, 6.5))
        painter.setFont(font)

    def _paint_caption(self, painter: QPainter, target: QRectF) -> None:
        self._small(painter)
        wide = painter.fontMetrics().horizontalAdvance(self._caption) + 8
        box = QRectF(
            target.left() + 2,
            target.bottom() - painter.fontMetrics().height() - 4,
            wide,
            painter.fontMetrics().height() + 2,
        )
        painter.fillRect(box, QColor(0, 0, 0, 150))
        painter.setPen(QColor("#f2f4f6"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._caption)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell of a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit()


def to_image(array: npt.NDArray[np.uint8]) -> QImage:
    """A picture that owns its pixels."""
    whole = np.ascontiguousarray(array)
    height, width = whole.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if whole.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(whole.tobytes(), width, height, whole.strides[0], kind).copy()
