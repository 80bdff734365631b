"""Before training: what turning a crop does to it, the right way and the wrong, and the layers of the network."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.background import Latest
from moedal_gui.app.training_preview import Layer, Look, layers_of, symmetry_looks
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.recipe import Recipe
from moedal_gui.learn.settings import NETWORKS, TrainingSettings
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.pixels import PixelView

_SIDE = 96
_COLUMNS = ("layer", "gives", "weights")


class TrainingPreview(QDialog):
    """Shows the symmetries on the pit in front, and a network's layers and shapes."""

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Before training")
        self.resize(620, 640)
        self._looks, self._layers = Latest("symmetries"), Latest("layers")
        self.pictures = QGridLayout()
        self.pictures.setSpacing(6)
        self.said = QLabel("Each crop teaches in all its symmetries: turned and mirrored together with its lamps. Turned without "
                           "them, a pit of one surface would look like one of the other.", wordWrap=True)  # fmt: skip
        self.said.setProperty("role", "dim")
        self.network = QComboBox()
        self.network.setAccessibleName("Network")
        for row in NETWORKS:
            if not row.rim_only:
                self.network.addItem(row.title, row.name)
                self.network.setItemData(self.network.count() - 1, row.explain, Qt.ItemDataRole.ToolTipRole)
        self.network.activated.connect(lambda _i: self._ask_layers())
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setAccessibleName("Layers of the network")
        self.total = QLabel()
        self.total.setProperty("role", "dim")
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.said)
        layout.addLayout(self.pictures)
        layout.addWidget(self.network)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.total)
        let_go = [
            relay.listen(self._looks.answered, self._show_looks),
            relay.listen(self._looks.failed, lambda _g, error: self.said.setText(str(error))),
            relay.listen(self._layers.answered, self._show_layers),
            relay.listen(self._layers.failed, lambda _g, error: self.total.setText(str(error))),
        ]
        self.finished.connect(lambda _result: [release() for release in let_go])
        self.finished.connect(self._settle)
        self._ask_looks(workbench)
        self._ask_layers()

    def _settle(self, _result: int) -> None:
        self._looks.close()
        self._layers.close()

    def _ask_looks(self, workbench: Workbench) -> None:
        session = workbench.session
        project, sheet, pits = session.project, session.sheet, session.pits
        if project is None or sheet is None or pits is None or not len(pits):
            self.said.setText("Open a scan with pits, and its first one shows here what turning does.")
            return
        row = workbench.labelling.row or 0
        self._looks.ask(lambda _wanted: symmetry_looks(project, sheet, pits, row))

    def _ask_layers(self) -> None:
        settings = TrainingSettings(network=str(self.network.currentData()))
        self.total.setText("Building the network…")
        self._layers.ask(lambda _wanted: layers_of(settings, Recipe(), 2))

    def _show_looks(self, generation: int, looks: list[Look]) -> None:
        if not self._looks.is_newest(generation):
            return
        for text, row in (("with its lamps", 1), ("pixels alone: wrong", 2)):
            name = QLabel(text, wordWrap=True)
            name.setProperty("role", "warning" if row == 2 else "")
            self.pictures.addWidget(name, row, 0)
        for column, look in enumerate(looks, start=1):
            head = QLabel(look.title, alignment=Qt.AlignmentFlag.AlignCenter)
            head.setProperty("role", "dim")
            self.pictures.addWidget(head, 0, column)
            for row, picture in ((1, look.right), (2, look.wrong)):
                view = PixelView(_SIDE)
                view.setAccessibleName(f"{look.title}, {'with its lamps' if row == 1 else 'pixels alone'}")
                view.show_array(picture)
                self.pictures.addWidget(view, row, column)

    def _show_layers(self, generation: int, layers: list[Layer]) -> None:
        if not self._layers.is_newest(generation):
            return
        self.table.setRowCount(len(layers))
        for row, layer in enumerate(layers):
            cells: tuple[Any, ...] = (layer.name, layer.shape, f"{layer.weights:,}")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignRight if column == len(cells) - 1 else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        weights = sum(layer.weights for layer in layers)
        self.total.setText(f"{weights:,} weights, for crops of 3 planes, 28 px wide, and two answers")
