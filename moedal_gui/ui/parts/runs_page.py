"""Every run of the project, and the way back to an earlier one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.runs import RunRow, run_rows
from moedal_gui.app.workbench import Workbench
from moedal_gui.tasks.runs import parameter_words
from moedal_gui.ui.relay import Relay

_HEADS = (
    ("Run", "Its name, as `--run` and `use` take it"),
    ("What", "The step that made it"),
    ("Scan", "The scan it is of; links and registrations are of the whole project"),
    ("Result", "What came of it"),
    ("Began", "When it was begun, by this computer's clock in UTC"),
    ("State", "The current run of a scan is the one every list, score and export goes by"),
    ("Asked for", "The words it was asked for with; rest the cursor on it to read all"),
)
_ALL = "All scans"
_WIDEST_PX = 260


class RunsPage(QDialog):
    """What made what, newest first; a run of pits or links can be made the current one again."""

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._rows: list[RunRow] = []
        self.setWindowTitle("Runs")
        self.resize(980, 480)
        self.scan = QComboBox()
        self.scan.setAccessibleName("Runs of which scan")
        self.scan.setToolTip("Show the runs that concern this scan")
        self.scan.activated.connect(lambda _i: self.refresh())
        self.table = _table()
        self.table.itemSelectionChanged.connect(self._show_choice)
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("role", "dim")
        self.use = _button("Make current", "Go back to the chosen run, with what was made from it; nothing is computed")
        self.use.setProperty("main", "true")
        self.use.clicked.connect(self._use)
        close = _button("Close", "Leave")
        close.clicked.connect(self.reject)
        self._lay_out(close)
        self._let_go: list[Callable[[], None]] = [
            relay.listen(workbench.session.scans_changed, self.refresh),
            relay.listen(workbench.session.project_changed, lambda _old, _new: self.close()),
        ]
        self.finished.connect(lambda _result: [let_go() for let_go in self._let_go])
        self.refresh()

    def _lay_out(self, close: QPushButton) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(QLabel("Runs of"))
        head.addWidget(self.scan)
        head.addStretch(1)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.use)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)

    def refresh(self) -> None:
        """List the runs anew; the one that was chosen stays so."""
        project = self._workbench.session.project
        if project is None:
            return
        self._list_scans()
        chosen = self.chosen
        self._rows = run_rows(project, self.scan.currentData())
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(self._rows))
            for number, row in enumerate(self._rows):
                self._fill(number, row)
            ids = [row.run.run_id for row in self._rows]
            at = ids.index(chosen.run.run_id) if chosen is not None and chosen.run.run_id in ids else 0
            self.table.selectRow(at)
        self.table.resizeColumnsToContents()
        for column in range(len(_HEADS)):
            self.table.setColumnWidth(column, min(self.table.columnWidth(column) + 8, _WIDEST_PX))
        self._show_choice()

    @property
    def chosen(self) -> RunRow | None:
        """The row that is selected."""
        at = self.table.currentRow()
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def _list_scans(self) -> None:
        shown = self.scan.currentData()
        with QSignalBlocker(self.scan):
            self.scan.clear()
            self.scan.addItem(_ALL, None)
            for scan in self._workbench.session.scans():
                self.scan.addItem(scan.scan, f"{scan.foil}/{scan.scan}")
            self.scan.setCurrentIndex(max(self.scan.findData(shown), 0))

    def _fill(self, number: int, row: RunRow) -> None:
        run = row.run
        state = "✓ current" if row.current else "" if run.finished else "not finished"
        words = (run.name, row.what, row.scan, row.result, run.started[:16].replace("T", " "), state, row.asked)
        for column, word in enumerate(words):
            item = QTableWidgetItem(word)
            item.setToolTip(f"{word}\n{run.version}: {parameter_words(run.summary)}" if word == row.asked else word)
            if row.current:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.table.setItem(number, column, item)

    def _show_choice(self) -> None:
        row, project = self.chosen, self._workbench.session.project
        writable = project is not None and project.writable
        refused = "There is no run yet." if row is None else row.refused
        if not refused and not writable:
            refused = f"This project is open for reading only. {self._workbench.session.read_only_reason}"
        told = (
            "Pits, links and what was made from just these become current; everything found since stays in the project."
        )
        self.note.setText(f"{row.run.name}: {refused[:1].lower()}{refused[1:]}" if row and refused else refused or told)
        self.use.setEnabled(not refused)

    def _use(self) -> None:
        from moedal_gui.tasks.table import row_of
        from moedal_gui.tasks.use import UseParameters

        row = self.chosen
        if row is not None:
            shared = sum(one.run.name == row.run.name for one in self._rows) > 1
            self._workbench.run_task(row_of("use"), UseParameters(row.run.name, row.scan if shared else None))


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_HEADS))
    table.setAccessibleName("Runs")
    for column, (title, tip) in enumerate(_HEADS):
        item = QTableWidgetItem(title)
        item.setToolTip(tip)
        item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setHorizontalHeaderItem(column, item)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    table.horizontalHeader().setStretchLastSection(True)
    return table
