"""Draws a scene: markers, ellipses, links, counts, borders, scale bar, the pit under the cursor."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from moedal_gui.app.labelling import HIDDEN
from moedal_gui.app.pits import BOTTOM, TOP, PitSheet
from moedal_gui.app.sheet import Box, Sheet
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.theme import MARKS
from moedal_gui.ui.viewer.hand_marks import DASHES, draw_hand_ring
from moedal_gui.ui.viewer.marks import STAMP_PX, stamp
from moedal_gui.ui.viewer.scene import Scene
from moedal_gui.ui.viewer.view import View

ELLIPSE_FROM_PX = 13.0
_SURFACE = {TOP: "top", BOTTOM: "bottom"}
_SHADOW = QColor(0, 0, 0, 150)


def mark_name(code: int, surface: int) -> tuple[str, bool]:
    """Name of a pit's marker, and whether it is filled (labelled by a person); a hidden label hides the surface too."""
    if code == HIDDEN:
        return "", False
    return (CLASSES[code], True) if code >= 0 else (_SURFACE.get(surface, ""), False)


def draw_pits(
    painter: QPainter, scene: Scene, pits: PitSheet, codes: npt.NDArray[np.int8], picked: npt.NDArray[np.bool_]
) -> None:
    """Markers of the pits in view; true ellipses once they are large enough to be told from a dot."""
    view, rows = scene.view, scene.rows
    xs = (pits.x[rows] - view.x) * view.zoom + view.width / 2
    ys = (pits.y[rows] - view.y) * view.zoom + view.height / 2
    major = np.nan_to_num(pits.major[rows], nan=8.0) * view.zoom
    minor = np.nan_to_num(pits.minor[rows], nan=8.0) * view.zoom
    turn = np.nan_to_num(pits.azimuth[rows])
    half = STAMP_PX / 2
    for i, row in enumerate(rows.tolist()):
        name, filled = mark_name(int(codes[row]), int(pits.surface[row]))
        x, y = float(xs[i]), float(ys[i])
        if picked[row]:
            _halo(painter, x, y, max(float(major[i]) / 2 + 5, 9.0))
        if major[i] >= ELLIPSE_FROM_PX:
            _ellipse(
                painter, x, y, float(major[i]), float(minor[i]), float(turn[i]), name, filled, bool(pits.by_hand[row])
            )
            x, y = x + float(major[i]) * 0.36 + 3, y - float(major[i]) * 0.36 - 3
        elif pits.by_hand[row]:
            draw_hand_ring(painter, x, y, half + 2.5)
        painter.drawPixmap(QPointF(x - half, y - half), stamp(name, filled))


def _ellipse(
    painter: QPainter,
    x: float,
    y: float,
    major: float,
    minor: float,
    turn: float,
    name: str,
    filled: bool,
    by_hand: bool,
) -> None:
    colour = QColor(MARKS[name].colour)
    painter.save()
    painter.translate(x, y)
    painter.rotate(turn)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    outline = QRectF(-major / 2, -minor / 2, major, minor)
    line = QPen(colour, 2.2 if filled else 1.3)
    if by_hand:
        line.setDashPattern(DASHES)
        line.setWidthF(2.2)
    for pen in (QPen(_SHADOW, 3.6), line):
        painter.setPen(pen)
        painter.drawEllipse(outline)
    painter.drawLine(QPointF(major * 0.32, 0), QPointF(major * 0.5, 0))
    painter.restore()


def _halo(painter: QPainter, x: float, y: float, radius: float) -> None:
    painter.setPen(QPen(QColor(255, 255, 255, 220), 1.6))
    painter.setBrush(QColor(255, 255, 255, 36))
    painter.drawEllipse(QPointF(x, y), radius, radius)


def draw_focus(painter: QPainter, view: View, pits: PitSheet, row: int) -> None:
    """Corner brackets round the pit that is looked at."""
    x, y = view.to_screen(float(pits.x[row]), float(pits.y[row]))
    reach = max(float(np.nan_to_num(pits.major[row], nan=8.0)) * view.zoom * 0.75, 15.0)
    arm = reach * 0.45
    for pen in (QPen(QColor(0, 0, 0, 200), 4.4), QPen(QColor("#ffffff"), 2.2)):
        painter.setPen(pen)
        for sx in (-1, 1):
            for sy in (-1, 1):
                corner = QPointF(x + sx * reach, y + sy * reach)
                painter.drawPolyline(QPolygonF([corner - QPointF(sx * arm, 0), corner, corner - QPointF(0, sy * arm)]))


def draw_links(painter: QPainter, scene: Scene) -> None:
    """A line with an arrow head from entry (top) to exit (bottom)."""
    view = scene.view
    for x0, y0, x1, y1 in scene.links.tolist():
        start, end = QPointF(*view.to_screen(x0, y0)), QPointF(*view.to_screen(x1, y1))
        length = math.hypot(end.x() - start.x(), end.y() - start.y())
        for pen in (QPen(_SHADOW, 3.4), QPen(QColor(MARKS["candidate"].colour), 1.7)):
            painter.setPen(pen)
            painter.drawLine(start, end)
        if length > 12:
            _arrow_head(painter, start, end, length)


