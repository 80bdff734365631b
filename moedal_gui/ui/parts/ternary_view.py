"""The triangle: every pit by what the ensemble says of it, the border between classes to drag, a lasso to draw."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from moedal_gui.analysis.ternary import CORNERS, HEIGHT, meeting_point, regions, threshold_line, weights_at
from moedal_gui.core.decision import DECIDED, EVEN, Weights
from moedal_gui.ui.parts.point_cloud import Floats, draw_cloud, kind_of
from moedal_gui.ui.theme import MARKS, tones_in_force
from moedal_gui.ui.viewer.marks import swatch

_HANDLE_PX = 11.0
_NEAR_PX = 9.0
_DRAG_FROM_PX = 4.0
_MOST_ZOOM = 400.0
_FEW = 200
_ARROWS = {
    Qt.Key.Key_Left: (-0.01, 0.0),
    Qt.Key.Key_Right: (0.01, 0.0),
    Qt.Key.Key_Up: (0.0, 0.01),
    Qt.Key.Key_Down: (0.0, -0.01),
}
_CAPTION_PX = 11.0
_CLEAR_PX = 8.0  # so that the ring round the pit in front leaves the captions legible
Doing = Literal["", "border", "lasso", "move"]


class TernaryView(QWidget):
    """Draws pits in the triangle. Its signals are requests.

    ``weightsAsked`` carries weights, ``lassoed`` the corners of a shape in the plane of the plot, ``picked`` a row and
    whether to add it, ``hovered`` a row or -1, ``regionAsked`` the name of a class whose corner was pressed.
    """

    weightsAsked = Signal(object)
    lassoed = Signal(object)
    picked = Signal(int, bool)
    hovered = Signal(int)
    regionAsked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(170, 150)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleDescription("The arrow keys move the border")
        self.setAccessibleName("Ternary plot of candidate, top and bottom")
        self.weights: Weights = EVEN
        self.threshold = -1.0
        self.counts: dict[str, int] = {}
        self.card: list[str] = []
        self.focus_row: int | None = None
        self._x: Floats = np.zeros(0)
        self._y: Floats = np.zeros(0)
        self._kinds: list[tuple[str, npt.NDArray[np.int64]]] = []
        self._picked: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._cloud: QImage | None = None
        self._scale, self._left, self._base = 1.0, 0.0, 0.0
        self._fitted = True
        self._doing: Doing = ""
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._cursor = QPointF()
        self._path: list[QPointF] = []

    def sizeHint(self) -> QSize:
        """A triangle and its captions."""
        return QSize(340, 280)

    # what is shown
    def show_points(self, x: Floats, y: Floats, kinds: list[tuple[str, npt.NDArray[np.int64]]]) -> None:
        """Take up places (N,) in the triangle and the rows of each class, drawn in this order."""
        self._x, self._y, self._kinds = x, y, kinds
        self._stale()

    def show_picked(self, rows: npt.NDArray[np.int64]) -> None:
        """Take up which rows are selected."""
        few = max(len(rows), len(self._picked)) <= _FEW
        self._picked = rows
        # Rings of few pits lie over the markers, which need not be drawn again then.
        self.update() if few else self._stale()

    def show_border(self, weights: Weights, threshold: float, counts: dict[str, int]) -> None:
        """Take up the border, the working point, and how many pits each class gets."""
        self.weights, self.threshold, self.counts = weights, threshold, counts
        self.update()

    def show_card(self, lines: list[str]) -> None:
        """Take up what is said of the pit under the cursor."""
        self.card = lines
        self.update()

    def dress(self) -> None:
        """Take up the theme."""
        self._stale()

    def fit(self) -> None:
        """Show the whole triangle."""
        self._fitted = True
        wide, tall = self.width() - 24.0, self.height() - 2.0 * (self.fontMetrics().lineSpacing() + _CAPTION_PX)
        self._scale = max(min(wide, tall / HEIGHT), 20.0)
        self._left = (self.width() - self._scale) / 2
        self._base = (self.height() + self._scale * HEIGHT) / 2
        self._stale()

    def to_screen(self, x: float, y: float) -> QPointF:
        """Place in the widget of a place of the plane."""
        return QPointF(self._left + x * self._scale, self._base - y * self._scale)

    def to_plane(self, place: QPointF) -> tuple[float, float]:
        """Place of the plane under a place in the widget."""
        return (place.x() - self._left) / self._scale, (self._base - place.y()) / self._scale

    def row_at(self, place: QPointF) -> int:
        """Row of the pit nearest a place in the widget, -1 where none is near."""
        if not len(self._x):
            return -1
        x, y = self.to_plane(place)
        apart = np.nan_to_num((self._x - x) ** 2 + (self._y - y) ** 2, nan=np.inf)
        row = int(apart.argmin())
        return row if math.sqrt(float(apart[row])) * self._scale <= _NEAR_PX else -1

    def _stale(self) -> None:
        self._cloud = None
        self.update()

    # drawing
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_regions(painter)
        if self._cloud is None:
            self._cloud = self._drawn_cloud()
        painter.drawImage(QPointF(0, 0), self._cloud)
        self._paint_lines(painter)
        self._paint_corners(painter)
        self._paint_rings(painter)
        self._paint_focus(painter)
        if self._path:
            self._paint_lasso(painter)
        if self.card and not self._doing:
            self._paint_card(painter)
        painter.end()

    def _drawn_cloud(self) -> QImage:
        tone = tones_in_force()
        places = (self._left + self._x * self._scale, self._base - self._y * self._scale)
        kinds = [(kind_of(name, tone.dim), rows) for name, rows in self._kinds]
        size = (self.width(), self.height())
        area = min(size[0] * size[1], 0.5 * HEIGHT * self._scale**2)
        ringed = self._picked if len(self._picked) > _FEW else self._picked[:0]
        return draw_cloud(size, self.devicePixelRatioF(), places, kinds, ringed, tone.text, area)

    def _polygon(self, places: Floats) -> QPolygonF:
        return QPolygonF([self.to_screen(float(x), float(y)) for x, y in places])

    def _paint_regions(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for name, polygon in zip(DECIDED, regions(self.weights), strict=True):
            colour = QColor(MARKS[name].colour)
            colour.setAlpha(34)
            painter.setBrush(colour)
            painter.drawPolygon(self._polygon(polygon))

    def _paint_lines(self, painter: QPainter) -> None:
        tone = tones_in_force()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tone.dim), 1.2))
        painter.drawPolygon(self._polygon(CORNERS))
        if 0.0 < self.threshold < 1.0:
            start, end = (self.to_screen(*place) for place in threshold_line(self.threshold))
            painter.setPen(QPen(QColor(tone.text), 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(start, end)
        middle = self.to_screen(*meeting_point(self.weights))
        painter.setPen(QPen(QColor(tone.text), 1.8))
        for polygon in regions(self.weights):
            painter.drawLine(middle, self.to_screen(float(polygon[1][0]), float(polygon[1][1])))
        warm = self._doing == "border" or self._on_handle(self._cursor)
        painter.setPen(QPen(QColor(tone.text), 1.8))
        painter.setBrush(QColor(tone.accent if warm else tone.panel))
        painter.drawEllipse(middle, 6.5, 6.5)

    def _paint_corners(self, painter: QPainter) -> None:
        tone = tones_in_force()
        for name, box in self._corner_boxes().items():
            painter.drawPixmap(int(box.left()) + 4, int(box.center().y() - 7), swatch(name, 14))
            painter.setPen(QColor(tone.text))
            text = f"{name} {self.counts[name]:,}" if name in self.counts else name
            painter.drawText(
                box.adjusted(22, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
            )

    def _corner_boxes(self) -> dict[str, QRectF]:
        """Where the captions stand, kept inside the widget."""
        metrics = self.fontMetrics()
        tall = metrics.lineSpacing() + 4.0
        boxes = {}
        for name, corner in zip(DECIDED, CORNERS, strict=True):
            text = f"{name} {self.counts[name]:,}" if name in self.counts else name
            wide = metrics.horizontalAdvance(text) + 28.0
            at = self.to_screen(float(corner[0]), float(corner[1]))
            up = name == "candidate"
            left = at.x() - wide / 2 if up else at.x() - wide * (0.35 if name == "top" else 0.65)
            top = at.y() - tall - 4 if up else at.y() + _CLEAR_PX
            boxes[name] = QRectF(
                min(max(left, 4.0), self.width() - wide - 4.0),
                min(max(top, 2.0), self.height() - tall - 2.0),
                wide,
                tall,
            )
        return boxes

    def _paint_focus(self, painter: QPainter) -> None:
        row = self.focus_row
        if row is None or row >= len(self._x) or not np.isfinite(self._x[row]):
            return
        at = self.to_screen(float(self._x[row]), float(self._y[row]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, wide in ((tones_in_force().panel, 4.4), (tones_in_force().text, 2.2)):
            painter.setPen(QPen(QColor(colour), wide))
            painter.drawEllipse(at, 9.0, 9.0)

    def _paint_rings(self, painter: QPainter) -> None:
        if len(self._picked) > _FEW:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tones_in_force().text), 1.6))
        for row in self._picked.tolist():
            if row < len(self._x) and np.isfinite(self._x[row]):
                painter.drawEllipse(self.to_screen(float(self._x[row]), float(self._y[row])), 5.5, 5.5)

    def _paint_lasso(self, painter: QPainter) -> None:
        tone = tones_in_force()
        fill = QColor(tone.accent)
        fill.setAlpha(40)
        painter.setPen(QPen(QColor(tone.accent), 1.6, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF(self._path))

    def _paint_card(self, painter: QPainter) -> None:
        tone, metrics = tones_in_force(), self.fontMetrics()
        wide = max(metrics.horizontalAdvance(line) for line in self.card) + 16.0
        tall = metrics.lineSpacing() * len(self.card) + 10.0
        x = self._cursor.x() + 14 if self._cursor.x() + 18 + wide < self.width() else self._cursor.x() - 14 - wide
        y = min(max(self._cursor.y() + 12, 3.0), self.height() - tall - 3.0)
        box = QRectF(max(x, 3.0), y, wide, tall)
        painter.setPen(QPen(QColor(tone.line), 1))
        painter.setBrush(QColor(tone.raised))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(tone.text))
        painter.drawText(
            box.adjusted(8, 5, -8, -5), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "\n".join(self.card)
        )

    # mouse
    def _on_handle(self, place: QPointF) -> bool:
        middle = self.to_screen(*meeting_point(self.weights))
        return math.hypot(place.x() - middle.x(), place.y() - middle.y()) <= _HANDLE_PX

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the border in hand, begin a lasso, or move the picture."""
        self._pressed = self._last = event.position()
        if event.button() == Qt.MouseButton.LeftButton:
            self._doing = "border" if self._on_handle(event.position()) else "lasso"
            self._path = [event.position()] if self._doing == "lasso" else []
        elif event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            self._doing = "move"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what is in hand, or hover."""
        here = self._cursor = event.position()
        if self._doing == "border":
            self.weightsAsked.emit(weights_at(*self.to_plane(here)))
        elif self._doing == "lasso":
            self._path.append(here)
            self.update()
        elif self._doing == "move":
            self._left += here.x() - self._last.x()
            self._base += here.y() - self._last.y()
            self._last, self._fitted = here, False
            self._stale()
        else:
            self.setCursor(Qt.CursorShape.SizeAllCursor if self._on_handle(here) else Qt.CursorShape.CrossCursor)
            self.hovered.emit(self.row_at(here))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it; a press that did not move picks a pit, or a corner's class."""
        if self._pressed is None:
            return
        moved = (event.position() - self._pressed).manhattanLength() > _DRAG_FROM_PX
        doing, path = self._doing, self._path
        self._doing, self._path, self._pressed = "", [], None
        if doing == "lasso" and moved and len(path) > 2:
            self.lassoed.emit(tuple(self.to_plane(place) for place in path))
        elif doing == "lasso" and not moved:
            self._click(event)
        self.update()

    def _click(self, event: QMouseEvent) -> None:
        for name, box in self._corner_boxes().items():
            if box.contains(event.position()):
                self.regionAsked.emit(name)
                return
        row = self.row_at(event.position())
        if row >= 0:
            self.picked.emit(row, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole triangle again."""
        del event
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the border by the arrow keys; all else belongs to the window."""
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        x, y = meeting_point(self.weights)
        self.weightsAsked.emit(weights_at(x + step[0], y + step[1]))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the cursor; sure networks pile pits up in the corners."""
        turn = event.angleDelta().y() / 120.0
        least = min(self.width() - 24.0, self.height() / HEIGHT) * 0.5
        scale = min(max(self._scale * 1.25**turn, least, 20.0), _MOST_ZOOM * max(self.width(), 100))
        factor, at = scale / self._scale, event.position()
        self._left = at.x() - (at.x() - self._left) * factor
        self._base = at.y() - (at.y() - self._base) * factor
        self._scale, self._fitted = scale, False
        self._stale()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the whole triangle in sight unless somebody zoomed."""
        if self._fitted:
            self.fit()
        self._stale()
        super().resizeEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The cursor is elsewhere."""
        self.hovered.emit(-1)
        super().leaveEvent(event)
