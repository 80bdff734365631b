"""A line to type in and a list of what fits, over the window: the palette and the go-to search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget


@dataclass(frozen=True)
class Hit:
    """One thing that fits: its words, a note on the right, and what is handed on when it is picked."""

    title: str
    note: str
    value: Any
    enabled: bool = True


class Finder(QFrame):
    """Asks ``search`` for hits while the person types; ``picked`` carries the hit's value."""

    picked = Signal(object)

    def __init__(self, window: QWidget, prompt: str, hint: str, search: Callable[[str], Sequence[Hit]]) -> None:
        super().__init__(window)
        self.setProperty("role", "card")
        self._window, self._search = window, search
        self.line = QLineEdit(placeholderText=prompt, clearButtonEnabled=True)
        self.line.setAccessibleName(prompt)
        self.list = QListWidget()
        self.list.setAccessibleName("What fits")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hint = QLabel(hint, wordWrap=True)
        self.hint.setProperty("role", "dim")
        self.hint.setVisible(bool(hint))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.line)
        layout.addWidget(self.hint)
        layout.addWidget(self.list)
        self.line.textChanged.connect(self._look)
        self.line.returnPressed.connect(self._take)
        self.list.itemClicked.connect(lambda _item: self._take())
        self.line.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Come up, empty."""
        width = min(580, self._window.width() - 40)
        self.resize(width, 380)
        self.move(QPoint((self._window.width() - width) // 2, 60))
        self.line.clear()
        self._look("")
        self.show()
        self.raise_()
        self.line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down walk the list, Escape goes away; so does a click elsewhere."""
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.hide()
                return True
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def _look(self, text: str) -> None:
        self.list.clear()
        for hit in self._search(text):
            item = QListWidgetItem(f"{hit.title}    {hit.note}" if hit.note else hit.title)
            item.setData(Qt.ItemDataRole.UserRole, hit)
            if not hit.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        self.list.setVisible(self.list.count() > 0)
        first = next((i for i in range(self.list.count()) if self.list.item(i).flags() & Qt.ItemFlag.ItemIsEnabled), -1)
        self.list.setCurrentRow(first)

    def _take(self) -> None:
        item = self.list.currentItem()
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        hit: Hit = item.data(Qt.ItemDataRole.UserRole)
        self.hide()
        self.picked.emit(hit.value)
