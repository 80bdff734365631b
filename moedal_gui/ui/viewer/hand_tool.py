"""Pits put right on the canvas: Ctrl+drag moves one, a click ends a link, and the cursor's place is known to keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.hand_marks import draw_held, draw_thread, draw_waiting
from moedal_gui.ui.viewer.overlay import Overlay
from moedal_gui.ui.viewer.view import View

_DRAG_FROM_PX = 4.0
_LEAST_PX = 12.0


@dataclass
class _Held:
    """A pit in hand: its row, where it was taken, and how far from its middle."""

    row: int
    pressed: QPointF
    offset: QPointF
    moving: bool = False


class HandTool(QObject):
    """Between mouse and keys on the overlay and the workbench's corrections.

    ``row_at`` gives the row of the pit at a place of the plane, ``view`` the view in force. It looks at the overlay's
    events before the overlay does, and keeps for itself what moves a pit.
    """

    def __init__(
        self, workbench: Workbench, relay: Relay, overlay: Overlay, row_at: Callable[[float, float], int | None],
        view: Callable[[], View],
    ) -> None:  # fmt: skip
        super().__init__(overlay)
        self._workbench, self._overlay, self._row_at, self._view = workbench, overlay, row_at, view
        self._cursor: QPointF | None = None
        self._held: _Held | None = None
        self._linked: int | None = None
        overlay.hand = self
        overlay.installEventFilter(self)
        relay.listen(workbench.correcting.waiting_changed, overlay.update)
        relay.listen(workbench.session.pits_changed, lambda _old, _new: self.let_go())

    @property
    def linking(self) -> bool:
        """Whether the next click names the other end of a track."""
        return self._linked is not None

    def add(self) -> None:
        """Put a pit under the cursor."""
        view, at = self._view(), self._cursor
        if at is None or not (0 <= at.x() < view.width and 0 <= at.y() < view.height):
            self._workbench.said.emit("note", "Point to the pit on the canvas first, then press the key")
            return
        self._workbench.correcting.add(*view.to_plane(at.x(), at.y()))

    def remove(self) -> None:
        """Take out the pit in front."""
        pits, row = self._overlay.pits, self._workbench.labelling.row
        if pits is not None and row is not None:
            self._workbench.correcting.remove(int(pits.ids[row]))

    def link(self) -> None:
        """Begin to link the pit in front; again lets go."""
        pits, row = self._overlay.pits, self._workbench.labelling.row
        self._linked = None if self.linking or pits is None or row is None else int(pits.ids[row])
        if self.linking:
            self._workbench.said.emit("note", "Click the other end of the track, on the other surface; Esc lets go")
        self._dress()

    def let_go(self) -> None:
        """Put back what is in hand."""
        self._held, self._linked = None, None
        self._dress()

    def take_click(self, x: float, y: float) -> bool:
        """End a link at a place of the plane; False when nothing is being linked."""
        pits, first = self._overlay.pits, self._linked
        if first is None or pits is None:
            return False
        row = self._row_at(x, y)
        if row is None:
            self._workbench.said.emit("note", "No pit is there: click the other end of the track; Esc lets go")
            return True
        self.let_go()
        self._workbench.correcting.link(first, int(pits.ids[row]))
        return True

    def draw(self, painter: QPainter, view: View) -> None:
        """What waits to be measured, what is in hand, what is being linked."""
        draw_waiting(painter, view, self._workbench.correcting.waiting)
        pits = self._overlay.pits
        if pits is None or self._cursor is None:
            return
        if self._held is not None and self._held.moving:
            row = self._held.row
            major, minor = (
                max(float(np.nan_to_num(a[row], nan=8.0)) * view.zoom, _LEAST_PX) for a in (pits.major, pits.minor)
            )
            turn = float(np.nan_to_num(pits.azimuth[row]))
            draw_held(painter, self._cursor + self._held.offset, major, minor, turn)
        row_of = pits.row_of(self._linked) if self._linked is not None else None
        if row_of is not None:
            start = QPointF(*view.to_screen(float(pits.x[row_of]), float(pits.y[row_of])))
            draw_thread(painter, start, self._cursor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the cursor; take Ctrl+drag on a pit."""
        if not isinstance(event, QMouseEvent):
            return super().eventFilter(watched, event)
        self._cursor = event.position()
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            return self._press(event)
        if self._held is not None and kind == QEvent.Type.MouseMove:
            self._move(event.position())
            return True
        if self._held is not None and kind == QEvent.Type.MouseButtonRelease:
            self._release(event.position())
            return True
        if self.linking:
            self._overlay.update()
        return False

    def _press(self, event: QMouseEvent) -> bool:
        only = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if event.button() != Qt.MouseButton.LeftButton or not only or self._overlay.tool or self.linking:
            return False
        here, view, pits = event.position(), self._view(), self._overlay.pits
        row = self._row_at(*view.to_plane(here.x(), here.y()))
        if row is None or pits is None:
            return False
        middle = QPointF(*view.to_screen(float(pits.x[row]), float(pits.y[row])))
        self._held = _Held(row, here, middle - here)
        self._overlay.card = []
        self._overlay.setFocus()
        return True

    def _move(self, here: QPointF) -> None:
        held = self._held
        if held is not None and not held.moving and (here - held.pressed).manhattanLength() > _DRAG_FROM_PX:
            held.moving = True
            self._dress()
        self._overlay.update()

    def _release(self, here: QPointF) -> None:
        held, pits = self._held, self._overlay.pits
        self.let_go()
        if held is None or pits is None:
            return
        if not held.moving:
            # A press that did not move is the overlay's Ctrl+click.
            self._overlay.clicked.emit(here.x(), here.y(), True)
            return
        place = here + held.offset
        self._workbench.correcting.move(int(pits.ids[held.row]), *self._view().to_plane(place.x(), place.y()))

    def _dress(self) -> None:
        overlay = self._overlay
        if self._held is not None and self._held.moving:
            overlay.setCursor(Qt.CursorShape.SizeAllCursor)
        elif self.linking or overlay.tool:
            overlay.setCursor(Qt.CursorShape.CrossCursor)
        else:
            overlay.setCursor(Qt.CursorShape.ArrowCursor)
        overlay.update()
