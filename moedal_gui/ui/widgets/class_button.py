"""A class as a big button: marker, name, key, and how many there are against what is wanted."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget


class ClassButton(QAbstractButton):
    """Checked while the pit in front carries the class."""

    def __init__(self, title: str, key: str, marker: QPixmap, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._key, self._marker, self._colour = key, marker, QColor(colour)
        self._count, self._wanted = 0, 1

    def set_key(self, key: str) -> None:
        """Take up another key."""
        self._key = key
        self.update()

    def show_count(self, count: int, wanted: int) -> None:
        """Take up a count; the bar is full at ``wanted``."""
        self._count, self._wanted = count, wanted
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for its words, high enough for a finger."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 110, metrics.height() + 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        ground = palette.button().color() if self.isEnabled() else palette.window().color()
        if self.isDown() or self.isChecked():
            ground = QColor(self._colour)
            ground.setAlpha(90)
        line = self._colour if self.isChecked() or self.underMouse() or self.hasFocus() else palette.mid().color()
        painter.setBrush(ground)
        painter.setPen(QPen(line, 2 if self.isChecked() else 1))
        painter.drawRoundedRect(area, 6, 6)
        self._paint_bar(painter, area)
        middle = Qt.AlignmentFlag.AlignVCenter
        left = area.adjusted(10, 0, 0, -2)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        painter.drawPixmap(int(left.left()), int(area.center().y() - 9), self._marker)
        painter.setPen(palette.buttonText().color())
        painter.drawText(left.adjusted(24, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.drawText(area.adjusted(0, 0, -40, -2), middle | Qt.AlignmentFlag.AlignRight, f"{self._count}")
        cap = QRectF(area.right() - 30, area.center().y() - 10, 20, 18)
        painter.setPen(QPen(palette.mid().color(), 1))
        painter.setBrush(palette.base())
        painter.drawRoundedRect(cap, 4, 4)
        painter.setPen(palette.text().color())
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._key)
        painter.end()

    def _paint_bar(self, painter: QPainter, area: QRectF) -> None:
        share = min(self._count / max(self._wanted, 1), 1.0)
        if share > 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour)
            painter.drawRoundedRect(
                QRectF(area.left() + 6, area.bottom() - 5, (area.width() - 12) * share, 3), 1.5, 1.5
            )
