"""The transparent sheet over the picture: takes mouse and keys, draws what lies over the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Box, Sheet
from moedal_gui.ui.viewer import drawing
from moedal_gui.ui.viewer.datum_marks import draw_datum
from moedal_gui.ui.viewer.scene import Scene
from moedal_gui.ui.viewer.view import View

if TYPE_CHECKING:
    from moedal_gui.ui.viewer.hand_tool import HandTool
    from moedal_gui.ui.viewer.heat import Heat

Tool = Literal["", "rectangle", "lasso", "datum"]
_DRAG_FROM_PX = 4.0
_ARROWS = {
    Qt.Key.Key_Left: (80.0, 0.0),
    Qt.Key.Key_Right: (-80.0, 0.0),
    Qt.Key.Key_Up: (0.0, 80.0),
    Qt.Key.Key_Down: (0.0, -80.0),
}


class Overlay(QWidget):
    """What is over the picture. Its signals are requests; places are screen pixels."""

    dragged = Signal(float, float)
    wheeled = Signal(float, float, float)
    clicked = Signal(float, float, bool)
    zoomAsked = Signal(float, float)
    drawn = Signal(object)
    hovered = Signal(float, float)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Mosaic of the scan")
        self.setAccessibleDescription("Drag to move, wheel to zoom, click a pit to select it, Ctrl+drag to move it")
        self.tool: Tool = ""
        self.scene: Scene | None = None
        self.sheet: Sheet | None = None
        self.pits: PitSheet | None = None
        self.codes: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self.picked: npt.NDArray[np.bool_] = np.zeros(0, bool)
        self.focus_row: int | None = None
        self.card: list[str] = []
        self.notice = ""
        self.datum: list[tuple[float, float, str, bool]] = []  # x, y of the plane, number, only expected
        self.heat: Heat | None = None
        self.hand: HandTool | None = None
        self.regions: list[Box] = []
        self.region_in_front: int | None = None
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._cursor = QPointF(-1, -1)
        self._drawing: Tool = ""
        self._path: list[QPointF] = []

    def let_go(self) -> None:
        """Forget a shape that is being drawn."""
        self._drawing, self._path, self._pressed = "", [], None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the scene."""
        del event
        scene = self.scene
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(self.font())
        if scene is not None:
            self._paint_scene(painter, scene, small)
            if self.hand is not None:
                self.hand.draw(painter, scene.view)
        if self._path:
            self._paint_shape(painter)
        if self.card and scene is not None and self._pressed is None:
            drawing.draw_card(painter, self.card, self._cursor, scene.view, small)
        if self.notice and scene is not None:
            self._paint_notice(painter, scene.view)
        painter.end()

    def _paint_scene(self, painter: QPainter, scene: Scene, font: QFont) -> None:
        if self.heat is not None:
            self.heat.draw(painter, scene.view)
        if self.sheet is not None:
            drawing.draw_outlines(painter, scene, self.sheet, font)
        if self.pits is not None:
            if self.sheet is not None and self.heat is None:
                drawing.draw_counts(painter, scene, self.sheet.size, font)
            drawing.draw_links(painter, scene)
            drawing.draw_pits(painter, scene, self.pits, self.codes, self.picked)
            if self.focus_row is not None:
                drawing.draw_focus(painter, scene.view, self.pits, self.focus_row)
        if self.sheet is not None:
            for x, y, number, wanted in self.datum:
                draw_datum(painter, QPointF(*scene.view.to_screen(x, y)), number, wanted)
            drawing.draw_scale_bar(painter, scene.view, self.sheet.um_per_px, font)
        if self.heat is not None or self.region_in_front is not None:
            drawing.draw_regions(painter, scene.view, self.regions, self.region_in_front, font)
        if self.heat is not None:
            self.heat.draw_legend(painter, scene.view, font)

    def _paint_shape(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor("#ffffff"), 1.6, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(255, 255, 255, 28))
        if self._drawing == "rectangle":
            painter.drawRect(QRectF(self._path[0], self._path[-1]).normalized())
        else:
            painter.drawPolygon(QPolygonF(self._path))

    def _paint_notice(self, painter: QPainter, view: View) -> None:
        painter.setPen(QColor("#f2f4f6"))
        painter.drawText(QRectF(0, 0, view.width, view.height), Qt.AlignmentFlag.AlignCenter, self.notice)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag, or a shape."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self.setFocus()
        self._pressed = self._last = event.position()
        held = event.modifiers()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drawing = ""
        elif held & Qt.KeyboardModifier.ShiftModifier:
            self._drawing = "rectangle"
        elif held & Qt.KeyboardModifier.AltModifier:
            self._drawing = "lasso"
        else:
            self._drawing = "" if self.tool == "datum" else self.tool
        self._path = [event.position()] if self._drawing else []

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture, draw a shape, or hover."""
        here = event.position()
        self._cursor = here
        if self._pressed is None:
            self.hovered.emit(here.x(), here.y())
            return
        if self._drawing == "rectangle":
            self._path = [self._path[0], here]
            self.update()
        elif self._drawing == "lasso":
            self._path.append(here)
            self.update()
        elif (here - self._pressed).manhattanLength() > _DRAG_FROM_PX or here != self._last:
            step = here - self._last
            self._last = here
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.dragged.emit(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag or a shape; a press that did not move is a click."""
        if self._pressed is None:
            return
        moved = (event.position() - self._pressed).manhattanLength() > _DRAG_FROM_PX
        path, shape = self._path, self._drawing
        self._pressed, self._path, self._drawing = None, [], ""
        self.setCursor(Qt.CursorShape.CrossCursor if self.tool else Qt.CursorShape.ArrowCursor)
        if not moved:
            add = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.clicked.emit(event.position().x(), event.position().y(), add)
        elif shape == "rectangle":
            (a, b) = path[0], event.position()
            self.drawn.emit([a, QPointF(b.x(), a.y()), b, QPointF(a.x(), b.y())])
        elif shape == "lasso" and len(path) > 2:
            self.drawn.emit(path)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Come closer to a place."""
        self.zoomAsked.emit(event.position().x(), event.position().y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the cursor."""
        turn = event.angleDelta().y() / 120.0
        if turn:
            self.wheeled.emit(1.25**turn, event.position().x(), event.position().y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by the arrow keys; all else belongs to the window."""
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is not None and not event.modifiers():
            self.dragged.emit(*step)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The cursor is elsewhere."""
        self.left.emit()
        super().leaveEvent(event)
