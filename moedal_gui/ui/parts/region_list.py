"""The list of regions to look at by film, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from moedal_gui.app.regions import Regions
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.frame_model import Column, FrameModel, number

_MEASURES = {"slope_energy": "slopes", "difference": "ground"}
_COLUMNS = (
    Column("region_id", "No", "Number on the canvas", lambda v: f"{v}"),
    Column("looked_at_by", "Seen", "Who looked at it last", lambda v: f"✓ {v}" if v else "·", words=True),
    Column(
        "z", "Sigma", "How far it stands out from its surroundings, in their own deviations; farthest first", number(1)
    ),
    Column(
        "measure",
        "By",
        "What stands out: the slopes, or the difference from the ground",
        lambda v: _MEASURES.get(v, v),
        words=True,
    ),
    Column("area_mm2", "mm²", "Size", number(3)),
    Column("field", "Field", "The field its middle lies in", str),
)
_ROWS = 4  # more are scrolled to


class RegionList(QWidget):
    """``commandAsked`` carries a command's id."""

    commandAsked = Signal(str)

    def __init__(self, regions: Regions, relay: Relay) -> None:
        super().__init__()
        self._regions = regions
        self.model = FrameModel(_COLUMNS)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self._line = self.table.fontMetrics().height() + 8
        self.table.verticalHeader().setDefaultSectionSize(self._line)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        # Its bar would lie over the last row that fits.
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setAccessibleName("Regions to look at by film")
        self.table.setToolTip("Pick a row to go there; F plays the film; Shift+L: looked at; Shift+R: the next one")
        self.table.selectionModel().selectionChanged.connect(self._picked)
        # One line: a wrapped one asks for more height than a low dock gives, and lies over what is above it.
        self.said = QElidingLabel()
        self.said.setProperty("role", "dim")
        self.seek = QPushButton("Find regions…")
        self.seek.setToolTip("Search the parts that are too dense for a list of pits for what stands out")
        self.seek.clicked.connect(lambda: self.commandAsked.emit("task.regions"))
        self.looked = QPushButton("Looked at")
        self.looked.setToolTip("Note that you have looked at this region  (Shift+L)")
        self.looked.clicked.connect(lambda: self.commandAsked.emit("region.looked"))
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.looked)
        row.addWidget(self.seek)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.table)
        relay.listen(regions.changed, self.refresh)
        relay.listen(regions.moved, lambda _old, new: self._mark(new))
        self.refresh()

    def refresh(self) -> None:
        """Take up the list anew."""
        table = self._regions.table
        with QSignalBlocker(self.table.selectionModel()):
            self.model.show_table(table)
        there = len(table) > 0
        seen = int((table["looked_at_by"] != "").sum()) if there else 0
        nothing = "Searched: nothing stands out" if self._regions.searched else "What stands out where no list holds?"
        self.said.setText(f"{len(table)} to look at by film, {seen} seen" if there else nothing)
        borders = ", by the borders and the pits of when it was searched" if self._regions.searched else ""
        self.said.setToolTip(f"{self.said.text()}{borders}")
        # No taller than what it lists: the map above has the rest.
        self.table.setFixedHeight(self._line * (min(len(table), _ROWS) + 1) + 8)
        self.table.setVisible(there)
        self.looked.setVisible(there)
        self._mark(self._regions.row)

    def _mark(self, row: int | None) -> None:
        self.looked.setEnabled(row is not None)
        shown = self.model.view_row(row) if row is not None else None
        with QSignalBlocker(self.table.selectionModel()):
            self.table.clearSelection() if shown is None else self.table.selectRow(shown)
        self.table.viewport().update()

    def _picked(self, selected: QItemSelection, _gone: QItemSelection) -> None:
        indexes = selected.indexes()
        if indexes:
            self._regions.look_at(self.model.row_at(indexes[0].row()))
