"""Bars with words: shares of one whole, or votes between two answers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


@dataclass(frozen=True)
class Bar:
    """One line.

    Attributes
    ----------
    caption
        What it is about.
    value
        -1 to 1: how far the bar goes from where it begins, to the left when negative.
    words
        What stands behind it.
    colour
        Of the bar; empty for the accent.
    """

    caption: str
    value: float
    words: str
    colour: str = ""


class Bars(QWidget):
    """``pressed`` carries the number of the line that was pressed."""

    pressed = Signal(int)

    def __init__(self, name: str, *, both_ways: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[Bar, ...] = ()
        self._both_ways = both_ways
        self._marked = -1
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: tuple[Bar, ...], marked: int = -1) -> None:
        """Take up other lines; ``marked`` stands out."""
        self._bars, self._marked = bars, marked
        self.setAccessibleDescription("; ".join(f"{b.caption}: {b.words}" for b in bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line of text for each."""
        return QSize(300, max(len(self._bars), 1) * self._line())

    def minimumSizeHint(self) -> QSize:
        """Narrow, but every line."""
        return QSize(180, self.sizeHint().height())

    def _line(self) -> int:
        return self.fontMetrics().height() + 8

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw them."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, line = self.fontMetrics(), self._line()
        left = max((metrics.horizontalAdvance(b.caption) for b in self._bars), default=0) + 12.0
        right = max((metrics.horizontalAdvance(b.words) for b in self._bars), default=0) + 12.0
        left = min(left, self.width() * 0.45)
        room = max(self.width() - left - right, 30.0)
        for number, bar in enumerate(self._bars):
            top = number * line
            box = QRectF(left, top + 4, room, line - 8)
            palette = self.palette()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.alternateBase())
            painter.drawRoundedRect(box, 3, 3)
            painter.setBrush(QColor(bar.colour) if bar.colour else palette.highlight().color())
            painter.drawRoundedRect(self._filled(box, bar.value), 3, 3)
            if self._both_ways:
                painter.fillRect(QRectF(box.center().x() - 0.5, box.top() - 2, 1, box.height() + 4), palette.mid())
            font = painter.font()
            font.setBold(number == self._marked)
            painter.setFont(font)
            painter.setPen(palette.text().color())
            middle = Qt.AlignmentFlag.AlignVCenter
            caption = metrics.elidedText(bar.caption, Qt.TextElideMode.ElideRight, int(left) - 8)
            painter.drawText(QRectF(0, top, left - 8, line), middle | Qt.AlignmentFlag.AlignLeft, caption)
            painter.drawText(QRectF(box.right() + 8, top, right, line), middle | Qt.AlignmentFlag.AlignLeft, bar.words)
        painter.end()

    def _filled(self, box: QRectF, value: float) -> QRectF:
        share = min(max(value, -1.0), 1.0)
        if not self._both_ways:
            return QRectF(box.left(), box.top(), box.width() * max(share, 0.0), box.height())
        half = box.width() / 2
        return QRectF(box.center().x(), box.top(), half * share, box.height()).normalized()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which line was pressed."""
        number = int(event.position().y() // self._line())
        if 0 <= number < len(self._bars):
            self.pressed.emit(number)
