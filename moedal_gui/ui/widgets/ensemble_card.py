"""One trained ensemble: what it knows, how well, of what it was taught, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from moedal_gui.app.training import Standing
from moedal_gui.core.card import EnsembleCard


class EnsembleCardView(QFrame):
    """A card. ``currentRequested``, ``scoreRequested``, ``exportRequested``, ``removeRequested`` carry its title."""

    currentRequested = Signal(str)
    scoreRequested = Signal(str)
    exportRequested = Signal(str)
    removeRequested = Signal(str)

    def __init__(self, standing: Standing, writable: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName(f"Ensemble {standing.title}")
        title = QLabel(f"<b>{standing.entry.name}</b> · version {standing.entry.version}")
        mark = QLabel("in force" if standing.current else "shipped" if standing.shipped else "")
        mark.setProperty("role", "good" if standing.current else "dim")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(mark)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        for text, role in lines_of(standing):
            line = QLabel(text, wordWrap=True)
            line.setProperty("role", role)
            layout.addWidget(line)
        layout.addLayout(self._buttons(standing, writable))

    def _buttons(self, standing: Standing, writable: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        rows = (
            ("Score", "Score every pit with this ensemble", self.scoreRequested, writable and standing.card is not None),
            ("Make current", "Use it wherever no other is named", self.currentRequested,
             writable and not standing.shipped and not standing.current and standing.card is not None),
            ("Export…", "Copy its networks and its card", self.exportRequested, standing.card is not None),
            ("Remove…", "Take it out of the project; labels and scores stay", self.removeRequested,
             writable and not standing.shipped),
        )  # fmt: skip
        for text, tip, signal, shown in rows:
            if not shown:
                continue
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{text} {standing.title}")
            button.clicked.connect(lambda _checked=False, s=signal: s.emit(standing.title))
            row.addWidget(button)
        row.addStretch(1)
        return row


def lines_of(standing: Standing) -> list[tuple[str, str]]:
    """What a card says, and in which role."""
    card = standing.card
    if card is None:
        return [(standing.trouble, "warning")]
    taught = card.training.get("counts", {})
    counts = ", ".join(f"{n:,} {name}" for name, n in taught.items()) if isinstance(taught, Mapping) else ""
    lines = [(f"{card.provenance or 'trained here'}: {counts}" if counts else card.provenance, "dim")]
    lines.append((" · ".join(w for w in (_measured(card), _experts(card)) if w), ""))
    if card.density_range is not None:
        low, high = card.density_range
        lines.append((f"Saw {low:.1f} to {high:.1f} pits per mm² · {card.made[:16].replace('T', ' ')} UTC", "dim"))
    left_out = [f"{e.name} fold {f.fold + 1}" for e in card.experts for f in e.folds if not f.learned]
    if left_out:
        lines.append((f"Kept out, never learnt: {', '.join(left_out)}", "warning"))
    return [(text, role) for text, role in lines if text]


def _measured(card: EnsembleCard) -> str:
    found = [
        f"{name.replace('_', ' ')} {_fraction(card.metrics[name])}"
        for name in ("accuracy", "balanced_accuracy")
        if name in card.metrics
    ]
    return ", ".join(found)


def _experts(card: EnsembleCard) -> str:
    return "; ".join(
        f"{e.name.replace('-', ' / ')} {_fraction(e.metrics['accuracy'])}"
        for e in card.experts
        if "accuracy" in e.metrics
    )


def _fraction(found: Mapping[str, Any]) -> str:
    value, low, high = (found.get(k) for k in ("value", "low", "high"))
    if value is None:
        return "unknown"
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else "")
