"""The map that is laid over the picture: its cells, its hatching, its legend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QRegion,
    QTransform,
)

from moedal_gui.app.density import ShownMap, cells_to_plane
from moedal_gui.app.sheet import Sheet
from moedal_gui.ui.parts.map_colours import TOO_DENSE, UNTRAINED, coloured, hatching, outline
from moedal_gui.ui.viewer.view import View

_BAR_PX = 170.0
_EDGE_PX = 12.0


@dataclass(frozen=True)
class Heat:
    """A map ready to be drawn; pictures and shapes are made once, however often the view moves."""

    shown: ShownMap
    sheet: Sheet
    opacity: float

    @cached_property
    def _image(self) -> QImage:
        return coloured(self.shown.values, self.shown.most)

    @cached_property
    def _hatched(self) -> tuple[tuple[QPainterPath, QBrush], ...]:
        measured = np.isfinite(self.shown.values)
        cells = ((self.shown.too_dense & measured, False), (self.shown.untrained & measured, True))
        return tuple((outline(some), hatching(falling)) for some, falling in cells if some.any())

    @cached_property
    def _matrix(self) -> npt.NDArray[np.float64]:
        return cells_to_plane(self.sheet, self.shown.maps.every)

    @property
    def legend(self) -> tuple[str, ...]:
        """What its hatchings mean, of those that are drawn."""
        known = np.isfinite(self.shown.values)
        both = ((TOO_DENSE, self.shown.too_dense), (UNTRAINED, self.shown.untrained))
        return tuple(words for words, cells in both if bool((cells & known).any()))

    def to_screen(self, view: View) -> QTransform:
        """From (column, row) of the map to the screen."""
        (a, b, c), (d, e, f) = self._matrix.tolist()
        z = view.zoom
        x, y = view.to_screen(c, f)
        return QTransform(a * z, d * z, b * z, e * z, x, y)

    def draw(self, painter: QPainter, view: View) -> None:
        """Draw the cells over the fields in view, and nothing beside them."""
        place = self.to_screen(view)
        painter.save()
        painter.setClipRegion(_fields(view, self.sheet))
        painter.setOpacity(self.opacity)
        painter.setTransform(place)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(QPointF(0, 0), self._image)
        painter.resetTransform()
        painter.setOpacity(min(self.opacity + 0.25, 1.0))
        for path, brush in self._hatched:
            painter.setBrushOrigin(place.map(QPointF(0, 0)))
            painter.fillPath(place.map(path), brush)
        painter.restore()

    def draw_legend(self, painter: QPainter, view: View, font: QFont) -> None:
        """The scale of colours and what is hatched, in the upper right corner."""
        metrics = QFontMetricsF(font)
        line = metrics.lineSpacing()
        words = self.legend
        wide = max([_BAR_PX, metrics.horizontalAdvance(self.shown.kind.title),
                    *(metrics.horizontalAdvance(w) + 26 for w in words)]) + 20  # fmt: skip
        tall = 12 + line + 16 + line + len(words) * (line + 5) + 4
        box = QRectF(view.width - wide - _EDGE_PX, _EDGE_PX, wide, tall)
        painter.setPen(QPen(QColor(255, 255, 255, 60), 1))
        painter.setBrush(QColor(18, 20, 24, 232))
        painter.drawRoundedRect(box, 6, 6)
        painter.setFont(font)
        left, y = box.left() + 10, box.top() + 6
        painter.setPen(QColor("#f2f4f6"))
        painter.drawText(QRectF(left, y, wide - 20, line), Qt.AlignmentFlag.AlignLeft, self.shown.kind.title)
        y += line + 3
        painter.drawImage(QRectF(left, y, wide - 20, 11), coloured(np.linspace(0.0, 1.0, 256)[None], 1.0))
        y += 13
        row = QRectF(left, y, wide - 20, line)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, "0")
        most = f"{self.shown.most:.3g} {self.shown.kind.unit(self.shown.maps)}".strip()
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, most)
        y += line + 4
        for text in words:
            sample = QRectF(left, y + 1, 18, line - 2)
            painter.fillRect(sample, QColor("#21918c"))
            painter.fillRect(sample, hatching(text == UNTRAINED))
            painter.drawText(QRectF(left + 26, y, wide - 46, line), Qt.AlignmentFlag.AlignLeft, text)
            y += line + 5


def _fields(view: View, sheet: Sheet) -> QRegion:
    """The part of the screen that fields cover."""
    region = QRegion()
    for row in sheet.rows_in(view.box).tolist():
        x0, y0 = view.to_screen(sheet.left[row] - 0.5, sheet.top[row] - 0.5)
        x1, y1 = view.to_screen(sheet.left[row] + sheet.width[row] - 0.5, sheet.top[row] + sheet.height[row] - 0.5)
        region += QRect(int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1 - x0)) + 1, int(np.ceil(y1 - y0)) + 1)
    return region
