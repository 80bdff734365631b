"""Short messages in a corner, kept in a history; never in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

Kind = Literal["note", "good", "warning", "bad"]
_MS = {"note": 3500, "good": 4500, "warning": 9000, "bad": 9000}
_MOST = 4
_LEAVES_HISTORY = 400


@dataclass(frozen=True)
class Message:
    """One thing that was said."""

    when: str
    kind: Kind
    text: str


class Toasts(QWidget):
    """Stacks messages over the lower edge of a window; ``told`` carries each, for a dialog that stands in front of them."""

    told = Signal(str, str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.history: list[Message] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._window = window
        self.left_margin, self.bottom_margin = 20, 44
        window.installEventFilter(self)
        self.hide()

    def say(self, kind: Kind, text: str) -> None:
        """Show a message; one that is on screen already is not shown twice."""
        self.history = [*self.history, Message(f"{datetime.now():%H:%M:%S}", kind, text)][-_LEAVES_HISTORY:]
        self.told.emit(kind, text)
        cards = self._cards()
        same = [card for card in cards if card.text == text]
        if same:
            same[0].stay(_MS[kind])
            return
        for card in cards[: max(0, len(cards) - _MOST + 1)]:
            self._drop(card)
        card = _Card(kind, text, self)
        card.closing.timeout.connect(lambda: self._drop(card))
        card.close_button.clicked.connect(lambda: self._drop(card))
        self._layout.addWidget(card)
        card.stay(_MS[kind])
        # A card that is not shown yet would be left out of the height.
        card.show()
        self.show()
        self.raise_()
        self._place()

    def texts(self) -> list[str]:
        """What is on screen now."""
        return [card.text for card in self._cards()]

    def _cards(self) -> list[_Card]:
        items = [self._layout.itemAt(i) for i in range(self._layout.count())]
        return [card for item in items if item is not None and isinstance(card := item.widget(), _Card)]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _drop(self, card: _Card) -> None:
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()
        if self._layout.count() == 0:
            self.hide()
        self._place()

    def _place(self) -> None:
        width = min(460, max(self._window.width() - 2 * self.left_margin, 120))
        self.setFixedWidth(width)
        self._layout.activate()
        height = self._layout.heightForWidth(width) if self._layout.hasHeightForWidth() else self.sizeHint().height()
        left = (self._window.width() - width) // 2
        self.setGeometry(left, self._window.height() - height - self.bottom_margin, width, height)


class _Card(QFrame):
    def __init__(self, kind: Kind, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = text
        self.setProperty("role", "card")
        self.setAccessibleName(text)
        label = QLabel(text, wordWrap=True)
        label.setProperty("role", "" if kind == "note" else kind)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setText("✕")
        self.close_button.setToolTip("Put this message away; it stays in Help > Messages")
        self.close_button.setAccessibleName("Put message away")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 7, 6, 7)
        layout.addWidget(label, 1)
        layout.addWidget(self.close_button)
        self.closing = QTimer(self, singleShot=True)

    def stay(self, milliseconds: int) -> None:
        """Stay so long from now."""
        self.closing.start(milliseconds)
