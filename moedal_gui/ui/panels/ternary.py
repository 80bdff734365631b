"""Ternary: every pit between candidate, top and bottom; the border between them to drag, a lasso that selects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from moedal_gui.app.curves import counts_of
from moedal_gui.app.queue_words import shares
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.cut import Lasso
from moedal_gui.core.decision import DECIDED, EVEN, Weights, decide
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.parts.ternary_view import TernaryView
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import READING, EmptyState

_LABEL, _CLASS = "label", "class"
_MUCH_MISC = 0.5


class TernaryPanel(Panel):
    """Where the ensemble sees each pit of the scan on screen."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._behind = True
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self.view = TernaryView()
        self.view.setToolTip(
            "Drag the knob to move the border, anywhere else to draw a lasso; click a pit or a corner's name to select; "
            "the wheel zooms, the right button moves, a double click shows all"
        )
        self.view.weightsAsked.connect(workbench.deciding.weigh)
        self.view.lassoed.connect(lambda path: workbench.selection.take(Lasso("x_ternary", "y_ternary", path)))
        self.view.picked.connect(self._pick)
        self.view.hovered.connect(self._hover)
        self.view.regionAsked.connect(workbench.deciding.select_decided)
        self.colours = QComboBox()
        self.colours.addItem("Colour: label", _LABEL)
        self.colours.addItem("Colour: ensemble's class", _CLASS)
        self.colours.setAccessibleName("What colour and shape mean")
        self.colours.setToolTip("Colour and shape by the label in force, or by the class inside the border")
        self.colours.activated.connect(lambda _i: self._draw())
        self.even = QPushButton("Even border")
        self.even.setToolTip("Put the knob back in the middle: each pit gets its likeliest class")
        self.even.clicked.connect(lambda: workbench.deciding.weigh(EVEN))
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        relay.listen(workbench.session.sheet_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.deciding.pits_taken, self.refresh)
        relay.listen(workbench.session.failed, lambda _sentence: self.refresh())
        # The keys come first: the plot may lag behind them, and waits while nobody sees it.
        self._soon = QTimer(self, singleShot=True, interval=200)
        self._soon.timeout.connect(self._draw)
        relay.listen(workbench.labelling.changed, lambda _change: self._soon.start())
        relay.listen(workbench.labelling.blind_changed, lambda _on: self.refresh())
        relay.listen(workbench.deciding.weights_changed, self.apply)
        relay.listen(workbench.deciding.threshold_changed, lambda _old, _new: self._show_border())
        relay.listen(workbench.selection.changed, lambda _old, _new: self._show_picked())
        relay.listen(workbench.selection.focus_changed, lambda _old, new: self._show_focus(new))
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        pits = self._workbench.session.pits
        if pits is None or not pits.scored or self._workbench.labelling.blind:
            self._say_what_next()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self._draw()
        self._show_focus(self._workbench.selection.focus)

    def showEvent(self, event: QShowEvent) -> None:
        """Take up what happened while nobody looked."""
        super().showEvent(event)
        if self._behind:
            self.refresh()

    def apply(self, old: Weights, new: Weights) -> None:
        """The border lies elsewhere."""
        del old, new
        if self.colours.currentData() == _CLASS:
            self._draw()
        else:
            self._show_border()

    def _built(self) -> QWidget:
        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.colours, 1)
        row.addWidget(self.even)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.caption)
        return full

    def _draw(self) -> None:
        pits, labelling = self._workbench.session.pits, self._workbench.labelling
        self._behind = not self.isVisible()
        if self._behind or pits is None or not pits.scored or len(labelling.codes) != len(pits):
            return
        if self.colours.currentData() == _CLASS:
            kinds = _groups(decide(pits.scores, self._workbench.deciding.weights), SCORED_CLASSES)
        else:
            kinds = _groups(labelling.codes, CLASSES)
        self.view.show_points(pits.table["x_ternary"].to_numpy(float), pits.table["y_ternary"].to_numpy(float), kinds)
        self._show_border()
        self._show_picked()

    def _show_border(self) -> None:
        pits, deciding = self._workbench.session.pits, self._workbench.deciding
        self._behind = self._behind or not self.isVisible()
        if self._behind or pits is None or not pits.scored:
            return
        counts = counts_of(pits, deciding.weights)
        self.view.show_border(deciding.weights, deciding.threshold, counts)
        drawn = int(np.isfinite(pits.table["x_ternary"].to_numpy(float)).sum())
        misc = pits.scores[:, 3]
        with np.errstate(invalid="ignore"):
            much = int((misc > _MUCH_MISC).sum())
        words = f"{drawn:,} of {len(pits):,} pits"
        if np.isfinite(misc).any():
            words += f"; misc left out and the rest scaled to 1, {much:,} are mostly misc"
        factors = ", ".join(f"{n} × {w:.2g}" for n, w in zip(DECIDED, deciding.weights, strict=True))
        self.caption.setText(words)
        self.caption.setToolTip(
            f"{words}. Border: the largest of {factors}. Dashed: the working point, {deciding.threshold:.3g}."
        )

    def _show_picked(self) -> None:
        pits = self._workbench.session.pits
        self._behind = self._behind or not self.isVisible()
        if not self._behind and pits is not None and pits.scored:
            self.view.show_picked(np.flatnonzero(self._workbench.selection.cut.mask(pits.table)))

    def _show_focus(self, pit_id: int | None) -> None:
        pits = self._workbench.session.pits
        self.view.focus_row = pits.row_of(pit_id) if pits is not None and pit_id is not None else None
        self.view.update()

    def _pick(self, row: int, add: bool) -> None:
        pits = self._workbench.session.pits
        if pits is not None:
            self._workbench.selection.pick(int(pits.ids[row]), add=add)

    def _hover(self, row: int) -> None:
        pits, labelling = self._workbench.session.pits, self._workbench.labelling
        if pits is None or row < 0 or row >= len(pits):
            self.view.show_card([])
            return
        code = int(labelling.codes[row])
        said = [f"{name} {p:.1%}" for name, p in shares(pits, row)]
        label = f"label: {CLASSES[code]}" if code >= 0 else "no label"
        self.view.show_card([f"pit {int(pits.ids[row])}   {label}", *said])

    def _say_what_next(self) -> None:
        session = self._workbench.session
        if session.sheet is None:
            self.empty.say("Open a project to see its pits between candidate, top and bottom.", "Open project…")
        elif self._workbench.labelling.blind:
            self.empty.say("Scores are hidden in blind mode.", "Leave blind mode")
        elif session.pits is None and session.reading:
            self.empty.say(READING)
        elif session.pits is None:
            self.empty.say("No pits yet. Pre-select them, then score them.", "Pre-select pits…")
        else:
            self.empty.say(
                "Nothing has scored these pits. Score them with an ensemble, and each finds its place between candidate, "
                "top and bottom.",
                "Score pits…",
            )

    def _next_thing(self) -> None:
        session = self._workbench.session
        if session.sheet is None:
            self.commandAsked.emit("project.open")
        elif self._workbench.labelling.blind:
            self.commandAsked.emit("blind.toggle")
        else:
            self.commandAsked.emit("task.preselect" if session.pits is None else "task.score")


def _groups(codes: npt.NDArray[np.int8], names: Sequence[str]) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Rows of each class: those without one first, then the commonest, so that the rarest are seen on top."""
    rows = [(name, np.flatnonzero(codes == code)) for code, name in enumerate(names)]
    return [("", np.flatnonzero(codes < 0)), *sorted(rows, key=lambda pair: -len(pair[1]))]
