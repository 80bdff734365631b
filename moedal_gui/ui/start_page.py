"""The start page: three ways in, and what was open before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.settings import Settings, SettingsFile
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import icon

_WAYS = (
    ("demo.open", "Open the demo foil", "A simulated foil with known truth, the whole way from pictures to candidates"),
    ("scan.open", "Open a scan", "A folder of a microscope, TIFFs or one picture; drop it on the window, too"),
    ("project.open", "Open a project", "A folder that ends in .moedal"),
)


class StartPage(QWidget):
    """``commandAsked`` carries a command's id, ``projectAsked`` a path."""

    commandAsked = Signal(str)
    projectAsked = Signal(str)

    def __init__(self, settings: SettingsFile, relay: Relay) -> None:
        super().__init__()
        self._settings = settings
        column = QWidget()
        column.setMaximumWidth(760)
        layout = QVBoxLayout(column)
        layout.setSpacing(10)
        title = QLabel("MoEDAL workbench")
        large = title.font()
        large.setPointSizeF(large.pointSizeF() * 2)
        title.setFont(large)
        lead = QLabel("Finds, pairs, labels and ranks etch pits in microscope scans of nuclear track foils.")
        lead.setProperty("role", "dim")
        layout.addStretch(1)
        layout.addWidget(title)
        layout.addWidget(lead)
        layout.addSpacing(14)
        self.buttons: dict[str, QPushButton] = {}
        for identity, words, tip in _WAYS:
            layout.addWidget(self._way(identity, words, tip))
        layout.addSpacing(14)
        self.head = QLabel("Recent projects")
        self.head.setProperty("role", "head")
        layout.addWidget(self.head)
        self.recent = QListWidget()
        self.recent.setAccessibleName("Recent projects")
        self.recent.setToolTip("Enter or click opens a project; the context menu takes it off this list")
        self.recent.setMaximumHeight(230)
        self.recent.itemActivated.connect(self._open)
        self.recent.itemClicked.connect(self._open)
        self.recent.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.recent.customContextMenuRequested.connect(self._context)
        layout.addWidget(self.recent)
        layout.addStretch(2)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(column, 6)
        row.addStretch(1)
        relay.listen(settings.changed, self.apply)
        self.refresh()

    def refresh(self) -> None:
        """Show the recent projects."""
        self.recent.clear()
        for name in self._settings.now.recent:
            path = Path(name)
            there = path.is_dir()
            item = QListWidgetItem(
                f"{path.name.removesuffix('.moedal')}\n{path.parent}" + ("" if there else "   (not there now)")
            )
            item.setData(Qt.ItemDataRole.UserRole, name)
            if not there:
                item.setForeground(self.palette().placeholderText())
            self.recent.addItem(item)
        some = self.recent.count() > 0
        self.recent.setVisible(some)
        self.head.setVisible(some)
        for identity, button in self.buttons.items():
            button.setIcon(icon(identity, 24))

    def apply(self, old: Settings, new: Settings) -> None:
        """Other settings are in force."""
        if old.recent != new.recent or old.theme != new.theme:
            self.refresh()

    def _way(self, identity: str, words: str, tip: str) -> QWidget:
        card = QFrame()
        card.setProperty("role", "card")
        button = QPushButton(words)
        button.setIconSize(QSize(20, 20))
        button.setToolTip(tip)
        button.setAccessibleName(words)
        button.setMinimumWidth(210)
        button.clicked.connect(lambda: self.commandAsked.emit(identity))
        self.buttons[identity] = button
        note = QLabel(tip, wordWrap=True)
        note.setProperty("role", "dim")
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(14)
        row.addWidget(button)
        row.addWidget(note, 1)
        return card

    def _open(self, item: QListWidgetItem) -> None:
        self.projectAsked.emit(item.data(Qt.ItemDataRole.UserRole))

    def _context(self, place: QPoint) -> None:
        item = self.recent.itemAt(place)
        if item is not None:
            menu = QMenu(self)
            menu.addAction(
                "Take off this list", lambda: self._settings.forget_project(item.data(Qt.ItemDataRole.UserRole))
            )
            menu.popup(self.recent.mapToGlobal(place))
