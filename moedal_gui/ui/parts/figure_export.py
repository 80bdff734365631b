"""A plot as a picture (PNG or SVG) with a line of provenance under it, or its numbers as CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QWidget

from moedal_gui.core.errors import ExportError
from moedal_gui.ui.theme import tones_in_force

FILTERS = "Numbers (*.csv);;Picture (*.png);;Drawing (*.svg)"
_STRIP_PX = 36
_FINER = 2


def ask_file(parent: QWidget, start: Path) -> Path | None:
    """Ask where to write; the ending says what. None when the person thinks better of it."""
    name, kind = QFileDialog.getSaveFileName(parent, "Save numbers or picture", str(start), FILTERS)
    if not name:
        return None
    path = Path(name)
    ending = kind[kind.find("*.") + 1 : -1] if "*." in kind else ".csv"
    return path if path.suffix else path.with_suffix(ending)


def write_figure(path: Path, view: QGraphicsView | None, table: pd.DataFrame, provenance: str) -> None:
    """Write the numbers (``.csv``) or the plot (``.png``, ``.svg``).

    Raises
    ------
    ExportError
        The ending is none of these, nothing is drawn, or the file cannot be written.
    """
    ending = path.suffix.lower()
    try:
        if ending == ".csv":
            table.to_csv(path, index=False, float_format="%.7g", encoding="utf-8")
            return
        if ending not in (".png", ".svg"):
            raise ExportError(
                f"A plot cannot be written as {ending or 'a file without ending'}", path, "take .csv, .png or .svg"
            )
        if view is None:
            raise ExportError("This view is a table and no picture", path, "take .csv")
        done = _png(path, view, provenance) if ending == ".png" else _svg(path, view, provenance)
    except OSError as error:
        raise ExportError("The file cannot be written", path, f"name another folder ({error.strerror})") from error
    if not done:
        raise ExportError("The file cannot be written", path, "name another folder")


def _png(path: Path, view: QGraphicsView, provenance: str) -> bool:
    size = view.size() + QSize(0, _STRIP_PX)
    image = QImage(size * _FINER, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(_FINER, _FINER)
    _paint(painter, view, provenance)
    painter.end()
    image.setText("Description", provenance)
    return bool(image.save(str(path)))


def _svg(path: Path, view: QGraphicsView, provenance: str) -> bool:
    drawing = QSvgGenerator()
    drawing.setFileName(str(path))
    drawing.setSize(view.size() + QSize(0, _STRIP_PX))
    drawing.setViewBox(QRectF(0, 0, view.width(), view.height() + _STRIP_PX))
    drawing.setDescription(provenance)
    painter = QPainter()
    if not painter.begin(drawing):
        return False
    _paint(painter, view, provenance)
    painter.end()
    return True


def _paint(painter: QPainter, view: QGraphicsView, provenance: str) -> None:
    tone = tones_in_force()
    whole = QRectF(0, 0, view.width(), view.height() + _STRIP_PX)
    painter.fillRect(whole, QColor(tone.panel))
    view.render(painter, QRectF(0, 0, view.width(), view.height()))
    font = painter.font()
    font.setPixelSize(11)
    painter.setFont(font)
    painter.setPen(QColor(tone.dim))
    strip = QRectF(8, view.height(), view.width() - 16, _STRIP_PX)
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(strip, int(flags), provenance)
