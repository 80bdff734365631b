"""Crops of places, cut when they come into sight; a double click or Return goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QWidget

from moedal_gui.app.crop_pictures import channel_picture, relief_picture
from moedal_gui.app.crops import CropSource
from moedal_gui.ui.parts.places_view import KIND_MARKS
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.pixels import to_image

_SIDE = 84
_WANTED = 160
Index = QModelIndex | QPersistentModelIndex


class PlaceModel(QAbstractListModel):
    """Rows of a table of places (``kind``, ``field``, ``field_id``) as pictures; ``channel`` None is the relief."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self.channel: int | None = None
        self._places, self._source = pd.DataFrame(), None  # type: tuple[pd.DataFrame, CropSource | None]
        self._at: dict[int, int] = {}
        self._wanted: dict[int, None] = {}

    def take(self, places: pd.DataFrame, source: CropSource | None) -> None:
        """Take up other places."""
        self._places, self._source = places, source
        self.show_rows(np.arange(0))

    def show_rows(self, rows: npt.NDArray[np.intp]) -> None:
        """Show some of the places."""
        self.beginResetModel()
        self.rows, self._wanted = rows, {}
        self._at = {int(row): k for k, row in enumerate(rows)}
        self.endResetModel()

    def crop_ready(self, row: int) -> None:
        """A crop was cut."""
        self._wanted.pop(row, None)
        if row in self._at:
            index = self.index(self._at[row])
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Places shown."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Picture or tip of a place."""
        row = int(self.rows[index.row()])
        if role == Qt.ItemDataRole.DecorationRole:
            return self._drawn(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            place = self._places.iloc[row]
            return f"{place['kind']}, field {place['field']}, x {place['x_px']:.0f}, y {place['y_px']:.0f}"
        return QSize(_SIDE + 6, _SIDE + 6) if role == Qt.ItemDataRole.SizeHintRole else None

    def _drawn(self, row: int) -> QPixmap:
        pixmap = QPixmap(_SIDE, _SIDE)
        pixmap.fill(QColor(22, 24, 28))
        crop = self._source.at_once(row) if self._source is not None else None
        if crop is None:
            self._ask(row)
            return pixmap
        painter = QPainter(pixmap)
        lit = self.channel is None and crop.relief is not None
        picture = relief_picture(crop.relief) if lit else channel_picture(crop.planes[self.channel or 0], None)  # type: ignore[arg-type]
        painter.drawImage(pixmap.rect(), to_image(picture))
        sign, _symbol, colour, _light = KIND_MARKS[str(self._places["kind"].iat[row])]
        painter.fillRect(QRectF(0, 0, 18, 18), QColor(0, 0, 0, 170))
        painter.setPen(QColor(colour))
        painter.drawText(QRectF(0, 0, 18, 18), Qt.AlignmentFlag.AlignCenter, sign)
        painter.setPen(QColor(255, 255, 255, 120))
        half = _SIDE / 2
        for way in (-1, 1):  # a mark beside the place, not over it
            painter.drawLine(QPointF(half + way * 18, half), QPointF(half + way * 26, half))
        painter.end()
        return pixmap

    def _ask(self, row: int) -> None:
        if self._source is None:
            return
        self._wanted[row] = None
        fields = self._places["field_id"].to_numpy()
        # Field by field, for a field is read once for all of its crops.
        self._source.prefetch(sorted(list(self._wanted)[-_WANTED:], key=lambda r: (int(fields[r]), r)))


class PlaceGallery(QListView):
    """``picked`` carries the row of the place that was double clicked."""

    picked = Signal(int)

    def __init__(self, relay: Relay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._relay = relay
        self._source: CropSource | None = None
        self._let_go: Callable[[], None] | None = None
        self.pictures = PlaceModel()
        self.setModel(self.pictures)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setSpacing(1)
        self.setMinimumHeight(170)
        self.setAccessibleName("Crops of the places")
        self.setToolTip("Double click or Return goes there")
        self.activated.connect(lambda index: self.picked.emit(int(self.pictures.rows[index.row()])))

    def take(self, places: pd.DataFrame, source: CropSource | None) -> None:
        """Take up other places; their source of crops belongs to this view from now on."""
        self.shut()
        self._source = source
        self.pictures.take(places, source)
        if source is not None:
            self._let_go = self._relay.listen(source.ready, self.pictures.crop_ready)

    def shut(self) -> None:
        """Stop cutting."""
        if self._let_go is not None:
            self._let_go()
        if self._source is not None:
            self._source.close()
            self._source = None
