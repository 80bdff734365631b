"""Gallery: crops of many pits at once; one key labels all that are selected."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
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
from moedal_gui.app.display import channel_pictures
from moedal_gui.app.gallery_rows import NEEDS_SCORES, SHOWN, SORTS, opinions_of, rows_shown, sorts_of
from moedal_gui.app.labelling import LabelChange
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.proposals import origin_of
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.parts.proposal_bar import ProposalBar
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.drawing import mark_name
from moedal_gui.ui.viewer.marks import stamp
from moedal_gui.ui.widgets.pixels import to_image

_SIDE = 84
_RELIEF = "relief"
Index = QModelIndex | QPersistentModelIndex


class CropModel(QAbstractListModel):
    """Rows of a pit sheet as pictures, cut when they come into sight."""

    def __init__(self, workbench: Workbench, pits: PitSheet, source: CropSource) -> None:
        super().__init__()
        self._workbench, self._pits, self._source = workbench, pits, source
        self.order = np.zeros(0, np.int64)
        self.picture = _RELIEF
        self.against: dict[int, tuple[str, float]] = {}
        self.against_word = ""
        self._fields = pits.table["field_id"].to_numpy(np.int64)
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
            return f"pit {self._pits.ids[row]}, {self._said_of(row)}"
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(_SIDE + 8, _SIDE + 8)
        return None

    def _field_of(self, row: int) -> int:
        return int(self._fields[row])

    def _said_of(self, row: int) -> str:
        code = int(self._workbench.labelling.codes_shown[row])
        label = CLASSES[code] if code >= 0 else "no label"
        against = self.against.get(row)
        return f"{label}; {self.against_word} {against[0]} {against[1]:.1%}" if against is not None else label

    def _drawn(self, row: int) -> QPixmap:
        pixmap = QPixmap(_SIDE, _SIDE)
        pixmap.fill(QColor(22, 24, 28))
        crop = self._source.at_once(row)
        if crop is None:
            self._wanted[row] = None
            # Field by field, for a field is read once for all of its crops.
            self._source.prefetch(sorted(list(self._wanted)[-160:], key=self._field_of))
            return pixmap
        painter = QPainter(pixmap)
        if self.picture == _RELIEF and crop.relief is not None:
            array = relief_picture(crop.relief)
        else:
            number = int(self.picture) if self.picture.isdigit() else 0
            array = channel_picture(crop.planes[number], None)
        painter.drawImage(pixmap.rect(), to_image(array))
        code = int(self._workbench.labelling.codes_shown[row])
        painter.drawPixmap(3, 3, stamp(*mark_name(code, int(self._pits.surface[row]))))
        if row in self.against:
            self._paint_against(painter, *self.against[row])
        painter.end()
        return pixmap

    @staticmethod
    def _paint_against(painter: QPainter, name: str, probability: float) -> None:
        """What the ensemble says, in the lower corner: its class hollow, and how surely."""
        box = QRectF(0, _SIDE - 19, _SIDE, 19)
        painter.fillRect(box, QColor(0, 0, 0, 165))
        painter.drawPixmap(QPointF(3, _SIDE - 17), stamp(name, False))
        painter.setPen(QColor("#f2f4f6"))
        words = f"{probability:.1%}" if probability < 0.9995 else "100%"
        painter.drawText(box.adjusted(20, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


class Gallery(QDialog):
    """``commandAsked`` carries a command's id for keys that are not about labels."""

    commandAsked = Signal(str)

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget, which: str = "") -> None:
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
        self.view.selectionModel().selectionChanged.connect(lambda _new, _old: self._show_counts())
        self.sort = QComboBox()
        for name in sorts_of(pits):
            self.sort.addItem(SORTS[name].capitalize(), name)
        self.sort.setToolTip("In which order crops are shown")
        self.sort.activated.connect(lambda _i: self.refresh())
        self.which = QComboBox()
        for name in SHOWN:
            if pits.scored or name not in NEEDS_SCORES:
                self.which.addItem(name.capitalize(), name)
        self.which.setToolTip("Which pits are shown")
        self.which.activated.connect(lambda _i: self.show_which(self.which.currentData()))
        self.proposals = ProposalBar(workbench.settings.now.proposal_probability)
        self.proposals.leastAsked.connect(self._ask_least)
        self.proposals.confirmAsked.connect(self._confirm)
        self.picture = QComboBox()
        if sheet.ring:
            self.picture.addItem("Relief", _RELIEF)
        for picture in channel_pictures(sheet.record.description):
            self.picture.addItem(picture.title, str(picture.index))
        self.picture.setToolTip("Which picture of each pit is shown")
        self.picture.activated.connect(lambda _i: self.refresh())
        self.count = QLabel()
        self.count.setProperty("role", "dim")
        self._arrange()
        self._let_go = [relay.listen(source.ready, self.model.crop_ready), relay.listen(workbench.labelling.changed, self._changed),
                        relay.listen(workbench.crops_changed, lambda _old, _new: self.reject())]  # fmt: skip
        self.finished.connect(lambda _result: [let_go() for let_go in self._let_go])
        several = int(workbench.selection.cut.mask(pits.table).sum()) > 1
        self.show_which(which or ("selected on the canvas" if several else "all pits"))
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
        layout.addWidget(self.proposals)

    def show_which(self, which: str) -> None:
        """Show other pits, in the order that suits them."""
        self.which.setCurrentIndex(max(self.which.findData(which), 0))
        suits = {"proposals": "proposal", "worst mistakes": "mistake"}.get(which)
        if suits is not None or self.sort.currentData() in ("proposal", "mistake"):
            self.sort.setCurrentIndex(max(self.sort.findData(suits or "queue"), 0))
        self.refresh()

    def refresh(self) -> None:
        """Order and pick the pits anew."""
        which = str(self.which.currentData())
        self.model.picture = self.picture.currentData()
        rows = rows_shown(self._workbench, self._pits, which, str(self.sort.currentData()))
        self.model.against_word = "proposed" if which == "proposals" else "held for"
        self.model.against = opinions_of(self._workbench, self._pits, which, rows)
        self.model.show_rows(rows)
        self.count.setText(f"{len(rows):,} pits")
        self.proposals.setVisible(which == "proposals")
        self._show_counts()

    def _show_counts(self) -> None:
        self.proposals.show_counts(len(self.view.selectedIndexes()), len(self.model.order))

    def _ask_least(self, probability: float) -> None:
        self._workbench.settings.change(proposal_probability=probability)
        self.refresh()

    def _confirm(self, everything: bool) -> None:
        """Give the pits the labels proposed for them, in the person's name."""
        rows = self.model.order.tolist() if everything else self._rows()
        said = {row: self.model.against[row] for row in rows if row in self.model.against}
        origins = {row: origin_of(self._pits.ensemble, p) for row, (_name, p) in said.items()}
        if self._workbench.labelling.confirm({row: name for row, (name, _p) in said.items()}, origins):
            self._workbench.said.emit("good", f"{len(said):,} proposals confirmed; one undo takes them back")
            self.refresh()

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
            self._workbench.take_back()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.which.currentData() == "proposals":
            self._confirm(False)
        else:
            QListView.keyPressEvent(self.view, event)
