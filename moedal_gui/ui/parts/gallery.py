"""Gallery: crops of many pits at once; one key labels all that are selected."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.commands import keys_in_force
from moedal_gui.app.crop_pictures import channel_picture, relief_picture
from moedal_gui.app.crops import CropSource
from moedal_gui.app.display import pictures_of
from moedal_gui.app.labelling import LabelChange
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.drawing import mark_name
from moedal_gui.ui.viewer.marks import stamp
from moedal_gui.ui.widgets.pixels import to_image

_SIDE = 84
_SORTS = ("queue", "snr", "surface_score", "probability", "major_px", "minor_px", "azimuth_deg", "density_per_mm2")
_RELIEF = "relief"
Index = QModelIndex | QPersistentModelIndex


class CropModel(QAbstractListModel):
    """Rows of a pit sheet as pictures, cut when they come into sight."""

    def __init__(self, workbench: Workbench, pits: PitSheet, source: CropSource) -> None:
        super().__init__()
        self._workbench, self._pits, self._source = workbench, pits, source
        self.order = np.zeros(0, np.int64)
        self.picture = _RELIEF
        self._place: dict[int, int] = {}
        self._wanted: dict[int, None] = {}

    def show_rows(self, order: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Take up other rows, in this order."""
        self.beginResetModel()
        self.order = order
        self._place = {int(row): place for place, row in enumerate(order)}
        self.endResetModel()

    def crop_ready(self, row: int) -> None:
        """A crop was cut."""
        self._wanted.pop(row, None)
        place = self._place.get(row)
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Pits shown."""
        return 0 if parent.isValid() else len(self.order)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Picture or tip of a pit."""
        row = int(self.order[index.row()])
        if role == Qt.ItemDataRole.DecorationRole:
            return self._drawn(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            code = int(self._workbench.labelling.codes[row])
            return f"pit {self._pits.ids[row]}, {CLASSES[code] if code >= 0 else 'no label'}"
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(_SIDE + 8, _SIDE + 8)
        return None

    def _drawn(self, row: int) -> QPixmap:
        pixmap = QPixmap(_SIDE, _SIDE)
        pixmap.fill(QColor(22, 24, 28))
        crop = self._source.at_once(row)
        if crop is None:
            self._wanted[row] = None
            self._source.prefetch(list(self._wanted)[-160:])
            return pixmap
        painter = QPainter(pixmap)
        if self.picture == _RELIEF and crop.relief is not None:
            array = relief_picture(crop.relief)
        else:
            number = int(self.picture) if self.picture.isdigit() else 0
            array = channel_picture(crop.planes[number], None)
        painter.drawImage(pixmap.rect(), to_image(array))
        code = int(self._workbench.labelling.codes[row])
        painter.drawPixmap(3, 3, stamp(*mark_name(code, int(self._pits.surface[row]))))
        painter.end()
        return pixmap


class Gallery(QDialog):
    """``commandAsked`` carries a command's id for keys that are not about labels."""

    commandAsked = Signal(str)

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Gallery")
        self.resize(980, 700)
        self._workbench = workbench
        pits, source, sheet = workbench.session.pits, workbench.crops, workbench.session.sheet
        assert pits is not None and source is not None and sheet is not None  # the command is enabled with pits only
        self._pits = pits
        self.model = CropModel(workbench, pits, source)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setViewMode(QListView.ViewMode.IconMode)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setUniformItemSizes(True)
        self.view.setMovement(QListView.Movement.Static)
        self.view.setIconSize(QSize(_SIDE, _SIDE))
        self.view.setSpacing(1)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setAccessibleName("Crops of pits")
        self.view.setToolTip("Shift and Ctrl select several; a class key labels all of them; double click goes there")
        self.view.doubleClicked.connect(self._go)
        self.view.keyPressEvent = self._key  # type: ignore[method-assign]
        self.sort = QComboBox()
        for name in _SORTS:
            self.sort.addItem({"queue": "As the queue"}.get(name, name.replace("_", " ")), name)
        self.sort.setToolTip("In which order crops are shown")
        self.sort.activated.connect(lambda _i: self.refresh())
        self.which = QComboBox()
        for name in ("All pits", "Without label", "Selected on the canvas", *[c.capitalize() for c in CLASSES]):
            self.which.addItem(name)
        self.which.setToolTip("Which pits are shown")
        self.which.activated.connect(lambda _i: self.refresh())
        self.picture = QComboBox()
        if len(sheet.record.description.rim) >= 3:
            self.picture.addItem("Relief", _RELIEF)
        for picture in pictures_of(sheet.record.description):
            if picture.index is not None:
                self.picture.addItem(picture.title, str(picture.index))
        self.picture.setToolTip("Which picture of each pit is shown")
        self.picture.activated.connect(lambda _i: self.refresh())
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self._arrange()
        self._let_go = [relay.listen(source.ready, self.model.crop_ready), relay.listen(workbench.labelling.changed, self._changed),
                        relay.listen(workbench.crops_changed, lambda _old, _new: self.reject())]  # fmt: skip
        self.finished.connect(lambda _result: [let_go() for let_go in self._let_go])
        if int(workbench.selection.cut.mask(pits.table).sum()) > 1:
            self.which.setCurrentIndex(2)
        self.refresh()
        self.view.setFocus()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        for words, control in (("Show", self.which), ("sorted by", self.sort), ("as", self.picture)):
            top.addWidget(QLabel(words))
            top.addWidget(control)
            control.setAccessibleName(words)
        top.addStretch(1)
        top.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)

    def refresh(self) -> None:
        """Order and pick the pits anew."""
        labelling, which = self._workbench.labelling, self.which.currentIndex()
        codes = labelling.codes
        keep = np.ones(len(codes), bool)
        if which == 1:
            keep = codes < 0
        elif which == 2:
            keep = self._workbench.selection.cut.mask(self._pits.table)
        elif which > 2:
            keep = codes == which - 3
        name = self.sort.currentData()
        if name == "queue" and labelling.queue is not None:
            order = labelling.queue.order
        else:
            order = np.argsort(self._pits.table[name].to_numpy(float), kind="stable").astype(np.int64)
        self.model.picture = self.picture.currentData()
        self.model.show_rows(order[keep[order]])
        self.count.setText(f"{len(self.model.order):,} pits")

    def _changed(self, change: LabelChange) -> None:
        for row in change.rows:
            self.model.crop_ready(row)

    def _rows(self) -> list[int]:
        return [int(self.model.order[index.row()]) for index in self.view.selectedIndexes()]

    def _go(self, index: QModelIndex) -> None:
        self._workbench.selection.pick(int(self._pits.ids[self.model.order[index.row()]]))

    def _key(self, event: QKeyEvent) -> None:
        """Class keys label every crop selected; the rest is the list's own."""
        keys = keys_in_force(dict(self._workbench.settings.now.keys))
        text = event.text().upper()
        for name in CLASSES:
            if text and text in keys[f"label.{name}"]:
                self._workbench.labelling.give_to(self._rows(), name)
                return
        if event.key() in (Qt.Key.Key_0, Qt.Key.Key_Backspace):
            self._workbench.labelling.give_to(self._rows(), "")
        elif event.key() == Qt.Key.Key_U or (
            event.key() == Qt.Key.Key_Z and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self._workbench.labelling.undo()
        else:
            QListView.keyPressEvent(self.view, event)
