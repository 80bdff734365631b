"""A table of labels against classes, tinted by share."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from moedal_gui.analysis.calibration import Confusion
from moedal_gui.analysis.intervals import Fraction


class ConfusionView(QWidget):
    """Rows are labels, columns what the border makes of them; a cell's tip has the share with its interval."""

    def __init__(self, parent: QWidget | None = None) -> None:
        # Qt sends events from its own constructor on.
        self._found: Confusion | None = None
        super().__init__(parent)
        self.setMinimumHeight(150)
        self.setAccessibleName("Confusion of labels and classes")

    def sizeHint(self) -> QSize:
        """Room for four classes."""
        return QSize(320, 190)

    def show_table(self, found: Confusion | None) -> None:
        """Take up another table."""
        self._found = found
        said = "" if found is None else "; ".join(
            f"{row} held for {column}: {int(found.counts[r, c])}"
            for r, row in enumerate(found.labels) for c, column in enumerate(found.classes)
        )  # fmt: skip
        self.setAccessibleDescription(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        del event
        found = self._found
        if found is None or not found.labels:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = Qt.AlignmentFlag.AlignCenter
        text, dim = self.palette().text().color(), self.palette().placeholderText().color()
        area = self._area()
        painter.setPen(dim)
        line = self.fontMetrics().lineSpacing()
        painter.drawText(QRectF(area.left(), 0, area.width(), line), middle, "class")
        painter.drawText(QRectF(2, area.top() - line, area.left() - 8, line), Qt.AlignmentFlag.AlignRight, "label")
        for c, name in enumerate(found.classes):
            cell = self._cell(0, c)
            painter.drawText(QRectF(cell.left(), line, cell.width(), line + 4), middle, name)
        for r, name in enumerate(found.labels):
            cell = self._cell(r, 0)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(2, cell.top(), area.left() - 8, cell.height()), side, name)
            for c, other in enumerate(found.classes):
                self._paint_cell(painter, self._cell(r, c), found, r, c, name == other, text)
        painter.end()

    def _paint_cell(
        self, painter: QPainter, cell: QRectF, found: Confusion, r: int, c: int, right: bool, text: QColor
    ) -> None:
        share = found.share(r, c)["value"] or 0.0
        tint = QColor("#0072B2" if right else "#D55E00")
        tint.setAlpha(int(18 + 150 * share) if found.counts[r, c] else 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 4, 4)
        painter.setPen(text)
        percent = (
            f"{share:.0%}"
            if cell.height() < 2.2 * self.fontMetrics().lineSpacing()
            else f"{share:.0%}\n{int(found.counts[r, c]):,}"
        )
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, percent)

    def _area(self) -> QRectF:
        found, metrics = self._found, self.fontMetrics()
        names = found.labels if found is not None else ()
        left = max((metrics.horizontalAdvance(n) for n in (*names, "label")), default=0) + 14.0
        top = 2.0 * metrics.lineSpacing() + 6
        return QRectF(left, top, max(self.width() - left - 4, 10.0), max(self.height() - top - 4, 10.0))

    def _cell(self, row: int, column: int) -> QRectF:
        area, found = self._area(), self._found
        if found is None:
            return QRectF()
        wide, tall = area.width() / len(found.classes), area.height() / len(found.labels)
        return QRectF(area.left() + column * wide, area.top() + row * tall, wide, tall)

    def event(self, event: QEvent) -> bool:
        """The tip of a cell."""
        found = self._found
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and found is not None:
            for r, name in enumerate(found.labels):
                for c, other in enumerate(found.classes):
                    if self._cell(r, c).contains(event.pos()):
                        words = f"{int(found.counts[r, c]):,} of {int(found.counts[r].sum()):,} labelled {name} are held for {other}"
                        QToolTip.showText(event.globalPos(), f"{words}: {percent_of(found.share(r, c))}", self)
                        return True
            QToolTip.hideText()
            return True
        return super().event(event)


def percent_of(found: Fraction, digits: int = 0) -> str:
    """A fraction with its 95 % interval as percent; a dash where nothing was counted."""
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or low is None or high is None:
        return "–"
    return f"{value:.{digits}%} ({low:.{digits}%}–{high:.{digits}%})".replace("%–", "–")
