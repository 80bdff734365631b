"""Candidates: the ranked pairs with both ends, accepted or rejected by a key."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QItemSelection, QModelIndex, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.candidates import Pair, accidents_of
from moedal_gui.app.crop_pictures import channel_picture, relief_picture
from moedal_gui.app.crops import Crop
from moedal_gui.app.workbench import Workbench
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import READING, EmptyState
from moedal_gui.ui.widgets.frame_model import Column, FrameModel, number, share
from moedal_gui.ui.widgets.pixels import PixelView

_COLUMNS = (
    Column("candidate_id", "Id", "Number of the candidate", lambda v: f"{v}", widest="99999"),
    Column(
        "score", "Score", "How well the ellipses foretell each other's place; best first", share(3), widest="> 0.999"
    ),
    Column("sheets", "Sheets", "Sheets of the stack that this track goes through", number(0)),
    Column(
        "by_hand",
        "Made",
        "Who paired the two: a person, or the program",
        lambda v: "by hand" if v == 1 else "",
        True,
        "by hand",
    ),
    Column(
        "verdict",
        "Verdict",
        "What a person said",
        lambda v: {"accepted": "✓ yes", "rejected": "✗ no"}.get(v, ""),
        True,
        "✓ yes",
    ),
    Column(
        "accidental_probability",
        "Chance",
        "Probability that two unrelated pits look like this pair",
        share(3),
        widest="> 0.999",
    ),
    Column(
        "residual_px", "Miss", "Pixels between the exit and the place the entry foretells", number(1), widest="99.9"
    ),
    Column("regime", "Density", "Regime of density at the entry: in high, a pair says nothing", str, True, "medium"),
    Column("dip_deg", "Dip", "Angle of the track to the surface, degrees", number(0)),
    Column("size_ratio", "Size", "Minor axis of the exit over that of the entry", number(2), widest="9.99"),
)
_SHEETS, _BY_HAND, _VERDICT = (
    [column.name for column in _COLUMNS].index(name) for name in ("sheets", "by_hand", "verdict")
)
_PADDING_PX = 14
_VIEWS = ("Passing", "All pairs", "Without verdict", "Accepted", "Rejected")


class CandidatesPanel(Panel):
    """A table, both ends of the pair in focus, and the verdict. ``commandAsked`` carries a command's id."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self.model = FrameModel(_COLUMNS)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSortIndicator(1, Qt.SortOrder.DescendingOrder)
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._fitted = 0
        self.table.setAccessibleName("Candidates")
        self.table.setToolTip("Pick a row to see both ends; Y accepts, N rejects, C takes back")
        self.table.selectionModel().selectionChanged.connect(self._picked)
        self.views = {name: PixelView(86, name) for name in ("entry", "entry relief", "exit", "exit relief")}
        self.caption = QLabel(wordWrap=True)
        self.caption.setProperty("role", "dim")
        self.against = QLabel(wordWrap=True)
        self.against.setProperty("role", "warning")
        self.which = QComboBox()
        self.which.addItems(_VIEWS)
        self.which.setToolTip("Which pairs the table shows")
        self.which.setAccessibleName("Pairs shown")
        self.which.activated.connect(lambda _i: self.refresh())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        relay.listen(workbench.candidates.changed, self.refresh)
        relay.listen(workbench.session.sheet_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.session.failed, lambda _sentence: self.refresh())
        relay.listen(workbench.candidates.moved, self.apply)
        relay.listen(workbench.candidates.judged, self._judged)
        relay.listen(workbench.candidates.pairs.answered, self._show_pair)
        self.refresh()

    def refresh(self) -> None:
        """Take up the table anew."""
        table = self._workbench.candidates.table
        if not len(table):
            self._say_what_next()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        passes = table["passes"].to_numpy(bool)
        verdict = table["verdict"].fillna("").astype(str).to_numpy()
        keep = {
            "Passing": passes, "All pairs": np.ones(len(table), bool), "Without verdict": passes & (verdict == ""),
            "Accepted": verdict == "accepted", "Rejected": verdict == "rejected",
        }[self.which.currentText()]  # fmt: skip
        self.model.show_table(table, keep)
        self.table.setColumnHidden(_SHEETS, bool(table["sheets"].isna().all()))
        self.table.setColumnHidden(_BY_HAND, not (table["by_hand"] == 1).any())
        self.table.setColumnHidden(_VERDICT, not verdict.any())
        self._fit_columns()
        header = self.table.horizontalHeader()
        self.model.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        expected = float(np.nansum(accidents_of(table)[keep]))
        self.caption.setText(f"{int(keep.sum())} pairs, about {expected:.1f} of them expected to be accidents.")
        against = self._workbench.session.link_doubts
        self.against.setText("\n".join(f"{words}." for words in against))
        self.against.setVisible(bool(against))
        self.apply(None, self._workbench.candidates.row)

    def _fit_columns(self) -> None:
        """Columns as wide as their heads, and what they may hold; anew when the text's size changes.

        A width that somebody dragged is theirs until then.
        """
        # The application's own: the table hears of another size only after this.
        metrics = QFontMetrics(QApplication.font())
        if metrics.height() == self._fitted:
            return
        self._fitted = metrics.height()
        self.table.verticalHeader().setDefaultSectionSize(metrics.height() + 8)
        for place, column in enumerate(_COLUMNS):
            wide = max(metrics.horizontalAdvance(word) for word in (column.title, column.widest))
            self.table.setColumnWidth(place, wide + _PADDING_PX)

    def apply(self, old: object, new: object) -> None:
        """Another candidate is in focus."""
        del old
        shown = self.model.view_row(new) if isinstance(new, int) else None
        if shown is None:
            self.table.clearSelection()
            for name, view in self.views.items():
                view.show_array(None)
                view.set_caption(name)
            return
        if self.table.currentIndex().row() != shown or not self.table.selectionModel().hasSelection():
            self.table.selectRow(shown)
        self.table.scrollTo(self.model.index(shown, 0))

    def step(self, by: int) -> None:
        """The row below or above, as the table is sorted."""
        count = self.model.rowCount()
        if not count:
            return
        here = (
            self.table.currentIndex().row() if self.table.selectionModel().hasSelection() else -1 if by > 0 else count
        )
        self._workbench.candidates.look_at(self.model.row_at(min(max(here + by, 0), count - 1)))

    def _built(self) -> QWidget:
        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        top = QHBoxLayout()
        top.addWidget(self.which, 1)
        export = QPushButton("Export…")
        export.setToolTip("Write candidates for a rescan (Ctrl+E)")
        export.clicked.connect(lambda: self.commandAsked.emit("task.export"))
        top.addWidget(export)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.against)
        layout.addWidget(self.caption)
        crops = QHBoxLayout()
        crops.setSpacing(3)
        for view in self.views.values():
            crops.addWidget(view, 1)
        layout.addLayout(crops)
        row = QHBoxLayout()
        for identity, title, tip in (
            ("candidate.accept", "Accept  Y", "This pair is a track"),
            ("candidate.reject", "Reject  N", "This pair is an accident"),
            ("candidate.clear", "Take back  C", "No verdict any more"),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _on=False, identity=identity: self.commandAsked.emit(identity))
            row.addWidget(button, 1)
        layout.addLayout(row)
        return full

    def _picked(self, selected: QItemSelection, _gone: QItemSelection) -> None:
        indexes: list[QModelIndex] = selected.indexes()
        if indexes:
            self._workbench.candidates.look_at(self.model.row_at(indexes[0].row()))

    def _judged(self, row: int) -> None:
        verdict = self._workbench.candidates.table["verdict"].fillna("").astype(str)
        self.table.setColumnHidden(_VERDICT, not verdict.any())
        self.model.value_changed(row)

    def _show_pair(self, generation: int, pair: Pair | None) -> None:
        candidates = self._workbench.candidates
        if pair is None or not candidates.pairs.is_newest(generation) or pair.row != candidates.row:
            return
        ends = (("entry", pair.entry, pair.entry_scan), ("exit", pair.leave, pair.exit_scan))
        for name, crop, scan in ends:
            self._show_end(name, crop, scan)

    def _show_end(self, name: str, crop: Crop | None, scan: ScanRecord | None) -> None:
        plain, relief = self.views[name], self.views[f"{name} relief"]
        if crop is None or scan is None:
            plain.show_array(None)
            relief.show_array(None)
            plain.set_caption(f"{name}: no picture")
            return
        index = scan.description.index_of("backlit") or 0
        plain.set_caption(f"{name} · {scan.scan}")
        plain.show_array(channel_picture(crop.planes[index], None))
        relief.show_array(relief_picture(crop.relief) if crop.relief is not None else None)

    def _say_what_next(self) -> None:
        state = self._workbench.state()
        if not state.project:
            self.empty.say("Open a project to see its candidates.", "Open project…", "Open a project")
        elif self._workbench.session.pits is None and self._workbench.session.reading:
            self.empty.say(READING)
        elif self._workbench.session.pits is not None and not len(self._workbench.session.pits):
            self.empty.say("Pre-selection found no pits in this scan.", "Pre-select pits…", "Find pits in another way")
        elif not state.pits:
            self.empty.say("Candidates are pairs of pits. Pre-select pits first.", "Pre-select pits…", "Find pits")
        elif self._workbench.session.linked:
            why = " ".join(f"{words}." for words in self._workbench.session.link_doubts)
            self.empty.say(
                f"No two pits make a track. {why}".rstrip(),
                "Link entry and exit…",
                "Look again, after pits or scans have changed",
            )
        else:
            self.empty.say(
                "Pits are there, but nothing is linked yet.", "Link entry and exit…", "Pair pits into tracks"
            )

    def _next_thing(self) -> None:
        state = self._workbench.state()
        self.commandAsked.emit("project.open" if not state.project else "task.link" if state.pits else "task.preselect")