def _arrow_head(painter: QPainter, start: QPointF, end: QPointF, length: float) -> None:
    ux, uy = (end.x() - start.x()) / length, (end.y() - start.y()) / length
    size = min(9.0, length * 0.4)
    tip = QPointF(start.x() + ux * length * 0.56, start.y() + uy * length * 0.56)
    back = QPointF(tip.x() - ux * size, tip.y() - uy * size)
    side = QPointF(-uy * size * 0.55, ux * size * 0.55)
    painter.setBrush(QColor(MARKS["candidate"].colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([tip, back + side, back - side]))


def draw_counts(painter: QPainter, scene: Scene, size: tuple[int, int], font: QFont) -> None:
    """Pits per cell: tint by number, and the number itself; nothing beyond the fields (``size`` of the plane)."""
    counts = scene.counts
    if counts is None or counts.counts.size == 0:
        return
    most = max(int(counts.counts.max()), 1)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    side = counts.side * scene.view.zoom
    ground = QRectF(QPointF(*scene.view.to_screen(0, 0)), QPointF(*scene.view.to_screen(*size)))
    for r, c in np.argwhere(counts.counts > 0).tolist():
        number = int(counts.counts[r, c])
        x, y = scene.view.to_screen(counts.x0 + c * counts.side, counts.y0 + r * counts.side)
        share = math.sqrt(number / most)
        painter.setPen(Qt.PenStyle.NoPen)
        # A breath of colour: the picture below is what people look at, in its own hues.
        painter.setBrush(QColor(230, 130, 0, int(6 + 40 * share)))
        cell = QRectF(x + 1, y + 1, side - 2, side - 2).intersected(ground)
        if cell.isEmpty():
            continue
        painter.drawRoundedRect(cell, 4, 4)
        if side > 26:
            text = f"{number}" if number < 10_000 else f"{number / 1000:.0f}k"
            wide = metrics.horizontalAdvance(text) + 10
            painter.setBrush(QColor(16, 17, 20, 190))
            pill = QRectF(cell.center().x() - wide / 2, cell.center().y() - 9, wide, 18)
            painter.drawRoundedRect(pill, 9, 9)
            painter.setPen(QColor("#ffffff"))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def draw_regions(painter: QPainter, view: View, boxes: list[Box], in_front: int | None, font: QFont) -> None:
    """Dashed frames round regions to look at, with their numbers; the one in front is drawn whole."""
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        frame = QRectF(QPointF(*view.to_screen(x0, y0)), QPointF(*view.to_screen(x1, y1))).adjusted(-4, -4, 4, 4)
        stroke = Qt.PenStyle.SolidLine if number == in_front else Qt.PenStyle.DashLine
        for pen in (QPen(_SHADOW, 4.4), QPen(QColor("#ffffff"), 2.0, stroke)):
            painter.setPen(pen)
            painter.drawRect(frame)
        words = f"{number + 1}"
        pill = QRectF(frame.left(), frame.top() - 20, metrics.horizontalAdvance(words) + 12, 18)
        painter.fillRect(pill, QColor(16, 17, 20, 215))
        painter.setPen(QColor("#ffffff"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, words)


def draw_outlines(painter: QPainter, scene: Scene, sheet: Sheet, font: QFont) -> None:
    """Borders and names of the fields in view."""
    view = scene.view
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for row in scene.fields.tolist():
        x, y = view.to_screen(sheet.left[row] - 0.5, sheet.top[row] - 0.5)
        frame = QRectF(x, y, sheet.width[row] * view.zoom, sheet.height[row] * view.zoom)
        painter.setPen(QPen(QColor(255, 255, 255, 90), 1))
        painter.drawRect(frame)
        if frame.width() > 34:
            painter.setPen(QColor(255, 255, 255, 190))
            painter.drawText(frame.adjusted(5, 3, 0, 0), Qt.AlignmentFlag.AlignTop, sheet.names[row])


def draw_scale_bar(painter: QPainter, view: View, um_per_px: float | None, font: QFont) -> None:
    """A bar of a round length, in um or mm where the pixel size is known."""
    unit = um_per_px or 1.0
    length = _round_length(150.0 / view.zoom * unit)
    wide = length / unit * view.zoom
    text = f"{length:g} px" if um_per_px is None else _metric(length)
    metrics = QFontMetricsF(font)
    back = QRectF(14, view.height - 46, max(wide, metrics.horizontalAdvance(text)) + 20, 34)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(back, 5, 5)
    painter.setFont(font)
    painter.setPen(QColor("#ffffff"))
    painter.drawText(back.adjusted(0, 3, 0, -12), Qt.AlignmentFlag.AlignCenter, text)
    y, x = back.bottom() - 8, back.center().x() - wide / 2
    painter.setPen(QPen(QColor("#ffffff"), 2))
    painter.drawLine(QPointF(x, y), QPointF(x + wide, y))


def _metric(um: float) -> str:
    return f"{um / 1000:g} mm" if um >= 1000 else f"{um:g} µm"


def _round_length(most: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9)))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= most * 1.0001)


def draw_card(painter: QPainter, lines: list[str], at: QPointF, view: View, font: QFont) -> None:
    """A small card of text beside the cursor, kept inside the view."""
    metrics = QFontMetricsF(font)
    width = max(metrics.horizontalAdvance(line) for line in lines) + 18
    height = metrics.lineSpacing() * len(lines) + 12
    x = at.x() + 16 if at.x() + 20 + width < view.width else at.x() - 16 - width
    y = min(max(at.y() + 14, 6.0), view.height - height - 6)
    card = QRectF(x, y, width, height)
    painter.setPen(QPen(QColor(255, 255, 255, 60), 1))
    painter.setBrush(QBrush(QColor(18, 20, 24, 232)))
    painter.drawRoundedRect(card, 6, 6)
    painter.setFont(font)
    painter.setPen(QColor("#f2f4f6"))
    painter.drawText(
        card.adjusted(9, 6, -9, -6), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "\n".join(lines)
    )
