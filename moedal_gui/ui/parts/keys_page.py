"""Every key, and a place to change it; a key that two commands claim is told."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.commands import COMMANDS, command, conflicts, keys_in_force
from moedal_gui.app.settings import SettingsFile
from moedal_gui.ui.parts.pages import native

_ID = Qt.ItemDataRole.UserRole


class KeysPage(QDialog):
    """Lists commands with their keys; the chosen ones go to the settings at once."""

    def __init__(self, settings: SettingsFile, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(680, 620)
        self._settings = settings
        self.filter = QLineEdit(placeholderText="Find a command", clearButtonEnabled=True)
        self.filter.setAccessibleName("Find a command")
        self.filter.textChanged.connect(lambda _text: self.refresh())
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Command", "Keys"])
        self.tree.setAccessibleName("Commands and their keys")
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.currentItemChanged.connect(lambda _new, _old: self._show_chosen())
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName("New key")
        self.edit.setToolTip("Click here and press the key")
        self.set_button = QPushButton("Use this key")
        self.reset_button = QPushButton("As it was made")
        self.reset_all = QPushButton("All as made")
        self.set_button.clicked.connect(self._set)
        self.reset_button.clicked.connect(self._reset)
        self.reset_all.clicked.connect(lambda: self._keep({}))
        self.warning = QLabel(wordWrap=True)
        self.warning.setProperty("role", "warning")
        row = QHBoxLayout()
        row.addWidget(QLabel("Key"))
        row.addWidget(self.edit, 1)
        for button in (self.set_button, self.reset_button, self.reset_all):
            button.setAutoDefault(False)
            row.addWidget(button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.warning)
        layout.addLayout(row)
        layout.addWidget(buttons)
        self.refresh()

    def refresh(self) -> None:
        """List the commands that fit the filter."""
        keys = keys_in_force(dict(self._settings.now.keys))
        wanted = self.filter.text().lower()
        chosen = self._chosen()
        self.tree.clear()
        menus: dict[str, QTreeWidgetItem] = {}
        for one in COMMANDS:
            if wanted and wanted not in f"{one.title} {one.menu} {native(keys[one.id])}".lower():
                continue
            head = one.menu.split(" > ")[0] or "Window"
            if head not in menus:
                menus[head] = QTreeWidgetItem(self.tree, [head])
                menus[head].setExpanded(True)
            item = QTreeWidgetItem(menus[head], [one.title.rstrip("…"), native(keys[one.id])])
            item.setData(0, _ID, one.id)
            item.setToolTip(0, one.tip)
            if one.id == chosen:
                self.tree.setCurrentItem(item)
        clashes = conflicts(keys)
        said = [
            f"{native([key])}: {' and '.join(command(i).title.rstrip('…') for i in ids)}"
            for key, ids in clashes.items()
        ]
        self.warning.setText("One key, two commands, neither will work: " + "; ".join(said) if said else "")
        self.warning.setVisible(bool(said))
        self._show_chosen()

    def _chosen(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, _ID) or "") if item is not None else ""

    def _show_chosen(self) -> None:
        identity = self._chosen()
        for widget in (self.edit, self.set_button, self.reset_button):
            widget.setEnabled(bool(identity))
        if identity:
            sequences = keys_in_force(dict(self._settings.now.keys))[identity]
            self.edit.setKeySequence(QKeySequence(sequences[0]) if sequences else QKeySequence())

    def _set(self) -> None:
        text = self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        self._keep({**self._settings.now.keys, self._chosen(): (text,) if text else ()})

    def _reset(self) -> None:
        self._keep({k: v for k, v in self._settings.now.keys.items() if k != self._chosen()})

    def _keep(self, keys: dict[str, tuple[str, ...]]) -> None:
        self._settings.change(keys=keys)
        self.refresh()
