"""The whole scan in a corner, with the part in sight."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from moedal_gui.app.shading import Rgb
from moedal_gui.app.sheet import Box

LONGEST_PX = 176


class Minimap(QWidget):
    """Shows where the view is; a click or drag asks to go there (places of the plane)."""

    placeAsked = Signal(float, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Overview of the scan")
        self.setToolTip("The whole scan; click or drag to go there")
        self._image = QImage()
        self._size = (1, 1)
        self._box: Box = (0, 0, 1, 1)
        self.hide()

    def show_scan(self, size: tuple[int, int]) -> None:
        """Take up the proportions of a scan; its picture comes later."""
        self._size, self._image = size, QImage()
        scale = LONGEST_PX / max(*size, 1)
        self.resize(QSize(max(int(size[0] * scale), 24), max(int(size[1] * scale), 24)))
        self.update()

    def show_picture(self, rgb: Rgb) -> None:
        """Take up the scan's picture, of any size."""
        height, width, _ = rgb.shape
        self._image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def show_box(self, box: Box) -> None:
        """Mark the part in sight; hidden while all is in sight."""
        self._box = box
        whole = box[0] <= 0 and box[1] <= 0 and box[2] >= self._size[0] - 1 and box[3] >= self._size[1] - 1
        self.setVisible(not whole)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the scan and the frame."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(20, 22, 26, 225))
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.rect(), self._image)
        sx, sy = self.width() / self._size[0], self.height() / self._size[1]
        x0, y0, x1, y1 = self._box
        frame = QRectF(QPointF(x0 * sx, y0 * sy), QPointF(x1 * sx, y1 * sy)).intersected(QRectF(self.rect()))
        if frame.width() < 5 or frame.height() < 5:
            frame = QRectF(frame.center().x() - 3, frame.center().y() - 3, 6, 6)
        painter.setPen(QPen(QColor(0, 0, 0, 180), 3))
        painter.drawRect(frame)
        painter.setPen(QPen(QColor("#F0E442"), 1.4))
        painter.drawRect(frame)
        painter.setPen(QPen(QColor(255, 255, 255, 70), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event)

    def _ask(self, event: QMouseEvent) -> None:
        place = event.position()
        self.placeAsked.emit(place.x() / self.width() * self._size[0], place.y() / self.height() * self._size[1])
