"""The fold board: a small plot of every fold's losses, a row an expert, a column a fold."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from moedal_gui.app.training import Board, FoldState
from moedal_gui.ui.theme import tones_in_force

_ROW_PX, _NAME_PX, _GAP = 58, 104, 6
_WORDS = {"does not learn": "does not learn", "waiting": "waiting"}


class FoldBoard(QWidget):
    """Draws a `Board`: training loss thin, validation loss thick; a fold that never learnt is named in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        # Qt sends events from its own constructor on.
        self._board: Board | None = None
        super().__init__(parent)
        self.setAccessibleName("Curves of every fold")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A row an expert."""
        rows = len(self._board.experts) if self._board is not None else 1
        return QSize(360, rows * (_ROW_PX + _GAP) + self.fontMetrics().lineSpacing() + _GAP)

    minimumSizeHint = sizeHint

    def show_board(self, board: Board | None) -> None:
        """Take up how the folds stand."""
        grown = (board is None) != (self._board is None) or (
            board is not None and self._board is not None and board.experts != self._board.experts
        )
        self._board = board
        if grown:
            self.updateGeometry()
        self.setAccessibleDescription("" if board is None else "; ".join(
            f"{name}: {', '.join(said(state, board.most_epochs) for state in row)}"
            for name, row in zip(board.experts, board.folds, strict=True)
        ))  # fmt: skip
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        del event
        board = self._board
        if board is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tones = tones_in_force()
        line = self.fontMetrics().lineSpacing()
        painter.setPen(QColor(tones.dim))
        for k in range(len(board.folds[0]) if board.folds else 0):
            cell = self._cell(0, k)
            painter.drawText(QRectF(cell.left(), 0, cell.width(), line), Qt.AlignmentFlag.AlignCenter, f"fold {k + 1}")
        for r, (name, row) in enumerate(zip(board.experts, board.folds, strict=True)):
            painter.setPen(QColor(tones.text))
            beside = QRectF(0, self._cell(r, 0).top(), _NAME_PX - 8, _ROW_PX)
            middle = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(beside, middle, name.replace("-", " / "))
            for k, state in enumerate(row):
                self._paint_fold(painter, self._cell(r, k), state, board.most_epochs)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Tell a fold's figures where the mouse rests."""
        if isinstance(event, QHelpEvent) and self._board is not None:
            for r, (name, row) in enumerate(zip(self._board.experts, self._board.folds, strict=True)):
                for k, state in enumerate(row):
                    if self._cell(r, k).contains(QPointF(event.pos())):
                        words = f"{name}, fold {k + 1}: {said(state, self._board.most_epochs)}"
                        QToolTip.showText(event.globalPos(), words, self)
                        return True
        return super().event(event)

    def _cell(self, row: int, fold: int) -> QRectF:
        assert self._board is not None
        count = max(len(self._board.folds[0]) if self._board.folds else 1, 1)
        width = (self.width() - _NAME_PX - 2) / count
        top = self.fontMetrics().lineSpacing() + _GAP / 2 + row * (_ROW_PX + _GAP)
        return QRectF(_NAME_PX + fold * width, top, width - _GAP, _ROW_PX)

    def _paint_fold(self, painter: QPainter, cell: QRectF, state: FoldState, most: int) -> None:
        tones = tones_in_force()
        bad = state.status == "does not learn"
        painter.setPen(QPen(QColor(tones.bad if bad else tones.line), 1.5 if bad else 1.0))
        painter.setBrush(QColor(tones.raised))
        painter.drawRoundedRect(cell, 4, 4)
        inside = cell.adjusted(4, 4, -4, -self.fontMetrics().lineSpacing())
        every = [*state.train_loss, *state.validation_loss]
        top = max(every, default=1.0) or 1.0
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for values, colour, width in (
            (state.train_loss, tones.dim, 1.0),
            (state.validation_loss, tones.bad if bad else tones.accent, 1.8),
        ):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawPolyline(_curve(values, inside, top, most))
        painter.setPen(QColor(tones.bad if bad else tones.dim))
        below = QRectF(cell.left() + 4, inside.bottom(), cell.width() - 8, cell.bottom() - inside.bottom())
        text = self.fontMetrics().elidedText(_short(state, most), Qt.TextElideMode.ElideRight, int(below.width()))
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)


def said(state: FoldState, most: int) -> str:
    """How a fold stands, in words."""
    if state.status == "waiting":
        return "waiting"
    best = max(state.accuracy, default=float("nan"))
    if state.status == "training":
        return f"epoch {state.epochs} of at most {most}, best balanced accuracy {best:.3f}"
    if state.status == "does not learn":
        return f"does not learn: kept out of the ensemble after {state.epochs} epochs"
    return f"{state.status} in {state.epochs} epochs, best balanced accuracy {best:.3f}"


def _short(state: FoldState, most: int) -> str:
    if state.status in _WORDS:
        return _WORDS[state.status]
    best = max(state.accuracy, default=float("nan"))
    return f"{state.epochs}/{most} · {best:.2f}" if state.status == "training" else f"{best:.3f}"


def _curve(values: Sequence[float], inside: QRectF, top: float, most: int) -> QPolygonF:
    step = inside.width() / max(most - 1, len(values) - 1, 1)
    return QPolygonF(
        [QPointF(inside.left() + n * step, inside.bottom() - inside.height() * v / top) for n, v in enumerate(values)]
    )
